//! HTTP: one router, who may ask what, and the limits that keep one client from starving the others.

pub mod areas;
pub mod assessments;
pub mod auth;
mod body;
pub mod changes;
pub mod charts;
pub mod events;
pub mod export;
pub mod frameworks;
pub mod funnel;
pub mod health;
pub mod idempotency;
pub mod limits;
pub mod measures;
pub mod openapi;
pub mod outcomes;
mod places;
pub mod problem;
pub mod prometheus;
pub mod quarantine;
mod server;
pub mod stream;
pub mod trace;
pub mod waiting;
mod watched;

use crate::app::App;
use crate::{metrics, pages};
use auth::Tokens;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use idempotency::Keys;
use limits::{Limits, MAX_BODY};
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

pub use server::serve;

/// What handlers are given.
#[derive(Clone)]
pub struct Shared {
    /// The program's parts.
    pub app: App,
    /// Who may do what.
    pub tokens: Tokens,
    /// Answers to earlier writes.
    pub keys: Keys,
    /// Room for bodies.
    room: body::Room,
    /// Room for live streams.
    streams: stream::Streams,
}

impl FromRef<Shared> for App {
    fn from_ref(shared: &Shared) -> Self {
        shared.app.clone()
    }
}

impl FromRef<Shared> for Keys {
    fn from_ref(shared: &Shared) -> Self {
        shared.keys.clone()
    }
}

impl FromRef<Shared> for body::Room {
    fn from_ref(shared: &Shared) -> Self {
        shared.room.clone()
    }
}

impl FromRef<Shared> for stream::Streams {
    fn from_ref(shared: &Shared) -> Self {
        shared.streams.clone()
    }
}

impl FromRef<Shared> for Tokens {
    fn from_ref(shared: &Shared) -> Self {
        shared.tokens.clone()
    }
}

/// All routes.
pub fn router(app: App, tokens: Tokens) -> Router {
    let shared = Shared {
        streams: stream::Streams::new(Limits::of(&app.config).streams),
        app,
        tokens,
        keys: Keys::default(),
        room: body::Room::default(),
    };
    // The role is asked before the body is read, and a process that does not publish reads none.
    let publishing = Router::new()
        .route("/events", post(events::publish))
        .layer(middleware::from_fn_with_state(shared.clone(), body::whole))
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            events::before_the_body,
        ));
    let api = Router::new()
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
        .route("/frameworks", get(frameworks::list))
        .route("/frameworks/{id}", get(frameworks::one))
        .route("/funnel/{measure}", get(funnel::funnel))
        .route("/waiting", get(waiting::waiting))
        .route("/quarantine", get(quarantine::list))
        .route("/rebuild", post(quarantine::rebuild))
        .route("/export/cells", get(export::cells))
        .route("/export/events", get(export::events))
        .route("/stream", get(stream::stream))
        .route("/openapi.json", get(openapi::document));
    let closed = Router::new()
        .nest("/api/v1", api)
        .merge(metrics::routes())
        .merge(prometheus::routes())
        .merge(pages::routes())
        .layer(middleware::from_fn_with_state(shared.clone(), body::whole))
        .nest("/api/v1", publishing)
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            auth::identify,
        ));
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .merge(pages::assets())
        .merge(closed)
        .fallback(|| async { problem::Problem::not_found("There is nothing at this address") })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CompressionLayer::new())
        .layer(said(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(said(header::REFERRER_POLICY, "no-referrer"))
        .layer(said(header::CONTENT_SECURITY_POLICY, POLICY))
        .with_state(shared)
}

/// The CloudEvents source of what is recorded through the API.
const API_SOURCE: &str = "joinedup/api";

/// 201 with an answer, which is remembered for its key.
fn recorded(keys: &Keys, key: idempotency::Key, answer: &serde_json::Value) -> Response {
    let response = (StatusCode::CREATED, Json(answer)).into_response();
    keys.remember(key, StatusCode::CREATED, answer);
    response
}

/// Everything from ourselves, nothing in line, nothing from outside.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'self'";

fn said(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
