//! `GET /api/v1/areas`: the register.

use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::extract::State;
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::config::Role;
use serde_json::{Value, json};

/// All areas, with what is directly within them.
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    caller.must(Role::Reader)?;
    let register = &app.definitions.areas;
    let areas: Vec<Value> = register
        .iter()
        .map(|area| {
            let mut value = serde_json::to_value(area).unwrap_or_default();
            value["children"] = register
                .children(&area.id)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .into();
            value
        })
        .collect();
    Ok(Json(
        json!({ "areas": areas, "home": app.config.home_area }),
    ))
}
