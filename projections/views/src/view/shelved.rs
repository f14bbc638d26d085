//! What a view and its partitions give of their entities, in memory or on a shelf, and how they go there and come back.

use super::{Entity, EntityKey, Partition, View, in_memory, unreadable};
use crate::entity_row::EntityRow;
use crate::fact_set::{Facts, Unreadable, merge};
use crate::shelf::{Shelf, ShelfError};
use joinedup_events::Family;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an item is when it is read from a shelf: it may fail.
type Fetched<T> = Result<T, ShelfError>;

impl View {
    /// One entity.
    #[must_use]
    pub fn entity(&self, family: Family, id: &str) -> Option<Entity<'_>> {
        self.entity_of(EntityKey::of(family, id))
    }

    /// One entity, by its key.
    #[must_use]
    pub fn entity_of(&self, key: EntityKey) -> Option<Entity<'_>> {
        self.partition_of(key).entity_of(key)
    }

    /// Why some entities could not be fetched, if so: the view is then to be built again.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.partitions.iter().find_map(Partition::damage)
    }

    /// How many entities there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.partitions.iter().map(Partition::len).sum()
    }

    /// Whether there are no entities.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The open entities of a family: transfers waiting in bed, referrals not closed.
    pub fn open(&self, family: Family) -> impl Iterator<Item = Entity<'_>> {
        let partitions = self.partitions.iter();
        partitions.flat_map(move |p| p.of_family(&p.lists.open, family))
    }

    /// The entities of a small family: assessments or changes.
    pub fn listed(&self, family: Family) -> impl Iterator<Item = Entity<'_>> {
        let partitions = self.partitions.iter();
        partitions.flat_map(move |p| p.of_family(&p.lists.listed, family))
    }

    /// Every entity, by key.
    pub fn entities(&self) -> impl Iterator<Item = (EntityKey, Entity<'_>)> {
        self.between(EntityKey(0), None)
    }

    /// The entities from one key on, and before another.
    pub(super) fn between(
        &self,
        from: EntityKey,
        end: Option<EntityKey>,
    ) -> impl Iterator<Item = (EntityKey, Entity<'_>)> {
        let number = |key: EntityKey| key.partition(self.partitions.len());
        let last = end.map_or(self.partitions.len() - 1, number);
        let within = self.partitions[number(from)..=last].iter();
        within.flat_map(move |partition| partition.between(from, end))
    }

    /// How many bytes of entities are on no shelf yet.
    #[must_use]
    pub fn fresh_bytes(&self) -> usize {
        let partitions = self.partitions.iter();
        partitions.map(|p| p.entities.fresh_bytes()).sum()
    }
}

impl Partition {
    fn entity_of(&self, key: EntityKey) -> Option<Entity<'_>> {
        let known = match self.entities.get(key) {
            Some((entity, true)) => return Some(entity),
            known => known.map(|(entity, _)| entity),
        };
        let Some(shelf) = &self.shelf else {
            return known;
        };
        let fetched = shelf.rows_of(key).and_then(|rows| {
            rows.iter()
                .try_fold(known, |known, row| joined(known, row).map(Some))
        });
        self.sound(fetched).flatten()
    }

    /// What was fetched; a failure is noted.
    fn sound<T>(&self, fetched: Fetched<T>) -> Option<T> {
        // Only the first reason counts.
        fetched.map_err(|error| drop(self.damage.set(error.0))).ok()
    }

    /// Why some of its entities could not be fetched, if so.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    /// How many entities it has.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.lists.count).unwrap_or(usize::MAX)
    }

    /// It has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists.count == 0
    }

    fn of_family<'a>(
        &'a self,
        keys: &'a BTreeSet<EntityKey>,
        family: Family,
    ) -> impl Iterator<Item = Entity<'a>> {
        keys.iter()
            .filter_map(|key| self.entity_of(*key))
            .filter(move |entity| entity.family == family)
    }

    /// Its entities, by key.
    pub fn entities(&self) -> impl Iterator<Item = (EntityKey, Entity<'_>)> {
        self.between(EntityKey(0), None)
    }

    fn between(
        &self,
        from: EntityKey,
        end: Option<EntityKey>,
    ) -> impl Iterator<Item = (EntityKey, Entity<'_>)> {
        let ends = move |key: EntityKey| end.is_some_and(|end| key >= end);
        let within = self.entities.within(|key| key >= from && !ends(key));
        let mut memory = within.into_iter().peekable();
        let scan = self.shelf.as_ref().map(|shelf| shelf.scan(from));
        let mut shelf = scan.into_iter().flatten().peekable();
        std::iter::from_fn(move || {
            let on_shelf = match shelf.peek() {
                Some(Ok((key, _))) => Some(*key),
                Some(Err(_)) => {
                    let failed = shelf.next()?;
                    return self.sound(failed.map(|_| None)).flatten();
                }
                None => None,
            };
            let in_memory = memory.peek().map(|(key, _)| *key);
            let key = [on_shelf.filter(|key| !ends(*key)), in_memory];
            let key = key.into_iter().flatten().min()?;
            let mut entity = memory.next_if(|(known, _)| *known == key).map(|(_, e)| e);
            while let Some(row) =
                shelf.next_if(|row| matches!(row, Ok((known, _)) if *known == key))
            {
                let row = row.and_then(|(_, row)| joined(entity.take(), &row));
                entity = Some(self.sound(row)?);
            }
            Some((key, entity?))
        })
    }

    /// The entities of which a shelf does not have all, by key, with the facts that are in memory.
    #[must_use]
    pub fn fresh(&self) -> Vec<(EntityKey, Entity<'_>)> {
        self.entities.fresh()
    }

    /// All facts are on this shelf now. Those of entities in use stay in memory as well: of those that are open, and of
    /// the families that pages list.
    pub fn put_on(&mut self, shelf: Arc<dyn Shelf>) {
        let lists = &self.lists;
        let in_use = |key: EntityKey| lists.open.contains(&key) || lists.listed.contains(&key);
        self.entities.shelved(in_use);
        self.shelf = Some(shelf);
    }

    /// Takes the shelf of a partition that was stored, and from it the entities in use.
    ///
    /// # Errors
    /// When one cannot be fetched.
    pub fn take_shelf(&mut self, shelf: Arc<dyn Shelf>) -> Result<(), ShelfError> {
        for key in self.lists.open.iter().chain(&self.lists.listed) {
            let rows = shelf.rows_of(*key)?;
            let Some(row) = rows.first() else { continue };
            let (row, _) = EntityRow::first(row).map_err(unreadable)?;
            in_memory(
                &mut self.entities,
                Some(&*shelf),
                (*key, row.family, row.id),
            )?;
        }
        self.shelf = Some(shelf);
        Ok(())
    }
}

/// An entity with the facts of a row of a shelf too.
fn joined<'a>(known: Option<Entity<'a>>, row: &[u8]) -> Fetched<Entity<'a>> {
    let (row, _) = EntityRow::first(row).map_err(unreadable)?;
    let (id, mut facts) = match known {
        Some(known) => (known.id, Box::from(known.facts.as_bytes())),
        None => (Cow::Owned(row.id.to_owned()), Box::default()),
    };
    merge(&mut facts, 0, row.facts).map_err(|Unreadable| unreadable(Unreadable))?;
    Ok(Entity {
        family: row.family,
        id,
        facts: Facts::of(facts.into_vec()),
    })
}
