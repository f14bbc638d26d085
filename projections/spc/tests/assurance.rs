//! Whether a target is met every time, never, or by chance.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

#[path = "series/points.rs"]
mod points;

use joinedup_spc::{Assurance, Chart, Direction, LimitsStatus, Options, Point, Variation, judge};
use points::series;

#[test]
fn a_constant_series_has_no_signal_and_a_true_assurance_icon() {
    for value in [0.0, 0.1, 0.7, 100.0, 1.0 / 3.0] {
        for n in [13, 20, 52] {
            let mut options = Options::new(Chart::Xmr, Direction::Up);
            for (target, wanted) in [
                (value - 0.05, Assurance::Pass),
                (value + 0.05, Assurance::Fail),
                (value, Assurance::Pass),
            ] {
                options.target = Some(target);
                let verdict = judge(&series(&vec![value; n]), &options).unwrap();
                assert_eq!(verdict.limits_status, LimitsStatus::NoVariation);
                assert_eq!(verdict.assurance, Some(wanted), "{value} against {target}");
                assert_eq!(verdict.variation, Variation::CommonCause);
                assert!(!verdict.alert);
            }
        }
    }
}

#[test]
fn assurance_does_not_depend_on_how_large_the_latest_period_was() {
    let icon = |weeks: usize, target: f64| {
        let points: Vec<Point> = (0..weeks)
            .map(|i| {
                let n = if i % 2 == 0 { 20.0 } else { 2000.0 };
                Point::new(i.to_string(), 0.93 * n).out_of(n)
            })
            .collect();
        let options = Options {
            target: Some(target),
            ..Options::new(Chart::P, Direction::Up)
        };
        judge(&points, &options).unwrap().assurance
    };
    for weeks in 30..34 {
        assert_eq!(icon(weeks, 0.9), Some(Assurance::HitOrMiss), "{weeks}");
        assert_eq!(icon(weeks, 0.5), Some(Assurance::Pass), "{weeks}");
    }
}

#[test]
fn a_run_chart_that_never_moves_says_whether_it_meets_its_target() {
    let icon = |values: &[f64], target: f64| {
        let options = Options {
            target: Some(target),
            ..Options::new(Chart::Run, Direction::Up)
        };
        judge(&series(values), &options).unwrap().assurance
    };
    assert_eq!(icon(&[1.0; 20], 0.9), Some(Assurance::Pass));
    assert_eq!(icon(&[1.0; 20], 1.0), Some(Assurance::Pass));
    assert_eq!(icon(&[0.8; 20], 0.9), Some(Assurance::Fail));
    assert_eq!(icon(&[1.0; 9], 0.9), None);
    let mut once_less = [1.0; 20];
    once_less[3] = 0.95;
    assert_eq!(icon(&once_less, 0.9), None);
}

#[test]
fn percentages_are_judged_and_compared_with_their_target_on_the_scale_that_is_drawn() {
    let points: Vec<Point> = (0..20)
        .map(|i| Point::new(i.to_string(), 40.0 + f64::from(i % 5)).out_of(60.0))
        .collect();
    let options = Options {
        multiply: 100.0,
        target: Some(99.0),
        ..Options::new(Chart::P, Direction::Up)
    };
    let verdict = judge(&points, &options).unwrap();
    assert_eq!(verdict.points[0].value.map(f64::round), Some(67.0));
    assert_eq!(verdict.assurance, Some(Assurance::Fail));
}
