//! From a series to a verdict.

mod assurance;
mod centre;
mod conclusion;
mod phase;
mod words;

use std::ops::Range;

use conclusion::conclude;
pub(crate) use conclusion::{OF_THE_SEASON, year_before};

use crate::runs::Side;
use crate::sampling::Sampling;
use crate::series::{
    Direction, JudgeError, Options, Point, check_options, check_point, check_shares,
};
use crate::verdict::{LimitsStatus, PointState, Variation, Verdict};

/// Judges a series.
///
/// Phases are judged each on its own. In a phase:
///
/// 1. A period without a value is a gap: moving ranges do not bridge it, and it ends shifts and trends. An unfinished period
///    counts for nothing but is drawn. An excluded point is drawn, and its neighbours become adjacent.
/// 2. Centre and limits come from all values, or from the first [`Options::baseline`] of them.
/// 3. Where neighbours are too alike, [`Options::sampling`] says which points are judged; the others are drawn.
/// 4. The rules of the profile mark points; runs and crossings are counted over the whole phase.
///
/// The variation icon is that of the latest judged point with a value, and it alerts when it is special: what does not reach
/// that point is of the past. Profiles that judge whole phases ([`crate::rules::AlertOn`]) look at the runs of its phase too.
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
    let mut verdict = without_news(points, options);
    verdict.is_new = is_new(&verdict, points, options);
    Ok(verdict)
}

/// Everything but whether the alert is new, for which the same series is judged once more without its latest period.
fn without_news(points: &[Point], options: &Options) -> Verdict {
    let rules = options.effective_rules();
    let spans = spans(points.len(), options);
    let (step, left_out) = left_out(points, &spans, options);
    let mut verdict = Verdict {
        points: Vec::with_capacity(points.len()),
        phases: Vec::with_capacity(spans.len()),
        latest: None,
        limits_status: LimitsStatus::TooFew,
        variation: Variation::NotJudged,
        assurance: None,
        alert: false,
        is_new: false,
        alert_rules: Vec::new(),
        past: Vec::new(),
        ended: None,
        seasonal: false,
        step,
        profile: options.profile,
        judged_by: words::judged_by(options.chart, &rules),
        why: String::new(),
    };
    for (number, span) in spans.into_iter().enumerate() {
        let (phase, judged) = phase::judge_phase(points, &left_out, span, number, options, &rules);
        verdict.phases.push(phase);
        verdict.points.extend(judged);
    }
    conclude(&mut verdict, points, options, &rules);
    verdict
}

/// Whether an alert is there for the first time. What a phase of two years shows on its last day it mostly showed the day before.
fn is_new(verdict: &Verdict, points: &[Point], options: &Options) -> bool {
    let (true, Some(latest)) = (verdict.alert, verdict.latest) else {
        return false;
    };
    let earlier = |indices: &[usize]| indices.iter().copied().filter(|&i| i < latest).collect();
    let before = Options {
        phases: earlier(&options.phases),
        excluded: earlier(&options.excluded),
        now: None,
        ..options.clone()
    };
    let before = without_news(&points[..latest], &before);
    !before.alert || before.variation != verdict.variation
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
        && verdict.profile == options.profile
        // How far apart judged points lie may depend on every point there is.
        && options.sampling != Sampling::UntilIndependent;
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
    let (_, left_out) = left_out(points, &spans, options);
    let replaced = span.start..span.end.min(before);
    let (phase, judged) = phase::judge_phase(points, &left_out, span, number, options, &rules);
    verdict.phases[number] = phase;
    verdict.points.splice(replaced, judged);
    conclude(verdict, points, options, &rules);
    verdict.is_new = is_new(verdict, points, options);
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

/// The step from one judged point to the next, and the points that are drawn only, with the reason.
fn left_out(
    points: &[Point],
    spans: &[Range<usize>],
    options: &Options,
) -> (usize, Vec<Option<PointState>>) {
    let mut left_out = vec![None; points.len()];
    let (step, offset) = match options.sampling {
        Sampling::UntilIndependent => {
            let values = |span: &Range<usize>| phase::values(&points[span.clone()], options.chart);
            let values: Vec<Vec<Option<f64>>> = spans.iter().map(values).collect();
            options.sampling.places(&values)
        }
        sampling => sampling.places(&[]),
    };
    if step > 1 {
        for (index, state) in left_out.iter_mut().enumerate() {
            *state = (index % step != offset).then_some(PointState::NotSampled);
        }
    }
    for &index in &options.excluded {
        if let Some(state) = left_out.get_mut(index) {
            *state = Some(PointState::Excluded);
        }
    }
    (step, left_out)
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
