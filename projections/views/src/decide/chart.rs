//! Decisions about a measure's chart in an area: targets and baselines.

use super::{NewFact, Refusal, Stands};
use crate::changes::{chart_entity, decision::NewBaseline, decisions};
use crate::measure::Shape;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::change::{ChangeFact, Rebase, TargetSet};
use joinedup_events::{Amount, AreaId, Fact, Slug};

/// A decision about a measure's chart.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartDecision {
    /// The measure.
    pub measure: Slug,
    /// From this date.
    pub from: NaiveDate,
    /// The reason, in words.
    pub reason: String,
    /// The decision to record.
    pub action: ChartAction,
}

/// What is decided about a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ChartAction {
    /// A target is set, in the measure's unit; a share is 0 to 1.
    SetTarget(f64),
    /// A new baseline is proposed.
    ProposeBaseline,
    /// A baseline that was proposed is accepted.
    AcceptBaseline,
    /// A baseline that was proposed is declined.
    DeclineBaseline,
}

impl ChartDecision {
    /// The id of the chart's entity.
    pub(super) fn entity(&self) -> String {
        chart_entity(&self.measure)
    }

    pub(super) fn decide(
        &self,
        area: &AreaId,
        stands: Stands<'_>,
        at: DateTime<Utc>,
    ) -> Result<Vec<NewFact>, Refusal> {
        let measure = stands.measures.get(self.measure.as_str());
        let unknown = || Refusal::UnknownMeasure("/measure".to_owned());
        let measure = measure.ok_or_else(unknown)?;
        let decided = decisions(stands.facts);
        let is_among = |baselines: &[NewBaseline]| {
            baselines
                .iter()
                .any(|b| b.measure == self.measure && b.area == *area && b.from == self.from)
        };
        let rebase = Rebase {
            measure: self.measure.clone(),
            from: self.from,
            reason: self.reason.clone(),
        };
        let fact = match self.action {
            ChartAction::SetTarget(target) => {
                if measure.shape() == Shape::Proportion && !(0.0..=1.0).contains(&target) {
                    return Err(Refusal::TargetNotAShare);
                }
                if target < 0.0 && measure.is_never_negative() {
                    return Err(Refusal::TargetBelowZero);
                }
                ChangeFact::TargetSet(TargetSet {
                    measure: self.measure.clone(),
                    target: Amount::from_f64(target).ok_or(Refusal::TargetTooLarge)?,
                    from: self.from,
                    reason: self.reason.clone(),
                })
            }
            ChartAction::ProposeBaseline if is_among(&decided.accepted) => {
                return Err(Refusal::BaselineInForce);
            }
            ChartAction::ProposeBaseline => ChangeFact::RebaseProposed(rebase),
            _ if !is_among(&decided.proposed) => return Err(Refusal::NoBaselineWaits),
            ChartAction::AcceptBaseline => ChangeFact::RebaseAccepted(rebase),
            ChartAction::DeclineBaseline => ChangeFact::RebaseDeclined(rebase),
        };
        Ok(vec![NewFact {
            occurred_at: at,
            fact: Fact::Change(fact),
        }])
    }
}
