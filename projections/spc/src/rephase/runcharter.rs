//! The algorithm of R's runcharter 0.2.0: a fixed baseline, then a new median at every sustained run.

use serde::{Deserialize, Serialize};

use crate::numerics::summary;
use crate::runs::{Side, exact_sign};

/// Which runs start a new phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunSide {
    /// Runs above the median.
    Above,
    /// Runs below the median.
    Below,
    /// Runs on either side.
    Both,
}

impl RunSide {
    fn wants(self, side: Side) -> bool {
        match self {
            RunSide::Above => side == Side::High,
            RunSide::Below => side == Side::Low,
            RunSide::Both => true,
        }
    }
}

/// Lengths and side of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuncharterOptions {
    /// Rows that give the first median; 13.
    pub baseline: usize,
    /// Useful observations in a row that start a new phase; 9.
    pub run_length: usize,
    /// Wanted side.
    pub side: RunSide,
}

/// One phase. Indices count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RuncharterPhase {
    /// Median of the baseline, or of the values that made the run; absent without values.
    pub median: Option<f64>,
    /// First row of the baseline or run.
    pub first: usize,
    /// Last row of the baseline or run.
    pub last: usize,
    /// Row to which the median is drawn: the first of the next phase, or the last of all.
    pub extend_to: usize,
    /// Made by a run; the first phase is the baseline.
    pub sustained: bool,
}

/// Phases, and the rows whose values made them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rephased {
    /// The baseline, then one phase for every sustained run.
    pub phases: Vec<RuncharterPhase>,
    /// Rows with a value inside a sustained run and off the median it departs from.
    pub highlighted: Vec<usize>,
}

/// Too few rows, or lengths of 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "There are {rows} rows, but a baseline and a run need {needed}, and both lengths must be at least 1: wait for more data."
)]
pub struct TooFewRows {
    /// Rows given, missing values included.
    pub rows: usize,
    /// Rows needed.
    pub needed: usize,
}

/// Finds all phases. Points of the baseline never count towards a run, those that made one are used up, and missing
/// values and values on the median are passed over.
pub fn rephase(values: &[Option<f64>], options: RuncharterOptions) -> Result<Rephased, TooFewRows> {
    let needed = options.baseline.saturating_add(options.run_length);
    if values.len() < needed || options.baseline == 0 || options.run_length == 0 {
        return Err(TooFewRows {
            rows: values.len(),
            needed,
        });
    }
    let median = |rows: &mut dyn Iterator<Item = Option<f64>>| summary::median(rows.flatten());
    let baseline = median(&mut values[..options.baseline].iter().copied());
    let mut phases = vec![RuncharterPhase {
        median: (!baseline.is_nan()).then_some(baseline),
        first: 0,
        last: options.baseline - 1,
        extend_to: values.len() - 1,
        sustained: false,
    }];
    let mut highlighted = Vec::new();
    let (mut centre, mut start) = (baseline, options.baseline);
    while let Some(run) = first_run(values, start, centre, options) {
        let (first, last) = (run[0], run[run.len() - 1]);
        centre = median(&mut run.iter().map(|&i| values[i]));
        if let Some(before) = phases.last_mut() {
            before.extend_to = first;
        }
        phases.push(RuncharterPhase {
            median: Some(centre),
            first,
            last,
            extend_to: values.len() - 1,
            sustained: true,
        });
        highlighted.extend(run);
        start = last + 1;
    }
    Ok(Rephased {
        phases,
        highlighted,
    })
}

/// Rows of the first run of the wanted length and side from `start` on.
fn first_run(
    values: &[Option<f64>],
    start: usize,
    centre: f64,
    options: RuncharterOptions,
) -> Option<Vec<usize>> {
    let mut run: Vec<usize> = Vec::new();
    let mut side = None;
    for (i, value) in values.iter().enumerate().skip(start) {
        let Some(here) = value.and_then(|v| Side::of(exact_sign(v, centre))) else {
            continue;
        };
        if side != Some(here) {
            run.clear();
            side = Some(here);
        }
        run.push(i);
        if run.len() == options.run_length && options.side.wants(here) {
            return Some(run);
        }
    }
    None
}
