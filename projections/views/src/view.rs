//! The view: every entity's facts, and the cells that are the sum of their contributions.

use crate::cell::{Cells, Slot};
use crate::contribution::StoredFact;
use crate::contributions::{contribute, referral, transfer};
use crate::entity_row::{EntityRow, Journal};
use crate::fact_set::{FactSet, Inserted, Unreadable, packed};
use crate::summary::Hearing;
use crate::tally::Delta;
use chrono::{DateTime, NaiveDate, Utc};
use foldhash::fast::RandomState;
use joinedup_events::facts::Retracted;
use joinedup_events::id::hash_two;
use joinedup_events::{AreaId, EntityId, Event, Family};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};

pub use crate::summary::{Heard, Summary, Totals};

/// The version of what views store. A change of the packed facts, of a quantity or of a contribution raises it, and
/// with it every view is rebuilt from the log.
pub const VIEW_VERSION: u32 = 2;

/// Names an entity within a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityKey(pub u128);

impl EntityKey {
    /// The key of an entity of a family.
    #[must_use]
    pub fn of(family: Family, id: &str) -> Self {
        Self(hash_two(family.code(), id))
    }
}

/// An entity: its family, its id, and its facts.
#[derive(Clone, Debug)]
pub struct Entity {
    /// The family.
    pub family: Family,
    /// The id that its source gave it.
    pub id: EntityId,
    /// What is known of it.
    pub facts: FactSet,
}

/// The view.
#[derive(Debug, Default)]
pub struct View {
    entities: HashMap<EntityKey, Entity, RandomState>,
    cells: Cells,
    summary: Summary,
    journal: Option<Journal>,
}

/// What an entity adds to the cells.
type Contributions = Vec<(Slot, Delta)>;

/// An entity that a run of events touches: what it added before, as a part of one list for the whole run.
struct Touched {
    key: EntityKey,
    before: std::ops::Range<usize>,
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

    /// Folds events with their positions. The entities they touch are counted anew once, at the end: a run of events
    /// costs less than the same events one by one, and comes to the same.
    pub fn fold(&mut self, events: impl IntoIterator<Item = (u64, Event)>) {
        let mut touched: Vec<Touched> = Vec::new();
        let mut seen: HashSet<EntityKey, RandomState> = HashSet::default();
        let mut heard = Hearing::default();
        let mut before = Contributions::new();
        for (position, event) in events {
            self.summary.hear(&event, &mut heard);
            let family = event.fact.family();
            let linked = event.fact.previous().cloned();
            let (entity, mut stored) = stored(position, event);
            for (id, linked) in std::iter::once((entity, false)).chain(linked.map(|id| (id, true)))
            {
                stored.linked = linked;
                let key = EntityKey::of(family, id.as_str());
                if seen.insert(key) {
                    let start = before.len();
                    if let Some(entity) = self.entities.get(&key) {
                        let facts = entity.facts.standing();
                        contributions(&mut self.cells, family, &facts, &mut before);
                    }
                    touched.push(Touched {
                        key,
                        before: start..before.len(),
                    });
                }
                self.insert(key, family, id, &stored);
            }
        }
        let mut after = Contributions::new();
        for Touched { key, before: range } in touched {
            self.settle(key, &before[range], &mut after);
        }
        self.summary.heard(heard);
    }

    /// The date up to which every source that feeds a family in the areas was heard, as [`Summary::heard_until`].
    #[must_use]
    pub fn heard_until(
        &self,
        family: Family,
        areas: &BTreeSet<AreaId>,
        now: DateTime<Utc>,
    ) -> Option<NaiveDate> {
        self.summary.heard_until(family, areas, now)
    }

    fn insert(&mut self, key: EntityKey, family: Family, id: EntityId, fact: &StoredFact) {
        let entity = self.entities.entry(key).or_insert_with(|| Entity {
            family,
            id,
            facts: FactSet::default(),
        });
        match entity.facts.insert(fact) {
            Inserted::Known => {
                self.summary.totals.repeats += u64::from(!fact.linked);
                return;
            }
            Inserted::Earlier => self.summary.totals.repeats += u64::from(!fact.linked),
            Inserted::Conflict => self.summary.totals.conflicts += u64::from(!fact.linked),
            Inserted::New => {}
        }
        if let Some(journal) = &mut self.journal {
            journal.push(&EntityRow {
                family,
                id: entity.id.as_str(),
                facts: &packed(fact),
            });
        }
    }

    /// Counts an entity as it stands now: adds what it did not add before, takes away what it adds no more, and keeps
    /// the lists of open and small-family entities right. `after` is room to work in.
    fn settle(&mut self, key: EntityKey, before: &[(Slot, Delta)], after: &mut Contributions) {
        let Some(entity) = self.entities.get(&key) else {
            return;
        };
        let facts = entity.facts.standing();
        after.clear();
        contributions(&mut self.cells, entity.family, &facts, after);
        // Most of what it added stands, and in the same order.
        for (slot, delta) in before {
            match after.iter().position(|new| new == &(*slot, *delta)) {
                Some(at) => {
                    after.remove(at);
                }
                None => self.cells.apply_at(*slot, *delta, -1),
            }
        }
        for (slot, delta) in after.drain(..) {
            self.cells.apply_at(slot, delta, 1);
        }
        let open = match entity.family {
            Family::Transfer => transfer::Spell::of(&facts)
                .is_some_and(|s| s.waits.iter().any(|w| w.until.is_none())),
            Family::Referral => {
                let case = referral::Case::of(&facts);
                case.received.is_some() && case.ended().is_none()
            }
            Family::Assessment | Family::Change => {
                self.summary.listed.insert(key);
                false
            }
            Family::Experience | Family::Observation => false,
        };
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

    /// One entity.
    #[must_use]
    pub fn entity(&self, family: Family, id: &str) -> Option<&Entity> {
        self.entities.get(&EntityKey::of(family, id))
    }

    /// How many entities there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// The open entities of a family: transfers waiting in bed, referrals not closed.
    pub fn open(&self, family: Family) -> impl Iterator<Item = &Entity> {
        self.summary
            .open
            .iter()
            .filter_map(|key| self.entities.get(key))
            .filter(move |e| e.family == family)
    }

    /// The entities of a small family: assessments or changes.
    pub fn listed(&self, family: Family) -> impl Iterator<Item = &Entity> {
        self.summary
            .listed
            .iter()
            .filter_map(|key| self.entities.get(key))
            .filter(move |e| e.family == family)
    }

    /// Every entity, in no order: for sums that do not depend on one.
    pub fn entities(&self) -> impl Iterator<Item = (EntityKey, &Entity)> {
        #[expect(clippy::disallowed_methods, reason = "callers sum or sort")]
        self.entities.iter().map(|(key, entity)| (*key, entity))
    }

    /// The cells of one quantity as they were known at an instant: from the facts recorded by then.
    #[must_use]
    pub fn cells_known_at(&self, quantities: &[&str], known_at: DateTime<Utc>) -> Cells {
        let mut cells = Cells::default();
        for (_, entity) in self.entities() {
            if !quantities
                .iter()
                .any(|q| q.split('.').next() == Some(entity.family.code()))
            {
                continue;
            }
            let facts = entity.facts.standing_at(known_at);
            contribute(
                entity.family,
                &facts,
                &mut |quantity: &str, area: &str, breakdown: &[(&str, &str)], date, delta| {
                    if quantities.contains(&quantity) {
                        cells.apply(quantity, area, breakdown, date, delta, 1);
                    }
                },
            );
        }
        cells
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

    /// Takes back what was stored of an entity; the cells are loaded apart.
    ///
    /// # Errors
    /// When the bytes are not packed facts.
    pub fn load_entity(
        &mut self,
        family: Family,
        id: EntityId,
        facts: &[u8],
    ) -> Result<(), Unreadable> {
        let key = EntityKey::of(family, id.as_str());
        self.entities
            .entry(key)
            .or_insert_with(|| Entity {
                family,
                id,
                facts: FactSet::default(),
            })
            .facts
            .merge(facts)
    }

    /// Takes back the stored summary.
    pub fn load_summary(&mut self, summary: Summary) {
        self.summary = summary;
    }
}

/// What an entity adds to the cells, from its facts as they stand.
fn contributions(
    cells: &mut Cells,
    family: Family,
    facts: &[StoredFact],
    list: &mut Contributions,
) {
    contribute(
        family,
        facts,
        &mut |quantity: &str, area: &str, breakdown: &[(&str, &str)], date: NaiveDate, delta| {
            list.push((cells.slot(quantity, area, breakdown, date), delta))
        },
    );
}

/// An event as a fact of its entity. A retraction is given the source that it means, so that the set need not know
/// sources.
fn stored(position: u64, mut event: Event) -> (EntityId, StoredFact) {
    let key = event.key();
    if let Some(retraction) = retraction_mut(&mut event.fact)
        && retraction.retracts_source.is_none()
    {
        retraction.retracts_source = Some(event.source);
    }
    let at_ms =
        |t: DateTime<Utc>| DateTime::from_timestamp_millis(t.timestamp_millis()).unwrap_or(t);
    let stored = StoredFact {
        key,
        position,
        occurred_at: at_ms(event.occurred_at),
        recorded_at: at_ms(event.recorded_at),
        area: event.area,
        linked: false,
        fact: event.fact,
    };
    (event.entity, stored)
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
