//! A thread that commits, so that folding does not wait for the disk.

use crate::saved::commit_all;
use joinedup_store::{Batch, CommitError, Store};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Batches for a store, and the position that they come to.
pub(crate) type Commit = (Arc<dyn Store>, Vec<Batch>, u64);

/// The position that is durable now, or why not.
pub(crate) type Committed = Result<u64, NotCommitted>;

/// Why a commit is not done.
pub(crate) enum NotCommitted {
    /// The disk is full; it is tried again until it is not.
    Yet(String),
    /// The store takes no more.
    Ever(String),
}

/// Starts the thread. It tries again while the disk is full.
pub(crate) fn start() -> std::io::Result<(Sender<Commit>, Receiver<Committed>)> {
    let (commits, inbox) = channel::<Commit>();
    let (answers, committed) = channel();
    let work = move || {
        for (store, batches, position) in inbox {
            let answer = loop {
                match commit_all(&*store, &batches) {
                    Ok(()) => break Ok(position),
                    Err(error @ CommitError::DiskFull { .. }) => {
                        if answers
                            .send(Err(NotCommitted::Yet(error.to_string())))
                            .is_err()
                        {
                            return;
                        }
                        std::thread::sleep(Duration::from_secs(1));
                    }
                    Err(error) => break Err(NotCommitted::Ever(error.to_string())),
                }
            };
            // Before the answer: who hears it may close the store.
            drop((store, batches));
            if answers.send(answer).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("committer".into())
        .spawn(work)?;
    Ok((commits, committed))
}
