//! `GET /api/v1/areas`: the register.

use crate::door::problem::Problem;
use axum::Json;
use axum::extract::State;
use joinedup_application::app::App;
use serde_json::{Value, json};

/// All areas, with what is directly within them.
pub async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
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
