//! The log: one ordered, append-only sequence of events.
//!
//! [`EventLog`] is the seam; its documentation is the contract, and `conformance` is the same contract as
//! code, run by every backend. Nothing outside this crate knows which backend it has.
//!
//! A log knows nothing of care: an event is a subject, an id and opaque bytes.

pub mod archive;
#[cfg(any(test, feature = "test-support"))]
pub mod conformance;
pub mod embedded;
#[cfg(any(test, feature = "test-support"))]
pub mod fault;
pub mod jetstream;
#[cfg(any(test, feature = "test-support"))]
pub mod lossy;
#[cfg(any(test, feature = "test-support"))]
pub mod memory;
pub mod message_id;
pub mod scrub;
mod sequence;

use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A place in the log. Each position follows on the one before, unless a backend was set up to forget events;
/// `Position::ORIGIN` is before the first event.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position(pub u64);

impl Position {
    /// Before the first event.
    pub const ORIGIN: Position = Position(0);
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What must still be true for an append to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendCondition {
    /// The last event on the event's own subject is at this position ([`Position::ORIGIN`]: there is none yet).
    LastOnSubject(Position),
}

/// An event to be appended. Only the log gives it a position.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The address, e.g. `joinedup.transfer.E10000012.7f`. Never identifies a person.
    pub subject: String,
    /// Unique for the event and its content; a repeat inside the log's window is not stored twice.
    pub message_id: String,
    /// The event as written: a CloudEvent in structured JSON.
    pub payload: Bytes,
    /// What must still be true, if anything.
    pub condition: Option<AppendCondition>,
}

/// An event as read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Where it stands.
    pub position: Position,
    /// Its address.
    pub subject: String,
    /// The bytes that were appended.
    pub payload: Bytes,
}

/// The answer to one appended event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Where the event stands (of the first copy, when this was a repeat).
    pub position: Position,
    /// The log had an event of this id within its window, so nothing was stored.
    pub duplicate: bool,
}

/// Which log this is. A log that was deleted and made again has another identity, even under the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogIdentity(pub String);

/// Why an append failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// Another event came first on this subject: read it, decide again.
    #[error("the subject has moved on: its last event is at position {actual}, not {expected}")]
    Conflict {
        /// Where the writer believed the subject's last event to be.
        expected: Position,
        /// Where it is.
        actual: Position,
    },
    /// The log is away or did not answer: the event may or may not be stored. Append again with the same id.
    #[error("the log did not confirm: {0}; append again with the same id")]
    Unconfirmed(String),
    /// The log takes no events now: it is full, or it stopped after a failure. The same append may succeed later.
    #[error("the log takes no events now: {0}; append again later, with the same id")]
    Unavailable(String),
    /// The log refuses the event and will refuse it again (too large, not permitted, another log).
    #[error("the log refused: {0}")]
    Refused(String),
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log is away or interrupted: reopen from the checkpoint, with back-off.
    #[error("the log is away: {0}")]
    Away(String),
    /// The log is not the log it was, or is damaged. Stop and report it.
    #[error("the log is not as it was: {0}")]
    Broken(String),
}

impl ReadError {
    /// Events that a log which forgets none no longer has: from one position to another, both included.
    pub(crate) fn missing(first: u64, last: u64) -> Self {
        let events = if first == last {
            format!("the event at position {first} is missing")
        } else {
            format!("the events from position {first} to {last} are missing")
        };
        Self::Broken(format!(
            "{events}: the log lost what it had acknowledged; restore it from its archive"
        ))
    }
}

/// Why a log takes no events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// Until the cause ends: there is no room, or the log is away.
    #[error("{0}")]
    ForNow(String),
    /// Until the log is opened again, for which the process has to end.
    #[error("{0}")]
    ForGood(String),
    /// Until a person has put the log right: what is in it is damaged, and opening it again would find the same.
    #[error("{0}")]
    Damaged(String),
}

/// A run of events, in order, and where the log's head was when they were read.
#[derive(Clone, Debug)]
pub struct Batch {
    /// At least one event.
    pub events: Vec<RecordedEvent>,
    /// The last position in the log as far as the reader knows; at least that of the last event.
    pub head: Position,
}

/// Events from a position on, first those that exist and then those that come.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for the next events. An error ends the subscription: reopen it from the checkpoint.
    ///
    /// A call that is dropped before it is ready loses no event: ask again.
    async fn next(&mut self) -> Result<Batch, ReadError>;
}

/// The log.
///
/// What every backend keeps:
/// 1. Each position is one above the position before. A log that was set up to forget events (a stream with an age limit,
///    say, which has to be accepted by name) may leave positions out; in any other a gap is loss, and every read that
///    would go over it is `Broken`.
/// 2. An acknowledged append survives a process kill and a power cut (`memory` excepted, which says so).
/// 3. `append` keeps the order of its events; all of one call that succeed are readable when it returns.
/// 4. A repeated `message_id` within the window is answered with `duplicate: true` and stores nothing.
///    Beyond the window it may be stored again: readers do not rely on this.
/// 5. An append condition is checked and kept atomically with its event.
/// 6. `read(after, limit)` returns events with `position > after`, in order, none left out, at most `limit`;
///    empty means there is nothing after `after` now.
/// 7. A read above the head is not an error; a log whose head is below what was acknowledged is `Broken`.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Stores events, in order, and answers when they are durable: one answer per event.
    ///
    /// Without conditions the events are independent: on an error, those before the failed one may be stored.
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError>;

    /// Up to `limit` events after a position.
    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError>;

    /// All events after a position, then the new ones as they come.
    async fn subscribe(&self, after: Position) -> Result<Box<dyn Subscription>, ReadError>;

    /// The last position, or [`Position::ORIGIN`] of an empty log.
    async fn head(&self) -> Result<Position, ReadError>;

    /// Which log this is.
    async fn identity(&self) -> Result<LogIdentity, ReadError>;

    /// The last event on one subject.
    async fn last_on_subject(&self, subject: &str) -> Result<Option<RecordedEvent>, ReadError>;

    /// When the first event after a position was stored, by the log's own clock; none when nothing is after it.
    async fn stored_after(&self, after: Position) -> Result<Option<SystemTime>, ReadError>;

    /// Whether an append would be taken now, as far as can be known without one.
    ///
    /// # Errors
    /// Why it would not be, and whether that ends by itself.
    async fn writable(&self) -> Result<(), Unwritable>;

    /// Reads up to `limit` events after a position again from where they are kept, passing over what is in memory where
    /// that can be done, checks them, and returns the position of the last one; none at the end.
    async fn check(&self, after: Position, limit: usize) -> Result<Option<Position>, ReadError> {
        let events = self.read(after, limit).await?;
        Ok(events.last().map(|event| event.position))
    }
}
