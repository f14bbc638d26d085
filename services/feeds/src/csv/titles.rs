//! The period that a title, a cell with more in it, or a file's name speaks of.

use super::period::{named, serial};
use super::spelling::{Spelled, is_of_publication, mentions, mentions_at_all, spelled, words};
use crate::mapping::PeriodRule;
use crate::sheet::SheetRow;
use joinedup_views::period::{Grain, Period};

/// The period that stands somewhere in a text, such as a file's name; none where there is none.
///
/// # Errors
/// When it names several.
pub(super) fn within(rule: &PeriodRule, text: &str) -> Result<Option<Period>, String> {
    let mentioned = mentions_at_all(text, rule.grain);
    let whole = whole(rule, &mentioned);
    if !whole.is_empty() {
        return one(rule, whole);
    }
    // A date is as likely that of publication, unless it is the day that periods are named by.
    let by_a_part = |read: &Spelled| match (rule.grain, read.first == read.last) {
        (Grain::Day | Grain::Week, _) | (_, false) => period_of(rule, read),
        (_, true) => named(rule, *read).ok(),
    };
    one(rule, mentioned.iter().filter_map(by_a_part).collect())
}

/// The period that holds all that was read; none where it holds a part of it alone.
fn period_of(rule: &PeriodRule, read: &Spelled) -> Option<Period> {
    let period = Period::of(rule.grain, read.first);
    (Period::of(rule.grain, read.last) == period).then_some(period)
}

/// Of what is mentioned the periods that are named as a whole.
fn whole(rule: &PeriodRule, mentioned: &[Spelled]) -> Vec<Period> {
    let whole = mentioned.iter().filter(|read| read.is_one(rule.grain));
    whole.filter_map(|read| period_of(rule, read)).collect()
}

/// The one period of some.
fn one(rule: &PeriodRule, mut found: Vec<Period>) -> Result<Option<Period>, String> {
    found.dedup();
    match found[..] {
        [] => Ok(None),
        [first, ..] if found.iter().all(|period| *period == first) => Ok(Some(first)),
        _ => Err(format!("names more than one {}", rule.grain)),
    }
}

/// The period of a cell that may hold more than it; none where it holds none.
///
/// # Errors
/// When it names several.
pub(super) fn of_title(
    rule: &PeriodRule,
    cell: &str,
    from_1904: bool,
) -> Result<Option<Period>, String> {
    match spelled(cell, rule.grain).or_else(|| serial(cell, from_1904)) {
        Some(read) => {
            let several = || format!("names more than one {}", rule.grain);
            period_of(rule, &read).map(Some).ok_or_else(several)
        }
        None => match within(rule, cell)? {
            Some(period) => Ok(Some(period)),
            None => match mentions_at_all(cell, rule.grain)[..] {
                [] => Ok(None),
                // It is labelled: a date in it, or a span, is what it says.
                [read] => period_of(rule, &read)
                    .map(Some)
                    .ok_or_else(|| format!("names more than one {}", rule.grain)),
                _ => Err(format!("names more than one {}", rule.grain)),
            },
        },
    }
}

/// The period that is named in the rows above a table: in a row that says that it has it ("Period: …"), or else in a title, or
/// after "Date". None where there is none.
///
/// # Errors
/// When several are named, with the rows.
pub(super) fn above(
    rule: &PeriodRule,
    rows: &[SheetRow],
    from_1904: bool,
) -> Result<Option<Period>, String> {
    let labelled = |labels: &[&str]| -> Result<Vec<(u64, Period)>, String> {
        let mut found = Vec::new();
        for row in rows.iter().filter(|row| is_labelled(row, labels)) {
            let cells = row.cells.iter().filter(|cell| !is_of_publication(cell));
            for cell in cells {
                let at_row = |what| format!("{what} (row {})", row.number);
                if let Some(period) = of_title(rule, cell, from_1904).map_err(at_row)? {
                    found.push((row.number, period));
                    break;
                }
            }
        }
        Ok(found)
    };
    let in_titles = |mentions: fn(&str, Grain) -> Vec<Spelled>| {
        let of_row = |row: &SheetRow| {
            let named = row.cells.iter().map(|cell| mentions(cell, rule.grain));
            let named: Vec<Period> = named.flat_map(|read| whole(rule, &read)).collect();
            let number = row.number;
            named.into_iter().map(move |period| (number, period))
        };
        rows.iter().flat_map(of_row).collect::<Vec<_>>()
    };
    let mut found = labelled(&["period", "month"])?;
    if found.is_empty() {
        found = in_titles(mentions);
    }
    if found.is_empty() {
        found = labelled(&["date"])?;
    }
    if found.is_empty() {
        found = in_titles(mentions_at_all);
    }
    let Some((row, first)) = found.first() else {
        return Ok(None);
    };
    match found.iter().find(|(_, period)| period != first) {
        None => Ok(Some(*first)),
        Some((other, _)) => Err(format!(
            "name more than one {} (rows {row} and {other})",
            rule.grain
        )),
    }
}

/// Whether a cell of a row is one of some labels, or begins with it, or has it before a colon. A label of publication is none.
fn is_labelled(row: &SheetRow, labels: &[&str]) -> bool {
    row.cells.iter().any(|cell| {
        let (label, _) = cell.split_once(':').unwrap_or_default();
        let mut of_label = words(label);
        let first = words(cell).next();
        let is_label = |word: String| labels.contains(&word.as_str());
        (first.is_some_and(is_label) || of_label.any(is_label)) && !is_of_publication(cell)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_found_in_titles_and_names_of_files() {
        let month = toml::from_str("file_name = true\ngrain = \"month\"").unwrap();
        for (text, wanted) in [
            (
                "Monthly A&E, June 2026 (published 9 July 2026)",
                Some("2026-06-01"),
            ),
            ("2024_02_Monthly_Virtual_Ward.xlsx", Some("2024-02-01")),
            ("01-April2026-v1", Some("2026-04-01")),
            ("December-2025-CSV.csv", Some("2025-12-01")),
            ("September20241-2", None),
            ("Table 3, page 2", None),
        ] {
            let found = within(&month, text).unwrap().map(|p| p.start.to_string());
            assert_eq!(found.as_deref(), wanted, "{text}");
        }
        let rows = |cells: &[&[&str]]| -> Vec<SheetRow> {
            let row = |cells: &&[&str]| SheetRow {
                number: 1,
                cells: cells.iter().map(|c| (*c).to_owned()).collect(),
                ..SheetRow::default()
            };
            cells.iter().map(row).collect()
        };
        let cover = rows(&[&["Published:", "12 September 2024"], &["Period:", "45505"]]);
        let found = above(&month, &cover, false)
            .unwrap()
            .map(|p| p.start.to_string());
        assert_eq!(found.as_deref(), Some("2024-08-01"));
        let from_1904 = rows(&[&["Period:", "44043"]]);
        let found = above(&month, &from_1904, true)
            .unwrap()
            .map(|p| p.start.to_string());
        assert_eq!(found.as_deref(), Some("2024-08-01"));
    }
}
