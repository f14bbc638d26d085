//! What a feed remembers, worked out again from the log: for when its own store is lost.

use super::difference::{content, date_hash};
use super::mapping::ListMapping;
use super::row::Ring;
use super::snapshot::{KnownRow, Snapshot};
use joinedup_events::{Envelope, Event, local};
use joinedup_log::{EventLog, Position, ReadError};
use std::collections::{BTreeMap, BTreeSet};

/// Events that are read at once.
const BATCH: usize = 5_000;

/// What the log holds of the lists of a mapping; none where it holds nothing of them.
///
/// The persons are not in the log: each is known again once a list has that row.
///
/// # Errors
/// When the log cannot be read.
pub async fn from_log(
    log: &dyn EventLog,
    mapping: &ListMapping,
    ring: &Ring,
) -> Result<Option<Snapshot>, ReadError> {
    let source = mapping.source();
    // By id: a repeat is the same event.
    let mut events: BTreeMap<String, Event> = BTreeMap::new();
    let mut after = Position::ORIGIN;
    loop {
        let read = log.read(after, BATCH).await?;
        let Some(last) = read.last() else {
            break;
        };
        after = last.position;
        for recorded in &read {
            // What does not decode is in quarantine, and is not of a feed.
            let event = Envelope::from_json(&recorded.payload)
                .ok()
                .and_then(|envelope| Event::decode(&envelope).ok());
            if let Some(event) = event.filter(|event| event.source == source) {
                events.insert(event.id.clone(), event);
            }
        }
    }
    Ok((!events.is_empty()).then(|| of_events(events, mapping, ring)))
}

fn of_events(events: BTreeMap<String, Event>, mapping: &ListMapping, ring: &Ring) -> Snapshot {
    let mut snapshot = Snapshot::new(mapping, ring);
    let gone: BTreeSet<String> = events
        .values()
        .filter_map(|event| event.fact.retraction())
        .map(|retraction| retraction.retracts.clone())
        .collect();
    let mut facts: Vec<Event> = events
        .into_values()
        .filter(|event| event.fact.retraction().is_none())
        .collect();
    facts.sort_by_key(|event| (event.recorded_at, event.occurred_at));
    let before = format!("{}-", mapping.name);
    for event in facts {
        let rule = mapping
            .facts
            .iter()
            .find(|rule| rule.name == event.fact.name());
        let (Some(rule), Some(key)) = (rule, event.entity.as_str().strip_prefix(&before)) else {
            // Of an earlier form of the mapping: it stands as it is.
            continue;
        };
        let row = snapshot
            .rows
            .entry(key.to_owned())
            .or_insert_with(|| KnownRow {
                entity: event.entity.clone(),
                area: event.area.clone(),
                person: None,
                ended: None,
                left: false,
                facts: BTreeMap::new(),
            });
        let known = row.facts.entry(rule.name.clone()).or_default();
        let content = content(
            &ring.current,
            rule,
            &event.area,
            event.occurred_at,
            &event.fact,
        );
        if gone.contains(&event.id) {
            known.past.push(content);
            continue;
        }
        row.area = event.area.clone();
        if mapping.snapshot.ended.as_ref() == Some(&rule.name) {
            row.ended = Some(date_hash(&ring.current, local::date(event.occurred_at)));
        }
        if let Some(earlier) = known.id.replace(event.id) {
            known.also.push(earlier);
            known.past.push(std::mem::take(&mut known.content));
        }
        known.content = content;
        known.previous = event.fact.previous().cloned();
    }
    snapshot
}
