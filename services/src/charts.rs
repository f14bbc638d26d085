//! A chart for whoever asks: JSON, CSV, SVG, pages and metrics all come through here.

pub mod many;

use crate::app::App;
use crate::http::problem::Problem;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::{AreaId, Family, local};
use joinedup_projector::Views;
use joinedup_views::changes::{self, Annotation};
use joinedup_views::chart::{Chart, ChartQuery, chart};
use joinedup_views::measure::{ChartKind, Measure};
use joinedup_views::period::Grain;
use joinedup_views::point::PointQuery;
use joinedup_views::suppression::{Audience, Policy};
use joinedup_views::view::View;
use joinedup_views::{Cells, Filter};
use serde::Serialize;
use std::collections::BTreeSet;

/// The most periods that one chart has.
const PERIODS_MOST: i64 = 5_000;

/// A question for a chart.
#[derive(Clone, Debug)]
pub struct ChartRequest {
    /// The measure.
    pub measure: String,
    /// The area.
    pub area: String,
    /// The length of the periods, where not the measure's own.
    pub period: Option<Grain>,
    /// First date.
    pub from: Option<NaiveDate>,
    /// Last date.
    pub to: Option<NaiveDate>,
    /// The chart as it was known at this instant.
    pub as_known_at: Option<DateTime<Utc>>,
    /// How it is drawn, where not as the measure says.
    pub kind: Option<ChartKind>,
    /// Dimensions and values.
    pub filter: Filter,
}

impl ChartRequest {
    /// A measure in an area, all else as usual.
    #[must_use]
    pub fn new(measure: &str, area: &str) -> Self {
        Self {
            measure: measure.into(),
            area: area.into(),
            period: None,
            from: None,
            to: None,
            as_known_at: None,
            kind: None,
            filter: Filter::default(),
        }
    }

    /// Reads the parameters of an address. What is not a parameter of ours is a dimension: `responsible=nhs`.
    ///
    /// # Errors
    /// A sentence that names the parameter.
    pub fn from_parameters(
        measure: &str,
        parameters: &[(String, String)],
        home: &str,
    ) -> Result<Self, Problem> {
        let mut request = Self::new(measure, home);
        for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
            let wrong = |rule: &str| Problem::bad_request(format!("`{name}` {rule}"));
            let date = || {
                value
                    .parse()
                    .map_err(|_| wrong("must be a date such as 2026-11-22"))
            };
            match name.as_str() {
                "area" => request.area.clone_from(value),
                "period" => {
                    let grain = Grain::from_code(value);
                    request.period = Some(
                        grain.ok_or_else(|| wrong("must be day, week, month, quarter or year"))?,
                    );
                }
                "from" => request.from = Some(date()?),
                "to" => request.to = Some(date()?),
                "as_known_at" => {
                    request.as_known_at = Some(instant(value).ok_or_else(|| {
                        wrong("must be a date or an instant such as 2026-11-22T09:00:00Z")
                    })?)
                }
                "chart" => {
                    let kind = serde_json::from_value(serde_json::Value::String(value.clone()));
                    request.kind = Some(kind.map_err(|_| wrong("must be run, xmr or auto"))?);
                }
                dimension => {
                    let values: BTreeSet<String> =
                        value.split(',').map(ToOwned::to_owned).collect();
                    request
                        .filter
                        .0
                        .entry(dimension.to_owned())
                        .or_default()
                        .extend(values);
                }
            }
        }
        Ok(request)
    }
}

/// An instant, or the end of a local date.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(local::midnight(date.succ_opt()?));
    }
    // In an address a plus sign may have become a space.
    text.replace(' ', "+").parse().ok()
}

/// A chart with what belongs on it.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The chart.
    #[serde(flatten)]
    pub chart: Chart,
    /// Improvement changes that should move the measure here.
    pub changes: Vec<Annotation>,
    /// The chart is as it was known at this instant.
    pub as_known_at: Option<DateTime<Utc>>,
    /// The position in the log that the chart is of.
    pub as_of_position: u64,
    /// When that was.
    pub as_of: DateTime<Utc>,
}

impl Answer {
    /// Start and value of the periods that are judged: what a comparison of before and after is made of.
    #[must_use]
    pub fn judged(&self) -> Vec<(NaiveDate, f64)> {
        let points = self.chart.points.iter().map(|p| &p.point);
        points
            .filter(|p| p.is_judged())
            .filter_map(|p| Some((p.period_start, p.value?)))
            .collect()
    }
}

/// Answers a question.
///
/// # Errors
/// 404 for a measure or an area that does not exist, 400 for a question that makes no sense.
pub fn ask(app: &App, request: &ChartRequest, audience: Audience) -> Result<Answer, Problem> {
    let views = app.views.as_ref().ok_or_else(|| {
        Problem::not_found("This process has no views; ask the one that projects")
    })?;
    let measure = app.definitions.measures.get(&request.measure);
    let measure = measure.ok_or_else(|| {
        // What was asked for is not repeated: an identifier may have slipped into the address.
        Problem::not_found("There is no measure of that id; GET /api/v1/measures lists them")
    })?;
    let area = area(app, &request.area)?;
    let now = app.now();
    let grain = request.period.unwrap_or(measure.period);
    let filter = request.filter.clone();
    let query = PointQuery {
        measure,
        area: &area,
        grain,
        from: request.from,
        to: request.to,
        filter: &filter,
        now: request.as_known_at.map_or(now, |at| at.min(now)),
        heard_until: None,
    };
    query
        .check(&app.definitions.areas)
        .map_err(|e| Problem::bad_request(e.to_string()))?;
    check_span(request, grain, now)?;
    let status = views.status();
    let answer = views.read(|view| {
        query
            .check_values(view.cells())
            .map_err(|e| Problem::bad_request(e.to_string()))?;
        let (cells, known) = match request.as_known_at {
            Some(at) => (
                Some(view.cells_known_at(&quantities(measure), at)),
                at.min(now),
            ),
            None => (None, now),
        };
        Ok::<Answer, Problem>(of(
            view,
            cells.as_ref().unwrap_or(view.cells()),
            app,
            request,
            query,
            audience,
            known,
        ))
    })?;
    Ok(Answer {
        as_of_position: status.position,
        as_of: status.progress_at,
        as_known_at: request.as_known_at,
        ..answer
    })
}

fn of(
    view: &View,
    cells: &Cells,
    app: &App,
    request: &ChartRequest,
    query: PointQuery<'_>,
    audience: Audience,
    known: DateTime<Utc>,
) -> Answer {
    let query = PointQuery {
        heard_until: heard_until(view, app, query.measure, query.area, known),
        ..query
    };
    let policy = Policy::default();
    let decisions = decisions(view, query.measure, query.area, local::date(known));
    let mut asked = ChartQuery::new(query, &policy);
    asked.audience = audience;
    asked.kind = request.kind;
    asked.rebases = &decisions.rebases;
    asked.target = decisions.target;
    let chart = chart(cells, &app.definitions.areas, &asked);
    Answer {
        chart,
        changes: annotations(view, app, query.measure, query.area),
        as_known_at: None,
        as_of_position: 0,
        as_of: known,
    }
}

/// The quantities that a measure is made of.
fn quantities(measure: &Measure) -> Vec<&str> {
    std::iter::once(measure.quantity.as_str())
        .chain(measure.over.as_deref())
        .collect()
}

/// The date up to which the sources of transfers or referrals were heard: a period after it is missing, not nought.
/// The other families speak when there is something to say, and observations tell of their own gaps.
#[must_use]
pub fn heard_until(
    view: &View,
    app: &App,
    measure: &Measure,
    area: &AreaId,
    now: DateTime<Utc>,
) -> Option<NaiveDate> {
    let family = measure
        .quantity
        .split('.')
        .next()
        .and_then(Family::from_code)?;
    if !matches!(family, Family::Transfer | Family::Referral) {
        return None;
    }
    view.heard_until(family, &app.definitions.areas.within(area), now)
}

/// The area of a code.
///
/// # Errors
/// 404 when it is not registered.
pub fn area(app: &App, code: &str) -> Result<AreaId, Problem> {
    let unknown = || {
        Problem::not_found("There is no such area in the register; GET /api/v1/areas lists them")
    };
    let area = AreaId::new(code).map_err(|_| unknown())?;
    app.definitions
        .areas
        .get(area.as_str())
        .ok_or_else(unknown)?;
    Ok(area)
}

fn check_span(request: &ChartRequest, grain: Grain, now: DateTime<Utc>) -> Result<(), Problem> {
    if let (Some(from), Some(to)) = (request.from, request.to)
        && from > to
    {
        return Err(Problem::bad_request("`from` must not be after `to`"));
    }
    let days = match grain {
        Grain::Day => 1,
        Grain::Week => 7,
        Grain::Month => 28,
        Grain::Quarter => 90,
        Grain::Year => 365,
    };
    if let Some(from) = request.from {
        let to = request.to.unwrap_or(local::date(now));
        if (to - from).num_days() / days > PERIODS_MOST {
            return Err(Problem::bad_request(format!(
                "`from` and `to` are more than {PERIODS_MOST} periods apart: ask for a longer period"
            )));
        }
    }
    Ok(())
}

struct Decided {
    rebases: Vec<NaiveDate>,
    target: Option<f64>,
}

/// What people decided about this chart: new baselines and the target in force.
fn decisions(view: &View, measure: &Measure, area: &AreaId, today: NaiveDate) -> Decided {
    let id = format!("chart/{}", measure.id);
    let facts = view
        .entity(Family::Change, &id)
        .map(|e| e.facts.standing())
        .unwrap_or_default();
    let decisions = changes::decisions(&facts);
    Decided {
        rebases: decisions.phases(measure.id.as_str(), area.as_str()),
        target: decisions
            .target(measure.id.as_str(), area.as_str(), today)
            .map(|t| t.target.as_f64()),
    }
}

/// The changes that should move a measure in an area or in a part of it.
fn annotations(view: &View, app: &App, measure: &Measure, area: &AreaId) -> Vec<Annotation> {
    let within = app.definitions.areas.within(area);
    let mut found: Vec<Annotation> = view
        .listed(Family::Change)
        .filter_map(|entity| changes::change(&entity.facts.standing()))
        .filter(|change| within.contains(&change.area))
        .flat_map(|change| change.annotations_for(measure.id.as_str()))
        .collect();
    found.sort_by_key(|a| a.date);
    found
}

/// The views of this process.
///
/// # Errors
/// 404 when it has none.
pub fn views(app: &App) -> Result<&Views, Problem> {
    app.views
        .as_ref()
        .ok_or_else(|| Problem::not_found("This process has no views; ask the one that projects"))
}
