//! `GET /api/v1/scorecards` and `/{id}`: named lists of measures, and what each says in a place; with `.csv` behind the
//! id, that as a table.

use super::outcomes::{area_asked, aside};
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use crate::files;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::scorecards::{InPlace, Row};
use joinedup_contract::answer::{ScorecardInPlace, ScorecardLine, Scorecards};
use joinedup_contract::parameter::OfPeople;
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
    Query(of): Query<OfPeople>,
) -> Result<Response, Problem> {
    let (id, as_csv) = match name.strip_suffix(".csv") {
        Some(id) => (id.to_owned(), true),
        None => (name, false),
    };
    let answer = aside(app.turns.clone(), move || {
        let card = app.definitions.scorecards.get(&id).ok_or_else(|| {
            Problem::not_found("There is no such scorecard; GET /api/v1/scorecards lists them")
        })?;
        let area = area_asked(&app, of.area.as_deref())?;
        let audience = caller.audience_of(area.as_str());
        let people = of.population.as_deref().filter(|id| !id.is_empty());
        let model = app.definitions.catalogue.model();
        if people.is_some_and(|id| model.population(id).is_none()) {
            return Err(Problem::not_found(
                "There is no such population; GET /api/v1/outcomes lists them",
            ));
        }
        let here = InPlace::of(&app, &area, audience, people)?;
        Ok(answer(card, &area, people, &here.rows(card)))
    });
    let Json(answer) = answer.await?;
    if as_csv {
        return csv(&answer);
    }
    Ok(Json(answer).into_response())
}

fn answer(
    card: &Scorecard,
    area: &AreaId,
    people: Option<&str>,
    rows: &[Row<'_>],
) -> ScorecardInPlace {
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
        area: area.clone(),
        population: people.map(ToOwned::to_owned),
        items: lines.collect(),
    }
}

/// The lines as CSV, with the words of the JSON answer.
fn csv(answer: &ScorecardInPlace) -> Result<Response, Problem> {
    let titles = [
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
    fn text(value: Option<impl serde::Serialize>) -> String {
        match value.and_then(|value| serde_json::to_value(value).ok()) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
        }
    }
    let rows = answer.items.iter().map(|line| {
        let gap = line.waits_for.as_ref();
        [
            line.section.clone(),
            line.title.clone(),
            text(line.measure.as_ref()),
            text(line.period),
            text(line.period_start),
            text(line.value),
            text(line.unit.as_ref()),
            text(line.target),
            text(line.median),
            text(line.variation),
            text(line.assurance),
            text(line.footprint.as_ref()),
            text(gap.map(|gap| &gap.needs)),
            text(gap.map(|gap| &gap.who)),
        ]
    });
    files::csv(titles, rows)
}
