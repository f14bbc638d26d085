//! Centre and limits of one phase, made safe: limits that no variation supports are distinguished from limits of no width.

use crate::chart::Chart;
use crate::limits::attributes::{self, Between, Ratio};
use crate::limits::individuals::{self, MovingRange};
use crate::limits::subgroups::{self, Subgroup};
use crate::limits::{Cell, Line, base_values};
use crate::numerics::summary;
use crate::rules::Rules;

/// The lines of a phase and how far they can be believed.
pub(super) struct Lines {
    /// One for each cell.
    pub(super) lines: Vec<Line>,
    /// No variation to measure limits by: they have no width.
    pub(super) flat: bool,
    /// Screening was undone.
    pub(super) screened_to_zero: bool,
    /// Moving ranges left out.
    pub(super) screened_out: usize,
    /// Enough values, and neighbours among them where moving ranges are needed.
    pub(super) enough: bool,
}

/// The lines of `chart`. `cells` and `groups` are parallel; missing values are `NaN`.
pub(super) fn lines(chart: Chart, cells: &[Cell], groups: &[Subgroup], rules: &Rules) -> Lines {
    let values = cells
        .iter()
        .filter(|cell| cell.base && !cell.value.is_nan())
        .count();
    let all = |line: Line| vec![line; cells.len()];
    let simple = |lines: Vec<Line>| {
        let widths = || lines.iter().filter(|line| line.upper.is_finite());
        let flat = widths().next().is_some() && widths().all(|line| line.upper - line.lower <= 0.0);
        Lines {
            lines,
            flat,
            screened_to_zero: false,
            screened_out: 0,
            enough: values >= 2,
        }
    };
    match chart {
        Chart::Run => simple(all(Line::bare(summary::median(base_values(cells))))),
        Chart::P => simple(attributes::ratio(cells, Ratio::Proportion, None)),
        Chart::U => simple(attributes::ratio(cells, Ratio::Rate, None)),
        Chart::C => simple(all(attributes::c(cells, None))),
        Chart::G => simple(all(attributes::g(cells, None))),
        Chart::Mr => simple(all(individuals::mr(cells, None))),
        Chart::Xbar => simple(subgroups::xbar(groups, None)),
        Chart::S => simple(subgroups::s(groups, None)),
        Chart::Xmr => {
            let (line, range) = individuals::i(cells, None, rules.screen, rules.sigma);
            let scale = largest(cells.iter().filter(|cell| cell.base).map(|cell| cell.value));
            from_range(range, scale, values, rules, |average| {
                all(individuals::i_line(line.centre, average, rules.sigma))
            })
        }
        Chart::T => {
            let roots: Vec<Cell> = cells
                .iter()
                .map(|cell| Cell {
                    value: cell.value.powf(1.0 / individuals::T_POWER),
                    ..*cell
                })
                .collect();
            let sigma = crate::limits::SigmaConstant::D2;
            let (line, range) = individuals::i(&roots, None, rules.screen, sigma);
            let scale = largest(base_values(&roots));
            from_range(range, scale, values, rules, |average| {
                all(individuals::t_line(individuals::i_line(
                    line.centre,
                    average,
                    sigma,
                )))
            })
        }
        Chart::IPrime => {
            let (lines, range) = individuals::i_prime(cells, None, rules.screen, true);
            let centre = lines.first().map_or(f64::NAN, |line| line.centre);
            // The spread s is per √n, so its scale is that of y·√n.
            let scale = largest(
                cells
                    .iter()
                    .filter(|cell| cell.base)
                    .map(|cell| cell.value * cell.n.sqrt()),
            );
            from_range(range, scale, values, rules, |average| {
                individuals::i_prime_lines(cells, centre, average)
            })
        }
        Chart::PPrime | Chart::UPrime => {
            let kind = if chart == Chart::PPrime {
                Ratio::Proportion
            } else {
                Ratio::Rate
            };
            let between = Between::MovingRange {
                screen: rules.screen,
            };
            let (lines, range) = attributes::ratio_prime(cells, kind, None, between);
            let centre = lines.first().map_or(f64::NAN, |line| line.centre);
            if centre <= 0.0 || (kind == Ratio::Proportion && centre >= 1.0) {
                // Every period 0, or every period all of n: the law itself has no spread, and there is no z.
                return simple(attributes::ratio(cells, kind, None));
            }
            // z is already a multiple of its standard deviation.
            from_range(range, 1.0, values, rules, |average| {
                attributes::ratio_prime_lines(cells, kind, centre, average / 1.128)
            })
        }
    }
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values
        .filter(|v| !v.is_nan())
        .fold(0.0, |most, v| most.max(v.abs()))
}

/// Chooses the moving range to use and says what was chosen.
fn from_range(
    range: MovingRange,
    scale: f64,
    values: usize,
    rules: &Rules,
    lines: impl Fn(f64) -> Vec<Line>,
) -> Lines {
    let nothing = |average: f64| average <= rules.tolerance * scale;
    let enough = values >= 2 && !range.unscreened.is_nan();
    let flat = enough && nothing(range.unscreened);
    let screened_to_zero = rules.undo_empty_screening
        && !flat
        && (range.screened_to_zero() || nothing(range.average) || range.average.is_nan())
        && range.screened_out > 0;
    let average = match (rules.undo_empty_screening, flat, screened_to_zero) {
        (true, true, _) => 0.0,
        (_, _, true) => range.unscreened,
        _ => range.average,
    };
    Lines {
        lines: lines(average),
        flat,
        screened_to_zero,
        screened_out: if screened_to_zero || flat {
            0
        } else {
            range.screened_out
        },
        enough,
    }
}
