//! The periods that are expected, and which of them a date falls into.

use super::{PointQuery, today};
use crate::period::{Period, periods};
use chrono::NaiveDate;

/// The expected periods, side by side.
pub(super) struct Frame {
    /// Oldest first, without gaps.
    pub periods: Vec<Period>,
    /// Which period each day from the first on falls into.
    by_day: Vec<u32>,
}

impl Frame {
    /// No periods.
    pub fn empty() -> Self {
        Self {
            periods: Vec::new(),
            by_day: Vec::new(),
        }
    }

    /// The periods from the asked or first date to the asked or last one. `last` is where the data end for good.
    pub fn of(query: &PointQuery<'_>, first: Option<NaiveDate>, last: Option<NaiveDate>) -> Self {
        let today = today(query);
        let periods: Vec<Period> = match (query.range, query.from.or(first)) {
            (Some(range), _) => vec![range],
            (None, None) => return Self::empty(),
            (None, Some(from)) => {
                let to = query.to.or(last).unwrap_or(today).min(today);
                periods(query.grain, from, to).collect()
            }
        };
        let mut by_day = Vec::new();
        for (at, period) in periods.iter().enumerate() {
            let end = by_day.len() + usize::try_from(period.days()).unwrap_or(0);
            by_day.resize(end, u32::try_from(at).unwrap_or(u32::MAX));
        }
        Self { periods, by_day }
    }

    /// First day and the day after the last.
    pub fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        Some((self.periods.first()?.start, self.periods.last()?.end))
    }

    /// How many days it spans.
    pub fn days(&self) -> usize {
        self.by_day.len()
    }

    /// Which day of the span a date is.
    pub fn day(&self, date: NaiveDate) -> Option<usize> {
        let start = self.periods.first()?.start;
        usize::try_from((date - start).num_days())
            .ok()
            .filter(|day| *day < self.by_day.len())
    }

    /// Which period a date falls into.
    pub fn at(&self, date: NaiveDate) -> Option<usize> {
        self.by_day.get(self.day(date)?).map(|at| *at as usize)
    }
}
