//! The product's own pages: made on the server, complete without script, brought up to date by a small one.

pub mod add;
pub mod address;
pub mod answers;
pub mod assets;
pub mod audit;
mod authors;
mod behind;
pub mod board;
pub mod catalogue;
pub mod changes;
pub mod changes_of;
pub mod checklist;
mod conflict;
pub mod decide;
pub mod figure;
pub mod filling;
mod finding;
pub mod findings;
mod health;
mod help;
pub mod home;
pub mod layout;
pub mod leaders;
pub mod lens;
pub mod matrix;
pub mod measure;
pub mod model;
pub mod multiples;
pub mod node;
mod pack;
mod pasted;
pub mod picture;
pub mod plan;
pub mod quarantine;
pub mod ranked;
pub mod record;
mod refusal;
pub mod results;
pub mod rounds;
pub mod scorecards;
pub mod sheet;
pub mod sign_in;
mod slide;
pub mod sources;
mod start;
pub mod visit;
mod whose;
mod words;

use crate::door::problem::Problem;
use crate::door::{Shared, body, routes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use tower_http::set_header::SetResponseHeaderLayer;

/// The pages.
pub fn routes(shared: &Shared) -> Router<Shared> {
    Router::new()
        .route("/", get(home::show))
        .route("/measures/{id}", get(measure::show))
        .route("/measures/{id}/slide.svg", get(slide::svg))
        .route("/measures/{id}/slide.png", get(slide::png))
        .route("/measures/{id}/{what}", post(decide::decide))
        .route("/measures/{id}/records", get(behind::show))
        .route("/measures", get(catalogue::measures))
        .route("/changes", get(changes::show).post(changes::plan))
        .route("/changes/{*id}", get(changes::one).post(changes::step))
        .route("/board", get(board::show))
        .route("/leaders", get(leaders::show))
        .route("/scorecards", get(scorecards::list))
        .route("/scorecards/{id}", get(scorecards::one))
        .route("/pack", get(pack::show))
        .route("/plan", get(plan::show).post(plan::create))
        .route("/plan/{id}", get(plan::one).post(plan::change))
        .route("/findings", get(findings::show).post(findings::send))
        .route("/findings/table", post(findings::send_table))
        .route("/lenses", get(lens::list))
        .route("/lenses/{id}", get(lens::one))
        .route("/model", get(model::show))
        .route("/frameworks", get(catalogue::frameworks))
        .route("/frameworks/{id}/sheet", get(sheet::show).post(sheet::save))
        .route(
            "/frameworks/{id}/answers",
            get(answers::show).post(answers::send),
        )
        .route("/frameworks/{id}/answers/table", post(answers::send_table))
        .route(
            "/frameworks/{id}/answers/links",
            post(answers::invite::make),
        )
        .route(
            "/frameworks/{id}/answers/links/stop",
            post(answers::stop::stop),
        )
        .route(
            "/frameworks/{id}/checklist",
            get(checklist::show).post(checklist::save),
        )
        .route("/frameworks/{id}/results", get(results::show))
        .route("/frameworks/{id}/results.csv", get(results::csv))
        .route("/sources", get(sources::show))
        .route("/quarantine", get(quarantine::show))
        .route("/help", get(help::show))
        .route("/audit", get(audit::show))
        .layer(middleware::from_fn_with_state(shared.clone(), body::whole))
        .layer(middleware::from_fn(routes::enforce))
        .layer(middleware::from_fn(refusal::as_page))
        .layer(own_forms())
}

/// The form that people answer by a link: open to everybody who has one.
pub fn by_link(shared: &Shared) -> Router<Shared> {
    Router::new()
        .route(
            "/answer/{link}",
            get(answers::own::show).post(answers::own::send),
        )
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            body::of_link,
        ))
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            answers::own::before_the_body,
        ))
        .layer(middleware::from_fn(refusal::as_page))
        .layer(own_forms())
}

/// The pages on which data are added: their forms take files, so they have limits of their own.
pub fn adding(shared: &Shared) -> Router<Shared> {
    add::routes(shared)
        .layer(middleware::from_fn(routes::enforce))
        .layer(middleware::from_fn(refusal::as_page))
        .layer(own_forms())
}

/// Without any referrer a browser also hides where a form comes from, and its forms would be refused.
fn own_forms() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    )
}

/// An address that leads nowhere: a page for a browser, a problem document for all else.
pub async fn nothing_here(headers: HeaderMap) -> Response {
    let problem = Problem::not_found("There is nothing at this address");
    if refusal::wants_page(&headers) {
        refusal::page_of(problem.into_response(), false, None).await
    } else {
        problem.into_response()
    }
}

/// The refusal of somebody who is not known, as a page where a browser asked.
pub async fn unknown(request: Request, next: middleware::Next) -> Response {
    refusal::unknown_as_page(request, next).await
}

/// Style, script and icons: open to everybody, and without anybody's data.
pub fn assets() -> Router<Shared> {
    assets::routes()
}
