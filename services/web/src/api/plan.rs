//! `/api/v1/plan`, `/api/v1/checklists` and `/api/v1/findings`: what a place plans, what is in place there, and what
//! reviews found.

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
use joinedup_application::execute::{WriteKey, execute};
use joinedup_application::plan::{one_page, plan};
use joinedup_application::{charts, checklists, findings};
use joinedup_contract::answer::{Checklists, Findings, Plan, RecordedPlanItem};
use joinedup_contract::parameter::{OfArea, OfFramework};
use joinedup_contract::request::PlanRequest;

/// The plan of an area and the areas within it, and where the area stands.
pub async fn read(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(of): Query<OfArea>,
) -> Result<Json<Plan>, Problem> {
    aside(app.turns.clone(), move || {
        let area = area_asked(&app, of.area.as_deref())?;
        let audience = caller.audience_of(area.as_str());
        let items = plan(&app, &area)?;
        Ok(Plan {
            one_page: one_page(&app, &area, audience, &items)?,
            area,
            items,
        })
    })
    .await
}

/// Records something of an item of a plan.
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
    let request: PlanRequest = serde_json::from_slice(&body).map_err(|e| {
        let fields = "action (set or progress), area, plan_item, aim, framework, item, measures, owner, tested_by, by, progress (open, done or \
                      dropped), reason, on, version";
        Problem::bad_request(misread(&e, fields))
    })?;
    let area = charts::area(&app, &request.area)?;
    caller.must_cover(&area)?;
    let write_key = WriteKey::of(&caller.name, key.of_caller());
    let command = request.command(area, write_key.id())?;
    let write = write(&caller, write_key, command, request.version);
    let receipt = execute(&app, &write).await?;
    let answer = RecordedPlanItem {
        plan_item: receipt.entity.to_string(),
        position: receipt.position,
    };
    Ok(recorded(
        &keys,
        key,
        &answer,
        &write.command,
        receipt.position,
    ))
}

/// The checklists of a framework in an area.
pub async fn checklists(
    State(app): State<App>,
    Query(of): Query<OfFramework>,
) -> Result<Json<Checklists>, Problem> {
    aside(app.turns.clone(), move || {
        let area = area_asked(&app, of.area.as_deref())?;
        let catalogue = &app.definitions.catalogue;
        let asked = of.framework.as_deref().filter(|id| !id.is_empty());
        let framework = catalogue.framework(asked.unwrap_or(catalogue.model().id()));
        let framework = framework.ok_or_else(|| {
            Problem::not_found("There is no such framework; GET /api/v1/frameworks lists them")
        })?;
        let items = checklists::items(&app, framework).into_iter();
        let items = items.map(|item| checklists::of_item(&app, &area, &framework.id, item));
        Ok(Checklists {
            framework: framework.id.clone(),
            items: items.collect::<Result<_, _>>()?,
            area,
        })
    })
    .await
}

/// The findings of reviews in an area and the areas within it.
pub async fn findings(
    State(app): State<App>,
    Query(of): Query<OfArea>,
) -> Result<Json<Findings>, Problem> {
    aside(app.turns.clone(), move || {
        let area = area_asked(&app, of.area.as_deref())?;
        Ok(Findings {
            findings: findings::of_place(&app, &area)?,
            area,
        })
    })
    .await
}
