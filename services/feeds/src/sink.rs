//! Where events go: a log that is open in this process, by itself or through the door of the server that runs here, or a
//! server over HTTP. All answer when events are durable.

mod server;

use super::http_client::{Client, ClientError};
use joinedup_application::admission;
use joinedup_application::app::{App, Definitions};
use joinedup_application::publisher::Publisher;
use joinedup_application::restated::{self, By, UnknownError};
use joinedup_events::check::Refusals;
use joinedup_events::{Arrival, Event, EventKey, Family, Submitted};
use joinedup_log::{AppendError, Appended, EventLog, Position};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Events in one append to a log: large enough that the price of an fsync does not show.
const LOG_BATCH: usize = 5_000;
/// Events in one append through the door of the server in this process.
const DOOR_BATCH: usize = 500;
/// Events that are sent to a server at one go: two requests for each that is under way, so that none waits long for the
/// slowest.
const SERVER_BATCH: usize = 2 * server::LANES * server::MAX_EVENTS;
/// How long the views of the server in this process may take to have what was stored before, as when it has just started.
const SEEN_TIMEOUT: Duration = Duration::from_secs(20);
/// How often an append that was not confirmed is repeated, and the pause before each.
const AGAIN: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
];

/// Where events go.
pub enum Sink {
    /// Into a log.
    Log {
        /// Publishes to it.
        publisher: Publisher,
        /// The log itself, for what is restored byte for byte.
        log: Arc<dyn EventLog>,
        /// The door that they pass.
        door: Door,
    },
    /// To a server.
    Server(Client),
}

/// What decides which events go into a log.
pub enum Door {
    /// What the settings define, where there is no server: who sends has checked the rest.
    Settings(Box<Definitions>),
    /// The server in this process.
    Server(Box<App>),
}

/// Events that go in together or not at all: what is taken back because something else takes its place, and that. Each but the
/// last of such a group with the last, by their indices; they stand side by side.
#[derive(Clone, Debug, Default)]
pub struct Bound(BTreeMap<usize, usize>);

impl FromIterator<(usize, usize)> for Bound {
    fn from_iter<T: IntoIterator<Item = (usize, usize)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl Bound {
    /// The last of an event's group; by it groups are told apart. An event that is bound to none is a group by itself.
    #[must_use]
    pub fn last(&self, at: usize) -> usize {
        self.0.get(&at).copied().unwrap_or(at)
    }

    /// The groups of these events.
    pub fn groups(&self, events: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        events.into_iter().map(|at| self.last(at)).collect()
    }
}

/// What became of events that were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// How many were stored now.
    pub accepted: u64,
    /// How many the log knew already.
    pub duplicates: u64,
    /// Of these, the amounts that were restated since, as far as the receiver says: what was said later stands.
    pub superseded: u64,
    /// Where the published amounts stand of which the log says no more than that it knew them.
    pub repeated: Vec<Position>,
    /// The published amounts that such a log stored: it may know them from long before.
    pub stored: Vec<(EventKey, Position)>,
    /// How many contradict each other or what is known, as far as the receiver says.
    pub contradicting: u64,
    /// Events that the server refused: index, field, rule.
    pub refused: Vec<(usize, String, String)>,
}

/// Why events could not be sent. What was accepted before stays.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The log.
    #[error("{0}; what was stored stays, so run the same command again")]
    Log(#[from] AppendError),
    /// What is known already could not be looked up.
    #[error(transparent)]
    Unknown(#[from] UnknownError),
    /// The server.
    #[error(transparent)]
    Server(#[from] ClientError),
    /// The thread that asked the server ended.
    #[error("the request was cut short: {0}")]
    Cut(#[from] tokio::task::JoinError),
}

impl Sink {
    /// A log, for what these definitions let in.
    #[must_use]
    pub fn log(log: Arc<dyn EventLog>, definitions: Definitions) -> Self {
        Self::Log {
            publisher: Publisher::new(log.clone()),
            log,
            door: Door::Settings(Box::new(definitions)),
        }
    }

    /// The door of the server that runs in this process; none where it does not publish.
    #[must_use]
    pub fn of_server(app: &App) -> Option<Self> {
        Some(Self::Log {
            publisher: app.publisher.clone()?,
            log: app.log.clone(),
            door: Door::Server(Box::new(app.clone())),
        })
    }

    /// How many events are best sent at once.
    #[must_use]
    pub fn batch(&self) -> usize {
        match self {
            Self::Log {
                door: Door::Settings(_),
                ..
            } => LOG_BATCH,
            Self::Log { .. } => DOOR_BATCH,
            Self::Server(_) => SERVER_BATCH,
        }
    }

    /// Whether the door of this process lets an event in. A server elsewhere is asked by sending.
    #[must_use]
    pub fn admits(&self, event: &Event) -> bool {
        match self {
            Self::Log { door, .. } => door.admitted(event).is_ok(),
            Self::Server(_) => true,
        }
    }

    /// Sends events and answers when they are durable. Into a log they go in order; to a server, those of one entity do.
    ///
    /// # Errors
    /// When the log or the server does not take them after several tries.
    pub async fn send(&self, events: &[Event]) -> Result<Sent, SendError> {
        self.send_bound(events, &Bound::default()).await
    }

    /// Sends events of which some go in together or not at all.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_bound(&self, events: &[Event], bound: &Bound) -> Result<Sent, SendError> {
        let (publisher, door) = match self {
            Self::Server(client) => return server::send(client, events, bound).await,
            Self::Log {
                publisher, door, ..
            } => (publisher, door),
        };
        let (mut events, mut sent) = admitted(door, publisher, events, bound);
        if let Door::Server(app) = door {
            restated::rename(app, events.to_mut(), By::Machine, SEEN_TIMEOUT).await?;
        }
        for events in events.chunks(self.batch()) {
            if let Door::Server(app) = door {
                // Before they are stored, since the view then has them at any moment, and nothing is new about them.
                let found = tokio::task::block_in_place(|| app.contradicted_by(events));
                sent.contradicting += found.len() as u64;
            }
            let appended = append(publisher, events).await?;
            let duplicates = appended.iter().filter(|a| a.duplicate).count() as u64;
            sent.accepted += appended.len() as u64 - duplicates;
            sent.duplicates += duplicates;
            if let Door::Settings(_) = door {
                let amounts = events.iter().zip(&appended);
                let amounts =
                    amounts.filter(|(event, _)| event.fact.family() == Family::Observation);
                for (event, at) in amounts {
                    match at.duplicate {
                        true => sent.repeated.push(at.position),
                        false => sent.stored.push((event.key(), at.position)),
                    }
                }
            }
        }
        Ok(sent)
    }
}

impl Door {
    /// The event as it is let in.
    fn admitted<'e>(&self, event: &'e Event) -> Result<Cow<'e, Event>, Refusals> {
        match self {
            Self::Settings(definitions) => {
                admission::held_against(definitions, event).map(|()| Cow::Borrowed(event))
            }
            // As bytes, as events come over HTTP: there is one door.
            Self::Server(app) => {
                let read = Submitted::read(event.to_text().as_bytes())?;
                let arrival = Arrival::at(chrono::Utc::now());
                admission::admit(&app.definitions, read, arrival).map(Cow::Owned)
            }
        }
    }
}

/// The events that the door lets in, and what it refuses. With what it refuses, the rest of its group stays outside.
fn admitted<'e>(
    door: &Door,
    publisher: &Publisher,
    events: &'e [Event],
    bound: &Bound,
) -> (Cow<'e, [Event]>, Sent) {
    let outcomes: Vec<_> = events.iter().map(|event| door.admitted(event)).collect();
    let refused = outcomes.iter().enumerate().filter(|(_, o)| o.is_err());
    publisher.count_refused(refused.clone().count() as u64);
    let staying = bound.groups(refused.map(|(at, _)| at));
    if let Door::Settings(_) = door
        && staying.is_empty()
    {
        // Settings change nothing of an event, and a file of them need not be copied.
        return (Cow::Borrowed(events), Sent::default());
    }
    let (mut let_in, mut sent) = (Vec::with_capacity(events.len()), Sent::default());
    for (at, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(event) if !staying.contains(&bound.last(at)) => let_in.push(event.into_owned()),
            Ok(_) => {}
            Err(refusals) => {
                let refused = refusals.0.into_iter();
                sent.refused
                    .extend(refused.map(|refusal| (at, refusal.pointer, refusal.rule)));
            }
        }
    }
    (Cow::Owned(let_in), sent)
}

async fn append(publisher: &Publisher, events: &[Event]) -> Result<Vec<Appended>, SendError> {
    let mut pauses = AGAIN.iter();
    loop {
        match publisher.publish(events, None).await {
            Ok(appended) => return Ok(appended),
            Err(error @ (AppendError::Unconfirmed(_) | AppendError::Unavailable(_))) => {
                match pauses.next() {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_application::config::Config;
    use joinedup_events::facts::Happened;
    use joinedup_events::transfer::TransferFact;
    use joinedup_events::{AreaId, EntityId, Fact};
    use joinedup_log::memory::MemoryLog;
    use std::sync::atomic::Ordering;

    #[tokio::test]
    async fn of_what_goes_in_together_nothing_goes_in_when_any_is_refused() {
        let mut definitions = Definitions::read(&Config::default()).unwrap();
        let forms = Arc::make_mut(&mut definitions.forms);
        (forms.sources, forms.opaque_ids) = (vec!["/good".to_owned()], true);
        let sink = Sink::log(Arc::new(MemoryLog::new()), definitions);
        let at = "2026-09-01T08:00:00Z".parse().unwrap();
        let event = |(number, (source, entity)): (usize, (&str, &str))| Event {
            source: source.to_owned(),
            id: format!("0f1e2d3c4b5a6978{number}"),
            occurred_at: at,
            recorded_at: at,
            entity: EntityId::new(entity).unwrap(),
            area: AreaId::new("RAJ").unwrap(),
            fact: Fact::Transfer(TransferFact::Cancelled(Happened {})),
            actor: None,
        };
        // The first of a pair, the last of a pair, none of a pair, and one by itself.
        let (good, bad) = (("/good", "a1b2c3d4e5f60718"), ("/bad", "t-1"));
        let sources = [bad, good, good, bad, good, good, bad];
        let events: Vec<Event> = sources.into_iter().enumerate().map(event).collect();
        let bound = Bound::from_iter([(0, 1), (2, 3), (4, 5)]);
        let sent = sink.send_bound(&events, &bound).await.unwrap();
        let mut refused: Vec<usize> = sent.refused.iter().map(|(at, ..)| *at).collect();
        assert_eq!(refused.len(), 6, "two faults each");
        refused.dedup();
        assert_eq!((sent.accepted, refused), (2, vec![0, 3, 6]));
        let Sink::Log { publisher, .. } = &sink else {
            unreachable!("it was made of a log")
        };
        assert_eq!(publisher.counts().refused.load(Ordering::Relaxed), 3);
    }
}
