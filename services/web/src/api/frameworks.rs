//! `GET /api/v1/frameworks`: the logic model's sister systems, each with its items, scale and mappings.

use crate::door::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use joinedup_application::app::App;
use joinedup_contract::answer::{FrameworkTitle, FrameworkWhole, Frameworks};

/// All frameworks, without their items.
pub async fn list(State(app): State<App>) -> Json<Frameworks> {
    let frameworks = app.definitions.catalogue.frameworks();
    let frameworks = frameworks.map(|f| FrameworkTitle {
        id: f.id.clone(),
        title: f.title.clone(),
        kind: f.kind,
        note: f.note.clone(),
        items: f.items.len(),
        scale: f.scale.clone(),
    });
    Json(Frameworks {
        frameworks: frameworks.collect(),
    })
}

/// One framework whole, with the findings in words that a local file gives it.
pub async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<FrameworkWhole>, Problem> {
    let catalogue = &app.definitions.catalogue;
    let framework = catalogue.framework(&id).ok_or_else(|| {
        Problem::not_found("There is no such framework; GET /api/v1/frameworks lists them")
    })?;
    let findings = catalogue.findings().iter().filter(|f| f.framework == id);
    Ok(Json(FrameworkWhole {
        framework: framework.clone(),
        findings: findings.cloned().collect(),
    }))
}
