//! Checklists: which points of an item are in place in an area, as its facts stand.

use crate::contribution::StoredFact;
use crate::ratings::rounds::assessment;
use chrono::NaiveDate;
use joinedup_events::assessment::AssessmentFact;
use joinedup_events::id::hash_two;
use joinedup_events::{Slug, local};
use serde::Serialize;
use std::collections::BTreeMap;

/// The most characters of a point's name that are its words.
const MAX_WORDS: usize = 47;

/// Whether a point is in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tick {
    /// It is in place.
    pub done: bool,
    /// Since this local date.
    pub since: NaiveDate,
    /// What shows it.
    pub note: Option<String>,
}

/// The points that anything was recorded of, from the facts of an assessment entity as they stand, in the order of
/// recording.
#[must_use]
pub fn ticks(facts: &[StoredFact]) -> BTreeMap<Slug, Tick> {
    assessment(facts)
        .filter_map(|(stored, fact)| match fact {
            AssessmentFact::Ticked(f) => Some((
                f.point.clone(),
                Tick {
                    done: f.done,
                    since: local::date(stored.occurred_at),
                    note: f.note.clone(),
                },
            )),
            _ => None,
        })
        .collect()
}

/// The name of a point, made from its words: a point with other words is another point, and not in place because the one
/// before it was. None where no name can be made.
#[must_use]
pub fn point_of(words: &str) -> Option<Slug> {
    let lower = words.to_lowercase();
    let parts: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let mut name = parts.join("-");
    let is_whole = lower.is_ascii() && !name.is_empty();
    if name.len() > MAX_WORDS || !is_whole {
        name.truncate(MAX_WORDS);
        name = format!("{name}-{:08x}", hash_two("point", words) as u32);
    }
    Slug::new(name.trim_start_matches('-')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::fixtures::{slug, standing, stored};
    use joinedup_events::Fact;
    use joinedup_events::assessment::Ticked;
    use proptest::prelude::*;

    #[test]
    fn the_last_word_on_a_point_stands_and_rates_nothing() {
        let fact = |on, point: &str, done| {
            let fact = AssessmentFact::Ticked(Ticked {
                framework: slug("scie"),
                item: slug("co-timely-transfers"),
                point: slug(point),
                done,
                note: None,
            });
            stored("havenshire", on, on, Fact::Assessment(fact))
        };
        let facts = standing(vec![
            fact("2026-03-01", "a", true),
            fact("2026-03-02", "b", true),
            fact("2026-04-01", "a", false),
        ]);
        let found = ticks(&facts);
        let done: Vec<bool> = found.values().map(|t| t.done).collect();
        assert_eq!(done, [false, true]);
        assert_eq!(found[&slug("b")].since.to_string(), "2026-03-02");
        assert_eq!(crate::ratings::rating(&facts), None);
    }

    #[test]
    fn a_short_point_is_named_by_its_words() {
        let name = |words| point_of(words).unwrap().to_string();
        assert_eq!(name("Plans are shared, daily"), "plans-are-shared-daily");
        assert_ne!(name("Équipe"), name("Equipe"));
    }

    proptest! {
        #[test]
        fn every_point_has_a_name_and_other_words_another(a in ".{1,200}", b in ".{1,200}") {
            let name = |words: &str| point_of(words).map(|p| p.to_string());
            prop_assert!(name(&a).is_some());
            let plain = |words: &str| words.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect::<String>();
            if plain(&a) != plain(&b) {
                prop_assert_ne!(name(&a), name(&b));
            }
        }
    }
}
