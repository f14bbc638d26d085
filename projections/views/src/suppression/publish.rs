//! Points as they may leave the system.

use super::neighbours::{Family, Number};
use super::{Audience, Policy, Shown};
use crate::ask::Basis;
use crate::measure::{Aggregate, Measure, Shape, SmallNumbers};
use crate::point::{Point, PointQuery, State, points};
use chrono::NaiveDate;
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use std::collections::{BTreeMap, BTreeSet};

/// The points of a measure in areas as an audience may see them: rounded or suppressed where the measure's rule says
/// so, with every area taken into account from which a hidden number could be worked out. Each area's points are the
/// same whichever others are asked for with it. The question's own area is not looked at.
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
    let points_of = |area: &AreaId| points(basis, areas, &PointQuery { area, ..*query });
    if audience == Audience::Operations || rule == SmallNumbers::None {
        return wanted.iter().map(|a| (a.clone(), points_of(a))).collect();
    }
    let mut shown = BTreeMap::new();
    for area in wanted {
        if shown.contains_key(area) {
            continue;
        }
        let all: BTreeMap<AreaId, Vec<Point>> = relatives(areas, area, policy)
            .into_iter()
            .map(|area| {
                let points = points_of(&area);
                (area, points)
            })
            .collect();
        let hidden = hidden(&all, areas, query.measure, policy);
        for (area, mut points) in all {
            if !wanted.contains(&area) {
                continue;
            }
            let holds = policy.holds(areas, area.as_str());
            for point in &mut points {
                let hidden = hidden.contains(&(point.period_start, area.clone()));
                publish(point, query.measure, rule, holds, hidden);
            }
            shown.insert(area, points);
        }
    }
    shown
}

/// Which points are kept back: by the start of their period, and area.
fn hidden(
    all: &BTreeMap<AreaId, Vec<Point>>,
    areas: &Areas,
    measure: &Measure,
    policy: &Policy,
) -> BTreeSet<(NaiveDate, AreaId)> {
    let rule = measure.small_numbers();
    let parts: BTreeMap<&AreaId, Vec<&AreaId>> = all
        .keys()
        .map(|id| {
            let parts = areas.children(id).iter().filter(|c| all.contains_key(*c));
            (id, parts.collect())
        })
        .collect();
    let mut hidden = BTreeSet::new();
    for number in [behind as fn(&Measure, &Point) -> Option<Counted>, out_of] {
        let mut periods: BTreeMap<NaiveDate, Family<&AreaId>> = BTreeMap::new();
        for (id, points) in all {
            let holds = policy.holds(areas, id.as_str());
            for point in points {
                if let Some(Counted { n, people }) = number(measure, point) {
                    let family = periods.entry(point.period_start).or_default();
                    family.counts_people &= n == people;
                    family.numbers.insert(id, Number { n, people, holds });
                }
            }
        }
        for (start, mut family) in periods {
            // Where nothing is small there is nothing to protect.
            if !family.numbers.values().any(|number| number.is_small(rule)) {
                continue;
            }
            family.parts.clone_from(&parts);
            for (id, shown) in family.shown(rule) {
                if shown.is_hidden() {
                    hidden.insert((start, id.clone()));
                }
            }
        }
    }
    hidden
}

/// A number that adds up over areas, and how many people are behind it at least.
struct Counted {
    n: i64,
    people: i64,
}

impl Counted {
    const fn people(n: i64) -> Self {
        Self { n, people: n }
    }
}

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
        if holds {
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
    point.note = Some(format!("too few to show ({rule})"));
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
