//! Cells: tallies by quantity, area, breakdown and local date.

use crate::tally::{Delta, Tally};
use chrono::{Datelike, NaiveDate};
use foldhash::fast::{FixedState, RandomState};
use hashbrown::HashTable;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher};

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
}

/// Dimension and value, in alphabetical order of the dimensions.
pub type Breakdown = Vec<(Box<str>, Box<str>)>;

/// Which cells of a quantity: every dimension named must have one of its values. Nothing named: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Filter(pub BTreeMap<String, BTreeSet<String>>);

impl Filter {
    /// Whether a breakdown passes. A dimension that the breakdown lacks does not pass.
    #[must_use]
    pub fn passes(&self, breakdown: &[(Box<str>, Box<str>)]) -> bool {
        self.0.iter().all(|(dimension, values)| {
            breakdown
                .iter()
                .any(|(d, v)| **d == **dimension && values.contains(&**v))
        })
    }

    /// Both filters at once; a dimension of both keeps the common values.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (dimension, values) in &other.0 {
            both.0
                .entry(dimension.clone())
                .and_modify(|mine| *mine = mine.intersection(values).cloned().collect())
                .or_insert_with(|| values.clone());
        }
        both
    }

    /// One dimension, one value.
    #[must_use]
    pub fn one(dimension: &str, value: &str) -> Self {
        Self(BTreeMap::from([(
            dimension.to_owned(),
            BTreeSet::from([value.to_owned()]),
        )]))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct SeriesKey {
    quantity: u32,
    area: u32,
    breakdown: u32,
}

/// Where a contribution goes: a series, and a date in it. It means something to the cells that gave it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    series: SeriesKey,
    date: NaiveDate,
}

/// A stored row of cells: one quantity, one area, one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Page {
    quantity: u32,
    area: u32,
    month: i32,
}

/// One series: the cells of one quantity, area and breakdown, by date.
#[derive(Clone, Copy, Debug)]
pub struct SeriesRef<'a> {
    /// Dimension and value.
    pub breakdown: &'a [(Box<str>, Box<str>)],
    /// The cells.
    pub cells: &'a BTreeMap<NaiveDate, Tally>,
}

#[derive(Serialize, Deserialize)]
struct PageRow {
    quantity: String,
    area: String,
    cells: Vec<(Breakdown, i32, Tally)>,
}

/// All cells.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    quantities: Names,
    areas: Names,
    breakdowns: Vec<Breakdown>,
    breakdown_numbers: HashTable<u32>,
    series: HashMap<SeriesKey, BTreeMap<NaiveDate, Tally>, RandomState>,
    by_area: BTreeMap<(u32, u32), BTreeSet<u32>>,
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

fn month_of(date: NaiveDate) -> i32 {
    date.year() * 12 + date.month0() as i32
}

impl Cells {
    /// From now on it is remembered which pages change, for a projector that stores them.
    pub fn remember(&mut self) {
        self.dirty = Some(HashSet::default());
    }

    /// Adds a contribution (`sign` 1) or takes it away (−1). Dimensions must be in alphabetical order.
    pub fn apply(
        &mut self,
        quantity: &str,
        area: &str,
        breakdown: &[(&str, &str)],
        date: NaiveDate,
        delta: Delta,
        sign: i32,
    ) {
        let slot = self.slot(quantity, area, breakdown, date);
        self.apply_at(slot, delta, sign);
    }

    /// Where a contribution goes. Dimensions must be in alphabetical order.
    pub fn slot(
        &mut self,
        quantity: &str,
        area: &str,
        breakdown: &[(&str, &str)],
        date: NaiveDate,
    ) -> Slot {
        let series = SeriesKey {
            quantity: self.quantities.number(quantity),
            area: self.areas.number(area),
            breakdown: self.breakdown_number(breakdown),
        };
        Slot { series, date }
    }

    /// Adds a contribution where it goes, or takes it away.
    pub fn apply_at(&mut self, slot: Slot, delta: Delta, sign: i32) {
        let Slot { series: key, date } = slot;
        let series = self.series.entry(key).or_insert_with(|| {
            self.by_area
                .entry((key.quantity, key.area))
                .or_default()
                .insert(key.breakdown);
            BTreeMap::new()
        });
        let cell = series.entry(date).or_insert_with(|| Tally::zero(delta));
        cell.apply(delta, sign);
        if cell.is_zero() {
            series.remove(&date);
        }
        if let Some(dirty) = &mut self.dirty {
            dirty.insert(Page {
                quantity: key.quantity,
                area: key.area,
                month: month_of(date),
            });
        }
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

    /// The series of a quantity in one area.
    pub fn series<'a>(
        &'a self,
        quantity: &str,
        area: &str,
    ) -> impl Iterator<Item = SeriesRef<'a>> + use<'a> {
        let key = (
            self.quantities.numbers.get(quantity),
            self.areas.numbers.get(area),
        );
        let breakdowns = match key {
            (Some(&quantity), Some(&area)) => self
                .by_area
                .get(&(quantity, area))
                .map(|b| (quantity, area, b)),
            _ => None,
        };
        breakdowns
            .into_iter()
            .flat_map(move |(quantity, area, breakdowns)| {
                breakdowns.iter().filter_map(move |&breakdown| {
                    let cells = self.series.get(&SeriesKey {
                        quantity,
                        area,
                        breakdown,
                    })?;
                    Some(SeriesRef {
                        breakdown: &self.breakdowns[breakdown as usize],
                        cells,
                    })
                })
            })
    }

    /// The areas that have cells of a quantity.
    #[must_use]
    pub fn areas_of(&self, quantity: &str) -> BTreeSet<&str> {
        let Some(&number) = self.quantities.numbers.get(quantity) else {
            return BTreeSet::new();
        };
        self.by_area
            .range((number, 0)..=(number, u32::MAX))
            .map(|((_, area), _)| &*self.areas.names[*area as usize])
            .collect()
    }

    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_area
            .iter()
            .flat_map(|((q, a), bs)| bs.iter().map(move |b| (*q, *a, *b)))
            .map(|(quantity, area, breakdown)| {
                self.series
                    .get(&SeriesKey {
                        quantity,
                        area,
                        breakdown,
                    })
                    .map_or(0, BTreeMap::len)
            })
            .sum()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every cell as one line of text, in order: the same cells give the same bytes, whatever their history.
    #[must_use]
    pub fn export(&self) -> String {
        let mut lines = Vec::new();
        for ((quantity, area), breakdowns) in &self.by_area {
            for &breakdown in breakdowns {
                let key = SeriesKey {
                    quantity: *quantity,
                    area: *area,
                    breakdown,
                };
                let Some(series) = self.series.get(&key) else {
                    continue;
                };
                let parts: Vec<String> = self.breakdowns[breakdown as usize]
                    .iter()
                    .map(|(d, v)| format!("{d}={v}"))
                    .collect();
                for (date, tally) in series {
                    let amount = match tally {
                        Tally::Sums(s) => format!("{} {} {}", s.value, s.denominator, s.n),
                        Tally::Histogram(h) => h
                            .iter()
                            .map(|(v, c)| format!("{v}x{c}"))
                            .collect::<Vec<_>>()
                            .join(" "),
                    };
                    lines.push(format!(
                        "{}\t{}\t{}\t{date}\t{amount}\n",
                        self.quantities.names[*quantity as usize],
                        self.areas.names[*area as usize],
                        parts.join(";")
                    ));
                }
            }
        }
        lines.sort_unstable();
        lines.concat()
    }

    /// The pages that changed since the last call.
    pub fn take_dirty(&mut self) -> Vec<Page> {
        let dirty = self.dirty.as_mut().map(std::mem::take).unwrap_or_default();
        let mut pages: Vec<Page> = dirty.into_iter().collect();
        pages.sort_unstable();
        pages
    }

    /// All pages that hold something.
    #[must_use]
    pub fn pages(&self) -> BTreeSet<Page> {
        let mut pages = BTreeSet::new();
        for (&(quantity, area), breakdowns) in &self.by_area {
            for &breakdown in breakdowns {
                let key = SeriesKey {
                    quantity,
                    area,
                    breakdown,
                };
                let dates = self.series.get(&key).into_iter().flat_map(BTreeMap::keys);
                pages.extend(dates.map(|date| Page {
                    quantity,
                    area,
                    month: month_of(*date),
                }));
            }
        }
        pages
    }

    /// A page's name and bytes for a store; no bytes when nothing is left of it.
    #[must_use]
    pub fn page(&self, page: Page) -> (String, Option<Vec<u8>>) {
        let quantity = &self.quantities.names[page.quantity as usize];
        let area = &self.areas.names[page.area as usize];
        let name = format!("{quantity}\0{area}\0{:06}", page.month);
        let first = NaiveDate::from_ymd_opt(
            page.month.div_euclid(12),
            page.month.rem_euclid(12) as u32 + 1,
            1,
        )
        .unwrap_or(NaiveDate::MIN);
        let end = first
            .checked_add_months(chrono::Months::new(1))
            .unwrap_or(NaiveDate::MAX);
        let mut cells = Vec::new();
        for series in self.series(quantity, area) {
            for (date, tally) in series.cells.range(first..end) {
                cells.push((
                    series.breakdown.to_vec(),
                    date.num_days_from_ce(),
                    tally.clone(),
                ));
            }
        }
        if cells.is_empty() {
            return (name, None);
        }
        let row = PageRow {
            quantity: quantity.to_string(),
            area: area.to_string(),
            cells,
        };
        (name, postcard::to_allocvec(&row).ok())
    }

    /// Takes a stored page in.
    ///
    /// # Errors
    /// When the bytes are not a page.
    pub fn load_page(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let row: PageRow = postcard::from_bytes(bytes)?;
        let (quantity, area) = (
            self.quantities.number(&row.quantity),
            self.areas.number(&row.area),
        );
        for (breakdown, day, tally) in row.cells {
            let parts: Vec<(&str, &str)> = breakdown.iter().map(|(d, v)| (&**d, &**v)).collect();
            let breakdown = self.breakdown_number(&parts);
            let date =
                NaiveDate::from_num_days_from_ce_opt(day).ok_or(postcard::Error::SerdeDeCustom)?;
            self.by_area
                .entry((quantity, area))
                .or_default()
                .insert(breakdown);
            self.series
                .entry(SeriesKey {
                    quantity,
                    area,
                    breakdown,
                })
                .or_default()
                .insert(date, tally);
        }
        Ok(())
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
        fn pages_bring_back_what_was_stored(steps in prop::collection::vec((0..3u8, 0..3u8, 0..90u8, any::<bool>()), 0..80)) {
            let mut cells = Cells::default();
            cells.remember();
            for (q, b, d, add) in &steps {
                let quantity = ["a", "b", "c"][*q as usize];
                let value = ["x", "y", "z"][*b as usize];
                let delta = if *q == 0 { Delta::Value(i32::from(*b)) } else { Delta::ONE };
                cells.apply(quantity, "area", &[("dim", value)], day(*d), delta, if *add { 1 } else { -1 });
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

    #[test]
    fn a_filter_needs_every_dimension_it_names() {
        let breakdown: Breakdown = vec![
            ("pathway".into(), "1".into()),
            ("reason".into(), "HP1".into()),
        ];
        assert!(Filter::default().passes(&breakdown));
        assert!(Filter::one("pathway", "1").passes(&breakdown));
        assert!(!Filter::one("pathway", "2").passes(&breakdown));
        assert!(!Filter::one("responsible", "nhs").passes(&breakdown));
    }
}
