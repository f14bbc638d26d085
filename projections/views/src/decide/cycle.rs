//! Improvement changes: planned, begun, paused, taken up again and finished.

use super::{NewFact, Refusal, Stands};
use crate::catalogue::FrameworkKind;
use crate::changes::{Status, change};
use crate::plan;
use chrono::{DateTime, Utc};
use joinedup_events::change::{ChangeFact, Comparison, Decision, Finished, Planned, Studied};
use joinedup_events::facts::Happened;
use joinedup_events::{AreaId, EntityId, Fact, Slug, local};

/// A step of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct StepOfCycle {
    /// The change.
    pub change: EntityId,
    /// The step.
    pub step: CycleStep,
}

/// A step of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum CycleStep {
    /// It is planned; planning it again corrects the plan.
    Plan {
        /// The plan.
        plan: Planned,
        /// It began on the same date.
        begun: bool,
    },
    /// Its test begins, or goes on after a pause; beginning it again corrects the date.
    Begin,
    /// It is interrupted.
    Pause,
    /// What the test has taught so far is held against the prediction.
    Study {
        /// What was learnt.
        learnt: String,
        /// How it compares with the prediction.
        compared: Option<Comparison>,
    },
    /// The change is over.
    Finish {
        /// Adopted, to be adapted, or abandoned.
        decision: Decision,
        /// What was learnt.
        learnt: Option<String>,
    },
}

impl StepOfCycle {
    pub(super) fn decide(
        &self,
        area: &AreaId,
        stands: Stands<'_>,
        at: DateTime<Utc>,
    ) -> Result<Vec<NewFact>, Refusal> {
        // Those are the entities of decisions about charts, of the ends of sources and of items of plans.
        let id = self.change.as_str();
        if ["chart/", "source/", plan::PREFIX]
            .iter()
            .any(|p| id.starts_with(p))
        {
            return Err(Refusal::IdOfAChart);
        }
        let known = change(stands.facts);
        // Else a cycle could begin in one area and end in another.
        if known.as_ref().is_some_and(|known| known.area != *area) {
            return Err(Refusal::OtherArea);
        }
        let facts = if let CycleStep::Plan { plan, begun } = &self.step {
            check_plan(plan, stands)?;
            let begin = begun.then_some(ChangeFact::Started(Happened {}));
            std::iter::once(ChangeFact::Planned(plan.clone()))
                .chain(begin)
                .collect()
        } else {
            let known = known.ok_or(Refusal::UnknownChange)?;
            let status = known.status(local::date(at));
            vec![match (&self.step, status) {
                (_, Status::Finished) => return Err(Refusal::ChangeFinished),
                // A test that had ended was not paused or taken up again later.
                (CycleStep::Finish { .. }, _) if known.has_step_after(local::date(at)) => {
                    return Err(Refusal::BeforePause);
                }
                // A slip of the finger would become its first day.
                (CycleStep::Begin, _) if known.is_paused_after(local::date(at)) => {
                    return Err(Refusal::BeforePause);
                }
                (CycleStep::Begin, _) => ChangeFact::Started(Happened {}),
                (_, Status::NotYet | Status::Planned) => {
                    return Err(match known.started {
                        Some(_) => Refusal::BeforeStart,
                        None => Refusal::ChangeNotBegun,
                    });
                }
                (CycleStep::Finish { .. }, _) if known.finished.is_some() => {
                    return Err(Refusal::ChangeFinished);
                }
                (CycleStep::Finish { decision, learnt }, _) => ChangeFact::Finished(Finished {
                    decision: *decision,
                    learnt: learnt.clone(),
                }),
                (CycleStep::Study { learnt, compared }, _) => ChangeFact::Studied(Studied {
                    learnt: learnt.clone(),
                    compared: *compared,
                }),
                (_, Status::Paused) => return Err(Refusal::ChangePaused),
                (CycleStep::Pause | CycleStep::Plan { .. }, Status::Running) => {
                    ChangeFact::Paused(Happened {})
                }
            }]
        };
        let new = |fact| NewFact {
            occurred_at: at,
            fact: Fact::Change(fact),
        };
        Ok(facts.into_iter().map(new).collect())
    }
}

/// What a plan names is in the catalogue.
fn check_plan(plan: &Planned, stands: Stands<'_>) -> Result<(), Refusal> {
    check_names(&plan.measures, &plan.items, stands)?;
    let mut tags = stands
        .catalogue
        .frameworks()
        .filter(|f| f.kind == FrameworkKind::Tags);
    match &plan.concept {
        Some(concept) if !tags.any(|f| f.item(concept.as_str()).is_some()) => {
            Err(Refusal::UnknownConcept)
        }
        _ => Ok(()),
    }
}

/// Measures and nodes of the logic model are known.
pub(super) fn check_names(
    measures: &[Slug],
    nodes: &[Slug],
    stands: Stands<'_>,
) -> Result<(), Refusal> {
    let measure = |m: &Slug| stands.measures.get(m.as_str()).is_none();
    if let Some(at) = measures.iter().position(measure) {
        return Err(Refusal::UnknownMeasure(format!("/measures/{at}")));
    }
    let node = |i: &Slug| stands.catalogue.node(i.as_str()).is_none();
    match nodes.iter().position(node) {
        Some(at) => Err(Refusal::UnknownNode(format!("/items/{at}"))),
        None => Ok(()),
    }
}
