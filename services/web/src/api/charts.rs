//! `GET /api/v1/charts/{measure}`: JSON; with `.csv`, `.svg` or `.png` behind the measure, those.

use super::outcomes::area_asked;
use crate::door::auth::{Caller, asks_as_public};
use crate::door::problem::Problem;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::charts::{Answer, ChartRequest, ask};
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
        Some((measure, "svg")) => (measure, "svg"),
        Some((measure, "png")) => (measure, "png"),
        Some((measure, "json")) => (measure, "json"),
        _ => (name.as_str(), "json"),
    };
    let as_public = asks_as_public(&parameters);
    parameters.retain(|(name, _)| name != "audience");
    let home = area_asked(&app, None)?;
    let request = ChartRequest::from_parameters(measure, &parameters, home.as_str())?;
    let audience = if as_public {
        Audience::Public
    } else {
        caller.audience_in([request.area.as_str()].into_iter())
    };
    let answer = tokio::task::spawn_blocking(move || ask(&app, &request, audience))
        .await
        .map_err(|_| Problem::unavailable("The chart could not be computed"))??;
    Ok(match form {
        "csv" => (
            [(header::CONTENT_TYPE, "text/csv; charset=utf-8")],
            csv(&answer)?,
        )
            .into_response(),
        "svg" => {
            let policy = "default-src 'none'; style-src 'unsafe-inline'";
            let drawn = joinedup_drawing::svg(&joinedup_drawing::of_answer(&answer, true));
            (
                [
                    (header::CONTENT_TYPE, "image/svg+xml"),
                    (header::CONTENT_SECURITY_POLICY, policy),
                ],
                drawn,
            )
                .into_response()
        }
        "png" => {
            let drawn = joinedup_drawing::svg(&joinedup_drawing::of_answer(&answer, true));
            let picture = tokio::task::spawn_blocking(move || joinedup_drawing::png::png(&drawn))
                .await
                .map_err(|_| Problem::unavailable("The picture could not be drawn"))?
                .map_err(|error| Problem::unavailable(error.to_string()))?;
            ([(header::CONTENT_TYPE, "image/png")], picture).into_response()
        }
        _ => Json(answer).into_response(),
    })
}

/// The points as CSV, one row a period.
fn csv(answer: &Answer) -> Result<Vec<u8>, Problem> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let number = |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
    let failed = |_| Problem::unavailable("The file could not be written");
    let header = [
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
    ];
    writer.write_record(header).map_err(failed)?;
    let footprint = answer.chart.footprint.as_ref();
    let footprint = footprint.map(|f| f.words.clone()).unwrap_or_default();
    for row in &answer.chart.points {
        let point = &row.point;
        let signals: Vec<String> = row
            .signals
            .iter()
            .filter_map(|s| serde_json::to_value(s.rule).ok())
            .filter_map(|v| v.as_str().map(ToOwned::to_owned))
            .collect();
        let state = serde_json::to_value(point.state)
            .ok()
            .and_then(|v| v.as_str().map(ToOwned::to_owned))
            .unwrap_or_default();
        writer
            .write_record([
                answer.chart.measure.clone(),
                answer.chart.area.clone(),
                answer.chart.period.to_string(),
                point.period_start.to_string(),
                point.period_end.to_string(),
                number(point.value),
                number(point.numerator),
                number(point.denominator),
                point.n.map(|n| n.to_string()).unwrap_or_default(),
                state,
                number(row.centre),
                number(row.lcl),
                number(row.ucl),
                signals.join(" "),
                point.note.clone().unwrap_or_default(),
                footprint.clone(),
            ])
            .map_err(failed)?;
    }
    writer
        .into_inner()
        .map_err(|_| Problem::unavailable("The file could not be written"))
}
