//! `GET /findings`: what reviews from outside found in a place, on a timeline, and the forms by which findings come in, one
//! by one or from a spreadsheet.

mod form;
mod table;

pub use form::record as send;
pub use table::send as send_table;

use super::filling::{self, Filling};
use super::layout::{self, Tab};
use super::sheet::typed::Typed;
use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use axum::response::Response;
use joinedup_application::findings::{KnownFinding, of_place};
use joinedup_drawing::axis;
use joinedup_views::catalogue::{Framework, FrameworkKind};
use maud::{Markup, html};

/// `GET /findings`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit
        .render(|visit| page(visit, &Typed::default(), &Filling::default()))
        .await
}

/// The frameworks that hold findings.
fn frameworks(visit: &Visit) -> impl Iterator<Item = &Framework> {
    let all = visit.app.definitions.catalogue.frameworks();
    all.filter(|f| f.kind == FrameworkKind::Findings)
}

/// The page, with what was typed where it was refused.
pub(super) fn page(visit: &Visit, typed: &Typed, filling: &Filling) -> Result<Markup, Problem> {
    let mut found = of_place(&visit.app, &visit.area)?;
    let chosen = visit.address.get("pathway");
    let mut pathways: Vec<(String, String)> = found
        .iter()
        .map(|f| (f.finding.pathway.clone(), f.pathway_title.clone()))
        .collect();
    pathways.sort();
    pathways.dedup();
    let all = found.len();
    found.retain(|f| chosen.is_none_or(|c| f.finding.pathway == c));
    let place = visit.title_of(visit.area.as_str());
    let own = visit.address.elsewhere("/findings");
    let body = html! {
        h1 { "Findings of reviews" span.place { ", " (place) } }
        (filling.summary())
        @if !typed.refused.is_empty() { (typed.problem("Nothing was saved. What you sent is still in the form.")) }
        @else if let Some(saved) = visit.address.get("saved").and_then(|n| n.parse::<usize>().ok()) {
            (filling::saved(&format!("Saved: {}.", words::counted(saved, "finding", "findings")), &html! {}))
        } @else if let Some(words) = visit.done.as_deref().and_then(saved_words) {
            (filling::saved(words, &html! {}))
        }
        section.card #timeline aria-labelledby="timeline-name" {
            h2 #timeline-name { "Timeline" }
            @if all == 0 { p { "No finding of a review has been entered for this place." } }
            @if pathways.len() > 1 {
                nav.choices aria-label="Pathway" { ul.segments {
                    li { a href=(own) aria-current=[chosen.is_none().then_some("true")] { "All " (all) } }
                    @for (id, title) in &pathways { li { a href=(own.clone().with("pathway", id)) aria-current=[(chosen == Some(id)).then_some("true")] { (title) } } }
                } }
            }
            ol.timeline { @for f in &found { (one(visit, f, filling)) } }
        }
        @if visit.may_decide() { section.card #enter aria-labelledby="enter-name" { h2 #enter-name { "Enter findings" } (form::form(visit, typed, filling)) (table::form(visit, typed)) } }
        p.note { "Write about the place, never about a person. A finding has neither a number nor a rating." }
    };
    let title = format!("Findings of reviews, {place}");
    let picker = layout::place_picker(visit);
    Ok(layout::page(visit, Tab::Leaders, &title, &picker, &body))
}

/// What was saved a moment ago, in words.
fn saved_words(done: &str) -> Option<&'static str> {
    Some(match done {
        "finding" => "The finding is saved.",
        "correct" => "The finding is corrected.",
        "withdraw" => "The finding is withdrawn.",
        _ => return None,
    })
}

fn one(visit: &Visit, found: &KnownFinding, filling: &Filling) -> Markup {
    let f = &found.finding;
    let source = visit.app.definitions.catalogue.framework(&f.framework);
    html! {
        li {
            p.when { time datetime=(f.date) { (axis::date(f.date)) } }
            div {
                p { (f.text) }
                p.small {
                    strong { (found.pathway_title) } ", " (visit.title_of(&f.area)) ". "
                    @if let Some(source) = source { (source.title) ". " }
                    @if !found.about.is_empty() { "In the logic model: " (nodes(visit, &found.about)) "." }
                }
                @if let Some(id) = &found.id { (form::correct(visit, found, id, filling)) }
            }
        }
    }
}

/// Nodes of the logic model as links.
fn nodes(visit: &Visit, ids: &[String]) -> Markup {
    let catalogue = &visit.app.definitions.catalogue;
    html! { @for (i, id) in ids.iter().enumerate() { @if i > 0 { ", " } a href=(format!("{}#node", visit.address.elsewhere("/model").with("node", id))) { (catalogue.node(id).map_or(id.as_str(), |n| n.title.as_str())) } } }
}

/// What reviews found about a node, for the page of the logic model.
///
/// # Errors
/// 404 when this process has no views.
pub fn about_node(visit: &Visit, node: &str) -> Result<Markup, Problem> {
    let mut found = of_place(&visit.app, &visit.area)?;
    found.retain(|f| f.about.iter().any(|n| n == node));
    Ok(html! {
        @if !found.is_empty() {
            h3 { "What reviews found" }
            ul { @for f in &found { li { (f.finding.text) " " span.place { (f.pathway_title) ", " (visit.title_of(&f.finding.area)) ", " (axis::date(f.finding.date)) } } } }
        }
    })
}

/// How many of the latest findings the leaders' page shows.
const MAX_LATEST: usize = 3;

/// The latest findings, for the leaders' page; nothing where there are none.
///
/// # Errors
/// 404 when this process has no views.
pub fn latest(visit: &Visit) -> Result<Markup, Problem> {
    let found = of_place(&visit.app, &visit.area)?;
    let to = visit.address.elsewhere("/findings");
    Ok(html! {
        @if !found.is_empty() {
            section.card #reviews data-live aria-labelledby="reviews-name" {
                h2 #reviews-name { "What reviews found" }
                ul { @for f in found.iter().take(MAX_LATEST) { li { (f.finding.text) " " span.place { (f.pathway_title) ", " (visit.title_of(&f.finding.area)) ", " (axis::date(f.finding.date)) } } } }
                p { a href=(to) { (words::counted(found.len(), "finding", "findings")) ", on a timeline" } }
            }
        }
    })
}
