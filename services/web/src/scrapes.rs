//! `GET /metrics` and `GET /metrics/run-charts`: the scrapes, by what the caller may see.

use crate::door::Shared;
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use joinedup_application::app::App;
use joinedup_exposition::collector::CONTENT_TYPE;
use joinedup_exposition::{current_text, run_charts_text};

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/metrics", get(now))
        .route("/metrics/run-charts", get(charts))
}

async fn now(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    // A scrape is of all areas, so who is bound to some is given what everybody sees.
    let audience = caller.audience_everywhere();
    let turns = app.turns.clone();
    let text = turns.work(move || current_text(&app, audience)).await?;
    match text {
        Ok(text) => Ok(answer(text)),
        Err(error) => {
            tracing::error!(%error, "a scrape failed");
            Err(Problem::unavailable(
                "The metrics could not be written; the program's log says why",
            ))
        }
    }
}

async fn charts(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    // A scrape is of all areas, so who is bound to some is given what everybody sees.
    let audience = caller.audience_everywhere();
    let turns = app.turns.clone();
    let text = turns.work(move || run_charts_text(&app, audience)).await?;
    Ok(answer(text))
}

fn answer(text: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}
