//! A rebuild: the view built anew from the origin of the log, in a store of its own, while the old one serves.

use crate::ahead::{self, ATTEMPTS, PAUSE};
use crate::checkpoint::{Checkpoint, Quarantined};
use crate::facts::{self, Runs};
use crate::fence::{self, FenceError};
use crate::folder::Folder;
use crate::opening::{self, Settings};
use crate::saved::Saved;
use crate::status::Views;
use joinedup_events::Areas;
use joinedup_log::{EventLog, ReadError};
use joinedup_views::view::View;
use std::sync::Arc;

/// A view built anew, up to the head of the log when it ended.
pub(crate) struct Rebuilt {
    pub generation: u64,
    pub saved: Saved,
    pub view: View,
    pub quarantine: Vec<Quarantined>,
}

/// A folder for facts that have no other place yet; it goes with the rebuild.
struct Building(Folder);

impl Building {
    fn in_folder(folder: Folder) -> Self {
        folder.clear_building();
        Self(folder)
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        self.0.clear_building();
    }
}

/// Builds it. Blocks the thread that it runs on. Where the view is built again without anybody's asking, the log has to be the
/// one that its checkpoint was written over, or one that goes on from that: the stored view may be the last that is left of another.
pub(crate) async fn rebuild(
    folder: Folder,
    settings: Settings,
    generation: u64,
    built_over: Option<Checkpoint>,
    log: Arc<dyn EventLog>,
    areas: Arc<Areas>,
    views: Views,
) -> Result<Rebuilt, String> {
    fenced(&*log, built_over.as_ref()).await?;
    let identity = log.identity().await.map_err(|e| e.to_string())?;
    let head = log.head().await.map_err(|e| e.to_string())?;
    let partitions = settings.partitions_of_a_new_view();
    let mut runs = ahead::read(log.clone(), areas, partitions, head);
    let building = Building::in_folder(folder.clone());
    let mut shelved = Runs::none_of_any(&building.0.building(), partitions);
    let (mut view, mut quarantine) = (View::partitioned(partitions), Vec::new());
    let mut checkpoint = Checkpoint::origin(partitions);
    while let Some(run) = runs.recv().await {
        let run = run.map_err(|e| e.to_string())?;
        view.fold_bundles(run.good);
        quarantine.extend(run.bad);
        checkpoint.position = run.last;
        checkpoint.event_digest = run.digest;
        views.set(|s| s.rebuild = Some(run.last.0));
        if view.fresh_bytes() >= settings.memory_bytes {
            let shelves = facts::add_fresh(&mut shelved, &view);
            for (partition, shelf) in view.partitions_mut().iter_mut().zip(shelves) {
                partition.put_on(shelf.map_err(|e| e.to_string())?);
            }
        }
    }
    checkpoint.log = Some(identity);
    let saved = opening::write(
        &folder,
        &settings,
        generation,
        checkpoint,
        &view,
        &quarantine,
    )
    .map_err(|e| e.to_string())?;
    // What was built lies about in pieces, between what has gone since; read back, it takes half the room.
    drop((view, quarantine));
    let read = opening::read_back(&folder, &settings, generation, &saved);
    let (saved, view, quarantine) = read.map_err(|e| e.to_string())?;
    // Meanwhile another may have taken its place.
    fenced(&*log, built_over.as_ref()).await?;
    Ok(Rebuilt {
        generation,
        saved,
        view,
        quarantine,
    })
}

/// Asks the fence, again if the log is away: a long one is not read from its begin again because of one interruption.
async fn fenced(log: &dyn EventLog, built_over: Option<&Checkpoint>) -> Result<(), String> {
    let Some(checkpoint) = built_over else {
        return Ok(());
    };
    let mut attempts = 0;
    loop {
        match fence::check(log, checkpoint).await {
            Err(FenceError::Log(ReadError::Away(_))) if attempts < ATTEMPTS => {
                attempts += 1;
                tokio::time::sleep(PAUSE * attempts).await;
            }
            // What the view was built from is in it, but for what was erased.
            Err(FenceError::Successor) => return Ok(()),
            outcome => return outcome.map_err(|e| e.to_string()),
        }
    }
}
