//! What a view knows of its sources and of the fate of events, beside facts and cells.

mod rhythm;
mod statements;

use crate::contribution::{SourceKey, StoredFact};
use crate::expectation::Expectations;
use crate::period::{Grain, days_at_most};
use crate::view::EntityKey;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use joinedup_events::transfer::TransferFact;
use joinedup_events::{AreaId, Event, Fact, Family, local};
pub use rhythm::Rhythm;
use serde::{Deserialize, Serialize};
pub use statements::Statements;
pub(crate) use statements::{Beginnings, Statement};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::BuildHasher;

/// When a source last reported, and how many events it has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastReport {
    /// The newest time of happening.
    pub occurred_at: DateTime<Utc>,
    /// The newest time of recording.
    pub recorded_at: DateTime<Utc>,
    /// How many events.
    pub events: u64,
}

/// Up to when the sources of some areas have reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// What happened later may be unknown, at any distance: the last report of the expected source that has been late for
    /// longest, or the newest report of all where none is late.
    pub until: DateTime<Utc>,
    /// Every source that reports regularly, once a period or oftener, has reported since: of what happened later, one of them
    /// may have more to report although none is late.
    pub whole_until: DateTime<Utc>,
}

impl LastReport {
    fn add(&mut self, more: &Self) {
        self.occurred_at = self.occurred_at.max(more.occurred_at);
        self.recorded_at = self.recorded_at.max(more.recorded_at);
        self.events += more.events;
    }
}

/// The hospital that a fact counts for beside the area of its person.
fn site(fact: &Fact) -> Option<&AreaId> {
    match fact {
        Fact::Transfer(TransferFact::Admitted(admitted)) => admitted.hospital.as_ref(),
        _ => None,
    }
}

/// What a run of events says of its sources. The names are written down once a run and source, not once an event.
#[derive(Default)]
pub(crate) struct Reports {
    places: HashTable<usize>,
    rows: Vec<(Family, String, AreaId, LastReport, Rhythm)>,
    /// Which source reports on which hospital, once each.
    sites: Vec<(Family, AreaId, String)>,
    sites_seen: HashSet<u64>,
    totals: Totals,
    newest: BTreeMap<Family, DateTime<Utc>>,
}

fn hash_of(family: Family, source: &str, area: &AreaId) -> u64 {
    FixedState::default().hash_one((family, source, area))
}

fn add_newest(newest: &mut BTreeMap<Family, DateTime<Utc>>, family: Family, at: DateTime<Utc>) {
    let known = newest.entry(family).or_insert(at);
    *known = at.max(*known);
}

/// How many events of each kind of fate there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Events folded, repeats included.
    pub folded: u64,
    /// Repeats of an event that was known.
    pub repeats: u64,
    /// Events whose id was known with other content.
    pub conflicts: u64,
    /// Retractions.
    pub retractions: u64,
    /// Events that changed what was known of a day before the last seven.
    pub late: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, more: &Self) {
        self.folded += more.folded;
        self.repeats += more.repeats;
        self.conflicts += more.conflicts;
        self.retractions += more.retractions;
        self.late += more.late;
    }
}

/// What a view keeps beside facts and cells: small, and stored with every checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Sources by name and area.
    pub sources: BTreeMap<(String, AreaId), LastReport>,
    /// Which sources feed a family in an area.
    pub feeds: BTreeSet<(Family, AreaId, String)>,
    /// When each source reports.
    pub rhythms: BTreeMap<String, Rhythm>,
    /// What is said of sources.
    pub statements: Statements,
    /// Fates.
    pub totals: Totals,
    /// The newest time of happening folded, by family.
    pub newest: BTreeMap<Family, DateTime<Utc>>,
}

impl Reports {
    /// Notes who reported.
    pub(crate) fn note(&mut self, event: &Event) {
        let totals = &mut self.totals;
        totals.folded += 1;
        totals.retractions += u64::from(event.fact.retraction().is_some());
        totals.late += u64::from((event.recorded_at - event.occurred_at).num_days() >= 7);
        let family = event.fact.family();
        add_newest(&mut self.newest, family, event.occurred_at);
        let report = LastReport {
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            events: 1,
        };
        if let Some(site) = site(&event.fact)
            && self.sites_seen.insert(hash_of(family, &event.source, site))
        {
            let reporter = (family, site.clone(), event.source.clone());
            self.sites.push(reporter);
        }
        let Self { places, rows, .. } = self;
        let hash = hash_of(family, &event.source, &event.area);
        let known = places.find(hash, |&at| {
            let (f, source, area, ..) = &rows[at];
            *f == family && *source == event.source && *area == event.area
        });
        match known {
            Some(&at) => {
                rows[at].3.add(&report);
                rows[at].4.add(event.recorded_at);
            }
            None => {
                let rehash = |&at: &usize| {
                    let (family, source, area, ..) = &rows[at];
                    hash_of(*family, source, area)
                };
                places.insert_unique(hash, rows.len(), rehash);
                let mut rhythm = Rhythm::default();
                rhythm.add(event.recorded_at);
                rows.push((
                    family,
                    event.source.clone(),
                    event.area.clone(),
                    report,
                    rhythm,
                ));
            }
        }
    }
}

impl Summary {
    /// Takes in what a run of events says of its sources.
    pub(crate) fn record(&mut self, reports: Reports) {
        self.totals.add(&reports.totals);
        for (family, at) in reports.newest {
            add_newest(&mut self.newest, family, at);
        }
        self.feeds.extend(reports.sites);
        for (family, source, area, row, rhythm) in reports.rows {
            match self.rhythms.get_mut(&source) {
                Some(known) => known.merge(&rhythm),
                None => {
                    self.rhythms.insert(source.clone(), rhythm);
                }
            }
            self.feeds.insert((family, area.clone(), source.clone()));
            let zero = LastReport { events: 0, ..row };
            self.sources.entry((source, area)).or_insert(zero).add(&row);
        }
    }

    /// When somebody last recorded that a source has ended.
    #[must_use]
    pub fn ended_at(&self, source: &str) -> Option<DateTime<Utc>> {
        let ends = self.statements.ends().filter(|end| end.source == source);
        ends.map(|end| end.at).max()
    }

    /// How long after its last report a source is expected to report again: as somebody set it, else as its own rhythm
    /// shows. None where nothing is expected: somebody has recorded that it has ended, it has shown no rhythm yet, or it
    /// feeds neither transfers nor referrals (a survey made once a year is late for nobody).
    #[must_use]
    pub fn expected_interval(&self, source: &str, set: &Expectations) -> Option<TimeDelta> {
        let rhythm = self.rhythms.get(source)?;
        let ended = self.ended_at(source);
        let is_on = ended.is_none() || rhythm.is_shown(ended);
        let interval = match set.of(source) {
            Some((_, interval)) => Some(interval),
            None => rhythm
                .interval()
                .filter(|_| rhythm.is_shown(ended) && self.feeds_flow(source)),
        };
        interval.filter(|_| is_on)
    }

    /// Every source of which a report is expected, with how often.
    #[must_use]
    pub fn expected_intervals(&self, set: &Expectations) -> BTreeMap<&str, TimeDelta> {
        let sources = self.rhythms.keys();
        let expected = sources.filter_map(|source| {
            let interval = self.expected_interval(source, set)?;
            Some((source.as_str(), interval))
        });
        expected.collect()
    }

    /// Whether a source reports on what happens every day.
    fn feeds_flow(&self, source: &str) -> bool {
        let of_flow = |family: &Family| matches!(family, Family::Transfer | Family::Referral);
        let feeds = self.feeds.iter();
        feeds
            .filter(|(family, ..)| of_flow(family))
            .any(|(.., name)| name == source)
    }

    /// The same as it was known at an instant, of whose sources `reports` are given. How often a source reports is what it has
    /// shown until now.
    pub(crate) fn known_at(&self, instant: DateTime<Utc>, reports: &ReportsKnown) -> Self {
        let had = |family: Option<Family>, name: &str, area: &AreaId| {
            reports.last(family, SourceKey::of(name), area)
        };
        let sources = self.sources.iter().filter_map(|((name, area), _)| {
            let last = had(None, name, area)?;
            Some(((name.clone(), area.clone()), last))
        });
        let feeds = self.feeds.iter();
        let feeds = feeds.filter(|(family, area, name)| had(Some(*family), name, area).is_some());
        let mut rhythms = self.rhythms.clone();
        // Whether one that had ended began again is a question of its reports by then.
        for end in reports.statements.ends() {
            if let Some(rhythm) = rhythms.get_mut(&end.source) {
                rhythm.forget_after(instant);
            }
        }
        Self {
            sources: sources.collect(),
            feeds: feeds.cloned().collect(),
            rhythms,
            statements: reports.statements.clone(),
            ..Self::default()
        }
    }

    /// Up to when a source has reported, whatever it was about: as it says itself, or else the newest time of recording.
    #[must_use]
    pub fn last_word(&self, source: &str) -> Option<DateTime<Utc>> {
        let reports = self.reports_of(source);
        let recorded = reports.map(|(_, report)| report.recorded_at).max()?;
        let said = self.statements.reported_until(source);
        Some(said.map_or(recorded, |until| until.min(recorded)))
    }

    /// Up to when a source has reported on an area, of which its last report is given: what it says itself it says of all its
    /// areas.
    #[must_use]
    pub fn last_word_on(&self, source: &str, report: &LastReport) -> DateTime<Utc> {
        let said = self.statements.reported_until(source);
        said.and_then(|_| self.last_word(source))
            .unwrap_or(report.recorded_at)
    }

    /// From which day on the sources of a family report everything, area by area.
    pub(crate) fn beginnings(&self, family: Family) -> Beginnings {
        let mut beginnings: BTreeMap<AreaId, Option<NaiveDate>> = BTreeMap::new();
        if !self.statements.have_beginnings() {
            return Beginnings::default();
        }
        let from = (family, AreaId::first(), String::new());
        let feeds = self.feeds.range(from..);
        // A list reports on many areas, and says when it begins once.
        let mut said: BTreeMap<&str, Option<NaiveDate>> = BTreeMap::new();
        for (_, area, source) in feeds.take_while(|(f, ..)| *f == family) {
            let begins = *said
                .entry(source)
                .or_insert_with(|| self.statements.begins(source));
            let all = beginnings.entry(area.clone()).or_insert(begins);
            *all = all.zip(begins).map(|(a, b)| a.min(b));
        }
        Beginnings(beginnings)
    }

    /// The areas that a source has reported on.
    pub fn areas_of<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a AreaId> {
        self.reports_of(source).map(|(area, _)| area)
    }

    fn reports_of<'a>(
        &'a self,
        source: &'a str,
    ) -> impl Iterator<Item = (&'a AreaId, &'a LastReport)> {
        let from = (source.to_owned(), AreaId::first());
        let rows = self.sources.range(from..);
        rows.take_while(move |((name, _), _)| name == source)
            .map(|((_, area), report)| (area, report))
    }

    /// Up to when the sources that feed a family in the areas have reported, for periods of this length. None when there is no
    /// source.
    #[must_use]
    pub fn reported(
        &self,
        family: Family,
        areas: &BTreeSet<AreaId>,
        set: &Expectations,
        grain: Grain,
    ) -> Option<Reported> {
        let mut words = self.words(family, areas);
        words.sort_unstable_by_key(|(_, at)| *at);
        let (_, newest) = *words.last()?;
        let until = self.late(&words, newest, set).next().unwrap_or(newest);
        // One that reports every Friday makes nothing missing on Tuesday, and yet it has more to report of the week.
        let is_due = |source: &str| {
            let rhythm = self.rhythms.get(source);
            rhythm.is_some_and(|rhythm| rhythm.is_regular_within(days_at_most(grain)))
                && self.expected_interval(source, set).is_some()
        };
        let due = words.iter().find(|(source, _)| is_due(source));
        let whole_until = due.map_or(until, |(_, at)| until.min(*at));
        Some(Reported { until, whole_until })
    }

    /// As [`Reported::until`].
    #[must_use]
    pub fn reported_until(
        &self,
        family: Family,
        areas: &BTreeSet<AreaId>,
        set: &Expectations,
    ) -> Option<DateTime<Utc>> {
        Some(self.reported(family, areas, set, Grain::Day)?.until)
    }

    /// The date of the last report of the source that has been late for longest, at an instant; none where none is late.
    pub(crate) fn late_since(
        &self,
        family: Family,
        areas: &BTreeSet<AreaId>,
        set: &Expectations,
        now: DateTime<Utc>,
    ) -> Option<NaiveDate> {
        let words = self.words(family, areas);
        self.late(&words, now, set).min().map(local::date)
    }

    /// The last words of those sources that have been silent for longer than is usual.
    fn late(
        &self,
        words: &[(&str, DateTime<Utc>)],
        at: DateTime<Utc>,
        set: &Expectations,
    ) -> impl Iterator<Item = DateTime<Utc>> {
        words.iter().filter_map(move |(source, last)| {
            let patience = self.expected_interval(source, set)?;
            (at - *last > patience).then_some(*last)
        })
    }

    /// When each of the sources that feed a family in the areas last reported.
    fn words(&self, family: Family, areas: &BTreeSet<AreaId>) -> Vec<(&str, DateTime<Utc>)> {
        let feeding: BTreeSet<&str> = areas
            .iter()
            .flat_map(|area| {
                let from = (family, area.clone(), String::new());
                self.feeds
                    .range(from..)
                    .take_while(move |(f, a, _)| *f == family && a == area)
            })
            .map(|(_, _, source)| source.as_str())
            .collect();
        let words = feeding.into_iter();
        words
            .filter_map(|source| Some((source, self.last_word(source)?)))
            .collect()
    }
}

/// When each source had last reported of a family in an area, and what was said of sources.
#[derive(Debug, Default)]
pub(crate) struct ReportsKnown {
    last: BTreeMap<(SourceKey, AreaId, Family), LastReport>,
    statements: Statements,
}

impl ReportsKnown {
    /// Notes what follows for sources from an entity's facts.
    pub(crate) fn note(&mut self, family: Family, facts: &[StoredFact]) {
        for fact in facts.iter().filter(|fact| fact.linked.is_none()) {
            let report = LastReport {
                occurred_at: fact.occurred_at,
                recorded_at: fact.recorded_at,
                events: 1,
            };
            for area in std::iter::once(&fact.area).chain(site(&fact.fact)) {
                let last = self.last.entry((fact.source, area.clone(), family));
                last.and_modify(|last| last.add(&report)).or_insert(report);
            }
        }
    }

    /// Notes what the facts of an entity that stand say of sources.
    pub(crate) fn note_statement(&mut self, entity: EntityKey, facts: &[StoredFact]) {
        self.statements.settle(entity, Statement::of(facts));
    }

    /// The last report of a source in an area, of one family or of any.
    fn last(&self, family: Option<Family>, source: SourceKey, area: &AreaId) -> Option<LastReport> {
        let families = Family::ALL.iter();
        let wanted = families.filter(|of| family.is_none_or(|family| family == **of));
        let reports = wanted.filter_map(|of| self.last.get(&(source, area.clone(), *of)).copied());
        reports.reduce(|mut last, more| {
            last.add(&more);
            last
        })
    }
}
