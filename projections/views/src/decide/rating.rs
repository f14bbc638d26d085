//! Ratings: a level is proposed, moderated and published round by round, and an ambition is set. Points of an item's
//! checklist and findings of reviews are recorded beside it.

use super::{NewFact, Refusal, Stands};
use crate::ratings::rounds;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::assessment::{
    AmbitionSet, AssessmentFact, Confirmed, Found, Moderated, Noted, Proposed, Ticked,
};
use joinedup_events::{Fact, Slug, local};

/// What is to be recorded of an area's item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingOfItem {
    /// The framework.
    pub framework: Slug,
    /// The item.
    pub item: Slug,
    /// The step to record.
    pub action: RatingAction,
}

/// What is to be recorded of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RatingAction {
    /// The area, or one of its raters, proposes a level; none: not rated.
    Propose {
        /// The round.
        round: Slug,
        /// The level.
        level: Option<u8>,
        /// The rater's code; none: the area.
        rater: Option<Slug>,
        /// Evidence in words.
        note: Option<String>,
    },
    /// The round across areas keeps or changes what was proposed.
    Moderate {
        /// The round.
        round: Slug,
        /// The level that is to stand.
        level: Option<u8>,
        /// Why, in words.
        note: Option<String>,
    },
    /// The level that stands is published.
    Confirm {
        /// The round.
        round: Slug,
    },
    /// A level is wanted by a date.
    SetAmbition {
        /// The level.
        level: u8,
        /// The date.
        by: NaiveDate,
    },
    /// Evidence is added in words.
    AddNote {
        /// The words.
        note: String,
    },
    /// A point of its checklist is in place, or no longer.
    Tick {
        /// The point.
        point: Slug,
        /// It is in place.
        done: bool,
        /// What shows it.
        note: Option<String>,
    },
    /// A review found something, or what it found is withdrawn.
    Find {
        /// The finding's code.
        finding: Slug,
        /// What was found; none: it is withdrawn.
        text: Option<String>,
        /// The nodes of the logic model that it speaks of.
        nodes: Vec<Slug>,
    },
}

impl RatingOfItem {
    pub(super) fn decide(
        &self,
        stands: Stands<'_>,
        at: DateTime<Utc>,
    ) -> Result<Vec<NewFact>, Refusal> {
        let (framework, item) = (self.framework.clone(), self.item.clone());
        let catalogue = stands.catalogue;
        match &self.action {
            RatingAction::Tick { point, .. } => catalogue.check_point(&framework, &item, point)?,
            RatingAction::Find { nodes, .. } => {
                catalogue.check_finding(&framework, &item, nodes)?;
            }
            _ => catalogue.check_rating(&framework, &item, self.level())?,
        }
        let fact = match self.action.clone() {
            RatingAction::Propose {
                round,
                level,
                rater,
                note,
            } => AssessmentFact::Proposed(Proposed {
                framework,
                item,
                round,
                level,
                rater,
                note,
            }),
            RatingAction::Moderate { round, level, note } => {
                check_proposed(stands, &round, at)?;
                // What the area proposed, also where the round moderates a second time: the difference between the
                // two is what moderation did.
                let proposal = rounds::proposal(stands.facts, &round, at);
                AssessmentFact::Moderated(Moderated {
                    framework,
                    item,
                    from: proposal.and_then(|(_, proposed)| proposed.level),
                    round,
                    to: level,
                    note,
                })
            }
            RatingAction::Confirm { round } => {
                check_proposed(stands, &round, at)?;
                AssessmentFact::Confirmed(Confirmed {
                    framework,
                    item,
                    round,
                })
            }
            RatingAction::SetAmbition { level, by } => {
                let set_on = local::date(at);
                if by <= set_on {
                    return Err(Refusal::AmbitionNotAhead { set_on });
                }
                AssessmentFact::AmbitionSet(AmbitionSet {
                    framework,
                    item,
                    level,
                    by,
                })
            }
            RatingAction::AddNote { note } => AssessmentFact::Noted(Noted {
                framework,
                item,
                note,
            }),
            RatingAction::Tick { point, done, note } => AssessmentFact::Ticked(Ticked {
                framework,
                item,
                point,
                done,
                note,
            }),
            RatingAction::Find {
                finding,
                text,
                nodes,
            } => AssessmentFact::Found(Found {
                framework,
                item,
                finding,
                note: text,
                nodes,
            }),
        };
        Ok(vec![NewFact {
            occurred_at: at,
            fact: Fact::Assessment(fact),
        }])
    }

    /// Whether a fact has a bearing: of a single rater's rating, what the same rater gave in the same round; of a point or
    /// a finding, what was recorded of the same; of all else, what is of the rating; and what was taken back.
    pub(super) fn concerns(&self, fact: &Fact) -> bool {
        let Fact::Assessment(fact) = fact else {
            return true;
        };
        match (&self.action, fact) {
            (_, AssessmentFact::Retracted(_)) => true,
            (RatingAction::Tick { point, .. }, AssessmentFact::Ticked(f)) => f.point == *point,
            (RatingAction::Find { finding, .. }, AssessmentFact::Found(f)) => f.finding == *finding,
            (RatingAction::Tick { .. } | RatingAction::Find { .. }, _) => false,
            (
                RatingAction::Propose {
                    round,
                    rater: Some(rater),
                    ..
                },
                _,
            ) => matches!(
                fact,
                AssessmentFact::Proposed(given)
                    if given.rater.as_ref() == Some(rater) && given.round == *round
            ),
            _ => fact.is_of_rating(),
        }
    }

    fn level(&self) -> Option<u8> {
        match self.action {
            RatingAction::Propose { level, .. } | RatingAction::Moderate { level, .. } => level,
            RatingAction::SetAmbition { level, .. } => Some(level),
            RatingAction::Confirm { .. }
            | RatingAction::AddNote { .. }
            | RatingAction::Tick { .. }
            | RatingAction::Find { .. } => None,
        }
    }
}

/// A level is moderated or published after the area proposed one; a rater's own is not the area's. Without this a
/// confirmation would publish that the area is not rated.
fn check_proposed(stands: Stands<'_>, round: &Slug, at: DateTime<Utc>) -> Result<(), Refusal> {
    let proposed = rounds::proposal(stands.facts, round, at).is_some()
        || rounds::moderation(stands.facts, round, at).is_some();
    if proposed {
        return Ok(());
    }
    Err(Refusal::NothingProposed {
        round: round.clone(),
        by: local::date(at),
    })
}
