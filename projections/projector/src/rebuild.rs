//! A rebuild: the view built anew from the origin of the log, in a store of its own, while the old one serves.

use crate::ahead;
use crate::checkpoint::{Checkpoint, Quarantined};
use crate::folder::Folder;
use crate::opening::{self, Settings};
use crate::saved::Saved;
use crate::status::Views;
use joinedup_events::Areas;
use joinedup_log::EventLog;
use joinedup_views::view::View;
use std::sync::Arc;

/// A view built anew, up to the head of the log when it ended.
pub(crate) struct Rebuilt {
    pub generation: u64,
    pub saved: Saved,
    pub view: View,
    pub quarantine: Vec<Quarantined>,
}

/// Builds it.
pub(crate) async fn rebuild(
    folder: Folder,
    settings: Settings,
    generation: u64,
    log: Arc<dyn EventLog>,
    areas: Arc<Areas>,
    views: Views,
) -> Result<Rebuilt, String> {
    let identity = log.identity().await.map_err(|e| e.to_string())?;
    let head = log.head().await.map_err(|e| e.to_string())?;
    let mut runs = ahead::read(log, areas, head);
    let build = move || -> Result<Rebuilt, String> {
        let (mut view, mut quarantine) = (View::new(), Vec::new());
        let mut checkpoint = Checkpoint::origin();
        while let Some(run) = runs.blocking_recv() {
            let run = run.map_err(|e| e.to_string())?;
            view.fold(run.good);
            quarantine.extend(run.bad);
            checkpoint.position = run.last;
            checkpoint.event_digest = run.digest;
            views.set(|s| s.rebuild = Some(run.last.0));
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
        view.remember();
        Ok(Rebuilt {
            generation,
            saved,
            view,
            quarantine,
        })
    };
    tokio::task::spawn_blocking(build)
        .await
        .map_err(|e| e.to_string())?
}
