//! `GET /`: a chart of any measure and place, and what changed: signals, waits, ratings, silence.

use super::changes_of::changes_for;
use super::figure::{self, Figure};
use super::layout::{self, Tab};
use super::visit::Visit;
use super::{multiples, rounds, sources, under_test, words};
use crate::door::problem::Problem;
use axum::response::Response;
use joinedup_application::charts;
use joinedup_application::config;
use joinedup_application::discoveries::discoveries;
use joinedup_application::overview::{Line, Overview};
use joinedup_application::waiting::board;
use joinedup_drawing::{axis, icon};
use joinedup_views::measure::{Measure, Role, explain};
use maud::{Markup, PreEscaped, html};

/// How many signals are listed before the rest is counted.
const SIGNALS_MOST: usize = 8;
/// A chart of fewer points is not what a page opens with.
const ENOUGH_POINTS: usize = 20;
/// Waits of this many nights are counted as too long.
const LONG_NIGHTS: i64 = 7;

/// `GET /`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit.render(page).await
}

fn page(visit: &Visit) -> Result<Markup, Problem> {
    let overview = visit.overview();
    let measure = match visit.address.get("measure") {
        Some(id) => visit.app.definitions.measures.get(id).ok_or_else(|| {
            Problem::not_found("There is no measure of that id; /measures lists them")
        })?,
        None => {
            telling(visit, &overview).ok_or_else(|| Problem::not_found("There are no measures"))?
        }
    };
    let request = visit.question(measure)?;
    let answer = charts::ask(&visit.app, &request, visit.audience())?;
    let changes = changes_for(visit, measure.id.as_str(), &visit.area)?;
    let own = visit
        .address
        .on(format!("/measures/{}", measure.id))
        .without(&["measure"]);
    let figure = Figure {
        visit,
        answer: &answer,
        changes: &changes,
        own: &own,
    };
    let body = html! {
        div.home {
            section.main-chart aria-labelledby="chart-name" {
                h1 #chart-name { (measure.title) span.place { ", " (visit.title_of(visit.area.as_str())) } }
                (figure.show())
                details #about { summary { "What is counted, and how" } pre.explained { (explain(measure)) } }
                (multiples::show(visit, measure, &request)?)
                details #as-table { summary { "The points as a table" } (figure::table(&answer.chart)) }
            }
            (news(visit, &overview)?)
        }
    };
    let picker = layout::chart_picker(visit, measure, answer.chart.period);
    Ok(layout::page(
        visit,
        Tab::Home,
        &format!("{}, {}", measure.title, visit.title_of(visit.area.as_str())),
        &picker,
        &body,
    ))
}

/// The measure that says most about the place now: a signal in what people get from care, a concern first; else the one
/// that everybody knows; else whatever has most points.
fn telling<'a>(visit: &'a Visit, overview: &Overview) -> Option<&'a Measure> {
    let measures = &visit.app.definitions.measures;
    let counts = |l: &&Line| {
        let outcome = measures
            .get(&l.measure)
            .is_some_and(|m| m.kind == Role::Outcome && !m.outcomes.named().is_empty());
        l.area == visit.area.as_str() && outcome && tells(l)
    };
    let signal = overview.signals().into_iter().find(counts);
    let any = || {
        let usual = [
            "tr-delayed-share",
            "tr-delay-days-median",
            "dtoc-delayed-days",
        ];
        let known = usual
            .iter()
            .filter_map(|id| overview.line(id, visit.area.as_str()))
            .find(|l| tells(l));
        known.or_else(|| {
            overview
                .of(visit.area.as_str())
                .filter(|l| l.latest.is_some())
                .max_by_key(|l| l.values.len())
        })
    };
    let chosen = signal.or_else(any).map(|l| l.measure.as_str());
    measures
        .get(chosen.unwrap_or("tr-delay-days-median"))
        .or_else(|| measures.iter().next())
}

/// Whether a chart has enough points, and they differ.
fn tells(line: &Line) -> bool {
    let mut values: Vec<f64> = line.values.iter().flatten().copied().collect();
    let points = values.len();
    values.sort_by(f64::total_cmp);
    values.dedup();
    points >= ENOUGH_POINTS && values.len() > 2
}

fn news(visit: &Visit, overview: &Overview) -> Result<Markup, Problem> {
    Ok(html! {
        div.news {
            (signals(visit, overview))
            (under_test::show(visit)?)
            (waits(visit))
            (ratings(visit))
            (silence(visit))
        }
    })
}

fn signals(visit: &Visit, overview: &Overview) -> Markup {
    let found = overview.signals();
    let new = found.iter().filter(|l| l.is_new).count();
    let worse = found.iter().filter(|l| l.worsens()).count();
    let groups = grouped(&found);
    let judged = overview.lines.values().filter(|l| l.is_judged()).count();
    html! {
        section.card #signals data-live aria-labelledby="signals-name" {
            h2 #signals-name { "Signals" }
            @if found.is_empty() {
                p { @if overview.lines.is_empty() { "No measure has points for this place yet." } @else if judged == 0 { "No chart of this place has enough points yet to tell a signal from chance." } @else { "Chance alone explains the " (words::counted(judged, "chart", "charts")) " of this place and its parts that can be judged." } }
            } @else {
                p.sum {
                    strong { (words::counted(worse, "concern", "concerns")) } " and "
                    strong { (words::counted(found.iter().filter(|l| l.improves()).count(), "improvement", "improvements")) } ", "
                    @if new == 0 { "none new since yesterday" } @else { (new) " new since yesterday" } "."
                }
                @if let Some(among) = discoveries(&visit.app, visit.audience()) {
                    p.small { "Of " (words::counted(among.charts, "chart", "charts")) " that can be judged here and elsewhere, " (among.changed) (if among.changed == 1 { " has" } else { " have" }) " changed of late; by chance alone, about " (chance(among.by_chance())) " of them would." }
                }
                ul.signals { @for lines in groups.iter().take(SIGNALS_MOST) { (signal(visit, lines)) } }
                p { a href=(visit.address.elsewhere("/measures").with("show", "signals")) { "All signals" } }
            }
        }
    }
}

/// A small number of charts, in words.
fn chance(of: f64) -> String {
    match of.round() as i64 {
        0 => "none".to_owned(),
        1 => "one".to_owned(),
        more => more.to_string(),
    }
}

/// Lines of the same measure and meaning together, in the order of the first of each.
fn grouped<'a>(lines: &[&'a Line]) -> Vec<Vec<&'a Line>> {
    let mut groups: Vec<Vec<&Line>> = Vec::new();
    for line in lines {
        match groups.iter_mut().find(|g| {
            g.iter()
                .any(|l| l.measure == line.measure && l.variation == line.variation)
        }) {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    groups
}

fn signal(visit: &Visit, lines: &[&Line]) -> Markup {
    let Some(first) = lines
        .iter()
        .find(|l| l.area == visit.area.as_str())
        .or(lines.first())
    else {
        return html! {};
    };
    let link = |line: &Line| {
        visit
            .address
            .elsewhere(format!("/measures/{}", line.measure))
            .with("area", &line.area)
    };
    html! {
        li {
            (PreEscaped(icon::variation(first.variation)))
            div {
                a href=(link(first)) { (first.title) } @if lines.iter().any(|l| l.is_new) { " " strong.tag { "new" } }
                p { strong.(icon::variation_class(first.variation)) { (icon::variation_word(first.variation)) } ": " (first.area_title) " " (value_words(first)) }
                @if lines.len() > 1 {
                    p.small { "Also " @for (i, line) in lines.iter().filter(|l| l.area != first.area).enumerate() { @if i > 0 { ", " } a href=(link(line)) { (line.area_title) } } }
                }
            }
        }
    }
}

/// The latest value against the centre line, in words.
#[must_use]
pub fn value_words(line: &Line) -> String {
    let Some((start, value)) = line.latest else {
        return "no number yet".to_owned();
    };
    let against = line
        .centre
        .map(|c| format!(", against {}", axis::amount(c, &line.unit)))
        .unwrap_or_default();
    format!(
        "{} ({}){against}",
        axis::amount(value, &line.unit),
        words::period(line.period, start)
    )
}

fn waits(visit: &Visit) -> Markup {
    if !visit.caller.has(config::Role::Operator) {
        return html! {};
    }
    // A table of all parts, with the people of some of them left out, would read as good news.
    if !visit.caller.covers(visit.area.as_str()) {
        return html! {};
    }
    let Ok(waiting) = board(&visit.app, visit.area.as_str(), None) else {
        return html! {};
    };
    let register = &visit.app.definitions.areas;
    let long = |days: i64| days >= LONG_NIGHTS;
    let mut rows: Vec<(String, String, usize, usize, i64)> = visit
        .parts()
        .iter()
        .map(|part| {
            let within = register.within(part);
            let here_now: Vec<i64> = waiting
                .transfers
                .iter()
                .filter(|t| within.contains(&t.area))
                .map(|t| t.days)
                .collect();
            let longest = here_now.iter().copied().max().unwrap_or(0);
            (
                part.to_string(),
                visit.title_of(part.as_str()),
                here_now.len(),
                here_now.iter().filter(|d| long(**d)).count(),
                longest,
            )
        })
        .collect();
    rows.sort_by_key(|r| std::cmp::Reverse((r.3, r.4)));
    let all_long = waiting.transfers.iter().filter(|t| long(t.days)).count();
    let overdue = waiting.referrals.iter().filter(|r| r.over).count();
    html! {
        section.card #waits data-live aria-labelledby="waits-name" {
            h2 #waits-name { "Waiting too long" }
            @if waiting.transfers_heard_until.is_none() && waiting.transfers.is_empty() {
                p { "No source reports people ready to leave a hospital bed here, so nobody knows from this page whether anyone waits." }
            } @else {
                p.sum {
                    a href=(visit.address.elsewhere("/board")) { strong { (words::counted(all_long, "person", "people")) } }
                    " of " (waiting.transfers.len()) " ready to leave a hospital bed have waited " (LONG_NIGHTS) " nights or more."
                }
            }
            @if overdue > 0 { p { (words::counted(overdue, "referral is", "referrals are")) " past the time of first contact." } }
            @if rows.iter().any(|r| r.2 > 0) {
                table.compact {
                    thead { tr { th scope="col" { "Place" } th.number scope="col" { "Waiting" } th.number scope="col" { (LONG_NIGHTS) " nights +" } th.number scope="col" { "Longest" } } }
                    tbody {
                        @for (code, title, all, over, longest) in &rows {
                            tr {
                                th scope="row" { a href=(visit.address.elsewhere("/board").with("area", code)) { (title) } }
                                td.number { (all) } td.number { @if *over > 0 { strong.concern { (over) } } @else { "0" } }
                                td.number { @if *all > 0 { (longest) } @else { "–" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn ratings(visit: &Visit) -> Markup {
    let Some(moves) = rounds::latest_moves(visit) else {
        return html! {};
    };
    html! {
        section.card #ratings data-live aria-labelledby="ratings-name" {
            h2 #ratings-name { "Ratings moved" }
            p.sum { strong { (moves.up.len()) " up" } ", " strong { (moves.down.len()) " down" } ", " (moves.same.len()) " unchanged between the rounds " (moves.earlier) " and " (moves.later) "." }
            @if !moves.down.is_empty() {
                ul.plain {
                    @for step in moves.down.iter().take(4) {
                        li { span.concern { "▼ " } a href=(visit.address.elsewhere("/model").with("node", &step.item)) { (rounds::item_title(visit, step.framework.as_str(), step.item.as_str())) } " " span.place { (visit.title_of(step.area.as_str())) } ": " (rounds::level(visit, step.framework.as_str(), step.from)) " to " (rounds::level(visit, step.framework.as_str(), step.to)) }
                    }
                }
            }
            p { a href=(visit.address.elsewhere("/model").with("compare", "yes").without(&["from", "to"])) { "All that moved" } }
        }
    }
}

fn silence(visit: &Visit) -> Markup {
    let all = sources::sources(visit);
    let silent: Vec<_> = all.iter().filter(|s| s.silent).collect();
    let expected = all.iter().filter(|s| s.expected.is_some()).count();
    html! {
        section.card #silence data-live aria-labelledby="silence-name" {
            h2 #silence-name { "Sources silent" }
            @if all.is_empty() { p { "No source has sent anything yet." } }
            @else if expected == 0 { p { "No source is expected at any time, so none can be called silent. " a href=(visit.address.elsewhere("/sources")) { "When they last reported" } } }
            @else if silent.is_empty() { p { @if expected == 1 { "The one source that is expected reported in time." } @else { "All " (expected) " sources that are expected reported in time." } } }
            @else {
                ul.plain { @for source in silent.iter().take(5) { li { strong.concern { (sources::quiet_for(source, visit.now)) } " " code { (source.name) } } } }
                p { a href=(visit.address.elsewhere("/sources")) { "All sources" } }
            }
        }
    }
}
