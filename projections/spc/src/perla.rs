//! The run-chart rules of Perla, Provost and Murray (BMJ Qual Saf 2011;20:46–51), as taught by the IHI and by
//! Healthcare Improvement Scotland.
//!
//! * **Shift**: six or more consecutive useful observations on one side of the median. Values on the median neither
//!   add to nor break a shift; those after its first point, up to the next point on the other side, are marked with it.
//! * **Trend**: five or more consecutive points all rising or all falling. A repeated value neither adds nor breaks,
//!   missing values are bridged, and a turning point belongs to both trends.
//! * **Too many or too few runs**: compare with [`crate::runs::expected_runs`].
//!
//! On noise a shift of six turns up in every seventh chart of 24 points and a trend of five in every fourth, so
//! the product profile shows neither; these rules are for charts that are asked to follow them.

use serde::{Deserialize, Serialize};

use crate::numerics::summary;
use crate::runs::{RunsMethod, Side, analyse_around, expected_runs};

/// Lengths that make a shift and a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PerlaLengths {
    /// Useful observations on one side that make a shift; 6 in the paper.
    pub shift: usize,
    /// Distinct values in one direction that make a trend; 5 in the paper.
    pub trend: usize,
}

impl Default for PerlaLengths {
    fn default() -> Self {
        Self { shift: 6, trend: 5 }
    }
}

/// What the Perla rules find in one phase. Indices count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PerlaFindings {
    /// The median of the values; absent without values.
    pub median: Option<f64>,
    /// Indices of all points that belong to a shift, in order.
    pub shift_points: Vec<usize>,
    /// The points of every trend, in order.
    pub trends: Vec<Vec<usize>>,
    /// Values neither missing nor on the median.
    pub n_useful: usize,
    /// Number of runs: crossings plus one; absent without useful observations.
    pub runs: Option<usize>,
    /// Fewest and most runs that chance explains; absent below 10 useful observations.
    pub runs_expected: Option<(usize, usize)>,
}

/// Applies the rules to a series around its own median.
///
/// ```
/// use joinedup_spc::perla::{PerlaLengths, analyse};
/// let values: Vec<Option<f64>> = [1., 2., 3., 4., 5., 4., 3., 2., 1., 2., 3., 2.].map(Some).to_vec();
/// let found = analyse(&values, PerlaLengths::default());
/// assert_eq!(found.trends, [vec![0, 1, 2, 3, 4], vec![4, 5, 6, 7, 8]]);
/// ```
pub fn analyse(values: &[Option<f64>], lengths: PerlaLengths) -> PerlaFindings {
    let median = summary::median(values.iter().flatten().copied());
    let runs = analyse_around(values, median, RunsMethod::Anhoej);
    PerlaFindings {
        median: (!median.is_nan()).then_some(median),
        shift_points: shifts(values, median, lengths.shift)
            .into_iter()
            .flat_map(|shift| shift.points)
            .collect(),
        trends: trends(values, lengths.trend)
            .into_iter()
            .map(|trend| trend.points)
            .collect(),
        n_useful: runs.n_useful,
        runs: runs.crossings.map(|crossings| crossings + 1),
        runs_expected: expected_runs(runs.n_useful).map(|range| (*range.start(), *range.end())),
    }
}

/// A stretch of points that meets a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) side: Side,
    pub(crate) points: Vec<usize>,
}

/// All shifts around `centre`; values on the centre are marked once a shift has begun.
pub(crate) fn shifts(values: &[Option<f64>], centre: f64, length: usize) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut open: Option<(Side, usize, Vec<usize>)> = None;
    let mut close = |open: Option<(Side, usize, Vec<usize>)>| {
        if let Some((side, _, points)) = open.filter(|(_, useful, _)| *useful >= length) {
            found.push(Stretch { side, points });
        }
    };
    for (i, value) in values.iter().enumerate() {
        let Some(value) = *value else { continue };
        let side = if value > centre {
            Side::High
        } else if value < centre {
            Side::Low
        } else {
            if let Some((_, _, points)) = &mut open {
                points.push(i);
            }
            continue;
        };
        match &mut open {
            Some((open_side, useful, points)) if *open_side == side => {
                *useful += 1;
                points.push(i);
            }
            _ => close(open.replace((side, 1, vec![i]))),
        }
    }
    close(open);
    found
}

/// All trends: equal neighbours count once, but every repeat is marked, except repeats that open the series.
pub(crate) fn trends(values: &[Option<f64>], length: usize) -> Vec<Stretch> {
    // Levels of equal neighbours: the value and the points at it.
    let mut levels: Vec<(f64, Vec<usize>)> = Vec::new();
    for (i, value) in values.iter().enumerate() {
        let Some(value) = *value else { continue };
        match levels.last_mut() {
            Some((level, points)) if *level == value => points.push(i),
            _ => levels.push((value, vec![i])),
        }
    }
    if let Some((_, points)) = levels.first_mut() {
        points.drain(..points.len() - 1);
    }
    let mut found = Vec::new();
    let mut first = 0;
    while first + 1 < levels.len() {
        let side = if levels[first + 1].0 > levels[first].0 {
            Side::High
        } else {
            Side::Low
        };
        let mut last = first + 1;
        while last + 1 < levels.len()
            && (levels[last + 1].0 > levels[last].0) == (side == Side::High)
        {
            last += 1;
        }
        if last - first + 1 >= length {
            let points = levels[first..=last]
                .iter()
                .flat_map(|(_, points)| points)
                .copied()
                .collect();
            found.push(Stretch { side, points });
        }
        first = last;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().map(|v| (!v.is_nan()).then_some(*v)).collect()
    }

    #[test]
    fn five_points_on_one_side_are_not_a_shift_and_six_are() {
        assert!(shifts(&series(&[1., 6., 6., 6., 6., 6., 1.]), 5.0, 6).is_empty());
        assert_eq!(
            shifts(&series(&[1., 6., 6., 6., 6., 6., 6., 1.]), 5.0, 6)[0].points,
            [1, 2, 3, 4, 5, 6]
        );
    }

    #[test]
    fn points_on_the_median_belong_to_a_shift_from_its_first_point_to_the_next_crossing() {
        let values = series(&[5., 6., 6., 5., f64::NAN, 6., 6., 6., 6., 5., 5., 1.]);
        assert_eq!(
            shifts(&values, 5.0, 6)[0].points,
            [1, 2, 3, 5, 6, 7, 8, 9, 10]
        );
    }

    #[test]
    fn a_level_top_belongs_to_the_trend_up_and_to_the_trend_down() {
        let values = series(&[0., 0., 1., 2., 3., 4., 4., 3., 2., 1., 0.]);
        let found = trends(&values, 5);
        assert_eq!(found[0].points, [1, 2, 3, 4, 5, 6]);
        assert_eq!(found[1].points, [5, 6, 7, 8, 9, 10]);
    }

    #[test]
    fn a_constant_or_empty_series_meets_no_rule() {
        for values in [vec![], vec![None; 20], vec![Some(3.0); 20]] {
            let found = analyse(&values, PerlaLengths::default());
            assert!(
                found.shift_points.is_empty() && found.trends.is_empty() && found.runs.is_none()
            );
        }
    }
}
