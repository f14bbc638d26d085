//! Measures computed from events through cells equal those computed straight from what happened: each story is written
//! twice, once as events and once as cases by the wording of the catalogue, and the two never share code. Every measure
//! is compared, by every length of period that it offers, at every level of area and by every breakdown.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails here fails its test"
)]

mod cycles;
mod ratings;
mod referrals;
mod reports;
mod story;
mod transfers;
mod voices;
mod world;

use joinedup_views::measure::{Aggregate, Population, Source};
use joinedup_views::point::{Point, State};
use reports::Reading;
use std::collections::{BTreeMap, BTreeSet};
use story::{Case, passes, within};
use world::{World, days, returns, same, world};

/// Measures that divide one count by another.
const RATIOS: [&str; 2] = ["ex-response-rate", "ex-themes"];
const RATINGS: [&str; 5] = [
    "ra-level-median",
    "ra-worst-level",
    "ra-net-moves",
    "ra-ambition-gap",
    "ra-age-days",
];
const STOCKS: [&str; 8] = [
    "tr-delayed-nights",
    "tr-delayed-people-average",
    "tr-delayed-days-per-100k",
    "tr-delay-by-reason",
    "tr-ready-now",
    "tr-longest-wait",
    "md-open-caseload",
    "ch-cycles-running",
];

/// A statistic of numbers, straight from its definition.
fn statistic(measure: &str, numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let n = numbers.len();
    if n == 0 {
        return None;
    }
    Some(match measure {
        m if m.ends_with("-p90") => numbers[(n * 9).div_ceil(10) - 1],
        "tr-delay-days-median"
        | "md-discussion-days-median"
        | "tr-assessment-hours-median"
        | "tr-package-days-median"
        | "tr-edd-slip-days"
        | "md-triage-hours"
        | "md-resource-decision-hours"
        | "ch-cycle-days" => f64::midpoint(numbers[(n - 1) / 2], numbers[n / 2]),
        _ => numbers.iter().sum::<f64>() / n as f64,
    })
}

fn of_cases(world: &World) -> BTreeSet<&'static str> {
    let ids = world.story.cases.iter().map(|c| c.measure);
    ids.filter(|id| !RATIOS.contains(id)).collect()
}

/// Every value of every dimension that some of these have.
fn parts<'a>(all: impl Iterator<Item = &'a story::Dims>) -> Vec<(&'static str, String)> {
    let found: BTreeSet<(&str, String)> = all.flatten().cloned().collect();
    found.into_iter().collect()
}

fn number_of(cases: &[&Case], place: &str, point: &Point, part: Option<(&str, &str)>) -> Vec<f64> {
    let inside = |c: &&&Case| {
        within(c.area, place)
            && (point.period_start..point.period_end).contains(&c.date)
            && passes(&c.dims, part)
    };
    cases.iter().filter(inside).map(|c| c.number).collect()
}

#[test]
fn medians_percentiles_means_and_shares_equal_those_of_the_cases_themselves() {
    for seed in [1, 2, 3] {
        let world = world(seed);
        let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
        let ids = of_cases(&world);
        for id in &ids {
            let least = world.measures.get(id).unwrap().min_n();
            let of = |c: &&Case| c.measure == *id;
            let cases: Vec<&Case> = world.story.cases.iter().filter(of).collect();
            let parts = parts(cases.iter().map(|c| &c.dims));
            let known = world.measures.get(id).unwrap().source().unwrap();
            if let Source::Coded(quantity) = known {
                let named: BTreeSet<&str> = parts.iter().map(|(d, _)| *d).collect();
                let all: BTreeSet<&str> = quantity.dimensions().iter().copied().collect();
                assert_eq!(named, all, "{id} is not given by all its breakdowns");
            }
            world.each(id, &parts, |place, _, part, point| {
                let mut numbers = number_of(&cases, place, point, part);
                let enough = numbers.len() as i64 >= least;
                let expected = statistic(id, &mut numbers).filter(|_| enough);
                assert!(
                    same(point.value, expected),
                    "seed {seed}: {id} in {place} by {part:?}: {point:?}, and the cases give {expected:?} of {}",
                    numbers.len()
                );
                if point.value.is_some() {
                    assert_eq!(point.state, State::Final, "{id} in {place}: {point:?}");
                    *shown.entry(id).or_default() += 1;
                }
            });
        }
        assert_eq!(
            shown.len(),
            ids.len(),
            "some measure never had a point: {shown:?}"
        );
    }
}

#[test]
fn ratios_equal_a_count_over_another() {
    for seed in [4, 5] {
        let world = world(seed);
        for id in RATIOS {
            let of = |c: &&Case| c.measure == id;
            let cases: Vec<&Case> = world.story.cases.iter().filter(of).collect();
            let over: Vec<&Case> = world.story.over.iter().filter(of).collect();
            let mut shown = 0;
            world.each(id, &parts(cases.iter().map(|c| &c.dims)), |place, _, part, point| {
                // What is divided by is known by instrument only.
                let asked = part.filter(|(d, _)| *d == "instrument");
                let whole: f64 = number_of(&over, place, point, asked).iter().sum();
                // Answers to what nobody there was invited to are a part of nothing.
                let invited = |c: &&Case| {
                    let instrument = |c: &Case| c.dims.iter().find(|(d, _)| *d == "instrument").cloned();
                    over.iter().any(|o| within(o.area, place) && instrument(o) == instrument(c))
                };
                let cases: Vec<&Case> = cases.iter().copied().filter(invited).collect();
                let count: f64 = number_of(&cases, place, point, part).iter().sum();
                // Of a hundred comments, and not of one.
                let divide_by = if id == "ex-themes" { 0.01 } else { 1.0 };
                let expected = (whole > 0.0).then(|| count / whole / divide_by);
                assert!(
                    same(point.value, expected),
                    "seed {seed}: {id} in {place} by {part:?}: {point:?}, and {count} by {whole}"
                );
                shown += usize::from(point.value.is_some());
            });
            assert!(shown > 100, "{id}: {shown}");
        }
    }
}

#[test]
fn stocks_equal_a_count_of_who_is_there_on_each_day() {
    for seed in [4, 5] {
        let world = world(seed);
        let mut compared: BTreeMap<&str, usize> = BTreeMap::new();
        for id in STOCKS {
            let what = match id {
                "md-open-caseload" => "caseload",
                "ch-cycles-running" => "cycles",
                _ => "waiting",
            };
            let spans: Vec<_> = world
                .story
                .spans
                .iter()
                .filter(|s| s.what == what)
                .collect();
            let mut parts = parts(spans.iter().map(|s| &s.dims));
            if id == "tr-longest-wait" {
                parts.retain(|(d, _)| *d == "pathway");
            }
            world.each(id, &parts, |place, _, part, point| {
                let of = |part| spans.iter().filter(move |s| within(s.area, place) && passes(&s.dims, part));
                let all = days(point);
                let (first, last) = (point.period_start, *all.last().unwrap());
                let there = |s: &&&story::Span| s.from <= last && s.until.is_none_or(|until| last < until);
                // The nights of the period that somebody was there.
                let nights = |s: &&story::Span| {
                    let end = s.until.unwrap_or(point.period_end).min(point.period_end);
                    (end - s.from.max(first)).num_days().max(0) as f64
                };
                let count = |part| of(part).map(nights).sum::<f64>();
                let expected = match id {
                    "tr-delayed-nights" => Some(count(part)),
                    "tr-delayed-people-average" => Some(count(part) / all.len() as f64),
                    "tr-delayed-days-per-100k" => {
                        let adults = world.areas.get(place).unwrap().population_18.unwrap();
                        Some(count(part) / all.len() as f64 / (f64::from(adults) / 100_000.0))
                    }
                    "tr-delay-by-reason" => {
                        let whole = part.filter(|(d, _)| *d != "reason");
                        let some = if whole == part {
                            let unknown = Some(("reason", "unknown"));
                            let known = of(whole).filter(|s| !passes(&s.dims, unknown));
                            known.map(nights).sum()
                        } else {
                            count(part)
                        };
                        (count(whole) > 0.0).then(|| some / count(whole))
                    }
                    "tr-longest-wait" => {
                        let from = of(part).filter(there).map(|s| s.from).min();
                        from.map(|from| (last - from).num_days() as f64)
                    }
                    _ => Some(of(part).filter(there).count() as f64),
                };
                // Before the first report there is no point, and nobody there either.
                if point.value.is_some() || expected.is_some_and(|e| e > 0.0) {
                    assert!(
                        same(point.value, expected),
                        "seed {seed}: {id} in {place} by {part:?}: {point:?}, and a count gives {expected:?}"
                    );
                    *compared.entry(id).or_default() += 1;
                }
            });
        }
        assert!(
            compared.len() == STOCKS.len() && compared.values().all(|n| *n > 100),
            "{compared:?}"
        );
    }
}

#[test]
fn ratings_equal_a_reading_of_what_was_published() {
    for seed in 6..12 {
        let world = world(seed);
        let items = ratings::ITEMS.map(|item| ("item", item.to_owned()));
        let mut compared: BTreeMap<&str, usize> = BTreeMap::new();
        for id in RATINGS {
            world.each(id, &items, |place, _, part, point| {
                let period = (point.period_start, *days(point).last().unwrap());
                let item = part.map(|(_, item)| item);
                let expected = ratings::expected(&world.story, id, place, period, item);
                if point.value.is_some() || expected.is_some_and(|e| e != 0.0) {
                    assert!(
                        same(point.value, expected),
                        "seed {seed}: {id} in {place} by {part:?}: {point:?}, and the papers give {expected:?}"
                    );
                    *compared.entry(id).or_default() += 1;
                }
            });
        }
        assert_eq!(compared.len(), RATINGS.len(), "{compared:?}");
    }
}

#[test]
fn reported_amounts_equal_the_reports_added_up() {
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 12..17 {
        let world = returns(seed);
        let older = |place: &str| f64::from(world.areas.get(place).unwrap().population_65.unwrap());
        for measure in world.measures.iter() {
            let Some(Source::Observed(series)) = measure.source() else {
                continue;
            };
            let id = measure.id.as_str();
            let reasons = ["assessment", "home-care"].map(|r| ("reason", r.to_owned()));
            world.each(id, &reasons, |place, grain, part, point| {
                let how = match measure.aggregate {
                    Aggregate::Amount => Reading::Amount,
                    Aggregate::AmountPerDay => Reading::PerDay,
                    Aggregate::AmountPer100k(Population::Older) => Reading::Per100k(&older),
                    Aggregate::Proportion => Reading::Proportion,
                    Aggregate::Ratio => Reading::Over(
                        measure.over.as_deref().unwrap().strip_prefix("observation.").unwrap(),
                    ),
                    Aggregate::AsReported => Reading::AsReported(grain.code()),
                    Aggregate::AmountMedian => Reading::MedianDay(grain.code()),
                    other => panic!("{id}: {other:?}"),
                };
                let period = (point.period_start, point.period_end);
                let own = measure.filter.0.get("reason").and_then(|values| values.first());
                let expected = match (own.map(String::as_str), part.map(|(_, reason)| reason)) {
                    // A measure of one reason has nothing of another.
                    (Some(own), Some(asked)) if own != asked => None,
                    (own, asked) => {
                        let reason = own.or(asked);
                        reports::expected(&world.story, series, how, place, period, reason)
                    }
                };
                assert!(
                    same(point.value, expected),
                    "seed {seed}: {id} in {place} by {part:?}: {point:?}, and the reports give {expected:?}"
                );
                if point.value.is_some() {
                    *shown.entry(id.to_owned()).or_default() += 1;
                }
            });
        }
    }
    let observed = returns(12)
        .measures
        .iter()
        .filter(|m| matches!(m.source(), Some(Source::Observed(_))))
        .count();
    assert_eq!(
        shown.len(),
        observed,
        "some return never had a point: {shown:?}"
    );
}

#[test]
fn no_measure_is_left_out() {
    let world = world(1);
    let mut compared = of_cases(&world);
    compared.extend(RATIOS.iter().chain(&RATINGS).chain(&STOCKS));
    let left: Vec<&str> = world
        .measures
        .iter()
        .filter(|m| !matches!(m.source(), Some(Source::Observed(_))))
        .map(|m| m.id.as_str())
        .filter(|id| !compared.contains(id))
        .collect();
    assert_eq!(left, [""; 0]);
    assert!(world.measures.iter().count() >= 70);
}
