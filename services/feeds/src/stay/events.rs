//! Changes as events. Their ids follow from the message or resource that they come from, so the same again makes no others.

use super::Changes;
use crate::line_list::row::Ring;
use crate::pseudonym::{Key, Purpose};
use chrono::{DateTime, Utc};
use joinedup_events::facts::Retracted;
use joinedup_events::referral::ReferralFact;
use joinedup_events::transfer::TransferFact;
use joinedup_events::{AreaId, EntityId, Event, EventKey, Fact, Family, Slug};
use joinedup_views::contribution::{FactKey, StoredFact};
use std::collections::{BTreeMap, BTreeSet};

/// What the events of one message or resource have in common.
#[derive(Clone, Debug)]
pub struct Origin<'a> {
    /// The feed's name, with which ids begin.
    pub feed: &'a Slug,
    /// The source.
    pub source: String,
    /// The area.
    pub area: &'a AreaId,
    /// The stay.
    pub entity: &'a EntityId,
    /// The keys.
    pub ring: &'a Ring,
    /// The hash of the message or resource, as [`message`] makes it.
    pub message: &'a str,
}

/// The hash of a message or resource as it was sent, by today's key.
#[must_use]
pub fn message(ring: &Ring, sent: &[u8]) -> String {
    ring.current.hash(Purpose::Content, &[b"message", sent])
}

/// A fact that stands by itself, whatever else is known.
#[derive(Clone, Debug)]
pub struct Alone {
    /// The time that stands there.
    pub written: DateTime<Utc>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The fact.
    pub fact: Fact,
    /// Whose word it is, where that matters later.
    pub by: Option<&'static str>,
}

impl Origin<'_> {
    /// The events of changes; `ids` are those of the events that are taken back, by position. What this very message has
    /// said already is left out: what came after it stands. A change is whole or nothing: where the door does not admit what
    /// is stated, nothing is taken back for it, and it alone is sent, so that the sender learns why.
    #[must_use]
    pub fn events(
        &self,
        changes: Changes,
        known: &[StoredFact],
        ids: &BTreeMap<u64, String>,
        admits: impl Fn(&Event) -> bool,
    ) -> Vec<Event> {
        let keys: BTreeSet<FactKey> = known.iter().map(|fact| fact.key).collect();
        let id = |about: &str, part: &str| {
            let parts = [self.entity.as_str(), about, part, self.message].map(str::as_bytes);
            format!(
                "{}-{}",
                self.feed,
                self.ring.current.hash(Purpose::Event, &parts)
            )
        };
        let event = |id, at, fact| self.event(id, at, changes.recorded, fact);
        let taken_back_as = |position: u64| {
            let mut own = known.iter().filter(|fact| fact.linked.is_none());
            let taken_back = own.find(|fact| fact.position == position)?;
            let retracted = Retracted {
                retracts: ids.get(&position)?.clone(),
                retracts_source: None,
                // Who was the stay before it learns of what is taken back too.
                previous: taken_back.fact.previous().cloned(),
            };
            Some(match taken_back.fact.family() {
                Family::Referral => Fact::Referral(ReferralFact::Retracted(retracted)),
                _ => Fact::Transfer(TransferFact::Retracted(retracted)),
            })
        };
        let mut events = Vec::new();
        for change in changes.changes {
            let stated = change.stated.map(|(at, fact)| {
                let id = id(change.about, "stated");
                event(id, at, Fact::Transfer(fact))
            });
            let mark = match &stated {
                Some(stated) => stated.id.clone(),
                None => id(change.about, "0"),
            };
            if keys.contains(&EventKey::of(&self.source, &mark).into()) {
                continue;
            }
            let stands = stated.as_ref().is_none_or(&admits);
            let taken_back = change.taken_back.iter().filter(|_| stands).enumerate();
            events.extend(taken_back.filter_map(|(number, position)| {
                let fact = taken_back_as(*position)?;
                let id = id(change.about, &number.to_string());
                Some(event(id, changes.recorded, fact))
            }));
            events.extend(stated);
        }
        events
    }

    /// Facts that stand by themselves, as events; what is known already is left out.
    #[must_use]
    pub fn stated(
        &self,
        facts: Vec<Alone>,
        recorded: DateTime<Utc>,
        known: &[StoredFact],
    ) -> Vec<Event> {
        let is_new = |alone: &Alone| known.iter().all(|fact| !self.stored(alone, fact));
        let event = |alone: Alone| {
            let id = self.id_alone(&alone, &self.ring.current);
            self.event(id, alone.at, recorded, alone.fact)
        };
        facts.into_iter().filter(is_new).map(event).collect()
    }

    /// Whether it was such a fact that was stored, by today's key or by the one before.
    #[must_use]
    pub fn stored(&self, alone: &Alone, stored: &StoredFact) -> bool {
        let mut ids = self.ring.all().map(|key| self.id_alone(alone, key));
        ids.any(|id| stored.key == EventKey::of(&self.source, &id).into())
    }

    /// It follows from what is stated and the time that stands there, so the same again is the same event.
    fn id_alone(&self, alone: &Alone, key: &Key) -> String {
        let (time, content) = (alone.written.to_rfc3339(), alone.fact.to_json().to_string());
        let mut parts = vec![self.entity.as_str(), alone.fact.name(), &time, &content];
        parts.extend(alone.by);
        let parts: Vec<&[u8]> = parts.into_iter().map(str::as_bytes).collect();
        format!("{}-{}", self.feed, key.hash(Purpose::Event, &parts))
    }

    fn event(
        &self,
        id: String,
        occurred_at: DateTime<Utc>,
        recorded_at: DateTime<Utc>,
        fact: Fact,
    ) -> Event {
        Event {
            source: self.source.clone(),
            id,
            occurred_at,
            recorded_at,
            entity: self.entity.clone(),
            area: self.area.clone(),
            fact,
            actor: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_events::facts::Happened;
    use joinedup_views::contribution::SourceKey;

    #[test]
    fn what_was_stored_by_the_key_before_is_known_until_that_is_gone() {
        let key = |byte| Key::of(&[byte; 32]).unwrap();
        let at = DateTime::UNIX_EPOCH;
        let alone = Alone {
            written: at,
            at,
            fact: Fact::Referral(ReferralFact::Reopened(Happened {})),
            by: None,
        };
        let stated = |current, previous: Option<u8>, known: &[StoredFact]| {
            let ring = Ring {
                current: key(current),
                previous: previous.map(key),
            };
            let origin = Origin {
                feed: &Slug::new("ward").unwrap(),
                source: "/feeds/ward".to_owned(),
                area: &AreaId::new("RAJ").unwrap(),
                entity: &EntityId::new("ward-1").unwrap(),
                ring: &ring,
                message: "",
            };
            origin.stated(vec![alone.clone()], at, known)
        };
        let first = stated(1, None, &[]).remove(0);
        let known = [StoredFact {
            key: EventKey::of(&first.source, &first.id).into(),
            source: SourceKey::of(&first.source),
            position: 1,
            occurred_at: at,
            recorded_at: at,
            area: first.area,
            linked: None,
            fact: first.fact,
        }];
        assert_eq!(stated(1, None, &known), []);
        assert_eq!(stated(2, Some(1), &known), []);
        assert_eq!(stated(2, None, &known).len(), 1);
    }
}
