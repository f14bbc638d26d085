//! `/api/v1/assessments`: ratings of an area and the areas within it, two rounds compared, and recording something new.
//!
//! Who records something names the version that was read; when somebody else was first the answer is 409 with what
//! stands now, so no rating is ever overwritten unseen.

use super::outcomes::{area_asked, aside};
use super::{misread, recorded, write};
use crate::door::auth::Caller;
use crate::door::idempotency::{Keys, Replay};
use crate::door::problem::Problem;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::execute::{ExecuteError, WriteKey, execute};
use joinedup_application::{charts, outcomes};
use joinedup_contract::answer::{
    AssessedRound, Assessment, AssessmentState, Assessments, ComparedRounds, RecordedRating,
};
use joinedup_contract::parameter::{OfRatings, OfRounds};
use joinedup_contract::request::RatingRequest;
use joinedup_events::{AreaId, Family, Slug};
use joinedup_views::decide::version;
use joinedup_views::ratings::{Rating, age_days, compare, consensus, published_rounds, rating};
use std::collections::BTreeSet;

/// Ratings of an area and the areas within it. With a framework, its items that the area itself has not rated too.
pub async fn list(
    State(app): State<App>,
    Query(of): Query<OfRatings>,
) -> Result<Json<Assessments>, Problem> {
    aside(app.turns.clone(), move || {
        fn given(text: &Option<String>) -> Option<&str> {
            text.as_deref().filter(|text| !text.is_empty())
        }
        let area = area_asked(&app, given(&of.area))?;
        let within = app.definitions.areas.within(&area);
        let (framework, item, round) = (given(&of.framework), given(&of.item), given(&of.round));
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
        let rated: BTreeSet<Slug> = rows
            .iter()
            .filter(|(r, _)| r.area == area)
            .map(|(r, _)| r.item.clone())
            .collect();
        let mut shown: Vec<Assessment> = rows
            .into_iter()
            .map(|(r, version)| row(&app, r, version, round))
            .collect();
        if let Some(framework) = framework {
            let known = app.definitions.catalogue.framework(framework);
            let unknown = || {
                Problem::not_found("There is no such framework; GET /api/v1/frameworks lists them")
            };
            let known = known.ok_or_else(unknown)?;
            let asked = known
                .items
                .iter()
                .filter(|i| item.is_none_or(|asked| asked == i.id))
                .filter_map(|i| Slug::new(&i.id).ok());
            let framework = Slug::new(framework).map_err(|_| unknown())?;
            let missing = asked.filter(|item| !rated.contains(item));
            shown.extend(missing.map(|item| not_rated(&app, &area, &framework, item)));
        }
        Ok(Assessments {
            area,
            count: shown.len(),
            assessments: shown,
        })
    })
    .await
}

/// One item; with a round, only that round of it. Each round says whether its raters agree, where the framework has a rule
/// for that.
fn row(app: &App, rating: Rating, version: u64, round: Option<&str>) -> Assessment {
    let framework = app
        .definitions
        .catalogue
        .framework(rating.framework.as_str());
    let age_days = age_days(&rating, app.now());
    let rounds: Vec<AssessedRound> = rating
        .rounds
        .into_iter()
        .filter(|r| round.is_none_or(|asked| r.round.as_str() == asked))
        .map(|round| {
            let levels: Vec<u8> = round.raters.iter().filter_map(|r| r.given.level).collect();
            AssessedRound {
                consensus: framework.and_then(|f| consensus(f, &levels)),
                round,
            }
        })
        .collect();
    let scale = framework.and_then(|f| f.scale.as_ref());
    let level_title = rating.level.and_then(|level| scale?.level(level));
    Assessment {
        level_title: level_title.map(ToOwned::to_owned),
        state: rounds
            .last()
            .map_or(AssessmentState::NotRated, |r| r.round.stage.into()),
        rounds,
        level: rating.level,
        round: rating.round,
        published_on: rating.published_on,
        ambition: rating.ambition,
        gap: rating.gap,
        notes: rating.notes,
        version,
        age_days,
        ..not_rated(app, &rating.area, &rating.framework, rating.item)
    }
}

fn not_rated(app: &App, area: &AreaId, framework: &Slug, item: Slug) -> Assessment {
    let catalogue = &app.definitions.catalogue;
    let known = catalogue.framework(framework.as_str());
    Assessment {
        area: area.clone(),
        framework: framework.clone(),
        title: known
            .and_then(|f| f.item(item.as_str()))
            .map(|i| i.title.clone()),
        question: catalogue
            .question(framework.as_str(), item.as_str())
            .map(ToOwned::to_owned),
        item,
        rounds: Vec::new(),
        level: None,
        level_title: None,
        round: None,
        published_on: None,
        ambition: None,
        gap: None,
        notes: Vec::new(),
        state: AssessmentState::NotRated,
        version: 0,
        age_days: None,
    }
}

/// Two rounds compared: the ones named, else the last two that were published.
pub async fn rounds(
    State(app): State<App>,
    Query(of): Query<OfRounds>,
) -> Result<Json<ComparedRounds>, Problem> {
    aside(app.turns.clone(), move || {
        let area = area_asked(&app, of.area.as_deref())?;
        let mut ratings = outcomes::ratings(&app, &app.definitions.areas.within(&area))?;
        if let Some(framework) = &of.framework {
            ratings.retain(|r| r.framework.as_str() == framework);
        }
        let published = published_rounds(&ratings)
            .into_iter()
            .map(|round| round.to_string());
        let published: Vec<String> = published.collect();
        let mut latest = published.iter().rev();
        let (last, before) = (latest.next(), latest.next());
        let named = |name, asked: Option<&String>, otherwise| -> Result<Slug, Problem> {
            let text = asked.or(otherwise);
            let text = text.ok_or_else(|| {
                Problem::not_found(
                    "Two published rounds are needed to compare; name them by `from` and `to`",
                )
            })?;
            Slug::new(text)
                .map_err(|_| Problem::bad_request(format!("`{name}` must be the name of a round")))
        };
        let (earlier, later) = (
            named("from", of.from.as_ref(), before)?,
            named("to", of.to.as_ref(), last)?,
        );
        Ok(ComparedRounds {
            area,
            comparison: compare(&ratings, &earlier, &later),
            published_rounds: published,
        })
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
    let request: RatingRequest = serde_json::from_slice(&body).map_err(|e| {
        let fields = "area, framework, item, round, action (propose, moderate, confirm, ambition, note, tick or finding), level, rater, note, by, point, done, finding, nodes, on, version";
        let what = misread(&e, fields);
        Problem::bad_request(format!("{what}. `version` is the one that was read, 0 for an item of which nothing was recorded"))
    })?;
    let area = charts::area(&app, &request.area)?;
    caller.must_cover(&area)?;
    let write_key = WriteKey::of(&caller.name, key.of_caller());
    let command = request.command(area.clone())?;
    let write = write(&caller, write_key, command, Some(request.version));
    let receipt = match execute(&app, &write).await {
        Err(error @ ExecuteError::Conflict { .. }) => {
            return Err(conflict(&app, &area, &request, error));
        }
        other => other?,
    };
    let stands = current(&app, &area, &request);
    let answer = RecordedRating {
        version: receipt.position,
        assessment: stands.map(|(rating, version)| row(&app, rating, version, None)),
    };
    Ok(recorded(
        &keys,
        key,
        &answer,
        &write.command,
        receipt.position,
    ))
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
    let round = round.cloned();
    problem.with_rating(round.as_ref(), row(app, stands, version, None))
}
