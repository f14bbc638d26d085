//! The logic model: nodes in four layers, and the edges between them.

use super::CatalogueError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A layer, from means to ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// What makes integrated care possible.
    Enabler,
    /// What it consists of.
    Component,
    /// What people, services and the system get from it.
    Outcome,
    /// Where it leads in the long run; not measured here.
    Impact,
}

impl Layer {
    /// Whether its nodes are rated: outcomes are measured.
    #[must_use]
    pub const fn is_rated(self) -> bool {
        matches!(self, Self::Enabler | Self::Component)
    }
}

/// How much a node matters for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Not at all: takes away an edge of ours.
    None,
    /// One of several means.
    Contributing,
    /// The chief means.
    Main,
}

/// What an edge or a mapping rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Reasoned by this project.
    Inferred,
    /// Said by the source.
    Stated,
    /// Agreed by the local team.
    Local,
}

impl Basis {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inferred => "inferred",
            Self::Stated => "stated",
            Self::Local => "local",
        }
    }
}

/// Whether a node is rated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Rated {
    /// Areas are asked for a level.
    Expected,
    /// A level may be given.
    Optional,
    /// It is not rated.
    #[default]
    None,
}

/// Something to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What it is called where it is linked.
    pub title: String,
    /// Its public address.
    pub address: String,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// A short code.
    pub id: String,
    /// The layer.
    pub layer: Layer,
    /// The group within the layer, e.g. `people`, `services`, `system`.
    pub group: String,
    /// Its place within the layer.
    pub order: u16,
    /// A short title.
    pub title: String,
    /// What it means, in a sentence.
    pub definition: String,
    /// Whether areas rate it.
    #[serde(default)]
    pub rating: Rated,
    /// What to look for when rating it.
    #[serde(default)]
    pub checklist: Vec<String>,
    /// Studies and reports that speak of it.
    #[serde(default)]
    pub evidence: Vec<Link>,
    /// Places that do it.
    #[serde(default)]
    pub practice: Vec<Link>,
    /// Lines of the source documents it comes from (`document:first-last`).
    #[serde(default)]
    pub source: Vec<String>,
}

/// One edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// The means.
    pub from: String,
    /// The end.
    pub to: String,
    /// How much it matters.
    pub strength: Strength,
    /// What that rests on.
    pub basis: Basis,
}

impl Edge {
    pub(super) fn name(&self) -> String {
        format!("{} to {}", self.from, self.to)
    }
}

/// What the model is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The framework's id in assessment events.
    pub id: String,
    /// A title.
    pub title: String,
    /// The population that the nodes' own words speak of.
    pub population: String,
}

/// The question asked when a node of a layer is rated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The layer.
    pub layer: Layer,
    /// The question.
    pub text: String,
}

/// A population that the model can be read for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// A short code.
    pub id: String,
    /// A title.
    pub title: String,
    /// A remark.
    #[serde(default)]
    pub note: Option<String>,
}

/// Other words for a node, for another population. What is not given stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The population.
    pub population: String,
    /// The node.
    pub node: String,
    /// Another title.
    #[serde(default)]
    pub title: Option<String>,
    /// Another definition.
    #[serde(default)]
    pub definition: Option<String>,
    /// Another checklist.
    #[serde(default)]
    pub checklist: Option<Vec<String>>,
    /// The node does not matter for this population.
    #[serde(default)]
    pub left_out: bool,
}

/// The logic model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Model {
    about: About,
    questions: Vec<Question>,
    populations: BTreeMap<String, Population>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    variants: Vec<Variant>,
}

impl Model {
    /// The framework's id in assessment events.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.about.id
    }

    /// What the model is.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// All nodes, by layer and order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All edges.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The populations.
    pub fn populations(&self) -> impl Iterator<Item = &Population> {
        self.populations.values()
    }

    /// The population of an id.
    #[must_use]
    pub fn population(&self, id: &str) -> Option<&Population> {
        self.populations.get(id)
    }

    /// A node.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|n| n.id == id)
    }

    /// The question of a layer.
    #[must_use]
    pub fn question(&self, layer: Layer) -> Option<&str> {
        let question = self.questions.iter().find(|q| q.layer == layer)?;
        Some(&question.text)
    }

    /// The nodes in the words for a population; none when the population is not known.
    #[must_use]
    pub fn nodes_for(&self, population: &str) -> Option<Vec<Node>> {
        self.population(population)?;
        let mut nodes = self.nodes.clone();
        for variant in self.variants.iter().filter(|v| v.population == population) {
            if variant.left_out {
                nodes.retain(|n| n.id != variant.node);
            }
            let Some(node) = nodes.iter_mut().find(|n| n.id == variant.node) else {
                continue;
            };
            if let Some(title) = &variant.title {
                node.title.clone_from(title);
            }
            if let Some(definition) = &variant.definition {
                node.definition.clone_from(definition);
            }
            if let Some(checklist) = &variant.checklist {
                node.checklist.clone_from(checklist);
            }
        }
        Some(nodes)
    }

    pub(super) fn add(&mut self, about: Option<About>, nodes: Vec<Node>, edges: Vec<Edge>) {
        if let Some(about) = about {
            self.about = about;
        }
        for node in nodes {
            self.nodes.retain(|n| n.id != node.id);
            self.nodes.push(node);
        }
        self.nodes
            .sort_by(|a, b| (a.layer, a.order, &a.id).cmp(&(b.layer, b.order, &b.id)));
        for edge in edges {
            self.edges
                .retain(|e| (&e.from, &e.to) != (&edge.from, &edge.to));
            if edge.strength != Strength::None {
                self.edges.push(edge);
            }
        }
    }

    pub(super) fn add_words(
        &mut self,
        questions: Vec<Question>,
        populations: Vec<Population>,
        variants: Vec<Variant>,
    ) {
        for question in questions {
            self.questions.retain(|q| q.layer != question.layer);
            self.questions.push(question);
        }
        for population in populations {
            self.populations.insert(population.id.clone(), population);
        }
        for variant in variants {
            self.variants
                .retain(|v| (&v.population, &v.node) != (&variant.population, &variant.node));
            self.variants.push(variant);
        }
    }

    pub(super) fn check(&self) -> Result<(), CatalogueError> {
        let dangling = |place: String, id: &str, what| CatalogueError::Dangling {
            place,
            id: id.to_owned(),
            what,
        };
        if !self.populations.contains_key(&self.about.population) {
            let place = "the model".to_owned();
            return Err(dangling(place, &self.about.population, "population"));
        }
        for node in &self.nodes {
            if joinedup_events::Slug::new(&node.id).is_err() {
                return Err(CatalogueError::Value {
                    place: format!("the node {}", node.id),
                    problem: "its id must be a short code of letters, digits, '-', '_' and '.'"
                        .to_owned(),
                });
            }
        }
        for edge in &self.edges {
            let place = || format!("the edge {}", edge.name());
            let layer = |id: &str| {
                let node = self.node(id).ok_or_else(|| dangling(place(), id, "node"))?;
                Ok::<_, CatalogueError>(node.layer)
            };
            if layer(&edge.from)? as u8 + 1 != layer(&edge.to)? as u8 {
                return Err(CatalogueError::Layers {
                    from: edge.from.clone(),
                    to: edge.to.clone(),
                });
            }
        }
        for variant in &self.variants {
            let place = format!("the variant of {} for {}", variant.node, variant.population);
            if self.node(&variant.node).is_none() {
                return Err(dangling(place, &variant.node, "node"));
            }
            if !self.populations.contains_key(&variant.population) {
                return Err(dangling(place, &variant.population, "population"));
            }
        }
        Ok(())
    }
}
