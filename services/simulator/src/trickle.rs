//! What goes on after the history's end: the county's own days, by the rules and from the chance that the history is made by
//! from, so that going on after a pause is the same as never having stopped. Between them, so that something always comes,
//! wards confirm the days on which they expect people to leave.

use super::county::County;
use super::dice::Dice;
use super::pen::Subject;
use super::{Scenario, SimulateError, all_events, published};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use joinedup_events::transfer::{ExpectedDateSet, TransferFact as T};
use joinedup_events::{Areas, Event, Fact};
use std::collections::BTreeMap;

/// After a pause longer than this (a laptop that slept), what wards would have confirmed meanwhile is left out. What
/// happened meanwhile is not: people left, and the next report of them has to fit.
const CATCH_UP: TimeDelta = TimeDelta::hours(1);
/// How many days are simulated ahead at one go.
const AHEAD: u64 = 60;

/// A stay, as far as its ward confirms when it is expected to end.
struct Bed {
    about: Subject,
    /// The expected dates, each with when it was recorded.
    expected: Vec<(DateTime<Utc>, NaiveDate)>,
    left: Option<DateTime<Utc>>,
}

/// The live county.
pub struct Trickle {
    scenario: Scenario,
    county: County,
    dice: Dice,
    per_minute: f64,
    /// When the next confirmation is due.
    due: DateTime<Utc>,
    /// Up to when everything was given.
    given: DateTime<Utc>,
    /// What is simulated and was not given yet, the next at the end.
    coming: Vec<Event>,
    /// Up to when that is all there is.
    known: DateTime<Utc>,
    beds: Vec<Bed>,
}

impl Trickle {
    /// Goes on with a scenario, of which everything that was recorded up to `given` was published, with so many
    /// confirmations a minute.
    ///
    /// # Errors
    /// When the register lacks the county or the trust, or the scenario makes no sense.
    pub fn new(
        scenario: &Scenario,
        areas: &Areas,
        given: DateTime<Utc>,
        per_minute: f64,
    ) -> Result<Self, SimulateError> {
        scenario.check()?;
        Ok(Self {
            county: County::of(scenario, areas)?,
            scenario: scenario.clone(),
            dice: Dice::new(scenario.seed, 9),
            per_minute: per_minute.clamp(0.001, 60_000.0),
            due: given,
            given,
            coming: Vec::new(),
            known: given,
            beds: Vec::new(),
        })
    }

    /// The events that are due by `now`, in order; none when it is not yet time.
    pub fn next(&mut self, now: DateTime<Utc>) -> Vec<Event> {
        if now >= self.known {
            self.look_ahead(now);
        }
        let mut events = Vec::new();
        while let Some(event) = self.coming.pop_if(|event| event.recorded_at <= now) {
            events.push((event.recorded_at, event));
        }
        self.given = self.given.max(now);
        self.due = self.due.max(now - CATCH_UP);
        while self.due <= now {
            let at = self.due;
            events.extend(self.confirmed(at).map(|event| (at, event)));
            // The pace is kept to the millisecond, so that fast rates are not rounded away.
            let gap = self.dice.exponential(60_000.0 / self.per_minute).max(1.0);
            self.due += TimeDelta::milliseconds(gap as i64);
        }
        events.sort_by_key(|(at, _)| *at);
        events.into_iter().map(|(_, event)| event).collect()
    }

    /// Tells what will happen in the next weeks.
    fn look_ahead(&mut self, now: DateTime<Utc>) {
        let gone = (now - self.scenario.end).num_days().max(0);
        self.scenario.ahead = gone.unsigned_abs() + AHEAD;
        // A day less than is simulated, because the last one is a local date.
        self.known = self.scenario.end + TimeDelta::days(gone + AHEAD.cast_signed() - 1);
        let mut events = all_events(&self.scenario, &self.county);
        events.sort_by(published);
        self.beds = beds(&events);
        self.beds
            .retain(|bed| bed.left.is_none_or(|left| left > self.given));
        events.retain(|event| event.recorded_at > self.given && event.recorded_at <= self.known);
        events.reverse();
        self.coming = events;
    }

    /// A ward confirms the day on which somebody is expected to leave.
    fn confirmed(&mut self, at: DateTime<Utc>) -> Option<Event> {
        let known = |bed: &Bed| {
            let last = bed.expected.iter().rfind(|(recorded, _)| *recorded <= at);
            last.filter(|_| bed.left.is_none_or(|left| left > at))
                .map(|(_, date)| (bed.about.clone(), *date))
        };
        let inside: Vec<(Subject, NaiveDate)> = self.beds.iter().filter_map(known).collect();
        let place = self.dice.below(inside.len());
        let (about, expected) = inside.into_iter().nth(place)?;
        let millisecond = at.timestamp_millis();
        // It happened a moment ago, and is recorded now.
        let at = at - TimeDelta::nanoseconds(at.timestamp_subsec_nanos().into());
        Some(Event {
            // Of the time: a county that goes on after a pause draws from the beginning.
            id: format!("{}-{millisecond}", about.entity.as_str()),
            source: about.source,
            occurred_at: at,
            recorded_at: at,
            entity: about.entity,
            area: about.area,
            fact: Fact::Transfer(T::ExpectedDateSet(ExpectedDateSet { expected })),
            actor: None,
        })
    }
}

/// The stays of which an expected date is known, from events in the order of publication.
fn beds(events: &[Event]) -> Vec<Bed> {
    let mut beds: BTreeMap<&str, Bed> = BTreeMap::new();
    for event in events {
        let Fact::Transfer(fact) = &event.fact else {
            continue;
        };
        let bed = beds.entry(event.entity.as_str()).or_insert_with(|| Bed {
            about: Subject {
                source: event.source.clone(),
                area: event.area.clone(),
                entity: event.entity.clone(),
            },
            expected: Vec::new(),
            left: None,
        });
        match fact {
            T::ExpectedDateSet(fact) => {
                bed.about.source.clone_from(&event.source);
                bed.expected.push((event.recorded_at, fact.expected));
            }
            T::Discharged(_) | T::Cancelled(_) => {
                let at = event.occurred_at;
                bed.left = Some(bed.left.map_or(at, |left| left.min(at)));
            }
            _ => {}
        }
    }
    beds.into_values()
        .filter(|bed| !bed.expected.is_empty())
        .collect()
}
