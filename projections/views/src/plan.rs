//! Items of an improvement plan as their facts stand.

use crate::contribution::StoredFact;
use chrono::NaiveDate;
use joinedup_events::change::ChangeFact;
use joinedup_events::plan::{ItemSet, Progress};
use joinedup_events::{AreaId, EntityId, Fact, Slug, local};
use serde::Serialize;

/// How the entities of a plan's items begin.
pub const PREFIX: &str = "plan/";

/// One item of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanItem {
    /// The area.
    pub area: AreaId,
    /// What is to be reached.
    pub aim: String,
    /// The framework of the item; the logic model's for one of its nodes.
    pub framework: Option<Slug>,
    /// The item that it is about.
    pub item: Option<Slug>,
    /// The measures that are to move.
    pub measures: Vec<Slug>,
    /// The role that answers for it.
    pub owner: String,
    /// The improvement change by which it is tried.
    pub tested_by: Option<EntityId>,
    /// By this date.
    pub by: NaiveDate,
    /// The local date on which it came into the plan.
    pub since: NaiveDate,
    /// How far it is.
    pub progress: Progress,
    /// The local date since which it is that far.
    pub progress_since: NaiveDate,
    /// Why it is that far.
    pub reason: Option<String>,
}

/// Reads an item of a plan from its facts as they stand, in the order of recording; none when they are about none.
#[must_use]
pub fn plan_item(facts: &[StoredFact]) -> Option<PlanItem> {
    let of = |stored: &StoredFact| match &stored.fact {
        Fact::Change(ChangeFact::PlanItemSet(set)) => Some(set.clone()),
        _ => None,
    };
    let sets = || facts.iter().filter_map(|f| Some((f, of(f)?)));
    let (last, set) = sets().next_back()?;
    let since = sets().map(|(f, _)| f.occurred_at).min()?;
    let mut progress: Vec<_> = facts
        .iter()
        .filter_map(|f| match &f.fact {
            Fact::Change(ChangeFact::PlanProgressSet(p)) => Some((f.occurred_at, p)),
            _ => None,
        })
        .collect();
    // Of two that happened at one time the one recorded later stands.
    progress.sort_by_key(|(at, _)| *at);
    let now = progress.last();
    let ItemSet {
        aim,
        framework,
        item,
        measures,
        owner,
        tested_by,
        by,
    } = set;
    Some(PlanItem {
        area: last.area.clone(),
        aim,
        framework,
        item,
        measures,
        owner,
        tested_by,
        by,
        since: local::date(since),
        progress: now.map_or(Progress::Open, |(_, p)| p.progress),
        progress_since: local::date(now.map_or(since, |(at, _)| *at)),
        reason: now.and_then(|(_, p)| p.reason.clone()),
    })
}

impl PlanItem {
    /// It is still open after its date.
    #[must_use]
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.progress == Progress::Open && self.by < today
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::fixtures::{slug, standing, stored};
    use joinedup_events::plan::ProgressSet;

    fn set(owner: &str) -> Fact {
        Fact::Change(ChangeFact::PlanItemSet(ItemSet {
            aim: "Equipment on the day".to_owned(),
            framework: Some(slug("scie")),
            item: Some(slug("co-timely-transfers")),
            measures: vec![slug("tr-delayed-nights")],
            owner: owner.to_owned(),
            tested_by: None,
            by: "2026-12-31".parse().unwrap(),
        }))
    }

    fn moved(progress: Progress, reason: Option<&str>) -> Fact {
        let reason = reason.map(ToOwned::to_owned);
        Fact::Change(ChangeFact::PlanProgressSet(ProgressSet {
            progress,
            reason,
        }))
    }

    #[test]
    fn an_item_is_as_it_was_set_last_and_as_far_as_happened_last() {
        let fact = |happened, recorded, fact| stored("havenshire", happened, recorded, fact);
        let facts = standing(vec![
            fact("2026-03-01", "2026-03-01", set("Head of therapies")),
            fact("2026-04-01", "2026-04-01", set("Head of wards")),
            fact(
                "2026-06-01",
                "2026-06-01",
                moved(Progress::Dropped, Some("No store")),
            ),
            // Reported late: the item was done before it was dropped by mistake.
            fact("2026-05-01", "2026-07-01", moved(Progress::Done, None)),
        ]);
        let item = plan_item(&facts).unwrap();
        assert_eq!(item.owner, "Head of wards");
        assert_eq!(item.since.to_string(), "2026-03-01");
        assert_eq!(item.progress, Progress::Dropped);
        assert_eq!(item.reason.as_deref(), Some("No store"));
        assert!(!item.is_overdue("2027-02-01".parse().unwrap()));
        let open = plan_item(&facts[..2]).unwrap();
        assert!(open.is_overdue("2027-01-01".parse().unwrap()));
        assert!(!open.is_overdue("2026-12-31".parse().unwrap()));
        assert_eq!(plan_item(&facts[2..]), None);
        assert_eq!(crate::changes::change(&facts), None);
    }
}
