//! Centre lines and limits, one phase at a time.
//!
//! Each function takes the points of one phase and says what the textbook formula gives, with the reference
//! implementation's treatment of missing values, screening and clipping. Whether limits so found should be shown or
//! believed is decided elsewhere. Missing values are `NaN` here.

pub(crate) mod attributes;
pub(crate) mod individuals;
pub(crate) mod subgroups;

use serde::{Deserialize, Serialize};

/// How wide limits are in terms of the average moving range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SigmaConstant {
    /// 3/1.128 = 2.6596 times the average moving range (qicharts2, PowerBI-SPC, Montgomery).
    D2,
    /// 2.66 times the average moving range, and two thirds of it for the warning limits (Making Data Count, Wheeler).
    #[default]
    Wheeler,
}

/// One point of a phase as the limit formulas see it. For charts of ratios `value` is `sum / n`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    /// What is plotted.
    pub(crate) value: f64,
    /// Numerator, or the sum of the subgroup.
    pub(crate) sum: f64,
    /// Denominator, or `NaN`.
    pub(crate) n: f64,
    /// Counts towards centre and limits.
    pub(crate) base: bool,
}

/// Centre, control limits and warning limits at one point; `NaN` where undefined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line {
    pub(crate) centre: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) lower_warning: f64,
    pub(crate) upper_warning: f64,
}

impl Line {
    /// A centre without limits.
    pub(crate) fn bare(centre: f64) -> Self {
        Self {
            centre,
            lower: f64::NAN,
            upper: f64::NAN,
            lower_warning: f64::NAN,
            upper_warning: f64::NAN,
        }
    }

    /// Limits three and two standard deviations either side of the centre.
    pub(crate) fn around(centre: f64, sd: f64) -> Self {
        Self {
            centre,
            lower: centre - 3.0 * sd,
            upper: centre + 3.0 * sd,
            lower_warning: centre - 2.0 * sd,
            upper_warning: centre + 2.0 * sd,
        }
    }

    /// Moves finite limits into the range that the plotted quantity can take.
    pub(crate) fn clipped(mut self, low: f64, high: f64) -> Self {
        for limit in [&mut self.lower, &mut self.lower_warning] {
            if limit.is_finite() && *limit < low {
                *limit = low;
            }
        }
        for limit in [&mut self.upper, &mut self.upper_warning] {
            if limit.is_finite() && *limit > high {
                *limit = high;
            }
        }
        self
    }

    /// Multiplies everything, for rates per 1000 and percentages.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        self.map(|v| v * factor)
    }

    /// Applies a function to the centre and the four limits.
    pub(crate) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            centre: f(self.centre),
            lower: f(self.lower),
            upper: f(self.upper),
            lower_warning: f(self.lower_warning),
            upper_warning: f(self.upper_warning),
        }
    }
}

/// The values that count towards centre and limits.
pub(crate) fn base_values(cells: &[Cell]) -> impl Iterator<Item = f64> + '_ {
    cells.iter().filter(|cell| cell.base).map(|cell| cell.value)
}
