//! `GET /api/v1/contradictions`: where the records of sources contradict each other, by source and kind.

use crate::door::auth::{Caller, asks_as_public};
use crate::door::problem::Problem;
use crate::door::scope::contradictions_for;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::sources::contradictions;
use joinedup_contract::answer::{Contradicting, Contradictions};
use joinedup_views::suppression::Audience;

/// The list, as the caller may see it.
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Result<Json<Contradictions>, Problem> {
    let listed = if asks_as_public(&parameters) {
        contradictions(&app, Audience::Public, |_| true)?
    } else {
        contradictions_for(&app, &caller)?
    };
    Ok(Json(Contradictions {
        contradictions: listed.iter().map(Contradicting::from).collect(),
    }))
}
