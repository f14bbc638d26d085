//! What goes in: points, options, and the refusal of those that cannot be judged.

use serde::{Deserialize, Serialize};

use crate::chart::Chart;
use crate::profile::Profile;
use crate::rules::Rules;
use crate::sampling::Sampling;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Higher values are better.
    Up,
    /// Lower values are better.
    Down,
    /// Neither: special causes are shown, not valued.
    Neutral,
}

/// One period. Every expected period is a point, those without data too: a gap that is not there cannot be seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Start of the period, or any label; only its place in the series matters here.
    pub x: String,
    /// The value, or the numerator where there is a denominator. Absent for a period without data.
    pub value: Option<f64>,
    /// The denominator, or the size of the subgroup.
    #[serde(default)]
    pub n: Option<f64>,
    /// Standard deviation of the subgroup, for Xbar and S charts.
    #[serde(default)]
    pub sd: Option<f64>,
    /// Complete enough to be judged. Unfinished and provisional periods are drawn, never judged.
    #[serde(default = "yes")]
    pub judged: bool,
}

fn yes() -> bool {
    true
}

impl Point {
    /// A complete period.
    pub fn new(x: impl Into<String>, value: f64) -> Self {
        Self {
            x: x.into(),
            value: Some(value),
            n: None,
            sd: None,
            judged: true,
        }
    }

    /// A period without data.
    pub fn missing(x: impl Into<String>) -> Self {
        Self {
            x: x.into(),
            value: None,
            n: None,
            sd: None,
            judged: true,
        }
    }

    /// With a denominator or subgroup size.
    #[must_use]
    pub fn out_of(self, n: f64) -> Self {
        Self { n: Some(n), ..self }
    }

    /// With the standard deviation of its subgroup.
    #[must_use]
    pub fn spread(self, sd: f64) -> Self {
        Self {
            sd: Some(sd),
            ..self
        }
    }

    /// Not yet complete.
    #[must_use]
    pub fn provisional(self) -> Self {
        Self {
            judged: false,
            ..self
        }
    }
}

/// How to judge a series. Indices count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Kind of chart.
    pub chart: Chart,
    /// Which way is better.
    pub direction: Direction,
    /// The value to reach, on the scale that is plotted.
    #[serde(default)]
    pub target: Option<f64>,
    /// Fix centre and limits after so many values of each phase; at least 2, sensibly 12 to 20. Without it they move with
    /// every new value, and earlier points change colour.
    #[serde(default)]
    pub baseline: Option<usize>,
    /// Index of the first point of every phase but the first, ascending.
    #[serde(default)]
    pub phases: Vec<usize>,
    /// Indices of points that are drawn but left out of everything; their neighbours become adjacent.
    #[serde(default)]
    pub excluded: Vec<usize>,
    /// Factor for the plotted quantity: 100 for percentages, 1000 for rates per thousand.
    #[serde(default = "one")]
    pub multiply: f64,
    /// The unit of the values in sentences, such as `days`; `proportion` for shares of 1, which they give in per cent.
    #[serde(default)]
    pub unit: String,
    /// What a period is called in sentences, such as `week`.
    #[serde(default = "period")]
    pub period: String,
    /// Which points are judged, where neighbours are too alike to judge all.
    #[serde(default)]
    pub sampling: Sampling,
    /// Index of the period that holds the present moment; it may lie beyond the last point. Without it the last point
    /// is of now.
    #[serde(default)]
    pub now: Option<usize>,
    /// Periods in a year, where the year before may explain a run: 52 for weeks, 12 for months.
    #[serde(default)]
    pub season: Option<usize>,
    /// Whose published rules judge it.
    #[serde(default)]
    pub profile: Profile,
    /// The profile's rules with changes, where wanted.
    #[serde(default)]
    pub rules: Option<Rules>,
}

fn one() -> f64 {
    1.0
}

fn period() -> String {
    "period".to_owned()
}

impl Options {
    /// One phase, no target, limits from all points, the product's rules.
    pub fn new(chart: Chart, direction: Direction) -> Self {
        Self {
            chart,
            direction,
            target: None,
            baseline: None,
            phases: Vec::new(),
            excluded: Vec::new(),
            multiply: 1.0,
            unit: String::new(),
            period: period(),
            sampling: Sampling::Every,
            now: None,
            season: None,
            profile: Profile::Product,
            rules: None,
        }
    }

    /// The rules in use.
    pub fn effective_rules(&self) -> Rules {
        self.rules.unwrap_or_else(|| self.profile.rules())
    }
}

/// Why a series cannot be judged. The fields count from 0, the sentences from 1, as people do.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum JudgeError {
    /// Infinite, not a number, or beyond what any measure can be.
    #[error(
        "Point {} holds a number that is not finite or lies beyond ±1e100: leave the value out if it is unknown.",
        index + 1
    )]
    NotANumber {
        /// The point.
        index: usize,
    },
    /// No denominator on a chart of ratios.
    #[error(
        "Point {} has a value but no denominator, which this chart needs: give n for every value.",
        index + 1
    )]
    NoDenominator {
        /// The point.
        index: usize,
    },
    /// Below 0 where that cannot be.
    #[error("Point {} has a count, denominator or spread below 0.", index + 1)]
    Negative {
        /// The point.
        index: usize,
    },
    /// No proportion that is 1 or less.
    #[error(
        "Every value has more in the numerator than in the denominator, first at point {}: are the columns the right way round?",
        index + 1
    )]
    AboveDenominator {
        /// The point.
        index: usize,
    },
    /// A time between events of 0.
    #[error(
        "Point {} has a time between events of 0 or less: measure in hours, or give the smallest time that is told apart.",
        index + 1
    )]
    NoTime {
        /// The point.
        index: usize,
    },
    /// Phase starts out of order or out of range.
    #[error(
        "A phase cannot start at point {} of {points}: starts must ascend, lie after the first point and exist.",
        start + 1
    )]
    PhaseStart {
        /// The start asked for.
        start: usize,
        /// Number of points.
        points: usize,
    },
    /// An exclusion out of range.
    #[error("Point {} cannot be excluded, because there are only {points} points.", index + 1)]
    Excluded {
        /// The index asked for.
        index: usize,
        /// Number of points.
        points: usize,
    },
    /// A baseline of fewer than two values.
    #[error("A baseline needs at least 2 values, better 12 to 20.")]
    Baseline,
    /// A sampling that judges no point.
    #[error("To judge one point in {step}, start at one of the first {step}, not at {}.", offset + 1)]
    Sampling {
        /// The step asked for.
        step: usize,
        /// The first index asked for.
        offset: usize,
    },
    /// A target that is not a number, or a factor that is not positive.
    #[error("The target must be a finite number and the factor a positive one.")]
    Scale,
    /// Columns of different lengths.
    #[error(
        "There are {labels} labels, but {values} values and {denominators} denominators: give one of each for every row."
    )]
    Lengths {
        /// Labels given.
        labels: usize,
        /// Values given.
        values: usize,
        /// Denominators given.
        denominators: usize,
    },
}

impl JudgeError {
    /// The point it is about, counted from 0.
    #[must_use]
    pub const fn point(&self) -> Option<usize> {
        match *self {
            Self::NotANumber { index }
            | Self::NoDenominator { index }
            | Self::Negative { index }
            | Self::AboveDenominator { index }
            | Self::NoTime { index }
            | Self::Excluded { index, .. } => Some(index),
            Self::PhaseStart { start, .. } => Some(start),
            Self::Baseline | Self::Scale | Self::Sampling { .. } | Self::Lengths { .. } => None,
        }
    }
}

/// Numbers beyond this are refused: nothing measured is so large, and their squares would overflow.
const MAX_VALUE: f64 = 1e100;

fn too_large(value: f64) -> bool {
    value.is_nan() || value.abs() > MAX_VALUE
}

pub(crate) fn check_options(points: usize, options: &Options) -> Result<(), JudgeError> {
    let mut last = 0;
    for &start in &options.phases {
        if start <= last || start >= points {
            return Err(JudgeError::PhaseStart { start, points });
        }
        last = start;
    }
    if let Some(&index) = options.excluded.iter().find(|&&index| index >= points) {
        return Err(JudgeError::Excluded { index, points });
    }
    if options.baseline.is_some_and(|baseline| baseline < 2) {
        return Err(JudgeError::Baseline);
    }
    if let Sampling::OneIn { step, offset } = options.sampling
        && offset >= step
    {
        return Err(JudgeError::Sampling { step, offset });
    }
    let target_ok = options
        .target
        .is_none_or(|target| target.abs() <= MAX_VALUE);
    let factor_ok = options.multiply > 0.0 && options.multiply <= MAX_VALUE;
    if !(target_ok && factor_ok) {
        return Err(JudgeError::Scale);
    }
    Ok(())
}

/// More in the numerator of a proportion than in its denominator.
pub(crate) fn is_impossible(point: &Point, chart: Chart) -> bool {
    matches!(chart, Chart::P | Chart::PPrime)
        && point
            .value
            .zip(point.n)
            .is_some_and(|(value, n)| n > 0.0 && value > n)
}

/// One impossible row is a slip of whoever filled it in and is left out; nothing but such rows is a series of something
/// else than proportions.
pub(crate) fn check_shares(points: &[Point], chart: Chart) -> Result<(), JudgeError> {
    let impossible = |point: &&Point| is_impossible(point, chart);
    let has_value = |point: &&Point| point.value.is_some();
    match points.iter().position(|point| impossible(&point)) {
        Some(index)
            if points
                .iter()
                .filter(has_value)
                .all(|point| impossible(&point)) =>
        {
            Err(JudgeError::AboveDenominator { index })
        }
        _ => Ok(()),
    }
}

pub(crate) fn check_point(index: usize, point: &Point, chart: Chart) -> Result<(), JudgeError> {
    let numbers = [point.value, point.n, point.sd];
    if numbers.into_iter().flatten().any(too_large) {
        return Err(JudgeError::NotANumber { index });
    }
    if point.n.is_some_and(|n| n < 0.0) || point.sd.is_some_and(|sd| sd < 0.0) {
        return Err(JudgeError::Negative { index });
    }
    let Some(value) = point.value else {
        return Ok(());
    };
    if chart.needs_denominator() && point.n.is_none() {
        return Err(JudgeError::NoDenominator { index });
    }
    let counts = matches!(
        chart,
        Chart::P | Chart::PPrime | Chart::U | Chart::UPrime | Chart::C | Chart::G
    );
    if counts && value < 0.0 {
        return Err(JudgeError::Negative { index });
    }
    let zero_denominator = point.n == Some(0.0);
    if chart == Chart::T && value <= 0.0 {
        return Err(JudgeError::NoTime { index });
    }
    if chart.plots_ratio() && !zero_denominator && point.n.is_some_and(|n| too_large(value / n)) {
        return Err(JudgeError::NotANumber { index });
    }
    Ok(())
}
