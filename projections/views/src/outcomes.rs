//! The logic model with what is known of each node: its ratings, its measures' latest verdicts, and what feeds it.

use crate::catalogue::{Basis, Catalogue, Node, Strength};
use crate::priorities::Trend;
use crate::ratings::{Rating, RollUp};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a measure's chart says at its last judged point.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// Where it is heading.
    pub trend: Trend,
    /// The chart's verdict in words.
    pub text: String,
    /// The latest value that may be shown.
    pub value: Option<f64>,
    /// The first day of the period of that value.
    pub period: Option<chrono::NaiveDate>,
    /// Whose numbers these are, where not the area's own: "at the trusts that serve Essex".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footprint: Option<String>,
}

/// A measure of a node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NodeMeasure {
    /// The measure.
    pub measure: String,
    /// What it says; none where it has no points yet.
    pub verdict: Option<Verdict>,
}

/// An edge as seen from one of its ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Neighbour {
    /// The node at the other end.
    pub node: String,
    /// How much it matters.
    pub strength: Strength,
    /// What that rests on.
    pub basis: Basis,
}

/// A rating of a node, the area's own or rolled up.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NodeRating {
    /// The framework.
    pub framework: String,
    /// The item.
    pub item: String,
    /// The area's own published rating.
    pub own: Option<Rating>,
    /// The areas within it, together.
    pub rolled_up: Option<RollUp>,
}

/// A node with what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NodeState {
    /// The node.
    #[serde(flatten)]
    pub node: Node,
    /// The question asked when it is rated.
    pub question: Option<String>,
    /// Its ratings, of every framework that speaks of it.
    pub ratings: Vec<NodeRating>,
    /// Its measures.
    pub measures: Vec<NodeMeasure>,
    /// Where it is heading: not improving when one of its measures says so, else improving when one says so.
    pub trend: Trend,
    /// A node without measures, or whose measures have no points, is dark: nothing is known of it.
    pub dark: bool,
    /// What feeds it.
    pub fed_by: Vec<Neighbour>,
    /// What it feeds.
    pub feeds: Vec<Neighbour>,
}

/// What is known, for an area.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The area's own ratings.
    pub own: &'a [Rating],
    /// Its ratings rolled up.
    pub rolled_up: &'a [RollUp],
}

/// Every node of the logic model, by layer and order.
///
/// `measures` lists the measures of a node by its id; `verdicts` holds what each measure's chart says.
#[must_use]
pub fn outcomes(
    catalogue: &Catalogue,
    known: Known<'_>,
    measures: &BTreeMap<String, Vec<String>>,
    verdicts: &BTreeMap<String, Verdict>,
) -> Vec<NodeState> {
    catalogue
        .model()
        .nodes()
        .iter()
        .map(|node| {
            let measures: Vec<NodeMeasure> = measures
                .get(&node.id)
                .into_iter()
                .flatten()
                .map(|measure| NodeMeasure {
                    measure: measure.clone(),
                    verdict: verdicts.get(measure).cloned(),
                })
                .collect();
            let neighbour = |node: &str, edge: &crate::catalogue::Edge| Neighbour {
                node: node.to_owned(),
                strength: edge.strength,
                basis: edge.basis,
            };
            NodeState {
                question: catalogue
                    .question(catalogue.model().id(), &node.id)
                    .map(str::to_owned),
                ratings: ratings_of(catalogue, known, &node.id),
                trend: trend(measures.iter().filter_map(|m| m.verdict.as_ref())),
                dark: measures.iter().all(|m| m.verdict.is_none()),
                measures,
                fed_by: catalogue
                    .fed_by(&node.id)
                    .map(|e| neighbour(&e.from, e))
                    .collect(),
                feeds: catalogue
                    .feeds(&node.id)
                    .map(|e| neighbour(&e.to, e))
                    .collect(),
                node: node.clone(),
            }
        })
        .collect()
}

/// Where a node is heading by its measures' verdicts: the worst news first.
#[must_use]
pub fn trend<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Trend {
    let trends: Vec<Trend> = verdicts.into_iter().map(|v| v.trend).collect();
    if trends.contains(&Trend::NotImproving) {
        Trend::NotImproving
    } else if trends.contains(&Trend::Improving) {
        Trend::Improving
    } else {
        Trend::Unknown
    }
}

fn ratings_of(catalogue: &Catalogue, known: Known<'_>, node: &str) -> Vec<NodeRating> {
    catalogue
        .items_about(node)
        .filter_map(|(framework, item)| {
            let own = known
                .own
                .iter()
                .find(|r| r.framework.as_str() == framework && r.item.as_str() == item);
            let rolled_up = known
                .rolled_up
                .iter()
                .find(|r| r.framework.as_str() == framework && r.item.as_str() == item);
            (own.is_some() || rolled_up.is_some()).then(|| NodeRating {
                framework: framework.to_owned(),
                item: item.to_owned(),
                own: own.cloned(),
                rolled_up: rolled_up.cloned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::{fixtures::*, rating};

    fn verdict(trend: Trend) -> Verdict {
        Verdict {
            trend,
            text: "as the chart says".to_owned(),
            value: Some(0.5),
            period: None,
            footprint: None,
        }
    }

    #[test]
    fn a_node_shows_its_ratings_its_verdicts_and_what_feeds_it() {
        let catalogue = Catalogue::built_in().unwrap();
        let area = "havenshire-north";
        let own = [rating(&[
            stored(area, "2026-01-01", "2026-01-01", proposed("2026", Some(2))),
            stored(area, "2026-03-01", "2026-03-01", confirmed("2026")),
        ])
        .unwrap()];
        let known = Known {
            own: &own,
            rolled_up: &[],
        };
        let node = "se-right-place-any-time".to_owned();
        let measures = BTreeMap::from([(node.clone(), vec!["a".to_owned(), "b".to_owned()])]);
        let verdicts = BTreeMap::from([("a".to_owned(), verdict(Trend::Improving))]);
        let states = outcomes(&catalogue, known, &measures, &verdicts);
        assert_eq!(states.len(), catalogue.model().nodes().len());
        let of = |id: &str| states.iter().find(|s| s.node.id == id).unwrap();
        let outcome = of(&node);
        assert_eq!((outcome.trend, outcome.dark), (Trend::Improving, false));
        assert_eq!(outcome.measures.len(), 2);
        assert!(
            outcome
                .fed_by
                .iter()
                .any(|n| n.node == ITEM && n.strength == Strength::Main)
        );
        let component = of(ITEM);
        assert_eq!(component.ratings[0].own.as_ref().unwrap().level, Some(2));
        assert!(component.question.is_some() && component.dark);
        assert!(of("im-cost-effective").feeds.is_empty());
        let json = serde_json::to_value(outcome).unwrap();
        assert_eq!(json["id"], "se-right-place-any-time");
        assert_eq!(json["measures"][1]["verdict"], serde_json::Value::Null);
    }

    #[test]
    fn one_measure_that_does_not_improve_outweighs_others_that_do() {
        let (better, worse) = (verdict(Trend::Improving), verdict(Trend::NotImproving));
        assert_eq!(trend([&better, &worse]), Trend::NotImproving);
        assert_eq!(trend([&better, &verdict(Trend::Unknown)]), Trend::Improving);
        assert_eq!(trend([]), Trend::Unknown);
    }
}
