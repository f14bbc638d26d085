//! Periods without a row: where the dates of a table have a step, each of them is a gap and not a shorter way.

use super::table::Row;
use chrono::{Datelike, Days, Months, NaiveDate};
use std::collections::BTreeSet;

/// More rows than this are not added: two dates centuries apart are a slip of the pen.
const MAX_ADDED: usize = 5_000;

/// From one period to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Days(u64),
    Months(u32),
}

/// Adds a row without a value for each period that has none, and says how many. `rows` are in the order of their dates;
/// without a step, or without dates, nothing is added.
pub(super) fn fill(rows: &mut Vec<Row>) -> usize {
    let dates: Option<Vec<NaiveDate>> = rows.iter().map(|row| row.date).collect();
    let dates = dates.unwrap_or_default();
    let Some(step) = step(&dates) else {
        return 0;
    };
    let weekdays: BTreeSet<u32> = dates.iter().map(|date| weekday(*date)).collect();
    // Who counts on working days only has no gap at the weekend.
    let is_expected = |date: NaiveDate| step != Step::Days(1) || weekdays.contains(&weekday(date));
    let known: BTreeSet<NaiveDate> = dates.iter().copied().collect();
    let Some((first, last)) = dates.first().zip(dates.last()) else {
        return 0;
    };
    let periods = (0..).map_while(|number| place(*first, step, number));
    let missing: Vec<NaiveDate> = periods
        .take_while(|date| date < last)
        .filter(|date| is_expected(*date) && !known.contains(date))
        .take(MAX_ADDED + 1)
        .collect();
    if missing.len() > MAX_ADDED {
        return 0;
    }
    rows.extend(missing.iter().map(|date| Row {
        label: date.to_string(),
        date: Some(*date),
        value: None,
        n: None,
    }));
    rows.sort_by_key(|row| row.date);
    missing.len()
}

fn weekday(date: NaiveDate) -> u32 {
    date.weekday().num_days_from_monday()
}

fn is_last_of_month(date: NaiveDate) -> bool {
    date.succ_opt().is_none_or(|next| next.day() == 1)
}

/// The date so many steps after the first; of months that were written by their last day, the last day.
fn place(first: NaiveDate, step: Step, number: u32) -> Option<NaiveDate> {
    match step {
        Step::Days(days) => first.checked_add_days(Days::new(days * u64::from(number))),
        Step::Months(months) => {
            let month = first.checked_add_months(Months::new(months.checked_mul(number)?))?;
            if !is_last_of_month(first) {
                return Some(month);
            }
            let next = month.with_day(1)?.checked_add_months(Months::new(1))?;
            next.pred_opt()
        }
    }
}

/// The step of dates in order: months where all are of the same day of the month, or of its last; else so many days
/// that all lie a multiple of them apart. The step must have been taken by at least half of the dates.
fn step(dates: &[NaiveDate]) -> Option<Step> {
    let first = *dates.first()?;
    let pairs = || dates.windows(2).map(|pair| (pair[0], pair[1]));
    let of_month = |date: &NaiveDate| date.day() == first.day();
    let months = |date: NaiveDate| date.year() * 12 + date.month0() as i32;
    let (found, taken) = if dates.iter().all(of_month) || dates.iter().all(|d| is_last_of_month(*d))
    {
        let apart = || pairs().map(|(a, b)| months(b) - months(a));
        let shortest = apart().min()?;
        let regular = shortest > 0 && apart().all(|months| months % shortest == 0);
        let taken = apart().filter(|months| *months == shortest).count();
        (
            regular.then(|| Step::Months(shortest.unsigned_abs()))?,
            taken,
        )
    } else {
        let apart = || pairs().map(|(a, b)| (b - a).num_days());
        let shortest = apart().min()?;
        let regular = shortest > 0 && apart().all(|days| days % shortest == 0);
        let taken = apart().filter(|days| *days == shortest).count();
        (regular.then(|| Step::Days(shortest.unsigned_abs()))?, taken)
    };
    (2 * taken >= dates.len() - 1).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(dates: &[&str]) -> (usize, Vec<String>) {
        let mut rows: Vec<Row> = dates
            .iter()
            .map(|text| Row {
                label: (*text).to_owned(),
                date: Some(text.parse().unwrap()),
                value: Some(1.0),
                n: None,
            })
            .collect();
        let added = fill(&mut rows);
        (added, rows.into_iter().map(|row| row.label).collect())
    }

    #[test]
    fn a_period_without_a_row_is_a_row_without_a_value() {
        let (weeks, rows) = added(&["2026-01-05", "2026-01-12", "2026-02-02", "2026-02-09"]);
        assert_eq!(
            (weeks, &rows[2..4]),
            (2, &["2026-01-19".to_owned(), "2026-01-26".to_owned()][..])
        );
        let (months, rows) = added(&["2026-01-31", "2026-02-28", "2026-04-30", "2026-05-31"]);
        assert_eq!((months, rows[2].as_str()), (1, "2026-03-31"));
        assert_eq!(
            added(&["2026-01-01", "2026-04-01", "2026-07-01", "2027-01-01"]).0,
            1
        );
    }

    #[test]
    fn working_days_have_no_gap_at_the_weekend_and_dates_without_a_step_none_at_all() {
        // From a Monday to the Friday of the next week, without a Tuesday.
        let days = ["05", "07", "08", "09", "12", "13", "14", "15", "16"];
        let days: Vec<String> = days.iter().map(|day| format!("2026-01-{day}")).collect();
        let days: Vec<&str> = days.iter().map(String::as_str).collect();
        assert_eq!(added(&days).0, 1);
        assert_eq!(
            added(&["2026-01-05", "2026-01-09", "2026-01-20", "2026-02-11"]).0,
            0
        );
        assert_eq!(
            added(&["0026-01-05", "2026-01-05", "2026-01-12", "2026-01-19"]).0,
            0
        );
        assert_eq!(added(&["2026-01-05"]).0, 0);
    }
}
