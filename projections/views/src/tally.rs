//! Tallies: what a cell holds. They add and they subtract, in any order, and a tally that comes to nothing is
//! nothing. All numbers are integers, so that no order of folding gives another sum.

use serde::{Deserialize, Serialize};
use thin_vec::ThinVec;

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

/// A sparse exact histogram: how many entities have each value, ascending, no zero counts. It is looked at where it is
/// kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Histogram<'a>(&'a [(i32, i32)]);

impl<'a> Histogram<'a> {
    /// Value and count, ascending.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = (i32, i64)> + use<'a> {
        self.0
            .iter()
            .map(|&(value, count)| (value, i64::from(count)))
    }
}

/// What one entity adds to one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delta {
    /// Numerator and denominator, added up.
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

/// What a cell holds: sums, or a histogram. There are a great many, so one is 16 bytes, and the smallest of each kind,
/// which most are, is all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Tally(Held);

/// Equal contents have one form.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    /// Value, denominator and n, where each is small enough.
    Sums([i32; 3]),
    /// Sums of which one is not.
    Large(Box<Sums>),
    /// A histogram of one value.
    One([(i32, i32); 1]),
    /// A histogram of none or several.
    Several(ThinVec<(i32, i32)>),
}

/// A tally as it is stored.
#[derive(Serialize, Deserialize)]
enum Stored {
    Sums(Sums),
    Histogram(Vec<(i32, i32)>),
}

impl From<Stored> for Tally {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Sums(sums) => Self::of_sums(sums),
            Stored::Histogram(values) => Self(Held::of(values.into_iter().collect())),
        }
    }
}

impl From<Tally> for Stored {
    fn from(tally: Tally) -> Self {
        match (tally.sums(), tally.histogram()) {
            (_, Some(Histogram(values))) => Self::Histogram(values.to_vec()),
            (sums, None) => Self::Sums(sums.unwrap_or_default()),
        }
    }
}

impl Held {
    fn of(values: ThinVec<(i32, i32)>) -> Self {
        match values.as_slice() {
            [one] => Self::One([*one]),
            _ => Self::Several(values),
        }
    }
}

impl Tally {
    /// The tally that is nothing, of the kind that a delta needs.
    #[must_use]
    pub fn zero(delta: Delta) -> Self {
        match delta {
            Delta::Sums(_) => Self(Held::Sums([0; 3])),
            Delta::Value(_) => Self(Held::Several(ThinVec::new())),
        }
    }

    fn of_sums(sums: Sums) -> Self {
        let Sums {
            value,
            denominator,
            n,
        } = sums;
        let small = |number: i64| i32::try_from(number).ok();
        Self(match (small(value), small(denominator), small(n)) {
            (Some(value), Some(denominator), Some(n)) => Held::Sums([value, denominator, n]),
            _ => Held::Large(Box::new(sums)),
        })
    }

    /// Adds a delta (`sign` 1) or takes it away (−1). A delta of the other kind is a fault of the quantity and changes nothing.
    pub fn apply(&mut self, delta: Delta, sign: i32) {
        match delta {
            Delta::Sums(more) => self.add_sums(more, i64::from(sign)),
            Delta::Value(value) => self.add_value(value, sign),
        }
    }

    fn add_sums(&mut self, more: Sums, sign: i64) {
        if let Some(sums) = self.sums() {
            *self = Self::of_sums(Sums {
                value: sums.value + sign * more.value,
                denominator: sums.denominator + sign * more.denominator,
                n: sums.n + sign * more.n,
            });
        }
    }

    fn add_value(&mut self, value: i32, count: i32) {
        let mut values = match &mut self.0 {
            Held::One([(known, n)]) if *known == value && *n + count != 0 => {
                *n += count;
                return;
            }
            Held::One([one]) => ThinVec::from([*one]),
            Held::Several(values) => std::mem::take(values),
            Held::Sums(_) | Held::Large(_) => return,
        };
        match values.binary_search_by_key(&value, |(v, _)| *v) {
            Ok(at) => {
                values[at].1 += count;
                if values[at].1 == 0 {
                    values.remove(at);
                }
            }
            Err(at) if count != 0 => values.insert(at, (value, count)),
            Err(_) => {}
        }
        self.0 = Held::of(values);
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        if let Some(sums) = other.sums() {
            self.add_sums(sums, 1);
        }
        for &(value, count) in other.histogram().map_or(&[][..], |h| h.0) {
            self.add_value(value, count);
        }
    }

    /// Nothing is left.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Held::Sums(sums) => *sums == [0; 3],
            Held::Large(_) | Held::One(_) => false,
            Held::Several(values) => values.is_empty(),
        }
    }

    /// The sums, when it holds sums.
    #[must_use]
    pub fn sums(&self) -> Option<Sums> {
        match &self.0 {
            Held::Sums([value, denominator, n]) => Some(Sums {
                value: i64::from(*value),
                denominator: i64::from(*denominator),
                n: i64::from(*n),
            }),
            Held::Large(sums) => Some(**sums),
            Held::One(_) | Held::Several(_) => None,
        }
    }

    /// The histogram, when it holds one.
    #[must_use]
    pub fn histogram(&self) -> Option<Histogram<'_>> {
        match &self.0 {
            Held::One(one) => Some(Histogram(one)),
            Held::Several(values) => Some(Histogram(values)),
            Held::Sums(_) | Held::Large(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tally_is_sixteen_bytes() {
        assert_eq!(size_of::<Tally>(), 16);
    }

    proptest! {
        #[test]
        fn what_is_added_and_taken_away_leaves_no_trace(mut values in prop::collection::vec(-50..50i32, 0..60)) {
            let mut tally = Tally::zero(Delta::Value(0));
            values.iter().for_each(|v| tally.apply(Delta::Value(*v), 1));
            let held: i64 = tally.histogram().unwrap().iter().map(|(_, count)| count).sum();
            prop_assert_eq!(held, values.len() as i64);
            values.reverse();
            values.iter().for_each(|v| tally.apply(Delta::Value(*v), -1));
            prop_assert!(tally.is_zero());
        }

        #[test]
        fn large_and_small_sums_add_to_the_same(steps in prop::collection::vec((-3_000_000_000..3_000_000_000i64, any::<bool>()), 0..20)) {
            let mut tally = Tally::zero(Delta::ONE);
            let mut expected = 0;
            for (value, add) in &steps {
                let sign = if *add { 1 } else { -1 };
                tally.apply(Delta::step(*value), sign);
                expected += i64::from(sign) * value;
            }
            prop_assert_eq!(tally.sums().unwrap().value, expected);
            prop_assert_eq!(tally.is_zero(), expected == 0);
            let stored = postcard::to_allocvec(&tally).unwrap();
            prop_assert_eq!(&postcard::from_bytes::<Tally>(&stored).unwrap(), &tally);
        }
    }
}
