//! A view and its store: what a commit writes, and how a restart takes it back.
//!
//! New facts go to a journal of packed rows; cells that changed go to their pages in one batch with the checkpoint,
//! which says how far the journal counts. When the journal has grown to a good part of the whole, the entities are
//! written to pages and the journal is dropped. That needs no atomicity: facts are sets, and reading a fact from a
//! page and from the journal is reading it once.

use crate::checkpoint::{
    CELLS, CHECKPOINT, Checkpoint, ENTITIES, JOURNAL, QUARANTINE, Quarantined, numbered,
};
use joinedup_events::EntityId;
use joinedup_store::{Batch, CommitError, Durability, ReadError, Store};
use joinedup_views::entity_row::EntityRow;
use joinedup_views::view::{Entity, EntityKey, VIEW_VERSION, View};
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
    /// A row could not be encoded.
    #[error("the view could not be encoded: {0}")]
    Encode(#[from] postcard::Error),
}

/// Facts in the journal before the entities are written to pages, in bytes, at least.
const JOURNAL_AT_LEAST: usize = 8 << 20;
/// The size that a page of entities is meant to have, in bytes.
const PAGE_BYTES: usize = 8 << 10;
/// A batch is split at this size, in bytes.
const BATCH_BYTES: usize = 4 << 20;

/// A view taken back, and the events that were set aside.
pub(crate) type Loaded = (View, Vec<Quarantined>);

/// What a view is stored in.
pub(crate) struct Saved {
    store: Arc<dyn Store>,
    pub checkpoint: Checkpoint,
    journal_bytes: usize,
    entity_bytes: usize,
}

impl Saved {
    /// Takes a stored view back, or begins one. `None` when what is stored was written by another version of the
    /// program and has to be built again.
    pub fn load(store: Arc<dyn Store>) -> Result<(Self, Option<Loaded>), SaveError> {
        let Some(bytes) = store.get(CHECKPOINT)? else {
            let saved = Self {
                store,
                checkpoint: Checkpoint::origin(),
                journal_bytes: 0,
                entity_bytes: 0,
            };
            return Ok((saved, Some((View::remembering(), Vec::new()))));
        };
        // The version stands first and is read alone: the rest may have another shape.
        let (version, _) = postcard::take_from_bytes::<u32>(&bytes)?;
        if version != VIEW_VERSION {
            return Ok((
                Self {
                    store,
                    checkpoint: Checkpoint::origin(),
                    journal_bytes: 0,
                    entity_bytes: 0,
                },
                None,
            ));
        }
        let checkpoint: Checkpoint = postcard::from_bytes(&bytes)?;
        let mut view = View::remembering();
        let (mut journal_bytes, mut entity_bytes) = (0, 0);
        for row in store.scan(ENTITIES, &[]) {
            let row = row?;
            entity_bytes += row.value.len();
            load(&mut view, &row.value)?;
        }
        for row in store.scan(JOURNAL, &[]) {
            let row = row?;
            // Rows from there on belong to a commit that did not come to its end.
            if row.key >= numbered(JOURNAL, checkpoint.journal) {
                break;
            }
            journal_bytes += row.value.len();
            load(&mut view, &row.value)?;
        }
        for row in store.scan(CELLS, &[]) {
            view.cells_mut().load_page(&row?.value)?;
        }
        let mut quarantine: Vec<Quarantined> = Vec::new();
        for row in store.scan(QUARANTINE, &[]) {
            quarantine.push(postcard::from_bytes(&row?.value)?);
        }
        view.load_summary(checkpoint.summary.clone());
        Ok((
            Self {
                store,
                checkpoint,
                journal_bytes,
                entity_bytes,
            },
            Some((view, quarantine)),
        ))
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
        let mut batch = Batch::new();
        let journal = view.take_journal();
        for piece in journal {
            self.journal_bytes += piece.len();
            batch.put(&numbered(JOURNAL, self.checkpoint.journal), &piece);
            self.checkpoint.journal += 1;
            if batch.bytes() >= BATCH_BYTES {
                batches.push(std::mem::take(&mut batch));
            }
        }
        let dirty = view.cells_mut().take_dirty();
        for page in dirty {
            let (name, bytes) = view.cells().page(page);
            let key = [CELLS, name.as_bytes()].concat();
            match bytes {
                Some(bytes) => batch.put(&key, &bytes),
                None => batch.delete(&key),
            }
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
        self.checkpoint.summary = view.summary().clone();
        batch.put(CHECKPOINT, &postcard::to_allocvec(&self.checkpoint)?);
        batches.push(batch);
        Ok(batches)
    }

    /// Where changes are committed.
    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// The journal has grown so much that it is time to write the entities to pages.
    pub fn wants_pages(&self) -> bool {
        self.journal_bytes > JOURNAL_AT_LEAST.max(self.entity_bytes / 2)
    }

    /// Writes all entities to pages of a new generation, then drops the journal and the pages before.
    ///
    /// The view must be as it was when [`Saved::changes`] were last taken, and those must be committed: a page with a
    /// fact that the stored cells do not count yet would keep it from ever being counted.
    pub fn write_pages(&mut self, view: &View) -> Result<(), SaveError> {
        let old: Vec<Vec<u8>> = self
            .store
            .scan(ENTITIES, &[])
            .chain(self.store.scan(JOURNAL, &[]))
            .map(|row| Ok(row?.key))
            .collect::<Result<_, ReadError>>()?;
        let generation = self.checkpoint.generation + 1;
        let total = self.write_entities(view, generation)?;
        self.store.sync()?;
        // Everything is in the new pages now; only then may the old rows go.
        self.checkpoint.generation = generation;
        let mut batch = Batch::new();
        old.iter().for_each(|key| batch.delete(key));
        batch.put(CHECKPOINT, &postcard::to_allocvec(&self.checkpoint)?);
        self.store.commit(&batch, Durability::Synced)?;
        (self.journal_bytes, self.entity_bytes) = (0, total);
        Ok(())
    }

    /// Writes a view that was built in one piece into a store that holds nothing yet. Until the last batch is in, the
    /// store has no checkpoint, and what is in it counts for nothing.
    pub fn write_whole(
        &mut self,
        view: &mut View,
        quarantine: &[Quarantined],
    ) -> Result<(), SaveError> {
        view.remember();
        self.entity_bytes = self.write_entities(view, self.checkpoint.generation)?;
        let batches = self.changes(view, quarantine, &[])?;
        commit_all(&*self.store, &batches)?;
        Ok(())
    }

    /// Writes all entities to pages of a generation, not yet durably, and gives the bytes that came to.
    fn write_entities(&self, view: &View, generation: u32) -> Result<usize, SaveError> {
        let mut entities: Vec<(EntityKey, &Entity)> = view.entities().collect();
        entities.sort_unstable_by_key(|(key, _)| *key);
        let page_key =
            |number: u32| [ENTITIES, &generation.to_be_bytes(), &number.to_be_bytes()].concat();
        let (mut batch, mut page, mut number, mut total) = (Batch::new(), Vec::new(), 0u32, 0);
        let mut rows = entities.iter().peekable();
        while let Some((_, entity)) = rows.next() {
            let row = EntityRow {
                family: entity.family,
                id: entity.id.as_str(),
                facts: entity.facts.as_bytes(),
            };
            row.append(&mut page);
            if page.len() >= PAGE_BYTES || rows.peek().is_none() {
                total += page.len();
                batch.put(&page_key(number), &page);
                page.clear();
                number += 1;
            }
            if batch.bytes() >= BATCH_BYTES {
                self.store
                    .commit(&std::mem::take(&mut batch), Durability::Lazy)?;
            }
        }
        self.store.commit(&batch, Durability::Lazy)?;
        Ok(total)
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

/// Takes stored entities in.
fn load(view: &mut View, mut rest: &[u8]) -> Result<(), SaveError> {
    while !rest.is_empty() {
        let (row, after) = EntityRow::first(rest)?;
        let id = EntityId::new(row.id).map_err(|_| SaveError::Row("an entity has no proper id"))?;
        view.load_entity(row.family, id, row.facts)
            .map_err(|_| SaveError::Row("an entity's facts are not whole"))?;
        rest = after;
    }
    Ok(())
}
