//! `GET /api/v1/charts/{measure}`: JSON; with `.csv`, `.parquet`, `.svg` or `.png` behind the measure, those.

use super::outcomes::area_asked;
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use crate::files;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::charts::{Answer, ChartRequest, ask};
use joinedup_application::columnar;
use joinedup_drawing::of_answer;
use joinedup_views::suppression::Audience;

/// One chart.
pub async fn chart(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Query(mut parameters): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (measure, form) = match name.rsplit_once('.') {
        Some((measure, "csv")) => (measure, "csv"),
        Some((measure, "parquet")) => (measure, "parquet"),
        Some((measure, "svg")) => (measure, "svg"),
        Some((measure, "png")) => (measure, "png"),
        Some((measure, "json")) => (measure, "json"),
        _ => (name.as_str(), "json"),
    };
    parameters.retain(|(name, _)| name != "audience");
    let home = area_asked(&app, None)?;
    let request = ChartRequest::from_parameters(measure, &parameters, home.as_str())?;
    let audience = caller.audience_of(request.area.as_str());
    let turns = app.turns.clone();
    let answer = turns.work(move || ask(&app, &request, audience)).await??;
    match form {
        "csv" => csv(&answer, audience),
        "parquet" => {
            let mut file = Vec::new();
            columnar::points(&answer, audience, &mut file)?;
            Ok(files::parquet(file.into()))
        }
        "svg" => Ok(files::svg(joinedup_drawing::svg(&of_answer(&answer, true)))),
        "png" => {
            let drawn = joinedup_drawing::svg(&of_answer(&answer, true));
            turns.work(move || files::png(&drawn)).await?
        }
        _ => Ok(Json(answer).into_response()),
    }
}

/// The points as CSV, one row a period.
fn csv(answer: &Answer, audience: Audience) -> Result<Response, Problem> {
    let number = |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
    let footprint = answer.chart.footprint.as_ref();
    let footprint = footprint.map(|f| f.words.clone()).unwrap_or_default();
    let titles = [
        "measure",
        "area",
        "period",
        "period_start",
        "period_end",
        "value",
        "numerator",
        "denominator",
        "n",
        "state",
        "centre",
        "lcl",
        "ucl",
        "signals",
        "note",
        "footprint",
        "filter",
        "as_known_at",
        "audience",
    ];
    let filter = answer.chart.filter.words();
    let known = answer.as_known_at.map(|at| at.to_rfc3339());
    let known = known.unwrap_or_default();
    let rows = answer.chart.points.iter().map(|row| {
        let point = &row.point;
        let signals = row.signals.iter();
        let signals: Vec<&str> = signals.map(|s| s.rule.code()).collect();
        [
            answer.chart.measure.clone(),
            answer.chart.area.clone(),
            answer.chart.period.to_string(),
            point.period_start.to_string(),
            point.period_end.to_string(),
            number(point.value),
            number(point.numerator),
            number(point.denominator),
            point.n.map(|n| n.to_string()).unwrap_or_default(),
            point.state.code().to_owned(),
            number(row.centre),
            number(row.lcl),
            number(row.ucl),
            signals.join(" "),
            point
                .note
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            footprint.clone(),
            filter.clone(),
            known.clone(),
            audience.word().to_owned(),
        ]
    });
    files::csv(titles, rows)
}
