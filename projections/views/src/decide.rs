//! Decisions of people as pure functions: a command, what stands and the present go in; the facts to record come out,
//! or the reason why not. Reading the log, appending and waiting are the caller's.
//!
//! [`decide`] sees only the facts of the command's own entity, so whoever appends its answer has to make sure that
//! none were added meanwhile.

mod chart;
mod cycle;
mod plan;
mod rating;
mod refusal;
#[cfg(test)]
mod tests;
mod undo;

pub use chart::{ChartAction, ChartDecision};
pub use cycle::{CycleStep, StepOfCycle};
pub use plan::{PlanAction, StepOfPlan};
pub use rating::{RatingAction, RatingOfItem};
pub use refusal::Refusal;
pub use undo::{UNDO_TIME, Undo, Undone};

use crate::catalogue::Catalogue;
use crate::contribution::StoredFact;
use crate::measures::Measures;
use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};
use joinedup_events::check::CLOCK_AHEAD;
use joinedup_events::{AreaId, EntityId, Fact, Family, local};

/// What somebody wants to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The area that it is about.
    pub area: AreaId,
    /// The date on which it happened; none: now.
    pub on: Option<NaiveDate>,
    /// What it is about, with the step to record.
    pub subject: Subject,
}

/// What a command is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// How far the area is with an item of a framework.
    Rating(RatingOfItem),
    /// An improvement change (a PDSA cycle).
    Cycle(StepOfCycle),
    /// A measure's chart: its target or baseline.
    Chart(ChartDecision),
    /// Something that was recorded of a change or a chart is taken back.
    Undo(Undo),
    /// An item of an improvement plan.
    Plan(StepOfPlan),
}

/// What a decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct Stands<'a> {
    /// The facts of the command's entity as they stand, in the order of recording.
    pub facts: &'a [StoredFact],
    /// The measures.
    pub measures: &'a Measures,
    /// The logic model and the frameworks.
    pub catalogue: &'a Catalogue,
}

/// A fact to be recorded of the command's entity and area.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFact {
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// What happened.
    pub fact: Fact,
}

impl Command {
    /// The family of its facts.
    #[must_use]
    pub fn family(&self) -> Family {
        match self.subject {
            Subject::Rating(_) => Family::Assessment,
            Subject::Cycle(_) | Subject::Chart(_) | Subject::Undo(_) | Subject::Plan(_) => {
                Family::Change
            }
        }
    }

    /// The entity that its facts are about.
    ///
    /// # Errors
    /// When the names that make it up are too long together.
    pub fn entity(&self) -> Result<EntityId, Refusal> {
        let (field, id) = match &self.subject {
            Subject::Rating(r) => ("/item", format!("{}/{}/{}", self.area, r.framework, r.item)),
            Subject::Cycle(step) => return Ok(step.change.clone()),
            Subject::Chart(chart) => ("/measure", chart.entity()),
            Subject::Undo(undo) => return undo.entity(),
            Subject::Plan(step) => return Ok(step.plan_item.clone()),
        };
        EntityId::new(&id).map_err(|rule| Refusal::NotAName { field, rule })
    }

    /// Whether a fact of the entity has a bearing on the command. A chart is decided about area by area, and what one
    /// rater gives does not depend on what the others gave: they rate alone and at the same time.
    #[must_use]
    pub fn concerns(&self, fact: &StoredFact) -> bool {
        match &self.subject {
            Subject::Chart(_) => fact.area == self.area,
            Subject::Rating(rating) => rating.concerns(&fact.fact),
            Subject::Undo(undo) => undo.is_of_change() || fact.area == self.area,
            Subject::Cycle(_) | Subject::Plan(_) => true,
        }
    }

    /// The version of what the command is about: the position of the last fact of its entity that concerns it.
    #[must_use]
    pub fn version(&self, facts: &[StoredFact]) -> u64 {
        version(facts.iter().filter(|f| self.concerns(f)))
    }
}

/// The version of something: the position of the last fact about it, 0 where there is none.
#[must_use]
pub fn version<'a>(facts: impl IntoIterator<Item = &'a StoredFact>) -> u64 {
    facts.into_iter().map(|f| f.position).max().unwrap_or(0)
}

/// Decides.
///
/// # Errors
/// Why not, with the field of the command that is in the way.
pub fn decide(
    command: &Command,
    stands: Stands<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<NewFact>, Refusal> {
    let at = occurred_at(command.on, now)?;
    match &command.subject {
        Subject::Rating(rating) => rating.decide(stands, at),
        Subject::Cycle(step) => step.decide(&command.area, stands, at),
        Subject::Chart(chart) => chart.decide(&command.area, stands, at),
        Subject::Undo(undo) => undo.decide(&command.area, stands, now),
        Subject::Plan(step) => step.decide(&command.area, stands, at),
    }
}

/// The present, for a decision about these facts: not before anything that it rests on, although the clock that
/// recorded that may have been a little ahead. Of two facts that differ the one recorded later stands, so a decision
/// that was recorded earlier than what it replaces would change nothing. In whole milliseconds, as views keep it.
#[must_use]
pub fn present(facts: &[StoredFact], clock: DateTime<Utc>) -> DateTime<Utc> {
    let clock = clock.trunc_subsecs(3);
    let latest = facts.iter().map(|f| f.recorded_at.max(f.occurred_at)).max();
    match latest {
        Some(latest) if latest >= clock && latest - clock < CLOCK_AHEAD => {
            latest.trunc_subsecs(3) + TimeDelta::milliseconds(1)
        }
        _ => clock,
    }
}

/// What happened on an earlier date happened at noon of it.
fn occurred_at(on: Option<NaiveDate>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
    let today = local::date(now);
    match on {
        Some(on) if on > today => Err(Refusal::InTheFuture),
        Some(on) if on < today => {
            let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
            Ok(local::at(on, noon))
        }
        _ => Ok(now),
    }
}
