//! Scorecards: named lists of measures, each with a purpose, an owner and the kind of place that it is made for. They are
//! data; a user's file adds to those that come with the product, or replaces them by id.

use crate::measure::Purpose;
use crate::measures::Measures;
use joinedup_events::area::AreaKind;
use joinedup_events::id::Slug;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One scorecard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scorecard {
    /// Its id.
    pub id: Slug,
    /// Its name.
    pub title: String,
    /// What it is for.
    #[serde(default)]
    pub purpose: Purpose,
    /// Who answers for it: a role or an organisation, never a person.
    pub owner: String,
    /// The kinds of place that it is made for; none: any.
    #[serde(default)]
    pub footprint: Vec<AreaKind>,
    /// What it is and where it comes from, in a sentence or two.
    #[serde(default)]
    pub about: String,
    /// Where it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its measures, in order.
    pub items: Vec<Item>,
}

/// One line of a scorecard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "ScorecardItem")
)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The heading under which it stands; empty: none.
    #[serde(default)]
    pub section: String,
    /// What the scorecard calls it; empty: what the measure is called.
    #[serde(default)]
    pub title: String,
    /// The measure; none where the scorecard names an area and no measure of it is known or chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Slug>,
    /// What to mind where the measure is not quite what the scorecard asks for.
    #[serde(default)]
    pub note: String,
}

/// Why scorecards were not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScorecardError {
    /// Not TOML of a scorecard's shape.
    #[error("the scorecards are not readable: {0}")]
    Toml(String),
    /// The same id twice in one file.
    #[error("scorecard {0} is there twice; give one of them another id")]
    Twice(Slug),
    /// A list of nothing.
    #[error("scorecard {0} has no items; add them as `items = [{{ measure = \"…\" }}]`")]
    Empty(Slug),
    /// A measure that is not known.
    #[error(
        "scorecard {scorecard} names a measure that is not known, in item {item}; GET /api/v1/measures lists them"
    )]
    Measure {
        /// The scorecard.
        scorecard: Slug,
        /// Which item, from 1.
        item: usize,
    },
    /// An item that is neither a measure nor a heading.
    #[error(
        "scorecard {scorecard} has neither a measure nor a title in item {item}; give it one of them"
    )]
    Nothing {
        /// The scorecard.
        scorecard: Slug,
        /// Which item, from 1.
        item: usize,
    },
}

/// All scorecards, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scorecards(BTreeMap<String, Scorecard>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    scorecard: Vec<Scorecard>,
}

impl Scorecards {
    /// Those that come with the product.
    ///
    /// # Errors
    /// Never with the product's own measures, as a test holds; typed so that callers need not trust it.
    pub fn built_in(measures: &Measures) -> Result<Self, ScorecardError> {
        Self::default().and_toml(include_str!("../data/scorecards.toml"), measures)
    }

    /// Adds a user's own scorecards; one with the same id replaces ours.
    ///
    /// # Errors
    /// When the text is not readable, an id is there twice, or an item names no known measure.
    pub fn and_toml(mut self, text: &str, measures: &Measures) -> Result<Self, ScorecardError> {
        let file: File =
            toml::from_str(text).map_err(|e| ScorecardError::Toml(e.message().to_owned()))?;
        let mut seen = BTreeSet::new();
        for card in file.scorecard {
            if !seen.insert(card.id.clone()) {
                return Err(ScorecardError::Twice(card.id));
            }
            card.check(measures)?;
            self.0.insert(card.id.to_string(), card);
        }
        Ok(self)
    }

    /// The scorecard of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Scorecard> {
        self.0.get(id)
    }

    /// All of them, by title.
    #[must_use]
    pub fn all(&self) -> Vec<&Scorecard> {
        let mut all: Vec<&Scorecard> = self.0.values().collect();
        all.sort_by(|a, b| a.title.cmp(&b.title));
        all
    }
}

impl Scorecard {
    fn check(&self, measures: &Measures) -> Result<(), ScorecardError> {
        if self.items.is_empty() {
            return Err(ScorecardError::Empty(self.id.clone()));
        }
        for (at, item) in self.items.iter().enumerate() {
            let (scorecard, number) = (self.id.clone(), at + 1);
            match &item.measure {
                Some(id) if measures.get(id.as_str()).is_none() => {
                    return Err(ScorecardError::Measure {
                        scorecard,
                        item: number,
                    });
                }
                None if item.title.is_empty() => {
                    return Err(ScorecardError::Nothing {
                        scorecard,
                        item: number,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measures() -> Measures {
        Measures::built_in(|_| true).unwrap()
    }

    #[test]
    fn the_shipped_scorecards_have_the_published_numbers_of_measures() {
        let measures = measures();
        let cards = Scorecards::built_in(&measures).unwrap();
        let measured = |id: &str| {
            let card = cards.get(id).unwrap();
            card.items.iter().filter(|i| i.measure.is_some()).count()
        };
        for (id, n) in [
            ("interface-2017", 6),
            ("bcf-2015", 4),
            ("bcf-2025", 3),
            ("vanguards", 3),
        ] {
            assert_eq!(measured(id), n, "{id}");
        }
        let sections = |id: &str| -> BTreeSet<String> {
            let items = &cards.get(id).unwrap().items;
            items.iter().map(|i| i.section.clone()).collect()
        };
        assert_eq!(sections("sustain").len(), 4);
        assert_eq!(sections("icpa").len(), 5);
        assert!(
            cards
                .all()
                .iter()
                .all(|c| !c.owner.is_empty() && !c.about.is_empty())
        );
    }

    #[test]
    fn a_local_scorecard_is_ten_lines_and_what_is_wrong_is_named() {
        let measures = measures();
        let own = "[[scorecard]]\nid = \"ours\"\ntitle = \"Our winter\"\nowner = \"Winter room\"\n\
                   items = [{ measure = \"tr-ready-now\" }, { title = \"Beds at home\" }]\n";
        let cards = Scorecards::built_in(&measures).unwrap();
        let cards = cards.and_toml(own, &measures).unwrap();
        assert_eq!(cards.get("ours").unwrap().items.len(), 2);
        for (from, to, what) in [
            ("tr-ready-now", "tr-ready-nw", "item 1"),
            ("title = \"Beds at home\"", "note = \"x\"", "item 2"),
            ("owner = \"Winter room\"\n", "", "owner"),
        ] {
            let error = Scorecards::default().and_toml(&own.replace(from, to), &measures);
            let error = error.unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        let twice = Scorecards::default().and_toml(&format!("{own}{own}"), &measures);
        assert!(matches!(twice, Err(ScorecardError::Twice(_))));
    }
}
