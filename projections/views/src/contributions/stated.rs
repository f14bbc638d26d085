//! What an entity says of itself once, and all that it adds is broken down by: which people it is about, and from which
//! sector a referral came.

use crate::cell::Place;
use crate::contribution::{Sink, StoredFact};
use crate::quantity::{POPULATION, SECTOR};
use crate::tally::Delta;
use chrono::NaiveDate;

/// What the facts that stand say, of several the one recorded last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stated<'a> {
    population: Option<&'a str>,
    sector: Option<&'a str>,
}

impl<'a> Stated<'a> {
    /// Reads an entity's own facts.
    pub fn of(facts: &'a [StoredFact]) -> Self {
        let own = || facts.iter().rev().filter(|stored| stored.linked.is_none());
        Self {
            population: own()
                .find_map(|s| s.fact.population())
                .map(|id| id.as_str()),
            sector: own()
                .find_map(|s| s.fact.sector())
                .map(|sector| sector.code()),
        }
    }

    /// Nothing is stated, as of most entities.
    pub const fn is_nothing(&self) -> bool {
        self.population.is_none() && self.sector.is_none()
    }

    /// A sink that adds what is stated to every breakdown.
    pub fn onto<'s>(self, sink: &'s mut dyn Sink) -> With<'a, 's> {
        With { stated: self, sink }
    }
}

/// See [`Stated::onto`].
pub(super) struct With<'a, 's> {
    stated: Stated<'a>,
    sink: &'s mut dyn Sink,
}

impl Sink for With<'_, '_> {
    fn add(
        &mut self,
        quantity: &str,
        place: Place<'_>,
        breakdown: &[(&str, &str)],
        date: NaiveDate,
        delta: Delta,
    ) {
        let stated = [
            (POPULATION, self.stated.population),
            (SECTOR, self.stated.sector),
        ];
        let stated = stated.into_iter().filter_map(|(d, v)| Some((d, v?)));
        let mut all: Vec<(&str, &str)> = breakdown.iter().copied().chain(stated).collect();
        all.sort_unstable();
        self.sink.add(quantity, place, &all, date, delta);
    }
}
