//! `GET /plan/{id}`: one item of a plan, with what shows whether it moves and what helps with it.

use super::super::authors;
use super::super::changes_of;
use super::super::checklist;
use super::super::filling::{self, Filling};
use super::super::layout::{self, Tab};
use super::super::visit::Visit;
use super::{form, measures, progress};
use crate::door::problem::Problem;
use axum::extract::Path;
use axum::response::Response;
use joinedup_application::checklists;
use joinedup_application::findings;
use joinedup_application::plan::{Planned, plan};
use joinedup_drawing::axis;
use joinedup_events::Family;
use joinedup_views::changes::{Change, change};
use joinedup_views::plan::PREFIX;
use maud::{Markup, html};

/// `GET /plan/{id}`.
pub async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    visit
        .render(move |visit| page(visit, &id, &Filling::default()))
        .await
}

/// The item of a plan with the id of an address, in the reader's place.
///
/// # Errors
/// 404 when there is none.
pub(super) fn find(visit: &Visit, id: &str) -> Result<Planned, Problem> {
    let id = format!("{PREFIX}{id}");
    let items = plan(&visit.app, &visit.area)?;
    items.into_iter().find(|p| p.id == id).ok_or_else(|| {
        Problem::not_found("There is no such item in the plan of this place. The plan lists them")
    })
}

/// The improvement change of an id, wherever it is and whether or not it is over.
pub(super) fn change_of(visit: &Visit, id: &str) -> Option<Change> {
    visit.views().ok()?.read(|view| {
        let entity = view.entity(Family::Change, id)?;
        change(&entity.facts.standing())
    })
}

/// The change by which an item is tried, with how far that is.
pub(super) fn tested(visit: &Visit, planned: &Planned) -> Markup {
    let id = planned.item.tested_by.as_ref().map_or("", |id| id.as_str());
    let Some(change) = change_of(visit, id) else {
        return html! { "–" };
    };
    let title = change.title.as_deref().unwrap_or("A change");
    let chart = change.measures.first().map(|measure| {
        let chart = visit.address.elsewhere(format!("/measures/{measure}"));
        let chart = chart.with("area", &change.area);
        format!("{chart}#change-{}", id.replace('/', "-"))
    });
    html! {
        @match chart { Some(to) => a href=(to) { (title) }, None => (title) }
        br; span.small { (changes_of::status(change.status(visit.today()), change.decision)) }
    }
}

pub(super) fn page(visit: &Visit, id: &str, filling: &Filling) -> Result<Markup, Problem> {
    let planned = find(visit, id)?;
    let item = &planned.item;
    let overview = visit.overview();
    let about = item.framework.as_ref().zip(item.item.as_ref());
    let help = about
        .map(|(f, i)| checklists::of_item(&visit.app, &item.area, f.as_str(), i.as_str()))
        .transpose()?;
    let catalogue = &visit.app.definitions.catalogue;
    let nodes = about.map(|(f, i)| catalogue.nodes_about(f.as_str(), i.as_str()));
    let nodes = nodes.unwrap_or_default();
    let mut found = findings::of_place(&visit.app, &visit.area)?;
    found.retain(|f| f.about.iter().any(|n| nodes.contains(&n.as_str())));
    let body = html! {
        h1 { (planned.title) span.place { ", " (visit.title_of(item.area.as_str())) } }
        (filling.summary())
        @if let Some(done) = &visit.done { (filling::saved(if done == "progress" { "Saved: how far the item is." } else { "The item is saved." }, &html! {})) }
        section.card aria-label="The item" {
            p.lead { (item.aim) }
            dl.facts {
                div { dt { "Progress" } dd { (progress(&planned)) @if planned.overdue { " " strong.concern { "past its date" } } } }
                div { dt { "Owner" } dd { (item.owner) } }
                div { dt { "By" } dd { (axis::date(item.by)) } }
                div { dt { "In the plan since" } dd { (axis::date(item.since)) } }
                @if !item.measures.is_empty() { div { dt { "Measures" } dd { (measures(visit, &overview, &planned)) } } }
                div { dt { "Tried by" } dd { (tested(visit, &planned)) } }
                @if !nodes.is_empty() {
                    div { dt { "In the logic model" } dd { @for (i, node) in nodes.iter().enumerate() { @if i > 0 { ", " } a href=(format!("{}#node", visit.address.elsewhere("/model").with("node", node))) { (catalogue.node(node).map_or(*node, |n| n.title.as_str())) } } } }
                }
            }
            (authors::list(visit, Family::Change, &planned.id, None))
            (form::forms(visit, &planned, filling)?)
        }
        @if let Some(help) = &help {
            section.card #help aria-labelledby="help-name" {
                h2 #help-name { "What helps" }
                (checklist::summary(visit, about.map_or("", |(f, _)| f.as_str()), help, &item.area))
                (checklist::signposts(help))
            }
        }
        @if !found.is_empty() {
            section.card aria-labelledby="found-name" {
                h2 #found-name { "What reviews found" }
                ul { @for f in &found { li { (f.finding.text) " " span.place { (f.pathway_title) ", " (axis::date(f.finding.date)) } } } }
            }
        }
        p { a href=(visit.address.elsewhere("/plan")) { "Back to the plan" } }
    };
    Ok(layout::page(
        visit,
        Tab::Leaders,
        &planned.title,
        &html! {},
        &body,
    ))
}
