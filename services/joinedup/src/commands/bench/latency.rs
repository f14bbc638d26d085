//! From publishing to being seen, at a thousand events a second: in the views, beside a bare consumer of the log.

use super::Ground;
use super::table::{Bound, Table};
use crate::cli::Failure;
use joinedup_log::Position;
use joinedup_projector::Projector;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Events a second.
const RATE: u32 = 1_000;
/// How long to wait for the last of them.
const LAST: Duration = Duration::from_secs(10);

/// When each position was first seen by one who looks.
type Seen = Arc<Mutex<BTreeMap<u64, Instant>>>;

pub(super) async fn latency(
    ground: &Ground,
    projector: &Projector,
    table: &mut Table,
) -> Result<(), Failure> {
    let events = (RATE * ground.bench.seconds) as usize;
    // Another seed: events that the log does not know.
    let load: Vec<_> = ground
        .load(ground.bench.seconds.into(), events * 2)?
        .take(events)
        .map(|mut event| {
            event.source = format!("/bench/{}", std::process::id());
            event
        })
        .collect();
    let head = ground.log.head().await.map_err(Failure::new)?;
    let (consumed, visible) = (Seen::default(), Seen::default());
    let consumer = tokio::spawn(consume(
        ground.log.subscribe(head).await.map_err(Failure::new)?,
        consumed.clone(),
    ));
    let watcher = tokio::spawn(watch(projector.views(), head, visible.clone()));
    let mut rhythm = interval(Duration::from_secs(1) / RATE);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sending = tokio::task::JoinSet::new();
    for event in load {
        rhythm.tick().await;
        let publisher = ground.publisher();
        let sent = Instant::now();
        sending.spawn(async move {
            publisher
                .publish(&[event], None)
                .await
                .map(|done| (sent, done))
        });
    }
    let mut sent: Vec<(Instant, u64)> = Vec::with_capacity(events);
    while let Some(done) = sending.join_next().await {
        let (at, appended) = done.map_err(Failure::new)?.map_err(Failure::new)?;
        sent.extend(
            appended
                .iter()
                .filter(|a| !a.duplicate)
                .map(|a| (at, a.position.0)),
        );
    }
    let last = sent
        .iter()
        .map(|(_, position)| *position)
        .max()
        .unwrap_or(0);
    let deadline = Instant::now() + LAST;
    let done = |seen: &Seen| {
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(&last)
    };
    while !(done(&consumed) && done(&visible)) && Instant::now() < deadline {
        sleep(Duration::from_millis(5)).await;
    }
    consumer.abort();
    watcher.abort();
    let (bare, seen) = (delays(&sent, &consumed), delays(&sent, &visible));
    for (name, share, bound) in [("p50", 0.5, 1.5), ("p99", 0.99, 2.0)] {
        let beside = format!("publish to bare consumer, {name}");
        table.alone(&beside, at(&bare, share), "ms");
        let visible = format!("publish to visible in a view, {name}");
        table.add(&visible, at(&seen, share), "ms", &beside);
        table.target("S4", &visible, Bound::AtMost(bound));
    }
    if bare.len() != sent.len() || seen.len() != sent.len() {
        table.alone(
            "  events not seen within ten seconds",
            (2 * sent.len() - bare.len() - seen.len()) as f64,
            "events",
        );
    }
    Ok(())
}

async fn consume(mut subscription: Box<dyn joinedup_log::Subscription>, seen: Seen) {
    while let Ok(batch) = subscription.next().await {
        let now = Instant::now();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(batch.events.iter().map(|event| (event.position.0, now)));
    }
}

async fn watch(views: joinedup_projector::Views, head: Position, seen: Seen) {
    let mut moved = views.moved();
    let mut last = head.0;
    while moved.changed().await.is_ok() {
        let position = views.status().position;
        let now = Instant::now();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend((last + 1..=position).map(|position| (position, now)));
        last = last.max(position);
    }
}

/// Milliseconds from publishing to being seen, ascending.
fn delays(sent: &[(Instant, u64)], seen: &Seen) -> Vec<f64> {
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let mut delays: Vec<f64> = sent
        .iter()
        .filter_map(|(at, position)| {
            Some(
                seen.get(position)?
                    .saturating_duration_since(*at)
                    .as_secs_f64()
                    * 1000.0,
            )
        })
        .collect();
    delays.sort_by(f64::total_cmp);
    delays
}

fn at(sorted: &[f64], share: f64) -> f64 {
    let index = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(index.saturating_sub(1))
        .copied()
        .unwrap_or(f64::NAN)
}
