//! Changes, targets and new baselines: the forms beneath a chart, and what they record.

use super::authors;
use super::changes_of::decided;
use super::figure;
use super::record::{Filled, Form, back_to, hidden, record};
use super::visit::Visit;
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use joinedup_application::app::App;
use joinedup_application::charts::{self, Answer};
use joinedup_contract::request::{ChangeRequest, ChangeVerb};
use joinedup_drawing::axis;
use joinedup_events::Family;
use joinedup_spc::{
    Chart as SpcChart, Direction as SpcDirection, Options, Point as SpcPoint, RephaseProposal,
    propose_rephase,
};
use joinedup_views::catalogue::Framework;
use joinedup_views::changes::Decisions;
use joinedup_views::measure::{Direction, Measure, Shape};
use maud::{Markup, html};

/// The forms of a chart, for those who may decide; for others what was decided.
///
/// # Errors
/// 404 when this process has no views.
pub fn forms(visit: &Visit, measure: &Measure, answer: &Answer) -> Result<Markup, Problem> {
    let (decisions, version) = decided(visit, measure.id.as_str())?;
    let unit = figure::unit(&answer.chart);
    let suggestion = suggestion(measure, answer);
    let open = visit.may_decide();
    // A value that never was below zero has no target there.
    let never_negative = answer
        .chart
        .points
        .iter()
        .filter_map(|p| p.point.value)
        .all(|value| value >= 0.0);
    let action = |what: &str| format!("/measures/{}/{what}", measure.id);
    let back = back_to(&visit.address, "decisions");
    // Each form has a key of its own.
    let hidden = || hidden(&back, &visit.area, version);
    Ok(html! {
        section #decisions aria-labelledby="decisions-name" {
            h2 #decisions-name { "Targets and baselines" }
            div #decided data-live {
                (standing(&decisions, unit))
                (authors::list(visit, Family::Change, &format!("chart/{}", measure.id), Some(&visit.area)))
                @for b in &decisions.proposed {
                    div.proposal {
                        p { "Proposed: a new baseline from " strong { (axis::date(b.from)) } ". " (b.reason) }
                        @if open {
                            form method="post" action=(action("rebase-accepted")) {
                                (hidden())
                                input type="hidden" name="from" value=(b.from);
                                label { "Why it is accepted" input type="text" name="reason" required maxlength="400"; }
                                button type="submit" { "Accept the new baseline" }
                            }
                            form method="post" action=(action("rebase-declined")) {
                                (hidden())
                                input type="hidden" name="from" value=(b.from);
                                label { "Why it is declined" input type="text" name="reason" required maxlength="400"; }
                                button.quiet type="submit" { "Decline it" }
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
                        (hidden())
                        label { "Name" input type="text" name="title" required maxlength="80" placeholder="Trusted assessors on the wards"; }
                        label { "What it is to achieve" input type="text" name="aim" maxlength="400"; }
                        label { "Concept that it tries" select name="concept" {
                            option value="" { "none" }
                            @for framework in lenses(visit) { optgroup label=(framework.title) { @for item in &framework.items { option value=(item.id) { (item.title) } } } }
                        } }
                        label { "Began on" input type="date" name="started" required value=(visit.today()) max=(visit.today()); }
                        button type="submit" { "Record the change" }
                    }
                }
                details #form-target { summary { "Set a target" }
                    form method="post" action=(action("target")) {
                        (hidden())
                        label { "Target" @if unit == "proportion" { " (per cent)" } @else { " (" (unit) ")" } input type="number" name="target" step="any" min=[never_negative.then_some("0")] max=[(unit == "proportion").then_some("100")] required; }
                        label { "From" input type="date" name="from" required value=(visit.today()); }
                        label { "Why" input type="text" name="reason" required maxlength="400"; }
                        button type="submit" { "Set the target" }
                    }
                }
                details #form-rebase { summary { "Propose a new baseline" }
                    form method="post" action=(action("rebase-proposed")) {
                        (hidden())
                        label { "From" input type="date" name="from" required value=[suggestion.as_ref().map(|s| s.0)]; }
                        label { "Why: what is different, and is it expected to last?" input type="text" name="reason" required maxlength="400"; }
                        button type="submit" { "Propose" }
                    }
                }
            }
        }
    })
}

/// The frameworks whose items a change may try.
fn lenses(visit: &Visit) -> impl Iterator<Item = &Framework> {
    let catalogue = &visit.app.definitions.catalogue;
    catalogue.frameworks().filter(|f| catalogue.is_lens(&f.id))
}

/// The targets and baselines that were decided.
fn standing(decisions: &Decisions, unit: &str) -> Markup {
    let Decisions {
        targets,
        proposed,
        accepted,
        declined,
    } = decisions;
    html! {
        @if targets.is_empty() && accepted.is_empty() && proposed.is_empty() { p { "Nobody has set a target or a new baseline for this chart." } }
        ul.plain {
            @for t in targets { li { "Target " strong { (axis::amount(t.target.as_f64(), unit)) } " from " (axis::date(t.from)) ": " (t.reason) } }
            @for b in accepted { li { "New baseline from " strong { (axis::date(b.from)) } ": " (b.reason) } }
            @for b in declined { li { "Declined: a new baseline from " (axis::date(b.from)) ". " (b.reason) } }
        }
    }
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
    let form = Form::read(&headers, &body)?;
    let measure = app.definitions.measures.get(&id);
    let measure = measure.ok_or_else(|| Problem::not_found(super::words::NO_SUCH_MEASURE))?;
    let is_share = measure.shape() == Shape::Proportion;
    let unit = if is_share {
        "proportion"
    } else {
        measure.unit()
    }
    .to_owned();
    let area = charts::area(&app, form.must("area", "The place")?)?;
    let action = match what.as_str() {
        "change" => ChangeVerb::Plan,
        "target" => ChangeVerb::TargetSet,
        "rebase-proposed" => ChangeVerb::RebaseProposed,
        "rebase-accepted" => ChangeVerb::RebaseAccepted,
        "rebase-declined" => ChangeVerb::RebaseDeclined,
        _ => return Err(Problem::not_found("There is no such form")),
    };
    let mut request = ChangeRequest {
        action,
        ..ChangeRequest::default()
    };
    let text = |name: &str| form.get(name).map(ToOwned::to_owned);
    if request.action == ChangeVerb::Plan {
        request.begun = true;
        request.measures = vec![id.clone()];
        (request.title, request.aim) = (text("title"), text("aim"));
        request.concept = text("concept");
        request.on = Some(form.date("started", "The day it began")?);
    } else {
        request.measure = Some(id.clone());
        request.from = Some(form.date("from", "The first day")?);
        request.reason = text("reason");
        // People type shares in per cent.
        let typed: Option<f64> = form.parsed("target", "The target must be a number")?;
        request.target = typed.map(|number| if is_share { number / 100.0 } else { number });
        request.version = Some(form.version()?);
    }
    let filled = Filled {
        command: request.command(area, form.key(&caller).id())?,
        action: format!("/measures/{id}/{what}"),
        version: request.version,
        form,
    };
    record(app, caller, filled, move |visit| {
        let (decisions, _) = decided(visit, &id)?;
        Ok(html! {
            (standing(&decisions, &unit))
            @for b in &decisions.proposed { p { "Proposed: a new baseline from " strong { (axis::date(b.from)) } ". " (b.reason) } }
        })
    })
    .await
}
