//! Rolling windows: a measure over the last so many days, worked out from every case in them and never by averaging
//! smaller periods.
//!
//! The views work in calendar periods. So the days of a window are copied to the beginning of one long calendar period
//! (a financial year of their own), and the measure is asked about that: every way of putting cells together is then
//! the one that charts use, medians over the whole window among them.

use super::names;
use super::places::Places;
use super::sample::Samples;
use super::unit::Unit;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use joinedup_events::{AreaId, Areas, local};
use joinedup_views::measure::{Aggregate, Measure, Source};
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{Point, PointQuery, points};
use joinedup_views::quantity::Kind;
use joinedup_views::{Cells, Delta, Filter, Tally};
use std::collections::{BTreeMap, BTreeSet};

/// The windows: days, and what they are called.
pub const WINDOWS: [(u32, &str); 3] = [(7, "7d"), (28, "28d"), (91, "91d")];
/// What the window of a stock is called, which is read at this moment.
pub const NOW: &str = "now";

/// How a measure is read between its periods.
enum Reading {
    /// At this moment.
    Now,
    /// Over days; the last of them is so many days before today.
    Days(u64),
}

/// How a measure is read; none for series that somebody else added up: a window would cut through their periods.
fn reading(measure: &Measure, now: DateTime<Utc>) -> Option<Reading> {
    let Source::Coded(quantity) = measure.source()? else {
        return None;
    };
    Some(match measure.aggregate {
        Aggregate::Level
        | Aggregate::LevelRatio
        | Aggregate::LevelMedian
        | Aggregate::LevelMin
        | Aggregate::LongestOpen => Reading::Now,
        // A night counts when it has passed.
        _ if quantity.kind() == Kind::Level => Reading::Days(1),
        _ => {
            let minutes = measure.maturity().minutes();
            let ripe = local::date(now - TimeDelta::minutes(minutes));
            let back = (local::date(now) - ripe).num_days() + i64::from(minutes > 0);
            Reading::Days(u64::try_from(back).unwrap_or(0))
        }
    })
}

/// A window's cells, moved to where a financial year begins.
struct Moved {
    cells: Cells,
    days: u32,
}

/// Where moved windows begin; the year after it is longer than any window.
fn stage() -> NaiveDate {
    NaiveDate::from_ymd_opt(2001, 4, 1).unwrap_or_default()
}

impl Moved {
    fn of(cells: &Cells, quantities: &BTreeSet<&str>, last: NaiveDate, days: u32) -> Self {
        let mut moved = Cells::default();
        let first = last - Days::new(u64::from(days) - 1);
        for name in quantities {
            let level = Source::of(name).is_some_and(|s| s.kind() == Kind::Level);
            for series in cells.all_series(name) {
                let (place, parts) = (series.place, parts(series.breakdown));
                let mut put =
                    |date, delta, times| moved.apply(name, place, &parts, date, delta, times);
                for (date, tally) in series.cells.range(first..=last) {
                    let offset = u64::try_from((*date - first).num_days()).unwrap_or(0);
                    copy(tally, &mut |delta, times| {
                        put(stage() + Days::new(offset), delta, times)
                    });
                }
                if let Some((_, tally)) = series.cells.range(..first).next() {
                    if level {
                        let before = series
                            .cells
                            .range(..first)
                            .filter_map(|(_, t)| t.sums())
                            .map(|s| s.value)
                            .sum();
                        earlier_stock(before, &mut put);
                    } else {
                        // That something was ever recorded here is what tells a nought from a gap.
                        put(long_before(), one_of(tally), 1);
                    }
                }
            }
        }
        Self { cells: moved, days }
    }

    fn point(
        &self,
        areas: &Areas,
        measure: &Measure,
        area: &AreaId,
        filter: &Filter,
    ) -> Option<Point> {
        let query = PointQuery {
            measure,
            area,
            grain: Grain::Year,
            from: Some(stage()),
            to: Some(stage()),
            filter,
            now: local::midnight(stage() + Days::new(u64::from(self.days))),
            heard_until: None,
        };
        points(&self.cells, areas, &query).pop()
    }
}

fn long_before() -> NaiveDate {
    stage() - Days::new(400)
}

fn earlier_stock(before: i64, put: &mut impl FnMut(NaiveDate, Delta, i32)) {
    put(long_before(), Delta::step(before + 1), 1);
    put(long_before() + Days::new(1), Delta::step(-1), 1);
}

fn parts(breakdown: &[(Box<str>, Box<str>)]) -> Vec<(&str, &str)> {
    breakdown.iter().map(|(d, v)| (&**d, &**v)).collect()
}

fn copy(tally: &Tally, put: &mut impl FnMut(Delta, i32)) {
    match tally {
        Tally::Sums(sums) => put(Delta::Sums(*sums), 1),
        Tally::Histogram(histogram) => {
            for (value, count) in histogram.iter() {
                put(
                    Delta::Value(value),
                    i32::try_from(count).unwrap_or(i32::MAX),
                );
            }
        }
    }
}

fn one_of(tally: &Tally) -> Delta {
    match tally {
        Tally::Sums(sums) => Delta::Sums(*sums),
        Tally::Histogram(histogram) => {
            Delta::Value(histogram.iter().next().map_or(0, |(value, _)| value))
        }
    }
}

/// What a scrape says of a measure in an area over a window.
fn say(samples: &mut Samples, measure: &Measure, area: &AreaId, window: &str, point: &Point) {
    let (unit, factor) = Unit::of(measure);
    let labels = [measure.id.as_str(), area.as_str(), window];
    if let Some(value) = point.value {
        samples.add_in(&names::MEASURE, Some(unit), &labels, value * factor);
    }
    if let Some(cases) = point.denominator.or(point.n.map(|n| n as f64)) {
        samples.add(&names::MEASURE_CASES, &labels, cases);
    }
}

/// What windows are worked out from, taken out of the view so that folding need not wait for the working out.
pub struct Taken<'a> {
    now: Vec<(&'a Measure, AreaId, Point)>,
    windows: Vec<(Vec<&'a Measure>, &'static str, Moved)>,
}

/// Takes what every measure's windows need, for areas whose numbers are shown at any moment.
#[must_use]
pub fn take<'a>(
    cells: &Cells,
    areas: &Areas,
    measures: &'a Measures,
    places: &Places,
    now: DateTime<Utc>,
) -> Taken<'a> {
    let mut taken = Taken {
        now: Vec::new(),
        windows: Vec::new(),
    };
    let today = local::date(now);
    let mut by_last: BTreeMap<u64, Vec<&Measure>> = BTreeMap::new();
    for measure in measures.iter() {
        match reading(measure, now) {
            None => {}
            Some(Reading::Days(back)) => by_last.entry(back).or_default().push(measure),
            Some(Reading::Now) => {
                for area in &places.exact {
                    let query = PointQuery {
                        measure,
                        area,
                        grain: Grain::Day,
                        from: Some(today),
                        to: Some(today),
                        filter: &Filter::default(),
                        now,
                        heard_until: None,
                    };
                    let point = points(cells, areas, &query).pop();
                    taken.now.extend(point.map(|p| (measure, area.clone(), p)));
                }
            }
        }
    }
    for (back, measures) in by_last {
        let quantities: BTreeSet<&str> = measures
            .iter()
            .flat_map(|m| std::iter::once(m.quantity.as_str()).chain(m.over.as_deref()))
            .collect();
        for (days, window) in WINDOWS {
            let moved = Moved::of(cells, &quantities, today - Days::new(back), days);
            taken.windows.push((measures.clone(), window, moved));
        }
    }
    taken
}

impl Taken<'_> {
    /// Adds every measure over every window.
    pub fn add(&self, samples: &mut Samples, areas: &Areas, places: &Places) {
        for (measure, area, point) in &self.now {
            say(samples, measure, area, NOW, point);
        }
        let filter = Filter::default();
        for (measures, window, moved) in &self.windows {
            for measure in measures {
                for area in &places.exact {
                    if let Some(point) = moved.point(areas, measure, area, &filter) {
                        say(samples, measure, area, window, &point);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
