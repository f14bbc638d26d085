//! Events on their way to a server: several requests at a time, with the events of one entity in their order.

use super::{Bound, SendError, Sent};
use crate::http_client::{Answered, Client};
use joinedup_events::Event;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Requests that are under way at a time. While the server waits for its disk for one of them it checks another, and its log
/// makes several durable at once; more than these gained nothing.
pub(super) const LANES: usize = 4;
/// Events in one request: as many as a server takes.
pub(super) const MAX_EVENTS: usize = 1_000;
/// Bytes in one request, about: a server takes 1 MiB.
const MAX_BYTES: usize = 1000 << 10;
/// The broken rules that a server lists in one answer.
const MAX_LISTED: usize = 20;
/// Fewer events than these do not fill a request, and are not shared out among several.
const MIN_EVENTS: usize = MAX_EVENTS / 2;

/// Sends events and answers when they are durable. All of one entity go one after the other, in the order given.
///
/// # Errors
/// When the server does not take them after several tries; what was accepted before stays.
pub(super) async fn send(
    client: &Client,
    events: &[Event],
    bound: &Bound,
) -> Result<Sent, SendError> {
    let used = (events.len() / MIN_EVENTS).clamp(1, LANES);
    let mut shared: [Vec<usize>; LANES] = Default::default();
    for (at, event) in events.iter().enumerate() {
        let mut hasher = DefaultHasher::new();
        event.entity.as_str().hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % used as u64).unwrap_or_default();
        if let Some(indices) = shared.get_mut(lane) {
            indices.push(at);
        }
    }
    let lane = |indices| {
        let lane = Lane {
            client,
            events,
            bound,
        };
        lane.send(indices)
    };
    let [first, second, third, fourth] = shared.map(lane);
    // What is under way when another fails is waited for: its outcome is known then.
    let (first, second, third, fourth) = tokio::join!(first, second, third, fourth);
    let mut sent = Sent::default();
    for lane in [first, second, third, fourth] {
        let lane = lane?;
        sent.accepted += lane.accepted;
        sent.duplicates += lane.duplicates;
        sent.superseded += lane.superseded;
        sent.contradicting += lane.contradicting;
        sent.refused.extend(lane.refused);
    }
    sent.refused.sort_by_key(|(at, ..)| *at);
    Ok(sent)
}

/// Requests that go one after the other.
struct Lane<'a> {
    client: &'a Client,
    events: &'a [Event],
    /// What goes in together or not at all is in one request.
    bound: &'a Bound,
}

impl Lane<'_> {
    /// Sends the events of these indices; leaves out the ones that are refused, and halves what is too large.
    async fn send(self, indices: Vec<usize>) -> Result<Sent, SendError> {
        let mut sent = Sent::default();
        let mut rest = indices.as_slice();
        while !rest.is_empty() {
            let (body, count) = self.body(rest, MAX_BYTES);
            let (now, later) = rest.split_at(count);
            self.post(now.to_vec(), body, &mut sent).await?;
            rest = later;
        }
        Ok(sent)
    }

    /// A JSON list of the first of some events, as many as one request holds and one group at least; and how many these are.
    fn body(&self, indices: &[usize], max_bytes: usize) -> (Vec<u8>, usize) {
        let mut body = vec![b'['];
        let mut count = 0;
        // Where the last group ends.
        let mut end = (body.len(), count);
        let events = indices.iter().filter_map(|at| self.events.get(*at));
        for event in events {
            let text = event.to_text();
            let is_full = count >= MAX_EVENTS || body.len() + text.len() + 2 > max_bytes;
            if is_full && end.1 > 0 {
                break;
            }
            if count > 0 {
                body.push(b',');
            }
            body.extend_from_slice(text.as_bytes());
            count += 1;
            if self.is_between(indices, count) {
                end = (body.len(), count);
            }
        }
        body.truncate(end.0);
        body.push(b']');
        (body, end.1)
    }

    /// Whether a group ends right before this place.
    fn is_between(&self, indices: &[usize], at: usize) -> bool {
        let group = |at: usize| indices.get(at).map(|at| self.bound.last(*at));
        at.checked_sub(1)
            .is_some_and(|before| group(before) != group(at))
    }

    /// Where several indices are parted into two: near the middle, and between groups; nowhere where they are one group.
    fn half(&self, indices: &[usize]) -> Option<usize> {
        let half = indices.len() / 2;
        let ends = |at: &usize| self.is_between(indices, *at);
        let mut after = half..indices.len();
        let before = || (1..half).rev().find(ends);
        after.find(ends).or_else(before)
    }

    async fn post(
        &self,
        indices: Vec<usize>,
        body: Vec<u8>,
        sent: &mut Sent,
    ) -> Result<(), SendError> {
        let mut open = vec![(indices, body)];
        let whole = |indices: Vec<usize>| {
            let (body, _) = self.body(&indices, usize::MAX);
            (indices, body)
        };
        while let Some((indices, body)) = open.pop() {
            let asked = self.client.clone();
            match tokio::task::spawn_blocking(move || asked.post_events(&body)).await?? {
                Answered::Taken {
                    accepted,
                    duplicates,
                    superseded,
                    contradicting,
                } => {
                    sent.accepted += accepted;
                    sent.duplicates += duplicates;
                    sent.superseded += superseded;
                    sent.contradicting += contradicting;
                }
                Answered::TooLarge => {
                    let Some(half) = self.half(&indices) else {
                        let why = "is larger than the server takes".to_owned();
                        let refused = indices
                            .into_iter()
                            .map(|at| (at, String::new(), why.clone()));
                        sent.refused.extend(refused);
                        continue;
                    };
                    let (first, second) = indices.split_at(half);
                    // The last is taken first: order is kept.
                    open.push(whole(second.to_vec()));
                    open.push(whole(first.to_vec()));
                }
                Answered::Refused(errors) => {
                    let errors: Vec<_> = errors
                        .into_iter()
                        .filter_map(|(at, field, rule)| Some((*indices.get(at)?, field, rule)))
                        .collect();
                    let wrong = self.bound.groups(errors.iter().map(|(at, ..)| *at));
                    let are_listed = errors.len() >= MAX_LISTED;
                    sent.refused.extend(errors);
                    let goes_in = |at: &usize| !wrong.contains(&self.bound.last(*at));
                    let rest: Vec<usize> = indices.iter().copied().filter(goes_in).collect();
                    if rest.is_empty() || rest.len() == indices.len() {
                        continue;
                    }
                    // Every round leaves out at least one: it ends. Where the list of what is wrong was cut off, more of the
                    // rest is wrong, and the half that is not goes in at once.
                    let half = self.half(&rest).filter(|_| are_listed);
                    let (first, second) = rest.split_at(half.unwrap_or_default());
                    for part in [second, first] {
                        if !part.is_empty() {
                            open.push(whole(part.to_vec()));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
