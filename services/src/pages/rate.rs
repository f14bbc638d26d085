//! `POST /model/{what}`: propose, moderate and publish a level, and set an ambition.

use super::record::{Form, event, record};
use crate::app::App;
use crate::charts;
use crate::http::auth::Caller;
use crate::http::problem::Problem;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Records what was said of an item.
pub async fn rate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(what): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&caller, &headers, &body)?;
    let now = app.now();
    let area = charts::area(&app, form.must("area", "The place")?)?;
    let (framework, item) = (
        form.must("framework", "The framework")?,
        form.must("item", "The item")?,
    );
    let level = level(&form, "level")?;
    if let Some(problem) = app.definitions.catalogue.problem(framework, item, level) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The rating was refused",
            problem,
        ));
    }
    let mut data: Map<String, Value> = [
        ("area", area.as_str()),
        ("framework", framework),
        ("item", item),
    ]
    .into_iter()
    .map(|(n, v)| (n.to_owned(), json!(v)))
    .collect();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            data.insert(name.to_owned(), value);
        }
    };
    let name = match what.as_str() {
        "propose" => {
            put("round", json!(form.must("round", "The round")?));
            put("level", json!(level));
            put("note", json!(form.get("note")));
            "proposed"
        }
        "moderate" => {
            put("round", json!(form.must("round", "The round")?));
            put("from", json!(self::level(&form, "from")?));
            put("to", json!(level));
            put("note", json!(form.get("note")));
            "moderated"
        }
        "publish" => {
            put("round", json!(form.must("round", "The round")?));
            "confirmed"
        }
        "ambition" => {
            put(
                "level",
                json!(level.ok_or_else(|| Problem::bad_request("The level wanted is needed"))?),
            );
            put("by", json!(form.date("by", "The day")?));
            "ambition-set"
        }
        _ => return Err(Problem::not_found("There is no such form")),
    };
    record(
        &app,
        &[event(&format!("assessment.{name}"), now, now, data)],
        &form.back(),
    )
    .await
}

fn level(form: &Form, name: &str) -> Result<Option<u8>, Problem> {
    let read = |text: &str| {
        text.parse()
            .map_err(|_| Problem::bad_request("A level must be a whole number"))
    };
    form.get(name).map(read).transpose()
}
