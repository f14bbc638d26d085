//! `GET /api/v1/areas`: the register.

use axum::Json;
use axum::extract::State;
use joinedup_application::app::App;
use joinedup_contract::answer::{Area, Areas};

/// All areas, with what is directly within them.
pub async fn list(State(app): State<App>) -> Json<Areas> {
    let register = &app.definitions.areas;
    let areas = register.iter().map(|area| Area {
        registered: area.clone(),
        children: register.children(&area.id).to_vec(),
    });
    Json(Areas {
        areas: areas.collect(),
        home: app.home_area(),
    })
}
