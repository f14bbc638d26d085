//! A run of events, sorted by the partition that folds them.

use super::EntityKey;
use crate::contribution::{StoredFact, retraction_mut};
use crate::summary::Reports;
use joinedup_events::referral::ReferralFact;
use joinedup_events::transfer::TransferFact;
use joinedup_events::{EntityId, Event, Fact, Family};
use std::collections::BTreeSet;

/// A fact on its way to one entity.
pub(super) struct Message {
    pub key: EntityKey,
    pub family: Family,
    pub entity: EntityId,
    pub fact: StoredFact,
}

/// Events of a run: the facts for each partition, and the reports of their sources.
#[derive(Default)]
pub struct Bundle {
    /// By partition.
    pub(super) messages: Vec<Vec<Message>>,
    pub(super) reports: Reports,
    /// The last position.
    pub(super) position: u64,
}

impl Bundle {
    /// An empty one, for a view of so many partitions.
    #[must_use]
    pub fn new(partitions: usize) -> Self {
        let messages = (0..partitions.max(1)).map(|_| Vec::new()).collect();
        Self {
            messages,
            ..Self::default()
        }
    }

    /// Takes an event in with its position. Its sources are counted once, however many entities get it.
    pub fn add(&mut self, position: u64, event: Event) {
        self.position = self.position.max(position);
        self.reports.note(&event);
        let family = event.fact.family();
        let previous = event.fact.previous().cloned();
        let (entity, fact) = StoredFact::of(event, position);
        if let Some(previous) = previous {
            let linked = StoredFact {
                linked: Some(EntityKey::of(family, entity.as_str())),
                ..fact.clone()
            };
            self.send(family, previous, linked);
        }
        self.send(family, entity, fact);
    }

    fn send(&mut self, family: Family, entity: EntityId, fact: StoredFact) {
        self.deal(Message {
            key: EntityKey::of(family, entity.as_str()),
            family,
            entity,
            fact,
        });
    }

    pub(super) fn deal(&mut self, message: Message) {
        let partition = message.key.partition(self.messages.len());
        self.messages[partition].push(message);
    }

    /// The same for a view of so many partitions, whatever it was made for.
    pub(super) fn dealt_to(self, partitions: usize) -> Self {
        if self.messages.len() == partitions {
            return self;
        }
        let mut dealt = Self {
            reports: self.reports,
            position: self.position,
            ..Self::new(partitions)
        };
        for message in self.messages.into_iter().flatten() {
            dealt.deal(message);
        }
        dealt
    }

    /// How many facts there are for entities.
    pub(super) fn len(&self) -> usize {
        self.messages.iter().map(Vec::len).sum()
    }
}

/// The facts for the entities that an entity has ever named as its previous one: whatever corrects that and does not name them
/// itself. There, such a fact names nobody.
pub(super) fn relayed(key: EntityKey, family: Family, facts: &[StoredFact]) -> Vec<Message> {
    let own = || facts.iter().filter(|stored| stored.linked.is_none());
    let followed: BTreeSet<&EntityId> = own()
        .filter(|stored| stored.fact.retraction().is_none())
        .filter_map(|stored| stored.fact.previous())
        .collect();
    let mut relayed = Vec::new();
    for previous in followed {
        for stored in own().filter(|stored| stored.fact.previous() != Some(previous)) {
            let mut fact = StoredFact {
                linked: Some(key),
                ..stored.clone()
            };
            match &mut fact.fact {
                Fact::Transfer(TransferFact::Admitted(f)) => f.previous = None,
                Fact::Referral(ReferralFact::Received(f)) => f.previous = None,
                Fact::Transfer(TransferFact::Cancelled(_)) => {}
                other => match retraction_mut(other) {
                    Some(retraction) => retraction.previous = None,
                    None => continue,
                },
            }
            relayed.push(Message {
                key: EntityKey::of(family, previous.as_str()),
                family,
                entity: previous.clone(),
                fact,
            });
        }
    }
    relayed
}
