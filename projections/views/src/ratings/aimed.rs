//! What became of an ambition: the level then, the level wanted, and the level now.

use super::{level_on, rounds};
use crate::contribution::StoredFact;
use chrono::NaiveDate;
use joinedup_events::{AreaId, Slug};
use serde::Serialize;

/// How far an ambition was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reached {
    /// The level wanted, or a higher one.
    Reached,
    /// The level wanted was there already when it was set, and still is: no step up.
    AlreadyThere,
    /// Nearer than it was.
    Nearer,
    /// Published for the first time since it was set: there is nothing to hold it against.
    FirstRated,
    /// Where it was.
    Unchanged,
    /// Lower than it was.
    Lower,
    /// No level is published now.
    NotRated,
}

/// An ambition and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Aimed {
    /// The area.
    pub area: AreaId,
    /// The framework.
    pub framework: Slug,
    /// The item.
    pub item: Slug,
    /// The date from which the ambition stood.
    pub since: NaiveDate,
    /// The level published when it was set.
    pub then: Option<u8>,
    /// The level wanted.
    pub wanted: u8,
    /// By this date.
    pub by: NaiveDate,
    /// The level published now.
    pub now: Option<u8>,
    /// What became of it.
    pub reached: Reached,
}

/// The ambition of a date and what has become of it since, from the facts of an assessment entity as they stand, in the
/// order of recording: the one that stood on that date or, where none did, the first that was set after it.
#[must_use]
pub fn aimed(facts: &[StoredFact], on: NaiveDate, today: NaiveDate) -> Option<Aimed> {
    let (area, framework, item) = rounds::assessment(facts).find_map(|(stored, fact)| {
        let (framework, item) = fact.item()?;
        Some((stored.area.clone(), framework.clone(), item.clone()))
    })?;
    let ambitions = rounds::ambitions(facts);
    let stood = ambitions.iter().rev().find(|a| a.date <= on);
    let ambition = stood.or(ambitions.first()).filter(|a| a.date <= today)?;
    let (then, now) = (level_on(facts, ambition.date), level_on(facts, today));
    let wanted = ambition.set.level;
    let reached = match (then, now) {
        (_, None) => Reached::NotRated,
        (Some(then), Some(now)) if then.min(now) >= wanted => Reached::AlreadyThere,
        (_, Some(now)) if now >= wanted => Reached::Reached,
        (Some(then), Some(now)) if now < then => Reached::Lower,
        (Some(then), Some(now)) if now == then => Reached::Unchanged,
        (None, Some(_)) => Reached::FirstRated,
        (Some(_), Some(_)) => Reached::Nearer,
    };
    Some(Aimed {
        area,
        framework,
        item,
        since: ambition.date,
        then,
        wanted,
        by: ambition.set.by,
        now,
        reached,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{ambition, confirmed, proposed, standing, stored};
    use super::*;

    fn became(level: Option<u8>) -> Reached {
        let area = "havenshire-north";
        let fact = |on, fact| stored(area, on, on, fact);
        let facts = standing(vec![
            fact("2025-01-01", proposed("2025", Some(2))),
            fact("2025-02-01", confirmed("2025")),
            fact("2025-02-02", ambition(4, "2026-02-01")),
            fact("2026-01-10", proposed("2026", level)),
            fact("2026-02-01", confirmed("2026")),
            // The next one is not last year's.
            fact("2026-02-02", ambition(5, "2027-02-01")),
        ]);
        let day = |text: &str| text.parse().unwrap();
        let found = aimed(&facts, day("2025-06-01"), day("2026-06-01")).unwrap();
        assert_eq!((found.then, found.wanted, found.now), (Some(2), 4, level));
        found.reached
    }

    #[test]
    fn an_ambition_of_last_year_is_held_against_the_level_of_today() {
        let all = [Some(4), Some(5), Some(3), Some(2), Some(1), None];
        let found: Vec<Reached> = all.into_iter().map(became).collect();
        use Reached::{Lower, Nearer, NotRated, Reached as Whole, Unchanged};
        assert_eq!(found, [Whole, Whole, Nearer, Unchanged, Lower, NotRated]);
    }

    #[test]
    fn what_was_there_when_it_was_wanted_was_not_reached() {
        let area = "havenshire-north";
        let fact = |on, fact| stored(area, on, on, fact);
        let day = |text: &str| text.parse().unwrap();
        let then_3_and_now = |now| {
            let facts = standing(vec![
                fact("2025-01-01", proposed("2025", Some(3))),
                fact("2025-02-01", confirmed("2025")),
                fact("2025-02-02", ambition(3, "2026-02-01")),
                fact("2026-01-10", proposed("2026", Some(now))),
                fact("2026-02-01", confirmed("2026")),
            ]);
            aimed(&facts, day("2025-06-01"), day("2026-06-01"))
                .unwrap()
                .reached
        };
        let found = [2, 3, 4].map(then_3_and_now);
        let there = Reached::AlreadyThere;
        assert_eq!(found, [Reached::Lower, there, there]);
    }

    #[test]
    fn where_none_stood_the_first_since_counts_and_without_any_there_is_nothing() {
        let area = "havenshire-north";
        let set = stored(area, "2026-02-01", "2026-02-01", ambition(3, "2027-02-01"));
        let day = |text: &str| text.parse().unwrap();
        let found = aimed(
            std::slice::from_ref(&set),
            day("2025-06-01"),
            day("2026-06-01"),
        )
        .unwrap();
        assert_eq!((found.then, found.reached), (None, Reached::NotRated));
        let fact = |on, fact| stored(area, on, on, fact);
        let rated = standing(vec![
            set.clone(),
            fact("2026-03-01", proposed("2026", Some(1))),
            fact("2026-03-02", confirmed("2026")),
        ]);
        let found = aimed(&rated, day("2025-06-01"), day("2026-06-01")).unwrap();
        assert_eq!((found.now, found.reached), (Some(1), Reached::FirstRated));
        assert_eq!(aimed(&[set], day("2025-06-01"), day("2026-01-01")), None);
        assert_eq!(aimed(&[], day("2025-06-01"), day("2026-01-01")), None);
    }
}
