//! How a projector is set up, and how its store is opened.

use crate::checkpoint::{Checkpoint, Quarantined};
use crate::folder::{Folder, FolderError};
use crate::machine::{Machine, RealMachine};
use crate::saved::{SaveError, Saved};
use joinedup_store::{Check, OpenError, Options, Store};
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
    /// The journal of new facts, in bytes, up to which the store is never written anew.
    pub journal_bytes: usize,
    /// Facts that may gather in memory before they are put into a file, in bytes. Those of open entities stay beside.
    pub memory_bytes: usize,
    /// How many partitions the view has: so many can fold at once. None: as many as the stored view has, and a new one has
    /// one for each core. Where the stored view has another number than is set, it is built again.
    pub partitions: Option<usize>,
    /// What it runs on.
    pub(crate) machine: Arc<dyn Machine>,
}

/// A view has at most so many partitions.
pub const MAX_PARTITIONS: usize = 16;

impl Settings {
    /// Settings for a folder, with a cache of 16 MiB, a commit every second, and a journal and facts in memory of 8 MiB each.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            cache_bytes: 16 << 20,
            commit_every: Duration::from_secs(1),
            journal_bytes: 8 << 20,
            memory_bytes: 8 << 20,
            partitions: None,
            machine: Arc::new(RealMachine),
        }
    }

    /// How many partitions a new view has: as many as are set, else one for each core, but at least two; never more than
    /// [`MAX_PARTITIONS`].
    #[must_use]
    pub fn partitions_of_a_new_view(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
        self.partitions
            .unwrap_or_else(cores)
            .clamp(1, MAX_PARTITIONS)
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

/// Opens a generation's store and takes its view back; what another version wrote is left to a new generation. One that
/// begins anew does so over the log of the one before it: over another, only when a person asks for it.
pub(crate) fn open(
    folder: &Folder,
    settings: &Settings,
    generation: u64,
) -> Result<(u64, Saved, View, Vec<Quarantined>), StartError> {
    let path = folder.generation(generation);
    let store = settings.machine.open(&path, options(settings))?;
    match Saved::load(store, &path, settings) {
        Ok(Some((mut saved, (view, quarantine)))) => {
            saved.of_log(folder.log());
            return Ok((generation, saved, view, quarantine));
        }
        Ok(None) => {
            tracing::info!(
                "the stored view is of another version or number of partitions: building it again from the log"
            )
        }
        Err(error) => {
            tracing::warn!(%error, "the stored view is not readable: building it again from the log")
        }
    }
    let next = generation + 1;
    let store = begin(folder, settings, next)?;
    let (mut saved, view) = Saved::begin(store, &folder.generation(next), settings);
    saved.of_log(folder.log());
    Ok((next, saved, view, Vec::new()))
}

/// Writes a view whole into a store of its own for a generation, with the checkpoint that covers it.
pub(crate) fn write(
    folder: &Folder,
    settings: &Settings,
    generation: u64,
    checkpoint: Checkpoint,
    view: &View,
    quarantine: &[Quarantined],
) -> Result<Saved, StartError> {
    let store = begin(folder, settings, generation)?;
    let folder = folder.generation(generation);
    Ok(Saved::write_whole(
        store, &folder, checkpoint, view, quarantine,
    )?)
}

/// The view that was written into a store.
pub(crate) fn read_back(
    folder: &Folder,
    settings: &Settings,
    generation: u64,
    written: &Saved,
) -> Result<(Saved, View, Vec<Quarantined>), StartError> {
    let folder = folder.generation(generation);
    match Saved::load(written.store(), &folder, settings)? {
        Some((saved, (view, quarantine))) => Ok((saved, view, quarantine)),
        None => Err(SaveError::Row("the view that was just written is of another version").into()),
    }
}

/// Opens an empty store for a generation. What lies there is the rest of an attempt and goes.
fn begin(
    folder: &Folder,
    settings: &Settings,
    generation: u64,
) -> Result<Arc<dyn Store>, OpenError> {
    let path = folder.generation(generation);
    // When it cannot go, opening says so.
    let _ = std::fs::remove_dir_all(&path);
    settings.machine.open(&path, options(settings))
}

fn options(settings: &Settings) -> Options {
    Options {
        cache_bytes: settings.cache_bytes,
        check: Check::Quick,
        ..Options::default()
    }
}
