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
use crate::http::problem::Problem;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use run_charts::Made;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For how long the text of an unmoved view is given again: a period can end, and a point ripen, without an event.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// The last text of the run charts: it is the same until the view moves.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<Text>>>);

struct Text {
    position: u64,
    rebuilds: u64,
    made: Instant,
    text: Bytes,
}

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/metrics", get(light))
        .route("/metrics/run-charts", get(charts))
        .layer(Extension(Kept::default()))
}

async fn light(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    caller.must(Role::Reader)?;
    let text = apart(move || collector::write(&light::samples(&app))).await?;
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
    Extension(kept): Extension<Kept>,
) -> Result<Response, Problem> {
    caller.must(Role::Reader)?;
    let text = apart(move || kept.text(&app)).await?;
    Ok(answer(text))
}

impl Kept {
    /// The text of now. A second scrape that comes meanwhile waits for the first one's.
    fn text(&self, app: &App) -> Bytes {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let status = app.views.as_ref().map(joinedup_projector::Views::status);
        let (position, rebuilds) = status.map_or((0, 0), |s| (s.position, s.rebuilds));
        if let Some(text) = &*kept
            && (text.position, text.rebuilds) == (position, rebuilds)
            && text.made.elapsed() < KEPT_FOR
        {
            return text.text.clone();
        }
        let text = Made::of(app).map_or_else(Bytes::new, |made| made.text().into());
        *kept = Some(Text {
            position,
            rebuilds,
            made: Instant::now(),
            text: text.clone(),
        });
        text
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
