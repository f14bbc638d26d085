//! Order statistics over values gathered from many tallies, exact.

use crate::tally::{Histogram, OPEN};

/// Values with their counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    values: Vec<(i32, i64)>,
    n: i64,
}

impl Gathered {
    /// Takes a histogram in.
    pub fn take(&mut self, histogram: Histogram<'_>) {
        for (value, count) in histogram.iter() {
            self.values.push((value, count));
            self.n += count;
        }
    }

    /// How many.
    pub const fn n(&self) -> i64 {
        self.n
    }

    /// Puts the values in order, as the statistics need.
    pub fn sort(&mut self) {
        self.values.sort_unstable();
    }

    fn nth(&self, k: i64) -> Option<i32> {
        let mut seen = 0;
        self.values.iter().find_map(|(value, count)| {
            seen += count;
            (seen >= k && k >= 1).then_some(*value)
        })
    }

    /// The middle value, or the mean of the two middle ones.
    pub fn median(&self) -> Option<f64> {
        let low = self.nth((self.n + 1) / 2)?;
        let high = self.nth(self.n / 2 + 1)?;
        Some(f64::midpoint(f64::from(low), f64::from(high)))
    }

    /// The percentile by nearest rank.
    pub fn percentile(&self, percent: u8) -> Option<f64> {
        let rank = (self.n * i64::from(percent) + 99) / 100;
        self.nth(rank.max(1)).map(f64::from)
    }

    /// The sum.
    pub fn total(&self) -> i64 {
        self.values.iter().map(|(v, c)| i64::from(*v) * c).sum()
    }

    /// How many are at most a limit; what is open is not.
    pub fn at_most(&self, limit: i32) -> i64 {
        self.count(|v| v <= limit)
    }

    /// How many are at least a limit; what is open is not counted.
    pub fn at_least(&self, limit: i32) -> i64 {
        self.count(|v| v >= limit)
    }

    fn count(&self, within: impl Fn(i32) -> bool) -> i64 {
        self.values
            .iter()
            .filter(|(v, _)| *v != OPEN && within(*v))
            .map(|(_, c)| c)
            .sum()
    }
}
