//! Answers kept while the view stands where it stood, so that many readers wait for one computation and do not each
//! begin their own.

use crate::overview::Overview;
use bytes::Bytes;
use chrono::NaiveDate;
use joinedup_projector::Views;
use joinedup_views::suppression::Audience;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer is given again although the view has not moved: a period can end, and a point ripen, without an
/// event.
const MAX_AGE: Duration = Duration::from_secs(60);
/// How many answers are kept.
const MAX_ENTRIES: usize = 64;

/// Answers that cost much and are asked for by many at once.
#[derive(Default)]
pub struct Memos {
    /// Overviews, by area, audience and day.
    pub overviews: Memo<(String, Audience, NaiveDate), Overview>,
    /// The text of the run charts' scrape, by audience.
    pub run_charts: Memo<Audience, Bytes>,
}

/// Where a view stands: its position, and how often it was rebuilt.
type Standing = (u64, u64);

struct Kept<V> {
    made: Instant,
    standing: Standing,
    value: Arc<V>,
}

type Slot<V> = Arc<Mutex<Option<Kept<V>>>>;

/// Answers by key.
pub struct Memo<K, V>(Mutex<BTreeMap<K, Slot<V>>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord, V> Memo<K, V> {
    /// The answer for a key: the one that is kept while the view has not moved, or for `tolerated` after it was made
    /// although it has; else what `make` gives. Whoever asks meanwhile for the same key waits for it.
    pub fn get(
        &self,
        key: K,
        views: &Views,
        tolerated: Duration,
        make: impl FnOnce() -> V,
    ) -> Arc<V> {
        let status = views.status();
        let standing = (status.position, status.rebuilds);
        let slot = {
            // A holder that panicked leaves a map of whole entries.
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if slots.len() >= MAX_ENTRIES && !slots.contains_key(&key) {
                slots.clear();
            }
            slots.entry(key).or_default().clone()
        };
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = &*kept
            && found.made.elapsed()
                < if found.standing == standing {
                    MAX_AGE
                } else {
                    tolerated
                }
        {
            return found.value.clone();
        }
        let value = Arc::new(make());
        *kept = Some(Kept {
            made: Instant::now(),
            standing,
            value: value.clone(),
        });
        value
    }
}
