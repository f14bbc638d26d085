//! Decisions about a measure's chart: targets, and new baselines proposed and accepted. They are facts with a person
//! behind them; a chart never changes its own baseline.

use crate::contribution::StoredFact;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::change::{ChangeFact, Rebase};
use joinedup_events::{Amount, AreaId, Fact, Slug};
use serde::Serialize;
use std::collections::BTreeMap;

/// A target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Target {
    /// The measure.
    pub measure: Slug,
    /// The area.
    pub area: AreaId,
    /// The target, in the measure's unit.
    pub target: Amount,
    /// From this date.
    pub from: NaiveDate,
    /// The reason, in words.
    pub reason: String,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// Where the decision stands in the log: by this it is withdrawn.
    pub position: u64,
}

/// A new baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewBaseline {
    /// The measure.
    pub measure: Slug,
    /// The area.
    pub area: AreaId,
    /// First day of the new phase.
    pub from: NaiveDate,
    /// The reason, in words.
    pub reason: String,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// Where the decision stands in the log: by this it is withdrawn.
    pub position: u64,
}

/// A target with the day from which it holds; none: it is the measure's own and always held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetStep {
    /// First day.
    pub from: Option<NaiveDate>,
    /// The target, in the measure's unit.
    pub target: f64,
}

/// The decisions that stand, each list by measure, area and date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decisions {
    /// Targets.
    pub targets: Vec<Target>,
    /// New baselines that wait for somebody to accept them.
    pub proposed: Vec<NewBaseline>,
    /// New baselines that are in force.
    pub accepted: Vec<NewBaseline>,
    /// New baselines that were proposed and not accepted, with the reason of whoever declined.
    pub declined: Vec<NewBaseline>,
}

impl Decisions {
    /// The target of a measure in an area on a date.
    #[must_use]
    pub fn target(&self, measure: &str, area: &str, on: NaiveDate) -> Option<&Target> {
        self.targets
            .iter()
            .rfind(|t| t.measure.as_str() == measure && t.area.as_str() == area && t.from <= on)
    }

    /// Every target of a measure in an area that holds from a date or before it, by first day.
    pub fn targets_until<'a>(
        &'a self,
        measure: &'a str,
        area: &'a str,
        on: NaiveDate,
    ) -> impl Iterator<Item = &'a Target> {
        self.targets.iter().filter(move |t| {
            t.measure.as_str() == measure && t.area.as_str() == area && t.from <= on
        })
    }

    /// The first days of the phases in force on a measure's chart in an area.
    #[must_use]
    pub fn phases(&self, measure: &str, area: &str) -> Vec<NaiveDate> {
        self.accepted
            .iter()
            .filter(|b| b.measure.as_str() == measure && b.area.as_str() == area)
            .map(|b| b.from)
            .collect()
    }
}

/// Reads the decisions from the facts of one or more chart entities as they stand, in the order of recording.
///
/// For one measure, area and first day, the decision recorded last stands. A baseline once accepted no longer waits,
/// whichever was recorded first; one that was declined waits again when it is proposed again.
#[must_use]
pub fn decisions(facts: &[StoredFact]) -> Decisions {
    type Key<'a> = (&'a Slug, &'a AreaId, NaiveDate);
    let mut targets: BTreeMap<Key<'_>, Target> = BTreeMap::new();
    let mut proposed: BTreeMap<Key<'_>, NewBaseline> = BTreeMap::new();
    let mut accepted: BTreeMap<Key<'_>, NewBaseline> = BTreeMap::new();
    let mut declined: BTreeMap<Key<'_>, NewBaseline> = BTreeMap::new();
    for stored in facts {
        match &stored.fact {
            Fact::Change(ChangeFact::TargetSet(set)) => {
                let target = Target {
                    measure: set.measure.clone(),
                    area: stored.area.clone(),
                    target: set.target,
                    from: set.from,
                    reason: set.reason.clone(),
                    decided_at: stored.occurred_at,
                    position: stored.position,
                };
                targets.insert((&set.measure, &stored.area, set.from), target);
            }
            Fact::Change(ChangeFact::RebaseProposed(rebase)) => {
                let key = (&rebase.measure, &stored.area, rebase.from);
                declined.remove(&key);
                proposed.insert(key, baseline(stored, rebase));
            }
            Fact::Change(ChangeFact::RebaseAccepted(rebase)) => {
                let key = (&rebase.measure, &stored.area, rebase.from);
                accepted.insert(key, baseline(stored, rebase));
            }
            Fact::Change(ChangeFact::RebaseDeclined(rebase)) => {
                let key = (&rebase.measure, &stored.area, rebase.from);
                proposed.remove(&key);
                declined.insert(key, baseline(stored, rebase));
            }
            _ => {}
        }
    }
    for settled in [&mut proposed, &mut declined] {
        settled.retain(|key, _| !accepted.contains_key(key));
    }
    Decisions {
        targets: targets.into_values().collect(),
        proposed: proposed.into_values().collect(),
        accepted: accepted.into_values().collect(),
        declined: declined.into_values().collect(),
    }
}

fn baseline(stored: &StoredFact, rebase: &Rebase) -> NewBaseline {
    NewBaseline {
        measure: rebase.measure.clone(),
        area: stored.area.clone(),
        from: rebase.from,
        reason: rebase.reason.clone(),
        decided_at: stored.occurred_at,
        position: stored.position,
    }
}
