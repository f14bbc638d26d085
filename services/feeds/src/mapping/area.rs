//! Of a mapping, which area a row is of.

use crate::plain::plain;
use joinedup_events::{AreaId, Areas};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Which area a row is of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaRule {
    /// Every row is of this area.
    #[serde(default)]
    pub fixed: Option<AreaId>,
    /// The column with the area.
    #[serde(default)]
    pub column: Option<String>,
    /// Columns of which the first that is not empty has the area.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Cells of `columns` that are passed over like empty ones, as long as a later column has anything else.
    #[serde(default)]
    pub blank: Vec<String>,
    /// What a cell says → the area, capitals and marks not counting. What is not here is the area's code itself.
    #[serde(default)]
    pub values: AreaValues,
    /// The area of a row whose cells are empty.
    #[serde(default)]
    pub empty: Option<AreaId>,
    /// The area when the file has none of the columns.
    #[serde(default)]
    pub without_column: Option<AreaId>,
}

impl AreaRule {
    /// This rule, unless all rows are said to be of one area.
    #[must_use]
    pub fn or_all_of(self, area: Option<&AreaId>) -> Self {
        match area {
            Some(area) => Self {
                fixed: Some(area.clone()),
                ..Self::default()
            },
            None => self,
        }
    }

    /// For whom rows count, in words: a mapping may name an area that is not the reader's.
    #[must_use]
    pub fn words(&self, areas: &Areas) -> String {
        match &self.fixed {
            Some(area) => match areas.get(area.as_str()) {
                Some(known) => format!("counted for {}, {area}", known.title),
                None => format!("counted for {area}, which is not in the register of areas"),
            },
            None => "counted for the area that each row names".to_owned(),
        }
    }

    /// The area that a cell is said to stand for.
    #[must_use]
    pub fn value(&self, cell: &str) -> Option<&AreaId> {
        let values = &self.values.0;
        values.get(cell).or_else(|| values.get(&plain(cell)))
    }

    /// The columns to look at, in order.
    pub fn looked_at(&self) -> impl Iterator<Item = &str> {
        self.column.iter().chain(&self.columns).map(String::as_str)
    }
}

/// What cells say → the areas, as written and as [`plain`] has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "BTreeMap<String, AreaId>")]
pub struct AreaValues(BTreeMap<String, AreaId>);

impl From<BTreeMap<String, AreaId>> for AreaValues {
    fn from(written: BTreeMap<String, AreaId>) -> Self {
        let mut alike: BTreeMap<String, Vec<&AreaId>> = BTreeMap::new();
        for (cell, area) in &written {
            alike.entry(plain(cell)).or_default().push(area);
        }
        // Where capitals and marks make a difference, they count.
        let clear = alike.into_iter().filter_map(|(cell, areas)| {
            let (first, others) = areas.split_first()?;
            let is_clear = !cell.is_empty() && others.iter().all(|area| area == first);
            is_clear.then(|| (cell, (*first).clone()))
        });
        let mut all: BTreeMap<String, AreaId> = clear.collect();
        all.extend(written);
        Self(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_whom_rows_count_is_said_in_words_whoever_said_it() {
        let areas = Areas::built_in().unwrap();
        let of_mapping = AreaRule {
            fixed: AreaId::new("RAJ").ok(),
            ..AreaRule::default()
        };
        let said = of_mapping.words(&areas);
        assert_eq!(said, "counted for Mid and South Essex (trust), RAJ");
        let other = AreaId::new("RDE").unwrap();
        let said = of_mapping.or_all_of(Some(&other)).words(&areas);
        assert_eq!(said, "counted for East Suffolk and North Essex, RDE");
        let by_row = AreaRule::default().or_all_of(None).words(&areas);
        assert_eq!(by_row, "counted for the area that each row names");
    }
}
