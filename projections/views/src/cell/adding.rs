//! Adding to cells from several threads at once. Tallies add in any order, so who comes first makes no difference.

use super::shard::Shard;
use super::{Cells, Labels, Place, Slot};
use crate::tally::Delta;
use chrono::NaiveDate;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

/// Cells that several may add to.
pub(crate) struct Adding<'a> {
    labels: RwLock<&'a mut Labels>,
    shards: Vec<Mutex<&'a mut Shard>>,
    remembers: bool,
}

impl Cells {
    /// The cells, for several to add to.
    pub(crate) fn adding(&mut self) -> Adding<'_> {
        Adding {
            labels: RwLock::new(&mut self.labels),
            shards: self.shards.iter_mut().map(Mutex::new).collect(),
            remembers: self.remembers,
        }
    }
}

/// Finds where contributions go: looking names up, and writing new ones down. Held for one entity's contributions and
/// no longer, because whoever writes waits for it.
pub(crate) struct Slots<'s, 'a> {
    adding: &'s Adding<'a>,
    labels: Option<RwLockReadGuard<'s, &'a mut Labels>>,
}

impl<'a> Adding<'a> {
    pub fn slots(&self) -> Slots<'_, 'a> {
        Slots {
            adding: self,
            labels: None,
        }
    }

    /// Adds a contribution where it goes, or takes it away.
    pub fn apply(&self, slot: Slot, delta: Delta, sign: i32) {
        let key = slot.series;
        let shard = &self.shards[Shard::of(key.quantity, key.place)];
        // Whoever panicked takes the whole fold down.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.apply(slot, delta, sign, self.remembers);
    }
}

impl Slots<'_, '_> {
    /// Where a contribution goes. Dimensions must be in alphabetical order.
    pub fn slot(
        &mut self,
        quantity: &str,
        place: Place<'_>,
        breakdown: &[(&str, &str)],
        date: NaiveDate,
    ) -> Slot {
        let all = &self.adding.labels;
        let read = || all.read().unwrap_or_else(PoisonError::into_inner);
        let known = self.labels.get_or_insert_with(read);
        if let Some(series) = known.known(quantity, place, breakdown) {
            return Slot::of(known, series, date);
        }
        self.labels = None;
        let mut all = all.write().unwrap_or_else(PoisonError::into_inner);
        let series = all.key(quantity, place, breakdown);
        Slot::of(&all, series, date)
    }
}
