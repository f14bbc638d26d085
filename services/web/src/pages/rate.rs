//! `POST /model/{action}`: propose, moderate and publish a level, and set an ambition.

use super::node;
use super::record::{Filled, Form, record};
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use joinedup_application::app::App;
use joinedup_application::charts;
use joinedup_contract::request::RatingRequest;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

/// Records what a form about an item asks for.
pub async fn rate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(action): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    let verb: StrDeserializer<'_, Error> = action.as_str().into_deserializer();
    let text = |name: &str| form.get(name).map(ToOwned::to_owned);
    let date = "The date must be one such as 2026-11-22";
    let request = RatingRequest {
        area: form.must("area", "The place")?.to_owned(),
        framework: form.must("framework", "The framework")?.to_owned(),
        item: form.must("item", "The item")?.to_owned(),
        action: Deserialize::deserialize(verb)
            .map_err(|_| Problem::not_found("There is no such form"))?,
        round: text("round"),
        level: form.parsed("level", "A level must be a whole number")?,
        rater: None,
        note: text("note"),
        by: form.parsed("by", date)?,
        on: form.parsed("on", date)?,
        version: form.version()?,
    };
    let area = charts::area(&app, &request.area)?;
    let filled = Filled {
        command: request.command(area.clone())?,
        action: format!("/model/{action}"),
        version: Some(request.version),
        form,
    };
    record(app, caller, filled, move |visit| {
        node::stands(visit, &area, &request)
    })
    .await
}
