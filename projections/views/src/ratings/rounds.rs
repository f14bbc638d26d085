//! What the facts of one area's item say, round by round, and what was published when. The contributions to the
//! cells and the rating that people read are both made from this, so they cannot disagree.
//!
//! The rules:
//! - Within a round the area has one proposal and one moderation: of several, the one recorded last stands.
//! - The level of a round is the moderated one where there was a moderation, else the proposed one.
//! - A confirmation publishes the round's level *as it stood when it happened*: a moderation that happened later
//!   is published by the next confirmation only. A moderation that happened before but was *recorded* late counts.
//! - Publications of one round on one local date are one: the last of them. Two rounds published on one date both stand.

use crate::contribution::StoredFact;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::assessment::{AmbitionSet, AssessmentFact, Moderated, Proposed};
use joinedup_events::{Fact, Slug, local};

/// What was published on a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publication {
    /// The local date.
    pub(crate) date: NaiveDate,
    /// When, to the instant.
    pub(crate) at: DateTime<Utc>,
    /// The round.
    pub(crate) round: Slug,
    /// The level; none: not rated.
    pub(crate) level: Option<u8>,
}

/// The ambition from a date on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AmbitionFrom<'a> {
    /// From this local date.
    pub(crate) date: NaiveDate,
    /// The fact.
    pub(crate) set: &'a AmbitionSet,
}

/// The assessment facts among some facts, in their order.
pub(crate) fn assessment(
    facts: &[StoredFact],
) -> impl DoubleEndedIterator<Item = (&StoredFact, &AssessmentFact)> {
    facts.iter().filter_map(|stored| match &stored.fact {
        Fact::Assessment(fact) => Some((stored, fact)),
        _ => None,
    })
}

/// The area's standing proposal for a round, of those that happened up to an instant. One rater's own rating is
/// not the area's.
pub(crate) fn proposal<'a>(
    facts: &'a [StoredFact],
    round: &Slug,
    until: DateTime<Utc>,
) -> Option<(&'a StoredFact, &'a Proposed)> {
    assessment(facts)
        .rev()
        .find_map(|(stored, fact)| match fact {
            AssessmentFact::Proposed(p)
                if p.rater.is_none() && p.round == *round && stored.occurred_at <= until =>
            {
                Some((stored, p))
            }
            _ => None,
        })
}

/// The standing moderation of a round, of those that happened up to an instant.
pub(crate) fn moderation<'a>(
    facts: &'a [StoredFact],
    round: &Slug,
    until: DateTime<Utc>,
) -> Option<(&'a StoredFact, &'a Moderated)> {
    assessment(facts)
        .rev()
        .find_map(|(stored, fact)| match fact {
            AssessmentFact::Moderated(m) if m.round == *round && stored.occurred_at <= until => {
                Some((stored, m))
            }
            _ => None,
        })
}

/// The level of a round as it stood at an instant: moderated over proposed.
pub(crate) fn level_of_round(
    facts: &[StoredFact],
    round: &Slug,
    until: DateTime<Utc>,
) -> Option<u8> {
    match moderation(facts, round, until) {
        Some((_, moderated)) => moderated.to,
        None => proposal(facts, round, until).and_then(|(_, proposed)| proposed.level),
    }
}

/// The level that a moderation started from: as it says itself, else the proposal that stood then.
pub(crate) fn moderated_from(
    facts: &[StoredFact],
    stored: &StoredFact,
    moderated: &Moderated,
) -> Option<u8> {
    moderated.from.or_else(|| {
        proposal(facts, &moderated.round, stored.occurred_at).and_then(|(_, p)| p.level)
    })
}

/// Everything that was published, by date, one a date and round.
pub(crate) fn publications(facts: &[StoredFact]) -> Vec<Publication> {
    let mut confirmed: Vec<(&StoredFact, &Slug)> = assessment(facts)
        .filter_map(|(stored, fact)| match fact {
            AssessmentFact::Confirmed(c) => Some((stored, &c.round)),
            _ => None,
        })
        .collect();
    confirmed.sort_by_key(|(stored, _)| (stored.occurred_at, stored.recorded_at, stored.position));
    let mut publications: Vec<Publication> = Vec::with_capacity(confirmed.len());
    for (stored, round) in confirmed {
        let publication = Publication {
            date: local::date(stored.occurred_at),
            at: stored.occurred_at,
            round: round.clone(),
            level: level_of_round(facts, round, stored.occurred_at),
        };
        publications.retain(|p| (p.date, &p.round) != (publication.date, &publication.round));
        publications.push(publication);
    }
    publications
}

/// The ambitions, by the date from which each stands: on one date, the one recorded last.
pub(crate) fn ambitions(facts: &[StoredFact]) -> Vec<AmbitionFrom<'_>> {
    let mut ambitions: Vec<AmbitionFrom<'_>> = Vec::new();
    for (stored, fact) in assessment(facts) {
        let AssessmentFact::AmbitionSet(set) = fact else {
            continue;
        };
        let date = local::date(stored.occurred_at);
        // Facts come in the order of recording, so a later one of the same date replaces the earlier.
        match ambitions.iter_mut().find(|a| a.date == date) {
            Some(same) => same.set = set,
            None => ambitions.push(AmbitionFrom { date, set }),
        }
    }
    ambitions.sort_by_key(|a| a.date);
    ambitions
}

/// The rounds that the facts name, in the order in which each was first spoken of.
pub(crate) fn rounds(facts: &[StoredFact]) -> Vec<Slug> {
    let mut first: Vec<(DateTime<Utc>, &Slug)> = Vec::new();
    for (stored, fact) in assessment(facts) {
        let round = match fact {
            AssessmentFact::Proposed(f) => &f.round,
            AssessmentFact::Moderated(f) => &f.round,
            AssessmentFact::Confirmed(f) => &f.round,
            AssessmentFact::AmbitionSet(_)
            | AssessmentFact::Noted(_)
            | AssessmentFact::Ticked(_)
            | AssessmentFact::Found(_)
            | AssessmentFact::Retracted(_) => continue,
        };
        match first.iter_mut().find(|(_, known)| *known == round) {
            Some((at, _)) => *at = (*at).min(stored.occurred_at),
            None => first.push((stored.occurred_at, round)),
        }
    }
    first.sort();
    first.into_iter().map(|(_, round)| round.clone()).collect()
}
