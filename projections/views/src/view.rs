//! The view: every entity's facts, and the cells that are the sum of their contributions.

use crate::cell::{Cells, Place, Slot};
use crate::contribution::StoredFact;
use crate::contributions::contribute;
use crate::entities::{Entities, Growing};
use crate::entity_row::{EntityRow, Journal};
use crate::fact_set::{
    Inserted, Unreadable, in_order, make_earlier, pack, same_content, without_retracted,
};
use crate::shelf::{Shelf, ShelfError};
use crate::summary::{Hearing, SourceEnd};
use crate::tally::Delta;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::facts::Retracted;
use joinedup_events::{EntityId, Event, Family};
use std::sync::{Arc, OnceLock};

mod known_at;
mod shelved;

pub use crate::entities::{Entity, EntityKey};
pub use crate::summary::{Heard, Rhythm, Summary, Totals};
pub use known_at::Part;

/// The version of what views store. A change of the packed facts, of a quantity or of a contribution raises it, and
/// with it every view is rebuilt from the log.
pub const VIEW_VERSION: u32 = 11;

/// The view.
#[derive(Debug, Default)]
pub struct View {
    /// Those in memory.
    entities: Entities,
    /// Where the others are.
    shelf: Option<Arc<dyn Shelf>>,
    /// How many there are in all.
    count: u64,
    /// Why some could not be fetched.
    damage: OnceLock<String>,
    cells: Cells,
    summary: Summary,
    journal: Option<Journal>,
    position: u64,
    as_of: Option<DateTime<Utc>>,
}

/// What an entity adds to the cells.
type Contributions = Vec<(Slot, Delta)>;

/// An event of a run, as a fact of the entities that hear of it.
struct Said {
    family: Family,
    entity: EntityId,
    /// Another entity that hears of it.
    previous: Option<EntityId>,
    /// How many have yet to hear of it, but for the last.
    others: u8,
    /// None once the last has it.
    fact: Option<StoredFact>,
}

/// One entity that hears of an event of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hears {
    key: EntityKey,
    /// Which event.
    said: u32,
    /// It is another entity's.
    linked: bool,
}

/// Room to work in while a run is folded.
#[derive(Default)]
struct Room {
    facts: Vec<StoredFact>,
    before: Contributions,
    after: Contributions,
    row: Vec<u8>,
}

impl View {
    /// An empty view.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty view that remembers what changes, for a projector that stores it.
    #[must_use]
    pub fn remembering() -> Self {
        let mut view = Self::default();
        view.remember();
        view
    }

    /// Folds events with their positions. The entities they touch are counted anew once each: a run of events costs
    /// less than the same events one by one, and comes to the same.
    pub fn fold(&mut self, events: impl IntoIterator<Item = (u64, Event)>) {
        let events = events.into_iter();
        let mut said: Vec<Said> = Vec::with_capacity(events.size_hint().0);
        let mut hears: Vec<Hears> = Vec::with_capacity(events.size_hint().0);
        let mut heard = Hearing::default();
        for (position, event) in events {
            self.position = self.position.max(position);
            self.summary.hear(&event, &mut heard);
            let one = Said::of(position, event);
            let number = said.len() as u32;
            let mut hear = |id: &EntityId, linked| {
                let key = EntityKey::of(one.family, id.as_str());
                hears.push(Hears {
                    key,
                    said: number,
                    linked,
                });
            };
            hear(&one.entity, false);
            if let Some(previous) = &one.previous {
                hear(previous, true);
            }
            said.push(one);
        }
        hears.sort_unstable();
        let mut room = Room::default();
        for hears in hears.chunk_by(|a, b| a.key == b.key) {
            self.tell(hears, &mut said, &mut room);
        }
        self.summary.heard(heard);
    }

    /// Tells one entity what it hears, and counts it anew: adds what it did not add before, takes away what it adds no
    /// more, and keeps the lists of open and small-family entities right.
    fn tell(&mut self, hears: &[Hears], said: &mut [Said], room: &mut Room) {
        let Some(&Hears {
            key,
            said: at,
            linked,
        }) = hears.first()
        else {
            return;
        };
        let (family, id) = said[at as usize].hearer(linked);
        let (entities, shelf) = (&mut self.entities, self.shelf.as_deref());
        let mut entity = match in_memory(entities, shelf, (key, family, id)) {
            Ok(entity) => entity,
            Err(error) => {
                // What is counted from here on is not the sum any more; whoever folds looks at this.
                let _ = self.damage.set(error.0);
                return;
            }
        };
        self.count += u64::from(entity.is_empty());
        let facts = &mut room.facts;
        facts.clear();
        entity.entity().facts.add_to(facts);
        in_order(facts);
        room.before.clear();
        contributions(
            &mut self.cells,
            family,
            &without_retracted(facts),
            &mut room.before,
        );
        let mut changed = false;
        for hears in hears {
            let Some(fact) = said[hears.said as usize].fact_for(hears.linked) else {
                continue;
            };
            let inserted = entity.insert(&fact, &mut room.row);
            let totals = &mut self.summary.totals;
            totals.repeats +=
                u64::from(!fact.linked && matches!(inserted, Inserted::Known | Inserted::Earlier));
            totals.conflicts += u64::from(!fact.linked && inserted == Inserted::Conflict);
            if inserted == Inserted::Known {
                continue;
            }
            changed = true;
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
        in_order(facts);
        room.after.clear();
        let open = contributions(
            &mut self.cells,
            family,
            &without_retracted(facts),
            &mut room.after,
        );
        settle(&mut self.cells, &room.before, &mut room.after);
        if matches!(family, Family::Assessment | Family::Change) {
            self.summary.listed.insert(key);
        }
        if family == Family::Change {
            let end = SourceEnd::of(&without_retracted(facts));
            self.summary.settle_end(key, end);
        }
        if open {
            self.summary.open.insert(key);
        } else {
            self.summary.open.remove(&key);
        }
    }

    /// The cells.
    #[must_use]
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// Sources, totals and lists.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The last position of the log that it holds.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// When it was at the position last, as its reader saw it; none before anybody read a log.
    #[must_use]
    pub const fn as_of(&self) -> Option<DateTime<Utc>> {
        self.as_of
    }

    /// Notes that all up to a position has been read, folded or set aside, by an instant.
    pub fn reached(&mut self, position: u64, at: DateTime<Utc>) {
        (self.position, self.as_of) = (position, Some(at));
    }

    /// From now on the view remembers what changes: for one that was built in one piece and is stored.
    pub fn remember(&mut self) {
        self.journal = Some(Journal::default());
        self.cells.remember();
    }

    /// Facts new since the last call, in pieces of whole [`EntityRow`]s.
    pub fn take_journal(&mut self) -> Vec<Vec<u8>> {
        self.journal
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
            .pieces
    }

    /// How many bytes [`View::take_journal`] would give.
    #[must_use]
    pub fn journal_bytes(&self) -> usize {
        self.journal.as_ref().map_or(0, |journal| journal.bytes)
    }

    /// The cells, to take what changed or to load pages.
    pub fn cells_mut(&mut self) -> &mut Cells {
        &mut self.cells
    }

    /// Takes back facts that were stored apart from the shelf; the cells are loaded apart.
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

    /// Takes back the stored summary, and how many entities there are.
    pub fn load_summary(&mut self, summary: Summary, entities: u64) {
        (self.summary, self.count) = (summary, entities);
    }
}

/// An entity with all of its facts in memory.
fn in_memory<'a>(
    entities: &'a mut Entities,
    shelf: Option<&dyn Shelf>,
    (key, family, id): (EntityKey, Family, &str),
) -> Result<Growing<'a>, ShelfError> {
    let mut entity = entities.grow(key, family, id);
    if !entity.is_whole() {
        for row in shelf.map_or(Ok(Vec::new()), |shelf| shelf.rows_of(key))? {
            let (stored, _) = EntityRow::first(&row).map_err(unreadable)?;
            entity.merge(stored.facts).map_err(unreadable)?;
        }
        entity.set_whole();
    }
    Ok(entity)
}

fn unreadable<E>(_: E) -> ShelfError {
    ShelfError(Unreadable.to_string())
}

impl Said {
    /// An event as a fact of its entities. A retraction is given the source that it means, so that the set need not know
    /// sources.
    fn of(position: u64, mut event: Event) -> Self {
        let key = event.key().into();
        let previous = event.fact.previous().cloned();
        if let Some(retraction) = retraction_mut(&mut event.fact)
            && retraction.retracts_source.is_none()
        {
            retraction.retracts_source = Some(event.source);
        }
        let at_ms =
            |t: DateTime<Utc>| DateTime::from_timestamp_millis(t.timestamp_millis()).unwrap_or(t);
        Self {
            family: event.fact.family(),
            entity: event.entity,
            others: u8::from(previous.is_some()),
            previous,
            fact: Some(StoredFact {
                key,
                position,
                occurred_at: at_ms(event.occurred_at),
                recorded_at: at_ms(event.recorded_at),
                area: event.area,
                linked: false,
                fact: event.fact,
            }),
        }
    }

    /// Who hears of it.
    fn hearer(&self, linked: bool) -> (Family, &str) {
        let id = self.previous.as_ref().filter(|_| linked);
        (self.family, id.unwrap_or(&self.entity).as_str())
    }

    /// The fact for one who hears of it; the last one gets it whole.
    fn fact_for(&mut self, linked: bool) -> Option<StoredFact> {
        let fact = if self.others > 0 {
            self.others -= 1;
            self.fact.clone()
        } else {
            self.fact.take()
        };
        fact.map(|fact| StoredFact { linked, ..fact })
    }
}

/// What an entity adds to the cells, from its facts as they stand; and whether it is open.
fn contributions(
    cells: &mut Cells,
    family: Family,
    facts: &[StoredFact],
    list: &mut Contributions,
) -> bool {
    contribute(
        family,
        facts,
        &mut |quantity: &str,
              place: Place<'_>,
              breakdown: &[(&str, &str)],
              date: NaiveDate,
              delta| {
            list.push((cells.slot(quantity, place, breakdown, date), delta))
        },
    )
}

/// Takes what is no longer added out of the cells, and puts in what is new.
fn settle(cells: &mut Cells, before: &[(Slot, Delta)], after: &mut Contributions) {
    // Most of what it added stands, and in the same order: what stands is moved to the front of `after`.
    let mut stand = 0;
    for old in before {
        match after[stand..].iter().position(|new| new == old) {
            Some(at) => {
                after.swap(stand, stand + at);
                stand += 1;
            }
            None => cells.apply_at(old.0, old.1, -1),
        }
    }
    for (slot, delta) in &after[stand..] {
        cells.apply_at(*slot, *delta, 1);
    }
}

fn retraction_mut(fact: &mut joinedup_events::Fact) -> Option<&mut Retracted> {
    use joinedup_events::Fact;
    use joinedup_events::{
        assessment::AssessmentFact, change::ChangeFact, experience::ExperienceFact,
    };
    use joinedup_events::{
        observation::ObservationFact, referral::ReferralFact, transfer::TransferFact,
    };
    match fact {
        Fact::Transfer(TransferFact::Retracted(r))
        | Fact::Referral(ReferralFact::Retracted(r))
        | Fact::Assessment(AssessmentFact::Retracted(r))
        | Fact::Experience(ExperienceFact::Retracted(r))
        | Fact::Change(ChangeFact::Retracted(r))
        | Fact::Observation(ObservationFact::Retracted(r)) => Some(r),
        _ => None,
    }
}
