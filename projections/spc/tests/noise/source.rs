//! Series in which nothing happens but chance, the same on every machine: what rules are measured against.

#![allow(dead_code, reason = "each measurement uses some of the kinds of noise")]

/// SplitMix64, and series made of it.
pub struct Noise(pub u64);

/// A kind of noise: as many values as asked for.
pub type Series = fn(&mut Noise, usize) -> Vec<f64>;

impl Noise {
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Box and Muller.
    pub fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }

    pub fn poisson(&mut self, mean: f64) -> f64 {
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

    /// The value at a share of so many waits in whole days, mostly two or three.
    fn wait(&mut self, waits: usize, share: f64) -> f64 {
        let mut days: Vec<f64> = (0..waits).map(|_| self.exponential(3.0).floor()).collect();
        days.sort_by(f64::total_cmp);
        let place = share * (waits - 1) as f64;
        f64::midpoint(days[place.floor() as usize], days[place.ceil() as usize])
    }

    fn share(&mut self, n: usize, p: f64) -> f64 {
        (0..n).filter(|_| self.uniform() < p).count() as f64 / n as f64
    }

    fn each(&mut self, n: usize, value: impl Fn(&mut Self) -> f64) -> Vec<f64> {
        (0..n).map(|_| value(self)).collect()
    }

    /// Each value keeps the share `r` of the one before.
    pub fn autoregressive(&mut self, n: usize, r: f64) -> Vec<f64> {
        let mut last = self.normal();
        let step = (1.0 - r * r).sqrt();
        self.each(n, |noise| noise.normal() * step)
            .into_iter()
            .map(|new| {
                last = r * last + new;
                last
            })
            .collect()
    }

    /// A yearly wave of weeks, whose standard deviation is so many times that of the noise on it.
    pub fn season(&mut self, n: usize, size: f64) -> Vec<f64> {
        let start = self.uniform();
        let wave = |week: usize| (std::f64::consts::TAU * (start + week as f64 / 52.0)).sin();
        (0..n)
            .map(|week| wave(week) * size * std::f64::consts::SQRT_2 + self.normal())
            .collect()
    }

    /// People there at midnight: eight arrive a day and stay so many days on average.
    pub fn stock(&mut self, days: usize, stay: f64) -> Vec<f64> {
        let lead = 40;
        let mut there = vec![0.0; days];
        for day in 0..days + lead {
            for _ in 0..self.poisson(8.0) as usize {
                let leaves = (day as f64 + self.exponential(stay)).ceil() as usize;
                let nights = day.max(lead)..leaves.min(days + lead).max(day.max(lead));
                nights.for_each(|night| there[night - lead] += 1.0);
            }
        }
        there
    }
}

pub const NORMAL: Series = |noise, n| noise.each(n, Noise::normal);
pub const POISSON_4: Series = |noise, n| noise.each(n, |noise| noise.poisson(4.0));
pub const POISSON_40: Series = |noise, n| noise.each(n, |noise| noise.poisson(40.0));
pub const MEDIANS_OF_20: Series = |noise, n| noise.each(n, |noise| noise.wait(20, 0.5));
pub const MEDIANS_OF_40: Series = |noise, n| noise.each(n, |noise| noise.wait(40, 0.5));

/// Values that know nothing of each other.
pub const INDEPENDENT: [(&str, Series); 10] = [
    ("normal", NORMAL),
    ("Poisson 2", |noise, n| {
        noise.each(n, |noise| noise.poisson(2.0))
    }),
    ("Poisson 4", POISSON_4),
    ("Poisson 40", POISSON_40),
    ("median of 8 waits in whole days", |noise, n| {
        noise.each(n, |noise| noise.wait(8, 0.5))
    }),
    ("median of 20 waits in whole days", MEDIANS_OF_20),
    ("median of 40 waits in whole days", MEDIANS_OF_40),
    ("90th centile of 20 waits", |noise, n| {
        noise.each(n, |noise| noise.wait(20, 0.9))
    }),
    ("share near 1, of 12", |noise, n| {
        noise.each(n, |noise| noise.share(12, 0.95))
    }),
    ("share near 1, of 80", |noise, n| {
        noise.each(n, |noise| noise.share(80, 0.98))
    }),
];

pub const AUTOCORRELATION_3: (&str, Series) = ("autocorrelation 0.3", |noise, n| {
    noise.autoregressive(n, 0.3)
});
pub const AUTOCORRELATION_6: (&str, Series) = ("autocorrelation 0.6", |noise, n| {
    noise.autoregressive(n, 0.6)
});
pub const SEASON: (&str, Series) = ("yearly season of one sd", |noise, n| noise.season(n, 1.0));

/// Days, of which Saturdays and Sundays are two standard deviations higher.
pub const WEEKENDS: Series = |noise, n| {
    let extra = |day: usize| if day % 7 >= 5 { 2.0 } else { 0.0 };
    (0..n).map(|day| noise.normal() + extra(day)).collect()
};
/// People waiting at midnight, who stay three days on average.
pub const STOCK: Series = |noise, n| noise.stock(n, 3.0);

/// The four kinds of which a county is made, each with its standard deviation.
pub const COUNTY: [(Series, f64); 4] = [
    (NORMAL, 1.0),
    (POISSON_4, 2.0),
    (POISSON_40, 6.324_555),
    (MEDIANS_OF_20, 0.72),
];
