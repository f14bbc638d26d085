//! Facts that are not in memory: runs of entities in sorted files, in a folder of its own for each partition of a view. What has
//! gathered in memory is written as one more run; many are made one when the view is written whole.

use crate::saved::SaveError;
use joinedup_store::{CommitError, ReadError, SortedFile, SortedWriter};
use joinedup_views::entity_row::EntityRow;
use joinedup_views::shelf::{Shelf, ShelfError, ShelfRow};
use joinedup_views::view::{Entity, EntityKey, Partition, View};
use rayon::prelude::*;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The disk is taken to be full when less than this would be left on it, in bytes: sled must never be let near that.
pub(crate) const RESERVE_BYTES: u64 = 64 << 20;

/// So many runs are made one: looking for an entity asks each of them.
pub(crate) const MAX_RUNS: usize = 6;

/// The runs of a partition, each named by a number.
#[derive(Clone, Debug)]
pub(crate) struct Runs {
    folder: PathBuf,
    runs: Vec<(u64, Arc<SortedFile>)>,
}

/// A shelf of runs, as they were when it was made.
#[derive(Debug)]
struct RunShelf(Vec<Arc<SortedFile>>);

impl Runs {
    /// None yet, of a partition of a view whose facts lie in a folder. What is needed of it is made when the first is
    /// written.
    pub fn none(facts: &Path, partition: usize) -> Self {
        Self {
            folder: facts.join(partition.to_string()),
            runs: Vec::new(),
        }
    }

    /// None yet, of each of so many partitions.
    pub fn none_of_any(facts: &Path, partitions: usize) -> Vec<Self> {
        (0..partitions).map(|p| Self::none(facts, p)).collect()
    }

    /// Opens those that a checkpoint names. Others in the folder are left from writing that did not come to its end, and
    /// go.
    pub fn open(facts: &Path, partition: usize, numbers: &[u64]) -> Result<Self, ReadError> {
        let mut all = Self::none(facts, partition);
        for number in numbers {
            let file = SortedFile::open(all.path(*number))?;
            all.runs.push((*number, Arc::new(file)));
        }
        all.clear();
        Ok(all)
    }

    fn clear(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        let ours: Vec<PathBuf> = self
            .runs
            .iter()
            .map(|(number, _)| self.path(*number))
            .collect();
        for path in entries.flatten().map(|entry| entry.path()) {
            if !ours.contains(&path)
                && let Err(error) = std::fs::remove_file(&path)
            {
                tracing::warn!(%error, "a run of facts that is not used could not be removed");
            }
        }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(number.to_string())
    }

    /// Their numbers, as a checkpoint names them.
    pub fn numbers(&self) -> Vec<u64> {
        self.runs.iter().map(|(number, _)| *number).collect()
    }

    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// The bytes of all of them.
    pub fn bytes(&self) -> u64 {
        self.runs.iter().map(|(_, run)| run.bytes()).sum()
    }

    pub fn shelf(&self) -> Arc<dyn Shelf> {
        Arc::new(RunShelf(
            self.runs.iter().map(|(_, run)| run.clone()).collect(),
        ))
    }

    /// Writes what the partition has beside its runs as one more of them, and gives the shelf of all.
    fn add_fresh(&mut self, partition: &Partition) -> Result<Arc<dyn Shelf>, CommitError> {
        let fresh = partition.fresh();
        if !fresh.is_empty() {
            let number = self.runs.last().map_or(1, |(number, _)| number + 1);
            let file = write(&self.path(number), fresh.len() as u64, fresh)?;
            self.runs.push((number, Arc::new(file)));
        }
        Ok(self.shelf())
    }

    /// Writes all entities of a view as one run for each partition, in a folder that has none yet.
    pub fn whole(facts: &Path, view: &View) -> Result<Vec<Self>, SaveError> {
        let partitions = view.partitions().par_iter().enumerate();
        let written = partitions.map(|(number, partition)| {
            let mut all = Self::none(facts, number);
            let rows = partition.len() as u64;
            let file = write(&all.path(1), rows, partition.entities())?;
            if let Some(damage) = partition.damage() {
                return Err(SaveError::Facts(damage.to_owned()));
            }
            all.runs.push((1, Arc::new(file)));
            Ok(all)
        });
        written.collect()
    }
}

/// What each partition has beside its runs becomes one more of them, which is on the shelf that it is given. One of which
/// it cannot be written keeps it in memory.
pub(crate) fn add_fresh(
    runs: &mut [Runs],
    view: &View,
) -> Vec<Result<Arc<dyn Shelf>, CommitError>> {
    let partitions = runs.par_iter_mut().zip(view.partitions());
    partitions
        .map(|(runs, partition)| runs.add_fresh(partition))
        .collect()
}

fn write<'a>(
    path: &Path,
    rows: u64,
    entities: impl IntoIterator<Item = (EntityKey, Entity<'a>)>,
) -> Result<SortedFile, CommitError> {
    let mut writer = SortedWriter::begin(path, rows, RESERVE_BYTES)?;
    let mut bytes = Vec::new();
    for (key, entity) in entities {
        bytes.clear();
        let row = EntityRow {
            family: entity.family,
            id: &entity.id,
            facts: entity.facts.as_bytes(),
        };
        row.append(&mut bytes);
        writer.add(key.0, &bytes)?;
    }
    writer.finish()
}

impl Shelf for RunShelf {
    fn rows_of(&self, key: EntityKey) -> Result<Vec<Vec<u8>>, ShelfError> {
        let rows = self.0.iter().filter_map(|run| run.get(key.0).transpose());
        rows.map(|row| row.map_err(shelf_error)).collect()
    }

    fn scan(&self, from: EntityKey) -> Box<dyn Iterator<Item = Result<ShelfRow, ShelfError>> + '_> {
        let scans = self.0.iter().map(|run| run.scan(from.0).peekable());
        let mut scans: Vec<_> = scans.collect();
        Box::new(std::iter::from_fn(move || {
            let first = scans
                .iter_mut()
                .filter_map(|scan| Some((rank(scan)?, scan)));
            let (_, scan) = first.min_by_key(|(rank, _)| *rank)?;
            let row = scan.next()?;
            Some(
                row.map(|(key, row)| (EntityKey(key), row))
                    .map_err(shelf_error),
            )
        }))
    }
}

/// Which of several scans goes first: one that failed, then that of the smallest key.
fn rank(
    scan: &mut Peekable<impl Iterator<Item = Result<(u128, Vec<u8>), ReadError>>>,
) -> Option<Option<u128>> {
    let row = scan.peek()?;
    Some(row.as_ref().ok().map(|(key, _)| *key))
}

fn shelf_error(error: ReadError) -> ShelfError {
    ShelfError(error.to_string())
}
