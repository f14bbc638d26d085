//! How a projector is set up, and how its store is opened.

use crate::checkpoint::Quarantined;
use crate::folder::{Folder, FolderError};
use crate::saved::{SaveError, Saved};
use joinedup_store::{Check, DurableStore, OpenError, Options};
use joinedup_views::view::View;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How a projector is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of views.
    pub folder: PathBuf,
    /// Memory for the store's cache, in bytes.
    pub cache_bytes: u64,
    /// How long after a fold its commit follows, at most.
    pub commit_every: Duration,
}

impl Settings {
    /// Settings for a folder, with a cache of 64 MiB and a commit every second.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            cache_bytes: 64 << 20,
            commit_every: Duration::from_secs(1),
        }
    }
}

/// Why a projector did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder of views could not be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The stored view could not be read.
    #[error(transparent)]
    Load(#[from] SaveError),
    /// The thread could not be started.
    #[error("the projector's thread could not be started: {0}")]
    Thread(std::io::Error),
}

/// Opens a generation's store and takes its view back; what another version wrote is left to a new generation.
pub(crate) fn open(
    folder: &Folder,
    settings: &Settings,
    generation: u64,
) -> Result<(u64, Saved, View, Vec<Quarantined>), StartError> {
    let options = Options {
        cache_bytes: settings.cache_bytes,
        check: Check::Quick,
        ..Options::default()
    };
    let path = folder.generation(generation);
    let (store, _) = DurableStore::open_or_move_aside(&path, options)?;
    match Saved::load(Arc::new(store)) {
        Ok((saved, Some((view, quarantine)))) => return Ok((generation, saved, view, quarantine)),
        Ok((_, None)) => {
            tracing::info!("the stored view is of another version: building it again from the log")
        }
        Err(error) => {
            tracing::warn!(%error, "the stored view is not readable: building it again from the log")
        }
    }
    let next = generation + 1;
    // Whatever lies there is the rest of an attempt.
    let _ = std::fs::remove_dir_all(folder.generation(next));
    let (store, _) = DurableStore::open_or_move_aside(folder.generation(next), options)?;
    let (saved, fresh) = Saved::load(Arc::new(store))?;
    let (view, quarantine) = fresh.unwrap_or_else(|| (View::remembering(), Vec::new()));
    Ok((next, saved, view, quarantine))
}
