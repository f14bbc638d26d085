//! `POST /api/v1/changes`: a change planned, started, paused or finished; a target set; a new baseline proposed or
//! accepted.

use crate::app::App;
use crate::charts;
use crate::config::Role;
use crate::http::assessments::{recorded, until_seen};
use crate::http::auth::Caller;
use crate::http::events;
use crate::http::idempotency::{Keys, Replay};
use crate::http::problem::{FieldError, Problem};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use chrono::{NaiveDate, NaiveTime, SecondsFormat};
use joinedup_events::change::Decision;
use joinedup_events::{AreaId, Family, local};
use joinedup_views::catalogue::FrameworkKind;
use joinedup_views::changes::{change, decisions};
use joinedup_views::measure::Shape;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    /// A change is planned.
    Plan,
    /// Its test begins, or goes on after a pause.
    Start,
    /// It is interrupted.
    Pause,
    /// It ends, with a decision.
    Finish,
    /// A target is set.
    TargetSet,
    /// A new baseline is proposed.
    RebaseProposed,
    /// A new baseline is accepted.
    RebaseAccepted,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    action: Action,
    /// The area; of a change that was planned it may be left out.
    #[serde(default)]
    area: Option<String>,
    /// The change; of a plan it may be left out, and one is made up.
    #[serde(default)]
    change: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    aim: Option<String>,
    #[serde(default)]
    measures: Vec<String>,
    #[serde(default)]
    concept: Option<String>,
    #[serde(default)]
    items: Vec<String>,
    #[serde(default)]
    decision: Option<Decision>,
    #[serde(default)]
    learnt: Option<String>,
    #[serde(default)]
    measure: Option<String>,
    #[serde(default)]
    target: Option<f64>,
    /// From this date on, of a target or a baseline.
    #[serde(default)]
    from: Option<NaiveDate>,
    #[serde(default)]
    reason: Option<String>,
    /// The date on which it happened, where not now.
    #[serde(default)]
    on: Option<NaiveDate>,
}

/// Says something of a change or a chart.
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
    let said: Said = serde_json::from_slice(&body).map_err(|e| {
        let fields = "action (plan, start, pause, finish, target-set, rebase-proposed or rebase-accepted), area, change, title, aim, \
                      measures, concept, items, decision (adopt, adapt or abandon), learnt, measure, target, from, reason, on";
        Problem::bad_request(format!("The body must be a JSON object of the fields {fields}; line {}, column {} is not", e.line(), e.column()))
    })?;
    let (id, event) = match said.action {
        Action::Plan | Action::Start | Action::Pause | Action::Finish => cycle(&app, &said)?,
        Action::TargetSet | Action::RebaseProposed | Action::RebaseAccepted => {
            decision(&app, &said)?
        }
    };
    let event = dated(&app, &said, event)?;
    let admitted = events::admit(
        &app,
        std::iter::once(event.to_string().as_bytes()),
        app.now(),
    )?;
    let published = events::append(&app, &admitted, None).await?;
    let position = published.positions.first().copied().unwrap_or(0);
    until_seen(&app, position).await;
    let answer = json!({ "change": id, "position": position });
    let response = (StatusCode::CREATED, Json(&answer)).into_response();
    keys.remember(replay, StatusCode::CREATED, &answer);
    Ok(response)
}

fn refused(pointer: &str, detail: impl Into<String>) -> Problem {
    Problem::refused(vec![FieldError {
        index: None,
        pointer: pointer.into(),
        detail: detail.into(),
    }])
}

fn data(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Map<String, Value> {
    pairs
        .into_iter()
        .filter(|(_, v)| !v.is_null())
        .map(|(n, v)| (n.to_owned(), v))
        .collect()
}

/// What happened on an earlier date happened at noon of it.
fn dated(app: &App, said: &Said, mut event: Value) -> Result<Value, Problem> {
    let Some(on) = said.on else { return Ok(event) };
    let now = app.now();
    if on > local::date(now) {
        return Err(refused("/on", "must not lie in the future"));
    }
    let noon = local::at(on, NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default()).min(now);
    event["time"] = noon.to_rfc3339_opts(SecondsFormat::Micros, true).into();
    Ok(event)
}

fn area_of(app: &App, said: &Said) -> Result<AreaId, Problem> {
    let code = said.area.as_deref();
    Ok(charts::area(
        app,
        code.ok_or_else(|| refused("/area", "is needed"))?,
    )?)
}

/// A step of a cycle.
fn cycle(app: &App, said: &Said) -> Result<(String, Value), Problem> {
    if said.action == Action::Plan {
        let area = area_of(app, said)?;
        checked_plan(app, said)?;
        let id = said
            .change
            .clone()
            .unwrap_or_else(|| format!("change-{}", uuid::Uuid::now_v7()));
        let plan = data([
            ("change", json!(id)),
            ("area", json!(area)),
            ("title", json!(said.title)),
            ("aim", json!(said.aim)),
            ("measures", json!(said.measures)),
            ("concept", json!(said.concept)),
            ("items", json!(said.items)),
        ]);
        return Ok((id, recorded(app, "change", "planned", plan)));
    }
    let id = said.change.clone().ok_or_else(|| {
        refused(
            "/change",
            "is needed: the id that the plan was answered with",
        )
    })?;
    let known = charts::views(app)?.read(|view| {
        view.entity(Family::Change, &id)
            .and_then(|e| change(&e.facts.standing()))
    });
    let known =
        known.ok_or_else(|| Problem::not_found("There is no such change; plan it first"))?;
    let area = said
        .area
        .as_deref()
        .map_or_else(|| Ok(known.area.clone()), |code| charts::area(app, code))?;
    let (name, more) = match said.action {
        Action::Start => ("started", None),
        Action::Pause => ("paused", None),
        _ => (
            "finished",
            Some(
                said.decision
                    .ok_or_else(|| refused("/decision", "is needed: adopt, adapt or abandon"))?,
            ),
        ),
    };
    if name != "started" && known.started.is_none() {
        return Err(refused(
            "/action",
            "must follow a start; the change has not begun",
        ));
    }
    let learnt = said.learnt.as_ref().filter(|_| more.is_some());
    let step = data([
        ("change", json!(id)),
        ("area", json!(area)),
        ("decision", json!(more)),
        ("learnt", json!(learnt)),
    ]);
    Ok((id, recorded(app, "change", name, step)))
}

fn checked_plan(app: &App, said: &Said) -> Result<(), Problem> {
    let catalogue = &app.definitions.catalogue;
    if said.title.is_none() {
        return Err(refused("/title", "is needed: a short name for charts"));
    }
    if let Some(at) = said
        .measures
        .iter()
        .position(|m| app.definitions.measures.get(m).is_none())
    {
        return Err(refused(
            &format!("/measures/{at}"),
            "is no measure; GET /api/v1/measures lists them",
        ));
    }
    if let Some(at) = said.items.iter().position(|i| catalogue.node(i).is_none()) {
        return Err(refused(
            &format!("/items/{at}"),
            "is no item of the logic model; GET /api/v1/outcomes lists them",
        ));
    }
    let tagged = |concept: &str| {
        catalogue
            .frameworks()
            .any(|f| f.kind == FrameworkKind::Tags && f.item(concept).is_some())
    };
    if said.concept.as_deref().is_some_and(|c| !tagged(c)) {
        return Err(refused(
            "/concept",
            "is no change concept of the catalogue; GET /api/v1/frameworks lists them",
        ));
    }
    Ok(())
}

/// A decision about a chart.
fn decision(app: &App, said: &Said) -> Result<(String, Value), Problem> {
    let area = area_of(app, said)?;
    let measure = said
        .measure
        .as_deref()
        .ok_or_else(|| refused("/measure", "is needed"))?;
    let known = app
        .definitions
        .measures
        .get(measure)
        .ok_or_else(|| refused("/measure", "is no measure; GET /api/v1/measures lists them"))?;
    let from = said
        .from
        .ok_or_else(|| refused("/from", "is needed: the first date that it holds for"))?;
    let reason = said
        .reason
        .as_deref()
        .ok_or_else(|| refused("/reason", "is needed: why, in a sentence"))?;
    let id = format!("chart/{measure}");
    let target = match said.action {
        Action::TargetSet => Some(said.target.ok_or_else(|| {
            refused(
                "/target",
                "is needed, in the measure's unit; a share is 0 to 1",
            )
        })?),
        _ => None,
    };
    if known.shape() == Shape::Proportion && target.is_some_and(|t| !(0.0..=1.0).contains(&t)) {
        return Err(refused(
            "/target",
            "must be between 0 and 1: the measure is a share",
        ));
    }
    let name = match said.action {
        Action::TargetSet => "target-set",
        Action::RebaseProposed => "rebase-proposed",
        _ => "rebase-accepted",
    };
    if said.action == Action::RebaseAccepted {
        let stand = charts::views(app)?.read(|view| {
            view.entity(Family::Change, &id)
                .map(|e| decisions(&e.facts.standing()))
                .unwrap_or_default()
        });
        let waits = stand
            .proposed
            .iter()
            .any(|b| b.area == area && b.from == from);
        if !waits {
            return Err(refused(
                "/from",
                "must be the date of a baseline that was proposed for this chart and waits",
            ));
        }
    }
    let said = data([
        ("change", json!(id)),
        ("area", json!(area)),
        ("measure", json!(measure)),
        ("target", json!(target)),
        ("from", json!(from)),
        ("reason", json!(reason)),
    ]);
    Ok((id, recorded(app, "change", name, said)))
}
