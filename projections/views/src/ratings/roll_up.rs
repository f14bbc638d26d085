//! Ratings of a larger area, from those within it.
//!
//! The level is the **lower median**: of an even number, the lower of the two in the middle. A mean would invent
//! levels between two colours, and the worst alone would hide progress; the worst and the spread stand beside it.
//! Each area within counts once, however many ways lead to it.

use super::Rating;
use joinedup_events::{AreaId, AreaKind, Areas, Slug};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Where an area and the areas within it stand with an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RollUp {
    /// The larger area.
    pub area: AreaId,
    /// The framework.
    pub framework: Slug,
    /// The item.
    pub item: Slug,
    /// The lower median of the levels; none when nobody is rated.
    pub level: Option<u8>,
    /// The lowest level.
    pub worst: Option<u8>,
    /// The highest level.
    pub best: Option<u8>,
    /// Highest minus lowest.
    pub spread: Option<u8>,
    /// How many areas stand at each level.
    pub levels: BTreeMap<u8, u32>,
    /// How many areas are rated.
    pub rated: u32,
    /// How many areas are not: they are left out of the level.
    pub not_rated: u32,
    /// The areas with their levels.
    pub areas: BTreeMap<AreaId, Option<u8>>,
}

/// The lower median.
#[must_use]
pub fn lower_median(levels: &mut [u8]) -> Option<u8> {
    levels.sort_unstable();
    levels.get(levels.len().checked_sub(1)? / 2).copied()
}

/// The localities within a larger area, at any depth: who is asked to rate. A locality itself has none.
#[must_use]
pub fn localities(areas: &Areas, area: &AreaId) -> BTreeSet<AreaId> {
    let is_locality = |id: &AreaId| {
        areas
            .get(id.as_str())
            .is_some_and(|a| a.kind == AreaKind::Locality)
    };
    let mut within = areas.within(area);
    within.retain(|id| id != area && is_locality(id));
    within
}

/// Rolls ratings up to an area, item by item.
///
/// Localities are asked to rate. Where one within the area has rated an item, its level is that of the localities,
/// and those without a published level are counted as not rated. Otherwise, as for a board whose neighbourhoods
/// belong to localities that it does not contain, every area within counts that ever had an event about the item, the
/// area itself included.
#[must_use]
pub fn roll_up<'a>(
    areas: &Areas,
    area: &AreaId,
    ratings: impl IntoIterator<Item = &'a Rating>,
) -> Vec<RollUp> {
    let within = areas.within(area);
    let localities = localities(areas, area);
    let mut items: BTreeMap<(&Slug, &Slug), BTreeMap<AreaId, Option<u8>>> = BTreeMap::new();
    for rating in ratings {
        if within.contains(&rating.area) {
            let key = (&rating.framework, &rating.item);
            let levels = items.entry(key).or_default();
            levels.insert(rating.area.clone(), rating.level);
        }
    }
    items
        .into_iter()
        .map(|((framework, item), mut levels)| {
            if localities.iter().any(|l| levels.contains_key(l)) {
                levels = localities
                    .iter()
                    .map(|l| (l.clone(), levels.get(l).copied().flatten()))
                    .collect();
            }
            one(area, framework, item, levels)
        })
        .collect()
}

fn one(
    area: &AreaId,
    framework: &Slug,
    item: &Slug,
    areas: BTreeMap<AreaId, Option<u8>>,
) -> RollUp {
    let mut given: Vec<u8> = areas.values().flatten().copied().collect();
    let level = lower_median(&mut given);
    let (worst, best) = (given.first().copied(), given.last().copied());
    let mut levels = BTreeMap::new();
    for level in &given {
        *levels.entry(*level).or_insert(0u32) += 1;
    }
    let rated: u32 = levels.values().sum();
    RollUp {
        area: area.clone(),
        framework: framework.clone(),
        item: item.clone(),
        level,
        worst,
        best,
        spread: worst.zip(best).map(|(worst, best)| best - worst),
        levels,
        rated,
        not_rated: u32::try_from(areas.len())
            .unwrap_or(u32::MAX)
            .saturating_sub(rated),
        areas,
    }
}
