//! Which chart for which data.

use serde::{Deserialize, Serialize};

use crate::chart::Chart;
use crate::limits::Cell;
use crate::limits::attributes::{Between, Ratio, ratio_prime};
use crate::numerics::summary;
use crate::series::{Point, is_impossible};

/// What a measure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// One measured value per period, a percentage without its n among them.
    Measurement,
    /// Several measured values per period: the value is their mean or median, `n` their number, `sd` their spread where known.
    Duration,
    /// Events per period while the opportunity for them stays the same.
    Count,
    /// Events over a varying opportunity, such as falls per bed-day.
    Rate,
    /// Yes out of n.
    Proportion,
    /// Time from one event to the next.
    TimeBetween,
    /// Cases or opportunities from one event to the next.
    CasesBetween,
    /// Every case on its own, yes or no.
    Cases,
    /// Units of different size in one period.
    Units,
}

/// A way to judge data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A chart over time, for [`crate::judge()`].
    Chart(Chart),
    /// [`crate::cusum`].
    BernoulliCusum,
    /// [`crate::funnel`].
    Funnel,
}

/// The chart to use, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What to use.
    pub method: Method,
    /// What else would do.
    pub alternative: Option<Method>,
    /// Why, in a sentence.
    pub why: String,
}

/// Values below which limits mean little.
const MIN_POINTS: usize = 12;
/// Mean denominator from which on the binomial and Poisson laws give limits that almost nothing stays inside.
const LARGE: f64 = 1000.0;
/// Spread between periods, as a multiple of what the law gives, from which on the law no longer describes the data;
/// one half more in either direction is well outside what 12 or more periods give by chance.
const DISPERSED: f64 = 1.5;

/// Chooses from what the measure is and what its data look like; points that are not judged do not count.
///
/// ```
/// use joinedup_spc::{Chart, Method, Point, Quantity, choose_chart};
/// let falls: Vec<Point> = (0..24).map(|m| Point::new(format!("{m}"), if m % 5 == 0 { 1.0 } else { 0.0 })).collect();
/// assert_eq!(choose_chart(Quantity::Count, &falls).method, Method::Chart(Chart::T));
/// ```
pub fn choose_chart(quantity: Quantity, points: &[Point]) -> Choice {
    let judged: Vec<&Point> = points
        .iter()
        .filter(|p| p.judged && p.value.is_some() && p.n != Some(0.0))
        .filter(|p| quantity != Quantity::Proportion || !is_impossible(p, Chart::P))
        .collect();
    let some = |method, alternative, why: &str| Choice {
        method,
        alternative,
        why: why.to_owned(),
    };
    let chart = |chart, other: Option<Chart>, why: &str| {
        some(Method::Chart(chart), other.map(Method::Chart), why)
    };
    match quantity {
        Quantity::Cases => {
            return some(
                Method::BernoulliCusum,
                Some(Method::Chart(Chart::G)),
                "Each case is yes or no, and a sum of evidence over cases finds a change soonest.",
            );
        }
        Quantity::Units if judged.len() < 5 => {
            return chart(
                Chart::Run,
                None,
                "Fewer than five units are too few to compare: show each over time.",
            );
        }
        Quantity::Units => {
            return some(
                Method::Funnel,
                None,
                "Units of different size are compared with limits that narrow with their size.",
            );
        }
        _ if judged.len() < MIN_POINTS => {
            let why = format!(
                "With {} values so far, limits would mean little: a run chart works from about ten.",
                judged.len()
            );
            return chart(Chart::Run, None, &why);
        }
        _ => {}
    }
    match quantity {
        Quantity::Count | Quantity::Rate | Quantity::Proportion | Quantity::CasesBetween
            if judged.iter().any(|p| p.value.is_some_and(|v| v < 0.0)) =>
        {
            chart(
                Chart::Xmr,
                Some(Chart::Run),
                "Some amounts are below 0, which no count is: the moving range shows what variation is usual.",
            )
        }
        Quantity::TimeBetween if judged.iter().any(|p| p.value.is_some_and(|v| v <= 0.0)) => chart(
            Chart::Run,
            Some(Chart::G),
            "Some times between events are 0, which a T chart cannot show: measure in hours, or count cases between events.",
        ),
        Quantity::TimeBetween => chart(
            Chart::T,
            None,
            "Times between rare events are judged on a scale that makes them nearly normal.",
        ),
        Quantity::CasesBetween => chart(
            Chart::G,
            None,
            "Cases between rare events follow the geometric law.",
        ),
        Quantity::Measurement => chart(
            Chart::Xmr,
            Some(Chart::Run),
            "One measured value per period: the moving range shows what variation is usual.",
        ),
        Quantity::Duration if judged.iter().all(|p| p.sd.is_some() && p.n.is_some()) => chart(
            Chart::Xbar,
            Some(Chart::Run),
            "Several measurements per period with their spread: means with limits from within periods, beside an S chart. Where the values are skewed, chart their median instead.",
        ),
        Quantity::Duration => chart(
            Chart::Run,
            Some(Chart::Xmr),
            "Durations are skewed: the median of each period, on a run chart, which asks for no distribution.",
        ),
        Quantity::Count if mostly_extreme(&judged, false) => chart(
            Chart::T,
            Some(Chart::G),
            "More than half of the periods have no event: the time from one event to the next says more than counts of 0 and 1.",
        ),
        Quantity::Count => chart(
            Chart::C,
            Some(Chart::Xmr),
            "Counts with the same opportunity every period.",
        ),
        Quantity::Rate | Quantity::Proportion => ratio(quantity, &judged),
        Quantity::Cases | Quantity::Units => {
            chart(Chart::Run, None, "A run chart asks for no distribution.")
        }
    }
}

fn ratio(quantity: Quantity, judged: &[&Point]) -> Choice {
    let proportion = quantity == Quantity::Proportion;
    let (plain, primed, kind) = if proportion {
        (Chart::P, Chart::PPrime, Ratio::Proportion)
    } else {
        (Chart::U, Chart::UPrime, Ratio::Rate)
    };
    let choice = |method: Chart, alternative: Chart, why: String| Choice {
        method: Method::Chart(method),
        alternative: Some(Method::Chart(alternative)),
        why,
    };
    if judged.iter().any(|p| p.n.is_none()) {
        let why = "Some values have no denominator, so only the values themselves can be charted.";
        return choice(Chart::Xmr, Chart::Run, why.to_owned());
    }
    if mostly_extreme(judged, proportion) {
        let why = "More than half of the periods are at the very end of the scale: what lies between one event and the next says more.";
        return choice(Chart::T, Chart::G, why.to_owned());
    }
    let mean_n = summary::mean(judged.iter().filter_map(|p| p.n));
    let cells: Vec<Cell> = judged
        .iter()
        .map(|p| {
            let (sum, n) = (p.value.unwrap_or(f64::NAN), p.n.unwrap_or(f64::NAN));
            Cell {
                value: sum / n,
                sum,
                n,
                base: true,
            }
        })
        .collect();
    let sigma_z = ratio_prime(&cells, kind, None, Between::MovingRange { screen: false })
        .1
        .average
        / 1.128;
    let law = if proportion { "binomial" } else { "Poisson" };
    if mean_n >= LARGE {
        let why = format!(
            "Denominators are large ({mean_n:.0} on average), so the {law} law alone would give limits that are too narrow."
        );
        return choice(primed, Chart::Xmr, why);
    }
    if sigma_z.is_finite() && !(1.0 / DISPERSED..=DISPERSED).contains(&sigma_z) {
        let why = format!(
            "Periods differ {sigma_z:.1} times as much as the {law} law gives, so the limits take that into account."
        );
        return choice(primed, Chart::Xmr, why);
    }
    let what = if proportion {
        "Yes out of n"
    } else {
        "Events over a varying opportunity"
    };
    choice(
        plain,
        primed,
        format!("{what}, varying as much as the {law} law gives: limits follow each period's n."),
    )
}

/// More than half of the values at 0, or for proportions at all of n.
fn mostly_extreme(judged: &[&Point], proportion: bool) -> bool {
    let zero = judged.iter().filter(|p| p.value == Some(0.0)).count();
    let full = judged.iter().filter(|p| p.value == p.n).count();
    zero * 2 > judged.len() || (proportion && full * 2 > judged.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn months(n: usize, value: impl Fn(usize) -> f64) -> Vec<Point> {
        (0..n)
            .map(|m| Point::new(m.to_string(), value(m)))
            .collect()
    }

    fn chart_of(quantity: Quantity, points: &[Point]) -> Method {
        choose_chart(quantity, points).method
    }

    #[test]
    fn short_series_get_a_run_chart_whatever_they_measure() {
        for quantity in [
            Quantity::Measurement,
            Quantity::Count,
            Quantity::Rate,
            Quantity::Proportion,
            Quantity::Duration,
        ] {
            assert_eq!(
                chart_of(quantity, &months(11, |m| m as f64)),
                Method::Chart(Chart::Run)
            );
        }
    }

    #[test]
    fn proportions_get_primes_when_n_is_large_or_the_law_does_not_hold() {
        // Close to what chance gives around 50 %.
        let usual = [
            8., 12., 9., 13., 7., 10., 14., 10., 6., 11., 9., 12., 8., 11.,
        ];
        let small: Vec<Point> = usual
            .iter()
            .enumerate()
            .map(|(m, y)| Point::new(m.to_string(), *y).out_of(20.0))
            .collect();
        assert_eq!(
            chart_of(Quantity::Proportion, &small),
            Method::Chart(Chart::P)
        );
        let wild: Vec<Point> = (0..14)
            .map(|m| Point::new(m.to_string(), if m % 2 == 0 { 2.0 } else { 18.0 }).out_of(20.0))
            .collect();
        assert_eq!(
            chart_of(Quantity::Proportion, &wild),
            Method::Chart(Chart::PPrime)
        );
        let large: Vec<Point> = (0..14)
            .map(|m| Point::new(m.to_string(), 900.0).out_of(2000.0))
            .collect();
        assert_eq!(
            chart_of(Quantity::Proportion, &large),
            Method::Chart(Chart::PPrime)
        );
    }

    #[test]
    fn rare_events_and_units_leave_the_usual_charts() {
        assert_eq!(
            chart_of(
                Quantity::Count,
                &months(24, |m| f64::from(u8::from(m % 3 == 0)))
            ),
            Method::Chart(Chart::T)
        );
        assert_eq!(
            chart_of(Quantity::TimeBetween, &months(24, |m| m as f64)),
            Method::Chart(Chart::Run)
        );
        assert_eq!(
            chart_of(Quantity::Units, &months(9, |m| m as f64)),
            Method::Funnel
        );
        assert_eq!(chart_of(Quantity::Cases, &[]), Method::BernoulliCusum);
    }

    #[test]
    fn every_choice_gives_a_reason() {
        for n in [0, 5, 20] {
            for quantity in [
                Quantity::Measurement,
                Quantity::Duration,
                Quantity::Count,
                Quantity::Rate,
                Quantity::Proportion,
                Quantity::TimeBetween,
                Quantity::CasesBetween,
                Quantity::Cases,
                Quantity::Units,
            ] {
                assert!(
                    choose_chart(quantity, &months(n, |m| m as f64))
                        .why
                        .ends_with('.')
                );
            }
        }
    }
}
