//! The fence: a view moves only over the log it was built from.

use crate::checkpoint::Checkpoint;
use crate::decode::digest;
use joinedup_log::{EventLog, Position, ReadError};

/// Why a view may not go on over this log.
#[derive(Debug, thiserror::Error)]
pub enum FenceError {
    /// The log was made anew.
    #[error(
        "the log is another one than the view was built from: it was deleted and made again, or this is another server. Restore the log, or rebuild the views from this one with `joinedup rebuild`"
    )]
    OtherLog,
    /// The log lost its end.
    #[error(
        "the log ends at position {head}, before the view's checkpoint {checkpoint}: events that were counted are gone from it. Restore the log, or rebuild the views from this one with `joinedup rebuild`"
    )]
    Shorter {
        /// Where it ends.
        head: Position,
        /// How far the view is.
        checkpoint: Position,
    },
    /// The log has another event where the checkpoint is.
    #[error(
        "the log has another event at position {0} than the one that was counted: it was restored from an older copy and written on. Restore the log, or rebuild the views from this one with `joinedup rebuild`"
    )]
    OtherEvent(Position),
    /// The log was set up to forget events, and forgot the one at the checkpoint.
    #[error(
        "the log has forgotten the event at position {0}, up to which was counted, so it cannot be seen whether it is the log that the view was built from. Set the stream up to keep its events (`joinedup stream apply` names the setting), and restore the log from its archive, or rebuild the views from what it still has with `joinedup rebuild`: what it forgot is then in no chart"
    )]
    Forgotten(Position),
    /// The log could not be asked.
    #[error(transparent)]
    Log(#[from] ReadError),
}

/// Checks that the log is the one that a checkpoint was written over.
pub(crate) async fn check(log: &dyn EventLog, checkpoint: &Checkpoint) -> Result<(), FenceError> {
    let Some(identity) = &checkpoint.log else {
        return Ok(());
    };
    if log.identity().await? != *identity {
        return Err(FenceError::OtherLog);
    }
    let at = checkpoint.position;
    if at == Position::ORIGIN {
        return Ok(());
    }
    let head = log.head().await?;
    if head < at {
        return Err(FenceError::Shorter {
            head,
            checkpoint: at,
        });
    }
    let found = log.read(Position(at.0 - 1), 1).await?;
    match found.first() {
        Some(event) if event.position != at => Err(FenceError::Forgotten(at)),
        None => Err(FenceError::Forgotten(at)),
        Some(event) if digest(event) != checkpoint.event_digest => Err(FenceError::OtherEvent(at)),
        Some(_) => Ok(()),
    }
}
