//! Events on their way to a server: several requests at a time, with the events of one entity in their order.

use super::{Bound, SendError, Sent};
use crate::http_client::{Answered, Client};
use joinedup_events::Event;
use std::collections::BTreeSet;
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
    /// What is not to go in without another: the two are in one request.
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

    /// A JSON list of the first of some events, as many as one request holds and one at least; and how many these are.
    fn body(&self, indices: &[usize], max_bytes: usize) -> (Vec<u8>, usize) {
        let mut body = vec![b'['];
        let mut count = 0;
        // Where the events end that go in together or not at all.
        let mut end = (body.len(), count);
        let events = indices.iter().filter_map(|at| self.events.get(*at));
        for (event, at) in events.take(MAX_EVENTS).zip(indices) {
            let text = event.to_text();
            if count > 0 {
                if body.len() + text.len() + 2 > max_bytes {
                    break;
                }
                body.push(b',');
            }
            body.extend_from_slice(text.as_bytes());
            count += 1;
            if !self.bound.contains_key(at) {
                end = (body.len(), count);
            }
        }
        if end.1 > 0 {
            body.truncate(end.0);
            count = end.1;
        }
        body.push(b']');
        (body, count)
    }

    /// Where several indices are parted into two: near the middle, and not between events that go in together.
    fn half(&self, indices: &[usize]) -> usize {
        let half = indices.len() / 2;
        let ends = |at: &usize| {
            let last = at.checked_sub(1).and_then(|last| indices.get(last));
            last.is_some_and(|last| !self.bound.contains_key(last))
        };
        let mut after = half..indices.len();
        let before = || (1..half).rev().find(ends);
        after.find(ends).or_else(before).unwrap_or(half)
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
                Answered::TooLarge if indices.len() == 1 => {
                    let why = "is larger than the server takes".to_owned();
                    let refused = indices
                        .into_iter()
                        .map(|at| (at, String::new(), why.clone()));
                    sent.refused.extend(refused);
                }
                Answered::TooLarge => {
                    let (first, second) = indices.split_at(self.half(&indices));
                    // The last is taken first: order is kept.
                    open.push(whole(second.to_vec()));
                    open.push(whole(first.to_vec()));
                }
                Answered::Refused(errors) => {
                    let errors: Vec<_> = errors
                        .into_iter()
                        .filter_map(|(at, field, rule)| Some((*indices.get(at)?, field, rule)))
                        .collect();
                    let wrong: BTreeSet<usize> = errors.iter().map(|(at, ..)| *at).collect();
                    let are_listed = errors.len() >= MAX_LISTED;
                    sent.refused.extend(errors);
                    let goes_in = |at: &usize| {
                        let with = self.bound.get(at);
                        !wrong.contains(at) && !with.is_some_and(|with| wrong.contains(with))
                    };
                    let rest: Vec<usize> = indices.iter().copied().filter(goes_in).collect();
                    if rest.is_empty() || rest.len() == indices.len() {
                        continue;
                    }
                    // Every round leaves out at least one: it ends. Where the list of what is wrong was cut off, more of the
                    // rest is wrong, and the half that is not goes in at once.
                    let halved = are_listed && rest.len() > 1;
                    let at = if halved { self.half(&rest) } else { 0 };
                    let (first, second) = rest.split_at(at);
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
