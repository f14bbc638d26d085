//! The one writer: gathers the appends that wait, makes them durable in one commit, then answers them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use joinedup_store::{Batch, CommitError, Durability, Store};
use tokio::sync::{mpsc, oneshot, watch};

use super::row::{INDEXED, RowWriter, subject_key};
use super::window::Window;
use super::{EmbeddedOptions, LONG_READ, Shared, loaded, options};
use crate::{
    AppendCondition, AppendError, Appended, NewEvent, Position, ReadError, RecordedEvent,
    Unwritable,
};

/// Appends are gathered into one commit until it has so many events: the last of them may go over.
const GROUP_EVENTS: usize = 20_000;
/// A commit of more bytes is made in parts, of which only the last waits for the disk.
const PART_BYTES: usize = 4 << 20;
/// After so many events the last positions of subjects are written down, so that opening need not read more.
const INDEX_EVERY: u64 = 50_000;
/// The largest event, in bytes.
const EVENT_BYTES: usize = 1 << 20;

/// One call of `append`.
pub(super) struct Request {
    pub(super) events: Vec<NewEvent>,
    pub(super) answer: oneshot::Sender<Result<Vec<Appended>, AppendError>>,
}

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) head: watch::Sender<u64>,
    pub(super) options: EmbeddedOptions,
    /// Subjects whose last position has not been written down.
    pub(super) unindexed: HashSet<String>,
    /// The position up to which they have.
    pub(super) indexed: u64,
}

/// What a group of requests would do.
#[derive(Default)]
struct Plan {
    events: Vec<NewEvent>,
    keys: Vec<u128>,
    by_key: HashMap<u128, u64>,
    by_subject: HashMap<String, u64>,
}

impl Writer {
    /// Works until nobody can append any more.
    pub(super) fn run(mut self) {
        // Read before the first append: who only reads neither waits for it nor holds it in memory.
        let mut window = None;
        while let Some(first) = self.requests.blocking_recv() {
            let mut count = first.events.len();
            let mut group = vec![first];
            while count < GROUP_EVENTS {
                let Ok(next) = self.requests.try_recv() else {
                    break;
                };
                count += next.events.len();
                group.push(next);
            }
            let was_there = window.is_some();
            let known = match window.take() {
                Some(window) => Ok(window),
                None => self.window(),
            };
            match known {
                Ok(mut known) => {
                    self.write(group, &mut known);
                    // Who only asked whether it is whole does not need it in memory.
                    window = (count > 0 || was_there).then_some(known);
                }
                Err(error) => {
                    for request in group {
                        // Who no longer waits, waits no longer.
                        let _ = request.answer.send(Err(error.clone()));
                    }
                }
            }
        }
        if self.shared.stopped.get().is_none() {
            self.index(Durability::Synced);
        }
    }

    /// The ids of the last appends, without which a repeat could be stored twice.
    fn window(&self) -> Result<Window, AppendError> {
        if let Some(why) = self.shared.stopped.get() {
            return Err(AppendError::Unavailable(why.to_string()));
        }
        let head = *self.head.borrow();
        let window = match loaded::window(&self.shared.store, head, &self.options) {
            Ok(window) => window,
            Err(ReadError::Broken(what)) => {
                return Err(AppendError::Unavailable(self.damaged(&what)));
            }
            // Read again before the next append.
            Err(ReadError::Away(what)) => return Err(AppendError::Unavailable(what)),
        };
        if window.len() > LONG_READ
            && let Err(error) = self.shared.trim_cache()
        {
            tracing::warn!(%error, "the memory that reading the last events took is not given back");
        }
        Ok(window)
    }

    fn write(&mut self, group: Vec<Request>, window: &mut Window) {
        let now = now_ms();
        window.expire(now);
        let mut plan = Plan::default();
        let answers: Vec<_> = group
            .into_iter()
            .map(|request| {
                let planned = self.plan(request.events, &mut plan, window);
                (planned, request.answer)
            })
            .collect();
        let written = match self.shared.stopped.get() {
            Some(why) => Err(AppendError::Unavailable(why.to_string())),
            None if plan.events.is_empty() => Ok(()),
            None => self.commit(plan, now, window),
        };
        for (answer, to) in answers {
            // Repeats and conflicts may rest on an event of this group, so all fare alike. Who no longer waits, waits
            // no longer.
            let _ = to.send(match &written {
                Ok(()) => answer,
                Err(error) => Err(error.clone()),
            });
        }
    }

    /// Takes the events of one append into the plan, up to the first that fails.
    fn plan(
        &self,
        events: Vec<NewEvent>,
        plan: &mut Plan,
        window: &Window,
    ) -> Result<Vec<Appended>, AppendError> {
        let head = *self.head.borrow();
        let mut answers = Vec::with_capacity(events.len());
        for event in events {
            let key = window.key(&event.message_id);
            if let Some(first) = plan
                .by_key
                .get(&key)
                .copied()
                .or_else(|| window.position(key))
            {
                answers.push(Appended {
                    position: Position(first),
                    duplicate: true,
                });
                continue;
            }
            if event.payload.len() > EVENT_BYTES {
                let bytes = event.payload.len();
                return Err(AppendError::Refused(format!(
                    "an event of {bytes} bytes; at most {EVENT_BYTES} are taken"
                )));
            }
            if event.subject.len().max(event.message_id.len()) > usize::from(u16::MAX) {
                return Err(AppendError::Refused(
                    "a subject or message id of more than 65,535 bytes".into(),
                ));
            }
            if let Some(AppendCondition::LastOnSubject(expected)) = event.condition {
                let known = plan.by_subject.get(&event.subject).copied();
                let actual = Position(
                    known
                        .or_else(|| self.shared.last_position(&event.subject))
                        .unwrap_or(0),
                );
                if actual != expected {
                    return Err(AppendError::Conflict { expected, actual });
                }
            }
            plan.events.push(event);
            plan.keys.push(key);
            let position = head + plan.events.len() as u64;
            plan.by_key.insert(key, position);
            if let Some(event) = plan.events.last() {
                plan.by_subject.insert(event.subject.clone(), position);
            }
            answers.push(Appended {
                position: Position(position),
                duplicate: false,
            });
        }
        Ok(answers)
    }

    /// Makes the plan durable, then visible.
    fn commit(&mut self, plan: Plan, now: u64, window: &mut Window) -> Result<(), AppendError> {
        let head = *self.head.borrow();
        let mut batch = Batch::new();
        let mut row = RowWriter::new(head + 1, now);
        let mut parts = 0;
        for event in &plan.events {
            row.push(event);
            if row.is_full() {
                close_row(&mut row, &mut batch, now);
            }
            if batch.bytes() > PART_BYTES {
                let part = std::mem::take(&mut batch);
                self.shared
                    .store
                    .commit(&part, Durability::Lazy)
                    .map_err(|error| self.failed(error, parts))?;
                parts += 1;
            }
        }
        close_row(&mut row, &mut batch, now);
        self.shared
            .store
            .commit(&batch, Durability::Synced)
            .map_err(|error| self.failed(error, parts))?;

        let first = head + 1;
        let head = head + plan.events.len() as u64;
        for (key, position) in plan.keys.into_iter().zip(first..) {
            window.remember(key, position, now);
        }
        self.unindexed.extend(plan.by_subject.keys().cloned());
        self.shared.publish(plan.by_subject, |tail| {
            for (event, position) in plan.events.into_iter().zip(first..) {
                tail.push(RecordedEvent {
                    position: Position(position),
                    subject: event.subject,
                    payload: event.payload,
                });
            }
        });
        self.head.send_replace(head);
        if head - self.indexed >= INDEX_EVERY {
            // Not waited for: the index only saves reading.
            self.index(Durability::Lazy);
        }
        Ok(())
    }

    /// Writes down the last position of every subject that had an event since this was done before.
    fn index(&mut self, durability: Durability) {
        let head = *self.head.borrow();
        let mut batch = Batch::new();
        for subject in &self.unindexed {
            if let Some(position) = self.shared.last_position(subject) {
                batch.put(&subject_key(subject), &position.to_be_bytes());
            }
        }
        if batch.is_empty() {
            return;
        }
        batch.put(INDEXED, &head.to_be_bytes());
        match self.shared.store.commit(&batch, durability) {
            Ok(()) => {
                self.unindexed.clear();
                self.indexed = head;
            }
            Err(error) if error.is_for_now() => {
                tracing::warn!(%error, "the log's index of subjects was not written; it is tried again");
            }
            Err(error) => drop(self.failed(error, 1)),
        }
    }

    /// What the callers get. Only a full disk, or none to spare of something else, before anything was written leaves
    /// the log as it was.
    fn failed(&self, error: CommitError, parts: usize) -> AppendError {
        if parts == 0 && error.is_for_now() {
            return AppendError::Unavailable(error.to_string());
        }
        if parts == 0 && matches!(error, CommitError::ReservedKey) {
            return AppendError::Refused(error.to_string());
        }
        if let CommitError::Damaged { what, .. } = &error {
            return AppendError::Unconfirmed(self.damaged(what));
        }
        let why = format!("{error}; nothing is appended until the log is opened again");
        AppendError::Unconfirmed(self.stop(Unwritable::ForGood(why)))
    }

    fn damaged(&self, what: &str) -> String {
        let why = format!("the log is damaged: {}", options::damaged(what));
        self.stop(Unwritable::Damaged(why))
    }

    /// Takes no more events. Why, as a sentence.
    fn stop(&self, why: Unwritable) -> String {
        let sentence = why.to_string();
        tracing::error!(reason = %sentence, "the log stops taking events");
        // Set by this thread alone, and only once: nothing is committed after it.
        let _ = self.shared.stopped.set(why);
        sentence
    }
}

fn close_row(row: &mut RowWriter, batch: &mut Batch, now: u64) {
    if !row.is_empty() {
        let (key, value) = row.row();
        batch.put(&key, value);
        *row = RowWriter::new(row.next(), now);
    }
}

/// Milliseconds since 1970 by the machine's clock. Only the window for repeats uses it.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
