//! The kinds of chart.

use serde::{Deserialize, Serialize};

/// Kinds of chart, with what is plotted, where the centre lies and how wide the limits are (three sigma).
///
/// `y` is the point's value and `n` its denominator. On run and XmR charts a point with a denominator is plotted as y/n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chart {
    /// Run chart: the median, no limits; judged by its runs. Works for any quantity from about 10 points.
    Run,
    /// Individuals (XmR, I): mean ± 2.66 average moving ranges. Nelson 1982; Wheeler.
    Xmr,
    /// Moving ranges of an XmR chart: limits 0 and 3.267 times the mean. No runs rules, because neighbours share a value.
    Mr,
    /// Individuals with a denominator (I′, Taylor): limits narrow with √n.
    IPrime,
    /// Proportions y/n: p̄ = Σy/Σn ± 3√(p̄(1−p̄)/n), within 0 and 1.
    P,
    /// Proportions with the variation between periods that large n brings out (P′, Laney 2002).
    PPrime,
    /// Rates y/n: ū = Σy/Σn ± 3√(ū/n), not below 0.
    U,
    /// Rates with the variation between periods that large n brings out (U′, Laney 2002).
    UPrime,
    /// Counts with constant opportunity: c̄ ± 3√c̄, not below 0.
    C,
    /// Opportunities between events: ḡ ± 3√(ḡ(ḡ+1)), not below 0, around the median.
    G,
    /// Time between events: an XmR chart of t^(1/3.6), raised back.
    T,
    /// Means of subgroups: the value is the mean, `n` the size, `sd` the standard deviation; limits A3·S.
    Xbar,
    /// Standard deviations of subgroups: `sd` is plotted, `n` is the size.
    S,
}

/// Which rules make sense on a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Applicable {
    pub(crate) astronomical: bool,
    pub(crate) trend: bool,
    pub(crate) two_in_three: bool,
    pub(crate) shift: bool,
    pub(crate) runs: bool,
}

impl Chart {
    /// Has control limits.
    pub fn has_limits(self) -> bool {
        self != Chart::Run
    }

    /// Every point needs a denominator.
    pub fn needs_denominator(self) -> bool {
        matches!(
            self,
            Chart::IPrime
                | Chart::P
                | Chart::PPrime
                | Chart::U
                | Chart::UPrime
                | Chart::Xbar
                | Chart::S
        )
    }

    /// The name on a chart's title.
    pub fn name(self) -> &'static str {
        match self {
            Chart::Run => "run chart",
            Chart::Xmr => "XmR chart",
            Chart::Mr => "moving range chart",
            Chart::IPrime => "I′ chart",
            Chart::P => "P chart",
            Chart::PPrime => "P′ chart",
            Chart::U => "U chart",
            Chart::UPrime => "U′ chart",
            Chart::C => "C chart",
            Chart::G => "G chart",
            Chart::T => "T chart",
            Chart::Xbar => "Xbar chart",
            Chart::S => "S chart",
        }
    }

    pub(crate) fn applicable(self) -> Applicable {
        let all = Applicable {
            astronomical: true,
            trend: true,
            two_in_three: true,
            shift: true,
            runs: true,
        };
        match self {
            Chart::Run => Applicable {
                astronomical: false,
                trend: false,
                two_in_three: false,
                shift: false,
                runs: true,
            },
            // Neighbouring moving ranges share a value: runs and trends come by themselves.
            Chart::Mr => Applicable {
                astronomical: true,
                trend: false,
                two_in_three: false,
                shift: false,
                runs: false,
            },
            // The law is so skewed that two sigma says nothing; its centre is the median, so shifts do.
            Chart::G => Applicable {
                two_in_three: false,
                ..all
            },
            _ => all,
        }
    }

    /// The plotted value is the value divided by the denominator.
    pub(crate) fn plots_ratio(self) -> bool {
        !matches!(
            self,
            Chart::C | Chart::G | Chart::T | Chart::Xbar | Chart::S
        )
    }
}
