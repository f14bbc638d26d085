//! The cells of one series, in the order of their dates: in one piece of memory, because most series have few and there
//! are many.

use crate::tally::Tally;
use chrono::NaiveDate;
use std::ops::{Bound, RangeBounds};

/// Tallies by date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series(Vec<(NaiveDate, Tally)>);

impl Series {
    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no dates.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn place_of(&self, date: NaiveDate) -> Result<usize, usize> {
        // Most of what happens is about the newest date.
        match self.0.last() {
            Some((last, _)) if *last < date => Err(self.0.len()),
            _ => self.0.binary_search_by_key(&date, |(date, _)| *date),
        }
    }

    /// The tally of a date.
    #[must_use]
    pub fn get(&self, date: &NaiveDate) -> Option<&Tally> {
        let at = self.place_of(*date).ok()?;
        self.0.get(at).map(|(_, tally)| tally)
    }

    /// Dates, ascending.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &NaiveDate> {
        self.0.iter().map(|(date, _)| date)
    }

    /// Tallies, by ascending date.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Tally> {
        self.0.iter().map(|(_, tally)| tally)
    }

    /// Dates and tallies within a span of dates.
    pub fn range(&self, dates: impl RangeBounds<NaiveDate>) -> Iter<'_> {
        let before = |date: &NaiveDate| self.0.partition_point(|(known, _)| known < date);
        let upto = |date: &NaiveDate| self.0.partition_point(|(known, _)| known <= date);
        let from = match dates.start_bound() {
            Bound::Included(date) => before(date),
            Bound::Excluded(date) => upto(date),
            Bound::Unbounded => 0,
        };
        let end = match dates.end_bound() {
            Bound::Included(date) => upto(date),
            Bound::Excluded(date) => before(date),
            Bound::Unbounded => self.0.len(),
        };
        Iter(self.0[from..end.max(from)].iter())
    }

    /// Changes the tally of a date, which is begun where there is none and goes when it comes to nothing.
    pub(super) fn change(
        &mut self,
        date: NaiveDate,
        zero: impl FnOnce() -> Tally,
        change: impl FnOnce(&mut Tally),
    ) {
        match self.place_of(date) {
            Ok(at) => {
                let tally = &mut self.0[at].1;
                change(tally);
                if tally.is_zero() {
                    self.0.remove(at);
                }
            }
            Err(at) => {
                let mut tally = zero();
                change(&mut tally);
                if !tally.is_zero() {
                    self.insert_at(at, date, tally);
                }
            }
        }
    }

    /// Sets the tally of a date.
    pub(super) fn insert(&mut self, date: NaiveDate, tally: Tally) {
        match self.place_of(date) {
            Ok(at) => self.0[at].1 = tally,
            Err(at) => self.insert_at(at, date, tally),
        }
    }

    fn insert_at(&mut self, at: usize, date: NaiveDate, tally: Tally) {
        if self.0.len() == self.0.capacity() {
            // Less room to spare than a vector would take.
            self.0.reserve_exact(self.0.len() / 8 + 1);
        }
        self.0.insert(at, (date, tally));
    }
}

/// Dates and tallies, ascending.
#[derive(Clone, Debug)]
pub struct Iter<'a>(std::slice::Iter<'a, (NaiveDate, Tally)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a NaiveDate, &'a Tally);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(date, tally)| (date, tally))
    }
}

impl<'a> IntoIterator for &'a Series {
    type Item = (&'a NaiveDate, &'a Tally);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        Iter(self.0.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Delta;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn day(n: u8) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(u64::from(n))
    }

    proptest! {
        #[test]
        fn a_series_is_a_map_by_date(
            steps in prop::collection::vec((0..60u8, -2..3i64), 0..80),
            span in (0..60u8, 0..60u8),
        ) {
            let (mut series, mut map) = (Series::default(), BTreeMap::new());
            for (date, step) in steps {
                let delta = Delta::step(step);
                series.change(day(date), || Tally::zero(delta), |tally| tally.apply(delta, 1));
                *map.entry(day(date)).or_insert(0) += step;
            }
            map.retain(|_, value| *value != 0);
            let values = |cells: Iter<'_>| -> Vec<_> { cells.map(|(d, t)| (*d, t.sums().unwrap().value)).collect() };
            let all: Vec<_> = map.iter().map(|(d, v)| (*d, *v)).collect();
            prop_assert_eq!(values((&series).into_iter()), all);
            let span = day(span.0.min(span.1))..day(span.0.max(span.1));
            let within: Vec<_> = map.range(span.clone()).map(|(d, v)| (*d, *v)).collect();
            prop_assert_eq!(values(series.range(span)), within);
        }
    }
}
