//! Where events go: a log that is open in this process, by itself or through the door of the server that runs here, or a
//! server over HTTP. All answer when events are durable.

use super::http_client::{Answered, Client, ClientError};
use joinedup_application::admission;
use joinedup_application::app::{App, Definitions};
use joinedup_application::publisher::Publisher;
use joinedup_events::{Arrival, Event, Submitted};
use joinedup_log::{AppendError, EventLog};
use std::sync::Arc;
use std::time::Duration;

/// Events in one append to a log: large enough that the price of an fsync does not show.
const LOG_BATCH: usize = 5_000;
/// Events in one request.
const SERVER_BATCH: usize = 500;
/// Bytes in one request, about.
const SERVER_BYTES: usize = 512 << 10;
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
        /// What the server in this process lets in; none where there is no server, and who sends has checked.
        door: Option<Box<Definitions>>,
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
            door: Some(Box::new(app.definitions.clone())),
        })
    }

    /// How many events are best sent at once.
    #[must_use]
    pub fn batch(&self) -> usize {
        match self {
            Self::Log { door: None, .. } => LOG_BATCH,
            Self::Log { .. } | Self::Server(_) => SERVER_BATCH,
        }
    }

    /// Sends events, in order, and answers when they are durable.
    ///
    /// # Errors
    /// When the log or the server does not take them after several tries.
    pub async fn send(&self, events: &[Event]) -> Result<Sent, SendError> {
        let mut sent = Sent::default();
        match self {
            Self::Log {
                publisher, door, ..
            } => {
                let admitted = door
                    .as_ref()
                    .map(|definitions| admitted(definitions, publisher, events, &mut sent));
                let events = admitted.as_deref().unwrap_or(events);
                for events in events.chunks(self.batch()) {
                    let appended = append(publisher, events).await?;
                    sent.accepted += appended.0;
                    sent.duplicates += appended.1;
                }
            }
            Self::Server(client) => {
                let bodies: Vec<String> = events.iter().map(|e| e.to_json().to_string()).collect();
                let mut from = 0;
                while from < bodies.len() {
                    let mut bytes = 0;
                    let fits = bodies[from..].iter().take(SERVER_BATCH).take_while(|b| {
                        bytes += b.len() + 1;
                        bytes <= SERVER_BYTES
                    });
                    let to = from + fits.count().max(1);
                    post(client, (from..to).collect(), &bodies, &mut sent).await?;
                    from = to;
                }
            }
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
        // As bytes, as they come over HTTP: there is one door.
        let outcome = Submitted::read(event.to_json().to_string().as_bytes())
            .and_then(|submitted| admission::admit(definitions, submitted, arrival));
        match outcome {
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

/// Posts the events of these indices; leaves out the ones that are refused, and halves what is too large.
async fn post(
    client: &Client,
    indices: Vec<usize>,
    bodies: &[String],
    sent: &mut Sent,
) -> Result<(), SendError> {
    let mut open = vec![indices];
    while let Some(indices) = open.pop() {
        if indices.is_empty() {
            continue;
        }
        let body = format!(
            "[{}]",
            indices
                .iter()
                .map(|i| bodies[*i].as_str())
                .collect::<Vec<_>>()
                .join(",")
        );
        let asked = client.clone();
        match tokio::task::spawn_blocking(move || asked.post_events(body.as_bytes())).await?? {
            Answered::Taken {
                accepted,
                duplicates,
            } => {
                sent.accepted += accepted;
                sent.duplicates += duplicates;
            }
            Answered::TooLarge if indices.len() == 1 => {
                sent.refused.push((
                    indices[0],
                    String::new(),
                    "is larger than the server takes".to_owned(),
                ));
            }
            Answered::TooLarge => {
                let (first, second) = indices.split_at(indices.len() / 2);
                // The last is taken first: order is kept.
                open.push(second.to_vec());
                open.push(first.to_vec());
            }
            Answered::Refused(errors) => {
                let wrong: Vec<usize> = errors.iter().map(|(at, ..)| *at).collect();
                sent.refused.extend(
                    errors
                        .into_iter()
                        .filter_map(|(at, field, rule)| Some((*indices.get(at)?, field, rule))),
                );
                let rest: Vec<usize> = indices
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| !wrong.contains(at))
                    .map(|(_, i)| *i)
                    .collect();
                // Every round leaves out at least one: it ends.
                if rest.len() < indices.len() {
                    open.push(rest);
                }
            }
        }
    }
    Ok(())
}
