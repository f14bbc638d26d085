//! Who recorded what: views hold what was recorded, and the log by whom. So few facts are about one decision that its events
//! are read again when somebody wants to know.

use joinedup_events::assessment::AssessmentFact;
use joinedup_events::change::ChangeFact;
use joinedup_events::{AreaId, Event, Fact, recorded};
use joinedup_log::{EventLog, Position, ReadError};
use joinedup_views::contribution::StoredFact;
use std::collections::BTreeMap;

/// The most events that are read for one question; of more, the latest.
const MAX_READ: usize = 100;

/// Who recorded the events at these positions, where the events say so.
pub type Authors = BTreeMap<u64, String>;

/// Reads who recorded the events at some positions.
///
/// # Errors
/// When the log cannot be read.
pub async fn authors(
    log: &dyn EventLog,
    positions: impl IntoIterator<Item = u64>,
) -> Result<Authors, ReadError> {
    let events = events_at(log, positions).await?;
    let with_author = |(position, event): (u64, Event)| Some((position, event.actor?));
    Ok(events.into_iter().filter_map(with_author).collect())
}

/// Reads the events at some positions; those that cannot be read are left out.
///
/// # Errors
/// When the log cannot be read.
pub async fn events_at(
    log: &dyn EventLog,
    positions: impl IntoIterator<Item = u64>,
) -> Result<BTreeMap<u64, Event>, ReadError> {
    let mut positions: Vec<u64> = positions.into_iter().collect();
    positions.sort_unstable();
    positions.dedup();
    let mut found = BTreeMap::new();
    for position in positions.into_iter().rev().take(MAX_READ) {
        let event = event_at(log, position).await?;
        found.extend(event.map(|event| (position, event)));
    }
    Ok(found)
}

/// Reads the event at a position; none where there is none that can be read.
///
/// # Errors
/// When the log cannot be read.
pub async fn event_at(log: &dyn EventLog, position: u64) -> Result<Option<Event>, ReadError> {
    let Some(before) = position.checked_sub(1) else {
        return Ok(None);
    };
    let read = log.read(Position(before), 1).await?;
    let event = read.first().filter(|event| event.position.0 == position);
    Ok(event.and_then(|event| recorded::read(&event.payload).ok()))
}

/// Where what a fact accepts stands: of a rating the moderation, else the area's proposal; of a baseline the last proposal. None
/// where it accepts nothing.
#[must_use]
pub fn accepted(acceptance: &Fact, area: &AreaId, facts: &[StoredFact]) -> Option<u64> {
    let is_accepted = |fact: &&StoredFact| match (acceptance, &fact.fact) {
        (
            Fact::Change(ChangeFact::RebaseAccepted(accepted)),
            Fact::Change(ChangeFact::RebaseProposed(proposed)),
        ) => {
            fact.area == *area
                && (&proposed.measure, proposed.from) == (&accepted.measure, accepted.from)
        }
        (
            Fact::Assessment(AssessmentFact::Confirmed(confirmed)),
            Fact::Assessment(AssessmentFact::Proposed(proposed)),
        ) => proposed.round == confirmed.round && proposed.rater.is_none(),
        (
            Fact::Assessment(AssessmentFact::Confirmed(confirmed)),
            Fact::Assessment(AssessmentFact::Moderated(moderated)),
        ) => moderated.round == confirmed.round,
        _ => false,
    };
    // A moderation that kept the level has set none.
    let of_moderation = |fact: &&StoredFact| match &fact.fact {
        Fact::Assessment(AssessmentFact::Moderated(moderated)) => {
            Some(moderated.from != moderated.to)
        }
        _ => None,
    };
    let accepted: Vec<&StoredFact> = facts.iter().filter(is_accepted).collect();
    let last = |wanted: Option<bool>| {
        let mut found = accepted.iter().rev();
        found.find(|fact| of_moderation(fact) == wanted)
    };
    let stands = last(Some(true)).or_else(|| last(None));
    stands.map(|fact| fact.position)
}

/// Whether whoever accepts had recorded what is accepted, so that nobody else looked at it.
#[must_use]
pub fn is_alone(actor: Option<&str>, accepted: Option<u64>, authors: &Authors) -> bool {
    let theirs = accepted.and_then(|position| authors.get(&position));
    actor.is_some() && theirs.map(String::as_str) == actor
}
