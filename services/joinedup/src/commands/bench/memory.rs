//! Decoding and folding, without a log; and what the process takes up.

use super::Ground;
use super::table::{Bound, Table};
use crate::cli::Failure;
use joinedup_events::{Envelope, Event};
use joinedup_log::{Position, RecordedEvent};
use joinedup_views::view::View;
use std::time::Instant;

/// The most events that are held in memory for this.
const HELD: usize = 300_000;
/// Events folded at once.
const BATCH: usize = 8_192;
/// How often each number of partitions folds; the best counts.
const ROUNDS: usize = 5;

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
    let each = |started: Instant| started.elapsed().as_nanos() as f64 / held.len().max(1) as f64;
    let started = Instant::now();
    for event in &held {
        std::hint::black_box(decoded(&event.payload));
    }
    table.alone("decode alone", each(started), "ns/event");
    let mut view = View::new();
    let started = Instant::now();
    for events in held.chunks(BATCH) {
        view.fold(
            events
                .iter()
                .filter_map(|e| Some((e.position.0, decoded(&e.payload)?))),
        );
    }
    table.add("decode and fold", each(started), "ns/event", "decode alone");
    let events: Vec<(u64, Event)> = held
        .iter()
        .filter_map(|e| Some((e.position.0, decoded(&e.payload)?)))
        .collect();
    let mut best = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        // In turns, so that both have the same weather.
        for (partitions, best) in (1..).zip(&mut best) {
            let runs: Vec<Vec<_>> = events.chunks(BATCH).map(<[_]>::to_vec).collect();
            let mut view = View::partitioned(partitions);
            let started = Instant::now();
            for run in runs {
                view.fold(run);
            }
            *best = best.min(started.elapsed().as_secs_f64());
        }
    }
    let [one, two] = best.map(|seconds| events.len() as f64 / seconds);
    let name = "fold what is decoded, one partition";
    table.alone(name, one, "events/s");
    table.add("  two partitions", two, "events/s", name);
    table.target("S11", "  two partitions", Bound::AtLeast(1.7));
    Ok(())
}

/// The memory of a projector in a process of its own, which catches up from nothing.
pub(super) async fn alone(ground: &Ground, table: &mut Table) -> Result<(), Failure> {
    let bench = &ground.bench;
    let mut command = tokio::process::Command::new(std::env::current_exe().map_err(Failure::new)?);
    command.args(["bench", "--reuse", "--projector-alone"]);
    for (flag, value) in [
        ("--nats", &bench.nats),
        ("--nats-monitor", &bench.nats_monitor),
    ] {
        command.args(value.iter().flat_map(|value| [flag, value]));
    }
    for name in &bench.accept_unsafe {
        command.args(["--accept-unsafe", name]);
    }
    let output = command.output().await.map_err(Failure::new)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text
        .split_whitespace()
        .filter_map(|n| n.parse::<f64>().ok());
    let (Some(now), Some(most)) = (numbers.next(), numbers.next()) else {
        return Err(Failure::new(format!(
            "the projector in a process of its own ended with {}",
            output.status
        )));
    };
    let name = "a projector alone, resident when caught up";
    table.alone(name, now / f64::from(1 << 20), "MiB");
    table.target("S6", name, Bound::AtMost(64.0));
    table.alone("  at its most", most / f64::from(1 << 20), "MiB");
    Ok(())
}

/// The event in recorded bytes.
pub(super) fn decoded(payload: &[u8]) -> Option<Event> {
    Event::decode(&Envelope::from_json(payload).ok()?).ok()
}

/// The resident memory of this process now and at its most, in bytes; 0 where the system does not say.
pub(super) fn resident() -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
        kib.unwrap_or(0.0) * 1024.0
    };
    (bytes("VmRSS:"), bytes("VmHWM:"))
}
