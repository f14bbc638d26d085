//! What cells are named by, each name written down once and numbered in the order of its first use. Numbers never leave
//! the process.

use super::{Breakdown, Place, SeriesKey};
use foldhash::fast::{FixedState, RandomState};
use hashbrown::HashTable;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};

/// Names and their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32, RandomState>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.known(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }

    pub fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    pub fn known(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

/// A place by the numbers of its areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PlaceKey {
    pub home: u32,
    site: Option<u32>,
}

/// Quantities, places and breakdowns by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    pub quantities: Names,
    pub areas: Names,
    places: Vec<PlaceKey>,
    place_numbers: HashMap<PlaceKey, u32, RandomState>,
    /// By the number of an area: the places that have it as home or site.
    places_of: Vec<Vec<u32>>,
    breakdowns: Vec<Breakdown>,
    breakdown_numbers: HashTable<u32>,
}

/// The hash of a breakdown. Where two share one, they are compared.
fn hash_of<'a>(breakdown: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    for part in breakdown {
        part.hash(&mut hasher);
    }
    hasher.finish()
}

impl Labels {
    /// The key of a series of which every name is known.
    pub fn known(
        &self,
        quantity: &str,
        place: Place<'_>,
        breakdown: &[(&str, &str)],
    ) -> Option<SeriesKey> {
        let place = PlaceKey {
            home: self.areas.known(place.home)?,
            site: match place.site {
                Some(site) => Some(self.areas.known(site)?),
                None => None,
            },
        };
        Some(SeriesKey {
            quantity: self.quantities.known(quantity)?,
            place: self.place_numbers.get(&place).copied()?,
            breakdown: self.known_breakdown(breakdown)?,
        })
    }

    /// The key of a series, whose names are written down where they are new.
    pub fn key(
        &mut self,
        quantity: &str,
        place: Place<'_>,
        breakdown: &[(&str, &str)],
    ) -> SeriesKey {
        SeriesKey {
            quantity: self.quantities.number(quantity),
            place: self.place_number(place),
            breakdown: self.breakdown_number(breakdown),
        }
    }

    fn place_number(&mut self, place: Place<'_>) -> u32 {
        let key = PlaceKey {
            home: self.areas.number(place.home),
            site: place.site.map(|site| self.areas.number(site)),
        };
        if let Some(number) = self.place_numbers.get(&key) {
            return *number;
        }
        let number = self.places.len() as u32;
        self.places.push(key);
        self.place_numbers.insert(key, number);
        self.places_of.resize(self.areas.names.len(), Vec::new());
        for area in [Some(key.home), key.site].into_iter().flatten() {
            self.places_of[area as usize].push(number);
        }
        number
    }

    fn known_breakdown(&self, breakdown: &[(&str, &str)]) -> Option<u32> {
        let same = |number: &u32| {
            let one = &self.breakdowns[*number as usize];
            one.len() == breakdown.len()
                && one
                    .iter()
                    .zip(breakdown)
                    .all(|((d, v), (e, w))| **d == **e && **v == **w)
        };
        let hash = hash_of(breakdown.iter().copied());
        self.breakdown_numbers.find(hash, same).copied()
    }

    fn breakdown_number(&mut self, breakdown: &[(&str, &str)]) -> u32 {
        if let Some(number) = self.known_breakdown(breakdown) {
            return number;
        }
        let number = self.breakdowns.len() as u32;
        let parts = breakdown.iter().map(|(d, v)| ((*d).into(), (*v).into()));
        self.breakdowns.push(parts.collect());
        let known = &self.breakdowns;
        let rehash = |number: &u32| {
            let parts = &known[*number as usize];
            hash_of(parts.iter().map(|(d, v)| (&**d, &**v)))
        };
        self.breakdown_numbers
            .insert_unique(rehash(&number), number, rehash);
        number
    }

    /// The place of a number, by the numbers of its areas.
    pub fn place_key(&self, number: u32) -> PlaceKey {
        self.places[number as usize]
    }

    /// The place of a number.
    pub fn place(&self, number: u32) -> Place<'_> {
        let PlaceKey { home, site } = self.place_key(number);
        Place {
            home: self.areas.name(home),
            site: site.map(|site| self.areas.name(site)),
        }
    }

    /// The places that have an area as home or site.
    pub fn places_of(&self, area: &str) -> &[u32] {
        let known = self.areas.known(area);
        known.map_or(&[], |number| {
            self.places_of
                .get(number as usize)
                .map_or(&[], Vec::as_slice)
        })
    }

    /// The breakdown of a number.
    pub fn breakdown(&self, number: u32) -> &Breakdown {
        &self.breakdowns[number as usize]
    }
}
