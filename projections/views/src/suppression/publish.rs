//! Points as they may leave the system.

use super::among::{behind, is_people, out_of};
use super::decided::Asked;
use super::{Audience, Policy};
use crate::ask::Basis;
use crate::measure::{Shape, SmallNumbers};
use crate::period::Period;
use crate::point::{Note, Point, PointQuery, State};
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use std::collections::BTreeMap;

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
        policy: policy.of(audience),
        wanted,
    };
    if audience.sees_all(query.measure) {
        let whole = |area: &AreaId| (area.clone(), asked.points(query, area, query.filter));
        return wanted.iter().map(whole).collect();
    }
    if query.range.is_none() && !audience.sees(query.measure, query.grain) {
        let note = format!(
            "shown by {} or longer, to protect privacy",
            query.measure.period
        );
        let withheld = |area: &AreaId| {
            let mut points = asked.points(query, area, query.filter);
            if let (None, Some(first)) = (query.from, points.first()) {
                // A place begins with the length that it is shown by: its first day could be one person's.
                let begins = Period::of(query.measure.period, first.period_start).start;
                let from = Some(begins);
                points = asked.points(&PointQuery { from, ..*query }, area, query.filter);
            }
            // What comes before the first number would reveal its day; a silence after it reveals nobody.
            let mut has_begun = false;
            for point in &mut points {
                has_begun |= !point.state.is_absent();
                let is_silent = point.state == State::Missing;
                if !(has_begun && is_silent) {
                    let is_running = point.state == State::Incomplete;
                    let state = if is_running {
                        point.state
                    } else {
                        State::Suppressed
                    };
                    withhold(point, state, &note);
                }
            }
            (area.clone(), points)
        };
        return wanted.iter().map(withheld).collect();
    }
    let mut decided = asked.decided(query);
    for of_area in decided.values_mut() {
        for point in &mut of_area.points {
            let hidden = of_area.hidden.contains(&point.period_start);
            publish(point, query, rule, of_area.holds, hidden);
        }
    }
    let points = decided.into_iter();
    points.map(|(area, of)| (area, of.points)).collect()
}

/// How far a number of people may lie from the nearest five.
const ROUNDING: f64 = 2.0;

/// What is to be known of a share of rounded counts that may lie more than five in a hundred away: "100%" may be 8 of 10.
fn about(numerator: f64, denominator: f64) -> Option<String> {
    let low = (numerator - ROUNDING).max(0.0) / (denominator + ROUNDING);
    let high = ((numerator + ROUNDING) / (denominator - ROUNDING)).min(1.0);
    (denominator > ROUNDING && high - low > 0.1).then(|| {
        let [low, high] = [low, high].map(|share| (share * 100.0).round());
        format!("of counts rounded to the nearest 5: the share is between {low}% and {high}%")
    })
}

fn publish(
    point: &mut Point,
    query: &PointQuery<'_>,
    rule: SmallNumbers,
    holds: bool,
    hidden: bool,
) {
    let (measure, now) = (query.measure, query.now);
    // While a period runs its number moves with each event, and every step would be one person.
    if holds && point.state == State::Incomplete {
        let note = match point.period().over_at() <= now {
            true => "its sources have not reported to its end",
            false => "shown when the period is over, because the place is small",
        };
        return withhold(point, State::Incomplete, note);
    }
    let has_value = point.value.is_some();
    // Too few for a value, too few to show, or next to too few: which of these it was would narrow how many there were.
    let is_too_few = match has_value {
        true => hidden || holds && point.n.is_some_and(|n| n < rule.fewest(measure.aggregate)),
        false => (hidden || holds) && is_of_somebody(point),
    };
    if is_too_few {
        return withhold(
            point,
            State::Suppressed,
            "suppressed: it would identify a few people",
        );
    }
    if !holds || !has_value {
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
            if measure.shape() == Shape::Proportion && rule != SmallNumbers::None {
                let about = about(numerator, denominator).map(Note::from);
                point.note = about.or(point.note.take());
            }
            point.value = (denominator != 0.0).then(|| numerator / denominator / measure.divide_by);
        }
        (Shape::Count, ..) => {
            point.value = behind.map(|n| rounded(n) / measure.divide_by);
        }
        _ => {
            (point.numerator, point.denominator) = (None, None);
            let n = behind.or(point.n).unwrap_or_default();
            point.value = point.value.map(|value| without_one(value, n));
        }
    }
    point.n = point.n.and_then(|n| rule.count(n).number());
}

/// A mean or a median of so many people, rounded so far that two of them, one with a person more, do not reveal what that
/// person answered or how long they waited: to the nearest multiple of 0.1, 0.2, 0.5, 1 … that is at least one person's share
/// of it.
fn without_one(value: f64, n: i64) -> f64 {
    let share = value.abs() / n.max(1) as f64;
    let decades = (-1..300).map(|at| 10_f64.powi(at));
    let mut steps = decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|step| step * decade));
    let step = steps.find(|step| *step >= share).unwrap_or(share);
    // A step below one is a whole part of one, and dividing by that gives the decimal as it is written.
    match step < 1.0 {
        true => (value * (1.0 / step).round()).round() / (1.0 / step).round(),
        false => (value / step).round() * step,
    }
}

fn withhold(point: &mut Point, state: State, note: &str) {
    (point.value, point.numerator, point.denominator) = (None, None, None);
    (point.n, point.people) = (None, None);
    (point.state, point.note) = (state, Some(note.into()));
}

/// Whether a point counts anybody at all.
fn is_of_somebody(point: &Point) -> bool {
    let mut counts = [point.numerator, point.denominator].into_iter().flatten();
    point.n.is_some_and(|n| n > 0) || counts.any(|count| count > 0.0)
}

#[cfg(test)]
mod tests {
    use super::without_one;
    use proptest::prelude::*;

    proptest! {
        /// Who sees a mean before and after one more answer is left with many that this one may have been.
        #[test]
        fn two_looks_at_a_mean_do_not_tell_what_was_answered_between(
            answers in prop::collection::vec(1_u32..=40, 8..100),
            last in 1_u32..=40,
        ) {
            let n = answers.len() as u32;
            let shown = |sum: u32, n: u32| without_one(f64::from(sum) / f64::from(n), n.into());
            let sum: u32 = answers.iter().sum();
            let (before, after) = (shown(sum, n), shown(sum + last, n + 1));
            let sums: Vec<u32> = (n..=40 * n).filter(|sum| shown(*sum, n) == before).collect();
            let possible = |last: &u32| sums.iter().any(|sum| shown(sum + last, n + 1) == after);
            // Waits have no end as scales do: at the end of a scale less is left (docs/small-numbers.md).
            let possible = (1..=80).filter(possible).count();
            let mean = f64::from(sum) / f64::from(n);
            prop_assert!(possible as f64 >= mean / 4.0, "{possible} of 80, mean {mean} of {n}");
            // And it is a value still: off by less than two people's share.
            prop_assert!((before - mean).abs() <= (1.25 * mean / f64::from(n)).max(0.05) + 1e-9);
        }
    }

    #[test]
    fn a_statistic_is_written_with_the_decimals_of_its_step() {
        for (value, n, shown) in [
            (8.333_333, 9, 8.0),
            (8.0, 10, 8.0),
            (8.333_333, 30, 8.5),
            (8.333_333, 45, 8.4),
            (8.333_333, 300, 8.3),
            (143.0, 12, 140.0),
            (-2.26, 400, -2.3),
            (0.0, 8, 0.0),
        ] {
            assert_eq!(without_one(value, n), shown, "{value} of {n}");
        }
    }
}
