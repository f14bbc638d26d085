//! `GET /api/v1/outcomes` and `GET /api/v1/priorities`: the logic model with what is known of an area, and what to
//! work on first.

use super::auth::Caller;
use super::charts::audience;
use super::problem::Problem;
use crate::app::App;
use crate::config::Role;
use crate::{charts, outcomes};
use axum::extract::{Query, State};
use axum::{Extension, Json};
use joinedup_views::outcomes::trend;
use joinedup_views::priorities::priorities;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Runs a question away from the threads that serve connections.
pub(super) async fn aside(
    ask: impl FnOnce() -> Result<Value, Problem> + Send + 'static,
) -> Result<Json<Value>, Problem> {
    let asked = tokio::task::spawn_blocking(ask).await;
    asked
        .map_err(|_| Problem::unavailable("The answer could not be computed"))?
        .map(Json)
}

/// Every node with its ratings, its measures' latest verdicts and what feeds it.
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    caller.must(Role::Reader)?;
    let audience = audience(&caller);
    aside(move || {
        let area = charts::area(
            &app,
            parameters.get("area").unwrap_or(&app.config.home_area),
        )?;
        let status = charts::views(&app)?.status();
        let nodes = outcomes::nodes(&app, &area, audience)?;
        let title = app
            .definitions
            .areas
            .get(area.as_str())
            .map(|a| a.title.clone());
        Ok(json!({
            "area": area,
            "area_title": title,
            "model": app.definitions.catalogue.model().id(),
            "as_of": status.progress_at,
            "as_of_position": status.position,
            "nodes": nodes,
        }))
    })
    .await
}

/// Rated items in the order in which to talk about them. Where outcomes are heading is read in the area asked for.
pub async fn first(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    caller.must(Role::Reader)?;
    let audience = audience(&caller);
    aside(move || {
        let area = charts::area(
            &app,
            parameters.get("area").unwrap_or(&app.config.home_area),
        )?;
        let mut ratings = outcomes::ratings(&app, &app.definitions.areas.within(&area))?;
        if let Some(framework) = parameters.get("framework") {
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
        Ok(json!({ "area": area, "items": found.items, "not_scored": found.not_scored }))
    })
    .await
}
