//! From a series to a verdict.

mod centre;
mod phase;
mod words;

use std::ops::Range;

use crate::chart::Chart;
use crate::rules::{Rule, Rules};
use crate::runs::Side;
use crate::series::{
    Direction, JudgeError, Options, Point, check_options, check_point, check_shares,
};
use crate::verdict::{
    Assurance, LimitsStatus, PhaseVerdict, PointState, PointVerdict, Variation, Verdict,
};

/// Judges a series.
///
/// Phases are judged each on its own. In a phase:
///
/// 1. A period without a value is a gap: moving ranges do not bridge it, and it ends shifts and trends. An unfinished period
///    counts for nothing but is drawn. An excluded point is drawn, and its neighbours become adjacent.
/// 2. Centre and limits come from all values, or from the first [`Options::baseline`] of them.
/// 3. The rules of the profile mark points; runs and crossings are counted over the whole phase.
///
/// The variation icon is that of the latest judged point with a value (on a run chart, of the runs of the latest phase).
/// The assurance icon compares the target with the widest limits of that phase: strictly beyond both is pass or fail,
/// on a limit is hit or miss; where there is no variation a target equal to the value is met. A run chart has one where
/// every value is the same.
///
/// Linear in the number of points. For one new or corrected point see [`rejudge`].
///
/// ```
/// use joinedup_spc::{Chart, Direction, LimitsStatus, Options, Point, Variation, judge};
///
/// let hours = [31., 28., 30., 27., 29., 31., 30., 28., 29., 30., 27., 31., 29., 12.];
/// let points: Vec<Point> = hours.iter().enumerate().map(|(i, h)| Point::new(format!("week {i}"), *h)).collect();
/// let verdict = judge(&points, &Options::new(Chart::Xmr, Direction::Down))?;
/// assert_eq!(verdict.variation, Variation::ImprovementLow);
/// assert!(verdict.alert && verdict.limits_status == LimitsStatus::Ok);
/// # Ok::<(), joinedup_spc::JudgeError>(())
/// ```
pub fn judge(points: &[Point], options: &Options) -> Result<Verdict, JudgeError> {
    check_options(points.len(), options)?;
    for (index, point) in points.iter().enumerate() {
        check_point(index, point, options.chart)?;
    }
    check_shares(points, options.chart)?;
    let rules = options.effective_rules();
    let excluded = excluded_flags(points.len(), options);
    let spans = spans(points.len(), options);
    let mut verdict = Verdict {
        points: Vec::with_capacity(points.len()),
        phases: Vec::with_capacity(spans.len()),
        latest: None,
        limits_status: LimitsStatus::TooFew,
        variation: Variation::NotJudged,
        assurance: None,
        alert: false,
        alert_rules: Vec::new(),
        profile: options.profile,
        why: String::new(),
    };
    for (number, span) in spans.into_iter().enumerate() {
        let (phase, judged) = phase::judge_phase(points, &excluded, span, number, options, &rules);
        verdict.phases.push(phase);
        verdict.points.extend(judged);
    }
    conclude(&mut verdict, options, &rules);
    Ok(verdict)
}

/// Brings a verdict up to date after one point was appended or corrected, recomputing only its phase.
///
/// `verdict` must be the verdict on `points` as they were, with the same options; `changed` is the index of the point that is new
/// or different. The result equals that of [`judge`] on the new points; where the verdict does not fit them it is that of
/// [`judge`] as well. On an error the verdict is left as it was.
pub fn rejudge(
    verdict: &mut Verdict,
    points: &[Point],
    changed: usize,
    options: &Options,
) -> Result<(), JudgeError> {
    let spans = spans(points.len(), options);
    let before = verdict.points.len();
    let fits = (before == points.len() || before + 1 == points.len() && changed == before)
        && verdict.phases.len() == spans.len()
        && verdict
            .phases
            .iter()
            .zip(&spans)
            .all(|(phase, span)| phase.first == span.start)
        && verdict.profile == options.profile;
    let place = spans.iter().position(|span| span.contains(&changed));
    let (true, Some(number)) = (fits, place) else {
        *verdict = judge(points, options)?;
        return Ok(());
    };
    check_options(points.len(), options)?;
    let span = spans[number].clone();
    for index in span.clone() {
        check_point(index, &points[index], options.chart)?;
    }
    check_shares(points, options.chart)?;
    let rules = options.effective_rules();
    let excluded = excluded_flags(points.len(), options);
    let replaced = span.start..span.end.min(before);
    let (phase, judged) = phase::judge_phase(points, &excluded, span, number, options, &rules);
    verdict.phases[number] = phase;
    verdict.points.splice(replaced, judged);
    conclude(verdict, options, &rules);
    Ok(())
}

/// Judges columns, as read from a table: labels, values, and denominators where the chart has them.
///
/// ```
/// use joinedup_spc::{Chart, Direction, Options, judge_columns};
/// let labels: Vec<String> = (1..=12).map(|month| format!("2025-{month:02}")).collect();
/// let late = vec![Some(9.0); 12];
/// let all = vec![Some(120.0); 12];
/// let verdict = judge_columns(&labels, &late, Some(&all), &Options::new(Chart::P, Direction::Down))?;
/// assert_eq!(verdict.points.len(), 12);
/// # Ok::<(), joinedup_spc::JudgeError>(())
/// ```
pub fn judge_columns(
    labels: &[String],
    values: &[Option<f64>],
    denominators: Option<&[Option<f64>]>,
    options: &Options,
) -> Result<Verdict, JudgeError> {
    let counted = denominators.map_or(labels.len(), <[_]>::len);
    if labels.len() != values.len() || labels.len() != counted {
        return Err(JudgeError::Lengths {
            labels: labels.len(),
            values: values.len(),
            denominators: counted,
        });
    }
    let points: Vec<Point> = labels
        .iter()
        .zip(values)
        .enumerate()
        .map(|(i, (x, value))| Point {
            x: x.clone(),
            value: *value,
            n: denominators.and_then(|n| n[i]),
            sd: None,
            judged: true,
        })
        .collect();
    judge(&points, options)
}

fn excluded_flags(points: usize, options: &Options) -> Vec<bool> {
    let mut flags = vec![false; points];
    for &index in &options.excluded {
        if let Some(flag) = flags.get_mut(index) {
            *flag = true;
        }
    }
    flags
}

fn spans(points: usize, options: &Options) -> Vec<Range<usize>> {
    let starts = std::iter::once(0).chain(options.phases.iter().copied());
    let ends = options.phases.iter().copied().chain([points]);
    starts
        .zip(ends)
        .map(|(start, end)| start..end)
        .filter(|span| !span.is_empty())
        .collect()
}

/// What a special cause to this side means.
pub(crate) fn meaning(side: Side, direction: Direction) -> Variation {
    match (direction, side) {
        (Direction::Up, Side::High) => Variation::ImprovementHigh,
        (Direction::Up, Side::Low) => Variation::ConcernLow,
        (Direction::Down, Side::Low) => Variation::ImprovementLow,
        (Direction::Down, Side::High) => Variation::ConcernHigh,
        (Direction::Neutral, Side::High) => Variation::NeitherHigh,
        (Direction::Neutral, Side::Low) => Variation::NeitherLow,
    }
}

/// Icons, alert and sentence from the points and phases.
fn conclude(verdict: &mut Verdict, options: &Options, rules: &Rules) {
    let latest = verdict
        .points
        .iter()
        .rposition(|point| point.state == PointState::Judged);
    verdict.latest = latest;
    let (Some(phase), Some(point)) = (
        verdict.phases.last(),
        latest.map(|latest| &verdict.points[latest]),
    ) else {
        verdict.limits_status = verdict
            .phases
            .last()
            .map_or(LimitsStatus::TooFew, |phase| phase.limits_status);
        verdict.variation = Variation::NotJudged;
        verdict.assurance = None;
        verdict.alert = false;
        verdict.alert_rules.clear();
        verdict.why = words::nothing_to_judge(!verdict.points.is_empty());
        return;
    };
    // A phase that has only begun may have no value yet; its predecessor's verdict is then the latest there is.
    let phase = verdict.phases.get(point.phase).unwrap_or(phase);
    let mut alert_rules: Vec<Rule> = point.signals.iter().map(|signal| signal.rule).collect();
    if phase.runs_signal {
        for (rule, met) in [
            (Rule::LongRun, phase.runs.long_run()),
            (Rule::FewCrossings, phase.runs.few_crossings()),
        ] {
            if met && !alert_rules.contains(&rule) {
                alert_rules.push(rule);
            }
        }
        if alert_rules.is_empty() {
            // The box limits may signal where neither Anhøj limit is passed.
            alert_rules.push(Rule::FewCrossings);
        }
    }
    let runs_decide = options.chart == Chart::Run && !rules.rules_on_run_charts;
    let variation = match (runs_decide, phase.runs_signal, phase.recent_side) {
        (true, true, Some(side)) => meaning(side, options.direction),
        (true, true, None) => Variation::Undirected,
        (true, false, _) if phase.values < rules.runs_from => Variation::NotJudged,
        _ => point.variation,
    };
    // Somebody has answered what the old phase said by starting the centre line afresh.
    let answered = point.phase + 1 < verdict.phases.len();
    let alert = !answered && (point.variation.is_special() || phase.runs_signal);
    let assurance = assurance(verdict, point, phase, options, rules);
    let status = phase.limits_status;
    let why = words::sentence(verdict, point, phase, variation, assurance, options, rules);
    verdict.limits_status = status;
    verdict.variation = variation;
    verdict.assurance = assurance;
    verdict.alert = alert;
    verdict.alert_rules = if alert { alert_rules } else { Vec::new() };
    verdict.why = why;
}

fn judged(verdict: &Verdict, phase: usize) -> impl Iterator<Item = &PointVerdict> {
    let in_phase =
        move |point: &&PointVerdict| point.phase == phase && point.state == PointState::Judged;
    verdict.points.iter().filter(in_phase)
}

/// The lowest and the highest limit of a phase: the next period's denominator may be as small as any so far, so the
/// limits of one large period promise nothing.
fn widest_limits(verdict: &Verdict, phase: usize) -> Option<(f64, f64)> {
    let limits = judged(verdict, phase).map(|point| point.lcl.zip(point.ucl));
    limits
        .reduce(|a, b| {
            let ((low, high), (lower, upper)) = (a?, b?);
            Some((low.min(lower), high.max(upper)))
        })
        .flatten()
}

/// A run chart has no limits; where every value is the same, as with 100 % every week, that value is both of them.
fn only_value(verdict: &Verdict, phase: usize, rules: &Rules) -> Option<(f64, f64)> {
    let mut values = judged(verdict, phase).filter_map(|point| point.value);
    let first = values.next()?;
    let same = values.all(|value| rules.compare(value, first) == 0);
    same.then_some((first, first))
}

fn assurance(
    verdict: &Verdict,
    point: &PointVerdict,
    phase: &PhaseVerdict,
    options: &Options,
    rules: &Rules,
) -> Option<Assurance> {
    let target = options.target?;
    let (lower, upper) = if options.chart.has_limits() {
        widest_limits(verdict, point.phase)?
    } else {
        only_value(verdict, point.phase, rules)?
    };
    let believable = match phase.limits_status {
        LimitsStatus::TooFew => false,
        LimitsStatus::NoLimits => phase.values >= rules.trial_below,
        LimitsStatus::Trial => rules.signal_on_trial,
        LimitsStatus::Ok | LimitsStatus::NoVariation | LimitsStatus::ScreenedToZero => true,
    };
    if !believable {
        return None;
    }
    let better_up = match options.direction {
        Direction::Up => true,
        Direction::Down => false,
        Direction::Neutral => return None,
    };
    let above = rules.compare(target, upper) > 0;
    let below = rules.compare(target, lower) < 0;
    let no_width = match phase.limits_status {
        LimitsStatus::NoVariation => rules.undo_empty_screening,
        status => status == LimitsStatus::NoLimits,
    };
    Some(match (above, below) {
        (false, false) if no_width => Assurance::Pass,
        (false, false) => Assurance::HitOrMiss,
        (above, _) if above == better_up => Assurance::Fail,
        _ => Assurance::Pass,
    })
}
