//! What the columns and values of the Client Level Data mean, in both releases of their lists.

use crate::line_list::mapping::plain;
use crate::mapping::{MappingError, from_toml, wrong};
use serde::Deserialize;
use std::collections::BTreeMap;

const TEXT: &str = include_str!("../../../mappings/client-level/values.toml");

/// What a request or an assessment came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Services, or the planning of them.
    Service,
    /// The same, in a value that the second release no longer has.
    FormerService,
    /// An assessment or a review.
    Assessment,
    /// No further action, or admitted to hospital.
    Ended,
}

/// Columns and values.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// Our name of a column → what files call it.
    pub columns: BTreeMap<String, Vec<String>>,
    outcome: BTreeMap<String, Outcome>,
    service: BTreeMap<String, u32>,
    assessment: BTreeMap<String, bool>,
}

impl Values {
    /// Those that come with the product.
    ///
    /// # Errors
    /// Never, as a test holds; typed so that callers need not trust it.
    pub fn built_in() -> Result<Self, MappingError> {
        let name = "client-level";
        let mut values: Self = from_toml(name, TEXT)?;
        values.outcome = plainly(values.outcome).ok_or_else(|| twice(name))?;
        values.service = plainly(values.service).ok_or_else(|| twice(name))?;
        values.assessment = plainly(values.assessment).ok_or_else(|| twice(name))?;
        Ok(values)
    }

    /// What a cell of the column of outcomes says; none of one that is not known.
    #[must_use]
    pub fn outcome(&self, cell: &str) -> Option<Outcome> {
        self.outcome.get(&plain(cell)).copied()
    }

    /// How many months after a service of a type somebody is still known; none of one that does not count.
    #[must_use]
    pub fn service(&self, cell: &str) -> Option<u32> {
        self.service.get(&plain(cell)).copied()
    }

    /// Whether an assessment of a type counts as a response.
    #[must_use]
    pub fn is_response(&self, cell: &str) -> bool {
        self.assessment.contains_key(&plain(cell))
    }
}

fn twice(name: &str) -> MappingError {
    wrong(name, "a value is there twice".to_owned())
}

/// The same by values without capitals and marks; none when two are then alike.
fn plainly<T>(values: BTreeMap<String, T>) -> Option<BTreeMap<String, T>> {
    let count = values.len();
    let plainly: BTreeMap<String, T> = values
        .into_iter()
        .map(|(value, meaning)| (plain(&value), meaning))
        .collect();
    (plainly.len() == count).then_some(plainly)
}
