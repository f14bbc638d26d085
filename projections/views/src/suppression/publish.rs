//! Points as they may leave the system.

use super::lengths::{self, Decided};
use super::neighbours::{Family, Number};
use super::{Audience, Policy, Shown};
use crate::ask::Basis;
use crate::cell::Filter;
use crate::dimension;
use crate::measure::{Aggregate, Measure, Shape, SmallNumbers};
use crate::point::{Point, PointQuery, State, points};
use chrono::NaiveDate;
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use std::collections::{BTreeMap, BTreeSet};

/// The points of a measure in areas as an audience may see them: rounded or suppressed where the measure's rule says
/// so, with every area, part and length of period taken into account from which a hidden number could be worked out. Each
/// area's points are the same whichever others are asked for with it. The question's own area is not looked at.
#[must_use]
pub fn published(
    basis: &Basis<'_>,
    areas: &Areas,
    query: &PointQuery<'_>,
    wanted: &[AreaId],
    audience: Audience,
    policy: &Policy,
) -> BTreeMap<AreaId, Vec<Point>> {
    let rule = query.measure.small_numbers();
    let asked = Asked {
        basis,
        areas,
        policy,
        wanted,
    };
    if audience == Audience::Operations || rule == SmallNumbers::None {
        let whole = |area: &AreaId| (area.clone(), asked.points(query, area, query.filter));
        return wanted.iter().map(whole).collect();
    }
    let mut decided = lengths::together(query, |query| asked.decided(query));
    for decided in decided.values_mut() {
        for point in &mut decided.points {
            let hidden = decided.hidden.contains(&point.period_start);
            publish(point, query.measure, rule, decided.holds, hidden);
        }
    }
    let points = decided.into_iter();
    points.map(|(area, of)| (area, of.points)).collect()
}

/// Where a question is asked.
struct Asked<'a> {
    basis: &'a Basis<'a>,
    areas: &'a Areas,
    policy: &'a Policy,
    wanted: &'a [AreaId],
}

impl Asked<'_> {
    fn points(&self, query: &PointQuery<'_>, area: &AreaId, filter: &Filter) -> Vec<Point> {
        let query = PointQuery {
            area,
            filter,
            ..*query
        };
        points(self.basis, self.areas, &query)
    }

    /// The points of one length of period as they are, and which of them are suppressed beside those of other areas and
    /// parts.
    fn decided(&self, query: &PointQuery<'_>) -> BTreeMap<AreaId, Decided> {
        let slices = slices(self.basis, query);
        let mut decided = BTreeMap::new();
        for area in self.wanted {
            if decided.contains_key(area) {
                continue;
            }
            let family = relatives(self.areas, area, self.policy);
            let of_slice = |filter: &Filter| -> Slice {
                let points = |area: &AreaId| (area.clone(), self.points(query, area, filter));
                family.iter().map(points).collect()
            };
            let among = Among {
                areas: self.areas,
                policy: self.policy,
                measure: query.measure,
            };
            let (all, hidden) = match &slices {
                // Whatever is asked for, the whole is published too, and is decided without its parts.
                Slices::Whole => {
                    let whole = of_slice(query.filter);
                    let hidden = among.hidden(std::slice::from_ref(&whole), None);
                    (whole, Some(hidden.into_iter().map(|(_, at)| at).collect()))
                }
                Slices::Parts {
                    whole,
                    values,
                    asked,
                } => {
                    let slices: Vec<Slice> =
                        std::iter::once(whole).chain(values).map(of_slice).collect();
                    let of_whole = among.hidden(&slices[..1], None);
                    let hidden = among.hidden(&slices, Some(&of_whole));
                    let asked = asked + 1;
                    let of_asked = hidden.into_iter().filter(|(slice, _)| *slice == asked);
                    let hidden: BTreeSet<At> = of_asked.map(|(_, at)| at).collect();
                    (
                        slices.into_iter().nth(asked).unwrap_or_default(),
                        Some(hidden),
                    )
                }
                // By many questions of this kind the parts of a small number could be put together.
                Slices::Mixed => (of_slice(query.filter), None),
            };
            for (area, points) in all {
                if !self.wanted.contains(&area) {
                    continue;
                }
                let holds = self.policy.holds(self.areas, area.as_str());
                let is_hidden = |start: &NaiveDate| match &hidden {
                    Some(hidden) => hidden.contains(&(*start, area.clone())),
                    None => holds,
                };
                let starts = points.iter().map(|point| point.period_start);
                let hidden = starts.filter(is_hidden).collect();
                let of_area = Decided {
                    points,
                    hidden,
                    holds,
                };
                decided.insert(area, of_area);
            }
        }
        decided
    }
}

/// The points of a part of the people, by area.
type Slice = BTreeMap<AreaId, Vec<Point>>;

/// Which part of the people is asked for.
enum Slices {
    /// All of them.
    Whole,
    /// One value of one dimension: beside it the others are published, and all of them together.
    Parts {
        whole: Filter,
        values: Vec<Filter>,
        asked: usize,
    },
    /// Several values, or several dimensions.
    Mixed,
}

fn slices(basis: &Basis<'_>, query: &PointQuery<'_>) -> Slices {
    let mut dimensions = query.filter.0.iter();
    let (Some((dimension, values)), None) = (dimensions.next(), dimensions.next()) else {
        return if query.filter.0.is_empty() {
            Slices::Whole
        } else {
            Slices::Mixed
        };
    };
    let seen = dimension::seen(basis.cells(), &query.measure.quantity, dimension);
    let mut seen: BTreeSet<String> = seen.into_iter().map(ToOwned::to_owned).collect();
    let (Some(value), 1) = (values.first(), values.len()) else {
        return Slices::Mixed;
    };
    seen.insert(value.clone());
    Slices::Parts {
        whole: Filter::default(),
        asked: seen.iter().position(|v| v == value).unwrap_or_default(),
        values: seen
            .into_iter()
            .map(|value| Filter([(dimension.clone(), BTreeSet::from([value]))].into()))
            .collect(),
    }
}

/// What numbers are published beside each other.
struct Among<'a> {
    areas: &'a Areas,
    policy: &'a Policy,
    measure: &'a Measure,
}

/// A point: the start of its period, and its area.
type At = (NaiveDate, AreaId);

/// A number of a slice and area, and those that add up to it.
type Total<'a> = ((usize, &'a AreaId), Vec<(usize, &'a AreaId)>);

impl Among<'_> {
    /// Which points are suppressed, by slice. With `of_whole` the first slice is the whole of the others, of which those
    /// points are suppressed.
    fn hidden(
        &self,
        slices: &[Slice],
        of_whole: Option<&BTreeSet<(usize, At)>>,
    ) -> BTreeSet<(usize, At)> {
        let rule = self.measure.small_numbers();
        let parts = self.parts(slices, of_whole.is_some());
        let mut hidden = BTreeSet::new();
        for number in NUMBERS {
            let mut periods: BTreeMap<NaiveDate, Family<(usize, &AreaId)>> = BTreeMap::new();
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
                family.parts.clone_from(&parts);
                for ((slice, id), shown) in family.shown(rule) {
                    if shown.is_hidden() {
                        hidden.insert((slice, (start, id.clone())));
                    }
                }
            }
        }
        hidden
    }

    /// Which numbers are totals of which: areas of their parts, in each slice, and the whole of its slices, in each area.
    fn parts<'s>(&self, slices: &'s [Slice], with_whole: bool) -> Vec<Total<'s>> {
        let mut tables = Vec::new();
        // Every slice is of the same areas.
        let sums = slices.first().map(|of| self.sums(of)).unwrap_or_default();
        for slice in 0..slices.len() {
            for (id, parts) in &sums {
                let parts = parts.iter().map(|part| (slice, *part)).collect();
                tables.push(((slice, *id), parts));
            }
        }
        if with_whole {
            for id in slices.iter().take(1).flat_map(BTreeMap::keys) {
                let values = slices.iter().enumerate().skip(1);
                let parts: Vec<_> = values
                    .filter_map(|(slice, of)| Some((slice, of.get_key_value(id)?.0)))
                    .collect();
                tables.push(((0, id), parts));
            }
        }
        tables
    }

    /// The areas of a slice, each with those that it is the sum of: its parts, and its smallest places. Parts that overlap
    /// do not add up, but the smallest places always do.
    fn sums<'s>(&self, slice: &'s Slice) -> Vec<(&'s AreaId, Vec<&'s AreaId>)> {
        let known = |id: &AreaId| slice.get_key_value(id).map(|(id, _)| id);
        let mut sums = Vec::new();
        for id in slice.keys() {
            let parts: Vec<_> = self.areas.children(id).iter().filter_map(known).collect();
            let within = self.areas.within(id);
            let smallest = within.iter().filter(|a| self.areas.children(a).is_empty());
            let leaves: Vec<_> = smallest.filter_map(known).collect();
            if leaves != parts && leaves != [id] {
                sums.push((id, leaves));
            }
            sums.push((id, parts));
        }
        sums
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

/// The numbers of a point that must not be small: what is counted, and what it is out of.
pub(super) const NUMBERS: [fn(&Measure, &Point) -> Option<Counted>; 2] = [behind, out_of];

/// The number behind a point: the count itself, the numerator of a share, the n of a statistic. A point without a value
/// has people behind it too, who are shown as its n. Behind nights are the people who spent them.
fn behind(measure: &Measure, point: &Point) -> Option<Counted> {
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
fn out_of(measure: &Measure, point: &Point) -> Option<Counted> {
    let is_part = measure.shape() == Shape::Proportion || measure.aggregate == Aggregate::Ratio;
    let n = if point.value.is_none() {
        point.n.filter(|_| is_part)?
    } else {
        match (measure.shape(), point.denominator) {
            (Shape::Proportion, Some(denominator)) => denominator.round() as i64,
            _ if measure.aggregate == Aggregate::Ratio => point.denominator?.round() as i64,
            _ => return None,
        }
    };
    Some(match point.people {
        Some((_, people)) => Counted { n, people },
        None => Counted::people(n),
    })
}

/// Whether the numerator counts people. A mean's is a total of points or days.
fn is_people(measure: &Measure) -> bool {
    !matches!(measure.aggregate, Aggregate::Mean)
}

fn publish(point: &mut Point, measure: &Measure, rule: SmallNumbers, holds: bool, hidden: bool) {
    // While a period runs its number moves with each event, and every step would be one person.
    if holds && point.state == State::Incomplete {
        return withhold(
            point,
            State::Incomplete,
            "shown when the period is over, because the place is small".to_owned(),
        );
    }
    if hidden && point.value.is_some() {
        return withhold(
            point,
            State::Suppressed,
            format!("suppressed: it would identify a few people ({rule})"),
        );
    }
    if !holds || point.value.is_none() {
        if holds || hidden {
            // Why there is no value may itself say how few there were.
            hide_counts(point, rule, hidden);
        }
        return;
    }
    let rounded = |n: i64| rule.rounded(n).number().unwrap_or(0) as f64;
    let behind = behind(measure, point).map(|counted| counted.n);
    match (measure.shape(), point.numerator, point.denominator) {
        (_, Some(_), Some(denominator)) if is_people(measure) => {
            let numerator = behind.map(rounded).unwrap_or_default();
            let denominator = match out_of(measure, point) {
                Some(counted) => rounded(counted.n),
                None => denominator,
            };
            point.numerator = Some(numerator);
            point.denominator = Some(denominator);
            point.value = (denominator != 0.0).then(|| numerator / denominator / measure.divide_by);
        }
        (Shape::Count, ..) => {
            point.value = behind.map(|n| rounded(n) / measure.divide_by);
        }
        _ => {
            (point.numerator, point.denominator) = (None, None);
            // Two exact means of n and n + 1 people would tell what the last of them said.
            point.value = point.value.map(|value| (value * 10.0).round() / 10.0);
        }
    }
    point.n = point.n.and_then(|n| rule.count(n).number());
}

fn withhold(point: &mut Point, state: State, note: String) {
    (point.value, point.numerator, point.denominator) = (None, None, None);
    (point.n, point.people) = (None, None);
    (point.state, point.note) = (state, Some(note));
}

/// Takes counts out of a point without value that are small enough to tell of people, or that would give a small one
/// beside them away; rounds the rest. The note must not say what the counts do not.
fn hide_counts(point: &mut Point, rule: SmallNumbers, hidden: bool) {
    let is_small = |n: i64| rule.count(n) == Shown::Small;
    let small = hidden
        || point.n.is_some_and(is_small)
        || point.numerator.is_some_and(|n| is_small(n.round() as i64));
    let rounded = |n: i64| rule.count(n).number();
    let counts = [
        point.n,
        rounded_of(point.numerator),
        rounded_of(point.denominator),
    ];
    let few = small || counts.into_iter().flatten().any(|n| rounded(n) != Some(n));
    if !few {
        return;
    }
    if small {
        (point.n, point.numerator, point.denominator) = (None, None, None);
    } else {
        point.n = point.n.and_then(rounded);
        for number in [&mut point.numerator, &mut point.denominator] {
            *number = rounded_of(*number).and_then(rounded).map(|n| n as f64);
        }
    }
    point.note = Some(format!("too few to show, to protect privacy ({rule})"));
}

fn rounded_of(number: Option<f64>) -> Option<i64> {
    number.map(|n| n.round() as i64)
}

/// The areas whose numbers, taken together, could give this one away, with the area itself: all that can be reached by
/// going from a small area to what it is part of, and from any area to its small parts. Every area reached has the same
/// relatives, so what is hidden of it does not depend on who else was asked about.
#[must_use]
pub fn relatives(areas: &Areas, area: &AreaId, policy: &Policy) -> BTreeSet<AreaId> {
    let mut family = BTreeSet::from([area.clone()]);
    let mut open = vec![area.clone()];
    while let Some(next) = open.pop() {
        let small = policy.holds(areas, next.as_str());
        let above = areas.get(next.as_str()).map_or(&[][..], |a| &a.parents);
        let below = areas.children(&next);
        let linked = above.iter().filter(|_| small).chain(
            below
                .iter()
                .filter(|child| policy.holds(areas, child.as_str())),
        );
        for area in linked {
            if family.insert(area.clone()) {
                open.push(area.clone());
            }
        }
    }
    family
}
