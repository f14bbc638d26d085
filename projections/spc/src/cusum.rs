//! Bernoulli CUSUM: yes-or-no outcomes case by case, for events too rare to count by period.
//!
//! Neuburger and others 2017, doi:10.1136/bmjqs-2016-005526; as `bchart` of qicharts2 0.8.1. Every case moves two sums.
//! The upper one gathers evidence that the odds have been multiplied by the odds ratio, the lower one that they have been divided
//! by it: S ← max(0, S + ln(p1/p0)) on an event, S ← max(0, S + ln((1−p1)/(1−p0))) otherwise, and the mirror image below.
//! A sum that reaches the limit signals and starts again from 0.
//!
//! An odds ratio of 2 and a limit of 3.5 suit baseline risks of 1 to 10 %.

use serde::{Deserialize, Serialize};

/// What the sums are measured against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CusumOptions {
    /// Baseline: a risk between 0 and 1, or above 1 the number of first cases whose rate it is.
    pub target: f64,
    /// Smallest change worth finding, as an odds ratio; 2 where nothing else is known.
    pub odds_ratio: f64,
    /// Sum at which to signal.
    pub limit: f64,
}

impl CusumOptions {
    /// Odds ratio 2 and limit 3.5 for a baseline.
    pub fn new(target: f64) -> Self {
        Self {
            target,
            odds_ratio: 2.0,
            limit: 3.5,
        }
    }
}

/// Both sums after every case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cusum {
    /// Baseline risk.
    pub p0: f64,
    /// Risk at the odds ratio.
    pub p1: f64,
    /// Risk at its inverse.
    pub p2: f64,
    /// Evidence of a higher risk, 0 and above.
    pub up: Vec<f64>,
    /// Evidence of a lower risk, 0 and below.
    pub down: Vec<f64>,
    /// Indices of the cases at which the upper sum signalled.
    pub signals_up: Vec<usize>,
    /// Indices of the cases at which the lower sum signalled.
    pub signals_down: Vec<usize>,
}

/// Why a CUSUM cannot be drawn.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CusumError {
    /// Not a risk strictly between 0 and 1.
    #[error(
        "The baseline risk is {0}, but it must lie strictly between 0 and 1: give a risk, or more first cases to estimate it from."
    )]
    Baseline(f64),
    /// Not a positive odds ratio other than 1, or not a positive limit.
    #[error("The odds ratio must be positive and not 1, and the limit positive.")]
    Settings,
    /// More baseline cases than cases.
    #[error("The baseline asks for {wanted} first cases, but there are {cases}.")]
    TooFewCases {
        /// Cases asked for.
        wanted: usize,
        /// Cases given.
        cases: usize,
    },
}

/// Runs both sums over the cases, in order; `true` is an event.
///
/// ```
/// use joinedup_spc::cusum::{CusumOptions, bernoulli_cusum};
/// let cases: Vec<bool> = (0..200).map(|i| i % 50 == 0 || (i > 100 && i % 8 == 0)).collect();
/// let found = bernoulli_cusum(&cases, CusumOptions::new(0.02))?;
/// assert!(found.signals_up[0] > 100);
/// # Ok::<(), joinedup_spc::cusum::CusumError>(())
/// ```
pub fn bernoulli_cusum(cases: &[bool], options: CusumOptions) -> Result<Cusum, CusumError> {
    let CusumOptions {
        target,
        odds_ratio,
        limit,
    } = options;
    if !(odds_ratio > 0.0 && odds_ratio.is_finite() && odds_ratio != 1.0 && limit > 0.0) {
        return Err(CusumError::Settings);
    }
    let p0 = if target > 1.0 {
        let wanted = target as usize;
        let first = cases.get(..wanted).ok_or(CusumError::TooFewCases {
            wanted,
            cases: cases.len(),
        })?;
        first.iter().filter(|event| **event).count() as f64 / wanted as f64
    } else {
        target
    };
    if !(p0 > 0.0 && p0 < 1.0) {
        return Err(CusumError::Baseline(p0));
    }
    let at_odds = |ratio: f64| {
        let odds = ratio * (p0 / (1.0 - p0));
        odds / (1.0 + odds)
    };
    let (p1, p2) = (at_odds(odds_ratio), at_odds(1.0 / odds_ratio));
    let weights = |p: f64| ((p / p0).ln(), ((1.0 - p) / (1.0 - p0)).ln());
    let (up, signals_up) = one_sided(cases, weights(p1), limit);
    let (mut down, signals_down) = one_sided(cases, weights(p2), limit);
    for sum in &mut down {
        // Not −0.
        *sum = 0.0 - *sum;
    }
    Ok(Cusum {
        p0,
        p1,
        p2,
        up,
        down,
        signals_up,
        signals_down,
    })
}

fn one_sided(cases: &[bool], (event, other): (f64, f64), limit: f64) -> (Vec<f64>, Vec<usize>) {
    let mut sum = 0.0_f64;
    let mut signals = Vec::new();
    let sums = cases
        .iter()
        .enumerate()
        .map(|(i, &is_event)| {
            sum = (sum + if is_event { event } else { other }).max(0.0);
            if sum >= limit {
                signals.push(i);
                sum = 0.0;
            }
            sum
        })
        .collect();
    (sums, signals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_signals_starts_again() {
        let found = bernoulli_cusum(&[true; 12], CusumOptions::new(0.02)).unwrap();
        assert_eq!(found.signals_up, [5, 11]);
        assert_eq!(found.up[5], 0.0);
    }

    #[test]
    fn years_without_events_signal_downwards() {
        let found = bernoulli_cusum(&[false; 1000], CusumOptions::new(0.05)).unwrap();
        assert!(!found.signals_down.is_empty() && found.signals_up.is_empty());
    }

    #[test]
    fn a_baseline_without_events_or_with_too_few_cases_is_refused() {
        assert_eq!(
            bernoulli_cusum(&[false; 50], CusumOptions::new(20.0)),
            Err(CusumError::Baseline(0.0))
        );
        let short = bernoulli_cusum(&[true; 5], CusumOptions::new(20.0));
        assert_eq!(
            short,
            Err(CusumError::TooFewCases {
                wanted: 20,
                cases: 5
            })
        );
        assert!(bernoulli_cusum(&[true; 5], CusumOptions::new(f64::NAN)).is_err());
    }
}
