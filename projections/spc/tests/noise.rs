//! How often charts of pure noise alert, with the defaults that the catalogue uses: a baseline of 12, two years of weeks.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

use joinedup_spc::evidence::{discoveries, recent_shift};
use joinedup_spc::{Chart, Direction, Options, Point, Profile, Sampling, judge};

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

    fn exponential(&mut self, mean: f64) -> f64 {
        -(1.0 - self.uniform()).ln() * mean
    }

    /// The median of some waits in whole days, mostly two or three.
    fn median_of_waits(&mut self, waits: usize) -> f64 {
        let mut days: Vec<f64> = (0..waits).map(|_| self.exponential(3.0).floor()).collect();
        days.sort_by(f64::total_cmp);
        f64::midpoint(days[(waits - 1) / 2], days[waits / 2])
    }

    fn share(&mut self, n: usize, p: f64) -> f64 {
        (0..n).filter(|_| self.uniform() < p).count() as f64 / n as f64
    }

    /// Each value keeps the share `r` of the one before.
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
        (0..n)
            .map(|week| at(week).sin() * 2.0_f64.sqrt() + self.normal())
            .collect()
    }

    /// People there at midnight: eight arrive a day and stay three days on average.
    fn stock(&mut self, days: usize) -> Vec<f64> {
        let lead = 40;
        let mut there = vec![0.0; days];
        for day in 0..days + lead {
            for _ in 0..self.poisson(8.0) as usize {
                let leaves = (day as f64 + self.exponential(3.0)).ceil() as usize;
                let nights = day.max(lead)..leaves.min(days + lead).max(day.max(lead));
                nights.for_each(|night| there[night - lead] += 1.0);
            }
        }
        there
    }
}

const WEEKS: usize = 104;

type Series = fn(&mut Noise) -> Vec<f64>;

fn each(noise: &mut Noise, value: fn(&mut Noise) -> f64) -> Vec<f64> {
    (0..WEEKS).map(|_| value(noise)).collect()
}

const INDEPENDENT: [(&str, Series); 7] = [
    ("normal", |noise| each(noise, Noise::normal)),
    ("Poisson 2", |noise| each(noise, |noise| noise.poisson(2.0))),
    ("Poisson 40", |noise| {
        each(noise, |noise| noise.poisson(40.0))
    }),
    ("median of 8 waits in whole days", |noise| {
        each(noise, |noise| noise.median_of_waits(8))
    }),
    ("median of 40 waits in whole days", |noise| {
        each(noise, |noise| noise.median_of_waits(40))
    }),
    ("share near 1 of 12", |noise| {
        each(noise, |noise| noise.share(12, 0.95))
    }),
    ("share near 1 of 80", |noise| {
        each(noise, |noise| noise.share(80, 0.98))
    }),
];

const DEPENDENT: [(&str, f64, Series); 3] = [
    ("autocorrelation 0.3", 0.08, |noise| {
        noise.autoregressive(WEEKS, 0.3)
    }),
    ("autocorrelation 0.6", 0.10, |noise| {
        noise.autoregressive(WEEKS, 0.6)
    }),
    ("yearly season", 0.10, |noise| noise.season(WEEKS)),
];

fn points(values: &[f64]) -> Vec<Point> {
    values
        .iter()
        .map(|v| Point::new(String::new(), *v))
        .collect()
}

/// The defaults of the catalogue.
fn defaults() -> Options {
    Options {
        baseline: Some(12),
        season: Some(52),
        ..Options::new(Chart::Run, Direction::Down)
    }
}

/// The share of charts that alert, and of those whose alert is new, over so many seeds of so many charts.
fn alerts(series: Series, options: &Options, charts: usize) -> (f64, f64) {
    let (mut alerts, mut new, mut all) = (0, 0, 0);
    for seed in 0..20 {
        let mut noise = Noise(20_261_128 + 7919 * seed);
        for _ in 0..charts {
            let verdict = judge(&points(&series(&mut noise)), options).unwrap();
            alerts += usize::from(verdict.alert);
            new += usize::from(verdict.is_new);
            all += 1;
        }
    }
    (alerts as f64 / all as f64, new as f64 / all as f64)
}

#[test]
fn independent_noise_alerts_on_at_most_one_run_chart_in_twenty() {
    for (name, series) in INDEPENDENT {
        let (alert, new) = alerts(series, &defaults(), 25);
        println!("{name}: {alert:.3} alert, {new:.3} new");
        assert!(alert <= 0.05, "{name}: {alert}");
    }
}

#[test]
fn autocorrelated_and_seasonal_noise_alerts_seldom() {
    for (name, most, series) in DEPENDENT {
        let (alert, new) = alerts(series, &defaults(), 25);
        println!("{name}: {alert:.3} alert, {new:.3} new");
        assert!(alert <= most, "{name}: {alert}");
    }
}

#[test]
fn a_stock_judged_by_one_weekday_or_thinned_alerts_seldom_and_judged_by_days_often() {
    let by_days = alerts(|noise| noise.stock(365), &defaults(), 5).0;
    for sampling in [
        Sampling::OneIn { step: 7, offset: 2 },
        Sampling::UntilIndependent,
    ] {
        let options = Options {
            sampling,
            season: None,
            ..defaults()
        };
        let (alert, new) = alerts(|noise| noise.stock(365), &options, 5);
        println!("{sampling:?}: {alert:.3} alert, {new:.3} new; by days {by_days:.3}");
        assert!(
            alert <= 0.10 && alert < by_days,
            "{sampling:?}: {alert}, {by_days}"
        );
    }
}

#[test]
fn charts_with_limits_alert_on_noise_as_their_latest_point_does() {
    for (name, chart, series) in [
        ("XmR, normal", Chart::Xmr, INDEPENDENT[0].1),
        ("C, Poisson 40", Chart::C, INDEPENDENT[2].1),
    ] {
        let options = Options {
            chart,
            ..defaults()
        };
        let (alert, new) = alerts(series, &options, 25);
        println!("{name}: {alert:.3} alert, {new:.3} new");
        // A limit frozen after twelve values is off by a third of its width now and then.
        assert!(alert <= 0.08 && new < alert, "{name}: {alert}, {new}");
    }
}

#[test]
fn the_anhoej_rules_alert_on_noise_about_a_frozen_centre_far_more_often() {
    let options = Options {
        profile: Profile::Anhoej,
        ..defaults()
    };
    let (anhoej, _) = alerts(INDEPENDENT[4].1, &options, 10);
    let (product, _) = alerts(INDEPENDENT[4].1, &defaults(), 10);
    assert!(anhoej > 0.3 && product < 0.05, "{anhoej}, {product}");
}

#[test]
fn a_change_of_two_standard_deviations_is_found_within_twelve_weeks() {
    let shifted: Series = |noise| {
        let mut values = each(noise, Noise::normal);
        values[WEEKS - 12..].iter_mut().for_each(|v| *v += 2.0);
        values
    };
    let (alert, _) = alerts(shifted, &defaults(), 10);
    println!("2 sd for 12 weeks: {alert:.3}");
    assert!(alert > 0.3, "{alert}");
}

#[test]
fn among_four_hundred_charts_the_changed_ones_are_found_and_hardly_another() {
    let (mut found, mut wrong) = (0, 0);
    for seed in 0..20 {
        let mut noise = Noise(31 + seed);
        let p_values: Vec<Option<f64>> = (0..400)
            .map(|chart| {
                let mut values: Vec<Option<f64>> = each(&mut noise, Noise::normal)
                    .into_iter()
                    .map(Some)
                    .collect();
                if chart < 20 {
                    values[WEEKS - 12..]
                        .iter_mut()
                        .flatten()
                        .for_each(|v| *v += 1.0);
                }
                recent_shift(&values).map(|shift| shift.p)
            })
            .collect();
        let believed = discoveries(&p_values, 0.1);
        found += believed[..20].iter().filter(|b| **b).count();
        wrong += believed[20..].iter().filter(|b| **b).count();
    }
    println!("{} of 400 found, {wrong} wrong, over 20 counties", found);
    assert!(found >= 9 * 20 && wrong <= 20, "{found}, {wrong}");
}

#[test]
fn the_p_value_of_a_chart_of_noise_is_no_smaller_than_it_says() {
    let short: Series = |noise| each(noise, Noise::normal)[..24].to_vec();
    let all = INDEPENDENT.iter().map(|(name, series)| (*name, *series));
    let dependent = DEPENDENT[..2]
        .iter()
        .map(|(name, _, series)| (*name, *series));
    for (name, series) in all.chain(dependent).chain([("24 weeks", short)]) {
        let mut noise = Noise(77);
        let small = (0..500).filter(|_| {
            let values: Vec<Option<f64>> = series(&mut noise).into_iter().map(Some).collect();
            recent_shift(&values).is_some_and(|shift| shift.p <= 0.05)
        });
        let share = small.count() as f64 / 500.0;
        println!("{name}: p below 0.05 in {share:.3}");
        assert!(share <= 0.09, "{name}: {share}");
    }
    assert_eq!(recent_shift(&[Some(1.0); 23]), None);
    assert_eq!(recent_shift(&[Some(1.0); 40]), None);
}
