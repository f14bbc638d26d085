//! What comes out: the verdict on a series, as plain data.

use serde::{Deserialize, Serialize};

use crate::profile::Profile;
use crate::rules::{Rule, Signal};
use crate::runs::{Runs, Side};

/// What variation means: the icons of Making Data Count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Variation {
    /// Not judged: no value, unfinished, excluded, or too few points for limits.
    NotJudged,
    /// Chance alone explains it.
    CommonCause,
    /// Special cause, high, and high is better.
    ImprovementHigh,
    /// Special cause, low, and low is better.
    ImprovementLow,
    /// Special cause, high, and low is better.
    ConcernHigh,
    /// Special cause, low, and high is better.
    ConcernLow,
    /// Special cause, high, and neither is better.
    NeitherHigh,
    /// Special cause, low, and neither is better.
    NeitherLow,
    /// The runs are not random, and the newest values lie on both sides of the centre: something changed, and it would be
    /// a guess to call it better or worse now.
    Undirected,
}

impl Variation {
    /// Special cause of any kind.
    pub fn is_special(self) -> bool {
        !matches!(self, Variation::NotJudged | Variation::CommonCause)
    }

    /// Its word in JSON, in labels and in tables.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotJudged => "not_judged",
            Self::CommonCause => "common_cause",
            Self::ImprovementHigh => "improvement_high",
            Self::ImprovementLow => "improvement_low",
            Self::ConcernHigh => "concern_high",
            Self::ConcernLow => "concern_low",
            Self::NeitherHigh => "neither_high",
            Self::NeitherLow => "neither_low",
            Self::Undirected => "undirected",
        }
    }
}

/// Whether a process as it is will meet its target: the icons of Making Data Count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// Both limits are on the good side of the target: it is met every time.
    Pass,
    /// Both limits are on the bad side: it is never met unless something changes.
    Fail,
    /// The target lies between the limits, or on one: met or missed by chance.
    HitOrMiss,
}

/// How far limits can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LimitsStatus {
    /// As they should be.
    Ok,
    /// From fewer than 12 values, or a phase of fewer than 13: drawn, and not used to judge in the product profile.
    Trial,
    /// All values are equal, or as good as: the limits are the value, and nothing is outside them.
    NoVariation,
    /// Screening left no variation although there is some, so the unscreened moving ranges are in use.
    ScreenedToZero,
    /// Fewer than two values, or no two neighbours: no limits.
    TooFew,
    /// This kind of chart has none.
    NoLimits,
}

/// What became of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointState {
    /// It is judged by the rules.
    Judged,
    /// Drawn, not yet complete.
    Provisional,
    /// Drawn, left out on request.
    Excluded,
    /// Drawn, too much like its neighbours to be judged beside them.
    NotSampled,
    /// No value, or a denominator of 0.
    Missing,
    /// More in the numerator than in the denominator: not drawn, and it counts for nothing.
    Impossible,
}

/// Verdict on one point. Absent numbers are undefined; no number is ever infinite or not a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointVerdict {
    /// What is plotted.
    pub value: Option<f64>,
    /// What became of the point.
    pub state: PointState,
    /// Its phase, from 0.
    pub phase: usize,
    /// Centre line.
    pub centre: Option<f64>,
    /// Lower control limit, three sigma.
    pub lcl: Option<f64>,
    /// Upper control limit, three sigma.
    pub ucl: Option<f64>,
    /// Lower warning limit, two sigma.
    pub lower_warning: Option<f64>,
    /// Upper warning limit, two sigma.
    pub upper_warning: Option<f64>,
    /// Every rule the point meets; the first gives its label.
    pub signals: Vec<Signal>,
    /// What that means.
    pub variation: Variation,
}

impl PointVerdict {
    /// The rule that labels the point: astronomical before trend before two in three before shift before long run.
    pub fn label(&self) -> Option<Signal> {
        self.signals.first().copied()
    }

    /// Meets rules to both sides, such as above the upper limit at the start of a falling trend. The first rule decides the label
    /// and the icon; the Making Data Count spreadsheets show such a point as an improvement, which would hide a concern.
    pub fn is_conflicting(&self) -> bool {
        self.signals
            .windows(2)
            .any(|pair| pair[0].side != pair[1].side)
    }
}

/// Verdict on one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhaseVerdict {
    /// Index of its first point.
    pub first: usize,
    /// Index after its last point.
    pub end: usize,
    /// Values judged.
    pub values: usize,
    /// Values that centre and limits come from.
    pub baseline_values: usize,
    /// Centre line.
    pub centre: Option<f64>,
    /// How far the limits can be believed.
    pub limits_status: LimitsStatus,
    /// Moving ranges left out as too large.
    pub screened_out: usize,
    /// Runs and crossings around the centre.
    pub runs: Runs,
    /// The runs are not random, and there are enough useful observations to say so.
    pub runs_signal: bool,
    /// The side of the centre on which the newest useful values lie: at least three quarters of the newest
    /// `longest_run_max` of them; none where they lie on both sides.
    pub recent_side: Option<Side>,
    /// More than half of at least 12 values since the baseline are special: this baseline no longer describes the chart.
    pub baseline_outgrown: bool,
}

/// A change that does not reach the latest judged period, or no longer speaks of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastChange {
    /// The rule met.
    pub rule: Rule,
    /// To which side; none for crossings, which belong to the whole phase.
    pub side: Option<Side>,
    /// Index of the first point that meets it.
    pub first: usize,
    /// Index of the last.
    pub last: usize,
    /// How many values meet it.
    pub values: usize,
}

/// Verdict on a series. Where it alerts, the variation is special, and where the variation is special, it alerts: one decision
/// gives variation, alert, rules and words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// One for each point given, in order.
    pub points: Vec<PointVerdict>,
    /// In order; the last one decides the icons.
    pub phases: Vec<PhaseVerdict>,
    /// Index of the latest judged point.
    pub latest: Option<usize>,
    /// Limits of the latest phase.
    pub limits_status: LimitsStatus,
    /// Variation icon: what the latest judged period says of now. Not judged where it says nothing: it is too long ago, or a new
    /// phase has begun since and has no value yet.
    pub variation: Variation,
    /// Assurance icon; absent without target, direction or believable limits.
    pub assurance: Option<Assurance>,
    /// Worth telling somebody: a signal reaches the latest judged period (in profiles that judge whole phases, or its phase has
    /// one). Nothing else alerts, because with any rule at any point every fourth chart of pure noise would.
    /// A phase that has begun since, and has no value to judge yet, lays it to rest.
    pub alert: bool,
    /// It alerts, and the same chart without its latest judged period did not, or not to this side.
    pub is_new: bool,
    /// The rules behind the alert.
    pub alert_rules: Vec<Rule>,
    /// What changed in the latest judged phase and is not news, oldest first.
    pub past: Vec<PastChange>,
    /// Periods from the latest judged one to now, where they are so many, and so silent, that it says nothing of now.
    pub ended: Option<usize>,
    /// The latest values lie in a long run, and so did those of the same periods a year before: no news.
    pub seasonal: bool,
    /// Periods from one judged point to the next; 1 unless sampled.
    pub step: usize,
    /// Whose rules were used.
    pub profile: Profile,
    /// Which rules judged it, in words.
    pub judged_by: String,
    /// The verdict in plain words.
    pub why: String,
}
