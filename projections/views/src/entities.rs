//! The entities of a view that are in memory, each in one piece of it: its family and its id, and its facts behind them.

use crate::contribution::StoredFact;
use crate::fact_set::{self, Facts, Inserted, Unreadable};
use hashbrown::HashTable;
use joinedup_events::Family;
use joinedup_events::id::hash_two;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Names an entity within a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityKey(pub u128);

impl EntityKey {
    /// The key of an entity of a family.
    #[must_use]
    pub fn of(family: Family, id: &str) -> Self {
        Self(hash_two(family.code(), id))
    }

    /// In which of so many partitions it is. Each has an equal part of all keys, which are spread evenly, and all keys of
    /// one come before those of the next.
    pub(crate) fn partition(self, partitions: usize) -> usize {
        let upper = self.0 >> 64;
        ((upper * partitions as u128) >> 64) as usize
    }

    /// Its place in the table, by the bits that do not say its partition.
    fn hash(self) -> u64 {
        self.0 as u64
    }
}

/// An entity: its family, its id, and its facts.
#[derive(Clone, Debug)]
pub struct Entity<'a> {
    /// The family.
    pub family: Family,
    /// The id that its source gave it.
    pub id: Cow<'a, str>,
    /// What is known of it.
    pub facts: Facts<'a>,
}

/// One entity's bytes: the family's number and marks, the length of the id (at most 160), the id, the facts. There are
/// many, so each is one allocation and none has room to spare.
#[derive(Debug)]
struct Packed(Box<[u8]>);

/// Bytes before the id.
const BEFORE_ID: usize = 2;
/// In the first byte: all of its facts are here, and none on the shelf alone.
const WHOLE: u8 = 0x80;
/// In the first byte: some of its facts are not on the shelf.
const FRESH: u8 = 0x40;

impl Packed {
    fn new(family: Family, id: &str) -> Self {
        let length = u8::try_from(id.len()).unwrap_or(u8::MAX);
        Self(
            [&[family as u8, length], id.as_bytes()]
                .concat()
                .into_boxed_slice(),
        )
    }

    fn is_marked(&self, mark: u8) -> bool {
        self.0[0] & mark != 0
    }

    fn family(&self) -> Family {
        Family::ALL[usize::from(self.0[0] & !(WHOLE | FRESH))]
    }

    /// Where the facts begin.
    fn facts_at(&self) -> usize {
        (BEFORE_ID + usize::from(self.0[1])).min(self.0.len())
    }

    fn id(&self) -> &str {
        // It was a text when it was put in.
        std::str::from_utf8(&self.0[BEFORE_ID..self.facts_at()]).unwrap_or_default()
    }

    fn entity(&self) -> Entity<'_> {
        Entity {
            family: self.family(),
            id: Cow::Borrowed(self.id()),
            facts: Facts::of(&self.0[self.facts_at()..]),
        }
    }

    fn key(&self) -> EntityKey {
        EntityKey::of(self.family(), self.id())
    }

    fn is(&self, family: Family, id: &str) -> bool {
        self.family() as u8 == family as u8 && self.0[BEFORE_ID..self.facts_at()] == *id.as_bytes()
    }
}

/// The entities that are in memory.
#[derive(Debug, Default)]
pub(crate) struct Entities {
    table: HashTable<Packed>,
    fresh_bytes: usize,
}

/// An entity that may be given more facts.
pub(crate) struct Growing<'a> {
    packed: &'a mut Packed,
    fresh_bytes: &'a mut usize,
}

impl Growing<'_> {
    pub fn entity(&self) -> Entity<'_> {
        self.packed.entity()
    }

    /// Whether it had no facts before.
    pub fn is_empty(&self) -> bool {
        self.packed.facts_at() == self.packed.0.len()
    }

    /// Whether all of its facts are here.
    pub fn is_whole(&self) -> bool {
        self.packed.is_marked(WHOLE)
    }

    pub fn set_whole(&mut self) {
        self.packed.0[0] |= WHOLE;
    }

    /// Inserts a fact; `row` is room to work in.
    pub fn insert(&mut self, fact: &StoredFact, row: &mut Vec<u8>) -> Inserted {
        let (from, before) = (self.packed.facts_at(), self.fresh());
        let inserted = fact_set::insert(&mut self.packed.0, from, fact, row);
        if inserted != Inserted::Known {
            self.packed.0[0] |= FRESH;
            *self.fresh_bytes += self.fresh().saturating_sub(before);
        }
        inserted
    }

    /// Takes in facts that the shelf has.
    pub fn merge(&mut self, facts: &[u8]) -> Result<(), Unreadable> {
        let (from, before) = (self.packed.facts_at(), self.fresh());
        let merged = fact_set::merge(&mut self.packed.0, from, facts);
        *self.fresh_bytes += self.fresh().saturating_sub(before);
        merged
    }

    /// Takes in facts that the shelf does not have.
    pub fn merge_fresh(&mut self, facts: &[u8]) -> Result<(), Unreadable> {
        *self.fresh_bytes += self.packed.0.len() - self.fresh();
        self.packed.0[0] |= FRESH;
        self.merge(facts)
    }

    /// Its bytes, if some of them are not on the shelf.
    fn fresh(&self) -> usize {
        if self.packed.is_marked(FRESH) {
            self.packed.0.len()
        } else {
            0
        }
    }
}

impl Entities {
    /// An entity, and whether all of its facts are here.
    pub fn get(&self, key: EntityKey) -> Option<(Entity<'_>, bool)> {
        let found = self.table.find(key.hash(), |p| p.key() == key)?;
        Some((found.entity(), found.is_marked(WHOLE)))
    }

    /// An entity to give facts to; begun where there was none. `key` must be that of family and id.
    pub fn grow(&mut self, key: EntityKey, family: Family, id: &str) -> Growing<'_> {
        let entry = self
            .table
            .entry(key.hash(), |p| p.is(family, id), |p| p.key().hash());
        Growing {
            packed: entry.or_insert_with(|| Packed::new(family, id)).into_mut(),
            fresh_bytes: &mut self.fresh_bytes,
        }
    }

    /// How many bytes of them are not on the shelf.
    pub fn fresh_bytes(&self) -> usize {
        self.fresh_bytes
    }

    /// Those of which some facts are not on the shelf, by key.
    pub fn fresh(&self) -> Vec<(EntityKey, Entity<'_>)> {
        self.sorted(|packed| packed.is_marked(FRESH))
    }

    /// Those whose keys pass, by key.
    pub fn within(&self, passes: impl Fn(EntityKey) -> bool) -> Vec<(EntityKey, Entity<'_>)> {
        self.sorted(|packed| passes(packed.key()))
    }

    fn sorted(&self, passes: impl Fn(&Packed) -> bool) -> Vec<(EntityKey, Entity<'_>)> {
        let all = self.table.iter().filter(|packed| passes(packed));
        let mut found: Vec<_> = all.map(|packed| (packed.key(), packed.entity())).collect();
        found.sort_unstable_by_key(|(key, _)| *key);
        found
    }

    /// All facts are on the shelf now: only those that are in use stay.
    pub fn shelved(&mut self, in_use: impl Fn(EntityKey) -> bool) {
        self.table.retain(|packed| in_use(packed.key()));
        // Where they lie most of their neighbours have gone: they move together.
        let used = std::mem::take(&mut self.table);
        self.table.reserve(used.len(), |packed| packed.key().hash());
        for packed in used {
            let mut moved = Packed(packed.0.clone());
            moved.0[0] &= !FRESH;
            let hash = moved.key().hash();
            self.table
                .insert_unique(hash, moved, |packed| packed.key().hash());
        }
        self.fresh_bytes = 0;
    }
}
