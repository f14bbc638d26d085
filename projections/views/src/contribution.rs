//! What an entity adds to the cells: one pure function a family, from its facts as they stand.

use crate::cell::Place;
use crate::entities::EntityKey;
use crate::tally::Delta;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::assessment::AssessmentFact;
use joinedup_events::change::ChangeFact;
use joinedup_events::experience::ExperienceFact;
use joinedup_events::facts::Retracted;
use joinedup_events::id::hash_two;
use joinedup_events::observation::ObservationFact;
use joinedup_events::referral::ReferralFact;
use joinedup_events::transfer::TransferFact;
use joinedup_events::{AreaId, EntityId, Event, EventKey, Fact};
use std::fmt;

/// Names an event among those of one entity: half of its [`EventKey`]. An entity has some ten facts. Even of a million, two
/// would share a key with a probability below 10⁻⁷; the second would then be taken for a conflicting copy of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactKey(pub u64);

impl From<EventKey> for FactKey {
    fn from(key: EventKey) -> Self {
        Self((key.0 >> 64) as u64)
    }
}

/// Names a source among those of a log. Their names are in [`crate::view::Summary::sources`]; two share a key by a chance
/// below 10⁻¹² among a thousand.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct SourceKey(pub u64);

impl SourceKey {
    /// The key of a source.
    #[must_use]
    pub fn of(source: &str) -> Self {
        Self(hash_two("source", source) as u64)
    }
}

/// As it stands in the breakdown of a cell.
impl fmt::Display for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A fact as a view keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredFact {
    /// The key of the event that holds it.
    pub key: FactKey,
    /// Which source sent that event.
    pub source: SourceKey,
    /// Where that event stands in the log (the first copy), so that a chart can be traced to its events.
    pub position: u64,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The area it counts for.
    pub area: AreaId,
    /// The entity whose fact it is, where that is another: one that follows this one, or did, by its `previous`.
    pub linked: Option<EntityKey>,
    /// The fact itself.
    pub fact: Fact,
}

impl StoredFact {
    /// The fact of an event that stands at a position, with the entity that it is about.
    #[must_use]
    pub fn of(mut event: Event, position: u64) -> (EntityId, Self) {
        let key = event.key().into();
        let source = SourceKey::of(&event.source);
        // A retraction is given the source that it means, so that the set need not know sources.
        if let Some(retraction) = retraction_mut(&mut event.fact)
            && retraction.retracts_source.is_none()
        {
            retraction.retracts_source = Some(event.source);
        }
        let at_ms =
            |t: DateTime<Utc>| DateTime::from_timestamp_millis(t.timestamp_millis()).unwrap_or(t);
        let fact = Self {
            key,
            source,
            position,
            occurred_at: at_ms(event.occurred_at),
            recorded_at: at_ms(event.recorded_at),
            area: event.area,
            linked: None,
            fact: event.fact,
        };
        (event.entity, fact)
    }
}

/// What a fact takes back, if it takes back anything.
pub(crate) fn retraction_mut(fact: &mut Fact) -> Option<&mut Retracted> {
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

/// Takes contributions.
pub trait Sink {
    /// One contribution to the cell of a quantity, place, breakdown (in alphabetical order of dimension) and local date.
    fn add(
        &mut self,
        quantity: &str,
        place: Place<'_>,
        breakdown: &[(&str, &str)],
        date: NaiveDate,
        delta: Delta,
    );
}

impl<F: FnMut(&str, Place<'_>, &[(&str, &str)], NaiveDate, Delta)> Sink for F {
    fn add(
        &mut self,
        quantity: &str,
        place: Place<'_>,
        breakdown: &[(&str, &str)],
        date: NaiveDate,
        delta: Delta,
    ) {
        self(quantity, place, breakdown, date, delta);
    }
}
