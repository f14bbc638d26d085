//! A slow check of a whole log: what the disk has lost or changed is reported while the views are still right, and not when
//! they are built again from what is left.
//!
//! It reads all of the log a little at a time with pauses in between, checks what each backend can check (the sequence of
//! a stream, the checksums and the sequence of embedded rows), and begins again a day later. Where it finds damage it
//! stays and looks again, so that the damage is over as soon as the log has been put right.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::{EventLog, Position, ReadError};

/// How fast it goes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Events read at once.
    pub events: usize,
    /// The pause after each of these reads.
    pub pause: Duration,
    /// The pause before a whole log is checked again.
    pub again: Duration,
    /// The pause before what was damaged or away is looked at again.
    pub retry: Duration,
}

impl Default for Pace {
    /// A thousand events a second: a million in a quarter of an hour, for about a hundredth of a processor.
    fn default() -> Self {
        Self {
            events: 250,
            pause: Duration::from_millis(250),
            again: Duration::from_secs(24 * 60 * 60),
            retry: Duration::from_secs(10),
        }
    }
}

/// How far a check is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The last position that this pass has found whole.
    pub checked: Position,
    /// How often the whole log has been checked since the start.
    pub passes: u64,
    /// What is wrong with the log, while that is so.
    pub damage: Option<String>,
}

/// A check and what it found; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Scrub(Arc<RwLock<State>>);

impl Scrub {
    /// How far it is.
    #[must_use]
    pub fn state(&self) -> State {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Checks a log over and over.
    pub async fn run(&self, log: Arc<dyn EventLog>, pace: Pace) {
        let mut at = Position::ORIGIN;
        loop {
            match log.check(at, pace.events).await {
                Ok(Some(last)) => {
                    at = last;
                    self.note(|state| (state.checked, state.damage) = (last, None));
                    tokio::time::sleep(pace.pause).await;
                }
                Ok(None) => {
                    tracing::info!(head = at.0, "the whole log was read and is whole");
                    self.note(|state| {
                        state.passes += 1;
                        state.damage = None;
                    });
                    tokio::time::sleep(pace.again).await;
                    at = Position::ORIGIN;
                }
                Err(ReadError::Broken(what)) => {
                    if self.state().damage.as_ref() != Some(&what) {
                        tracing::error!(
                            reason = what,
                            after = at.0,
                            "the log is damaged: keep the views as they are until it has been put right"
                        );
                    }
                    self.note(|state| state.damage = Some(what));
                    tokio::time::sleep(pace.retry).await;
                }
                Err(ReadError::Away(what)) => {
                    tracing::debug!(reason = what, "the check of the log waits for it");
                    tokio::time::sleep(pace.retry).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NewEvent;
    use crate::fault::{FaultLog, FaultPlan};
    use crate::memory::MemoryLog;

    #[tokio::test]
    async fn all_of_a_log_is_checked_over_and_over_whatever_interrupts_it() {
        let memory = Arc::new(MemoryLog::new());
        let event = |n: u32| NewEvent {
            subject: "joinedup.test.e.0".into(),
            message_id: n.to_string(),
            payload: "{}".into(),
            condition: None,
        };
        memory.append((0..100).map(event).collect()).await.unwrap();
        let plan = FaultPlan {
            read_away: 300,
            ..FaultPlan::default()
        };
        let log = Arc::new(FaultLog::new(memory, plan));
        let none = Duration::ZERO;
        let pace = Pace {
            events: 7,
            pause: none,
            again: none,
            retry: none,
        };
        let scrub = Scrub::default();
        let watched = async {
            while scrub.state().passes < 3 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = scrub.run(log, pace) => {}
            () = watched => {}
        }
        let state = scrub.state();
        assert_eq!((state.checked.0, state.damage), (100, None));
    }
}
