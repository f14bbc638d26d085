//! `GET /api/v1/frameworks`: the logic model's sister systems, each with its items, scale and mappings.

use crate::door::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use joinedup_application::app::App;
use serde_json::{Value, json};

/// All frameworks, without their items.
pub async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let frameworks: Vec<Value> = app
        .definitions
        .catalogue
        .frameworks()
        .map(|f| json!({ "id": f.id, "title": f.title, "kind": f.kind, "note": f.note, "items": f.items.len(), "scale": f.scale }))
        .collect();
    Ok(Json(json!({ "frameworks": frameworks })))
}

/// One framework whole, with the findings in words that a local file gives it.
pub async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let catalogue = &app.definitions.catalogue;
    let framework = catalogue.framework(&id);
    let framework = framework.ok_or_else(|| {
        Problem::not_found("There is no such framework; GET /api/v1/frameworks lists them")
    })?;
    let mut value = serde_json::to_value(framework).unwrap_or_default();
    value["findings"] = json!(
        catalogue
            .findings()
            .iter()
            .filter(|f| f.framework == id)
            .collect::<Vec<_>>()
    );
    Ok(Json(value))
}
