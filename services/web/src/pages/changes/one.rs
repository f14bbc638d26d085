//! `GET /changes/{id}`: one change through plan, do, study and act, with what its charts say beside it.

use super::super::changes_of::{dates, status};
use super::super::filling::{self, Filling};
use super::super::layout::{self, Tab};
use super::super::visit::Visit;
use super::super::{authors, words};
use super::studied::Studied;
use super::{Known, forms, known, no_such_change};
use crate::door::problem::Problem;
use axum::extract::Path;
use axum::response::Response;
use chrono::{DateTime, Utc};
use joinedup_drawing::axis;
use joinedup_events::Family;
use joinedup_events::change::{Comparison, Decision};
use joinedup_views::changes::{Change, Status};
use joinedup_views::decide::UNDO_TIME;
use maud::{Markup, html};

/// The most charts on the page of one change.
const MAX_CHARTS: usize = 6;

/// `GET /changes/{id}`.
pub async fn one(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    visit
        .render(move |visit| page(visit, &id, &Filling::default()))
        .await
}

/// The page, with a form that came back.
pub(super) fn page(visit: &Visit, id: &str, filling: &Filling) -> Result<Markup, Problem> {
    let done = visit.done.as_deref().and_then(saved_words);
    let known = known(visit, id)?.ok_or_else(no_such_change)?;
    let change = &known.change;
    let name = change.title.as_deref().unwrap_or("A change");
    let now = change.status(visit.today());
    let open = visit.may_decide_in(&change.area);
    let undo = last_step(visit, &known)?.filter(|_| open);
    let body = html! {
        (filling.summary())
        @if let Some(words) = done {
            (filling::saved(words, &html! { @if undo.is_some() { (forms::undo(visit, &known)) } }))
        }
        header.page-head {
            p.kicker {
                a href=(visit.address.elsewhere("/changes").with("area", &change.area)) { "Changes" } " · " (visit.title_of(change.area.as_str()))
                @if let Some(lead) = &change.led_by { " · led by " (lead) }
            }
            h1 { (name) " " span.tag { (status(now, change.decision)) } }
            @if let Some(aim) = &change.aim { p.lead { (aim) } }
            @if let (Some(step), None) = (&undo, done) { div.last-step { p.small { (step) } (forms::undo(visit, &known)) } }
        }
        (stages(visit, change, now))
        div.worked {
            div.cycle {
                (plan(visit, &known, filling, open))
                (tried(visit, &known, filling, open, now))
                (learnt(visit, &known, filling, open, now))
                (acted(visit, &known, filling, open, now))
                (authors::list(visit, Family::Change, id, None))
            }
            section.card #charts data-live aria-labelledby="charts-name" {
                h2 #charts-name { "What the charts say" }
                (charts(visit, change))
            }
        }
    };
    Ok(layout::page(visit, Tab::Changes, name, &html! {}, &body))
}

/// What was saved a moment ago, in words.
fn saved_words(step: &str) -> Option<&'static str> {
    Some(match step {
        "plan" => "The plan is saved.",
        "start" => "Saved: the test has begun. It is marked on the charts from its first day.",
        "pause" => "Saved: the test is paused.",
        "study" => "Saved: what you have learnt.",
        "finish" => "The decision is saved.",
        "undo" => "Undone. The change is as it was before that step.",
        _ => return None,
    })
}

/// The last step, while it can be taken back.
fn last_step(visit: &Visit, known: &Known) -> Result<Option<String>, Problem> {
    let facts = visit.views()?.read(|view| {
        let entity = view.entity(Family::Change, &known.id);
        entity.map(|e| e.facts.standing()).unwrap_or_default()
    });
    let steps = facts.iter().filter(|f| f.fact.retraction().is_none());
    let last: Option<DateTime<Utc>> = steps.clone().map(|f| f.recorded_at).max();
    let Some(at) = last.filter(|at| visit.now - *at <= UNDO_TIME) else {
        return Ok(None);
    };
    let names: Vec<&str> = steps
        .filter(|f| f.recorded_at == at)
        .map(|f| authors::words(f.fact.name()))
        .collect();
    Ok(Some(format!(
        "Last step, {}: {}.",
        words::clock(at),
        names.join(" and ")
    )))
}

/// The four stages in a line, with what is done and what comes next.
fn stages(visit: &Visit, change: &Change, now: Status) -> Markup {
    let current = match now {
        Status::NotYet | Status::Planned => 1,
        Status::Running | Status::Paused if change.studies.is_empty() => 2,
        Status::Running | Status::Paused => 3,
        Status::Finished => 4,
    };
    let date = |day: Option<chrono::NaiveDate>| day.map(axis::date).unwrap_or_default();
    let tested = match (now, super::weeks(change, visit)) {
        (Status::Running, Some(time)) => format!("for {time}"),
        (Status::Paused, _) => "paused".to_owned(),
        _ => date(change.started),
    };
    let studied = match change.studies.last() {
        Some(study) => axis::date(study.date),
        // What is decided is not studied any more.
        None if now == Status::Finished => "nothing recorded".to_owned(),
        None => "not yet".to_owned(),
    };
    let acted = match change.decision {
        Some(_) => status(Status::Finished, change.decision).to_owned(),
        None => "not decided yet".to_owned(),
    };
    let steps = [
        ("Plan", date(change.planned)),
        (
            "Do",
            if current > 1 {
                tested
            } else {
                "not begun".to_owned()
            },
        ),
        ("Study", studied),
        ("Act", acted),
    ];
    html! {
        ol.stages #stages data-live {
            @for (i, (stage, words)) in steps.iter().enumerate() {
                li.over[i < current && (i != 2 || !change.studies.is_empty())] aria-current=[(i == current).then_some("step")] { strong { (stage) } " " span.small { (words) } }
            }
        }
    }
}

fn plan(visit: &Visit, known: &Known, filling: &Filling, open: bool) -> Markup {
    let change = &known.change;
    let definitions = &visit.app.definitions;
    let concept = change.concept.as_ref().and_then(|concept| {
        let tagged = definitions.catalogue.frameworks();
        let item = tagged.filter_map(|f| f.item(concept.as_str())).next();
        item.map(|item| item.title.as_str())
    });
    html! {
        section.card aria-labelledby="plan-name" {
            h2 #plan-name { "Plan" }
            dl.facts #planned data-live {
                @if let Some(prediction) = &change.prediction { div { dt { "Prediction" } dd { (prediction) } } }
                @else { div { dt { "Prediction" } dd.place { "None recorded: nothing to hold the result against." } } }
                @if let Some(lead) = &change.led_by { div { dt { "Led by" } dd { (lead) } } }
                @if let Some(day) = change.planned { div { dt { "Planned" } dd { (axis::date(day)) } } }
                @if let Some(concept) = concept { div { dt { "Change concept" } dd { (concept) } } }
                @if !change.items.is_empty() {
                    div { dt { "Works on" } dd { @for (i, item) in change.items.iter().enumerate() {
                        @if i > 0 { ", " }
                        a href=(visit.address.elsewhere("/model").with("node", item)) { (definitions.catalogue.node(item.as_str()).map_or(item.as_str(), |n| n.title.as_str())) }
                    } } }
                }
            }
            @if open { (forms::plan_again(visit, known, filling)) }
        }
    }
}

fn tried(visit: &Visit, known: &Known, filling: &Filling, open: bool, now: Status) -> Markup {
    let change = &known.change;
    let step = match now {
        Status::NotYet | Status::Planned => {
            Some(("start", "First day of the test", "Start the test"))
        }
        Status::Running => Some(("pause", "Paused on", "Pause the test")),
        Status::Paused => Some(("start", "Goes on from", "Continue the test")),
        Status::Finished => None,
    };
    html! {
        section.card aria-labelledby="do-name" {
            h2 #do-name { "Do" }
            div #tried data-live {
                p {
                    @match change.started {
                        None => "The test has not begun.",
                        Some(_) => {
                            "Tested " (dates(change)) "."
                            @for day in &change.paused { " Paused on " (axis::date(*day)) "." }
                            @for day in &change.resumed { " Taken up again on " (axis::date(*day)) "." }
                        }
                    }
                }
            }
            @if let (true, Some((step, label, button))) = (open, step) { (forms::dated(visit, known, filling, step, label, button)) }
        }
    }
}

fn learnt(visit: &Visit, known: &Known, filling: &Filling, open: bool, now: Status) -> Markup {
    let change = &known.change;
    html! {
        section.card aria-labelledby="study-name" {
            h2 #study-name { "Study" }
            div #studies data-live {
                @if change.studies.is_empty() { p.place { (if now == Status::Finished { "Nothing recorded." } else { "Nothing recorded yet." }) } }
                ul.plain { @for study in &change.studies {
                    li {
                        (study.learnt) " "
                        span.small { (axis::date(study.date)) @if let Some(compared) = study.compared { " · against the prediction: " (compared_words(compared)) } }
                    }
                } }
            }
            @if open && matches!(now, Status::Running | Status::Paused) { (forms::study(visit, known, filling)) }
        }
    }
}

fn acted(visit: &Visit, known: &Known, filling: &Filling, open: bool, now: Status) -> Markup {
    let change = &known.change;
    let again = visit
        .address
        .elsewhere("/changes")
        .with("area", &change.area)
        .with("plan", "new")
        .with("again", &known.id);
    html! {
        section.card aria-labelledby="act-name" {
            h2 #act-name { "Act" }
            div #acted data-live {
                @match (change.decision, change.finished) {
                    (Some(decision), Some(day)) => {
                        p { strong { (decision_words(decision)) } ", " (axis::date(day)) "." }
                        @if let Some(learnt) = &change.learnt { p { "Learnt: " (learnt) } }
                    }
                    _ => p.place { "Not decided yet." },
                }
            }
            @if open && matches!(now, Status::Running | Status::Paused) { (forms::finish(visit, known, filling)) }
            @if open && now == Status::Finished { p { a href=(again) { "Plan the next cycle from this one" } } }
        }
    }
}

/// What stands of a change, for whoever was second.
pub(super) fn stands(visit: &Visit, known: &Known) -> Markup {
    let change = &known.change;
    html! {
        p { strong { (change.title.as_deref().unwrap_or("A change")) } ": " (status(change.status(visit.today()), change.decision)) ", " (dates(change)) "." }
        @if let Some(aim) = &change.aim { p { "Aim: " (aim) } }
        @if let Some(prediction) = &change.prediction { p { "Prediction: " (prediction) } }
        @for study in &change.studies { p { "Learnt by " (axis::date(study.date)) ": " (study.learnt) } }
        @if let Some(learnt) = &change.learnt { p { "Learnt: " (learnt) } }
    }
}

fn compared_words(compared: Comparison) -> &'static str {
    match compared {
        Comparison::AsPredicted => "as predicted",
        Comparison::InPart => "some of it",
        Comparison::Otherwise => "something else happened",
    }
}

fn decision_words(decision: Decision) -> &'static str {
    match decision {
        Decision::Adopt => "Adopted",
        Decision::Adapt => "To be adapted and tested again",
        Decision::Abandon => "Abandoned",
    }
}

fn charts(visit: &Visit, change: &Change) -> Markup {
    let shown = change.measures.iter().take(MAX_CHARTS);
    let studied: Vec<Studied> = shown
        .filter_map(|m| Studied::of(visit, change, m.as_str()))
        .collect();
    let left_out = change.measures.len().saturating_sub(studied.len());
    html! {
        @if change.measures.is_empty() { p { "No measure is named in the plan, so no chart can say whether it helps." } }
        div.all-measured { @for (n, studied) in studied.iter().enumerate() { (studied.show(visit, change, n)) } }
        @if left_out > 0 { p.small { (words::counted(left_out, "more measure is", "more measures are")) " named in the plan." } }
        @if !studied.is_empty() { p.note { "Other changes may have contributed." } }
    }
}
