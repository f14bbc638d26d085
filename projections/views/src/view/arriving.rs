//! What events that are about to be stored contradict: each other, and what the view holds of their entities.

use super::View;
use super::bundle::{Bundle, Message};
use crate::contradictions::{Contradiction, among};
use crate::contribution::StoredFact;
use crate::fact_set::{in_order, make_earlier, same_content, without_retracted};
use joinedup_events::{Event, Family};

impl View {
    /// The contradictions that events make, each with the place of its event in the list; nothing of them is folded. A
    /// contradiction counts for the event that makes it: of the facts concerned, the one that was recorded last. Where that
    /// one is known already and an event reveals it, it counts for the last event about the entity.
    ///
    /// It is what the view knows now, without waiting: events that were published a moment ago may not be in it yet.
    #[must_use]
    pub fn contradicted_by(&self, events: &[Event]) -> Vec<(usize, Contradiction)> {
        // Whatever the view holds stands before them.
        let first = self.position() + 1;
        let mut bundle = Bundle::new(1);
        for (position, event) in (first..).zip(events) {
            if may_contradict(event) {
                bundle.add(position, event.clone());
            }
        }
        let mut messages: Vec<Message> = bundle.messages.into_iter().flatten().collect();
        messages.retain(|message| message.fact.linked.is_none());
        messages.sort_by_key(|message| message.key);
        let mut found: Vec<(usize, Contradiction)> = messages
            .chunk_by(|a, b| a.key == b.key)
            .flat_map(|about_one| self.of_one(about_one))
            .filter_map(|(position, kind)| Some((usize::try_from(position - first).ok()?, kind)))
            .collect();
        found.sort_unstable();
        found
    }

    /// What events about one entity contradict, by their positions.
    fn of_one(&self, about_one: &[Message]) -> Vec<(u64, Contradiction)> {
        let Some(last) = about_one.last() else {
            return Vec::new();
        };
        let entity = self.entity_of(last.key);
        let mut facts = entity.map(|e| e.facts.all()).unwrap_or_default();
        let mut before: Vec<Contradiction> = Vec::new();
        in_order(&mut facts);
        among(&facts, &without_retracted(&facts), &mut |kind, _| {
            before.push(kind)
        });
        for Message { fact, .. } in about_one {
            let mut known = facts.iter_mut();
            match known.find(|known| known.key == fact.key && same_content(known, fact)) {
                Some(known) => make_earlier(known, fact),
                None => facts.push(fact.clone()),
            }
        }
        in_order(&mut facts);
        let mut found = Vec::new();
        let mut count = |kind: Contradiction, by: &StoredFact| {
            let own = about_one.iter().find(|message| message.fact.key == by.key);
            let was_there = before.iter().position(|known| *known == kind);
            if let Some(at) = was_there {
                before.swap_remove(at);
            }
            match own {
                Some(own) => found.push((own.fact.position, kind)),
                None if was_there.is_none() => found.push((last.fact.position, kind)),
                None => {}
            }
        };
        among(&facts, &without_retracted(&facts), &mut count);
        found
    }
}

/// Whether an event can make a contradiction, so that the others, of which there are most, cost nothing.
fn may_contradict(event: &Event) -> bool {
    let family = event.fact.family();
    matches!(family, Family::Transfer | Family::Referral | Family::Change)
        || event.fact.retraction().is_some()
}
