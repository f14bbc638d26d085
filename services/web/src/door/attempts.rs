//! How often a client may try to sign in. Each client has a store of tries that fills up again with time; what fails
//! costs more of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Tries that a client has at first, and at most.
const FULL: f64 = 60.0;
/// Tries that come back in a second.
const PER_SECOND: f64 = 0.5;
/// What beginning to sign in costs.
pub const BEGIN: f64 = 1.0;
/// What a sign-in that failed costs.
pub const FAILURE: f64 = 9.0;
/// The most clients that are remembered; those that have all their tries need not be.
const MAX_CLIENTS: usize = 10_000;

/// The tries that clients have left.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<IpAddr, Left>>);

#[derive(Clone, Copy, Debug)]
struct Left {
    tries: f64,
    at: Instant,
}

impl Left {
    fn now(self, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tries + seconds * PER_SECOND).min(FULL)
    }
}

impl Attempts {
    /// Takes the price of a try.
    ///
    /// # Errors
    /// The seconds to wait when the client has too few left.
    pub fn take(&self, client: IpAddr, price: f64, now: Instant) -> Result<(), u32> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if left.len() >= MAX_CLIENTS && !left.contains_key(&client) {
            left.retain(|_, known| known.now(now) < FULL);
            // Who has most left loses least by being forgotten, and nobody new is kept out.
            let fullest = left
                .iter()
                .max_by(|(_, a), (_, b)| a.now(now).total_cmp(&b.now(now)));
            if left.len() >= MAX_CLIENTS
                && let Some(fullest) = fullest.map(|(client, _)| *client)
            {
                left.remove(&fullest);
            }
        }
        let tries = left.get(&client).map_or(FULL, |known| known.now(now));
        if tries < BEGIN {
            return Err(((BEGIN - tries) / PER_SECOND).ceil() as u32);
        }
        let tries = (tries - price).max(0.0);
        if tries < FULL {
            left.insert(client, Left { tries, at: now });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn tries_run_out_come_back_with_time_and_are_each_clients_own() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        for _ in 0..FULL as u32 {
            assert_eq!(attempts.take(one, BEGIN, now), Ok(()));
        }
        assert_eq!(attempts.take(one, BEGIN, now), Err(2));
        assert_eq!(attempts.take(other, BEGIN, now), Ok(()));
        let later = now + Duration::from_secs(2);
        assert_eq!(attempts.take(one, BEGIN, later), Ok(()));
        assert!(attempts.take(one, BEGIN, later).is_err());
    }

    #[test]
    fn failures_run_out_sooner() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let client = IpAddr::from([10, 0, 0, 1]);
        let taken = (0..100).take_while(|_| attempts.take(client, FAILURE, now).is_ok());
        assert_eq!(taken.count(), 7);
    }

    #[test]
    fn so_many_clients_are_remembered_and_no_more() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let client = |n: u32| IpAddr::from(n.to_be_bytes());
        let guesser = client(u32::MAX);
        while attempts.take(guesser, FAILURE, now).is_ok() {}
        for n in 0..2 * MAX_CLIENTS as u32 {
            assert_eq!(attempts.take(client(n), BEGIN, now), Ok(()));
        }
        assert_eq!(attempts.0.lock().unwrap().len(), MAX_CLIENTS);
        // Nobody new is kept out, and whoever guessed is not forgotten for them.
        assert!(attempts.take(guesser, BEGIN, now).is_err());
        let later = now + Duration::from_secs(2);
        assert_eq!(attempts.take(guesser, BEGIN, later), Ok(()));
    }
}
