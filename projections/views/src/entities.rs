//! The entities of a view, each in one piece of memory: its family and its id, and its facts behind them.

use crate::contribution::StoredFact;
use crate::fact_set::{self, Facts, Inserted, Unreadable};
use hashbrown::HashTable;
use joinedup_events::Family;
use joinedup_events::id::hash_two;
use serde::{Deserialize, Serialize};

/// Names an entity within a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityKey(pub u128);

impl EntityKey {
    /// The key of an entity of a family.
    #[must_use]
    pub fn of(family: Family, id: &str) -> Self {
        Self(hash_two(family.code(), id))
    }

    /// Its place in the table.
    fn hash(self) -> u64 {
        self.0 as u64
    }
}

/// An entity: its family, its id, and its facts.
#[derive(Clone, Copy, Debug)]
pub struct Entity<'a> {
    /// The family.
    pub family: Family,
    /// The id that its source gave it.
    pub id: &'a str,
    /// What is known of it.
    pub facts: Facts<'a>,
}

impl Entity<'_> {
    fn key(&self) -> EntityKey {
        EntityKey::of(self.family, self.id)
    }
}

/// One entity's bytes: the family's number, the length of the id (at most 160), the id, the facts. There are many and
/// they stay, so each is one allocation and none has room to spare.
#[derive(Debug)]
struct Packed(Box<[u8]>);

/// Bytes before the id.
const BEFORE_ID: usize = 2;

impl Packed {
    fn new(family: Family, id: &str) -> Self {
        let length = u8::try_from(id.len()).unwrap_or(u8::MAX);
        Self(
            [&[family as u8, length], id.as_bytes()]
                .concat()
                .into_boxed_slice(),
        )
    }

    /// Where the facts begin.
    fn facts_at(&self) -> usize {
        (BEFORE_ID + usize::from(self.0[1])).min(self.0.len())
    }

    fn entity(&self) -> Entity<'_> {
        let (head, facts) = self.0.split_at(self.facts_at());
        Entity {
            family: Family::ALL[usize::from(head[0])],
            // It was a text when it was put in.
            id: std::str::from_utf8(&head[BEFORE_ID..]).unwrap_or_default(),
            facts: Facts::of(facts),
        }
    }

    fn is(&self, family: Family, id: &str) -> bool {
        self.0[0] == family as u8 && self.0[BEFORE_ID..self.facts_at()] == *id.as_bytes()
    }
}

/// Room is made for at most so many at once: the number comes from a file.
const ROOM_MOST: usize = 10_000_000;

/// All entities.
#[derive(Debug, Default)]
pub(crate) struct Entities(HashTable<Packed>);

/// An entity that may be given more facts.
pub(crate) struct Growing<'a>(&'a mut Packed);

impl Growing<'_> {
    pub fn entity(&self) -> Entity<'_> {
        self.0.entity()
    }

    /// Inserts a fact; `row` is room to work in.
    pub fn insert(&mut self, fact: &StoredFact, row: &mut Vec<u8>) -> Inserted {
        let from = self.0.facts_at();
        fact_set::insert(&mut self.0.0, from, fact, row)
    }

    /// Takes stored facts in.
    pub fn merge(&mut self, facts: &[u8]) -> Result<(), Unreadable> {
        let from = self.0.facts_at();
        fact_set::merge(&mut self.0.0, from, facts)
    }
}

impl Entities {
    /// None yet, and room for so many, up to ten million.
    pub fn with_room_for(entities: usize) -> Self {
        Self(HashTable::with_capacity(entities.min(ROOM_MOST)))
    }

    /// An entity by the name its source gave it.
    pub fn named(&self, family: Family, id: &str) -> Option<Entity<'_>> {
        let hash = EntityKey::of(family, id).hash();
        self.0.find(hash, |p| p.is(family, id)).map(Packed::entity)
    }

    /// An entity by its key.
    pub fn get(&self, key: EntityKey) -> Option<Entity<'_>> {
        let found = self.0.find(key.hash(), |p| p.entity().key() == key);
        found.map(Packed::entity)
    }

    /// An entity to give facts to; begun where there was none. `key` must be that of family and id.
    pub fn grow(&mut self, key: EntityKey, family: Family, id: &str) -> Growing<'_> {
        let entry = self.0.entry(
            key.hash(),
            |p| p.is(family, id),
            |p| p.entity().key().hash(),
        );
        Growing(entry.or_insert_with(|| Packed::new(family, id)).into_mut())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (EntityKey, Entity<'_>)> {
        self.0.iter().map(|packed| {
            let entity = packed.entity();
            (entity.key(), entity)
        })
    }
}
