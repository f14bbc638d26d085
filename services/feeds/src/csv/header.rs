//! The header of a CSV file: which column stands where.

use crate::mapping::{Mapping, MappingError};
use csv::StringRecord;
use std::collections::BTreeMap;

/// Why a file is not of a layout. Exit code 2: nothing of the file was read.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// There is no header.
    #[error("the first line is not a header in UTF-8: save the file as CSV in UTF-8")]
    Unreadable,
    /// A column is missing.
    #[error("the mapping `{mapping}` needs the column{} {}, which the header does not have; it has {}", if missing.len() == 1 { "" } else { "s" }, quoted(missing), quoted(present))]
    Missing {
        /// The mapping.
        mapping: String,
        /// The columns that are not there.
        missing: Vec<String>,
        /// The columns that are.
        present: Vec<String>,
    },
    /// A column twice.
    #[error(
        "the header has the column `{0}` twice, and the mapping needs to know which: rename one"
    )]
    Twice(String),
    /// No built-in mapping fits.
    #[error("no built-in mapping fits the header ({}): write one and give it with --mapping FILE", quoted(.0))]
    NoneFits(Vec<String>),
    /// A mapping could not be read.
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

/// The most column names that a message lists.
const NAMED: usize = 30;

fn quoted(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > NAMED {
        text.push_str(" and more");
    }
    text
}

/// A header.
#[derive(Clone, Debug)]
pub struct Header {
    names: Vec<String>,
    at: BTreeMap<String, usize>,
}

impl Header {
    /// The header of a first line.
    #[must_use]
    pub fn of(record: &StringRecord) -> Self {
        let names: Vec<String> = record
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        let mut at = BTreeMap::new();
        for (index, name) in names.iter().enumerate() {
            at.entry(name.clone()).or_insert(index);
        }
        Self { names, at }
    }

    /// Where a column stands.
    #[must_use]
    pub fn index(&self, column: &str) -> Option<usize> {
        self.at.get(column).copied()
    }

    /// How many columns there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The columns, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether a mapping's columns are all there.
    #[must_use]
    pub fn fits(&self, mapping: &Mapping) -> bool {
        mapping
            .required()
            .iter()
            .all(|column| self.index(column).is_some())
    }

    /// As [`Self::fits`], saying what is missing.
    ///
    /// # Errors
    /// The missing columns, or one that is there twice.
    pub fn must_fit(&self, mapping: &Mapping) -> Result<(), LayoutError> {
        let required = mapping.required();
        let missing: Vec<String> = required
            .iter()
            .filter(|c| self.index(c).is_none())
            .map(|c| (*c).to_owned())
            .collect();
        if !missing.is_empty() {
            return Err(LayoutError::Missing {
                mapping: mapping.name.to_string(),
                missing,
                present: self.names.clone(),
            });
        }
        match required
            .iter()
            .find(|c| self.names.iter().filter(|name| name == *c).count() > 1)
        {
            Some(twice) => Err(LayoutError::Twice((*twice).to_owned())),
            None => Ok(()),
        }
    }
}
