//! `GET /api/v1/quarantine` and `POST /api/v1/rebuild`: for admins.

use crate::door::problem::Problem;
use axum::Json;
use axum::extract::State;
use joinedup_application::app::App;
use joinedup_application::charts;
use serde_json::{Value, json};

/// The events set aside, and why.
pub async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let rows = charts::views(&app)?.quarantine();
    Ok(Json(json!({ "count": rows.len(), "quarantine": rows })))
}

/// Builds the views again beside the ones in use; answers when the new ones have taken their place.
pub async fn rebuild(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let projector = app
        .projector
        .as_ref()
        .ok_or_else(|| Problem::not_found("This process has no views"))?;
    projector.rebuild().await.map_err(Problem::unavailable)?;
    Ok(Json(json!({ "status": charts::views(&app)?.status() })))
}
