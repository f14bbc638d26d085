//! Subgroups of several measurements: Xbar and S charts (Montgomery 6.29 to 6.31).

use super::Line;
use crate::numerics::gamma::c4;
use crate::numerics::summary;

/// One subgroup of measurements.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subgroup {
    pub(crate) mean: f64,
    pub(crate) sd: f64,
    pub(crate) size: usize,
    pub(crate) base: bool,
}

/// The standard deviation within subgroups: the mean of theirs where all sizes are equal, else the pooled one.
fn within(groups: &[Subgroup]) -> f64 {
    let base = || groups.iter().filter(|group| group.base);
    let equal = groups.windows(2).all(|pair| pair[0].size == pair[1].size);
    if equal {
        return summary::mean(base().map(|group| group.sd));
    }
    let freedom = |group: &Subgroup| group.size as f64 - 1.0;
    let squares = summary::total(base().map(|group| freedom(group) * group.sd * group.sd));
    (squares / summary::total(base().map(freedom))).sqrt()
}

/// Xbar chart: centre the mean of all measurements, limits A3·S with A3 = 3/(c4·√n). Subgroups of one get no limits.
pub(crate) fn xbar(groups: &[Subgroup], known: Option<f64>) -> Vec<Line> {
    let base = || groups.iter().filter(|group| group.base);
    let centre = known.unwrap_or_else(|| {
        let sum = summary::total(base().map(|group| group.size as f64 * group.mean));
        sum / summary::total(base().map(|group| group.size as f64))
    });
    let sd = within(groups);
    groups
        .iter()
        .map(|group| Line::around(centre, sd / (c4(group.size) * (group.size as f64).sqrt())))
        .collect()
}

/// S chart: centre the standard deviation within subgroups S, limits (1 ± 3·√(1 − c4²)/c4)·S, not below 0.
pub(crate) fn s(groups: &[Subgroup], known: Option<f64>) -> Vec<Line> {
    let centre = known.unwrap_or_else(|| within(groups));
    groups
        .iter()
        .map(|group| {
            let c4 = c4(group.size);
            Line::around(centre, (1.0 - c4 * c4).sqrt() / c4 * centre).clipped(0.0, f64::INFINITY)
        })
        .collect()
}
