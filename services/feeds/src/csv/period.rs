//! Which period a cell, a title or a file's name means.

use super::spelling::{
    Edge, Spelled, edge_in_title, is_of_publication, mentions, mentions_at_all, spelled, words,
};
use crate::mapping::{Format, Named, PeriodRule};
use crate::sheet::{SheetRow, serial_date};
use chrono::NaiveDate;
use joinedup_views::period::{Grain, Period};

/// The period that a cell names. `from_1904`: its workbook counts days from 1904.
pub(crate) fn of(rule: &PeriodRule, cell: &str, from_1904: bool) -> Result<Period, String> {
    let read = match rule.format {
        Some(format) => {
            let read = spelled(cell, rule.grain).filter(|_| has_format(format, cell));
            read.ok_or_else(|| format!("is not written as {}", shape(format)))?
        }
        None => spelled(cell, rule.grain)
            .or_else(|| serial(cell, from_1904))
            .ok_or("is not a period as 2026-05-31, 31/05/2026, 2026-05, May 2026, Q1 2026/27 or 2026/27")?,
    };
    named(rule, read)
}

/// Which day of its week each date is below a title such as *Week ending*.
pub(crate) fn named_by_title(title: &str) -> Option<Named> {
    edge_in_title(title).map(Edge::named)
}

/// Whether a cell says that it is a week by one of its days, such as `w/e 07/06/2026`.
pub(crate) fn is_a_week(cell: &str) -> bool {
    // Most cells have no letter of it, and a table has many.
    cell.contains(['w', 'W']) && spelled(cell, Grain::Week).is_some_and(|read| read.edge.is_some())
}

/// Whether a cell is the whole of a period, and not a part of it.
pub(crate) fn is_whole(grain: Grain, cell: &str) -> bool {
    spelled(cell, grain).is_some_and(|read| read.is_one(grain))
}

impl Edge {
    const fn named(self) -> Named {
        match self {
            Self::First => Named::FirstDay,
            Self::Last => Named::LastDay,
        }
    }
}

fn named(rule: &PeriodRule, read: Spelled) -> Result<Period, String> {
    // The week of a day is not the day, and the month that it ends in not the week.
    if read.edge.is_some() && rule.grain != Grain::Week {
        return Err(format!(
            "is a week, and the mapping says that it is a {}",
            rule.grain
        ));
    }
    let period = Period::of(rule.grain, read.first);
    if read.is_one(rule.grain) {
        return Ok(period);
    }
    if Period::of(rule.grain, read.last) != period {
        return Err(format!(
            "names more than one {}, and the mapping says that it is one",
            rule.grain
        ));
    }
    let names = read.edge.map_or(rule.names, Edge::named);
    match names {
        Named::AnyDay => Ok(period),
        Named::FirstDay if period.start == read.first => Ok(period),
        Named::FirstDay => Err(format!(
            "is not the first day of its {}: say `names = \"last-day\"` or `names = \"any-day\"` in the mapping if it need not be",
            rule.grain
        )),
        Named::LastDay if read.last == period.last_day() => Ok(period),
        Named::LastDay => Err(format!(
            "is not the last day of its {}, and the mapping says that it is",
            rule.grain
        )),
    }
}

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

/// A serial number of a spreadsheet.
fn serial(cell: &str, from_1904: bool) -> Option<Spelled> {
    let digits = cell.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number = cell.parse().ok().filter(|_| digits)?;
    let date = serial_date(number, from_1904)?.date();
    Some(Spelled {
        first: date,
        last: date,
        edge: None,
    })
}

/// A day, or the first one of a month, however it is written.
pub(super) fn date(cell: &str) -> Option<NaiveDate> {
    spelled(cell, Grain::Day).map(|s| s.first)
}

fn shape(format: Format) -> &'static str {
    match format {
        Format::YearMonth => "YYYY-MM, e.g. 2026-05",
        Format::Date => "YYYY-MM-DD, e.g. 2026-05-31",
        Format::BritishDate => "DD/MM/YYYY, e.g. 31/05/2026",
        Format::MonthName => "MMM YYYY, e.g. May 2026",
        Format::Year => "YYYY, e.g. 2026",
    }
}

/// Whether a cell has the shape of a format; whether it names a day or a month there is was looked at before.
fn has_format(format: Format, cell: &str) -> bool {
    let digits =
        |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    let day = cell.split(['T', ' ']).next().unwrap_or_default();
    match format {
        Format::YearMonth => cell
            .split_once('-')
            .is_some_and(|(year, month)| digits(year, 4) && digits(month, 2)),
        Format::Date => {
            let parts: Vec<&str> = day.split('-').collect();
            matches!(parts[..], [year, month, of_month] if digits(year, 4) && digits(month, 2) && digits(of_month, 2))
        }
        Format::BritishDate => {
            day.split('/').count() == 3 && !day.starts_with(|c: char| !c.is_ascii_digit())
        }
        Format::MonthName => cell.starts_with(|c: char| c.is_ascii_alphabetic()),
        Format::Year => digits(cell, 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(grain: Grain, names: Named) -> PeriodRule {
        let text = format!("column = \"when\"\ngrain = \"{grain}\"");
        PeriodRule {
            names,
            ..toml::from_str(&text).unwrap()
        }
    }

    fn start(grain: Grain, names: Named, cell: &str) -> Result<String, String> {
        of(&rule(grain, names), cell, false).map(|p| p.start.to_string())
    }

    /// The spellings of public files, each as one of the first of June 2026, of its week, month, quarter or year.
    #[test]
    fn periods_are_read_however_publishers_write_them() {
        for (grain, cells) in [
            (
                Grain::Day,
                &[
                    "2026-06-01",
                    "2026/06/01",
                    "20260601",
                    "01/06/2026",
                    "1/6/2026",
                    "01/06/26",
                    "01-06-2026",
                    "01.06.2026",
                    "1 June 2026",
                    "1-Jun-26",
                    "01-Jun-2026",
                    "Monday 1st June 2026",
                    "01/06/2026 00:00",
                    "01/06/2026 00:00:00",
                    "2026-06-01T00:00:00Z",
                    "2026-05-31T23:00:00Z",
                    "2026-06-01 00:00:00",
                    "46174",
                    "46174.0",
                ][..],
            ),
            (
                Grain::Week,
                &[
                    "w/c 01/06/2026",
                    "w/e 07/06/2026",
                    "Week ending 7 June 2026",
                    "2026-W23",
                    "Week commencing 1 Jun 2026",
                ],
            ),
            (
                Grain::Month,
                &[
                    "2026-06",
                    "2026-06-01",
                    "202606",
                    "06/2026",
                    "June 2026",
                    "June2026",
                    "Jun-26",
                    "Jun 26",
                    "Jun-2026",
                    "2026-Jun",
                    "JUNE 2026",
                    "MSitAE-JUNE-2026",
                    "MSitDT-JUNE-2026",
                    "RTT-June-2026",
                    "1 June 2026 to 30 June 2026",
                    "1 to 30 June 2026",
                    "June 2026 (provisional)",
                    "46174",
                ],
            ),
            (
                Grain::Quarter,
                &[
                    "Q1 2026/27",
                    "2026/27 Q1",
                    "Q1 2026-27",
                    "Q1 26/27",
                    "Quarter 1 2026/27",
                    "2026Q2",
                    "2026-Q2",
                    "Q2 2026",
                    "Apr-Jun 2026",
                    "Apr to Jun 2026",
                    "April 2026 to June 2026",
                ],
            ),
            (
                Grain::Year,
                &[
                    "2026",
                    "2026/27",
                    "2026-27",
                    "2026/2027",
                    "26/27",
                    "26-27",
                    "FY 26/27",
                    "2026-27 Financial Year",
                    "FY 2026/27",
                    "20260000",
                ],
            ),
        ] {
            let wanted = if matches!(grain, Grain::Quarter | Grain::Year) {
                "2026-04-01"
            } else {
                "2026-06-01"
            };
            for cell in cells {
                assert_eq!(
                    start(grain, Named::FirstDay, cell).as_deref(),
                    Ok(wanted),
                    "{grain}: {cell}"
                );
            }
        }
        assert_eq!(
            start(Grain::Month, Named::FirstDay, "Sept 2026").unwrap(),
            "2026-09-01"
        );
        assert_eq!(
            start(Grain::Week, Named::LastDay, "2026-11-22").unwrap(),
            "2026-11-16"
        );
        assert_eq!(
            start(Grain::Month, Named::AnyDay, "30/06/2026").unwrap(),
            "2026-06-01"
        );
        assert_eq!(
            start(Grain::Quarter, Named::LastDay, "30/06/2026").unwrap(),
            "2026-04-01"
        );
    }

    #[test]
    fn what_is_no_period_or_another_one_is_refused() {
        for cell in [
            "",
            "2026",
            "2026-13",
            "2026-5",
            "31/02/2026",
            "Ma 2026",
            "2026-05-01x",
            "\u{ff11}\u{ff10}/05/2026",
            "\u{e9}026-05-01",
            "TOTAL",
            "week 12 2026",
            "2026-05-01 25",
            "12:30",
            "1,204",
            "2016 - 18",
        ] {
            assert!(start(Grain::Month, Named::AnyDay, cell).is_err(), "{cell}");
        }
        assert!(
            start(Grain::Year, Named::AnyDay, "2016 - 18").is_err(),
            "three years are not one"
        );
        assert_ne!(
            start(Grain::Year, Named::FirstDay, "2011-12").as_deref(),
            Ok("2011-12-01")
        );
        assert_eq!(
            start(Grain::Year, Named::FirstDay, "2011-12").as_deref(),
            Ok("2011-04-01")
        );
        // A day, a month, a number, or years that do not follow each other.
        for cell in [
            "11/12", "12/13", "26.27", "-26,27", "26 27", "26/28", "99/00",
        ] {
            assert!(start(Grain::Year, Named::AnyDay, cell).is_err(), "{cell}");
        }
        for grain in [Grain::Day, Grain::Month, Grain::Quarter] {
            assert!(start(grain, Named::AnyDay, "26/27").is_err(), "{grain}");
        }
        let wrong = |grain, names, cell: &str| start(grain, names, cell).unwrap_err();
        assert!(wrong(Grain::Month, Named::AnyDay, "Q1 2026/27").contains("more than one month"));
        assert!(wrong(Grain::Month, Named::FirstDay, "2026-05-02").contains("first day"));
        assert!(wrong(Grain::Week, Named::LastDay, "2026-11-21").contains("last day"));
        assert!(wrong(Grain::Week, Named::AnyDay, "w/e 05/06/2026").contains("last day"));
        for grain in [Grain::Day, Grain::Month] {
            assert!(wrong(grain, Named::AnyDay, "w/e 31/05/2026").contains("is a week"));
        }
    }

    #[test]
    fn a_format_that_is_named_is_the_only_one() {
        let mut rule = rule(Grain::Day, Named::FirstDay);
        rule.format = Some(Format::BritishDate);
        assert!(of(&rule, "01/06/2026", false).is_ok());
        assert!(of(&rule, "2026-06-01", false).is_err());
        assert!(of(&rule, "46174", false).is_err());
    }

    #[test]
    fn a_period_is_found_in_titles_and_names_of_files() {
        let month = rule(Grain::Month, Named::FirstDay);
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
