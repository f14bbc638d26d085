//! Erasure: a log is written anew without the facts of some entities. Every event stays where it stands, so that charts lead
//! to their events as before; at each erased position is a tombstone, a retraction of nothing that holds the digest of
//! what was there and the identity of the log that it was in. Views built from the new log are those of the old one without these
//! entities.

use crate::audit::chain::hexadecimal;
use crate::publisher::new_event;
use chrono::{DateTime, Utc};
use joinedup_events::assessment::AssessmentFact;
use joinedup_events::change::ChangeFact;
use joinedup_events::experience::ExperienceFact;
use joinedup_events::facts::Retracted;
use joinedup_events::observation::ObservationFact;
use joinedup_events::referral::ReferralFact;
use joinedup_events::transfer::TransferFact;
use joinedup_events::{EntityId, Event, Fact, Family, local, recorded};
use joinedup_log::{
    AppendError, EventLog, LogIdentity, NewEvent, Position, ReadError, RecordedEvent,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

pub use kept_out::KeptOut;
pub use succession::goes_on;

mod kept_out;
mod mention;
mod succession;

/// Events that are read and written at a time.
const BATCH: usize = 1_000;

/// What is erased: entities, by family and id.
pub type Chosen = BTreeSet<(Family, EntityId)>;

/// Why the new log is not complete.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    /// The old log cannot be read.
    #[error("the log cannot be read: {0}")]
    Read(#[from] ReadError),
    /// The new log does not take events.
    #[error("the new log cannot be written: {0}; the same command again goes on from there")]
    Append(#[from] AppendError),
    /// There is something in the new log that this erasure would not have written.
    #[error(
        "the new log has another event at position {0} than this run writes there: name a folder that is not there yet, or a server whose stream is empty or was begun by the same command"
    )]
    OtherEvent(u64),
    /// There is more in the new log than in the old one.
    #[error(
        "the new log goes on beyond position {0}, where the old one ends: events were taken there already, so nothing is written"
    )]
    Longer(u64),
    /// The old log does not begin at its beginning, so that positions would shift.
    #[error(
        "the log begins at position {0} and not at 1, so events would not stay where they stand: erase from a log that is whole"
    )]
    NotWhole(u64),
    /// An event was not stored where it belongs.
    #[error("the event at position {0} was not stored there: the new log cannot be used")]
    Misplaced(u64),
    /// An event cannot be read, and has the id of an erased entity in it.
    #[error(
        "the event at position {0} cannot be read and may be about an entity that is to be erased: it is in the quarantine, and this version cannot put a tombstone in its place"
    )]
    Unreadable(u64),
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Events of the log.
    pub events: u64,
    /// Tombstones among them.
    pub erased: u64,
    /// Events of others that named an erased entity and no longer do.
    pub unlinked: u64,
}

/// The entities of a family of which nothing was recorded from an instant on.
///
/// # Errors
/// When the log cannot be read.
pub async fn older_than(
    log: &dyn EventLog,
    family: Family,
    instant: DateTime<Utc>,
) -> Result<Chosen, ReadError> {
    let mut latest: BTreeMap<EntityId, DateTime<Utc>> = BTreeMap::new();
    each(log, |event| {
        if event.fact.family() == family && !is_tombstone(&event) {
            let at = event.recorded_at.max(event.occurred_at);
            let known = latest.entry(event.entity).or_insert(at);
            *known = at.max(*known);
        }
    })
    .await?;
    let old = latest.into_iter().filter(|(_, at)| *at < instant);
    Ok(old.map(|(entity, _)| (family, entity)).collect())
}

/// Those of the chosen of which nothing is in the log that can be erased.
///
/// # Errors
/// When the log cannot be read.
pub async fn not_in(log: &dyn EventLog, chosen: &Chosen) -> Result<Chosen, ReadError> {
    let mut left = chosen.clone();
    each(log, |event| {
        if !is_tombstone(&event) {
            let family = event.fact.family();
            let previous = event.fact.previous().cloned();
            for entity in previous.into_iter().chain([event.entity]) {
                left.remove(&(family, entity));
            }
        }
    })
    .await?;
    Ok(left)
}

/// Looks at every event that can be read.
async fn each(log: &dyn EventLog, mut look: impl FnMut(Event) + Send) -> Result<(), ReadError> {
    let (mut after, head) = (Position::ORIGIN, log.head().await?);
    while after < head {
        let events = log.read(after, BATCH).await?;
        let Some(last) = events.last() else {
            return Err(cut_short(after, head));
        };
        after = last.position;
        events.iter().filter_map(decoded).for_each(&mut look);
    }
    Ok(())
}

/// Writes a log anew into one that is empty, or goes on where a run for the same was broken off.
///
/// # Errors
/// When either log fails, the old one is not whole, or the new one holds anything else. The old one is only read; what was
/// written of the new one is not to be used then.
pub async fn rewrite(
    old: &dyn EventLog,
    new: &dyn EventLog,
    chosen: &Chosen,
) -> Result<Report, ErasureError> {
    let mut report = Report::default();
    let (head, of_log) = (old.head().await?, old.identity().await?);
    let there = new.head().await?;
    if there > head {
        return Err(ErasureError::Longer(head.0));
    }
    while report.events < head.0 {
        let before = Position(report.events);
        let events = old.read(before, BATCH).await?;
        if events.is_empty() {
            return Err(cut_short(before, head).into());
        }
        let mut written = Vec::with_capacity(events.len());
        for event in &events {
            report.events += 1;
            if event.position.0 != report.events {
                return Err(ErasureError::NotWhole(event.position.0));
            }
            written.push(rewritten(event, chosen, &of_log, &mut report)?);
        }
        let known = if there > before {
            written_before(new, before, &written).await?
        } else {
            0
        };
        let first = before.0 + known as u64 + 1;
        let rest = written.split_off(known);
        if rest.is_empty() {
            continue;
        }
        for (position, appended) in (first..).zip(new.append(rest).await?) {
            if appended.duplicate || appended.position.0 != position {
                return Err(ErasureError::Misplaced(position));
            }
        }
    }
    Ok(report)
}

/// How many of some events an earlier run has written after a position.
async fn written_before(
    new: &dyn EventLog,
    after: Position,
    events: &[NewEvent],
) -> Result<usize, ErasureError> {
    let mut known = 0;
    while let Some(left) = events.get(known..).filter(|left| !left.is_empty()) {
        let before = Position(after.0 + known as u64);
        let there = new.read(before, left.len()).await?;
        if there.is_empty() {
            break;
        }
        for (event, stored) in left.iter().zip(&there) {
            known += 1;
            let position = Position(after.0 + known as u64);
            let is_same = stored.subject == event.subject && stored.payload == event.payload;
            if stored.position != position || !is_same {
                return Err(ErasureError::OtherEvent(position.0));
            }
        }
    }
    Ok(known)
}

/// A log that gives less than it has was not read whole.
fn cut_short(at: Position, head: Position) -> ReadError {
    ReadError::Broken(format!(
        "it ends at position {at} and should go on to {head}"
    ))
}

fn decoded(event: &RecordedEvent) -> Option<Event> {
    recorded::read(&event.payload).ok()
}

/// An event as it stands in the new log. Its message id follows from its position, so that repeats that the old log holds
/// stay where they are.
fn rewritten(
    stored: &RecordedEvent,
    chosen: &Chosen,
    of_log: &LogIdentity,
    report: &mut Report,
) -> Result<NewEvent, ErasureError> {
    let position = stored.position.0;
    let at_position = |event: NewEvent| NewEvent {
        message_id: format!("position-{position}"),
        ..event
    };
    let as_it_was = || NewEvent {
        subject: stored.subject.clone(),
        message_id: String::new(),
        payload: stored.payload.clone(),
        condition: None,
    };
    let Some(event) = decoded(stored) else {
        let named = |text: &str| chosen.iter().any(|(_, id)| text.contains(id.as_str()));
        if mention::mentions(&stored.payload, &named) {
            return Err(ErasureError::Unreadable(position));
        }
        return Ok(at_position(as_it_was()));
    };
    let family = event.fact.family();
    let is_chosen = |id: &EntityId| chosen.contains(&(family, id.clone()));
    if is_chosen(&event.entity) {
        report.erased += 1;
        let grave = tombstone(&event, stored, of_log)?;
        return Ok(at_position(new_event(&grave, None)));
    }
    if event.fact.previous().is_some_and(is_chosen) {
        report.unlinked += 1;
        let fact = unlinked(event.fact.clone());
        return Ok(at_position(new_event(&Event { fact, ..event }, None)));
    }
    Ok(at_position(as_it_was()))
}

/// The same fact without the entity that the person was with before.
fn unlinked(mut fact: Fact) -> Fact {
    match &mut fact {
        Fact::Transfer(TransferFact::Admitted(f)) => f.previous = None,
        Fact::Referral(ReferralFact::Received(f)) => f.previous = None,
        Fact::Transfer(TransferFact::Retracted(r)) | Fact::Referral(ReferralFact::Retracted(r)) => {
            r.previous = None;
        }
        _ => {}
    }
    fact
}

/// Says that something was here: a retraction, by an entity that nothing else is recorded of, of what nobody sent. It is of the
/// same source, area and days, so that it is known as before how far that source has reported. Views of the log that it was in
/// know by it that this one goes on from theirs, and those of no other do.
fn tombstone(
    event: &Event,
    stored: &RecordedEvent,
    of_log: &LogIdentity,
) -> Result<Event, ErasureError> {
    let position = stored.position.0;
    let hash = hexadecimal(&Sha256::digest(&stored.payload));
    let retracted = Retracted {
        retracts: format!("{}{hash}", Retracted::TOMBSTONE),
        retracts_source: Some(of_log.0.clone()),
        previous: None,
    };
    // Opaque, as ids that stand for people may have to be, so that an archive with tombstones passes the door.
    let random = &hash[..32];
    let entity = match event.fact.family() {
        Family::Assessment | Family::Observation => format!("{}/erased/{position}", event.area),
        _ => format!("gone-{position}-{random}"),
    };
    let day = |at: DateTime<Utc>| local::midnight(local::date(at));
    Ok(Event {
        source: event.source.clone(),
        id: format!("gone-{position}-{random}"),
        occurred_at: day(event.occurred_at),
        recorded_at: day(event.recorded_at),
        actor: None,
        entity: EntityId::new(&entity).map_err(|_| ErasureError::Misplaced(position))?,
        area: event.area.clone(),
        fact: match event.fact.family() {
            Family::Transfer => Fact::Transfer(TransferFact::Retracted(retracted)),
            Family::Referral => Fact::Referral(ReferralFact::Retracted(retracted)),
            Family::Assessment => Fact::Assessment(AssessmentFact::Retracted(retracted)),
            Family::Experience => Fact::Experience(ExperienceFact::Retracted(retracted)),
            Family::Change => Fact::Change(ChangeFact::Retracted(retracted)),
            Family::Observation => Fact::Observation(ObservationFact::Retracted(retracted)),
        },
    })
}

/// Whether an event stands where another was erased.
fn is_tombstone(event: &Event) -> bool {
    event.fact.retraction().is_some_and(Retracted::is_tombstone)
}

#[cfg(test)]
mod tests;
