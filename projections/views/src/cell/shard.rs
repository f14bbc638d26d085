//! A part of the series, so that several who fold can add to cells at once and seldom wait for each other.

use super::{Page, Series, SeriesKey, Slot};
use crate::tally::{Delta, Tally};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// How many there are. All series of a quantity in a place are in one; with some hundreds of these it is seldom that two
/// who fold want the same.
pub(super) const SHARDS: usize = 64;

/// The series of some quantities in some places.
#[derive(Clone, Debug, Default)]
pub(super) struct Shard {
    /// Shared with copies, so that one to draw many charts from costs neither time nor memory; a series that changes
    /// meanwhile is copied alone.
    pub series: HashMap<SeriesKey, Arc<Series>, RandomState>,
    /// The breakdowns that a quantity has in a place.
    pub by_place: BTreeMap<(u32, u32), BTreeSet<u32>>,
    /// The pages that changed.
    pub dirty: HashSet<Page, RandomState>,
}

impl Shard {
    /// Which of them has a quantity in a place.
    pub fn of(quantity: u32, place: u32) -> usize {
        // Both are small numbers: multiplied by an odd one with no pattern, they spread over the upper bits.
        let mixed =
            ((u64::from(quantity) << 32) | u64::from(place)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as usize % SHARDS
    }

    /// Adds a contribution, or takes it away; and remembers the page that it changed, if wanted.
    pub fn apply(&mut self, slot: Slot, delta: Delta, sign: i32, remember: bool) {
        let series = self.series_mut(slot.series);
        series.change(
            slot.date,
            || Tally::zero(delta),
            |cell| cell.apply(delta, sign),
        );
        if remember {
            let page = Page::of(slot.series.quantity, slot.home, slot.date);
            self.dirty.insert(page);
        }
    }

    /// A series, begun where there is none.
    pub fn series_mut(&mut self, key: SeriesKey) -> &mut Series {
        let series = self.series.entry(key).or_insert_with(|| {
            self.by_place
                .entry((key.quantity, key.place))
                .or_default()
                .insert(key.breakdown);
            Arc::default()
        });
        Arc::make_mut(series)
    }

    /// The keys of its series.
    pub fn keys(&self) -> impl Iterator<Item = SeriesKey> {
        self.by_place.iter().flat_map(|(&(quantity, place), all)| {
            all.iter().map(move |&breakdown| SeriesKey {
                quantity,
                place,
                breakdown,
            })
        })
    }
}
