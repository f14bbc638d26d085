//! `/changes`: the improvement changes of a place from plan to decision, and the page of each.

mod forms;
mod one;
mod steps;
mod studied;

pub use one::one;
pub use steps::{plan, step};

use super::changes_of::{dates, status, verdict};
use super::filling::{self, Filling};
use super::layout::{self, Tab};
use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use axum::response::Response;
use chrono::NaiveDate;
use joinedup_application::changes::of_place;
use joinedup_events::Family;
use joinedup_views::changes::{Change, Status, change};
use joinedup_views::decide::version;
use maud::{Markup, html};
use std::cmp::Reverse;
use studied::Studied;

/// Changes whose charts are read for a list; of the others only what people recorded is shown.
const MAX_CHARTS: usize = 24;

/// A change with what the pages need to know of it.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    change: Change,
    version: u64,
}

/// The address of a change's page.
#[must_use]
pub fn path(id: &str) -> String {
    let parts = id.split('/').map(super::address::encoded);
    format!("/changes/{}", parts.collect::<Vec<_>>().join("/"))
}

/// `GET /changes`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit.render(|visit| list(visit, &Filling::default())).await
}

fn list(visit: &Visit, filling: &Filling) -> Result<Markup, Problem> {
    let undone = visit.done.as_deref() == Some("undo");
    let mut known = of_place(&visit.app, &visit.area)?;
    known.sort_by_key(|(_, c)| Reverse(c.finished.or(c.started).or(c.planned)));
    let today = visit.today();
    let of = |wanted: &[Status]| -> Vec<&(String, Change)> {
        let is = |(_, change): &&(String, Change)| wanted.contains(&change.status(today));
        known.iter().filter(is).collect()
    };
    let columns = [
        ("Planned", "planned", of(&[Status::Planned, Status::NotYet])),
        (
            "Being tested",
            "tested",
            of(&[Status::Running, Status::Paused]),
        ),
        ("Decided", "decided", of(&[Status::Finished])),
    ];
    let open = visit.may_decide();
    let is_planning = open && (filling.came_back() || visit.address.get("plan").is_some());
    let plan_address = visit.address.clone().with("plan", "new");
    let mut charts = MAX_CHARTS;
    let body = html! {
        (filling.summary())
        @if undone { (filling::saved("Undone: the plan is taken back, and the change is no longer listed.", &html! {})) }
        div.page-head.with-action {
            h1 { "Changes" }
            @if open && !is_planning { a.button href=(plan_address) { "Plan a change" } }
        }
        @if is_planning { (forms::new_plan(visit, filling)) }
        @if known.is_empty() {
            p.lead { "No change has been recorded in " (visit.title_of(visit.area.as_str())) " yet. A change has an aim, a prediction and the measures that it should move; its page shows what the charts say before and since." }
        } @else {
            div.three #changes data-live {
                @for (name, id, list) in &columns {
                    section.card aria-labelledby=(format!("{id}-name")) {
                        h2 id=(format!("{id}-name")) { (name) " " span.place { (counted(list, today)) } }
                        @if list.is_empty() { p.place { "None." } }
                        ul.findings { @for (id, change) in list { (item(visit, id, change, &mut charts)) } }
                    }
                }
            }
        }
    };
    let picker = layout::place_picker(visit);
    Ok(layout::page(visit, Tab::Changes, "Changes", &picker, &body))
}

/// How many changes a column holds: a paused one is not being tested, and is counted beside the others.
fn counted(list: &[&(String, Change)], today: NaiveDate) -> String {
    let is_paused = |(_, change): &&&(String, Change)| change.status(today) == Status::Paused;
    match list.iter().filter(is_paused).count() {
        0 => list.len().to_string(),
        paused => format!("{}, and {paused} paused", list.len() - paused),
    }
}

fn item(visit: &Visit, id: &str, change: &Change, charts: &mut usize) -> Markup {
    let status_now = change.status(visit.today());
    let is_planned = matches!(status_now, Status::Planned | Status::NotYet);
    let studied = change
        .measures
        .first()
        .filter(|_| !is_planned && *charts > 0);
    let studied = studied.and_then(|measure| {
        *charts -= 1;
        Studied::of(visit, change, measure.as_str())
    });
    html! {
        li.change { div {
            a href=(path(id)) { (change.title.as_deref().unwrap_or("A change")) }
            @if matches!(status_now, Status::Paused | Status::Finished) { " " span.tag { (status(status_now, change.decision)) } }
            p.small {
                (visit.title_of(change.area.as_str())) " · " (dates(change))
                @if let Some(lead) = &change.led_by { " · " (lead) }
            }
            @if let Some(studied) = &studied {
                @if let Some(around) = &studied.around { (verdict(change, around, &studied.answer.chart)) }
            } @else if let Some(aim) = &change.aim { p { (aim) } }
            @if let Some(learnt) = &change.learnt { p { "Learnt: " (learnt) } }
        } }
    }
}

/// One change; none where nothing stands of it.
fn known(visit: &Visit, id: &str) -> Result<Option<Known>, Problem> {
    Ok(visit.views()?.read(|view| {
        let entity = view.entity(Family::Change, id)?;
        Some(Known {
            id: id.to_owned(),
            change: change(&entity.facts.standing())?,
            version: version(&entity.facts.all()),
        })
    }))
}

/// A change that is not there.
fn no_such_change() -> Problem {
    Problem::not_found("We cannot find that change. Choose one from the list of changes")
}

/// How many weeks a change has been tested, for a sentence.
fn weeks(change: &Change, visit: &Visit) -> Option<String> {
    let until = change.finished.unwrap_or_else(|| visit.today());
    let days = (until - change.started?).num_days();
    (days >= 0).then(|| words::days(days))
}
