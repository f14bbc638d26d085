//! Of a mapping, what it says of the table: which sheet, which rows count, columns that are periods, marks.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where in a file the table is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRule {
    /// The sheet of a workbook: its name, `*` standing for anything. Needed where several have the columns.
    #[serde(default)]
    pub sheet: Option<Pattern>,
    /// The table ends at the first empty row.
    #[serde(default)]
    pub until_blank: bool,
    /// What a comma in a number is.
    #[serde(default)]
    pub commas: Option<Commas>,
}

/// What a comma in a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Commas {
    /// It stands between thousands.
    Thousands,
    /// It stands before decimals, and points between thousands.
    Decimals,
    /// It may stand before decimals, as where programs write semicolons between cells.
    #[serde(skip)]
    Unclear,
}

/// A wide table: columns that stand for periods, or for other values, become rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WideRule {
    /// What the titles of those columns are called as a column of their own.
    pub titles: String,
    /// What their cells are called. Without it each period has several columns, whose titles stand in a row below the
    /// periods: `value` and the like then name those titles.
    #[serde(default)]
    pub cells: Option<String>,
    /// Which columns they are.
    #[serde(default)]
    pub columns: WideColumns,
}

/// Which columns of a wide table become rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WideColumns {
    /// Those whose titles are periods.
    #[default]
    Periods,
    /// All that the mapping does not name.
    Others,
}

/// What a cell means that is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellMark {
    /// Known, and not published.
    Suppressed,
    /// Not available.
    Missing,
    /// None: some publishers write a dash for it.
    Zero,
}

/// A cell's text; `*` stands for anything, `\*` for a star. Letters may be large or small.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Pattern(Vec<String>);

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        let parts = text.replace(r"\*", "\u{0}").to_lowercase();
        Self(
            parts
                .split('*')
                .map(|part| plain(&part.replace('\u{0}', "*")))
                .collect(),
        )
    }
}

impl Pattern {
    /// Whether a cell is meant.
    #[must_use]
    pub fn matches(&self, cell: &str) -> bool {
        let cell = as_compared(cell);
        let Some((first, rest)) = self.0.split_first() else {
            return false;
        };
        let Some((last, between)) = rest.split_last() else {
            return cell == *first;
        };
        let Some(mut left) = cell.strip_prefix(first.as_str()) else {
            return false;
        };
        for part in between {
            let Some(at) = left.find(part.as_str()) else {
                return false;
            };
            left = &left[at + part.len()..];
        }
        left.ends_with(last.as_str())
    }
}

/// One space between words, none around, whatever kind of space it was.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A cell as patterns look at it: two that are the same so are one to a mapping.
pub(crate) fn as_compared(cell: &str) -> String {
    plain(&cell.to_lowercase())
}

/// One pattern or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "must be a text, or a list of texts")]
enum OneOrMore {
    One(Pattern),
    More(Vec<Pattern>),
}

/// Columns, and what their cells must be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Conditions(BTreeMap<String, OneOrMore>);

impl Conditions {
    /// The columns that they read.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a row fulfils all of them.
    pub fn all<'a>(&self, cell: impl Fn(&str) -> &'a str) -> bool {
        self.0
            .iter()
            .all(|(column, wanted)| wanted.holds(cell(column)))
    }

    /// Whether a row fulfils any of them.
    pub fn any<'a>(&self, cell: impl Fn(&str) -> &'a str) -> bool {
        self.0
            .iter()
            .any(|(column, wanted)| wanted.holds(cell(column)))
    }
}

impl OneOrMore {
    fn holds(&self, cell: &str) -> bool {
        match self {
            Self::One(pattern) => pattern.matches(cell),
            Self::More(patterns) => patterns.iter().any(|p| p.matches(cell)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_whole_cell_with_stars_for_what_may_differ() {
        let matches = |pattern: &str, cell: &str| Pattern::from(pattern.to_owned()).matches(cell);
        assert!(matches("Provider", " provider\u{a0}"));
        assert!(!matches("Provider", "Providers"));
        assert!(matches("TOTAL*", "Total (all trusts)"));
        assert!(matches(
            "*UTLA*acceptable*",
            "Table 3 UTLA  (Acceptable data)"
        ));
        assert!(!matches("*a*b", "b a"));
        assert!(!matches("ab*ba", "aba"), "no letter counts twice");
        assert!(matches(r"ENGLAND\*", "England*"));
        assert!(!matches(r"ENGLAND\*", "England and Wales"));
        assert!(matches("", " "));
    }
}
