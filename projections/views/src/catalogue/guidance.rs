//! What helps with an item of a framework: its checklist, signposts to evidence, practice and support, and the measures
//! that speak of it. A team's own file adds to all of them.

use super::model::Link;
use super::{Catalogue, CatalogueError, FrameworkKind};
use serde::{Deserialize, Serialize};

/// What a signpost leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SignpostKind {
    /// Studies and reports.
    Evidence,
    /// Places that do it.
    Practice,
    /// People and programmes that help.
    Support,
}

/// A signpost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Signpost {
    /// The framework; the logic model unless given.
    #[serde(default)]
    pub framework: Option<String>,
    /// The item, or the node of the logic model; none: every item.
    #[serde(default)]
    pub item: Option<String>,
    /// What it leads to.
    pub kind: SignpostKind,
    /// What it is called where it is linked.
    #[serde(default)]
    pub title: String,
    /// Its public address.
    pub address: String,
    /// Takes a signpost to the same address away.
    #[serde(default)]
    pub removed: bool,
}

/// Measures that speak of an item, beside those that the framework names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// The framework.
    pub framework: String,
    /// The item.
    pub item: String,
    /// The measures.
    pub measures: Vec<String>,
}

impl Catalogue {
    /// Whether a framework has such an item: of the logic model every node is one, rated or not.
    #[must_use]
    pub fn has_item(&self, framework: &str, item: &str) -> bool {
        self.item_title(framework, item).is_some()
    }

    /// The title of an item of a framework, or of a node of the logic model.
    #[must_use]
    pub fn item_title(&self, framework: &str, item: &str) -> Option<&str> {
        let of_model = (framework == self.model().id()).then(|| self.node(item));
        let node = of_model.flatten().map(|node| node.title.as_str());
        node.or_else(|| Some(self.framework(framework)?.item(item)?.title.as_str()))
    }

    /// What to look for in an item: its own checklist or, of the logic model, its node's.
    #[must_use]
    pub fn checklist(&self, framework: &str, item: &str) -> &[String] {
        let of_model = (framework == self.model().id()).then(|| self.node(item));
        match of_model.flatten() {
            Some(node) => &node.checklist,
            None => {
                let item = self.framework(framework).and_then(|f| f.item(item));
                item.map_or(&[], |item| item.checklist.as_slice())
            }
        }
    }

    /// The nodes of the logic model that an item speaks of; a node speaks of itself.
    #[must_use]
    pub fn nodes_about(&self, framework: &str, item: &str) -> Vec<&str> {
        if framework == self.model().id() {
            return self.node(item).map(|n| n.id.as_str()).into_iter().collect();
        }
        let framework = self.framework(framework).into_iter();
        let mappings = framework.flat_map(|f| &f.mappings);
        let of_item = mappings.filter(|m| m.item == item);
        of_item.map(|m| m.node.as_str()).collect()
    }

    /// Where to read on about an item, by kind: of its own, of the nodes that it speaks of, and what a team adds.
    #[must_use]
    pub fn signposts(&self, framework: &str, item: &str) -> Vec<(SignpostKind, Link)> {
        let nodes = self.nodes_about(framework, item);
        let model = self.model().id();
        let is_about = |s: &Signpost| match (s.framework.as_deref().unwrap_or(model), &s.item) {
            (of, None) => s.framework.is_none() || of == framework,
            (of, Some(about)) if of == model => nodes.contains(&about.as_str()),
            (of, Some(about)) => of == framework && about == item,
        };
        let link = |title: &str, address: &str| Link {
            title: title.to_owned(),
            address: address.to_owned(),
        };
        let known = nodes.iter().filter_map(|id| self.node(id));
        let mut found: Vec<(SignpostKind, Link)> = known
            .flat_map(|node| {
                let evidence = node.evidence.iter().map(|l| (SignpostKind::Evidence, l));
                evidence.chain(node.practice.iter().map(|l| (SignpostKind::Practice, l)))
            })
            .map(|(kind, l)| (kind, link(&l.title, &l.address)))
            .collect();
        for signpost in self.signposts.iter().filter(|s| is_about(s)) {
            found.retain(|(_, known)| known.address != signpost.address);
            if !signpost.removed {
                found.push((signpost.kind, link(&signpost.title, &signpost.address)));
            }
        }
        found.sort_by_key(|(kind, _)| *kind);
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|(kind, link)| seen.insert((*kind, link.address.clone())));
        found
    }

    /// The measures that speak of an item.
    pub fn measures_about<'a>(
        &'a self,
        framework: &'a str,
        item: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        let own = self.framework(framework).and_then(|f| f.item(item));
        let own = own.into_iter().flat_map(|item| &item.measures);
        let tags = self.tags.iter();
        let tagged = tags.filter(move |t| t.framework == framework && t.item == item);
        own.chain(tagged.flat_map(|t| &t.measures))
            .map(String::as_str)
    }

    /// Checks the measures that items name, once the measures are known.
    ///
    /// # Errors
    /// When an item names a measure that nobody defines.
    pub fn check_measures(&self, is_known: impl Fn(&str) -> bool) -> Result<(), CatalogueError> {
        let of_items = self.frameworks().flat_map(|f| {
            f.items
                .iter()
                .flat_map(move |i| i.measures.iter().map(move |m| (&f.id, &i.id, m)))
        });
        let tags = self.tags.iter();
        let of_tags = tags.flat_map(|t| t.measures.iter().map(move |m| (&t.framework, &t.item, m)));
        match of_items.chain(of_tags).find(|(_, _, m)| !is_known(m)) {
            None => Ok(()),
            Some((framework, item, id)) => Err(CatalogueError::Dangling {
                place: format!("the item {item} of the framework {framework}"),
                id: id.clone(),
                what: "measure",
            }),
        }
    }

    pub(super) fn check_guidance(&self) -> Result<(), CatalogueError> {
        let dangling = |place: &str, id: &str, what| CatalogueError::Dangling {
            place: place.to_owned(),
            id: id.to_owned(),
            what,
        };
        let model = self.model().id();
        for signpost in &self.signposts {
            let place = format!("the signpost to {}", signpost.address);
            let framework = signpost.framework.as_deref().unwrap_or(model);
            if self.framework(framework).is_none() {
                return Err(dangling(&place, framework, "framework"));
            }
            if let Some(item) = &signpost.item
                && !self.has_item(framework, item)
            {
                return Err(dangling(&place, item, "item or node"));
            }
            let is_public = ["https://", "http://"]
                .iter()
                .any(|start| signpost.address.starts_with(start));
            if !is_public || (signpost.title.is_empty() && !signpost.removed) {
                return Err(CatalogueError::Value {
                    place,
                    problem: "give it a title, and an address that begins with https://".to_owned(),
                });
            }
        }
        for tag in &self.tags {
            if !self.has_item(&tag.framework, &tag.item) {
                let place = format!("a tag of the framework {}", tag.framework);
                return Err(dangling(&place, &tag.item, "item of the framework"));
            }
        }
        Ok(())
    }

    /// Whether a framework is a lens: measures, changes and ratings can be looked at through its items.
    #[must_use]
    pub fn is_lens(&self, framework: &str) -> bool {
        let framework = self.framework(framework);
        framework.is_some_and(|f| {
            f.kind == FrameworkKind::Tags
                && f.items
                    .iter()
                    .any(|i| self.measures_about(&f.id, &i.id).next().is_some())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = r#"
[[signpost]]
kind = "practice"
item = "co-crisis-response"
title = "Our own desk"
address = "https://example.org/desk"
[[signpost]]
kind = "support"
address = "https://www.england.nhs.uk/nhsimpact/about-nhs-impact/"
removed = true
[[tag]]
framework = "overarching-domain"
item = "continuity-of-care"
measures = ["our-same-carer"]
"#;

    fn own(text: &str) -> Result<Catalogue, CatalogueError> {
        Catalogue::built_in()?.and_toml("own.toml", text)
    }

    #[test]
    fn a_team_adds_and_removes_signposts_and_tags_measures_of_its_own() {
        let catalogue = own(OWN).unwrap();
        let titles = |item: &str| -> Vec<String> {
            let all = catalogue.signposts("scie", item).into_iter();
            all.map(|(kind, link)| format!("{kind:?} {}", link.title))
                .collect()
        };
        let here = titles("co-crisis-response");
        assert!(
            here.contains(&"Practice Our own desk".to_owned()),
            "{here:?}"
        );
        assert!(!here.iter().any(|t| t.contains("IMPACT")), "{here:?}");
        assert!(!titles("co-carer-support").contains(&"Practice Our own desk".to_owned()));
        let mut about = catalogue.measures_about("overarching-domain", "continuity-of-care");
        assert!(about.any(|m| m == "our-same-carer"));
        assert!(catalogue.check_measures(|m| m != "our-same-carer").is_err());
        assert!(catalogue.check_measures(|_| true).is_ok());
        // Items of another framework lead to what is known of their nodes.
        let of_lga = catalogue.signposts("lga-transfers", "care-homes");
        assert!(of_lga.iter().any(|(_, link)| link.title == "Our own desk"));
    }

    #[test]
    fn what_leads_nowhere_is_named() {
        for (from, to, what) in [
            ("co-crisis-response", "co-nothing", "co-nothing"),
            ("https://example.org/desk", "example.org/desk", "https://"),
            ("title = \"Our own desk\"\n", "", "title"),
            ("continuity-of-care", "calm", "calm"),
        ] {
            let error = own(&OWN.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn every_shipped_point_has_a_name_of_its_own_and_every_lens_is_of_tags() {
        let catalogue = Catalogue::built_in().unwrap();
        let mut lenses = 0;
        for framework in catalogue.frameworks() {
            lenses += usize::from(catalogue.is_lens(&framework.id));
            let nodes = catalogue.model().nodes().iter().map(|n| &n.id);
            for item in framework.items.iter().map(|i| &i.id).chain(nodes) {
                let points = catalogue.checklist(&framework.id, item);
                let names: std::collections::BTreeSet<_> = points
                    .iter()
                    .filter_map(|words| crate::checklists::point_of(words))
                    .collect();
                assert_eq!(names.len(), points.len(), "{} {item}", framework.id);
            }
        }
        assert_eq!(lenses, 3);
    }
}
