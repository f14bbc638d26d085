//! The copies of a stream in a cluster. Any of them may answer a read: one may be late, and one may have lost on its disk what
//! the others still have. Only what no copy has is lost.

use std::sync::atomic::Ordering;

use async_nats::StatusCode;
use bytes::Bytes;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::connection::ApiError;
use super::subscription::{FORGOTTEN_AFTER, HEARTBEAT};
use super::{Shared, reply};
use crate::{Position, ReadError, RecordedEvent};

/// How often any copy is asked for an event that the leader lacks. The server chooses which: of three copies two would have to
/// be passed over each time.
const ASKED: usize = 8;

/// How many consumers are made to find the copy that lacks an event: each lies beside a copy that the server chooses.
const PROBES: usize = 20;

/// The server's answer to the question for a consumer.
#[derive(Deserialize)]
struct Made {
    #[serde(default)]
    cluster: Beside,
}

/// Where a consumer lies.
#[derive(Default, Deserialize)]
struct Beside {
    leader: Option<String>,
}

impl Shared {
    /// The event that comes next in the stream, which goes on to `head`, from whichever copy has it: the leader's first, as
    /// another may only be late. None where the stream may leave positions out and leaves out the rest.
    pub(super) async fn next_event(
        &self,
        last: Position,
        head: u64,
    ) -> Result<Option<RecordedEvent>, ReadError> {
        let stored = self.next_on_subject(last, ">").await?;
        let of_leader = stored.map(|stored| stored.event);
        let lost = match &of_leader {
            Some(event) => self.follows(last, event.position),
            None => self.ends(last, head),
        };
        let Err(lost) = lost else {
            return Ok(of_leader);
        };
        for _ in 0..ASKED {
            let mut found = Vec::new();
            self.page(last.0.saturating_add(1), 1, &mut found).await?;
            if let Some(event) = found.pop()
                && self.follows(last, event.position).is_ok()
            {
                self.lacks(event.position);
                return Ok(Some(event));
            }
        }
        Err(lost)
    }

    /// Notes that a copy lacks an event that another has.
    pub(super) fn lacks(&self, position: Position) {
        self.lacking.store(position.0, Ordering::Relaxed);
    }

    /// Why a reader has to look for an event elsewhere.
    pub(super) fn elsewhere(&self, position: Position) -> ReadError {
        self.lacks(position);
        ReadError::Away(format!(
            "a copy of stream {} lacks the event at position {position}, which another has",
            self.stream
        ))
    }

    /// Whether every copy has what one was found to lack.
    pub(super) async fn copies_are_whole(&self) -> Result<(), ReadError> {
        let position = self.lacking.load(Ordering::Relaxed);
        if position == 0 {
            return Ok(());
        }
        let whose = match self.copy_without(position).await {
            Ok(None) => {
                self.lacking.store(0, Ordering::Relaxed);
                return Ok(());
            }
            Ok(Some(server)) => format!("the copy on server {server}"),
            Err(ApiError::NotPermitted { .. }) => "one of the copies".to_owned(),
            Err(error) => return Err(self.away(&error)),
        };
        Err(ReadError::Broken(format!(
            "{whose} of stream {stream} lacks the event at position {position}, which another copy has: nothing is lost. Look \
             at that server's disk, and let it copy the stream anew: stop it, move its store away and start it, while the others \
             run",
            stream = self.stream
        )))
    }

    /// The server whose copy lacks an event.
    async fn copy_without(&self, position: u64) -> Result<Option<String>, ApiError> {
        for _ in 0..PROBES {
            let (server, first) = self.probe(position).await?;
            if first > position && server.is_some() {
                return Ok(server);
            }
        }
        Ok(None)
    }

    /// Makes a consumer, which reads the copy that it lies beside: on which server that is, and the first position in it from
    /// one on.
    async fn probe(&self, position: u64) -> Result<(Option<String>, u64), ApiError> {
        let client = &self.connection.client;
        let inbox = client.new_inbox();
        let consumer = format!("joinedup-{}", uuid::Uuid::new_v4().simple());
        let subject = format!("$JS.API.CONSUMER.CREATE.{}.{consumer}", self.stream);
        let silent = || ApiError::Silent {
            subject: subject.clone(),
            timeout: self.connection.timeout,
        };
        let mut messages = timeout(self.connection.timeout, client.subscribe(inbox.clone()))
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or_else(silent)?;
        let question = json!({
            "stream_name": self.stream,
            "action": "create",
            "config": {
                "name": consumer,
                "deliver_subject": inbox,
                "deliver_policy": "by_start_sequence",
                "opt_start_seq": position,
                "ack_policy": "none",
                "max_deliver": 1,
                "replay_policy": "instant",
                "headers_only": true,
                "flow_control": true,
                "idle_heartbeat": HEARTBEAT.as_nanos() as u64,
                "inactive_threshold": FORGOTTEN_AFTER.as_nanos() as u64,
                "num_replicas": 1,
                "mem_storage": true,
            },
        });
        let made: Made = self.connection.api(&subject, Some(question)).await?;
        let first = timeout(self.connection.timeout, async {
            while let Some(message) = messages.next().await {
                if message.status == Some(StatusCode::IDLE_HEARTBEAT) {
                    // There is nothing from there on.
                    return Some(u64::MAX);
                }
                let reply = message.reply.as_deref();
                if let Some(delivered) = reply.and_then(reply::delivered) {
                    return Some(delivered.stream_sequence);
                }
            }
            None
        });
        let first = first.await.ok().flatten().ok_or_else(silent);
        self.forget_consumer(&consumer);
        Ok((made.cluster.leader, first?))
    }

    /// Good manners only: the server forgets a consumer by itself.
    pub(super) fn forget_consumer(&self, consumer: &str) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let client = self.connection.client.clone();
            let subject = format!("$JS.API.CONSUMER.DELETE.{}.{consumer}", self.stream);
            runtime.spawn(async move { client.publish(subject, Bytes::new()).await });
        }
    }
}
