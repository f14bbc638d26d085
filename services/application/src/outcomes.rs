//! What is known of an area beside its charts: where each measure is heading, and the ratings. Pages and API share it.

use crate::app::App;
use crate::charts::{self, QuestionError};
use crate::overview::overview;
use joinedup_events::{AreaId, Family};
use joinedup_views::outcomes::{Known, NodeState, Verdict, outcomes};
use joinedup_views::ratings::{Rating, RollUp, rating, roll_up};
use joinedup_views::suppression::Audience;
use std::collections::{BTreeMap, BTreeSet};

/// What each measure's chart says, by measure; measures without a judged point are left out.
pub type Verdicts = BTreeMap<String, Verdict>;

/// What every measure's chart says in an area.
///
/// # Errors
/// When this process has no views.
pub fn verdicts(app: &App, area: &AreaId, audience: Audience) -> Result<Verdicts, QuestionError> {
    let overview = overview(app, area, audience)?;
    let lines = overview.of(area.as_str());
    Ok(lines
        .filter(|line| line.latest.is_some())
        .map(|line| (line.measure.clone(), line.verdict()))
        .collect())
}

/// The ratings of some areas, by area, framework and item.
///
/// # Errors
/// When this process has no views.
pub fn ratings(app: &App, areas: &BTreeSet<AreaId>) -> Result<Vec<Rating>, QuestionError> {
    let mut found: Vec<Rating> = charts::views(app)?.read(|view| {
        view.listed(Family::Assessment)
            .filter_map(|e| rating(&e.facts.standing()))
            .collect()
    });
    found.retain(|r| areas.contains(&r.area));
    found.sort_by(|a, b| (&a.area, &a.framework, &a.item).cmp(&(&b.area, &b.framework, &b.item)));
    Ok(found)
}

/// The measures of each node, by node. Measures that serve every outcome belong to no single node.
#[must_use]
pub fn measures_by_node(app: &App) -> BTreeMap<String, Vec<String>> {
    let mut by_node: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for measure in app.definitions.measures.iter() {
        for node in measure.outcomes.named() {
            by_node
                .entry(node.to_string())
                .or_default()
                .push(measure.id.to_string());
        }
    }
    by_node
}

/// The ratings of an area, and the logic model with them.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The ratings of the area and of everything in it.
    pub ratings: Vec<Rating>,
    /// The same rolled up to the area.
    pub rolled_up: Vec<RollUp>,
    /// Every node of the logic model with what is known of it.
    pub nodes: Vec<NodeState>,
}

/// Where an area stands with the logic model, given what its charts show. The API and the pages ask here, so they
/// cannot come to different levels.
///
/// # Errors
/// When this process has no views.
pub fn standing(app: &App, area: &AreaId, verdicts: &Verdicts) -> Result<Standing, QuestionError> {
    let areas = &app.definitions.areas;
    let ratings = ratings(app, &areas.within(area))?;
    let rolled_up = roll_up(areas, area, &ratings);
    let own: Vec<Rating> = ratings
        .iter()
        .filter(|r| r.area == *area)
        .cloned()
        .collect();
    let known = Known {
        own: &own,
        rolled_up: &rolled_up,
    };
    let nodes = outcomes(
        &app.definitions.catalogue,
        known,
        &measures_by_node(app),
        verdicts,
    );
    Ok(Standing {
        ratings,
        rolled_up,
        nodes,
    })
}
