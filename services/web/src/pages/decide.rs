//! Targets and new baselines: the forms beneath a chart, and what they record.

use super::changes_of::decided;
use super::filling::{Field, Filling, Kind, Reading};
use super::finding::MIN_BASELINE;
use super::record::{Filled, Form, FormPage, back_to, hidden, record};
use super::visit::Visit;
use super::words;
use super::{authors, measure};
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::NaiveDate;
use joinedup_application::app::App;
use joinedup_application::charts::{self, Answer};
use joinedup_contract::request::{ChangeRequest, ChangeVerb};
use joinedup_drawing::axis;
use joinedup_events::Family;
use joinedup_views::ask::suggestion;
use joinedup_views::changes::Decisions;
use joinedup_views::measure::{Measure, Shape};
use maud::{Markup, html};

/// The forms of a chart, for those who may decide; for others what was decided.
///
/// # Errors
/// 404 when this process has no views.
pub fn forms(
    visit: &Visit,
    measure: &Measure,
    answer: &Answer,
    filling: &Filling,
) -> Result<Markup, Problem> {
    let (decisions, version) = decided(visit, measure.id.as_str())?;
    let unit = answer.chart.unit();
    let suggestion = suggestion(measure, answer);
    let open = visit.may_decide();
    let action = |what: &str| format!("/measures/{}/{what}", measure.id);
    let back = back_to(&visit.address, "decisions");
    // Each form has a key of its own.
    let hidden = |version| hidden(&back, &visit.area, version);
    let withdraw = |position: u64| {
        html! {
            @if open {
                form.inline method="post" action=(action("withdraw")) {
                    (hidden(version))
                    input type="hidden" name="position" value=(position);
                    button.quiet type="submit" { "Withdraw" }
                }
            }
        }
    };
    let today = visit.today().to_string();
    let suggested = suggestion.as_ref().map(|s| s.0.to_string());
    let is_share = unit == "proportion";
    let (target, rebase) = (filling.of("target"), filling.of("rebase-proposed"));
    let field = |name, label, kind| Field {
        name,
        label,
        hint: "",
        kind,
        value: "",
        required: true,
    };
    let target_label = format!("Target ({})", if is_share { "per cent" } else { unit });
    let number = Kind::Number(
        measure.is_never_negative().then_some(0.0),
        is_share.then_some(100.0),
    );
    Ok(html! {
        section #decisions aria-labelledby="decisions-name" {
            h2 #decisions-name { "Targets and baselines" }
            div #decided data-live {
                (standing((measure, visit.today()), &decisions, unit, &withdraw))
                (authors::list(visit, Family::Change, &format!("chart/{}", measure.id), Some(&visit.area)))
                @for b in &decisions.proposed {
                    div.proposal {
                        p { "Proposed: a new baseline from " strong { (axis::date(b.from)) } ". " (b.reason) }
                        @if let Some(few) = too_few_since(answer, b.from) { p.note { (few) } }
                        @let is_own = open && authors::must_be_another(visit, b.position);
                        @if is_own { p.note { "You proposed it yourself, so somebody else has to agree: the settings of this server ask for two people." } (withdraw(b.position)) }
                        @else if open {
                            @for (what, label, button) in [("rebase-accepted", "Reason for agreeing", "Agree the new baseline"), ("rebase-declined", "Reason for declining", "Decline it")] {
                                @let answered = filling.of(&answer_to(what, &b.from.to_string()));
                                form method="post" action=(action(what)) {
                                    (hidden(answered.version(version)))
                                    input type="hidden" name="from" value=(b.from);
                                    (answered.field(&field("reason", label, Kind::Line)))
                                    button.quiet[what == "rebase-declined"] type="submit" { (button) }
                                }
                            }
                            (withdraw(b.position))
                        }
                    }
                }
                @if let Some((from, proposal)) = &suggestion {
                    p.note { "A new baseline may be needed from " (words::day_month_year(*from)) ": " (proposal.why) " A chart never changes its own baseline: a person proposes, and somebody agrees with a reason." }
                }
            }
            @if open {
                details #form-target open[target.came_back()] { summary { "Set a target" }
                    form method="post" action=(action("target")) {
                        (hidden(target.version(version)))
                        (target.field(&Field { value: "", ..field("target", &target_label, number) }))
                        (target.field(&Field { value: &today, ..field("from", "From", Kind::Day) }))
                        (target.field(&field("reason", "Why", Kind::Line)))
                        button type="submit" { "Set the target" }
                    }
                }
                details #form-rebase open[rebase.came_back()] { summary { "Propose a new baseline" }
                    form method="post" action=(action("rebase-proposed")) {
                        (hidden(rebase.version(version)))
                        (rebase.field(&Field { value: suggested.as_deref().unwrap_or_default(), ..field("from", "From", Kind::Day) }))
                        (rebase.field(&field("reason", "Why: what is different, and is it expected to last?", Kind::Line)))
                        button type="submit" { "Propose" }
                    }
                }
            }
        }
    })
}

/// The targets and baselines that were decided, each with what can be done about it by its position.
fn standing(
    (measure, today): (&Measure, NaiveDate),
    decisions: &Decisions,
    unit: &str,
    more: &dyn Fn(u64) -> Markup,
) -> Markup {
    let Decisions {
        targets,
        proposed,
        accepted,
        declined,
    } = decisions;
    html! {
        // The chart draws the definition's target until another begins: without a word of it here the page would deny what it
        // shows.
        @if let Some(target) = measure.target.filter(|_| targets.iter().all(|t| t.from > today)) { p { "Target " strong { (axis::amount(target.0, unit)) } ", from the definition." @if targets.is_empty() { " Nobody has set another one here." } } }
        @else if targets.is_empty() && accepted.is_empty() && proposed.is_empty() { p { "Nobody has set a target or a new baseline for this chart." } }
        ul.plain {
            @for t in targets { li { "Target " strong { (axis::amount(t.target.as_f64(), unit)) } " from " (axis::date(t.from)) ": " (t.reason) " " (more(t.position)) } }
            @for b in accepted { li { "New baseline from " strong { (axis::date(b.from)) } ": " (b.reason) " " (more(b.position)) } }
            @for b in declined { li { "Declined: a new baseline from " (axis::date(b.from)) ". " (b.reason) } }
        }
    }
}

/// What was saved a moment ago, in words.
#[must_use]
pub fn saved_words(visit: &Visit) -> Option<&'static str> {
    Some(match visit.done.as_deref()? {
        "target" => "The target is set. It is drawn on the chart from its first day.",
        "rebase-proposed" => {
            "The new baseline is proposed. The chart changes when somebody agrees."
        }
        "rebase-accepted" => "The new baseline is agreed, and drawn on the chart.",
        "rebase-declined" => "The proposal is declined. The chart stays as it was.",
        "withdraw" => "Withdrawn. What was decided before holds again.",
        _ => return None,
    })
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
    let area = charts::area(&app, form.must("area", "The place")?)?;
    let (name, action) = match what.as_str() {
        "target" => ("target", ChangeVerb::TargetSet),
        "rebase-proposed" => ("rebase-proposed", ChangeVerb::RebaseProposed),
        "rebase-accepted" => ("rebase-accepted", ChangeVerb::RebaseAccepted),
        "rebase-declined" => ("rebase-declined", ChangeVerb::RebaseDeclined),
        "withdraw" => ("withdraw", ChangeVerb::Withdraw),
        _ => return Err(Problem::not_found("There is no such form")),
    };
    let mut read = Reading::of(&form);
    // People type shares in per cent.
    let mut target: Option<f64> = read.parsed("target", "a number");
    if is_share {
        if target.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            read.wrong("target", "must be between 0 and 100 per cent");
        }
        target = target.map(|percent| percent / 100.0);
    }
    if name == "target" {
        target = read.needed("target", target);
    }
    let mut request = ChangeRequest {
        action,
        measure: Some(id.clone()),
        from: read.date("from"),
        reason: read.text("reason"),
        target,
        position: read.parsed("position", "a number"),
        ..ChangeRequest::default()
    };
    if name != "withdraw" {
        request.from = read.needed("from", request.from);
        request.reason = read.needed("reason", request.reason);
    }
    let made = request.command(area, form.key(&caller).id());
    let filled = Filled {
        name: match name {
            "rebase-accepted" | "rebase-declined" => {
                answer_to(name, form.get("from").unwrap_or_default())
            }
            _ => name.to_owned(),
        },
        action: format!("/measures/{id}/{what}"),
        command: read.command(made),
        version: Some(form.version()?),
        form,
    };
    record(app, caller, filled, OfChart { id, name }).await
}

/// What is to be known of a baseline that would begin on a day, where it has too few values yet.
fn too_few_since(answer: &Answer, from: NaiveDate) -> Option<String> {
    let points = answer.chart.points.iter().map(|row| &row.point);
    let since = points.filter(|point| point.period_end > from && point.is_judged());
    let values = since.count();
    (values < MIN_BASELINE).then(|| {
        format!(
            "{} since that day: until there are {MIN_BASELINE}, the chart cannot tell whether anything changes.",
            words::counted(values, "value", "values")
        )
    })
}

/// The name of the form that answers a proposed baseline: several may wait.
fn answer_to(what: &str, from: &str) -> String {
    format!("{what}-{from}")
}

/// A chart's page, as the place of its forms.
struct OfChart {
    id: String,
    name: &'static str,
}

impl FormPage for OfChart {
    fn done(&self, _: &Form) -> &'static str {
        self.name
    }

    fn stands(&self, visit: &Visit) -> Result<Markup, Problem> {
        let (decisions, _) = decided(visit, &self.id)?;
        let measure = visit.app.definitions.measures.get(&self.id);
        let measure = measure.ok_or_else(|| Problem::not_found(words::NO_SUCH_MEASURE))?;
        let unit = measure.shape().written(measure.unit());
        Ok(html! {
            (standing((measure, visit.today()), &decisions, unit, &|_| html! {}))
            @for b in &decisions.proposed { p { "Proposed: a new baseline from " strong { (axis::date(b.from)) } ". " (b.reason) } }
        })
    }

    fn again(&self, visit: &Visit, filling: &Filling) -> Result<Markup, Problem> {
        measure::page(visit, &self.id, filling)
    }
}
