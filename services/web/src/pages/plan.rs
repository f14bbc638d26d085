//! `GET /plan`: the improvement plan of a place and where the place stands, made to be printed on one or two sheets; and one
//! of its items.

mod form;
mod item;
mod standing;

pub use form::{change, create};
pub use item::show as one;

use super::address::encoded;
use super::filling::{self, Filling};
use super::findings;
use super::layout::{self, Tab};
use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use axum::response::Response;
use joinedup_application::overview::Overview;
use joinedup_application::plan::{OnePage, Planned, one_page, plan};
use joinedup_drawing::{axis, icon};
use joinedup_events::AreaId;
use joinedup_events::plan::Progress;
use joinedup_views::plan::PREFIX;
use joinedup_views::ratings::{Aimed, Reached};
use maud::{Markup, PreEscaped, html};

/// `GET /plan`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit.render(|visit| page(visit, &Filling::default())).await
}

/// The address of an item's page.
pub(super) fn address(visit: &Visit, id: &str) -> String {
    let id = id.strip_prefix(PREFIX).unwrap_or(id);
    visit
        .address
        .elsewhere(format!("/plan/{}", encoded(id)))
        .to_string()
}

/// The address of the form that adds an item of a framework to the plan of a place.
pub(super) fn add(visit: &Visit, area: &AreaId, framework: &str, item: &str) -> String {
    let to = visit.address.elsewhere("/plan").with("area", area);
    format!("{}#add", to.with("framework", framework).with("item", item))
}

fn page(visit: &Visit, filling: &Filling) -> Result<Markup, Problem> {
    let items = plan(&visit.app, &visit.area)?;
    let stands = one_page(&visit.app, &visit.area, visit.audience(), &items)?;
    let overview = visit.overview();
    let place = visit.title_of(visit.area.as_str());
    let to = |page: &str| visit.address.elsewhere(page);
    let body = html! {
        div.title-row {
            h1 { "Improvement plan" span.place { ", " (place) ", " (words::day_month_year(visit.today())) } }
            p.files { a href=(to("/findings")) { "Findings of reviews" } a href=(to("/lenses")) { "Lenses" } a href=(to("/model")) { "What to work on first" } }
        }
        (filling.summary())
        @if visit.done.is_some() { (filling::saved("The item is in the plan.", &html! {})) }
        section.card #sum data-live aria-label="In a sentence" { p.lead { (sum(&items, &stands)) } }
        section.card #items aria-labelledby="items-name" {
            h2 #items-name { "What we are working on" }
            (table(visit, &overview, &items))
            (form::create_form(visit, filling)?)
        }
        (standing::quadrants(visit, &stands))
        (findings::latest(visit)?)
        (standing::ambitions(visit, &stands))
    };
    let title = format!("Improvement plan, {place}");
    let picker = layout::place_picker(visit);
    Ok(layout::page(visit, Tab::Leaders, &title, &picker, &body))
}

fn sum(items: &[Planned], stands: &OnePage) -> Markup {
    let of = |progress: Progress| items.iter().filter(|p| p.item.progress == progress).count();
    let overdue = items.iter().filter(|p| p.overdue).count();
    let (of_then, since) = standing::by_age(stands);
    html! {
        @if items.is_empty() { "Nothing is in the plan yet. " }
        @else {
            strong { (words::counted(of(Progress::Open), "item is", "items are")) " open" }
            @if overdue > 0 { ", " strong.concern { (overdue) " past " (if overdue == 1 { "its" } else { "their" }) " date" } }
            ", " (of(Progress::Done)) " done, " (of(Progress::Dropped)) " dropped. "
        }
        (of_ambitions(&of_then, "of a year ago"))
        (of_ambitions(&since, "set in the last year"))
    }
}

/// How many of some ambitions became what.
fn of_ambitions(ambitions: &[&Aimed], set: &str) -> Markup {
    if ambitions.is_empty() {
        return html! {};
    }
    let of = |reached: Reached| ambitions.iter().filter(|a| a.reached == reached).count();
    let reached = of(Reached::Reached);
    html! {
        "Of " (words::counted(ambitions.len(), "ambition", "ambitions")) " " (set) " " strong.improvement[reached > 0] { (reached) " " (if reached == 1 { "is" } else { "are" }) " reached" }
        ", " (of(Reached::Nearer)) " nearer, " (of(Reached::Unchanged)) " unchanged"
        @if of(Reached::Lower) > 0 { ", " strong.concern { (of(Reached::Lower)) " lower" } }
        // The parts are to make up the whole.
        @for became in [Reached::FirstRated, Reached::NotRated, Reached::AlreadyThere] { @if of(became) > 0 { ", " (of(became)) " " (standing::word(became)) } }
        ". "
    }
}

/// How far an item is, in a word.
pub(super) const fn progress_word(progress: Progress) -> &'static str {
    match progress {
        Progress::Open => "open",
        Progress::Done => "done",
        Progress::Dropped => "dropped",
    }
}

/// How far an item is: since when, and why.
pub(super) fn progress(planned: &Planned) -> Markup {
    let item = &planned.item;
    html! {
        span.tag.progress.(progress_word(item.progress)) { (progress_word(item.progress)) }
        @if item.progress != Progress::Open { " " span.small { (axis::date(item.progress_since)) } }
        @if let Some(reason) = &item.reason { br; span.small { (reason) } }
    }
}

/// The measures of an item with what their charts say in its place.
pub(super) fn measures(visit: &Visit, overview: &Overview, planned: &Planned) -> Markup {
    let item = &planned.item;
    html! {
        ul.plain.measures {
            @for id in &item.measures {
                @let line = overview.line(id.as_str(), item.area.as_str());
                @let known = visit.app.definitions.measures.get(id.as_str());
                li {
                    (PreEscaped(icon::variation(line.and_then(|l| l.variation))))
                    span {
                        a href=(visit.address.elsewhere(format!("/measures/{id}")).with("area", &item.area)) { (known.map_or(id.as_str(), |m| m.title.as_str())) }
                        @match line.and_then(|l| l.latest.map(|latest| (l, latest))) {
                            Some((line, (start, value))) => { br; span.small { (axis::amount(value, &line.unit)) ", " (words::period(line.period, start)) } }
                            None => { br; span.small { "no data here yet" } }
                        }
                    }
                }
            }
        }
    }
}

fn table(visit: &Visit, overview: &Overview, items: &[Planned]) -> Markup {
    if items.is_empty() {
        return html! { p { "Begin with " a href=(format!("{}#first", visit.address.elsewhere("/model"))) { "what to work on first" } ", or add an item here." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Items of the plan" {
            table.plan.stack #plan-items data-live {
                thead { tr { th scope="col" { "Item and aim" } th scope="col" { "Owner" } th scope="col" { "Measures" } th scope="col" { "Change" } th scope="col" { "By" } th scope="col" { "Progress" } } }
                tbody {
                    @for planned in items {
                        @let item = &planned.item;
                        tr.over[planned.overdue] {
                            th.whole scope="row" {
                                a href=(address(visit, &planned.id)) { (planned.title) }
                                @if item.area != visit.area { " " span.place { (visit.title_of(item.area.as_str())) } }
                                br; (item.aim)
                            }
                            td data-label="Owner" { (item.owner) }
                            td.whole data-label="Measures" { (measures(visit, overview, planned)) }
                            td data-label="Change" { (item::tested(visit, planned)) }
                            td data-label="By" { (axis::date(item.by)) @if planned.overdue { br; strong.concern { "past its date" } } }
                            td data-label="Progress" { (progress(planned)) }
                        }
                    }
                }
            }
        }
    }
}
