//! Where events go: a log that is open in this process, by itself or through the door of the server that runs here, or a
//! server over HTTP. All answer when events are durable.

mod server;

use super::http_client::{Client, ClientError};
use joinedup_application::admission;
use joinedup_application::app::{App, Definitions};
use joinedup_application::publisher::Publisher;
use joinedup_application::restated;
use joinedup_events::check::Refusals;
use joinedup_events::{Arrival, Event, Submitted};
use joinedup_log::{AppendError, EventLog};
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
        /// The server in this process, whose door they pass; none where there is no server, and who sends has checked.
        door: Option<Box<App>>,
    },
    /// To a server.
    Server(Client),
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
    /// A log.
    #[must_use]
    pub fn log(log: Arc<dyn EventLog>) -> Self {
        Self::Log {
            publisher: Publisher::new(log.clone()),
            log,
            door: None,
        }
    }

    /// The door of the server that runs in this process; none where it does not publish.
    #[must_use]
    pub fn of_server(app: &App) -> Option<Self> {
        Some(Self::Log {
            publisher: app.publisher.clone()?,
            log: app.log.clone(),
            door: Some(Box::new(app.clone())),
        })
    }

    /// How many events are best sent at once.
    #[must_use]
    pub fn batch(&self) -> usize {
        match self {
            Self::Log { door: None, .. } => LOG_BATCH,
            Self::Log { .. } => DOOR_BATCH,
            Self::Server(_) => SERVER_BATCH,
        }
    }

    /// Whether the door of this process lets an event in. A server elsewhere is asked by sending.
    #[must_use]
    pub fn admits(&self, event: &Event) -> bool {
        match self {
            Self::Log {
                door: Some(app), ..
            } => at_the_door(&app.definitions, event, Arrival::at(chrono::Utc::now())).is_ok(),
            _ => true,
        }
    }

    /// Sends events and answers when they are durable. Into a log they go in order; to a server, those of one entity do.
    ///
    /// # Errors
    /// When the log or the server does not take them after several tries.
    pub async fn send(&self, events: &[Event]) -> Result<Sent, SendError> {
        let (publisher, door) = match self {
            Self::Server(client) => return server::send(client, events).await,
            Self::Log {
                publisher, door, ..
            } => (publisher, door),
        };
        let mut sent = Sent::default();
        let admitted = door
            .as_ref()
            .map(|app| admitted(&app.definitions, publisher, events, &mut sent));
        let admitted = admitted.zip(door.as_ref()).map(|(mut events, app)| {
            tokio::task::block_in_place(|| restated::rename(app, &mut events));
            events
        });
        let events = admitted.as_deref().unwrap_or(events);
        for events in events.chunks(self.batch()) {
            if let Some(app) = door {
                // Before they are stored, since the view then has them at any moment, and nothing is new about them.
                let found = tokio::task::block_in_place(|| app.contradicted_by(events));
                sent.contradicting += found.len() as u64;
            }
            let appended = append(publisher, events).await?;
            sent.accepted += appended.0;
            sent.duplicates += appended.1;
        }
        Ok(sent)
    }
}

/// The events that the door lets in.
fn admitted(
    definitions: &Definitions,
    publisher: &Publisher,
    events: &[Event],
    sent: &mut Sent,
) -> Vec<Event> {
    let arrival = Arrival::at(chrono::Utc::now());
    let mut admitted = Vec::with_capacity(events.len());
    for (at, event) in events.iter().enumerate() {
        match at_the_door(definitions, event, arrival) {
            Ok(event) => admitted.push(event),
            Err(refusals) => {
                publisher.count_refused(1);
                let refused = refusals.0.into_iter();
                sent.refused
                    .extend(refused.map(|refusal| (at, refusal.pointer, refusal.rule)));
            }
        }
    }
    admitted
}

/// As bytes, as events come over HTTP: there is one door.
fn at_the_door(
    definitions: &Definitions,
    event: &Event,
    arrival: Arrival,
) -> Result<Event, Refusals> {
    Submitted::read(event.to_text().as_bytes())
        .and_then(|submitted| admission::admit(definitions, submitted, arrival))
}

async fn append(publisher: &Publisher, events: &[Event]) -> Result<(u64, u64), SendError> {
    let mut pauses = AGAIN.iter();
    loop {
        match publisher.publish(events, None).await {
            Ok(appended) => {
                let duplicates = appended.iter().filter(|a| a.duplicate).count() as u64;
                return Ok((appended.len() as u64 - duplicates, duplicates));
            }
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
