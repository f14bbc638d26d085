//! Of a mapping, which period a row is of, where that stands and how it is written.

use joinedup_events::observation::Grain;
use serde::Deserialize;

/// Which period a row is of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodRule {
    /// The column.
    #[serde(default)]
    pub column: Option<String>,
    /// Every row is of this one, written as in a cell.
    #[serde(default)]
    pub fixed: Option<String>,
    /// Every row is of the one that this cell of the sheet names, e.g. `C5`.
    #[serde(default)]
    pub cell: Option<CellAddress>,
    /// Every row is of the first one that is named above the header.
    #[serde(default)]
    pub above: bool,
    /// Every row is of the one that the file's name has.
    #[serde(default)]
    pub file_name: bool,
    /// The period's length.
    pub grain: Grain,
    /// How it is written; whatever fits the grain unless given.
    #[serde(default)]
    pub format: Option<Format>,
    /// Which day of the period a date names.
    #[serde(default)]
    pub names: Named,
}

impl PeriodRule {
    /// The places that it names; there must be one.
    pub(super) fn places(&self) -> usize {
        usize::from(self.column.is_some())
            + usize::from(self.fixed.is_some())
            + usize::from(self.cell.is_some())
            + usize::from(self.above)
            + usize::from(self.file_name)
    }

    /// What messages call the place that it is read from.
    #[must_use]
    pub fn place(&self) -> &str {
        self.column.as_deref().unwrap_or("period")
    }
}

/// A cell of a sheet, written as in a spreadsheet: `C5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CellAddress {
    /// The column, counted from 0.
    pub column: usize,
    /// The row, counted from 1.
    pub row: u64,
}

impl TryFrom<String> for CellAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.find(|c: char| c.is_ascii_digit());
        let (letters, row) = text.split_at(digits.unwrap_or(text.len()));
        let address = column_of_letters(letters).zip(row.parse().ok());
        address
            .filter(|(_, row)| *row > 0)
            .map(|(column, row)| Self { column, row })
            .ok_or("must be a cell such as C5")
    }
}

/// The column that a spreadsheet calls by letters, counted from 0.
#[must_use]
pub fn column_of_letters(letters: &str) -> Option<usize> {
    let known =
        (1..=3).contains(&letters.len()) && letters.bytes().all(|b| b.is_ascii_alphabetic());
    known.then(|| {
        letters.bytes().fold(0, |at, b| {
            at * 26 + usize::from(b.to_ascii_uppercase() - b'A') + 1
        }) - 1
    })
}

/// How a period is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Format {
    /// `2026-05`.
    #[serde(rename = "YYYY-MM")]
    YearMonth,
    /// `2026-05-31`, perhaps with a time behind it.
    #[serde(rename = "YYYY-MM-DD")]
    Date,
    /// `31/05/2026`.
    #[serde(rename = "DD/MM/YYYY")]
    BritishDate,
    /// `May 2026`, `May-26`.
    #[serde(rename = "MMM YYYY")]
    MonthName,
    /// `2026`: for a financial year, the one that it begins in.
    #[serde(rename = "YYYY")]
    Year,
}

/// Which day of a period a date names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// Its first: what is written elsewhere is refused.
    #[default]
    FirstDay,
    /// Its last: "week ending".
    LastDay,
    /// Any of them.
    AnyDay,
}

impl Named {
    /// The word of mappings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::FirstDay => "first-day",
            Self::LastDay => "last-day",
            Self::AnyDay => "any-day",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_called_as_in_a_spreadsheet() {
        let at = |text: &str| CellAddress::try_from(text.to_owned()).map(|a| (a.column, a.row));
        assert_eq!(at("A1"), Ok((0, 1)));
        assert_eq!(at("c5"), Ok((2, 5)));
        assert_eq!(at("AA10"), Ok((26, 10)));
        for wrong in ["", "5", "C", "C0", "5C", "C-1", "ABCD1", "C5D"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
