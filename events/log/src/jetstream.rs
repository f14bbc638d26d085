//! The log in a NATS JetStream stream.
//!
//! Only this module and those below it know NATS. The stream is made and changed by [`apply_stream`] alone;
//! [`JetStreamLog::connect`] refuses a server or stream that could lose acknowledged events, each reason in a
//! sentence, unless it is accepted by its name ([`Unsafe`]). [`check`] lists them all.
//!
//! In a cluster [`Settings::monitor_url`] names the monitoring addresses of every server that keeps the stream: each of them may
//! be the next to acknowledge, so each is asked, when the log is opened and as long as it is open.

mod batches;
mod connection;
mod copies;
mod durability;
mod monitor;
mod publish;
mod read;
mod reply;
mod sequence;
mod settings;
mod startup;
mod stream;
mod structure;
mod subscription;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_nats::jetstream::{self, context::ContextBuilder};
use async_trait::async_trait;

pub use monitor::usual_monitors;
pub use settings::{Credentials, DEFAULT_STREAM, Settings, UnknownUnsafe, Unsafe};
pub use startup::{ConnectError, Finding, SERVER_FLOOR, check};
pub use stream::{Apply, MAX_PAYLOAD, Placement, Plan, SUBJECTS, StreamSettings, apply_stream};
pub use structure::Structure;

use crate::{
    AppendError, Appended, EventLog, LogIdentity, NewEvent, Position, ReadError, RecordedEvent,
    Subscription, Unwritable,
};
use connection::{ApiError, Connection, Losses};
use stream::{STREAM_NOT_FOUND, StreamInfo};
use tokio::time::Instant;

/// What a person can do about a stream that is not the one that was connected to. A rebuild alone would be refused: only a start
/// looks whether the stream that is there is safe.
const PUT_RIGHT: &str = "restore it whole; or, to go on with what is there now, start the process again and then rebuild the views";

/// A log in a JetStream stream. Clones share one connection.
#[derive(Clone, Debug)]
pub struct JetStreamLog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connection: Connection,
    context: jetstream::Context,
    stream: String,
    /// When the stream was made: with its name it is the log's identity.
    created: String,
    /// Where the stream begins, if it forgets nothing.
    begins: Option<u64>,
    /// Server and stream take atomic batches.
    atomic: bool,
    idle_check: Duration,
    stall_after: Duration,
    structure: Option<Structure>,
    durability: durability::Watch,
    /// The highest position that was acknowledged or read here.
    known: AtomicU64,
    /// A position that a copy of the stream was found to lack although another has it; 0 where none was.
    lacking: AtomicU64,
    losses: Losses,
    /// The number of lost connections at which the stream was last seen to be the same.
    verified: AtomicU64,
    /// The stream was last found to be another than the one that was connected to.
    broken: AtomicBool,
    /// Why the newest append was not stored, and when; none when it was.
    failed: Mutex<Option<(Instant, String)>>,
}

impl JetStreamLog {
    /// Connects to a stream that exists, after looking whether events are safe there.
    ///
    /// It does not wait for a server that is not there. Once connected it reconnects by itself.
    ///
    /// # Errors
    /// [`ConnectError::Unsafe`] with every finding that was not accepted, and whatever hinders the look.
    pub async fn connect(settings: &Settings) -> Result<Self, ConnectError> {
        let connection = Connection::open(settings).await?;
        let startup::Examined { info, durable, .. } = startup::pass(settings, &connection).await?;
        let atomic =
            startup::atomic_batches(&connection) && stream::takes_atomic_batches(&info.config);
        let begins = stream::begins(&info.config).map(|first| {
            if settings.accepts(Unsafe::MissingBeginning) {
                first.max(info.state.first_seq)
            } else {
                first
            }
        });
        let context = ContextBuilder::new()
            .timeout(settings.request_timeout)
            .build(connection.client.clone());
        let losses = connection.losses();
        let verified = *losses.borrow();
        let shared = Shared {
            connection,
            context,
            stream: settings.stream.clone(),
            begins,
            created: info.created,
            atomic,
            idle_check: settings.idle_check,
            stall_after: settings.stall_after,
            structure: settings.structure,
            durability: durability::Watch::new(settings, verified, durable),
            known: AtomicU64::new(info.state.last_seq),
            lacking: AtomicU64::new(0),
            losses,
            verified: AtomicU64::new(verified),
            broken: AtomicBool::new(false),
            failed: Mutex::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }
}

impl Shared {
    fn known(&self) -> Position {
        Position(self.known.load(Ordering::Relaxed))
    }

    fn saw(&self, position: Position) {
        self.known.fetch_max(position.0, Ordering::Relaxed);
    }

    /// What the server knows of the stream, if it is still the one that was connected to.
    async fn info(&self) -> Result<StreamInfo, ReadError> {
        let losses = *self.losses.borrow();
        let known = self.known();
        let info = stream::info(&self.connection, &self.stream)
            .await
            .map_err(|error| self.away(&error))?;
        if info.created != self.created {
            return Err(self.broken(format!(
                "stream {} was made at {}, the one that was connected to at {}: it was deleted and made again; \
                 {PUT_RIGHT}",
                self.stream, info.created, self.created
            )));
        }
        if info.state.last_seq < known.0 {
            return Err(self.broken(format!(
                "stream {} ends at {}, but position {known} was acknowledged or read: it was shortened or restored \
                 from an older copy; {PUT_RIGHT}",
                self.stream, info.state.last_seq
            )));
        }
        self.verified.fetch_max(losses, Ordering::Relaxed);
        self.broken.store(false, Ordering::Relaxed);
        Ok(info)
    }

    /// After the connection was lost the stream behind it may be another; so it is looked at once.
    async fn verify_after_loss(&self) -> Result<(), ReadError> {
        if self.broken.load(Ordering::Relaxed)
            || self.verified.load(Ordering::Relaxed) != *self.losses.borrow()
        {
            self.info().await?;
        }
        Ok(())
    }

    fn broken(&self, sentence: String) -> ReadError {
        self.broken.store(true, Ordering::Relaxed);
        ReadError::Broken(sentence)
    }

    fn away(&self, error: &ApiError) -> ReadError {
        if error.code() == STREAM_NOT_FOUND {
            return self.broken(format!(
                "stream {} is gone: it was deleted, or the server lost it; restore it from its archive",
                self.stream
            ));
        }
        ReadError::Away(error.to_string())
    }
}

#[async_trait]
impl EventLog for JetStreamLog {
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError> {
        self.shared.append(events).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        self.shared.read(after, limit).await
    }

    async fn subscribe(&self, after: Position) -> Result<Box<dyn Subscription>, ReadError> {
        Ok(Box::new(
            subscription::PushSubscription::open(self.shared.clone(), after).await?,
        ))
    }

    async fn head(&self) -> Result<Position, ReadError> {
        Ok(Position(self.shared.info().await?.state.last_seq))
    }

    async fn identity(&self) -> Result<LogIdentity, ReadError> {
        let info = self.shared.info().await?;
        Ok(LogIdentity(format!(
            "jetstream:{}@{}",
            self.shared.stream, info.created
        )))
    }

    async fn last_on_subject(&self, subject: &str) -> Result<Option<RecordedEvent>, ReadError> {
        self.shared.verify_after_loss().await?;
        self.shared.last_on_subject(subject).await
    }

    async fn stored_after(&self, after: Position) -> Result<Option<SystemTime>, ReadError> {
        self.shared.verify_after_loss().await?;
        self.shared.stored_after(after).await
    }

    async fn writable(&self) -> Result<(), Unwritable> {
        self.shared.writable().await
    }

    async fn check(&self, after: Position, limit: usize) -> Result<Option<Position>, ReadError> {
        let events = self.shared.read(after, limit).await?;
        self.shared.copies_are_whole().await?;
        Ok(events.last().map(|event| event.position))
    }
}
