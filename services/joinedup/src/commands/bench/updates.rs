//! The folder of views under updates: how much larger than what it holds it becomes.

use super::table::{Bound, Table};
use super::{Ground, committed, packed, size};
use crate::cli::Failure;
use chrono::TimeDelta;
use joinedup_application::publisher::Publisher;
use joinedup_events::Event;
use joinedup_log::EventLog;
use joinedup_log::memory::MemoryLog;
use joinedup_projector::{Projector, Settings};
use joinedup_views::view::View;
use std::sync::Arc;

/// Events between two looks at the folder.
const BETWEEN: usize = 20_000;
/// How long after it was recorded a fact is told again, corrected.
const CORRECTED_AFTER: TimeDelta = TimeDelta::days(400);

/// Transfers come in, and all their facts are corrected later, event by event, while a projector is live.
pub(super) async fn updates(ground: &Ground, table: &mut Table) -> Result<(), Failure> {
    let updates = ground.bench.updates as usize;
    let log = MemoryLog::new();
    let folder = ground.folder.join("updated");
    let projector = Projector::start(
        Settings::new(&folder),
        Arc::new(log.clone()),
        ground.definitions.areas.clone(),
    )
    .map_err(Failure::new)?;
    let views = projector.views();
    let publisher = Publisher::new(Arc::new(log.clone()));
    let corrected = |event: Event| Event {
        id: format!("{}-corrected", event.id),
        recorded_at: event.recorded_at + CORRECTED_AFTER,
        ..event
    };
    let half = updates / 2;
    let mut events = ground
        .load(2, half)?
        .chain(ground.load(2, half)?.map(corrected));
    let (mut folded, mut last, mut most) = (0, (0, 1), 0.0_f64);
    loop {
        let portion: Vec<Event> = events.by_ref().take(BETWEEN).collect();
        if portion.is_empty() {
            break;
        }
        folded += portion.len();
        publisher
            .publish(&portion, None)
            .await
            .map_err(Failure::new)?;
        let head = log.head().await.map_err(Failure::new)?;
        committed(&views, head.0).await?;
        last = (size(&folder), views.read(held));
        most = most.max(last.0 as f64 / last.1.max(1) as f64);
    }
    projector.stop().await;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    table.alone("updates of a live view", folded as f64, "events");
    let rows = "  what it holds, as rows";
    table.alone(rows, mib(last.1), "MiB");
    let name = "  its folder after them";
    table.add(name, mib(last.0), "MiB", rows);
    table.target("S9", name, Bound::AtMost(2.5));
    table.alone("  its folder at its largest", most, "x its rows");
    Ok(())
}

/// The bytes of entities and cells as a store holds them.
fn held(view: &View) -> u64 {
    let cells = view
        .cells()
        .pages()
        .into_iter()
        .filter_map(|page| view.cells().page(page));
    (packed(view) + cells.map(|page| page.len()).sum::<usize>()) as u64
}
