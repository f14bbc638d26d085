//! How many runs, and how long ones, chance gives when it is known how many values lie on each side.
//!
//! With m values on one side and k on the other every order of them is equally likely where nothing but chance is at work,
//! whatever the values are and wherever the centre came from.

/// The laws of runs among m + k values.
pub(super) struct Law {
    m: usize,
    k: usize,
    /// ln i! for i up to m + k.
    ln_factorial: Vec<f64>,
}

impl Law {
    pub(super) fn new(m: usize, k: usize) -> Self {
        let mut ln_factorial = Vec::with_capacity(m + k + 1);
        ln_factorial.push(0.0);
        for i in 1..=m + k {
            ln_factorial.push(ln_factorial[i - 1] + (i as f64).ln());
        }
        Self { m, k, ln_factorial }
    }

    /// The same values with the sides exchanged.
    pub(super) fn turned(mut self) -> Self {
        std::mem::swap(&mut self.m, &mut self.k);
        self
    }

    fn ln_choose(&self, n: usize, r: usize) -> f64 {
        if r > n {
            return f64::NEG_INFINITY;
        }
        self.ln_factorial[n] - self.ln_factorial[r] - self.ln_factorial[n - r]
    }

    /// The probability of so many runs, both sides together (Wald and Wolfowitz 1940, doi:10.1214/aoms/1177731909); both sides
    /// must have values:
    /// P(R = 2j) = 2·C(m−1, j−1)·C(k−1, j−1) / C(m+k, m),
    /// P(R = 2j+1) = [C(m−1, j)·C(k−1, j−1) + C(m−1, j−1)·C(k−1, j)] / C(m+k, m).
    pub(super) fn runs(&self, runs: usize) -> f64 {
        let (m, k, j) = (self.m - 1, self.k - 1, runs / 2);
        let all = self.ln_choose(self.m + self.k, self.m);
        let pair = |a: usize, b: usize| (self.ln_choose(m, a) + self.ln_choose(k, b) - all).exp();
        if runs.is_multiple_of(2) {
            2.0 * pair(j - 1, j - 1)
        } else {
            pair(j, j - 1) + pair(j - 1, j)
        }
    }

    /// The fewest runs that chance explains: one more than the largest r with P(R ≤ r) ≤ `tail`.
    pub(super) fn fewest_runs(&self, tail: f64) -> usize {
        if self.m == 0 || self.k == 0 {
            return 1;
        }
        let mut sum = 0.0;
        let mut runs = 2;
        while runs <= self.m + self.k {
            sum += self.runs(runs);
            if sum > tail {
                break;
            }
            runs += 1;
        }
        runs
    }

    /// The probability of a run of at least `length` on the side of the m values (Mood 1940, doi:10.1214/aoms/1177731825).
    ///
    /// The k others leave k + 1 gaps for them. Σ (−1)^(j+1)·C(k+1, j)·C(m+k−j·length, k) / C(m+k, k) over j ≥ 1 gaps that hold
    /// `length` or more. From a first term of 1 on it is at least 1 − 1/e, since long runs in two gaps shut each other out;
    /// below that the terms fall so fast that nothing cancels.
    fn run_of_at_least(&self, length: usize) -> f64 {
        let (mut sum, mut sign) = (0.0, 1.0);
        for j in 1..=self.k + 1 {
            let Some(rest) = self.m.checked_sub(j * length) else {
                break;
            };
            let ways = self.ln_choose(self.k + 1, j) + self.ln_choose(rest + self.k, self.k);
            let term = (ways - self.ln_choose(self.m + self.k, self.k)).exp();
            if j == 1 && term >= 1.0 {
                return 1.0;
            }
            sum += sign * term;
            sign = -sign;
            if term < 1e-12 {
                break;
            }
        }
        sum
    }

    /// The longest run on the side of the m values that chance explains: one less than the shortest length that
    /// is reached with a probability of at most `tail`.
    pub(super) fn longest_run(&self, tail: f64) -> usize {
        let (mut reached, mut beyond) = (0, self.m + 1);
        while beyond - reached > 1 {
            let length = usize::midpoint(reached, beyond);
            if self.run_of_at_least(length) > tail {
                reached = length;
            } else {
                beyond = length;
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every order of m highs and k lows, as bits.
    fn orders(m: u32, k: u32) -> impl Iterator<Item = Vec<bool>> {
        let n = m + k;
        (0..1_u32 << n)
            .filter(move |bits| bits.count_ones() == m)
            .map(move |bits| (0..n).map(|i| bits >> i & 1 == 1).collect())
    }

    #[test]
    fn the_probabilities_of_all_run_counts_add_up_to_one() {
        for (m, k) in [(5, 5), (5, 6), (13, 14), (10, 50), (150, 151)] {
            let law = Law::new(m, k);
            let sum: f64 = (2..=m + k).map(|r| law.runs(r)).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{m}, {k}: {sum}");
        }
    }

    #[test]
    fn both_limits_are_those_of_every_order_counted_one_by_one() {
        for (m, k) in [(1, 9), (3, 9), (6, 6), (4, 10), (9, 5), (12, 2)] {
            let law = Law::new(m, k);
            let (mut runs, mut longest) = (Vec::new(), Vec::new());
            for order in orders(m as u32, k as u32) {
                let chunks = || order.chunk_by(|a, b| a == b);
                runs.push(chunks().count());
                longest.push(chunks().filter(|run| run[0]).map(<[bool]>::len).max());
            }
            let share = |count: usize| count as f64 / runs.len() as f64;
            let at_most = |r: usize| share(runs.iter().filter(|&&runs| runs <= r).count());
            let at_least = |l: usize| share(longest.iter().filter(|&&run| run >= Some(l)).count());
            let fewest = law.fewest_runs(0.05);
            assert!(at_most(fewest - 1) <= 0.05 && at_most(fewest) > 0.05);
            let most = law.longest_run(0.025);
            assert!(at_least(most + 1) <= 0.025 && at_least(most) > 0.025);
            for length in 1..=m {
                let exact = at_least(length);
                let found = law.run_of_at_least(length);
                let near = (found - exact).abs() < 1e-9;
                assert!(near || found >= 1.0 && exact > 0.6, "{m}, {k}, {length}");
            }
        }
    }

    #[test]
    fn values_on_one_side_only_leave_nothing_to_judge() {
        assert_eq!(Law::new(20, 0).longest_run(0.025), 20);
        assert_eq!(Law::new(0, 20).longest_run(0.025), 0);
        assert_eq!(Law::new(20, 0).fewest_runs(0.05), 1);
    }
}
