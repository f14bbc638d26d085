//! Appends: published with their ids, many in flight, every acknowledgement awaited.
//!
//! A server that writes each event to disk on its own takes a thousand or so a second; stored as one atomic batch a
//! thousand events cost one write. So a run of events goes as atomic batches where server and stream take them. A
//! batch with a repeat in it is refused as a whole and nothing of it is stored. Repeats within a run are seen here and
//! sent once; what the server knows already is found by halving the batch, and only what is left of it is published
//! one by one, which gives each event its own answer.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use async_nats::{HeaderMap, HeaderValue, Request, StatusCode, header};
use futures::StreamExt;
use serde::Deserialize;
use tokio::time::timeout;

use super::Shared;
use super::connection::{ApiError, parse};
use super::stream::MAX_PAYLOAD;
use crate::{AppendCondition, AppendError, Appended, NewEvent, Position, ReadError};

/// From this many events on, one atomic batch is quicker than as many single writes to disk: the server prepares a
/// batch for 10 to 50 ms whatever its size, where a single write takes it about one.
const ATOMIC_FROM: usize = 40;

/// A refused batch of at most so many is not halved again: trying would cost more than its single writes.
const HALVED_ABOVE: usize = 4 * ATOMIC_FROM;

/// The most messages the server takes in one batch.
const ATOMIC_MOST: usize = 1000;

/// The most payload in one batch, so that a batch of large events does not hold the connection for long.
const ATOMIC_BYTES: usize = 8 * 1024 * 1024;

/// The most single publishes without an answer.
const IN_FLIGHT: usize = 1000;

/// The longest subject and the longest message id, so that both fit beside the payload.
const LONGEST_NAME: usize = 1024;

/// The server's codes for "the last sequence is another".
const WRONG_LAST_SEQUENCE: [u64; 2] = [10071, 10164];

/// The server's codes for what it will refuse again: too large, full, sealed.
const REFUSED_FOR_GOOD: [u64; 8] = [10023, 10047, 10053, 10054, 10077, 10097, 10109, 10122];

/// The answer to a publish or to the last message of a batch.
#[derive(Debug, Deserialize)]
struct PublishAck {
    seq: u64,
    #[serde(default)]
    duplicate: bool,
    /// How many messages of a batch were stored.
    #[serde(default)]
    count: usize,
}

impl Shared {
    pub(super) async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError> {
        for event in &events {
            examine(event)?;
        }
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

    /// Events without conditions, in order. One that is in the run twice is sent once.
    async fn publish_run(
        &self,
        run: &[NewEvent],
        answers: &mut Vec<Appended>,
    ) -> Result<(), AppendError> {
        let mut numbers: HashMap<&str, usize> = HashMap::with_capacity(run.len());
        let mut first: Vec<&NewEvent> = Vec::with_capacity(run.len());
        let sent: Vec<(usize, bool)> = run
            .iter()
            .map(|event| {
                let number = *numbers.entry(&event.message_id).or_insert(first.len());
                let repeat = number < first.len();
                if !repeat {
                    first.push(event);
                }
                (number, repeat)
            })
            .collect();
        let mut stored = Vec::with_capacity(first.len());
        let mut rest = first.as_slice();
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(batch_len(rest));
            rest = after;
            self.publish_batch(batch, &mut stored).await?;
        }
        // Every event that was sent has its answer, or we were not here.
        answers.extend(sent.into_iter().filter_map(|(number, repeat)| {
            let one: &Appended = stored.get(number)?;
            Some(Appended {
                position: one.position,
                duplicate: one.duplicate || repeat,
            })
        }));
        Ok(())
    }

    /// At once where that is possible, else its halves, else one by one; in order.
    async fn publish_batch(
        &self,
        batch: &[&NewEvent],
        stored: &mut Vec<Appended>,
    ) -> Result<(), AppendError> {
        let mut left = vec![batch];
        while let Some(part) = left.pop() {
            if !self.atomic || part.len() < ATOMIC_FROM {
                stored.extend(self.publish_each(part).await?);
                continue;
            }
            match self.publish_atomic(part).await? {
                Some(answers) => stored.extend(answers),
                None if part.len() > HALVED_ABOVE => {
                    let (one, other) = part.split_at(part.len() / 2);
                    left.extend([other, one]);
                }
                None => stored.extend(self.publish_each(part).await?),
            }
        }
        Ok(())
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

    /// Many events at once without an answer each; `None` when the server took nothing of it.
    async fn publish_atomic(
        &self,
        batch: &[&NewEvent],
    ) -> Result<Option<Vec<Appended>>, AppendError> {
        let Some((last, first)) = batch.split_last() else {
            return Ok(Some(Vec::new()));
        };
        let id = HeaderValue::from(uuid::Uuid::new_v4().simple().to_string());
        let headers = |event: &NewEvent, number: usize| {
            let mut headers = headers(event);
            headers.insert(header::NATS_BATCH_ID, id.clone());
            headers.insert(header::NATS_BATCH_SEQUENCE, HeaderValue::from(number));
            headers
        };
        for (index, event) in first.iter().enumerate() {
            let send = self.connection.client.publish_with_headers(
                event.subject.clone(),
                headers(event, index + 1),
                event.payload.clone(),
            );
            self.sent(send).await?;
        }
        let mut commit = headers(last, batch.len());
        commit.insert(header::NATS_BATCH_COMMIT, header::NATS_BATCH_COMMIT_FINAL);
        let request = Request::new().payload(last.payload.clone()).headers(commit);
        let answer = match self.connection.request(&last.subject, request).await {
            Ok(answer) => parse::<PublishAck>(&last.subject, &answer),
            Err(error) => Err(error),
        };
        match answer {
            Ok(ack) if ack.count == batch.len() && ack.seq >= batch.len() as u64 => {
                self.saw(Position(ack.seq));
                let before = ack.seq - batch.len() as u64;
                let positions = (before + 1..=ack.seq).map(Position);
                Ok(Some(
                    positions
                        .map(|position| Appended {
                            position,
                            duplicate: false,
                        })
                        .collect(),
                ))
            }
            // Not what a batch is answered with; the ids make it safe to ask again for each.
            Ok(_) => Ok(None),
            Err(ApiError::Refused {
                code, description, ..
            }) => {
                tracing::debug!(
                    code,
                    description,
                    events = batch.len(),
                    "an atomic batch was refused"
                );
                Ok(None)
            }
            Err(error) => Err(unanswered(&error)),
        }
    }

    /// Many events in flight, each with an answer of its own. The time allowed runs from answer to answer, as a
    /// server that writes each to disk may well need longer than that for all of them.
    async fn publish_each(&self, events: &[&NewEvent]) -> Result<Vec<Appended>, AppendError> {
        let client = &self.connection.client;
        let inbox = client.new_inbox();
        let mut acks = self.sent(client.subscribe(format!("{inbox}.*"))).await?;
        let mut losses = self.connection.losses();
        let mut refused = self.connection.refused();
        let mut answers: Vec<Option<Appended>> = vec![None; events.len()];
        let mut failed: Option<(usize, AppendError)> = None;
        let (mut sent, mut answered) = (0, 0);
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
            let ack = timeout(self.connection.timeout, async {
                tokio::select! {
                    biased;
                    ack = acks.next() => Ok(ack),
                    _ = losses.changed() => Err(AppendError::Unconfirmed("the connection was lost".to_owned())),
                    subject = refused.recv() => Err(AppendError::Refused(match subject {
                        Ok(subject) => format!("the server does not permit us to use {subject}"),
                        Err(_) => "the server does not permit us to use some subjects".to_owned(),
                    })),
                }
            });
            let message = match ack.await {
                Ok(Ok(Some(message))) => message,
                Ok(Ok(None)) => {
                    return Err(AppendError::Unconfirmed(
                        "the connection was closed".to_owned(),
                    ));
                }
                // Another request of ours may be the one that was refused; ours are then still answered.
                Ok(Err(AppendError::Refused(why)))
                    if !events.iter().any(|event| why.ends_with(&event.subject)) =>
                {
                    tracing::debug!(why, "a refusal that concerns another request");
                    continue;
                }
                Ok(Err(error)) => return Err(error),
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

    /// Waits for room in the client, which there is none of while it is disconnected for long.
    async fn sent<T, E>(&self, send: impl Future<Output = Result<T, E>>) -> Result<T, AppendError> {
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
            Err(error) if REFUSED_FOR_GOOD.contains(&error.code()) => {
                Err(AppendError::Refused(error.to_string()))
            }
            Err(error) => Err(unanswered(&error)),
        }
    }

    /// The server checks the condition before the id, so a repeat of an event that was stored is told that its
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
            let position = Position(follower.sequence);
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

fn unanswered(error: &ApiError) -> AppendError {
    match error {
        ApiError::NotPermitted { .. } => AppendError::Refused(error.to_string()),
        _ => AppendError::Unconfirmed(error.to_string()),
    }
}

/// How many of these events go in one batch: at least one.
fn batch_len(events: &[&NewEvent]) -> usize {
    let mut bytes = 0;
    events
        .iter()
        .take(ATOMIC_MOST)
        .take_while(|event| {
            let first = bytes == 0;
            bytes += event.payload.len() + 1;
            first || bytes <= ATOMIC_BYTES
        })
        .count()
}

fn headers(event: &NewEvent) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::NATS_MESSAGE_ID, event.message_id.as_str());
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
        || subject.len() > LONGEST_NAME
        || !subject.split('.').all(token)
    {
        return refuse(
            "the subject is not one of this log: `joinedup.` and tokens without blanks, `*` or `>`"
                .into(),
        );
    }
    let id = &event.message_id;
    if id.is_empty() || id.len() > LONGEST_NAME || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refuse(format!(
            "an event on {subject} has no usable message id: 1 to {LONGEST_NAME} visible characters"
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
mod tests {
    use super::*;
    use bytes::Bytes;

    fn event(subject: &str, id: &str, size: usize) -> NewEvent {
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

    #[test]
    fn batches_are_bounded_in_number_and_size_and_never_empty() {
        let small: Vec<_> = (0..1500)
            .map(|n| event("joinedup.a", &n.to_string(), 10))
            .collect();
        let small: Vec<_> = small.iter().collect();
        assert_eq!(batch_len(&small), ATOMIC_MOST);
        assert_eq!(batch_len(&small[..5]), 5);
        let large: Vec<_> = (0..500)
            .map(|n| event("joinedup.a", &n.to_string(), MAX_PAYLOAD))
            .collect();
        let large: Vec<_> = large.iter().collect();
        assert!((100..=128).contains(&batch_len(&large)));
        assert_eq!(batch_len(&large[..1]), 1);
        assert_eq!(
            batch_len(&[&event("joinedup.a", "0", 0), &event("joinedup.a", "1", 0)]),
            2
        );
    }
}
