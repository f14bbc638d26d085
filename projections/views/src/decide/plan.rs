//! Items of an improvement plan: set, changed, done, dropped and taken up again.

use super::cycle::check_names;
use super::{NewFact, Refusal, Stands};
use crate::plan::{PREFIX, plan_item};
use chrono::{DateTime, Utc};
use joinedup_events::change::ChangeFact;
use joinedup_events::plan::{ItemSet, Progress, ProgressSet};
use joinedup_events::{AreaId, EntityId, Fact};

/// What is to be recorded of an item of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct StepOfPlan {
    /// The item.
    pub plan_item: EntityId,
    /// The step to record.
    pub action: PlanAction,
}

/// What is to be recorded of an item of a plan.
#[derive(Clone, Debug, PartialEq)]
pub enum PlanAction {
    /// It comes into the plan, or stands otherwise from now on.
    Set(ItemSet),
    /// It is so far.
    Progress {
        /// How far the item has come.
        progress: Progress,
        /// The reason, in words; an item that is dropped needs one.
        reason: Option<String>,
    },
}

impl StepOfPlan {
    pub(super) fn decide(
        &self,
        area: &AreaId,
        stands: Stands<'_>,
        at: DateTime<Utc>,
    ) -> Result<Vec<NewFact>, Refusal> {
        if !self.plan_item.as_str().starts_with(PREFIX) {
            return Err(Refusal::NotOfAPlan);
        }
        let known = plan_item(stands.facts);
        if known.as_ref().is_some_and(|known| known.area != *area) {
            return Err(Refusal::OtherArea);
        }
        let fact = match &self.action {
            PlanAction::Set(set) => {
                check_names(&set.measures, &[], stands)?;
                match (&set.framework, &set.item) {
                    (Some(framework), Some(item)) => {
                        stands.catalogue.check_item(framework, item)?
                    }
                    (None, None) if set.measures.is_empty() => {
                        let what = "an item of a framework, or a measure";
                        return Err(Refusal::Missing {
                            field: "/item",
                            what,
                        });
                    }
                    (None, None) => {}
                    (Some(_), None) => {
                        let what = "the item of the framework";
                        return Err(Refusal::Missing {
                            field: "/item",
                            what,
                        });
                    }
                    (None, Some(_)) => {
                        let what = "the framework of the item";
                        return Err(Refusal::Missing {
                            field: "/framework",
                            what,
                        });
                    }
                }
                ChangeFact::PlanItemSet(set.clone())
            }
            PlanAction::Progress { progress, reason } => {
                known.ok_or(Refusal::UnknownPlanItem)?;
                if *progress == Progress::Dropped && reason.is_none() {
                    let what = "why it is dropped, in a sentence";
                    return Err(Refusal::Missing {
                        field: "/reason",
                        what,
                    });
                }
                ChangeFact::PlanProgressSet(ProgressSet {
                    progress: *progress,
                    reason: reason.clone(),
                })
            }
        };
        Ok(vec![NewFact {
            occurred_at: at,
            fact: Fact::Change(fact),
        }])
    }
}
