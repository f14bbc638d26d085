//! How strong the evidence of a change is, as a p value: one for each chart, for many charts at once, and before against later.
//!
//! Neighbouring periods are alike more often than not. Where the lag-1 correlation is r, n values tell as much as n(1 − r)/(1 + r)
//! independent ones (Bartlett 1935), so variances are widened by (1 + r)/(1 − r). r is taken within the parts compared, each
//! about its own mean, so that the change looked for does not count as correlation; its bias is corrected
//! (Kendall 1954). A negative r is believed little or not at all: by chance half of all short series have one, and it would find changes that are none.

use serde::{Deserialize, Serialize};

use crate::correlation::lagged;
use crate::numerics::{summary, tails};
use crate::runs::Side;
use crate::verdict::{PointState, Verdict};

/// The latest values that are compared with all before them, at most.
pub(crate) const RECENT: usize = 12;
/// As many as these must lie before them.
const BEFORE: usize = 12;
/// Fewer latest values than this say too little.
const MIN_RECENT: usize = 6;

/// A correlation below so many of its standard errors is one that independent values have in nineteen charts of twenty. Widening
/// for it would find a fifth fewer of the changes among many charts, and no fewer false ones.
const SHOWN: f64 = 1.65;

/// Whether the latest values lie higher or lower than those before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecentShift {
    /// The probability of ranks so far apart, to either side, where nothing has changed.
    pub p: f64,
    /// Where the latest values lie; none where the ranks are even.
    pub side: Option<Side>,
}

/// Rank sum (Wilcoxon 1945; Mann and Whitney 1947, doi:10.1214/aoms/1177730491) of the latest 12 values against those before (the latest 6 to
/// 11 where fewer than 12 would be left before them), with the variance corrected for ties and widened for correlation. `None` below 18
/// values, and where all are equal.
///
/// Give the judged values of one phase in order, with a gap for each period without one.
pub fn recent_shift(values: &[Option<f64>]) -> Option<RecentShift> {
    let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let recent_values = RECENT.min(n.checked_sub(BEFORE)?);
    if recent_values < MIN_RECENT {
        return None;
    }
    // Equal values share the mean of their ranks.
    let rank = |value: f64| {
        let below = sorted.partition_point(|other| *other < value);
        let up_to = sorted.partition_point(|other| *other <= value);
        (below + up_to + 1) as f64 / 2.0
    };
    let ranks: Vec<Option<f64>> = values.iter().map(|value| value.map(rank)).collect();
    let recent = ranks.iter().enumerate().rev().filter(|(_, r)| r.is_some());
    let split = recent.map(|(i, _)| i).nth(recent_values - 1)?;
    let (before, latest) = ranks.split_at(split);
    let middle = (n + 1) as f64 / 2.0;
    let sum: f64 = latest.iter().flatten().map(|rank| rank - middle).sum();
    let spread: f64 = ranks.iter().flatten().map(|r| (r - middle).powi(2)).sum();
    if spread <= 0.0 {
        return None;
    }
    let (few, others) = (recent_values as f64, (n - recent_values) as f64);
    let variance = few * others * spread / (n as f64 * (n as f64 - 1.0));
    let r = lagged(&[before.to_vec(), latest.to_vec()], 1).unwrap_or(0.0);
    let r = if r < SHOWN / (n as f64).sqrt() {
        0.0
    } else {
        r
    };
    let z = sum / (variance * inflation(r)).sqrt();
    Some(RecentShift {
        p: (2.0 * tails::normal(z.abs())).min(1.0),
        side: match sum {
            up if up > 0.0 => Some(Side::High),
            down if down < 0.0 => Some(Side::Low),
            _ => None,
        },
    })
}

fn inflation(r: f64) -> f64 {
    let r = r.max(0.0);
    (1.0 + r) / (1.0 - r)
}

impl Verdict {
    /// [`recent_shift`] of the phase that holds the latest judged point; none for a series that ended.
    pub fn recent_shift(&self) -> Option<RecentShift> {
        let phase = self.points.get(self.latest?)?.phase;
        if self.ended.is_some() {
            return None;
        }
        let skipped = [PointState::NotSampled, PointState::Excluded];
        let values: Vec<Option<f64>> = self
            .points
            .iter()
            .filter(|point| point.phase == phase && !skipped.contains(&point.state))
            .map(|point| point.value.filter(|_| point.state == PointState::Judged))
            .collect();
        recent_shift(&values)
    }
}

/// Which of many p values to believe, so that on average at most the share `rate` of those believed are false (Benjamini and
/// Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x). An absent p value is not of the family and is never believed.
///
/// ```
/// use joinedup_spc::evidence::discoveries;
/// assert_eq!(discoveries(&[Some(0.9), Some(0.001), None, Some(0.04)], 0.1), [false, true, false, true]);
/// ```
pub fn discoveries(p_values: &[Option<f64>], rate: f64) -> Vec<bool> {
    let mut sorted: Vec<f64> = p_values.iter().flatten().copied().collect();
    sorted.retain(|p| !p.is_nan());
    sorted.sort_by(f64::total_cmp);
    let family = sorted.len() as f64;
    let believed = sorted
        .iter()
        .enumerate()
        .rev()
        .find(|(i, p)| **p <= rate * (i + 1) as f64 / family);
    let limit = believed.map_or(-1.0, |(_, p)| *p);
    p_values
        .iter()
        .map(|p| p.is_some_and(|p| p <= limit))
        .collect()
}

/// A negative correlation makes values worth more than they are, so it is hardly believed: with none at all, half the corrections
/// would only ever weaken the test, and a tenth fewer changes be found.
const NEGATIVE: f64 = -0.08;

/// How far two parts of a series, or one part and zero, lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Later minus before.
    pub difference: f64,
    /// The probability of a difference so far up where nothing has changed.
    pub p_up: f64,
    /// The probability of one so far down.
    pub p_down: f64,
}

/// Student's t of the later values against those before, with as many values as they are worth. `None` with fewer than
/// two values in a part; where nothing varies at all, any difference is certain.
pub fn difference(before: &[f64], later: &[f64]) -> Option<Difference> {
    let r = correlation(&[before, later]).max(NEGATIVE);
    let worth = (1.0 - r) / (1.0 + r);
    if before.len() < 2 || later.len() < 2 {
        return None;
    }
    let (n, m) = (before.len() as f64, later.len() as f64);
    let variance = (squares(before) + squares(later)) / (n + m - 2.0);
    let apart = mean(later) - mean(before);
    let freedom = n + m - 2.0;
    Some(tested(
        apart,
        variance * (1.0 / n + 1.0 / m) / worth,
        freedom,
    ))
}

/// Student's t of differences against zero, such as of this year's periods from last year's.
pub fn differences_from_zero(differences: &[f64]) -> Option<Difference> {
    let n = differences.len() as f64;
    if n < 2.0 {
        return None;
    }
    let worth = 1.0 / inflation(correlation(&[differences]));
    let variance = squares(differences) / (n - 1.0);
    let freedom = (n * worth - 1.0).max(1.0);
    Some(tested(mean(differences), variance / n / worth, freedom))
}

fn correlation(parts: &[&[f64]]) -> f64 {
    let parts: Vec<Vec<Option<f64>>> = parts
        .iter()
        .map(|part| part.iter().copied().map(Some).collect())
        .collect();
    lagged(&parts, 1).unwrap_or(0.0)
}

fn mean(values: &[f64]) -> f64 {
    summary::mean(values.iter().copied())
}

fn squares(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|v| (v - mean).powi(2)).sum()
}

fn tested(difference: f64, variance: f64, freedom: f64) -> Difference {
    let (p_up, p_down) = if difference == 0.0 {
        (0.5, 0.5)
    } else {
        let t = difference / variance.sqrt();
        (tails::student(t, freedom), tails::student(-t, freedom))
    };
    Difference {
        difference,
        p_up,
        p_down,
    }
}
