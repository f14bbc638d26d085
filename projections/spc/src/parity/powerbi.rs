//! The I chart and the rules of PowerBI-SPC, the Power BI visual that NHS trusts use.
//!
//! It adds up plainly from left to right, drops rows without a value (so moving ranges bridge gaps), and lets the third
//! point of two in three lie anywhere. A later trend takes over the turning point of an earlier one.

use crate::limits::individuals::SCREEN;
use crate::rules::{Gaps, Reading, Ties, TwoInThree, shift, trend, two_in_three};

/// Settings of the visual.
#[derive(Debug, Clone)]
pub struct Options {
    /// Keep large moving ranges in their average.
    pub outliers_in_limits: bool,
    /// Points that make a shift; the visual's default is 7.
    pub shift: usize,
    /// Points that make a trend; the visual's default is 5.
    pub trend: usize,
    /// Rows (from 0, counting rows with a value) that give centre and limits; all where absent.
    pub subset: Option<Vec<usize>>,
}

/// One row with a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointResult {
    /// The value.
    pub value: f64,
    /// Centre, then lower and upper limits at three and two sigma; `NaN` where undefined.
    pub centre: f64,
    /// Lower limit, three sigma.
    pub lower99: f64,
    /// Upper limit, three sigma.
    pub upper99: f64,
    /// Lower limit, two sigma.
    pub lower95: f64,
    /// Upper limit, two sigma.
    pub upper95: f64,
    /// Beyond three sigma: −1 lower, 1 upper.
    pub astronomical: i8,
    /// Part of a shift.
    pub shift: i8,
    /// Part of a trend.
    pub trend: i8,
    /// One of two in three.
    pub two_in_three: i8,
}

/// Limits and flags for the rows that have a value.
pub fn analyse(values: &[Option<f64>], options: &Options) -> Vec<PointResult> {
    let y: Vec<f64> = values.iter().flatten().copied().collect();
    let all: Vec<usize> = (0..y.len()).collect();
    let subset = options.subset.as_ref().unwrap_or(&all);
    let base: Vec<f64> = subset.iter().filter_map(|&i| y.get(i).copied()).collect();
    let plain_mean = |v: &[f64]| v.iter().fold(0.0, |sum, v| sum + v) / v.len() as f64;
    let centre = plain_mean(&base);
    let mut ranges: Vec<f64> = base
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .collect();
    let mut average = plain_mean(&ranges);
    if !options.outliers_in_limits {
        ranges.retain(|range| *range < average * SCREEN);
        average = plain_mean(&ranges);
    }
    let sigma = average / 1.128;
    let (lower99, upper99) = (centre - 3.0 * sigma, centre + 3.0 * sigma);
    let (lower95, upper95) = (centre - 2.0 * sigma, centre + 2.0 * sigma);

    let beyond = |v: f64, low: f64, high: f64| i8::from(v > high) - i8::from(v < low);
    let readings: Vec<Reading> = y
        .iter()
        .map(|&value| Reading {
            value,
            side: beyond(value, centre, centre),
            beyond_warning: beyond(value, lower95, upper95),
            beyond_limit: beyond(value, lower99, upper99),
        })
        .collect();
    let mut points: Vec<PointResult> = readings
        .iter()
        .map(|reading| PointResult {
            value: reading.value,
            centre,
            lower99,
            upper99,
            lower95,
            upper95,
            astronomical: reading.beyond_limit,
            shift: 0,
            trend: 0,
            two_in_three: 0,
        })
        .collect();
    shift(
        &readings,
        options.shift,
        Ties::Break,
        Gaps::Break,
        |i, side| points[i].shift = side,
    );
    trend(
        &readings,
        options.trend,
        Ties::Break,
        Gaps::Break,
        |a, b| a == b,
        |i, side| points[i].trend = side,
    );
    two_in_three(&readings, TwoInThree::AnySide, |i, side| {
        points[i].two_in_three = side
    });
    points
}
