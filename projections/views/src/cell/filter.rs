//! Which cells a question is about, by what they are broken down by.

use crate::measure::either;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Dimension and value, in alphabetical order of the dimensions.
pub type Breakdown = Vec<(Box<str>, Box<str>)>;

/// Which cells of a quantity: every dimension named must have one of its values. Nothing named: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Filter(pub BTreeMap<String, BTreeSet<String>>);

impl Filter {
    /// Whether a breakdown passes. A dimension that the breakdown lacks does not pass.
    #[must_use]
    pub fn passes(&self, breakdown: &[(Box<str>, Box<str>)]) -> bool {
        self.0.iter().all(|(dimension, values)| {
            breakdown
                .iter()
                .any(|(d, v)| **d == **dimension && values.contains(&**v))
        })
    }

    /// Both filters at once; a dimension of both keeps the common values.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (dimension, values) in &other.0 {
            both.0
                .entry(dimension.clone())
                .and_modify(|mine| *mine = mine.intersection(values).cloned().collect())
                .or_insert_with(|| values.clone());
        }
        both
    }

    /// One dimension, one value.
    #[must_use]
    pub fn one(dimension: &str, value: &str) -> Self {
        Self(BTreeMap::from([(
            dimension.to_owned(),
            BTreeSet::from([value.to_owned()]),
        )]))
    }

    /// Whether it leaves nothing out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In words: `pathway 1 or 2 and responsible nhs`. Empty where it leaves nothing out.
    #[must_use]
    pub fn words(&self) -> String {
        let words = |(dimension, values): (&String, &BTreeSet<String>)| {
            format!("{dimension} {}", either(values.iter().map(String::as_str)))
        };
        self.0.iter().map(words).collect::<Vec<_>>().join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_needs_every_dimension_it_names() {
        let breakdown: Breakdown = vec![
            ("pathway".into(), "1".into()),
            ("reason".into(), "HP1".into()),
        ];
        assert!(Filter::default().passes(&breakdown));
        assert!(Filter::one("pathway", "1").passes(&breakdown));
        assert!(!Filter::one("pathway", "2").passes(&breakdown));
        assert!(!Filter::one("responsible", "nhs").passes(&breakdown));
        let two = Filter([("pathway".to_owned(), ["1", "2"].map(str::to_owned).into())].into());
        let all = two.and(&Filter::one("reason", "HP1"));
        assert_eq!(all.words(), "pathway 1 or 2 and reason HP1");
    }
}
