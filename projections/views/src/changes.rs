//! Improvement changes (PDSA cycles) as their facts stand, and the decisions people take about charts.
//!
//! Nothing here says that a change caused anything: the words are *before*, *since* and *after*.

pub mod annotation;
pub mod before_after;
pub(crate) mod cycle;
pub mod decision;

pub use annotation::{Annotation, AnnotationKind, ChangeSpan};
pub use before_after::{BeforeAfter, Judged, Moved, before_and_after};
pub use decision::{Decisions, TargetStep, decisions};

use crate::contribution::StoredFact;
use crate::period::Period;
use chrono::NaiveDate;
use cycle::Cycle;
use joinedup_events::change::{Comparison, Decision};
use joinedup_events::{AreaId, Slug};
use serde::Serialize;

/// What ids begin with of entities that hold what people decided about charts.
pub const OF_CHARTS: &str = "chart/";

/// The id of the entity that holds what people decided about a measure's charts, in all areas.
#[must_use]
pub fn chart_entity(measure: &Slug) -> String {
    format!("{OF_CHARTS}{measure}")
}

/// Where a cycle stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "CycleStatus")
)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nothing was planned or begun yet.
    NotYet,
    /// Planned, not begun.
    Planned,
    /// Under test.
    Running,
    /// Paused: not over, so it still counts as running in the number of cycles.
    Paused,
    /// Finished or abandoned.
    Finished,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// The area.
    pub area: AreaId,
    /// A short name.
    pub title: Option<String>,
    /// What it is to achieve.
    pub aim: Option<String>,
    /// What the team expects to see.
    pub prediction: Option<String>,
    /// The role that leads it.
    pub led_by: Option<String>,
    /// The measures it should move.
    pub measures: Vec<Slug>,
    /// The change concept.
    pub concept: Option<Slug>,
    /// Items of the logic model that it works on.
    pub items: Vec<Slug>,
    /// The local date of the plan.
    pub planned: Option<NaiveDate>,
    /// The local date of the start.
    pub started: Option<NaiveDate>,
    /// Local dates of pauses.
    pub paused: Vec<NaiveDate>,
    /// Local dates on which it was taken up again.
    pub resumed: Vec<NaiveDate>,
    /// What was learnt on the way, the earliest first.
    pub studies: Vec<Study>,
    /// The local date of the finish.
    pub finished: Option<NaiveDate>,
    /// How it ended.
    pub decision: Option<Decision>,
    /// What was learnt.
    pub learnt: Option<String>,
    /// Calendar days from start to finish, pauses included; none when the finish is dated before the start.
    pub cycle_days: Option<i64>,
}

/// What a test has taught so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Study {
    /// The local date.
    pub date: NaiveDate,
    /// What was learnt.
    pub learnt: String,
    /// How it compares with the prediction.
    pub compared: Option<Comparison>,
}

/// Reads a change from its facts as they stand, in the order of recording; none when they are about no cycle.
#[must_use]
pub fn change(facts: &[StoredFact]) -> Option<Change> {
    let cycle = Cycle::of(facts);
    let area = cycle.area?.clone();
    let plan = cycle.planned.map(|(_, plan)| plan);
    let finished = cycle.finished.map(|(date, _)| date);
    let finish = cycle.finished.map(|(_, finish)| finish);
    let cycle_days = cycle
        .started
        .zip(finished)
        .map(|(start, end)| (end - start).num_days())
        .filter(|days| *days >= 0);
    Some(Change {
        area,
        title: plan.map(|p| p.title.clone()),
        aim: plan.and_then(|p| p.aim.clone()),
        prediction: plan.and_then(|p| p.prediction.clone()),
        led_by: plan.and_then(|p| p.led_by.clone()),
        measures: plan.map(|p| p.measures.clone()).unwrap_or_default(),
        concept: plan.and_then(|p| p.concept.clone()),
        items: plan.map(|p| p.items.clone()).unwrap_or_default(),
        planned: cycle.planned.map(|(date, _)| date),
        started: cycle.started,
        paused: cycle.paused,
        resumed: cycle.resumed,
        studies: cycle
            .studied
            .into_iter()
            .map(|(date, study)| Study {
                date,
                learnt: study.learnt.clone(),
                compared: study.compared,
            })
            .collect(),
        finished,
        decision: finish.map(|f| f.decision),
        learnt: finish.and_then(|f| f.learnt.clone()),
        cycle_days,
    })
}

impl Change {
    /// Whether it is paused, and was paused after a date.
    pub(crate) fn is_paused_after(&self, date: NaiveDate) -> bool {
        self.status(NaiveDate::MAX) == Status::Paused
            && self
                .paused
                .iter()
                .max()
                .is_some_and(|paused| *paused > date)
    }

    /// Whether a period lies wholly within one of its pauses, of which the last may go on.
    pub(crate) fn is_paused_throughout(&self, period: Period) -> bool {
        self.paused.iter().any(|from| {
            let resumed = self.resumed.iter().filter(|date| *date >= from).min();
            let until = resumed.or(self.finished.as_ref());
            period.start >= *from && until.is_none_or(|until| period.end <= *until)
        })
    }

    /// Whether it was paused, or taken up again, after a date.
    pub(crate) fn has_step_after(&self, date: NaiveDate) -> bool {
        let mut steps = self.paused.iter().chain(&self.resumed);
        steps.any(|step| *step > date)
    }

    /// Whether its test ended with the decision to keep it: it is in force since it started.
    #[must_use]
    pub fn is_adopted(&self) -> bool {
        self.decision == Some(Decision::Adopt)
    }

    /// Where the cycle stood at the end of a local date.
    #[must_use]
    pub fn status(&self, on: NaiveDate) -> Status {
        let by = |date: &NaiveDate| *date <= on;
        if self.finished.as_ref().is_some_and(by) {
            return Status::Finished;
        }
        if self.started.as_ref().is_some_and(by) {
            let paused = self.paused.iter().filter(|d| by(d)).max();
            let resumed = self.resumed.iter().filter(|d| by(d)).max();
            return match (paused, resumed) {
                (Some(paused), Some(resumed)) if resumed >= paused => Status::Running,
                (Some(_), _) => Status::Paused,
                (None, _) => Status::Running,
            };
        }
        if self.planned.as_ref().is_some_and(by) {
            return Status::Planned;
        }
        Status::NotYet
    }
}

#[cfg(test)]
mod tests;
