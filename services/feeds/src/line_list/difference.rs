//! The difference between a list and the one before: new facts, corrections, and retractions of what vanished.

pub(super) mod content;
mod doubt;
mod previous;
pub(super) mod report;

pub use doubt::Doubt;

use super::mapping::{Changes, FactRule, ListMapping};
use super::row::{self, Reading, Ring, Stated, StatedFact};
use super::snapshot::{KnownFact, KnownRow, Snapshot};
use crate::pseudonym::{Key, Purpose};
use crate::sink::Bound;
use chrono::{DateTime, Days, NaiveDate, Utc};
use content::{Said, stands_from};
use joinedup_events::facts::Retracted;
use joinedup_events::referral::ReferralFact;
use joinedup_events::transfer::TransferFact;
use joinedup_events::{AreaId, EntityId, Event, Fact, Family, local};
use std::collections::{BTreeMap, BTreeSet};

/// What is compared, and when.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    /// The mapping.
    pub mapping: &'a ListMapping,
    /// The keys.
    pub ring: &'a Ring,
    /// When the list was made: later changes and retractions happened then.
    pub as_at: DateTime<Utc>,
    /// When the list became known.
    pub recorded_at: DateTime<Utc>,
}

/// What is to be published.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The events.
    pub events: Vec<Planned>,
    /// What is remembered once they are durable.
    pub next: Snapshot,
    /// Counts by fact.
    pub tallies: BTreeMap<String, Tally>,
    /// Rows of the list before.
    pub known: usize,
    /// Rows of it that vanished.
    pub gone: usize,
    /// Rows of it of which something was corrected or taken back.
    pub changed: usize,
    /// Why it should not be published unless somebody looked.
    pub doubt: Option<Doubt>,
    /// What the list says of its source, to be published after the events.
    pub reported: Option<Event>,
}

/// An event to be published.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The line that it came from; 0 for what vanished.
    pub line: u64,
    /// The row, by its hash.
    pub row: String,
    /// The fact that it states or takes back.
    pub fact: String,
    /// What was known of the fact before the row: where the event is refused, that stands.
    pub before: KnownFact,
    /// The event.
    pub event: Event,
}

/// Counts of one fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Stated for the first time, or added.
    pub new: u64,
    /// Stated differently.
    pub corrected: u64,
    /// Taken back.
    pub taken_back: u64,
    /// As before.
    pub unchanged: u64,
    /// Not readable in this list: what stood goes on standing.
    pub held: u64,
}

impl Plan {
    /// All that is said of one fact, what is taken back and what takes its place: what is remembered of it afterwards is either
    /// what was known before or what follows from all of them.
    #[must_use]
    pub fn bound(&self) -> Bound {
        let mut group: Option<(usize, _)> = None;
        let events = self.events.iter().enumerate().rev();
        let with_last = events.filter_map(|(at, planned)| {
            let about = (&planned.row, &planned.fact);
            if let Some((last, _)) = group.filter(|(_, same)| *same == about) {
                return Some((at, last));
            }
            group = Some((at, about));
            None
        });
        with_last.collect()
    }

    /// The group that ends with an event did not go in: what was known of its fact before stands.
    pub(super) fn refused(&mut self, last: usize) {
        let Some(planned) = self.events.get(last) else {
            return;
        };
        let row = self.next.rows.get_mut(&planned.row);
        let Some(fact) = row.and_then(|row| row.facts.get_mut(&planned.fact)) else {
            return;
        };
        let is_added = planned.before.id.is_none() || fact.also.len() > planned.before.also.len();
        fact.clone_from(&planned.before);
        let tally = self.tallies.entry(planned.fact.clone()).or_default();
        let counted = match planned.event.fact.retraction() {
            Some(_) => &mut tally.taken_back,
            None if is_added => &mut tally.new,
            None => &mut tally.corrected,
        };
        *counted = counted.saturating_sub(1);
        tally.held += 1;
    }
}

impl Comparison<'_> {
    /// Compares a list with the one before.
    #[must_use]
    pub fn plan(&self, before: Option<&Snapshot>, reading: &Reading) -> Plan {
        let mut next = before
            .cloned()
            .unwrap_or_else(|| Snapshot::new(self.mapping, self.ring));
        next.key = self.ring.current.fingerprint();
        let stands = |row: &&KnownRow| row.stands() && !row.left;
        let mut plan = Plan {
            events: Vec::new(),
            known: next.rows.values().filter(stands).count(),
            next,
            tallies: BTreeMap::new(),
            gone: 0,
            changed: 0,
            doubt: None,
            reported: None,
        };
        if before.is_none() {
            plan.next.begins = self.whole_from(reading);
        }
        let people = self.people(&plan.next, reading);
        let mut seen = BTreeSet::new();
        for stated in &reading.stated {
            let known = stated.keys.iter().find_map(|key| plan.next.rows.get(key));
            let entity = known.map_or(&stated.entity, |row| &row.entity);
            // One that has left the list, and was found before, is found no more.
            let has_left = |before: &EntityId| {
                let mut rows = plan.next.rows.values();
                !rows.any(|row| row.entity == *before)
            };
            let found_before = || self.previous_known(known?).filter(has_left);
            let previous = self.previous(stated, entity, &people);
            let previous = previous.or_else(found_before);
            seen.extend(stated.keys.first().cloned());
            self.row(stated, previous, &mut plan);
        }
        // One more row that names nobody is one that named somebody before.
        let hides = before.is_some_and(|before| {
            let nameless = |row: &KnownRow| row.stands() && row.person.is_none();
            reading.keyless > before.keyless
                || !reading.held_persons.is_empty() && before.rows.values().any(nameless)
        });
        if !hides {
            plan.next.keyless = reading.keyless;
        }
        if !self.mapping.incremental && !hides {
            self.vanished(&seen, reading, &mut plan);
        }
        plan.doubt = self.doubt(before, reading, &plan);
        plan.next.took(self.as_at, &reading.digests);
        plan.reported = self.reported(&plan);
        plan
    }

    /// What a row of the list says that is new.
    fn row(&self, stated: &Stated, previous: Option<EntityId>, plan: &mut Plan) {
        let Some(key) = stated.keys.first() else {
            return;
        };
        // A row known by the key before is known by today's from now on.
        let mut old_key = None;
        let known = plan.next.rows.remove(key).or_else(|| {
            let row = plan.next.rows.remove(stated.keys.get(1)?)?;
            old_key = self.ring.previous.as_ref();
            Some(row)
        });
        let mut row = known.unwrap_or_else(|| KnownRow {
            entity: stated.entity.clone(),
            area: stated.area.clone(),
            person: None,
            ended: None,
            left: false,
            facts: BTreeMap::new(),
        });
        row.left = false;
        row.person = stated.persons.first().cloned();
        if let Some(ended) = self.ended(stated) {
            row.ended = Some(self.date(&self.ring.current, ended));
        } else if !self
            .mapping
            .snapshot
            .ended
            .as_ref()
            .is_some_and(|name| stated.held.contains(name))
        {
            row.ended = None;
        }
        let mut changed = false;
        for rule in &self.mapping.facts {
            let change = Change {
                key,
                line: stated.line,
                rule,
                old_key,
                area: &stated.area,
                previous: previous.clone().filter(|_| self.begins(rule)),
            };
            match stated.facts.get(&rule.name) {
                Some(fact) => changed |= self.fact(&change, fact, &mut row, plan),
                None => changed |= self.silent(&change, stated, &mut row, plan),
            }
        }
        row.area = stated.area.clone();
        plan.changed += usize::from(changed);
        plan.next.rows.insert(key.clone(), row);
    }

    fn begins(&self, rule: &FactRule) -> bool {
        self.mapping
            .previous
            .as_ref()
            .is_some_and(|p| p.fact == rule.name)
    }

    /// The row does not state the fact.
    fn silent(
        &self,
        change: &Change<'_>,
        stated: &Stated,
        row: &mut KnownRow,
        plan: &mut Plan,
    ) -> bool {
        let name = &change.rule.name;
        let held = stated.held.contains(name);
        let tally = plan.tallies.entry(name.clone()).or_default();
        tally.held += u64::from(held);
        let stands = row.facts.get(name).is_some_and(|known| known.id.is_some());
        // Where a value changes over time, an empty cell says nothing: what was stated stood then.
        if !stands || held || change.rule.changes == Changes::Add {
            return false;
        }
        self.take_back(change.line, change.key, name, row, plan);
        true
    }

    /// The row states the fact. Returns whether that corrects what was stated before.
    fn fact(
        &self,
        change: &Change<'_>,
        stated: &StatedFact,
        row: &mut KnownRow,
        plan: &mut Plan,
    ) -> bool {
        let Change {
            key, rule, line, ..
        } = *change;
        let mut fields = stated.fields.clone();
        if let Some(previous) = &change.previous {
            fields.insert("previous".to_owned(), previous.as_str().into());
        }
        let at = stated.moment.at;
        let family = self.mapping.family;
        let Some(mut fact) = row::fact(family, &rule.name, &fields) else {
            // The reader has made the same fact of the same fields.
            return false;
        };
        let said = Said {
            rule,
            area: change.area,
            at,
            fact: &fact,
        };
        let content = said.content(&self.ring.current);
        let since = said.since(&self.ring.current);
        let known = row.facts.entry(rule.name.clone()).or_default();
        let tally = plan.tallies.entry(rule.name.clone()).or_default();
        let key_then = change.old_key.unwrap_or(&self.ring.current);
        let (stood, is_first) = (known.id.is_some(), known.also.is_empty());
        let is_same = stood && said.is(key_then, &known.content);
        // The first value stands from the beginning that the row has now.
        let has_moved = is_first && known.since.is_some() && known.since != said.since(key_then);
        if is_same && !has_moved {
            tally.unchanged += 1;
            known.content = content;
            known.since = since.filter(|_| is_first);
            return false;
        }
        let before = known.clone();
        let added = stood && rule.changes == Changes::Add && !is_same;
        let occurred_at = if added { self.as_at.max(at) } else { at };
        if added {
            stands_from(&mut fields, local::date(occurred_at));
            fact = row::fact(family, &rule.name, &fields).unwrap_or(fact);
        }
        if stood && !added {
            self.take_back(line, key, &rule.name, row, plan);
        }
        let known = row.facts.entry(rule.name.clone()).or_default();
        if added {
            known.also.extend(known.id.take());
            known.past.push(std::mem::take(&mut known.content));
        }
        let turn = known.past.iter().filter(|past| **past == content).count();
        let id = self.id(&[
            row.entity.as_str(),
            &rule.name,
            &content,
            &turn.to_string(),
            &occurred_at.to_rfc3339(),
        ]);
        known.id = Some(id.clone());
        known.content = content;
        known.since = since.filter(|_| !added);
        known.previous.clone_from(&change.previous);
        let tally = plan.tallies.entry(rule.name.clone()).or_default();
        if stood && !added {
            // Counted as one correction, not as one taken back and one new.
            tally.taken_back -= 1;
            tally.corrected += 1;
        } else {
            tally.new += 1;
        }
        plan.events.push(Planned {
            line,
            row: key.to_owned(),
            fact: rule.name.clone(),
            before,
            event: self.event(id, occurred_at, &row.entity, change.area, fact),
        });
        stood && !added
    }

    /// Takes a fact back, with the ones that stand beside it.
    fn take_back(&self, line: u64, key: &str, name: &str, row: &mut KnownRow, plan: &mut Plan) {
        let Some(known) = row.facts.get_mut(name) else {
            return;
        };
        let before = known.clone();
        let ids: Vec<String> = known
            .id
            .take()
            .into_iter()
            .chain(known.also.drain(..))
            .collect();
        known.past.push(std::mem::take(&mut known.content));
        let previous = known.previous.take();
        for retracts in ids {
            let id = self.id(&["retracted", &retracts, &self.as_at.to_rfc3339()]);
            let retracted = Retracted {
                retracts,
                retracts_source: None,
                previous: previous.clone(),
            };
            let fact = match self.mapping.family.family() {
                Family::Referral => Fact::Referral(ReferralFact::Retracted(retracted)),
                _ => Fact::Transfer(TransferFact::Retracted(retracted)),
            };
            plan.events.push(Planned {
                line,
                row: key.to_owned(),
                fact: name.to_owned(),
                before: before.clone(),
                event: self.event(id, self.as_at, &row.entity, &row.area, fact),
            });
        }
        plan.tallies.entry(name.to_owned()).or_default().taken_back += 1;
    }

    /// Takes back the rows that are no longer in the list, unless they have left it because they ended long ago. Of a list with a
    /// torn row they are counted alone, for one that lost most of its rows on the way is stopped.
    fn vanished(&self, seen: &BTreeSet<String>, reading: &Reading, plan: &mut Plan) {
        // Of the oldest day of the window some have left the list and some have not, by the hour at which it was made.
        let window = self
            .mapping
            .snapshot
            .window_days
            .map(|days| self.last_dates(local::date(self.as_at), days.into()));
        let is_gone = |(key, row): &(&String, &KnownRow)| {
            row.stands()
                && !row.left
                && !seen.contains(*key)
                && !reading.held.contains(*key)
                && !row
                    .person
                    .as_ref()
                    .is_some_and(|p| reading.held_persons.contains(p))
        };
        let gone: Vec<String> = plan
            .next
            .rows
            .iter()
            .filter(is_gone)
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            let Some(mut row) = plan.next.rows.remove(&key) else {
                continue;
            };
            let outside = match (&window, &row.ended) {
                (Some(window), Some(ended)) => !window.contains_key(ended),
                _ => false,
            };
            if outside {
                row.left = true;
            } else {
                plan.gone += 1;
                let names: Vec<String> = row.facts.keys().cloned().collect();
                for name in names.into_iter().filter(|_| !reading.is_torn) {
                    if row.facts.get(&name).is_some_and(|fact| fact.id.is_some()) {
                        self.take_back(0, &key, &name, &mut row, plan);
                    }
                }
            }
            plan.next.rows.insert(key, row);
        }
    }

    /// The hashes of so many dates, of which the last is given, by every key.
    fn last_dates(&self, last: NaiveDate, days: u64) -> BTreeMap<String, NaiveDate> {
        let dates = (0..days).filter_map(|back| last.checked_sub_days(Days::new(back)));
        dates
            .flat_map(|date| self.ring.all().map(move |key| (self.date(key, date), date)))
            .collect()
    }

    fn date(&self, key: &Key, date: NaiveDate) -> String {
        date_hash(key, date)
    }

    fn ended_at(&self, stated: &Stated) -> Option<DateTime<Utc>> {
        let name = self.mapping.snapshot.ended.as_ref()?;
        stated.facts.get(name).map(|fact| fact.moment.at)
    }

    fn ended(&self, stated: &Stated) -> Option<NaiveDate> {
        self.ended_at(stated).map(local::date)
    }

    fn id(&self, parts: &[&str]) -> String {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        let hash = self.ring.current.hash(Purpose::Event, &parts);
        format!("{}-{hash}", self.mapping.name)
    }

    fn event(
        &self,
        id: String,
        at: DateTime<Utc>,
        entity: &EntityId,
        area: &AreaId,
        fact: Fact,
    ) -> Event {
        Event {
            source: self.mapping.source(),
            id,
            occurred_at: at,
            recorded_at: self.recorded_at,
            entity: entity.clone(),
            area: area.clone(),
            fact,
            actor: None,
        }
    }
}

/// The hash of the date on which a row ended.
pub(super) fn date_hash(key: &Key, date: NaiveDate) -> String {
    key.hash(Purpose::Content, &[b"ended", date.to_string().as_bytes()])
}

/// What a row says of one fact, and where it stands.
struct Change<'a> {
    key: &'a str,
    line: u64,
    rule: &'a FactRule,
    /// The key before, when the row is known by that.
    old_key: Option<&'a Key>,
    area: &'a AreaId,
    previous: Option<EntityId>,
}
