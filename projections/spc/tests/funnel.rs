//! Funnels of rates, which no reference implementation here has: against counting, and against the U chart.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

use joinedup_spc::case::run_case;
use joinedup_spc::funnel::{FunnelKind, FunnelOptions, FunnelRow, product_funnel};
use proptest::prelude::*;
use serde_json::json;

fn rows(numbers: &[(f64, f64)]) -> Vec<FunnelRow> {
    let row = |(i, &(numerator, denominator)): (usize, &(f64, f64))| FunnelRow {
        unit: format!("L{i:02}"),
        numerator,
        denominator,
    };
    numbers.iter().enumerate().map(row).collect()
}

/// P(X ≤ k) of a Poisson law, term by term.
fn at_most(k: u32, mean: f64) -> f64 {
    let mut term = (-mean).exp();
    let mut sum = term;
    for i in 1..=k {
        term *= mean / f64::from(i);
        sum += term;
    }
    sum
}

#[test]
fn limits_of_a_rate_are_those_of_the_poisson_law_for_what_is_expected() {
    let units = [(9., 10.), (22., 20.), (33., 30.), (35., 40.), (51., 50.)];
    let found = product_funnel(&rows(&units), FunnelOptions::new(FunnelKind::Rate)).unwrap();
    assert!((found.target - 1.0).abs() < 1e-12);
    for unit in &found.units {
        // As many events as expected would be in the tail if the rate were at the limit.
        for (band, tail) in [(unit.p95, 0.025), (unit.p998, 0.001)] {
            let (expected, low) = (unit.denominator as u32, band.lower * unit.denominator);
            let high = band.upper * unit.denominator;
            assert!(
                (1.0 - at_most(expected - 1, low) - tail).abs() < 1e-9,
                "{unit:?}"
            );
            assert!((at_most(expected, high) - tail).abs() < 1e-9, "{unit:?}");
        }
    }
}

#[test]
fn with_many_events_a_rate_has_nearly_the_limits_of_the_u_chart() {
    let units = [
        (810., 900.),
        (1190., 1200.),
        (700., 690.),
        (1520., 1500.),
        (980., 1010.),
    ];
    let found = product_funnel(&rows(&units), FunnelOptions::new(FunnelKind::Rate)).unwrap();
    let (x, y, n): (Vec<_>, Vec<_>, Vec<_>) = (
        units
            .iter()
            .enumerate()
            .map(|(i, _)| format!("L{i:02}"))
            .collect(),
        units.iter().map(|u| u.0).collect(),
        units.iter().map(|u| u.1).collect(),
    );
    let chart = run_case(&json!({ "method": "qicharts2.u", "x": x, "y": y, "n": n })).unwrap();
    for (i, unit) in found.units.iter().enumerate() {
        let upper = chart["points"]["ucl"][i].as_f64().unwrap();
        assert!(
            (unit.p998.upper / upper - 1.0).abs() < 0.02,
            "{unit:?} and {upper}"
        );
        assert_eq!(unit.outlier, chart["points"]["sigma_signal"][i]);
    }
}

#[test]
fn units_that_differ_by_more_than_chance_have_wider_limits_when_asked() {
    let units = [
        (20., 100.),
        (80., 100.),
        (45., 100.),
        (60., 100.),
        (95., 100.),
        (30., 100.),
    ];
    let options = FunnelOptions {
        adjust: true,
        ..FunnelOptions::new(FunnelKind::Rate)
    };
    let found = product_funnel(&rows(&units), options).unwrap();
    assert!(found.adjusted && found.phi.unwrap() > 5.0);
    for unit in &found.units {
        assert!(
            unit.adjusted_p998.lower < unit.p998.lower
                && unit.adjusted_p998.upper > unit.p998.upper
        );
        assert!(!unit.outlier && unit.adjusted_p998.lower >= 0.0);
    }
}

proptest! {
    #[test]
    fn a_funnel_of_rates_does_not_depend_on_the_unit_of_exposure(
        units in prop::collection::vec((0..200_u32, 1..500_u32), 5..20), scale in 1..1000_u32,
    ) {
        let scale = f64::from(scale);
        let of = |by: f64| {
            let numbers: Vec<_> = units.iter().map(|(y, n)| (f64::from(*y), f64::from(*n) * by)).collect();
            product_funnel(&rows(&numbers), FunnelOptions::new(FunnelKind::Rate)).unwrap()
        };
        for (a, b) in of(1.0).units.iter().zip(&of(scale).units) {
            prop_assert!((a.p998.upper / scale - b.p998.upper).abs() <= 1e-9 * b.p998.upper);
            prop_assert!((a.p95.lower / scale - b.p95.lower).abs() <= 1e-9 * b.p95.upper);
        }
    }
}
