//! Changes, targets and new baselines: the forms beneath a chart, and what they record.

use super::changes_of::decided;
use super::figure;
use super::here::Here;
use super::record::{Form, back_to, event, on, record};
use crate::app::App;
use crate::charts::{self, Answer};
use crate::draw::axis;
use crate::http::auth::Caller;
use crate::http::problem::Problem;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use joinedup_spc::{
    Chart as SpcChart, Direction as SpcDirection, Options, Point as SpcPoint, RephaseProposal,
    propose_rephase,
};
use joinedup_views::measure::{Direction, Measure};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

/// The forms of a chart, for those who may decide; for others what was decided.
///
/// # Errors
/// 404 when this process has no views.
pub fn forms(here: &Here, measure: &Measure, answer: &Answer) -> Result<Markup, Problem> {
    let decisions = decided(here, measure.id.as_str())?;
    let area = here.area.as_str();
    let unit = figure::unit(&answer.chart);
    let targets: Vec<_> = decisions
        .targets
        .iter()
        .filter(|t| t.area.as_str() == area)
        .collect();
    let accepted: Vec<_> = decisions
        .accepted
        .iter()
        .filter(|t| t.area.as_str() == area)
        .collect();
    let waiting: Vec<_> = decisions
        .proposed
        .iter()
        .filter(|t| t.area.as_str() == area)
        .collect();
    let suggestion = suggestion(measure, answer);
    let open = here.may_decide();
    let action = |what: &str| format!("/measures/{}/{what}", measure.id);
    let back = back_to(&here.address, "decisions");
    let hidden = html! { input type="hidden" name="back" value=(back); input type="hidden" name="area" value=(area); };
    Ok(html! {
        section #decisions aria-labelledby="decisions-name" {
            h2 #decisions-name { "Decisions" }
            div #decided data-live {
                @if targets.is_empty() && accepted.is_empty() && waiting.is_empty() { p { "Nobody has set a target or a new baseline for this chart." } }
                ul.plain {
                    @for t in &targets { li { "Target " strong { (axis::amount(t.target.as_f64(), unit)) } " from " (axis::date(t.from)) ": " (t.reason) } }
                    @for b in &accepted { li { "New baseline from " strong { (axis::date(b.from)) } ": " (b.reason) } }
                }
                @for b in &waiting {
                    div.proposal {
                        p { "Proposed: a new baseline from " strong { (axis::date(b.from)) } ". " (b.reason) }
                        @if open {
                            form method="post" action=(action("rebase-accepted")) {
                                (hidden)
                                input type="hidden" name="from" value=(b.from);
                                label { "Why it is accepted" input type="text" name="reason" required maxlength="400"; }
                                button type="submit" { "Accept the new baseline" }
                            }
                        }
                    }
                }
                @if let Some((from, proposal)) = &suggestion {
                    p.note { "The points suggest a new baseline from " (axis::date(*from)) ". " (proposal.why) " A chart never changes its own baseline: a person proposes, and accepts with a reason." }
                }
            }
            @if open {
                details #form-change { summary { "Record a change" }
                    form method="post" action=(action("change")) {
                        (hidden)
                        label { "Name" input type="text" name="title" required maxlength="80" placeholder="Trusted assessors on the wards"; }
                        label { "What it is to achieve" input type="text" name="aim" maxlength="400"; }
                        label { "Began on" input type="date" name="started" required value=(here.today()) max=(here.today()); }
                        button type="submit" { "Record the change" }
                    }
                }
                details #form-target { summary { "Set a target" }
                    form method="post" action=(action("target")) {
                        (hidden)
                        label { "Target" @if unit == "proportion" { " (per cent)" } @else { " (" (unit) ")" } input type="number" name="target" step="any" required; }
                        label { "From" input type="date" name="from" required value=(here.today()); }
                        label { "Why" input type="text" name="reason" required maxlength="400"; }
                        button type="submit" { "Set the target" }
                    }
                }
                details #form-rebase { summary { "Propose a new baseline" }
                    form method="post" action=(action("rebase-proposed")) {
                        (hidden)
                        label { "From" input type="date" name="from" required value=[suggestion.as_ref().map(|s| s.0)]; }
                        label { "Why: what is different, and is it expected to last?" input type="text" name="reason" required maxlength="400"; }
                        button type="submit" { "Propose" }
                    }
                }
            }
        }
    })
}

/// A new baseline that the points themselves suggest, and its first day.
fn suggestion(measure: &Measure, answer: &Answer) -> Option<(chrono::NaiveDate, RephaseProposal)> {
    let verdict = answer.chart.verdict.as_ref()?;
    let points: Vec<SpcPoint> = answer
        .chart
        .points
        .iter()
        .map(|p| SpcPoint {
            x: p.point.period_start.to_string(),
            value: p.point.value,
            n: None,
            sd: None,
            judged: p.point.is_judged(),
        })
        .collect();
    let direction = match measure.direction {
        Direction::Up => SpcDirection::Up,
        Direction::Down => SpcDirection::Down,
        Direction::None => SpcDirection::Neutral,
    };
    let phases = answer
        .chart
        .phases
        .iter()
        .skip(1)
        .filter_map(|phase| {
            answer
                .chart
                .points
                .iter()
                .position(|p| p.point.period_start == phase.start)
        })
        .collect();
    let chart = if verdict.median.is_some() {
        SpcChart::Run
    } else {
        SpcChart::Xmr
    };
    let options = Options {
        baseline: Some(usize::from(measure.baseline).max(2)),
        phases,
        profile: verdict.profile,
        ..Options::new(chart, direction)
    };
    let proposal = propose_rephase(&points, &options).ok().flatten()?;
    let start = answer.chart.points.get(proposal.start)?.point.period_start;
    Some((start, proposal))
}

/// `POST /measures/{id}/{what}`.
pub async fn decide(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, what)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&caller, &headers, &body)?;
    let measure = app
        .definitions
        .measures
        .get(&id)
        .ok_or_else(|| Problem::not_found("There is no measure of that id"))?;
    let area = charts::area(&app, form.must("area", "The place")?)?;
    let events = match what.as_str() {
        "change" => change(&app, &form, measure, area.as_str())?,
        "target" => vec![target(&app, &form, measure, area.as_str())?],
        "rebase-proposed" | "rebase-accepted" => {
            vec![rebase(&app, &form, measure, area.as_str(), &what)?]
        }
        _ => return Err(Problem::not_found("There is no such form")),
    };
    record(&app, &events, &form.back()).await
}

fn data(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Map<String, Value> {
    pairs
        .into_iter()
        .filter(|(_, v)| !v.is_null())
        .map(|(n, v)| (n.to_owned(), v))
        .collect()
}

fn change(app: &App, form: &Form, measure: &Measure, area: &str) -> Result<Vec<Value>, Problem> {
    let (now, started) = (app.now(), form.date("started", "The day it began")?);
    let id = format!("page-{}", uuid::Uuid::now_v7());
    let plan = data([
        ("change", json!(id)),
        ("area", json!(area)),
        ("title", json!(form.must("title", "A name")?)),
        ("aim", json!(form.get("aim"))),
        ("measures", json!([measure.id.as_str()])),
        ("items", json!([])),
    ]);
    let at = on(started, now);
    let begun = data([("change", json!(id)), ("area", json!(area))]);
    Ok(vec![
        event("change.planned", at, now, plan),
        event("change.started", at, now, begun),
    ])
}

fn target(app: &App, form: &Form, measure: &Measure, area: &str) -> Result<Value, Problem> {
    let number: f64 = form
        .must("target", "The target")?
        .parse()
        .map_err(|_| Problem::bad_request("The target must be a number"))?;
    let proportion = measure.shape() == joinedup_views::measure::Shape::Proportion;
    let target = if proportion { number / 100.0 } else { number };
    if !target.is_finite() || (proportion && !(0.0..=1.0).contains(&target)) {
        return Err(Problem::bad_request(
            "The target must be a number, and a share between 0 and 100 per cent",
        ));
    }
    let now = app.now();
    let set = data([
        ("change", json!(format!("chart/{}", measure.id))),
        ("area", json!(area)),
        ("measure", json!(measure.id.as_str())),
        ("target", json!(target)),
        ("from", json!(form.date("from", "The first day")?)),
        ("reason", json!(form.must("reason", "A reason")?)),
    ]);
    Ok(event("change.target-set", now, now, set))
}

fn rebase(
    app: &App,
    form: &Form,
    measure: &Measure,
    area: &str,
    what: &str,
) -> Result<Value, Problem> {
    let now = app.now();
    let said = data([
        ("change", json!(format!("chart/{}", measure.id))),
        ("area", json!(area)),
        ("measure", json!(measure.id.as_str())),
        ("from", json!(form.date("from", "The first day")?)),
        ("reason", json!(form.must("reason", "A reason")?)),
    ]);
    Ok(event(&format!("change.{what}"), now, now, said))
}
