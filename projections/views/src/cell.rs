//! Cells: tallies by quantity, place, breakdown and local date.

mod adding;
mod filter;
mod labels;
mod pages;
mod place;
mod series;
mod shard;

pub(crate) use adding::{Adder, Adding};
pub use filter::{Breakdown, Filter};
pub use pages::Page;
pub use place::Place;
pub use series::Series;

use crate::tally::{Delta, Tally};
use chrono::NaiveDate;
use joinedup_events::AreaId;
use labels::Labels;
use shard::{SHARDS, Shard};
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct SeriesKey {
    quantity: u32,
    place: u32,
    breakdown: u32,
}

/// Where a contribution goes: a series, and a date in it. It means something to the cells that gave it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    series: SeriesKey,
    /// The home area of its place.
    home: u32,
    date: NaiveDate,
}

impl Slot {
    fn of(labels: &Labels, series: SeriesKey, date: NaiveDate) -> Self {
        let home = labels.place_key(series.place).home;
        Self { series, home, date }
    }
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

/// One cell.
#[derive(Clone, Copy, Debug)]
pub struct CellRef<'a> {
    /// What is counted.
    pub quantity: &'a str,
    /// Home and site.
    pub place: Place<'a>,
    /// Dimension and value.
    pub breakdown: &'a [(Box<str>, Box<str>)],
    /// The local date.
    pub date: NaiveDate,
    /// What it holds.
    pub tally: &'a Tally,
}

impl CellRef<'_> {
    /// The breakdown as text: dimension, `=`, value, with `;` between them.
    #[must_use]
    pub fn breakdown_text(&self) -> String {
        let parts = self.breakdown.iter().map(|(d, v)| format!("{d}={v}"));
        parts.collect::<Vec<_>>().join(";")
    }

    fn line(&self) -> String {
        let Place { home, site } = self.place;
        let at = site.map_or_else(String::new, |site| format!("@{site}"));
        let amount = match (self.tally.sums(), self.tally.histogram()) {
            (_, Some(h)) => {
                let values = h.iter().map(|(v, c)| format!("{v}x{c}"));
                values.collect::<Vec<_>>().join(" ")
            }
            (sums, None) => {
                let s = sums.unwrap_or_default();
                format!("{} {} {}", s.value, s.denominator, s.n)
            }
        };
        let (quantity, date, parts) = (self.quantity, self.date, self.breakdown_text());
        format!("{quantity}\t{home}{at}\t{parts}\t{date}\t{amount}\n")
    }
}

/// All cells.
#[derive(Clone, Debug)]
pub struct Cells {
    labels: Labels,
    shards: Vec<Shard>,
    /// Which pages change is to be remembered.
    remembers: bool,
}

impl Default for Cells {
    fn default() -> Self {
        Self {
            labels: Labels::default(),
            shards: vec![Shard::default(); SHARDS],
            remembers: false,
        }
    }
}

impl Cells {
    /// From now on it is remembered which pages change, for a projector that stores them.
    pub fn remember(&mut self) {
        self.remembers = true;
        for shard in &mut self.shards {
            shard.dirty.clear();
        }
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
        let series = self.labels.key(quantity, place.into(), breakdown);
        let slot = Slot::of(&self.labels, series, date);
        let shard = &mut self.shards[Shard::of(series.quantity, series.place)];
        shard.apply(slot, delta, sign, self.remembers);
    }

    fn shard(&self, quantity: u32, place: u32) -> &Shard {
        &self.shards[Shard::of(quantity, place)]
    }

    /// The series of a quantity in the places that have one area as home or site.
    pub fn series<'a>(
        &'a self,
        quantity: &str,
        area: &str,
    ) -> impl Iterator<Item = SeriesRef<'a>> + use<'a> {
        self.of_places(quantity, self.labels.places_of(area).to_vec())
    }

    /// The series of a quantity in the places whose home or site is one of some areas: each once, however many of
    /// the areas it touches, so that nobody is counted twice.
    pub fn series_within<'a>(
        &'a self,
        quantity: &str,
        areas: &[AreaId],
    ) -> impl Iterator<Item = SeriesRef<'a>> + use<'a> {
        let places = areas
            .iter()
            .flat_map(|id| self.labels.places_of(id.as_str()));
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
        let quantity = self.labels.quantities.known(quantity);
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
        let places = self.places_with(quantity);
        places.flat_map(|at| self.of_place(at))
    }

    /// The places that have cells of a quantity, each with the quantity's number.
    fn places_with(&self, quantity: &str) -> impl Iterator<Item = (u32, u32)> + use<'_> {
        let number = self.labels.quantities.known(quantity);
        let of = |number| {
            let range = (number, 0)..=(number, u32::MAX);
            let shards = self.shards.iter();
            shards.flat_map(move |shard| shard.by_place.range(range.clone()))
        };
        number.into_iter().flat_map(of).map(|(at, _)| *at)
    }

    fn of_place(&self, at: (u32, u32)) -> impl Iterator<Item = SeriesRef<'_>> {
        let (quantity, place) = at;
        let shard = self.shard(quantity, place);
        let breakdowns = shard.by_place.get(&at).into_iter().flatten();
        breakdowns.filter_map(move |&breakdown| {
            let key = SeriesKey {
                quantity,
                place,
                breakdown,
            };
            Some(SeriesRef {
                place: self.labels.place(place),
                breakdown: self.labels.breakdown(breakdown),
                cells: shard.series.get(&key)?,
            })
        })
    }

    /// All series, with their keys.
    fn all(&self) -> impl Iterator<Item = (SeriesKey, &Series)> {
        self.shards.iter().flat_map(|shard| {
            let keys = shard.keys();
            keys.filter_map(|key| Some((key, &**shard.series.get(&key)?)))
        })
    }

    /// The areas that have cells of a quantity, as home or site.
    #[must_use]
    pub fn areas_of(&self, quantity: &str) -> BTreeSet<&str> {
        self.places_with(quantity)
            .map(|(_, place)| self.labels.place(place))
            .flat_map(|place| [Some(place.home), place.site])
            .flatten()
            .collect()
    }

    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all().map(|(_, series)| series.len()).sum()
    }

    /// Whether there are no cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every cell, in whatever order.
    pub fn each(&self) -> impl Iterator<Item = CellRef<'_>> {
        self.all().flat_map(move |(key, series)| {
            let series = series.into_iter();
            series.map(move |(date, tally)| CellRef {
                quantity: self.labels.quantities.name(key.quantity),
                place: self.labels.place(key.place),
                breakdown: self.labels.breakdown(key.breakdown),
                date: *date,
                tally,
            })
        })
    }

    /// Every cell as one line of text, in order: the same cells give the same bytes, whatever their history. A place with
    /// a site is written home, `@`, site.
    #[must_use]
    pub fn export(&self) -> String {
        let mut lines: Vec<String> = self.each().map(|cell| cell.line()).collect();
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
                if let Some(bytes) = cells.page(page) {
                    loaded.load_page(&bytes).unwrap();
                }
            }
            prop_assert_eq!(loaded.export(), cells.export());
        }
    }
}
