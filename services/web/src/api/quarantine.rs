//! `GET /api/v1/quarantine` and `POST /api/v1/rebuild`: for admins.

use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::extract::State;
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::charts;
use joinedup_application::config::Role;
use serde_json::{Value, json};

/// The events set aside, and why.
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    caller.must(Role::Admin)?;
    let rows = charts::views(&app)?.quarantine();
    Ok(Json(json!({ "count": rows.len(), "quarantine": rows })))
}

/// Builds the views again beside the ones in use; answers when the new ones have taken their place.
pub async fn rebuild(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    caller.must(Role::Admin)?;
    let projector = app
        .projector
        .as_ref()
        .ok_or_else(|| Problem::not_found("This process has no views"))?;
    projector.rebuild().await.map_err(Problem::unavailable)?;
    Ok(Json(json!({ "status": charts::views(&app)?.status() })))
}
