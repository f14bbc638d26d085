//! Line lists: files with a row a person become facts, of which the difference to the list before is published.
//!
//! file → [`table`] (rows of text) → [`row`] (facts, by the [`mapping`], with numbers of people as keyed hashes) →
//! [`difference`] (against the [`snapshot`] of the list before) → the same checks and the same sink as every import.

pub mod difference;
pub mod fault;
pub(crate) mod field;
pub mod mapping;
pub mod moment;
pub mod recover;
pub mod row;
mod said;
pub mod snapshot;
pub mod table;

#[cfg(test)]
mod tests;

use crate::BadRow;
use crate::pseudonym::{Key, Purpose};
use crate::sink::{SendError, Sink};
use crate::transfer::Contradicting;
use chrono::{DateTime, Utc};
use difference::{Comparison, Plan};
use fault::{Faults, REFUSED};
use joinedup_events::{Areas, Event};
use mapping::ListMapping;
use row::{Reading, Ring, RowReader};
use snapshot::Snapshot;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use table::{Table, TableError};

/// What one import of a list needs to know.
#[derive(Clone, Copy, Debug)]
pub struct ListImport<'a> {
    /// The mapping.
    pub mapping: &'a ListMapping,
    /// The keys.
    pub ring: &'a Ring,
    /// The register of areas.
    pub areas: &'a Areas,
    /// Now: what lies later is refused.
    pub now: DateTime<Utc>,
    /// When the list was made.
    pub as_at: DateTime<Utc>,
    /// When the list became known.
    pub recorded_at: DateTime<Utc>,
}

/// What became of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Events that were stored now.
    pub accepted: u64,
    /// Events that the log knew already.
    pub duplicates: u64,
    /// Events that contradict each other or what is known.
    pub contradicting: Contradicting,
}

impl ListImport<'_> {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is not a list of the mapping's layout.
    pub fn read(&self, bytes: &[u8]) -> Result<Reading, TableError> {
        let table = Table::read(bytes, self.mapping)?;
        let reader = RowReader {
            mapping: self.mapping,
            ring: self.ring,
            areas: self.areas,
            now: self.now,
            recorded_at: self.recorded_at,
        };
        let digest = |key: &Key| key.hash(Purpose::Content, &[b"list", bytes]);
        Ok(Reading {
            digests: self.ring.all().map(digest).collect(),
            ..reader.read(&table)
        })
    }

    /// Compares what was read with the list before.
    #[must_use]
    pub fn plan(&self, before: Option<&Snapshot>, reading: &Reading) -> Plan {
        let comparison = Comparison {
            mapping: self.mapping,
            ring: self.ring,
            as_at: self.as_at,
            recorded_at: self.recorded_at,
        };
        comparison.plan(before, reading)
    }

    /// Publishes a plan. Afterwards its `next` is what is to be remembered: where a fact was refused it is what was known of
    /// it before, and the fact is tried again with the next list.
    ///
    /// # Errors
    /// When the events are not taken. What is remembered stays as it was, and the same list sent again has the same ids.
    pub async fn publish(
        &self,
        plan: &mut Plan,
        sink: &Sink,
        faults: &mut Faults,
    ) -> Result<Published, SendError> {
        let events: Vec<Event> = plan
            .events
            .iter()
            .map(|planned| planned.event.clone())
            .collect();
        let bound = plan.bound();
        let sent = sink.send_bound(&events, &bound).await?;
        let mut fault = |line: u64, fact: &str, field: &str, rule: String| {
            let column = format!("{fact}{}", field.replace("/data", ""));
            faults.add(self.mapping, REFUSED, BadRow::new(line, column, rule));
        };
        let mut refused = BTreeSet::new();
        for (at, field, rule) in sent.refused {
            let Some(planned) = plan.events.get(at) else {
                continue;
            };
            fault(planned.line, &planned.fact, &field, rule);
            refused.insert(bound.last(at));
        }
        refused.into_iter().for_each(|last| plan.refused(last));
        // Last: until all of it is in, the source has not reported it.
        if let Some(reported) = &plan.reported {
            let said = sink.send(std::slice::from_ref(reported)).await?;
            for (_, field, rule) in said.refused {
                fault(0, reported.fact.name(), &field, rule);
            }
        }
        Ok(Published {
            accepted: sent.accepted,
            duplicates: sent.duplicates,
            contradicting: Contradicting(sent.contradicting),
        })
    }
}

/// Counts of what a list said, a line a fact and a kind of fault, without a value of the list.
#[must_use]
pub fn summary(list: &ListImport<'_>, plan: &Plan, reading: &Reading, first: bool) -> String {
    let mut text = format!("read {} rows", reading.rows);
    let _ = if first {
        writeln!(text, "; no list before it is known")
    } else {
        writeln!(
            text,
            "; of {} rows of the list before, {} are gone and {} corrected",
            plan.known, plan.gone, plan.changed
        )
    };
    let _ = writeln!(text, "  {}", list.mapping.area.words(list.areas));
    let _ = writeln!(
        text,
        "  {:<24} {:>8} {:>10} {:>11} {:>10} {:>9}",
        "fact", "new", "corrected", "taken back", "unchanged", "not read"
    );
    for (fact, tally) in &plan.tallies {
        let _ = writeln!(
            text,
            "  {fact:<24} {:>8} {:>10} {:>11} {:>10} {:>9}",
            tally.new, tally.corrected, tally.taken_back, tally.unchanged, tally.held
        );
    }
    for ((kind, column, known), count) in reading.faults.counts() {
        let of = if column.is_empty() {
            String::new()
        } else {
            format!(" in {column}")
        };
        let _ = writeln!(
            text,
            "  {count} {kind}{of}{}",
            if known { " (known)" } else { "" }
        );
    }
    text
}
