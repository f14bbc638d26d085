//! `GET /api/v1/measures`: what can be charted, and how it is defined.

use crate::door::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use joinedup_application::app::App;
use joinedup_views::measure::{Measure, Outcomes, explain};
use serde_json::{Value, json};

/// All measures.
pub async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let measures: Vec<Value> = app
        .definitions
        .measures
        .iter()
        .map(|m| shown(&app, m))
        .collect();
    Ok(Json(
        json!({ "measures": measures, "digest": app.definitions.measures.digest() }),
    ))
}

/// One measure, with its definition in words.
pub async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let measure = app
        .definitions
        .measures
        .get(&id)
        .ok_or_else(Problem::no_measure)?;
    let mut value = shown(&app, measure);
    value["explained"] = explain(measure).into();
    Ok(Json(value))
}

/// A measure as JSON. One that serves all outcomes names each.
fn shown(app: &App, measure: &Measure) -> Value {
    let mut value = serde_json::to_value(measure).unwrap_or_default();
    if matches!(measure.outcomes, Outcomes::All(_)) {
        let outcomes = app
            .definitions
            .catalogue
            .model()
            .nodes()
            .iter()
            .filter(|n| n.layer == joinedup_views::catalogue::Layer::Outcome);
        value["outcomes"] = outcomes
            .map(|n| n.id.to_string())
            .collect::<Vec<_>>()
            .into();
    }
    value
}
