//! qicharts2 0.8.1, R's run and control charts with the Anhøj rules.
//!
//! Rows with the same x form one subgroup. `part` holds the last point of each phase, and `freeze` is passed over
//! when there are parts. Excluded points are left out of centre, limits and runs, and their neighbours become adjacent.
//! Faults it has and keeps here: a numerator above a denominator of 0 is an infinite but useful value, and screening
//! may leave limits of no width that every point lies outside. Screening is on, as after `library(qicharts2)`.

mod subgroup;

use super::Refusal;
use crate::limits::attributes::{self, Between, Ratio};
use crate::limits::individuals;
use crate::limits::subgroups::{self, Subgroup};
use crate::limits::{Cell, Line, SigmaConstant};
use crate::runs::{Analysis, Runs, RunsMethod, exact_sign};
pub use subgroup::Aggregate;
use subgroup::Row;

/// The charts of qicharts2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chart {
    /// Run chart around the median.
    Run,
    /// Individuals.
    I,
    /// Moving ranges.
    Mr,
    /// Individuals with a denominator.
    IPrime,
    /// Proportions.
    P,
    /// Proportions with variation between periods.
    PPrime,
    /// Rates.
    U,
    /// Rates with variation between periods.
    UPrime,
    /// Counts (Poisson).
    C,
    /// Opportunities between events.
    G,
    /// Times between events.
    T,
    /// Subgroup means.
    Xbar,
    /// Subgroup standard deviations.
    S,
}

/// The x of a row: numbers and dates have an order in time, other text names units.
#[derive(Debug, Clone, PartialEq)]
pub enum Label {
    /// A number.
    Number(f64),
    /// An ISO date, or the name of a unit.
    Text(String),
    /// None: the row is passed over.
    Missing,
}

impl Label {
    /// Text that is not a date names a unit: no runs analysis.
    fn is_category(&self) -> bool {
        let Label::Text(text) = self else {
            return false;
        };
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| {
            bytes
                .get(range)
                .is_some_and(|b| b.iter().all(u8::is_ascii_digit))
        };
        !(digits(0..4) && bytes.get(4) == Some(&b'-') && digits(5..7))
    }
}

/// Choices of a call to `qic`. Positions count from 1, as there.
#[derive(Debug, Clone)]
pub struct Options {
    /// Kind of chart.
    pub chart: Chart,
    /// Last point of the baseline.
    pub freeze: Option<f64>,
    /// Last point of each phase.
    pub part: Vec<i64>,
    /// Points to leave out.
    pub exclude: Vec<i64>,
    /// Known centre, for all rows or for each.
    pub centre: Vec<Option<f64>>,
    /// Factor for the plotted quantity.
    pub multiply: f64,
    /// How several values of one subgroup become one.
    pub aggregate: Aggregate,
    /// How runs are judged.
    pub runs_method: RunsMethod,
    /// Leave large moving ranges out of their average.
    pub screen: bool,
    /// Let lower limits fall below 0 where no value does (`y.neg`).
    pub below_zero: bool,
}

impl Options {
    /// The defaults of `qic` for a chart.
    pub fn new(chart: Chart) -> Self {
        Self {
            chart,
            freeze: None,
            part: Vec::new(),
            exclude: Vec::new(),
            centre: Vec::new(),
            multiply: 1.0,
            aggregate: Aggregate::Mean,
            runs_method: RunsMethod::Anhoej,
            screen: true,
            below_zero: true,
        }
    }
}

/// One subgroup on the chart. `NaN` where undefined.
#[derive(Debug, Clone, PartialEq)]
pub struct PointResult {
    /// The subgroup's label on the x axis.
    pub label: Label,
    /// What is plotted.
    pub value: f64,
    /// Centre.
    pub centre: f64,
    /// Lower limit, three sigma.
    pub lower: f64,
    /// Upper limit, three sigma.
    pub upper: f64,
    /// Lower limit, two sigma.
    pub lower95: f64,
    /// Upper limit, two sigma.
    pub upper95: f64,
    /// Beyond a three sigma limit.
    pub sigma_signal: bool,
    /// Phase, from 1.
    pub part: usize,
    /// Counts towards centre and limits unless excluded.
    pub baseline: bool,
    /// Not excluded.
    pub include: bool,
    /// Sum of the denominators.
    pub n: f64,
    /// Values in the subgroup.
    pub subgroup_n: usize,
}

/// One phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartResult {
    /// Number, from 1.
    pub part: usize,
    /// Points not excluded, missing ones included.
    pub n_obs: usize,
    /// Runs analysis.
    pub runs: Runs,
    /// Points beyond a three sigma limit.
    pub sigma_signals: usize,
}

/// Runs the chart. `n` is empty where there are no denominators. Rows without an x are passed over.
pub fn analyse_rows(
    x: &[Label],
    y: &[f64],
    n: &[f64],
    options: &Options,
) -> Result<(Vec<PointResult>, Vec<PartResult>), Refusal> {
    let categorical = x.iter().any(Label::is_category);
    let rows = subgroup::aggregate(x, y, n, &options.centre, options.aggregate);
    if options.chart == Chart::T && rows.iter().any(|row| row.value <= 0.0) {
        return Err(Refusal::new(
            "The time between events must be greater than zero.",
        ));
    }
    let total = rows.len();
    let freeze = if options.part.is_empty() {
        options.freeze.unwrap_or(f64::INFINITY)
    } else {
        f64::INFINITY
    };
    let excluded = |position: usize| options.exclude.contains(&(position as i64));

    let mut points = Vec::with_capacity(total);
    let mut parts = Vec::new();
    for (k, span) in spans(&options.part, total).into_iter().enumerate() {
        let phase = &rows[span.clone()];
        let places: Vec<Place> = span
            .map(|i| Place {
                baseline: (i + 1) as f64 <= freeze,
                include: !excluded(i + 1),
            })
            .collect();
        let (values, lines) = chart(phase, &places, !n.is_empty(), categorical, options);
        let signs = places
            .iter()
            .zip(values.iter().zip(&lines))
            .filter(|(place, _)| place.include)
            .map(|(_, (value, line))| exact_sign(*value, line.centre))
            .collect::<Vec<_>>();
        let mut runs = Analysis::of(&signs, options.runs_method).runs;
        if categorical || options.chart == Chart::Mr {
            runs.signal = false;
        }
        let mut sigma_signals = 0;
        for ((row, place), (value, line)) in
            phase.iter().zip(&places).zip(values.into_iter().zip(lines))
        {
            let value = value * options.multiply;
            let line = line.scaled(options.multiply);
            let finite = |v: f64| if v.is_finite() { v } else { f64::NAN };
            let (lower, upper) = (finite(line.lower), finite(line.upper));
            let sigma_signal = value > upper || value < lower;
            sigma_signals += usize::from(sigma_signal);
            points.push(PointResult {
                label: row.label.clone(),
                value,
                centre: line.centre,
                lower,
                upper,
                lower95: finite(line.lower_warning),
                upper95: finite(line.upper_warning),
                sigma_signal,
                part: k + 1,
                baseline: place.baseline,
                include: place.include,
                n: row.n,
                subgroup_n: row.size,
            });
        }
        let n_obs = places.iter().filter(|place| place.include).count();
        parts.push(PartResult {
            part: k + 1,
            n_obs,
            runs,
            sigma_signals,
        });
    }
    if !options.below_zero && !points.iter().any(|point| point.value < 0.0) {
        for point in &mut points {
            for limit in [&mut point.lower, &mut point.lower95] {
                if *limit < 0.0 {
                    *limit = 0.0;
                }
            }
        }
    }
    Ok((points, parts))
}

#[derive(Clone, Copy)]
struct Place {
    baseline: bool,
    include: bool,
}

/// Phases from the last points of all but the final one; those that are not inner points are passed over.
fn spans(part: &[i64], total: usize) -> Vec<std::ops::Range<usize>> {
    let mut ends: Vec<usize> = part
        .iter()
        .filter_map(|&p| usize::try_from(p).ok())
        .filter(|&p| p > 0 && p < total)
        .collect();
    ends.sort_unstable();
    ends.dedup();
    ends.push(total);
    let mut first = 0;
    ends.into_iter()
        .map(|end| std::mem::replace(&mut first, end)..end)
        .filter(|span| !span.is_empty())
        .collect()
}

/// Plotted values and lines of one phase, before multiplication.
fn chart(
    rows: &[Row],
    places: &[Place],
    ratio: bool,
    categorical: bool,
    options: &Options,
) -> (Vec<f64>, Vec<Line>) {
    let base = |place: &Place| place.baseline && place.include;
    let values: Vec<f64> = match options.chart {
        Chart::C => rows.iter().map(|row| row.sum).collect(),
        Chart::S => rows.iter().map(|row| row.sd).collect(),
        Chart::Mr => individuals::moving_ranges(rows.iter().map(|row| row.value)).collect(),
        // There and back again, so that a value on the centre is equal to it.
        Chart::T => rows
            .iter()
            .map(|row| {
                row.value
                    .powf(1.0 / individuals::T_POWER)
                    .powf(individuals::T_POWER)
            })
            .collect(),
        _ => rows.iter().map(|row| row.value).collect(),
    };
    let cells: Vec<Cell> = rows
        .iter()
        .zip(places)
        .zip(&values)
        .map(|((row, place), &value)| Cell {
            value: if options.chart == Chart::T {
                row.value
            } else {
                value
            },
            sum: row.sum,
            n: if ratio { row.n } else { row.size as f64 },
            base: base(place),
        })
        .collect();
    let groups: Vec<Subgroup> = rows
        .iter()
        .zip(places)
        .map(|(row, place)| Subgroup {
            mean: row.mean,
            sd: row.sd,
            size: row.size,
            base: base(place),
        })
        .collect();
    let lines_for = |known| lines(&cells, &groups, known, categorical, options);

    let known: Vec<f64> = rows.iter().map(|row| row.centre).collect();
    if known.iter().any(|centre| centre.is_nan()) {
        return (values, lines_for(None));
    }
    if known.windows(2).all(|pair| pair[0] == pair[1]) {
        return (values, lines_for(known.first().copied()));
    }
    let lines = varying(&cells, &known, categorical, options).unwrap_or_else(|| {
        // No spread to estimate: each point's line as if its centre held throughout.
        let line_at = |(i, &centre): (usize, &f64)| lines_for(Some(centre))[i];
        known.iter().enumerate().map(line_at).collect()
    });
    (values, lines)
}

/// Lines where the known centre varies from point to point, for the charts that estimate their spread from the
/// distances between values and their own centres.
fn varying(
    cells: &[Cell],
    known: &[f64],
    categorical: bool,
    options: &Options,
) -> Option<Vec<Line>> {
    let power = if options.chart == Chart::T {
        individuals::T_POWER
    } else {
        1.0
    };
    let kind = match options.chart {
        Chart::I | Chart::T => {
            // The reference takes a known centre of a T chart to be on the scale of the roots.
            let away: Vec<Cell> = cells
                .iter()
                .zip(known)
                .map(|(cell, centre)| Cell {
                    value: cell.value.powf(1.0 / power) - centre,
                    ..*cell
                })
                .collect();
            let (_, range) = individuals::i(&away, Some(0.0), options.screen, SigmaConstant::D2);
            let line = |&centre| individuals::i_line(centre, range.average, SigmaConstant::D2);
            let lines = known.iter().map(line);
            return Some(if options.chart == Chart::T {
                lines.map(individuals::t_line).collect()
            } else {
                lines.collect()
            });
        }
        Chart::PPrime => Ratio::Proportion,
        Chart::UPrime => Ratio::Rate,
        _ => return None,
    };
    let spread = attributes::between(
        cells.iter().zip(known.iter().copied()),
        kind,
        between(categorical, options),
    );
    let sigma_z = spread.average / 1.128;
    let line = |(cell, &centre): (&Cell, &f64)| {
        attributes::ratio_prime_lines(std::slice::from_ref(cell), kind, centre, sigma_z)[0]
    };
    Some(cells.iter().zip(known).map(line).collect())
}

fn between(categorical: bool, options: &Options) -> Between {
    if categorical {
        Between::StandardDeviation
    } else {
        Between::MovingRange {
            screen: options.screen,
        }
    }
}

fn lines(
    cells: &[Cell],
    groups: &[Subgroup],
    known: Option<f64>,
    categorical: bool,
    options: &Options,
) -> Vec<Line> {
    let screen = options.screen;
    let all = |line: Line| vec![line; cells.len()];
    let between = between(categorical, options);
    match options.chart {
        Chart::Run => {
            let median = || crate::numerics::summary::median(crate::limits::base_values(cells));
            all(Line::bare(known.unwrap_or_else(median)))
        }
        Chart::I => all(individuals::i(cells, known, screen, SigmaConstant::D2).0),
        Chart::Mr => all(individuals::mr(cells, known)),
        Chart::IPrime => individuals::i_prime(cells, known, screen, false).0,
        Chart::T => all(individuals::t(cells, known, screen).0),
        Chart::P => attributes::ratio(cells, Ratio::Proportion, known),
        Chart::U => attributes::ratio(cells, Ratio::Rate, known),
        Chart::PPrime => attributes::ratio_prime(cells, Ratio::Proportion, known, between).0,
        Chart::UPrime => attributes::ratio_prime(cells, Ratio::Rate, known, between).0,
        Chart::C => all(attributes::c(cells, known)),
        Chart::G => all(attributes::g(cells, known)),
        Chart::Xbar => subgroups::xbar(groups, known),
        Chart::S => subgroups::s(groups, known),
    }
}
