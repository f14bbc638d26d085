//! `GET /api/v1/feeds`: how the feeds that this server runs are doing, for operators; those of their own areas when they are
//! bound to some. `POST /api/v1/feeds/{name}`: a file for a feed that takes files so.

use crate::door::auth::Caller;
use crate::door::problem::Problem;
use crate::door::scope::{covers_feed, shown};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::feeds::{Received, Report, Upload};
use joinedup_contract::answer::Feeds;
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// The feeds' states as JSON.
pub async fn list(State(app): State<App>, Extension(caller): Extension<Caller>) -> Json<Feeds> {
    Json(Feeds {
        feeds: shown(&app, &caller),
    })
}

/// Imports the body, and answers with its report when what it holds is durable.
pub async fn take(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Query(parameters): Query<BTreeMap<String, String>>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let (feed, way) = app.feeds.taking_files(&name).ok_or_else(|| {
        Problem::not_found("No feed of this name takes files here; the file of feeds names them")
    })?;
    if !caller.speaks_for(&feed.source) || !covers_feed(&caller, &feed) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "Not allowed",
            "This token is for other sources or areas than the feed's",
        ));
    }
    let (answer, answered) = oneshot::channel();
    let upload = Upload {
        bytes,
        accepted: parameters
            .get("accept")
            .is_some_and(|what| what == "large-change"),
        answer,
    };
    let stopping = || Problem::unavailable("The server is stopping: send the file again");
    way.send(upload).await.map_err(|_| stopping())?;
    match answered.await.map_err(|_| stopping())? {
        Received::Taken(report) => Ok(answer_of(StatusCode::OK, report)),
        Received::Refused(Report::Text(report)) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Not taken",
            report,
        )),
        Received::Refused(report) => Ok(answer_of(StatusCode::UNPROCESSABLE_ENTITY, report)),
        Received::Later(why) => Err(Problem::unavailable(why)),
    }
}

/// A report as an answer.
fn answer_of(status: StatusCode, report: Report) -> Response {
    match report {
        Report::Text(text) => (status, text).into_response(),
        Report::Document { media_type, text } => {
            (status, [(header::CONTENT_TYPE, media_type)], text).into_response()
        }
    }
}
