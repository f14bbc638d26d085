//! How often a change is called better or worse where nothing happened, and how often a real one is found.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

use chrono::{Days, NaiveDate};
use joinedup_events::AreaId;
use joinedup_views::changes::{Change, Judged, Moved, before_and_after};
use joinedup_views::period::{Grain, Period};

#[path = "../../spc/tests/noise/source.rs"]
mod source;

use source::{AUTOCORRELATION_3, AUTOCORRELATION_6, INDEPENDENT, NORMAL, Noise, Series};

fn monday(week: usize) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + Days::new(7 * week as u64)
}

fn moved(values: &[f64], before: usize) -> Moved {
    let week = |i: usize| Period::of(Grain::Week, monday(i));
    let weeks = values.iter().enumerate();
    let points: Vec<(Period, f64)> = weeks.map(|(i, v)| (week(i), *v)).collect();
    let change = Change {
        area: AreaId::new("county").unwrap(),
        title: None,
        aim: None,
        measures: Vec::new(),
        concept: None,
        items: Vec::new(),
        prediction: None,
        led_by: None,
        studies: Vec::new(),
        planned: None,
        started: Some(monday(before)),
        paused: Vec::new(),
        resumed: Vec::new(),
        finished: None,
        decision: None,
        learnt: None,
        cycle_days: None,
    };
    let judged = Judged {
        points,
        ..Judged::default()
    };
    before_and_after(&change, "m", ("Waits", "days"), &judged)
        .unwrap()
        .moved
}

/// The shares of series called higher and lower, over 20 seeds of so many.
fn shares(
    before: usize,
    later: usize,
    shift: f64,
    series: impl Fn(&mut Noise, usize) -> Vec<f64>,
    each: usize,
) -> (f64, f64) {
    let (mut up, mut down) = (0, 0);
    for seed in 0..20 {
        let mut noise = Noise(4711 * seed + 5);
        for _ in 0..each {
            let mut values = series(&mut noise, before + later);
            values[before..].iter_mut().for_each(|v| *v += shift);
            match moved(&values, before) {
                Moved::Up => up += 1,
                Moved::Down => down += 1,
                Moved::Suppressed | Moved::TooFew | Moved::Chance => {}
            }
        }
    }
    let all = (20 * each) as f64;
    (f64::from(up) / all, f64::from(down) / all)
}

const LENGTHS: [(usize, usize); 6] = [(12, 12), (12, 26), (26, 26), (26, 12), (52, 12), (104, 26)];

/// The mean of false claims to a side over lengths of series and kinds of noise.
fn false_claims(lengths: &[(usize, usize)], kinds: &[(&str, Series)], each: usize) -> f64 {
    let (mut sum, mut all) = (0.0, 0.0);
    for &(before, later) in lengths {
        for (name, series) in kinds {
            let (up, down) = shares(before, later, 0.0, series, each);
            println!("{before}/{later} {name}: {up:.3} higher, {down:.3} lower");
            sum += (up + down) / 2.0;
            all += 1.0;
        }
    }
    sum / all
}

#[test]
fn where_nothing_happened_a_side_is_claimed_once_in_a_hundred_times() {
    let share = false_claims(&LENGTHS, &INDEPENDENT, 20);
    assert!(share <= 0.01, "{share}");
}

#[test]
fn alike_neighbours_and_a_season_with_a_year_before_mislead_twice_in_a_hundred_times() {
    let share = false_claims(&LENGTHS, &[AUTOCORRELATION_3, AUTOCORRELATION_6], 20);
    assert!(share <= 0.02, "{share}");
    let season: Series = |noise, n| noise.season(n, 0.7);
    let share = false_claims(&LENGTHS[4..], &[("yearly season", season)], 200);
    assert!(share <= 0.02, "{share}");
}

#[test]
fn each_further_week_that_is_looked_at_is_paid_for() {
    let mut noise = Noise(3);
    let charts = 400;
    let ever = (0..charts).filter(|_| {
        let values = NORMAL(&mut noise, 26 + 52);
        let mut weeks = (38..=values.len()).map(|weeks| moved(&values[..weeks], 26));
        weeks.any(|moved| matches!(moved, Moved::Up | Moved::Down))
    });
    let share = ever.count() as f64 / f64::from(charts);
    println!("26 before, 12 to 52 since, looked at weekly: ever claimed in {share:.3}");
    assert!(share <= 0.06, "{share}");
}

#[test]
fn a_change_of_one_standard_deviation_is_found_more_often_the_longer_the_history() {
    for (before, least) in [(12, 0.45), (26, 0.6), (52, 0.7)] {
        let (up, down) = shares(before, 12, 1.0, NORMAL, 200);
        println!("{before}/12: {up:.3} found, {down:.3} the wrong way");
        assert!(up >= least && down < 0.001, "{before}: {up}, {down}");
    }
}

#[test]
fn a_bad_spell_before_the_start_does_not_make_a_change_look_better() {
    let spell: Series = |noise, n| {
        let mut values = NORMAL(noise, n);
        let start = n - 12;
        values[start - 4..start].iter_mut().for_each(|v| *v += 1.0);
        values
    };
    // A spell of four raises the mean of 26 by a seventh of a standard deviation, which no test can distinguish from a better start.
    let (_, lower) = shares(26, 12, 0.0, spell, 60);
    println!("after a bad spell: {lower:.3} lower");
    assert!(lower <= 0.03, "{lower}");
}
