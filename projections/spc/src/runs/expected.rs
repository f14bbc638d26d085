//! The range of run counts that chance explains (Swed and Eisenhart 1943).

use std::ops::RangeInclusive;

/// Number of runs that chance explains among `n_useful` observations split by their median, each tail at most 2.5 %.
///
/// Printed tables of these limits differ among each other by one, so they are computed: with m = ⌊n/2⌋ and
/// k = n − m the number of runs R follows the exact Wald–Wolfowitz law
/// P(R = 2j) = 2·C(m−1, j−1)·C(k−1, j−1) / C(n, m),
/// P(R = 2j+1) = [C(m−1, j)·C(k−1, j−1) + C(m−1, j−1)·C(k−1, j)] / C(n, m).
/// The lower limit is one more than the largest r with P(R ≤ r) ≤ 0.025, the upper one less than the smallest r
/// with P(R ≥ r) ≤ 0.025. Runs are crossings plus one. `None` below 10 observations, where the tables start too.
///
/// ```
/// use joinedup_spc::runs::expected_runs;
/// assert_eq!(expected_runs(24), Some(8..=18));
/// ```
pub fn expected_runs(n_useful: usize) -> Option<RangeInclusive<usize>> {
    if n_useful < 10 {
        return None;
    }
    let m = n_useful / 2;
    let k = n_useful - m;
    let law = Law::new(m, k);
    let mut lower = 1;
    let mut tail = 0.0;
    for r in 2..=n_useful {
        tail += law.probability(r);
        if tail > 0.025 {
            break;
        }
        lower = r + 1;
    }
    let mut upper = n_useful;
    let mut tail = 0.0;
    for r in (2..=2 * m + 1).rev() {
        tail += law.probability(r);
        if tail > 0.025 {
            break;
        }
        upper = r - 1;
    }
    Some(lower..=upper)
}

struct Law {
    m: usize,
    k: usize,
    /// ln i! for i up to m + k.
    ln_factorial: Vec<f64>,
}

impl Law {
    fn new(m: usize, k: usize) -> Self {
        let mut ln_factorial = Vec::with_capacity(m + k + 1);
        ln_factorial.push(0.0);
        for i in 1..=m + k {
            ln_factorial.push(ln_factorial[i - 1] + (i as f64).ln());
        }
        Self { m, k, ln_factorial }
    }

    fn ln_choose(&self, n: usize, r: usize) -> f64 {
        if r > n {
            return f64::NEG_INFINITY;
        }
        self.ln_factorial[n] - self.ln_factorial[r] - self.ln_factorial[n - r]
    }

    fn probability(&self, runs: usize) -> f64 {
        let (m, k, j) = (self.m - 1, self.k - 1, runs / 2);
        let all = self.ln_choose(self.m + self.k, self.m);
        let pair = |a: usize, b: usize| (self.ln_choose(m, a) + self.ln_choose(k, b) - all).exp();
        if runs.is_multiple_of(2) {
            2.0 * pair(j - 1, j - 1)
        } else {
            pair(j, j - 1) + pair(j - 1, j)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_the_exact_ones() {
        let table = [
            (10, 3, 9),
            (12, 4, 10),
            (14, 4, 12),
            (16, 5, 13),
            (18, 6, 14),
            (20, 7, 15),
            (22, 8, 16),
            (24, 8, 18),
            (26, 9, 19),
            (28, 10, 20),
            (30, 11, 21),
            (36, 13, 25),
            (40, 15, 27),
            (50, 19, 33),
            (60, 24, 38),
        ];
        for (n, lower, upper) in table {
            assert_eq!(
                expected_runs(n),
                Some(lower..=upper),
                "{n} useful observations"
            );
        }
        assert_eq!(expected_runs(9), None);
    }

    #[test]
    fn the_probabilities_of_all_run_counts_add_up_to_one() {
        for n in [10, 11, 27, 60, 301] {
            let law = Law::new(n / 2, n - n / 2);
            let sum: f64 = (2..=n).map(|r| law.probability(r)).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{n}: {sum}");
        }
    }
}
