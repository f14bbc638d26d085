//! `GET /api/v1/waiting`: who is waiting now, for operators; people of their own areas when they are bound to some.

use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::waiting::{Waiting, board};
use std::collections::BTreeMap;

/// The board as JSON.
pub async fn waiting(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Result<Json<Waiting>, Problem> {
    let area = parameters
        .get("area")
        .cloned()
        .unwrap_or_else(|| app.config.home_area.clone());
    Ok(board(&app, &area, caller.areas()).map(Json)?)
}
