//! `/frameworks/{id}/answers`: what people answered, typed in one questionnaire after another. Each is published as an
//! event through the door that every event passes, and asked by its own instrument's scale.

mod form;
pub mod invite;
mod link;
pub mod own;
mod sent;
pub mod stop;
mod table;

pub use sent::send;
pub use table::send as send_table;

use super::filling::{Faults, Filling};
use super::layout::{self, Tab};
use super::record::Form;
use super::sheet::typed::Typed;
use super::visit::Visit;
use super::{rounds, words};
use crate::door::problem::Problem;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use joinedup_application::charts::{self, ChartRequest};
use joinedup_application::config::Role;
use joinedup_drawing::axis;
use joinedup_views::catalogue::{Framework, FrameworkKind, Item, Scale};
use joinedup_views::contributions::experience::Scoring;
use joinedup_views::measure::Measure;
use joinedup_views::point::State;
use maud::{Markup, html};

/// Parameters of the address that say what was done last.
const DONE: [&str; 4] = ["saved", "answered", "not-applicable", "scores"];

/// An instrument that people answer.
///
/// # Errors
/// 404 with the reason.
fn answered_by<'a>(visit: &'a Visit, id: &str) -> Result<(&'a Framework, &'a Scale), Problem> {
    let otherwise = "Nobody answers this framework";
    rounds::of_kind(visit, id, FrameworkKind::Instrument, otherwise)
}

/// Whether a team answers about itself. Of other questionnaires the team is whose care they are about, and patients and carers
/// answer.
fn asks_a_team(instrument: &str) -> bool {
    Scoring::of(instrument).is_some_and(Scoring::is_by_team)
}

/// The questions as they stand on paper, whatever scale each belongs to.
fn questions(framework: &Framework) -> Vec<&Item> {
    let mut items: Vec<&Item> = framework.items.iter().collect();
    items.sort_by_key(|item| item.order);
    items
}

/// `GET /frameworks/{id}/answers`.
pub async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    visit
        .render(move |visit| page(visit, &id, &Typed::default(), &Filling::default()))
        .await
}

/// The page with a form of it that is not recorded, as it was sent, and what is wrong with it.
async fn again(
    visit: Visit,
    id: String,
    name: &str,
    form: Form,
    faults: Faults,
) -> Result<Response, Problem> {
    let filling = Filling {
        form: name.to_owned(),
        typed: Some(form),
        faults,
    };
    let page = move |visit: &Visit| page(visit, &id, &Typed::default(), &filling);
    let page = visit.render(page).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn page(visit: &Visit, id: &str, typed: &Typed, filling: &Filling) -> Result<Markup, Problem> {
    let (framework, scale) = answered_by(visit, id)?;
    let place = visit.title_of(visit.area.as_str());
    let title = &framework.title;
    let body = html! {
        h1 { (title) span.place { ", " (place) } }
        (filling.summary())
        (saved_summary(visit, framework, typed))
        div.columns.entry {
            section.card aria-labelledby="answers-name" {
                h2 #answers-name { "One questionnaire" }
                @if visit.caller.covers(visit.area.as_str()) {
                    p.note { "On a keyboard, type the number of the answer: the next question follows. What people say in words about others does not belong here." }
                    (form::form(visit, framework, scale, typed))
                    (table::form(visit, framework, typed))
                    (invite::form(visit, framework, filling))
                    (stop::form(visit, framework, filling))
                } @else { p.note { "This is not one of your areas. Choose a place of your own to enter answers." } }
            }
            @if visit.caller.has(Role::Reader) { (so_far(visit, framework)) }
        }
    };
    let picker = html! {
        form.picker method="get" action=(visit.address.path()) {
            (layout::kept(&visit.address.clone().without(&DONE), &["area"]))
            (layout::place_field(visit))
            button.quiet type="submit" { "Show" }
        }
    };
    let title = format!("{title}: enter answers, {place}");
    Ok(layout::page(visit, Tab::Data, &title, &picker, &body))
}

/// What was recorded, or what is in the way of it.
fn saved_summary(visit: &Visit, framework: &Framework, typed: &Typed) -> Markup {
    let count = |name: &str| visit.address.get(name)?.parse::<usize>().ok();
    html! {
        @if !typed.refused.is_empty() {
            (typed.problem("Nothing was saved. What you typed is still in the form."))
        } @else if let (Some(saved), Some(answered)) = (count("saved"), count("answered")) {
            div.summary.good #saved role="status" {
                p {
                    "Saved: " (words::counted(answered, "answer", "answers"))
                    @if let Some(none) = count("not-applicable").filter(|n| *n > 0) { ", " (none) " not applicable" }
                    ". " (words::counted(saved, "questionnaire", "questionnaires")) " entered in this sitting."
                }
                (scored(visit, &framework.id))
            }
        }
    }
}

/// What the last questionnaire comes to by the instrument's own rule. It is shown to who typed it, and stored nowhere.
fn scored(visit: &Visit, instrument: &str) -> Markup {
    let Some(scoring) = Scoring::of(instrument) else {
        return html! {};
    };
    let values = visit.address.get("scores").unwrap_or_default();
    let scores: Vec<_> = scoring
        .totals()
        .into_iter()
        .zip(values.split(','))
        .filter_map(|(total, value)| Some((total, value.parse::<f64>().ok()?)))
        .filter(|(total, value)| (total.lowest..=total.highest).contains(value))
        .collect();
    html! {
        @if !scores.is_empty() {
            p #scores {
                "Its score: "
                @for (i, (total, value)) in scores.iter().enumerate() {
                    @if i > 0 { "; " }
                    (words::sentence(total.name)) " " strong { (axis::number(*value, "")) } " (from " (axis::number(total.lowest, "")) " to " (axis::number(total.highest, "")) ")"
                }
                ". It stays on this page and is not stored."
            }
        }
    }
}

/// What the answers so far come to, as far as the rule for small numbers lets it be seen.
fn so_far(visit: &Visit, framework: &Framework) -> Markup {
    let measures = visit.app.definitions.measures.iter();
    let asks = |m: &&Measure| {
        m.survey
            .as_ref()
            .is_some_and(|s| s.as_str() == framework.id)
    };
    let measures: Vec<&Measure> = measures.filter(asks).collect();
    let rate = visit.app.definitions.measures.get("ex-response-rate");
    html! {
        section.card #so-far data-live aria-labelledby="so-far-name" {
            h2 #so-far-name { "So far in " (visit.title_of(visit.area.as_str())) }
            @if let Some(rate) = rate && let Some(words) = latest(visit, rate, Some(&framework.id)) { p { "Answered, of those invited: " (words) "." } }
            @if measures.is_empty() { p { "No measure is made of these answers yet. Your own file of measures can hold one." } }
            @else {
                ul.plain {
                    @for measure in measures {
                        li { a href=(visit.address.elsewhere(format!("/measures/{}", measure.id))) { (measure.title) } ": " (latest(visit, measure, None).unwrap_or_else(|| "no answers yet".to_owned())) }
                    }
                }
            }
        }
    }
}

/// The newest period of a measure in words, with how many answers it rests on; none where there is nothing.
fn latest(visit: &Visit, measure: &Measure, instrument: Option<&str>) -> Option<String> {
    let mut request = ChartRequest::new(measure.id.as_str(), visit.area.as_str());
    if let Some(instrument) = instrument {
        let one = std::iter::once(instrument.to_owned()).collect();
        request.filter.0.insert("instrument".to_owned(), one);
    }
    let answer = charts::ask(&visit.app, &request, visit.audience()).ok()?;
    let points = answer.chart.points.iter().map(|p| &p.point).rev();
    let is_answered = |n: Option<i64>| n.is_some_and(|n| n > 0);
    let mut answered = points.filter(|p| is_answered(p.n) || p.state == State::Suppressed);
    let point = answered.next()?;
    let period = words::period(answer.chart.period, point.period_start);
    let unit = answer.chart.unit();
    Some(match (point.value, point.n) {
        (Some(value), Some(n)) => {
            let people = usize::try_from(n).unwrap_or(0);
            let from = match unit {
                "proportion" => format!("of {n}"),
                _ => format!("from {}", words::counted(people, "person", "people")),
            };
            format!("{} {from}, {period}", axis::amount(value, unit))
        }
        (Some(value), None) => format!("{}, {period}", axis::amount(value, unit)),
        (None, _) => {
            let why = point.note.as_ref().map(ToString::to_string);
            let why = why.unwrap_or_else(|| "suppressed: small numbers".to_owned());
            format!("{why}, {period}")
        }
    })
}
