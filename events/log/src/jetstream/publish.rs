//! Appends: published with their ids, many in flight, every acknowledgement awaited. A run of events goes as batches
//! where it can.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_nats::{HeaderMap, HeaderValue, Message, Request, StatusCode, header};
use futures::StreamExt;
use serde::Deserialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::connection::{ApiError, parse};
use super::stream::{MAX_MESSAGE_BYTES, MAX_PAYLOAD, room};
use super::{PUT_RIGHT, Shared};
use crate::{AppendCondition, AppendError, Appended, NewEvent, Position, ReadError, Unwritable};

/// The most single publishes without an answer.
const IN_FLIGHT: usize = 1000;

/// The longest subject and the longest message id, so that both fit beside the payload.
const MAX_NAME_BYTES: usize = 1024;

/// The server's codes for "the last sequence is another".
const WRONG_LAST_SEQUENCE: [u64; 2] = [10071, 10164];

/// The server's codes for what it will refuse again: too large, sealed.
const REFUSED_FOR_GOOD: [u64; 3] = [10054, 10097, 10109];

/// The server's codes for having no room now, or no disk that takes anything.
const NO_ROOM: [u64; 6] = [10023, 10028, 10047, 10053, 10077, 10122];

/// For so long an append that failed speaks for those that would come; then somebody has to try.
const FAILURE_SPEAKS: Duration = Duration::from_secs(30);

/// The answer to a publish or to the last message of a batch.
#[derive(Debug, Deserialize)]
pub(super) struct PublishAck {
    pub(super) seq: u64,
    #[serde(default)]
    duplicate: bool,
    /// How many messages of a batch were stored.
    #[serde(default)]
    pub(super) count: usize,
}

/// What comes next while events are in flight.
enum Next {
    /// An answer, or the end of the subscription to answers.
    Ack(Option<Message>),
    /// The connection was lost.
    Lost,
    /// The server refused a subject; none where so many were refused that some were dropped.
    NotPermitted(Option<Arc<str>>),
}

impl Shared {
    pub(super) async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError> {
        for event in &events {
            examine(event)?;
        }
        if let Some(why) = self.durability.lazy() {
            return Err(AppendError::Unavailable(why));
        }
        let known = self.known();
        let outcome = self.append_examined(&events).await;
        let low = outcome.iter().flatten().find(|answer| {
            // What was sent after a position was known comes after it, in the stream that gave it.
            !answer.duplicate && answer.position <= known
        });
        if let Some(low) = low {
            let sentence = format!(
                "stream {} put an event at position {} although it had {known} before: it was deleted and made again, and \
                 the event is in the new one; {PUT_RIGHT}",
                self.stream, low.position
            );
            return Err(AppendError::Refused(self.broken(sentence).to_string()));
        }
        let failed = match &outcome {
            Err(AppendError::Unavailable(why) | AppendError::Unconfirmed(why)) => {
                Some((Instant::now(), why.clone()))
            }
            _ => None,
        };
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
        outcome
    }

    /// Whether the stream is there, has room, and took what was last given to it.
    pub(super) async fn writable(&self) -> Result<(), Unwritable> {
        let info = self
            .info()
            .await
            .map_err(|error| Unwritable::ForNow(error.to_string()))?;
        let losses = *self.losses.borrow();
        self.durability.look(&info.cluster, losses).await;
        if let Some(why) = self.durability.lazy() {
            return Err(Unwritable::ForNow(why));
        }
        if room(&info).is_some_and(|room| room < MAX_MESSAGE_BYTES) {
            return Err(Unwritable::ForNow(format!(
                "stream {} is full: raise its `max_bytes`",
                self.stream
            )));
        }
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match &*failed {
            Some((at, why)) if at.elapsed() < FAILURE_SPEAKS => Err(Unwritable::ForNow(format!(
                "the newest append was not stored: {why}"
            ))),
            _ => Ok(()),
        }
    }

    async fn append_examined(&self, events: &[NewEvent]) -> Result<Vec<Appended>, AppendError> {
        self.verify_after_loss()
            .await
            .map_err(|error| match error {
                ReadError::Away(why) => AppendError::Unconfirmed(why),
                ReadError::Broken(why) => AppendError::Refused(why),
            })?;
        let mut answers = Vec::with_capacity(events.len());
        // An event with a condition waits for those before it and holds back those after it.
        for run in events.chunk_by(|one, next| one.condition.is_none() && next.condition.is_none())
        {
            match run {
                [only] => answers.push(self.publish_one(only).await?),
                run => self.publish_run(run, &mut answers).await?,
            }
        }
        Ok(answers)
    }

    /// One event and its answer.
    async fn publish_one(&self, event: &NewEvent) -> Result<Appended, AppendError> {
        let request = Request::new()
            .payload(event.payload.clone())
            .headers(headers(event));
        let answer = match self.connection.request(&event.subject, request).await {
            Ok(answer) => parse::<PublishAck>(&event.subject, &answer),
            Err(error) => Err(error),
        };
        self.judge(event, answer).await
    }

    /// Many events in flight, each with an answer of its own. The time allowed runs from answer to answer, as a
    /// server that writes each to disk may well need longer than that for all of them.
    pub(super) async fn publish_each(
        &self,
        events: &[&NewEvent],
    ) -> Result<Vec<Appended>, AppendError> {
        let client = &self.connection.client;
        let inbox = client.new_inbox();
        let mut acks = self.sent(client.subscribe(format!("{inbox}.*"))).await?;
        let mut losses = self.connection.losses();
        let mut refused = self.connection.refused();
        let mut answers: Vec<Option<Appended>> = vec![None; events.len()];
        let mut failed: Option<(usize, AppendError)> = None;
        let (mut sent, mut answered) = (0, 0);
        // When the next answer must have come; what is said of other requests meanwhile does not put it off.
        let mut deadline = None;
        while answered < sent || (failed.is_none() && sent < events.len()) {
            while failed.is_none() && sent < events.len() && sent - answered < IN_FLIGHT {
                let event = &events[sent];
                let send = client.publish_with_reply_and_headers(
                    event.subject.clone(),
                    format!("{inbox}.{sent}"),
                    headers(event),
                    event.payload.clone(),
                );
                self.sent(send).await?;
                sent += 1;
            }
            let until = *deadline.get_or_insert_with(|| Instant::now() + self.connection.timeout);
            let ack = timeout_at(until, async {
                tokio::select! {
                    biased;
                    ack = acks.next() => Next::Ack(ack),
                    _ = losses.changed() => Next::Lost,
                    subject = refused.recv() => Next::NotPermitted(subject.ok()),
                }
            });
            let message = match ack.await {
                Ok(Next::Ack(Some(message))) => {
                    deadline = None;
                    message
                }
                Ok(Next::Ack(None)) => {
                    return Err(AppendError::Unconfirmed(
                        "the connection was closed".to_owned(),
                    ));
                }
                Ok(Next::Lost) => {
                    return Err(AppendError::Unconfirmed(
                        "the connection was lost".to_owned(),
                    ));
                }
                Ok(Next::NotPermitted(subject)) => {
                    let is_ours =
                        |subject: &Arc<str>| events.iter().any(|e| e.subject == **subject);
                    if let Some(subject) = subject.filter(is_ours) {
                        return Err(AppendError::Refused(format!(
                            "the server does not permit us to use {subject}"
                        )));
                    }
                    // It was another request of this connection, or too many came to tell: what is refused is not answered.
                    continue;
                }
                Err(_) => {
                    return Err(AppendError::Unconfirmed(format!(
                        "{answered} of {} events were acknowledged, and then none for {:?}",
                        events.len(),
                        self.connection.timeout
                    )));
                }
            };
            let index = message
                .subject
                .rsplit('.')
                .next()
                .and_then(|index| index.parse::<usize>().ok());
            let Some((index, event)) = index.and_then(|index| Some((index, events.get(index)?)))
            else {
                continue;
            };
            answered += 1;
            let answer = if message.status == Some(StatusCode::NO_RESPONDERS) {
                Err(ApiError::Nobody {
                    subject: event.subject.clone(),
                })
            } else {
                parse::<PublishAck>(&event.subject, &message)
            };
            match self.judge(event, answer).await {
                Ok(appended) => answers[index] = Some(appended),
                Err(error) if failed.as_ref().is_none_or(|(first, _)| index < *first) => {
                    failed = Some((index, error))
                }
                Err(_) => {}
            }
        }
        match failed {
            Some((_, error)) => Err(error),
            None => answers
                .into_iter()
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| {
                    AppendError::Unconfirmed(
                        "an event was acknowledged twice and another never".to_owned(),
                    )
                }),
        }
    }

    /// Waits for room in the client; while it is disconnected for long there is none.
    pub(super) async fn sent<T, E>(
        &self,
        send: impl Future<Output = Result<T, E>>,
    ) -> Result<T, AppendError> {
        match timeout(self.connection.timeout, send).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(AppendError::Unconfirmed(
                "the connection was closed".to_owned(),
            )),
            Err(_) => Err(AppendError::Unconfirmed(
                "the connection is down".to_owned(),
            )),
        }
    }

    /// What an answer to one event means.
    async fn judge(
        &self,
        event: &NewEvent,
        answer: Result<PublishAck, ApiError>,
    ) -> Result<Appended, AppendError> {
        match answer {
            Ok(ack) => {
                self.saw(Position(ack.seq));
                Ok(Appended {
                    position: Position(ack.seq),
                    duplicate: ack.duplicate,
                })
            }
            Err(error) if WRONG_LAST_SEQUENCE.contains(&error.code()) => match event.condition {
                Some(AppendCondition::LastOnSubject(expected)) => {
                    self.resolve_conflict(event, expected).await
                }
                None => Err(AppendError::Unconfirmed(error.to_string())),
            },
            Err(ApiError::Refused { code, .. }) if self.is_broken() => Err(AppendError::Refused(
                format!("the stream is not the one it was (error {code})"),
            )),
            Err(error) if NO_ROOM.contains(&error.code()) => {
                Err(AppendError::Unavailable(error.to_string()))
            }
            Err(error) if REFUSED_FOR_GOOD.contains(&error.code()) => {
                Err(AppendError::Refused(error.to_string()))
            }
            Err(error) => Err(unanswered(&error)),
        }
    }

    /// The server checks the condition before the id, so a repeat of an event that was stored is answered that its
    /// condition no longer holds. If it was stored, it is the one that follows the expected position on its subject.
    async fn resolve_conflict(
        &self,
        event: &NewEvent,
        expected: Position,
    ) -> Result<Appended, AppendError> {
        let unread = |error: ReadError| AppendError::Unconfirmed(error.to_string());
        let follower = self
            .next_on_subject(expected, &event.subject)
            .await
            .map_err(unread)?;
        if let Some(follower) = follower
            && follower
                .headers
                .get(header::NATS_MESSAGE_ID)
                .is_some_and(|id| id.as_str() == event.message_id)
        {
            let position = follower.event.position;
            self.saw(position);
            return Ok(Appended {
                position,
                duplicate: true,
            });
        }
        let last = self.last_on_subject(&event.subject).await.map_err(unread)?;
        let actual = last.map_or(Position::ORIGIN, |last| last.position);
        Err(AppendError::Conflict { expected, actual })
    }

    /// Set once the stream was found to be another.
    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

pub(super) fn unanswered(error: &ApiError) -> AppendError {
    match error {
        ApiError::NotPermitted { .. } => AppendError::Refused(error.to_string()),
        _ => AppendError::Unconfirmed(error.to_string()),
    }
}

pub(super) fn headers(event: &NewEvent) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::NATS_MESSAGE_ID, event.message_id.as_str());
    // Without it a message is in binary mode by the NATS binding of CloudEvents, and its attributes would be looked for
    // in headers.
    headers.insert("content-type", "application/cloudevents+json");
    if let Some(AppendCondition::LastOnSubject(expected)) = event.condition {
        headers.insert(
            header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
            HeaderValue::from(expected.0),
        );
    }
    headers
}

/// Refuses here what the server would refuse, or what would end the connection.
fn examine(event: &NewEvent) -> Result<(), AppendError> {
    let refuse = |why: String| Err(AppendError::Refused(why));
    let subject = &event.subject;
    let token = |token: &str| {
        !token.is_empty()
            && token
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'*' && byte != b'>')
    };
    if !subject.starts_with("joinedup.")
        || subject.len() > MAX_NAME_BYTES
        || !subject.split('.').all(token)
    {
        return refuse(
            "the subject is not one of this log: `joinedup.` and tokens without blanks, `*` or `>`"
                .into(),
        );
    }
    let id = &event.message_id;
    if id.is_empty() || id.len() > MAX_NAME_BYTES || !id.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return refuse(format!(
            "an event on {subject} has no usable message id: 1 to {MAX_NAME_BYTES} visible characters"
        ));
    }
    if event.payload.len() > MAX_PAYLOAD {
        let size = event.payload.len();
        return refuse(format!(
            "an event on {subject} has {size} bytes; {MAX_PAYLOAD} is the most"
        ));
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use bytes::Bytes;

    /// An event of a size.
    pub(in crate::jetstream) fn event(subject: &str, id: &str, size: usize) -> NewEvent {
        NewEvent {
            subject: subject.to_owned(),
            message_id: id.to_owned(),
            payload: Bytes::from(vec![b'x'; size]),
            condition: None,
        }
    }

    #[test]
    fn what_would_break_the_protocol_is_refused_before_it_is_sent() {
        assert!(examine(&event("joinedup.a.b", "id", MAX_PAYLOAD)).is_ok());
        for (subject, id, size) in [
            ("other.a", "id", 1),
            ("joinedup", "id", 1),
            ("joinedup.", "id", 1),
            ("joinedup..a", "id", 1),
            ("joinedup.a b", "id", 1),
            ("joinedup.a.>", "id", 1),
            ("joinedup.a", "", 1),
            ("joinedup.a", "id\r\nNats-Rollup: all", 1),
            ("joinedup.a", "id", MAX_PAYLOAD + 1),
        ] {
            assert!(
                matches!(
                    examine(&event(subject, id, size)),
                    Err(AppendError::Refused(_))
                ),
                "{subject} {id:?}"
            );
        }
    }
}
