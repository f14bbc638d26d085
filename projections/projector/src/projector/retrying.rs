//! How events that were set aside before the start are tried again: the program or the register may know them now. It is done
//! some at a time, between turns of the loop, which goes on beating, folding and committing.

use super::Fold;
use crate::decode::decode;
use crate::fence::{self, FenceError};
use joinedup_log::{Position, ReadError, RecordedEvent};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// So many are tried in one turn, if that does not take long.
const PIECE: usize = 256;
/// How long reading them may take before those that were read are folded.
const SLICE: Duration = Duration::from_millis(100);
/// How long the log may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// What is still to be tried again.
#[derive(Default)]
pub(super) struct Retrying {
    positions: VecDeque<u64>,
    /// The log is the right one, and answered when it was last asked.
    log_is_there: bool,
}

impl Retrying {
    pub fn of(positions: impl Iterator<Item = u64>) -> Self {
        Self {
            positions: positions.collect(),
            log_is_there: false,
        }
    }

    /// The fence has looked at the log.
    pub fn log_is_there(&mut self) {
        self.log_is_there = true;
    }

    /// How many of the positions from one on follow on each other.
    fn run_at(&self, begin: usize) -> usize {
        let positions = self.positions.range(begin..);
        let first = positions.clone().next().copied().unwrap_or_default();
        let follow = (first..).zip(positions).take(PIECE);
        follow.take_while(|(n, position)| n == *position).count()
    }
}

impl Fold {
    /// Whether there is something to be tried at once.
    pub(super) fn retries(&self) -> bool {
        let Retrying {
            positions,
            log_is_there,
        } = &self.retrying;
        *log_is_there && !positions.is_empty() && self.damage.is_none()
    }

    /// Tries the next ones. What cannot be read now is tried again when the log is there again.
    pub(super) async fn retry_some(&mut self) {
        if !self.retries() {
            return;
        }
        match self.read_again().await {
            Ok((tried, events)) => {
                self.retrying.positions.drain(..tried);
                self.fold_again(&events);
            }
            Err(_) => {
                // The one that hinders now is not to hinder the others.
                self.retrying.positions.rotate_left(1);
                self.retrying.log_is_there = false;
            }
        }
    }

    /// Reads the next ones; answers how many need not be read again, and what was found of these.
    async fn read_again(&self) -> Result<(usize, Vec<RecordedEvent>), FenceError> {
        let (began, all) = (Instant::now(), &self.retrying.positions);
        let (mut tried, mut found) = (0, Vec::new());
        while tried < all.len().min(PIECE) && began.elapsed() < SLICE {
            let run = self.retrying.run_at(tried);
            let first = all[tried];
            let after = Position(first.saturating_sub(1));
            let events = match in_time(self.log.read(after, run)).await {
                Ok(events) => events,
                Err(error) if tried == 0 => return Err(error),
                Err(_) => break,
            };
            // A log that forgets has others after those that are gone.
            let last = events.last().map_or(u64::MAX, |event| event.position.0);
            let wanted = first..first + run as u64;
            tried += wanted.clone().take_while(|at| *at <= last).count();
            let ours = |event: &RecordedEvent| wanted.contains(&event.position.0);
            found.extend(events.into_iter().filter(ours));
        }
        // After the reading: so it was this log that was read.
        in_time(fence::check(&*self.log, &self.saved.checkpoint)).await?;
        Ok((tried, found))
    }

    fn fold_again(&mut self, recorded: &[RecordedEvent]) {
        let read = |recorded: &RecordedEvent| {
            let event = decode(recorded, &self.areas).ok()?;
            Some((recorded.position.0, event))
        };
        let events: BTreeMap<u64, _> = recorded.iter().filter_map(read).collect();
        if events.is_empty() {
            return;
        }
        tracing::info!(
            count = events.len(),
            "events that were set aside can be read now"
        );
        self.views
            .set_quarantine(|all| all.retain(|q| !events.contains_key(&q.position)));
        self.folded_now.extend(events.keys());
        self.views.change(|view| view.fold(events));
        self.dirty = true;
        self.views.wake();
    }
}

/// What the log answers, unless it takes too long.
async fn in_time<T, E: Into<FenceError>>(
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, FenceError> {
    match timeout(ANSWER_TIMEOUT, asked).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(_) => Err(ReadError::Away("it did not answer in time".to_owned()).into()),
    }
}
