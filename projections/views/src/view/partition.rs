//! A partition: the entities whose keys lie in one part of all keys, with their facts, and the folding of them. Nothing in
//! it knows of another partition: what an entity is linked to gets a fact of its own.

use super::bundle::{Message, relayed};
use super::{EntityKey, Statement, in_memory};
use crate::cell::{Adder, Adding, Place, Slot};
use crate::contradictions;
use crate::contribution::StoredFact;
use crate::contributions::contribute;
use crate::entities::Entities;
use crate::entity_row::{EntityRow, Journal};
use crate::fact_set::{
    Inserted, Unreadable, in_order, make_earlier, pack, same_content, without_retracted,
};
use crate::shelf::Shelf;
use crate::summary::Totals;
use crate::tally::Delta;
use chrono::NaiveDate;
use joinedup_events::{EntityId, Family};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// A partition of a view.
#[derive(Debug, Default)]
pub struct Partition {
    /// The entities in memory.
    pub(super) entities: Entities,
    /// Where the others are.
    pub(super) shelf: Option<Arc<dyn Shelf>>,
    pub(super) lists: Lists,
    /// Why some could not be fetched.
    pub(super) damage: OnceLock<String>,
    pub(super) journal: Option<Journal>,
}

/// What a partition keeps beside facts: small, and stored with every checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lists {
    /// How many entities there are, in memory or not.
    pub count: u64,
    /// Transfers waiting in bed and referrals not closed.
    pub open: BTreeSet<EntityKey>,
    /// Entities of the small families, which pages list: assessments, changes.
    pub listed: BTreeSet<EntityKey>,
}

/// What an entity adds to the cells.
type Contributions = Vec<(Slot, Delta)>;

/// What came of folding beside facts and cells.
#[derive(Default)]
pub(super) struct Outcome {
    pub totals: Totals,
    /// Facts that are still to go to other entities, to which one is or was linked.
    pub relayed: Vec<Message>,
    /// What entities say of sources.
    pub statements: Vec<(EntityKey, Statement)>,
}

/// Room to work in while a run is folded.
#[derive(Default)]
struct Room {
    facts: Vec<StoredFact>,
    before: Contributions,
    after: Contributions,
    row: Vec<u8>,
}

impl Partition {
    /// Folds the partition's messages of a run of events. Each entity is counted anew once.
    pub(super) fn fold(&mut self, inbox: Vec<Vec<Message>>, cells: &Adding<'_>) -> Outcome {
        let mut messages: Vec<Option<Message>> = inbox.into_iter().flatten().map(Some).collect();
        let keys = messages.iter().zip(0..);
        let mut order: Vec<(EntityKey, usize)> = keys
            .filter_map(|(message, at)| Some((message.as_ref()?.key, at)))
            .collect();
        order.sort_unstable();
        let (mut room, mut outcome) = (Room::default(), Outcome::default());
        let mut cells = Adder::new(cells);
        for for_entity in order.chunk_by(|a, b| a.0 == b.0) {
            let messages = for_entity.iter().filter_map(|(_, at)| messages[*at].take());
            self.record(messages, &mut cells, &mut room, &mut outcome);
            cells.counted();
        }
        cells.finish();
        outcome
    }

    /// Gives one entity its messages, and counts it anew: adds what it did not add before, takes away what it adds no
    /// more, and keeps the lists of open and small-family entities right.
    fn record(
        &mut self,
        messages: impl Iterator<Item = Message>,
        cells: &mut Adder<'_, '_>,
        room: &mut Room,
        outcome: &mut Outcome,
    ) {
        let mut messages = messages.peekable();
        let Some(&Message {
            key,
            family,
            ref entity,
            ..
        }) = messages.peek()
        else {
            return;
        };
        let who = (key, family, entity.as_str());
        let mut entity = match in_memory(&mut self.entities, self.shelf.as_deref(), who) {
            Ok(entity) => entity,
            Err(error) => {
                // What is counted from here on is not the sum any more; whoever folds looks at this.
                let _ = self.damage.set(error.0);
                return;
            }
        };
        self.lists.count += u64::from(entity.is_empty());
        let facts = &mut room.facts;
        facts.clear();
        entity.entity().facts.add_to(facts);
        in_order(facts);
        room.before.clear();
        let standing = without_retracted(facts);
        contributions(cells, family, (facts, &standing), &mut room.before);
        let (mut changed, mut of_own) = (false, false);
        for Message { fact, .. } in messages {
            let inserted = entity.insert(&fact, &mut room.row);
            let totals = &mut outcome.totals;
            totals.repeats += u64::from(
                fact.linked.is_none() && matches!(inserted, Inserted::Known | Inserted::Earlier),
            );
            totals.conflicts += u64::from(fact.linked.is_none() && inserted == Inserted::Conflict);
            if inserted == Inserted::Known {
                continue;
            }
            changed = true;
            of_own |= fact.linked.is_none();
            if let Some(journal) = &mut self.journal {
                room.row.clear();
                // A set of its own: the journal has it apart from the others.
                pack(&fact, None, &mut room.row);
                journal.push(&EntityRow {
                    family,
                    id: &entity.entity().id,
                    facts: &room.row,
                });
            }
            match facts.iter_mut().find(|known| {
                inserted == Inserted::Earlier && known.key == fact.key && same_content(known, &fact)
            }) {
                Some(known) => make_earlier(known, &fact),
                None => facts.push(fact),
            }
        }
        if !changed {
            return;
        }
        if of_own {
            outcome.relayed.extend(relayed(key, family, facts));
        }
        in_order(facts);
        room.after.clear();
        let standing = without_retracted(facts);
        let open = contributions(cells, family, (facts, &standing), &mut room.after);
        settle(cells, &room.before, &mut room.after);
        if matches!(family, Family::Assessment | Family::Change) {
            self.lists.listed.insert(key);
        }
        if family == Family::Change {
            outcome.statements.push((key, Statement::of(&standing)));
        }
        if open {
            self.lists.open.insert(key);
        } else {
            self.lists.open.remove(&key);
        }
    }

    /// From now on it remembers what changes.
    pub(super) fn remember(&mut self) {
        self.journal = Some(Journal::default());
    }

    /// Facts new since the last call, in pieces of whole [`EntityRow`]s.
    pub fn take_journal(&mut self) -> Vec<Vec<u8>> {
        self.journal
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
            .pieces
    }

    /// What it keeps beside facts.
    #[must_use]
    pub fn lists(&self) -> &Lists {
        &self.lists
    }

    /// Takes back facts that were stored apart from the shelf.
    ///
    /// # Errors
    /// When the bytes are not packed facts.
    pub fn load_entity(
        &mut self,
        family: Family,
        id: &EntityId,
        facts: &[u8],
    ) -> Result<(), Unreadable> {
        let key = EntityKey::of(family, id.as_str());
        let mut entity = self.entities.grow(key, family, id.as_str());
        entity.merge_fresh(facts)
    }

    /// Takes back the stored lists.
    pub fn load_lists(&mut self, lists: Lists) {
        self.lists = lists;
    }
}

/// What an entity adds to the cells, from all of its facts and from those that stand; and whether it is open.
fn contributions(
    cells: &mut Adder<'_, '_>,
    family: Family,
    (all, standing): (&[StoredFact], &[StoredFact]),
    list: &mut Contributions,
) -> bool {
    let mut sink =
        |quantity: &str, place: Place<'_>, breakdown: &[(&str, &str)], date: NaiveDate, delta| {
            list.push((cells.slot(quantity, place, breakdown, date), delta));
        };
    contradictions::contribute(all, standing, &mut sink);
    contribute(family, standing, &mut sink)
}

/// Takes what is no longer added out of the cells, and puts in what is new.
fn settle(cells: &mut Adder<'_, '_>, before: &[(Slot, Delta)], after: &mut Contributions) {
    // Most of what it added stands, and in the same order: what stands is moved to the front of `after`.
    let mut stand = 0;
    for old in before {
        match after[stand..].iter().position(|new| new == old) {
            Some(at) => {
                after.swap(stand, stand + at);
                stand += 1;
            }
            None => cells.apply(old.0, old.1, -1),
        }
    }
    for (slot, delta) in &after[stand..] {
        cells.apply(*slot, *delta, 1);
    }
}
