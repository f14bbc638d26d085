//! What was decided last. Whoever looks at a chart taken apart asks for one value of a dimension after the other, and what is
//! suppressed of one is decided with all of them. And each event makes everything to be decided anew, of which it changes
//! the numbers of a day or two.

use super::Shown;
use super::among::At;
use super::neighbours::{Family, Ranked};
use crate::measure::SmallNumbers;
use chrono::NaiveDate;
use joinedup_events::AreaId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

/// Which points are suppressed, by slice.
pub(super) type Hidden = BTreeSet<(usize, At)>;

/// The same in little room, since it is kept: there may be hundreds of thousands of points.
type Kept = BTreeMap<(usize, AreaId), Vec<NaiveDate>>;

/// Decisions of the last questions, by all that they depend on; and of the last numbers that were decided together.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    questions: Arc<Mutex<Vec<(String, Kept)>>>,
    families: Arc<Mutex<Families>>,
    /// With a key of its own in each process, so that nobody can make two families that are taken for each other.
    hash: RandomState,
}

/// How many questions are kept: the lengths of period of one.
const MAX_DECISIONS: usize = 5;

/// Of how many families it is kept what was decided, twice at the most: a few of hundreds of bytes each.
const MAX_FAMILIES: usize = 10_000;

/// Which numbers of a family are suppressed for the sake of others, by the hash of all that decides it.
#[derive(Debug, Default)]
struct Families {
    new: HashMap<u64, Arc<[usize]>>,
    /// Those before, which go when there are as many new ones.
    old: HashMap<u64, Arc<[usize]>>,
}

impl Families {
    fn get(&mut self, key: u64) -> Option<Arc<[usize]>> {
        if let Some(beside) = self.new.get(&key) {
            return Some(beside.clone());
        }
        let beside = self.old.remove(&key)?;
        self.insert(key, beside.clone());
        Some(beside)
    }

    fn insert(&mut self, key: u64, beside: Arc<[usize]>) {
        if self.new.len() >= MAX_FAMILIES {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(key, beside);
    }
}

impl Remembered {
    /// How the numbers of a family may be shown, in order.
    pub(super) fn shown<K: Ord>(&self, family: &Family<K>, rule: SmallNumbers) -> Vec<Shown> {
        let ranked = family.ranked(rule);
        ranked.shown(&self.beside_small(&ranked))
    }

    fn beside_small(&self, ranked: &Ranked) -> Arc<[usize]> {
        // A thread that panicked left whole entries.
        let families = || self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let key = self.hash.hash_one(ranked);
        if let Some(beside) = families().get(key) {
            return beside;
        }
        // Not under the lock: others need not wait for it.
        let beside: Arc<[usize]> = ranked.beside_small().into();
        families().insert(key, beside.clone());
        beside
    }

    /// What a decision says of one slice. It is made if its key is not known, and not kept without a key.
    pub(super) fn decide(
        &self,
        key: Option<String>,
        slice: usize,
        decide: impl FnOnce() -> Hidden,
    ) -> Hidden {
        // A thread that panicked left the list as it was.
        let decisions = || {
            self.questions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some((_, kept)) = decisions().iter().find(|(of, _)| Some(of) == key.as_ref()) {
            let of_slice = kept.iter().filter(|((of, _), _)| *of == slice);
            let points = of_slice.flat_map(|((_, area), starts)| {
                starts.iter().map(|start| (slice, (*start, area.clone())))
            });
            return points.collect();
        }
        // Not under the lock: others need not wait for it.
        let mut hidden = decide();
        if let Some(key) = key {
            let mut kept = Kept::new();
            for (of, (start, area)) in &hidden {
                kept.entry((*of, area.clone())).or_default().push(*start);
            }
            let mut all = decisions();
            all.truncate(MAX_DECISIONS - 1);
            all.insert(0, (key, kept));
        }
        hidden.retain(|(of, _)| *of == slice);
        hidden
    }
}

#[cfg(test)]
mod tests {
    use super::super::neighbours::{Number, Sum};
    use super::*;

    /// A total of two places.
    fn family(one: i64, other: i64) -> Family<&'static str> {
        let number = |n| Number {
            n,
            people: n,
            holds: true,
        };
        let numbers = [("a", one), ("b", other), ("total", one + other)];
        Family {
            numbers: numbers.map(|(of, n)| (of, number(n))).into(),
            sums: vec![Sum::of("total", vec!["a", "b"])],
            ..Family::default()
        }
    }

    #[test]
    fn what_is_remembered_is_what_would_be_decided_anew_however_much_has_been_asked_since() {
        let remembered = Remembered::default();
        let side = MAX_FAMILIES.isqrt() as i64 * 3 / 2;
        for _ in 0..2 {
            for (one, other) in (0..side).flat_map(|one| (0..side).map(move |other| (one, other))) {
                let family = family(one, other);
                let anew = Remembered::default().shown(&family, SmallNumbers::Hes7);
                assert_eq!(remembered.shown(&family, SmallNumbers::Hes7), anew);
            }
        }
        let families = remembered.families.lock().unwrap();
        assert!(families.new.len() <= MAX_FAMILIES && families.old.len() <= MAX_FAMILIES);
        assert!(!families.old.is_empty());
    }
}
