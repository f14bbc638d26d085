//! Runs: how long the longest one is, how often the centre is crossed, and whether either is unusual.
//!
//! **Useful observations** are the values that are neither missing nor on the centre. What is left, in order,
//! is a string of signs. A missing value or one on the centre neither adds to a run nor breaks it.
//!
//! **Anhøj rules** (Anhøj and Olesen 2014, doi:10.1371/journal.pone.0113825; Anhøj 2015,
//! doi:10.1371/journal.pone.0121349). With n useful observations variation is not random when
//! the longest run is longer than `round(log2 n) + 3`, or the crossings are fewer than the lower 5 % point of
//! Binomial(n − 1, ½). Both limits grow with n, so the false alarm rate stays near 5 % at any length, which
//! a fixed run length does not do.
//!
//! [`RunsMethod::BestBox`] and [`RunsMethod::CutBox`] are the tabulated limits for 10 to 100 useful observations
//! (Anhøj and Wentzel-Larsen 2020, doi:10.1371/journal.pone.0233920), with the Anhøj rules outside that range.

mod boxes;
mod expected;

use serde::{Deserialize, Serialize};

use crate::numerics::binomial;
pub use expected::expected_runs;

/// How the longest run and the crossings are judged together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunsMethod {
    /// The two Anhøj limits.
    #[default]
    Anhoej,
    /// Tabulated limits that balance sensitivity and specificity.
    BestBox,
    /// Best box with its corners cut.
    CutBox,
}

/// Which side of the centre a value, run or signal lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Below the centre, or falling.
    Low,
    /// Above the centre, or rising.
    High,
}

impl Side {
    /// The other side.
    pub fn opposite(self) -> Self {
        match self {
            Side::Low => Side::High,
            Side::High => Side::Low,
        }
    }

    pub(crate) fn of(sign: i8) -> Option<Self> {
        match sign {
            1 => Some(Side::High),
            -1 => Some(Side::Low),
            _ => None,
        }
    }
}

/// What the runs of one phase look like. Without useful observations the four run figures are absent and nothing
/// signals. Where no value lies beyond the centre ([`crate::rules::Rules::edges`]) the crossings are absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Runs {
    /// Useful observations: values neither missing nor on the centre.
    pub n_useful: usize,
    /// Length of the longest run on one side of the centre.
    pub longest_run: Option<usize>,
    /// The longest run that chance explains: round(log2 n) + 3.
    pub longest_run_max: Option<usize>,
    /// How often the useful observations change side.
    pub crossings: Option<usize>,
    /// The fewest crossings that chance explains: lower 5 % point of Binomial(n − 1, ½).
    pub crossings_min: Option<usize>,
    /// The verdict of the chosen [`RunsMethod`].
    pub signal: bool,
}

impl Runs {
    /// The longest run is longer than chance explains.
    pub fn long_run(&self) -> bool {
        matches!((self.longest_run, self.longest_run_max), (Some(run), Some(max)) if run > max)
    }

    /// The centre is crossed less often than chance explains.
    pub fn few_crossings(&self) -> bool {
        matches!((self.crossings, self.crossings_min), (Some(crossings), Some(min)) if crossings < min)
    }
}

/// Longest run that chance explains among `n_useful` ≥ 1 observations: round(log2 n) + 3 (Schilling 2012).
///
/// Computed in whole numbers, so no logarithm can round the wrong way.
///
/// ```
/// assert_eq!(joinedup_spc::runs::longest_run_max(24), 8);
/// ```
pub fn longest_run_max(n_useful: usize) -> usize {
    // round(x) = ⌊(⌊2x⌋ + 1) / 2⌋ and ⌊2·log2 n⌋ = ⌊log2 n²⌋.
    let square = (n_useful.max(1) as u128).pow(2);
    (square.ilog2() as usize).div_ceil(2) + 3
}

/// Fewest crossings that chance explains among `n_useful` observations (Chen 2010):
/// the smallest k with P(X ≤ k) ≥ 0.05, X ~ Binomial(n − 1, ½), exactly.
///
/// ```
/// assert_eq!(joinedup_spc::runs::crossings_min(24), 8);
/// ```
pub fn crossings_min(n_useful: usize) -> usize {
    binomial::lower_five_percent(n_useful.saturating_sub(1))
}

/// Does a phase with these figures show non-random variation? `n_useful` = 0 never does.
pub fn runs_signal(
    n_useful: usize,
    crossings: usize,
    longest_run: usize,
    method: RunsMethod,
) -> bool {
    if n_useful == 0 {
        return false;
    }
    let anhoej = || longest_run > longest_run_max(n_useful) || crossings < crossings_min(n_useful);
    let Some(limits) = boxes::limits(n_useful) else {
        return anhoej();
    };
    match method {
        RunsMethod::Anhoej => anhoej(),
        RunsMethod::BestBox => limits.best_box(crossings, longest_run),
        RunsMethod::CutBox => limits.cut_box(crossings, longest_run),
    }
}

/// Analyses the signs (−1, 0, 1) of a phase in order; zeros, for values on the centre or missing, are passed over.
pub(crate) fn analyse(signs: impl IntoIterator<Item = i8>, method: RunsMethod) -> Runs {
    let (mut n, mut crossings, mut run, mut longest, mut last) = (0, 0, 0, 0, 0);
    for sign in signs {
        if sign == 0 {
            continue;
        }
        n += 1;
        if sign == last {
            run += 1;
        } else {
            crossings += usize::from(last != 0);
            run = 1;
            last = sign;
        }
        longest = longest.max(run);
    }
    if n == 0 {
        return Runs::default();
    }
    Runs {
        n_useful: n,
        longest_run: Some(longest),
        longest_run_max: Some(longest_run_max(n)),
        crossings: Some(crossings),
        crossings_min: Some(crossings_min(n)),
        signal: runs_signal(n, crossings, longest, method),
    }
}

/// Analyses a phase whose centre no value passes to one side: `sides` are those of its values, missing ones left out,
/// and `open` is the side where values are. Those on the centre count as the other side. At least half of what the
/// centre rests on lies there, so a run on the open side is no likelier than by the toss of a coin; runs on the centre
/// and crossings are not judged.
pub(crate) fn analyse_at_edge(sides: &[i8], open: i8) -> Runs {
    let runs = sides.chunk_by(|a, b| a == b);
    let longest = runs
        .filter(|run| run.first() == Some(&open))
        .map(<[i8]>::len)
        .max();
    let (longest, max) = (longest.unwrap_or(0), longest_run_max(sides.len()));
    Runs {
        n_useful: sides.len(),
        longest_run: Some(longest),
        longest_run_max: Some(max),
        crossings: None,
        crossings_min: None,
        signal: longest > max,
    }
}

/// Runs of a series around a known centre. `None` is a missing value; comparison with the centre is exact.
///
/// ```
/// use joinedup_spc::runs::{RunsMethod, analyse_around};
/// let values: Vec<Option<f64>> = [4., 6., 6., 6., 6., 6., 6., 6., 4., 6.].map(Some).to_vec();
/// let runs = analyse_around(&values, 5.0, RunsMethod::Anhoej);
/// assert_eq!((runs.longest_run, runs.longest_run_max), (Some(7), Some(6)));
/// assert!(runs.signal);
/// ```
pub fn analyse_around(values: &[Option<f64>], centre: f64, method: RunsMethod) -> Runs {
    analyse(
        values
            .iter()
            .map(|value| value.map_or(0, |v| exact_sign(v, centre))),
        method,
    )
}

/// −1, 0 or 1 as the value is below, on or above the centre; 0 for missing values.
pub(crate) fn exact_sign(value: f64, centre: f64) -> i8 {
    i8::from(value > centre) - i8::from(value < centre)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_limit_follows_the_published_table() {
        let table = [
            (1, 3),
            (2, 4),
            (3, 5),
            (5, 5),
            (6, 6),
            (11, 6),
            (12, 7),
            (22, 7),
            (23, 8),
            (45, 8),
            (46, 9),
            (90, 9),
            (91, 10),
            (181, 10),
            (182, 11),
            (362, 11),
            (363, 12),
        ];
        for (n, limit) in table {
            assert_eq!(longest_run_max(n), limit, "{n} useful observations");
        }
    }

    #[test]
    fn the_crossings_limit_follows_the_published_table() {
        let last_n = [
            5, 8, 11, 13, 16, 18, 21, 23, 26, 28, 30, 33, 35, 37, 40, 42, 44, 47, 49, 51, 53, 56,
            58, 60, 62, 65, 67, 69, 71, 74, 76, 78, 80, 82, 85, 87, 89, 91, 93, 96, 98, 100, 102,
        ];
        let mut first = 1;
        for (limit, last) in last_n.into_iter().enumerate() {
            for n in first..=last {
                assert_eq!(crossings_min(n), limit, "{n} useful observations");
            }
            first = last + 1;
        }
    }

    #[test]
    fn values_on_the_centre_and_missing_values_neither_add_to_a_run_nor_break_it() {
        let broken = [Some(6.0), None, Some(6.0), Some(5.0), Some(6.0), Some(4.0)];
        let runs = analyse_around(&broken, 5.0, RunsMethod::Anhoej);
        assert_eq!(
            (runs.n_useful, runs.longest_run, runs.crossings),
            (4, Some(3), Some(1))
        );
    }

    #[test]
    fn a_series_on_its_centre_has_no_runs_and_no_signal() {
        let runs = analyse_around(&[Some(5.0); 30], 5.0, RunsMethod::BestBox);
        assert_eq!(runs, Runs::default());
    }

    #[test]
    fn box_limits_apply_between_ten_and_a_hundred_useful_observations_only() {
        // 21 observations: best box wants 7 crossings where Anhøj is content with 6.
        assert!(runs_signal(21, 6, 6, RunsMethod::BestBox));
        assert!(!runs_signal(21, 6, 6, RunsMethod::Anhoej));
        for n in [1, 5, 9, 101, 150] {
            for crossings in 0..n {
                for longest in 1..=n.min(15) {
                    let anhoej = runs_signal(n, crossings, longest, RunsMethod::Anhoej);
                    assert_eq!(
                        anhoej,
                        runs_signal(n, crossings, longest, RunsMethod::BestBox)
                    );
                    assert_eq!(
                        anhoej,
                        runs_signal(n, crossings, longest, RunsMethod::CutBox)
                    );
                }
            }
        }
    }

    #[test]
    fn the_cut_box_lies_between_its_corners() {
        // n = 10: cb 2, lb 6, corners at 3 crossings and a run of 5.
        let quiet = |c, l| !runs_signal(10, c, l, RunsMethod::CutBox);
        assert!(quiet(3, 5) && quiet(2, 5) && quiet(3, 6));
        assert!(!quiet(2, 6) && !quiet(1, 5) && !quiet(3, 7));
    }
}
