//! Ratings of the logic model, round by round.

use super::here::Here;
use joinedup_events::{AreaId, Family, Slug};
use joinedup_views::ratings::{Comparison, Rating, compare, rating};
use std::collections::{BTreeMap, BTreeSet};

/// Every rating of the areas within the place, by area, framework and item.
#[must_use]
pub fn ratings(here: &Here) -> Vec<Rating> {
    let within = here.app.definitions.areas.within(&here.area);
    ratings_in(here, &within)
}

/// Every rating of some areas.
#[must_use]
pub fn ratings_in(here: &Here, areas: &BTreeSet<AreaId>) -> Vec<Rating> {
    let Ok(views) = here.views() else {
        return Vec::new();
    };
    let mut found: Vec<Rating> = views.read(|view| {
        view.listed(Family::Assessment)
            .filter_map(|e| rating(&e.facts.standing()))
            .filter(|r| areas.contains(&r.area))
            .collect()
    });
    found.sort_by(|a, b| (&a.area, &a.framework, &a.item).cmp(&(&b.area, &b.framework, &b.item)));
    found
}

/// The rounds in which anything was published, in the order of their names.
#[must_use]
pub fn published(ratings: &[Rating]) -> Vec<Slug> {
    let rounds: BTreeMap<&str, &Slug> = ratings
        .iter()
        .flat_map(|r| &r.rounds)
        .filter(|r| r.confirmed_at.is_some())
        .map(|r| (r.round.as_str(), &r.round))
        .collect();
    rounds.into_values().cloned().collect()
}

/// What moved between the last two published rounds.
#[must_use]
pub fn latest_moves(here: &Here) -> Option<Comparison> {
    let ratings = ratings(here);
    let rounds = published(&ratings);
    let [.., earlier, later] = rounds.as_slice() else {
        return None;
    };
    Some(compare(&ratings, earlier, later))
}

/// An item's title.
#[must_use]
pub fn item_title(here: &Here, framework: &str, item: &str) -> String {
    let framework = here.app.definitions.catalogue.framework(framework);
    framework
        .and_then(|f| f.item(item))
        .map_or_else(|| item.to_owned(), |i| i.title.clone())
}

/// A level in the words of its framework.
#[must_use]
pub fn level(here: &Here, framework: &str, level: Option<u8>) -> String {
    let Some(level) = level else {
        return "not rated".to_owned();
    };
    let scale = here
        .app
        .definitions
        .catalogue
        .framework(framework)
        .and_then(|f| f.scale.as_ref());
    scale
        .and_then(|s| s.level(level))
        .map_or_else(|| level.to_string(), ToOwned::to_owned)
}
