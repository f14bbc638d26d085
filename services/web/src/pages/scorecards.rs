//! `GET /scorecards` and `GET /scorecards/{id}`: named lists of measures, and one of them in a place on one page.

use super::address::Address;
use super::home::sparked;
use super::layout::{self, Tab};
use super::visit::{Visit, kinds};
use super::{whose, words};
use crate::door::problem::Problem;
use axum::extract::Path;
use axum::response::Response;
use joinedup_application::scorecards::{InPlace, Row};
use joinedup_drawing::{axis, icon, spark};
use joinedup_views::measure::{Measure, Purpose};
use joinedup_views::scorecards::Scorecard;
use maud::{Markup, PreEscaped, html};

/// `GET /scorecards`.
pub async fn list(visit: Visit) -> Result<Response, Problem> {
    visit.render(all).await
}

/// `GET /scorecards/{id}`.
pub async fn one(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    visit.render(move |visit| page(visit, &id)).await
}

const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Improvement => "to improve",
        Purpose::Performance => "to manage performance",
        Purpose::Both => "to improve and to manage performance",
    }
}

fn made_for(card: &Scorecard) -> String {
    let kinds: Vec<String> = card
        .footprint
        .iter()
        .map(|k| kinds(*k).to_lowercase())
        .collect();
    match kinds.as_slice() {
        [] => "any place".to_owned(),
        kinds => kinds.join(" and "),
    }
}

fn all(visit: &Visit) -> Result<Markup, Problem> {
    let place = visit.title_of(visit.area.as_str());
    let mut cards = Vec::new();
    let here = here(visit)?;
    for card in visit.app.definitions.scorecards.all() {
        cards.push((card, here.rows(card)));
    }
    let body = html! {
        h1 { "Scorecards" span.place { ", " (place) } }
        section.card #scorecards data-live aria-label="All scorecards" {
            div.scroll tabindex="0" role="region" aria-label="Scorecards" {
                table.stack {
                    thead { tr { th scope="col" { "Scorecard" } th scope="col" { "For" } th scope="col" { "Owner" } th.number scope="col" { "With numbers here" } th scope="col" { "Now" } } }
                    tbody {
                        @for (card, rows) in &cards {
                            tr {
                                th.whole scope="row" { a href=(visit.address.elsewhere(format!("/scorecards/{}", card.id))) { (card.title) } }
                                td data-label="Purpose" { (words::sentence_start(purpose(card.purpose))) br; span.small { (made_for(card)) } }
                                td data-label="Owner" { (card.owner) }
                                td.number data-label="With numbers" { (rows.iter().filter(|r| r.with_value().is_some()).count()) " of " (card.items.len()) }
                                td { (now(rows)) }
                            }
                        }
                    }
                }
            }
        }
        p.note { "A scorecard is a list of measures in a file: add your own with the setting " code { "scorecard_files" } "." }
    };
    let title = format!("Scorecards, {place}");
    let picker = layout::place_picker(visit);
    Ok(layout::page(visit, Tab::Leaders, &title, &picker, &body))
}

/// How many of the lines get worse and better.
fn now(rows: &[Row<'_>]) -> Markup {
    let lines = || rows.iter().filter_map(Row::with_value);
    let (worse, better) = (
        lines().filter(|l| l.worsens()).count(),
        lines().filter(|l| l.improves()).count(),
    );
    html! {
        @if worse > 0 { strong.concern { (worse) " getting worse" } }
        @if worse > 0 && better > 0 { ", " }
        @if better > 0 { strong.improvement { (better) " getting better" } }
        @if !changed(rows) { "–" }
    }
}

fn changed(rows: &[Row<'_>]) -> bool {
    let mut lines = rows.iter().filter_map(Row::with_value);
    lines.any(|l| l.worsens() || l.improves())
}

fn page(visit: &Visit, id: &str) -> Result<Markup, Problem> {
    let card = card(visit, id)?;
    let rows = here(visit)?.rows(card);
    let place = visit.title_of(visit.area.as_str());
    let kind = visit.place().map(|a| a.kind);
    let is_made_for =
        card.footprint.is_empty() || kind.is_some_and(|k| card.footprint.contains(&k));
    let with_value = rows.iter().filter(|r| r.with_value().is_some()).count();
    let people = whose::chosen(visit);
    let address = |suffix: &str| {
        let to = visit.address.on(format!("/api/v1/scorecards/{id}{suffix}"));
        let people = people.map_or("", |people| people.id.as_str());
        to.with("area", &visit.area)
            .with("population", people)
            .to_string()
    };
    let body = html! {
        h1 { (card.title) span.place { ", " (place) @if let Some(people) = people { ": " (people.title) } } }
        (whose::numbers_of(visit))
        section.card #sum data-live aria-label="In a sentence" {
            p.lead { (with_value) " of " (words::counted(rows.len(), "line has", "lines have")) " numbers here. " @if changed(&rows) { (now(&rows)) "." } @else if with_value > 0 { "None of them is clearly getting worse or better." } }
            p { (card.about) @if let Some(source) = &card.source { " " a href=(source) rel="noreferrer" { "Where it is published" } } }
            p.small { "Used " (purpose(card.purpose)) ". Owner: " (card.owner) ". Made for " (made_for(card)) "." @if !is_made_for { " " strong { "This place is of another kind." } } }
        }
        section.card #scorecard data-live aria-label="Measures" {
            (lines(visit, &rows))
            p.files { a href=(address(".csv")) { "CSV" } " " a href=(address("")) { "JSON" } }
        }
    };
    let title = format!("{}, {place}", card.title);
    let picker = layout::place_picker(visit);
    Ok(layout::page(visit, Tab::Leaders, &title, &picker, &body))
}

/// A scorecard's name and its lines in the place, for a page that shows more than it.
///
/// # Errors
/// 404 when there is no such scorecard or this process has no views.
pub fn table(visit: &Visit, id: &str) -> Result<(String, Markup), Problem> {
    let card = card(visit, id)?;
    let rows = here(visit)?.rows(card);
    Ok((card.title.clone(), lines(visit, &rows)))
}

/// What scorecards are filled with in the reader's place.
fn here(visit: &Visit) -> Result<InPlace<'_>, Problem> {
    let people = whose::chosen(visit).map(|people| people.id.as_str());
    Ok(InPlace::of(
        &visit.app,
        &visit.area,
        visit.audience(),
        people,
    )?)
}

fn card<'a>(visit: &'a Visit, id: &str) -> Result<&'a Scorecard, Problem> {
    visit.app.definitions.scorecards.get(id).ok_or_else(|| {
        Problem::not_found("There is no such scorecard. The page of scorecards lists them")
    })
}

fn lines(visit: &Visit, rows: &[Row<'_>]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Measures of the scorecard" {
            table.outcomes.scorecard.stack {
                thead { tr { th scope="col" { "Measure" } th scope="col" { "Variation" } th scope="col" { "Target" } th.number scope="col" { "Latest" } th scope="col" { "Trend" } th scope="col" { "What it means" } } }
                tbody { @for (at, row) in rows.iter().enumerate() {
                    @if !row.item.section.is_empty() && (at == 0 || rows[at - 1].item.section != row.item.section) {
                        tr.section { th.whole colspan="6" scope="colgroup" { (row.item.section) } }
                    }
                    (line(visit, row))
                } }
            }
        }
    }
}

/// The chart behind a line, of the same people where it can be.
fn chart(visit: &Visit, measure: &Measure, row: &Row<'_>) -> Address {
    let to = visit.address.elsewhere(format!("/measures/{}", measure.id));
    match visit.address.get("population") {
        Some(people) if row.line.is_some() => to.with("population", people),
        _ => to,
    }
}

fn line(visit: &Visit, row: &Row<'_>) -> Markup {
    html! {
        tr {
            th.whole scope="row" {
                @match row.measure {
                    Some(m) => a href=(chart(visit, m, row)) { (row.title()) },
                    None => (row.title()),
                }
                @if let Some(footprint) = row.line.as_ref().and_then(|l| l.footprint.as_ref()) { br; span.small { (footprint) } }
            }
            @if let Some(line) = row.with_value() {
                td { span.with-icon { (PreEscaped(icon::variation(line.variation))) strong.(icon::variation_class(line.variation)) { (words::stands(line)) } } }
                td data-label="Target" {
                    @match line.assurance {
                        Some(a) => span.with-icon { (PreEscaped(icon::assurance(a))) span.small { (icon::assurance_words(a)) } },
                        None => @if let Some(target) = line.target { (axis::amount(target, &line.unit)) } @else { span.small { "none set" } },
                    }
                }
                td.number data-label="Latest" { @if let Some((start, value)) = line.latest { strong { (axis::amount(value, &line.unit)) } br; span.small { (words::period(line.period, start)) } } }
                td { (PreEscaped(spark::spark(&line.values, line.centre, icon::variation_class(line.variation), &sparked(line)))) }
                td.whole { (meaning(row)) }
            } @else {
                td.whole colspan="5" {
                    span.place { @if row.line.is_some() { "Suppressed or not final here." } @else if row.measure.is_some() { "No numbers here yet." } }
                    " " (meaning(row))
                }
            }
        }
    }
}

fn meaning(row: &Row<'_>) -> Markup {
    html! {
        @if let Some(measure) = row.measure { span.small { (words::counted_of(measure)) "." } }
        @if !row.item.note.is_empty() { " " span.small { (row.item.note) } }
        @match (&row.gap, row.measure) {
            (Some(gap), _) => { @if row.measure.is_some() { br; } span.small { strong { "Waits for " (gap.needs) } ", from " (gap.who) "." } }
            (None, Some(_)) if row.with_value().is_none() => { " " span.small { "There are numbers in a part of the place, and none for all of it." } },
            (None, None) => { " " span.small { "Choose a measure for it in a file of scorecards of your own." } },
            _ => {}
        }
    }
}
