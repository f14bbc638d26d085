//! Taking back what was recorded by a wrong click: the last step of a change for some minutes, a decision about a chart
//! at any time. What is taken back stays in the log, and so does who took it back.

use super::{NewFact, Refusal, Stands};
use crate::changes::chart_entity;
use crate::contribution::{FactKey, StoredFact};
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_events::change::ChangeFact;
use joinedup_events::facts::Retracted;
use joinedup_events::{AreaId, EntityId, EventKey, Fact, Slug};

/// For how long the last step of a change can be taken back. Later, what follows from it is recorded instead.
pub const UNDO_TIME: TimeDelta = TimeDelta::minutes(10);

/// What is taken back.
#[derive(Clone, Debug, PartialEq)]
pub enum Undone {
    /// The last step of a change: all that was recorded of it at once.
    LastStep(EntityId),
    /// The decision about a measure's chart that stands at a position of the log.
    Decision {
        /// The measure.
        measure: Slug,
        /// The position.
        position: u64,
    },
}

/// Something is taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Undo {
    /// What is to be undone.
    pub what: Undone,
    /// Source and id of each event of [`Undo::facts`]. Views do not hold them, so whoever executes the command reads
    /// them from the log.
    pub events: Vec<(String, String)>,
}

impl Undo {
    /// A command whose events are not known yet.
    #[must_use]
    pub fn of(what: Undone) -> Self {
        let events = Vec::new();
        Self { what, events }
    }

    pub(super) fn entity(&self) -> Result<EntityId, Refusal> {
        match &self.what {
            Undone::LastStep(change) if change.as_str().starts_with("chart/") => {
                Err(Refusal::IdOfAChart)
            }
            Undone::LastStep(change) => Ok(change.clone()),
            Undone::Decision { measure, .. } => {
                let field = "/measure";
                EntityId::new(&chart_entity(measure))
                    .map_err(|rule| Refusal::NotAName { field, rule })
            }
        }
    }

    pub(super) fn is_of_change(&self) -> bool {
        matches!(self.what, Undone::LastStep(_))
    }

    /// The facts to take back, of those of the entity that stand.
    #[must_use]
    pub fn facts<'a>(&self, area: &AreaId, standing: &'a [StoredFact]) -> Vec<&'a StoredFact> {
        let is_undoable =
            |fact: &&StoredFact| fact.fact.retraction().is_none() && fact.area == *area;
        let undoable = || standing.iter().filter(is_undoable);
        match self.what {
            Undone::LastStep(_) => {
                let last = undoable().map(|fact| fact.recorded_at).max();
                undoable()
                    .filter(|fact| Some(fact.recorded_at) == last)
                    .collect()
            }
            Undone::Decision { position, .. } => undoable()
                .filter(|fact| fact.position == position)
                .collect(),
        }
    }

    pub(super) fn decide(
        &self,
        area: &AreaId,
        stands: Stands<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<NewFact>, Refusal> {
        let facts = self.facts(area, stands.facts);
        let is_last_step = self.is_of_change();
        let Some(recorded_at) = facts.iter().map(|fact| fact.recorded_at).max() else {
            return Err(if is_last_step {
                Refusal::NothingToUndo
            } else {
                Refusal::NoSuchDecision
            });
        };
        if is_last_step && now - recorded_at > UNDO_TIME {
            let minutes = UNDO_TIME.num_minutes();
            return Err(Refusal::TooLateToUndo { minutes });
        }
        let retraction = |fact: &StoredFact| {
            let named = |(source, id): &&(String, String)| {
                FactKey::from(EventKey::of(source, id)) == fact.key
            };
            let (source, id) = self.events.iter().find(named)?;
            Some(NewFact {
                occurred_at: now,
                fact: Fact::Change(ChangeFact::Retracted(Retracted {
                    retracts: id.clone(),
                    retracts_source: Some(source.clone()),
                    previous: None,
                })),
            })
        };
        let retractions: Option<Vec<NewFact>> = facts.into_iter().map(retraction).collect();
        retractions.ok_or(Refusal::NothingToUndo)
    }
}
