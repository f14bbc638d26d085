//! How strong the evidence of a change is, as a p value: one for each chart, for many charts at once, and before against later.
//!
//! Neighbouring periods are alike more often than not. Where the lag-1 correlation is r, n values show as much as n(1 − r)/(1 + r)
//! independent ones (Bartlett 1935), so variances are widened by (1 + r)/(1 − r). r is taken within the parts compared, each
//! about its own mean, so that the change looked for does not count as correlation; its bias is corrected (Kendall 1954).
//! It counts only where it is larger than independent values would show: a small r is mostly chance, and widening for it
//! would miss changes without sparing false ones. `docs/signals.md` has what this finds and how often it errs.

use serde::{Deserialize, Serialize};

use crate::correlation::lagged;
use crate::numerics::gamma::rough_normal_quantile;
use crate::numerics::{summary, tails};
use crate::rules::Rule;
use crate::runs::{Side, exact_sign, rarer_side};
use crate::verdict::{PointState, Verdict};

/// The latest values that are compared with all before them, at most.
pub(crate) const RECENT: usize = 12;
/// As many as these must lie before them.
const BEFORE: usize = 12;
/// Fewer latest values than this say too little.
const MIN_RECENT: usize = 6;

/// A correlation below so many of its standard errors counts as none: independent values show a larger one in one series
/// of 28.
const SHOWN: f64 = 1.8;

/// Whether the latest values lie higher or lower than those before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecentShift {
    /// The probability of values so far apart, to either side, where nothing has changed.
    pub p: f64,
    /// Where the latest values lie; none where they lie as those before.
    pub side: Option<Side>,
    /// How many the latest values are.
    pub latest: usize,
    /// Their mean.
    pub mean: f64,
    /// The mean of those before.
    pub mean_before: f64,
}

/// Sum of normal scores (van der Waerden 1952) of the latest 12 values against those before (the latest 6 to
/// 11 where fewer than 12 would be left before them), with the variance widened for correlation. It loses nothing against
/// the t test where values are normal, and an outlier is to it no more than the largest value. `None` below 18 values, and
/// where all are equal.
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
    let score = |value: f64| {
        let below = sorted.partition_point(|other| *other < value);
        let up_to = sorted.partition_point(|other| *other <= value);
        let rank = (below + up_to + 1) as f64 / 2.0;
        rough_normal_quantile(rank / (n + 1) as f64)
    };
    let scores: Vec<Option<f64>> = values.iter().map(|value| value.map(score)).collect();
    let recent = scores.iter().enumerate().rev().filter(|(_, s)| s.is_some());
    let split = recent.map(|(i, _)| i).nth(recent_values - 1)?;
    let (before, latest) = scores.split_at(split);
    let middle = summary::mean(scores.iter().flatten().copied());
    let sum: f64 = latest.iter().flatten().map(|score| score - middle).sum();
    let spread: f64 = scores.iter().flatten().map(|s| (s - middle).powi(2)).sum();
    if spread <= 0.0 {
        return None;
    }
    let (few, others) = (recent_values as f64, (n - recent_values) as f64);
    let variance = few * others * spread / (n as f64 * (n as f64 - 1.0));
    let z = sum / (variance * inflation(&[before.to_vec(), latest.to_vec()])).sqrt();
    Some(RecentShift {
        p: (2.0 * tails::normal(z.abs())).min(1.0),
        side: match sum {
            up if up > 0.0 => Some(Side::High),
            down if down < 0.0 => Some(Side::Low),
            _ => None,
        },
        latest: recent_values,
        mean: summary::mean(values[split..].iter().flatten().copied()),
        mean_before: summary::mean(values[..split].iter().flatten().copied()),
    })
}

/// The values that a level on either side of a change has at least.
const MIN_LEVEL: usize = 3;

/// From which of some values on the level is another, to this side: where those before lie closest to their median and the others
/// to theirs, by the sum of distances. Which values a test compared says nothing of when things changed.
pub(crate) fn changed_at(values: &[f64], side: Side) -> Option<usize> {
    let middle = |values: &[f64]| summary::median(values.iter().copied());
    let split = |at: usize| {
        let (before, since) = values.split_at(at);
        let (usual, level) = (middle(before), middle(since));
        let is_to_side = match side {
            Side::High => level > usual,
            Side::Low => level < usual,
        };
        let away = |values: &[f64], from: f64| values.iter().map(|v| (v - from).abs()).sum::<f64>();
        is_to_side.then(|| away(before, usual) + away(since, level))
    };
    let splits = (MIN_LEVEL..(values.len() + 1).saturating_sub(MIN_LEVEL))
        .filter_map(|at| Some((at, split(at)?)));
    splits.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
}

/// Of how many charts chance alone gives one a p value so small, in words: "3,000". One digit, as the figure is no more exact, and
/// "900,000" at most.
#[must_use]
pub fn one_chart_in(p: f64) -> String {
    let charts = (1.0 / p).clamp(1.0, 999_999.0);
    let size = 10_f64.powf(charts.log10().floor());
    let charts = ((charts / size).floor() * size) as u32;
    match charts / 1000 {
        0 => charts.to_string(),
        thousands => format!("{thousands},{:03}", charts % 1000),
    }
}

/// By how much alike neighbours widen the variance of the means of parts.
fn inflation(parts: &[Vec<Option<f64>>]) -> f64 {
    alike(parts).map_or(1.0, |r| (1.0 + r) / (1.0 - r))
}

/// How alike neighbours are, where they are more alike than chance makes them.
fn alike(parts: &[Vec<Option<f64>>]) -> Option<f64> {
    let values = parts.iter().flatten().flatten().count() as f64;
    lagged(parts, 1).filter(|r| *r >= SHOWN / values.sqrt())
}

/// The probability that a series ends with so long a run, on either side of a centre: given how many values lie on each side every
/// order of them is equally likely. Values on the centre count as the rarer side. Where neighbours are alike each further value of the
/// run says less: two normal values of correlation r lie on one side with probability ½ + asin(r)/π (Sheppard 1899).
fn last_run(values: &[(Option<f64>, f64)]) -> Option<f64> {
    let sides: Vec<i8> = values
        .iter()
        .filter_map(|(value, centre)| Some(exact_sign((*value)?, *centre)))
        .collect();
    let on_centre = rarer_side(&sides);
    let sides: Vec<i8> = sides
        .into_iter()
        .map(|side| if side == 0 { on_centre } else { side })
        .filter(|side| *side != 0)
        .collect();
    let last = *sides.last()?;
    let run = sides.iter().rev().take_while(|side| **side == last).count();
    let n = sides.len();
    let all_on = |side: i8| -> f64 {
        let of_side = sides.iter().filter(|other| **other == side).count();
        (0..run)
            .map(|i| of_side.saturating_sub(i) as f64 / (n - i) as f64)
            .product()
    };
    let p: f64 = all_on(-1) + all_on(1);
    let whole: Vec<Option<f64>> = values.iter().map(|(value, _)| *value).collect();
    // The run begins with the last so many values: gaps and values on the centre make it longer.
    let split = whole.len().saturating_sub(run);
    let (before, since) = whole.split_at(split);
    let same_side = alike(&[before.to_vec(), since.to_vec()])
        .map_or(0.5, |r| 0.5 + r.asin() / std::f64::consts::PI);
    Some(p.min(1.0).powf(-same_side.log2()))
}

impl Verdict {
    /// How likely a chart stands out so far by chance, among others: the p value of its latest values against those before and,
    /// where a long run alerts, that of the run, doubled because either makes a chart alert. A run that has lasted for long is itself
    /// most of what the latest values are compared with. None where neither can be told.
    pub fn p_value(&self) -> Option<f64> {
        let shift = self.recent_shift().map(|shift| shift.p);
        let alerts = self.alert_rules.contains(&Rule::LongRun);
        let run = alerts.then(|| self.last_run()).flatten();
        let run = run.map(|p| (2.0 * p).min(1.0));
        shift.into_iter().chain(run).min_by(f64::total_cmp)
    }

    fn last_run(&self) -> Option<f64> {
        let phase = self.points.get(self.latest?)?.phase;
        let judged = self
            .points
            .iter()
            .filter(|point| point.phase == phase && point.state == PointState::Judged);
        let values: Vec<(Option<f64>, f64)> = judged
            .filter_map(|point| Some((point.value, point.centre?)))
            .collect();
        last_run(&values)
    }

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
    if before.len() < 2 || later.len() < 2 {
        return None;
    }
    let (n, m) = (before.len() as f64, later.len() as f64);
    let freedom = n + m - 2.0;
    let variance = (squares(before) + squares(later)) / freedom * (1.0 / n + 1.0 / m);
    let widened = variance * inflation(&[known(before), known(later)]);
    Some(tested(mean(later) - mean(before), widened, freedom))
}

/// Student's t of differences against zero, such as of this year's periods from last year's.
pub fn differences_from_zero(differences: &[f64]) -> Option<Difference> {
    let n = differences.len() as f64;
    if n < 2.0 {
        return None;
    }
    let inflation = inflation(&[known(differences)]);
    let variance = squares(differences) / (n - 1.0) / n * inflation;
    let freedom = (n / inflation - 1.0).max(1.0);
    Some(tested(mean(differences), variance, freedom))
}

fn known(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
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
