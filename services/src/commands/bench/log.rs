//! The log: publishing one by one and in batches, draining, draining and folding.

use super::Ground;
use super::table::Table;
use crate::cli::Failure;
use crate::commands::export::decoded;
use joinedup_events::Event;
use joinedup_log::Position;
use joinedup_views::view::View;
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
    Ok(())
}

/// What is done with each batch of a drain.
enum Work<'a> {
    Nothing,
    Decode(&'a Ground),
    Fold(&'a Ground, Box<View>),
}

/// Drains the log with nothing done, with decoding, and with folding, in turns.
pub(super) async fn drains(ground: &Ground, table: &mut Table) -> Result<(), Failure> {
    let mut best = [0.0_f64; 3];
    for _ in 0..ROUNDS {
        let works = [
            Work::Nothing,
            Work::Decode(ground),
            Work::Fold(ground, Box::default()),
        ];
        for (best, work) in best.iter_mut().zip(works) {
            *best = best.max(drain(ground, work).await?);
        }
    }
    let name = "drain, nothing done";
    table.alone(name, best[0], "events/s");
    table.add("drain and decode", best[1], "events/s", name);
    table.add("rebuild in memory", best[2], "events/s", name);
    Ok(())
}

async fn drain(ground: &Ground, mut work: Work<'_>) -> Result<f64, Failure> {
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
        let read = |ground: &Ground| -> Vec<(u64, Event)> {
            let areas = &ground.definitions.areas;
            batch
                .events
                .iter()
                .filter_map(|e| Some((e.position.0, decoded(&e.payload, areas)?)))
                .collect()
        };
        match &mut work {
            Work::Nothing => {}
            Work::Decode(ground) => drop(std::hint::black_box(read(ground))),
            Work::Fold(ground, view) => view.fold(read(ground)),
        }
    }
    Ok(events as f64 / started.elapsed().as_secs_f64())
}
