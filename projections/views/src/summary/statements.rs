//! What is said of sources, by themselves or by somebody else: that one has ended, up to when one has reported, and from when on.

use crate::contribution::{SourceKey, StoredFact};
use crate::entities::EntityKey;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::change::ChangeFact;
use joinedup_events::{AreaId, Fact};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the facts of one entity come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statement {
    ended: Option<SourceEnd>,
    /// One a source.
    reported: Vec<SourceReport>,
}

/// Somebody says that a source has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SourceEnd {
    /// The source.
    pub source: String,
    /// The instant from which nothing more is expected.
    pub at: DateTime<Utc>,
}

/// A source says what it has reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SourceReport {
    source: SourceKey,
    /// When it said so: it has reported everything that happened up to then.
    at: DateTime<Utc>,
    /// Whether it reports on, and its events say up to when.
    live: bool,
    /// From this day on; none where that is not known.
    begins: Option<NaiveDate>,
}

impl Statement {
    /// Of the facts that stand, in the order of recording.
    pub fn of(facts: &[StoredFact]) -> Self {
        let mut statement = Self::default();
        for stored in facts.iter().filter(|stored| stored.linked.is_none()) {
            match &stored.fact {
                Fact::Change(ChangeFact::SourceEnded(end)) => {
                    statement.ended = Some(SourceEnd {
                        source: end.ended.clone(),
                        at: stored.occurred_at,
                    });
                }
                Fact::Change(ChangeFact::SourceReported(report)) => {
                    let report = SourceReport {
                        source: stored.source,
                        at: stored.occurred_at,
                        live: report.live,
                        begins: report.begins,
                    };
                    let mut known = statement.reported.iter_mut();
                    match known.find(|known| known.source == report.source) {
                        Some(known) if known.at > report.at => {}
                        Some(known) => *known = report,
                        None => statement.reported.push(report),
                    }
                }
                _ => {}
            }
        }
        statement
    }

    fn is_empty(&self) -> bool {
        self.ended.is_none() && self.reported.is_empty()
    }
}

/// All that is said of sources, by the entity that says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statements(BTreeMap<EntityKey, Statement>);

impl Statements {
    /// Takes what an entity says in place of what it said before.
    pub(crate) fn settle(&mut self, entity: EntityKey, statement: Statement) {
        if statement.is_empty() {
            self.0.remove(&entity);
        } else {
            self.0.insert(entity, statement);
        }
    }

    /// Those that say that a source has ended.
    pub(super) fn ends(&self) -> impl Iterator<Item = &SourceEnd> {
        self.0
            .values()
            .filter_map(|statement| statement.ended.as_ref())
    }

    /// What a source said last of what it has reported.
    fn report_of(&self, source: &str) -> Option<&SourceReport> {
        let mut reports = self.reports().peekable();
        reports.peek()?;
        let source = SourceKey::of(source);
        let of_source = reports.filter(|report| report.source == source);
        of_source.max_by_key(|report| report.at)
    }

    /// Up to when a source says that it has reported everything; none where it says nothing of that.
    pub(super) fn reported_until(&self, source: &str) -> Option<DateTime<Utc>> {
        let report = self.report_of(source)?;
        (!report.live).then_some(report.at)
    }

    /// From which day on a source says that it reports everything.
    pub(super) fn begins(&self, source: &str) -> Option<NaiveDate> {
        self.report_of(source)?.begins
    }

    /// Whether any source says from when on it reports.
    pub(super) fn have_beginnings(&self) -> bool {
        self.reports().any(|report| report.begins.is_some())
    }

    fn reports(&self) -> impl Iterator<Item = &SourceReport> {
        self.0
            .values()
            .flat_map(|statement| statement.reported.iter())
    }
}

/// From which day on the sources of a family report everything, area by area; none where one of an area's does not say so. Of
/// what happened before, a first list holds those alone who were still there when it was made: a stock of them rises from week to
/// week until all are in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beginnings(pub(super) BTreeMap<AreaId, Option<NaiveDate>>);

impl Beginnings {
    /// Whether no source says when it begins.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The day from which on anything of some areas is whole, none where that has always been so; and the later days from
    /// which on a further part of them is counted, with the part.
    pub fn among(
        &self,
        within: impl Fn(&AreaId) -> bool,
    ) -> (Option<NaiveDate>, Vec<(&AreaId, NaiveDate)>) {
        let parts = || self.0.iter().filter(|(area, _)| within(area));
        // One that does not say when it begins has been there before all others.
        let first = parts().map(|(_, begins)| *begins).min().flatten();
        let joined = parts().filter_map(|(area, begins)| {
            let begins = (*begins)?;
            first
                .is_none_or(|first| begins > first)
                .then_some((area, begins))
        });
        (first, joined.collect())
    }
}
