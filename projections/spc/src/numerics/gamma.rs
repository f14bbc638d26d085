//! Gamma function ratios for the constants of subgroup charts, and the chi-square quantile for exact Poisson limits.

use std::cmp::Ordering;
use std::f64::consts::PI;

/// ln Γ(x) for x > 0: Stirling's series after shifting x above 15, where the first omitted term is below 1e-17.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    let mut shift = 0.0;
    let mut x = x;
    while x < 15.0 {
        shift += x.ln();
        x += 1.0;
    }
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + stirling_tail(x) - shift
}

/// ln Γ(x) − [(x − ½) ln x − x + ½ ln 2π], for x ≥ 15.
fn stirling_tail(x: f64) -> f64 {
    let square = 1.0 / (x * x);
    // Bernoulli numbers B(2k) / (2k (2k − 1)).
    let terms = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
    ];
    terms
        .iter()
        .rev()
        .fold(0.0, |sum, term| sum * square + term)
        / x
}

/// The constant c4 of a subgroup of `size` normal values: the mean of the sample standard deviation is c4·σ.
/// c4(n) = √(2/(n−1)) · Γ(n/2) / Γ((n−1)/2); undefined (`NaN`) for n ≤ 1.
///
/// The ratio of the gamma functions is a plain product for small subgroups and an asymptotic series above 400,
/// so nothing cancels.
pub(crate) fn c4(size: usize) -> f64 {
    if size <= 1 {
        return f64::NAN;
    }
    let n = size as f64;
    let half = (n - 1.0) / 2.0;
    let ratio = if size > 400 {
        let x = 1.0 / half;
        half.sqrt()
            * (1.0
                + x * (-1.0 / 8.0
                    + x * (1.0 / 128.0
                        + x * (5.0 / 1024.0 + x * (-21.0 / 32_768.0 - x * 399.0 / 262_144.0)))))
    } else {
        // Γ(1)/Γ(½) for n = 2, Γ(3/2)/Γ(1) for n = 3, then Γ(n/2 + 1)/Γ((n+1)/2) = ratio · n/(n−1).
        let (mut at, mut ratio) = if size.is_multiple_of(2) {
            (2.0, 1.0 / PI.sqrt())
        } else {
            (3.0, PI.sqrt() / 2.0)
        };
        while at < n {
            ratio *= at / (at - 1.0);
            at += 2.0;
        }
        ratio
    };
    (2.0 / (n - 1.0)).sqrt() * ratio
}

/// The two tails of the regularised incomplete gamma function, P(a, x) and Q(a, x), a > 0, x ≥ 0.
/// Series below a + 1, Lentz's continued fraction above; each tail keeps its own relative accuracy.
pub(super) fn incomplete_gamma(a: f64, x: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    let front = density_factor(a, x);
    if x < a + 1.0 {
        let (mut term, mut sum, mut at) = (1.0 / a, 1.0 / a, a);
        for _ in 0..100_000 {
            at += 1.0;
            term *= x / at;
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        let lower = front * sum;
        (lower, 1.0 - lower)
    } else {
        let tiny = 1e-300;
        let mut b = x + 1.0 - a;
        let mut c = 1.0 / tiny;
        let mut d = 1.0 / b;
        let mut fraction = d;
        for i in 1..100_000 {
            let i = f64::from(i);
            let an = -i * (i - a);
            b += 2.0;
            d = an * d + b;
            if d.abs() < tiny {
                d = tiny;
            }
            c = b + an / c;
            if c.abs() < tiny {
                c = tiny;
            }
            d = 1.0 / d;
            let step = d * c;
            fraction *= step;
            if (step - 1.0).abs() < 1e-16 {
                break;
            }
        }
        let upper = front * fraction;
        (1.0 - upper, upper)
    }
}

/// x^a e^(−x) / Γ(a), without the cancellation of its three large exponents when a is large and x near a.
fn density_factor(a: f64, x: f64) -> f64 {
    if a < 15.0 {
        return (a * x.ln() - x - ln_gamma(a)).exp();
    }
    let away = (x - a) / a;
    let exponent = if away.abs() < 0.5 {
        -a * minus_ln_1p(away)
    } else {
        a * (x / a).ln() - (x - a)
    };
    (exponent - stirling_tail(a)).exp() * (a / (2.0 * PI)).sqrt()
}

/// u − ln(1 + u), by its series near 0 where the difference would cancel.
fn minus_ln_1p(u: f64) -> f64 {
    if u.abs() > 0.1 {
        return u - u.ln_1p();
    }
    let (mut power, mut sum) = (u * u, 0.0);
    let mut k = 2.0;
    while power.abs() > 1e-20 * u * u && k < 60.0 {
        sum += power / k * if (k as i64) % 2 == 0 { 1.0 } else { -1.0 };
        power *= u;
        k += 1.0;
    }
    sum
}

/// Quantile of the chi-square distribution with `freedom` degrees of freedom: the x with P(X ≤ x) = `probability`.
///
/// Start: Wilson and Hilferty (1931); then Newton steps on the smaller tail, kept inside a bracket.
/// `NaN` for probabilities outside (0, 1) or for `freedom` ≤ 0.
pub(crate) fn chi_square_quantile(probability: f64, freedom: f64) -> f64 {
    if !(probability > 0.0 && probability < 1.0 && freedom > 0.0 && freedom.is_finite()) {
        return f64::NAN;
    }
    let a = freedom / 2.0;
    let spread = 2.0 / (9.0 * freedom);
    let cube = 1.0 - spread + rough_normal_quantile(probability) * spread.sqrt();
    let mut x = a * cube * cube * cube;
    if x.is_nan() || x <= 1e-3 * a {
        // Near 0 the lower tail is x^a / Γ(a + 1).
        x = ((probability.ln() + ln_gamma(a + 1.0)) / a)
            .exp()
            .max(1e-300);
    }
    let (mut low, mut high) = (0.0_f64, f64::INFINITY);
    for _ in 0..200 {
        let (lower, upper) = incomplete_gamma(a, x);
        let excess = if probability < 0.5 {
            lower - probability
        } else {
            (1.0 - probability) - upper
        };
        if excess == 0.0 {
            break;
        }
        if excess > 0.0 {
            high = high.min(x);
        } else {
            low = low.max(x);
        }
        let slope = density_factor(a, x) / x;
        let newton = x - excess / slope;
        if (newton - x).abs() <= 4.0 * f64::EPSILON * x {
            x = newton;
            break;
        }
        x = if newton.is_finite() && newton > low && newton < high {
            newton
        } else if high.is_finite() {
            0.5 * (low + high)
        } else {
            x * 2.0
        };
    }
    2.0 * x
}

/// Normal quantile to about 4.5e-4 (Abramowitz and Stegun 26.2.23): a starting point, or a score for a rank.
pub(crate) fn rough_normal_quantile(probability: f64) -> f64 {
    let tail = probability.min(1.0 - probability);
    let t = (-2.0 * tail.ln()).sqrt();
    let above = 2.515517 + t * (0.802853 + t * 0.010328);
    let below = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308));
    let z = t - above / below;
    match probability.total_cmp(&0.5) {
        Ordering::Less => -z,
        Ordering::Equal => 0.0,
        Ordering::Greater => z,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, wanted: f64) {
        assert!(
            ((got - wanted) / wanted).abs() < 1e-12,
            "{got} is not {wanted}"
        );
    }

    include!("gamma/expected.rs");

    #[test]
    fn c4_equals_high_precision_values() {
        for &(n, wanted) in C4 {
            close(c4(n), wanted);
        }
        assert!(c4(1).is_nan() && c4(0).is_nan());
    }

    #[test]
    fn c4_joins_its_two_formulas_smoothly() {
        for n in 395..405 {
            let step = c4(n + 1) - c4(n);
            assert!(step > 0.0 && step < 2.0e-6, "{n}: {step}");
        }
    }

    #[test]
    fn chi_square_quantiles_equal_high_precision_values() {
        for &(p, freedom, wanted) in CHI_SQUARE {
            close(chi_square_quantile(p, freedom), wanted);
        }
        assert!(chi_square_quantile(0.0, 2.0).is_nan());
        assert!(chi_square_quantile(0.5, -1.0).is_nan());
    }

    #[test]
    fn chi_square_with_two_degrees_is_the_exponential_law() {
        for p in [1e-9, 0.001, 0.025, 0.3, 0.5, 0.8, 0.975, 0.999] {
            close(chi_square_quantile(p, 2.0), -2.0 * f64::ln_1p(-p));
        }
    }
}
