//! `/metrics` (now: state, rolling windows, the pipeline's health) and `/metrics/run-charts` (the latest periods of
//! every chart). Prometheus keeps no history for the charts: each scrape brings every period again, so a corrected
//! past is right at the next scrape.

pub(crate) mod collector;
pub(crate) mod decided;
pub(crate) mod light;
pub mod names;
pub(crate) mod places;
mod process;
pub(crate) mod run_charts;
pub(crate) mod sample;
mod text;
pub mod unit;
mod waits;
mod window;

use crate::app::App;
use crate::config::Role;
use crate::http::Shared;
use crate::http::auth::Caller;
use crate::http::charts::asked_audience;
use crate::http::problem::Problem;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use joinedup_views::suppression::Audience;
use run_charts::Made;
use std::time::Duration;

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/metrics", get(light))
        .route("/metrics/run-charts", get(charts))
}

async fn light(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    caller.must(Role::Reader)?;
    let audience = asked_audience(&caller, &parameters);
    let text = apart(move || collector::write(&light::samples(&app, audience))).await?;
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
    Query(parameters): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    caller.must(Role::Reader)?;
    let audience = asked_audience(&caller, &parameters);
    let text = apart(move || run_charts_text(&app, audience)).await?;
    Ok(answer(text))
}

/// The text of now: the same until the view moves.
fn run_charts_text(app: &App, audience: Audience) -> Bytes {
    let make = || Made::of(app, audience).map_or_else(Bytes::new, |made| made.text().into());
    match &app.views {
        Some(views) => {
            let memo = &app.memos.run_charts;
            Bytes::clone(&memo.get(audience, views, Duration::ZERO, make))
        }
        None => Bytes::new(),
    }
}

/// Computes on a thread of its own, so that a scrape holds up no other request.
async fn apart<T: Send + 'static>(
    compute: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(compute).await.map_err(|error| {
        tracing::error!(%error, "a scrape failed");
        Problem::unavailable("The metrics could not be computed; the program's log says why")
    })
}

fn answer(text: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, collector::CONTENT_TYPE)], text).into_response()
}
