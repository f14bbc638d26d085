//! Lengths of period beside each other: a month is the sum of its days, a year of its months. One length after the other
//! is decided, the measure's own first, because that is what people look at; what a later one would give away of an
//! earlier is suppressed in the later.

use super::neighbours::{Family, Number};
use super::publish::{Counted, NUMBERS};
use crate::measure::Measure;
use crate::period::{Grain, Period};
use crate::point::{Point, PointQuery, State};
use chrono::{Days, NaiveDate};
use joinedup_events::AreaId;
use std::collections::{BTreeMap, BTreeSet};

/// The points of an area as they are, and which of them are suppressed.
pub(super) struct Decided {
    /// In order of their periods.
    pub points: Vec<Point>,
    /// By the start of the period.
    pub hidden: BTreeSet<NaiveDate>,
    /// The rule holds for the area.
    pub holds: bool,
}

/// By area.
type OfAreas = BTreeMap<AreaId, Decided>;

/// What is decided of a question, beside the lengths of period that come before its own. `decide` decides one length by
/// itself.
pub(super) fn together(
    query: &PointQuery<'_>,
    decide: impl Fn(&PointQuery<'_>) -> OfAreas,
) -> OfAreas {
    let before = if query.range.is_none() {
        before(query.measure, query.grain)
    } else {
        Vec::new()
    };
    if before.is_empty() {
        return decide(query);
    }
    let wide = widened(query);
    let mut decided: Vec<(Grain, OfAreas)> = Vec::new();
    for grain in before.into_iter().chain([query.grain]) {
        let mut of_grain = decide(&PointQuery { grain, ..wide });
        for (area, now) in &mut of_grain {
            for (other, of_other) in &decided {
                if let Some(earlier) = of_other.get(area).filter(|_| now.holds) {
                    hold_back(query.measure, (grain, now), (*other, earlier));
                }
            }
        }
        decided.push((grain, of_grain));
    }
    let mut asked = decided.pop().map(|(_, asked)| asked).unwrap_or_default();
    for of_area in asked.values_mut() {
        let is_asked = |point: &Point| {
            query.from.is_none_or(|from| point.period_end > from)
                && query.to.is_none_or(|to| point.period_start <= to)
        };
        of_area.points.retain(is_asked);
    }
    asked
}

/// The lengths that are decided before one: the measure's own, then the longer ones, then the shorter ones.
fn before(measure: &Measure, grain: Grain) -> Vec<Grain> {
    let own = measure.period;
    let longer = Grain::ALL.iter().copied().filter(|g| *g > own);
    let shorter = Grain::ALL.iter().rev().copied().filter(|g| *g < own);
    let all = std::iter::once(own).chain(longer).chain(shorter);
    let allowed = all.filter(|g| measure.allows(*g));
    allowed.take_while(|g| *g != grain).collect()
}

/// The question over whole years and the weeks at their ends, so that no total lacks a part.
fn widened<'a>(query: &PointQuery<'a>) -> PointQuery<'a> {
    let week = Days::new(7);
    PointQuery {
        from: query
            .from
            .map(|from| Period::of(Grain::Year, from).start - week),
        to: query.to.map(|to| Period::of(Grain::Year, to).end + week),
        ..*query
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

/// Suppresses points of a length that would give away one of another that is decided already, or of their own beside it:
/// the total, or all parts of a total.
fn hold_back(measure: &Measure, now: (Grain, &mut Decided), earlier: (Grain, &Decided)) {
    let ((grain, now), (other, earlier)) = (now, earlier);
    let mut hidden = Vec::new();
    if is_made_of(grain, other) {
        for total in &now.points {
            let is_hidden = now.hidden.contains(&total.period_start);
            if says_too_little(measure, total, earlier)
                || gives_away(measure, (total, is_hidden), earlier)
            {
                hidden.push(total.period_start);
            }
        }
    } else if is_made_of(other, grain) {
        for total in &earlier.points {
            let is_hidden = earlier.hidden.contains(&total.period_start);
            // With its zeros shown a suppressed week would tell on how many days somebody came.
            if is_hidden || gives_away(measure, (total, is_hidden), now) {
                let parts = within(&now.points, total.period());
                hidden.extend(parts.iter().map(|part| part.period_start));
            }
        }
    }
    now.hidden.extend(hidden);
}

/// The points of a period, of those in order.
fn within(points: &[Point], period: Period) -> &[Point] {
    let first = points.partition_point(|p| p.period_start < period.start);
    let end = points.partition_point(|p| p.period_start < period.end);
    points.get(first..end).unwrap_or_default()
}

/// Whether so little of a total lies in its suppressed parts that its being small would tell of them: each is at least the
/// smallest number that is suppressed, and what is over could be less than the largest.
fn says_too_little(measure: &Measure, total: &Point, parts: &Decided) -> bool {
    let rule = measure.small_numbers();
    let with_parts = within(&parts.points, total.period());
    let (hidden, shown): (Vec<&Point>, Vec<&Point>) = with_parts
        .iter()
        .partition(|part| parts.hidden.contains(&part.period_start));
    if hidden.is_empty() {
        return false;
    }
    let least = hidden.len() as i64 * rule.smallest_hidden() + rule.largest_hidden();
    NUMBERS.into_iter().any(|number| {
        let n = |point: &Point| number(measure, point).map(|counted| counted.n);
        let of_shown: i64 = shown.iter().filter_map(|part| n(part)).sum();
        n(total).is_some_and(|all| all - of_shown < least)
    })
}

/// Whether a total and its parts together leave a small number a single value.
fn gives_away(measure: &Measure, total: (&Point, bool), parts: &Decided) -> bool {
    // What is not over is not shown.
    if total.0.state == State::Incomplete {
        return false;
    }
    let rule = measure.small_numbers();
    let with_parts = within(&parts.points, total.0.period());
    let with_parts = with_parts
        .iter()
        .map(|part| (part, parts.hidden.contains(&part.period_start)));
    NUMBERS.into_iter().any(|number| {
        let mut family: Family<usize> = Family::default();
        for (at, (point, is_hidden)) in std::iter::once(total).chain(with_parts.clone()).enumerate()
        {
            let Some(Counted { n, people }) = number(measure, point) else {
                continue;
            };
            family.counts_people &= n == people;
            let number = Number {
                n,
                people,
                holds: parts.holds,
            };
            family.numbers.insert(at, number);
            family.fixed.insert(at, number.shown(rule, is_hidden));
        }
        let parts = family
            .numbers
            .keys()
            .copied()
            .filter(|at| *at > 0)
            .collect();
        family.parts.push((0, parts));
        family.gives_away(rule)
    })
}
