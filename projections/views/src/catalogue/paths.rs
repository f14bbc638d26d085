//! Ways through the logic model: from a node to what it serves in the end.

use super::{Catalogue, Layer, Strength};
use serde::Serialize;
use std::collections::BTreeMap;

/// A node that another one reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The node reached.
    pub node: String,
    /// The strength of the best way there; a way is as strong as its weakest edge.
    pub strength: Strength,
}

impl Catalogue {
    /// Every way from a node to the end, the node itself first. A node that feeds nothing is one way of itself.
    #[must_use]
    pub fn paths<'a>(&'a self, id: &'a str) -> Vec<Vec<&'a str>> {
        if self.node(id).is_none() {
            return Vec::new();
        }
        let (mut done, mut open) = (Vec::new(), vec![vec![id]]);
        while let Some(path) = open.pop() {
            let last = path.last().copied().unwrap_or(id);
            // Every edge leads to a later layer, so a path ends.
            let further: Vec<_> = self
                .feeds(last)
                .map(|edge| {
                    let mut longer = path.clone();
                    longer.push(edge.to.as_str());
                    longer
                })
                .collect();
            if further.is_empty() {
                done.push(path);
            }
            open.extend(further);
        }
        done.sort();
        done
    }

    /// The nodes of a layer that a node reaches, each once; the node itself when it is of that layer.
    #[must_use]
    pub fn reaches(&self, id: &str, layer: Layer) -> Vec<Reached> {
        let mut best: BTreeMap<&str, Strength> = BTreeMap::new();
        let mut open: Vec<(&str, Strength)> = self
            .node(id)
            .map(|n| (n.id.as_str(), Strength::Main))
            .into_iter()
            .collect();
        while let Some((at, strength)) = open.pop() {
            if best.get(at).is_some_and(|known| *known >= strength) {
                continue;
            }
            best.insert(at, strength);
            open.extend(
                self.model()
                    .edges()
                    .iter()
                    .filter(|e| e.from == at)
                    .map(|e| (e.to.as_str(), e.strength.min(strength))),
            );
        }
        best.into_iter()
            .filter(|(node, _)| self.node(node).is_some_and(|n| n.layer == layer))
            .map(|(node, strength)| Reached {
                node: node.to_owned(),
                strength,
            })
            .collect()
    }

    /// The outcomes that an item of any framework reaches, over the nodes it speaks of.
    #[must_use]
    pub fn outcomes_of(&self, framework: &str, item: &str) -> Vec<Reached> {
        let Some(framework) = self.framework(framework) else {
            return Vec::new();
        };
        let mut best: BTreeMap<String, Strength> = BTreeMap::new();
        for node in framework.nodes_of(item) {
            for reached in self.reaches(node, Layer::Outcome) {
                let strength = best.entry(reached.node).or_insert(reached.strength);
                *strength = (*strength).max(reached.strength);
            }
        }
        best.into_iter()
            .map(|(node, strength)| Reached { node, strength })
            .collect()
    }

    /// The items of all frameworks that speak of a node, as framework and item.
    pub fn items_about<'a>(&'a self, node: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.frameworks().flat_map(move |f| {
            f.mappings
                .iter()
                .filter(move |m| m.node == node)
                .map(move |m| (f.id.as_str(), m.item.as_str()))
        })
    }
}
