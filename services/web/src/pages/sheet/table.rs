//! The sheet itself: a table of fields, and the bar that saves them.

use super::asked::{Seen, id, name, reason};
use super::ballot::{self, Ballot};
use super::typed::Typed;
use super::{Sheet, Step};
use crate::pages::{rounds, words};
use joinedup_drawing::axis;
use joinedup_events::{AreaId, Slug};
use joinedup_views::catalogue::Item;
use joinedup_views::ratings::{Consensus, consensus};
use maud::{Markup, html};

/// Whether the sheet has one place, whose raters then have columns of their own.
fn only_place<'a>(sheet: &'a Sheet<'_>) -> Option<&'a AreaId> {
    sheet.places.first().filter(|_| sheet.places.len() == 1)
}

/// The form.
pub(super) fn form(sheet: &Sheet<'_>, typed: &Typed) -> Markup {
    let (rated, all) = sheet.progress(&sheet.places);
    let mut places = sheet.places.iter();
    let open = places.any(|place| sheet.visit.may_decide_in(place));
    let raters: Vec<&Slug> = match only_place(sheet) {
        Some(_) if sheet.step == Step::Moderate => sheet.raters().into_keys().collect(),
        _ => Vec::new(),
    };
    html! {
        h2 #sheet-name { (heading(sheet)) span.place data-progress { ": " (rated) " of " (all) " " (if sheet.step == Step::Plan { "set" } else { "rated" }) } }
        (explained(sheet, open))
        form.sheet method="post" action=(sheet.address()) {
            input type="hidden" name="key" value=(uuid::Uuid::now_v7());
            div.scroll tabindex="0" role="region" aria-label="Sheet" {
                table {
                    thead { (head(sheet, &raters)) }
                    tbody {
                        @for (row, item) in sheet.items.iter().enumerate() {
                            (group(sheet, row, item))
                            tr {
                                th scope="row" { (item.title) @if !item.data.is_empty() { br; span.small.data { "Data to use: " (item.data) } } }
                                @for rater in &raters { td { (given(sheet, item, rater)) } }
                                @for (column, place) in sheet.places.iter().enumerate() { td { (cell(sheet, typed, (column, place), (row, item))) } }
                                @if sheet.step == Step::Moderate { td { (words_field(typed, &id("why", 0, row), &reason(item), &format!("Why, {}", item.title), !open)) } }
                                @if sheet.step == Step::Plan { (evidence(sheet, typed, row, item)) }
                            }
                        }
                    }
                }
            }
            @if open { (bar(sheet, typed)) }
        }
    }
}

fn heading(sheet: &Sheet<'_>) -> String {
    match (sheet.step, &sheet.rater) {
        (Step::Plan, _) => "Ambitions".to_owned(),
        (_, Some(rater)) => format!("Round {}, rater {rater}", sheet.round),
        (_, None) => format!("Round {}", sheet.round),
    }
}

/// What is to be done here, the levels, and who has rated.
fn explained(sheet: &Sheet<'_>, open: bool) -> Markup {
    let raters = sheet.raters();
    let all = sheet.places.len() * sheet.items.len();
    html! {
        @match (sheet.step, &sheet.rater) {
            _ if !open => p.note { "You can read this sheet. Whoever records ratings needs the role of an assessor here." }
            (Step::Rate, None) => p.note { "Choose a level for each item, then save once. On a keyboard, type the level: the next field follows. To let several people rate before they agree, give each a code under “Rating as”." }
            (Step::Rate, Some(_)) => p.note { "You rate alone: what others gave is not shown here. Choose a level for each item, then save once." }
            (Step::Moderate, _) => p.note { "What was given stands side by side. Choose the level that is to be recorded, and publish when the round is over." }
            (Step::Plan, _) => p.note { "Choose the level that is wanted and the date. Evidence is about the place and never about a person; it stays apart from the levels." }
        }
        @if let Some(scoring) = &sheet.framework.scoring { details #scoring { summary { "How this is scored" } p.note { (scoring) } } }
        (ballot::legend(sheet.scale, is_coloured(sheet), none(sheet)))
        @if !raters.is_empty() && sheet.step != Step::Plan {
            p.small #raters { "Raters: " @for (i, (rater, count)) in raters.iter().enumerate() { @if i > 0 { ", " } a href=(sheet.address().with("rater", rater).with("view", "rate")) { (rater) } " (" (count) " of " (all) ")" } }
        }
    }
}

/// What no level is called, where that can be chosen.
fn none(sheet: &Sheet<'_>) -> Option<&'static str> {
    (sheet.step != Step::Plan).then_some("not rated")
}

fn is_coloured(sheet: &Sheet<'_>) -> bool {
    sheet.framework.id == sheet.visit.app.definitions.catalogue.model().id()
}

fn head(sheet: &Sheet<'_>, raters: &[&Slug]) -> Markup {
    html! {
        tr {
            th scope="col" { "Item" }
            @for rater in raters { th scope="col" { "Rater " (rater) } }
            @for place in &sheet.places {
                @let (rated, all) = sheet.progress(std::slice::from_ref(place));
                th scope="col" { (sheet.visit.title_of(place.as_str())) br; span.small { (rated) " of " (all) } }
            }
            @if sheet.step == Step::Moderate { th scope="col" { "Why, where you change a level (not required)" } }
            @if sheet.step == Step::Plan { th scope="col" { "By" } th scope="col" { "Evidence (do not include details about people)" } }
        }
    }
}

/// The heading of a group, with the question that is asked of its items.
fn group(sheet: &Sheet<'_>, row: usize, item: &Item) -> Markup {
    let catalogue = &sheet.visit.app.definitions.catalogue;
    let question = catalogue.question(&sheet.framework.id, &item.id);
    let before = row
        .checked_sub(1)
        .and_then(|before| sheet.items.get(before));
    let is_new = before.is_none_or(|before| before.group != item.group);
    html! {
        @if is_new && (item.group.is_some() || question.is_some()) {
            tr.group { th colspan="99" scope="colgroup" { div { @if let Some(group) = &item.group { strong { (words::sentence(group)) } " " } @if let Some(question) = question { (question) } } } }
        }
    }
}

/// What one rater gave.
fn given(sheet: &Sheet<'_>, item: &Item, rater: &Slug) -> Markup {
    let round = only_place(sheet).and_then(|place| sheet.round_of(place, item));
    let given = round.and_then(|r| r.raters.iter().find(|r| r.rater == *rater));
    let level = given.and_then(|r| r.given.level);
    html! { (chip(sheet, level)) @if let Some(note) = given.and_then(|r| r.given.note.as_ref()) { " " span.small { (note) } } }
}

fn chip(sheet: &Sheet<'_>, level: Option<u8>) -> Markup {
    let class = level.filter(|_| is_coloured(sheet)).unwrap_or(0);
    let sign = level.map_or_else(|| "–".to_owned(), |l| l.to_string());
    html! { span.level.(format!("l{class}")) title=(rounds::level(sheet.visit, &sheet.framework.id, level)) { (sign) } }
}

fn agreement(sheet: &Sheet<'_>, place: &AreaId, item: &Item) -> Option<Consensus> {
    let round = sheet.round_of(place, item)?;
    let levels: Vec<u8> = round.raters.iter().filter_map(|r| r.given.level).collect();
    consensus(sheet.framework, &levels)
}

/// A cell: the field, and in moderation what it rests on.
fn cell(
    sheet: &Sheet<'_>,
    typed: &Typed,
    (column, place): (usize, &AreaId),
    (row, item): (usize, &Item),
) -> Markup {
    let seen = Seen::of(sheet, place, item);
    let (field, name_of) = (id("level", column, row), name("level", place, item));
    let seen_name = name("seen", place, item);
    let round = sheet.round_of(place, item);
    let agreed = agreement(sheet, place, item).filter(|_| sheet.step == Step::Moderate);
    // Raters who agree suggest a level where none is recorded yet; of a median between two levels, the lower.
    let suggested = agreed
        .as_ref()
        .filter(|c| c.agreed && !seen.has_proposal)
        .map(|c| format!("{:.0}", c.median.floor()));
    let stands = seen.level.map(|level| level.to_string());
    let chosen = typed
        .get(&name_of)
        .map(ToOwned::to_owned)
        .or(stands)
        .or(suggested.clone());
    let title = format!("{}, {}", sheet.visit.title_of(place.as_str()), item.title);
    let closed = !sheet.visit.may_decide_in(place);
    html! {
        // On a telephone the header is out of sight. What is read aloud has the place in the field's legend.
        @if only_place(sheet).is_none() { p.small.only-narrow aria-hidden="true" { strong { (sheet.visit.title_of(place.as_str())) } } }
        @if sheet.step == Step::Moderate && let Some(round) = round {
            @if only_place(sheet).is_none() && !round.raters.is_empty() { p.small { @for r in &round.raters { (r.rater) " " (chip(sheet, r.given.level)) " " } } }
            @if let Some(c) = &agreed { p.small { (together(c)) } }
        }
        (ballot::field(&Ballot {
            id: &field, name: &name_of, legend: &title, scale: sheet.scale, chosen: chosen.as_deref(),
            none: none(sheet), coloured: is_coloured(sheet), why: typed.why(&field), closed, first: false,
        }))
        input type="hidden" name=(seen_name) value=(typed.get(&seen_name).map_or_else(|| seen.written(), ToOwned::to_owned));
        @if typed.get(&name_of).is_some() { p.small { "recorded now: " (seen.level.map_or_else(|| "nothing".to_owned(), |level| level.to_string())) } }
        @if sheet.step == Step::Plan {
            @let level = sheet.found.rating(place, item).and_then(|r| r.level);
            p.small { "now " (rounds::level(sheet.visit, &sheet.framework.id, level)) }
        } @else if suggested.is_some() && typed.get(&name_of).is_none() { p.small { "suggested, not saved yet" } }
        @else if let Some(round) = round.filter(|_| sheet.rater.is_none()) {
            @let moderated = round.moderated.as_ref().filter(|m| m.from != m.to);
            @if sheet.step == Step::Moderate { p.small { (rounds::stage_word(round.stage)) @if let Some(m) = moderated { ", was " (number(m.from)) } } }
            @else if let Some(m) = moderated { p.small { "moderated to " (number(m.to)) } }
        }
    }
}

fn number(level: Option<u8>) -> String {
    level.map_or_else(|| "not rated".to_owned(), |level| level.to_string())
}

/// What raters say together, by the framework's own rule.
fn together(c: &Consensus) -> String {
    let median = if c.median.fract() == 0.0 {
        format!("{:.0}", c.median)
    } else {
        format!("{:.1}", c.median)
    };
    let verdict = if c.agreed {
        format!("agreed: {}", c.result)
    } else {
        "not agreed: talk about it".to_owned()
    };
    format!(
        "{verdict}. Median {median}; {} of {} outside {} to {}",
        c.outside, c.raters, c.band_from, c.band_to
    )
}

/// A field for words, with why they were refused.
fn words_field(typed: &Typed, field: &str, name: &str, label: &str, closed: bool) -> Markup {
    html! {
        input id=(field) type="text" name=(name) value=[typed.get(name)] maxlength="400" aria-label=(label) aria-invalid=[typed.why(field).map(|_| "true")] disabled[closed];
        @if let Some(why) = typed.why(field) { p.why { (why) } }
    }
}

/// The date of an ambition, and evidence.
fn evidence(sheet: &Sheet<'_>, typed: &Typed, row: usize, item: &Item) -> Markup {
    let Some(place) = only_place(sheet) else {
        return html! {};
    };
    let rating = sheet.found.rating(place, item);
    let by = sheet.by(place, item).map(|by| by.to_string());
    let (by_name, note_name) = (name("by", place, item), name("note", place, item));
    let by = typed.get(&by_name).map(ToOwned::to_owned).or(by);
    let note = id("note", 0, row);
    let closed = !sheet.visit.may_decide_in(place);
    html! {
        td { input type="date" name=(by_name) value=[by] aria-label=(format!("By, {}", item.title)) disabled[closed]; }
        td {
            @for note in rating.into_iter().flat_map(|r| &r.notes) { p.small { (axis::date(joinedup_events::local::date(note.at))) ": " (note.text) } }
            (words_field(typed, &note, &note_name, &format!("Evidence, {}", item.title), closed))
        }
    }
}

/// The bar below: the date where it is not today, and one save.
fn bar(sheet: &Sheet<'_>, typed: &Typed) -> Markup {
    let today = sheet.visit.today();
    let date = typed.get("on").filter(|on| !on.is_empty());
    html! {
        div.save {
            label for="on" { "Date, where it was not today" }
            input #on type="date" name="on" max=(today) value=[date] aria-invalid=[typed.why("on").map(|_| "true")];
            @if let Some(why) = typed.why("on") { p.why { (why) } }
            @if sheet.step == Step::Plan {
                label for="by" { "Ambitions without a date of their own: by" }
                input #by type="date" name="by" value=(typed.get("by").map_or_else(|| (today + chrono::Days::new(365)).to_string(), ToOwned::to_owned));
            }
            button type="submit" name="do" value="save" { "Save the sheet" }
            @if sheet.step == Step::Moderate { button.quiet type="submit" name="do" value="publish" { "Save and publish the round" } }
        }
    }
}
