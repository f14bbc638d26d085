//! Work that takes the processor: pages, charts, queries and exports. As much at a time as there are cores for, because each
//! holds what it works with; and none for a client that has left.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How much is worked on at a time for each core: one may wait for a lock or the disk.
const FOR_EACH_CORE: usize = 2;
/// How long a question waits for its turn.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Whose turn it is: who came first goes first.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Semaphore>);

/// Why a question was not worked on to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// Others went first for too long.
    #[error("The server is busy with other questions. Ask again in a moment")]
    Busy,
    /// It ended in a fault of ours, which the log of the process names.
    #[error("This could not be worked out")]
    Failed,
}

impl Default for Turns {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self(Arc::new(Semaphore::new(cores * FOR_EACH_CORE)))
    }
}

impl Turns {
    /// Works on a thread of its own when it is its turn. Whoever stops waiting before that takes no turn.
    ///
    /// # Errors
    /// See [`NotDone`].
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let turn = self.0.clone().acquire_owned();
        let turn = tokio::time::timeout(MAX_WAIT, turn)
            .await
            .map_err(|_| NotDone::Busy)?
            .map_err(|_| NotDone::Busy)?;
        let in_turn = move || {
            let done = work();
            // Held to the end, also where nobody waits any more: the thread works on.
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(in_turn).await.map_err(|error| {
            tracing::error!(%error, "a question was not worked out");
            NotDone::Failed
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn no_more_is_worked_on_at_a_time_and_nothing_for_who_has_left() {
        let turns = Turns(Arc::new(Semaphore::new(2)));
        let (now, most, done) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let ask = || {
            let (turns, now, most, done) = (turns.clone(), now.clone(), most.clone(), done.clone());
            tokio::spawn(async move {
                let work = move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(20));
                    now.fetch_sub(1, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                };
                turns.work(work).await
            })
        };
        let mut asked: Vec<_> = (0..12).map(|_| ask()).collect();
        tokio::task::yield_now().await;
        // Four leave: the first, which is being worked on, and three whose turn has not come.
        for at in [11, 10, 9, 0] {
            asked.remove(at).abort();
        }
        for answer in asked {
            assert_eq!(answer.await.unwrap(), Ok(()));
        }
        // What was begun for the first goes on to its end.
        while now.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
        assert_eq!(done.load(Ordering::SeqCst), 9);
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_turn_back() {
        let turns = Turns(Arc::new(Semaphore::new(1)));
        assert_eq!(
            turns.work(|| panic!("a fault")).await,
            Err::<(), _>(NotDone::Failed)
        );
        assert_eq!(turns.work(|| 7).await, Ok(7));
    }
}
