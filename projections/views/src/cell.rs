//! Cells: tallies by quantity, place, breakdown and local date.

mod filter;
mod pages;
mod place;
mod series;

pub use filter::{Breakdown, Filter};
pub use pages::Page;
pub use place::Place;
pub use series::Series;

use crate::tally::{Delta, Tally};
use chrono::NaiveDate;
use foldhash::fast::{FixedState, RandomState};
use hashbrown::HashTable;
use joinedup_events::AreaId;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

/// Names, numbered in the order of their first use. Numbers never leave the process.
#[derive(Clone, Debug, Default)]
struct Names {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32, RandomState>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }

    fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    fn known(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct SeriesKey {
    quantity: u32,
    place: u32,
    breakdown: u32,
}

/// A place by the numbers of its areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct PlaceKey {
    home: u32,
    site: Option<u32>,
}

/// Where a contribution goes: a series, and a date in it. It means something to the cells that gave it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    series: SeriesKey,
    date: NaiveDate,
}

/// One series: the cells of one quantity, place and breakdown, by date.
#[derive(Clone, Copy, Debug)]
pub struct SeriesRef<'a> {
    /// Home and site.
    pub place: Place<'a>,
    /// Dimension and value.
    pub breakdown: &'a [(Box<str>, Box<str>)],
    /// The cells.
    pub cells: &'a Series,
}

/// All cells.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    quantities: Names,
    areas: Names,
    places: Vec<PlaceKey>,
    place_numbers: HashMap<PlaceKey, u32, RandomState>,
    /// By the number of an area: the places that have it as home or site.
    places_of: Vec<Vec<u32>>,
    breakdowns: Vec<Breakdown>,
    breakdown_numbers: HashTable<u32>,
    /// Shared with copies, so that one to draw many charts from costs neither time nor memory; a series that changes
    /// meanwhile is copied alone.
    series: HashMap<SeriesKey, Arc<Series>, RandomState>,
    /// The breakdowns that a quantity has in a place.
    by_place: BTreeMap<(u32, u32), BTreeSet<u32>>,
    dirty: Option<HashSet<Page, RandomState>>,
}

/// The hash of a breakdown. Where two share one, they are compared.
fn hash_of<'a>(breakdown: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    for part in breakdown {
        part.hash(&mut hasher);
    }
    hasher.finish()
}

impl Cells {
    /// From now on it is remembered which pages change, for a projector that stores them.
    pub fn remember(&mut self) {
        self.dirty = Some(HashSet::default());
    }

    /// Adds a contribution (`sign` 1) or takes it away (−1). Dimensions must be in alphabetical order.
    pub fn apply<'p>(
        &mut self,
        quantity: &str,
        place: impl Into<Place<'p>>,
        breakdown: &[(&str, &str)],
        date: NaiveDate,
        delta: Delta,
        sign: i32,
    ) {
        let slot = self.slot(quantity, place.into(), breakdown, date);
        self.apply_at(slot, delta, sign);
    }

    /// Where a contribution goes. Dimensions must be in alphabetical order.
    pub fn slot(
        &mut self,
        quantity: &str,
        place: Place<'_>,
        breakdown: &[(&str, &str)],
        date: NaiveDate,
    ) -> Slot {
        let series = SeriesKey {
            quantity: self.quantities.number(quantity),
            place: self.place_number(place),
            breakdown: self.breakdown_number(breakdown),
        };
        Slot { series, date }
    }

    /// Adds a contribution where it goes, or takes it away.
    pub fn apply_at(&mut self, slot: Slot, delta: Delta, sign: i32) {
        let Slot { series: key, date } = slot;
        let series = self.series_mut(key);
        series.change(date, || Tally::zero(delta), |cell| cell.apply(delta, sign));
        if let Some(dirty) = &mut self.dirty {
            let home = self.places[key.place as usize].home;
            dirty.insert(Page::of(key.quantity, home, date));
        }
    }

    fn series_mut(&mut self, key: SeriesKey) -> &mut Series {
        let series = self.series.entry(key).or_insert_with(|| {
            self.by_place
                .entry((key.quantity, key.place))
                .or_default()
                .insert(key.breakdown);
            Arc::default()
        });
        Arc::make_mut(series)
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

    fn breakdown_number(&mut self, breakdown: &[(&str, &str)]) -> u32 {
        let known = &self.breakdowns;
        let same = |number: &u32| {
            let one = &known[*number as usize];
            one.len() == breakdown.len()
                && one
                    .iter()
                    .zip(breakdown)
                    .all(|((d, v), (e, w))| **d == **e && **v == **w)
        };
        let hash = hash_of(breakdown.iter().copied());
        if let Some(number) = self.breakdown_numbers.find(hash, same) {
            return *number;
        }
        let number = self.breakdowns.len() as u32;
        self.breakdowns.push(
            breakdown
                .iter()
                .map(|(d, v)| ((*d).into(), (*v).into()))
                .collect(),
        );
        let known = &self.breakdowns;
        self.breakdown_numbers
            .insert_unique(hash, number, |number| {
                hash_of(known[*number as usize].iter().map(|(d, v)| (&**d, &**v)))
            });
        number
    }

    fn place(&self, number: u32) -> Place<'_> {
        let PlaceKey { home, site } = self.places[number as usize];
        Place {
            home: self.areas.name(home),
            site: site.map(|site| self.areas.name(site)),
        }
    }

    /// The series of a quantity in the places that have one area as home or site.
    pub fn series<'a>(
        &'a self,
        quantity: &str,
        area: &str,
    ) -> impl Iterator<Item = SeriesRef<'a>> + use<'a> {
        let places = self.areas.known(area).into_iter();
        let places = places.flat_map(|number| &self.places_of[number as usize]);
        self.of_places(quantity, places.copied().collect())
    }

    /// The series of a quantity in the places whose home or site is one of some areas: each once, however many of
    /// the areas it touches, so that nobody is counted twice.
    pub fn series_within<'a>(
        &'a self,
        quantity: &str,
        areas: &[AreaId],
    ) -> impl Iterator<Item = SeriesRef<'a>> + use<'a> {
        let known = areas.iter().filter_map(|id| self.areas.known(id.as_str()));
        let places = known.flat_map(|number| &self.places_of[number as usize]);
        let mut places: Vec<u32> = places.copied().collect();
        places.sort_unstable();
        places.dedup();
        self.of_places(quantity, places)
    }

    fn of_places<'a>(
        &'a self,
        quantity: &str,
        places: Vec<u32>,
    ) -> impl Iterator<Item = SeriesRef<'a>> + use<'a> {
        let quantity = self.quantities.known(quantity);
        places
            .into_iter()
            .filter_map(move |place| Some((quantity?, place)))
            .flat_map(|at| self.of_place(at))
    }

    /// Every series of a quantity.
    pub fn all_series<'a>(
        &'a self,
        quantity: &str,
    ) -> impl Iterator<Item = SeriesRef<'a>> + use<'a> {
        let number = self.quantities.known(quantity);
        let of = |number| self.by_place.range((number, 0)..=(number, u32::MAX));
        number
            .into_iter()
            .flat_map(of)
            .flat_map(|(at, _)| self.of_place(*at))
    }

    fn of_place(&self, at: (u32, u32)) -> impl Iterator<Item = SeriesRef<'_>> {
        let (quantity, place) = at;
        let breakdowns = self.by_place.get(&at).into_iter().flatten();
        breakdowns.filter_map(move |&breakdown| {
            let key = SeriesKey {
                quantity,
                place,
                breakdown,
            };
            Some(SeriesRef {
                place: self.place(place),
                breakdown: &self.breakdowns[breakdown as usize],
                cells: self.series.get(&key)?,
            })
        })
    }

    /// The keys of all series.
    fn keys(&self) -> impl Iterator<Item = SeriesKey> {
        self.by_place.iter().flat_map(|(&(quantity, place), all)| {
            all.iter().map(move |&breakdown| SeriesKey {
                quantity,
                place,
                breakdown,
            })
        })
    }

    /// The areas that have cells of a quantity, as home or site.
    #[must_use]
    pub fn areas_of(&self, quantity: &str) -> BTreeSet<&str> {
        let Some(number) = self.quantities.known(quantity) else {
            return BTreeSet::new();
        };
        self.by_place
            .range((number, 0)..=(number, u32::MAX))
            .map(|((_, place), _)| self.place(*place))
            .flat_map(|place| [Some(place.home), place.site])
            .flatten()
            .collect()
    }

    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let length = |key| self.series.get(&key).map_or(0, |series| series.len());
        self.keys().map(length).sum()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every cell as one line of text, in order: the same cells give the same bytes, whatever their history. A place with
    /// a site is written home, `@`, site.
    #[must_use]
    pub fn export(&self) -> String {
        let mut lines = Vec::new();
        for key in self.keys() {
            let Some(series) = self.series.get(&key) else {
                continue;
            };
            let quantity = self.quantities.name(key.quantity);
            let Place { home, site } = self.place(key.place);
            let at = site.map_or_else(String::new, |site| format!("@{site}"));
            let parts: Vec<String> = self.breakdowns[key.breakdown as usize]
                .iter()
                .map(|(d, v)| format!("{d}={v}"))
                .collect();
            let parts = parts.join(";");
            for (date, tally) in &**series {
                let amount = match (tally.sums(), tally.histogram()) {
                    (_, Some(h)) => h
                        .iter()
                        .map(|(v, c)| format!("{v}x{c}"))
                        .collect::<Vec<_>>()
                        .join(" "),
                    (sums, None) => {
                        let s = sums.unwrap_or_default();
                        format!("{} {} {}", s.value, s.denominator, s.n)
                    }
                };
                lines.push(format!(
                    "{quantity}\t{home}{at}\t{parts}\t{date}\t{amount}\n"
                ));
            }
        }
        lines.sort_unstable();
        lines.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(n: u8) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(u64::from(n))
    }

    proptest! {
        #[test]
        fn pages_bring_back_what_was_stored(steps in prop::collection::vec((0..3u8, 0..3u8, 0..90u8, 0..4usize, any::<bool>()), 0..80)) {
            let mut cells = Cells::default();
            cells.remember();
            for (q, b, d, p, add) in &steps {
                let quantity = ["a", "b", "c"][*q as usize];
                let value = ["x", "y", "z"][*b as usize];
                let delta = if *q == 0 { Delta::Value(i32::from(*b)) } else { Delta::ONE };
                let place = [Place::new("home", None), Place::new("home", Some("site")), Place::new("site", None), Place::new("site", Some("home"))][*p];
                cells.apply(quantity, place, &[("dim", value)], day(*d), delta, if *add { 1 } else { -1 });
            }
            let mut loaded = Cells::default();
            for page in cells.take_dirty() {
                if let (_, Some(bytes)) = cells.page(page) {
                    loaded.load_page(&bytes).unwrap();
                }
            }
            prop_assert_eq!(loaded.export(), cells.export());
        }
    }
}
