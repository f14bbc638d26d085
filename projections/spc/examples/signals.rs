//! Prints how often charts alert where nothing happened, and how often they find what did: the tables of `docs/signals.md`.
//!
//! `cargo run --release -p joinedup-spc --example signals`

#![allow(clippy::unwrap_used, reason = "a measurement may stop")]

#[path = "../tests/noise/source.rs"]
mod source;

use joinedup_spc::evidence::discoveries;
use joinedup_spc::{Chart, Direction, Options, Point, Variation, judge, propose_rephase};
use source::{
    AUTOCORRELATION_3, AUTOCORRELATION_6, COUNTY, INDEPENDENT, NORMAL, Noise, SEASON, Series,
};

const SEEDS: u64 = 20;

fn points(values: &[f64]) -> Vec<Point> {
    let point = |(i, value): (usize, &f64)| Point::new(format!("{i}"), *value);
    values.iter().enumerate().map(point).collect()
}

/// A chart of the catalogue: a run chart whose median is that of the first 12 values.
fn usual(season: usize) -> Options {
    Options {
        baseline: Some(12),
        season: Some(season),
        ..Options::new(Chart::Run, Direction::Down)
    }
}

/// The share of charts that alert in per cent, over so many charts of each seed; the last 12 values are moved by so much.
fn alerting(series: Series, n: usize, by: f64, options: &Options, charts: usize) -> f64 {
    let mut alerts = 0;
    for seed in 0..SEEDS {
        let mut noise = Noise(20_261_128 + 7919 * seed);
        for _ in 0..charts {
            let mut values = series(&mut noise, n);
            values[n - 12..].iter_mut().for_each(|v| *v += by);
            alerts += usize::from(judge(&points(&values), options).unwrap().alert);
        }
    }
    100.0 * alerts as f64 / (SEEDS as usize * charts) as f64
}

/// Of so many charts, the first of which are shifted by one standard deviation for the last 12 periods: how many of
/// these are shown on average, and how many others.
fn shown(
    periods: usize,
    season: usize,
    county: &dyn Fn(&mut Noise) -> Vec<(Vec<f64>, f64)>,
    shifted: usize,
) -> (f64, f64) {
    let seeds = 10 * SEEDS;
    let (mut found, mut wrong) = (0, 0);
    for seed in 0..seeds {
        let mut noise = Noise(31 + 7919 * seed);
        let mut charts = county(&mut noise);
        for (values, sd) in &mut charts[..shifted] {
            values[periods - 12..].iter_mut().for_each(|v| *v += *sd);
        }
        let p_values: Vec<Option<f64>> = charts
            .iter()
            .map(|(values, _)| {
                let verdict = judge(&points(values), &usual(season)).unwrap();
                let p = verdict.recent_shift()?.p;
                Some(if verdict.alert { p } else { 1.0 })
            })
            .collect();
        let believed = discoveries(&p_values, 0.08);
        found += believed[..shifted].iter().filter(|b| **b).count();
        wrong += believed[shifted..].iter().filter(|b| **b).count();
    }
    (found as f64 / seeds as f64, wrong as f64 / seeds as f64)
}

/// Per cent of charts on which a new baseline is suggested at the end, and per cent of those, once it is accepted, that show a
/// concern in the 52 weeks after, looked at each week.
fn suggested(series: Series, n: usize, by: f64, charts: usize) -> (f64, f64) {
    let (mut all, mut fired, mut concerned) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut noise = Noise(77 + 7919 * seed);
        for _ in 0..charts {
            let mut values = series(&mut noise, n + 52);
            values[n - 24..].iter_mut().for_each(|v| *v -= by);
            let points = points(&values);
            let mut options = usual(52);
            all += 1;
            if let Some(found) = propose_rephase(&points[..n], &options).unwrap() {
                fired += 1;
                options.phases.push(found.start);
                concerned += usize::from(concern_in_a_year(&points, n, &options));
            }
        }
    }
    (
        100.0 * f64::from(fired) / f64::from(all),
        100.0 * concerned as f64 / f64::from(fired.max(1)),
    )
}

fn concern_in_a_year(points: &[Point], n: usize, options: &Options) -> bool {
    (n + 1..=n + 52).any(|week| {
        let verdict = judge(&points[..week], options).unwrap();
        verdict.alert
            && matches!(
                verdict.variation,
                Variation::ConcernHigh | Variation::ConcernLow
            )
    })
}

fn unaccepted(series: Series, n: usize, charts: usize) -> f64 {
    let (mut all, mut c) = (0, 0);
    for seed in 0..SEEDS {
        let mut noise = Noise(77 + 7919 * seed);
        for _ in 0..charts {
            let points = points(&series(&mut noise, n + 52));
            all += 1;
            c += usize::from(concern_in_a_year(&points, n, &usual(52)));
        }
    }
    100.0 * c as f64 / f64::from(all)
}

fn main() {
    for (name, series) in
        INDEPENDENT
            .into_iter()
            .chain([AUTOCORRELATION_3, AUTOCORRELATION_6, SEASON])
    {
        println!(
            "{name}: {:?} at 104, {:?} at 52; any noise chart in a year {:.1}",
            suggested(series, 104, 0.0, 100),
            suggested(series, 52, 0.0, 100),
            unaccepted(series, 104, 15)
        );
    }
    for by in [1.0, 1.5, 2.0] {
        println!("shift {by}: {:?}", suggested(NORMAL, 104, by, 40));
    }
}
