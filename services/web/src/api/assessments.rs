//! `/api/v1/assessments`: ratings of an area and the areas within it, two rounds compared, and recording something new.
//!
//! Who records something names the version that was read; when somebody else was first the answer is 409 with what
//! stands now, so no rating is ever overwritten unseen.

use super::outcomes::aside;
use super::{API_SOURCE, recorded};
use crate::door::audit;
use crate::door::auth::Caller;
use crate::door::idempotency::{Keys, Replay};
use crate::door::problem::Problem;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::execute::{ExecuteError, Write, WriteKey, execute};
use joinedup_application::request::RatingRequest;
use joinedup_application::{charts, outcomes};
use joinedup_events::{AreaId, Family, Slug};
use joinedup_views::decide::version;
use joinedup_views::ratings::{Rating, Stage, age_days, compare, consensus, rating};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Ratings of an area and the areas within it. With a framework, its items that the area itself has not rated too.
pub async fn list(
    State(app): State<App>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    aside(move || {
        let get = |name: &str| {
            parameters
                .get(name)
                .map(String::as_str)
                .filter(|v| !v.is_empty())
        };
        let area = charts::area(&app, get("area").unwrap_or(&app.config.home_area))?;
        let within = app.definitions.areas.within(&area);
        let (framework, item, round) = (get("framework"), get("item"), get("round"));
        let asked = |r: &Rating| {
            framework.is_none_or(|f| r.framework.as_str() == f)
                && item.is_none_or(|i| r.item.as_str() == i)
        };
        let mut rows: Vec<(Rating, u64)> = charts::views(&app)?.read(|view| {
            let entities = view.listed(Family::Assessment);
            let read = entities
                .filter_map(|e| Some((rating(&e.facts.standing())?, version(&e.facts.all()))));
            read.filter(|(r, _)| within.contains(&r.area) && asked(r))
                .collect()
        });
        rows.sort_by(|(a, _), (b, _)| {
            (&a.area, &a.framework, &a.item).cmp(&(&b.area, &b.framework, &b.item))
        });
        let rated: BTreeSet<String> = rows
            .iter()
            .filter(|(r, _)| r.area == area)
            .map(|(r, _)| r.item.to_string())
            .collect();
        let mut shown: Vec<Value> = rows
            .into_iter()
            .map(|(r, version)| row(&app, &r, version, round))
            .collect();
        if let Some(framework) = framework {
            let known = app.definitions.catalogue.framework(framework);
            let known = known.ok_or_else(|| {
                Problem::not_found("There is no such framework; GET /api/v1/frameworks lists them")
            })?;
            let missing = known
                .items
                .iter()
                .filter(|i| !rated.contains(&i.id) && item.is_none_or(|asked| asked == i.id));
            shown.extend(missing.map(|i| not_rated(&app, &area, framework, &i.id)));
        }
        Ok(json!({ "area": area, "count": shown.len(), "assessments": shown }))
    })
    .await
}

/// One item as JSON; with a round, only that round of it. Each round says whether its raters agree, where the framework
/// has a rule for that.
fn row(app: &App, rating: &Rating, version: u64, round: Option<&str>) -> Value {
    let mut value = serde_json::to_value(rating).unwrap_or_default();
    let of_round = rating
        .rounds
        .iter()
        .rev()
        .find(|r| round.is_none_or(|asked| r.round.as_str() == asked));
    if let Some(framework) = app
        .definitions
        .catalogue
        .framework(rating.framework.as_str())
    {
        let rows = value["rounds"].as_array_mut().into_iter().flatten();
        for (row, round) in rows.zip(&rating.rounds) {
            let levels: Vec<u8> = round.raters.iter().filter_map(|r| r.given.level).collect();
            row["consensus"] = json!(consensus(framework, &levels));
        }
    }
    if let (Some(asked), Some(rounds)) = (round, value["rounds"].as_array_mut()) {
        rounds.retain(|r| r["round"] == asked);
    }
    value["state"] = of_round.map_or_else(|| json!("not-rated"), |r| json!(r.stage));
    value["version"] = version.into();
    value["age_days"] = json!(age_days(rating, app.now()));
    about(
        app,
        &mut value,
        rating.framework.as_str(),
        rating.item.as_str(),
    );
    value
}

fn not_rated(app: &App, area: &AreaId, framework: &str, item: &str) -> Value {
    let mut value = json!({
        "area": area, "framework": framework, "item": item, "rounds": [], "level": null, "round": null, "published_on": null,
        "ambition": null, "gap": null, "notes": [], "state": "not-rated", "version": 0, "age_days": null,
    });
    about(app, &mut value, framework, item);
    value
}

fn about(app: &App, value: &mut Value, framework: &str, item: &str) {
    let catalogue = &app.definitions.catalogue;
    let known = catalogue.framework(framework);
    value["title"] = json!(known.and_then(|f| f.item(item)).map(|i| &i.title));
    value["question"] = json!(catalogue.question(framework, item));
    let named = |level: &Value| {
        u8::try_from(level.as_u64()?)
            .ok()
            .and_then(|l| known?.scale.as_ref()?.level(l))
    };
    value["level_title"] = json!(named(&value["level"]));
}

/// Two rounds compared: the ones named, else the last two that were published.
pub async fn rounds(
    State(app): State<App>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    aside(move || {
        let area = charts::area(
            &app,
            parameters.get("area").unwrap_or(&app.config.home_area),
        )?;
        let mut ratings = outcomes::ratings(&app, &app.definitions.areas.within(&area))?;
        if let Some(framework) = parameters.get("framework") {
            ratings.retain(|r| r.framework.as_str() == framework);
        }
        let published: BTreeSet<String> = ratings
            .iter()
            .flat_map(|r| &r.rounds)
            .filter(|r| r.stage == Stage::Published || r.confirmed_at.is_some())
            .map(|r| r.round.to_string())
            .collect();
        let mut latest = published.iter().rev();
        let (last, before) = (latest.next(), latest.next());
        let named = |name: &str, otherwise: Option<&String>| -> Result<Slug, Problem> {
            let text = parameters.get(name).or(otherwise);
            let text = text.ok_or_else(|| {
                Problem::not_found(
                    "Two published rounds are needed to compare; name them by `from` and `to`",
                )
            })?;
            Slug::new(text)
                .map_err(|_| Problem::bad_request(format!("`{name}` must be the name of a round")))
        };
        let (earlier, later) = (named("from", before)?, named("to", last)?);
        let mut value =
            serde_json::to_value(compare(&ratings, &earlier, &later)).unwrap_or_default();
        value["area"] = json!(area);
        value["published_rounds"] = json!(published);
        Ok(value)
    })
    .await
}

/// Records something, if nothing was recorded since the version that was read.
pub async fn record(
    State(app): State<App>,
    State(keys): State<Keys>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let key = match keys.look(&headers, &caller.name, &body)? {
        Replay::Answered(answer) => return Ok(answer),
        Replay::New(key) => key,
    };
    let request: RatingRequest =
        serde_json::from_slice(&body).map_err(|e| Problem::bad_request(misread(&e)))?;
    let area = charts::area(&app, &request.area)?;
    caller.must_cover(&area)?;
    let write = Write {
        source: API_SOURCE,
        actor: caller.actor(),
        key: WriteKey::of(&caller.name, key.of_caller()),
        command: request.command(area.clone())?,
        version: Some(request.version),
    };
    let receipt = match execute(&app, &write).await {
        Err(error @ ExecuteError::Conflict { .. }) => {
            return Err(conflict(&app, &area, &request, error));
        }
        other => other?,
    };
    let stands = current(&app, &area, &request).map(|rating| row(&app, &rating.0, rating.1, None));
    let answer = json!({ "version": receipt.position, "assessment": stands });
    let answer = recorded(&keys, key, &answer);
    Ok(audit::recorded(answer, &write.command, receipt.position))
}

/// What is wrong with a body, without the values in it.
fn misread(error: &serde_json::Error) -> String {
    let fields = "area, framework, item, round, action (propose, moderate, confirm, ambition or note), level, rater, note, by, on, version";
    format!(
        "The body must be a JSON object of the fields {fields}; line {}, column {} is not. `version` is the one that was read, 0 for an item of which nothing was recorded",
        error.line(),
        error.column()
    )
}

/// The item's rating and version as they stand.
fn current(app: &App, area: &AreaId, request: &RatingRequest) -> Option<(Rating, u64)> {
    let id = format!("{area}/{}/{}", request.framework, request.item);
    charts::views(app).ok()?.read(|view| {
        let facts = view.entity(Family::Assessment, &id)?.facts;
        Some((rating(&facts.standing())?, version(&facts.all())))
    })
}

/// 409 with what stands now.
fn conflict(app: &App, area: &AreaId, request: &RatingRequest, error: ExecuteError) -> Problem {
    let problem = Problem::from(error);
    let Some((stands, version)) = current(app, area, request) else {
        return problem;
    };
    let round = stands
        .rounds
        .iter()
        .find(|r| request.round.as_deref() == Some(r.round.as_str()));
    problem
        .with("level", json!(round.and_then(|r| r.level)))
        .with("round", json!(round))
        .with("stands", row(app, &stands, version, None))
}
