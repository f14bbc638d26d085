//! The fence: a view moves only over the log it was built from.

use crate::checkpoint::Checkpoint;
use crate::decode::digest;
use joinedup_events::facts::Retracted;
use joinedup_events::recorded;
use joinedup_log::{EventLog, LogIdentity, Position, ReadError, RecordedEvent};

/// How many events are read at a time to look for a tombstone.
const BATCH: usize = 1_000;

/// Why a view may not go on over this log.
#[derive(Debug, thiserror::Error)]
pub enum FenceError {
    /// The log was made anew.
    #[error(
        "the log is another one than the view was built from: it was deleted and made again, or this is another server. Restore the log, or rebuild the views from this one with `joinedup rebuild`"
    )]
    OtherLog,
    /// The log is another one, and says itself that it was written anew from the one that the view was built from.
    #[error(
        "the log is another one than the view was built from and goes on from it: it was written anew by an erasure. The views are being built again from this one, and events are taken when they are there"
    )]
    Successor,
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

/// A log in which nothing up to a position says that it goes on from that of a checkpoint.
pub(crate) type NoSuccessor = Option<(LogIdentity, Position)>;

/// Checks that the log is the one that a checkpoint was written over.
///
/// Another log is accepted in one case alone: an erasure wrote it anew. It has the checkpoint's event at its position, or says
/// that it was erased there, and up to there at least one tombstone that names the log of the checkpoint. A copy has none: who
/// restored it says so with a rebuild.
pub(crate) async fn check(log: &dyn EventLog, checkpoint: &Checkpoint) -> Result<(), FenceError> {
    check_again(log, checkpoint, &mut None).await
}

/// The same, by one who looks over and over: no log is read twice for tombstones.
pub(crate) async fn check_again(
    log: &dyn EventLog,
    checkpoint: &Checkpoint,
    none_in: &mut NoSuccessor,
) -> Result<(), FenceError> {
    let Some(identity) = &checkpoint.log else {
        return Ok(());
    };
    let found = log.identity().await?;
    let is_other = found != *identity;
    let at = checkpoint.position;
    if at == Position::ORIGIN {
        return if is_other {
            Err(FenceError::OtherLog)
        } else {
            Ok(())
        };
    }
    let head = log.head().await?;
    if head < at && !is_other {
        return Err(FenceError::Shorter {
            head,
            checkpoint: at,
        });
    }
    let events = log.read(Position(at.0 - 1), 1).await?;
    let Some(event) = events.first().filter(|event| event.position == at) else {
        return Err(if is_other {
            FenceError::OtherLog
        } else {
            FenceError::Forgotten(at)
        });
    };
    match (digest(event) == checkpoint.event_digest, is_other) {
        (true, false) => Ok(()),
        (true, true) => {
            let looked_at = Some((found, at));
            if *none_in != looked_at && has_tombstone(log, at, identity).await? {
                return Err(FenceError::Successor);
            }
            *none_in = looked_at;
            Err(FenceError::OtherLog)
        }
        (false, true) if is_tombstone_of(event, &checkpoint.event_digest) => {
            Err(FenceError::Successor)
        }
        (false, true) => Err(FenceError::OtherLog),
        (false, false) => Err(FenceError::OtherEvent(at)),
    }
}

/// Whether an event up to a position says that one of a log was erased where it stands.
async fn has_tombstone(
    log: &dyn EventLog,
    until: Position,
    of: &LogIdentity,
) -> Result<bool, ReadError> {
    let mut after = Position::ORIGIN;
    loop {
        let events = log.read(after, BATCH).await?;
        let within = events.iter().filter(|event| event.position <= until);
        let names = |event| retraction(event).is_some_and(|r| r.is_tombstone_of(&of.0));
        if within.clone().any(names) {
            return Ok(true);
        }
        match events.last() {
            Some(last) if last.position < until => after = last.position,
            _ => return Ok(false),
        }
    }
}

/// Whether an event says that one with a digest was erased where it stands.
fn is_tombstone_of(event: &RecordedEvent, erased: &[u8; 32]) -> bool {
    retraction(event).and_then(|r| r.erased()).as_ref() == Some(erased)
}

fn retraction(event: &RecordedEvent) -> Option<Retracted> {
    let read = recorded::read(&event.payload).ok()?;
    read.fact.retraction().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_log::NewEvent;
    use joinedup_log::memory::MemoryLog;

    fn event(id: &str, retracts: Option<&str>) -> NewEvent {
        let (fact, more) = match retracts {
            None => ("admitted", r#""method":"emergency""#.to_owned()),
            Some(what) => ("retracted", format!(r#""retracts":{what}"#)),
        };
        let payload = format!(
            r#"{{"specversion":"1.0","type":"care.joinedup.transfer.{fact}.v1","source":"/pas","id":"{id}","time":"2026-01-01T00:00:00Z","recordedtime":"2026-01-01T01:00:00Z","data":{{"transfer":"t-{id}","area":"hv-north-1",{more}}}}}"#
        );
        NewEvent {
            subject: "joinedup.transfer.hv-north-1.00".to_owned(),
            message_id: id.to_owned(),
            payload: payload.into(),
            condition: None,
        }
    }

    async fn log(events: Vec<NewEvent>) -> MemoryLog {
        let log = MemoryLog::new();
        log.append(events).await.unwrap();
        log
    }

    /// A checkpoint at the end of a log.
    async fn checkpoint(log: &MemoryLog) -> Checkpoint {
        let events = log.read(Position::ORIGIN, 100).await.unwrap();
        let last = events.last().unwrap();
        Checkpoint {
            position: last.position,
            log: Some(log.identity().await.unwrap()),
            event_digest: digest(last),
            ..Checkpoint::origin(1)
        }
    }

    #[tokio::test]
    async fn a_log_that_an_erasure_wrote_anew_is_known_and_no_other_is() {
        let old = log(vec![event("a", None), event("b", None)]).await;
        let of_old = checkpoint(&old).await;
        assert!(check(&old, &of_old).await.is_ok());
        let of = |erased: &[u8; 32]| {
            let hash: String = erased.iter().map(|byte| format!("{byte:02x}")).collect();
            format!(r#""erased-sha256:{hash}""#)
        };
        let tombstone = of(&of_old.event_digest);
        let named = |log: &str| format!(r#"{},"retracts_source":"{log}""#, of(&[7; 32]));
        let of_another = named(&of_old.log.as_ref().unwrap().0);
        let before = named("the log before that one");
        for (events, is_known) in [
            // A copy, and one with another event before.
            (
                vec![event("a", None), event("b", None), event("c", None)],
                false,
            ),
            (vec![event("x", None), event("b", None)], false),
            (
                vec![event("a", None), event("gone", Some(&tombstone))],
                true,
            ),
            (
                vec![event("gone", Some(&of_another)), event("b", None)],
                true,
            ),
            // A copy of one that an erasure wrote anew.
            (vec![event("gone", Some(&before)), event("b", None)], false),
            (
                vec![
                    event("a", None),
                    event("b", None),
                    event("gone", Some(&tombstone)),
                ],
                false,
            ),
            (
                vec![event("a", None), event("gone", Some(&of_another))],
                false,
            ),
            (vec![event("a", None), event("c", None)], false),
            (vec![event("a", None)], false),
        ] {
            let other = log(events).await;
            let refused = check(&other, &of_old).await.unwrap_err();
            let as_known = matches!(refused, FenceError::Successor);
            assert_eq!(as_known, is_known, "{refused}");
            assert!(
                is_known || matches!(refused, FenceError::OtherLog),
                "{refused}"
            );
        }
    }
}
