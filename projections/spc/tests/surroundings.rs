//! Around the verdict: what is refused, what is proposed, which chart is chosen, and the JSON of it.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

#[path = "series/points.rs"]
mod points;

use joinedup_spc::{
    Chart, Direction, JudgeError, Method, Options, Point, Profile, Quantity, Variation, Verdict,
    choose_chart, judge, propose_rephase,
};
use points::series;

const USUAL: [f64; 14] = [
    50., 53., 48., 52., 47., 51., 54., 49., 50., 52., 48., 51., 53., 47.,
];

#[test]
fn phases_exclusions_and_numbers_that_make_no_sense_are_refused() {
    let points = series(&USUAL);
    let refused = |options: Options| judge(&points, &options).unwrap_err();
    let options = || Options::new(Chart::Xmr, Direction::Up);
    for phases in [vec![0], vec![14], vec![5, 5], vec![9, 4]] {
        assert!(matches!(
            refused(Options {
                phases,
                ..options()
            }),
            JudgeError::PhaseStart { .. }
        ));
    }
    assert_eq!(
        refused(Options {
            baseline: Some(1),
            ..options()
        }),
        JudgeError::Baseline
    );
    assert_eq!(
        refused(Options {
            excluded: vec![14],
            ..options()
        }),
        JudgeError::Excluded {
            index: 14,
            points: 14
        }
    );
    assert_eq!(
        refused(Options {
            target: Some(f64::NAN),
            ..options()
        }),
        JudgeError::Scale
    );
    for bad in [f64::INFINITY, f64::NAN, 1e101] {
        let mut points = series(&USUAL);
        points[2].value = Some(bad);
        assert_eq!(
            judge(&points, &options()),
            Err(JudgeError::NotANumber { index: 2 })
        );
    }
    let times = judge(
        &series(&[1., 2., 0., 4.]),
        &Options::new(Chart::T, Direction::Up),
    );
    assert_eq!(times, Err(JudgeError::NoTime { index: 2 }));
}

#[test]
fn an_empty_series_has_a_verdict_that_says_so() {
    for points in [Vec::new(), series(&[f64::NAN; 5])] {
        let verdict = judge(&points, &Options::new(Chart::Xmr, Direction::Up)).unwrap();
        assert_eq!((verdict.latest, verdict.alert), (None, false));
        assert!(verdict.why.contains("nothing to judge"));
    }
}

#[test]
fn a_new_phase_is_proposed_for_the_better_and_never_for_the_worse() {
    let mut values = USUAL.to_vec();
    values.extend(USUAL[..10].iter().map(|v| v + 9.0));
    let better = propose_rephase(&series(&values), &Options::new(Chart::Run, Direction::Up))
        .unwrap()
        .unwrap();
    assert_eq!(
        (better.start, better.run, better.variation),
        (14, 10, Variation::ImprovementHigh)
    );
    let worse = Options::new(Chart::Run, Direction::Down);
    assert_eq!(propose_rephase(&series(&values), &worse).unwrap(), None);
    let algorithm = Options {
        profile: Profile::Runcharter,
        ..worse
    };
    assert!(
        propose_rephase(&series(&values), &algorithm)
            .unwrap()
            .is_some()
    );
}

#[test]
fn no_new_phase_is_proposed_once_the_process_has_gone_back() {
    let mut values = USUAL.to_vec();
    values.extend(USUAL[..9].iter().map(|v| v + 9.0));
    values.extend(USUAL[..8].iter().map(|v| v - 9.0));
    assert_eq!(
        propose_rephase(&series(&values), &Options::new(Chart::Run, Direction::Up)).unwrap(),
        None
    );
}

#[test]
fn accepting_a_proposal_gives_two_quiet_phases() {
    let mut values = USUAL.to_vec();
    values.extend(USUAL.iter().map(|v| v + 9.0));
    let mut options = Options::new(Chart::Run, Direction::Up);
    let proposal = propose_rephase(&series(&values), &options)
        .unwrap()
        .unwrap();
    options.phases.push(proposal.start);
    let verdict = judge(&series(&values), &options).unwrap();
    assert!(verdict.phases.iter().all(|phase| !phase.runs_signal));
    assert_eq!(propose_rephase(&series(&values), &options).unwrap(), None);
}

#[test]
fn the_chart_chosen_for_a_series_judges_it() {
    let points: Vec<Point> = (0..20)
        .map(|i| Point::new(i.to_string(), f64::from(i % 6) + 1.0).out_of(40.0))
        .collect();
    for quantity in [
        Quantity::Proportion,
        Quantity::Rate,
        Quantity::Count,
        Quantity::Measurement,
        Quantity::TimeBetween,
    ] {
        let Method::Chart(chart) = choose_chart(quantity, &points).method else {
            panic!("{quantity:?}")
        };
        assert!(
            judge(&points, &Options::new(chart, Direction::Down)).is_ok(),
            "{chart:?}"
        );
    }
}

#[test]
fn amounts_below_zero_get_a_chart_that_takes_them() {
    let points: Vec<Point> = (0..20)
        .map(|i| Point::new(i.to_string(), f64::from(i % 6) - 3.0).out_of(40.0))
        .collect();
    for quantity in [Quantity::Proportion, Quantity::Rate, Quantity::Count] {
        assert_eq!(
            choose_chart(quantity, &points).method,
            Method::Chart(Chart::Xmr),
            "{quantity:?}"
        );
    }
    assert!(judge(&points, &Options::new(Chart::Xmr, Direction::Down)).is_ok());
}

#[test]
fn verdicts_and_options_survive_json() {
    let options = Options {
        target: Some(52.0),
        baseline: Some(12),
        ..Options::new(Chart::Xmr, Direction::Up)
    };
    let verdict = judge(&series(&USUAL), &options).unwrap();
    let text = serde_json::to_string(&verdict).unwrap();
    assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
    let short: Options =
        serde_json::from_str(r#"{"chart": "p_prime", "direction": "down"}"#).unwrap();
    assert_eq!(short, Options::new(Chart::PPrime, Direction::Down));
}

#[test]
fn the_product_can_be_asked_through_a_case() {
    let case = serde_json::json!({
        "method": "product.xmr",
        "options": {"improvement_direction": "increase", "target": 50, "freeze": 12},
        "y": USUAL,
    });
    let verdict = joinedup_spc::case::run_case(&case).unwrap();
    assert_eq!(
        (verdict["variation"].as_str(), verdict["assurance"].as_str()),
        (Some("common_cause"), Some("hit_or_miss"))
    );
    let unknown = joinedup_spc::case::run_case(&serde_json::json!({"method": "no.such", "y": [1]}))
        .unwrap_err();
    assert!(unknown.to_string().contains("no.such"));
}
