//! What a view knows of its sources and of the fate of events, beside facts and cells.

use crate::view::EntityKey;
use chrono::{DateTime, NaiveDate, Utc};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use joinedup_events::{AreaId, Event, Family, local};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;

/// When a source was last heard of, and how much it has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The newest time of happening.
    pub occurred_at: DateTime<Utc>,
    /// The newest time of recording.
    pub recorded_at: DateTime<Utc>,
    /// How many events.
    pub events: u64,
}

impl Heard {
    fn add(&mut self, more: &Self) {
        self.occurred_at = self.occurred_at.max(more.occurred_at);
        self.recorded_at = self.recorded_at.max(more.recorded_at);
        self.events += more.events;
    }
}

/// Sources heard in one run of events.
#[derive(Default)]
pub(crate) struct Hearing {
    places: HashTable<usize>,
    rows: Vec<(Family, String, AreaId, Heard)>,
}

fn hash_of(family: Family, source: &str, area: &AreaId) -> u64 {
    FixedState::default().hash_one((family, source, area))
}

/// A source not heard for so many days has ended.
const ENDED_AFTER_DAYS: i64 = 90;

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

/// What a view keeps beside facts and cells: small, and stored with every checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Sources by name and area.
    pub sources: BTreeMap<(String, AreaId), Heard>,
    /// Which sources feed a family in an area.
    pub feeds: BTreeSet<(Family, AreaId, String)>,
    /// Fates.
    pub totals: Totals,
    /// Transfers waiting in bed and referrals not closed.
    pub open: BTreeSet<EntityKey>,
    /// Entities of the small families, which pages list: assessments, changes.
    pub listed: BTreeSet<EntityKey>,
    /// The newest time of happening folded.
    pub newest: Option<DateTime<Utc>>,
}

impl Summary {
    /// Notes who was heard. The names are written down once a run and source, not once an event.
    pub(crate) fn hear(&mut self, event: &Event, heard: &mut Hearing) {
        let totals = &mut self.totals;
        totals.folded += 1;
        totals.retractions += u64::from(event.fact.retraction().is_some());
        totals.late += u64::from((event.recorded_at - event.occurred_at).num_days() >= 7);
        self.newest = self.newest.max(Some(event.occurred_at));
        let family = event.fact.family();
        let told = Heard {
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            events: 1,
        };
        let Hearing { places, rows } = heard;
        let hash = hash_of(family, &event.source, &event.area);
        let known = places.find(hash, |&at| {
            let (f, source, area, _) = &rows[at];
            *f == family && *source == event.source && *area == event.area
        });
        match known {
            Some(&at) => rows[at].3.add(&told),
            None => {
                let rehash = |&at: &usize| {
                    let (family, source, area, _) = &rows[at];
                    hash_of(*family, source, area)
                };
                places.insert_unique(hash, rows.len(), rehash);
                rows.push((family, event.source.clone(), event.area.clone(), told));
            }
        }
    }

    pub(crate) fn heard(&mut self, heard: Hearing) {
        for (family, source, area, row) in heard.rows {
            self.feeds.insert((family, area.clone(), source.clone()));
            let zero = Heard { events: 0, ..row };
            self.sources.entry((source, area)).or_insert(zero).add(&row);
        }
    }

    /// The same without the lists of entities: what an answer needs of its sources.
    #[must_use]
    pub fn sources_alone(&self) -> Self {
        Self {
            sources: self.sources.clone(),
            feeds: self.feeds.clone(),
            totals: self.totals,
            newest: self.newest,
            open: BTreeSet::new(),
            listed: BTreeSet::new(),
        }
    }

    /// The date up to which every source that feeds a family in the areas was heard: what happened later may be
    /// unknown. A source not heard for 90 days before `now` is taken to have ended. None when there is no source.
    #[must_use]
    pub fn heard_until(
        &self,
        family: Family,
        areas: &BTreeSet<AreaId>,
        now: DateTime<Utc>,
    ) -> Option<NaiveDate> {
        let Self { sources, feeds, .. } = self;
        let feeding: BTreeSet<&str> = areas
            .iter()
            .flat_map(|area| {
                let from = (family, area.clone(), String::new());
                feeds
                    .range(from..)
                    .take_while(move |(f, a, _)| *f == family && a == area)
            })
            .map(|(_, _, source)| source.as_str())
            .collect();
        let newest = |source: &str| {
            let from = (source.to_owned(), AreaId::first());
            let rows = sources.range(from..).take_while(|((s, _), _)| s == source);
            rows.map(|(_, heard)| heard.recorded_at).max()
        };
        let all: Vec<DateTime<Utc>> = feeding.into_iter().filter_map(newest).collect();
        let speaking = all
            .iter()
            .filter(|at| (now - **at).num_days() < ENDED_AFTER_DAYS)
            .min();
        speaking.or(all.iter().max()).map(|at| local::date(*at))
    }
}
