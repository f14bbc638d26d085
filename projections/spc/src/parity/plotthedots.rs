//! NHSRplotthedots 0.2.2, the R package of the Making Data Count method: XmR charts with the four rules at a fixed
//! length of seven.
//!
//! Faults it has and keeps here: a rebase date that matches nothing is passed over; a missing value in a stretch that
//! otherwise rises or falls throughout is refused; limits of a constant series are missing, and of one with a single
//! odd point have no width; the last point of a trend that touches another gets its direction from the wrong neighbour.

use std::collections::BTreeMap;

use super::Refusal;
use crate::limits::SigmaConstant;
use crate::limits::individuals::{SCREEN, i_line, moving_range};
use crate::numerics::summary;
use crate::rules::{Gaps, Reading, Ties, TwoInThree, shift, two_in_three};
use crate::series::Direction;

/// Choices of a call to `ptd_spc`.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether up or down is better.
    pub direction: Direction,
    /// Leave large moving ranges out of their average.
    pub screen_outliers: bool,
    /// The value to reach.
    pub target: Option<f64>,
    /// Dates of the first point of each new phase.
    pub rebase: Vec<String>,
    /// Limits from the first so many points of each phase; at least 12.
    pub fix_after_n_points: Option<f64>,
}

/// One point, in date order.
#[derive(Debug, Clone, PartialEq)]
pub struct PointResult {
    /// Position in the input, from 0.
    pub input: usize,
    /// The value.
    pub value: Option<f64>,
    /// Centre.
    pub mean: Option<f64>,
    /// Lower process limit.
    pub lower: Option<f64>,
    /// Upper process limit.
    pub upper: Option<f64>,
    /// 0 before the first rebase date, then one more at each.
    pub rebase_group: usize,
    /// Beyond a process limit; unknown without limits or value.
    pub outside: Option<bool>,
    /// Between two and three sigma; unknown without limits or value.
    pub close: Option<bool>,
    /// −1, 0, 1; unknown without a value.
    pub relative_to_mean: Option<i8>,
    /// The label of the first rule met.
    pub special_cause_type: &'static str,
    /// Common cause, or the kind of special cause.
    pub point_type: &'static str,
    /// The phase has fewer than 13 points.
    pub short_group: bool,
}

/// One phase.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupResult {
    /// Number of the phase.
    pub rebase_group: usize,
    /// Rows, missing values included.
    pub n: usize,
    /// Centre.
    pub mean: Option<f64>,
    /// Lower process limit.
    pub lower: Option<f64>,
    /// Upper process limit.
    pub upper: Option<f64>,
    /// Points of common cause.
    pub common_cause: usize,
    /// Points that improve.
    pub improvement: usize,
    /// Points of concern.
    pub concern: usize,
    /// Type of the last point.
    pub variation_type: &'static str,
}

/// All that `ptd_spc`, its summary and `ptd_get_icons` say.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Points by date.
    pub points: Vec<PointResult>,
    /// Phases in order.
    pub groups: Vec<GroupResult>,
    /// Icon of the latest point.
    pub variation_icon: &'static str,
    /// `consistent_pass`, `consistent_fail` or `inconsistent`; absent without target or direction.
    pub assurance_type: Option<&'static str>,
    /// Some phase is short.
    pub warned: bool,
}

const COMMON: &str = "common_cause";
const LENGTH: usize = 7;

/// Runs the method over dates (any order, compared as text, so ISO) and values.
pub fn analyse(
    dates: &[String],
    values: &[Option<f64>],
    options: &Options,
) -> Result<Analysis, Refusal> {
    if let Some(fix) = options.fix_after_n_points
        && (fix.is_nan() || fix < 12.0)
    {
        return Err(Refusal::new(
            "fix_after_n_points must be a number of at least 12.",
        ));
    }
    let mut order: Vec<usize> = (0..dates.len()).collect();
    order.sort_by(|&a, &b| dates[a].cmp(&dates[b]));
    if let Some(pair) = order
        .windows(2)
        .find(|pair| dates[pair[0]] == dates[pair[1]])
    {
        return Err(Refusal::new(format!(
            "The date {} occurs more than once.",
            dates[pair[0]]
        )));
    }
    let mut group = 0;
    let mut spans: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
    for (place, &input) in order.iter().enumerate() {
        if options.rebase.contains(&dates[input]) {
            group += 1;
        }
        match spans.last_mut() {
            Some((open, span)) if *open == group => span.end = place + 1,
            _ => spans.push((group, place..place + 1)),
        }
    }
    let mut points = Vec::with_capacity(order.len());
    let mut groups = Vec::with_capacity(spans.len());
    for (group, span) in spans {
        let inputs = &order[span];
        let found = phase(group, inputs, values, options)?;
        groups.push(summarise(group, &found));
        points.extend(found);
    }
    let latest = points.last();
    Ok(Analysis {
        variation_icon: latest.map_or(COMMON, |point| icon(point.point_type, options.direction)),
        assurance_type: latest.and_then(|point| assurance(point, options)),
        warned: points.iter().any(|point| point.short_group),
        points,
        groups,
    })
}

fn known(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

fn phase(
    group: usize,
    inputs: &[usize],
    values: &[Option<f64>],
    options: &Options,
) -> Result<Vec<PointResult>, Refusal> {
    let y: Vec<f64> = inputs
        .iter()
        .map(|&input| values[input].unwrap_or(f64::NAN))
        .collect();
    let fixed = options
        .fix_after_n_points
        .map_or(y.len(), |fix| (fix as usize).min(y.len()));
    let base = &y[..fixed];
    let mean = summary::mean(base.iter().copied());
    let range = moving_range(
        base.iter().copied(),
        options.screen_outliers.then_some(SCREEN),
    );
    let line = i_line(mean, range.average, SigmaConstant::Wheeler);

    let sign = |v: f64, at: f64| i8::from(v > at) - i8::from(v < at);
    let limited = line.upper.is_finite();
    let readings: Vec<Reading> = y
        .iter()
        .map(|&value| {
            if value.is_nan() {
                return Reading::MISSING;
            }
            let beyond = |low, high| i8::from(value > high) - i8::from(value < low);
            Reading {
                value,
                side: sign(value, mean),
                beyond_warning: beyond(line.lower_warning, line.upper_warning),
                beyond_limit: beyond(line.lower, line.upper),
            }
        })
        .collect();
    let mut in_shift = vec![0_i8; y.len()];
    shift(&readings, LENGTH, Ties::Break, Gaps::Break, |i, side| {
        in_shift[i] = side
    });
    let mut in_two = vec![0_i8; y.len()];
    two_in_three(&readings, TwoInThree::Former, |i, side| in_two[i] = side);
    let in_trend = trend(&y)?;

    let short_group = y.len() < 13;
    let result = |i: usize| {
        let reading = &readings[i];
        let value = known(y[i]);
        let judged = value.is_some() && limited;
        let special_cause_type = label(
            reading,
            trend_rises(&y, &in_trend, i),
            in_two[i] != 0,
            in_shift[i] != 0,
        );
        PointResult {
            input: inputs[i],
            value,
            mean: known(mean),
            lower: known(line.lower),
            upper: known(line.upper),
            rebase_group: group,
            outside: judged.then_some(reading.beyond_limit != 0),
            close: judged.then_some(reading.beyond_limit == 0 && reading.beyond_warning != 0),
            relative_to_mean: (value.is_some() && !mean.is_nan()).then_some(reading.side),
            special_cause_type,
            point_type: point_type(special_cause_type, options.direction),
            short_group,
        }
    };
    Ok((0..y.len()).map(result).collect())
}

/// Which points belong to seven that all rise or all fall. A window with a missing value whose remaining moves agree
/// is refused, because the reference stops there.
fn trend(y: &[f64]) -> Result<Vec<bool>, Refusal> {
    let mut part = vec![false; y.len()];
    for end in LENGTH..=y.len() {
        let window = &y[end - LENGTH..end];
        let (mut up, mut down, mut flat, mut missing) = (0, 0, 0, 0);
        for pair in window.windows(2) {
            match pair[1].partial_cmp(&pair[0]) {
                None => missing += 1,
                Some(std::cmp::Ordering::Greater) => up += 1,
                Some(std::cmp::Ordering::Less) => down += 1,
                Some(std::cmp::Ordering::Equal) => flat += 1,
            }
        }
        let agree = flat == 0 && (up == 0 || down == 0);
        if agree && missing > 0 {
            return Err(Refusal::new(format!(
                "A value is missing among points {} to {}, which otherwise all move one way: the reference cannot judge them.",
                end - LENGTH + 1,
                end
            )));
        }
        if agree {
            part[end - LENGTH..end].fill(true);
        }
    }
    Ok(part)
}

/// Direction given to a point in a trend: towards the next point if that is in a trend too, else from the one before.
fn trend_rises(y: &[f64], in_trend: &[bool], i: usize) -> Option<bool> {
    if !in_trend[i] {
        return None;
    }
    if in_trend.get(i + 1) == Some(&true) {
        return Some(y[i + 1] > y[i]);
    }
    Some(i > 0 && y[i] > y[i - 1])
}

fn label(reading: &Reading, trend_rises: Option<bool>, two: bool, shift: bool) -> &'static str {
    let above = reading.side > 0;
    if reading.beyond_limit != 0 {
        return if above { "Above UCL" } else { "Below LCL" };
    }
    if let Some(rises) = trend_rises {
        return if rises {
            "7 Point Trend (Increasing)"
        } else {
            "7 Point Trend (Decreasing)"
        };
    }
    match (two, shift, above) {
        (true, _, true) => "2 in 3 Above CL",
        (true, _, false) => "2 in 3 Below CL",
        (false, true, true) => "7 Points Above CL",
        (false, true, false) => "7 Points Below CL",
        (false, false, _) => "Common Cause",
    }
}

fn point_type(label: &str, direction: Direction) -> &'static str {
    if label == "Common Cause" {
        return COMMON;
    }
    let high = label.contains("Above") || label.contains("Increasing");
    match direction {
        Direction::Neutral if high => "special_cause_neutral_high",
        Direction::Neutral => "special_cause_neutral_low",
        Direction::Up if high => "special_cause_improvement",
        Direction::Down if !high => "special_cause_improvement",
        _ => "special_cause_concern",
    }
}

fn icon(point_type: &str, direction: Direction) -> &'static str {
    match (point_type, direction) {
        ("special_cause_improvement", Direction::Down) => "improvement_low",
        ("special_cause_improvement", _) => "improvement_high",
        ("special_cause_concern", Direction::Down) => "concern_high",
        ("special_cause_concern", _) => "concern_low",
        ("special_cause_neutral_high", _) => "neutral_high",
        ("special_cause_neutral_low", _) => "neutral_low",
        _ => COMMON,
    }
}

fn assurance(latest: &PointResult, options: &Options) -> Option<&'static str> {
    let target = options.target?;
    let better_up = match options.direction {
        Direction::Neutral => return None,
        Direction::Up => true,
        Direction::Down => false,
    };
    let above = latest.upper.is_some_and(|upper| target > upper);
    let below = latest.lower.is_some_and(|lower| target < lower);
    Some(match (above, below) {
        (true, _) if better_up => "consistent_fail",
        (true, _) => "consistent_pass",
        (_, true) if better_up => "consistent_pass",
        (_, true) => "consistent_fail",
        _ => "inconsistent",
    })
}

fn summarise(group: usize, points: &[PointResult]) -> GroupResult {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for point in points {
        *counts.entry(point.point_type).or_default() += 1;
    }
    let count = |kind| counts.get(kind).copied().unwrap_or(0);
    let last = points.last();
    GroupResult {
        rebase_group: group,
        n: points.len(),
        mean: last.and_then(|point| point.mean),
        lower: last.and_then(|point| point.lower),
        upper: last.and_then(|point| point.upper),
        common_cause: count(COMMON),
        improvement: count("special_cause_improvement"),
        concern: count("special_cause_concern"),
        variation_type: last.map_or(COMMON, |point| point.point_type),
    }
}
