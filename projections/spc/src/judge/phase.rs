//! One phase: plotted values, lines, marks, runs.

use std::ops::Range;

use super::centre;
use super::meaning;
use crate::chart::Chart;
use crate::limits::subgroups::Subgroup;
use crate::limits::{Cell, Line};
use crate::perla;
use crate::rules::{self, AlertOn, Reading, Rule, Rules, Signal};
use crate::runs::{Analysis, Side};
use crate::series::{Options, Point, is_impossible};
use crate::verdict::{LimitsStatus, PhaseVerdict, PointState, PointVerdict, Variation};

/// Values in the baseline below which limits are trial limits.
const MIN_POINTS_FOR_LIMITS: usize = 12;

/// −1, 0 or 1 for every rule at one point.
#[derive(Clone, Copy, Default)]
struct Marks {
    astronomical: i8,
    trend: i8,
    /// At a turning point, the trend that ends where `trend` begins.
    ended_trend: i8,
    two_in_three: i8,
    shift: i8,
    long_run: i8,
}

impl Marks {
    /// Trends are reported in order of time, so one already marked to the other side is the one that ends here.
    fn add_trend(&mut self, side: i8) {
        if self.trend == -side {
            self.ended_trend = self.trend;
        }
        self.trend = side;
    }

    /// In the order in which one of them labels the point.
    fn signals(self) -> Vec<Signal> {
        let all = [
            (Rule::Astronomical, self.astronomical),
            (Rule::Trend, self.trend),
            (Rule::Trend, self.ended_trend),
            (Rule::TwoInThree, self.two_in_three),
            (Rule::Shift, self.shift),
            (Rule::LongRun, self.long_run),
        ];
        // No allocation for the many points without a signal.
        all.into_iter()
            .filter_map(|(rule, sign)| Side::of(sign).map(|side| Signal { rule, side }))
            .collect()
    }
}

/// Judges the points of `span`.
pub(super) fn judge_phase(
    points: &[Point],
    left_out: &[Option<PointState>],
    span: Range<usize>,
    number: usize,
    options: &Options,
    rules: &Rules,
) -> (PhaseVerdict, Vec<PointVerdict>) {
    let chart = options.chart;
    let (points, left_out) = (&points[span.clone()], &left_out[span.clone()]);
    let plotted = plotted(points, left_out, chart);
    let states = states(points, left_out, &plotted, chart);
    let values = states
        .iter()
        .filter(|state| **state == PointState::Judged)
        .count();
    let baseline_values = options
        .baseline
        .map_or(values, |baseline| baseline.min(values));
    // The row after the last value of the baseline.
    let baseline_end = options.baseline.map_or(span.len(), |baseline| {
        let mut judged = (0..span.len()).filter(|&i| states[i] == PointState::Judged);
        judged.nth(baseline - 1).map_or(span.len(), |last| last + 1)
    });

    // Rows left out are not in the sequence at all; gaps are, as values that are missing.
    let rows: Vec<usize> = (0..span.len()).filter(|&i| left_out[i].is_none()).collect();
    let is_base = |i: usize| left_out[i].is_none() && i < baseline_end;
    let cells = cells(points, &states, &plotted, is_base);
    let groups = match chart {
        Chart::Xbar | Chart::S => groups(points, &states, is_base),
        _ => Vec::new(),
    };
    let found = centre::lines(chart, &cells, &groups, rules);
    let limits_status = limits_status(chart, &found, (values, baseline_values), rules);

    let line_at = |i: usize| {
        let line = found.lines.get(i).copied().unwrap_or(Line::bare(f64::NAN));
        // What a formula gives for too few values, such as a clipped limit of 0, is not a limit.
        if limits_status == LimitsStatus::TooFew {
            Line::bare(line.centre)
        } else {
            line
        }
    };
    let widthless = found.flat && rules.undo_empty_screening;
    let reading = |i: usize| {
        if states[i] != PointState::Judged {
            return Reading::MISSING;
        }
        let (value, line) = (plotted[i], line_at(i));
        let beyond = |low: f64, high: f64| {
            if widthless {
                return 0;
            }
            i8::from(rules.compare(value, high) > 0) - i8::from(rules.compare(value, low) < 0)
        };
        Reading {
            value,
            side: rules.compare(value, line.centre),
            beyond_warning: beyond(line.lower_warning, line.upper_warning),
            beyond_limit: beyond(line.lower, line.upper),
        }
    };
    let readings: Vec<Reading> = rows.iter().map(|&i| reading(i)).collect();

    let sides: Vec<i8> = readings
        .iter()
        .filter(|r| !r.is_missing())
        .map(|r| r.side)
        .collect();
    let analysis = Analysis::of(&sides, rules.runs_method);
    let mut runs = analysis.runs;
    if !chart.applicable().runs {
        runs.signal = false;
    }
    let on_trial = limits_status == LimitsStatus::Trial && !rules.signal_on_trial;
    let may_judge = limits_status != LimitsStatus::TooFew && !on_trial;
    // A trial centre may lie anywhere: one odd value among twelve pulls it away from all others.
    let runs_signal = runs.signal && runs.n_useful >= rules.runs_from && !on_trial;
    let mut marks = vec![Marks::default(); rows.len()];
    if may_judge {
        mark(&readings, chart, rules, &mut marks);
    }
    if runs_signal && (chart == Chart::Run || rules.alert_on == AlertOn::LatestPeriod) {
        mark_long_runs(&readings, &analysis, &mut marks);
    }

    let multiply = options.multiply;
    let shown = |v: f64| Some(v * multiply).filter(|v| v.is_finite());
    let mut verdicts: Vec<PointVerdict> = (0..span.len())
        .map(|i| {
            let line = line_at(i);
            PointVerdict {
                value: shown(plotted[i]),
                state: states[i],
                phase: number,
                centre: shown(line.centre),
                lcl: shown(line.lower),
                ucl: shown(line.upper),
                lower_warning: shown(line.lower_warning),
                upper_warning: shown(line.upper_warning),
                signals: Vec::new(),
                variation: Variation::NotJudged,
            }
        })
        .collect();
    for (&i, marks) in rows.iter().zip(&marks) {
        let verdict = &mut verdicts[i];
        if verdict.state == PointState::Judged {
            verdict.signals = marks.signals();
            verdict.variation = match verdict.signals.first() {
                Some(signal) => meaning(signal.side, options.direction),
                None if may_judge => Variation::CommonCause,
                None => Variation::NotJudged,
            };
        }
    }
    let phase = PhaseVerdict {
        first: span.start,
        end: span.end,
        values,
        baseline_values,
        centre: shown(line_at(0).centre),
        limits_status,
        screened_out: found.screened_out,
        runs,
        runs_signal,
        recent_side: recent_side(
            sides.iter().map(|&side| analysis.side(side)),
            runs.longest_run_max,
        ),
        baseline_outgrown: options.baseline.is_some() && is_outgrown(&verdicts[baseline_end..]),
    };
    (phase, verdicts)
}

/// How each point takes part.
fn states(
    points: &[Point],
    left_out: &[Option<PointState>],
    plotted: &[f64],
    chart: Chart,
) -> Vec<PointState> {
    let each = points.iter().zip(left_out).zip(plotted);
    each.map(|((point, left_out), plotted)| {
        if is_impossible(point, chart) {
            PointState::Impossible
        } else if plotted.is_nan() {
            PointState::Missing
        } else if let Some(state) = left_out {
            *state
        } else if !point.judged {
            PointState::Provisional
        } else {
            PointState::Judged
        }
    })
    .collect()
}

/// The points as limits are worked out from them; what is not judged has no value.
fn cells(
    points: &[Point],
    states: &[PointState],
    plotted: &[f64],
    is_base: impl Fn(usize) -> bool,
) -> Vec<Cell> {
    let cell = |(i, point): (usize, &Point)| {
        let judged = states[i] == PointState::Judged;
        let known = |v: Option<f64>| v.filter(|_| judged).unwrap_or(f64::NAN);
        Cell {
            value: if judged { plotted[i] } else { f64::NAN },
            sum: known(point.value),
            n: point.n.unwrap_or(f64::NAN),
            base: is_base(i),
        }
    };
    points.iter().enumerate().map(cell).collect()
}

/// The points as subgroups, each with a mean and a standard deviation.
fn groups(
    points: &[Point],
    states: &[PointState],
    is_base: impl Fn(usize) -> bool,
) -> Vec<Subgroup> {
    let group = |(i, point): (usize, &Point)| Subgroup {
        mean: point.value.unwrap_or(f64::NAN),
        sd: point.sd.unwrap_or(f64::NAN),
        size: point.n.map_or(0, |n| n as usize),
        base: is_base(i) && states[i] == PointState::Judged,
    };
    points.iter().enumerate().map(group).collect()
}

/// Whether the limits mean something; `values` are those judged, of all and of the baseline.
fn limits_status(
    chart: Chart,
    found: &centre::Lines,
    (values, baseline_values): (usize, usize),
    rules: &Rules,
) -> LimitsStatus {
    if !chart.has_limits() {
        LimitsStatus::NoLimits
    } else if !found.enough {
        LimitsStatus::TooFew
    } else if values < rules.trial_below || baseline_values < MIN_POINTS_FOR_LIMITS {
        LimitsStatus::Trial
    } else if found.flat {
        LimitsStatus::NoVariation
    } else if found.screened_to_zero {
        LimitsStatus::ScreenedToZero
    } else {
        LimitsStatus::Ok
    }
}

/// The side of the centre on which at least three quarters of the newest useful values lie, as many as chance gives in a
/// row. One value alone would turn improvement into concern and back from week to week.
fn recent_side(
    sides: impl DoubleEndedIterator<Item = i8>,
    longest_run_max: Option<usize>,
) -> Option<Side> {
    let newest: Vec<Side> = sides
        .rev()
        .filter_map(Side::of)
        .take(longest_run_max?)
        .collect();
    [Side::High, Side::Low].into_iter().find(|side| {
        let there = newest.iter().filter(|other| *other == side).count();
        there > 0 && 4 * there >= 3 * newest.len()
    })
}

/// The values that can be judged, in order.
pub(super) fn values(points: &[Point], chart: Chart) -> Vec<Option<f64>> {
    let plotted = plotted(points, &vec![None; points.len()], chart);
    points
        .iter()
        .zip(plotted)
        .map(|(point, value)| Some(value).filter(|v| point.judged && !v.is_nan()))
        .collect()
}

/// What is plotted; `NaN` where there is nothing.
fn plotted(points: &[Point], left_out: &[Option<PointState>], chart: Chart) -> Vec<f64> {
    let own = |point: &Point| {
        let value = if chart == Chart::S {
            point.sd
        } else {
            point.value
        };
        match (value, point.n) {
            _ if is_impossible(point, chart) => f64::NAN,
            (None, _) | (Some(_), Some(0.0)) => f64::NAN,
            (Some(value), Some(n)) if chart.plots_ratio() => value / n,
            (Some(value), _) => value,
        }
    };
    let values = points.iter().map(own);
    if chart != Chart::Mr {
        return values.collect();
    }
    // Moving ranges pass over points left out; an unfinished period has none and gives none.
    let mut last = f64::NAN;
    values
        .zip(points.iter().zip(left_out))
        .map(|(value, (point, left_out))| {
            if left_out.is_some() {
                return f64::NAN;
            }
            let value = if point.judged { value } else { f64::NAN };
            (value - std::mem::replace(&mut last, value)).abs()
        })
        .collect()
}

fn mark(readings: &[Reading], chart: Chart, rules: &Rules, marks: &mut [Marks]) {
    let applies = chart.applicable();
    if applies.astronomical {
        for (marks, reading) in marks.iter_mut().zip(readings) {
            marks.astronomical = reading.beyond_limit;
        }
    }
    if chart == Chart::Run && rules.rules_on_run_charts {
        return mark_as_perla(readings, rules, marks);
    }
    if !rules.stretch_rules {
        return;
    }
    if applies.trend {
        let same = |a: f64, b: f64| rules.compare(a, b) == 0;
        rules::trend(
            readings,
            rules.trend,
            rules.ties,
            rules.gaps,
            same,
            |i, side| marks[i].add_trend(side),
        );
    }
    if applies.two_in_three {
        rules::two_in_three(readings, rules.two_in_three, |i, side| {
            marks[i].two_in_three = side
        });
    }
    if applies.shift {
        rules::shift(readings, rules.shift, rules.ties, rules.gaps, |i, side| {
            marks[i].shift = side
        });
    }
}

fn mark_as_perla(readings: &[Reading], rules: &Rules, marks: &mut [Marks]) {
    let values: Vec<Option<f64>> = readings
        .iter()
        .map(|r| (!r.value.is_nan()).then_some(r.value))
        .collect();
    // Shifts around 0 of the sides, which already know what counts as on the centre.
    let sides: Vec<Option<f64>> = readings
        .iter()
        .map(|r| (!r.value.is_nan()).then_some(f64::from(r.side)))
        .collect();
    let sign = |side| if side == Side::High { 1 } else { -1 };
    for shift in perla::shifts(&sides, 0.0, rules.shift) {
        shift
            .points
            .into_iter()
            .for_each(|i| marks[i].shift = sign(shift.side));
    }
    for trend in perla::trends(&values, rules.trend) {
        trend
            .points
            .into_iter()
            .for_each(|i| marks[i].add_trend(sign(trend.side)));
    }
}

/// Marks the values of every run longer than chance explains.
fn mark_long_runs(readings: &[Reading], analysis: &Analysis, marks: &mut [Marks]) {
    let side = |i: usize| analysis.side(readings[i].side);
    let useful: Vec<usize> = (0..readings.len())
        .filter(|&i| !readings[i].is_missing() && side(i) != 0)
        .collect();
    for run in useful.chunk_by(|&a, &b| side(a) == side(b)) {
        for &i in run {
            if analysis.is_long(side(i), run.len()) {
                marks[i].long_run = side(i);
            }
        }
    }
}

/// Fewer values since the baseline say too little about it.
const ENOUGH_SINCE: usize = 12;

/// More than half of the values since the baseline are special.
fn is_outgrown(since: &[PointVerdict]) -> bool {
    let judged = || since.iter().filter(|p| p.state == PointState::Judged);
    let special = judged().filter(|p| !p.signals.is_empty()).count();
    let values = judged().count();
    values >= ENOUGH_SINCE && 2 * special > values
}
