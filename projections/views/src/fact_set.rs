//! An entity's facts, as a set, packed into bytes: the same bytes in memory and in the store.
//!
//! Inserting does not care about order or repetition. One event received twice is one fact, with the earlier recording
//! time; the same event id with other content is two facts.

use crate::contribution::{FactKey, SourceKey, StoredFact};
use crate::entities::EntityKey;
use crate::packing::append;
use chrono::{DateTime, Utc};
use joinedup_events::{AreaId, EventKey};
use std::borrow::Cow;
use std::collections::HashSet;

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

/// Why stored bytes are not facts.
#[derive(Debug, thiserror::Error)]
#[error("the stored facts of an entity are not readable")]
pub struct Unreadable;

/// The bytes of an event's key, which stand first in a row.
const KEY: usize = 8;
/// In a row's marks: the fact is another entity's, whose key stands before all that follows.
const LINKED: u8 = 1;
/// In a row's marks: an area of its own follows; without it, the row has that of the set's first row.
const OWN_AREA: u8 = 2;
/// In a row's marks: a source of its own stands before that; without it, the row has that of the set's first row.
const OWN_SOURCE: u8 = 4;

/// What rows leave out that have it in common with the first row of their set.
#[derive(Clone, Copy)]
pub(crate) struct First<'a> {
    area: &'a str,
    source: SourceKey,
}

impl<'a> From<&'a StoredFact> for First<'a> {
    fn from(fact: &'a StoredFact) -> Self {
        Self {
            area: fact.area.as_str(),
            source: fact.source,
        }
    }
}

/// The facts of one entity, in packed bytes.
#[derive(Clone, Debug)]
pub struct Facts<'a>(Cow<'a, [u8]>);

impl<'a> Facts<'a> {
    pub(crate) fn of(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self(bytes.into())
    }

    /// Every fact, in the order of arrival.
    #[must_use]
    pub fn all(&self) -> Vec<StoredFact> {
        let mut facts = Vec::with_capacity(8);
        self.add_to(&mut facts);
        facts
    }

    /// Adds every fact to a list, in the order of arrival.
    pub(crate) fn add_to(&self, facts: &mut Vec<StoredFact>) {
        let (mut rest, begin) = (&*self.0, facts.len());
        while let Some((row, after)) = first_row(rest) {
            if let Ok(fact) = unpack(row, facts.get(begin).map(First::from)) {
                facts.push(fact);
            }
            rest = after;
        }
    }

    /// The facts that stand: without those taken back, in the order of recording, so that of two that say the same
    /// thing the last one stands.
    #[must_use]
    pub fn standing(&self) -> Vec<StoredFact> {
        standing(self.all())
    }

    /// The facts that stood at an instant: those recorded by then.
    #[must_use]
    pub fn standing_at(&self, instant: DateTime<Utc>) -> Vec<StoredFact> {
        standing(self.recorded_by(instant))
    }

    /// The facts recorded by an instant, those that were taken back among them.
    pub(crate) fn recorded_by(&self, instant: DateTime<Utc>) -> Vec<StoredFact> {
        let mut facts = self.all();
        facts.retain(|f| f.recorded_at <= instant);
        facts
    }

    /// The packed bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Inserts a fact into the set that begins in `bytes` at `from`. `row` is room to work in.
pub(crate) fn insert(
    bytes: &mut Box<[u8]>,
    from: usize,
    fact: &StoredFact,
    row: &mut Vec<u8>,
) -> Inserted {
    let key = fact.key.0.to_be_bytes();
    let mut outcome = Inserted::New;
    let (mut at, mut first) = (from, None);
    while let Some((known, after)) = first_row(&bytes[at..]) {
        let end = bytes.len() - after.len();
        if at == from {
            first = Head::of(known).ok().and_then(|head| head.first());
        }
        if known.starts_with(&key) {
            match unpack(known, first) {
                Ok(known) if same_content(&known, fact) => {
                    if fact.recorded_at >= known.recorded_at && fact.position >= known.position {
                        return Inserted::Known;
                    }
                    let mut merged = known;
                    make_earlier(&mut merged, fact);
                    row.clear();
                    pack(&merged, first.filter(|_| at > from), row);
                    let whole = [&bytes[..at], row.as_slice(), &bytes[end..]].concat();
                    *bytes = whole.into_boxed_slice();
                    return Inserted::Earlier;
                }
                // One event may come in as the entity's own and as another's.
                Ok(known) if known.linked != fact.linked => {}
                _ => outcome = Inserted::Conflict,
            }
        }
        at = end;
    }
    row.clear();
    pack(fact, first, row);
    add(bytes, row);
    outcome
}

/// Adds bytes, with no room to spare after them.
fn add(bytes: &mut Box<[u8]>, more: &[u8]) {
    let mut whole = std::mem::take(bytes).into_vec();
    whole.reserve_exact(more.len());
    whole.extend_from_slice(more);
    *bytes = whole.into_boxed_slice();
}

/// Takes stored facts into the set that begins in `bytes` at `from`; those it knows change nothing.
///
/// # Errors
/// When they are not packed facts.
pub(crate) fn merge(bytes: &mut Box<[u8]>, from: usize, stored: &[u8]) -> Result<(), Unreadable> {
    let mut rest = stored;
    if bytes.len() == from {
        while let Some((_, after)) = first_row(rest) {
            rest = after;
        }
        if !rest.is_empty() {
            return Err(Unreadable);
        }
        add(bytes, stored);
        return Ok(());
    }
    let (mut first, mut row): (Option<StoredFact>, _) = (None, Vec::new());
    while let Some((known, after)) = first_row(rest) {
        let fact = unpack(known, first.as_ref().map(First::from))?;
        insert(bytes, from, &fact, &mut row);
        first.get_or_insert(fact);
        rest = after;
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(Unreadable)
    }
}

/// As [`Facts::standing`], of some facts of an entity.
#[must_use]
pub fn standing(mut facts: Vec<StoredFact>) -> Vec<StoredFact> {
    in_order(&mut facts);
    if let Cow::Owned(standing) = without_retracted(&facts) {
        return standing;
    }
    facts
}

/// Sorts by recording: of what came in one batch, by its order there.
pub(crate) fn in_order(facts: &mut [StoredFact]) {
    facts.sort_unstable_by_key(|f| (f.recorded_at, f.position, f.key, f.linked));
}

/// Leaves out what was taken back. A retraction stands unless a later one takes it back; what another entity
/// takes back is what that entity's event recorded of this one.
pub(crate) fn without_retracted(facts: &[StoredFact]) -> Cow<'_, [StoredFact]> {
    if !facts.iter().any(|f| f.fact.retraction().is_some()) {
        return Cow::Borrowed(facts);
    }
    let mut gone: HashSet<FactKey> = HashSet::new();
    let mut gone_of_others: HashSet<(FactKey, EntityKey)> = HashSet::new();
    let is_gone =
        |f: &StoredFact, gone: &HashSet<FactKey>, others: &HashSet<(FactKey, EntityKey)>| {
            gone.contains(&f.key) || f.linked.is_some_and(|by| others.contains(&(f.key, by)))
        };
    for fact in facts.iter().rev() {
        let Some(retraction) = fact.fact.retraction() else {
            continue;
        };
        if !is_gone(fact, &gone, &gone_of_others) {
            let source = retraction.retracts_source.as_deref().unwrap_or_default();
            let key = FactKey::from(EventKey::of(source, &retraction.retracts));
            match fact.linked {
                None => gone.insert(key),
                Some(by) => gone_of_others.insert((key, by)),
            };
        }
    }
    let stands =
        |f: &&StoredFact| f.fact.retraction().is_none() && !is_gone(f, &gone, &gone_of_others);
    facts.iter().filter(stands).cloned().collect()
}

/// Whether two records hold the same fact. Where the key is the same, so is the source.
pub(crate) fn same_content(a: &StoredFact, b: &StoredFact) -> bool {
    a.occurred_at == b.occurred_at && a.area == b.area && a.linked == b.linked && a.fact == b.fact
}

/// Of two records of the same fact, the earlier recording and the earlier place in the log stand.
pub(crate) fn make_earlier(known: &mut StoredFact, repeat: &StoredFact) {
    known.recorded_at = known.recorded_at.min(repeat.recorded_at);
    known.position = known.position.min(repeat.position);
}

/// The first row of bytes, and what follows it: the length as a variable number, then the row.
fn first_row(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = postcard::take_from_bytes::<u32>(bytes).ok()?;
    rest.split_at_checked(length as usize)
}

/// What stands before the fact in a row.
struct Head<'a> {
    key: FactKey,
    position: u64,
    recorded_ms: i64,
    /// How much later than it happened it was recorded.
    after_ms: i64,
    linked: Option<EntityKey>,
    /// None where it is that of the set's first row.
    source: Option<SourceKey>,
    /// None where it is that of the set's first row.
    area: Option<&'a str>,
    fact: &'a [u8],
}

impl<'a> Head<'a> {
    fn of(row: &'a [u8]) -> Result<Self, Unreadable> {
        let (key, rest) = row.split_first_chunk::<KEY>().ok_or(Unreadable)?;
        let ((position, recorded_ms, after_ms, marks), rest) =
            postcard::take_from_bytes::<(u64, i64, i64, u8)>(rest).map_err(|_| Unreadable)?;
        let (linked, rest) = if marks & LINKED == 0 {
            (None, rest)
        } else {
            let (by, rest) = rest.split_first_chunk().ok_or(Unreadable)?;
            (Some(EntityKey(u128::from_be_bytes(*by))), rest)
        };
        let (source, rest) = if marks & OWN_SOURCE == 0 {
            (None, rest)
        } else {
            let (source, rest) = rest.split_first_chunk().ok_or(Unreadable)?;
            (Some(SourceKey(u64::from_be_bytes(*source))), rest)
        };
        let (area, fact) = if marks & OWN_AREA == 0 {
            (None, rest)
        } else {
            let (area, fact) = postcard::take_from_bytes::<&str>(rest).map_err(|_| Unreadable)?;
            (Some(area), fact)
        };
        Ok(Self {
            key: FactKey(u64::from_be_bytes(*key)),
            position,
            recorded_ms,
            after_ms,
            linked,
            source,
            area,
            fact,
        })
    }

    /// What other rows may leave out, where this is the set's first.
    fn first(&self) -> Option<First<'a>> {
        Some(First {
            area: self.area?,
            source: self.source?,
        })
    }
}

/// Adds a row. `first` is of the set's first row, where there is one.
pub(crate) fn pack(fact: &StoredFact, first: Option<First<'_>>, bytes: &mut Vec<u8>) {
    let recorded_ms = fact.recorded_at.timestamp_millis();
    let after_ms = recorded_ms - fact.occurred_at.timestamp_millis();
    let own_area = first.is_none_or(|first| first.area != fact.area.as_str());
    let own_source = first.is_none_or(|first| first.source != fact.source);
    let marks = (u8::from(fact.linked.is_some()) * LINKED)
        | (u8::from(own_area) * OWN_AREA)
        | (u8::from(own_source) * OWN_SOURCE);
    let start = bytes.len();
    // Room for a length below 128, which nearly every row has.
    bytes.push(0);
    bytes.extend_from_slice(&fact.key.0.to_be_bytes());
    let packed = append(&(fact.position, recorded_ms, after_ms, marks), bytes)
        .and_then(|()| {
            if let Some(by) = fact.linked {
                bytes.extend_from_slice(&by.0.to_be_bytes());
            }
            if own_source {
                bytes.extend_from_slice(&fact.source.0.to_be_bytes());
            }
            if own_area {
                append(&fact.area.as_str(), bytes)
            } else {
                Ok(())
            }
        })
        .and_then(|()| append(&fact.fact, bytes));
    let length = u32::try_from(bytes.len() - start - 1);
    match (packed, length) {
        (Ok(()), Ok(length)) => {
            let mut room = [0; 5];
            if let Ok(length) = postcard::to_slice(&length, &mut room) {
                bytes.splice(start..=start, length.iter().copied());
            }
        }
        // Nothing of a fact refuses to be packed, and the checks at entry bound every field.
        _ => bytes.truncate(start),
    }
}

fn unpack(row: &[u8], first: Option<First<'_>>) -> Result<StoredFact, Unreadable> {
    let head = Head::of(row)?;
    let area = head.area.or(first.map(|first| first.area));
    let source = head.source.or(first.map(|first| first.source));
    let instant = |ms| DateTime::from_timestamp_millis(ms).ok_or(Unreadable);
    let occurred_ms = head.recorded_ms.checked_sub(head.after_ms);
    Ok(StoredFact {
        key: head.key,
        source: source.ok_or(Unreadable)?,
        position: head.position,
        recorded_at: instant(head.recorded_ms)?,
        occurred_at: instant(occurred_ms.ok_or(Unreadable)?)?,
        linked: head.linked,
        area: AreaId::new(area.ok_or(Unreadable)?).map_err(|_| Unreadable)?,
        fact: postcard::from_bytes(head.fact).map_err(|_| Unreadable)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_events::Fact;
    use joinedup_events::facts::{Happened, Retracted};
    use joinedup_events::transfer::TransferFact;

    fn fact(id: &str, recorded: i64, what: TransferFact) -> StoredFact {
        let instant = |minutes: i64| DateTime::from_timestamp(minutes * 60, 0).unwrap();
        StoredFact {
            key: EventKey::of("/s", id).into(),
            source: SourceKey::of("/s"),
            position: recorded as u64,
            occurred_at: instant(0),
            recorded_at: instant(recorded),
            area: AreaId::new("a").unwrap(),
            linked: None,
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

    /// A set by itself.
    #[derive(Default)]
    struct FactSet(Box<[u8]>);

    impl FactSet {
        fn insert(&mut self, fact: &StoredFact) -> Inserted {
            insert(&mut self.0, 0, fact, &mut Vec::new())
        }

        fn facts(&self) -> Facts<'_> {
            Facts::of(&*self.0)
        }
    }

    #[test]
    fn a_repeat_changes_nothing_and_the_earlier_recording_stands() {
        let mut set = FactSet::default();
        assert_eq!(set.insert(&fact("1", 9, started())), Inserted::New);
        assert_eq!(set.insert(&fact("1", 5, started())), Inserted::Earlier);
        assert_eq!(set.insert(&fact("1", 7, started())), Inserted::Known);
        assert_eq!(set.facts().all(), vec![fact("1", 5, started())]);
    }

    #[test]
    fn the_same_id_with_other_content_is_two_facts() {
        let mut set = FactSet::default();
        set.insert(&fact("1", 1, started()));
        assert_eq!(
            set.insert(&fact("1", 2, TransferFact::Cancelled(Happened {}))),
            Inserted::Conflict
        );
        assert_eq!(set.facts().all().len(), 2);
    }

    #[test]
    fn a_retraction_may_come_before_what_it_takes_back() {
        let mut set = FactSet::default();
        set.insert(&fact("2", 1, takes_back("1")));
        set.insert(&fact("1", 2, started()));
        assert!(set.facts().standing().is_empty());
    }

    #[test]
    fn a_retraction_about_another_entity_takes_back_nothing_of_this_ones_own() {
        let other = EntityKey::of(joinedup_events::Family::Transfer, "t-2");
        let linked = |fact: StoredFact| StoredFact {
            linked: Some(other),
            ..fact
        };
        let mut set = FactSet::default();
        set.insert(&fact("1", 1, started()));
        set.insert(&linked(fact("2", 2, started())));
        set.insert(&linked(fact("3", 3, takes_back("1"))));
        set.insert(&linked(fact("4", 4, takes_back("2"))));
        assert_eq!(set.facts().standing(), vec![fact("1", 1, started())]);
    }

    #[test]
    fn a_retraction_taken_back_lets_the_fact_stand_again() {
        let mut set = FactSet::default();
        set.insert(&fact("1", 1, started()));
        set.insert(&fact("2", 2, takes_back("1")));
        set.insert(&fact("3", 3, takes_back("2")));
        assert_eq!(set.facts().standing(), vec![fact("1", 1, started())]);
        assert!(
            set.facts()
                .standing_at(DateTime::from_timestamp(150, 0).unwrap())
                .is_empty()
        );
    }
}
