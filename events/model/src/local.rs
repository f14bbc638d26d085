//! Local dates. The care day is the day in Europe/London; instants are kept in UTC.

use chrono::{
    DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday,
};
use chrono_tz::Europe::London;

/// The names of the months, in small letters.
pub const MONTHS: [&str; 12] = [
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

/// The local date of an instant.
#[must_use]
pub fn date(instant: DateTime<Utc>) -> NaiveDate {
    instant.with_timezone(&London).date_naive()
}

/// The local date and time of day of an instant.
#[must_use]
pub fn date_time(instant: DateTime<Utc>) -> NaiveDateTime {
    instant.with_timezone(&London).naive_local()
}

/// The instant at which a local date begins. Midnight always exists in Europe/London: its clocks change at 01:00 UTC.
#[must_use]
pub fn midnight(date: NaiveDate) -> DateTime<Utc> {
    at(date, NaiveTime::MIN)
}

/// The instant of a local date and time: the first of two when the clocks go back, the hour after when it is skipped.
#[must_use]
pub fn at(date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let local = date.and_time(time);
    match London.from_local_datetime(&local) {
        chrono::LocalResult::Single(t) | chrono::LocalResult::Ambiguous(t, _) => {
            t.with_timezone(&Utc)
        }
        // Skipped hours are in summer time already: one hour ahead of UTC.
        chrono::LocalResult::None => local.and_utc(),
    }
}

/// The second instant of the local time of a first one, in the hour that comes twice when the clocks go back.
#[must_use]
pub fn again(first: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let second = first.checked_add_signed(TimeDelta::hours(1))?;
    (date_time(second) == date_time(first)).then_some(second)
}

/// How many midnights lie between two instants, by local date.
#[must_use]
pub fn midnights(from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    (date(to) - date(from)).num_days()
}

/// Saturday or Sunday.
#[must_use]
pub fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn an_evening_in_summer_is_the_next_day_in_london() {
        assert_eq!(
            date(utc("2026-07-01T23:30:00Z")),
            NaiveDate::from_ymd_opt(2026, 7, 2).unwrap()
        );
        assert_eq!(
            date(utc("2026-01-01T23:30:00Z")),
            NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
        );
    }

    #[test]
    fn the_clock_change_days_have_23_and_25_hours() {
        let hours = |m, d| {
            let day = NaiveDate::from_ymd_opt(2026, m, d).unwrap();
            (midnight(day.succ_opt().unwrap()) - midnight(day)).num_hours()
        };
        assert_eq!((hours(3, 29), hours(10, 25), hours(6, 1)), (23, 25, 24));
    }

    #[test]
    fn a_local_time_that_does_not_exist_has_an_instant_all_the_same() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 29).unwrap();
        assert_eq!(
            at(day, NaiveTime::from_hms_opt(1, 30, 0).unwrap()),
            utc("2026-03-29T01:30:00Z")
        );
    }

    #[test]
    fn the_hour_that_comes_twice_has_a_second_instant() {
        let day = NaiveDate::from_ymd_opt(2026, 10, 25).unwrap();
        let at = |hour, minute| again(at(day, NaiveTime::from_hms_opt(hour, minute, 0).unwrap()));
        assert_eq!(at(1, 10), Some(utc("2026-10-25T01:10:00Z")));
        assert_eq!((at(0, 59), at(2, 0)), (None, None));
    }

    #[test]
    fn midnights_count_dates_not_hours() {
        assert_eq!(
            midnights(utc("2026-02-02T23:50:00Z"), utc("2026-02-04T00:10:00Z")),
            2
        );
        assert_eq!(
            midnights(utc("2026-02-02T09:00:00Z"), utc("2026-02-05T08:00:00Z")),
            3
        );
    }
}
