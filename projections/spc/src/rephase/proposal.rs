//! A proposal to start a new phase, and its evidence.

use serde::{Deserialize, Serialize};

use crate::chart::Chart;
use crate::judge::{judge, meaning};
use crate::numerics::summary;
use crate::profile::Profile;
use crate::runs::Side;
use crate::series::{Direction, JudgeError, Options, Point};
use crate::verdict::{PointState, Variation};

/// Useful observations in a row on one side that are evidence of a new level.
const RUN: usize = 9;

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

/// Looks for a lasting change in the latest phase and proposes to start a new phase there.
///
/// The first 13 values of the phase (8 in the profile [`Profile::His`], or [`Options::baseline`] of them) give the
/// old centre. The first run after them of 9 or more useful observations on the better side is the evidence; gaps and values on the centre are
/// passed over. There is no proposal if more than a quarter of the values since lie on the other side again. In the product profile a
/// change for the worse is never proposed: it is a reason to act, not to redraw. The profiles [`Profile::Runcharter`]
/// and [`Profile::His`] propose either way. Without a better direction either side will do.
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
            let values = (start..phase.end)
                .filter(|&i| verdict.points[i].state == PointState::Judged)
                .filter_map(|i| verdict.points[i].value);
            let centre_after = if options.chart == Chart::Run {
                summary::median(values)
            } else {
                summary::mean(values)
            };
            let word = if side == Side::High { "above" } else { "below" };
            let why = format!(
                "{} values in a row from {} on lie {word} the centre so far, and {values_on_side} of {} since. Start a new phase there if the cause is known and the change is expected to last.",
                run.len(),
                points[start].x,
                since.len(),
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
