//! `GET /lenses` and `GET /lenses/{id}`: what is measured, tried and rated in a place, grouped by a lens, with the holes
//! named.

use super::changes_of;
use super::layout::{self, Tab};
use super::visit::Visit;
use super::{changes, rounds, words};
use crate::door::problem::Problem;
use axum::extract::Path;
use axum::response::Response;
use joinedup_application::lenses::{self, Lens, LensMeasure, Seen};
use joinedup_application::overview::Overview;
use joinedup_drawing::{axis, icon};
use maud::{Markup, PreEscaped, html};

/// How many measures without a value are named open; a lens of all measures has many.
const MAX_DARK: usize = 4;
/// How many measures with a value stand open.
const MAX_OPEN: usize = 8;
/// How many changes of an item are shown.
const MAX_CHANGES: usize = 4;

/// `GET /lenses`.
pub async fn list(visit: Visit) -> Result<Response, Problem> {
    visit.render(all).await
}

/// `GET /lenses/{id}`.
pub async fn one(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    visit.render(move |visit| page(visit, &id)).await
}

fn all(visit: &Visit) -> Result<Markup, Problem> {
    let place = visit.title_of(visit.area.as_str());
    let mut rows = Vec::new();
    for lens in lenses::all(&visit.app) {
        let seen = lenses::look(&visit.app, &lens, &visit.area, visit.audience())?;
        rows.push((lens, seen));
    }
    let body = html! {
        h1 { "Lenses" span.place { ", " (place) } }
        section.card #lenses data-live aria-label="All lenses" {
            p.note { "A lens groups what is measured, tried and rated, and names what is missing. A framework becomes a lens when its items name measures; a local file can add both." }
            div.scroll tabindex="0" role="region" aria-label="Lenses" {
                table.stack {
                    thead { tr { th scope="col" { "Lens" } th.number scope="col" { "Measured here" } th scope="col" { "Not measured here" } } }
                    tbody {
                        @for (lens, seen) in &rows {
                            @let dark: Vec<&str> = seen.iter().filter(|s| !is_measured(s)).map(|s| s.title.as_str()).collect();
                            tr {
                                th.whole scope="row" { a href=(visit.address.elsewhere(format!("/lenses/{}", lens.id))) { (lens.title) } }
                                td.number { (seen.len() - dark.len()) " of " (seen.len()) }
                                td { @if dark.is_empty() { "–" } @else { (dark.join(", ")) } }
                            }
                        }
                    }
                }
            }
        }
    };
    let title = format!("Lenses, {place}");
    let picker = layout::place_picker(visit);
    Ok(layout::page(visit, Tab::Leaders, &title, &picker, &body))
}

fn is_measured(seen: &Seen) -> bool {
    seen.measures.iter().any(|m| m.verdict.is_some())
}

fn page(visit: &Visit, id: &str) -> Result<Markup, Problem> {
    let lenses = lenses::all(&visit.app);
    let lens = lenses.iter().find(|l| l.id == id);
    let lens = lens.ok_or_else(|| {
        Problem::not_found("There is no such lens. The page of lenses lists them")
    })?;
    let seen = lenses::look(&visit.app, lens, &visit.area, visit.audience())?;
    let place = visit.title_of(visit.area.as_str());
    let overview = visit.overview();
    let measured = seen.iter().filter(|s| is_measured(s)).count();
    let body = html! {
        h1 { (lens.title) span.place { ", " (place) } }
        (others(visit, &lenses, id))
        section.card #sum data-live aria-label="In a sentence" {
            p.lead { strong { "Data here for " (measured) " of its " (words::counted(seen.len(), "part", "parts")) "." } @for s in seen.iter().filter(|s| !is_measured(s)) { " " strong.concern { (s.holes.first().map_or("", String::as_str)) } } }
            p { (lens.note) }
        }
        div.lens { @for (at, s) in seen.iter().enumerate() {
            @if let Some(group) = s.group.as_ref().filter(|_| at == 0 || seen[at - 1].group != s.group) { h2.group { (words::sentence(group)) } }
            (item(visit, &overview, s))
        } }
    };
    let title = format!("{}, {place}", lens.title);
    let picker = layout::place_picker(visit);
    Ok(layout::page(visit, Tab::Leaders, &title, &picker, &body))
}

fn others(visit: &Visit, lenses: &[Lens], id: &str) -> Markup {
    html! {
        nav.choices aria-label="Lens" { ul.segments { @for lens in lenses { li { a href=(visit.address.elsewhere(format!("/lenses/{}", lens.id))) aria-current=[(lens.id == id).then_some("page")] { (lens.title) } } } } }
    }
}

fn item(visit: &Visit, overview: &Overview, seen: &Seen) -> Markup {
    let (with_value, dark): (Vec<&LensMeasure>, Vec<&LensMeasure>) =
        seen.measures.iter().partition(|m| m.verdict.is_some());
    let (open, more) = with_value.split_at(with_value.len().min(MAX_OPEN));
    html! {
        section.card id=(format!("item-{}", seen.item)) data-live aria-labelledby=(format!("item-{}-name", seen.item)) {
            h2 id=(format!("item-{}-name", seen.item)) { (seen.title) }
            @for hole in &seen.holes { p.hole { (hole) } }
            @if let Some(gap) = &seen.waits_for { p.small { strong { (gap.title) } " waits for " (gap.needs) ", from " (gap.who) "." } }
            @if !open.is_empty() { h3 { "Measures" } ul.signals { @for m in open { (measure(visit, overview, m)) } } }
            @if !more.is_empty() { details id=(format!("more-{}", seen.item)) { summary { (more.len()) " more" } ul.signals { @for m in more { (measure(visit, overview, m)) } } } }
            @if !dark.is_empty() {
                p.small { "No data here yet: " (layout::links(dark.iter().map(|m| (visit.address.elsewhere(format!("/measures/{}", m.measure)).to_string(), m.title.clone())), MAX_DARK)) "." }
            }
            @if !seen.changes.is_empty() {
                h3 { "Changes" }
                ul.plain {
                    @for c in seen.changes.iter().take(MAX_CHANGES) { li { a href=(visit.address.elsewhere(changes::path(&c.id))) { (c.change.title.as_deref().unwrap_or("A change")) } " " span.place { (visit.title_of(c.change.area.as_str())) } " " span.tag { (changes_of::status(c.status, c.change.decision)) } } }
                }
                @if seen.changes.len() > MAX_CHANGES { p.small { "And " (seen.changes.len() - MAX_CHANGES) " earlier." } }
            }
            @if !seen.ratings.is_empty() {
                h3 { "Ratings" }
                ul.plain {
                    @for r in &seen.ratings { li { @if let Some(level) = r.level { span.level.(format!("l{level}")) { (level) } " " } a href=(format!("{}#node", visit.address.elsewhere("/model").with("node", &r.node))) { (r.title) } " " span.place { @if r.level.is_some() { (rounds::level(visit, visit.app.definitions.catalogue.model().id(), r.level)) } @else { "not rated here" } } } }
                }
            }
        }
    }
}

fn measure(visit: &Visit, overview: &Overview, m: &LensMeasure) -> Markup {
    html! {
        @if let Some(line) = overview.line(&m.measure, visit.area.as_str()) {
            li {
                (PreEscaped(icon::variation(line.variation)))
                div {
                    a href=(visit.address.elsewhere(format!("/measures/{}", m.measure))) { (m.title) }
                    @if let Some(by) = &line.compares { p { "Compared by " (words::dimension(by)) } }
                    @else { p { span.(icon::variation_class(line.variation)) { (words::stands(line)) } @if let Some((start, value)) = line.latest { ": " strong { (axis::amount(value, &line.unit)) } ", " (words::period(line.period, start)) } } }
                }
            }
        }
    }
}
