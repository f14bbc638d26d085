//! A log in NATS that is not there yet when the process starts: the process lives, is not ready and says why, and goes on
//! by itself when the server comes.

use async_trait::async_trait;
use joinedup_log::{
    AppendError, Appended, EventLog, LogIdentity, NewEvent, Position, ReadError, RecordedEvent,
    Subscription, Unwritable,
};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

/// The pause before the log is opened again.
const AGAIN: Duration = Duration::from_secs(2);

/// A log that opens later.
pub struct LateLog(Arc<Late>);

struct Late {
    log: OnceLock<Arc<dyn EventLog>>,
    /// Why it is not open.
    why: RwLock<String>,
}

impl LateLog {
    /// A log that could not be opened for a reason, and that this opens over and over until it is.
    pub fn new<O, E>(why: String, open: impl Fn() -> O + Send + Sync + 'static) -> Self
    where
        O: Future<Output = Result<Arc<dyn EventLog>, E>> + Send,
        E: ToString,
    {
        let late = Arc::new(Late {
            log: OnceLock::new(),
            why: RwLock::new(why),
        });
        let weak = Arc::downgrade(&late);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(AGAIN).await;
                let outcome = open().await.map_err(|error| error.to_string());
                let Some(late) = weak.upgrade() else { return };
                match outcome {
                    Ok(log) => {
                        tracing::info!("the log is there");
                        // Nobody else sets it.
                        let _ = late.log.set(log);
                        return;
                    }
                    Err(error) => {
                        let mut why = late.why.write().unwrap_or_else(PoisonError::into_inner);
                        if *why != error {
                            tracing::warn!(reason = error, "the log is not open yet");
                        }
                        *why = error;
                    }
                }
            }
        });
        Self(late)
    }

    fn log(&self) -> Result<&Arc<dyn EventLog>, String> {
        let why = || {
            let why = self.0.why.read().unwrap_or_else(PoisonError::into_inner);
            why.clone()
        };
        self.0.log.get().ok_or_else(why)
    }

    fn read_log(&self) -> Result<&Arc<dyn EventLog>, ReadError> {
        self.log().map_err(ReadError::Away)
    }
}

#[async_trait]
impl EventLog for LateLog {
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError> {
        let log = self.log().map_err(AppendError::Unavailable)?;
        log.append(events).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        self.read_log()?.read(after, limit).await
    }

    async fn subscribe(&self, after: Position) -> Result<Box<dyn Subscription>, ReadError> {
        self.read_log()?.subscribe(after).await
    }

    async fn head(&self) -> Result<Position, ReadError> {
        self.read_log()?.head().await
    }

    async fn identity(&self) -> Result<LogIdentity, ReadError> {
        self.read_log()?.identity().await
    }

    async fn last_on_subject(&self, subject: &str) -> Result<Option<RecordedEvent>, ReadError> {
        self.read_log()?.last_on_subject(subject).await
    }

    async fn stored_after(&self, after: Position) -> Result<Option<SystemTime>, ReadError> {
        self.read_log()?.stored_after(after).await
    }

    async fn writable(&self) -> Result<(), Unwritable> {
        self.log().map_err(Unwritable::ForNow)?.writable().await
    }

    async fn check(&self, after: Position, limit: usize) -> Result<Option<Position>, ReadError> {
        self.read_log()?.check(after, limit).await
    }
}
