//! Adding to cells from several threads at once. Tallies add in any order, so who comes first makes no difference.

use super::shard::{SHARDS, Shard};
use super::{Cells, Labels, Place, Slot};
use crate::tally::Delta;
use chrono::NaiveDate;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

/// So many contributions to one shard are added in one go.
const MAX_WAITING: usize = 64;

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

/// One who adds. Contributions to a shard wait until there are some of them, so that who adds seldom waits for another;
/// [`Adder::finish`] adds the last.
pub(crate) struct Adder<'s, 'a> {
    adding: &'s Adding<'a>,
    /// Held while one entity is counted and no longer, because whoever writes a new name down waits for it.
    labels: Option<RwLockReadGuard<'s, &'a mut Labels>>,
    /// By shard: where it goes, what, and whether it is added (1) or taken away (−1).
    waiting: Vec<Vec<(Slot, Delta, i32)>>,
}

impl<'s, 'a> Adder<'s, 'a> {
    pub fn new(adding: &'s Adding<'a>) -> Self {
        Self {
            adding,
            labels: None,
            waiting: vec![Vec::new(); SHARDS],
        }
    }

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

    /// Adds a contribution where it goes (`sign` 1), or takes it away (−1).
    pub fn apply(&mut self, slot: Slot, delta: Delta, sign: i32) {
        let number = Shard::of(slot.series.quantity, slot.series.place);
        let waiting = &mut self.waiting[number];
        waiting.push((slot, delta, sign));
        if waiting.len() >= MAX_WAITING {
            self.add(number);
        }
    }

    fn add(&mut self, number: usize) {
        // Whoever panicked takes the whole fold down.
        let shard = self.adding.shards[number].lock();
        let mut shard = shard.unwrap_or_else(PoisonError::into_inner);
        for (slot, delta, sign) in self.waiting[number].drain(..) {
            shard.apply(slot, delta, sign, self.adding.remembers);
        }
    }

    /// An entity has been counted: who has a new name to write down may do so.
    pub fn counted(&mut self) {
        self.labels = None;
    }

    /// Adds what waits.
    pub fn finish(mut self) {
        for number in 0..SHARDS {
            if !self.waiting[number].is_empty() {
                self.add(number);
            }
        }
    }
}
