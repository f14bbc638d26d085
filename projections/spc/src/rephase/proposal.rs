//! A proposal to start a new phase, and its evidence.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::chart::Chart;
use crate::evidence::difference;
use crate::judge::{OF_THE_SEASON, judge, meaning, year_before};
use crate::numerics::summary;
use crate::profile::Profile;
use crate::runs::Side;
use crate::series::{Direction, JudgeError, Options, Point};
use crate::verdict::{PhaseVerdict, PointState, Variation, Verdict};

/// Useful observations in a row on one side that are evidence of a new level.
const RUN: usize = 9;
/// What chance may give to the better side between the values before the start and those since. The start is where the
/// difference looks largest, and a baseline is for years: so this asks for far more than a sign of a change does.
const CHANCE: f64 = 0.00001;

/// A new phase that a person may accept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RephaseProposal {
    /// Index of the point at which the new phase would start: the first of the run.
    pub start: usize,
    /// Centre of the latest phase so far.
    pub centre_before: f64,
    /// Centre of the values from the start on.
    pub centre_after: f64,
    /// Where the new level lies.
    pub side: Side,
    /// What that means.
    pub variation: Variation,
    /// Length of the run that begins at the start, values on the old centre passed over.
    pub run: usize,
    /// Values off the old centre since the start, the run included.
    pub values_since: usize,
    /// How many of them lie on the side of the new level.
    pub values_on_side: usize,
    /// The proposal in plain words.
    pub why: String,
}

/// Whether the values since lie to the side by more than chance gives.
fn is_sure(before: &[f64], since: &[f64], side: Side) -> bool {
    let found = difference(before, since);
    found.is_some_and(|found| match side {
        Side::High => found.p_up <= CHANCE,
        Side::Low => found.p_down <= CHANCE,
    })
}

/// Whether the season may explain the values since a start: the same periods of the year before lay most of the way
/// there. Where less than half of them are known, a season would turn within three quarters of a year.
fn is_season(verdict: &Verdict, phase: &PhaseVerdict, start: usize, season: usize) -> bool {
    let judged = |span: Range<usize>| {
        let of_span = span.filter_map(|i| verdict.points.get(i).map(|point| (i, point)));
        of_span.filter(|(_, point)| point.state == PointState::Judged)
    };
    let mean = |span: Range<usize>| summary::mean(judged(span).filter_map(|(_, p)| p.value));
    let (before, since) = (mean(phase.first..start), mean(start..phase.end));
    let then: Vec<f64> = judged(start..phase.end)
        .filter_map(|(i, _)| year_before(verdict, i, season)?.value)
        .collect();
    if 2 * then.len() < judged(start..phase.end).count() {
        return 4 * (phase.end - start) <= 3 * season;
    }
    (summary::mean(then) - before) / (since - before) >= OF_THE_SEASON
}

/// Looks for a lasting change in the latest phase and proposes to start a new phase there.
///
/// The first 13 values of the phase (8 in the profile [`Profile::His`], or [`Options::baseline`] of them) give the
/// old centre. The first run after them of 9 or more useful observations on the better side is the evidence; gaps and values on the centre are
/// passed over. There is no proposal if more than a quarter of the values since lie on the other side again, if they differ from those
/// before by no more than chance gives once in 100,000 charts, or where the season may explain them ([`Options::season`]):
/// the same periods of the year before lay there too, or are not known and three quarters of a year are not over. A change for the worse is never proposed: it is a reason to act, not to redraw. The profiles
/// [`Profile::Runcharter`] and [`Profile::His`] propose at any run, either way. Without a better direction either side will do.
///
/// ```
/// use joinedup_spc::{Chart, Direction, Options, Point, propose_rephase};
/// let level = |week: usize| if week < 15 { 30.0 } else { 24.0 };
/// let points: Vec<Point> = (0..26).map(|w| Point::new(format!("{w}"), level(w) + (w % 3) as f64)).collect();
/// let proposal = propose_rephase(&points, &Options::new(Chart::Run, Direction::Down))?.unwrap();
/// assert_eq!((proposal.start, proposal.centre_after), (15, 25.0));
/// # Ok::<(), joinedup_spc::JudgeError>(())
/// ```
pub fn propose_rephase(
    points: &[Point],
    options: &Options,
) -> Result<Option<RephaseProposal>, JudgeError> {
    let first_values = if options.profile == Profile::His {
        8
    } else {
        13
    };
    let baseline = options.baseline.unwrap_or(first_values);
    let verdict = judge(
        points,
        &Options {
            baseline: Some(baseline),
            ..options.clone()
        },
    )?;
    let rules = options.effective_rules();
    let Some((phase, centre_before)) = verdict
        .phases
        .last()
        .and_then(|phase| Some((phase, phase.centre?)))
    else {
        return Ok(None);
    };
    let off_centre: Vec<(usize, f64, Side)> = (phase.first..phase.end)
        .filter(|&i| verdict.points[i].state == PointState::Judged)
        .skip(baseline)
        .filter_map(|i| {
            let value = verdict.points[i].value?;
            Some((i, value, Side::of(rules.compare(value, centre_before))?))
        })
        .collect();
    let any_side = matches!(options.profile, Profile::Runcharter | Profile::His);
    let wanted = |side: Side| match options.direction {
        Direction::Neutral => true,
        Direction::Up => any_side || side == Side::High,
        Direction::Down => any_side || side == Side::Low,
    };
    let mut at = 0;
    for run in off_centre.chunk_by(|a, b| a.2 == b.2) {
        let (start, _, side) = run[0];
        if run.len() >= RUN && wanted(side) {
            let since = &off_centre[at..];
            let values_on_side = since.iter().filter(|(_, _, here)| *here == side).count();
            if values_on_side * 4 < since.len() * 3 {
                return Ok(None);
            }
            let values = |span: Range<usize>| -> Vec<f64> {
                span.filter(|&i| verdict.points[i].state == PointState::Judged)
                    .filter_map(|i| verdict.points[i].value)
                    .collect()
            };
            let (before, since_start) = (values(phase.first..start), values(start..phase.end));
            let of_season = |season| is_season(&verdict, phase, start, season);
            let is_lasting = !options.season.is_some_and(of_season);
            if !(any_side || is_lasting && is_sure(&before, &since_start, side)) {
                return Ok(None);
            }
            let centre_after = if options.chart == Chart::Run {
                summary::median(since_start)
            } else {
                summary::mean(since_start)
            };
            let word = if side == Side::High { "above" } else { "below" };
            // Of all values, those on the centre among them: who counts on the chart finds as many.
            let all = values(start..phase.end).len();
            let on_it = match all - since.len() {
                0 => String::new(),
                n => format!(" and {n} on it"),
            };
            let why = format!(
                "{values_on_side} of {all} values since then were {word} the centre{on_it}. Agree one if you know the cause and expect it to last."
            );
            return Ok(Some(RephaseProposal {
                start,
                centre_before,
                centre_after,
                side,
                variation: meaning(side, options.direction),
                run: run.len(),
                values_since: since.len(),
                values_on_side,
                why,
            }));
        }
        at += run.len();
    }
    Ok(None)
}
