//! What people decided and judged, as the metrics show it: goals, ratings, improvement cycles.

use super::names;
use super::sample::{Samples, seconds};
use super::unit::Unit;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use joinedup_events::{AreaId, Family, local};
use joinedup_views::ask::Basis;
use joinedup_views::catalogue::Catalogue;
use joinedup_views::changes;
use joinedup_views::measures::Measures;
use joinedup_views::ratings::{self, Rating};
use joinedup_views::view::View;
use std::collections::BTreeSet;

/// The most improvement cycles shown, the latest first.
const MAX_CYCLES: usize = 500;
/// Cycles that began longer ago are history, which charts show.
const CYCLES_FOR: TimeDelta = TimeDelta::days(3 * 366);
/// The most ratings shown.
const MAX_RATINGS: usize = 20_000;

/// Adds the targets in force of all measures in areas.
pub fn add_goals(
    samples: &mut Samples,
    measures: &Measures,
    areas: &[AreaId],
    basis: &Basis<'_>,
    on: NaiveDate,
) {
    for measure in measures.iter() {
        let (unit, factor) = Unit::of(measure);
        for area in areas {
            let set = basis.target(measure, area, on);
            if let Some(goal) = set.or(measure.target.map(|t| t.0)) {
                samples.add_in(
                    &names::MEASURE_GOAL,
                    Some(unit),
                    &[measure.id.as_str(), area.as_str()],
                    goal * factor,
                );
            }
        }
    }
}

/// All ratings.
#[must_use]
pub fn ratings(view: &View) -> Vec<Rating> {
    view.listed(Family::Assessment)
        .filter_map(|entity| ratings::rating(&entity.facts.standing()))
        .take(MAX_RATINGS)
        .collect()
}

/// Each rating with its area, framework and item, of which the first counts: a series is written once.
pub fn by_item(ratings: &[Rating]) -> impl Iterator<Item = ([&str; 3], &Rating)> {
    let mut seen = BTreeSet::new();
    ratings.iter().filter_map(move |rating| {
        let labels = [
            rating.area.as_str(),
            rating.framework.as_str(),
            rating.item.as_str(),
        ];
        seen.insert(labels).then_some((labels, rating))
    })
}

/// Adds the levels published and wanted.
pub fn add_ratings(samples: &mut Samples, ratings: &[Rating]) {
    for (labels, rating) in by_item(ratings) {
        if let Some(level) = rating.level {
            samples.add(&names::LEVEL, &labels, f64::from(level));
        }
        if let Some(ambition) = &rating.ambition {
            samples.add(&names::AMBITION, &labels, f64::from(ambition.level));
        }
    }
}

/// Adds what the elements are called that are rated. One that the catalogue has no more is called by its code, so that
/// its level is not lost where a board looks for its title.
pub fn add_elements(samples: &mut Samples, ratings: &[Rating], catalogue: &Catalogue) {
    let rated: BTreeSet<(&str, &str)> = ratings
        .iter()
        .map(|r| (r.framework.as_str(), r.item.as_str()))
        .collect();
    for (id, element) in rated {
        let framework = catalogue.framework(id);
        let framework_title = framework.map_or(id, |f| &f.title);
        let item = framework.and_then(|f| f.item(element));
        let title = item.map_or(element, |i| &i.title);
        samples.add(
            &names::ELEMENT_INFO,
            &[id, framework_title, element, title],
            1.0,
        );
    }
}

/// Adds when improvement cycles began and ended.
pub fn add_cycles(samples: &mut Samples, view: &View, now: DateTime<Utc>) {
    let first = local::date(now - CYCLES_FOR);
    let mut cycles: Vec<_> = view
        .listed(Family::Change)
        .filter_map(|entity| {
            let change = changes::change(&entity.facts.standing())?;
            let started = change.started.filter(|d| *d >= first)?;
            Some((started, entity.id, change))
        })
        .collect();
    cycles.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    for (started, id, change) in cycles.into_iter().take(MAX_CYCLES) {
        let title: String = change
            .title
            .as_deref()
            .unwrap_or("A change")
            .chars()
            .take(80)
            .collect();
        let midnight = |date| seconds(local::midnight(date));
        let mut measures: Vec<&str> = change.measures.iter().map(|m| m.as_str()).collect();
        measures.sort_unstable();
        measures.dedup();
        for measure in measures {
            let labels = [&*id, measure, change.area.as_str(), title.as_str()];
            samples.add(&names::CYCLE_START, &labels, midnight(started));
            if let Some(finished) = change.finished {
                samples.add(&names::CYCLE_FINISH, &labels, midnight(finished));
            }
        }
    }
}
