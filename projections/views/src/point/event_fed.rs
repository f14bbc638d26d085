//! Points of what is counted from events. A period without events within the time for which an area has reported is a true
//! zero.

use super::frame::Frame;
use super::order::Gathered;
use super::reported::{Begun, hold_against};
use super::stock::{OpenSpans, levels, levels_by};
use super::{Note, PointQuery, Raw, Sieve, nearest, no_population, population, today};
use crate::ask::Basis;
use crate::cell::{Cells, SeriesRef};
use crate::measure::{Aggregate, Source};
use crate::period::Period;
use crate::quantity::{Kind, Quantity};
use crate::tally::{Sums, Tally};
use chrono::NaiveDate;
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use std::collections::BTreeSet;

type Breakdown = [(Box<str>, Box<str>)];

/// The dimensions that two quantities are both broken down by.
struct Shared<'d>(Vec<&'d str>);

impl<'d> Shared<'d> {
    fn of(dimensions: impl Iterator<Item = &'d str>) -> Self {
        Self(dimensions.collect())
    }

    /// Their values in a breakdown.
    fn values<'b>(&self, breakdown: &'b Breakdown) -> Vec<&'b str> {
        let all = breakdown.iter();
        all.filter(|(d, _)| self.0.contains(&&**d))
            .map(|(_, value)| &**value)
            .collect()
    }
}

/// The numbers of each expected period.
pub(super) fn raws(
    basis: &Basis<'_>,
    areas: &Areas,
    query: &PointQuery<'_>,
    sieve: &Sieve,
    quantity: Quantity,
) -> (Frame, Vec<Raw>) {
    let cells = basis.cells(query.measure);
    let within = areas.within(query.area);
    let reported = basis.reported(query.measure, &within, query.grain);
    let within: Vec<AreaId> = within.into_iter().collect();
    // Of two quantities either may have begun first: invitations go out before answers come.
    let first = [Some(quantity.name()), query.measure.over.as_deref()]
        .into_iter()
        .flatten()
        .filter_map(|name| first_date(cells, name, &within))
        .min();
    let frame = Frame::of(query, first, None);
    let Some(first) = first else {
        let none = vec![Raw::missing(Note::NothingEver { verb: "recorded" }); frame.periods.len()];
        return (frame, none);
    };
    let asked = Asked {
        cells,
        areas,
        query,
        sieve,
        quantity,
        scope: &within,
        frame: &frame,
    };
    let mut raws = asked.raws();
    // To the day it would say when the first person of a small place came.
    let began = Period::of(query.grain, first).start;
    let beginnings = basis.beginnings(query.measure);
    let begun = Begun::of(first, &beginnings, |area| {
        within.binary_search(area).is_ok()
    });
    for (period, raw) in frame.periods.iter().zip(&mut raws) {
        begun.mark(*period, query.measure, raw);
        if period.end <= first {
            *raw = Raw::missing(format!(
                "nothing was recorded here before {}",
                began.format("%-d %B %Y")
            ));
        } else if let Some(reported) = reported {
            hold_against(reported, *period, query, raw);
        }
    }
    (frame, raws)
}

fn first_date(cells: &Cells, quantity: &str, scope: &[AreaId]) -> Option<NaiveDate> {
    cells
        .series_within(quantity, scope)
        .filter_map(|series| series.cells.keys().next().copied())
        .min()
}

/// A stock over the days of a period that have ended.
struct Nights {
    nights: i64,
    days: i64,
    /// The most on any one of the days: so many people were there at least.
    people: i64,
}

struct Asked<'a> {
    cells: &'a Cells,
    areas: &'a Areas,
    query: &'a PointQuery<'a>,
    sieve: &'a Sieve,
    quantity: Quantity,
    /// In order.
    scope: &'a [AreaId],
    frame: &'a Frame,
}

impl Asked<'_> {
    fn raws(&self) -> Vec<Raw> {
        match (self.query.measure.aggregate, self.quantity.kind()) {
            (Aggregate::LevelMedian | Aggregate::LevelMin, _) => self.area_levels(),
            (Aggregate::LongestOpen, _) => self.longest_open(),
            (aggregate, Kind::Level) => self.stock(aggregate),
            (aggregate, Kind::Values | Kind::Cohort) => self.values(aggregate),
            (aggregate, _) => self.sums(aggregate),
        }
    }

    fn passes(&self) -> impl Fn(&Breakdown) -> bool + '_ {
        |breakdown| self.sieve.whole.passes(breakdown)
    }

    /// The series that count: of home or site within the area. A rate of residents is of those who live there, and not of
    /// who comes from elsewhere to a hospital there.
    fn series(&self, quantity: &str) -> impl Iterator<Item = SeriesRef<'_>> + use<'_> {
        let of_residents = self.query.measure.aggregate.population().is_some();
        let lives_here = |home: &str| self.scope.binary_search_by(|id| id.as_str().cmp(home));
        self.cells
            .series_within(quantity, self.scope)
            .filter(move |series| !of_residents || lives_here(series.place.home).is_ok())
    }

    /// Adds every tally of a quantity that passes into its period.
    fn gather<T: Default + Clone>(
        &self,
        quantity: &str,
        passes: impl Fn(&Breakdown) -> bool,
        mut take: impl FnMut(&mut T, &Tally),
    ) -> Vec<T> {
        let mut sums = vec![T::default(); self.frame.periods.len()];
        let Some((start, end)) = self.frame.span() else {
            return sums;
        };
        for series in self.series(quantity) {
            if !passes(series.breakdown) {
                continue;
            }
            for (date, tally) in series.cells.range(start..end) {
                if let Some(at) = self.frame.at(*date) {
                    take(&mut sums[at], tally);
                }
            }
        }
        sums
    }

    fn totals(&self, quantity: &str, passes: impl Fn(&Breakdown) -> bool) -> Vec<Sums> {
        self.gather(quantity, passes, |sum: &mut Sums, tally| {
            if let Some(more) = tally.sums() {
                sum.value += more.value;
                sum.denominator += more.denominator;
                sum.n += more.n;
            }
        })
    }

    fn sums(&self, aggregate: Aggregate) -> Vec<Raw> {
        let name = self.quantity.name();
        let all = self.totals(name, self.passes());
        match aggregate {
            Aggregate::Share => {
                let part = self.totals(name, |b| {
                    self.sieve.whole.passes(b) && self.sieve.in_part(b)
                });
                all.iter()
                    .zip(part)
                    .map(|(all, part)| Raw::part(part.value as f64, all.value as f64, all.value))
                    .collect()
            }
            Aggregate::Ratio => {
                let over = self.query.measure.over.as_deref().unwrap_or_default();
                let Some(source) = Source::of(over) else {
                    return vec![Raw::default(); all.len()];
                };
                let filter = self.sieve.of_over(source);
                let both = self.quantity.dimensions().iter().copied();
                let shared = Shared::of(both.filter(|d| source.has_dimension(d)));
                let known: BTreeSet<Vec<&str>> = self
                    .cells
                    .series_within(over, self.scope)
                    .filter(|s| filter.passes(s.breakdown) && !s.cells.is_empty())
                    .map(|s| shared.values(s.breakdown))
                    .collect();
                // What has nothing to be divided by is not a part of it: answers to a questionnaire to which nobody was
                // invited.
                let counted = self.totals(name, |b| {
                    self.sieve.whole.passes(b) && known.contains(&shared.values(b))
                });
                let over = self.totals(over, |b| filter.passes(b));
                counted
                    .iter()
                    .zip(over)
                    .map(|(all, over)| Raw::part(all.value as f64, over.value as f64, over.value))
                    .collect()
            }
            Aggregate::CountPer100k(which) => {
                let people = population(self.areas, self.query.area, which);
                all.iter()
                    .map(|all| match people {
                        None => Raw::missing(no_population(which)),
                        Some(people) => {
                            let hundred_thousands = people as f64 / 100_000.0;
                            Raw::part(all.value as f64, hundred_thousands, all.value)
                        }
                    })
                    .collect()
            }
            Aggregate::Proportion => all
                .iter()
                .map(|all| Raw::part(all.value as f64, all.denominator as f64, all.denominator))
                .collect(),
            Aggregate::Mean => all
                .iter()
                .map(|all| Raw::part(all.value as f64, all.n as f64, all.n))
                .collect(),
            Aggregate::Net => all
                .iter()
                .map(|all| Raw::of((all.value - all.denominator) as f64, all.n))
                .collect(),
            // Of a proportion's cases the count is how many there were.
            _ if self.quantity.kind() == Kind::Proportion => all
                .iter()
                .map(|all| Raw::of(all.denominator as f64, all.denominator))
                .collect(),
            _ => all
                .iter()
                .map(|all| Raw::of(all.value as f64, all.value))
                .collect(),
        }
    }

    fn values(&self, aggregate: Aggregate) -> Vec<Raw> {
        let mut all = self.gather(
            self.quantity.name(),
            self.passes(),
            |gathered: &mut Gathered, tally| {
                if let Some(histogram) = tally.histogram() {
                    gathered.take(histogram);
                }
            },
        );
        let unit = self.quantity.unit();
        all.iter_mut()
            .map(|values| {
                let n = values.n();
                let share = |met: i64| Raw::part(met as f64, n as f64, n);
                let limit = |limit: crate::measure::Limit| limit.number(unit).unwrap_or(0);
                match aggregate {
                    Aggregate::Count => return Raw::of(n as f64, n),
                    Aggregate::ShareAtMost(l) => return share(values.at_most(limit(l))),
                    Aggregate::ShareAtLeast(l) => return share(values.at_least(limit(l))),
                    _ if n <= 0 => {
                        return Raw {
                            n: Some(0),
                            ..Raw::missing("nothing ended in the period")
                        };
                    }
                    _ => {}
                }
                if aggregate == Aggregate::Mean {
                    return Raw::part(values.total() as f64, n as f64, n);
                }
                values.sort();
                Raw {
                    value: match aggregate {
                        Aggregate::Percentile(percent) => values.percentile(percent),
                        _ => values.median(),
                    },
                    n: Some(n),
                    ..Raw::default()
                }
            })
            .collect()
    }

    /// The last day of each period on which a stock can be read: today in the one that is not over.
    fn last_days(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        let today = today(self.query);
        self.frame
            .periods
            .iter()
            .map(move |p| p.end.pred_opt().unwrap_or(p.end).min(today))
    }

    fn at_end(&self, levels: &[i64]) -> Vec<i64> {
        self.last_days()
            .map(|date| {
                self.frame
                    .day(date)
                    .and_then(|day| levels.get(day).copied())
                    .unwrap_or(0)
            })
            .collect()
    }

    /// A stock added up over the days of each period that have ended, and how many those are.
    fn over_days(&self, levels: &[i64]) -> Vec<Nights> {
        let today = today(self.query);
        self.frame
            .periods
            .iter()
            .map(|period| {
                let end = period.end.min(today);
                let days = (end - period.start).num_days().max(0);
                let from = self.frame.day(period.start).unwrap_or(0);
                let to = from + usize::try_from(days).unwrap_or(0);
                let levels = levels.get(from..to).unwrap_or_default();
                Nights {
                    nights: levels.iter().sum(),
                    days,
                    people: levels.iter().copied().max().unwrap_or(0),
                }
            })
            .collect()
    }

    fn stock(&self, aggregate: Aggregate) -> Vec<Raw> {
        let name = self.quantity.name();
        let all = levels(self.series(name), self.frame, &self.passes());
        match aggregate {
            Aggregate::Level => self
                .at_end(&all)
                .into_iter()
                .map(|level| Raw::of(level as f64, level))
                .collect(),
            Aggregate::LevelRatio => {
                let over = self.query.measure.over.as_deref().unwrap_or_default();
                let Some(source) = Source::of(over) else {
                    return vec![Raw::default(); self.frame.periods.len()];
                };
                let filter = self.sieve.of_over(source);
                let over = levels(self.series(over), self.frame, &|b: &Breakdown| {
                    filter.passes(b)
                });
                self.at_end(&all)
                    .into_iter()
                    .zip(self.at_end(&over))
                    .map(|(all, over)| Raw::part(all as f64, over as f64, over))
                    .collect()
            }
            Aggregate::Share => {
                let part = levels(self.series(name), self.frame, &|b: &Breakdown| {
                    self.sieve.whole.passes(b) && self.sieve.in_part(b)
                });
                self.over_days(&all)
                    .into_iter()
                    .zip(self.over_days(&part))
                    .map(|(all, part)| Raw {
                        people: Some((part.people, all.people)),
                        ..Raw::part(part.nights as f64, all.nights as f64, all.nights)
                    })
                    .collect()
            }
            _ => self
                .over_days(&all)
                .into_iter()
                .map(|nights| Raw {
                    people: Some((nights.people, nights.people)),
                    ..self.nights(aggregate, nights.nights, nights.days)
                })
                .collect(),
        }
    }

    fn nights(&self, aggregate: Aggregate, nights: i64, days: i64) -> Raw {
        if days == 0 {
            return Raw::missing("no night of the period has passed");
        }
        match aggregate {
            Aggregate::LevelAverage => Raw::part(nights as f64, days as f64, nights),
            Aggregate::LevelDaysPer100kPerDay(which) => {
                match population(self.areas, self.query.area, which) {
                    None => Raw::missing(no_population(which)),
                    Some(people) => Raw::part(
                        nights as f64,
                        days as f64 * people as f64 / 100_000.0,
                        nights,
                    ),
                }
            }
            _ => Raw::of(nights as f64, nights),
        }
    }

    fn longest_open(&self) -> Vec<Raw> {
        OpenSpans::of(self.cells, self.quantity.name(), self.scope, &self.passes())
            .longest(self.last_days())
            .into_iter()
            .map(|longest| match longest {
                Some(days) => Raw::of(days as f64, 1),
                None => Raw {
                    n: Some(0),
                    ..Raw::missing("nothing was open at the end of the period")
                },
            })
            .collect()
    }

    /// Levels across the areas nearest below that were ever rated; of the area itself when none below was.
    fn area_levels(&self) -> Vec<Raw> {
        let name = self.quantity.name();
        let rated = |id: &AreaId| {
            self.cells
                .series(name, id.as_str())
                .any(|s| self.sieve.whole.passes(s.breakdown))
        };
        let mut scope = nearest(self.areas, self.query.area, false, &rated);
        if scope.is_empty() {
            scope.push(self.query.area.clone());
        }
        let by_level = levels_by(
            self.cells,
            name,
            "level",
            &scope,
            self.frame,
            &self.passes(),
        );
        self.last_days()
            .map(|date| {
                let day = self.frame.day(date);
                let counts: Vec<(i64, i64)> = by_level
                    .iter()
                    .map(|(level, days)| {
                        (*level, day.and_then(|d| days.get(d).copied()).unwrap_or(0))
                    })
                    .filter(|(_, count)| *count > 0)
                    .collect();
                let n: i64 = counts.iter().map(|(_, count)| count).sum();
                let rank = match self.query.measure.aggregate {
                    Aggregate::LevelMin => 1,
                    _ => (n + 1) / 2,
                };
                let mut seen = 0;
                let level = counts.iter().find_map(|(level, count)| {
                    seen += count;
                    (seen >= rank).then_some(*level)
                });
                match level {
                    Some(level) => Raw::of(level as f64, n),
                    None => Raw::missing("no area was rated"),
                }
            })
            .collect()
    }
}
