//! `GET /api/v1/quarantine` and `POST /api/v1/rebuild`: for admins.

use crate::door::problem::Problem;
use axum::Json;
use axum::extract::State;
use joinedup_application::app::App;
use joinedup_application::charts;
use joinedup_contract::answer::{Quarantine, Rebuilt};

/// The events set aside, and why.
pub async fn list(State(app): State<App>) -> Result<Json<Quarantine>, Problem> {
    let quarantine = charts::views(&app)?.quarantine();
    Ok(Json(Quarantine {
        count: quarantine.len(),
        quarantine,
    }))
}

/// Builds the views again beside the ones in use; answers when the new ones have taken their place.
pub async fn rebuild(State(app): State<App>) -> Result<Json<Rebuilt>, Problem> {
    let projector = app
        .projector
        .as_ref()
        .ok_or_else(|| Problem::not_found("This process has no views"))?;
    projector.rebuild().await.map_err(Problem::unavailable)?;
    Ok(Json(Rebuilt {
        status: charts::views(&app)?.status(),
    }))
}
