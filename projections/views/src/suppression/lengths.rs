//! Lengths of period beside each other: a month is the sum of its days, a year of its months. One length after the other
//! is decided, the measure's own first, because that is what people look at. What a later one would give away of an
//! earlier, or of itself beside it, is suppressed in the later; for that all places and lengths are taken together, one
//! financial year at a time. Readers are shown nothing shorter than the measure's own.

use super::Shown;
use super::among::{Among, At, Counted, NUMBERS, NumberOf, Slice};
use super::neighbours::{Family, Number, Sum};
use super::sums::sums;
use crate::measure::Measure;
use crate::period::{Grain, Period};
use crate::point::{Point, PointQuery, State};
use chrono::{Days, NaiveDate};
use joinedup_events::AreaId;
use std::collections::{BTreeMap, BTreeSet};

/// What is decided of one length of period.
pub(super) struct Level {
    pub grain: Grain,
    /// The points as they are, of each part of the people.
    pub slices: Vec<Slice>,
    /// Which of them are suppressed, by slice.
    pub hidden: BTreeSet<(usize, At)>,
    /// It is not decided yet: nothing of it is known, and nothing may become known.
    pub is_open: bool,
}

impl Level {
    fn is_hidden(&self, slice: usize, area: &AreaId, start: NaiveDate) -> bool {
        self.is_open || self.hidden.contains(&(slice, (start, area.clone())))
    }
}

/// The lengths that a reader is shown of a measure, in the order in which they are decided: its own, and the longer ones.
/// A shorter one would be small numbers for the most part, and reveal how the longer ones are made up.
pub(super) fn order(measure: &Measure) -> Vec<Grain> {
    let longer = Grain::ALL.iter().copied();
    longer
        .filter(|g| *g >= measure.period && measure.allows(*g))
        .collect()
}

/// The question over whole years, and one more at each end: a week over the turn of a year is decided by both years.
pub(super) fn widened<'a>(query: &PointQuery<'a>) -> PointQuery<'a> {
    let before = |date| {
        Period::of(
            Grain::Year,
            Period::of(Grain::Year, date).start - Days::new(1),
        )
    };
    let after = |date| Period::of(Grain::Year, date).next(Grain::Year);
    PointQuery {
        from: query.from.map(|from| before(from).start),
        to: query.to.map(|to| after(to).last_day()),
        ..*query
    }
}

/// Suppresses more of a slice than small numbers and what lies beside them, so that a length gives nothing away together
/// with the `others`, of which some are still open. `days` are the slice's points by day where no length is the day, by
/// which weeks and months are parts of each other. All places are taken together where the slice is the whole, and each by itself where it is a part.
pub(super) fn hold_back(
    among: &Among<'_>,
    slice: usize,
    now: &mut Level,
    (others, days): (&[Level], &Slice),
) {
    let Some(places) = now.slices.get(slice) else {
        return;
    };
    let mut hidden: BTreeSet<At> = BTreeSet::new();
    for (area, points) in places {
        if !among.policy.holds(among.areas, area.as_str()) {
            continue;
        }
        for earlier in others.iter().filter(|level| !level.is_open) {
            let Some(parts) = earlier.slices.get(slice).and_then(|of| of.get(area)) else {
                continue;
            };
            let is_hidden = |p: &&Point| earlier.is_hidden(slice, area, p.period_start);
            let is_telling = |total: &&Point| {
                let within = within(parts, total.period());
                let (hidden, shown): (Vec<&Point>, Vec<&Point>) =
                    within.iter().partition(is_hidden);
                says_too_little(among.measure, total, &hidden, &shown)
            };
            let starts = points.iter().filter(is_telling).map(|p| p.period_start);
            hidden.extend(starts.map(|start| (start, area.clone())));
        }
    }
    let years: BTreeSet<Period> = places
        .values()
        .flatten()
        .flat_map(|p| [p.period_start, p.period().last_day()])
        .map(|date| Period::of(Grain::Year, date))
        .collect();
    let apart = now.slices.len() > 1;
    let families: Vec<Vec<&AreaId>> = if apart {
        places.keys().map(|place| vec![place]).collect()
    } else {
        vec![places.keys().collect()]
    };
    now.hidden.extend(hidden.into_iter().map(|at| (slice, at)));
    let mut hidden = BTreeSet::new();
    for family in &families {
        for year in &years {
            for number in NUMBERS {
                let together = Together {
                    among,
                    slice,
                    places: family,
                    year: *year,
                    number,
                };
                hidden.extend(together.hidden(now, others, days));
            }
        }
    }
    now.hidden.extend(hidden.into_iter().map(|at| (slice, at)));
}

/// The points that lie wholly within a period, of those in order.
fn within(points: &[Point], period: Period) -> &[Point] {
    let first = points.partition_point(|p| p.period_start < period.start);
    let end = points.partition_point(|p| p.period_end <= period.end);
    points.get(first..end).unwrap_or_default()
}

/// Whether so little of a total lies in its suppressed parts that its being small would reveal them: each is at least the
/// smallest number that is suppressed, and what is over could be less than the largest. Weeks at the ends of a month that
/// lie in it in part make it larger, and change nothing of that.
fn says_too_little(measure: &Measure, total: &Point, hidden: &[&Point], shown: &[&Point]) -> bool {
    if hidden.is_empty() {
        return false;
    }
    let rule = measure.small_numbers();
    let least = hidden.len() as i64 * rule.smallest_hidden() + rule.largest_hidden();
    NUMBERS.into_iter().any(|number| {
        let n = |point: &Point| number(measure, point).map(|counted| counted.n);
        let of_shown: i64 = shown.iter().filter_map(|part| n(part)).sum();
        n(total).is_some_and(|all| all - of_shown < least)
    })
}

/// A number by the place (by its rank), the length and the start of the period.
type Key = (usize, Grain, NaiveDate);

/// All that is published of some places in a financial year.
struct Together<'a> {
    among: &'a Among<'a>,
    slice: usize,
    places: &'a [&'a AreaId],
    year: Period,
    number: NumberOf,
}

impl Together<'_> {
    /// What of a length must be suppressed because of all that is published beside it.
    fn hidden(&self, now: &Level, others: &[Level], days: &Slice) -> Vec<At> {
        let rule = self.among.measure.small_numbers();
        // Over so many numbers only what is certain is held against them: which of the suppressed ones are small is decided
        // nowhere, and whoever guesses is wrong somewhere.
        let mut family: Family<Key> = Family {
            knows_which_are_small: false,
            ..Family::default()
        };
        for level in others.iter().chain([now]) {
            for (place, area) in self.places.iter().enumerate() {
                let points = level.slices.get(self.slice).and_then(|of| of.get(*area));
                let points = points.map_or(&[][..], Vec::as_slice);
                self.add_points(
                    &mut family,
                    level,
                    (place, points),
                    level.grain == now.grain,
                );
            }
        }
        if !family.numbers.values().any(|number| number.is_small(rule)) {
            return Vec::new();
        }
        for (place, area) in self.places.iter().enumerate() {
            let points = days.get(*area).map_or(&[][..], Vec::as_slice);
            self.add_days(&mut family, place, points);
        }
        self.add_sums(&mut family);
        let shown = self.among.policy.decided.shown(&family, rule);
        let shown = family.numbers.keys().zip(shown);
        let of_now =
            shown.filter(|((_, grain, _), shown)| *grain == now.grain && shown.is_hidden());
        of_now
            .filter_map(|((place, _, start), _)| {
                Some((*start, (*self.places.get(*place)?).clone()))
            })
            .collect()
    }

    fn add_points(
        &self,
        family: &mut Family<Key>,
        level: &Level,
        (place, points): (usize, &[Point]),
        is_free: bool,
    ) {
        let rule = self.among.measure.small_numbers();
        let Some(area) = self.places.get(place) else {
            return;
        };
        let holds = self.among.policy.holds(self.among.areas, area.as_str());
        for point in points {
            let key = (place, level.grain, point.period_start);
            let Some(Counted { n, people }) = (self.number)(self.among.measure, point) else {
                continue;
            };
            let is_within = self.touches(point.period());
            // The days beyond the year that are in its first and last week.
            let is_at_end = level.grain == Grain::Day && self.shares_a_week(point.period_start);
            if !(is_within || is_at_end) {
                continue;
            }
            let number = Number { n, people, holds };
            let is_hidden = level.is_hidden(self.slice, area, point.period_start);
            // What is not over is not shown, and need not be found.
            if holds && point.state == State::Incomplete {
                family.unknown(key, n);
                continue;
            }
            family.counts_people &= n == people;
            family.numbers.insert(key, number);
            if !is_free || is_hidden || !is_within {
                family.fixed.insert(key, number.shown(rule, is_hidden));
            }
        }
    }

    fn touches(&self, period: Period) -> bool {
        period.start < self.year.end && period.end > self.year.start
    }

    /// Whether a day beyond the year is in its first or last week.
    fn shares_a_week(&self, day: NaiveDate) -> bool {
        self.touches(Period::of(Grain::Week, day))
    }

    /// The days that are not published, put together where they lie in the same week and month, by which weeks are parts
    /// of months. Nothing is known of them.
    fn add_days(&self, family: &mut Family<Key>, place: usize, days: &[Point]) {
        let mut sums: BTreeMap<NaiveDate, i64> = BTreeMap::new();
        for point in days {
            let day = point.period_start;
            let number = (self.number)(self.among.measure, point);
            if let Some(Counted { n, .. }) = number.filter(|_| self.shares_a_week(day)) {
                let week = Period::of(Grain::Week, day);
                *sums
                    .entry(week.start.max(Period::of(Grain::Month, day).start))
                    .or_default() += n;
            }
        }
        for (start, n) in sums {
            family.unknown((place, Grain::Day, start), n);
        }
    }

    /// Which numbers come to the same: those of periods and of shorter ones, and of places.
    fn add_sums(&self, family: &mut Family<Key>) {
        let rank: BTreeMap<&AreaId, usize> = self.places.iter().copied().zip(0..).collect();
        let of_places = sums(self.among.areas, &rank.keys().copied().collect());
        let starts: BTreeSet<(Grain, NaiveDate)> =
            family.numbers.keys().map(|key| (key.1, key.2)).collect();
        let mut sums: Vec<Sum<Key>> = Vec::new();
        for (grain, start) in starts {
            let key = |area: &&AreaId| Some((*rank.get(*area)?, grain, start));
            sums.extend(of_places.iter().map(|sum| sum.map(key)));
        }
        for &total in family.numbers.keys() {
            let (place, grain, start) = total;
            let period = Period::of(grain, start);
            let shorter = Grain::ALL
                .iter()
                .rev()
                .filter(|short| is_made_of(grain, **short));
            let mut of_periods = shorter.map(|short| {
                let of = |start| (place, *short, start);
                let within = family.numbers.range(of(period.start)..of(period.end));
                within.map(|(key, _)| *key).collect::<Vec<Key>>()
            });
            // The longest that it is made of: the others are parts of those.
            let parts = of_periods.find(|parts| !parts.is_empty());
            sums.extend(parts.map(|parts| Sum::of(total, parts)));
        }
        family.sums = sums;
    }
}

/// Whether periods of a length are made of whole periods of another.
const fn is_made_of(long: Grain, short: Grain) -> bool {
    matches!(
        (long, short),
        (
            Grain::Week | Grain::Month | Grain::Quarter | Grain::Year,
            Grain::Day
        ) | (Grain::Quarter | Grain::Year, Grain::Month)
            | (Grain::Year, Grain::Quarter)
    )
}

impl Family<Key> {
    /// A number that is published nowhere.
    fn unknown(&mut self, key: Key, n: i64) {
        let number = Number {
            n,
            people: n,
            holds: false,
        };
        self.numbers.insert(key, number);
        self.fixed.insert(key, Shown::Neighbour);
    }
}
