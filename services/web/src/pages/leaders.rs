//! `GET /leaders`: the fifteen outcomes in their three groups, then and now, and how the parts of the place compare.

use super::findings;
use super::home::{self, sparked};
use super::layout::{self, Tab};
use super::matrix;
use super::visit::Visit;
use super::{whose, words};
use crate::door::problem::Problem;
use axum::response::Response;
use joinedup_application::charts::{self, ChartRequest};
use joinedup_application::gaps::{self, Gap};
use joinedup_application::overview::{Line, Overview};
use joinedup_drawing::{axis, funnel, icon, spark};
use joinedup_events::AreaId;
use joinedup_spc::funnel::{
    Funnel, FunnelKind, FunnelOptions, FunnelRow, FunnelUnit, product_funnel,
};
use joinedup_views::catalogue::{Layer, Node};
use joinedup_views::measure::Giver;
use maud::{Markup, PreEscaped, html};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer places than this make no funnel.
const MIN_PLACES: usize = 5;
/// How many of a place's latest points a funnel takes together.
const MAX_POINTS: usize = 13;

/// How many measures of one outcome are shown.
const MAX_LINES: usize = 4;

/// `GET /leaders`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit.render(|visit| Ok(page(visit))).await
}

/// The outcomes of the logic model, by place in it.
pub(super) fn outcomes(visit: &Visit) -> Vec<&Node> {
    let mut nodes: Vec<&Node> = visit
        .nodes()
        .iter()
        .filter(|n| n.layer == Layer::Outcome)
        .collect();
    nodes.sort_by_key(|n| n.order);
    nodes
}

/// The lines of an outcome that the page has room for: the first, and what signals.
fn shown<'a>(lines: &[&'a Line]) -> Vec<&'a Line> {
    let signals = lines.iter().skip(1).filter(|l| l.alert);
    lines
        .iter()
        .take(1)
        .chain(signals.take(MAX_LINES - 1))
        .copied()
        .collect()
}

fn page(visit: &Visit) -> Markup {
    let people = whose::counted(visit);
    let overview = visit.overview_of(people);
    let order = matrix::Order::of(visit, people);
    let place = visit.title_of(visit.area.as_str());
    let with_numbers =
        gaps::with_numbers(&visit.app, &visit.area, visit.audience()).unwrap_or_default();
    let outcomes = outcomes(visit);
    let all: Vec<(&Node, Vec<&Line>)> = outcomes
        .iter()
        .map(|n| {
            let measures = order.measures(visit, &n.id);
            (*n, matrix::lines(&overview, &measures, &visit.area))
        })
        .collect();
    // By the measure that stands for the outcome in the matrix too: what gets worse leads.
    let leads = |judged: fn(&Line) -> bool| {
        let of = move |(_, lines): &&(&Node, Vec<&Line>)| lines.first().is_some_and(|l| judged(l));
        all.iter().filter(of)
    };
    let worse: Vec<&(&Node, Vec<&Line>)> = leads(Line::worsens).collect();
    let better = leads(Line::improves).count();
    let in_parts: Vec<(&Node, Vec<&Line>)> = outcomes
        .iter()
        .filter(|n| !worse.iter().any(|(w, _)| w.id == n.id))
        .map(|n| (*n, worse_in(visit, &overview, n)))
        .filter(|(_, places)| !places.is_empty())
        .collect();
    let led = matrix::led(visit, &order, &overview, &outcomes);
    let dark = all.iter().filter(|(_, l)| l.is_empty()).count();
    let body = html! {
        div.title-row {
            h1 { "Outcomes" span.place { ", " (place) @if let Some(people) = people { ": " (people.title) } } }
            p.files { a href=(visit.address.elsewhere("/plan")) { "Plan" } a href=(visit.address.elsewhere("/findings")) { "Findings of reviews" } a href=(visit.address.elsewhere("/lenses")) { "Lenses" } a href=(visit.address.elsewhere("/scorecards")) { "Scorecards" } a href=(visit.address.elsewhere("/pack")) { "Board pack" } }
        }
        (whose::in_words_with_numbers_of(visit))
        section.card #sum data-live aria-label="In a sentence" {
            @if dark == all.len() && in_parts.is_empty() { p.lead { "No data here yet for any of the " (dark) " outcomes." } }
            @else { p.lead {
                strong.concern[!worse.is_empty()] { (worse.len()) " of " (all.len()) " outcomes " (if worse.len() == 1 { "is" } else { "are" }) " getting worse" }
                @if !in_parts.is_empty() { " in " (place) " as a whole, and " strong.concern { (in_parts.len()) (if worse.is_empty() { "" } else { " more" }) } " in a part of it" }
                ". "
                strong.improvement[better > 0] { (better) } " " (if better == 1 { "is" } else { "are" }) " getting better."
                @if dark > 0 { " No data for " (words::counted(dark, "outcome", "outcomes")) "." }
            } }
            @if !worse.is_empty() || !in_parts.is_empty() {
                ul.plain {
                    @for (node, places) in &in_parts { li { strong { (node.title) } ": getting worse in " @for (i, line) in places.iter().enumerate() { @if i > 0 { ", " } (line.area_title) " (" (line.title) ")" } } }
                    @for (node, lines) in &worse {
                        li { strong.concern { (node.title) } ": " @for (i, line) in lines.iter().filter(|l| l.worsens()).enumerate() { @if i > 0 { "; " } (line.title) } (where_else(visit, &overview, node)) }
                    }
                }
            }
        }
        section.card #matrix data-live aria-labelledby="matrix-name" {
            h2 #matrix-name { "Outcomes by place" }
            (matrix::since(visit, &overview, &led))
            (matrix::table(visit, &overview, &led))
        }
        @for (group, title) in [("people", "People"), ("services", "Services"), ("system", "System")] {
            section.card id=(group) data-live aria-labelledby=(format!("{group}-name")) {
                h2 id=(format!("{group}-name")) { (title) }
                div.scroll tabindex="0" role="region" aria-label=(format!("Outcomes: {title}")) {
                    table.outcomes.stack {
                        thead { tr { th scope="col" { "Outcome and measure" } th scope="col" { "Result" } th.number scope="col" { "Latest" } th.number scope="col" { "Median at start" } th.number scope="col" { "Median now" } th.number scope="col" { "Target" } th.hide-mid scope="col" { "Trend" } th scope="col" { "Median by locality" } } }
                        tbody { @for (node, lines) in all.iter().filter(|(n, _)| n.group == group) { (outcome(visit, &overview, node, lines, &with_numbers)) } }
                    }
                }
            }
        }
        @if let Ok(found) = findings::latest(visit) { (found) }
        (compare(visit, &overview))
        p.note { "Results use run chart rules. “At start” and “now” are the medians of the first and latest points, as many as a baseline takes. An outcome is getting worse when any of its measures is, and better when the one that it is shown by is." }
    };
    layout::page(
        visit,
        Tab::Leaders,
        &format!("Outcomes, {place}"),
        &layout::place_picker(visit),
        &body,
    )
}

/// The parts of the place in which a measure of an outcome gets worse, each with the first such measure: in a part it may be
/// another than the one that the matrix shows.
fn worse_in<'a>(visit: &Visit, overview: &'a Overview, node: &Node) -> Vec<&'a Line> {
    let measures = &visit.app.definitions.measures;
    let worse = |part: &AreaId| {
        let mut lines = measures
            .of_outcome(&node.id)
            .filter_map(|m| overview.line(m.id.as_str(), part.as_str()));
        lines.find(|l| l.worsens())
    };
    visit.parts().iter().filter_map(worse).collect()
}

fn where_else(visit: &Visit, overview: &Overview, node: &Node) -> String {
    let worse = worse_in(visit, overview, node);
    let places: Vec<&str> = worse.iter().map(|l| l.area_title.as_str()).collect();
    if places.is_empty() {
        String::new()
    } else {
        format!(" (also in {})", places.join(", "))
    }
}

/// What an outcome without data waits for, and who could give it: each giver once, with the first of its measures.
fn waits_for(visit: &Visit, with_numbers: &BTreeSet<String>, node: &Node) -> Markup {
    let definitions = &visit.app.definitions;
    let gaps = definitions.measures.of_outcome(&node.id).filter_map(|m| {
        let found = gaps::gap(&definitions.areas, &visit.area, m, with_numbers)?;
        Some((found.given_by, found))
    });
    let mut by_giver: BTreeMap<Giver, Gap> = BTreeMap::new();
    for (giver, gap) in gaps {
        by_giver.entry(giver).or_insert(gap);
    }
    html! {
        @if whose::counted(visit).is_some() { span.place { "No numbers here that say they are of these people." } } @else { span.place { "No data here yet." } }
        @if !by_giver.is_empty() {
            ul.plain.small { @for gap in by_giver.values() { li { strong { (gap.title) } " waits for " (gap.needs) ", from " (gap.who) "." } } }
        }
    }
}

fn outcome(
    visit: &Visit,
    overview: &Overview,
    node: &Node,
    lines: &[&Line],
    with_numbers: &BTreeSet<String>,
) -> Markup {
    html! {
        @if lines.is_empty() {
            tr {
                th.whole scope="row" { a.outcome href=(visit.address.elsewhere("/model").with("node", &node.id)) { (node.title) } }
                td.whole colspan="7" { (waits_for(visit, with_numbers, node)) }
            }
        }
        @for (i, line) in shown(lines).into_iter().enumerate() {
            tr.more[i > 0] {
                th.whole scope="row" {
                    @if i == 0 {
                        a.outcome href=(visit.address.elsewhere("/model").with("node", &node.id)) { (node.title) }
                        @if lines.len() > 1 { " " a.small href=(visit.address.elsewhere("/measures").with("outcome", &node.id)) { (lines.len()) " measures" } }
                        br;
                    }
                    // A measure that is called as its outcome would be a second link of the same name to another page.
                    a.measure-link href=(whose::chart_of(visit, &line.measure)) { @if line.title == node.title { "Its chart" span.sr { ": " (line.title) } } @else { (line.title) } }
                    @if let Some(footprint) = &line.footprint { " " span.small { (footprint) } }
                }
                td { span.with-icon { (PreEscaped(icon::variation(line.variation))) span.(icon::variation_class(line.variation)) { strong { (words::stands(line)) } } } (moved(line)) }
                td.number data-label="Latest" { @if let Some((start, value)) = line.latest { strong { (axis::amount(value, &line.unit)) } br; span.small { (words::period(line.period, start)) } } @else { "–" } }
                td.number.hide-narrow { @if let Some((_, then)) = line.then { (axis::amount(then, &line.unit)) } @else { "–" } }
                td.number.hide-narrow { @if let Some(now) = line.now { (axis::amount(now, &line.unit)) } @else { "–" } }
                td.number.hide-narrow { @if let Some(target) = line.target { (axis::amount(target, &line.unit)) @if let Some(a) = line.assurance { br; span.small { (icon::assurance_words(a)) } } } @else { "none" } }
                td.hide-mid { (PreEscaped(spark::spark(&line.values, line.centre, icon::variation_class(line.variation), &sparked(line)))) }
                td.whole data-label="Median by locality" { (spread(visit, overview, line)) }
            }
        }
    }
}

/// What a word for better or worse is about: the levels that the rules compare, as on every page. A latest value on the other
/// side is said.
fn moved(line: &Line) -> Markup {
    let levels = line.centre.zip(line.lately);
    let (Some((usual, lately)), true) = (levels, line.improves() || line.worsens()) else {
        return html! {};
    };
    let strays = line.latest.is_some_and(|(_, latest)| {
        (lately > usual && latest < usual) || (lately < usual && latest > usual)
    });
    html! {
        p.small {
            (home::levels(line))
            @if strays { "; the latest value lies on the other side" }
        }
    }
}

/// Where the parts of the place lie: from the lowest to the highest, and which of them signal.
fn spread(visit: &Visit, overview: &Overview, line: &Line) -> Markup {
    let parts = visit.parts();
    let lines: Vec<&Line> = parts
        .iter()
        .filter_map(|p| overview.line(&line.measure, p.as_str()))
        // Numbers of a trust that serves several places would be compared with themselves.
        .filter(|line| line.footprint.is_none())
        .collect();
    let found: Vec<(&str, f64)> = lines
        .iter()
        .filter_map(|l| Some((l.area_title.as_str(), l.now?)))
        .collect();
    let Some(lies) = lies(&found, parts.len(), &line.unit) else {
        return html! { "–" };
    };
    let concerns: Vec<&str> = lines
        .iter()
        .filter(|l| l.worsens())
        .map(|l| l.area_title.as_str())
        .collect();
    html! {
        span.small { (lies) }
        @if !concerns.is_empty() { br; span.concern { "Getting worse: " (concerns.join(", ")) } }
    }
}

/// Where the parts that have a number lie, and how many of all those are; none where none has one.
fn lies(found: &[(&str, f64)], parts: usize, unit: &str) -> Option<String> {
    let values = || found.iter().map(|(_, value)| *value);
    let (low, high) = (values().reduce(f64::min)?, values().reduce(f64::max)?);
    let place = match found {
        [(place, _)] => format!(" in {place}"),
        _ if found.len() < parts => format!(" in {} of {parts}", found.len()),
        _ if low < high => String::new(),
        _ => " in every locality".to_owned(),
    };
    let high_words = axis::amount(high, unit);
    let range = if low < high {
        format!("{} to {high_words}", axis::number(low, unit))
    } else {
        high_words
    };
    Some(format!("{range}{place}"))
}

/// The places of a funnel: the parts of the place or, where those are too few, their parts.
fn units(visit: &Visit) -> Vec<AreaId> {
    let parts = visit.parts();
    if parts.len() >= MIN_PLACES {
        return parts;
    }
    let register = &visit.app.definitions.areas;
    let finer: BTreeSet<AreaId> = parts
        .iter()
        .flat_map(|p| register.children(p).iter().cloned())
        .collect();
    finer.into_iter().collect()
}

/// Numerator and denominator of an area's latest judged points together.
fn together(visit: &Visit, measure: &str, area: &AreaId) -> Option<FunnelRow> {
    let people = whose::counted(visit).map(|people| people.id.as_str());
    let request = ChartRequest::new(measure, area.as_str()).of_people(people);
    let answer = charts::ask(&visit.app, &request, visit.audience()).ok()?;
    let judged = answer
        .chart
        .points
        .iter()
        .rev()
        .filter(|p| p.point.is_judged());
    let (mut numerator, mut denominator) = (0.0, 0.0);
    for (n, d) in judged
        .take(MAX_POINTS)
        .filter_map(|p| p.point.numerator.zip(p.point.denominator))
    {
        numerator += n;
        denominator += d;
    }
    (denominator > 0.0 && numerator <= denominator).then(|| FunnelRow {
        unit: area.to_string(),
        numerator,
        denominator,
    })
}

/// A funnel of places for one share, so that they are compared by what chance allows.
fn compare(visit: &Visit, overview: &Overview) -> Markup {
    let mut shares: Vec<&Line> = overview
        .of(visit.area.as_str())
        .filter(|l| l.unit == "proportion" && l.parts.is_some())
        .collect();
    shares.sort_by(|a, b| a.title.cmp(&b.title));
    let wanted = visit.address.get("funnel").unwrap_or("tr-delayed-share");
    let chosen = shares
        .iter()
        .find(|l| l.measure == wanted)
        .or(shares.first());
    let Some(line) = chosen else {
        return html! {};
    };
    let rows: Vec<FunnelRow> = units(visit)
        .iter()
        .filter_map(|area| together(visit, &line.measure, area))
        .collect();
    let drawn = product_funnel(&rows, FunnelOptions::new(FunnelKind::Proportion));
    let places: Vec<funnel::Place> = rows
        .iter()
        .map(|row| funnel::Place {
            unit: row.unit.clone(),
            title: visit.title_of(&row.unit),
            link: whose::chart_of(visit, &line.measure)
                .with("area", &row.unit)
                .to_string(),
        })
        .collect();
    html! {
        section.card #compare aria-labelledby="compare-name" {
            h2 #compare-name { "Compare places (funnel plot): " (line.title) }
            p.note { "Each place's latest " (MAX_POINTS) " final points together. Places between the dashed lines differ no more than expected by chance. Do not rank them." }
            form.picker method="get" action="/leaders#compare" {
                (layout::kept(&visit.address, &["funnel"]))
                label for="pick-funnel" { "Share" }
                select #pick-funnel name="funnel" { @for l in &shares { option value=(l.measure) selected[l.measure == line.measure] { (l.title) } } }
                button.quiet type="submit" { "Show" }
            }
            @match drawn {
                Ok(drawn) => {
                    div.scroll tabindex="0" role="region" aria-label="Funnel" {
                        div.funnel-box #funnel data-live { (PreEscaped(funnel::svg(&drawn, &places, "proportion", "number counted", &format!("{}: places against the limits of chance", line.title)))) }
                    }
                    @if let Some(outside) = outside(&drawn, &places) { p { (outside) } }
                    details #funnel-table { summary { "The places as a table" } (funnel_table(&drawn, &places)) }
                }
                Err(error) => p { (error.to_string()) },
            }
        }
    }
}

/// A funnel's places with their names, by name.
fn named<'a>(drawn: &'a Funnel, places: &[funnel::Place]) -> Vec<(String, &'a FunnelUnit)> {
    let title = |unit: &str| {
        let place = places.iter().find(|p| p.unit == unit);
        place.map_or(unit.to_owned(), |p| p.title.clone())
    };
    let mut rows: Vec<_> = drawn.units.iter().map(|u| (title(&u.unit), u)).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows
}

/// The names of the places outside the limits: in the picture a point may have no room for its own, and paper answers no pointer.
fn outside(drawn: &Funnel, places: &[funnel::Place]) -> Option<String> {
    let rows = named(drawn, places);
    let side = |word: &str, is_higher: bool| {
        let on_side = |u: &FunnelUnit| u.outlier && (u.ratio > drawn.target) == is_higher;
        let names = rows.iter().filter(|(_, unit)| on_side(unit));
        let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
        let named = format!("{word} than expected by chance: {}.", names.join(", "));
        (!names.is_empty()).then_some(named)
    };
    let sides = [side("Higher", true), side("Lower", false)];
    let named: Vec<String> = sides.into_iter().flatten().collect();
    (!named.is_empty()).then(|| named.join(" "))
}

/// What the funnel shows, place by place.
fn funnel_table(drawn: &Funnel, places: &[funnel::Place]) -> Markup {
    let rows = named(drawn, places);
    html! {
        table {
            thead { tr { th scope="col" { "Place" } th.number scope="col" { "Share" } th.number scope="col" { "Of" } th scope="col" { "Against chance" } } }
            tbody {
                @for (title, unit) in &rows {
                    tr {
                        th scope="row" { (title) }
                        td.number { (axis::amount(unit.ratio, "proportion")) }
                        td.number { (axis::number(unit.denominator, "")) }
                        td { @if unit.outlier { strong { @if unit.ratio > drawn.target { "higher" } @else { "lower" } } " than expected by chance" } @else { "as expected by chance" } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localities_without_a_number_are_not_said_to_be_alike() {
        let of = |found: &[(&str, f64)]| lies(found, 4, "proportion");
        assert_eq!(of(&[]), None);
        let one = [("West", 0.81)];
        assert_eq!(of(&one).as_deref(), Some("81% in West"));
        let two = [("West", 0.81), ("East", 0.81)];
        assert_eq!(of(&two).as_deref(), Some("81% in 2 of 4"));
        let two = [("West", 0.81), ("East", 0.7)];
        assert_eq!(of(&two).as_deref(), Some("70% to 81% in 2 of 4"));
        let hours = lies(&[("West", 20.8), ("East", 22.5)], 2, "hours");
        assert_eq!(hours.as_deref(), Some("20.8 to 22.5 hours"));
        let all = ["West", "East", "North", "South"].map(|place| (place, 0.81));
        assert_eq!(of(&all).as_deref(), Some("81% in every locality"));
    }

    #[test]
    fn the_places_outside_a_funnel_are_named_in_words() {
        let row = |unit: &str, numerator| FunnelRow {
            unit: unit.to_owned(),
            numerator,
            denominator: 100.0,
        };
        let apart_of = |rows: &[FunnelRow]| {
            let drawn = product_funnel(rows, FunnelOptions::new(FunnelKind::Proportion));
            outside(&drawn.unwrap(), &[])
        };
        let alike: Vec<FunnelRow> = ["a", "b", "c", "d", "e", "f"]
            .map(|unit| row(unit, 20.0))
            .into();
        assert_eq!(apart_of(&alike), None);
        let apart = [row("low", 1.0), row("high", 70.0)];
        assert_eq!(
            apart_of(&[&alike[..], &apart].concat()).as_deref(),
            Some("Higher than expected by chance: high. Lower than expected by chance: low.")
        );
    }
}
