//! The special-cause rules that look at single points and short stretches, with every length a parameter.
//!
//! Four rules, in the order in which one of them gives a point its label: **astronomical** (beyond a control limit),
//! **trend** (so many points each higher than the last, or each lower), **two in three** (two of three consecutive
//! points beyond a warning limit), **shift** (so many consecutive points on one side of the centre). A point keeps
//! every rule it meets, so that a reader sees all the reasons, not only the first.

use serde::{Deserialize, Serialize};

use crate::limits::SigmaConstant;
use crate::runs::{RunsMethod, Side};

/// Why a point, or a phase, is special cause variation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Beyond an upper or lower control limit (three sigma).
    Astronomical,
    /// One of a stretch of points that all rise or all fall.
    Trend,
    /// Beyond a warning limit (two sigma), as is another of three consecutive points.
    TwoInThree,
    /// One of a stretch of points on one side of the centre, of a fixed length.
    Shift,
    /// One of a run on one side of the centre that is longer than chance explains.
    LongRun,
    /// One of the latest values, which lie to one side of those before by more than chance explains
    /// ([`crate::evidence::recent_shift`]).
    LevelChange,
    /// The phase crosses its centre less often than chance explains. Belongs to a phase, not to a point.
    FewCrossings,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 7] = [
        Self::Shift,
        Self::Trend,
        Self::LongRun,
        Self::LevelChange,
        Self::FewCrossings,
        Self::Astronomical,
        Self::TwoInThree,
    ];

    /// Its word in JSON, in labels and in tables.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Shift => "shift",
            Self::Trend => "trend",
            Self::LongRun => "long_run",
            Self::LevelChange => "level_change",
            Self::FewCrossings => "few_crossings",
            Self::Astronomical => "astronomical",
            Self::TwoInThree => "two_in_three",
        }
    }
}

/// One rule that a point meets, and to which side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Signal {
    /// The rule.
    pub rule: Rule,
    /// High or rising, low or falling.
    pub side: Side,
}

/// What a value exactly on the centre, or equal to its predecessor, does to a shift or trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// It ends the stretch (Making Data Count).
    Break,
    /// It neither adds nor breaks (Perla, IHI).
    Ignore,
}

/// What a missing period does to a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gaps {
    /// It ends the stretch: nobody knows what happened there.
    Break,
    /// Its neighbours count as adjacent.
    Bridge,
}

/// Which points make two in three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TwoInThree {
    /// Two beyond the warning limits, those beyond the control limits included, all three on one side of the centre:
    /// Making Data Count since November 2023.
    Current,
    /// As `Current`, but points beyond the control limits do not count: NHSRplotthedots 0.2.2.
    Former,
    /// Two beyond the same warning limit, the third anywhere: PowerBI-SPC.
    AnySide,
}

/// What an alert, and the variation icon with it, speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertOn {
    /// Signals that reach the latest judged period. Runs mark the points of every long run; that the centre is seldom crossed
    /// is of no period and belongs to the past.
    LatestPeriod,
    /// The latest judged point, and the runs of its whole phase however long ago they were.
    WholePhase,
}

/// Every choice that the rules leave open. [`crate::Profile::rules`] gives the sets in use; change single fields of one
/// of them rather than filling in a set by hand.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// Points that make a shift.
    pub shift: usize,
    /// Points that make a trend.
    pub trend: usize,
    /// Values on the centre or equal to their predecessor.
    pub ties: Ties,
    /// Missing periods.
    pub gaps: Gaps,
    /// Two in three.
    pub two_in_three: TwoInThree,
    /// Shift and trend on run charts too, which otherwise are judged by their runs alone.
    pub rules_on_run_charts: bool,
    /// Shift, trend and two in three at all; qicharts2 leaves them out on principle.
    pub stretch_rules: bool,
    /// How runs and crossings are judged.
    pub runs_method: RunsMethod,
    /// What an alert speaks of.
    pub alert_on: AlertOn,
    /// Useful observations from which on a runs signal is announced.
    pub runs_from: usize,
    /// Width of the limits of individuals.
    pub sigma: SigmaConstant,
    /// Leave moving ranges above 3.267 times their average out of the average, once.
    pub screen: bool,
    /// Where screening leaves no variation although there is some, use the unscreened average.
    pub undo_empty_screening: bool,
    /// Values this close to each other, relative to the larger, are equal. 0 compares exactly.
    pub tolerance: f64,
    /// Values in a phase below which its limits are trial limits.
    pub trial_below: usize,
    /// Judge points against trial limits, or only draw them.
    pub signal_on_trial: bool,
}

impl Rules {
    /// −1, 0 or 1 as `a` is below, as good as equal to, or above `b`; 0 if either is not a number.
    pub(crate) fn compare(&self, a: f64, b: f64) -> i8 {
        if (a - b).abs() <= self.tolerance * a.abs().max(b.abs()) {
            return 0;
        }
        i8::from(a > b) - i8::from(a < b)
    }
}

/// What the rules need to know of one point: its value (`NaN` when missing) and where it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    pub(crate) value: f64,
    /// −1, 0, 1: below, on, above the centre.
    pub(crate) side: i8,
    /// −1, 0, 1: beyond a warning limit, those beyond the control limits included.
    pub(crate) beyond_warning: i8,
    /// −1, 0, 1: beyond a control limit.
    pub(crate) beyond_limit: i8,
}

impl Reading {
    pub(crate) const MISSING: Reading = Reading {
        value: f64::NAN,
        side: 0,
        beyond_warning: 0,
        beyond_limit: 0,
    };

    pub(crate) fn is_missing(&self) -> bool {
        self.value.is_nan()
    }
}

/// Marks (with −1 or 1) every point that belongs to a stretch of `length` on one side.
pub(crate) fn shift(
    readings: &[Reading],
    length: usize,
    ties: Ties,
    gaps: Gaps,
    mut mark: impl FnMut(usize, i8),
) {
    let mut open = Open::default();
    for (i, reading) in readings.iter().enumerate() {
        if reading.is_missing() {
            if gaps == Gaps::Break {
                open = Open::default();
            }
        } else if reading.side == 0 {
            match ties {
                Ties::Break => open = Open::default(),
                // Marked only once the shift is long enough, so looked at again below.
                Ties::Ignore => open.tie_after_full(length, i, &mut mark),
            }
        } else {
            open.extend(reading.side, i);
            open.mark_from_first(length, i, readings, &mut mark);
        }
    }
}

/// A stretch under way: its direction, its length so far, and the first point of it not yet marked.
#[derive(Default)]
struct Open {
    direction: i8,
    count: usize,
    marked_to: usize,
}

impl Open {
    fn extend(&mut self, direction: i8, i: usize) {
        if direction == self.direction {
            self.count += 1;
        } else {
            *self = Open {
                direction,
                count: 1,
                marked_to: i,
            };
        }
    }

    fn mark_from_first(
        &mut self,
        length: usize,
        i: usize,
        readings: &[Reading],
        mark: &mut impl FnMut(usize, i8),
    ) {
        if self.count < length {
            return;
        }
        for (j, reading) in readings.iter().enumerate().take(i + 1).skip(self.marked_to) {
            if !reading.is_missing() {
                mark(j, self.direction);
            }
        }
        self.marked_to = i + 1;
    }

    fn tie_after_full(&mut self, length: usize, i: usize, mark: &mut impl FnMut(usize, i8)) {
        if self.count >= length.max(1) {
            mark(i, self.direction);
            self.marked_to = i + 1;
        }
    }
}

/// Marks every point of a trend of `length` points (`length` − 1 moves). Where one trend ends and the next begins,
/// their common point is marked for both, the later one last.
/// `same` says whether two values count as equal.
pub(crate) fn trend(
    readings: &[Reading],
    length: usize,
    ties: Ties,
    gaps: Gaps,
    same: impl Fn(f64, f64) -> bool,
    mut mark: impl FnMut(usize, i8),
) {
    let mut open = Open::default();
    // The last value that is not missing, and where the level of equal values that it ends began.
    let mut last: Option<(f64, usize)> = None;
    for (i, reading) in readings.iter().enumerate() {
        if reading.is_missing() {
            if gaps == Gaps::Break {
                (open, last) = (Open::default(), None);
            }
            continue;
        }
        let Some((before, level)) = last else {
            last = Some((reading.value, i));
            continue;
        };
        if same(reading.value, before) {
            match ties {
                Ties::Break => (open, last) = (Open::default(), Some((reading.value, i))),
                Ties::Ignore => open.tie_after_full(length, i, &mut mark),
            }
            continue;
        }
        let direction = if reading.value > before { 1 } else { -1 };
        if direction == open.direction {
            open.count += 1;
        } else {
            open = Open {
                direction,
                count: 2,
                marked_to: level,
            };
        }
        open.mark_from_first(length, i, readings, &mut mark);
        last = Some((reading.value, i));
    }
}

/// Marks the points that make two in three: those beyond a warning limit, in windows of three consecutive points.
pub(crate) fn two_in_three(
    readings: &[Reading],
    variant: TwoInThree,
    mut mark: impl FnMut(usize, i8),
) {
    let counts = |reading: &Reading| match variant {
        TwoInThree::Former if reading.beyond_limit != 0 => 0,
        _ => reading.beyond_warning,
    };
    for end in 1..readings.len() {
        let first = end.saturating_sub(2);
        let window = &readings[first..=end];
        let sum: i8 = window.iter().map(counts).sum();
        if sum.abs() < 2 {
            continue;
        }
        let direction = sum.signum();
        let one_side = window.len() == 3
            && window
                .iter()
                .all(|r| !r.is_missing() && r.side == direction);
        if variant != TwoInThree::AnySide && !one_side {
            continue;
        }
        for (j, reading) in window.iter().enumerate() {
            if counts(reading) != 0 {
                mark(first + j, direction);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_sides(sides: &[i8]) -> Vec<Reading> {
        sides
            .iter()
            .map(|&side| match side {
                9 => Reading::MISSING,
                side => Reading {
                    value: f64::from(side),
                    side,
                    ..Reading::MISSING
                },
            })
            .collect()
    }

    fn with_values(values: &[f64]) -> Vec<Reading> {
        values
            .iter()
            .map(|&value| Reading {
                value,
                ..Reading::MISSING
            })
            .collect()
    }

    fn marks(n: usize, rule: impl FnOnce(&mut dyn FnMut(usize, i8))) -> Vec<i8> {
        let mut found = vec![0; n];
        rule(&mut |i, side| found[i] = side);
        found
    }

    #[test]
    fn codes_are_the_words_of_json() {
        use crate::verdict::Variation::{
            CommonCause, ConcernHigh, ConcernLow, ImprovementHigh, ImprovementLow, NeitherHigh,
            NeitherLow, NotJudged, Undirected,
        };
        for rule in Rule::ALL {
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.code());
        }
        for variation in [
            CommonCause,
            ConcernHigh,
            ConcernLow,
            ImprovementHigh,
            ImprovementLow,
            NeitherHigh,
            NeitherLow,
            NotJudged,
            Undirected,
        ] {
            assert_eq!(serde_json::to_value(variation).unwrap(), variation.code());
        }
    }

    #[test]
    fn a_point_on_the_centre_breaks_a_shift_or_is_passed_over_as_asked() {
        let readings = on_sides(&[1, 1, 0, 1, -1]);
        let broken = marks(5, |mark| {
            shift(&readings, 3, Ties::Break, Gaps::Break, mark)
        });
        assert_eq!(broken, [0; 5]);
        let passed = marks(5, |mark| {
            shift(&readings, 3, Ties::Ignore, Gaps::Break, mark)
        });
        assert_eq!(passed, [1, 1, 1, 1, 0]);
    }

    #[test]
    fn a_missing_period_breaks_a_shift_or_is_bridged_as_asked() {
        let readings = on_sides(&[-1, -1, 9, -1, 1]);
        assert_eq!(
            marks(5, |mark| shift(
                &readings,
                3,
                Ties::Break,
                Gaps::Break,
                mark
            )),
            [0; 5]
        );
        assert_eq!(
            marks(5, |mark| shift(
                &readings,
                3,
                Ties::Break,
                Gaps::Bridge,
                mark
            )),
            [-1, -1, 0, -1, 0]
        );
    }

    #[test]
    fn a_turning_point_goes_to_the_later_trend() {
        let readings = with_values(&[1., 2., 3., 2., 1.]);
        let found = marks(5, |mark| {
            trend(&readings, 3, Ties::Break, Gaps::Break, |a, b| a == b, mark)
        });
        assert_eq!(found, [1, 1, -1, -1, -1]);
    }

    #[test]
    fn two_trends_that_touch_keep_their_own_direction() {
        // Falls to the third point, jumps up, falls again: no point of it rises.
        let readings = with_values(&[5., 4., 3., 9., 8., 7.]);
        let found = marks(6, |mark| {
            trend(&readings, 3, Ties::Break, Gaps::Break, |a, b| a == b, mark)
        });
        assert_eq!(found, [-1; 6]);
    }

    #[test]
    fn repeats_inside_a_trend_are_marked_where_ties_are_ignored() {
        let readings = with_values(&[1., 2., 2., 3., 3., 0.]);
        let found = marks(6, |mark| {
            trend(&readings, 3, Ties::Ignore, Gaps::Break, |a, b| a == b, mark)
        });
        assert_eq!(found, [1, 1, 1, 1, 1, 0]);
        let broken = marks(6, |mark| {
            trend(&readings, 3, Ties::Break, Gaps::Break, |a, b| a == b, mark)
        });
        assert_eq!(broken, [0; 6]);
    }

    #[test]
    fn the_three_readings_of_two_in_three_differ_as_documented() {
        let point = |beyond_warning, beyond_limit, side| Reading {
            value: 1.0,
            side,
            beyond_warning,
            beyond_limit,
        };
        let with_outside = [point(1, 1, 1), point(1, 0, 1), point(0, 0, 1)];
        let other_side = [point(1, 0, 1), point(0, 0, -1), point(1, 0, 1)];
        let find =
            |readings: &[Reading], variant| marks(3, |mark| two_in_three(readings, variant, mark));
        assert_eq!(find(&with_outside, TwoInThree::Current), [1, 1, 0]);
        assert_eq!(find(&with_outside, TwoInThree::Former), [0; 3]);
        assert_eq!(find(&with_outside, TwoInThree::AnySide), [1, 1, 0]);
        assert_eq!(find(&other_side, TwoInThree::Current), [0; 3]);
        assert_eq!(find(&other_side, TwoInThree::AnySide), [1, 0, 1]);
    }
}
