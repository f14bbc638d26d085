//! The only source of chance: a seeded ChaCha8 generator and the few distributions that the county needs.

use chrono::TimeDelta;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of chance. Each family draws from a stream of its own, so that one more draw in one family leaves
/// the others as they were.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of that number under a seed.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Evenly from 0 up to, but not, 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Evenly among `0..n`; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Evenly among the whole numbers from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as usize) as i64
    }

    /// Evenly among numbers from `low` to `high`.
    pub(super) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// One of a list that is not empty.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// One of a list that is not empty, by weight.
    pub(super) fn weighted<T: Copy>(&mut self, list: &[(T, f64)]) -> T {
        let mut left = self.unit() * list.iter().map(|(_, weight)| weight).sum::<f64>();
        for (value, weight) in list {
            left -= weight;
            if left < 0.0 {
                return *value;
            }
        }
        list[list.len() - 1].0
    }

    /// An exponential wait with this mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// The standard normal distribution.
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A log-normal duration with this median and spread.
    pub(super) fn lognormal(&mut self, median: f64, spread: f64) -> f64 {
        median * (spread * self.normal()).exp()
    }

    /// How many of something with this mean happened.
    pub(super) fn poisson(&mut self, mean: f64) -> usize {
        if mean > 200.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as usize;
        }
        let limit = (-mean).exp();
        let mut product = self.unit();
        let mut count = 0;
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }

    /// How many of `n` came out with this probability.
    pub(super) fn binomial(&mut self, n: usize, probability: f64) -> usize {
        let spread = (n as f64 * probability * (1.0 - probability)).sqrt();
        let drawn = n as f64 * probability + spread * self.normal();
        (drawn.round().max(0.0) as usize).min(n)
    }

    /// Shaped like a UUID. Letters stand at fixed places, so that no stretch of it can read as a ten-digit number.
    pub(super) fn id(&mut self) -> String {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let bits = (u128::from(self.0.next_u64()) << 64) | u128::from(self.0.next_u64());
        let mut text = String::with_capacity(36);
        for place in 0..32_u32 {
            if matches!(place, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            let nibble = (bits >> (4 * place)) as usize & 15;
            text.push(char::from(match place {
                12 => b'4',
                16 => HEX[8 + nibble % 4],
                5 | 13 | 21 | 29 => HEX[10 + nibble % 6],
                _ => HEX[nibble],
            }));
        }
        text
    }
}

/// A duration of so many minutes, to the second.
pub(super) fn minutes(minutes: f64) -> TimeDelta {
    TimeDelta::seconds((minutes * 60.0).round() as i64)
}

/// A duration of so many hours, to the second.
pub(super) fn hours(hours: f64) -> TimeDelta {
    minutes(hours * 60.0)
}
