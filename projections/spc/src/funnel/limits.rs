//! Limits of a funnel at one denominator.

use std::f64::consts::FRAC_PI_2;

use super::{Band, FunnelKind};
use crate::numerics::gamma::chi_square_quantile;

/// Normal quantiles at 97.5 % and 99.9 %, to the digits the reference uses.
const Z95: f64 = 1.959_964;
const Z998: f64 = 3.090_232;

/// 95 % and 99.8 % limits by chance alone: exact Poisson limits for standardised ratios and rates.
pub(super) fn by_chance(kind: FunnelKind, n: f64, target: f64) -> (Band, Band) {
    match kind {
        FunnelKind::StandardisedShmi | FunnelKind::StandardisedCqc => {
            (poisson(n, 0.025), poisson(n, 0.001))
        }
        FunnelKind::Rate => (of_rate(n, target, 0.025), of_rate(n, target, 0.001)),
        FunnelKind::Proportion | FunnelKind::RatioOfCounts => with_variance(kind, n, target, 0.0),
    }
}

/// Exact limits of observed over expected `n`, each tail `tail`.
fn poisson(n: f64, tail: f64) -> Band {
    Band {
        lower: chi_square_quantile(tail, 2.0 * n) / 2.0 / n,
        upper: chi_square_quantile(1.0 - tail, 2.0 * (n + 1.0)) / 2.0 / n,
    }
}

/// Exact limits of a rate over `n`, each tail `tail`. Where no unit has an event it may still be more than nothing.
fn of_rate(n: f64, target: f64, tail: f64) -> Band {
    let expected = n * target;
    let lower = match expected > 0.0 {
        true => chi_square_quantile(tail, 2.0 * expected) / 2.0 / n,
        false => 0.0,
    };
    Band {
        lower,
        upper: chi_square_quantile(1.0 - tail, 2.0 * (expected + 1.0)) / 2.0 / n,
    }
}

/// 95 % and 99.8 % limits with a variance `tau2` between units, on the scale of the z-score.
pub(super) fn with_variance(kind: FunnelKind, n: f64, target: f64, tau2: f64) -> (Band, Band) {
    (
        band(kind, n, target, tau2, Z95),
        band(kind, n, target, tau2, Z998),
    )
}

fn band(kind: FunnelKind, n: f64, target: f64, tau2: f64, z: f64) -> Band {
    let shmi = z * (1.0 / n + tau2).sqrt();
    let root = z * (1.0 / (4.0 * n) + tau2).sqrt();
    match kind {
        FunnelKind::StandardisedShmi => Band {
            lower: (-shmi).exp(),
            upper: shmi.exp(),
        },
        FunnelKind::StandardisedCqc => Band {
            lower: 1.0 - root,
            upper: 1.0 + root,
        },
        FunnelKind::Rate => {
            let away = z * (1.0 / (4.0 * n * target) + tau2).sqrt();
            Band {
                lower: target * (1.0 - away).max(0.0).powi(2),
                upper: target * (1.0 + away).powi(2),
            }
        }
        FunnelKind::RatioOfCounts => Band {
            lower: target * (-root).exp(),
            upper: target * root.exp(),
        },
        FunnelKind::Proportion => {
            let middle = target.min(1.0).sqrt().asin();
            let share = |angle: f64| angle.clamp(0.0, FRAC_PI_2).sin().powi(2);
            Band {
                lower: share(middle - root),
                upper: share(middle + root),
            }
        }
    }
}
