//! Tallies: what a cell holds. They add and they subtract, in any order, and a tally that comes to nothing is
//! nothing. All numbers are integers, so that no order of folding gives another sum.

use serde::{Deserialize, Serialize};

/// In a histogram of durations: the end is not known yet.
pub const OPEN: i32 = i32::MAX;

/// Three sums that travel together; what they mean is the quantity's business (a count; a numerator and a
/// denominator; an amount in millionths and how many reported it; a total and its n; a level change).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// The count, numerator, amount, total or change.
    pub value: i64,
    /// The denominator, where there is one.
    pub denominator: i64,
    /// How many entities contributed.
    pub n: i64,
}

/// A sparse exact histogram: how many entities have each value. Sorted by value, no zero counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram(Vec<(i32, i32)>);

impl Histogram {
    fn add(&mut self, value: i32, count: i32) {
        match self.0.binary_search_by_key(&value, |(v, _)| *v) {
            Ok(at) => {
                self.0[at].1 += count;
                if self.0[at].1 == 0 {
                    self.0.remove(at);
                }
            }
            Err(at) if count != 0 => self.0.insert(at, (value, count)),
            Err(_) => {}
        }
    }

    /// Value and count, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (i32, i64)> + '_ {
        self.0
            .iter()
            .map(|&(value, count)| (value, i64::from(count)))
    }

    /// How many values there are, open ones included.
    #[must_use]
    pub fn n(&self) -> i64 {
        self.iter().map(|(_, count)| count).sum()
    }

    /// How many values are at most a limit.
    #[must_use]
    pub fn at_most(&self, limit: i32) -> i64 {
        self.iter()
            .take_while(|(value, _)| *value <= limit)
            .map(|(_, count)| count)
            .sum()
    }

    /// The `k`-th smallest value, counted from 1.
    #[must_use]
    pub fn nth(&self, k: i64) -> Option<i32> {
        let mut seen = 0;
        self.iter().find_map(|(value, count)| {
            seen += count;
            (seen >= k && k >= 1).then_some(value)
        })
    }

    /// The median: the middle value, or the mean of the two middle values.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        let n = self.n();
        let low = self.nth((n + 1) / 2)?;
        let high = self.nth(n / 2 + 1)?;
        Some((f64::from(low) + f64::from(high)) / 2.0)
    }

    /// The percentile by nearest rank: the `ceil(share · n)`-th smallest value.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<f64> {
        let n = self.n();
        let rank = (n * i64::from(percent) + 99) / 100;
        self.nth(rank.max(1)).map(f64::from)
    }

    /// The sum of all values.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.iter()
            .map(|(value, count)| i64::from(value) * count)
            .sum()
    }
}

/// What one entity adds to one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delta {
    /// Sums.
    Sums(Sums),
    /// One value of a histogram.
    Value(i32),
}

impl Delta {
    /// One more of a count.
    pub const ONE: Self = Self::Sums(Sums {
        value: 1,
        denominator: 0,
        n: 1,
    });

    /// One case of a proportion: met or not.
    #[must_use]
    pub const fn case(met: bool) -> Self {
        Self::Sums(Sums {
            value: met as i64,
            denominator: 1,
            n: 1,
        })
    }

    /// A change of level.
    #[must_use]
    pub const fn step(change: i64) -> Self {
        Self::Sums(Sums {
            value: change,
            denominator: 0,
            n: 0,
        })
    }
}

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tally {
    /// Sums.
    Sums(Sums),
    /// A histogram.
    Histogram(Histogram),
}

impl Tally {
    /// The tally that is nothing, of the kind that a delta needs.
    #[must_use]
    pub fn zero(delta: Delta) -> Self {
        match delta {
            Delta::Sums(_) => Self::Sums(Sums::default()),
            Delta::Value(_) => Self::Histogram(Histogram::default()),
        }
    }

    /// Adds a delta (`sign` 1) or takes it away (−1). A delta of the other kind is a fault of the quantity and changes nothing.
    pub fn apply(&mut self, delta: Delta, sign: i32) {
        match (self, delta) {
            (Self::Sums(sums), Delta::Sums(more)) => {
                let sign = i64::from(sign);
                sums.value += sign * more.value;
                sums.denominator += sign * more.denominator;
                sums.n += sign * more.n;
            }
            (Self::Histogram(histogram), Delta::Value(value)) => histogram.add(value, sign),
            _ => {}
        }
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        match (self, other) {
            (Self::Sums(sums), Self::Sums(more)) => {
                sums.value += more.value;
                sums.denominator += more.denominator;
                sums.n += more.n;
            }
            (Self::Histogram(histogram), Self::Histogram(more)) => {
                more.0
                    .iter()
                    .for_each(|&(value, count)| histogram.add(value, count));
            }
            _ => {}
        }
    }

    /// Nothing is left.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Sums(sums) => *sums == Sums::default(),
            Self::Histogram(histogram) => histogram.0.is_empty(),
        }
    }

    /// The sums, when it holds sums.
    #[must_use]
    pub fn sums(&self) -> Option<Sums> {
        match self {
            Self::Sums(sums) => Some(*sums),
            Self::Histogram(_) => None,
        }
    }

    /// The histogram, when it holds one.
    #[must_use]
    pub fn histogram(&self) -> Option<&Histogram> {
        match self {
            Self::Sums(_) => None,
            Self::Histogram(histogram) => Some(histogram),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn histogram(values: &[i32]) -> Histogram {
        let mut tally = Tally::Histogram(Histogram::default());
        values.iter().for_each(|v| tally.apply(Delta::Value(*v), 1));
        tally.histogram().unwrap().clone()
    }

    #[test]
    fn the_median_of_an_even_number_is_the_mean_of_the_two_in_the_middle() {
        assert_eq!(histogram(&[1, 2, 3, 10]).median(), Some(2.5));
        assert_eq!(histogram(&[7]).median(), Some(7.0));
        assert_eq!(histogram(&[]).median(), None);
    }

    #[test]
    fn the_ninetieth_percentile_is_by_nearest_rank() {
        let ten: Vec<i32> = (1..=10).collect();
        assert_eq!(histogram(&ten).percentile(90), Some(9.0));
        let eleven: Vec<i32> = (1..=11).collect();
        assert_eq!(histogram(&eleven).percentile(90), Some(10.0));
    }

    proptest! {
        #[test]
        fn what_is_added_and_taken_away_leaves_no_trace(mut values in prop::collection::vec(-50..50i32, 0..60)) {
            let mut tally = Tally::zero(Delta::Value(0));
            values.iter().for_each(|v| tally.apply(Delta::Value(*v), 1));
            prop_assert_eq!(tally.histogram().unwrap().n(), values.len() as i64);
            values.reverse();
            values.iter().for_each(|v| tally.apply(Delta::Value(*v), -1));
            prop_assert!(tally.is_zero());
        }

        #[test]
        fn order_statistics_equal_those_of_the_sorted_values(mut values in prop::collection::vec(-50..50i32, 1..60)) {
            let histogram = histogram(&values);
            values.sort_unstable();
            let n = values.len();
            let median = f64::from(values[(n - 1) / 2] + values[n / 2]) / 2.0;
            prop_assert_eq!(histogram.median(), Some(median));
            let rank = (9 * n).div_ceil(10);
            prop_assert_eq!(histogram.percentile(90), Some(f64::from(values[rank - 1])));
            prop_assert_eq!(histogram.at_most(0), values.iter().filter(|v| **v <= 0).count() as i64);
        }
    }
}
