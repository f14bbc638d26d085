//! Periods as tables write them.

use crate::mapping::{Format, Named, PeriodRule};
use chrono::{Days, NaiveDate};
use joinedup_views::period::{Grain, Period};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The period that a cell names.
pub(super) fn of(rule: &PeriodRule, cell: &str) -> Result<Period, String> {
    let date = match rule.format {
        Some(format) => written(format, rule.grain, cell)
            .ok_or_else(|| format!("is not written as {}", words(format)))?,
        None => [
            Format::Date,
            Format::YearMonth,
            Format::BritishDate,
            Format::MonthName,
            Format::Year,
        ]
        .into_iter()
        .filter(|format| *format != Format::Year || rule.grain == Grain::Year)
        .find_map(|format| written(format, rule.grain, cell))
        .ok_or("is not a date as 2026-05-31, 31/05/2026, 2026-05 or May 2026")?,
    };
    let period = Period::of(rule.grain, date);
    match rule.names {
        Named::AnyDay => Ok(period),
        Named::FirstDay if period.start == date => Ok(period),
        Named::FirstDay => Err(format!(
            "is not the first day of its {}: say `names = \"last-day\"` or `names = \"any-day\"` in the mapping if it need not be",
            rule.grain
        )),
        Named::LastDay if date.checked_add_days(Days::new(1)) == Some(period.end) => Ok(period),
        Named::LastDay => Err(format!(
            "is not the last day of its {}, and the mapping says that it is",
            rule.grain
        )),
    }
}

/// A day, or the first one of a month, however it is written.
pub(super) fn date(cell: &str) -> Option<NaiveDate> {
    [
        Format::Date,
        Format::YearMonth,
        Format::BritishDate,
        Format::MonthName,
    ]
    .into_iter()
    .find_map(|format| written(format, Grain::Day, cell))
}

fn words(format: Format) -> &'static str {
    match format {
        Format::YearMonth => "YYYY-MM, e.g. 2026-05",
        Format::Date => "YYYY-MM-DD, e.g. 2026-05-31",
        Format::BritishDate => "DD/MM/YYYY, e.g. 31/05/2026",
        Format::MonthName => "MMM YYYY, e.g. May 2026",
        Format::Year => "YYYY, e.g. 2026",
    }
}

fn written(format: Format, grain: Grain, cell: &str) -> Option<NaiveDate> {
    match format {
        Format::YearMonth => {
            let (year, month) = cell.split_once('-')?;
            NaiveDate::from_ymd_opt(digits(year, 4)?.try_into().ok()?, digits(month, 2)?, 1)
        }
        Format::Date => {
            let (date, rest) = cell.split_at_checked(10)?;
            let time = rest.is_empty() || rest.starts_with(['T', ' ']);
            let mut parts = date.split('-');
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            NaiveDate::from_ymd_opt(
                digits(year, 4)?.try_into().ok()?,
                digits(month, 2)?,
                digits(day, 2)?,
            )
            .filter(|_| time)
        }
        Format::BritishDate => {
            let mut parts = cell.split('/');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            let small = |text: &str| digits(text, text.len().clamp(1, 2));
            NaiveDate::from_ymd_opt(
                digits(year, 4)?.try_into().ok()?,
                small(month)?,
                small(day)?,
            )
            .filter(|_| parts.next().is_none())
        }
        Format::MonthName => {
            let (month, year) = cell.split_once([' ', '-'])?;
            let (month, year) = (month.trim().to_lowercase(), year.trim());
            let number = MONTHS
                .iter()
                .position(|m| month.len() >= 3 && m.starts_with(&month))?;
            let year = digits(year, 4).or_else(|| digits(year, 2).map(|y| 2000 + y))?;
            NaiveDate::from_ymd_opt(year.try_into().ok()?, u32::try_from(number).ok()? + 1, 1)
        }
        Format::Year => {
            let month = if grain == Grain::Year { 4 } else { 1 };
            NaiveDate::from_ymd_opt(digits(cell, 4)?.try_into().ok()?, month, 1)
        }
    }
}

fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(grain: Grain, names: Named, cell: &str) -> Result<String, String> {
        let rule = PeriodRule {
            column: "when".into(),
            grain,
            format: None,
            names,
        };
        of(&rule, cell).map(|p| p.start.to_string())
    }

    #[test]
    fn periods_are_read_however_people_write_them() {
        let first = |grain, cell| start(grain, Named::FirstDay, cell).unwrap();
        for cell in [
            "2026-05",
            "2026-05-01",
            "2026-05-01T00:00:00",
            "01/05/2026",
            "1/5/2026",
            "May 2026",
            "May-26",
            "MAY 2026",
        ] {
            assert_eq!(first(Grain::Month, cell), "2026-05-01", "{cell}");
        }
        assert_eq!(first(Grain::Month, "Sept 2026"), "2026-09-01");
        assert_eq!(first(Grain::Year, "2026"), "2026-04-01");
        assert_eq!(first(Grain::Day, "2026-05-31"), "2026-05-31");
        assert_eq!(
            start(Grain::Week, Named::LastDay, "2026-11-22").unwrap(),
            "2026-11-16"
        );
        assert_eq!(
            start(Grain::Month, Named::AnyDay, "2026-05-17").unwrap(),
            "2026-05-01"
        );
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for cell in [
            "",
            "2026",
            "2026-13",
            "2026-5",
            "31/02/2026",
            "05/2026",
            "Ma 2026",
            "2026-05-01x",
            "１０/05/2026",
            "é026-05-01",
        ] {
            assert!(start(Grain::Month, Named::AnyDay, cell).is_err(), "{cell}");
        }
        assert!(
            start(Grain::Month, Named::FirstDay, "2026-05-02")
                .unwrap_err()
                .contains("first day")
        );
        assert!(
            start(Grain::Week, Named::LastDay, "2026-11-21")
                .unwrap_err()
                .contains("last day")
        );
    }
}
