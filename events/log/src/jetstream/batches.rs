//! Atomic batches of events.
//!
//! A server that writes each event to disk on its own takes a thousand or so a second; stored as one atomic batch a
//! thousand events cost one write. So a run of events goes as atomic batches where server and stream take them. A
//! batch with a repeat in it is refused as a whole and nothing of it is stored. Repeats within a run are seen here and
//! sent once; what the server knows already is found by halving the batch, and only what is left of it is published
//! one by one, which gives each event its own answer.

use std::collections::HashMap;

use async_nats::{HeaderValue, Request, header};

use super::Shared;
use super::connection::{ApiError, parse};
use super::publish::{PublishAck, headers, unanswered};
use crate::{AppendError, Appended, NewEvent, Position};

/// From this many events on, one atomic batch is quicker than as many single writes to disk: the server prepares a
/// batch for 10 to 50 ms whatever its size, where a single write takes it about one.
const ATOMIC_FROM: usize = 40;

/// A refused batch of at most so many is not halved again: trying would cost more than its single writes.
const HALVED_ABOVE: usize = 4 * ATOMIC_FROM;

/// The most messages the server takes in one batch.
const MAX_ATOMIC: usize = 1000;

/// The most payload in one batch, so that a batch of large events does not hold the connection for long.
const ATOMIC_BYTES: usize = 8 * 1024 * 1024;

impl Shared {
    /// Events without conditions, in order. One that is in the run twice is sent once.
    pub(super) async fn publish_run(
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
}

/// How many of these events go in one batch: at least one.
fn batch_len(events: &[&NewEvent]) -> usize {
    let mut bytes = 0;
    events
        .iter()
        .take(MAX_ATOMIC)
        .take_while(|event| {
            let first = bytes == 0;
            bytes += event.payload.len() + 1;
            first || bytes <= ATOMIC_BYTES
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::super::publish::tests::event;
    use super::super::stream::MAX_PAYLOAD;
    use super::*;

    #[test]
    fn batches_are_bounded_in_number_and_size_and_never_empty() {
        let small: Vec<_> = (0..1500)
            .map(|n| event("joinedup.a", &n.to_string(), 10))
            .collect();
        let small: Vec<_> = small.iter().collect();
        assert_eq!(batch_len(&small), MAX_ATOMIC);
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
