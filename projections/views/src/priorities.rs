//! What to work on first: items that are rated low, far from their ambition, and feed outcomes that are not improving.
//!
//! The arithmetic is shown, so that a team can disagree with it:
//!
//! - **need** = highest level of the scale + 1 − level: on five levels, 5 for red down to 1 for green;
//! - **gap** = ambition − level, at least 0;
//! - **outcomes** = 2 for each outcome reached that is not improving, 1 for each of which nothing is known, 0 for each
//!   that improves;
//! - **score** = need × gap × outcomes.
//!
//! It orders a conversation; it is not a measurement. Items without a published level or an ambition have no score and
//! are listed apart with the reason.

use crate::catalogue::Catalogue;
use crate::ratings::Rating;
use joinedup_events::{AreaId, Slug};
use serde::Serialize;

/// Where an outcome is heading, as its measures say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Trend {
    /// A measure of it gets worse, or has stayed where it was.
    NotImproving,
    /// No measure of it is judged.
    Unknown,
    /// It gets better.
    Improving,
}

impl Trend {
    /// What an outcome of this trend counts in a score.
    #[must_use]
    pub const fn points(self) -> u32 {
        match self {
            Self::NotImproving => 2,
            Self::Unknown => 1,
            Self::Improving => 0,
        }
    }
}

/// An outcome that an item feeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FedOutcome {
    /// The outcome.
    pub outcome: String,
    /// Its title.
    pub title: String,
    /// Where it is heading.
    pub trend: Trend,
    /// What it counts.
    pub points: u32,
}

/// One item with its score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Priority {
    /// The area.
    pub area: AreaId,
    /// The framework.
    pub framework: Slug,
    /// The item.
    pub item: Slug,
    /// The item's title.
    pub title: String,
    /// The published level.
    pub level: u8,
    /// The level wanted.
    pub ambition: u8,
    /// Highest level + 1 − level.
    pub need: u32,
    /// Ambition − level, at least 0.
    pub gap: u32,
    /// The outcomes it feeds.
    pub outcomes: Vec<FedOutcome>,
    /// The sum of their points.
    pub outcome_points: u32,
    /// Need × gap × outcome points.
    pub score: u32,
    /// The sentence without the title and the sum.
    #[serde(skip)]
    pub words: String,
    /// The rating, the ambition and what it supports, in a sentence.
    pub sentence: String,
}

/// An item that has no score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotScored {
    /// The area.
    pub area: AreaId,
    /// The framework.
    pub framework: Slug,
    /// The item.
    pub item: Slug,
    /// Why not, in a sentence.
    pub reason: String,
}

/// Items in the order in which to talk about them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Priorities {
    /// The highest score first; of equal scores the lower level, then by id.
    pub items: Vec<Priority>,
    /// Items without a score, by id.
    pub not_scored: Vec<NotScored>,
}

/// Orders ratings by what to work on first. `trend` says where an outcome is heading in the rating's area.
#[must_use]
pub fn priorities<'a>(
    catalogue: &Catalogue,
    ratings: impl IntoIterator<Item = &'a Rating>,
    trend: impl Fn(&str) -> Trend,
) -> Priorities {
    let mut found = Priorities::default();
    for rating in ratings {
        match score(catalogue, rating, &trend) {
            Ok(priority) => found.items.push(priority),
            Err(reason) => found.not_scored.push(NotScored {
                area: rating.area.clone(),
                framework: rating.framework.clone(),
                item: rating.item.clone(),
                reason: reason.to_owned(),
            }),
        }
    }
    found.items.sort_by(|a, b| {
        let key = |p: &Priority| (std::cmp::Reverse(p.score), p.level);
        (key(a), &a.framework, &a.item, &a.area).cmp(&(key(b), &b.framework, &b.item, &b.area))
    });
    found
        .not_scored
        .sort_by(|a, b| (&a.framework, &a.item, &a.area).cmp(&(&b.framework, &b.item, &b.area)));
    found
}

fn score(
    catalogue: &Catalogue,
    rating: &Rating,
    trend: &impl Fn(&str) -> Trend,
) -> Result<Priority, &'static str> {
    let framework = catalogue
        .framework(rating.framework.as_str())
        .ok_or("The framework is none of the catalogue.")?;
    let item = framework
        .item(rating.item.as_str())
        .ok_or("The item is none of the framework.")?;
    let scale = framework
        .scale
        .as_ref()
        .ok_or("The framework has no scale.")?;
    let level = rating.level.ok_or("No level is published.")?;
    let ambition = rating.ambition.as_ref().ok_or("No ambition is set.")?.level;
    let outcomes: Vec<FedOutcome> = catalogue
        .outcomes_of(framework.id.as_str(), &item.id)
        .into_iter()
        .map(|reached| {
            let trend = trend(&reached.node);
            FedOutcome {
                title: catalogue
                    .node(&reached.node)
                    .map_or_else(String::new, |n| n.title.clone()),
                outcome: reached.node,
                trend,
                points: trend.points(),
            }
        })
        .collect();
    let need = u32::from(scale.highest.saturating_sub(level)) + 1;
    let gap = u32::from(ambition.saturating_sub(level));
    let outcome_points = outcomes.iter().map(|o| o.points).sum();
    let score = need * gap * outcome_points;
    let count = |trend| outcomes.iter().filter(|o| o.trend == trend).count();
    let named = |level: u8| match scale.level(level) {
        Some(name) => format!("{} ({level} of {})", name.to_lowercase(), scale.highest),
        None => format!("{level} of {}", scale.highest),
    };
    let (all, improving, unknown) = (
        outcomes.len(),
        count(Trend::Improving),
        count(Trend::Unknown),
    );
    let without = match unknown {
        0 => String::new(),
        n => format!("; no data for {n}"),
    };
    let supports = match improving {
        _ if unknown == all => format!("No data yet for the {all} outcomes it supports."),
        0 => format!("None of the {all} outcomes it supports is improving{without}."),
        1 => format!("1 of the {all} outcomes it supports is improving{without}."),
        n => format!("{n} of the {all} outcomes it supports are improving{without}."),
    };
    let words = format!(
        "rated {}. Ambition: {}. {supports}",
        named(level),
        named(ambition),
    );
    let sentence = format!(
        "{}: {words} {need} × {gap} × {outcome_points} = {score}.",
        item.title
    );
    Ok(Priority {
        area: rating.area.clone(),
        framework: rating.framework.clone(),
        item: rating.item.clone(),
        title: item.title.clone(),
        level,
        ambition,
        need,
        gap,
        outcomes,
        outcome_points,
        score,
        words,
        sentence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::{fixtures::*, rating};

    fn rated(level: u8, wanted: Option<u8>) -> Rating {
        let area = "havenshire-north";
        let mut facts = vec![
            stored(
                area,
                "2026-01-01",
                "2026-01-01",
                proposed("2026", Some(level)),
            ),
            stored(area, "2026-03-01", "2026-03-01", confirmed("2026")),
        ];
        if let Some(wanted) = wanted {
            facts.push(stored(
                area,
                "2026-03-02",
                "2026-03-02",
                ambition(wanted, "2027-03-01"),
            ));
        }
        rating(&standing(facts)).unwrap()
    }

    fn catalogue() -> Catalogue {
        Catalogue::built_in().unwrap()
    }

    #[test]
    fn the_score_is_a_product_and_the_sentence_says_what_it_is_about() {
        // Joint crisis response feeds three outcomes.
        let trend = |outcome: &str| match outcome {
            "se-right-place-any-time" => Trend::NotImproving,
            "sy-hospital-demand-managed" => Trend::Unknown,
            _ => Trend::Improving,
        };
        let found = priorities(&catalogue(), &[rated(2, Some(4))], trend);
        let first = &found.items[0];
        assert_eq!(
            (first.need, first.gap, first.outcome_points, first.score),
            (4, 2, 3, 24)
        );
        assert_eq!(first.outcomes.len(), 3);
        assert!(
            first.sentence.ends_with("(2 of 5). Ambition: amber-green (4 of 5). 1 of the 3 outcomes it supports is improving; no data for 1. 4 × 2 × 3 = 24."),
            "{}",
            first.sentence
        );
    }

    #[test]
    fn a_reached_ambition_or_improving_outcomes_leave_nothing_to_do_first() {
        let reached = priorities(&catalogue(), &[rated(4, Some(3))], |_| Trend::NotImproving);
        assert_eq!(reached.items[0].score, 0);
        let improving = priorities(&catalogue(), &[rated(1, Some(5))], |_| Trend::Improving);
        assert_eq!(improving.items[0].score, 0);
    }

    #[test]
    fn the_lower_the_level_and_the_wider_the_gap_the_earlier() {
        let ratings: Vec<Rating> = [(3, 4), (1, 3), (2, 3), (1, 5)]
            .map(|(level, wanted)| rated(level, Some(wanted)))
            .into();
        let found = priorities(&catalogue(), &ratings, |_| Trend::Unknown);
        let order: Vec<(u8, u8)> = found.items.iter().map(|p| (p.level, p.ambition)).collect();
        assert_eq!(order, [(1, 5), (1, 3), (2, 3), (3, 4)]);
    }

    #[test]
    fn an_item_without_an_ambition_is_listed_with_the_reason() {
        let found = priorities(&catalogue(), &[rated(2, None)], |_| Trend::Unknown);
        assert!(found.items.is_empty());
        assert_eq!(found.not_scored[0].reason, "No ambition is set.");
    }
}
