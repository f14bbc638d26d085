//! Decoding and folding, without a log; and what the process takes up.

use super::Ground;
use super::table::Table;
use crate::cli::Failure;
use crate::commands::export::decoded;
use joinedup_log::{Position, RecordedEvent};
use joinedup_views::view::View;
use std::time::Instant;

/// The most events that are held in memory for this.
const HELD: usize = 100_000;
/// Events folded at once.
const BATCH: usize = 8_192;

/// Decodes, and decodes and folds, from memory.
pub(super) async fn folds(ground: &Ground, table: &mut Table) -> Result<(), Failure> {
    let mut held: Vec<RecordedEvent> = Vec::new();
    while held.len() < HELD.min(ground.bench.events as usize) {
        let after = held.last().map_or(Position::ORIGIN, |e| e.position);
        let more = ground.log.read(after, BATCH).await.map_err(Failure::new)?;
        if more.is_empty() {
            break;
        }
        held.extend(more);
    }
    let areas = &ground.definitions.areas;
    let each = |started: Instant| started.elapsed().as_nanos() as f64 / held.len().max(1) as f64;
    let started = Instant::now();
    for event in &held {
        std::hint::black_box(decoded(&event.payload, areas));
    }
    table.alone("decode alone", each(started), "ns/event");
    let mut view = View::new();
    let started = Instant::now();
    for events in held.chunks(BATCH) {
        view.fold(
            events
                .iter()
                .filter_map(|e| Some((e.position.0, decoded(&e.payload, areas)?))),
        );
    }
    table.add("decode and fold", each(started), "ns/event", "decode alone");
    Ok(())
}

/// The resident memory of this process, in bytes; 0 where the system does not say.
pub(super) fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0
}
