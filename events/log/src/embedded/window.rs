//! The ids of the last appends, so that a repeat is not stored twice.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Message ids of the last two hours, say, and at most a number of them.
///
/// An id is kept as 128 bits made with secret keys, some 80 bytes each in all, so a million ids take about 80 MB.
pub(super) struct Window {
    keys: [RandomState; 2],
    length_ms: u64,
    most: usize,
    by_age: VecDeque<(u64, u128)>,
    positions: HashMap<u128, u64>,
}

impl Window {
    pub(super) fn new(length: Duration, most: usize) -> Self {
        let length_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Self {
            keys: Default::default(),
            length_ms,
            most,
            by_age: VecDeque::new(),
            positions: HashMap::new(),
        }
    }

    /// The oldest time, in milliseconds since 1970, whose ids are still of interest.
    pub(super) fn since(&self, now: u64) -> u64 {
        now.saturating_sub(self.length_ms)
    }

    pub(super) fn key(&self, message_id: &str) -> u128 {
        let [high, low] = [0, 1].map(|n| u128::from(self.keys[n].hash_one(message_id)));
        high << 64 | low
    }

    pub(super) fn position(&self, key: u128) -> Option<u64> {
        self.positions.get(&key).copied()
    }

    pub(super) fn remember(&mut self, key: u128, position: u64, now: u64) {
        if self.positions.insert(key, position).is_none() {
            self.by_age.push_back((now, key));
        }
    }

    /// Forgets what is too old or too much.
    pub(super) fn expire(&mut self, now: u64) {
        let since = self.since(now);
        while let Some(&(at, key)) = self.by_age.front() {
            if at >= since && self.by_age.len() <= self.most {
                break;
            }
            self.by_age.pop_front();
            self.positions.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_until_it_is_too_old_or_there_are_too_many_younger_ones() {
        let mut window = Window::new(Duration::from_secs(1), 3);
        for n in 1..=3 {
            let key = window.key(&n.to_string());
            window.remember(key, n, 1_000 * n);
        }
        let known = |window: &Window| -> Vec<u64> {
            (1..=4)
                .filter_map(|n: u64| window.position(window.key(&n.to_string())))
                .collect()
        };
        window.expire(2_000);
        assert_eq!(
            known(&window),
            [1, 2, 3],
            "an id exactly as old as the window is still in it"
        );
        window.expire(2_001);
        assert_eq!(known(&window), [2, 3]);
        for n in 4..=5 {
            let key = window.key(&n.to_string());
            window.remember(key, n, 3_000);
        }
        window.expire(3_000);
        assert_eq!(
            known(&window),
            [3, 4],
            "the fifth is known too, the second was one too many"
        );
    }
}
