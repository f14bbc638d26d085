//! Amounts that are restated to what they were before. Their ids follow from what they say, so they would be taken for the
//! first of their kind and what came in between would stand.

use crate::app::App;
use joinedup_events::observation::ObservationFact;
use joinedup_events::{EntityId, Event, EventKey, Fact, Family, recorded};
use joinedup_log::{EventLog, Position, ReadError};
use joinedup_views::contribution::FactKey;
use joinedup_views::view::View;
use std::collections::{BTreeMap, BTreeSet};

/// Events of a log that are read at a time.
const BATCH: usize = 1_000;

/// Gives an id of their own to observations that repeat an amount which was restated meanwhile.
pub fn rename(app: &App, events: &mut [Event]) {
    let Some(views) = &app.views else {
        return;
    };
    views.read(|view| {
        for event in events {
            if let Some(after) = restatement(view, event) {
                event.id = format!("{}-{}", event.id, letters(&after.0.to_be_bytes()));
            }
        }
    });
}

/// How many observations are known already and were restated since: sent again, they change nothing.
#[must_use]
pub fn superseded(app: &App, events: &[Event]) -> u64 {
    let Some(views) = &app.views else {
        return 0;
    };
    views.read(|view| {
        let superseded = events
            .iter()
            .filter(|event| restatement(view, event).is_some());
        superseded.fold(0, |n, _| n + 1)
    })
}

/// The same where no view is at hand: of observations that the log knew already, at these positions, after how many it has
/// something else.
///
/// # Errors
/// When the log cannot be read.
pub async fn superseded_in(
    log: &dyn EventLog,
    repeated: &BTreeSet<Position>,
) -> Result<u64, ReadError> {
    let Some(first) = repeated.first() else {
        return Ok(0);
    };
    let mut said: BTreeMap<EntityId, Vec<(bool, ObservationFact)>> = BTreeMap::new();
    let mut after = Position(first.0.saturating_sub(1));
    loop {
        let batch = log.read(after, BATCH).await?;
        let Some(last) = batch.last() else {
            break;
        };
        after = last.position;
        for event in batch {
            let is_repeated = repeated.contains(&event.position);
            let Ok(event) = recorded::read(&event.payload) else {
                continue;
            };
            match event.fact {
                // Of what was taken back nothing is told.
                Fact::Observation(ObservationFact::Retracted(_)) => {
                    said.remove(&event.entity);
                }
                Fact::Observation(fact) if is_repeated || said.contains_key(&event.entity) => {
                    let facts = said.entry(event.entity).or_default();
                    facts.push((is_repeated, fact));
                }
                _ => {}
            }
        }
    }
    let superseded = said.values().map(|facts| {
        let differs = |fact| facts.last().is_some_and(|(_, last)| last != fact);
        let repeats = facts.iter().filter(|(is_repeated, _)| *is_repeated);
        repeats.filter(|(_, fact)| differs(fact)).count() as u64
    });
    Ok(superseded.sum())
}

/// What stands of an observation where the event is known and something else was said since.
fn restatement(view: &View, event: &Event) -> Option<FactKey> {
    if !matches!(event.fact, Fact::Observation(_)) {
        return None;
    }
    let entity = view.entity(Family::Observation, event.entity.as_str())?;
    let key = EventKey::of(&event.source, &event.id).into();
    let facts = entity.facts.standing();
    let last = facts.last().filter(|last| last.fact != event.fact)?;
    facts
        .iter()
        .any(|known| known.key == key)
        .then_some(last.key)
}

/// Bytes as letters, two each: digits could look like somebody's number.
#[must_use]
pub fn letters(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .map(|n| char::from(b'a' + n))
        .collect()
}
