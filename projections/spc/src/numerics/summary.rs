//! Sums, means, medians, standard deviations and quantiles.
//!
//! Missing values are `NaN` inside the crate and `None` or `null` outside it; every function here drops them.

/// A running sum that keeps the rounding error of every addition (Knuth's two-sum), so that the total is
/// correct to about 106 bits. A plain running sum gives twenty times 0.7 a mean that is not 0.7, and with
/// limits of no width every point would then lie outside them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    high: f64,
    low: f64,
    count: usize,
}

impl Sum {
    pub(crate) fn add(&mut self, value: f64) {
        let total = self.high + value;
        let part = total - self.high;
        let error = (self.high - (total - part)) + (value - part);
        self.high = total;
        self.low += error;
        self.count += 1;
    }

    /// The rounded total; the plain total where the error term is lost to an infinity.
    pub(crate) fn total(&self) -> f64 {
        let total = self.high + self.low;
        if total.is_nan() { self.high } else { total }
    }

    /// The total divided by the count, rounded once; `NaN` where nothing was added.
    pub(crate) fn mean(&self) -> f64 {
        if self.count == 0 {
            return f64::NAN;
        }
        let n = self.count as f64;
        let quotient = self.high / n;
        if !quotient.is_finite() {
            return quotient;
        }
        let rest = (-quotient).mul_add(n, self.high) + self.low;
        quotient + rest / n
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

/// Adds all values that are numbers.
pub(crate) fn sum_of(values: impl IntoIterator<Item = f64>) -> Sum {
    let mut sum = Sum::default();
    for value in values {
        if !value.is_nan() {
            sum.add(value);
        }
    }
    sum
}

/// Arithmetic mean of the values that are numbers.
pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    sum_of(values).mean()
}

/// Sum of the values that are numbers; 0 where there are none.
pub(crate) fn total(values: impl IntoIterator<Item = f64>) -> f64 {
    sum_of(values).total()
}

/// Middle value, or the mean of the two middle values, of the values that are numbers.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut kept: Vec<f64> = values.into_iter().filter(|v| !v.is_nan()).collect();
    median_in_place(&mut kept)
}

/// As [`median`], but reorders a buffer that holds numbers only: linear time, no allocation.
pub(crate) fn median_in_place(kept: &mut [f64]) -> f64 {
    let n = kept.len();
    if n == 0 {
        return f64::NAN;
    }
    let (below, &mut middle, _) = kept.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return middle;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    midpoint(lower, middle)
}

fn midpoint(a: f64, b: f64) -> f64 {
    let sum = a + b;
    if sum.is_finite() {
        sum / 2.0
    } else {
        a / 2.0 + b / 2.0
    }
}

/// Standard deviation with divisor n − 1 of the values that are numbers; `NaN` for fewer than two.
pub(crate) fn standard_deviation(values: &[f64]) -> f64 {
    let centre = mean(values.iter().copied());
    let squares = sum_of(values.iter().map(|v| (v - centre) * (v - centre)));
    if squares.count() < 2 {
        return f64::NAN;
    }
    (squares.total() / (squares.count() - 1) as f64).sqrt()
}

/// Sample quantile by linear interpolation between order statistics (type 7 of Hyndman and Fan 1996, the
/// default of R and of spreadsheets). `sorted` must be ascending and hold numbers only.
pub(crate) fn quantile_type7(sorted: &[f64], probability: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = last as f64 * probability;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let (low, high) = (sorted[below], sorted[above]);
    let part = place - below as f64;
    if part <= 0.0 {
        low
    } else {
        low + part * (high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_equal_values_is_that_value_bit_for_bit() {
        for value in [0.7, 0.1, 1.0 / 3.0, 99.9, 1e-9, 123_456.789] {
            for n in 1..200 {
                assert_eq!(
                    mean(std::iter::repeat_n(value, n)),
                    value,
                    "{n} times {value}"
                );
            }
        }
    }

    #[test]
    fn the_mean_survives_cancellation() {
        assert_eq!(mean([1e16, 1.0, -1e16]), 1.0 / 3.0);
    }

    #[test]
    fn the_median_of_an_even_number_of_values_is_the_mean_of_the_middle_two() {
        assert_eq!(median([4.0, 1.0, 3.0, f64::NAN, 2.0]), 2.5);
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert!(median([]).is_nan());
    }

    #[test]
    fn quantiles_interpolate_between_order_statistics() {
        assert_eq!(quantile_type7(&[1.0, 2.0, 3.0, 4.0], 0.1), 1.3);
        assert_eq!(quantile_type7(&[5.0], 0.9), 5.0);
    }
}
