//! A log in memory, for tests and for pure in-process use.
//!
//! **It is not durable**: an acknowledged append is gone with the process. Everything else of the contract holds.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::{
    AppendCondition, AppendError, Appended, Batch, EventLog, LogIdentity, NewEvent, Position,
    ReadError, RecordedEvent, Subscription, Unwritable,
};

/// How many message ids a [`MemoryLog`] remembers where no number is given.
pub const DEFAULT_WINDOW: usize = 100_000;

/// The most events in one batch of a subscription.
const BATCH_EVENTS: usize = 4096;

/// A log in memory. Not durable: it ends with its last handle. Clones are handles on the same log.
#[derive(Clone, Debug)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    identity: LogIdentity,
    window: usize,
    contents: Mutex<Contents>,
    head: watch::Sender<Position>,
}

#[derive(Debug, Default)]
struct Contents {
    /// The event at position `n` is at index `n - 1`.
    events: Vec<RecordedEvent>,
    /// When each was stored.
    stored: Vec<SystemTime>,
    last_on_subject: HashMap<String, Position>,
    remembered: HashMap<String, Position>,
    by_age: VecDeque<String>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryLog {
    /// A new, empty log that remembers the last [`DEFAULT_WINDOW`] message ids.
    pub fn new() -> Self {
        Self::with_window(DEFAULT_WINDOW)
    }

    /// A new, empty log that remembers the last `window` message ids. The window is counted in events rather than
    /// in time, so that what happens beyond it can be tested without waiting.
    pub fn with_window(window: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                identity: LogIdentity(format!("memory:{}", uuid::Uuid::new_v4())),
                window,
                contents: Mutex::default(),
                head: watch::Sender::new(Position::ORIGIN),
            }),
        }
    }

    /// The log as it would be restored from a copy that was made at a position: it has the same identity.
    #[must_use]
    pub fn older_copy(&self, upto: Position) -> Self {
        let copy = self.shared.contents().up_to(upto);
        let head = copy.head();
        Self {
            shared: Arc::new(Shared {
                identity: self.shared.identity.clone(),
                window: self.shared.window,
                contents: Mutex::new(copy),
                head: watch::Sender::new(head),
            }),
        }
    }
}

impl Shared {
    /// No code can panic between two writes to the contents, so a poisoned lock still guards a whole log.
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, after: Position, limit: usize) -> Vec<RecordedEvent> {
        let contents = self.contents();
        let start = usize::try_from(after.0)
            .unwrap_or(usize::MAX)
            .min(contents.events.len());
        let end = start.saturating_add(limit).min(contents.events.len());
        contents.events[start..end].to_vec()
    }
}

impl Contents {
    fn up_to(&self, upto: Position) -> Self {
        let events = self.events.iter().filter(|event| event.position <= upto);
        let events: Vec<RecordedEvent> = events.cloned().collect();
        let on_subject = events.iter().map(|e| (e.subject.clone(), e.position));
        let remembered = |by_id: &(&String, &Position)| *by_id.1 <= upto;
        let remembered = self.remembered.iter().filter(remembered);
        let remembered: HashMap<_, _> = remembered.map(|(id, at)| (id.clone(), *at)).collect();
        let by_age = self.by_age.iter().filter(|id| remembered.contains_key(*id));
        Self {
            stored: self.stored[..events.len()].to_vec(),
            last_on_subject: on_subject.collect(),
            by_age: by_age.cloned().collect(),
            events,
            remembered,
        }
    }

    fn head(&self) -> Position {
        Position(self.events.len() as u64)
    }

    fn store(&mut self, event: NewEvent, window: usize) -> Result<Appended, AppendError> {
        if let Some(&position) = self.remembered.get(&event.message_id) {
            return Ok(Appended {
                position,
                duplicate: true,
            });
        }
        if let Some(AppendCondition::LastOnSubject(expected)) = event.condition {
            let actual = self
                .last_on_subject
                .get(&event.subject)
                .copied()
                .unwrap_or_default();
            if actual != expected {
                return Err(AppendError::Conflict { expected, actual });
            }
        }
        let position = Position(self.events.len() as u64 + 1);
        self.last_on_subject.insert(event.subject.clone(), position);
        self.stored.push(SystemTime::now());
        self.events.push(RecordedEvent {
            position,
            subject: event.subject,
            payload: event.payload,
        });
        if window > 0 {
            self.remembered.insert(event.message_id.clone(), position);
            self.by_age.push_back(event.message_id);
        }
        while self.by_age.len() > window {
            if let Some(oldest) = self.by_age.pop_front() {
                self.remembered.remove(&oldest);
            }
        }
        Ok(Appended {
            position,
            duplicate: false,
        })
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError> {
        let (answers, head) = {
            let mut contents = self.shared.contents();
            let answers: Result<Vec<_>, _> = events
                .into_iter()
                .map(|event| contents.store(event, self.shared.window))
                .collect();
            (answers, contents.head())
        };
        // Two appends may come here in either order; the head only ever moves forward.
        self.shared.head.send_if_modified(|known| {
            let moved = head > *known;
            *known = head.max(*known);
            moved
        });
        answers
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        Ok(self.shared.read(after, limit))
    }

    async fn subscribe(&self, after: Position) -> Result<Box<dyn Subscription>, ReadError> {
        let head = self.shared.contents().head();
        if after > head {
            return Err(ReadError::Broken(format!(
                "the reader stands at position {after}, but the log in memory ends at {head}; rebuild the reader's view"
            )));
        }
        Ok(Box::new(MemorySubscription {
            shared: self.shared.clone(),
            head: self.shared.head.subscribe(),
            after,
        }))
    }

    async fn head(&self) -> Result<Position, ReadError> {
        Ok(self.shared.contents().head())
    }

    async fn identity(&self) -> Result<LogIdentity, ReadError> {
        Ok(self.shared.identity.clone())
    }

    async fn last_on_subject(&self, subject: &str) -> Result<Option<RecordedEvent>, ReadError> {
        let contents = self.shared.contents();
        Ok(contents
            .last_on_subject
            .get(subject)
            .map(|position| contents.events[position.0 as usize - 1].clone()))
    }

    async fn stored_after(&self, after: Position) -> Result<Option<SystemTime>, ReadError> {
        let index = usize::try_from(after.0).unwrap_or(usize::MAX);
        Ok(self.shared.contents().stored.get(index).copied())
    }

    async fn writable(&self) -> Result<(), Unwritable> {
        Ok(())
    }
}

struct MemorySubscription {
    shared: Arc<Shared>,
    head: watch::Receiver<Position>,
    after: Position,
}

#[async_trait]
impl Subscription for MemorySubscription {
    async fn next(&mut self) -> Result<Batch, ReadError> {
        let after = self.after;
        self.head
            .wait_for(|head| *head > after)
            .await
            .map_err(|_| ReadError::Away("the log in memory was dropped".to_owned()))?;
        let events = self.shared.read(after, BATCH_EVENTS);
        let head = self.shared.contents().head();
        if let Some(last) = events.last() {
            self.after = last.position;
        }
        Ok(Batch { events, head })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn event(id: &str) -> NewEvent {
        NewEvent {
            subject: "joinedup.test.e.0".to_owned(),
            message_id: id.to_owned(),
            payload: Bytes::from_static(b"{}"),
            condition: None,
        }
    }

    #[tokio::test]
    async fn a_repeat_beyond_the_window_is_stored_again() {
        let log = MemoryLog::with_window(2);
        for id in ["a", "b", "c"] {
            log.append(vec![event(id)]).await.unwrap();
        }
        let recent = log.append(vec![event("c")]).await.unwrap();
        assert_eq!(
            recent,
            vec![Appended {
                position: Position(3),
                duplicate: true
            }]
        );
        let forgotten = log.append(vec![event("a")]).await.unwrap();
        assert_eq!(
            forgotten,
            vec![Appended {
                position: Position(4),
                duplicate: false
            }]
        );
    }

    #[tokio::test]
    async fn a_reader_beyond_the_end_is_told_that_the_log_is_not_what_it_was() {
        let log = MemoryLog::new();
        log.append(vec![event("a")]).await.unwrap();
        assert!(log.subscribe(Position(1)).await.is_ok());
        assert!(matches!(
            log.subscribe(Position(2)).await,
            Err(ReadError::Broken(_))
        ));
    }
}
