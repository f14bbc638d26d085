//! The range of run counts that chance explains (Swed and Eisenhart 1943).

use std::ops::RangeInclusive;

use super::law::Law;

/// Number of runs that chance explains among `n_useful` observations split by their median, each tail at most 2.5 %.
///
/// Printed tables of these limits differ among each other by one, so they are computed: with m = ⌊n/2⌋ and
/// k = n − m the number of runs R follows the exact Wald–Wolfowitz law.
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
    let lower = law.fewest_runs(0.025);
    let mut upper = n_useful;
    let mut tail = 0.0;
    for r in (2..=2 * m + 1).rev() {
        tail += law.runs(r);
        if tail > 0.025 {
            break;
        }
        upper = r - 1;
    }
    Some(lower..=upper)
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
}
