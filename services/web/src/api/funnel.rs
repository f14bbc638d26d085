//! `GET /api/v1/funnel/{measure}`: areas of different size side by side for one period. Limits narrow with size, so
//! that a small area is not blamed for chance. It is not a league table, and says so.

use super::outcomes::{area_asked, aside};
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use chrono::NaiveDate;
use joinedup_application::app::App;
use joinedup_application::charts::{self, QuestionError};
use joinedup_contract::answer::{Funnel, FunnelArea};
use joinedup_contract::parameter::OfFunnel;
use joinedup_events::AreaId;
use joinedup_spc::funnel::{FunnelKind, FunnelOptions, FunnelRow, product_funnel};
use joinedup_views::ask::{Basis, Question, Span, ask_points};
use joinedup_views::measure::{Aggregate, Measure, Shape};
use joinedup_views::period::{Grain, Period};
use joinedup_views::point::{Point, State as PointState};
use std::collections::BTreeMap;

/// The most areas side by side.
const MAX_AREAS: usize = 200;
/// How far back the latest period with final points is looked for, in days.
const LOOK_BACK_DAYS: u64 = 800;
/// What has to be read with every funnel.
const CAUTION: &str = "This is not a league table: places within the limits differ by no more than chance would make them, and their \
                       order says nothing. The limits are for chance alone; with few areas they are not widened for differences between them.";

/// The parts of an area, or areas that the reader calls similar (`areas=a,b,c`), in one period.
pub async fn funnel(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(measure): Path<String>,
    Query(of): Query<OfFunnel>,
) -> Result<Json<Funnel>, Problem> {
    aside(app.turns.clone(), move || {
        let measure = app.definitions.measures.get(&measure).ok_or_else(Problem::no_measure)?;
        let kind = kind(measure).ok_or_else(|| {
            Problem::bad_request(
                "A funnel compares shares, and counts by people; this measure is neither. Ask for its charts side by side",
            )
        })?;
        let home = area_asked(&app, of.area.as_deref())?;
        let areas: Vec<AreaId> = match of.areas.as_ref().filter(|a| !a.is_empty()) {
            Some(named) => named
                .split(',')
                .map(|code| charts::area(&app, code.trim()))
                .collect::<Result<_, QuestionError>>()?,
            None => app.definitions.areas.children(&home).to_vec(),
        };
        let audience = caller.audience_in(areas.iter().chain([&home]).map(AreaId::as_str));
        if areas.len() > MAX_AREAS {
            return Err(Problem::bad_request(format!(
                "`areas` must name at most {MAX_AREAS} areas"
            )));
        }
        let wrong = |name: &str, rule: &str| Problem::bad_request(format!("`{name}` {rule}"));
        let grain = match &of.period {
            Some(code) => Grain::from_code(code)
                .ok_or_else(|| wrong("period", "must be day, week, month, quarter or year"))?,
            None => measure.period,
        };
        let asked: Option<NaiveDate> = match &of.period_start {
            Some(text) => Some(
                text.parse()
                    .map_err(|_| wrong("period_start", "must be a date such as 2026-11-16"))?,
            ),
            None => None,
        };
        let now = app.now();
        let today = joinedup_events::local::date(now);
        let look_back = today - chrono::Days::new(LOOK_BACK_DAYS);
        let question = Question {
            span: Span::Periods {
                grain: Some(grain),
                from: Some(asked.unwrap_or(look_back)),
                to: Some(asked.unwrap_or(today)),
            },
            ..Question::new(measure.id.as_str(), &areas, audience, now)
        };
        let edition = app.edition(audience);
        let points = charts::views(&app)?
            .read(|view| {
                let basis = Basis::of(view, &app.definitions.expectations, edition, [measure]);
                ask_points(&basis, &app.definitions.for_asking(), &question)
            })
            .map_err(QuestionError::from)?;
        let start = match asked {
            Some(date) => Period::of(grain, date).start,
            None => latest(&points).ok_or_else(|| {
                Problem::not_found("No area has a final point of this measure yet")
            })?,
        };
        Ok(answer(&app, measure.id.as_str(), kind, &home, start, &points))
    })
    .await
}

/// How a measure's areas are compared: shares, or events by people. Nights by people are none of these, because one
/// person's nights come together.
fn kind(measure: &Measure) -> Option<FunnelKind> {
    match (measure.shape(), measure.aggregate) {
        (Shape::Proportion, _) => Some(FunnelKind::Proportion),
        (_, Aggregate::CountPer100k(_) | Aggregate::AmountPer100k(_)) => Some(FunnelKind::Rate),
        _ => None,
    }
}

/// The latest period in which any area has a point that may be judged.
fn latest(points: &BTreeMap<AreaId, Vec<Point>>) -> Option<NaiveDate> {
    points
        .values()
        .flatten()
        .filter(|p| p.is_judged())
        .map(|p| p.period_start)
        .max()
}

fn answer(
    app: &App,
    measure: &str,
    kind: FunnelKind,
    home: &AreaId,
    start: NaiveDate,
    points: &BTreeMap<AreaId, Vec<Point>>,
) -> Funnel {
    let at = |area: &AreaId| {
        points
            .get(area)
            .and_then(|all| all.iter().find(|p| p.period_start == start))
    };
    let compared = |p: &Point| {
        !p.state.is_absent()
            && p.state != PointState::Suppressed
            && p.state != PointState::Incomplete
    };
    let rows: Vec<FunnelRow> = points
        .keys()
        .filter_map(|area| {
            let point = at(area).filter(|p| compared(p))?;
            let (numerator, denominator) = point.numerator.zip(point.denominator)?;
            Some(FunnelRow {
                unit: area.to_string(),
                numerator,
                denominator,
            })
        })
        .collect();
    let made = product_funnel(&rows, FunnelOptions::new(kind));
    let areas = points
        .keys()
        .map(|area| {
            let point = at(area);
            let unit = made
                .as_ref()
                .ok()
                .and_then(|f| f.units.iter().find(|u| u.unit == area.as_str()));
            let outside_95 = unit.map(|u| u.ratio < u.p95.lower || u.ratio > u.p95.upper);
            FunnelArea {
                area: area.clone(),
                title: app
                    .definitions
                    .areas
                    .get(area.as_str())
                    .map(|a| a.title.clone()),
                state: point.map(|p| p.state),
                value: point.and_then(|p| p.value),
                numerator: point.and_then(|p| p.numerator),
                denominator: point.and_then(|p| p.denominator),
                limits_95: unit.map(|u| u.p95),
                limits_998: unit.map(|u| u.p998),
                outside_95,
                outside_998: unit.map(|u| u.outlier),
            }
        })
        .collect();
    Funnel {
        measure: measure.to_owned(),
        area: home.clone(),
        period_start: start,
        centre: made.as_ref().ok().map(|f| f.target),
        adjusted: false,
        areas,
        caution: CAUTION,
        without_limits: made.err().map(|e| e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_views::measures::Measures;

    #[test]
    fn shares_and_counts_by_people_are_compared_and_nights_and_medians_are_not() {
        let measures = Measures::built_in(|_| true).unwrap();
        for (id, wanted) in [
            ("tr-delayed-share", Some(FunnelKind::Proportion)),
            ("ag-emergency-admissions-65", Some(FunnelKind::Rate)),
            ("tr-delayed-days-per-100k", None),
            ("tr-delay-days-median", None),
            ("tr-ready-now", None),
        ] {
            assert_eq!(kind(measures.get(id).unwrap()), wanted, "{id}");
        }
    }
}
