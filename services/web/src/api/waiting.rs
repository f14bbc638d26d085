//! `GET /api/v1/waiting`: who is waiting now, for operators; people of their own areas when they are bound to some.

use super::outcomes::area_asked;
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::waiting::{Waiting, board};
use joinedup_contract::parameter::OfArea;

/// The board as JSON.
pub async fn waiting(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(of): Query<OfArea>,
) -> Result<Json<Waiting>, Problem> {
    let area = area_asked(&app, of.area.as_deref())?;
    Ok(board(&app, area.as_str(), caller.areas()).map(Json)?)
}
