//! What a server that can append nothing does: it ends where a new start would help, and else stays and says what is wrong.

use super::*;
use crate::app::Definitions;
use crate::config::Config;
use async_trait::async_trait;
use joinedup_log::memory::MemoryLog;
use joinedup_log::{
    AppendError, Appended, LogIdentity, NewEvent, Position, ReadError, RecordedEvent, Subscription,
};
use std::time::SystemTime;

/// A log that can be read, and says why it takes no events.
struct Refusing(MemoryLog, Unwritable);

#[async_trait]
impl EventLog for Refusing {
    async fn append(&self, _: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError> {
        Err(AppendError::Unavailable(self.1.to_string()))
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        self.0.read(after, limit).await
    }

    async fn subscribe(&self, after: Position) -> Result<Box<dyn Subscription>, ReadError> {
        self.0.subscribe(after).await
    }

    async fn head(&self) -> Result<Position, ReadError> {
        self.0.head().await
    }

    async fn identity(&self) -> Result<LogIdentity, ReadError> {
        self.0.identity().await
    }

    async fn last_on_subject(&self, subject: &str) -> Result<Option<RecordedEvent>, ReadError> {
        self.0.last_on_subject(subject).await
    }

    async fn stored_after(&self, after: Position) -> Result<Option<SystemTime>, ReadError> {
        self.0.stored_after(after).await
    }

    async fn writable(&self) -> Result<(), Unwritable> {
        Err(self.1.clone())
    }
}

/// Why the process was asked to end after some looks at such a log, and what failed with which sentence.
async fn watched(why: Unwritable) -> (bool, Vec<(&'static str, String)>) {
    let log: Arc<dyn EventLog> = Arc::new(Refusing(MemoryLog::new(), why));
    let config = Config::default();
    let definitions = Definitions::read(&config).unwrap();
    let app = App {
        publisher: Some(Publisher::new(log.clone())),
        ..App::new(Arc::new(config), definitions, log)
    };
    let stop = CancellationToken::new();
    let looked = async {
        while app.health.seen(&app).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = app.health.watch(&app, stop.clone()) => {}
        () = looked => {}
    }
    let failed = app.health.seen(&app).into_iter();
    let failed = failed.filter_map(|check| Some((check.name, check.outcome.err()?)));
    (stop.is_cancelled(), failed.collect())
}

#[tokio::test]
async fn a_damaged_log_leaves_the_server_up_and_not_ready_with_the_reason() {
    let (ends, failed) = watched(Unwritable::Damaged("events 4 to 9 are missing".into())).await;
    assert!(!ends, "a new start would find the same damage");
    let names: Vec<_> = failed.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, [RECORDS, WRITING]);
    assert!(failed.iter().all(|(_, why)| why.contains("events 4 to 9")));

    let (ends, failed) = watched(Unwritable::ForGood("the disk failed".into())).await;
    assert!(ends, "opened again, the log may take events");
    assert_eq!(failed.len(), 1);
}
