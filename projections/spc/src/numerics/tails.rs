//! Upper tails of the normal and of Student's law.

use super::gamma::{incomplete_gamma, ln_gamma};

/// P(Z ≥ z) for a standard normal Z.
pub(crate) fn normal(z: f64) -> f64 {
    let (_, beyond) = incomplete_gamma(0.5, z * z / 2.0);
    if z >= 0.0 {
        beyond / 2.0
    } else {
        1.0 - beyond / 2.0
    }
}

/// P(T ≥ t) for Student's law with `freedom` > 0 degrees of freedom, whole or not: half of the incomplete beta function
/// I(freedom/2, 1/2) at freedom/(freedom + t²).
pub(crate) fn student(t: f64, freedom: f64) -> f64 {
    let half = incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t)) / 2.0;
    if t >= 0.0 { half } else { 1.0 - half }
}

/// The regularised incomplete beta function by its continued fraction, on the side where that converges fast.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front =
        (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction, by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let away_from_zero = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for i in 1..1000 {
        let m = f64::from(i);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = value;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            value *= c * d;
        }
        if (value - before).abs() <= 1e-15 * value.abs() {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tails_are_those_of_printed_tables() {
        for (z, p) in [(0.0, 0.5), (1.644_853_627, 0.05), (-1.959_963_985, 0.975)] {
            assert!((normal(z) - p).abs() < 1e-9, "{z}");
        }
        for (t, freedom, p) in [
            (0.0, 3.0, 0.5),
            (1.0, 1.0, 0.25),
            (2.508_324_553, 22.0, 0.01),
            (-1.812_461_123, 10.0, 0.95),
            (2.326_785_3, 100_000.0, 0.009_988),
        ] {
            assert!((student(t, freedom) - p).abs() < 2e-5, "{t}, {freedom}");
        }
    }
}
