//! Individuals: I (XmR), moving range, I′ and T charts.

use super::{Cell, Line, SigmaConstant, base_values};
use crate::numerics::summary;

/// An average moving range and how it came about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MovingRange {
    /// The average in use; `NaN` without a moving range.
    pub(crate) average: f64,
    /// The average of all moving ranges.
    pub(crate) unscreened: f64,
    /// How many moving ranges screening left out.
    pub(crate) screened_out: usize,
}

impl MovingRange {
    /// Screening left only moving ranges of zero although the values do vary.
    pub(crate) fn screened_to_zero(&self) -> bool {
        self.unscreened > 0.0
            && self.screened_out > 0
            && (self.average.is_nan() || self.average <= 0.0)
    }
}

/// Differences between neighbours; one that touches a missing value is dropped, never bridged.
///
/// Screening (Nelson 1982, doi:10.1080/00224065.1982.11978811) leaves out, once, ranges of `factor` times the average and more.
pub(crate) fn moving_range(values: impl Iterator<Item = f64>, screen: Option<f64>) -> MovingRange {
    let mut last = f64::NAN;
    let ranges: Vec<f64> = values
        .map(|value| (value - std::mem::replace(&mut last, value)).abs())
        .filter(|range| !range.is_nan())
        .collect();
    average_range(&ranges, screen)
}

fn average_range(ranges: &[f64], screen: Option<f64>) -> MovingRange {
    let unscreened = summary::mean(ranges.iter().copied());
    let Some(factor) = screen else {
        return MovingRange {
            average: unscreened,
            unscreened,
            screened_out: 0,
        };
    };
    let most = factor * unscreened;
    let kept = summary::sum_of(ranges.iter().copied().filter(|range| *range < most));
    MovingRange {
        average: kept.mean(),
        unscreened,
        screened_out: ranges.len() - kept.count(),
    }
}

/// Largest moving range that is kept, as a multiple of the average (D4 for two values).
pub(crate) const SCREEN: f64 = 3.267;
/// The same for I′ charts, to the digits its author prints.
pub(crate) const SCREEN_I_PRIME: f64 = 3.2665;

/// I chart: centre the mean, limits 3/1.128 (or 2.66) average moving ranges either side.
pub(crate) fn i(
    cells: &[Cell],
    known: Option<f64>,
    screen: bool,
    constant: SigmaConstant,
) -> (Line, MovingRange) {
    let centre = known.unwrap_or_else(|| summary::mean(base_values(cells)));
    let range = moving_range(base_values(cells), screen.then_some(SCREEN));
    (i_line(centre, range.average, constant), range)
}

/// The line of an I chart for a given average moving range.
pub(crate) fn i_line(centre: f64, average: f64, constant: SigmaConstant) -> Line {
    let (three, two) = match constant {
        SigmaConstant::D2 => {
            let sd = average / 1.128;
            (3.0 * sd, 2.0 * sd)
        }
        SigmaConstant::Wheeler => (2.66 * average, 2.0 * (2.66 / 3.0) * average),
    };
    Line {
        centre,
        lower: centre - three,
        upper: centre + three,
        lower_warning: centre - two,
        upper_warning: centre + two,
    }
}

/// Moving ranges of a phase as values to plot: the first is missing.
pub(crate) fn moving_ranges(values: impl Iterator<Item = f64>) -> impl Iterator<Item = f64> {
    let mut last = f64::NAN;
    values.map(move |value| (value - std::mem::replace(&mut last, value)).abs())
}

/// MR chart over cells that already hold moving ranges: limits 0 and 3.267 times the mean.
pub(crate) fn mr(cells: &[Cell], known: Option<f64>) -> Line {
    let centre = known.unwrap_or_else(|| summary::mean(base_values(cells)));
    Line {
        centre,
        lower: 0.0,
        upper: SCREEN * centre,
        lower_warning: 0.0,
        upper_warning: SCREEN / 3.0 * 2.0 * centre,
    }
}

/// I′ chart (Taylor): individuals with a denominator, limits that narrow with √n.
///
/// s_i = √(π/2)·|y_{i+1} − y_i| / √(1/n_i + 1/n_{i+1}), sd_i = mean(s)·√(1/n_i), centre Σ(y·n)/Σn over the base.
/// The reference takes s over the whole phase even when a baseline is frozen; `spread_over_base` keeps it there.
pub(crate) fn i_prime(
    cells: &[Cell],
    known: Option<f64>,
    screen: bool,
    spread_over_base: bool,
) -> (Vec<Line>, MovingRange) {
    // A denominator without a value weighs nothing.
    let base = || {
        cells
            .iter()
            .filter(|cell| cell.base && !cell.value.is_nan())
    };
    let centre = known.unwrap_or_else(|| {
        let weighted = summary::total(base().map(|cell| cell.value * cell.n));
        weighted / summary::total(base().map(|cell| cell.n))
    });
    let factor = (std::f64::consts::PI / 2.0).sqrt();
    let mut last: Option<&Cell> = None;
    let spreads: Vec<f64> = cells
        .iter()
        .filter(|cell| cell.base || !spread_over_base)
        .filter_map(|cell| last.replace(cell).map(|before| (before, cell)))
        .map(|(a, b)| factor * (b.value - a.value).abs() / (1.0 / a.n + 1.0 / b.n).sqrt())
        .filter(|spread| !spread.is_nan())
        .collect();
    let range = average_range(&spreads, screen.then_some(SCREEN_I_PRIME));
    (i_prime_lines(cells, centre, range.average), range)
}

/// The lines of an I′ chart for a given mean of s.
pub(crate) fn i_prime_lines(cells: &[Cell], centre: f64, average: f64) -> Vec<Line> {
    cells
        .iter()
        .map(|cell| Line::around(centre, average * (1.0 / cell.n).sqrt()))
        .collect()
}

/// Exponent that makes times between events nearly normal (Nelson 1994).
pub(crate) const T_POWER: f64 = 3.6;

/// T chart: an I chart of t^(1/3.6), raised back. A lower limit below 0 becomes 0, a lower warning limit is lost.
pub(crate) fn t(cells: &[Cell], known: Option<f64>, screen: bool) -> (Line, MovingRange) {
    let roots: Vec<Cell> = cells
        .iter()
        .map(|cell| Cell {
            value: cell.value.powf(1.0 / T_POWER),
            ..*cell
        })
        .collect();
    let (line, range) = i(&roots, known, screen, SigmaConstant::D2);
    (t_line(line), range)
}

/// Raises a line of roots back to times.
pub(crate) fn t_line(roots: Line) -> Line {
    let mut line = roots.map(|v| v.powf(T_POWER));
    if line.lower.is_nan() {
        line.lower = 0.0;
    }
    line
}
