//! What is remembered of browsers, in memory alone: who signed in, and who has begun to. Each is found by a random id of
//! 256 bits in a cookie, of which only a digest is kept here.

use crate::door::auth::Caller;
use openidconnect::CsrfToken;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Things found by random ids: so many at most, each for a time.
#[derive(Debug)]
pub struct Kept<T> {
    known: Mutex<HashMap<[u8; 32], Entry<T>>>,
    limits: Limits,
}

/// How many things are kept, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most at a time; a new one takes the place of the one that was used longest ago.
    pub count: usize,
    /// How long one lasts without being used.
    pub idle: Duration,
    /// How long one lasts in any case.
    pub whole: Duration,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    began: Instant,
    used: Instant,
}

impl<T> Entry<T> {
    fn lasts(&self, limits: Limits, now: Instant) -> bool {
        now.saturating_duration_since(self.used) < limits.idle
            && now.saturating_duration_since(self.began) < limits.whole
    }
}

impl<T: Clone> Kept<T> {
    /// Nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            known: Mutex::default(),
            limits,
        }
    }

    /// Keeps something; answers its id.
    pub fn put(&self, value: T, now: Instant) -> String {
        let id = CsrfToken::new_random_len(32).into_secret();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= self.limits.count {
            known.retain(|_, entry| entry.lasts(self.limits, now));
        }
        if known.len() >= self.limits.count {
            let oldest = known.iter().min_by_key(|(_, entry)| entry.used);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                known.remove(&oldest);
            }
        }
        let entry = Entry {
            value,
            began: now,
            used: now,
        };
        known.insert(digest(&id), entry);
        id
    }

    /// What an id stands for; none when it has ended. Looking it up makes it last longer where that counts as use.
    pub fn get(&self, id: &str, is_used: bool, now: Instant) -> Option<T> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = digest(id);
        let entry = known.get_mut(&digest)?;
        if !entry.lasts(self.limits, now) {
            known.remove(&digest);
            return None;
        }
        if is_used {
            entry.used = now;
        }
        Some(entry.value.clone())
    }

    /// Ends what an id stands for; none when it has ended before.
    pub fn take(&self, id: &str, now: Instant) -> Option<T> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.remove(&digest(id))?;
        entry.lasts(self.limits, now).then_some(entry.value)
    }
}

fn digest(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

/// The sessions of people who signed in.
pub type Sessions = Kept<Caller>;

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn kept(count: usize) -> Kept<u8> {
        Kept::new(Limits {
            count,
            idle: 30 * MINUTE,
            whole: 100 * MINUTE,
        })
    }

    #[test]
    fn a_session_ends_when_it_is_idle_when_it_is_old_and_when_it_is_ended() {
        let (kept, now) = (kept(9), Instant::now());
        let id = kept.put(7, now);
        assert!(id.len() >= 43, "256 bits");
        for minutes in [29, 58, 87] {
            assert_eq!(kept.get(&id, true, now + minutes * MINUTE), Some(7));
        }
        assert_eq!(kept.get(&id, true, now + 101 * MINUTE), None);
        let id = kept.put(7, now);
        // What a page's own script asks for does not count as use.
        assert_eq!(kept.get(&id, false, now + 20 * MINUTE), Some(7));
        assert_eq!(kept.get(&id, true, now + 31 * MINUTE), None);
        let id = kept.put(7, now);
        assert_eq!(
            (kept.take(&id, now), kept.get(&id, true, now)),
            (Some(7), None)
        );
        assert_eq!(kept.get("guessed", true, now), None);
    }

    #[test]
    fn there_are_so_many_and_the_one_idle_longest_gives_way() {
        let (kept, now) = (kept(2), Instant::now());
        let first = kept.put(1, now);
        let second = kept.put(2, now + MINUTE);
        assert_eq!(kept.get(&first, true, now + 2 * MINUTE), Some(1));
        let third = kept.put(3, now + 3 * MINUTE);
        let get = |id: &str| kept.get(id, true, now + 4 * MINUTE);
        assert_eq!(
            (get(&first), get(&second), get(&third)),
            (Some(1), None, Some(3))
        );
    }
}
