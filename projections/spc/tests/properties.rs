//! What holds for every series.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

use joinedup_spc::case::run_case;
use joinedup_spc::{
    Chart, Direction, Options, Point, PointState, Profile, Sampling, Variation, Verdict, judge,
    propose_rephase, rejudge,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const CHARTS: [Chart; 13] = [
    Chart::Run,
    Chart::Xmr,
    Chart::Mr,
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
];
const PROFILES: [Profile; 9] = [
    Profile::Product,
    Profile::Anhoej,
    Profile::MakingDataCount,
    Profile::Qicharts2,
    Profile::NhsrPlotthedots,
    Profile::PowerbiSpc,
    Profile::Perla,
    Profile::His,
    Profile::Runcharter,
];

fn whole_values(n: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Option<i32>>> {
    // Some stretches level, so that shifts and constant series turn up.
    let value = prop_oneof![8 => (-60..60_i32).prop_map(Some), 3 => (40..60_i32).prop_map(Some), 1 => Just(None)];
    proptest::collection::vec(value, n)
}

fn points(values: &[Option<i32>], place: impl Fn(f64) -> f64) -> Vec<Point> {
    values
        .iter()
        .enumerate()
        .map(|(i, v)| {
            v.map_or(Point::missing(i.to_string()), |v| {
                Point::new(i.to_string(), place(f64::from(v)))
            })
        })
        .collect()
}

fn any_number() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        4 => (0..50_i32).prop_map(|v| Some(f64::from(v))),
        2 => any::<f64>().prop_map(Some),
        1 => prop_oneof![Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::NAN), Just(0.0), Just(-0.0), Just(5e-324),
            Just(1e100), Just(-1e100), Just(1e-100), Just(1e308)].prop_map(Some),
        1 => Just(None),
    ]
}

fn tame_number() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        6 => (0..50_i32).prop_map(|v| Some(f64::from(v))),
        1 => (0.0..1e100_f64).prop_map(Some),
        1 => (0.0..1e-90_f64).prop_map(Some),
        1 => Just(None),
    ]
}

fn any_point(number: impl Strategy<Value = Option<f64>> + Clone) -> impl Strategy<Value = Point> {
    (
        number.clone(),
        number.clone(),
        number,
        prop::bool::weighted(0.9),
    )
        .prop_map(|(value, n, sd, judged)| Point {
            x: String::new(),
            value,
            n,
            sd,
            judged,
        })
}

/// Signals of all points and of the runs, without any numbers.
fn findings(verdict: &Verdict) -> impl PartialEq + std::fmt::Debug + use<> {
    let points: Vec<_> = verdict.points.iter().map(|p| p.signals.clone()).collect();
    let phases: Vec<_> = verdict
        .phases
        .iter()
        .map(|p| (p.runs, p.limits_status))
        .collect();
    (points, phases, verdict.variation, verdict.alert)
}

fn all_finite(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(f64::is_finite),
        Value::Array(values) => values.iter().all(all_finite),
        Value::Object(fields) => fields.values().all(all_finite),
        _ => true,
    }
}

fn mirrored(variation: Variation) -> Variation {
    match variation {
        Variation::ImprovementHigh => Variation::ConcernHigh,
        Variation::ConcernHigh => Variation::ImprovementHigh,
        Variation::ImprovementLow => Variation::ConcernLow,
        Variation::ConcernLow => Variation::ImprovementLow,
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn moving_and_stretching_a_series_changes_no_finding(
        values in whole_values(0..45), shift in -5000..5000_i32, power in 0..12_i32,
    ) {
        let factor = f64::from(1 << power) / 64.0;
        for chart in [Chart::Run, Chart::Xmr] {
            let options = Options::new(chart, Direction::Up);
            let plain = judge(&points(&values, |v| v), &options).unwrap();
            let moved = judge(&points(&values, |v| (v + f64::from(shift)) * factor), &options).unwrap();
            prop_assert_eq!(findings(&plain), findings(&moved));
        }
    }

    #[test]
    fn turning_a_series_upside_down_with_its_direction_turns_only_high_and_low(values in whole_values(0..45)) {
        for chart in [Chart::Run, Chart::Xmr] {
            let up = judge(&points(&values, |v| v), &Options::new(chart, Direction::Up)).unwrap();
            let down = judge(&points(&values, |v| -v), &Options::new(chart, Direction::Down)).unwrap();
            for (a, b) in up.points.iter().zip(&down.points) {
                let sides: Vec<_> = a.signals.iter().map(|s| (s.rule, s.side.opposite())).collect();
                let turned: Vec<_> = b.signals.iter().map(|s| (s.rule, s.side)).collect();
                prop_assert_eq!(sides, turned);
            }
            prop_assert_eq!(up.alert, down.alert);
        }
    }

    #[test]
    fn the_other_direction_mirrors_every_icon(values in whole_values(0..45), target in -80..80_i32) {
        for chart in [Chart::Run, Chart::Xmr] {
            let options = |direction| Options { target: Some(f64::from(target)), ..Options::new(chart, direction) };
            let series = points(&values, |v| v);
            let up = judge(&series, &options(Direction::Up)).unwrap();
            let down = judge(&series, &options(Direction::Down)).unwrap();
            let neutral = judge(&series, &options(Direction::Neutral)).unwrap();
            prop_assert_eq!(mirrored(up.variation), down.variation);
            for (a, b) in up.points.iter().zip(&down.points) {
                prop_assert_eq!(mirrored(a.variation), b.variation);
                prop_assert_eq!(&a.signals, &b.signals);
            }
            prop_assert_eq!(up.assurance.is_some(), down.assurance.is_some());
            prop_assert_eq!(neutral.assurance, None);
            prop_assert_eq!(neutral.variation.is_special(), up.variation.is_special());
        }
    }

    #[test]
    fn a_frozen_phase_keeps_its_lines_when_later_points_arrive(
        values in whole_values(20..50), later in whole_values(1..12), chart in prop::sample::select(&CHARTS[..4]),
    ) {
        let with_n = |values: &[Option<i32>]| -> Vec<Point> {
            points(values, |v| v).into_iter().map(|p| p.out_of(10.0)).collect()
        };
        let all: Vec<_> = values.iter().chain(&later).copied().collect();
        let options = Options { baseline: Some(12), ..Options::new(chart, Direction::Up) };
        let before = judge(&with_n(&values), &options).unwrap();
        // Frozen is what has all twelve values and limits that are no longer trial ones. A moving range needs two
        // neighbours, so with gaps an MR chart has far fewer values than the series it is made of.
        prop_assume!(before.phases[0].values >= 13);
        let after = judge(&with_n(&all), &options).unwrap();
        for (a, b) in before.points.iter().zip(&after.points) {
            prop_assert_eq!((a.centre, a.lcl, a.ucl, a.lower_warning), (b.centre, b.lcl, b.ucl, b.lower_warning));
        }
    }

    #[test]
    fn a_verdict_never_contradicts_itself(
        values in whole_values(8..60), n in 1..40_u32, frozen: bool, split in prop::option::of(3..8_usize),
        silent in 0..6_usize, profile in prop::sample::select(&PROFILES[..]),
        chart in prop::sample::select(&[Chart::Run, Chart::Xmr, Chart::P, Chart::PPrime, Chart::C, Chart::U, Chart::G][..]),
        sampling in prop::sample::select(&[Sampling::Every, Sampling::UntilIndependent,
            Sampling::OneIn { step: 3, offset: 1 }][..]),
    ) {
        let mut series: Vec<Point> = points(&values, f64::abs).into_iter().map(|p| p.out_of(f64::from(n + 59))).collect();
        series.extend((0..silent).map(|i| Point::missing(format!("silent {i}"))));
        let options = Options {
            profile, sampling, baseline: frozen.then_some(12), phases: split.into_iter().collect(),
            ..Options::new(chart, Direction::Down)
        };
        let verdict = judge(&series, &options).unwrap();
        prop_assert_eq!(verdict.alert, verdict.variation.is_special(), "{}", verdict.why);
        prop_assert_eq!(verdict.alert, !verdict.alert_rules.is_empty());
        prop_assert!(verdict.alert || !verdict.is_new);
        let latest = verdict.latest.unwrap_or_default();
        if profile == Profile::Product && verdict.alert {
            prop_assert_eq!(verdict.variation, verdict.points[latest].variation);
            prop_assert!(verdict.past.iter().all(|change| change.side.is_none() || change.last < latest));
        }
        if silent > 3 && sampling == Sampling::Every {
            prop_assert!(!verdict.alert);
        }
        // What is new today was not there yesterday, and what was there is not new.
        let yesterday = judge(&series[..latest], &Options { phases: split.into_iter().filter(|&s| s < latest).collect(), ..options });
        if let (true, Ok(yesterday)) = (verdict.alert, yesterday) {
            prop_assert_eq!(verdict.is_new, yesterday.variation != verdict.variation);
        }
    }

    #[test]
    fn a_finished_phase_never_changes_when_later_points_arrive(
        values in whole_values(20..50), later in whole_values(1..12), start in 5..19_usize,
    ) {
        let options = Options { phases: vec![start], ..Options::new(Chart::Xmr, Direction::Up) };
        let all: Vec<_> = values.iter().chain(&later).copied().collect();
        let before = judge(&points(&values, |v| v), &options).unwrap();
        let after = judge(&points(&all, |v| v), &options).unwrap();
        prop_assert_eq!(&before.points[..start], &after.points[..start]);
        prop_assert_eq!(&before.phases[0], &after.phases[0]);
    }

    #[test]
    fn bringing_a_verdict_up_to_date_equals_judging_afresh(
        values in whole_values(8..40), new in -60..60_i32, at in 0..40_usize, append: bool, split in prop::option::of(3..8_usize),
    ) {
        for chart in [Chart::Run, Chart::Xmr, Chart::Mr] {
            let options = Options { phases: split.into_iter().collect(), ..Options::new(chart, Direction::Down) };
            let mut series = points(&values, |v| v);
            let mut verdict = judge(&series, &options).unwrap();
            let changed = if append { series.len() } else { at % series.len() };
            let point = Point::new("new", f64::from(new));
            if append { series.push(point) } else { series[changed] = point }
            rejudge(&mut verdict, &series, changed, &options).unwrap();
            prop_assert_eq!(verdict, judge(&series, &options).unwrap());
        }
    }

    #[test]
    fn no_series_panics_or_leaks_a_number_that_is_none(
        wild in proptest::collection::vec(any_point(any_number().boxed()), 0..40),
        tame in proptest::collection::vec(any_point(tame_number().boxed()), 0..40),
        chart in prop::sample::select(&CHARTS[..]),
        profile in prop::sample::select(&PROFILES[..]),
        (target, baseline, phase, excluded) in (any_number(), prop::option::of(0..30_usize), prop::option::of(0..40_usize),
            prop::option::of(0..40_usize)),
    ) {
        let options = Options {
            target, baseline, profile,
            phases: phase.into_iter().collect(),
            excluded: excluded.into_iter().collect(),
            ..Options::new(chart, Direction::Up)
        };
        let simple = Options { profile, ..Options::new(chart, Direction::Neutral) };
        // Small enough for proportions, so that not every series of them is refused.
        let shares: Vec<Point> = tame.iter().cloned()
            .map(|p| Point { value: p.value.zip(p.n).map(|(v, n)| v.min(n).max(f64::MIN_POSITIVE)), ..p })
            .collect();
        for series in [&wild, &tame, &shares] {
            for options in [&options, &simple] {
                if let Ok(verdict) = judge(series, options) {
                    for point in &verdict.points {
                        let numbers = [point.value, point.centre, point.lcl, point.ucl, point.lower_warning, point.upper_warning];
                        prop_assert!(numbers.into_iter().flatten().all(f64::is_finite), "{point:?}");
                        prop_assert!(point.state == PointState::Judged || point.signals.is_empty());
                    }
                    prop_assert!(all_finite(&serde_json::to_value(&verdict).unwrap()));
                }
                if let Ok(Some(proposal)) = propose_rephase(series, options) {
                    prop_assert!(proposal.centre_after.is_finite() && proposal.start < series.len());
                }
            }
        }
    }

    #[test]
    fn no_case_panics_or_leaks_a_number_that_is_none(
        rows in proptest::collection::vec((any_number(), any_number(), 0..30_u8), 0..40),
        method in prop::sample::select(&["qicharts2.run", "qicharts2.i", "qicharts2.mr", "qicharts2.ip", "qicharts2.p",
            "qicharts2.pp", "qicharts2.u", "qicharts2.up", "qicharts2.c", "qicharts2.g", "qicharts2.t", "qicharts2.xbar",
            "qicharts2.s", "mdc.xmr", "run.perla", "rephase.runcharter", "rephase.his", "funnel.spiegelhalter", "pbi.rules",
            "cusum.bernoulli", "product.xmr", "product.p", "none.such"][..]),
        options in prop::sample::select(&[r#"{}"#, r#"{"freeze": 5}"#, r#"{"part": [3, 9, -1, 99], "exclude": [2, 50]}"#,
            r#"{"target": 0.02, "screen_mr": false, "screen_outliers": false, "cl": 3, "multiply": 100}"#,
            r#"{"data_type": "PR", "draw_adjusted": true, "agg_fun": "sd", "runs_method": "cutbox", "subset": 4}"#,
            r#"{"freeze": "x"}"#, r#"{"trend_n": 0, "shift_n": 0, "trigger": 0, "med_rows": 0, "shift": 0, "trend": 1}"#][..]),
        dates: bool,
    ) {
        let number = |v: &Option<f64>| match v {
            Some(v) if v.is_finite() => json!(v),
            Some(v) if *v > 0.0 => json!("Inf"),
            Some(v) if *v < 0.0 => json!("-Inf"),
            _ => Value::Null,
        };
        let x: Vec<Value> = rows.iter().enumerate()
            .map(|(i, row)| if dates { json!(format!("2024-{:02}-{:02}", 1 + i / 28, 1 + i % 28)) } else { json!(row.2) })
            .collect();
        let case = json!({
            "method": method, "options": serde_json::from_str::<Value>(options).unwrap(), "x": x,
            "y": rows.iter().map(|row| number(&row.0)).collect::<Vec<_>>(),
            "n": rows.iter().map(|row| number(&row.1)).collect::<Vec<_>>(),
        });
        if let Ok(result) = run_case(&case) {
            prop_assert!(all_finite(&result));
        }
    }
}

#[test]
fn a_million_points_are_judged() {
    let points: Vec<Point> = (0..1_000_000_u32)
        .map(|i| {
            Point::new(
                String::new(),
                f64::from(i.wrapping_mul(2_654_435_761) % 1000) + 1.0,
            )
            .out_of(2000.0)
        })
        .collect();
    for (chart, n) in [
        (Chart::Xmr, 1_000_000),
        (Chart::Run, 100_000),
        (Chart::PPrime, 100_000),
        (Chart::T, 100_000),
    ] {
        let verdict = judge(&points[..n], &Options::new(chart, Direction::Up)).unwrap();
        assert_eq!(verdict.points.len(), n);
        assert!(verdict.phases[0].centre.is_some(), "{chart:?}");
        assert!(
            verdict.points[n - 1].ucl.is_some() == chart.has_limits(),
            "{chart:?}"
        );
    }
}
