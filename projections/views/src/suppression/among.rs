//! Numbers of one length of period that are published beside each other: of areas, and of parts of the people.

use super::Policy;
use super::neighbours::{Family, Number, Sum};
use super::sums::sums;
use crate::measure::{Aggregate, Measure, Shape};
use crate::point::Point;
use chrono::NaiveDate;
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use std::collections::{BTreeMap, BTreeSet};

/// The points of a part of the people, by area.
pub(super) type Slice = BTreeMap<AreaId, Vec<Point>>;

/// What numbers are published beside each other.
pub(super) struct Among<'a> {
    pub areas: &'a Areas,
    pub policy: &'a Policy,
    pub measure: &'a Measure,
    /// The slice of those of whom the value is not known: a numerator may leave them out.
    pub unknown: Option<usize>,
}

/// A point: the start of its period, and its area.
pub(super) type At = (NaiveDate, AreaId);

/// A number of a slice and area.
type Of<'a> = (usize, &'a AreaId);

impl Among<'_> {
    /// Which points are suppressed, by slice. With `of_whole` the first slice is the whole of the others, of which those
    /// points are suppressed.
    pub fn hidden(
        &self,
        slices: &[Slice],
        of_whole: Option<&BTreeSet<(usize, At)>>,
    ) -> BTreeSet<(usize, At)> {
        let rule = self.measure.small_numbers();
        let sums = self.sums(slices, of_whole.is_some());
        let mut hidden = BTreeSet::new();
        for number in NUMBERS {
            let mut periods: BTreeMap<NaiveDate, Family<Of<'_>>> = BTreeMap::new();
            for (slice, of_slice) in slices.iter().enumerate() {
                for (id, points) in of_slice {
                    let holds = self.policy.holds(self.areas, id.as_str());
                    for point in points {
                        let Some(Counted { n, people }) = number(self.measure, point) else {
                            continue;
                        };
                        let family = periods.entry(point.period_start).or_default();
                        family.counts_people &= n == people;
                        let number = Number { n, people, holds };
                        family.numbers.insert((slice, id), number);
                        let of_whole = of_whole.filter(|_| slice == 0);
                        if let Some(of_whole) = of_whole {
                            let at = (0, (point.period_start, id.clone()));
                            let shown = number.shown(rule, of_whole.contains(&at));
                            family.fixed.insert((0, id), shown);
                        }
                    }
                }
            }
            for (start, mut family) in periods {
                // Where nothing is small there is nothing to protect.
                if !family.numbers.values().any(|number| number.is_small(rule)) {
                    continue;
                }
                family.sums.clone_from(&sums);
                let shown = self.policy.decided.shown(&family, rule);
                for ((slice, id), shown) in family.numbers.keys().zip(shown) {
                    if shown.is_hidden() {
                        hidden.insert((*slice, (start, (*id).clone())));
                    }
                }
            }
        }
        hidden
    }

    /// Which numbers come to the same: areas and their parts, in each slice, and the whole and its slices, in each area.
    fn sums<'s>(&self, slices: &'s [Slice], with_whole: bool) -> Vec<Sum<Of<'s>>> {
        let mut tables = Vec::new();
        // Every slice is of the same areas.
        let of: BTreeSet<_> = slices.iter().take(1).flat_map(BTreeMap::keys).collect();
        let sums = sums(self.areas, &of);
        for slice in 0..slices.len() {
            tables.extend(sums.iter().map(|sum| sum.map(|id| Some((slice, *id)))));
        }
        if with_whole {
            for id in of {
                let values = slices.iter().enumerate().skip(1);
                let parts: Vec<_> = values
                    .filter_map(|(slice, of)| Some((slice, of.get_key_value(id)?.0)))
                    .collect();
                let known = parts
                    .iter()
                    .filter(|(slice, _)| self.unknown != Some(*slice));
                let known: Vec<_> = known.copied().collect();
                if known.len() < parts.len() {
                    tables.push(Sum::of((0, id), known));
                }
                tables.push(Sum::of((0, id), parts));
            }
        }
        tables
    }
}

/// A number that adds up over areas, and how many people are behind it at least.
pub(super) struct Counted {
    pub n: i64,
    pub people: i64,
}

impl Counted {
    const fn people(n: i64) -> Self {
        Self { n, people: n }
    }
}

/// A number of a point.
pub(super) type NumberOf = fn(&Measure, &Point) -> Option<Counted>;

/// The numbers of a point that must not be small: what is counted, and what it is out of.
pub(super) const NUMBERS: [NumberOf; 2] = [behind, out_of];

/// The number behind a point: the count itself, the numerator of a share, the n of a statistic. A point without a value
/// has people behind it too, who are shown as its n. Behind nights are the people who spent them.
pub(super) fn behind(measure: &Measure, point: &Point) -> Option<Counted> {
    let n = match point.numerator.filter(|_| point.value.is_some()) {
        Some(numerator) if is_people(measure) => numerator.round() as i64,
        _ => point.n?,
    };
    Some(match point.people {
        Some((people, _)) => Counted { n, people },
        None => Counted::people(n),
    })
}

/// The number that a share is out of.
pub(super) fn out_of(measure: &Measure, point: &Point) -> Option<Counted> {
    let is_ratio = matches!(measure.aggregate, Aggregate::Ratio | Aggregate::LevelRatio);
    let is_part = measure.shape() == Shape::Proportion || is_ratio;
    let n = if point.value.is_none() {
        point.n.filter(|_| is_part)?
    } else {
        match (measure.shape(), point.denominator) {
            (Shape::Proportion, Some(denominator)) => denominator.round() as i64,
            _ if is_ratio => point.denominator?.round() as i64,
            _ => return None,
        }
    };
    Some(match point.people {
        Some((_, people)) => Counted { n, people },
        None => Counted::people(n),
    })
}

/// Whether the numerator counts people. A mean's is a total of points or days.
pub(super) fn is_people(measure: &Measure) -> bool {
    !matches!(measure.aggregate, Aggregate::Mean)
}
