//! Periods: the spans that points stand for. All are of local dates.

use crate::measure::Span;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};
use joinedup_events::local;
pub use joinedup_events::observation::Grain;
use serde::Serialize;

/// One period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Period {
    /// First day.
    pub start: NaiveDate,
    /// The day after the last.
    pub end: NaiveDate,
}

impl Period {
    /// The period of a grain that holds a date.
    #[must_use]
    pub fn of(grain: Grain, date: NaiveDate) -> Self {
        let month = |months_back: u32| {
            let first = date.with_day(1).unwrap_or(date);
            first
                .checked_sub_months(Months::new(months_back))
                .unwrap_or(first)
        };
        let start = match grain {
            Grain::Day => date,
            Grain::Week => date - Days::new(u64::from(date.weekday().num_days_from_monday())),
            Grain::Month => month(0),
            // Financial quarters begin in April, July, October and January, as calendar quarters do.
            Grain::Quarter => month(date.month0() % 3),
            Grain::Year => month((date.month0() + 9) % 12),
        };
        Self {
            start,
            end: next_start(grain, start),
        }
    }

    /// The period after this one.
    #[must_use]
    pub fn next(self, grain: Grain) -> Self {
        Self {
            start: self.end,
            end: next_start(grain, self.end),
        }
    }

    /// The last day.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        self.end.pred_opt().unwrap_or(self.end)
    }

    /// How many days it has.
    #[must_use]
    pub fn days(self) -> i64 {
        (self.end - self.start).num_days()
    }

    /// The instant at which it is over.
    #[must_use]
    pub fn over_at(self) -> DateTime<Utc> {
        local::midnight(self.end)
    }

    /// The instant from which nothing that began in it can still end in time. Days are counted by local dates, one of
    /// which has 23 hours and one 25, and lengths in minutes by the clock: neither is over before.
    #[must_use]
    pub fn ripe_at(self, maturity: Span) -> DateTime<Utc> {
        let minutes = maturity.minutes().max(0);
        let days = Days::new(minutes.unsigned_abs() / 1440);
        let date = self.end.checked_add_days(days).unwrap_or(self.end);
        local::midnight(date).max(self.over_at() + TimeDelta::minutes(minutes))
    }
}

/// From a period to the same one of the year before: 52 weeks, so that days are of the same weekday. None for years.
pub(crate) const fn in_a_year(grain: Grain) -> Option<usize> {
    match grain {
        Grain::Day => Some(364),
        Grain::Week => Some(52),
        Grain::Month => Some(12),
        Grain::Quarter => Some(4),
        Grain::Year => None,
    }
}

/// How many days the longest of such periods has.
pub(crate) const fn days_at_most(grain: Grain) -> i32 {
    match grain {
        Grain::Day => 1,
        Grain::Week => 7,
        Grain::Month => 31,
        Grain::Quarter => 92,
        Grain::Year => 366,
    }
}

fn next_start(grain: Grain, start: NaiveDate) -> NaiveDate {
    let months = |n| start.checked_add_months(Months::new(n)).unwrap_or(start);
    match grain {
        Grain::Day => start + Days::new(1),
        Grain::Week => start + Days::new(7),
        Grain::Month => months(1),
        Grain::Quarter => months(3),
        Grain::Year => months(12),
    }
}

/// The periods that cover `from` to `to`, both included.
pub fn periods(grain: Grain, from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = Period> {
    std::iter::successors(Some(Period::of(grain, from)), move |p| Some(p.next(grain)))
        .take_while(move |p| p.start <= to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(y: i32, m: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, day).unwrap()
    }

    #[test]
    fn weeks_begin_on_monday_quarters_and_years_in_april() {
        assert_eq!(
            Period::of(Grain::Week, d(2026, 11, 22)),
            Period {
                start: d(2026, 11, 16),
                end: d(2026, 11, 23)
            }
        );
        assert_eq!(
            Period::of(Grain::Quarter, d(2026, 5, 31)),
            Period {
                start: d(2026, 4, 1),
                end: d(2026, 7, 1)
            }
        );
        assert_eq!(
            Period::of(Grain::Year, d(2026, 3, 31)),
            Period {
                start: d(2025, 4, 1),
                end: d(2026, 4, 1)
            }
        );
        assert_eq!(Period::of(Grain::Year, d(2026, 4, 1)).start, d(2026, 4, 1));
        assert_eq!(Period::of(Grain::Month, d(2024, 2, 29)).days(), 29);
    }

    #[test]
    fn neither_a_limit_in_days_nor_one_by_the_clock_is_over_early() {
        let ripe = |end: NaiveDate, minutes| {
            let ripe = Period { start: end, end }.ripe_at(Span::from_minutes(minutes));
            ripe.format("%d %H:%M").to_string()
        };
        let fortnight = 14 * 1440;
        // The clocks went back on 25 October 2026: over at 23:00 UTC, ripe at midnight.
        assert_eq!(ripe(d(2026, 10, 12), fortnight), "26 00:00");
        assert_eq!(ripe(d(2026, 10, 12), 120), "12 01:00");
        // They went forward on 29 March 2026: what lasts 14 times 24 hours ends at one in the morning.
        assert_eq!(ripe(d(2026, 3, 23), fortnight), "06 00:00");
        assert_eq!(ripe(d(2026, 3, 23), 0), "23 00:00");
    }

    #[test]
    fn periods_leave_no_day_out_and_take_none_twice() {
        for grain in [
            Grain::Day,
            Grain::Week,
            Grain::Month,
            Grain::Quarter,
            Grain::Year,
        ] {
            let all: Vec<_> = periods(grain, d(2023, 1, 15), d(2026, 6, 3)).collect();
            assert!(all.windows(2).all(|w| w[0].end == w[1].start), "{grain}");
            assert!(
                all[0].start <= d(2023, 1, 15) && all.last().unwrap().end > d(2026, 6, 3),
                "{grain}"
            );
        }
    }

    #[test]
    fn a_summer_week_is_over_at_midnight_in_london() {
        let week = Period::of(Grain::Week, d(2026, 7, 1));
        assert_eq!(week.over_at().to_rfc3339(), "2026-07-05T23:00:00+00:00");
    }
}
