//! A rebuild: the view built anew from the origin of the log, in a store of its own, while the old one serves.

use crate::checkpoint::Quarantined;
use crate::decode::{decode, digest};
use crate::folder::Folder;
use crate::opening::Settings;
use crate::saved::{Saved, commit_all};
use crate::status::Views;
use chrono::Utc;
use joinedup_events::Areas;
use joinedup_log::EventLog;
use joinedup_store::{Check, DurableStore, Options};
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
    folder: &Folder,
    settings: &Settings,
    generation: u64,
    log: Arc<dyn EventLog>,
    areas: Arc<Areas>,
    views: Views,
) -> Result<Rebuilt, String> {
    let path = folder.generation(generation);
    // What lies there is the rest of an attempt.
    let _ = std::fs::remove_dir_all(&path);
    let options = Options {
        cache_bytes: settings.cache_bytes,
        check: Check::Quick,
        ..Options::default()
    };
    let (store, _) = DurableStore::open_or_move_aside(&path, options).map_err(|e| e.to_string())?;
    let (mut saved, _) = Saved::load(Arc::new(store)).map_err(|e| e.to_string())?;
    let (mut view, mut quarantine) = (View::remembering(), Vec::new());
    let identity = log.identity().await.map_err(|e| e.to_string())?;
    let head = log.head().await.map_err(|e| e.to_string())?;
    let mut subscription = if saved.checkpoint.position < head {
        Some(
            log.subscribe(saved.checkpoint.position)
                .await
                .map_err(|e| e.to_string())?,
        )
    } else {
        None
    };
    while let Some(open) = subscription
        .as_mut()
        .filter(|_| saved.checkpoint.position < head)
    {
        let batch = open.next().await.map_err(|e| e.to_string())?;
        let mut good = Vec::with_capacity(batch.events.len());
        for recorded in &batch.events {
            match decode(recorded, &areas) {
                Ok(event) => good.push((recorded.position.0, event)),
                Err(reason) => quarantine.push(Quarantined {
                    position: recorded.position.0,
                    reason,
                    at: Utc::now(),
                }),
            }
        }
        view.fold(good);
        if let Some(last) = batch.events.last() {
            saved.checkpoint.position = last.position;
            saved.checkpoint.event_digest = digest(last);
        }
        let at = saved.checkpoint.position.0;
        views.set(|s| s.rebuild = Some(at));
        tokio::task::yield_now().await;
    }
    saved.checkpoint.log = Some(identity);
    let batches = saved
        .changes(&mut view, &quarantine, &[])
        .map_err(|e| e.to_string())?;
    let store = saved.store();
    tokio::task::spawn_blocking(move || commit_all(&*store, &batches))
        .await
        .map_err(|e| e.to_string())?
        .map_err(|e| e.to_string())?;
    Ok(Rebuilt {
        generation,
        saved,
        view,
        quarantine,
    })
}
