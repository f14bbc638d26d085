//! Prints how often charts alert where nothing happened, and how often they find what did: the tables of `docs/signals.md`.
//!
//! `cargo run --release -p joinedup-spc --example signals`

#![allow(clippy::unwrap_used, reason = "a measurement may stop")]

#[path = "../tests/noise/source.rs"]
mod source;

use joinedup_spc::evidence::discoveries;
use joinedup_spc::{Chart, Direction, Options, Point, Sampling, Variation, judge, propose_rephase};
use source::{
    AUTOCORRELATION_3, AUTOCORRELATION_6, COUNTY, INDEPENDENT, NORMAL, Noise, SEASON, STOCK,
    Series, WEEKENDS,
};

const SEEDS: u64 = 20;
/// As `ask::FALSE_SHARE`.
const FALSE_SHARE: f64 = 0.08;
const YEAR_OF_DAYS: usize = 364;
const YEAR_OF_WEEKS: usize = 52;
const YEAR_OF_MONTHS: usize = 12;

fn points(values: &[f64]) -> Vec<Point> {
    let point = |(i, value): (usize, &f64)| Point::new(i.to_string(), *value);
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

fn deviation(series: Series) -> f64 {
    let values = series(&mut Noise(1), 5000);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (squares / values.len() as f64).sqrt()
}

/// Per cent of charts that alert, of so many with each seed; the last 12 values, of a stock the last 84, are moved by so
/// many standard deviations.
fn alerting(series: Series, n: usize, by: f64, options: &Options, charts: usize) -> f64 {
    let by = by * deviation(series);
    let moved = if options.sampling == Sampling::Every {
        12
    } else {
        84
    };
    let mut alerts = 0;
    for seed in 0..SEEDS {
        let mut noise = Noise(20_261_128 + 7919 * seed);
        for _ in 0..charts {
            let mut values = series(&mut noise, n);
            values[n - moved..].iter_mut().for_each(|v| *v += by);
            alerts += usize::from(judge(&points(&values), options).unwrap().alert);
        }
    }
    100.0 * alerts as f64 / (SEEDS as usize * charts) as f64
}

fn one_chart() {
    println!("\n| periods | noise | 24 | 52 | 104 | 1 sd | 2 sd |\n|---|---|---|---|---|---|---|");
    let alike = [AUTOCORRELATION_3, AUTOCORRELATION_6, SEASON];
    for (name, series) in INDEPENDENT.into_iter().chain(alike) {
        let of = |n, by| alerting(series, n, by, &usual(YEAR_OF_WEEKS), 50);
        let (a, b, c) = (of(24, 0.0), of(52, 0.0), of(104, 0.0));
        let (one, two) = (of(104, 1.0), of(104, 2.0));
        println!("| weeks | {name} | {a:.1} | {b:.1} | {c:.1} | {one:.0} | {two:.0} |");
    }
    println!("\n| periods | noise | alert | 1 sd | 2 sd |\n|---|---|---|---|---|");
    let by_weekday = Options {
        sampling: Sampling::OneIn { step: 7, offset: 2 },
        ..usual(YEAR_OF_DAYS)
    };
    let kinds: [(&str, Series, usize, Options); 5] = [
        ("730 days | normal", NORMAL, 730, usual(YEAR_OF_DAYS)),
        (
            "730 days | weekends of two sd more",
            WEEKENDS,
            730,
            usual(YEAR_OF_DAYS),
        ),
        (
            "365 days | people waiting now, by one weekday",
            STOCK,
            365,
            by_weekday,
        ),
        ("24 months | normal", NORMAL, 24, usual(YEAR_OF_MONTHS)),
        ("60 months | normal", NORMAL, 60, usual(YEAR_OF_MONTHS)),
    ];
    for (name, series, n, options) in kinds {
        let of = |by| alerting(series, n, by, &options, 20);
        println!(
            "| {name} | {:.1} | {:.0} | {:.0} |",
            of(0.0),
            of(1.0),
            of(2.0)
        );
    }
}

/// Values of a chart, and the standard deviation by which some charts are shifted for the last 12 periods.
type County = fn(&mut Noise, usize) -> Vec<(Vec<f64>, f64)>;

fn alike(noise: &mut Noise, n: usize, series: Series) -> Vec<(Vec<f64>, f64)> {
    (0..400).map(|_| (series(noise, n), 1.0)).collect()
}

/// 80 measures in four localities, and the county as their sum.
fn with_sums(noise: &mut Noise, n: usize) -> Vec<(Vec<f64>, f64)> {
    let mut charts = Vec::new();
    for measure in 0..80 {
        let (series, sd) = COUNTY[measure % COUNTY.len()];
        let parts: Vec<Vec<f64>> = (0..4).map(|_| series(noise, n)).collect();
        let whole = (0..n)
            .map(|i| parts.iter().map(|part| part[i]).sum())
            .collect();
        charts.push((whole, 2.0 * sd));
        charts.extend(parts.into_iter().map(|part| (part, sd)));
    }
    charts
}

/// How many of the shifted charts are shown on average, and how many others.
fn shown(county: County, n: usize, season: usize, shifted: usize) -> (f64, f64) {
    let seeds = 5 * SEEDS;
    let (mut found, mut wrong) = (0, 0);
    for seed in 0..seeds {
        let mut noise = Noise(31 + 7919 * seed);
        let mut charts = county(&mut noise, n);
        for (values, sd) in &mut charts[..shifted] {
            values[n - 12..].iter_mut().for_each(|v| *v += *sd);
        }
        let p_value = |values: &[f64]| {
            let verdict = judge(&points(values), &usual(season)).unwrap();
            let p = verdict.p_value()?;
            Some(if verdict.alert { p } else { 1.0 })
        };
        let p_values: Vec<Option<f64>> = charts.iter().map(|(v, _)| p_value(v)).collect();
        let believed = discoveries(&p_values, FALSE_SHARE);
        found += believed[..shifted].iter().filter(|b| **b).count();
        wrong += believed[shifted..].iter().filter(|b| **b).count();
    }
    (found as f64 / seeds as f64, wrong as f64 / seeds as f64)
}

fn many_charts() {
    println!("\n| 400 charts | shifted | found | others shown |\n|---|---|---|---|");
    let mixed: County = |noise, n| {
        let kinds = (0..400).map(|chart| COUNTY[chart % COUNTY.len()]);
        kinds.map(|(series, sd)| (series(noise, n), sd)).collect()
    };
    let normal: County = |noise, n| alike(noise, n, NORMAL);
    let kinds: [(&str, County, usize, usize, usize); 10] = [
        ("104 weeks, normal", normal, 104, YEAR_OF_WEEKS, 20),
        ("104 weeks, four kinds", mixed, 104, YEAR_OF_WEEKS, 20),
        ("52 weeks, four kinds", mixed, 52, YEAR_OF_WEEKS, 20),
        ("365 days, four kinds", mixed, 365, YEAR_OF_DAYS, 20),
        ("36 months, four kinds", mixed, 36, YEAR_OF_MONTHS, 20),
        ("104 weeks, four kinds", mixed, 104, YEAR_OF_WEEKS, 0),
        (
            "104 weeks, county as sum of localities",
            with_sums,
            104,
            YEAR_OF_WEEKS,
            0,
        ),
        (
            "104 weeks, autocorrelation 0.3",
            |noise, n| alike(noise, n, AUTOCORRELATION_3.1),
            104,
            YEAR_OF_WEEKS,
            0,
        ),
        (
            "104 weeks, autocorrelation 0.6",
            |noise, n| alike(noise, n, AUTOCORRELATION_6.1),
            104,
            YEAR_OF_WEEKS,
            0,
        ),
        (
            "104 weeks, yearly season",
            |noise, n| alike(noise, n, SEASON.1),
            104,
            YEAR_OF_WEEKS,
            0,
        ),
    ];
    for (name, county, n, season, shifted) in kinds {
        let (found, wrong) = shown(county, n, season, shifted);
        println!("| {name} | {shifted} | {found:.1} | {wrong:.2} |");
    }
}

fn concern_in_a_year(points: &[Point], n: usize, options: &Options) -> bool {
    (n + 1..=n + YEAR_OF_WEEKS).any(|week| {
        let verdict = judge(&points[..week], options).unwrap();
        let concern = [Variation::ConcernHigh, Variation::ConcernLow];
        verdict.alert && concern.contains(&verdict.variation)
    })
}

/// A new baseline after so many weeks, of which the last 24 are better by so many standard deviations: how many charts
/// have one suggested, how many show a concern in the year after it is accepted, and how many charts there are.
fn suggested(series: Series, n: usize, by: f64, charts: usize) -> (usize, usize, usize) {
    let (mut fired, mut concerned) = (0, 0);
    for seed in 0..SEEDS {
        let mut noise = Noise(77 + 7919 * seed);
        for _ in 0..charts {
            let mut values = series(&mut noise, n + YEAR_OF_WEEKS);
            values[n - 24..].iter_mut().for_each(|v| *v -= by);
            let points = points(&values);
            let mut options = usual(YEAR_OF_WEEKS);
            if let Some(found) = propose_rephase(&points[..n], &options).unwrap() {
                options.phases.push(found.start);
                fired += 1;
                concerned += usize::from(concern_in_a_year(&points, n, &options));
            }
        }
    }
    (fired, concerned, SEEDS as usize * charts)
}

fn new_baselines() {
    println!(
        "\n| weeks | what happened | charts | suggested | of these with a concern in the year after |\n|---|---|---|---|---|"
    );
    let alike = [AUTOCORRELATION_3, AUTOCORRELATION_6, SEASON];
    for n in [52, 104] {
        for (name, series) in INDEPENDENT.into_iter().chain(alike) {
            let (fired, concerned, all) = suggested(series, n, 0.0, 100);
            println!("| {n} | nothing: {name} | {all} | {fired} | {concerned} |");
        }
    }
    for by in [1.0, 1.5, 2.0] {
        let (fired, concerned, all) = suggested(NORMAL, 104, by, 30);
        println!("| 104 | {by} sd better for 24 weeks | {all} | {fired} | {concerned} |");
    }
    let mut noise = Noise(5);
    let any = (0..300).filter(|_| {
        let points = points(&NORMAL(&mut noise, 104 + YEAR_OF_WEEKS));
        concern_in_a_year(&points, 104, &usual(YEAR_OF_WEEKS))
    });
    println!(
        "| 104 | nothing, and no new baseline | 300 | – | {} of 300 |",
        any.count()
    );
}

fn main() {
    one_chart();
    many_charts();
    new_baselines();
}
