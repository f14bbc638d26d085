//! `GET /api/v1/outcomes` and `GET /api/v1/priorities`: the logic model with what is known of an area, and what to
//! work on first.

use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::charts::QuestionError;
use joinedup_application::turns::Turns;
use joinedup_application::{charts, gaps, outcomes};
use joinedup_contract::answer::{self, Outcomes, Priorities};
use joinedup_contract::parameter::{OfFramework, OfPopulation};
use joinedup_events::AreaId;
use joinedup_views::ask::AskError;
use joinedup_views::catalogue::{Layer, Model, Node};
use joinedup_views::outcomes::{NodeState, trend};
use joinedup_views::priorities::priorities;
use std::collections::{BTreeMap, BTreeSet};

/// Runs a question in its turn, away from the threads that serve connections.
pub(super) async fn aside<T: Send + 'static>(
    turns: Turns,
    ask: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<Json<T>, Problem> {
    turns.work(ask).await?.map(Json)
}

/// The area asked for, or the home area.
pub(super) fn area_asked(app: &App, code: Option<&str>) -> Result<AreaId, QuestionError> {
    let home = || app.home_area().ok_or(QuestionError::Ask(AskError::Area));
    code.map_or_else(home, |code| charts::area(app, code))
}

/// Every node with its ratings, its measures' latest verdicts and what feeds it.
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(of): Query<OfPopulation>,
) -> Result<Json<Outcomes>, Problem> {
    aside(app.turns.clone(), move || {
        let area = area_asked(&app, of.area.as_deref())?;
        let audience = caller.audience_of(area.as_str());
        let status = charts::views(&app)?.status();
        let verdicts = outcomes::verdicts(&app, &area, audience)?;
        let mut nodes = outcomes::standing(&app, &area, &verdicts)?.nodes;
        let model = app.definitions.catalogue.model();
        let asked = of.population.as_ref().filter(|p| !p.is_empty());
        if let Some(population) = asked {
            in_words_for(model, population, &mut nodes)?;
        }
        let population = asked.unwrap_or(&model.about().population);
        let with_numbers = gaps::with_numbers(&app, &area, audience)?;
        let nodes = nodes
            .into_iter()
            .map(|node| with_gaps(&app, &area, node, &with_numbers))
            .collect();
        let title = app
            .definitions
            .areas
            .get(area.as_str())
            .map(|a| a.title.clone());
        Ok(Outcomes {
            area_title: title,
            model: model.id().to_owned(),
            population: population.to_owned(),
            populations: model.populations().cloned().collect(),
            as_of: audience.shown_instant(status.progress_at),
            as_of_position: app.position(audience),
            area,
            nodes,
        })
    })
    .await
}

/// A node; a dark outcome with what its measures wait for, and who could give it.
fn with_gaps(
    app: &App,
    area: &AreaId,
    state: NodeState,
    with_numbers: &BTreeSet<String>,
) -> answer::Node {
    let definitions = &app.definitions;
    let gaps = || {
        let measures = definitions.measures.of_outcome(&state.node.id);
        let gaps = measures.filter_map(|m| gaps::gap(&definitions.areas, area, m, with_numbers));
        gaps.collect()
    };
    let waits = state.dark && state.node.layer == Layer::Outcome;
    answer::Node {
        waits_for: waits.then(gaps),
        state,
    }
}

/// Puts the nodes in the words for a population, without those that do not matter for it.
fn in_words_for(
    model: &Model,
    population: &str,
    nodes: &mut Vec<NodeState>,
) -> Result<(), Problem> {
    let words = model.nodes_for(population).ok_or_else(|| {
        let known: Vec<&str> = model.populations().map(|p| p.id.as_str()).collect();
        Problem::bad_request(format!(
            "`population` must be one that the model has words for: {}",
            known.join(", ")
        ))
    })?;
    let words: BTreeMap<String, Node> = words.into_iter().map(|n| (n.id.clone(), n)).collect();
    nodes.retain_mut(|state| {
        let Some(node) = words.get(&state.node.id) else {
            return false;
        };
        state.node.clone_from(node);
        for side in [&mut state.fed_by, &mut state.feeds] {
            side.retain(|neighbour| words.contains_key(&neighbour.node));
        }
        true
    });
    Ok(())
}

/// Rated items in the order in which to talk about them. Where outcomes are heading is read in the area asked for.
pub async fn first(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(of): Query<OfFramework>,
) -> Result<Json<Priorities>, Problem> {
    aside(app.turns.clone(), move || {
        let area = area_asked(&app, of.area.as_deref())?;
        let audience = caller.audience_of(area.as_str());
        let mut ratings = outcomes::ratings(&app, &app.definitions.areas.within(&area))?;
        if let Some(framework) = &of.framework {
            ratings.retain(|r| r.framework.as_str() == framework);
        }
        let verdicts = outcomes::verdicts(&app, &area, audience)?;
        let measures = outcomes::measures_by_node(&app);
        let heading = |node: &str| {
            trend(
                measures
                    .get(node)
                    .into_iter()
                    .flatten()
                    .filter_map(|m| verdicts.get(m)),
            )
        };
        let found = priorities(&app.definitions.catalogue, &ratings, heading);
        Ok(Priorities {
            area,
            items: found.items,
            not_scored: found.not_scored,
        })
    })
    .await
}
