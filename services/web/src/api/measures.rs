//! `GET /api/v1/measures`: what can be asked for.

use crate::door::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use joinedup_application::app::App;
use joinedup_contract::answer;
use joinedup_events::Slug;
use joinedup_views::catalogue::Layer;
use joinedup_views::measure::{Measure, Outcomes, explain};

/// All measures.
pub async fn list(State(app): State<App>) -> Json<answer::Measures> {
    let measures = &app.definitions.measures;
    Json(answer::Measures {
        measures: measures.iter().map(|m| naming_outcomes(&app, m)).collect(),
        digest: measures.digest(),
    })
}

/// One measure, with its definition in words.
pub async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<answer::Measure>, Problem> {
    let measure = app.definitions.measures.get(&id);
    let measure = measure.ok_or_else(Problem::no_measure)?;
    Ok(Json(answer::Measure {
        definition: naming_outcomes(&app, measure),
        explained: explain(measure),
    }))
}

/// A measure. One that serves all outcomes names each.
fn naming_outcomes(app: &App, measure: &Measure) -> Measure {
    let mut measure = measure.clone();
    if matches!(measure.outcomes, Outcomes::All(_)) {
        let nodes = app.definitions.catalogue.model().nodes().iter();
        let outcomes = nodes.filter(|n| n.layer == Layer::Outcome);
        // Ids of the catalogue are slugs.
        measure.outcomes = Outcomes::Of(outcomes.filter_map(|n| Slug::new(&n.id).ok()).collect());
    }
    measure
}
