//! Ratings of the logic model, round by round.

use super::visit::Visit;
use joinedup_application::outcomes;
use joinedup_events::Slug;
use joinedup_views::ratings::{Comparison, Rating, compare};
use std::collections::BTreeMap;

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
pub fn latest_moves(visit: &Visit) -> Option<Comparison> {
    let within = visit.app.definitions.areas.within(&visit.area);
    let ratings = outcomes::ratings(&visit.app, &within).ok()?;
    let rounds = published(&ratings);
    let [.., earlier, later] = rounds.as_slice() else {
        return None;
    };
    Some(compare(&ratings, earlier, later))
}

/// An item's title.
#[must_use]
pub fn item_title(visit: &Visit, framework: &str, item: &str) -> String {
    let framework = visit.app.definitions.catalogue.framework(framework);
    framework
        .and_then(|f| f.item(item))
        .map_or_else(|| item.to_owned(), |i| i.title.clone())
}

/// A level in the words of its framework.
#[must_use]
pub fn level(visit: &Visit, framework: &str, level: Option<u8>) -> String {
    let Some(level) = level else {
        return "not rated".to_owned();
    };
    let scale = visit
        .app
        .definitions
        .catalogue
        .framework(framework)
        .and_then(|f| f.scale.as_ref());
    scale
        .and_then(|s| s.level(level))
        .map_or_else(|| level.to_string(), ToOwned::to_owned)
}
