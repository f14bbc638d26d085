//! The API under `/api/v1`: one module a resource.

mod areas;
mod assessments;
pub mod audit;
mod changes;
mod charts;
mod contradictions;
mod events;
mod export;
mod feeds;
mod frameworks;
mod funnel;
pub mod health;
mod lenses;
mod measures;
pub mod openapi;
mod outcomes;
mod plan;
mod quarantine;
mod scorecards;
mod stream;
pub mod trace;
mod waiting;

use crate::door::auth::Caller;
use crate::door::{Shared, audit as audit_log, body, idempotency, routes};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use idempotency::Keys;
use joinedup_application::execute::{Write, WriteKey};
use joinedup_views::decide::Command;

/// Where events and files come in. The role is asked before the body is read, and a process that does not publish reads none.
pub fn publishing(shared: &Shared) -> Router<Shared> {
    Router::new()
        .route("/events", post(events::publish))
        .route("/feeds/{name}", post(feeds::take))
        .layer(middleware::from_fn_with_state(shared.clone(), body::whole))
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            events::before_the_body,
        ))
        .layer(middleware::from_fn(routes::enforce))
}

/// Everything else.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/events/{position}", get(trace::event))
        .route("/entities/{family}/{*id}", get(trace::entity))
        .route("/measures", get(measures::list))
        .route("/measures/{id}", get(measures::one))
        .route("/areas", get(areas::list))
        .route("/charts/{measure}", get(charts::chart))
        .route("/charts/{measure}/trace", get(trace::points))
        .route("/outcomes", get(outcomes::list))
        .route("/priorities", get(outcomes::first))
        .route(
            "/assessments",
            get(assessments::list).post(assessments::record),
        )
        .route("/assessments/compare", get(assessments::rounds))
        .route("/changes", get(changes::list).post(changes::record))
        .route("/lenses", get(lenses::list))
        .route("/lenses/{id}", get(lenses::one))
        .route("/plan", get(plan::read).post(plan::record))
        .route("/checklists", get(plan::checklists))
        .route("/findings", get(plan::findings))
        .route("/feeds", get(feeds::list))
        .route("/frameworks", get(frameworks::list))
        .route("/frameworks/{id}", get(frameworks::one))
        .route("/scorecards", get(scorecards::list))
        .route("/scorecards/{id}", get(scorecards::one))
        .route("/funnel/{measure}", get(funnel::funnel))
        .route("/waiting", get(waiting::waiting))
        .route("/contradictions", get(contradictions::list))
        .route("/quarantine", get(quarantine::list))
        .route("/rebuild", post(quarantine::rebuild))
        .route("/audit", get(audit::lines))
        .route("/export/cells", get(export::cells))
        .route("/export/cells.parquet", get(export::cells_as_parquet))
        .route("/export/facts.parquet", get(export::facts_as_parquet))
        .route("/export/events", get(export::events))
        .route("/stream", get(stream::stream))
        .route("/openapi.json", get(openapi::document))
}

/// The CloudEvents source of what is recorded through the API.
const API_SOURCE: &str = "joinedup/api";

/// A command as a caller gives it, under the key of its request.
fn write(caller: &Caller, key: WriteKey, command: Command, version: Option<u64>) -> Write {
    Write {
        source: API_SOURCE,
        actor: caller.actor(),
        audience: caller.audience_of(command.area.as_str()),
        key,
        command,
        version,
    }
}

/// The body is not an object of these fields. No value of it is repeated.
fn misread(error: &serde_json::Error, fields: &str) -> String {
    format!(
        "The body must be a JSON object of the fields {fields}; line {}, column {} is not",
        error.line(),
        error.column()
    )
}

/// 201 with an answer, which is remembered for its key, and what was recorded, for the audit log.
fn recorded(
    keys: &Keys,
    key: idempotency::Key,
    answer: &impl serde::Serialize,
    command: &Command,
    position: u64,
) -> Response {
    let response = (StatusCode::CREATED, Json(answer)).into_response();
    keys.remember(key, StatusCode::CREATED, answer);
    audit_log::recorded(response, command, position)
}
