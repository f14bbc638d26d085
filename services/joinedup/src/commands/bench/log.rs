//! The log: publishing one by one and in batches, draining, draining and folding.

use super::Ground;
use super::memory::decoded;
use super::table::{Bound, Table};
use crate::cli::Failure;
use joinedup_events::Event;
use joinedup_log::Position;
use joinedup_projector::{Projector, Settings, folded};
use std::time::{Duration, Instant};

/// Events published one at a time, to see what that costs.
const ONE_BY_ONE: usize = 200;
/// Events in one append.
const BATCH: usize = 5_000;
/// How often each drain is measured; the best counts.
const ROUNDS: usize = 3;

/// Publishes the load.
pub(super) async fn fill(ground: &Ground, table: &mut Table) -> Result<(), Failure> {
    let publisher = ground.publisher();
    let mut load = ground.load(1, ground.bench.events as usize)?;
    let started = Instant::now();
    for event in load.by_ref().take(ONE_BY_ONE) {
        publisher
            .publish(&[event], None)
            .await
            .map_err(Failure::new)?;
    }
    table.alone(
        "publish one by one, each on disk",
        ONE_BY_ONE as f64 / started.elapsed().as_secs_f64(),
        "events/s",
    );
    let (mut spent, mut sent) = (Duration::ZERO, 0);
    loop {
        let batch: Vec<Event> = load.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let started = Instant::now();
        publisher
            .publish(&batch, None)
            .await
            .map_err(Failure::new)?;
        spent += started.elapsed();
        sent += batch.len();
    }
    table.add(
        "publish in batches, each on disk",
        sent as f64 / spent.as_secs_f64(),
        "events/s",
        "publish one by one, each on disk",
    );
    table.target(
        "S7",
        "publish in batches, each on disk",
        Bound::AtLeast(20.0),
    );
    Ok(())
}

/// Drains the log with nothing done, with decoding, folds it in memory, and rebuilds the projector's views durably:
/// in turns, so that all of them have the same weather. The best of each counts.
pub(super) async fn drains(
    ground: &Ground,
    projector: &Projector,
    table: &mut Table,
) -> Result<(), Failure> {
    let mut best = [0.0_f64; 4];
    for _ in 0..ROUNDS {
        let rates = [
            drain(ground, false).await?,
            drain(ground, true).await?,
            fold(ground).await?,
            rebuild(ground, projector).await?,
        ];
        for (best, rate) in best.iter_mut().zip(rates) {
            *best = best.max(rate);
        }
    }
    let name = "drain, nothing done";
    table.alone(name, best[0], "events/s");
    table.add("drain and decode", best[1], "events/s", name);
    table.add("rebuild in memory", best[2], "events/s", name);
    table.add("rebuild, durable in sled", best[3], "events/s", name);
    if ground.bench.nats.is_some() {
        table.target("S1", "rebuild in memory", Bound::AtLeast(0.95));
        table.target("S2", "rebuild, durable in sled", Bound::AtLeast(0.85));
    }
    Ok(())
}

/// Events a second.
async fn drain(ground: &Ground, decode: bool) -> Result<f64, Failure> {
    let head = ground.log.head().await.map_err(Failure::new)?;
    let started = Instant::now();
    let mut subscription = ground
        .log
        .subscribe(Position::ORIGIN)
        .await
        .map_err(Failure::new)?;
    let (mut at, mut events) = (Position::ORIGIN, 0_u64);
    while at < head {
        let batch = subscription.next().await.map_err(Failure::new)?;
        events += batch.events.len() as u64;
        at = batch.events.last().map_or(at, |event| event.position);
        if decode {
            for event in &batch.events {
                std::hint::black_box(decoded(&event.payload));
            }
        }
    }
    Ok(events as f64 / started.elapsed().as_secs_f64())
}

async fn fold(ground: &Ground) -> Result<f64, Failure> {
    let partitions = Settings::new(&ground.folder).partitions_of_a_new_view();
    let started = Instant::now();
    let (view, _) = folded(
        ground.log.clone(),
        ground.definitions.areas.clone(),
        partitions,
    )
    .await
    .map_err(Failure::new)?;
    let seconds = started.elapsed().as_secs_f64();
    Ok(view.summary().totals.folded as f64 / seconds)
}

async fn rebuild(ground: &Ground, projector: &Projector) -> Result<f64, Failure> {
    let head = ground.log.head().await.map_err(Failure::new)?.0;
    let started = Instant::now();
    projector.rebuild().await.map_err(Failure::new)?;
    Ok(head as f64 / started.elapsed().as_secs_f64())
}
