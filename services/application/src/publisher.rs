//! The publisher: events that were let in get their subject and go to the log.

use joinedup_events::{Event, subject};
use joinedup_log::message_id::message_id;
use joinedup_log::{AppendCondition, AppendError, Appended, EventLog, NewEvent, Position};
use joinedup_projector::Views;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many events were published and refused since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Stored.
    pub published: AtomicU64,
    /// Repeats that the log knew.
    pub duplicates: AtomicU64,
    /// Refused at entry.
    pub refused: AtomicU64,
    /// Not confirmed by the log.
    pub unconfirmed: AtomicU64,
    /// Stored, by how long after it happened an event was recorded, in the order of [`LATENESS`].
    pub by_lateness: [AtomicU64; LATENESS.len()],
}

/// How late an event can be, in seconds, with a word; what is later than all of them is in the last.
pub const LATENESS: [(i64, &str); 6] = [
    (60, "a minute"),
    (3_600, "an hour"),
    (86_400, "a day"),
    (7 * 86_400, "a week"),
    (28 * 86_400, "four weeks"),
    (i64::MAX, "longer"),
];

impl Counts {
    fn stored(&self, event: &Event) {
        let late = (event.recorded_at - event.occurred_at).num_seconds();
        let band = LATENESS.iter().position(|(most, _)| late <= *most);
        if let Some(count) = band.and_then(|band| self.by_lateness.get(band)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Publishes events.
#[derive(Clone)]
pub struct Publisher {
    log: Arc<dyn EventLog>,
    counts: Arc<Counts>,
    /// The views of the same process.
    views: Option<Views>,
}

impl Publisher {
    /// A publisher to a log.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            counts: Arc::default(),
            views: None,
        }
    }

    /// The same publisher, which takes nothing while these views find the log to be another one than theirs: events would
    /// go where nobody looks for them.
    #[must_use]
    pub fn guarded_by(self, views: Option<Views>) -> Self {
        Self { views, ..self }
    }

    /// Why it publishes nothing, whatever the log takes.
    #[must_use]
    pub fn refuses(&self) -> Option<&'static str> {
        let views = self.views.as_ref()?;
        let why = "it is another log than the one that the views were built from";
        views.status().other_log.then_some(why)
    }

    /// What was published so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Counts events that were not let in.
    pub fn count_refused(&self, events: u64) {
        self.counts.refused.fetch_add(events, Ordering::Relaxed);
    }

    /// Appends events in order and answers when they are durable.
    ///
    /// # Errors
    /// As [`EventLog::append`]; a condition holds for a single event.
    pub async fn publish(
        &self,
        events: &[Event],
        condition: Option<Position>,
    ) -> Result<Vec<Appended>, AppendError> {
        let condition = condition.map(AppendCondition::LastOnSubject);
        let new = events
            .iter()
            .map(|event| new_event(event, condition))
            .collect();
        let outcome = match self.refuses() {
            Some(why) => Err(AppendError::Unavailable(format!(
                "{why}; `/readyz?verbose` says how that shows"
            ))),
            None => self.log.append(new).await,
        };
        match &outcome {
            Ok(appended) => {
                let duplicates = appended.iter().filter(|a| a.duplicate).count() as u64;
                self.counts
                    .duplicates
                    .fetch_add(duplicates, Ordering::Relaxed);
                self.counts
                    .published
                    .fetch_add(appended.len() as u64 - duplicates, Ordering::Relaxed);
                for (event, _) in events.iter().zip(appended).filter(|(_, a)| !a.duplicate) {
                    self.counts.stored(event);
                }
            }
            Err(_) => {
                self.counts
                    .unconfirmed
                    .fetch_add(events.len() as u64, Ordering::Relaxed);
            }
        }
        outcome
    }
}

/// The event as the log takes it. Its message id is made of everything but the time of recording, so that an event
/// sent again without one is known as a repeat, and the same id with other content is not.
#[must_use]
pub fn new_event(event: &Event, condition: Option<AppendCondition>) -> NewEvent {
    let (payload, whenever_recorded) = event.written();
    NewEvent {
        subject: subject::of(event),
        message_id: message_id(whenever_recorded.as_bytes()),
        payload: payload.into(),
        condition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_events::{Areas, Envelope};
    use joinedup_simulator::{Scenario, history};

    #[test]
    fn a_message_is_the_event_and_its_id_does_not_depend_on_when_it_was_recorded() {
        let scenario = Scenario::ending(3, "2026-06-15T12:00:00Z".parse().unwrap())
            .unwrap()
            .months(1)
            .scaled(0.1);
        for event in history(&scenario, &Areas::built_in().unwrap()).unwrap() {
            let new = new_event(&event, None);
            let read = Event::decode(&Envelope::from_json(&new.payload).unwrap()).unwrap();
            assert_eq!(read, event);
            let later = Event {
                recorded_at: event.recorded_at + chrono::TimeDelta::days(3),
                ..event.clone()
            };
            let other = Event {
                id: "another".into(),
                ..event
            };
            assert_eq!(new_event(&later, None).message_id, new.message_id);
            assert_ne!(new_event(&other, None).message_id, new.message_id);
        }
    }
}
