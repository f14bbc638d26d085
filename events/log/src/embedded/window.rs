//! The ids of the last appends, so that a repeat is not stored twice.

use hashbrown::HashTable;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The ids of messages of a span of time (two hours, say), and of no more than a number of them.
///
/// An id is kept as 128 bits made with secret keys, some 26 bytes each in all, so a million ids take about 26 MB.
pub(super) struct Window {
    keys: [RandomState; 2],
    length_ms: u64,
    most: usize,
    /// The position of the oldest id.
    first: u64,
    /// The ids of all positions from there on.
    ids: VecDeque<u128>,
    /// When they were appended, oldest first, each with how many were appended then.
    times: VecDeque<(u64, usize)>,
    /// The positions by id, each by its last 32 bits.
    positions: HashTable<u32>,
}

/// Room for so many ids is never given back.
const MIN_ROOM: usize = 4096;

/// How far after the first position the one with these last bits is.
fn offset(first: u64, position: u32) -> usize {
    position.wrapping_sub(first as u32) as usize
}

impl Window {
    pub(super) fn new(length: Duration, most: usize) -> Self {
        let length_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Self {
            keys: Default::default(),
            length_ms,
            most,
            first: 0,
            ids: VecDeque::new(),
            times: VecDeque::new(),
            positions: HashTable::new(),
        }
    }

    /// How many appends are remembered.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
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
        let at = |position: &u32| offset(self.first, *position);
        let is = |position: &u32| self.ids.get(at(position)) == Some(&key);
        let found = self.positions.find(key as u64, is)?;
        Some(self.first + at(found) as u64)
    }

    /// Remembers the id of an event. Positions follow on each other.
    pub(super) fn remember(&mut self, key: u128, position: u64, now: u64) {
        if position != self.first + self.ids.len() as u64 {
            self.ids.clear();
            self.times.clear();
            self.positions.clear();
            self.first = position;
        }
        self.ids.push_back(key);
        match self.times.back_mut() {
            Some((at, count)) if *at == now => *count += 1,
            _ => self.times.push_back((now, 1)),
        }
        let (first, ids) = (self.first, &self.ids);
        let id = |position: &u32| {
            let id = ids.get(offset(first, *position));
            id.copied().unwrap_or_default()
        };
        let entry = self.positions.entry(
            key as u64,
            |known| id(known) == key,
            |known| id(known) as u64,
        );
        // An id that comes again counts as it came last.
        *entry.or_insert(position as u32).into_mut() = position as u32;
    }

    /// Forgets what is too old or too much.
    pub(super) fn expire(&mut self, now: u64) {
        let since = self.since(now);
        while let Some((at, count)) = self.times.front_mut() {
            if *at >= since && self.ids.len() <= self.most {
                break;
            }
            *count -= 1;
            if *count == 0 {
                self.times.pop_front();
            }
            let Some(key) = self.ids.pop_front() else {
                break;
            };
            let oldest = self.first as u32;
            // Where the id came again it is kept as of then.
            if let Ok(entry) = self.positions.find_entry(key as u64, |p| *p == oldest) {
                entry.remove();
            }
            self.first += 1;
        }
        // After a bulk import most of the room is for ids that are no longer of interest.
        if self.ids.capacity() > MIN_ROOM && self.ids.len() < self.ids.capacity() / 4 {
            self.ids.shrink_to(self.ids.len() * 2);
            let ids = &self.ids;
            let first = self.first;
            let id = |position: &u32| ids.get(offset(first, *position)).copied();
            let hash = |position: &u32| id(position).unwrap_or_default() as u64;
            self.positions.shrink_to(ids.len() * 2, hash);
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

    #[test]
    fn many_ids_come_and_go_and_each_is_found_at_its_position() {
        let mut window = Window::new(Duration::from_secs(1), 100);
        // Beyond the 32 bits by which a position is kept.
        let start = u64::from(u32::MAX) - 500;
        for position in start..start + 1_000 {
            let key = window.key(&position.to_string());
            assert_eq!(window.position(key), None);
            window.remember(key, position, position / 7);
            window.expire(position / 7);
            for known in position.saturating_sub(99).max(start)..=position {
                let key = window.key(&known.to_string());
                assert_eq!(window.position(key), Some(known));
            }
            let gone = window.key(&(position - 100).to_string());
            assert_eq!(window.position(gone), None);
        }
    }

    #[test]
    fn the_room_of_a_bulk_import_is_given_back_when_its_ids_are_too_old() {
        let mut window = Window::new(Duration::from_secs(1), 1_000_000);
        for position in 1..=50_000 {
            let key = window.key(&position.to_string());
            window.remember(key, position, 1_000);
        }
        for position in 50_001..=50_100 {
            let key = window.key(&position.to_string());
            window.remember(key, position, 5_000);
        }
        window.expire(5_000);
        assert!(window.ids.capacity() < 1_000 && window.positions.capacity() < 1_000);
        let known = |position: u64| window.position(window.key(&position.to_string()));
        assert_eq!((known(50_000), known(50_001)), (None, Some(50_001)));
        assert_eq!((known(50_100), window.len()), (Some(50_100), 100));
    }

    #[test]
    fn an_id_that_comes_again_is_kept_as_of_then() {
        let mut window = Window::new(Duration::from_secs(1), 2);
        let (again, other) = (window.key("again"), window.key("other"));
        for (position, key) in [(7, again), (8, other), (9, again)] {
            window.remember(key, position, 0);
            window.expire(0);
        }
        assert_eq!(window.position(again), Some(9));
        assert_eq!(window.position(other), Some(8));
    }
}
