//! Counts and proportions: C, P, U, their primed versions, and G.
//!
//! Montgomery, Introduction to Statistical Quality Control, chapters 6 and 7; Laney 2002, doi:10.1081/QEN-120003555.

use super::individuals::{MovingRange, SCREEN, moving_range};
use super::{Cell, Line, base_values};
use crate::numerics::summary;

/// P charts plot a share of n, U charts a rate per n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ratio {
    Proportion,
    Rate,
}

impl Ratio {
    /// Standard deviation of one period's ratio under the binomial or Poisson law.
    fn sd(self, centre: f64, n: f64) -> f64 {
        match self {
            Ratio::Proportion => (centre * (1.0 - centre) / n).sqrt(),
            Ratio::Rate => (centre / n).sqrt(),
        }
    }

    fn clip(self, line: Line) -> Line {
        match self {
            Ratio::Proportion => line.clipped(0.0, 1.0),
            Ratio::Rate => line.clipped(0.0, f64::INFINITY),
        }
    }
}

/// Σy/Σn over the points that count.
pub(crate) fn pooled(cells: &[Cell]) -> f64 {
    let base = || cells.iter().filter(|cell| cell.base && !cell.sum.is_nan());
    summary::total(base().map(|cell| cell.sum)) / summary::total(base().map(|cell| cell.n))
}

/// P and U charts: centre Σy/Σn, sd √(p(1−p)/n) or √(u/n).
pub(crate) fn ratio(cells: &[Cell], kind: Ratio, known: Option<f64>) -> Vec<Line> {
    let centre = known.unwrap_or_else(|| pooled(cells));
    cells
        .iter()
        .map(|cell| kind.clip(Line::around(centre, kind.sd(centre, cell.n))))
        .collect()
}

/// How σz, the variation between periods beyond what the law gives, is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Between {
    /// From moving ranges of the standardised values, with or without screening: periods in order.
    MovingRange { screen: bool },
    /// From their standard deviation: units without an order.
    StandardDeviation,
}

/// P′ and U′ charts (Laney): the limits of [`ratio`] widened or narrowed by σz, the spread of z = (y − centre)/sd.
/// The moving range returned is that of z; its average is 1.128·σz.
pub(crate) fn ratio_prime(
    cells: &[Cell],
    kind: Ratio,
    known: Option<f64>,
    between: Between,
) -> (Vec<Line>, MovingRange) {
    let centre = known.unwrap_or_else(|| pooled(cells));
    let range = self::between(cells.iter().map(|cell| (cell, centre)), kind, between);
    (
        ratio_prime_lines(cells, kind, centre, range.average / 1.128),
        range,
    )
}

/// The moving range of z = (y − centre)/sd over the cells that count, each with its centre. Units without an order
/// have a standard deviation in its place, which a single undefined z makes undefined.
pub(crate) fn between<'a>(
    cells: impl Iterator<Item = (&'a Cell, f64)>,
    kind: Ratio,
    between: Between,
) -> MovingRange {
    let z = cells
        .filter(|(cell, _)| cell.base)
        .map(|(cell, centre)| (cell.value - centre) / kind.sd(centre, cell.n));
    match between {
        Between::MovingRange { screen } => moving_range(z, screen.then_some(SCREEN)),
        Between::StandardDeviation => {
            let z: Vec<f64> = z.collect();
            let average = if z.iter().any(|z| z.is_nan()) {
                f64::NAN
            } else {
                summary::standard_deviation(&z) * 1.128
            };
            MovingRange {
                average,
                unscreened: average,
                screened_out: 0,
            }
        }
    }
}

/// The lines of a primed chart for a given σz.
pub(crate) fn ratio_prime_lines(
    cells: &[Cell],
    kind: Ratio,
    centre: f64,
    sigma_z: f64,
) -> Vec<Line> {
    cells
        .iter()
        .map(|cell| kind.clip(Line::around(centre, kind.sd(centre, cell.n) * sigma_z)))
        .collect()
}

/// C chart: centre the mean count c, sd √c.
pub(crate) fn c(cells: &[Cell], known: Option<f64>) -> Line {
    let centre = known.unwrap_or_else(|| summary::mean(base_values(cells)));
    Line::around(centre, centre.sqrt()).clipped(0.0, f64::INFINITY)
}

/// G chart of opportunities between events: limits ḡ ± 3√(ḡ(ḡ+1)) around the mean ḡ, but the line drawn, and
/// the one runs are counted against, is the median, because the geometric law is skewed (0.693·ḡ for a known ḡ).
pub(crate) fn g(cells: &[Cell], known: Option<f64>) -> Line {
    let mean = known.unwrap_or_else(|| summary::mean(base_values(cells)));
    let mut line = Line::around(mean, (mean * (mean + 1.0)).sqrt()).clipped(0.0, f64::INFINITY);
    line.centre = known.map_or_else(|| summary::median(base_values(cells)), |mean| 0.693 * mean);
    line
}
