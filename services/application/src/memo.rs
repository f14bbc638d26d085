//! Answers kept while the view stands where it stood, so that many readers wait for one computation and do not each
//! begin their own.

use crate::overview::Overview;
use bytes::Bytes;
use chrono::NaiveDate;
use joinedup_projector::Views;
use joinedup_views::ask::Discoveries;
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
    /// Overviews, by area, audience, people and day.
    pub overviews: Memo<(String, Audience, Option<String>, NaiveDate), Overview>,
    /// The text of the run charts' scrape as gzip, by audience.
    pub run_charts: Memo<Audience, Bytes>,
    /// What to believe among all charts, by audience.
    pub discoveries: Memo<Audience, Discoveries>,
}

/// Where a view stands: its position, and how often it was rebuilt.
type Standing = (u64, u64);

struct Kept<V> {
    made: Instant,
    /// What it took to make.
    cost: Duration,
    /// Since when it has been made anew beside the readers.
    renewed_since: Option<Instant>,
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
        let standing = standing(views);
        let slot = self.slot(key);
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(found) if found.is_fresh(standing, tolerated) => found.value.clone(),
            _ => kept.insert(Kept::made(standing, make)).value.clone(),
        }
    }

    /// The same, but nobody waits for an answer while there is an older one: that is given, and made anew meanwhile. An
    /// answer is given for at least twenty times as long as it took to make, so that making it never becomes all that the
    /// program does.
    pub fn get_soon(
        &self,
        key: K,
        views: &Views,
        tolerated: Duration,
        make: impl FnOnce() -> V + Send + 'static,
    ) -> Arc<V>
    where
        V: Send + Sync + 'static,
    {
        let standing = standing(views);
        let slot = self.slot(key);
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = &mut *kept else {
            return kept.insert(Kept::made(standing, make)).value.clone();
        };
        // Should making it ever fail, it is tried again.
        let is_renewed = found.renewed_since.is_some_and(|at| at.elapsed() < MAX_AGE);
        if !is_renewed && !found.is_fresh(standing, tolerated.max(found.cost * 20)) {
            found.renewed_since = Some(Instant::now());
            let slot = slot.clone();
            std::thread::spawn(move || {
                let renewed = Kept::made(standing, make);
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(renewed);
            });
        }
        found.value.clone()
    }

    fn slot(&self, key: K) -> Slot<V> {
        // A holder that panicked leaves a map of whole entries.
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_ENTRIES && !slots.contains_key(&key) {
            slots.clear();
        }
        slots.entry(key).or_default().clone()
    }
}

impl<V> Kept<V> {
    fn made(standing: Standing, make: impl FnOnce() -> V) -> Self {
        let begun = Instant::now();
        let value = Arc::new(make());
        let made = Instant::now();
        Self {
            made,
            cost: made - begun,
            renewed_since: None,
            standing,
            value,
        }
    }

    fn is_fresh(&self, standing: Standing, tolerated: Duration) -> bool {
        let allowed = if self.standing == standing {
            MAX_AGE
        } else {
            tolerated
        };
        self.made.elapsed() < allowed
    }
}

fn standing(views: &Views) -> Standing {
    let status = views.status();
    (status.position, status.rebuilds)
}
