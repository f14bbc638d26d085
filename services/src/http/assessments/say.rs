//! `POST /api/v1/assessments`: one more thing said of an area's item.

use super::{row, version};
use crate::app::App;
use crate::charts;
use crate::config::Role;
use crate::http::auth::Caller;
use crate::http::events;
use crate::http::idempotency::{Keys, Replay};
use crate::http::problem::{FieldError, Problem};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use chrono::{NaiveDate, SecondsFormat};
use joinedup_events::{AreaId, Family};
use joinedup_log::{AppendError, Position};
use joinedup_views::ratings::{Round, rating};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long an answer waits for the views to take up what was recorded.
const SEEN_WITHIN: Duration = Duration::from_secs(3);
/// The CloudEvents source of what is recorded through this address.
const SOURCE: &str = "joinedup/api";

/// What can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    /// The area (or one rater) proposes a level.
    Propose,
    /// The round across areas keeps or changes it.
    Moderate,
    /// The level is published.
    Confirm,
    /// The level wanted by a date.
    Ambition,
    /// Evidence in words.
    Note,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    area: String,
    #[serde(default = "logic_model")]
    framework: String,
    item: String,
    #[serde(default)]
    round: Option<String>,
    action: Action,
    #[serde(default)]
    level: Option<u8>,
    #[serde(default)]
    rater: Option<String>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    by: Option<NaiveDate>,
    /// The version that was read; 0 when nothing has been said of the item yet.
    version: u64,
}

fn logic_model() -> String {
    "scie".to_owned()
}

/// Says something, if nobody said anything since the version that was read.
pub async fn say(
    State(app): State<App>,
    State(keys): State<Keys>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    caller.must(Role::Assessor)?;
    let replay = match keys.look(&headers, &caller.name, &body)? {
        Replay::Answered(answer) => return Ok(answer),
        Replay::New(replay) => replay,
    };
    let said: Said =
        serde_json::from_slice(&body).map_err(|e| Problem::bad_request(misread(&e)))?;
    let area = charts::area(&app, &said.area)?;
    if let Some(problem) =
        app.definitions
            .catalogue
            .problem(&said.framework, &said.item, said.level)
    {
        return Err(refused("/item", problem));
    }
    until_seen(&app, said.version).await;
    let stands = now(&app, &area, &said);
    makes_sense(&said, stands.as_ref().and_then(|(_, round)| round.as_ref()))?;
    let event = event(&app, &area, &said);
    let admitted = events::admit(
        &app,
        std::iter::once(event.to_string().as_bytes()),
        app.now(),
    )?;
    let publisher = app.publisher.as_ref().ok_or_else(|| {
        Problem::not_found("This process does not publish; ask the one that does")
    })?;
    let position = match publisher
        .publish(&admitted, Some(Position(said.version)))
        .await
    {
        Ok(appended) => appended.first().map_or(0, |a| a.position.0),
        Err(AppendError::Conflict { actual, .. }) => {
            return Err(conflict(&app, &area, &said, actual.0).await);
        }
        Err(other) => return Err(other.into()),
    };
    until_seen(&app, position).await;
    let answer = json!({ "version": position, "assessment": now(&app, &area, &said).map(|(value, _)| value) });
    let response = (StatusCode::CREATED, Json(&answer)).into_response();
    keys.remember(replay, StatusCode::CREATED, &answer);
    Ok(response)
}

/// What the reader of JSON says, without the values that it read.
fn misread(error: &serde_json::Error) -> String {
    let fields = "area, framework, item, round, action (propose, moderate, confirm, ambition or note), level, rater, note, by, version";
    format!(
        "The body must be a JSON object of the fields {fields}; line {}, column {} is not. `version` is the one that was read, 0 for an item of which nothing was said",
        error.line(),
        error.column()
    )
}

fn refused(pointer: &str, detail: impl Into<String>) -> Problem {
    Problem::refused(vec![FieldError {
        index: None,
        pointer: pointer.into(),
        detail: detail.into(),
    }])
}

/// Waits until the views have a position; what was recorded is durable anyhow.
pub(in crate::http) async fn until_seen(app: &App, position: u64) {
    let Some(views) = &app.views else { return };
    let mut moved = views.moved();
    let seen = async {
        while views.status().position < position {
            if moved.changed().await.is_err() {
                break;
            }
        }
    };
    // Whoever reads too early sees it a moment later.
    let _ = tokio::time::timeout(SEEN_WITHIN, seen).await;
}

/// What stands: the item as it is listed, and the round in question.
fn now(app: &App, area: &AreaId, said: &Said) -> Option<(Value, Option<Round>)> {
    let id = format!("{area}/{}/{}", said.framework, said.item);
    charts::views(app).ok()?.read(|view| {
        let facts = &view.entity(Family::Assessment, &id)?.facts;
        let rating = rating(&facts.standing())?;
        let round = rating
            .rounds
            .iter()
            .find(|r| said.round.as_deref() == Some(r.round.as_str()))
            .cloned();
        Some((row(app, &rating, version(&facts.all()), None), round))
    })
}

/// A level is moderated after it was proposed, and published after one of both. The version says that what was read
/// still stands, so this cannot change between the check and the record.
fn makes_sense(said: &Said, round: Option<&Round>) -> Result<(), Problem> {
    let needs_round = matches!(
        said.action,
        Action::Propose | Action::Moderate | Action::Confirm
    );
    if needs_round && said.round.is_none() {
        return Err(refused(
            "/round",
            "is needed: the round that this is said in, such as 2026",
        ));
    }
    let proposed = round.is_some_and(|r| r.proposed.is_some() || r.moderated.is_some());
    match said.action {
        Action::Moderate | Action::Confirm if !proposed => Err(refused(
            "/action",
            "must follow a proposal of the area in that round; there is none",
        )),
        Action::Confirm if said.level.is_some() => Err(refused(
            "/level",
            "must be left out: what is published is the level that stands",
        )),
        Action::Ambition if said.level.is_none() || said.by.is_none() => Err(refused(
            "/by",
            "and `level` are both needed for an ambition",
        )),
        Action::Note if said.note.is_none() => Err(refused("/note", "is needed")),
        _ => Ok(()),
    }
}

fn event(app: &App, area: &AreaId, said: &Said) -> Value {
    let name = match said.action {
        Action::Propose => "proposed",
        Action::Moderate => "moderated",
        Action::Confirm => "confirmed",
        Action::Ambition => "ambition-set",
        Action::Note => "noted",
    };
    let level = match said.action {
        Action::Moderate => ("to", json!(said.level)),
        _ => ("level", json!(said.level)),
    };
    let round = !matches!(said.action, Action::Ambition | Action::Note);
    let data: Map<String, Value> = [
        ("area", json!(area)),
        ("framework", json!(said.framework)),
        ("item", json!(said.item)),
        ("round", json!(said.round.as_ref().filter(|_| round))),
        level,
        (
            "rater",
            json!(
                said.rater
                    .as_ref()
                    .filter(|_| said.action == Action::Propose)
            ),
        ),
        (
            "note",
            json!(
                said.note
                    .as_ref()
                    .filter(|_| said.action != Action::Confirm && said.action != Action::Ambition)
            ),
        ),
        (
            "by",
            json!(said.by.filter(|_| said.action == Action::Ambition)),
        ),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_null())
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    recorded(app, "assessment", name, data)
}

/// An event that happens and is recorded now.
pub(in crate::http) fn recorded(
    app: &App,
    family: &str,
    name: &str,
    data: Map<String, Value>,
) -> Value {
    let now = app.now().to_rfc3339_opts(SecondsFormat::Micros, true);
    json!({
        "specversion": "1.0",
        "type": format!("care.joinedup.{family}.{name}.v1"),
        "source": SOURCE,
        "id": uuid::Uuid::now_v7().to_string(),
        "time": now,
        "recordedtime": now,
        "datacontenttype": "application/json",
        "data": data,
    })
}

/// 409 with what stands now, once the views have it.
async fn conflict(app: &App, area: &AreaId, said: &Said, actual: u64) -> Problem {
    until_seen(app, actual).await;
    let detail = format!(
        "Something was said of this item since version {}. Read what stands now, decide again, and send version {actual}",
        said.version
    );
    let stands = now(app, area, said);
    let round = stands.as_ref().and_then(|(_, round)| round.clone());
    let problem = Problem::new(StatusCode::CONFLICT, "Somebody else was first", detail)
        .with("version", actual.into())
        .with("level", json!(round.as_ref().and_then(|r| r.level)))
        .with("round", json!(round));
    match stands {
        Some((value, _)) => problem.with("stands", value),
        None => problem,
    }
}
