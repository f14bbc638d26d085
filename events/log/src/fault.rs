//! A log that breaks on purpose, by a plan that a seed decides, around any other log.
//!
//! It breaks a call before it took effect or after, which to the caller look alike: that is what has to be survived.
//! The same plan breaks the same calls in the same way, as long as the calls come in the same order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::{
    AppendError, Appended, Batch, EventLog, LogIdentity, NewEvent, Position, ReadError,
    RecordedEvent, Subscription, Unwritable,
};

/// What to break, and how often. The default breaks nothing.
///
/// Every rate is in calls of a thousand: 0 is never, 1000 always.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    /// Decides which calls are hit.
    pub seed: u64,
    /// An append fails as unconfirmed and nothing was stored.
    pub append_lost: u16,
    /// An append fails as unconfirmed after all of it was stored.
    pub append_unanswered: u16,
    /// An append of several events fails as unconfirmed after the first ones were stored.
    pub append_partly: u16,
    /// `read`, `head`, `identity`, `last_on_subject`, `stored_after` or `check` fails as away.
    pub read_away: u16,
    /// `subscribe` fails as away.
    pub subscribe_away: u16,
    /// A subscription ends as away before it hands over the next batch.
    pub subscription_ends: u16,
    /// A subscription hands a batch over a second time: a breach of the contract, for readers that are to survive
    /// even that.
    pub delivered_twice: u16,
    /// A subscription waits for [`FaultPlan::delay`] before it hands over the next batch.
    pub delayed: u16,
    /// How long a delayed batch waits.
    pub delay: Duration,
    /// Batches of a subscription are cut so that none has more events than this.
    pub chunk: Option<usize>,
    /// Calls that are hit whatever the rates say: the n-th call (from 0) of its kind.
    pub exactly: Vec<(Fault, u64)>,
}

/// One kind of break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// See [`FaultPlan::append_lost`]; counted over appends.
    AppendLost,
    /// See [`FaultPlan::append_unanswered`]; counted over appends.
    AppendUnanswered,
    /// See [`FaultPlan::append_partly`]; counted over appends.
    AppendPartly,
    /// See [`FaultPlan::read_away`]; counted over the calls of those methods together.
    ReadAway,
    /// See [`FaultPlan::subscribe_away`]; counted over calls of `subscribe`.
    SubscribeAway,
    /// See [`FaultPlan::subscription_ends`]; counted over the batches of all subscriptions together.
    SubscriptionEnds,
    /// See [`FaultPlan::delivered_twice`]; counted as the one before.
    DeliveredTwice,
    /// See [`FaultPlan::delayed`]; counted as the one before.
    Delayed,
}

/// How many calls were made and how many were broken, so that a test can tell that it tested something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// Calls of `append`.
    pub appends: u64,
    /// Calls of the methods that [`FaultPlan::read_away`] names.
    pub reads: u64,
    /// Calls of `subscribe`.
    pub subscribes: u64,
    /// Batches asked of subscriptions.
    pub batches: u64,
    /// Breaks of all kinds.
    pub faults: u64,
}

/// A log that breaks by a [`FaultPlan`]. Clones share the plan and the counts.
#[derive(Debug)]
pub struct FaultLog<L> {
    inner: Arc<L>,
    faults: Arc<Faults>,
}

impl<L> Clone for FaultLog<L> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            faults: self.faults.clone(),
        }
    }
}

#[derive(Debug)]
struct Faults {
    plan: FaultPlan,
    appends: AtomicU64,
    reads: AtomicU64,
    subscribes: AtomicU64,
    batches: AtomicU64,
    hits: AtomicU64,
}

impl Faults {
    /// Whether the `call`-th call of its kind is hit by this fault.
    fn hits(&self, fault: Fault, call: u64) -> bool {
        let per_mille = match fault {
            Fault::AppendLost => self.plan.append_lost,
            Fault::AppendUnanswered => self.plan.append_unanswered,
            Fault::AppendPartly => self.plan.append_partly,
            Fault::ReadAway => self.plan.read_away,
            Fault::SubscribeAway => self.plan.subscribe_away,
            Fault::SubscriptionEnds => self.plan.subscription_ends,
            Fault::DeliveredTwice => self.plan.delivered_twice,
            Fault::Delayed => self.plan.delayed,
        };
        let drawn = mix(self.plan.seed ^ mix(call ^ ((fault as u64 + 1) << 56))) % 1000;
        let hit = drawn < u64::from(per_mille) || self.plan.exactly.contains(&(fault, call));
        if hit {
            self.hits.fetch_add(1, Ordering::Relaxed);
        }
        hit
    }

    fn read(&self) -> Result<(), ReadError> {
        let call = self.reads.fetch_add(1, Ordering::Relaxed);
        if self.hits(Fault::ReadAway, call) {
            Err(away("read", call))
        } else {
            Ok(())
        }
    }
}

/// The finaliser of SplitMix64: neighbouring calls draw unrelated numbers.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn away(what: &str, call: u64) -> ReadError {
    ReadError::Away(format!("{what} {call} was broken by the fault plan"))
}

fn unconfirmed(call: u64) -> AppendError {
    AppendError::Unconfirmed(format!("append {call} was broken by the fault plan"))
}

impl<L: EventLog> FaultLog<L> {
    /// Puts the plan around a log.
    pub fn new(inner: Arc<L>, plan: FaultPlan) -> Self {
        let faults = Faults {
            plan,
            appends: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            subscribes: AtomicU64::new(0),
            batches: AtomicU64::new(0),
            hits: AtomicU64::new(0),
        };
        Self {
            inner,
            faults: Arc::new(faults),
        }
    }

    /// The log underneath, which does not break.
    pub fn inner(&self) -> &Arc<L> {
        &self.inner
    }

    /// What was called and broken so far.
    pub fn counts(&self) -> FaultCounts {
        FaultCounts {
            appends: self.faults.appends.load(Ordering::Relaxed),
            reads: self.faults.reads.load(Ordering::Relaxed),
            subscribes: self.faults.subscribes.load(Ordering::Relaxed),
            batches: self.faults.batches.load(Ordering::Relaxed),
            faults: self.faults.hits.load(Ordering::Relaxed),
        }
    }
}

#[async_trait]
impl<L: EventLog> EventLog for FaultLog<L> {
    async fn append(&self, mut events: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError> {
        let call = self.faults.appends.fetch_add(1, Ordering::Relaxed);
        if self.faults.hits(Fault::AppendLost, call) {
            return Err(unconfirmed(call));
        }
        if events.len() > 1 && self.faults.hits(Fault::AppendPartly, call) {
            let first = 1 + mix(self.faults.plan.seed ^ call) as usize % (events.len() - 1);
            events.truncate(first);
            self.inner.append(events).await?;
            return Err(unconfirmed(call));
        }
        let answers = self.inner.append(events).await?;
        if self.faults.hits(Fault::AppendUnanswered, call) {
            return Err(unconfirmed(call));
        }
        Ok(answers)
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        self.faults.read()?;
        self.inner.read(after, limit).await
    }

    async fn subscribe(&self, after: Position) -> Result<Box<dyn Subscription>, ReadError> {
        let call = self.faults.subscribes.fetch_add(1, Ordering::Relaxed);
        if self.faults.hits(Fault::SubscribeAway, call) {
            return Err(away("subscribe", call));
        }
        let inner = self.inner.subscribe(after).await?;
        Ok(Box::new(FaultSubscription {
            inner,
            faults: self.faults.clone(),
            held: None,
            repeat: None,
        }))
    }

    async fn head(&self) -> Result<Position, ReadError> {
        self.faults.read()?;
        self.inner.head().await
    }

    async fn identity(&self) -> Result<LogIdentity, ReadError> {
        self.faults.read()?;
        self.inner.identity().await
    }

    async fn last_on_subject(&self, subject: &str) -> Result<Option<RecordedEvent>, ReadError> {
        self.faults.read()?;
        self.inner.last_on_subject(subject).await
    }

    async fn stored_after(&self, after: Position) -> Result<Option<SystemTime>, ReadError> {
        self.faults.read()?;
        self.inner.stored_after(after).await
    }

    async fn writable(&self) -> Result<(), Unwritable> {
        self.inner.writable().await
    }

    async fn check(&self, after: Position, limit: usize) -> Result<Option<Position>, ReadError> {
        self.faults.read()?;
        self.inner.check(after, limit).await
    }
}

struct FaultSubscription {
    inner: Box<dyn Subscription>,
    faults: Arc<Faults>,
    /// What the log handed over and the chunk size held over. Kept here rather than in the future, so that a
    /// dropped `next` loses nothing that the log itself would not lose.
    held: Option<Batch>,
    repeat: Option<Batch>,
}

#[async_trait]
impl Subscription for FaultSubscription {
    async fn next(&mut self) -> Result<Batch, ReadError> {
        if let Some(repeat) = self.repeat.take() {
            return Ok(repeat);
        }
        let call = self.faults.batches.fetch_add(1, Ordering::Relaxed);
        if self.faults.hits(Fault::Delayed, call) {
            tokio::time::sleep(self.faults.plan.delay).await;
        }
        if self.faults.hits(Fault::SubscriptionEnds, call) {
            return Err(away("batch", call));
        }
        let mut batch = match self.held.take() {
            Some(held) => held,
            None => self.inner.next().await?,
        };
        if let Some(chunk) = self.faults.plan.chunk.map(|chunk| chunk.max(1))
            && batch.events.len() > chunk
        {
            let rest = batch.events.split_off(chunk);
            self.held = Some(Batch {
                events: rest,
                head: batch.head,
            });
        }
        if self.faults.hits(Fault::DeliveredTwice, call) {
            self.repeat = Some(batch.clone());
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryLog;
    use bytes::Bytes;

    fn events(count: usize) -> Vec<NewEvent> {
        (0..count)
            .map(|n| NewEvent {
                subject: "joinedup.test.e.0".to_owned(),
                message_id: format!("{n}"),
                payload: Bytes::from_static(b"{}"),
                condition: None,
            })
            .collect()
    }

    fn around(plan: FaultPlan) -> FaultLog<MemoryLog> {
        FaultLog::new(Arc::new(MemoryLog::new()), plan)
    }

    #[tokio::test]
    async fn an_append_breaks_before_partway_or_after_it_took_effect() {
        let exactly = vec![
            (Fault::AppendLost, 0),
            (Fault::AppendPartly, 1),
            (Fault::AppendUnanswered, 2),
        ];
        let log = around(FaultPlan {
            exactly,
            ..FaultPlan::default()
        });
        let mut stored = Vec::new();
        for _ in 0..3 {
            assert!(matches!(
                log.append(events(10)).await,
                Err(AppendError::Unconfirmed(_))
            ));
            stored.push(log.inner().head().await.unwrap().0);
        }
        assert_eq!(stored[0], 0);
        assert!(
            (1..10).contains(&stored[1]),
            "{} of 10 were stored",
            stored[1]
        );
        assert_eq!(stored[2], 10);
        assert!(
            log.append(events(10))
                .await
                .unwrap()
                .iter()
                .all(|answer| answer.duplicate)
        );
        assert_eq!(
            log.counts(),
            FaultCounts {
                appends: 4,
                faults: 3,
                ..FaultCounts::default()
            }
        );
    }

    #[tokio::test]
    async fn a_reader_that_reopens_sees_everything_in_small_chunks_whatever_breaks() {
        let plan = FaultPlan {
            seed: 7,
            read_away: 300,
            subscribe_away: 300,
            subscription_ends: 300,
            delivered_twice: 300,
            chunk: Some(3),
            ..FaultPlan::default()
        };
        let log = around(plan);
        log.inner().append(events(100)).await.unwrap();
        let mut seen: Vec<u64> = Vec::new();
        let mut repeats = 0;
        while seen.len() < 100 {
            let after = Position(seen.last().copied().unwrap_or_default());
            let Ok(mut subscription) = log.subscribe(after).await else {
                continue;
            };
            while seen.len() < 100 {
                let Ok(batch) = subscription.next().await else {
                    break;
                };
                assert!(batch.events.len() <= 3);
                for event in batch.events {
                    if seen.last().is_some_and(|last| event.position.0 <= *last) {
                        repeats += 1;
                    } else {
                        seen.push(event.position.0);
                    }
                }
            }
        }
        assert_eq!(seen, (1..=100).collect::<Vec<_>>());
        let counts = log.counts();
        assert!(
            repeats > 0 && counts.faults > 20,
            "hardly anything broke: {counts:?}"
        );
    }

    #[tokio::test]
    async fn the_same_plan_breaks_the_same_calls() {
        let broken = |seed| async move {
            let log = around(FaultPlan {
                seed,
                read_away: 200,
                ..FaultPlan::default()
            });
            let mut broken = Vec::new();
            for call in 0..200 {
                if log.head().await.is_err() {
                    broken.push(call);
                }
            }
            broken
        };
        let first = broken(1).await;
        assert!(
            (10..80).contains(&first.len()),
            "{} of 200 calls broke at a rate of a fifth",
            first.len()
        );
        assert_eq!(broken(1).await, first);
        assert_ne!(broken(2).await, first);
    }
}
