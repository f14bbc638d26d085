//! Which version of a resource was taken last: each is the whole of what stands, so an older one that comes after it has no effect.

use super::reader::{About, Reported};
use crate::stay::events::Origin;
use crate::stay::statement::Statement;
use chrono::{DateTime, Utc};
use joinedup_events::transfer::TransferFact;
use joinedup_events::{EntityId, Fact};
use joinedup_views::contribution::{SourceKey, StoredFact};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Of so many stays the last version is remembered, since the start. It is known of others by the facts that it left.
const MAX_VERSIONS: usize = 10_000;

/// The last version of each stay, and the stays in the order in which they were taken first.
#[derive(Debug, Default)]
pub struct Versions {
    made: BTreeMap<EntityId, DateTime<Utc>>,
    order: VecDeque<EntityId>,
}

impl Versions {
    /// Whether a newer version of what a statement is about was taken.
    pub(super) fn is_older(
        &self,
        statement: &Statement,
        known: &[StoredFact],
        origin: &Origin<'_>,
    ) -> bool {
        let made = self.made.get(origin.entity);
        if made.is_some_and(|made| *made > statement.recorded) {
            return true;
        }
        let source = SourceKey::of(&origin.source);
        let own = || {
            let own = known.iter().filter(|fact| fact.linked.is_none());
            own.filter(|fact| fact.source == source)
        };
        // What was recorded with a notice is not of a version of the resource.
        let with_notices: BTreeSet<DateTime<Utc>> = own()
            .filter(|fact| is_of_notice(&fact.fact))
            .map(|fact| fact.recorded_at)
            .collect();
        let until = statement.recorded + statement.within;
        let mut later = own().filter(|fact| fact.recorded_at >= until);
        later.any(|fact| !with_notices.contains(&fact.recorded_at))
    }

    /// Remembers a version that has its turn.
    pub fn remember(&mut self, reported: &Reported, entity: &EntityId) {
        if !matches!(&reported.about, About::Stay { in_passing, .. } if !in_passing) {
            return;
        }
        match self.made.get_mut(entity) {
            Some(made) => *made = reported.recorded.max(*made),
            None => {
                if self.order.len() >= MAX_VERSIONS
                    && let Some(first) = self.order.pop_front()
                {
                    self.made.remove(&first);
                }
                self.made.insert(entity.clone(), reported.recorded);
                self.order.push_back(entity.clone());
            }
        }
    }
}

fn is_of_notice(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Transfer(
            TransferFact::AssessmentNoticeGiven(_)
                | TransferFact::SocialCareReferred(_)
                | TransferFact::DischargeNoticeGiven(_)
                | TransferFact::DischargeNoticeWithdrawn(_)
        )
    )
}
