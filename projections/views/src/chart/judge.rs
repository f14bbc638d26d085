//! From points to the series that chart rules judge, and back.

use super::{
    ChartPastChange, ChartPhase, ChartPoint, ChartQuery, ChartSignal, ChartVerdict, median,
};
use crate::measure::{Aggregate, ChartKind, Direction, Measure, Shape};
use crate::period::{Grain, in_a_year, periods};
use crate::point::{Point, State};
use chrono::{Datelike, NaiveDate, Weekday};
use joinedup_events::local;
use joinedup_spc::rules::{Rule, Signal};
use joinedup_spc::runs::Side;
use joinedup_spc::{
    Chart as SpcChart, Direction as SpcDirection, Method, Options, Point as SpcPoint, PointState,
    Quantity, Sampling, Variation, Verdict, choose_chart,
};
use std::collections::{BTreeMap, BTreeSet};

/// The fewest values that have a level.
const MIN_LEVEL: usize = 3;

/// What came of judging.
pub(super) struct Judged {
    pub kind: ChartKind,
    pub name: String,
    pub is_run: bool,
    pub verdict: Option<Verdict>,
    pub warnings: Vec<String>,
    /// The periods from which on a further part of the area is counted.
    pub joined: Vec<usize>,
}

pub(super) fn judge(query: &ChartQuery<'_>, points: &[Point]) -> Judged {
    let measure = query.points.measure;
    let kind = query.kind.unwrap_or(measure.chart);
    let mut judged = Judged {
        kind,
        name: kind.word().to_owned(),
        is_run: false,
        verdict: None,
        warnings: Vec::new(),
        joined: Vec::new(),
    };
    if !kind.is_judged() {
        return judged;
    }
    let spc_chart = match kind {
        ChartKind::Xmr => SpcChart::Xmr,
        ChartKind::Auto => auto(query, points),
        _ => SpcChart::Run,
    };
    judged.name = spc_chart.name().to_owned();
    judged.is_run = spc_chart == SpcChart::Run;
    if !points.iter().any(Point::is_judged) {
        return judged;
    }
    let series = series(points, spc_chart);
    let options = Options {
        target: query.target.or(measure.target.map(|t| t.0)),
        baseline: match usize::from(measure.baseline) {
            0 => None,
            few => Some(few.max(2)),
        },
        phases: phase_starts(query, points, &mut judged),
        period: query.points.grain.code().to_owned(),
        unit: measure.shape().written(measure.unit()).to_owned(),
        sampling: sampling(
            measure,
            query.points.grain,
            points.first().map(|p| p.period_start),
        ),
        now: now(query, points),
        season: in_a_year(query.points.grain),
        ..Options::new(spc_chart, spc_direction(measure.direction))
    };
    match joinedup_spc::judge(&series, &options) {
        Ok(verdict) => judged.verdict = Some(verdict),
        Err(error) => judged
            .warnings
            .push(format!("The points could not be judged. {error}")),
    }
    judged
}

/// Neighbouring days of a stock are mostly the same people, so all days are drawn and Wednesdays judged: those have the weekend
/// behind them and before them alike, and twelve of them are as long a time as twelve weeks.
pub(crate) fn sampling(measure: &Measure, grain: Grain, first: Option<NaiveDate>) -> Sampling {
    let is_stock = matches!(
        measure.aggregate,
        Aggregate::Level | Aggregate::LevelRatio | Aggregate::LongestOpen
    );
    match first {
        Some(first) if is_stock && grain == Grain::Day => Sampling::OneIn {
            step: 7,
            offset: Weekday::Wed.days_since(first.weekday()) as usize,
        },
        _ => Sampling::Every,
    }
}

/// The better side, as the rules know it.
pub(crate) const fn spc_direction(direction: Direction) -> SpcDirection {
    match direction {
        Direction::Up => SpcDirection::Up,
        Direction::Down => SpcDirection::Down,
        Direction::None => SpcDirection::Neutral,
    }
}

/// The index of the period that holds the present moment, counted on beyond the last point where a series has ended.
fn now(query: &ChartQuery<'_>, points: &[Point]) -> Option<usize> {
    let first = points.first()?.period_start;
    let today = local::date(query.points.now);
    periods(query.points.grain, first, today)
        .count()
        .checked_sub(1)
}

/// The chart that suits the data, of those that points of periods can be drawn on.
fn auto(query: &ChartQuery<'_>, points: &[Point]) -> SpcChart {
    let measure = query.points.measure;
    let (quantity, with_n) = match measure.shape() {
        Shape::Proportion => (Quantity::Proportion, SpcChart::P),
        Shape::Rate => (Quantity::Rate, SpcChart::U),
        Shape::Count => (Quantity::Count, SpcChart::C),
        Shape::Value
            if matches!(
                measure.aggregate,
                Aggregate::Median | Aggregate::Percentile(_)
            ) =>
        {
            (Quantity::Duration, SpcChart::Run)
        }
        Shape::Value => (Quantity::Measurement, SpcChart::Xmr),
    };
    let choice = choose_chart(quantity, &series(points, with_n));
    match choice.method {
        // Charts of the time between events need the events, not periods.
        Method::Chart(SpcChart::T | SpcChart::G) => SpcChart::Run,
        Method::Chart(chart) => chart,
        Method::BernoulliCusum | Method::Funnel => SpcChart::Run,
    }
}

/// The series for a chart: numerators and denominators where its limits need them, values elsewhere.
fn series(points: &[Point], chart: SpcChart) -> Vec<SpcPoint> {
    let parts = chart.needs_denominator();
    points
        .iter()
        .map(|point| {
            let (value, n) = match (parts, point.value) {
                (_, None) => (None, None),
                (true, Some(_)) => (point.numerator, point.denominator),
                (false, value) => (value, None),
            };
            SpcPoint {
                // Only its place matters to the rules; the words of the verdict name it.
                x: point.period_start.format("%-d %B %Y").to_string(),
                value,
                n: n.filter(|_| value.is_some()),
                sd: None,
                judged: !matches!(point.state, State::Incomplete | State::Provisional),
            }
        })
        .collect()
}

/// Where the centre line starts afresh: the first period that begins on or after each date, or holds it.
fn phase_starts(query: &ChartQuery<'_>, points: &[Point], judged: &mut Judged) -> Vec<usize> {
    let start_of = |date: NaiveDate| {
        let at = points.iter().position(|p| p.period_end > date);
        at.filter(|at| *at > 0)
    };
    let mut starts: BTreeSet<usize> = BTreeSet::new();
    for date in query.rebases {
        match start_of(*date) {
            Some(at) => _ = starts.insert(at),
            None => judged.warnings.push(format!(
                "A fresh centre line from {date} was left out: the chart has no point before it, or none from it on."
            )),
        }
    }
    let mut joined: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (part, day) in query.joined {
        if let Some(at) = start_of(*day) {
            joined.entry(at).or_default().push(part);
        }
    }
    for (at, parts) in joined {
        let who = match parts.as_slice() {
            [one] => (*one).to_owned(),
            [one, other] => format!("{one} and {other}"),
            more => format!("{} places", more.len()),
        };
        let began = points[at].period_start.format("%-d %B %Y");
        judged.warnings.push(format!(
            "The data of {who} begin in the period from {began}. The values before are without them, so the centre line starts afresh."
        ));
        judged.joined.push(at);
        starts.insert(at);
    }
    starts.into_iter().collect()
}

pub(super) fn annotate(points: Vec<Point>, verdict: Option<&Verdict>) -> Vec<ChartPoint> {
    points
        .into_iter()
        .enumerate()
        .map(|(at, point)| {
            let judged = verdict.and_then(|v| v.points.get(at));
            ChartPoint {
                point,
                centre: judged.and_then(|j| j.centre),
                lcl: judged.and_then(|j| j.lcl),
                ucl: judged.and_then(|j| j.ucl),
                signals: judged.map(|j| j.signals.clone()).unwrap_or_default(),
                variation: judged
                    .map(|j| j.variation)
                    .filter(|v| *v != Variation::NotJudged),
                phase: judged.map_or(0, |j| j.phase),
                is_sampled: judged.is_none_or(|j| j.state != PointState::NotSampled),
            }
        })
        .collect()
}

pub(super) fn phases(
    points: &[ChartPoint],
    verdict: &Verdict,
    joined: &[usize],
) -> Vec<ChartPhase> {
    verdict
        .phases
        .iter()
        .filter_map(|phase| {
            let first = points.get(phase.first)?;
            let last = points.get(phase.end.checked_sub(1)?)?;
            Some(ChartPhase {
                start: first.point.period_start,
                end: last.point.period_end,
                centre: phase.centre,
                judged: phase.values,
                baseline: phase.baseline_values,
                useful: phase.runs.n_useful,
                longest_run: phase.runs.longest_run,
                crossings: phase.runs.crossings,
                runs_signal: phase.runs_signal,
                joined: joined.contains(&phase.first),
            })
        })
        .collect()
}

pub(super) fn verdict(points: &[ChartPoint], verdict: Verdict, is_run: bool) -> ChartVerdict {
    let signals = points
        .iter()
        .flat_map(|p| {
            p.signals.iter().map(|signal| ChartSignal {
                period_start: p.point.period_start,
                signal: *signal,
            })
        })
        .collect();
    let centre = verdict.phases.last().and_then(|p| p.centre);
    let latest = verdict.latest.and_then(|at| points.get(at));
    let of = |rules: &[Rule]| signalling(points, rules, side(verdict.variation));
    let differing = if verdict.alert_rules == [Rule::LevelChange] {
        since_the_change(points)
    } else if verdict.alert_rules.contains(&Rule::LongRun) {
        // A run begins with its first value: that is the day which its sentence names.
        of(&[Rule::LongRun])
    } else {
        differing(&of(&verdict.alert_rules), centre, is_run).to_vec()
    };
    ChartVerdict {
        median: centre.filter(|_| is_run),
        centre,
        lcl: latest.and_then(|p| p.lcl),
        ucl: latest.and_then(|p| p.ucl),
        signals,
        variation: verdict.variation,
        assurance: verdict.assurance,
        alert: verdict.alert,
        p_value: verdict.p_value(),
        is_new: verdict.is_new,
        since: differing.first().map(|p| p.point.period_start),
        lately: level(&differing, is_run),
        alert_rules: verdict.alert_rules,
        past: verdict
            .past
            .iter()
            .filter_map(|past| {
                Some(ChartPastChange {
                    from: points.get(past.first)?.point.period_start,
                    to: points.get(past.last)?.point.period_end,
                })
            })
            .collect(),
        judged_by: verdict.judged_by,
        limits_status: verdict.limits_status,
        profile: verdict.profile,
        latest: latest.map(|p| p.point.period_start),
        why: verdict.why,
    }
}

/// The judged points since the level is another, whichever side of the line each of them is on.
fn since_the_change(points: &[ChartPoint]) -> Vec<&ChartPoint> {
    let is_of_it = |p: &ChartPoint| p.signals.iter().any(|s| s.rule == Rule::LevelChange);
    let read = points.iter().filter(|p| p.variation.is_some());
    read.skip_while(|p| !is_of_it(p)).collect()
}

/// The side on which the latest values lie that are special.
fn side(variation: Variation) -> Option<Side> {
    use Variation::{ConcernHigh, ConcernLow, ImprovementHigh, ImprovementLow};
    match variation {
        ConcernHigh | ImprovementHigh | Variation::NeitherHigh => Some(Side::High),
        ConcernLow | ImprovementLow | Variation::NeitherLow => Some(Side::Low),
        _ => None,
    }
}

/// The latest points in a row that meet a rule behind the alert, on its side: an improvement that a worsening follows is not of it.
fn signalling<'p>(
    points: &'p [ChartPoint],
    rules: &[Rule],
    side: Option<Side>,
) -> Vec<&'p ChartPoint> {
    let is_of_it = |signal: &Signal| {
        rules.contains(&signal.rule) && side.is_none_or(|side| signal.side == side)
    };
    let meets = |p: &&ChartPoint| p.signals.iter().any(is_of_it);
    // Of a stock only one weekday is read.
    let read = points.iter().rev().filter(|p| p.variation.is_some());
    let mut latest: Vec<&ChartPoint> = read.take_while(meets).collect();
    latest.reverse();
    latest
}

/// Of points that meet a rule the ones since which the level is another: a rule that looks at twelve values or at a run marks
/// some that came before. The first is where the values before lie closest to the centre line and the others to a level of their
/// own, by the sum of distances.
fn differing<'a, 'p>(
    points: &'a [&'p ChartPoint],
    centre: Option<f64>,
    is_run: bool,
) -> &'a [&'p ChartPoint] {
    let distance = |points: &[&ChartPoint], level: f64| -> f64 {
        let values = points.iter().filter_map(|p| p.point.value);
        values.map(|value| (value - level).abs()).sum()
    };
    let split = |at: &usize| {
        let (before, since) = points.split_at(*at);
        Some(distance(before, centre?) + distance(since, level(since, is_run)?))
    };
    let splits = (0..points.len()).filter_map(|at| Some((at, split(&at)?)));
    let first = splits.min_by(|a, b| a.1.total_cmp(&b.1));
    points.split_at(first.map_or(0, |(at, _)| at)).1
}

/// The level of points: as their centre line is, the median or the mean. One or two values are not a level.
fn level(points: &[&ChartPoint], is_run: bool) -> Option<f64> {
    let values: Vec<f64> = points.iter().filter_map(|p| p.point.value).collect();
    if values.len() < MIN_LEVEL {
        return None;
    }
    match is_run {
        true => median(&values),
        false => Some(values.iter().sum::<f64>() / values.len() as f64),
    }
}
