//! Subscriptions: an ordered push consumer of our own, without acknowledgements.
//!
//! The reader's checkpoint is the only truth about what was read, so the consumer is made anew for each subscription
//! and forgotten after it. Whatever is odd (a lost message, a lost connection, a consumer that is gone) ends the
//! subscription as away; the reader opens it again at its checkpoint. A stream that is not the one it was ends it as
//! broken.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_nats::{Message, StatusCode, Subject, Subscriber};
use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::connection::{ApiError, Losses};
use super::structure::event_of;
use super::{PUT_RIGHT, Shared, reply};
use crate::{Batch, Position, ReadError, RecordedEvent, Subscription};

/// The most events in one batch.
const BATCH_EVENTS: usize = 4096;

/// How often the server shows that an idle consumer is alive.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(2);

/// After so many heartbeats that did not come the consumer is taken to be gone.
const MISSED_HEARTBEATS: u32 = 4;

/// The server forgets a consumer that nobody listens to after this.
pub(super) const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);

/// What the watchdog sees of a subscription.
#[derive(Debug, Default)]
struct Progress {
    /// The last position handed over.
    position: AtomicU64,
    /// Messages of any kind that came, heartbeats too.
    arrivals: AtomicU64,
    /// How often the reader asked.
    polls: AtomicU64,
    /// The reader asked and there was nothing.
    waiting: AtomicBool,
}

pub(super) struct PushSubscription {
    shared: Arc<Shared>,
    consumer: String,
    messages: Subscriber,
    losses: Losses,
    verdict: oneshot::Receiver<ReadError>,
    watchdog: AbortHandle,
    progress: Arc<Progress>,
    /// How many messages this consumer gave us.
    received: u64,
    last: Position,
    head: Position,
    gathered: Vec<RecordedEvent>,
    ended: Option<End>,
}

#[derive(Clone, Debug)]
enum End {
    Away(String),
    Broken(String),
    /// The copy that the consumer lies beside has nothing between what was read and this position.
    Gap(Position),
}

impl From<ReadError> for End {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Away(why) => End::Away(why),
            ReadError::Broken(why) => End::Broken(why),
        }
    }
}

#[derive(Deserialize)]
struct ConsumerInfo {
    num_pending: u64,
}

impl PushSubscription {
    pub(super) async fn open(shared: Arc<Shared>, after: Position) -> Result<Self, ReadError> {
        let losses = shared.connection.losses();
        let info = shared.info().await?;
        let head = Position(info.state.last_seq);
        if head < after {
            return Err(shared.broken(format!(
                "the reader stands at position {after}, but stream {} ends at {head}: it was shortened or restored \
                 from an older copy; restore it whole or rebuild the reader's views",
                shared.stream
            )));
        }
        if shared.starts(after, &info.state).is_err() {
            // The leader's copy has lost its beginning; another may have it.
            shared.next_event(after, info.state.last_seq).await?;
        }
        let start = after
            .0
            .checked_add(1)
            .ok_or_else(|| ReadError::Broken("no position is above the last".to_owned()))?;
        let client = &shared.connection.client;
        let inbox = client.new_inbox();
        let messages =
            tokio::time::timeout(shared.connection.timeout, client.subscribe(inbox.clone()))
                .await
                .map_err(|_| ReadError::Away("the connection is down".to_owned()))?
                .map_err(|error| ReadError::Away(error.to_string()))?;
        let consumer = format!("joinedup-{}", uuid::Uuid::new_v4().simple());
        let question = json!({
            "stream_name": shared.stream,
            "action": "create",
            "config": {
                "name": consumer,
                "deliver_subject": inbox,
                "deliver_policy": "by_start_sequence",
                "opt_start_seq": start,
                "ack_policy": "none",
                "max_deliver": 1,
                "replay_policy": "instant",
                "flow_control": true,
                "idle_heartbeat": HEARTBEAT.as_nanos() as u64,
                "inactive_threshold": FORGOTTEN_AFTER.as_nanos() as u64,
                "num_replicas": 1,
                "mem_storage": true,
            },
        });
        let subject = format!("$JS.API.CONSUMER.CREATE.{}.{consumer}", shared.stream);
        let _made: ConsumerInfo = shared
            .connection
            .api(&subject, Some(question))
            .await
            .map_err(|error| shared.away(&error))?;
        let progress = Arc::new(Progress::default());
        progress.position.store(after.0, Ordering::Relaxed);
        let (say, verdict) = oneshot::channel();
        let watchdog = Watchdog {
            shared: shared.clone(),
            consumer: consumer.clone(),
            progress: progress.clone(),
        };
        let watchdog = tokio::spawn(async move {
            // The reader may be gone by now.
            say.send(watchdog.watch().await).ok();
        })
        .abort_handle();
        Ok(Self {
            shared,
            consumer,
            messages,
            losses,
            verdict,
            watchdog,
            progress,
            received: 0,
            last: after,
            head,
            gathered: Vec::new(),
            ended: None,
        })
    }

    /// Takes what is there, up to a batch. Ready when there is something to hand over or the end was seen.
    fn gather(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut last_reply = None;
        self.progress.polls.fetch_add(1, Ordering::Relaxed);
        let mut arrived = 0;
        while self.ended.is_none() && self.gathered.len() < BATCH_EVENTS {
            match Pin::new(&mut self.messages).poll_next(cx) {
                Poll::Pending => break,
                Poll::Ready(None) => {
                    self.ended = Some(End::Away("the server ended the subscription".to_owned()))
                }
                Poll::Ready(Some(message)) => {
                    arrived += 1;
                    match message.status {
                        None => last_reply = self.take(message).or(last_reply),
                        Some(StatusCode::IDLE_HEARTBEAT) => self.heartbeat(&message),
                        Some(status) => {
                            self.ended = Some(End::Away(format!(
                                "the consumer ended with status {status}"
                            )));
                        }
                    }
                }
            }
        }
        self.progress.arrivals.fetch_add(arrived, Ordering::Relaxed);
        if let Some(reply) = last_reply {
            let pending = reply::pending(&reply).unwrap_or_default();
            self.head = self.head.max(Position(self.last.0.saturating_add(pending)));
            self.progress.position.store(self.last.0, Ordering::Relaxed);
        }
        let nothing = self.gathered.is_empty() && self.ended.is_none();
        self.progress.waiting.store(nothing, Ordering::Relaxed);
        if nothing {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// Keeps one event; returns the reply subject, which holds how many follow it.
    fn take(&mut self, message: Message) -> Option<Subject> {
        let reply = message.reply?;
        let delivered = reply::delivered(&reply);
        let Some(delivered) =
            delivered.filter(|delivered| delivered.consumer_sequence == self.received + 1)
        else {
            self.ended = Some(End::Away("a message was lost on the way".to_owned()));
            return None;
        };
        let position = Position(delivered.stream_sequence);
        if position <= self.last {
            self.ended = Some(End::Away(format!(
                "position {position} was delivered after {}",
                self.last
            )));
            return None;
        }
        if self.shared.follows(self.last, position).is_err() {
            self.ended = Some(End::Gap(position));
            return None;
        }
        self.received += 1;
        self.last = position;
        self.gathered.push(RecordedEvent {
            position,
            subject: message.subject.as_str().to_owned(),
            payload: event_of(
                self.shared.structure,
                message.headers.as_ref(),
                message.payload,
                reply::stored(&reply),
            ),
        });
        Some(reply)
    }

    /// Why it ended. A gap is a loss only if no copy of the stream has what is missing.
    async fn reason(&self, end: &End) -> ReadError {
        match end {
            End::Away(why) => ReadError::Away(why.clone()),
            End::Broken(why) => ReadError::Broken(why.clone()),
            End::Gap(found) => match self.shared.next_event(self.last, found.0 - 1).await {
                Ok(event) => {
                    let position = event.map_or(*found, |event| event.position);
                    self.shared.elsewhere(position)
                }
                Err(error) => error,
            },
        }
    }

    /// A sign of life, which may ask for one of ours (flow control) and holds how many messages we should have.
    fn heartbeat(&mut self, message: &Message) {
        let header = |name: &str| {
            message
                .headers
                .as_ref()
                .and_then(|headers| headers.get(name))
        };
        let stalled =
            || header("Nats-Consumer-Stalled").map(|subject| Subject::from(subject.as_str()));
        if let Some(subject) = message.reply.clone().or_else(stalled) {
            let client = self.shared.connection.client.clone();
            tokio::spawn(async move {
                // If it is lost, the server asks again in its next heartbeat.
                client.publish(subject, Bytes::new()).await.ok();
            });
        }
        let delivered = header("Nats-Last-Consumer")
            .and_then(|delivered| delivered.as_str().parse::<u64>().ok());
        if message.reply.is_none() && delivered.is_some_and(|delivered| delivered != self.received)
        {
            self.ended = Some(End::Away("a message was lost on the way".to_owned()));
        }
    }
}

#[async_trait]
impl Subscription for PushSubscription {
    async fn next(&mut self) -> Result<Batch, ReadError> {
        loop {
            if !self.gathered.is_empty() {
                if self.gathered.len() >= BATCH_EVENTS {
                    // With a long backlog there is never a reason to wait, and others want the thread too.
                    tokio::task::yield_now().await;
                }
                self.shared.saw(self.last);
                self.head = self.head.max(self.last);
                return Ok(Batch {
                    events: std::mem::take(&mut self.gathered),
                    head: self.head,
                });
            }
            if let Some(end) = &self.ended {
                return Err(self.reason(end).await);
            }
            let end = std::future::poll_fn(|cx| {
                // What came before the connection was lost is still good. Without the budget of the task, as that
                // would cut every batch to a hundred or so.
                let gathered =
                    tokio::task::unconstrained(std::future::poll_fn(|cx| self.gather(cx)));
                if Pin::new(&mut std::pin::pin!(gathered)).poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                if let Poll::Ready(verdict) = Pin::new(&mut self.verdict).poll(cx) {
                    let gone =
                        |_| ReadError::Away("the subscription is no longer watched".to_owned());
                    return Poll::Ready(Some(verdict.unwrap_or_else(gone).into()));
                }
                let changed = std::pin::pin!(self.losses.changed());
                ready!(changed.poll(cx)).ok();
                Poll::Ready(Some(End::Away("the connection was lost".to_owned())))
            })
            .await;
            if end.is_some() {
                self.ended = end;
            }
        }
    }
}

impl Drop for PushSubscription {
    fn drop(&mut self) {
        self.watchdog.abort();
        self.shared.forget_consumer(&self.consumer);
    }
}

/// Looks after a subscription that receives nothing: is there really nothing, and is it still the same stream?
///
/// It runs on its own, as a reader may drop and repeat `next` at any time.
struct Watchdog {
    shared: Arc<Shared>,
    consumer: String,
    progress: Arc<Progress>,
}

impl Watchdog {
    /// Returns when the subscription is to end, with the reason.
    async fn watch(self) -> ReadError {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut seen = (load(&self.progress.position), load(&self.progress.arrivals));
        let mut last_sign = Instant::now();
        // Since when the stream is ahead although nothing comes, and how often the reader had asked by then.
        let mut behind: Option<(Instant, u64)> = None;
        loop {
            tokio::time::sleep(self.shared.idle_check).await;
            let now = (load(&self.progress.position), load(&self.progress.arrivals));
            let polls = load(&self.progress.polls);
            let waiting = self.progress.waiting.load(Ordering::Relaxed);
            if now.1 != seen.1 || !waiting {
                last_sign = Instant::now();
            }
            let moved = now.0 != seen.0;
            seen = now;
            if moved || !waiting {
                behind = None;
                continue;
            }
            if last_sign.elapsed() > HEARTBEAT * MISSED_HEARTBEATS {
                return ReadError::Away("the consumer shows no sign of life".to_owned());
            }
            let last = match self.shared.info().await {
                Ok(info) => info.state.last_seq,
                Err(error) => return error,
            };
            if last < now.0 {
                let position = now.0;
                return self.shared.broken(format!(
                    "position {position} was read, but stream {} ends at {last}: it was shortened or restored from an \
                     older copy; {PUT_RIGHT}",
                    self.shared.stream
                ));
            }
            if last == now.0 {
                behind = None;
                continue;
            }
            let (since, polls_then) = *behind.get_or_insert((Instant::now(), polls));
            if since.elapsed() >= self.shared.stall_after && polls > polls_then {
                match self.pending().await {
                    // What is ahead is not there to be delivered: the stream's end was removed or is lost.
                    Ok(0) => match self.shared.next_event(Position(now.0), last).await {
                        Ok(None) => behind = None,
                        Ok(Some(event)) => return self.shared.elsewhere(event.position),
                        Err(error) => return error,
                    },
                    Ok(pending) => {
                        return ReadError::Away(format!(
                            "{pending} events wait in the stream and none was delivered"
                        ));
                    }
                    Err(error) => return ReadError::Away(format!("the consumer is gone: {error}")),
                }
            }
        }
    }

    async fn pending(&self) -> Result<u64, ApiError> {
        let subject = format!(
            "$JS.API.CONSUMER.INFO.{}.{}",
            self.shared.stream, self.consumer
        );
        let info: ConsumerInfo = self.shared.connection.api(&subject, None::<Value>).await?;
        Ok(info.num_pending)
    }
}
