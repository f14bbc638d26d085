//! Many charts at once: of hundreds, chance alone moves a few. Which of them to believe is decided once for all charts that
//! an audience may see, and every door shows those and no others.

use super::Answer;
use joinedup_spc::Variation;
use joinedup_spc::evidence::discoveries;

/// Of the charts that are shown as changed, at most this share is so by chance, on average (a false discovery rate). A
/// little below one in ten, so that the rate holds where small counts and whole days make chance a little larger.
pub const FALSE_SHARE: f64 = 0.08;

/// What to believe of one family of charts (Benjamini and Hochberg 1995).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Discoveries {
    /// How many charts were looked at: those with enough points to judge.
    pub charts: usize,
    /// How many of them have changed of late.
    pub changed: usize,
    /// The largest p value that is believed; below zero where none is.
    limit: f64,
}

impl Discoveries {
    /// With which p value a chart, asked about as if it were the only one, stands among many: 1 where it does not alert,
    /// such as where its latest values are back or the season explains them. So the number of charts that have changed is that of
    /// the charts that are shown. None for a chart with too few points.
    #[must_use]
    pub fn p_value(answer: &Answer) -> Option<f64> {
        let verdict = answer.chart.verdict.as_ref()?;
        let is_judged = verdict.variation != Variation::NotJudged;
        match verdict.alert {
            true => verdict.p_value,
            false => (is_judged || verdict.p_value.is_some()).then_some(1.0),
        }
    }

    /// What to believe of charts with these p values; a chart without one is not of the family.
    #[must_use]
    pub fn among(p_values: &[Option<f64>]) -> Self {
        let believed = discoveries(p_values, FALSE_SHARE);
        let of_believed = p_values.iter().zip(&believed).filter(|(_, is)| **is);
        let limit = of_believed.filter_map(|(p, _)| *p).fold(-1.0, f64::max);
        Self {
            charts: p_values.iter().flatten().count(),
            changed: believed.iter().filter(|is| **is).count(),
            limit,
        }
    }

    /// How many of those that have changed would be so by chance alone, at most and on average.
    #[must_use]
    pub fn by_chance(&self) -> f64 {
        self.changed as f64 * FALSE_SHARE
    }

    /// Takes back the alert of a chart that is not to be believed among so many.
    pub(super) fn apply(&self, answer: &mut Answer) {
        if let Some(verdict) = &mut answer.chart.verdict {
            let is_believed = verdict.p_value.is_some_and(|p| p <= self.limit);
            verdict.alert &= is_believed;
            verdict.is_new &= verdict.alert;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_charts_a_chart_must_stand_out_more_than_alone() {
        let one_of_400: Vec<Option<f64>> = (1..=400).map(|i| Some(f64::from(i) / 400.0)).collect();
        let none = Discoveries::among(&one_of_400);
        assert_eq!((none.charts, none.changed), (400, 0));
        let mut with_two = one_of_400;
        with_two.extend([Some(1e-6), Some(2e-6), None]);
        let two = Discoveries::among(&with_two);
        assert_eq!((two.charts, two.changed), (402, 2));
        assert!((two.by_chance() - 0.16).abs() < 1e-9);
    }
}
