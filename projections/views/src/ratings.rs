//! Ratings: how far an area says it is with an item, round by round, read from the facts of an assessment entity.
//!
//! Other frameworks are rated in the same way on their own scales. Notes are evidence in words; they stay beside the
//! levels and never enter a metric.

pub mod aimed;
pub mod comparison;
pub mod consensus;
pub mod roll_up;
pub(crate) mod rounds;

pub use aimed::{Aimed, Reached, aimed};
pub use comparison::{Comparison, compare};
pub use consensus::{Consensus, consensus};
pub use roll_up::{RollUp, roll_up};

use crate::contribution::StoredFact;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::assessment::AssessmentFact;
use joinedup_events::{AreaId, Slug, local};
use serde::Serialize;
use std::collections::BTreeMap;

/// A level, as somebody gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GivenLevel {
    /// The level; none: not rated.
    pub level: Option<u8>,
    /// When it was given (the event's `time`).
    pub at: DateTime<Utc>,
    /// Evidence in words.
    pub note: Option<String>,
}

/// One rater's own rating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RatersLevel {
    /// The rater's code.
    pub rater: Slug,
    /// What the rater gave.
    #[serde(flatten)]
    pub given: GivenLevel,
}

/// What moderation did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Moderation {
    /// The level before.
    pub from: Option<u8>,
    /// The level after.
    pub to: Option<u8>,
    /// When it was moderated (the event's `time`).
    pub at: DateTime<Utc>,
    /// Why, in words.
    pub note: Option<String>,
}

/// How far a round is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Raters have rated; the area has not proposed.
    Rating,
    /// The area has proposed.
    Proposed,
    /// The round across areas has moderated.
    Moderated,
    /// Published, and nothing has been recorded of the round since.
    Published,
}

/// One round of one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Round {
    /// The round.
    pub round: Slug,
    /// How far it is.
    pub stage: Stage,
    /// The area's proposal.
    pub proposed: Option<GivenLevel>,
    /// The moderation.
    pub moderated: Option<Moderation>,
    /// When it was last published.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The level as it stands: moderated over proposed.
    pub level: Option<u8>,
    /// The level that was last published; differs from `level` while a later one waits for publication.
    pub published: Option<u8>,
    /// What single raters gave, by rater.
    pub raters: Vec<RatersLevel>,
}

/// The level wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ambition {
    /// The level.
    pub level: u8,
    /// By this date.
    pub by: NaiveDate,
    /// Since this date.
    pub since: NaiveDate,
}

/// Evidence in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Note {
    /// When it was noted (the event's `time`).
    pub at: DateTime<Utc>,
    /// The words.
    pub text: String,
}

/// Where an area stands with an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rating {
    /// The area.
    pub area: AreaId,
    /// The framework.
    pub framework: Slug,
    /// The item.
    pub item: Slug,
    /// The rounds, in the order in which each was first spoken of.
    pub rounds: Vec<Round>,
    /// The published level; none: not rated, or never published.
    pub level: Option<u8>,
    /// The round it was published in.
    pub round: Option<Slug>,
    /// The local date it was published on.
    pub published_on: Option<NaiveDate>,
    /// The level wanted.
    pub ambition: Option<Ambition>,
    /// Levels still to go; below zero when the ambition is surpassed.
    pub gap: Option<i16>,
    /// Evidence added in words, in order of time.
    pub notes: Vec<Note>,
    /// What was published and wanted before.
    #[serde(skip)]
    pub history: History,
}

/// What was published and wanted of an item from which date on, each in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The levels, each with its round; none: published as not rated.
    pub published: Vec<(NaiveDate, Option<u8>, Slug)>,
    /// The levels wanted.
    pub wanted: Vec<(NaiveDate, u8)>,
}

/// Reads a rating from the facts of an assessment entity as they stand, in the order of recording; none when no fact
/// is about an item's rating.
#[must_use]
pub fn rating(facts: &[StoredFact]) -> Option<Rating> {
    let mut of_rating = rounds::assessment(facts).filter(|(_, fact)| fact.is_of_rating());
    let (area, framework, item) = of_rating.find_map(|(stored, fact)| {
        let (framework, item) = fact.item()?;
        Some((stored.area.clone(), framework.clone(), item.clone()))
    })?;
    let publications = rounds::publications(facts);
    let last = publications.last();
    let level = last.and_then(|p| p.level);
    let ambitions = rounds::ambitions(facts);
    let history = History {
        published: publications
            .iter()
            .map(|p| (p.date, p.level, p.round.clone()))
            .collect(),
        wanted: ambitions.iter().map(|a| (a.date, a.set.level)).collect(),
    };
    let ambition = ambitions.last().map(|a| Ambition {
        level: a.set.level,
        by: a.set.by,
        since: a.date,
    });
    let gap = match (&ambition, level) {
        (Some(wanted), Some(level)) => Some(i16::from(wanted.level) - i16::from(level)),
        _ => None,
    };
    let mut notes: Vec<Note> = rounds::assessment(facts)
        .filter_map(|(stored, fact)| match fact {
            AssessmentFact::Noted(noted) => Some(Note {
                at: stored.occurred_at,
                text: noted.note.clone(),
            }),
            _ => None,
        })
        .collect();
    notes.sort_by_key(|n| n.at);
    Some(Rating {
        area,
        framework,
        item,
        rounds: rounds::rounds(facts)
            .into_iter()
            .map(|round| read_round(facts, &publications, round))
            .collect(),
        level,
        round: last.map(|p| p.round.clone()),
        published_on: last.map(|p| p.date),
        ambition,
        gap,
        notes,
        history,
    })
}

/// The rounds in which anything was published, in the order in which that began: names have none (spring, autumn).
#[must_use]
pub fn published_rounds(ratings: &[Rating]) -> Vec<Slug> {
    in_order(ratings, |round| round.confirmed_at)
}

/// All rounds, in the order in which each was first spoken of.
#[must_use]
pub fn all_rounds<'a>(ratings: impl IntoIterator<Item = &'a Rating>) -> Vec<Slug> {
    in_order(ratings, |round| {
        let proposed = round.proposed.as_ref().map(|given| given.at);
        let moderated = round.moderated.as_ref().map(|moderated| moderated.at);
        let raters = round.raters.iter().map(|rater| rater.given.at);
        let of_area = [proposed, moderated, round.confirmed_at];
        raters.chain(of_area.into_iter().flatten()).min()
    })
}

/// The rounds that have a date, by the first that each has in any of the ratings.
fn in_order<'a>(
    ratings: impl IntoIterator<Item = &'a Rating>,
    at: impl Fn(&Round) -> Option<DateTime<Utc>>,
) -> Vec<Slug> {
    let mut begun: BTreeMap<&Slug, DateTime<Utc>> = BTreeMap::new();
    for round in ratings.into_iter().flat_map(|r| &r.rounds) {
        let Some(at) = at(round) else {
            continue;
        };
        let first = begun.entry(&round.round).or_insert(at);
        *first = at.min(*first);
    }
    let rounds = begun.into_iter().map(|(round, at)| (at, round));
    let mut rounds: Vec<(DateTime<Utc>, &Slug)> = rounds.collect();
    rounds.sort_unstable();
    rounds.into_iter().map(|(_, round)| round.clone()).collect()
}

/// The level that was published on a local date, by the facts as they stand.
#[must_use]
pub fn level_on(facts: &[StoredFact], date: NaiveDate) -> Option<u8> {
    let publications = rounds::publications(facts);
    publications
        .iter()
        .rev()
        .find(|p| p.date <= date)
        .and_then(|p| p.level)
}

fn read_round(facts: &[StoredFact], publications: &[rounds::Publication], round: Slug) -> Round {
    let ever = DateTime::<Utc>::MAX_UTC;
    let proposed = rounds::proposal(facts, &round, ever);
    let moderated = rounds::moderation(facts, &round, ever);
    let published = publications.iter().rev().find(|p| p.round == round);
    let said_last = [proposed.map(|(s, _)| s), moderated.map(|(s, _)| s)]
        .into_iter()
        .flatten()
        .map(|stored| stored.occurred_at)
        .max();
    let stage = match published {
        Some(published) if said_last.is_none_or(|at| at <= published.at) => Stage::Published,
        _ if moderated.is_some() => Stage::Moderated,
        _ if proposed.is_some() => Stage::Proposed,
        _ => Stage::Rating,
    };
    Round {
        stage,
        proposed: proposed.map(|(stored, p)| GivenLevel {
            level: p.level,
            at: stored.occurred_at,
            note: p.note.clone(),
        }),
        moderated: moderated.map(|(stored, m)| Moderation {
            from: rounds::moderated_from(facts, stored, m),
            to: m.to,
            at: stored.occurred_at,
            note: m.note.clone(),
        }),
        confirmed_at: published.map(|p| p.at),
        level: rounds::level_of_round(facts, &round, ever),
        published: published.and_then(|p| p.level),
        raters: raters(facts, &round),
        round,
    }
}

/// What each rater gave; of several by one rater the one recorded last.
fn raters(facts: &[StoredFact], round: &Slug) -> Vec<RatersLevel> {
    let mut by_rater: BTreeMap<&Slug, GivenLevel> = BTreeMap::new();
    for (stored, fact) in rounds::assessment(facts) {
        if let AssessmentFact::Proposed(p) = fact
            && let Some(rater) = &p.rater
            && p.round == *round
        {
            let given = GivenLevel {
                level: p.level,
                at: stored.occurred_at,
                note: p.note.clone(),
            };
            by_rater.insert(rater, given);
        }
    }
    by_rater
        .into_iter()
        .map(|(rater, given)| RatersLevel {
            rater: rater.clone(),
            given,
        })
        .collect()
}

/// Days since a rating was published, on a local date; none when it never was.
#[must_use]
pub fn age_days(rating: &Rating, on: DateTime<Utc>) -> Option<i64> {
    Some((local::date(on) - rating.published_on?).num_days())
}

#[cfg(test)]
pub(crate) mod fixtures;

#[cfg(test)]
mod tests;
