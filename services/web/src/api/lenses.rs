//! `GET /api/v1/lenses` and `/{id}`: ways to group what is measured, tried and rated, and what one of them shows in a place.

use super::outcomes::{area_asked, aside};
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::lenses::{all, look};
use joinedup_contract::answer::{LensInPlace, Lenses};
use joinedup_contract::parameter::OfArea;

/// All lenses.
pub async fn list(State(app): State<App>) -> Json<Lenses> {
    Json(Lenses { lenses: all(&app) })
}

/// What one lens shows in a place.
pub async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(of): Query<OfArea>,
) -> Result<Json<LensInPlace>, Problem> {
    aside(app.turns.clone(), move || {
        let mut lenses = all(&app).into_iter();
        let lens = lenses.find(|lens| lens.id == id).ok_or_else(|| {
            Problem::not_found("There is no such lens; GET /api/v1/lenses lists them")
        })?;
        let area = area_asked(&app, of.area.as_deref())?;
        let audience = caller.audience_of(area.as_str());
        Ok(LensInPlace {
            items: look(&app, &lens, &area, audience)?,
            lens,
            area,
        })
    })
    .await
}
