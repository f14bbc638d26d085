//! Where events go: a log that is open in this process, by itself or through the door of the server that runs here, or a
//! server over HTTP. All answer when events are durable.

mod server;

use super::http_client::{Client, ClientError};
use joinedup_application::admission;
use joinedup_application::app::{App, Definitions};
use joinedup_application::publisher::Publisher;
use joinedup_application::restated;
use joinedup_events::check::Refusals;
use joinedup_events::{Arrival, Event, Family, Submitted};
use joinedup_log::{AppendError, Appended, EventLog, Position};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Events in one append to a log: large enough that the price of an fsync does not show.
const LOG_BATCH: usize = 5_000;
/// Events in one append through the door of the server in this process.
const DOOR_BATCH: usize = 500;
/// Events that are sent to a server at one go: two requests for each that is under way, so that none waits long for the
/// slowest.
const SERVER_BATCH: usize = 2 * server::LANES * server::MAX_EVENTS;
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

/// Events that are not sent unless another one is let in, by their indices: what is taken back because something else takes
/// its place stands where that is refused. They stand right before it.
pub type Bound = BTreeMap<usize, usize>;

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
        self.send_bound(events, &Bound::new()).await
    }

    /// Sends events of which some are not to go in without others.
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
        let (mut events, mut sent) = admitted(door, events, bound);
        publisher.count_refused(sent.refused.len() as u64);
        if let Door::Server(app) = door {
            tokio::task::block_in_place(|| restated::rename(app, &mut events));
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
                let repeats = events.iter().zip(&appended).filter(|(event, at)| {
                    at.duplicate && event.fact.family() == Family::Observation
                });
                sent.repeated.extend(repeats.map(|(_, at)| at.position));
            }
        }
        Ok(sent)
    }
}

impl Door {
    /// The event as it is let in.
    fn admitted(&self, event: &Event) -> Result<Event, Refusals> {
        match self {
            Self::Settings(definitions) => {
                admission::held_against(definitions, event).map(|()| event.clone())
            }
            // As bytes, as events come over HTTP: there is one door.
            Self::Server(app) => Submitted::read(event.to_text().as_bytes()).and_then(|read| {
                admission::admit(&app.definitions, read, Arrival::at(chrono::Utc::now()))
            }),
        }
    }
}

/// The events that the door lets in, and what it refuses.
fn admitted(door: &Door, events: &[Event], bound: &Bound) -> (Vec<Event>, Sent) {
    let mut outcomes: BTreeMap<usize, _> = events
        .iter()
        .map(|event| door.admitted(event))
        .enumerate()
        .collect();
    let stands = |at: &usize| outcomes.get(at).is_some_and(Result::is_err);
    let staying: Vec<usize> = (bound.iter())
        .filter(|(_, with)| stands(with))
        .map(|(at, _)| *at)
        .collect();
    for at in staying {
        outcomes.remove(&at);
    }
    let (mut let_in, mut sent) = (Vec::with_capacity(events.len()), Sent::default());
    for (at, outcome) in outcomes {
        match outcome {
            Ok(event) => let_in.push(event),
            Err(refusals) => {
                let refused = refusals.0.into_iter();
                sent.refused
                    .extend(refused.map(|refusal| (at, refusal.pointer, refusal.rule)));
            }
        }
    }
    (let_in, sent)
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
