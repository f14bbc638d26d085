//! A log in memory that behaves like a server with faults of its own: it loses events and goes on without a word, its
//! consumers stop delivering, it is away, or another log lies where it was. What reads it is held to the same rule of positions
//! as the readers of JetStream.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::memory::MemoryLog;
use crate::sequence;
use crate::{
    AppendError, Appended, Batch, EventLog, LogIdentity, NewEvent, Position, ReadError,
    RecordedEvent, Subscription, Unwritable,
};

/// The most events in one batch.
const BATCH_EVENTS: usize = 256;
/// For so long a watched consumer may deliver nothing while the log goes on.
const STALL: Duration = Duration::from_secs(10);

/// What lies on the server: a log, and what it has lost of it.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    log: MemoryLog,
    lost: BTreeSet<u64>,
    /// When each event was stored.
    stored: Vec<Instant>,
}

impl Contents {
    /// A log of which nothing is lost.
    #[must_use]
    pub fn of(log: MemoryLog, events: usize) -> Self {
        let stored = vec![Instant::now(); events];
        Self {
            log,
            lost: BTreeSet::new(),
            stored,
        }
    }
}

/// Whether consumers deliver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// They deliver.
    #[default]
    Going,
    /// They have stopped, and are ended after a while because the log goes on.
    Stopped,
    /// They have stopped, and nobody notices.
    StoppedForGood,
}

/// A log that loses events. Clones are handles on the same one.
#[derive(Clone, Debug)]
pub struct LossyLog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    began: Instant,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    contents: Contents,
    /// Goes up when other contents are put in: consumers of those before end.
    mounted: u64,
    delivery: Delivery,
    away: bool,
}

impl Default for LossyLog {
    fn default() -> Self {
        Self(Arc::new(Shared {
            began: Instant::now(),
            state: Mutex::default(),
            changed: watch::Sender::new(0),
        }))
    }
}

impl LossyLog {
    /// Loses the event at a position; the answer is false when there is none, or it is lost already.
    pub fn lose(&self, position: Position) -> bool {
        self.change(|state| {
            let there = (1..=state.contents.stored.len() as u64).contains(&position.0);
            there && state.contents.lost.insert(position.0)
        })
    }

    /// Gives back all that was lost, as from an archive.
    pub fn find_all(&self) {
        self.change(|state| state.contents.lost.clear());
    }

    /// Whether consumers deliver from now on.
    pub fn deliver(&self, delivery: Delivery) {
        self.change(|state| state.delivery = delivery);
    }

    /// Whether it answers from now on.
    pub fn away(&self, away: bool) {
        self.change(|state| state.away = away);
    }

    /// Puts other contents in the place of those that are there, which are the answer.
    pub fn swap(&self, contents: Contents) -> Contents {
        self.change(|state| {
            state.mounted += 1;
            std::mem::replace(&mut state.contents, contents)
        })
    }

    /// A time by this log's clock.
    #[must_use]
    pub fn time_of(&self, at: Instant) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000) + (at - self.0.began)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let answer = change(&mut self.0.state());
        self.0.changed.send_modify(|changes| *changes += 1);
        answer
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn contents(&self) -> Result<Contents, ReadError> {
        let state = self.state();
        if state.away {
            return Err(ReadError::Away("the server is away".to_owned()));
        }
        Ok(state.contents.clone())
    }
}

impl Contents {
    /// The events after a position, up to the first that is missing; an error when that is the first.
    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        let (mut events, mut last) = (Vec::new(), after);
        let found = self.log.read(after, limit).await?;
        let beyond = found.last().map(|event| event.position.0 + 1);
        for event in found {
            if self.lost.contains(&event.position.0) {
                continue;
            }
            match sequence::gap(1, last, event.position) {
                None => last = event.position,
                Some(_) if !events.is_empty() => return Ok(events),
                Some((first, last)) => return Err(ReadError::missing(first, last)),
            }
            events.push(event);
        }
        if events.is_empty()
            && let Some(beyond) = beyond
            && let Some((first, last)) = sequence::gap(1, after, Position(beyond))
        {
            return Err(ReadError::missing(first, last));
        }
        Ok(events)
    }
}

#[async_trait]
impl EventLog for LossyLog {
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError> {
        let log = {
            let state = self.0.state();
            if state.away {
                return Err(AppendError::Unconfirmed("the server is away".to_owned()));
            }
            state.contents.log.clone()
        };
        let answers = log.append(events).await;
        let head = log.head().await.unwrap_or_default();
        self.change(|state| {
            let stored = usize::try_from(head.0).unwrap_or(usize::MAX);
            state.contents.stored.resize(stored, Instant::now());
        });
        answers
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        self.0.contents()?.read(after, limit).await
    }

    async fn subscribe(&self, after: Position) -> Result<Box<dyn Subscription>, ReadError> {
        let log = self.0.contents()?.log;
        // It fails where the reader stands beyond the end.
        log.subscribe(after).await?;
        Ok(Box::new(Consumer {
            shared: self.0.clone(),
            changed: self.0.changed.subscribe(),
            mounted: self.0.state().mounted,
            last: after,
        }))
    }

    async fn head(&self) -> Result<Position, ReadError> {
        self.0.contents()?.log.head().await
    }

    async fn identity(&self) -> Result<LogIdentity, ReadError> {
        self.0.contents()?.log.identity().await
    }

    async fn last_on_subject(&self, subject: &str) -> Result<Option<RecordedEvent>, ReadError> {
        self.0.contents()?.log.last_on_subject(subject).await
    }

    async fn stored_after(&self, after: Position) -> Result<Option<SystemTime>, ReadError> {
        let stored = self.0.contents()?.stored;
        let at = usize::try_from(after.0).unwrap_or(usize::MAX);
        Ok(stored.get(at).map(|stored| self.time_of(*stored)))
    }

    async fn writable(&self) -> Result<(), Unwritable> {
        let away = self.0.state().away;
        let why = || Unwritable::ForNow("the server is away".to_owned());
        if away { Err(why()) } else { Ok(()) }
    }
}

struct Consumer {
    shared: Arc<Shared>,
    changed: watch::Receiver<u64>,
    mounted: u64,
    last: Position,
}

impl Consumer {
    /// What there is to hand over, or since when there has been something that is not.
    async fn look(&self) -> Result<Result<Batch, bool>, ReadError> {
        let contents = self.shared.contents()?;
        let (mounted, delivery) = {
            let state = self.shared.state();
            (state.mounted, state.delivery)
        };
        if mounted != self.mounted {
            return Err(ReadError::Away("the consumer is gone".to_owned()));
        }
        let head = contents.log.head().await?;
        if delivery != Delivery::Going {
            return Ok(Err(delivery == Delivery::Stopped && head > self.last));
        }
        let events = contents.read(self.last, BATCH_EVENTS).await?;
        if events.is_empty() {
            return Ok(Err(false));
        }
        Ok(Ok(Batch { events, head }))
    }
}

#[async_trait]
impl Subscription for Consumer {
    async fn next(&mut self) -> Result<Batch, ReadError> {
        loop {
            self.changed.mark_unchanged();
            let stalls = match self.look().await? {
                Ok(batch) => {
                    self.last = batch
                        .events
                        .last()
                        .map_or(self.last, |event| event.position);
                    return Ok(batch);
                }
                Err(stalls) => stalls,
            };
            let changed = self.changed.changed();
            let outcome = if stalls {
                tokio::time::timeout(STALL, changed).await
            } else {
                Ok(changed.await)
            };
            match outcome {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(ReadError::Away("it was closed".to_owned())),
                Err(_) => {
                    let why = "events wait in the log and none was delivered";
                    return Err(ReadError::Away(why.to_owned()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(events: u64) -> LossyLog {
        let log = LossyLog::default();
        let new = |n| NewEvent {
            subject: "joinedup.test.e.0".to_owned(),
            message_id: format!("{n}"),
            payload: "{}".into(),
            condition: None,
        };
        log.append((0..events).map(new).collect()).await.unwrap();
        log
    }

    #[tokio::test]
    async fn what_comes_before_a_loss_is_read_and_then_the_loss_is_named() {
        let log = of(9).await;
        assert!(log.lose(Position(4)) && log.lose(Position(5)));
        assert!(!log.lose(Position(5)) && !log.lose(Position(10)));
        assert_eq!(log.read(Position(0), 9).await.unwrap().len(), 3);
        let mut consumer = log.subscribe(Position::ORIGIN).await.unwrap();
        assert_eq!(consumer.next().await.unwrap().events.len(), 3);
        for error in [
            consumer.next().await.unwrap_err(),
            log.read(Position(3), 9).await.unwrap_err(),
        ] {
            assert!(
                error.to_string().contains("from position 4 to 5"),
                "{error}"
            );
        }
        log.find_all();
        assert_eq!(log.read(Position(3), 9).await.unwrap().len(), 6);
    }

    #[tokio::test]
    async fn a_loss_at_the_end_is_named_as_well() {
        let log = of(3).await;
        log.lose(Position(3));
        let error = log.read(Position(2), 1).await.unwrap_err();
        assert!(error.to_string().contains("at position 3"), "{error}");
    }

    #[tokio::test]
    async fn other_contents_have_another_identity_and_end_the_consumers() {
        let log = of(3).await;
        let identity = log.identity().await.unwrap();
        let mut consumer = log.subscribe(Position(3)).await.unwrap();
        let own = log.swap(Contents::default());
        assert!(matches!(consumer.next().await, Err(ReadError::Away(_))));
        assert_ne!(log.identity().await.unwrap(), identity);
        log.swap(own);
        assert_eq!(log.identity().await.unwrap(), identity);
    }
}
