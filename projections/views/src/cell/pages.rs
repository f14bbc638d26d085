//! Cells as a store keeps them: a page holds one quantity of one home area in one month, whatever the sites.

use super::shard::Shard;
use super::{Breakdown, Cells, Place};
use crate::tally::Tally;
use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A stored row of cells: one quantity, one home area, one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Page {
    quantity: u32,
    home: u32,
    month: i32,
}

impl Page {
    pub(super) fn of(quantity: u32, home: u32, date: NaiveDate) -> Self {
        let month = date.year() * 12 + date.month0() as i32;
        Self {
            quantity,
            home,
            month,
        }
    }

    /// The first day of its month.
    fn first(self) -> NaiveDate {
        let (year, month) = (self.month.div_euclid(12), self.month.rem_euclid(12) as u32);
        NaiveDate::from_ymd_opt(year, month + 1, 1).unwrap_or(NaiveDate::MIN)
    }
}

#[derive(Serialize, Deserialize)]
struct PageRow {
    quantity: String,
    home: String,
    /// The first day of the month, by its number in the common era.
    first: i32,
    /// The sites that cells refer to by number; 0 is none of them.
    sites: Vec<String>,
    series: Vec<SeriesRow>,
}

/// What a page has of one series.
#[derive(Serialize, Deserialize)]
struct SeriesRow {
    /// By its number among the page's sites.
    site: u32,
    breakdown: Breakdown,
    /// Days of the month, counted from zero, with their tallies.
    cells: Vec<(u8, Tally)>,
}

impl Cells {
    /// The pages that changed since the last call.
    pub fn take_dirty(&mut self) -> Vec<Page> {
        let dirty = self
            .shards
            .iter_mut()
            .flat_map(|shard| std::mem::take(&mut shard.dirty));
        let mut pages: Vec<Page> = dirty.collect();
        pages.sort_unstable();
        // A page has several places, which lie in several shards.
        pages.dedup();
        pages
    }

    /// All pages that hold something.
    #[must_use]
    pub fn pages(&self) -> BTreeSet<Page> {
        self.all()
            .flat_map(|(key, series)| {
                let home = self.labels.place_key(key.place).home;
                let dates = series.keys();
                dates.map(move |date| Page::of(key.quantity, home, *date))
            })
            .collect()
    }

    /// A page's name for a store.
    #[must_use]
    pub fn page_name(&self, page: Page) -> String {
        let quantity = self.labels.quantities.name(page.quantity);
        let home = self.labels.areas.name(page.home);
        format!("{quantity}\0{home}\0{:06}", page.month)
    }

    /// A page's bytes for a store; none when nothing is left of it.
    #[must_use]
    pub fn page(&self, page: Page) -> Option<Vec<u8>> {
        let quantity = self.labels.quantities.name(page.quantity);
        let home = self.labels.areas.name(page.home);
        let first = page.first();
        let end = first
            .checked_add_months(Months::new(1))
            .unwrap_or(NaiveDate::MAX);
        let (mut sites, mut rows) = (Vec::new(), Vec::new());
        for series in self.series(quantity, home) {
            if series.place.home != home {
                continue;
            }
            let mut in_month = series.cells.range(first..end).peekable();
            if in_month.peek().is_none() {
                continue;
            }
            let site = series.place.site.map_or(0, |site| {
                let known = sites.iter().position(|known| known == site);
                known.unwrap_or_else(|| {
                    sites.push(site.to_owned());
                    sites.len() - 1
                }) + 1
            });
            let cells = in_month.map(|(date, tally)| (date.day0() as u8, tally.clone()));
            rows.push(SeriesRow {
                site: site as u32,
                breakdown: series.breakdown.to_vec(),
                cells: cells.collect(),
            });
        }
        if rows.is_empty() {
            return None;
        }
        let row = PageRow {
            quantity: quantity.to_owned(),
            home: home.to_owned(),
            first: first.num_days_from_ce(),
            sites,
            series: rows,
        };
        postcard::to_allocvec(&row).ok()
    }

    /// Takes a stored page in.
    ///
    /// # Errors
    /// When the bytes are not a page.
    pub fn load_page(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let bad = postcard::Error::SerdeDeCustom;
        let row: PageRow = postcard::from_bytes(bytes)?;
        let first = NaiveDate::from_num_days_from_ce_opt(row.first).ok_or(bad.clone())?;
        for SeriesRow {
            site,
            breakdown,
            cells,
        } in row.series
        {
            let site = match (site as usize).checked_sub(1) {
                Some(at) => Some(row.sites.get(at).ok_or(bad.clone())?.as_str()),
                None => None,
            };
            let parts: Vec<(&str, &str)> = breakdown.iter().map(|(d, v)| (&**d, &**v)).collect();
            let place = Place::new(&row.home, site);
            let key = self.labels.key(&row.quantity, place, &parts);
            let series = self.shards[Shard::of(key.quantity, key.place)].series_mut(key);
            for (day, tally) in cells {
                let date = first.checked_add_days(Days::new(u64::from(day)));
                series.insert(date.ok_or(bad.clone())?, tally);
            }
        }
        Ok(())
    }
}
