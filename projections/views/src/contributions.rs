//! What entities add to the cells, family by family.

pub mod assessment;
pub mod change;
pub mod experience;
pub mod observation;
pub mod referral;
mod stated;
pub mod transfer;

use crate::contribution::{Sink, StoredFact};
use chrono::{DateTime, Utc};
use joinedup_events::referral::ReferralFact;
use joinedup_events::transfer::TransferFact;
use joinedup_events::{AreaId, Fact, Family, local};
use stated::Stated;
use std::collections::BTreeMap;

/// What an entity of a family adds, from its facts as they stand, in the order of recording. Returns whether it is
/// open: a transfer that waits in bed, a referral that is not closed.
pub fn contribute(family: Family, facts: &[StoredFact], sink: &mut dyn Sink) -> bool {
    let stated = Stated::of(facts);
    if stated.is_nothing() {
        return counted(family, facts, sink);
    }
    counted(family, facts, &mut stated.onto(sink))
}

fn counted(family: Family, facts: &[StoredFact], sink: &mut dyn Sink) -> bool {
    match family {
        Family::Transfer => return transfer::contribute(facts, sink),
        Family::Referral => return referral::contribute(facts, sink),
        Family::Assessment => assessment::contribute(facts, sink),
        Family::Experience => experience::contribute(facts, sink),
        Family::Change => change::contribute(facts, sink),
        Family::Observation => observation::contribute(facts, sink),
    }
    false
}

/// The area that an entity counts for: where its admission or receipt says, else its first record.
#[must_use]
pub fn area_of(facts: &[StoredFact]) -> Option<&AreaId> {
    places(facts).map(|stored| &stored.area)
}

/// Of an entity's own facts the one whose area it counts for. A stay counts where its admission says and a referral where its
/// receipt does, else where its first record says: several sources write about one person, and what the last of them names
/// must not move months that are over. All else counts where the fact recorded last says.
pub(crate) fn places(facts: &[StoredFact]) -> Option<&StoredFact> {
    let mut own = facts.iter().filter(|stored| stored.linked.is_none());
    let begins = |stored: &&StoredFact| {
        matches!(
            stored.fact,
            Fact::Transfer(TransferFact::Admitted(_)) | Fact::Referral(ReferralFact::Received(_))
        )
    };
    let of_several = |stored: &&StoredFact| {
        let is_said = stored.fact.retraction().is_none();
        is_said && matches!(stored.fact, Fact::Transfer(_) | Fact::Referral(_))
    };
    let begun = own.clone().rfind(begins);
    let first = || own.clone().find(of_several);
    begun.or_else(first).or_else(|| own.next_back())
}

/// When the entities that follow this one began, of those that are asked for: each as its facts that stand say last, unless
/// that was entered in error, or follows another one by now.
fn followed(facts: &[StoredFact], is_asked: impl Fn(&Fact) -> bool) -> Vec<DateTime<Utc>> {
    let mut began = BTreeMap::new();
    for stored in facts {
        let in_error = |other: &StoredFact| {
            let cancels = matches!(other.fact, Fact::Transfer(TransferFact::Cancelled(_)));
            cancels && other.linked == stored.linked && other.occurred_at >= stored.occurred_at
        };
        if stored.linked.is_some() && !facts.iter().any(in_error) {
            let counts = stored.fact.previous().is_some() && is_asked(&stored.fact);
            began.insert(stored.linked, counts.then_some(stored.occurred_at));
        }
    }
    began.into_values().flatten().collect()
}

/// Whether one instant was before another for certain: one at local midnight may stand for any time of its date.
pub(crate) fn is_before(one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
    let date = local::date(one);
    one < other && (date < local::date(other) || one != local::midnight(date))
}

/// Puts what may happen again, as it was recorded, into the order of its time: of several for one instant the one recorded last
/// corrects the others, and only that counts.
fn in_time<T>(list: &mut Vec<(DateTime<Utc>, T)>) {
    // A stable sort: the one recorded last comes last, and is met first from behind.
    list.sort_by_key(|(at, _)| *at);
    list.reverse();
    list.dedup_by_key(|(at, _)| *at);
    list.reverse();
}

/// A length in minutes, as histograms keep it. A minute that has begun counts, so that 120 minutes and 59 seconds are
/// not within two hours.
pub(crate) fn minutes(length: chrono::TimeDelta) -> i32 {
    let begun = length.num_milliseconds().saturating_add(59_999);
    i32::try_from(begun.div_euclid(60_000))
        .unwrap_or(i32::MAX - 1)
        .min(i32::MAX - 1)
}

/// A length in days, as histograms keep it.
pub(crate) fn days(length: chrono::TimeDelta) -> i32 {
    i32::try_from(length.num_days()).unwrap_or(i32::MAX - 1)
}
