//! A task that commits, so that folding does not wait for the disk.

use crate::machine::Machine;
use crate::saved::commit_all;
use joinedup_store::{Batch, CommitError, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How often a commit that found no room is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often it looks meanwhile whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// Batches for a store.
pub(crate) struct Commit {
    pub store: Arc<dyn Store>,
    pub batches: Vec<Batch>,
    /// The position that they come to.
    pub position: u64,
    /// The generation of the store, which distinguishes its answers from those of a store that is no longer used.
    pub generation: u64,
    /// Nobody wants it any more once this is false.
    pub wanted: Arc<AtomicBool>,
}

/// What became of a commit.
pub(crate) struct Committed {
    /// The generation of its store.
    pub generation: u64,
    /// The position that is durable now, or why not.
    pub outcome: Result<u64, NotCommitted>,
}

/// Why a commit is not done.
pub(crate) enum NotCommitted {
    /// There is no room, or no file to spare; it is tried again until there is.
    Yet(String),
    /// The store takes no more, or the commit is no longer wanted.
    Ever(String),
}

/// Starts the task. It tries again while there is no room.
pub(crate) fn start(
    machine: &dyn Machine,
) -> std::io::Result<(UnboundedSender<Commit>, UnboundedReceiver<Committed>)> {
    let (commits, inbox) = unbounded_channel();
    let (answers, committed) = unbounded_channel();
    machine.run("committer", Box::pin(work(inbox, answers)))?;
    Ok((commits, committed))
}

async fn work(mut inbox: UnboundedReceiver<Commit>, answers: UnboundedSender<Committed>) {
    while let Some(commit) = inbox.recv().await {
        let generation = commit.generation;
        let answer = |outcome| {
            answers.send(Committed {
                generation,
                outcome,
            })
        };
        let outcome = loop {
            match commit_all(&*commit.store, &commit.batches) {
                Ok(()) => break Ok(commit.position),
                Err(error) if error.is_for_now() => {
                    if answer(Err(NotCommitted::Yet(error.to_string()))).is_err() {
                        return;
                    }
                    if !pause(&commit.wanted).await {
                        break Err(NotCommitted::Ever(error.to_string()));
                    }
                }
                Err(error) => break Err(NotCommitted::Ever(sentence(&error))),
            }
        };
        // Before the answer: who gets it may close the store.
        drop(commit);
        if answer(outcome).is_err() {
            return;
        }
    }
}

/// Waits before the next attempt; false as soon as nobody wants it.
async fn pause(wanted: &AtomicBool) -> bool {
    let mut waited = Duration::ZERO;
    while waited < AGAIN {
        if !wanted.load(Ordering::Relaxed) {
            return false;
        }
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
    }
    wanted.load(Ordering::Relaxed)
}

fn sentence(error: &CommitError) -> String {
    format!("{error}; the view is written into a new store as soon as that can be done")
}
