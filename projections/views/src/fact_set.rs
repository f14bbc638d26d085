//! An entity's facts, as a set, packed into bytes: the same bytes in memory and in the store.
//!
//! Inserting does not care about order or repetition. One event said twice is one fact, with the earlier recording
//! time; the same event id with other content is two facts.

use crate::contribution::StoredFact;
use crate::packing::append;
use chrono::{DateTime, Utc};
use joinedup_events::{AreaId, EventKey, Fact};
use serde::{Deserialize, Serialize};

/// What inserting a fact did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The set has grown.
    New,
    /// The set knew this fact; nothing has changed.
    Known,
    /// The set knew this fact, but as recorded later, or further on in the log: the earlier now stands.
    Earlier,
    /// The set has grown, by a fact whose event id it knew with other content.
    Conflict,
}

/// Why stored bytes are no facts.
#[derive(Debug, thiserror::Error)]
#[error("the stored facts of an entity are not readable")]
pub struct Unreadable;

/// The bytes of an event's key, which stand first in a row.
const KEY: usize = 16;

/// A row, as it is packed after the key. Its area is empty where it is that of the set's first row.
#[derive(Serialize, Deserialize)]
struct Row<'a, F> {
    position: u64,
    recorded_ms: i64,
    /// How much later than it happened it was recorded.
    after_ms: i64,
    linked: bool,
    area: &'a str,
    fact: F,
}

/// A set of facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactSet(Box<[u8]>);

impl FactSet {
    /// Inserts a fact.
    pub fn insert(&mut self, fact: &StoredFact) -> Inserted {
        let key = fact.key.0.to_be_bytes();
        let mut outcome = Inserted::New;
        let (mut at, mut first) = (0, None);
        while let Some((start, end)) = row_at(&self.0, at) {
            let row = &self.0[start..end];
            if first.is_none() {
                first = area_of(row);
            }
            if row.starts_with(&key) {
                match unpack(row, first.as_ref()) {
                    Ok(known) if same_content(&known, fact) => {
                        if fact.recorded_at < known.recorded_at || fact.position < known.position {
                            let merged = StoredFact {
                                recorded_at: known.recorded_at.min(fact.recorded_at),
                                position: known.position.min(fact.position),
                                ..known
                            };
                            let before = first.filter(|_| at > 0);
                            let mut bytes = self.0[..at].to_vec();
                            pack(&merged, before.as_ref(), &mut bytes);
                            bytes.extend_from_slice(&self.0[end..]);
                            self.0 = bytes.into_boxed_slice();
                            return Inserted::Earlier;
                        }
                        return Inserted::Known;
                    }
                    _ => outcome = Inserted::Conflict,
                }
            }
            at = end;
        }
        // The row is packed aside first, so that the set's own bytes are made once and have no room to spare.
        let mut row = Vec::with_capacity(96);
        pack(fact, first.as_ref(), &mut row);
        self.0 = [&self.0, row.as_slice()].concat().into_boxed_slice();
        outcome
    }

    /// Every fact, in the order of arrival.
    #[must_use]
    pub fn all(&self) -> Vec<StoredFact> {
        let mut facts: Vec<StoredFact> = Vec::with_capacity(8);
        let (mut at, mut first) = (0, None);
        while let Some((start, end)) = row_at(&self.0, at) {
            if let Ok(fact) = unpack(&self.0[start..end], first.as_ref()) {
                first.get_or_insert_with(|| fact.area.clone());
                facts.push(fact);
            }
            at = end;
        }
        facts
    }

    /// The facts that stand: without those taken back, in the order of recording, so that of two that say the same
    /// thing the last one stands.
    #[must_use]
    pub fn standing(&self) -> Vec<StoredFact> {
        standing(self.all())
    }

    /// The facts that stood at an instant: those recorded by then.
    #[must_use]
    pub fn standing_at(&self, known_at: DateTime<Utc>) -> Vec<StoredFact> {
        let mut facts = self.all();
        facts.retain(|f| f.recorded_at <= known_at);
        standing(facts)
    }

    /// The packed bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Adds the facts of packed bytes; those it knows change nothing.
    ///
    /// # Errors
    /// When the bytes are not packed facts.
    pub fn merge(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        let mut at = 0;
        if self.0.is_empty() {
            while let Some((_, end)) = row_at(bytes, at) {
                at = end;
            }
            if at != bytes.len() {
                return Err(Unreadable);
            }
            self.0 = bytes.into();
            return Ok(());
        }
        let mut first = None;
        while let Some((start, end)) = row_at(bytes, at) {
            let fact = unpack(&bytes[start..end], first.as_ref())?;
            self.insert(&fact);
            first.get_or_insert(fact.area);
            at = end;
        }
        if at == bytes.len() {
            Ok(())
        } else {
            Err(Unreadable)
        }
    }
}

/// One fact, packed for a journal: a set of its own.
#[must_use]
pub fn packed(fact: &StoredFact) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    pack(fact, None, &mut bytes);
    bytes
}

/// Removes what was taken back and sorts by recording. A retraction stands unless a later one takes it back.
fn standing(mut facts: Vec<StoredFact>) -> Vec<StoredFact> {
    facts.sort_by_key(|f| (f.recorded_at, f.key));
    if !facts.iter().any(|f| f.fact.retraction().is_some()) {
        return facts;
    }
    let mut gone: Vec<EventKey> = Vec::new();
    for fact in facts.iter().rev() {
        let Some(retraction) = fact.fact.retraction() else {
            continue;
        };
        if !gone.contains(&fact.key) {
            gone.push(EventKey::of(
                retraction.retracts_source.as_deref().unwrap_or_default(),
                &retraction.retracts,
            ));
        }
    }
    facts.retain(|f| f.fact.retraction().is_none() && !gone.contains(&f.key));
    facts
}

fn same_content(a: &StoredFact, b: &StoredFact) -> bool {
    a.occurred_at == b.occurred_at && a.area == b.area && a.linked == b.linked && a.fact == b.fact
}

/// Start and end of the row at `at`: two bytes of length, then the row.
fn row_at(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let length = u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]);
    let (start, end) = (at + 2, at + 2 + usize::from(length));
    (end <= bytes.len()).then_some((start, end))
}

/// Adds a row: two bytes of length, the key, then the fact. `first` is the area of the set's first row, where there is one.
fn pack(fact: &StoredFact, first: Option<&AreaId>, bytes: &mut Vec<u8>) {
    let recorded_ms = fact.recorded_at.timestamp_millis();
    let row = Row {
        position: fact.position,
        recorded_ms,
        after_ms: recorded_ms - fact.occurred_at.timestamp_millis(),
        linked: fact.linked,
        area: if first == Some(&fact.area) {
            ""
        } else {
            fact.area.as_str()
        },
        fact: &fact.fact,
    };
    let start = bytes.len();
    bytes.extend_from_slice(&[0, 0]);
    bytes.extend_from_slice(&fact.key.0.to_be_bytes());
    // A fact is far below 64 KiB: the checks at entry bound every field. One that is not is kept out whole.
    match append(&row, bytes)
        .ok()
        .and_then(|()| u16::try_from(bytes.len() - start - 2).ok())
    {
        Some(length) => bytes[start..start + 2].copy_from_slice(&length.to_be_bytes()),
        None => bytes.truncate(start),
    }
}

/// The area of a set's first row.
fn area_of(row: &[u8]) -> Option<AreaId> {
    let (row, _) = postcard::take_from_bytes::<Row<'_, ()>>(row.get(KEY..)?).ok()?;
    AreaId::new(row.area).ok()
}

fn unpack(row: &[u8], first: Option<&AreaId>) -> Result<StoredFact, Unreadable> {
    let (key, row) = row.split_first_chunk::<KEY>().ok_or(Unreadable)?;
    let row: Row<'_, Fact> = postcard::from_bytes(row).map_err(|_| Unreadable)?;
    let instant = |ms| DateTime::from_timestamp_millis(ms).ok_or(Unreadable);
    let area = match first {
        Some(first) if row.area.is_empty() => first.clone(),
        _ => AreaId::new(row.area).map_err(|_| Unreadable)?,
    };
    let occurred_ms = row
        .recorded_ms
        .checked_sub(row.after_ms)
        .ok_or(Unreadable)?;
    Ok(StoredFact {
        key: EventKey(u128::from_be_bytes(*key)),
        position: row.position,
        recorded_at: instant(row.recorded_ms)?,
        occurred_at: instant(occurred_ms)?,
        linked: row.linked,
        area,
        fact: row.fact,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_events::facts::{Happened, Retracted};
    use joinedup_events::transfer::TransferFact;

    fn fact(id: &str, recorded: i64, what: TransferFact) -> StoredFact {
        let instant = |minutes: i64| DateTime::from_timestamp(minutes * 60, 0).unwrap();
        StoredFact {
            key: EventKey::of("/s", id),
            position: recorded as u64,
            occurred_at: instant(0),
            recorded_at: instant(recorded),
            area: AreaId::new("a").unwrap(),
            linked: false,
            fact: Fact::Transfer(what),
        }
    }

    fn started() -> TransferFact {
        TransferFact::AssessmentStarted(Happened {})
    }

    fn takes_back(id: &str) -> TransferFact {
        TransferFact::Retracted(Retracted {
            retracts: id.into(),
            retracts_source: Some("/s".into()),
            previous: None,
        })
    }

    #[test]
    fn a_repeat_changes_nothing_and_the_earlier_recording_stands() {
        let mut set = FactSet::default();
        assert_eq!(set.insert(&fact("1", 9, started())), Inserted::New);
        assert_eq!(set.insert(&fact("1", 5, started())), Inserted::Earlier);
        assert_eq!(set.insert(&fact("1", 7, started())), Inserted::Known);
        assert_eq!(set.all(), vec![fact("1", 5, started())]);
    }

    #[test]
    fn the_same_id_with_other_content_is_two_facts() {
        let mut set = FactSet::default();
        set.insert(&fact("1", 1, started()));
        assert_eq!(
            set.insert(&fact("1", 2, TransferFact::Cancelled(Happened {}))),
            Inserted::Conflict
        );
        assert_eq!(set.all().len(), 2);
    }

    #[test]
    fn a_retraction_may_come_before_what_it_takes_back() {
        let mut set = FactSet::default();
        set.insert(&fact("2", 1, takes_back("1")));
        set.insert(&fact("1", 2, started()));
        assert!(set.standing().is_empty());
    }

    #[test]
    fn a_retraction_taken_back_lets_the_fact_stand_again() {
        let mut set = FactSet::default();
        set.insert(&fact("1", 1, started()));
        set.insert(&fact("2", 2, takes_back("1")));
        set.insert(&fact("3", 3, takes_back("2")));
        assert_eq!(set.standing(), vec![fact("1", 1, started())]);
        assert!(
            set.standing_at(DateTime::from_timestamp(150, 0).unwrap())
                .is_empty()
        );
    }
}
