//! Whether the process as it is meets its target.

use crate::rules::Rules;
use crate::series::{Direction, Options};
use crate::verdict::{Assurance, LimitsStatus, PhaseVerdict, PointState, PointVerdict, Verdict};

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

/// The assurance icon; none without a target, a direction or limits to believe.
pub(super) fn assurance(
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
