//! A view and its store: what a commit writes, and how a restart takes it back.
//!
//! New facts go to a journal of packed rows; cells that changed go to their pages in one batch with the checkpoint,
//! which says how far the journals count. When much has gathered in memory, it becomes a run of facts in a file for each
//! partition, and its journal begins anew. When there are many runs, or the store has been written over several times, the
//! view is written whole beside a store of its own, which takes its place: facts and cells in sorted files, and in the
//! store what changes from then on. sled never gives back the space that changed rows took up.

use crate::cells;
use crate::checkpoint::{
    CELLS, CHECKPOINT, Checkpoint, JOURNAL, PartitionMark, QUARANTINE, Quarantined, journal_row,
    numbered,
};
use crate::facts::{MAX_RUNS, Runs, add_fresh};
use crate::opening::Settings;
use joinedup_events::EntityId;
use joinedup_log::LogIdentity;
use joinedup_store::{Batch, CommitError, Durability, ReadError, Store};
use joinedup_views::entity_row::EntityRow;
use joinedup_views::shelf::Shelf;
use joinedup_views::view::{Partition, VIEW_VERSION, View};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a view could not be saved or taken back.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A row is not what this program writes.
    #[error("a stored row of the view is not readable: {0}")]
    Row(&'static str),
    /// Facts could not be fetched.
    #[error("facts of the view could not be read: {0}")]
    Facts(String),
    /// A row could not be encoded.
    #[error("the view could not be encoded: {0}")]
    Encode(#[from] postcard::Error),
}

/// A batch is split at this size, in bytes.
const BATCH_BYTES: usize = 4 << 20;

/// Where the facts of a view lie in its folder.
fn facts(folder: &Path) -> PathBuf {
    folder.join("facts")
}

/// A view taken back, and the events that were set aside.
pub(crate) type Loaded = (View, Vec<Quarantined>);

/// What a view is stored in.
pub(crate) struct Saved {
    store: Arc<dyn Store>,
    pub checkpoint: Checkpoint,
    /// By partition.
    runs: Vec<Runs>,
    /// By partition: journal rows before this one have gone, because they are in a run.
    journal_gone: Vec<u64>,
    journal_bytes: usize,
    whole_bytes: usize,
    written_bytes: usize,
}

impl Saved {
    /// Begins in a store that holds nothing yet, with an empty view.
    pub fn begin(store: Arc<dyn Store>, folder: &Path, settings: &Settings) -> (Self, View) {
        let partitions = settings.partitions_of_a_new_view();
        let mut view = View::partitioned(partitions);
        view.remember();
        let saved = Self {
            store,
            checkpoint: Checkpoint::origin(partitions),
            runs: Runs::none_of_any(&facts(folder), partitions),
            journal_gone: vec![0; partitions],
            journal_bytes: 0,
            whole_bytes: 0,
            written_bytes: 0,
        };
        (saved, view)
    }

    /// A view that begins is of this log, if it is known.
    pub fn of_log(&mut self, log: Option<LogIdentity>) {
        self.checkpoint.log = self.checkpoint.log.take().or(log);
    }

    /// Takes a stored view back, or begins one. `None` when what is stored was written by another version of the program,
    /// or has another number of partitions than is set, and has to be built again.
    pub fn load(
        store: Arc<dyn Store>,
        folder: &Path,
        settings: &Settings,
    ) -> Result<Option<(Self, Loaded)>, SaveError> {
        let Some(bytes) = store.get(CHECKPOINT)? else {
            let (saved, view) = Self::begin(store, folder, settings);
            return Ok(Some((saved, (view, Vec::new()))));
        };
        // The version stands first and is read alone: the rest may have another shape.
        let (version, _) = postcard::take_from_bytes::<u32>(&bytes)?;
        if version != VIEW_VERSION {
            return Ok(None);
        }
        let checkpoint: Checkpoint = postcard::from_bytes(&bytes)?;
        let partitions = checkpoint.partitions.len();
        if settings.partitions.is_some() && settings.partitions_of_a_new_view() != partitions {
            return Ok(None);
        }
        let mut view = View::partitioned(partitions);
        view.load_summary(checkpoint.summary.clone());
        // Cells beside facts: each is about half of what there is to read.
        let (cells, taken) = rayon::join(
            || cells::load(folder, &*store, checkpoint.cells_file),
            || {
                let marked = view.partitions_mut().par_iter_mut().enumerate();
                let marked = marked.zip(&checkpoint.partitions);
                let taken = marked.map(|((number, partition), mark)| {
                    load_partition(&*store, &facts(folder), number, partition, mark)
                });
                taken.collect::<Result<Vec<_>, _>>()
            },
        );
        let (runs, journals): (Vec<Runs>, Vec<usize>) = taken?.into_iter().unzip();
        let (cells, whole_bytes) = cells?;
        *view.cells_mut() = cells;
        view.remember();
        let mut quarantine: Vec<Quarantined> = Vec::new();
        for row in store.scan(QUARANTINE, &[]) {
            quarantine.push(postcard::from_bytes(&row?.value)?);
        }
        // What was written before this start is on the disk, with what crashes left behind: a program that is started
        // again and again would else never find its store worn.
        let on_disk = usize::try_from(store.size_on_disk()?).unwrap_or(usize::MAX);
        let mut saved = Self {
            store,
            journal_gone: checkpoint.journals_from(),
            checkpoint,
            runs,
            journal_bytes: journals.iter().sum(),
            whole_bytes,
            written_bytes: 0,
        };
        saved.written_bytes = on_disk
            .saturating_sub(saved.run_bytes())
            .saturating_sub(whole_bytes);
        Ok(Some((saved, (view, quarantine))))
    }

    /// The bytes of all runs.
    fn run_bytes(&self) -> usize {
        let bytes = self.runs.iter().map(Runs::bytes).sum::<u64>();
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Writes what the view has gathered in memory as a run for each partition, by which its journal begins anew with the
    /// next changes. What the run has is then on the partition's shelf, which is the answer.
    pub fn shelve(&mut self, view: &View) -> Vec<Result<Arc<dyn Shelf>, CommitError>> {
        add_fresh(&mut self.runs, view)
    }

    /// The runs of a partition have all of its facts up to now: no row of its journal is needed any more.
    pub fn begin_journal(&mut self, view: &mut View, number: usize, shelf: Arc<dyn Shelf>) {
        let Some(partition) = view.partitions_mut().get_mut(number) else {
            return;
        };
        partition.take_journal();
        partition.put_on(shelf);
        let mark = &mut self.checkpoint.partitions[number];
        mark.runs = self.runs[number].numbers();
        mark.journal_from = mark.journal;
    }

    /// The shelves of what is stored, by partition.
    pub fn shelves(&self) -> impl Iterator<Item = Arc<dyn Shelf>> {
        self.runs.iter().map(Runs::shelf)
    }

    /// Takes what changed in the view since the last call, with the checkpoint that covers it: batches to commit in
    /// order, of which the last one makes the others count.
    pub fn changes(
        &mut self,
        view: &mut View,
        set_aside: &[Quarantined],
        folded_now: &[u64],
    ) -> Result<Vec<Batch>, SaveError> {
        let mut batches = Vec::new();
        let marks = self.checkpoint.partitions.iter_mut().enumerate();
        for ((number, mark), partition) in marks.zip(view.partitions_mut()) {
            for piece in partition.take_journal() {
                self.journal_bytes += piece.len();
                add(&mut batches, &journal_row(number, mark.journal), &piece);
                mark.journal += 1;
            }
            mark.lists.clone_from(partition.lists());
        }
        // Cells are sums: all that changed of them goes in one batch with the checkpoint.
        let mut batch = Batch::new();
        for page in view.cells_mut().take_dirty() {
            let name = view.cells().page_name(page);
            // The file may have something where nothing is left.
            let bytes = view.cells().page(page).unwrap_or_default();
            batch.put(&[CELLS, name.as_bytes()].concat(), &bytes);
        }
        for row in set_aside {
            batch.put(
                &numbered(QUARANTINE, row.position),
                &postcard::to_allocvec(row)?,
            );
        }
        for position in folded_now {
            batch.delete(&numbered(QUARANTINE, *position));
        }
        let marks = self.checkpoint.partitions.iter().enumerate();
        for ((partition, mark), gone) in marks.zip(&mut self.journal_gone) {
            for number in *gone..mark.journal_from {
                batch.delete(&journal_row(partition, number));
            }
            *gone = mark.journal_from;
        }
        self.checkpoint.summary = view.summary().clone();
        batch.put(CHECKPOINT, &postcard::to_allocvec(&self.checkpoint)?);
        batches.push(batch);
        self.written_bytes += batches.iter().map(Batch::bytes).sum::<usize>();
        Ok(batches)
    }

    /// Where changes are committed.
    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// So much has been written that it is time to write the view whole into another store: a journal half as large as
    /// the runs, many runs, or all cells four times over; in a small store somewhat more.
    pub fn is_worn(&self, settings: &Settings) -> bool {
        self.runs.iter().any(|runs| runs.len() > MAX_RUNS)
            || self.journal_bytes > settings.journal_bytes.max(self.run_bytes() / 2)
            || self.written_bytes > (settings.journal_bytes * 8).max(self.whole_bytes * 4)
    }

    /// The view could not be written into another store: it is not tried again before as much has been written again.
    pub fn worn_again_later(&mut self) {
        (self.journal_bytes, self.written_bytes) = (0, 0);
    }

    /// Writes a view whole into a store that holds nothing yet, with the checkpoint that covers it. Until the last
    /// batch is in, the store has no checkpoint, and what is in it counts for nothing.
    pub fn write_whole(
        store: Arc<dyn Store>,
        folder: &Path,
        mut checkpoint: Checkpoint,
        view: &View,
        quarantine: &[Quarantined],
    ) -> Result<Self, SaveError> {
        let (runs, whole_bytes) = rayon::join(
            || Runs::whole(&facts(folder), view),
            || cells::write(folder, view.cells()),
        );
        let (runs, whole_bytes) = (runs?, whole_bytes?);
        checkpoint.cells_file = true;
        let marks = runs.iter().zip(view.partitions());
        let marks = marks.map(|(runs, partition)| PartitionMark {
            runs: runs.numbers(),
            lists: partition.lists().clone(),
            ..PartitionMark::default()
        });
        checkpoint.partitions = marks.collect();
        checkpoint.summary = view.summary().clone();
        let mut batches = Vec::new();
        for row in quarantine {
            let key = numbered(QUARANTINE, row.position);
            add(&mut batches, &key, &postcard::to_allocvec(row)?);
        }
        add(
            &mut batches,
            CHECKPOINT,
            &postcard::to_allocvec(&checkpoint)?,
        );
        commit_all(&*store, &batches)?;
        Ok(Self {
            store,
            journal_gone: checkpoint.journals_from(),
            checkpoint,
            runs,
            journal_bytes: 0,
            whole_bytes,
            written_bytes: 0,
        })
    }
}

/// Adds a row to the last of some batches, or begins another where that is large.
fn add(batches: &mut Vec<Batch>, key: &[u8], value: &[u8]) {
    match batches.last_mut() {
        Some(last) if last.bytes() < BATCH_BYTES => last.put(key, value),
        _ => {
            let mut batch = Batch::new();
            batch.put(key, value);
            batches.push(batch);
        }
    }
}

/// Commits batches in order; when it returns, all of them are durable. What a crash leaves of the first ones does not
/// count without the last.
pub(crate) fn commit_all(store: &dyn Store, batches: &[Batch]) -> Result<(), CommitError> {
    let Some((last, first)) = batches.split_last() else {
        return Ok(());
    };
    for batch in first {
        store.commit(batch, Durability::Lazy)?;
    }
    store.commit(last, Durability::Synced)
}

/// Takes back what is stored of a partition; answers its runs and how many bytes its journal has.
fn load_partition(
    store: &dyn Store,
    facts: &Path,
    number: usize,
    partition: &mut Partition,
    mark: &PartitionMark,
) -> Result<(Runs, usize), SaveError> {
    let runs = Runs::open(facts, number, &mark.runs)?;
    let mut bytes = 0;
    let end = journal_row(number, mark.journal);
    for row in store.scan(JOURNAL, &journal_row(number, mark.journal_from)) {
        let row = row?;
        // Rows from there on belong to a commit that did not come to its end, or to another partition.
        if row.key >= end {
            break;
        }
        bytes += row.value.len();
        load(partition, &row.value)?;
    }
    partition.load_lists(mark.lists.clone());
    if runs.len() > 0 {
        let taken = partition.take_shelf(runs.shelf());
        taken.map_err(|error| SaveError::Facts(error.to_string()))?;
    }
    Ok((runs, bytes))
}

/// Takes stored entities in.
fn load(partition: &mut Partition, mut rest: &[u8]) -> Result<(), SaveError> {
    while !rest.is_empty() {
        let (row, after) = EntityRow::first(rest)?;
        let id = EntityId::new(row.id).map_err(|_| SaveError::Row("an entity has no proper id"))?;
        partition
            .load_entity(row.family, &id, row.facts)
            .map_err(|_| SaveError::Row("an entity's facts are not whole"))?;
        rest = after;
    }
    Ok(())
}
