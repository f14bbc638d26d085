//! The median of Healthcare Improvement Scotland's run charts, as `runchart` 0.2.0 for R computes it.

use serde::{Deserialize, Serialize};

use crate::numerics::summary;
use crate::runs::{Side, exact_sign};

/// Lengths of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HisOptions {
    /// Useful observations on one side that make a sustained shift; 9.
    pub trigger: usize,
    /// First values that give the first median; 8.
    pub baseline: usize,
}

impl Default for HisOptions {
    fn default() -> Self {
        Self {
            trigger: 9,
            baseline: 8,
        }
    }
}

/// The medians at every point; absent where none is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HisMedians {
    /// Each median over the points it comes from.
    pub base: Vec<Option<f64>>,
    /// Each median carried on to the next one, or to the end.
    pub extended: Vec<Option<f64>>,
}

/// First median from the first values; a sustained shift to either side replaces it by the median of all its points but
/// the last, and the search goes on after the last point so used. No median below `trigger` − 1 values,
/// no search below 2·`trigger` − 1.
pub fn medians(values: &[Option<f64>], options: HisOptions) -> HisMedians {
    let HisOptions { trigger, baseline } = options;
    let with_value: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
    let mut found = HisMedians {
        base: vec![None; values.len()],
        extended: vec![None; values.len()],
    };
    if baseline == 0 || trigger < 2 || with_value.len() + 1 < trigger || with_value.len() < baseline
    {
        return found;
    }
    let mut start = draw(&mut found, values, &with_value[..baseline]);
    if with_value.len() + 1 < 2 * trigger {
        return found;
    }
    while let Some(centre) = found.extended[values.len() - 1] {
        let Some(shift) = sustained(values, start, centre, trigger) else {
            break;
        };
        start = draw(&mut found, values, &shift[..trigger - 1]);
    }
    found
}

/// Draws the median of these points over them and onwards; returns the index after the last of them.
fn draw(found: &mut HisMedians, values: &[Option<f64>], points: &[usize]) -> usize {
    let median = summary::median(points.iter().filter_map(|&i| values[i]));
    let (first, last) = (points[0], points[points.len() - 1]);
    found.base[first..=last].fill(Some(median));
    found.extended[first..].fill(Some(median));
    last + 1
}

/// The first `trigger` useful observations in a row on one side of `centre`.
fn sustained(
    values: &[Option<f64>],
    start: usize,
    centre: f64,
    trigger: usize,
) -> Option<Vec<usize>> {
    let mut run = Vec::with_capacity(trigger);
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
        if run.len() == trigger {
            return Some(run);
        }
    }
    None
}
