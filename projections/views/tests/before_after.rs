//! How often a change is called better or worse where nothing happened, and how often a real one is found.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

use chrono::{Days, NaiveDate};
use joinedup_events::AreaId;
use joinedup_views::changes::{Change, Moved, before_and_after};

/// SplitMix64 and Box–Muller: the same noise on every machine.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }

    fn poisson(&mut self, mean: f64) -> f64 {
        let (mut left, mut events) = (1.0 - self.uniform(), 0);
        while left > (-mean).exp() {
            left *= 1.0 - self.uniform();
            events += 1;
        }
        f64::from(events)
    }

    fn autoregressive(&mut self, n: usize, r: f64) -> Vec<f64> {
        let mut last = self.normal();
        let step = (1.0 - r * r).sqrt();
        (0..n)
            .map(|_| {
                last = r * last + step * self.normal();
                last
            })
            .collect()
    }

    fn season(&mut self, n: usize) -> Vec<f64> {
        let start = self.uniform();
        let at = |week: usize| std::f64::consts::TAU * (start + week as f64 / 52.0);
        (0..n).map(|week| at(week).sin() + self.normal()).collect()
    }
}

fn monday(week: usize) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + Days::new(7 * week as u64)
}

fn moved(values: &[f64], before: usize) -> Moved {
    let points: Vec<(NaiveDate, f64)> = values
        .iter()
        .enumerate()
        .map(|(i, v)| (monday(i), *v))
        .collect();
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
    before_and_after(&change, "m", "Waits", &points)
        .unwrap()
        .moved
}

/// The shares of series called higher and lower, over 20 seeds.
fn shares(
    before: usize,
    later: usize,
    shift: f64,
    series: impl Fn(&mut Noise, usize) -> Vec<f64>,
) -> (f64, f64) {
    let (mut up, mut down) = (0, 0);
    const EACH: usize = 60;
    for seed in 0..20 {
        let mut noise = Noise(4711 * seed + 5);
        for _ in 0..EACH {
            let mut values = series(&mut noise, before + later);
            values[before..].iter_mut().for_each(|v| *v += shift);
            match moved(&values, before) {
                Moved::Up => up += 1,
                Moved::Down => down += 1,
                Moved::TooFew | Moved::Chance => {}
            }
        }
    }
    let all = (20 * EACH) as f64;
    (f64::from(up) / all, f64::from(down) / all)
}

type Series = fn(&mut Noise, usize) -> Vec<f64>;

const INDEPENDENT: [(&str, Series); 4] = [
    ("normal", |noise, n| {
        (0..n).map(|_| noise.normal()).collect()
    }),
    ("Poisson 2", |noise, n| {
        (0..n).map(|_| noise.poisson(2.0)).collect()
    }),
    ("Poisson 40", |noise, n| {
        (0..n).map(|_| noise.poisson(40.0)).collect()
    }),
    ("shares near 1", |noise, n| {
        let share = |noise: &mut Noise| (0..12).filter(|_| noise.uniform() < 0.95).count();
        (0..n).map(|_| share(noise) as f64 / 12.0).collect()
    }),
];

const LENGTHS: [(usize, usize); 6] = [(12, 12), (12, 26), (26, 26), (26, 12), (52, 12), (104, 26)];

/// The mean of false claims to a side over lengths of series and kinds of noise.
fn false_claims(lengths: &[(usize, usize)], kinds: &[(&str, Series)]) -> f64 {
    let (mut sum, mut all) = (0.0, 0.0);
    for &(before, later) in lengths {
        for (name, series) in kinds {
            let (up, down) = shares(before, later, 0.0, series);
            println!("{before}/{later} {name}: {up:.3} higher, {down:.3} lower");
            sum += (up + down) / 2.0;
            all += 1.0;
        }
    }
    sum / all
}

#[test]
fn where_nothing_happened_a_side_is_claimed_once_in_a_hundred_times() {
    let share = false_claims(&LENGTHS, &INDEPENDENT);
    assert!(share <= 0.01, "{share}");
}

#[test]
fn alike_neighbours_and_a_season_with_a_year_before_mislead_twice_in_a_hundred_times() {
    let alike: [(&str, Series); 2] = [
        ("autocorrelation 0.3", |noise, n| {
            noise.autoregressive(n, 0.3)
        }),
        ("autocorrelation 0.6", |noise, n| {
            noise.autoregressive(n, 0.6)
        }),
    ];
    let share = false_claims(&LENGTHS, &alike);
    assert!(share <= 0.02, "{share}");
    let season: [(&str, Series); 1] = [("yearly season", Noise::season)];
    let share = false_claims(&LENGTHS[4..], &season);
    assert!(share <= 0.025, "{share}");
}

#[test]
fn a_change_of_one_standard_deviation_is_found_more_often_the_longer_the_history() {
    // With twelve points a side even the t test with a known correlation finds 0.47 at one in a hundred.
    for (before, least) in [(12, 0.4), (26, 0.6), (52, 0.68)] {
        let (up, down) = shares(before, 12, 1.0, INDEPENDENT[0].1);
        println!("{before}/12: {up:.3} found, {down:.3} the wrong way");
        assert!(up >= least && down < 0.001, "{before}: {up}, {down}");
    }
}

#[test]
fn a_bad_spell_before_the_start_does_not_make_a_change_look_better() {
    let spell: Series = |noise, n| {
        let mut values: Vec<f64> = (0..n).map(|_| noise.normal()).collect();
        let start = n - 12;
        values[start - 4..start].iter_mut().for_each(|v| *v += 1.0);
        values
    };
    let (_, lower) = shares(26, 12, 0.0, spell);
    assert!(lower <= 0.02, "{lower}");
}
