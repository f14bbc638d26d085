//! The second step: what the columns mean, with menus to correct it, and what comes of it.

use super::super::address::Address;
use super::super::layout;
use super::super::visit::Visit;
use super::super::words;
use super::choice::{KIND, ONE_PLACE, OWN, SEEN, SHEET, TITLES, field_of, own_series, written};
use super::prepared::{Prepared, takers};
use super::untitled::TITLE;
use super::{PATH, undo};
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_application::restated;
use joinedup_application::tables::{Column, NotTaken, Numbers, PlaceOf, ReadTable};
use joinedup_events::observation::{Grain, Mark, ObservationFact, Observed};
use joinedup_events::{Amount, Area, Event, Fact};
use joinedup_views::measure::{Aggregate, Source};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

/// The most refused cells that are listed.
const MAX_REFUSED: usize = 50;

/// What the ids of the fields begin with.
const FORM: &str = "columns";

/// The page.
pub fn page(
    visit: &Visit,
    id: &str,
    file: &str,
    prepared: &Prepared,
    added: Option<DateTime<Utc>>,
) -> Markup {
    let here = visit.address.elsewhere(format!("{PATH}/{id}"));
    let body = html! {
        h1 { "Check what we understood" }
        p { "File: " strong { (file) } ". " @match added { Some(at) => { "It was added at " (words::clock(at)) ". Add it again only if you choose something else: the same again changes nothing." } None => "Nothing is saved yet." } }
        @if added.is_some() { (undo::form(visit, id)) }
        // Who has chosen nothing yet has made no mistake.
        @if prepared.typed("grain").is_some() { (prepared.faults.summary(FORM)) }
        @else if let Some(what) = prepared.faults.first() { p.lead #to-do { (what) "." } }
        @if let Some(published) = &prepared.look.published {
            @if prepared.is_published {
                section.card aria-labelledby="known-name" {
                    h2 #known-name { "We know this table" }
                    p { "It has the columns of: " strong { (published.title) } ". You do not need to choose anything." }
                    form method="post" action=(here) {
                        button type="submit" disabled[prepared.table.facts.is_empty()] { "Add this data" }
                    }
                    p { a href=(here.clone().with("use", "own")) { "It is something else: choose the columns yourself" } }
                }
            } @else {
                p { a href=(here) { "Read it as: " (published.title) } }
            }
        }
        @if !prepared.is_published { (form(visit, id, &here, prepared)) }
        @if prepared.faults.is_empty() { (preview(visit, prepared)) }
        p { a href=(visit.address.elsewhere(PATH)) { "Start again with another file" } }
    };
    super::page(visit, "Check the data", &body)
}

fn form(visit: &Visit, id: &str, here: &Address, prepared: &Prepared) -> Markup {
    let choice = &prepared.choice;
    let columns = &prepared.look.columns;
    let fixed = match &choice.place {
        Some(PlaceOf::Fixed(area)) => visit.app.definitions.areas.get(area.as_str()),
        _ => None,
    };
    let is_one = fixed.is_some() || prepared.typed("place").as_deref() == Some(ONE_PLACE);
    let one = fixed.map(written).or_else(|| prepared.typed("one"));
    let name = prepared
        .typed("name")
        .unwrap_or_else(|| choice.name.to_string());
    let is_place =
        |c: &Column| matches!(&choice.place, Some(PlaceOf::Column(key)) if *key == c.key);
    let is_period = |c: &Column| choice.period.as_ref() == Some(&c.key);
    let (sheets, kinds) = (&prepared.look.sheets, &prepared.look.kinds);
    html! {
        form.card.steps method="get" action=(here.path()) {
            (layout::kept(here, &["use"]))
            @for (name, value) in prepared.part() {
                @if name == SEEN || name == SHEET && sheets.len() < 2 || name == KIND && kinds.is_empty() { input type="hidden" name=(name) value=(value); }
            }
            @if sheets.len() > 1 {
                label { "Sheet of the workbook: one is added at a time"
                    select #columns-sheet name=(SHEET) {
                        @for (at, name) in sheets.iter().enumerate() { option value=(at) selected[at == prepared.sheet] { (name) } }
                    }
                }
            }
            @if !kinds.is_empty() {
                label { "What the numbers of a row count"
                    select #columns-kind name=(KIND) {
                        option value=(TITLES) selected[prepared.look.counted_by.is_none()] { "The titles of the columns say it" }
                        @for (at, title) in kinds.iter().enumerate() { option value=(at) selected[prepared.look.counted_by == Some(at)] { "This column says it: " (title) } }
                    }
                }
            }
            @if sheets.len() > 1 || !kinds.is_empty() { p.note { "After another choice here press " strong { "Check again" } ": the columns below are others then." } }
            @if !prepared.is_seen { p #other-part { "These are the columns of what you chose. Check them, then add the data." } }
            @if prepared.look.published.is_some() { input type="hidden" name="use" value="own"; }
            h2 { "The columns" }
            @if columns.first().is_some_and(|c| c.title == format!("{TITLE} 1")) { p.note #untitled { "The first row has a date and a number, so we read it as data and called the columns " (TITLE) " 1, " (TITLE) " 2 and so on." } }
            label { "Date or period of each row"
                select name="date" {
                    option value="" { "Choose a column" }
                    @for (at, c) in columns.iter().enumerate() { option value=(at) selected[is_period(c)] { (c.title) } }
                }
            }
            label { "Each period is a"
                select #columns-grain name="grain" {
                    @for g in [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::Year] { option value=(g) selected[g == choice.grain] { (words::grain(g)) } }
                }
            }
            label { "Place of each row"
                select name="place" {
                    option value="" { "Choose a column, or one place" }
                    option value=(ONE_PLACE) selected[is_one] { "All rows are of one place, named below" }
                    @for (at, c) in columns.iter().enumerate() { option value=(at) selected[is_place(c)] { (c.title) } }
                }
            }
            label { "The one place, if all rows are of one"
                input #columns-one type="text" name="one" list="places" autocomplete="off" value=[one];
            }
            (unknown(visit, id, prepared))
            @for (at, c) in columns.iter().enumerate() {
                @if !is_period(c) && !is_place(c) {
                    (numbers(visit, at, c, columns, choice.numbers.iter().find(|n| n.column == c.key)))
                }
            }
            label { "Name of this table: use the same name next time"
                input #columns-name type="text" name="name" maxlength="64" value=(name);
            }
            p {
                button.quiet type="submit" { "Check again" } " "
                button #take type="submit" formmethod="post" { "Add this data" } " "
                button.quiet #save type="submit" formaction=(format!("{PATH}/{id}/mapping.toml")) { "Save these choices as a file" }
            }
            p.note { "The file with your choices is for " code { "joinedup import --mapping" } ", or for a folder that joinedup watches, so that next month nobody needs to choose." }
            (places_list(visit))
        }
    }
}

/// What one column with numbers is.
fn numbers(
    visit: &Visit,
    at: usize,
    column: &Column,
    columns: &[Column],
    chosen: Option<&Numbers>,
) -> Markup {
    let series = chosen.map(|n| n.series.as_str());
    let own = own_series(&column.title);
    let is_own = series == Some(own.as_str());
    let needs_whole = chosen.is_some_and(|n| {
        let mut takers = takers(visit, n.series.as_str());
        n.denominator.is_none() && takers.any(|m| m.aggregate == Aggregate::Proportion)
    });
    html! {
        fieldset {
            legend { "Column: " strong { (column.title) } }
            @if !column.has_numbers { p.note { "Most of this column is not numbers." } }
            label { "These numbers are"
                select id=(format!("{FORM}-v{at}")) name=(format!("v{at}")) {
                    option value="" { "Not needed: leave them out" }
                    option value=(OWN) selected[is_own] { "Something of our own, which has no measure yet" }
                    @for (series_id, title) in all_series(visit) {
                        option value=(series_id) selected[series == Some(series_id) && !is_own] { (title) }
                    }
                }
            }
            label { "Out of (for a share)"
                select name=(format!("d{at}")) {
                    option value="" { "Nothing: they are counts or amounts" }
                    @for (other_at, other) in columns.iter().enumerate() {
                        @if other.has_numbers && other_at != at {
                            option value=(other_at) selected[chosen.and_then(|n| n.denominator.as_ref()) == Some(&other.key)] { (other.title) }
                        }
                    }
                }
            }
            @if needs_whole { p.note { strong { "This measure is a share: choose the column with what the numbers are out of." } } }
        }
    }
}

/// The series that measures take, each with the titles of those measures.
fn all_series(visit: &Visit) -> Vec<(&str, String)> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for measure in visit.app.definitions.measures.iter() {
        if let Some(Source::Observed(series)) = measure.source() {
            all.entry(series).or_default().push(&measure.title);
        }
    }
    let mut all: Vec<(&str, String)> = all
        .into_iter()
        .map(|(series, titles)| (series, titles.join("; ")))
        .collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

/// Names in the file that are not known places.
fn unknown(visit: &Visit, id: &str, prepared: &Prepared) -> Markup {
    let Some(made) = &prepared.made else {
        return html! {};
    };
    let areas = &visit.app.definitions.areas;
    html! {
        @if !made.unknown.is_empty() {
            fieldset #unknown {
                legend { "Places that we do not know" }
                p { "Say which place each is. Rows of places that you leave empty are not added." }
                @for name in &made.unknown {
                    @let field = field_of(id, name);
                    @let place = prepared.places.get(name).and_then(|area| areas.get(area.as_str())).map(written);
                    label { (name)
                        input id=(format!("{FORM}-{field}")) type="text" name=(field) list="places" autocomplete="off" value=[place.or_else(|| prepared.typed(&field))];
                    }
                }
            }
        }
        @if made.more_unknown > 0 {
            p.note { (words::counted(made.more_unknown, "other name is not a place that we know", "other names are not places that we know"))
                ". We do not show " (if made.more_unknown == 1 { "it" } else { "them" }) ": is this the column with the place?" }
        }
    }
}

fn places_list(visit: &Visit) -> Markup {
    let is_theirs = |area: &&Area| visit.caller.covers(area.id.as_str());
    html! {
        datalist #places {
            @for area in visit.app.areas_to_choose().into_iter().filter(is_theirs) { option value=(written(area)) {} }
        }
    }
}

/// So many facts are shown from the beginning and the end of a table.
const SHOWN: usize = 3;

/// Some of what was read, as it was understood.
fn sample(visit: &Visit, prepared: &Prepared) -> Markup {
    let facts = &prepared.table.facts;
    let last = facts.len().saturating_sub(SHOWN);
    let shown = facts
        .iter()
        .enumerate()
        .filter(|(at, _)| *at < SHOWN || *at >= last);
    let observed = shown.filter_map(|(_, (line, event))| match &event.fact {
        Fact::Observation(ObservationFact::Observed(o)) => Some((line, &event.area, o)),
        _ => None,
    });
    html! {
        div.scroll tabindex="0" role="region" aria-label="The first and the last of it" {
            table #sample {
                caption { "The first and the last of it" }
                thead { tr { th scope="col" { "Row" } th scope="col" { "Period" } th scope="col" { "Place" } th scope="col" { "Column" } th scope="col" { "We read" } } }
                tbody {
                    @for (line, area, o) in observed {
                        tr {
                            td { (line) } td { (words::period(o.grain, o.period_start)) } td { (visit.title_of(area.as_str())) }
                            td { (prepared.title_of(o.series.as_str())) } td { (value(o, prepared.shows_shares(visit, o.series.as_str()))) }
                        }
                    }
                }
            }
        }
    }
}

/// A number in words, to its last digit.
fn value(observed: &Observed, is_share: bool) -> String {
    let exact = |n: Amount| n.as_f64().to_string();
    let percent = |n: Amount| {
        let hundredths = n.as_f64() * 100.0;
        format!("{}%", (hundredths * 1e4).round() / 1e4)
    };
    let number = match (observed.value, observed.denominator) {
        (Some(value), Some(whole)) => format!("{} of {}", exact(value), exact(whole)),
        (Some(value), None) if is_share => percent(value),
        (Some(value), None) => exact(value),
        (None, _) => String::new(),
    };
    match observed.mark {
        None => number,
        Some(Mark::Provisional) => format!("{number}, provisional"),
        Some(Mark::Suppressed) => "Suppressed: known and not published".to_owned(),
        Some(Mark::Missing) => "Not available".to_owned(),
    }
}

/// How many numbers there are in a table, and how many cells that say why there is none.
fn kinds(table: &ReadTable) -> String {
    let observed = |(_, event): &(u64, Event)| match &event.fact {
        Fact::Observation(ObservationFact::Observed(o)) => Some((o.value.is_some(), o.mark)),
        _ => None,
    };
    let of = |wanted: &dyn Fn((bool, Option<Mark>)) -> bool| {
        table
            .facts
            .iter()
            .filter_map(observed)
            .filter(|one| wanted(*one))
            .count()
    };
    let numbers = words::counted(of(&|(is_number, _)| is_number), "number", "numbers");
    let marked = |mark| of(&|one| one == (false, Some(mark)));
    let others = [
        (Mark::Missing, "not available"),
        (Mark::Suppressed, "suppressed"),
    ];
    let others = others.map(|(mark, words)| match marked(mark) {
        0 => String::new(),
        n => format!(", {n} {words}"),
    });
    numbers + &others.concat()
}

/// From the first of some periods to the last: what is several months long ends with the last of them.
fn span(first: (NaiveDate, Grain), last: (NaiveDate, Grain)) -> String {
    let (begins, ends) = (
        words::period(first.1, first.0),
        words::period(last.1, last.0),
    );
    if first == last {
        return begins;
    }
    let begin = begins.split(" to ").next().unwrap_or_default();
    let end = ends.rsplit(" to ").next().unwrap_or_default();
    format!("{begin} to {end}")
}

/// What the table holds, read so.
fn preview(visit: &Visit, prepared: &Prepared) -> Markup {
    let table = &prepared.table;
    let note = prepared.made.as_ref().and_then(|made| made.note);
    let is_negative = |(_, event): &&(u64, Event)| match &event.fact {
        Fact::Observation(ObservationFact::Observed(o)) => {
            o.value < Some(Amount::default()) && o.value.is_some()
        }
        _ => false,
    };
    let negative = table.facts.iter().filter(is_negative).count();
    let replaced = restated::replacing(&visit.app, table.facts.iter().map(|(_, event)| event));
    let (mut places, mut periods) = (BTreeSet::new(), BTreeSet::new());
    let blank = usize::try_from(table.blank).unwrap_or(usize::MAX);
    for (_, event) in &table.facts {
        places.insert(event.area.clone());
        if let Fact::Observation(ObservationFact::Observed(o)) = &event.fact {
            periods.insert((o.period_start, o.grain));
        }
    }
    html! {
        section.card aria-labelledby="preview-name" {
            h2 #preview-name { "What will be added" }
            p #counts {
                (kinds(table)) " from "
                (words::counted(usize::try_from(table.rows).unwrap_or(usize::MAX), "row", "rows")) ": "
                (words::counted(places.len(), "place", "places")) ", "
                (words::counted(periods.len(), "period", "periods"))
                @if let (Some(first), Some(last)) = (periods.first(), periods.last()) {
                    " (" (span(*first, *last)) ")"
                }
                "."
            }
            @if table.facts.is_empty() { p { "There is nothing to add yet: correct the columns above, or the file." } }
            @if !places.is_empty() && places.len() <= 8 {
                p { "Places: " (places.iter().map(|a| visit.title_of(a.as_str())).collect::<Vec<_>>().join(", ")) "." }
            }
            @if replaced > 0 { p.note #replaced { strong { (words::counted(replaced, "number replaces", "numbers replace")) " what was reported before" } " for the same column, place and period." } }
            @if let Some(note) = note { p.note { (note) "." } }
            @if negative > 0 { p.note { (words::counted(negative, "number is", "numbers are")) " less than zero: check that this is meant." } }
            @if !table.facts.is_empty() { (sample(visit, prepared)) }
            @if blank > 0 { p #blank { (words::counted(blank, "cell for a number is blank", "cells for a number are blank")) ": nothing is added for " (if blank == 1 { "it" } else { "them" }) "." } }
            @if blank == 0 && !table.facts.is_empty() && table.refused.is_empty() { p { "Every row can be used." } }
            (refused(&table.refused))
        }
    }
}

/// What is not taken, and why: by row and column, without what stands there.
pub fn refused(refused: &[NotTaken]) -> Markup {
    html! {
        @if !refused.is_empty() {
            h3 { (words::counted(refused.len(), "row or cell cannot be used", "rows or cells cannot be used")) }
            div.scroll tabindex="0" role="region" aria-label="What cannot be used" {
                table #refused {
                    thead { tr { th scope="col" { "Row" } th scope="col" { "Column" } th scope="col" { "Why" } } }
                    tbody {
                        @for one in refused.iter().take(MAX_REFUSED) {
                            tr { td { (one.line) } td { @if one.column.is_empty() { "The whole row" } @else { (one.column) } } td { "It " (one.sentence) } }
                        }
                    }
                }
            }
            @if refused.len() > MAX_REFUSED { p.note { "And " (refused.len() - MAX_REFUSED) " more." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_go_from_their_first_month_to_their_last() {
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        let (first, last) = (day("2026-04-01"), day("2026-07-01"));
        let of = |grain| span((first, grain), (last, grain));
        assert_eq!(of(Grain::Quarter), "Apr 2026 to Sep 2026");
        assert_eq!(of(Grain::Month), "Apr 2026 to Jul 2026");
        assert_eq!(
            span((first, Grain::Quarter), (first, Grain::Quarter)),
            "Apr 2026 to Jun 2026"
        );
    }
}
