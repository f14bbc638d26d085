//! Order statistics over values gathered from many tallies, exact.

use crate::tally::{Histogram, OPEN};

/// Values below this, from zero, are counted each in its place: most are nights or days, a few that come from many cells.
const NEAR: usize = 1024;

/// Values with their counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    /// How often each value from zero on came.
    near: Vec<i64>,
    /// Those that are far from zero, as they came.
    far: Vec<(i32, i64)>,
    n: i64,
}

impl Gathered {
    /// Takes a histogram in.
    pub fn take(&mut self, histogram: Histogram<'_>) {
        for (value, count) in histogram.iter() {
            self.add(value, count);
        }
    }

    fn add(&mut self, value: i32, count: i64) {
        self.n += count;
        match usize::try_from(value).ok().filter(|at| *at < NEAR) {
            Some(at) => {
                if self.near.len() <= at {
                    self.near.resize(at + 1, 0);
                }
                self.near[at] += count;
            }
            None => self.far.push((value, count)),
        }
    }

    /// How many values there are.
    pub const fn n(&self) -> i64 {
        self.n
    }

    /// Puts the values in order, as the statistics need.
    pub fn sort(&mut self) {
        self.far.sort_unstable();
    }

    /// The values with their counts: in order, once they were put so.
    fn values(&self) -> impl Iterator<Item = (i32, i64)> + '_ {
        let below = self.far.partition_point(|(value, _)| *value < 0);
        let (below, above) = self.far.split_at(below);
        let near = (0..).zip(self.near.iter().copied());
        below
            .iter()
            .copied()
            .chain(near)
            .chain(above.iter().copied())
    }

    fn nth(&self, k: i64) -> Option<i32> {
        let mut seen = 0;
        self.values().find_map(|(value, count)| {
            seen += count;
            (seen >= k && k >= 1).then_some(value)
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
        self.values().map(|(v, c)| i64::from(v) * c).sum()
    }

    /// How many are at most a limit; what is open is not.
    pub fn at_most(&self, limit: i32) -> i64 {
        self.count(|v| v <= limit && v != OPEN)
    }

    /// How many are at least a limit, those still open among them: once the period is ripe each has been open for so long,
    /// and without them a place where nobody leaves would look best.
    pub fn at_least(&self, limit: i32) -> i64 {
        self.count(|v| v >= limit)
    }

    fn count(&self, within: impl Fn(i32) -> bool) -> i64 {
        self.values()
            .filter(|(v, _)| within(*v))
            .map(|(_, c)| c)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Of values near zero, which are counted, and of others, which are sorted.
        #[test]
        fn statistics_are_those_of_the_values_one_by_one(
            values in prop::collection::vec((prop_oneof![6 => -3..9i32, 1 => -4000..4000i32, 1 => Just(OPEN)], 1..4i64), 1..80),
            percent in 1..=100u8,
        ) {
            let mut gathered = Gathered::default();
            for (value, count) in &values {
                gathered.add(*value, *count);
            }
            let each = values.iter().flat_map(|(value, count)| (0..*count).map(|_| *value));
            let mut each: Vec<i32> = each.collect();
            each.sort_unstable();
            gathered.sort();
            let middle = f64::midpoint(f64::from(each[(each.len() - 1) / 2]), f64::from(each[each.len() / 2]));
            prop_assert_eq!(gathered.median(), Some(middle));
            let rank = (each.len() * usize::from(percent)).div_ceil(100).max(1);
            prop_assert_eq!(gathered.percentile(percent), Some(f64::from(each[rank - 1])));
            prop_assert_eq!(gathered.at_most(4), each.iter().filter(|value| **value <= 4).count() as i64);
            prop_assert_eq!(gathered.at_least(5), each.len() as i64 - gathered.at_most(4));
        }
    }
}
