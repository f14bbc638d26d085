//! What users see: the product profile on the series that other tools get wrong.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

mod attributes;
#[path = "../series/points.rs"]
mod points;
mod run_charts;

use joinedup_spc::rules::{Rule, Signal};
use joinedup_spc::runs::Side;
use joinedup_spc::{
    Assurance, Chart, Direction, JudgeError, LimitsStatus, Options, Point, PointState, Profile,
    Variation, Verdict, judge,
};
use points::series;

fn xmr(values: &[f64], direction: Direction) -> Verdict {
    judge(&series(values), &Options::new(Chart::Xmr, direction)).unwrap()
}

fn rules_at(verdict: &Verdict, i: usize) -> Vec<Rule> {
    verdict.points[i]
        .signals
        .iter()
        .map(|signal| signal.rule)
        .collect()
}

const USUAL: [f64; 14] = [
    50., 53., 48., 52., 47., 51., 54., 49., 50., 52., 48., 51., 53., 47.,
];

#[test]
fn a_series_that_is_constant_but_for_rounding_has_no_signal_on_any_chart() {
    let values: Vec<f64> = (0..30)
        .map(|i| 0.1 + 0.2 + if i % 3 == 0 { 1e-16 } else { 0.0 })
        .collect();
    for chart in [
        Chart::Run,
        Chart::Xmr,
        Chart::T,
        Chart::C,
        Chart::G,
        Chart::Mr,
    ] {
        let verdict = judge(&series(&values), &Options::new(chart, Direction::Down)).unwrap();
        assert!(
            verdict.points.iter().all(|p| p.signals.is_empty()),
            "{chart:?}"
        );
        assert!(!verdict.alert, "{chart:?}");
    }
}

#[test]
fn one_odd_point_in_a_constant_series_is_the_only_special_one() {
    let mut values = [100.0; 20];
    values[12] = 97.0;
    let verdict = xmr(&values, Direction::Up);
    assert_eq!(verdict.limits_status, LimitsStatus::ScreenedToZero);
    let special: Vec<usize> = (0..20)
        .filter(|&i| rules_at(&verdict, i).contains(&Rule::Astronomical))
        .collect();
    assert_eq!(special, [12]);
    assert!(!rules_at(&verdict, 19).contains(&Rule::Astronomical));
}

#[test]
fn two_in_three_counts_points_beyond_three_sigma() {
    let values = [
        10., 12., 11., 13., 10., 12., 11., 13., 10., 12., 11., 13., 10., 12., 22., 16.5, 12.5, 11.,
        9., 12.,
    ];
    let verdict = xmr(&values, Direction::Down);
    assert_eq!(
        rules_at(&verdict, 14),
        [Rule::Astronomical, Rule::TwoInThree]
    );
    assert_eq!(rules_at(&verdict, 15), [Rule::TwoInThree]);
    assert!(rules_at(&verdict, 16).is_empty());
    assert_eq!(verdict.points[15].variation, Variation::ConcernHigh);
    let former = Options {
        profile: Profile::NhsrPlotthedots,
        ..Options::new(Chart::Xmr, Direction::Down)
    };
    let former = judge(&series(&values), &former).unwrap();
    assert!(rules_at(&former, 15).is_empty());
}

#[test]
fn a_point_keeps_every_rule_it_meets_and_the_first_labels_it() {
    let mut values = USUAL.to_vec();
    values.extend([55., 57., 59., 61., 63., 65., 67., 90.]);
    let verdict = xmr(&values, Direction::Up);
    let last = verdict.points.last().unwrap();
    assert_eq!(
        last.label(),
        Some(Signal {
            rule: Rule::Astronomical,
            side: Side::High
        })
    );
    assert!(rules_at(&verdict, values.len() - 1).contains(&Rule::Trend));
    assert!(
        verdict.why.contains("above the upper control limit") && verdict.why.contains("each rise")
    );
    assert!(verdict.why.contains("improvement"));
}

#[test]
fn a_trend_that_touches_another_keeps_its_own_direction() {
    let values = [
        10., 30., 12., 28., 11., 31., 26., 25., 24., 23., 22., 21., 20., 26., 25., 24., 23., 22.,
        21., 20., 11., 29., 12., 30.,
    ];
    let verdict = xmr(&values, Direction::Up);
    for i in 5..=12 {
        let trend = verdict.points[i]
            .signals
            .iter()
            .find(|signal| signal.rule == Rule::Trend)
            .unwrap();
        assert_eq!(trend.side, Side::Low, "point {i}");
    }
}

#[test]
fn a_turning_point_belongs_to_both_its_trends() {
    let values = [0., 1., 2., 3., 4., 5., 6., 7., 6., 5., 4., 3., 2., 1.];
    let verdict = xmr(&values, Direction::Up);
    let sides = |i: usize| -> Vec<Side> {
        let signals = verdict.points[i].signals.iter();
        let trends = signals.filter(|signal| signal.rule == Rule::Trend);
        trends.map(|signal| signal.side).collect()
    };
    assert_eq!(sides(6), [Side::High]);
    assert_eq!(sides(7), [Side::Low, Side::High]);
    assert_eq!(sides(8), [Side::Low]);
}

#[test]
fn a_gap_breaks_a_shift_and_is_no_bridge_for_moving_ranges() {
    let mut values = USUAL.to_vec();
    values.extend([
        50.,
        51.,
        52.,
        50.,
        56.,
        56.,
        56.,
        f64::NAN,
        56.,
        56.,
        56.,
        56.,
    ]);
    let verdict = xmr(&values, Direction::Up);
    assert!(
        verdict
            .points
            .iter()
            .all(|p| p.signals.iter().all(|s| s.rule != Rule::Shift))
    );
    let whole: Vec<f64> = values.into_iter().filter(|v| !v.is_nan()).collect();
    let verdict = xmr(&whole, Direction::Up);
    assert!(rules_at(&verdict, whole.len() - 1).contains(&Rule::Shift));
}

#[test]
fn an_unfinished_period_is_drawn_and_never_judged() {
    let mut points = series(&USUAL);
    let before = judge(&points, &Options::new(Chart::Xmr, Direction::Up)).unwrap();
    points.push(Point::new("now", 3.0).provisional());
    let verdict = judge(&points, &Options::new(Chart::Xmr, Direction::Up)).unwrap();
    let last = verdict.points.last().unwrap();
    assert_eq!(
        (last.state, last.value, last.ucl),
        (PointState::Provisional, Some(3.0), before.points[0].ucl)
    );
    assert_eq!(
        (verdict.variation, verdict.latest),
        (Variation::CommonCause, Some(13))
    );
    assert!(last.signals.is_empty() && !verdict.alert);
}

#[test]
fn an_excluded_point_is_drawn_and_its_neighbours_become_adjacent() {
    let mut values = USUAL.to_vec();
    values.insert(6, 500.0);
    let options = Options {
        excluded: vec![6],
        ..Options::new(Chart::Xmr, Direction::Up)
    };
    let with = judge(&series(&values), &options).unwrap();
    let without = xmr(&USUAL, Direction::Up);
    assert_eq!(with.points[0].ucl, without.points[0].ucl);
    assert_eq!(with.points[6].state, PointState::Excluded);
    assert_eq!(with.points[6].variation, Variation::NotJudged);
}

#[test]
fn limits_from_twelve_points_are_drawn_and_judge_nothing() {
    let mut values = USUAL[..11].to_vec();
    values.push(500.0);
    let verdict = xmr(&values, Direction::Up);
    assert_eq!(verdict.limits_status, LimitsStatus::Trial);
    assert_eq!(verdict.variation, Variation::NotJudged);
    assert!(verdict.points[0].ucl.is_some() && !verdict.alert);
    values.insert(0, 50.0);
    assert!(xmr(&values, Direction::Up).alert);
}

#[test]
fn a_frozen_baseline_and_phases_work_together() {
    let mut values = USUAL.to_vec();
    values.extend(USUAL.iter().map(|v| v + 20.0));
    values.extend([90.0, 71.0]);
    let options = Options {
        baseline: Some(12),
        phases: vec![14],
        ..Options::new(Chart::Xmr, Direction::Up)
    };
    let verdict = judge(&series(&values), &options).unwrap();
    assert_eq!(verdict.phases.len(), 2);
    let mean = USUAL[..12].iter().sum::<f64>() / 12.0;
    assert!((verdict.phases[0].centre.unwrap() - mean).abs() < 1e-9);
    assert!((verdict.phases[1].centre.unwrap() - mean - 20.0).abs() < 1e-9);
    assert_eq!(rules_at(&verdict, 28), [Rule::Astronomical]);
}

#[test]
fn every_chart_with_limits_sees_a_point_far_outside_them() {
    for chart in [
        Chart::Xmr,
        Chart::IPrime,
        Chart::P,
        Chart::PPrime,
        Chart::U,
        Chart::UPrime,
        Chart::C,
        Chart::G,
        Chart::T,
        Chart::Xbar,
        Chart::S,
    ] {
        let mut points: Vec<Point> = (0..24_u32)
            .map(|i| {
                let wobble = f64::from(i * 7 % 5);
                Point::new(i.to_string(), 20.0 + wobble)
                    .out_of(100.0)
                    .spread(4.0 + wobble / 10.0)
            })
            .collect();
        let quiet = judge(&points, &Options::new(chart, Direction::Down)).unwrap();
        assert_eq!(
            quiet.variation,
            Variation::CommonCause,
            "{chart:?}: {}",
            quiet.why
        );
        let far = if chart == Chart::T || chart == Chart::G {
            4000.0
        } else {
            95.0
        };
        points.push(Point::new("far", far).out_of(100.0).spread(40.0));
        let verdict = judge(&points, &Options::new(chart, Direction::Down)).unwrap();
        assert_eq!(
            verdict.variation,
            Variation::ConcernHigh,
            "{chart:?}: {}",
            verdict.why
        );
        assert_eq!(verdict.alert_rules[0], Rule::Astronomical, "{chart:?}");
    }
}

#[test]
fn a_point_with_reasons_to_both_sides_says_so() {
    let mut values = USUAL.to_vec();
    values.extend([80., 76., 72., 68., 64., 60., 56.]);
    let verdict = xmr(&values, Direction::Up);
    let top = &verdict.points[14];
    assert!(top.is_conflicting());
    assert_eq!(
        top.label(),
        Some(Signal {
            rule: Rule::Astronomical,
            side: Side::High
        })
    );
}

#[test]
fn too_few_values_have_a_centre_and_no_limits() {
    for chart in [
        Chart::Xmr,
        Chart::P,
        Chart::C,
        Chart::T,
        Chart::G,
        Chart::IPrime,
        Chart::UPrime,
    ] {
        let verdict = judge(
            &[Point::new("only", 3.0).out_of(10.0)],
            &Options::new(chart, Direction::Up),
        )
        .unwrap();
        let point = &verdict.points[0];
        assert_eq!(verdict.limits_status, LimitsStatus::TooFew, "{chart:?}");
        assert!(
            point.centre.is_some() && point.lcl.is_none() && point.ucl.is_none(),
            "{chart:?}"
        );
        assert_eq!(verdict.variation, Variation::NotJudged, "{chart:?}");
    }
    // Every other period is missing: there are no neighbours to take a moving range from.
    let gaps: Vec<f64> = (0..40)
        .map(|i| if i % 2 == 0 { f64::from(i) } else { f64::NAN })
        .collect();
    assert_eq!(
        xmr(&gaps, Direction::Up).limits_status,
        LimitsStatus::TooFew
    );
}
