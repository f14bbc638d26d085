//! `GET /api/v1/scorecards` and `/{id}`: named lists of measures, and what each says in a place; with `.csv` behind the
//! id, that as a table.

use super::outcomes::{area_asked, aside};
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::scorecards::{Row, rows};
use joinedup_contract::answer::{ScorecardInPlace, ScorecardLine, Scorecards};
use joinedup_contract::parameter::OfArea;
use joinedup_events::AreaId;
use joinedup_views::scorecards::Scorecard;
use serde_json::Value;

/// All scorecards.
pub async fn list(State(app): State<App>) -> Json<Scorecards> {
    Json(Scorecards {
        scorecards: app
            .definitions
            .scorecards
            .all()
            .into_iter()
            .cloned()
            .collect(),
    })
}

/// One scorecard in a place.
pub async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Query(of): Query<OfArea>,
) -> Result<Response, Problem> {
    let (id, as_csv) = match name.strip_suffix(".csv") {
        Some(id) => (id.to_owned(), true),
        None => (name, false),
    };
    let answer = aside(move || {
        let card = app.definitions.scorecards.get(&id).ok_or_else(|| {
            Problem::not_found("There is no such scorecard; GET /api/v1/scorecards lists them")
        })?;
        let area = area_asked(&app, of.area.as_deref())?;
        let audience = caller.audience_in([area.as_str()].into_iter());
        let found = rows(&app, card, &area, audience)?;
        Ok(answer(card, area, &found))
    });
    let Json(answer) = answer.await?;
    if as_csv {
        let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
        return Ok((kind, csv(&answer)?).into_response());
    }
    Ok(Json(answer).into_response())
}

fn answer(card: &Scorecard, area: AreaId, rows: &[Row<'_>]) -> ScorecardInPlace {
    let lines = rows.iter().map(|row| {
        let line = row.with_value();
        ScorecardLine {
            section: row.item.section.clone(),
            title: row.title().to_owned(),
            measure: row.item.measure.clone(),
            note: row.item.note.clone(),
            means: row.measure.map(|m| m.counts.clone()),
            unit: line.map(|l| l.unit.clone()),
            period: line.map(|l| l.period),
            period_start: line.and_then(|l| l.latest).map(|(start, _)| start),
            value: line.and_then(|l| l.latest).map(|(_, value)| value),
            target: line.and_then(|l| l.target),
            median: line.and_then(|l| l.centre),
            variation: line.and_then(|l| l.variation),
            assurance: line.and_then(|l| l.assurance),
            why: line.map(|l| l.why.clone()),
            footprint: line.and_then(|l| l.footprint.clone()),
            waits_for: row.gap.clone(),
        }
    });
    ScorecardInPlace {
        id: card.id.clone(),
        title: card.title.clone(),
        purpose: card.purpose,
        owner: card.owner.clone(),
        footprint: card.footprint.clone(),
        about: card.about.clone(),
        source: card.source.clone(),
        area,
        items: lines.collect(),
    }
}

/// The lines as CSV, with the words of the JSON answer.
fn csv(answer: &ScorecardInPlace) -> Result<Vec<u8>, Problem> {
    const COLUMNS: [&str; 14] = [
        "section",
        "title",
        "measure",
        "period",
        "period_start",
        "value",
        "unit",
        "target",
        "median",
        "variation",
        "assurance",
        "footprint",
        "needs",
        "who",
    ];
    let failed = |_| Problem::unavailable("The file could not be written");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(failed)?;
    let failed_to_write = |_| Problem::unavailable("The file could not be written");
    for item in &answer.items {
        let item = serde_json::to_value(item).map_err(failed_to_write)?;
        let text = |name: &str| {
            let value = match name {
                "needs" | "who" => &item["waits_for"][name],
                name => &item[name],
            };
            match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }
        };
        writer.write_record(COLUMNS.map(text)).map_err(failed)?;
    }
    writer
        .into_inner()
        .map_err(|_| Problem::unavailable("The file could not be written"))
}
