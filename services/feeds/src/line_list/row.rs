//! Rows as facts: what each row states of its spell or referral, and what of it cannot be taken.

use super::fault::{CONTRADICTING, Fault, Faults, NO_KEY, REFUSED, REPEATED, UNEVEN, UNKNOWN_AREA};
use super::field::{self, Misread};
use super::mapping::{Columns, FactRule, FieldRule, ListMapping, OrderRule, Subject};
use super::moment::Moment;
use super::said::{self, Said};
use super::table::{BROKEN, Row, Table};
use crate::BadRow;
use crate::pseudonym::{Key, Purpose};
use crate::sheet::UNSAVED;
use chrono::{DateTime, Utc};
use joinedup_events::referral::ReferralFact;
use joinedup_events::transfer::TransferFact;
use joinedup_events::{AreaId, Areas, EntityId, Event, Fact, check, local};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The keys that numbers are hashed with.
#[derive(Clone, Debug)]
pub struct Ring {
    /// The key of today.
    pub current: Key,
    /// The key before it, while the change from one to the other goes on.
    pub previous: Option<Key>,
}

impl Ring {
    /// The keys, today's first.
    pub fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// The hashes of some parts together, by every key.
    #[must_use]
    pub fn hashes(&self, purpose: Purpose, parts: &[String]) -> Vec<String> {
        let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
        self.all().map(|key| key.hash(purpose, &parts)).collect()
    }
}

/// What a row states.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    /// The line that it began in.
    pub line: u64,
    /// Hashes of what names it, by today's key and the one before.
    pub keys: Vec<String>,
    /// Hashes of the person, likewise; none where the list does not say.
    pub persons: Vec<String>,
    /// The entity, by today's key.
    pub entity: EntityId,
    /// The area that it counts for.
    pub area: AreaId,
    /// The facts, by name.
    pub facts: BTreeMap<String, StatedFact>,
    /// Facts that could not be read: what stands of them already goes on standing.
    pub held: BTreeSet<String>,
}

/// What a row states as one fact.
#[derive(Clone, Debug, PartialEq)]
pub struct StatedFact {
    /// When it happened.
    pub moment: Moment,
    /// Its fields.
    pub fields: Map<String, Value>,
}

/// What a whole list states.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Rows read.
    pub rows: u64,
    /// What each spell or referral is stated to be.
    pub stated: Vec<Stated>,
    /// Rows of which nothing is taken, by the hash of what names them: what stands of them goes on standing.
    pub held: BTreeSet<String>,
    /// People of whom a row could not be placed, likewise.
    pub held_persons: BTreeSet<String>,
    /// A row cannot be told apart from the ones that vanished, so none of those is taken back.
    pub is_torn: bool,
    /// Its last row is not whole, so others may be missing.
    pub is_cut: bool,
    /// Hashes of the whole file, by today's key and the one before.
    pub digests: Vec<String>,
    /// Rows that name nobody although they have what a row has.
    pub keyless: u64,
    /// What is wrong.
    pub faults: Faults,
}

/// Reads rows.
#[derive(Clone, Copy, Debug)]
pub struct RowReader<'a> {
    /// The mapping.
    pub mapping: &'a ListMapping,
    /// The keys.
    pub ring: &'a Ring,
    /// The register of areas.
    pub areas: &'a Areas,
    /// Now: what lies later is refused.
    pub now: DateTime<Utc>,
    /// When the list became known.
    pub recorded_at: DateTime<Utc>,
}

/// The fact of a wire name.
pub(super) fn fact(subject: Subject, name: &str, fields: &Map<String, Value>) -> Option<Fact> {
    let data = Value::Object(fields.clone()).to_string();
    match subject {
        Subject::Transfer => TransferFact::decode(name, &data).ok()?.map(Fact::Transfer),
        Subject::Referral => ReferralFact::decode(name, &data).ok()?.map(Fact::Referral),
    }
}

impl RowReader<'_> {
    /// Reads a list.
    #[must_use]
    pub fn read(&self, table: &Table) -> Reading {
        let mut reading = Reading {
            rows: (table.rows.len() + table.uneven.len()) as u64,
            is_torn: !table.uneven.is_empty(),
            ..Reading::default()
        };
        for (line, sentence) in &table.uneven {
            let bad = BadRow::new(*line, "", *sentence);
            reading.faults.add(self.mapping, UNEVEN, bad);
        }
        let torn = self.torn(table);
        reading.is_torn |= !torn.is_empty();
        let mut by_key: BTreeMap<String, usize> = BTreeMap::new();
        for row in &table.rows {
            if row.part_of.is_some_and(|first| torn.contains(&first)) {
                let bad = BadRow::new(row.line, "", BROKEN);
                reading.faults.add(self.mapping, UNEVEN, bad);
                continue;
            }
            let Some(stated) = self.row(row, &mut reading) else {
                continue;
            };
            let key = stated.keys.first().cloned().unwrap_or_default();
            let Some(first) = by_key.get(&key).and_then(|at| reading.stated.get(*at)) else {
                by_key.insert(key, reading.stated.len());
                reading.stated.push(stated);
                continue;
            };
            let line = first.line;
            let same = Stated {
                line,
                ..stated.clone()
            } == *first;
            let (kind, sentence) = if same {
                (REPEATED, format!("is the same as line {line}"))
            } else {
                reading.held.extend(stated.keys);
                (
                    CONTRADICTING,
                    format!(
                        "differs from line {line}, which is about the same spell or referral: neither is taken until one of them is gone"
                    ),
                )
            };
            reading
                .faults
                .add(self.mapping, kind, BadRow::new(row.line, "", sentence));
        }
        let held = &reading.held;
        reading
            .stated
            .retain(|stated| !stated.keys.iter().any(|key| held.contains(key)));
        reading.faults.0.sort_by_key(|fault| fault.row.line);
        reading
    }

    /// The first lines of rows that are torn: some part of them is not a row by itself.
    fn torn(&self, table: &Table) -> BTreeSet<u64> {
        let parts = table
            .rows
            .iter()
            .filter_map(|row| Some((row.part_of?, row)));
        let is_part = |row: &Row| {
            let mut alone = Reading::default();
            self.row(row, &mut alone).is_none() || !alone.faults.0.is_empty()
        };
        let torn = parts.filter(|(_, row)| is_part(row));
        torn.map(|(first, _)| first).collect()
    }

    fn row(&self, row: &Row, reading: &mut Reading) -> Option<Stated> {
        let bad = |column: &str, sentence: &str| BadRow::new(row.line, column, sentence);
        let persons = self.hashes(Purpose::Person, row, &self.mapping.person);
        let (persons, unread) = match persons {
            Ok(persons) => (persons, None),
            Err(column) => (Vec::new(), Some(column)),
        };
        let keys = match self.hashes(Purpose::Entity, row, &self.mapping.entity) {
            Ok(keys) => keys,
            Err(column) => {
                // A row of totals has few cells.
                let is_of_somebody = row.cells.len() * 2 > self.mapping.columns().len();
                reading.keyless += u64::from(persons.is_empty() && is_of_somebody);
                reading.held_persons.extend(persons);
                let sentence = "is empty or not readable, and names the row: the row is not taken";
                reading
                    .faults
                    .add(self.mapping, NO_KEY, bad(&column, sentence));
                return None;
            }
        };
        if let Some(column) = unread.filter(|column| field::is_rounded(row.cells.get(column))) {
            let bad = bad(&column, field::ROUNDED);
            reading.faults.add(self.mapping, NO_KEY, bad);
        }
        if row.is_cut {
            reading.held.extend(keys);
            reading.is_cut = true;
            let sentence = "is the last line, and ends before its row does: it is not taken";
            reading.faults.add(self.mapping, UNEVEN, bad("", sentence));
            return None;
        }
        let entity = EntityId::new(&format!("{}-{}", self.mapping.name, keys.first()?)).ok()?;
        let area = match self.area(row) {
            Ok(area) => area,
            Err((kind, column, sentence)) => {
                reading.held.extend(keys);
                reading
                    .faults
                    .add(self.mapping, kind, bad(&column, sentence));
                return None;
            }
        };
        let mut stated = Stated {
            line: row.line,
            keys,
            persons,
            entity,
            area,
            facts: BTreeMap::new(),
            held: BTreeSet::new(),
        };
        for rule in &self.mapping.facts {
            self.fact(row, rule, &mut stated, &mut reading.faults);
        }
        for order in &self.mapping.orders {
            self.order(order, &mut stated, &mut reading.faults);
        }
        for rule in &self.mapping.facts {
            if rule
                .withheld_with
                .iter()
                .any(|name| stated.held.contains(name))
                && stated.facts.remove(&rule.name).is_some()
            {
                stated.held.insert(rule.name.clone());
            }
        }
        Some(stated)
    }

    /// Hashes of some columns by every key; the first column that is not there, or not readable, where there is one.
    fn hashes(
        &self,
        purpose: Purpose,
        row: &Row,
        columns: &[String],
    ) -> Result<Vec<String>, String> {
        let mut parts = Vec::new();
        for column in columns {
            let one = Columns::One(column.clone());
            let (_, text) = field::cell(self.mapping, row, &one)
                .filter(|(_, text)| !field::is_rounded(Some(*text)) && *text != UNSAVED)
                .ok_or_else(|| column.clone())?;
            // A time names the same spell however it is written, and with or without its seconds.
            if self
                .mapping
                .facts
                .iter()
                .any(|fact| fact.time.iter().any(|c| c == column))
            {
                let moment = Moment::of_cell(text, row.from_1904).ok_or_else(|| column.clone())?;
                parts.push(moment.at.format("%Y-%m-%dT%H:%MZ").to_string());
            } else {
                parts.push(text.to_uppercase());
            }
        }
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.ring.hashes(purpose, &parts))
    }

    fn area(&self, row: &Row) -> Result<AreaId, Misread> {
        let rule = &self.mapping.area;
        if let Some(fixed) = &rule.fixed {
            return Ok(fixed.clone());
        }
        let columns = Columns::Several(rule.looked_at().map(str::to_owned).collect());
        let Some((column, text)) = field::cell(self.mapping, row, &columns) else {
            let column = columns.iter().next().unwrap_or_default().to_owned();
            let sentence = "is empty, and says which area the row counts for";
            return rule.empty.clone().ok_or((UNKNOWN_AREA, column, sentence));
        };
        let area = rule.value(text).cloned().or_else(|| AreaId::new(text).ok());
        area.filter(|area| self.areas.get(area.as_str()).is_some()).ok_or_else(|| {
            let sentence = "is not an area of the register: add it to a file of areas, or to the mapping's `area.values`";
            (UNKNOWN_AREA, column.to_owned(), sentence)
        })
    }

    fn fact(&self, row: &Row, rule: &FactRule, stated: &mut Stated, faults: &mut Faults) {
        let mut wrong = Vec::new();
        let said = said::of(self, row, rule, &mut wrong);
        for (kind, column, sentence) in wrong {
            let bad = BadRow::new(row.line, column, sentence);
            // One column may choose among several facts, or say two things of one.
            let mut before = faults.0.iter().rev().take(self.mapping.facts.len());
            let is_same = |fault: &Fault| {
                (fault.kind.as_str(), fault.row.line, &fault.row.column)
                    == (kind, bad.line, &bad.column)
            };
            if !before.any(is_same) {
                faults.add(self.mapping, kind, bad);
            }
        }
        let fact = match said {
            Said::Nothing => return,
            Said::Unread => None,
            Said::Fact(fact) => {
                let refusals = self.refusals(&stated.entity, &stated.area, rule, &fact);
                for (column, sentence) in &refusals {
                    let bad = BadRow::new(row.line, column, sentence);
                    faults.add(self.mapping, REFUSED, bad);
                }
                Some(fact).filter(|_| refusals.is_empty())
            }
        };
        match fact {
            Some(fact) => _ = stated.facts.insert(rule.name.clone(), fact),
            None => _ = stated.held.insert(rule.name.clone()),
        }
    }

    /// What the checks at entry have against a fact, by column.
    fn refusals(
        &self,
        entity: &EntityId,
        area: &AreaId,
        rule: &FactRule,
        stated: &StatedFact,
    ) -> Vec<(String, String)> {
        let time = || rule.time.iter().next().unwrap_or_default().to_owned();
        let Some(fact) = fact(self.mapping.family, &rule.name, &stated.fields) else {
            let sentence = format!(
                "does not make the fact {}: a value of the mapping is not one of its codes",
                rule.name
            );
            return vec![(time(), sentence)];
        };
        let event = Event {
            source: self.mapping.source(),
            id: "a".to_owned(),
            occurred_at: stated.moment.at,
            // An instant ahead is refused for itself.
            recorded_at: self.recorded_at,
            entity: entity.clone(),
            area: area.clone(),
            fact,
            actor: None,
        };
        let refusals = check::check(&event, &event.data(), self.areas, self.now).err();
        let column = |pointer: &str| {
            let name = pointer.trim_start_matches("/data/");
            match rule.fields.get(name) {
                Some(FieldRule::Column(from)) => {
                    from.column.iter().next().unwrap_or_default().to_owned()
                }
                _ if pointer == "/time" => time(),
                _ => name.trim_start_matches('/').to_owned(),
            }
        };
        let refusals = refusals.into_iter().flatten();
        let mut found: Vec<_> = refusals.map(|r| (column(&r.pointer), r.rule)).collect();
        found.dedup();
        found
    }

    fn order(&self, order: &OrderRule, stated: &mut Stated, faults: &mut Faults) {
        let moment = |name: &String| stated.facts.get(name).map(|fact| fact.moment);
        let (Some(first), Some(then)) = (moment(&order.first), moment(&order.then)) else {
            return;
        };
        let broken = if first.date_only || then.date_only {
            then.date() < first.date()
        } else {
            then.at < first.at
        };
        if !broken {
            return;
        }
        // In the hour that comes twice when the clocks go back the second may be meant.
        let again = local::again(then.at).filter(|again| !then.date_only && *again >= first.at);
        if let (Some(again), Some(fact)) = (again, stated.facts.get_mut(&order.then)) {
            fact.moment.at = again;
            return;
        }
        let rule = self
            .mapping
            .facts
            .iter()
            .find(|fact| fact.name == order.then);
        let column = rule
            .and_then(|rule| rule.time.iter().next())
            .unwrap_or_default();
        let sentence = format!(
            "lies before `{}`{}",
            order.first,
            if order.refuse {
                ": it is not taken"
            } else {
                ": both are taken as they stand"
            }
        );
        faults.add(
            self.mapping,
            order.fault.as_str(),
            BadRow::new(stated.line, column, sentence),
        );
        if order.refuse {
            stated.facts.remove(&order.then);
            stated.held.insert(order.then.clone());
        }
    }
}
