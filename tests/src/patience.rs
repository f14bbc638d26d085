//! Waiting for facts that become true in their own time.
//!
//! A test asks again and again until the fact holds or a generous deadline passes. The deadline is not a measure of speed:
//! it only keeps a broken product from hanging the run, so it may be ten times what a busy machine needs.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// How long [`eventually`] asks before it gives up.
pub const GENEROUS: Duration = Duration::from_secs(120);

const BETWEEN_TRIES: Duration = Duration::from_millis(25);

/// Asks until the answer is `Ok`, for at most [`GENEROUS`], and returns it.
///
/// # Panics
/// When the deadline passes; the message says what was waited for and what was seen last.
#[track_caller]
pub fn eventually<T, E: Debug>(what: &str, ask: impl FnMut() -> Result<T, E>) -> T {
    eventually_within(GENEROUS, what, ask)
}

/// As [`eventually`], with a deadline of its own.
///
/// # Panics
/// When the deadline passes; the message says what was waited for and what was seen last.
#[track_caller]
pub fn eventually_within<T, E: Debug>(
    deadline: Duration,
    what: &str,
    ask: impl FnMut() -> Result<T, E>,
) -> T {
    match poll(deadline, ask) {
        Ok(answer) => answer,
        Err(seen) => panic!("not within {deadline:?}: {what}; last seen: {seen:?}"),
    }
}

/// Asks until the answer is `Ok` or the deadline has passed; then the last answer. Asks at least once.
///
/// # Errors
/// What the last try saw.
pub fn poll<T, E>(deadline: Duration, mut ask: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let started = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(seen) if started.elapsed() >= deadline => return Err(seen),
            Err(_) => std::thread::sleep(BETWEEN_TRIES),
        }
    }
}
