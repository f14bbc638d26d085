//! What a feed remembers, worked out again from the log that it publishes to: for when its own store is lost, or was of
//! another log.

use super::difference::content::Said;
use super::difference::date_hash;
use super::difference::report::last_said;
use super::mapping::ListMapping;
use super::row::Ring;
use super::snapshot::{KnownRow, Snapshot};
use crate::http_client::{Client, ClientError};
use joinedup_events::{Event, local, recorded};
use joinedup_log::{EventLog, Position, ReadError};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader};
use std::time::Duration;

/// Events that are read at once.
const BATCH: usize = 5_000;
/// How often a server is asked for what it was sent before it counts as not there: it may have just started.
const ASKED: u32 = 10;
/// The pause between.
const PAUSE: Duration = Duration::from_millis(500);

/// Why a server's log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The server.
    #[error(transparent)]
    Server(#[from] ClientError),
    /// The archive broke off.
    #[error("the server's archive of events broke off: {0}; run the same command again")]
    Broken(#[from] io::Error),
}

/// The events of a feed, by id: a repeat is the same event.
struct Found {
    source: String,
    events: BTreeMap<String, Event>,
}

impl Found {
    fn of(mapping: &ListMapping) -> Self {
        Self {
            source: mapping.source(),
            events: BTreeMap::new(),
        }
    }

    fn add(&mut self, payload: &[u8]) {
        // What does not decode is in quarantine, and is not of a feed.
        let event = recorded::read(payload).ok();
        if let Some(event) = event.filter(|event| event.source == self.source) {
            self.events.insert(event.id.clone(), event);
        }
    }

    fn snapshot(self, mapping: &ListMapping, ring: &Ring) -> Option<Snapshot> {
        (!self.events.is_empty()).then(|| of_events(self.events, mapping, ring))
    }
}

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
    let mut found = Found::of(mapping);
    let mut after = Position::ORIGIN;
    loop {
        let read = log.read(after, BATCH).await?;
        let Some(last) = read.last() else {
            return Ok(found.snapshot(mapping, ring));
        };
        after = last.position;
        read.iter()
            .for_each(|recorded| found.add(&recorded.payload));
    }
}

/// What is remembered, held against the log that the events go to, with the log's identity. What is remembered of another
/// log does not count, and what is not remembered is looked up there.
///
/// # Errors
/// When the log cannot be read.
pub async fn held_against_log(
    log: &dyn EventLog,
    before: Option<Snapshot>,
    mapping: &ListMapping,
    ring: &Ring,
) -> Result<(Option<Snapshot>, String), ReadError> {
    let identity = log.identity().await?.0;
    let same = |known: &Snapshot| known.log.as_ref().is_none_or(|log| *log == identity);
    let before = match before.filter(same) {
        Some(before) => Some(before),
        None => from_log(log, mapping, ring).await?,
    };
    Ok((before, identity))
}

/// The same, from the archive that a server gives to administrators. Blocks.
///
/// # Errors
/// When the server does not give it, or it breaks off.
pub fn from_server(
    client: &Client,
    mapping: &ListMapping,
    ring: &Ring,
) -> Result<Option<Snapshot>, RecoverError> {
    let archive = client.get("/api/v1/export/events")?;
    Ok(from_archive(BufReader::new(archive), mapping, ring)?)
}

fn from_archive(
    archive: impl BufRead,
    mapping: &ListMapping,
    ring: &Ring,
) -> io::Result<Option<Snapshot>> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        payload: &'a RawValue,
    }
    let mut found = Found::of(mapping);
    for line in archive.lines() {
        // The last line is of another form: it counts the others.
        if let Ok(line) = serde_json::from_str::<Line<'_>>(&line?) {
            found.add(line.payload.get().as_bytes());
        }
    }
    Ok(found.snapshot(mapping, ring))
}

/// Whether a server knows nothing of what is remembered as published to it: it is another one, or was begun anew. Where
/// it does not answer that question, the answer is no. Blocks.
#[must_use]
pub fn server_lacks(client: &Client, mapping: &ListMapping, before: &Snapshot) -> bool {
    let Some(row) = before.rows.values().find(|row| row.stands()) else {
        return false;
    };
    let path = format!(
        "/api/v1/entities/{}/{}",
        mapping.family.family(),
        row.entity
    );
    for turn in 0..ASKED {
        if turn > 0 {
            std::thread::sleep(PAUSE);
        }
        match client.get(&path) {
            // A server without views has no such address at all, and says it in other words.
            Err(ClientError::Answer {
                status: 404,
                detail,
                ..
            }) if detail.contains("Nothing is known") => {}
            _ => return false,
        }
    }
    true
}

fn of_events(events: BTreeMap<String, Event>, mapping: &ListMapping, ring: &Ring) -> Snapshot {
    let mut snapshot = Snapshot::new(mapping, ring);
    if let Some((at, said)) = last_said(events.values()) {
        (snapshot.as_at, snapshot.begins) = (Some(at), said.begins);
    }
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
        let said = Said {
            rule,
            area: &event.area,
            at: event.occurred_at,
            fact: &event.fact,
        };
        let (content, since) = (said.content(&ring.current), said.since(&ring.current));
        if gone.contains(&event.id) {
            known.past.push(content);
            continue;
        }
        row.area = event.area.clone();
        if mapping.snapshot.ended.as_ref() == Some(&rule.name) {
            row.ended = Some(date_hash(&ring.current, local::date(event.occurred_at)));
        }
        match known.id.replace(event.id) {
            Some(earlier) => {
                known.also.push(earlier);
                known.past.push(std::mem::take(&mut known.content));
                known.since = None;
            }
            None => known.since = since,
        }
        known.content = content;
        known.previous = event.fact.previous().cloned();
    }
    snapshot
}
