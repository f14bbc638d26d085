//! Reads: batches straight from the stream's store, without a consumer.

use std::time::{Duration, SystemTime};

use async_nats::header::HeaderMap;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{DirectGetErrorKind, RawMessage};
use async_nats::{Message, Subscriber};
use bytes::Bytes;
use chrono::DateTime;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Shared;
use super::structure::event_of;
use crate::{Position, ReadError, RecordedEvent};

/// Events asked for in one request.
const PAGE: usize = 4096;

/// How often a copy of the stream that lags behind is asked again before the stream itself is asked.
const LAGGING_ATTEMPTS: u32 = 5;

/// The pause before such a copy is asked again.
const LAGGING_PAUSE: Duration = Duration::from_millis(40);

/// What the leader is asked for a message by, before the stream's name.
pub(super) const MESSAGE_GET: &str = "$JS.API.STREAM.MSG.GET";

/// The server's code for "no message found".
const NO_MESSAGE: u64 = 10037;

/// A message as it is stored.
pub(super) struct Stored {
    pub(super) event: RecordedEvent,
    pub(super) headers: HeaderMap,
}

/// The leader's answer to the question for a message.
#[derive(Deserialize)]
struct Found {
    message: RawMessage,
}

impl Shared {
    pub(super) async fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        self.verify_after_loss().await?;
        let mut events = Vec::new();
        let mut lagging = 0;
        while events.len() < limit {
            let last = events
                .last()
                .map_or(after, |event: &RecordedEvent| event.position);
            let Some(start) = last.0.checked_add(1) else {
                break;
            };
            let known = events.len();
            let more = self
                .page(start, PAGE.min(limit - known), &mut events)
                .await?;
            let mut before = last;
            let gap = events[known..].iter().position(|event| {
                let follows = self.follows(before, event.position).is_ok();
                before = event.position;
                !follows
            });
            if let Some(gap) = gap {
                let found = events[known + gap].position;
                events.truncate(known + gap);
                let last = events.last().map_or(after, |event| event.position);
                let missing = self.next_event(last, found.0 - 1).await?;
                self.lacks(missing.as_ref().map_or(found, |event| event.position));
                events.extend(missing);
                continue;
            }
            if more {
                continue;
            }
            let last = events.last().map_or(after, |event| event.position);
            // In a cluster any copy may answer. One that has not yet got what was acknowledged to us is asked again.
            if last >= self.known() || lagging == LAGGING_ATTEMPTS {
                break;
            }
            lagging += 1;
            tokio::time::sleep(LAGGING_PAUSE).await;
        }
        if events.is_empty() || lagging == LAGGING_ATTEMPTS {
            // Nothing there may also mean that the stream is not the one it was, or that it lost its end.
            let head = self.info().await?.state.last_seq;
            let last = events.last().map_or(after, |event| event.position);
            if last.0 < head && events.len() < limit {
                events.extend(self.next_event(last, head).await?);
            }
        }
        for event in &events {
            self.saw(event.position);
        }
        Ok(events)
    }

    /// Adds up to `limit` events from `start` on; true when the server knows of more.
    pub(super) async fn page(
        &self,
        start: u64,
        limit: usize,
        events: &mut Vec<RecordedEvent>,
    ) -> Result<bool, ReadError> {
        let client = &self.connection.client;
        let inbox = client.new_inbox();
        let subject = format!("$JS.API.DIRECT.GET.{}", self.stream);
        let question = json!({ "seq": start, "batch": limit, "next_by_subj": ">" });
        let ask = async {
            let answers = client
                .subscribe(inbox.clone())
                .await
                .map_err(|error| error.to_string())?;
            client
                .publish_with_reply(subject.clone(), inbox, Bytes::from(question.to_string()))
                .await
                .map_err(|error| error.to_string())?;
            Ok::<Subscriber, String>(answers)
        };
        let mut answers = timeout(self.connection.timeout, ask)
            .await
            .map_err(|_| ReadError::Away("the connection is down".to_owned()))?
            .map_err(ReadError::Away)?;
        let mut before: Option<u64> = None;
        loop {
            let message = timeout(self.connection.timeout, answers.next())
                .await
                .map_err(|_| {
                    ReadError::Away(format!(
                        "no answer to {subject} within {:?}",
                        self.connection.timeout
                    ))
                })?
                .ok_or_else(|| ReadError::Away("the connection was closed".to_owned()))?;
            let lost = || {
                ReadError::Away(format!(
                    "a message of the answer to {subject} was lost on the way"
                ))
            };
            match message.status.map(|status| status.as_u16()) {
                None => {
                    let event = self.recorded(&message).ok_or_else(|| {
                        ReadError::Away(format!("the answer to {subject} was not understood"))
                    })?;
                    // Each answer names the one before it, so that a lost one is noticed.
                    let preceding =
                        number(&message, "Nats-Last-Sequence").filter(|preceding| *preceding > 0);
                    if preceding != before {
                        return Err(lost());
                    }
                    before = Some(event.position.0);
                    events.push(event);
                }
                Some(204) => {
                    if number(&message, "Nats-Last-Sequence") != before {
                        return Err(lost());
                    }
                    return Ok(
                        number(&message, "Nats-Num-Pending").is_some_and(|pending| pending > 0)
                    );
                }
                Some(404) => return Ok(false),
                Some(503) => return Err(ReadError::Away(format!("nobody answers {subject}"))),
                Some(status) => {
                    return Err(ReadError::Away(format!(
                        "{subject} was answered with status {status}"
                    )));
                }
            }
        }
    }

    /// The last message on a subject, from the stream's leader.
    pub(super) async fn last_on_subject(
        &self,
        subject: &str,
    ) -> Result<Option<RecordedEvent>, ReadError> {
        let found = self.of_leader(json!({ "last_by_subj": subject })).await?;
        Ok(found.map(|stored| stored.event))
    }

    /// When the first message after a position was stored.
    pub(super) async fn stored_after(
        &self,
        after: Position,
    ) -> Result<Option<SystemTime>, ReadError> {
        let stream = self
            .context
            .get_stream_no_info(&self.stream)
            .await
            .map_err(|error| ReadError::Away(error.to_string()))?;
        let asked = stream
            .direct_get_builder()
            .sequence(after.0.saturating_add(1))
            .next_by_subject(">")
            .send();
        match self.bounded(asked).await? {
            Ok(message) => Ok(Some(message.time.into())),
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
            Err(error) => Err(ReadError::Away(format!(
                "the stream {} could not be asked when an event was stored: {error}",
                self.stream
            ))),
        }
    }

    /// The first message on a subject after a position, from the stream's leader.
    pub(super) async fn next_on_subject(
        &self,
        after: Position,
        subject: &str,
    ) -> Result<Option<Stored>, ReadError> {
        let start = after.0.saturating_add(1);
        self.of_leader(json!({ "seq": start, "next_by_subj": subject }))
            .await
    }

    /// A message from the stream's leader. Not by the client's own means, which wait for an answer that never comes where the
    /// server does not permit the question.
    async fn of_leader(&self, question: Value) -> Result<Option<Stored>, ReadError> {
        let subject = format!("{MESSAGE_GET}.{}", self.stream);
        let answer: Found = match self.connection.api(&subject, Some(question)).await {
            Err(error) if error.code() == NO_MESSAGE => return Ok(None),
            answer => answer.map_err(|error| self.away(&error))?,
        };
        let message = StreamMessage::try_from(answer.message)
            .map_err(|_| ReadError::Away(format!("the answer to {subject} was not understood")))?;
        let headers = message.headers;
        Ok(Some(Stored {
            event: RecordedEvent {
                position: Position(message.sequence),
                subject: message.subject.as_str().to_owned(),
                payload: event_of(
                    self.structure,
                    Some(&headers),
                    message.payload,
                    Some(message.time),
                ),
            },
            headers,
        }))
    }

    /// A message of a direct answer: where it stands, its subject and its time are in headers.
    fn recorded(&self, message: &Message) -> Option<RecordedEvent> {
        let position = Position(number(message, "Nats-Sequence")?);
        let headers = message.headers.as_ref()?;
        let subject = headers.get("Nats-Subject")?.as_str().to_owned();
        let stored = headers.get("Nats-Time-Stamp");
        let stored = stored.and_then(|at| DateTime::parse_from_rfc3339(at.as_str()).ok());
        Some(RecordedEvent {
            position,
            subject,
            payload: event_of(
                self.structure,
                Some(headers),
                message.payload.clone(),
                stored.map(|at| at.to_utc()),
            ),
        })
    }

    async fn bounded<T>(&self, asked: impl Future<Output = T>) -> Result<T, ReadError> {
        timeout(self.connection.timeout, asked)
            .await
            .map_err(|_| ReadError::Away(format!("no answer within {:?}", self.connection.timeout)))
    }
}

fn number(message: &Message, header: &str) -> Option<u64> {
    message.headers.as_ref()?.get(header)?.as_str().parse().ok()
}
