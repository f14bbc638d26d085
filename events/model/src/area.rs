//! Areas: a graph, not a tree. A neighbourhood may belong to several larger areas, and planning footprints cross
//! county borders; providers (hospitals, trusts) stand beside the places where people live, or within a board together
//! with them.

mod serves;

use crate::facts::codes;
use crate::id::AreaId;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
pub use serves::Serves;
use std::collections::{BTreeMap, BTreeSet};

codes! {
    /// What an area is.
    AreaKind {
        /// A country.
        Country = "country",
        /// A region.
        Region = "region",
        /// An integrated care board (earlier: a sustainability and transformation partnership).
        Icb = "icb",
        /// A county council's area.
        County = "county",
        /// A unitary, metropolitan or London borough council's area.
        Unitary = "unitary",
        /// A clinical commissioning group (until 2022) or primary care trust (until 2013).
        Commissioner = "commissioner",
        /// A locality (quadrant) of a county.
        Locality = "locality",
        /// A neighbourhood.
        Neighbourhood = "neighbourhood",
        /// An NHS trust.
        Trust = "trust",
        /// A hospital site.
        Hospital = "hospital",
        /// Anything else.
        Other = "other",
    }
}

impl AreaKind {
    /// A provider counts the people in its beds; a place counts the people who live there. A board may hold both: a
    /// person is then counted once, for the home or for the bed.
    #[must_use]
    pub fn is_provider(self) -> bool {
        matches!(self, Self::Trust | Self::Hospital)
    }
}

/// One area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// The code.
    pub id: AreaId,
    /// The name people use.
    pub title: String,
    /// The kind of place or organisation.
    pub kind: AreaKind,
    /// The larger areas that it belongs to.
    #[serde(default)]
    pub parents: Vec<AreaId>,
    /// Residents aged 18 and over, for rates.
    #[serde(default)]
    pub population_18: Option<u32>,
    /// Residents aged 65 and over, for rates.
    #[serde(default)]
    pub population_65: Option<u32>,
    /// The first day on which there is such an area; none: always.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// The last day, before it was merged or closed; none: to this day.
    #[serde(default)]
    pub until: Option<NaiveDate>,
}

impl Area {
    /// Whether there is such an area on a day.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

/// Why a register was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AreasError {
    /// Not TOML of the register's shape.
    #[error("the register is not readable: {0}")]
    Toml(String),
    /// The same area twice in one file.
    #[error("area {0} is defined twice")]
    Twice(AreaId),
    /// A parent that is not there.
    #[error("area {area} names the parent {parent}, which is not in the register")]
    NoParent {
        /// The area.
        area: AreaId,
        /// The parent it names.
        parent: AreaId,
    },
    /// Years that end before they begin.
    #[error(
        "area {0} has a `from` after its `until`: give the first and the last day on which there was such an area"
    )]
    Years(AreaId),
    /// An area within itself.
    #[error("area {0} is, over its parents, a part of itself")]
    Cycle(AreaId),
    /// An organisation that cannot serve a place so.
    #[error("the organisation {organisation} and the place {place} of a [[serves]] {rule}")]
    Serves {
        /// The organisation.
        organisation: AreaId,
        /// The place.
        place: AreaId,
        /// What is wrong with the two, and what to do.
        rule: &'static str,
    },
}

/// The register of areas.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Areas {
    areas: BTreeMap<AreaId, Area>,
    children: BTreeMap<AreaId, Vec<AreaId>>,
    simulated: BTreeSet<AreaId>,
    serves: Vec<Serves>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    area: Vec<Area>,
    #[serde(default)]
    serves: Vec<Serves>,
}

impl Areas {
    /// The areas that come with the product: the places of the published files, and the simulated county.
    ///
    /// # Errors
    /// Never, as a test holds; typed so that callers need not trust it.
    pub fn built_in() -> Result<Self, AreasError> {
        let invented = include_str!("../data/havenshire.toml");
        let simulated = Self::from_toml(invented)?;
        let england = Self::default().take(include_str!("../data/england.toml"))?;
        let all = england
            .take(include_str!("../data/areas.toml"))?
            .and_toml(invented)?;
        Ok(Self {
            simulated: simulated.areas.into_keys().collect(),
            ..all
        })
    }

    /// Whether the area is of the county that the demonstration invents.
    #[must_use]
    pub fn is_simulated(&self, id: &AreaId) -> bool {
        self.simulated.contains(id)
    }

    /// Reads a register.
    ///
    /// # Errors
    /// When it is no TOML of `[[area]]` tables, or its areas do not make a sound graph.
    pub fn from_toml(text: &str) -> Result<Self, AreasError> {
        Self::default().and_toml(text)
    }

    /// Adds a user's own areas; one with the same code replaces ours.
    ///
    /// # Errors
    /// As [`Areas::from_toml`].
    pub fn and_toml(self, text: &str) -> Result<Self, AreasError> {
        self.take(text)?.check()
    }

    /// Takes the areas of a file, whose parents may be in another.
    fn take(mut self, text: &str) -> Result<Self, AreasError> {
        let file: File = toml::from_str(text).map_err(|e| AreasError::Toml(e.to_string()))?;
        let mut seen = BTreeSet::new();
        for area in file.area {
            if !seen.insert(area.id.clone()) {
                return Err(AreasError::Twice(area.id));
            }
            self.areas.insert(area.id.clone(), area);
        }
        self.take_serves(file.serves);
        Ok(self)
    }

    /// A register of these areas, and no others.
    ///
    /// # Errors
    /// When one is there twice, or they do not make a sound graph.
    pub fn of(areas: impl IntoIterator<Item = Area>) -> Result<Self, AreasError> {
        let mut register = Self::default();
        for area in areas {
            let id = area.id.clone();
            if register.areas.insert(id.clone(), area).is_some() {
                return Err(AreasError::Twice(id));
            }
        }
        register.check()
    }

    fn check(mut self) -> Result<Self, AreasError> {
        self.children = BTreeMap::new();
        for area in self.areas.values() {
            if area
                .from
                .zip(area.until)
                .is_some_and(|(from, until)| from > until)
            {
                return Err(AreasError::Years(area.id.clone()));
            }
            for parent in &area.parents {
                if !self.areas.contains_key(parent) {
                    return Err(AreasError::NoParent {
                        area: area.id.clone(),
                        parent: parent.clone(),
                    });
                }
                self.children
                    .entry(parent.clone())
                    .or_default()
                    .push(area.id.clone());
            }
        }
        for id in self.areas.keys() {
            if self
                .children(id)
                .iter()
                .any(|child| self.within(child).contains(id))
            {
                return Err(AreasError::Cycle(id.clone()));
            }
        }
        self.check_serves()?;
        Ok(self)
    }

    /// The area of a code.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Area> {
        self.areas.get(id)
    }

    /// All areas, by code.
    pub fn iter(&self) -> impl Iterator<Item = &Area> {
        self.areas.values()
    }

    /// The areas directly within one.
    #[must_use]
    pub fn children(&self, id: &AreaId) -> &[AreaId] {
        self.children.get(id).map_or(&[], Vec::as_slice)
    }

    /// The area itself and everything within it, each once, by code.
    #[must_use]
    pub fn within(&self, id: &AreaId) -> BTreeSet<AreaId> {
        let mut found = BTreeSet::new();
        let mut open = vec![id.clone()];
        while let Some(next) = open.pop() {
            if found.insert(next.clone()) {
                open.extend(self.children(&next).iter().cloned());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        [[area]]
        id = "c"
        title = "County"
        kind = "county"
        [[area]]
        id = "icb"
        title = "Board"
        kind = "icb"
        [[area]]
        id = "n"
        title = "Neighbourhood"
        kind = "neighbourhood"
        parents = ["c", "icb"]
    "#;

    #[test]
    fn a_neighbourhood_may_belong_to_two_larger_areas() {
        let areas = Areas::from_toml(SMALL).unwrap();
        for larger in ["c", "icb"] {
            assert_eq!(
                areas.within(&AreaId::new(larger).unwrap()).len(),
                2,
                "{larger}"
            );
        }
    }

    #[test]
    fn an_unsound_register_is_refused_with_the_area_named() {
        let cycle = SMALL.replace("kind = \"county\"", "kind = \"county\"\nparents = [\"n\"]");
        assert!(matches!(
            Areas::from_toml(&cycle),
            Err(AreasError::Cycle(_))
        ));
        let lost = SMALL.replace("\"icb\"]", "\"nowhere\"]");
        assert!(
            Areas::from_toml(&lost)
                .unwrap_err()
                .to_string()
                .contains("nowhere")
        );
    }

    #[test]
    fn the_built_in_register_has_the_published_places_and_the_invented_county() {
        let areas = Areas::built_in().unwrap();
        for id in [
            "E10000012",
            "E06000033",
            "dtoc-9902",
            "RAJ",
            "E54000026",
            "99E",
        ] {
            assert!(areas.get(id).is_some(), "{id}");
        }
        let england = areas.within(&AreaId::new("E92000001").unwrap());
        assert!(england.contains("E06000034") && !england.contains("havenshire"));
    }

    #[test]
    fn england_has_its_regions_boards_and_trusts_and_each_is_in_it_once() {
        let areas = Areas::built_in().unwrap();
        let england = areas.within(&AreaId::new("E92000001").unwrap());
        let of = |kind: AreaKind| {
            let ids = england.iter().filter_map(|id| areas.get(id.as_str()));
            ids.filter(|area| area.kind == kind).count()
        };
        assert_eq!((of(AreaKind::Region), of(AreaKind::Trust)), (7, 150));
        // 42 boards, and three of them by another code within them.
        assert_eq!(of(AreaKind::Icb), 45);
        for (id, region) in [("QH8", "Y61"), ("RAJ", "Y61"), ("R0A", "Y62")] {
            assert_eq!(areas.get(id).unwrap().parents[0].as_str(), region, "{id}");
        }
        let titles: BTreeSet<&str> = areas.iter().map(|area| area.title.as_str()).collect();
        assert!(
            titles.len() >= areas.iter().count() - 3,
            "names are told apart"
        );
    }

    #[test]
    fn a_merged_council_has_its_years() {
        let areas = Areas::built_in().unwrap();
        let on = |id: &str, day: &str| areas.get(id).unwrap().on(day.parse().unwrap());
        assert!(on("E06000028", "2019-04-30") && !on("E06000028", "2019-05-01"));
        assert!(!on("E06000058", "2019-04-30") && on("E06000058", "2019-05-01"));
        for (before, last, after) in [
            ("E10000002", "2020-03-31", "E06000060"),
            ("E10000021", "2021-03-31", "E06000061"),
            ("E10000021", "2021-03-31", "E06000062"),
            ("E10000006", "2023-03-31", "E06000063"),
            ("E10000006", "2023-03-31", "E06000064"),
            ("E10000023", "2023-03-31", "E06000065"),
            ("E10000027", "2023-03-31", "E06000066"),
        ] {
            let (before, after) = (areas.get(before).unwrap(), areas.get(after).unwrap());
            let last: NaiveDate = last.parse().unwrap();
            assert_eq!(before.until, Some(last), "{}", before.title);
            assert_eq!(after.from, last.succ_opt(), "{}", after.title);
        }
        let turned = SMALL.replace(
            "kind = \"county\"",
            "kind = \"county\"\nfrom = \"2020-01-01\"\nuntil = \"2019-01-01\"",
        );
        assert!(matches!(
            Areas::from_toml(&turned),
            Err(AreasError::Years(_))
        ));
    }

    #[test]
    fn the_invented_county_is_cut_in_two_ways_and_both_add_up() {
        let areas = Areas::built_in().unwrap();
        let adults = |ids: &[&str]| -> u32 {
            ids.iter()
                .map(|id| areas.get(id).unwrap().population_18.unwrap())
                .sum()
        };
        let whole = adults(&["havenshire"]);
        assert_eq!(whole, adults(&["hv-icb-east", "hv-icb-west"]));
        let localities = ["north", "mid", "south", "west"].map(|l| format!("havenshire-{l}"));
        let localities: Vec<&str> = localities.iter().map(String::as_str).collect();
        assert_eq!(whole, adults(&localities));
        let homes: Vec<&Area> = areas
            .iter()
            .filter(|a| a.kind == AreaKind::Neighbourhood)
            .collect();
        let homes: Vec<&str> = homes.iter().map(|a| a.id.as_str()).collect();
        assert_eq!(whole, adults(&homes));
        // A board that follows locality borders would not test a graph.
        let east = areas.within(&AreaId::new("hv-icb-east").unwrap());
        let south = areas.within(&AreaId::new("havenshire-south").unwrap());
        assert!(south.intersection(&east).count() > 0);
        assert!(!south.iter().skip(1).all(|area| east.contains(area)));
    }
}
