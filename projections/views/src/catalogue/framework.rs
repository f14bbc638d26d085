//! Frameworks: other systems that rate, ask, tag or measure, each with its items, scale and scoring.

use super::model::{Basis, Link, Model, Rated};
use super::{CatalogueError, Layer};
use joinedup_events::check::LIMITS;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a framework is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FrameworkKind {
    /// Areas are rated by it.
    Rating,
    /// People answer it.
    Instrument,
    /// Measures or changes are tagged with its items.
    Tags,
    /// It is a list of measures.
    Metrics,
    /// It is a list of indicators under areas.
    Indicators,
    /// It holds findings in words.
    Findings,
}

/// A scale of whole numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The lowest level.
    pub lowest: u8,
    /// The highest.
    pub highest: u8,
    /// The levels' names from the lowest on; empty where they have none.
    #[serde(default)]
    pub levels: Vec<String>,
}

impl Scale {
    /// Whether a level is on the scale.
    #[must_use]
    pub fn holds(&self, level: u8) -> bool {
        (self.lowest..=self.highest).contains(&level)
    }

    /// A level's name.
    #[must_use]
    pub fn level(&self, level: u8) -> Option<&str> {
        let at = level.checked_sub(self.lowest)?;
        self.levels.get(usize::from(at)).map(String::as_str)
    }
}

/// A version of a framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// A short code.
    pub id: String,
    /// A title.
    pub title: String,
}

/// An item of a framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// A short code.
    pub id: String,
    /// Its place.
    pub order: u16,
    /// The scale, stage or area it belongs to.
    #[serde(default)]
    pub group: Option<String>,
    /// A short title.
    pub title: String,
    /// A high score is bad, so it counts the other way round in a sum.
    #[serde(default)]
    pub reversed: bool,
    /// Its title in other versions, by version.
    #[serde(default)]
    pub titles: std::collections::BTreeMap<String, String>,
    /// What it means, in a sentence or two.
    #[serde(default)]
    pub note: String,
    /// What to look for: points that are in place or not.
    #[serde(default)]
    pub checklist: Vec<String>,
    /// The measures that speak of it.
    #[serde(default)]
    pub measures: Vec<String>,
    /// Numbers that speak of it and are not measured here, in words.
    #[serde(default)]
    pub data: String,
}

/// An item that speaks of a node of the logic model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The item.
    pub item: String,
    /// The node.
    pub node: String,
    /// What that rests on.
    pub basis: Basis,
}

/// What an agreed median means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsensusResult {
    /// From this median.
    pub from: u8,
    /// To this median.
    pub to: u8,
    /// What it is called.
    pub title: String,
}

/// When raters agree: the share of ratings outside a band that holds the median stays below a limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsensusRule {
    /// How many levels the band has.
    pub band: u8,
    /// Fewer ratings than this may be outside …
    pub outside_less_than: u32,
    /// … of so many raters.
    pub of_raters: u32,
    /// What an agreed median means; a split is uncertain.
    #[serde(default)]
    pub result: Vec<ConsensusResult>,
}

/// A finding in words, of an area and a pathway, without a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The framework of findings.
    pub framework: String,
    /// When it was published.
    pub date: chrono::NaiveDate,
    /// The area.
    pub area: String,
    /// The pathway: an item of the framework.
    pub pathway: String,
    /// What was found, about the area, never about a person.
    pub text: String,
    /// Nodes of the logic model that it speaks of; empty: those of its pathway.
    #[serde(default)]
    pub nodes: Vec<String>,
}

/// A framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// A short code.
    pub id: String,
    /// A title.
    pub title: String,
    /// What it is for.
    pub kind: FrameworkKind,
    /// What it is, in a few sentences.
    pub note: String,
    /// How it is scored.
    #[serde(default)]
    pub scoring: Option<String>,
    /// What of it could not be checked.
    #[serde(default)]
    pub unverified: Option<String>,
    /// Where to read about it.
    #[serde(default)]
    pub sources: Vec<Link>,
    /// The scale of its items.
    #[serde(default)]
    pub scale: Option<Scale>,
    /// Its versions.
    #[serde(default, rename = "version")]
    pub versions: Vec<Version>,
    /// When raters agree.
    #[serde(default)]
    pub consensus: Option<ConsensusRule>,
    /// Its items.
    #[serde(default, rename = "item")]
    pub items: Vec<Item>,
    /// Which nodes of the logic model the items speak of.
    #[serde(default, rename = "mapping")]
    pub mappings: Vec<Mapping>,
}

impl Framework {
    /// An item.
    #[must_use]
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|i| i.id == id)
    }

    /// The nodes that an item speaks of.
    pub fn nodes_of<'a>(&'a self, item: &'a str) -> impl Iterator<Item = &'a str> {
        self.mappings
            .iter()
            .filter(move |m| m.item == item)
            .map(|m| m.node.as_str())
    }

    /// Takes every node that areas rate as an item: a team that adds a component to the model can rate it.
    pub(super) fn take_nodes(&mut self, model: &Model) {
        for node in model.nodes() {
            if node.rating == Rated::None || self.item(&node.id).is_some() {
                continue;
            }
            self.items.push(Item {
                id: node.id.clone(),
                order: node.order,
                group: Some(
                    match node.layer {
                        Layer::Enabler => "enabler",
                        Layer::Component => "component",
                        Layer::Outcome => "outcome",
                        Layer::Impact => "impact",
                    }
                    .to_owned(),
                ),
                title: node.title.clone(),
                reversed: false,
                titles: std::collections::BTreeMap::new(),
                note: String::new(),
                checklist: Vec::new(),
                measures: Vec::new(),
                data: String::new(),
            });
        }
    }

    pub(super) fn check(&self, model: &Model) -> Result<(), CatalogueError> {
        let place = format!("the framework {}", self.id);
        let value = |problem: String| CatalogueError::Value {
            place: place.clone(),
            problem,
        };
        let mut items = BTreeSet::new();
        for item in &self.items {
            if !items.insert(item.id.as_str()) {
                return Err(value(format!("it has the item {} twice", item.id)));
            }
            if let Some(version) = item
                .titles
                .keys()
                .find(|v| !self.versions.iter().any(|known| known.id == **v))
            {
                return Err(CatalogueError::Dangling {
                    place: format!("the item {} of {place}", item.id),
                    id: version.clone(),
                    what: "version of the framework",
                });
            }
        }
        for mapping in &self.mappings {
            let dangling = |id: &str, what| CatalogueError::Dangling {
                place: format!("a mapping of {place}"),
                id: id.to_owned(),
                what,
            };
            if !items.contains(mapping.item.as_str()) {
                return Err(dangling(&mapping.item, "item of the framework"));
            }
            if model.node(&mapping.node).is_none() {
                return Err(dangling(&mapping.node, "node"));
            }
        }
        self.check_scale().map_err(value)?;
        if self.id == model.id() {
            let rated = |id: &str| model.node(id).is_some_and(|n| n.layer.is_rated());
            if let Some(item) = self.items.iter().find(|i| !rated(&i.id)) {
                return Err(CatalogueError::Dangling {
                    place,
                    id: item.id.clone(),
                    what: "enabler or component",
                });
            }
        }
        Ok(())
    }

    fn check_scale(&self) -> Result<(), String> {
        let rates = matches!(self.kind, FrameworkKind::Rating | FrameworkKind::Instrument);
        let Some(scale) = &self.scale else {
            return if rates {
                Err("it is rated or answered, so it needs a [scale]".to_owned())
            } else {
                Ok(())
            };
        };
        if scale.lowest >= scale.highest {
            return Err("the lowest level of its scale must be below the highest".to_owned());
        }
        let highest = match self.kind {
            FrameworkKind::Rating => LIMITS.max_level,
            _ => LIMITS.max_score,
        };
        if rates && scale.highest > highest {
            return Err(format!(
                "its scale must end at {highest} or below: no event holds more"
            ));
        }
        let steps = usize::from(scale.highest - scale.lowest) + 1;
        if !scale.levels.is_empty() && scale.levels.len() != steps {
            return Err(format!(
                "its scale has {steps} levels and names {} of them; name all or none",
                scale.levels.len()
            ));
        }
        let Some(rule) = &self.consensus else {
            return Ok(());
        };
        if rule.band == 0 || rule.of_raters == 0 || usize::from(rule.band) > steps {
            return Err(
                "its consensus rule needs a band within the scale and some raters".to_owned(),
            );
        }
        Ok(())
    }
}
