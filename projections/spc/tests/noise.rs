//! How often charts of pure noise alert.
//!
//! Rates to meet, from 3000 simulated Gaussian series each (Anhøj; special cause at the last point; at any point):
//! 13 points 1.5 %, 1.5 %, 7 %; 24 points 3.5 %, 1.8 %, 19 %; 36 points 5 %, 2.1 %, 28 %; 60 points 5 %, 1.9 %, 46 %.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

use joinedup_spc::{Chart, Direction, Options, Point, judge};

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

    fn series(&mut self, n: usize) -> Vec<Point> {
        (0..n)
            .map(|_| Point::new(String::new(), 50.0 + self.normal()))
            .collect()
    }
}

#[derive(Debug)]
struct Rates {
    runs: f64,
    last: f64,
    alert: f64,
    anywhere: f64,
}

fn rates(chart: Chart, n: usize, series: usize) -> Rates {
    let mut noise = Noise(20_261_122 + n as u64);
    let (mut runs, mut last, mut alert, mut anywhere) = (0, 0, 0, 0);
    let options = Options::new(chart, Direction::Up);
    for _ in 0..series {
        let verdict = judge(&noise.series(n), &options).unwrap();
        runs += usize::from(verdict.phases[0].runs_signal);
        last += usize::from(verdict.points[n - 1].variation.is_special());
        alert += usize::from(verdict.alert);
        anywhere += usize::from(verdict.points.iter().any(|p| p.variation.is_special()));
    }
    let share = |count: usize| count as f64 / series as f64;
    Rates {
        runs: share(runs),
        last: share(last),
        alert: share(alert),
        anywhere: share(anywhere),
    }
}

#[test]
fn the_alert_fires_on_noise_at_the_rate_of_its_two_rules_and_no_more() {
    for (n, runs, last, anywhere) in [
        (13, 0.015, 0.015, 0.07),
        (24, 0.035, 0.018, 0.19),
        (36, 0.05, 0.021, 0.28),
        (60, 0.05, 0.019, 0.46),
    ] {
        let found = rates(Chart::Xmr, n, 3000);
        println!("{n} points: {found:?}");
        // Three standard errors of two simulations of 3000, and a point for rules that differ a little.
        let near = |got: f64, wanted: f64| {
            (got - wanted).abs() < 3.0 * (2.0 * wanted / 3000.0).sqrt() + 0.01
        };
        assert!(near(found.runs, runs), "{n} points, runs: {found:?}");
        assert!(near(found.last, last), "{n} points, last point: {found:?}");
        assert!(
            near(found.anywhere, anywhere),
            "{n} points, any point: {found:?}"
        );
        assert!(found.alert <= found.runs + found.last + 1e-9);
        assert!(found.alert < 0.1, "{n} points: {found:?}");
    }
}

#[test]
fn a_run_chart_of_noise_alerts_at_the_rate_of_the_runs_rules() {
    for n in [13, 24, 60] {
        let found = rates(Chart::Run, n, 2000);
        println!("{n} points: {found:?}");
        assert!(
            (found.alert - found.runs).abs() < 1e-9 && found.alert < 0.08,
            "{n} points: {found:?}"
        );
    }
}

#[test]
fn shares_that_are_mostly_a_hundred_per_cent_alert_no_more_often_than_others() {
    for perfect in [0.55, 0.7, 0.9] {
        let mut noise = Noise(1 + (perfect * 100.0) as u64);
        let (n, series) = (60, 2000);
        let alerts = (0..series).filter(|_| {
            let points: Vec<Point> = (0..n)
                .map(|_| {
                    let fallen = noise.uniform() > perfect;
                    Point::new(
                        "",
                        if fallen {
                            0.5 + noise.uniform() / 2.0
                        } else {
                            1.0
                        },
                    )
                })
                .collect();
            judge(&points, &Options::new(Chart::Run, Direction::Up))
                .unwrap()
                .alert
        });
        let share = alerts.count() as f64 / f64::from(series);
        assert!(share < 0.06, "{share} with {perfect} perfect");
    }
}
