//! Which of many alike periods are judged.
//!
//! Yesterday's queue is mostly today's queue. Judged day by day as if the days were independent, every such stock
//! signals sooner or later by chance alone. So all days are drawn, and only some are judged: one weekday, or days
//! so far apart that little of one is left in the next.

use serde::{Deserialize, Serialize};

use crate::correlation::lagged;

/// Which points are judged. The others are drawn, and the judged ones become neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// All of them.
    #[default]
    Every,
    /// Those whose index leaves the remainder `offset` when divided by `step`: with a step of 7, one weekday.
    OneIn {
        /// Periods from one judged point to the next.
        step: usize,
        /// Index of the first, below `step`.
        offset: usize,
    },
    /// As many as stay apart: the smallest step, counted from the first point, at which neighbours correlate less than 0.15.
    UntilIndependent,
}

/// Correlation of neighbours below which they count as independent.
const LITTLE: f64 = 0.15;
/// Twelve weeks of days are taken about their own mean, so that a change of level does not count as correlation: the larger it was, the
/// fewer points would be left to show it.
const STRETCH: usize = 84;
/// Four weeks of days: what is still alike then is not a stock but a change.
const MAX_STEP: usize = 28;

impl Sampling {
    /// The step and the first index, given the values of each phase in order.
    pub(crate) fn places(self, phases: &[Vec<Option<f64>>]) -> (usize, usize) {
        match self {
            Self::Every => (1, 0),
            Self::OneIn { step, offset } => (step.max(1), offset),
            Self::UntilIndependent => {
                let stretches = phases.iter().flat_map(|phase| phase.chunks(STRETCH));
                let stretches: Vec<Vec<Option<f64>>> = stretches.map(<[_]>::to_vec).collect();
                let apart = |step: &usize| lagged(&stretches, *step).is_none_or(|r| r < LITTLE);
                ((1..MAX_STEP).find(apart).unwrap_or(MAX_STEP), 0)
            }
        }
    }
}
