//! What is news, what is of the past, and which points are judged at all.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

#[path = "series/points.rs"]
mod points;

use joinedup_spc::rules::Rule;
use joinedup_spc::{
    Chart, Direction, JudgeError, Options, Point, PointState, Sampling, Variation, judge,
};
use points::series;

const USUAL: [f64; 14] = [
    50., 53., 48., 52., 47., 51., 54., 49., 50., 52., 48., 51., 53., 47.,
];

#[test]
fn a_run_that_ended_long_ago_is_of_the_past_and_alerts_nobody() {
    // Two weeks above, a year of coin tosses since.
    let toss = |i: usize| f64::from(u8::from(i * i % 7 % 3 == 1));
    let mut values: Vec<f64> = (0..12).map(|i| f64::from(i % 2)).collect();
    values.extend([1.0; 14]);
    values.extend((0..60).map(toss));
    for chart in [Chart::Run, Chart::Xmr] {
        let options = Options {
            baseline: Some(12),
            ..Options::new(chart, Direction::Down)
        };
        let series: Vec<Point> = values
            .iter()
            .enumerate()
            .map(|(i, v)| Point::new(format!("day {i}"), 9.0 + v * 2.0 + toss(i * 3) / 10.0))
            .collect();
        let verdict = judge(&series, &options).unwrap();
        assert!(!verdict.alert && verdict.phases[0].runs_signal, "{chart:?}");
        assert_eq!(verdict.variation, Variation::CommonCause);
        let run = verdict
            .past
            .iter()
            .find(|c| c.rule == Rule::LongRun)
            .unwrap();
        assert!(run.first <= 12 && (25..=28).contains(&run.last), "{run:?}");
        assert!(verdict.why.contains("in the past"), "{}", verdict.why);
    }
}

#[test]
fn waves_are_told_of_once_for_the_whole_time_and_are_no_news_of_the_day() {
    let mut options = Options::new(Chart::Run, Direction::Down);
    let series: Vec<Point> = (0..90)
        .map(|i| Point::new(i.to_string(), if i / 5 % 2 == 0 { 8.0 } else { 12.0 }))
        .collect();
    options.baseline = Some(12);
    for days in 80..90 {
        let verdict = judge(&series[..days], &options).unwrap();
        assert!(!verdict.alert && !verdict.is_new);
        assert!(
            verdict.past.iter().any(|c| c.rule == Rule::FewCrossings),
            "{days}"
        );
        assert!(verdict.why.contains("waves or drift"), "{}", verdict.why);
    }
}

#[test]
fn a_signal_is_new_on_its_first_day_only() {
    let mut values: Vec<f64> = (0..30).map(|i| 50.0 + f64::from(i * 7 % 5)).collect();
    values.extend([70.0; 20]);
    let mut new = Vec::new();
    for days in 30..=50 {
        let options = Options {
            baseline: Some(12),
            ..Options::new(Chart::Run, Direction::Down)
        };
        let verdict = judge(&series(&values[..days]), &options).unwrap();
        if verdict.is_new {
            new.push(days);
        }
        assert!(new.is_empty() || verdict.alert, "{days}");
    }
    assert_eq!(new.len(), 1);
}

#[test]
fn a_series_that_ended_says_nothing_of_now() {
    let mut values = USUAL.to_vec();
    values.extend([90.0, 95.0]);
    let mut options = Options::new(Chart::Xmr, Direction::Down);
    let last = values.len() - 1;
    for (now, alert) in [
        (None, true),
        (Some(last + 3), true),
        (Some(last + 4), false),
        (Some(last + 80), false),
    ] {
        options.now = now;
        let verdict = judge(&series(&values), &options).unwrap();
        assert_eq!(verdict.alert, alert, "{now:?}");
        if !alert {
            assert_eq!(verdict.variation, Variation::NotJudged);
            assert!(verdict.ended.is_some() && verdict.why.contains("periods old"));
            assert!(verdict.past.iter().any(|change| change.last == last));
        }
    }
    // Provisional values are a sign of life, however long it takes until they can be judged.
    options.now = None;
    let mut points = series(&values);
    points.extend((0..8).map(|i| Point::new(format!("new {i}"), 50.0).provisional()));
    assert!(judge(&points, &options).unwrap().alert);
}

#[test]
fn a_new_centre_line_answers_what_the_old_one_said() {
    let mut points = series(&USUAL);
    points.push(Point::new("far", 95.0));
    points.push(Point::missing("since"));
    let options = Options {
        phases: vec![points.len() - 1],
        ..Options::new(Chart::Xmr, Direction::Down)
    };
    let verdict = judge(&points, &options).unwrap();
    assert!(!verdict.alert && verdict.variation == Variation::NotJudged);
    assert!(verdict.why.contains("afresh"), "{}", verdict.why);
}

#[test]
fn a_baseline_that_most_later_values_leave_no_longer_describes_the_chart() {
    let mut values = USUAL.to_vec();
    values.extend(USUAL.iter().map(|v| v + 30.0));
    let mut options = Options {
        baseline: Some(12),
        ..Options::new(Chart::Run, Direction::Down)
    };
    for chart in [Chart::Run, Chart::Xmr] {
        options.chart = chart;
        let moved = judge(&series(&values), &options).unwrap();
        assert!(moved.phases[0].baseline_outgrown, "{chart:?}");
        assert!(moved.why.contains("no longer describes"), "{}", moved.why);
        let same: Vec<f64> = USUAL.iter().chain(&USUAL).copied().collect();
        let quiet = judge(&series(&same), &options).unwrap();
        assert!(!quiet.phases[0].baseline_outgrown, "{chart:?}");
    }
}

#[test]
fn a_stock_is_drawn_by_day_and_judged_by_one_weekday() {
    let points: Vec<Point> = (0..140)
        .map(|day| Point::new(day.to_string(), 20.0 + f64::from(day * 5 % 13)))
        .collect();
    let options = Options {
        baseline: Some(12),
        sampling: Sampling::OneIn { step: 7, offset: 3 },
        ..Options::new(Chart::Run, Direction::Down)
    };
    let verdict = judge(&points, &options).unwrap();
    let judged: Vec<usize> = (0..140)
        .filter(|&i| verdict.points[i].state == PointState::Judged)
        .collect();
    assert_eq!(judged, (3..140).step_by(7).collect::<Vec<_>>());
    assert!(verdict.points.iter().all(|p| p.value.is_some()));
    assert_eq!((verdict.step, verdict.phases[0].values), (7, 20));
    let wednesdays: Vec<Point> = judged.iter().map(|&i| points[i].clone()).collect();
    let weekly = judge(
        &wednesdays,
        &Options {
            sampling: Sampling::Every,
            ..options.clone()
        },
    )
    .unwrap();
    assert_eq!(verdict.phases[0].runs, weekly.phases[0].runs);
    assert_eq!(verdict.phases[0].centre, weekly.phases[0].centre);
    let refused = Options {
        sampling: Sampling::OneIn { step: 7, offset: 7 },
        ..options
    };
    assert!(matches!(
        judge(&points, &refused),
        Err(JudgeError::Sampling { .. })
    ));
}

#[test]
fn a_run_that_the_year_before_had_too_is_of_the_season() {
    let week =
        |i: usize| (std::f64::consts::TAU * i as f64 / 52.0).sin() * 9.0 + (i * 7 % 5) as f64;
    let mut values: Vec<f64> = (0..120).map(week).collect();
    let mut options = Options {
        baseline: Some(12),
        ..Options::new(Chart::Run, Direction::Down)
    };
    let judged = |values: &[f64], options: &Options| judge(&series(values), options).unwrap();
    assert!(judged(&values, &options).alert);
    options.season = Some(52);
    let verdict = judged(&values, &options);
    assert!(!verdict.alert && verdict.seasonal, "{}", verdict.why);
    assert!(verdict.why.contains("year before"), "{}", verdict.why);
    // The same run against the season is news.
    values[56..69].iter_mut().for_each(|v| *v -= 40.0);
    assert!(judged(&values, &options).alert);
}

/// Forty weeks about 22, twelve that are mostly higher, and what came last.
fn moved(last: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = (0..40).map(|i| 20.0 + f64::from(i * 7 % 5)).collect();
    values.extend([24., 27., 25., 21., 26., 24., 27., 25., 21., 26., 24., 27.]);
    let end = values.len() - last.len();
    values[end..].copy_from_slice(last);
    values
}

#[test]
fn a_change_of_level_is_said_with_both_levels_and_how_seldom_chance_gives_it() {
    let options = Options {
        baseline: Some(12),
        unit: "days".to_owned(),
        ..Options::new(Chart::Run, Direction::Down)
    };
    let judged = |last: &[f64]| judge(&series(&moved(last)), &options).unwrap();
    let verdict = judged(&[]);
    assert!(verdict.alert && verdict.variation == Variation::ConcernHigh);
    let why = &verdict.why;
    assert!(
        why.starts_with("The latest 12 values are higher than those before: 24.8 days on average, against 22 days."),
        "{why}"
    );
    assert!(
        why.contains("Chance alone would do that in about 1 of "),
        "{why}"
    );
    // One week back is no reason to forget eleven; three weeks back are.
    let odd = judged(&[21.0]);
    assert!(
        odd.alert && odd.variation == Variation::ConcernHigh,
        "{}",
        odd.why
    );
    let over = judged(&[19.0, 20.0, 19.0]);
    assert!(!over.alert, "{}", over.why);
}

#[test]
fn the_period_that_is_not_over_is_not_said_to_have_no_value() {
    let mut points = series(&USUAL);
    points.push(Point::missing("last week"));
    points.push(Point::missing("this week").provisional());
    let verdict = judge(&points, &Options::new(Chart::Xmr, Direction::Down)).unwrap();
    assert!(
        verdict.why.contains("The period since has no value"),
        "{}",
        verdict.why
    );
    points.remove(USUAL.len());
    let verdict = judge(&points, &Options::new(Chart::Xmr, Direction::Down)).unwrap();
    assert!(!verdict.why.contains("has no value"), "{}", verdict.why);
}
