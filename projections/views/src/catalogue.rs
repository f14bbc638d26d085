//! The catalogue: the logic model and the frameworks, as data that a local team reads, changes and extends.
//!
//! A team's own file is TOML of the same shape as ours: `[[node]]`, `[[edge]]`, `[[population]]`, `[[variant]]`,
//! `[[question]]`, `[[framework]]`, `[[finding]]`, `[[signpost]]` and `[[tag]]`. What has an id of ours replaces ours; an edge of strength
//! `none` takes an edge away. Everything is checked together: no dangling id, no arrow against the layers (which
//! also makes a circle impossible), no item off its framework.

mod framework;
mod guidance;
pub mod model;
mod paths;

pub use framework::{Finding, Framework, FrameworkKind, Item, Scale};
pub use guidance::{Signpost, SignpostKind, Tag};
pub use model::{Basis, Edge, Layer, Model, Node, Strength};
pub use paths::Reached;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a catalogue was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not TOML of the catalogue's shape.
    #[error("{file} is not readable: {problem}")]
    Toml {
        /// Which file.
        file: String,
        /// What the reader says, with line and column.
        problem: String,
    },
    /// One id twice in one file.
    #[error("{file} defines {what} {id} twice; keep one")]
    Twice {
        /// Which file.
        file: String,
        /// The kind of thing, such as a node.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// An id that nothing has.
    #[error("{place} names {id}, which is not a {what} of the catalogue; correct it or add it")]
    Dangling {
        /// Where it is named.
        place: String,
        /// The id.
        id: String,
        /// What it should be.
        what: &'static str,
    },
    /// An arrow that does not lead to the next layer.
    #[error(
        "the edge {from} to {to} does not lead from a layer to the next: enabler, component, outcome, impact"
    )]
    Layers {
        /// The node that it starts at.
        from: String,
        /// The node that it leads to.
        to: String,
    },
    /// A value that does not fit.
    #[error("{place}: {problem}")]
    Value {
        /// The file or the item that holds it.
        place: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// The logic model and the frameworks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Catalogue {
    model: Model,
    frameworks: BTreeMap<String, Framework>,
    findings: Vec<Finding>,
    signposts: Vec<Signpost>,
    tags: Vec<Tag>,
}

/// A team's own file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Own {
    model: Option<model::About>,
    node: Vec<Node>,
    edge: Vec<Edge>,
    question: Vec<model::Question>,
    population: Vec<model::Population>,
    variant: Vec<model::Variant>,
    framework: Vec<Framework>,
    finding: Vec<Finding>,
    signpost: Vec<Signpost>,
    tag: Vec<Tag>,
}

const GUIDANCE: (&str, &str) = ("guidance.toml", include_str!("../data/guidance.toml"));
const POPULATIONS: (&str, &str) = ("populations.toml", include_str!("../data/populations.toml"));
const MODEL: (&str, &str) = ("logic_model.toml", include_str!("../data/logic_model.toml"));

macro_rules! frameworks {
    ($($name:literal),+ $(,)?) => {
        const FRAMEWORKS: &[(&str, &str)] = &[ $( ($name, include_str!(concat!("../data/frameworks/", $name))) ),+ ];
    };
}

frameworks!(
    "bcf-2015-metrics.toml",
    "bcf-guide-step.toml",
    "cqc-local-system-reviews.toml",
    "dmic-cluster.toml",
    "dmic-phase.toml",
    "i-statement-domain.toml",
    "i-statements.toml",
    "icpa.toml",
    "improvement-area.toml",
    "interface-dashboard-2017.toml",
    "lga-intermediate-care.toml",
    "lga-transfers.toml",
    "nhs-impact.toml",
    "overarching-domain.toml",
    "p3c-eq.toml",
    "pcmh-change-concepts.toml",
    "scie.toml",
    "scirocco.toml",
    "sustain.toml",
    "tci-14.toml",
    "vanguard-core.toml",
);

impl Catalogue {
    /// The catalogue that comes with the product.
    ///
    /// # Errors
    /// Never, as a test holds; typed so that callers need not trust it.
    pub fn built_in() -> Result<Self, CatalogueError> {
        let mut catalogue = Self::default();
        catalogue.add(MODEL.0, read(MODEL.0, MODEL.1)?)?;
        for (file, text) in FRAMEWORKS {
            let framework: Framework = read(file, text)?;
            catalogue.frameworks.insert(framework.id.clone(), framework);
        }
        catalogue.add(POPULATIONS.0, read(POPULATIONS.0, POPULATIONS.1)?)?;
        catalogue.add(GUIDANCE.0, read(GUIDANCE.0, GUIDANCE.1)?)?;
        catalogue.checked()
    }

    /// Adds a team's own file. `file` is what error messages call it.
    ///
    /// # Errors
    /// When the text is not TOML of the catalogue's shape, or the whole is no longer sound.
    pub fn and_toml(mut self, file: &str, text: &str) -> Result<Self, CatalogueError> {
        self.add(file, read(file, text)?)?;
        self.checked()
    }

    fn add(&mut self, file: &str, own: Own) -> Result<(), CatalogueError> {
        once(file, "the node", own.node.iter().map(|n| n.id.as_str()))?;
        once(
            file,
            "the population",
            own.population.iter().map(|p| p.id.as_str()),
        )?;
        once(
            file,
            "the framework",
            own.framework.iter().map(|f| f.id.as_str()),
        )?;
        let edges: Vec<String> = own.edge.iter().map(Edge::name).collect();
        once(file, "the edge", edges.iter().map(String::as_str))?;
        self.model.add(own.model, own.node, own.edge);
        self.model
            .add_words(own.question, own.population, own.variant);
        for framework in own.framework {
            self.frameworks.insert(framework.id.clone(), framework);
        }
        self.findings.extend(own.finding);
        self.signposts.extend(own.signpost);
        self.tags.extend(own.tag);
        Ok(())
    }

    fn checked(mut self) -> Result<Self, CatalogueError> {
        self.model.check()?;
        if let Some(rating) = self.frameworks.get_mut(self.model.id()) {
            rating.take_nodes(&self.model);
        }
        for framework in self.frameworks.values() {
            framework.check(&self.model)?;
        }
        for finding in &self.findings {
            let place = format!("the finding of {} on {}", finding.area, finding.date);
            let framework = self.frameworks.get(&finding.framework);
            let Some(framework) = framework.filter(|f| f.kind == FrameworkKind::Findings) else {
                let (id, what) = (finding.framework.clone(), "framework of findings");
                return Err(CatalogueError::Dangling { place, id, what });
            };
            if framework.item(&finding.pathway).is_none() {
                let (id, what) = (finding.pathway.clone(), "pathway of its framework");
                return Err(CatalogueError::Dangling { place, id, what });
            }
            if let Some(node) = finding.nodes.iter().find(|n| self.node(n).is_none()) {
                let (id, what) = (node.clone(), "node");
                return Err(CatalogueError::Dangling { place, id, what });
            }
        }
        self.check_guidance()?;
        Ok(self)
    }

    /// The logic model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// A node of the logic model.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.model.node(id)
    }

    /// The edges that leave a node.
    pub fn feeds<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Edge> {
        self.model.edges().iter().filter(move |e| e.from == id)
    }

    /// The edges that reach a node.
    pub fn fed_by<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Edge> {
        self.model.edges().iter().filter(move |e| e.to == id)
    }

    /// A framework.
    #[must_use]
    pub fn framework(&self, id: &str) -> Option<&Framework> {
        self.frameworks.get(id)
    }

    /// All frameworks, by id.
    pub fn frameworks(&self) -> impl Iterator<Item = &Framework> {
        self.frameworks.values()
    }

    /// Findings in words, as a team's own file gives them.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The question asked when an item is rated: of the logic model, the question of the node's layer.
    #[must_use]
    pub fn question(&self, framework: &str, item: &str) -> Option<&str> {
        (framework == self.model.id()).then(|| self.model.question(self.node(item)?.layer))?
    }
}

fn read<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, CatalogueError> {
    toml::from_str(text).map_err(|problem| CatalogueError::Toml {
        file: file.to_owned(),
        problem: problem.to_string(),
    })
}

fn once<'a>(
    file: &str,
    what: &'static str,
    ids: impl Iterator<Item = &'a str>,
) -> Result<(), CatalogueError> {
    let mut seen = std::collections::BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(CatalogueError::Twice {
                file: file.to_owned(),
                what,
                id: id.to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
