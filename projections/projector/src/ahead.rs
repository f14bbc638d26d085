//! Reads a log from its origin to where it ends now, and decodes ahead of who folds: on two cores the one hides behind
//! the other.

use crate::checkpoint::Checkpoint;
use crate::decode::{Decoded, decode_run};
use crate::fence::{self, FenceError};
use joinedup_events::Areas;
use joinedup_log::{EventLog, Position, ReadError};
use joinedup_views::view::View;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Runs that may wait to be folded: enough to keep both sides busy, little enough to hold memory down.
const AHEAD: usize = 2;
/// So often the log is opened again without an event between.
pub(crate) const ATTEMPTS: u32 = 5;
/// The pause before that, once longer each time.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

/// The events of a log up to a head, in runs for a view of so many partitions. The sequence ends there, or with an error.
pub(crate) fn read(
    log: Arc<dyn EventLog>,
    areas: Arc<Areas>,
    partitions: usize,
    head: Position,
) -> mpsc::Receiver<Result<Decoded, ReadError>> {
    let (sender, runs) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let outcome = follow(&*log, &areas, partitions, head, &sender).await;
        if let Err(error) = outcome {
            // Whoever listened may have gone.
            let _ = sender.send(Err(error)).await;
        }
    });
    runs
}

async fn follow(
    log: &dyn EventLog,
    areas: &Areas,
    partitions: usize,
    head: Position,
    sender: &mpsc::Sender<Result<Decoded, ReadError>>,
) -> Result<(), ReadError> {
    if head == Position::ORIGIN {
        return Ok(());
    }
    let mut read = Checkpoint::origin(partitions);
    read.log = Some(log.identity().await?);
    let mut attempts = 0;
    loop {
        let before = read.position;
        let outcome = match fence::check(log, &read).await {
            Ok(()) => read_on(log, areas, head, sender, &mut read).await,
            Err(FenceError::Log(error)) => Err(error),
            Err(other) => Err(ReadError::Broken(other.to_string())),
        };
        match outcome {
            // A long log is not read from its begin again because of one interruption.
            Err(ReadError::Away(_)) if attempts < ATTEMPTS || read.position > before => {
                attempts = if read.position > before {
                    1
                } else {
                    attempts + 1
                };
                tokio::time::sleep(PAUSE * attempts).await;
            }
            outcome => return outcome,
        }
    }
}

/// Reads on from where it is, until the head or an interruption.
async fn read_on(
    log: &dyn EventLog,
    areas: &Areas,
    head: Position,
    sender: &mpsc::Sender<Result<Decoded, ReadError>>,
    read: &mut Checkpoint,
) -> Result<(), ReadError> {
    let partitions = read.partitions.len();
    let mut subscription = log.subscribe(read.position).await?;
    loop {
        let batch = subscription.next().await?;
        // What came in after the head was asked for is for another reader.
        let upto = batch.events.partition_point(|e| e.position <= head);
        let events = &batch.events[..upto];
        let ended = batch.events.last().is_some_and(|e| e.position >= head);
        if let Some(run) = decode_run(events, areas, partitions) {
            let (last, digest) = (run.last, run.digest);
            if sender.send(Ok(run)).await.is_err() {
                return Ok(());
            }
            (read.position, read.event_digest) = (last, digest);
        }
        if ended {
            return Ok(());
        }
    }
}

/// All events of a log that can be read, folded in memory by so many partitions, up to its head at the time of the call;
/// and how many could not be read.
///
/// # Errors
/// When the log cannot be read up to its head.
pub async fn folded(
    log: Arc<dyn EventLog>,
    areas: Arc<Areas>,
    partitions: usize,
) -> Result<(View, u64), ReadError> {
    let head = log.head().await?;
    let mut runs = read(log, areas, partitions, head);
    let fold = move || {
        let (mut view, mut unread) = (View::partitioned(partitions), 0);
        while let Some(run) = runs.blocking_recv() {
            let run = run?;
            view.fold_bundles(run.good);
            unread += run.bad.len() as u64;
        }
        Ok((view, unread))
    };
    tokio::task::spawn_blocking(fold)
        .await
        .unwrap_or_else(|failed| Err(ReadError::Broken(failed.to_string())))
}
