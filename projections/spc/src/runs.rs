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
//! Both limits hold where the centre halves the data, as the median of all values does. A centre that was frozen after
//! twelve values, a mean of skewed values and values that lie on the centre do not, and on a year or two of pure noise
//! the rules then find runs in one chart of four or more.
//!
//! **Conditional limits** ([`RunsMethod::Conditional`], the product's) hold for any centre: given how many values lie above and
//! how many below, every order of them is equally likely by chance. The number of runs has the law of Wald and Wolfowitz
//! (lower 5 % point), the longest run on a side that of Mood (upper 2.5 % point, for each side its own limit). Values on
//! the centre count as the rarer side. With as many values above as below there is no rarer side, and
//! they are passed over.
//!
//! [`RunsMethod::BestBox`] and [`RunsMethod::CutBox`] are the tabulated limits for 10 to 100 useful observations
//! (Anhøj and Wentzel-Larsen 2020, doi:10.1371/journal.pone.0233920), with the Anhøj rules outside that range.

mod boxes;
mod expected;
mod law;

use serde::{Deserialize, Serialize};

use crate::numerics::binomial;
pub use expected::expected_runs;
use law::Law;

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
    /// Limits given the numbers of values above and below the centre.
    Conditional,
}

/// Which side of the centre a value, run or signal lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// What the runs of one phase look like. Without useful observations the run figures are absent and nothing signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Runs {
    /// Useful observations: values neither missing nor on the centre; with conditional limits those on it too,
    /// unless as many lie above it as below.
    pub n_useful: usize,
    /// Length of the longest run on one side of the centre; of two runs, of the one that exceeds its limit by more.
    pub longest_run: Option<usize>,
    /// The longest run that chance explains on that side.
    pub longest_run_max: Option<usize>,
    /// How often the useful observations change side.
    pub crossings: Option<usize>,
    /// The fewest crossings that chance explains.
    pub crossings_min: Option<usize>,
    /// The verdict of the chosen [`RunsMethod`].
    pub signal: bool,
}

impl Runs {
    /// The longest run is longer than chance explains.
    pub fn long_run(&self) -> bool {
        matches!((self.longest_run, self.longest_run_max), (Some(run), Some(max)) if run > max)
    }

    /// Outside what chance explains.
    fn outside(&self, method: RunsMethod) -> bool {
        let (run, crossings) = (
            self.longest_run.unwrap_or(0),
            self.crossings.unwrap_or(usize::MAX),
        );
        match (method, boxes::limits(self.n_useful)) {
            (RunsMethod::BestBox, Some(limits)) => limits.best_box(crossings, run),
            (RunsMethod::CutBox, Some(limits)) => limits.cut_box(crossings, run),
            _ => self.long_run() || self.few_crossings(),
        }
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

/// The runs of a phase, and how each value counts.
pub(crate) struct Analysis {
    pub(crate) runs: Runs,
    /// What a value on the centre counts as; 0 where it is passed over.
    on_centre: i8,
    /// The longest run that chance explains below and above the centre.
    longest: [usize; 2],
}

impl Analysis {
    /// Analyses the sides (−1, 0, 1) of the values of a phase, in order.
    pub(crate) fn of(sides: &[i8], method: RunsMethod) -> Self {
        let count = |side: i8| sides.iter().filter(|&&other| other == side).count();
        let (mut below, on, mut above) = (count(-1), count(0), count(1));
        let on_centre = match method {
            RunsMethod::Conditional => rarer_side(sides),
            _ => 0,
        };
        match on_centre {
            0 => {}
            1.. => above += on,
            _ => below += on,
        }
        let n = above + below;
        let (longest, crossings_min) = if method == RunsMethod::Conditional {
            let law = Law::new(above, below);
            let (high, fewest) = (law.longest_run(PER_SIDE), law.fewest_runs(FEW_RUNS));
            ([law.turned().longest_run(PER_SIDE), high], fewest - 1)
        } else {
            ([longest_run_max(n); 2], crossings_min(n))
        };
        let mut analysis = Self {
            runs: Runs::default(),
            on_centre,
            longest,
        };
        if n == 0 {
            return analysis;
        }
        let counted: Vec<i8> = sides
            .iter()
            .map(|&side| analysis.side(side))
            .filter(|side| *side != 0)
            .collect();
        let longest_of = |side: i8| {
            let runs = counted.chunk_by(|a, b| a == b);
            let on_side = runs.filter(|run| run.first() == Some(&side));
            on_side.map(<[i8]>::len).max().unwrap_or(0)
        };
        // The run that says most, whichever side it lies on.
        let [run, max] = [[longest_of(-1), longest[0]], [longest_of(1), longest[1]]]
            .into_iter()
            .max_by_key(|[run, max]| (run.saturating_sub(*max), *run))
            .unwrap_or_default();
        let mut runs = Runs {
            n_useful: n,
            longest_run: Some(run),
            longest_run_max: Some(max),
            crossings: Some(counted.windows(2).filter(|pair| pair[0] != pair[1]).count()),
            crossings_min: Some(crossings_min),
            signal: false,
        };
        runs.signal = runs.outside(method);
        analysis.runs = runs;
        analysis
    }

    /// The side that a value counts as; 0 where it is passed over.
    pub(crate) fn side(&self, side: i8) -> i8 {
        if side == 0 { self.on_centre } else { side }
    }

    /// Whether a run of this length on this side is longer than chance explains.
    pub(crate) fn is_long(&self, side: i8, length: usize) -> bool {
        length > self.longest[usize::from(side > 0)]
    }
}

/// The chance of fewer runs than the limit, and of a longer run than the limit on each side.
const FEW_RUNS: f64 = 0.05;
const PER_SIDE: f64 = 0.025;

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
    let values = values.iter().flatten();
    let sides: Vec<i8> = values.map(|value| exact_sign(*value, centre)).collect();
    Analysis::of(&sides, method).runs
}

/// The side (−1, 1) on which fewer of some values lie, which those on the centre count as; 0 where there is none.
pub(crate) fn rarer_side(sides: &[i8]) -> i8 {
    let count = |side: i8| sides.iter().filter(|&&other| other == side).count();
    exact_sign(count(-1) as f64, count(1) as f64)
}

/// −1, 0 or 1 as the value is below, on or above the centre; 0 for missing values.
pub(crate) fn exact_sign(value: f64, centre: f64) -> i8 {
    i8::from(value > centre) - i8::from(value < centre)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs_signal(n: usize, crossings: usize, longest: usize, method: RunsMethod) -> bool {
        let runs = Runs {
            n_useful: n,
            longest_run: Some(longest),
            longest_run_max: Some(longest_run_max(n)),
            crossings: Some(crossings),
            crossings_min: Some(crossings_min(n)),
            signal: false,
        };
        runs.outside(method)
    }

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
    fn values_on_the_centre_count_as_the_rarer_side() {
        // Half of the weeks lie on the median and nearly all others above it: by chance they come in one "run".
        let weeks = [
            6., 5., 6., 5., 5., 6., 5., 4., 6., 6., 5., 5., 6., 5., 6., 5., 6., 5., 5., 6., 6., 5.,
        ]
        .map(Some);
        let anhoej = analyse_around(&weeks, 5.0, RunsMethod::Anhoej);
        assert!(anhoej.signal);
        let conditional = analyse_around(&weeks, 5.0, RunsMethod::Conditional);
        assert_eq!(
            (conditional.n_useful, conditional.longest_run),
            (22, Some(2))
        );
        assert!(!conditional.signal);
        let even = analyse_around(
            &[5., 4., 6., 4., 5., 6.].map(Some),
            5.0,
            RunsMethod::Conditional,
        );
        assert_eq!((even.n_useful, even.crossings), (4, Some(3)));
    }

    #[test]
    fn a_lopsided_centre_has_a_longer_run_limit_on_its_full_side() {
        let sides: Vec<i8> = (0..40).map(|i| if i % 5 == 0 { -1 } else { 1 }).collect();
        let lopsided = Analysis::of(&sides, RunsMethod::Conditional);
        assert_eq!(lopsided.runs.n_useful, 40);
        assert!(!lopsided.runs.signal && lopsided.is_long(-1, 5) && !lopsided.is_long(1, 15));
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
