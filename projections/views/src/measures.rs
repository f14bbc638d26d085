//! The measures: those that come with the product and a user's own.

mod parse;

use crate::measure::{Measure, digest_of};
pub use parse::MeasureError;
use std::collections::BTreeMap;

/// The families that come with the product, with their files.
const BUILT_IN: [(&str, &str); 7] = [
    ("transfer", include_str!("../data/measures/transfer.toml")),
    ("mdt", include_str!("../data/measures/mdt.toml")),
    (
        "experience",
        include_str!("../data/measures/experience.toml"),
    ),
    (
        "assessment",
        include_str!("../data/measures/assessment.toml"),
    ),
    ("change", include_str!("../data/measures/change.toml")),
    ("aggregate", include_str!("../data/measures/aggregate.toml")),
    ("published", include_str!("../data/measures/published.toml")),
];

/// Measures by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    measures: BTreeMap<String, Measure>,
}

impl Measures {
    /// The measures that come with the product. `is_outcome` says which outcome ids the logic model has.
    ///
    /// # Errors
    /// Never, as a test holds; typed so that callers need not trust it.
    pub fn built_in(is_outcome: impl Fn(&str) -> bool) -> Result<Self, Vec<MeasureError>> {
        let mut all = Self::default();
        let mut errors = Vec::new();
        for (family, text) in BUILT_IN {
            match parse::parse(text, &is_outcome) {
                Ok(measures) => {
                    for mut measure in measures {
                        family.clone_into(&mut measure.family);
                        all.measures.insert(measure.id.to_string(), measure);
                    }
                }
                Err(more) => errors.extend(more),
            }
        }
        if errors.is_empty() {
            Ok(all)
        } else {
            Err(errors)
        }
    }

    /// Reads measures from a file's text. `is_outcome` says which outcome ids the logic model has.
    ///
    /// # Errors
    /// Everything that is wrong, each with its line, measure and field, so that a file is mended in one go.
    pub fn parse(text: &str, is_outcome: impl Fn(&str) -> bool) -> Result<Self, Vec<MeasureError>> {
        let measures = parse::parse(text, &is_outcome)?;
        Ok(Self {
            measures: measures
                .into_iter()
                .map(|m| (m.id.to_string(), m))
                .collect(),
        })
    }

    /// These measures and others; another's definition of the same id replaces ours.
    #[must_use]
    pub fn with(mut self, others: Self) -> Self {
        self.measures.extend(others.measures);
        self
    }

    /// The measure of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Measure> {
        self.measures.get(id)
    }

    /// All, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Measure> {
        self.measures.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.measures.len()
    }

    /// Whether there are no measures.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.measures.is_empty()
    }

    /// The measures that serve an outcome by name.
    pub fn of_outcome<'a>(&'a self, outcome: &'a str) -> impl Iterator<Item = &'a Measure> {
        self.iter()
            .filter(move |m| m.outcomes.named().iter().any(|o| o.as_str() == outcome))
    }

    /// A digest of all definitions: changes when any of them does.
    #[must_use]
    pub fn digest(&self) -> String {
        let digests: Vec<String> = self.iter().map(Measure::digest).collect();
        digest_of(digests.iter().map(String::as_str))
    }
}
