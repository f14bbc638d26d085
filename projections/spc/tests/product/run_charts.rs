//! Run charts: judged by their runs, and by nothing else.

use super::*;

#[test]
fn a_run_chart_is_judged_by_its_runs_and_says_so() {
    let mut values: Vec<f64> = (0..12).map(|i| 30.0 + f64::from(i % 4)).collect();
    values.extend((0..12).map(|i| 20.0 + f64::from(i % 4)));
    let verdict = judge(&series(&values), &Options::new(Chart::Run, Direction::Down)).unwrap();
    assert!(verdict.alert && verdict.phases[0].runs_signal);
    assert_eq!(verdict.variation, Variation::ImprovementLow);
    assert_eq!(verdict.limits_status, LimitsStatus::NoLimits);
    assert!(
        verdict.why.contains("12 values in a row"),
        "{}",
        verdict.why
    );
    assert!(
        verdict.judged_by.contains("each side") && verdict.judged_by.contains("normal scores"),
        "{}",
        verdict.judged_by
    );
    assert_eq!(rules_at(&verdict, 23), [Rule::LongRun]);
}

#[test]
fn a_run_chart_without_a_clear_recent_side_is_neither_improvement_nor_concern() {
    // Half high, half low, and then to and fro: the early runs are not random, the newest values take no side.
    let mut values: Vec<f64> = (0..10).map(|i| 30.0 + f64::from(i % 4)).collect();
    values.extend((0..8).map(|i| 20.0 + f64::from(i % 4)));
    values.extend([30., 20., 31., 21., 30., 20., 31., 21.]);
    let options = Options {
        profile: Profile::Anhoej,
        ..Options::new(Chart::Run, Direction::Down)
    };
    let newest_low = judge(&series(&values), &options).unwrap();
    assert!(newest_low.alert && newest_low.phases[0].runs_signal);
    assert_eq!(newest_low.phases[0].recent_side, None);
    assert_eq!(newest_low.variation, Variation::Undirected);
    assert!(newest_low.why.contains("both sides"), "{}", newest_low.why);
    // One more value turns nothing round.
    values.push(32.0);
    let newest_high = judge(&series(&values), &options).unwrap();
    assert_eq!(newest_high.variation, Variation::Undirected);
}

#[test]
fn a_median_of_a_hundred_per_cent_is_no_concern_until_many_fall_below_it_in_a_row() {
    let options = Options {
        baseline: Some(12),
        ..Options::new(Chart::Run, Direction::Up)
    };
    let run = |values: &[f64]| judge(&series(values), &options).unwrap();
    let mut weeks: Vec<f64> = (0..40).map(|i| [1.0, 0.9, 1.0, 1.0, 0.8][i % 5]).collect();
    let verdict = run(&weeks);
    assert_eq!(verdict.variation, Variation::CommonCause, "{}", verdict.why);
    weeks.extend([0.9; 12]);
    let verdict = run(&weeks);
    assert_eq!(verdict.variation, Variation::ConcernLow, "{}", verdict.why);
    assert!(
        verdict.why.contains("13 values in a row"),
        "{}",
        verdict.why
    );
    assert!(rules_at(&verdict, 45).contains(&Rule::LongRun));
    assert!(rules_at(&verdict, 20).is_empty());
    weeks.extend([1.0; 20]);
    let verdict = run(&weeks);
    assert_eq!(verdict.variation, Variation::ImprovementHigh);
}

#[test]
fn runs_are_not_announced_below_ten_useful_observations() {
    let values = [1., 1., 1., 1., 9., 9., 9., 9., 5.];
    let verdict = judge(&series(&values), &Options::new(Chart::Run, Direction::Down)).unwrap();
    assert_eq!(verdict.variation, Variation::NotJudged);
    assert!(!verdict.alert);
}

#[test]
fn the_perla_profile_passes_over_the_median_and_marks_shift_and_trend() {
    let values = [
        5., 9., 5., 9., 6., 8., 8., 7., 8., 7., 9., 8., 8., 5., 6., 4., 5.,
    ];
    let options = Options {
        profile: Profile::Perla,
        ..Options::new(Chart::Run, Direction::Up)
    };
    let verdict = judge(&series(&values), &options).unwrap();
    let shifted: Vec<usize> = (0..values.len())
        .filter(|&i| rules_at(&verdict, i).contains(&Rule::Shift))
        .collect();
    assert_eq!(shifted, [5, 6, 7, 8, 9, 10, 11, 12]);
    let product = judge(&series(&values), &Options::new(Chart::Run, Direction::Up)).unwrap();
    assert!(product.points.iter().all(|p| p.signals.is_empty()));
}
