//! The header of a table: which column stands where.

use crate::mapping::{Mapping, MappingError, column_of_letters};
use crate::sheet::SheetError;
use std::collections::BTreeMap;

/// Why a file is not of a layout. Exit code 2: nothing of the file was taken.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// There is nothing in it.
    #[error("the file has no row with anything in it")]
    Empty,
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] SheetError),
    /// A column is missing.
    #[error("the mapping `{mapping}` needs the column{} {}, which no row near the beginning has; {}", if missing.len() == 1 { "" } else { "s" }, quoted(missing), nearest(present))]
    Missing {
        /// The mapping.
        mapping: String,
        /// The columns that are not there.
        missing: Vec<String>,
        /// The columns that are, in the row that has some of them.
        present: Vec<String>,
    },
    /// No sheet is called so.
    #[error(
        "no sheet of the workbook is called as the mapping `{mapping}` says; it has {}",
        quoted(present)
    )]
    NoSheet {
        /// The mapping.
        mapping: String,
        /// The sheets.
        present: Vec<String>,
    },
    /// A column twice.
    #[error(
        "the header has the column `{0}` twice, and the mapping needs to know which: rename one"
    )]
    Twice(String),
    /// A wide table has too many columns.
    #[error(
        "the table has more than {0} columns that each become rows: split it into several files"
    )]
    TooWide(usize),
    /// The period of the file is not found.
    #[error("the mapping `{mapping}` takes the period from {place}, which {what}")]
    Period {
        /// The mapping.
        mapping: String,
        /// Where it looks.
        place: String,
        /// What is wrong there.
        what: String,
    },
    /// No built-in mapping fits: the titles of the header, where one is known to be that.
    #[error("no built-in mapping fits{}: write one and give it with --mapping FILE", the_header(.0))]
    NoneFits(Vec<String>),
    /// A mapping could not be read.
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

/// The most column names that a message lists.
const MAX_NAMED: usize = 30;

fn nearest(present: &[String]) -> String {
    match present {
        [] => "none has any of its columns".to_owned(),
        present => format!("the nearest has {}", quoted(present)),
    }
}

fn the_header(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!(" the header ({})", quoted(names)),
    }
}

fn quoted(names: &[String]) -> String {
    let named = names.iter().filter(|name| !name.is_empty());
    let mut text = named
        .clone()
        .take(MAX_NAMED)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    match named.count() {
        0 => text.push_str("nothing"),
        n if n > MAX_NAMED => text.push_str(" and more"),
        _ => {}
    }
    text
}

/// A header.
#[derive(Clone, Debug)]
pub struct Header {
    names: Vec<String>,
    at: BTreeMap<String, usize>,
    alike: BTreeMap<String, usize>,
}

impl Header {
    /// The header that a row is.
    #[must_use]
    pub fn of(cells: &[String]) -> Self {
        let names: Vec<String> = cells.iter().map(|name| name.trim().to_owned()).collect();
        let (mut at, mut alike) = (BTreeMap::new(), BTreeMap::new());
        for (index, name) in names.iter().enumerate().filter(|(_, n)| !n.is_empty()) {
            at.entry(name.clone()).or_insert(index);
            alike.entry(simplified(name)).or_insert(index);
        }
        // A title may have a footnote on a line of its own.
        for (index, name) in names.iter().enumerate() {
            if let Some((first, _)) = name.split_once(['\n', '\r']) {
                alike.entry(simplified(first)).or_insert(index);
            }
        }
        Self { names, at, alike }
    }

    /// The header that two rows are together. A title below another is called by both, such as *Trolleys Total*: the one above
    /// stands for the columns beside it that have none, as cells do that were merged. The one below is enough where it is there
    /// once.
    #[must_use]
    pub fn joined(above: &[String], below: &[String]) -> Self {
        let width = above.len().max(below.len());
        let title = |row: &[String], at: usize| {
            let cell = row.get(at).map(|cell| cell.trim());
            cell.unwrap_or_default().to_owned()
        };
        let own: Vec<String> = (0..width).map(|at| title(below, at)).collect();
        let mut over = String::new();
        let names = own.iter().enumerate().map(|(at, own)| {
            let above = title(above, at);
            if !above.is_empty() {
                // A title that has nothing below it is of its column alone.
                over = if own.is_empty() {
                    String::new()
                } else {
                    above.clone()
                };
            }
            match own.is_empty() {
                true => above,
                false => format!("{over} {own}").trim_start().to_owned(),
            }
        });
        let mut header = Self::of(&names.collect::<Vec<_>>());
        let mut at: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, name) in own.iter().enumerate().filter(|(_, n)| !n.is_empty()) {
            at.entry(name).or_default().push(index);
        }
        let mut once: Vec<(usize, &str)> = at
            .iter()
            .filter_map(|(name, at)| match at[..] {
                [index] => Some((index, *name)),
                _ => None,
            })
            .collect();
        // Of titles that differ in little the first counts.
        once.sort_unstable();
        for (index, name) in once {
            header.alike.entry(simplified(name)).or_insert(index);
        }
        header
    }

    /// Where a column stands. Its name may differ in case, in spaces and by a note behind it; `=C` is the third column,
    /// whatever it is called.
    #[must_use]
    pub fn index(&self, column: &str) -> Option<usize> {
        if let Some(letters) = column.strip_prefix('=') {
            return column_of_letters(letters);
        }
        let exact = self.at.get(column);
        exact
            .or_else(|| self.alike.get(&simplified(column)))
            .copied()
    }

    /// How many columns there are, without empty titles at the end.
    #[must_use]
    pub fn len(&self) -> usize {
        let last = self.names.iter().rposition(|name| !name.is_empty());
        last.map_or(0, |last| last + 1)
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Of some columns, those that are not there.
    #[must_use]
    pub fn missing<'a>(&self, wanted: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let wanted = wanted.into_iter();
        wanted
            .filter(|c| self.index(c).is_none())
            .map(str::to_owned)
            .collect()
    }

    /// Refuses a header that has a column of the mapping twice.
    ///
    /// # Errors
    /// The first such column.
    pub fn must_be_clear(&self, mapping: &Mapping) -> Result<(), LayoutError> {
        let twice = |column: &&str| {
            let exact = self.names.iter().filter(|name| name == column).count();
            let alike = simplified(column);
            let alike = self.names.iter().filter(|name| simplified(name) == alike);
            exact > 1 || (exact == 0 && alike.count() > 1)
        };
        match mapping.required().into_iter().find(twice) {
            Some(twice) => Err(LayoutError::Twice(twice.to_owned())),
            None => Ok(()),
        }
    }
}

/// Small letters, one space between words, without a note such as `(note 1)` or `[note 3]` behind it.
fn simplified(name: &str) -> String {
    #[cfg(test)]
    tests::SIMPLIFIED.with(|count| count.set(count.get() + 1));
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let text = words.join(" ");
    let note = text.rfind(['(', '[']).filter(|at| {
        let note = &text[at + 1..];
        (note.starts_with("note") || note.starts_with("see note")) && note.ends_with([')', ']'])
    });
    note.map_or(text.as_str(), |at| text[..at].trim_end())
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::{CsvFile, Import};
    use chrono::{DateTime, Utc};
    use joinedup_events::Areas;
    use std::cell::Cell;

    thread_local! {
        /// How many titles were made simple.
        pub(super) static SIMPLIFIED: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn each_title_of_a_very_wide_table_is_looked_at_once() {
        let row = |title: &str| -> Vec<String> {
            (0..50_000).map(|n| format!("{title} {}", n / 2)).collect()
        };
        let (above, mut below) = (row("above"), row("below"));
        below[49_999] = "Alone (note 1)".to_owned();
        let header = Header::joined(&above, &below);
        assert_eq!(header.index("above 3 below 3"), Some(6));
        assert_eq!(header.index("alone"), Some(49_999));
        // A title that is there twice does not do without the one above it.
        assert_eq!(header.index("below 3"), None);
        // Each of the titles once, the two that are alone below others, and those that were asked for.
        let looked_at = SIMPLIFIED.with(Cell::get);
        assert!(looked_at <= 50_000 + 2 + 3, "{looked_at}");
    }

    const WIDE: &str = "name = \"wide\"\n[wide]\ntitles = \"when\"\ncells = \"n\"\n[period]\ncolumn = \"when\"\ngrain = \"month\"\n\
                        [area]\ncolumn = \"place\"\n[[series]]\nid = \"n\"\nvalue = \"n\"\n";

    fn import(now: DateTime<Utc>) -> Import {
        Import {
            areas: Areas::built_in().unwrap().into(),
            now,
            recorded_at: now,
            edition: None,
        }
    }

    #[test]
    fn a_year_stands_once_above_its_months() {
        for (years, months, days) in [
            ("2025/26,,", "Dec,Jan", ["2025-12-01", "2026-01-01"]),
            ("2025,2026,", "Dec,Jan", ["2025-12-01", "2026-01-01"]),
        ] {
            let text = format!("Falls by trust,,\n,{years}\nplace,{months}\nRAJ,3,4\n");
            let mapping = Mapping::parse("wide", WIDE).unwrap();
            let now = "2026-12-01T00:00:00Z".parse().unwrap();
            let file = CsvFile::open(text.as_bytes(), Some(mapping), import(now));
            let mut file = file.unwrap();
            let mut found = Vec::new();
            while let Some(chunk) = file.chunk(10).unwrap() {
                assert_eq!(chunk.bad, [], "{years}");
                let days = chunk.items.iter();
                let day = |item: &crate::Item| item.event.data()["period_start"].clone();
                found.extend(days.map(day));
            }
            assert_eq!(found, days, "{years}");
        }
    }

    #[test]
    fn a_wide_table_has_columns_that_can_be_made_rows() {
        let mapping = Mapping::parse("wide", WIDE).unwrap();
        let found = |between: usize| {
            let commas = ",".repeat(between);
            let text = format!("place{commas},2026-05-01\nRAJ{commas},5\n");
            let import = import(DateTime::UNIX_EPOCH);
            let file = CsvFile::open(text.as_bytes(), Some(mapping.clone()), import);
            file.map(|_| ())
        };
        assert!(found(4_000).is_ok());
        assert!(matches!(found(5_000), Err(LayoutError::TooWide(4_096))));
    }
}
