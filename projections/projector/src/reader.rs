//! Reads the log from a position on and hands over decoded events; reopens after every interruption.

use crate::checkpoint::Checkpoint;
use crate::decode::{Decoded, decode_run};
use crate::fence::{self, FenceError, NoSuccessor};
use joinedup_events::Areas;
use joinedup_log::{EventLog, LogIdentity, Position, ReadError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// How often the head is asked for, so that an idle log is not taken for a dead one.
const HEAD_EVERY: Duration = Duration::from_secs(2);
/// The first and the longest pause before the log is opened again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What the reader sends to the fold.
pub(crate) enum Message {
    /// Events in order, and how far the log goes.
    Events(Run),
    /// The log's head, asked for a moment ago.
    Head(Position),
    /// The log is away; it will be opened again.
    Away(String),
    /// The log is damaged: a person has to look.
    Failed(String),
    /// The log is not the one that the view was built from: a person has to look.
    OtherLog(String),
    /// Nor is this, but it goes on from that one: the view is to be built again from it.
    Successor(String),
}

/// A run of decoded events, as it came from the log.
pub(crate) struct Run {
    /// The events.
    pub events: Decoded,
    /// The log's head.
    pub head: Position,
    /// Which log it is.
    pub log: LogIdentity,
}

/// Reads for ever, from a checkpoint on.
pub(crate) async fn read(
    log: Arc<dyn EventLog>,
    areas: Arc<Areas>,
    mut checkpoint: Checkpoint,
    messages: Sender<Message>,
) {
    let (mut pause, mut none_in) = (BACK_OFF.0, None);
    loop {
        let before = checkpoint.position;
        let ended = follow(&*log, &areas, &mut checkpoint, &messages, &mut none_in).await;
        let message = match ended {
            Ended::NobodyListens => return,
            Ended::Away(what) => Message::Away(what),
            // It is looked at again all the same: a log that is put right, or given back, ends it.
            Ended::Failed(what) => Message::Failed(what),
            Ended::OtherLog(what) => Message::OtherLog(what),
            Ended::Successor(what) => Message::Successor(what),
        };
        if messages.send(message).await.is_err() {
            return;
        }
        pause = if checkpoint.position > before {
            BACK_OFF.0
        } else {
            (pause * 2).min(BACK_OFF.1)
        };
        tokio::time::sleep(pause).await;
    }
}

enum Ended {
    NobodyListens,
    Away(String),
    Failed(String),
    OtherLog(String),
    Successor(String),
}

impl From<ReadError> for Ended {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Away(what) => Self::Away(what),
            ReadError::Broken(what) => Self::Failed(what),
        }
    }
}

impl From<FenceError> for Ended {
    fn from(error: FenceError) -> Self {
        match error {
            FenceError::Log(error) => error.into(),
            // Nothing is folded over what may be another log; but nothing says that it is one.
            FenceError::Forgotten(_) => Self::Failed(error.to_string()),
            FenceError::Successor => Self::Successor(error.to_string()),
            other => Self::OtherLog(other.to_string()),
        }
    }
}

/// The log's head; where the log forgot all that came after a position, there is nothing beyond that to wait for.
async fn head(log: &dyn EventLog, at: Position) -> Result<Position, ReadError> {
    let head = log.head().await?;
    let more = at < head && !log.read(at, 1).await?.is_empty();
    Ok(if more { head } else { head.min(at) })
}

/// Follows the log until it ends in an error.
async fn follow(
    log: &dyn EventLog,
    areas: &Areas,
    checkpoint: &mut Checkpoint,
    messages: &Sender<Message>,
    none_in: &mut NoSuccessor,
) -> Ended {
    let opened = async {
        fence::check_again(log, checkpoint, none_in).await?;
        let identity = log.identity().await?;
        let head = head(log, checkpoint.position).await?;
        let subscription = log.subscribe(checkpoint.position).await?;
        Ok::<_, Ended>((identity, head, subscription))
    };
    let (identity, head, mut subscription) = match opened.await {
        Ok(opened) => opened,
        Err(ended) => return ended,
    };
    if messages.send(Message::Head(head)).await.is_err() {
        return Ended::NobodyListens;
    }
    let read = AtomicU64::new(checkpoint.position.0);
    let heads = async {
        loop {
            tokio::time::sleep(HEAD_EVERY).await;
            let at = Position(read.load(Ordering::Relaxed));
            match self::head(log, at).await {
                Ok(head) if messages.send(Message::Head(head)).await.is_err() => {
                    return Ended::NobodyListens;
                }
                Ok(_) => {}
                Err(error) => return error.into(),
            }
        }
    };
    let events = async {
        loop {
            let batch = match subscription.next().await {
                Ok(batch) => batch,
                Err(error) => return error.into(),
            };
            let Some(events) = decode_run(&batch.events, areas, checkpoint.partitions.len()) else {
                continue;
            };
            let (position, last_digest) = (events.last, events.digest);
            let run = Run {
                events,
                head: batch.head.max(position),
                log: identity.clone(),
            };
            if messages.send(Message::Events(run)).await.is_err() {
                return Ended::NobodyListens;
            }
            checkpoint.position = position;
            read.store(position.0, Ordering::Relaxed);
            checkpoint.event_digest = last_digest;
            checkpoint.log.get_or_insert_with(|| identity.clone());
        }
    };
    tokio::select! {
        // In this order, so that a simulation takes the same way every time.
        biased;
        ended = events => ended,
        ended = heads => ended,
    }
}
