//! `GET /api/v1/contradictions`: where the records of sources contradict each other, by source and kind.

use crate::door::auth::Caller;
use crate::door::problem::Problem;
use crate::door::scope::contradictions_for;
use axum::extract::State;
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_contract::answer::{Contradicting, Contradictions};

/// The list, as the caller may see it.
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Contradictions>, Problem> {
    let listed = contradictions_for(&app, &caller)?;
    Ok(Json(Contradictions {
        contradictions: listed.iter().map(Contradicting::from).collect(),
    }))
}
