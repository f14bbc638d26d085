//! Which period a cell, a title or a file's name means.

use super::spelling::{Edge, Spelled, edge_in_title, spelled};
use crate::mapping::{Format, Named, PeriodRule};
use crate::sheet::serial_date;
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

pub(super) fn named(rule: &PeriodRule, read: Spelled) -> Result<Period, String> {
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

/// A serial number of a spreadsheet.
pub(super) fn serial(cell: &str, from_1904: bool) -> Option<Spelled> {
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
}
