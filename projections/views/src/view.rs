//! The view: every entity's facts, and the cells that are the sum of their contributions.

use crate::cell::Cells;
use crate::entities::{Entities, Growing};
use crate::entity_row::EntityRow;
use crate::fact_set::Unreadable;
use crate::shelf::{Shelf, ShelfError};
use crate::summary::Statement;
use chrono::{DateTime, Utc};
use joinedup_events::{Event, Family};
use rayon::prelude::*;

mod arriving;
mod bundle;
mod known_at;
mod partition;
mod shelved;

pub use crate::entities::{Entity, EntityKey};
pub use crate::summary::{LastReport, Reported, Rhythm, Summary, Totals};
pub use bundle::Bundle;
pub use known_at::{KnownAt, Part};
pub use partition::{Lists, Partition};

/// The version of what views store. A change of the packed facts, of a quantity or of a contribution raises it, and
/// with it every view is rebuilt from the log.
pub const VIEW_VERSION: u32 = 25;

/// With fewer facts than this, dividing the work costs more than it saves.
const MIN_TO_DIVIDE: usize = 256;

/// The view.
#[derive(Debug)]
pub struct View {
    partitions: Vec<Partition>,
    /// The sum of what the entities of all partitions add.
    cells: Cells,
    summary: Summary,
    position: u64,
    as_of: Option<DateTime<Utc>>,
}

impl Default for View {
    fn default() -> Self {
        Self::partitioned(1)
    }
}

impl View {
    /// An empty view of one partition.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty view of so many partitions, at least one. How many makes no difference to what it holds, only to how many
    /// can fold at once.
    #[must_use]
    pub fn partitioned(partitions: usize) -> Self {
        Self {
            partitions: (0..partitions.max(1))
                .map(|_| Partition::default())
                .collect(),
            cells: Cells::default(),
            summary: Summary::default(),
            position: 0,
            as_of: None,
        }
    }

    /// Folds events with their positions. The entities they touch are counted anew once each: a run of events costs
    /// less than the same events one by one, and comes to the same.
    pub fn fold(&mut self, events: impl IntoIterator<Item = (u64, Event)>) {
        let events: Vec<(u64, Event)> = events.into_iter().collect();
        let partitions = self.partitions.len();
        let empty = || Bundle::new(partitions);
        let with = |mut bundle: Bundle, (position, event)| {
            bundle.add(position, event);
            bundle
        };
        let bundles = if partitions == 1 || events.len() < MIN_TO_DIVIDE {
            vec![events.into_iter().fold(empty(), with)]
        } else {
            let events = events.into_par_iter().with_min_len(MIN_TO_DIVIDE);
            events.fold(empty, with).collect()
        };
        self.fold_bundles(bundles);
    }

    /// Folds bundled events, each partition on a thread of its own where there are enough.
    pub fn fold_bundles(&mut self, bundles: impl IntoIterator<Item = Bundle>) {
        let mut inbox: Vec<Vec<_>> = self.partitions.iter().map(|_| Vec::new()).collect();
        let mut count = 0;
        for bundle in bundles {
            let bundle = bundle.dealt_to(self.partitions.len());
            count += bundle.len();
            self.position = self.position.max(bundle.position);
            self.summary.record(bundle.reports);
            for (all, messages) in inbox.iter_mut().zip(bundle.messages) {
                all.push(messages);
            }
        }
        let cells = self.cells.adding();
        let fold = |(partition, messages): (&mut Partition, _)| partition.fold(messages, &cells);
        let outcomes: Vec<_> = if count < MIN_TO_DIVIDE {
            self.partitions.iter_mut().zip(inbox).map(fold).collect()
        } else {
            let partitions = self.partitions.par_iter_mut().zip(inbox);
            partitions.map(fold).collect()
        };
        let mut relayed = Bundle::new(self.partitions.len());
        for outcome in outcomes {
            outcome.relayed.into_iter().for_each(|m| relayed.deal(m));
            self.summary.totals.add(&outcome.totals);
            for (entity, statement) in outcome.statements {
                self.summary.statements.settle(entity, statement);
            }
        }
        // What was relayed is relayed no further.
        if relayed.len() > 0 {
            self.fold_bundles([relayed]);
        }
    }

    /// The cells.
    #[must_use]
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// Sources, totals and lists.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The last position of the log that it holds.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// When it was at the position last, as its reader saw it; none before anybody read a log.
    #[must_use]
    pub const fn as_of(&self) -> Option<DateTime<Utc>> {
        self.as_of
    }

    /// Notes that all up to a position has been read, folded or set aside, by an instant.
    pub fn reached(&mut self, position: u64, at: DateTime<Utc>) {
        (self.position, self.as_of) = (position, Some(at));
    }

    /// From now on the view remembers what changes: for one that is stored.
    pub fn remember(&mut self) {
        self.partitions.iter_mut().for_each(Partition::remember);
        self.cells.remember();
    }

    /// How many bytes [`Partition::take_journal`] would give of all partitions.
    #[must_use]
    pub fn journal_bytes(&self) -> usize {
        let journals = self.partitions.iter().filter_map(|p| p.journal.as_ref());
        journals.map(|journal| journal.bytes).sum()
    }

    /// The partitions. Their entities lie in the order of their keys.
    #[must_use]
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// The partitions, to take what changed, or to take them back from a store.
    pub fn partitions_mut(&mut self) -> &mut [Partition] {
        &mut self.partitions
    }

    /// The partition of an entity.
    fn partition_of(&self, key: EntityKey) -> &Partition {
        &self.partitions[key.partition(self.partitions.len())]
    }

    /// The cells, to take what changed or to load pages.
    pub fn cells_mut(&mut self) -> &mut Cells {
        &mut self.cells
    }

    /// Takes back the stored summary.
    pub fn load_summary(&mut self, summary: Summary) {
        self.summary = summary;
    }
}

/// An entity with all of its facts in memory.
fn in_memory<'a>(
    entities: &'a mut Entities,
    shelf: Option<&dyn Shelf>,
    (key, family, id): (EntityKey, Family, &str),
) -> Result<Growing<'a>, ShelfError> {
    let mut entity = entities.grow(key, family, id);
    if !entity.is_whole() {
        for row in shelf.map_or(Ok(Vec::new()), |shelf| shelf.rows_of(key))? {
            let (stored, _) = EntityRow::first(&row).map_err(unreadable)?;
            entity.merge(stored.facts).map_err(unreadable)?;
        }
        entity.set_whole();
    }
    Ok(entity)
}

fn unreadable<E>(_: E) -> ShelfError {
    ShelfError(Unreadable.to_string())
}
