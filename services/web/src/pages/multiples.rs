//! The same chart for each part of a place, or for each value of a breakdown, on one scale.

use super::figure;
use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use joinedup_application::charts::{self, Answer, ChartRequest};
use joinedup_drawing::axis::{Scale, amount};
use joinedup_drawing::{self, Drawing, Size, icon};
use joinedup_views::measure::Measure;
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeSet;

/// How many charts stand beside each other at most.
const CHARTS_MOST: usize = 12;
/// Fewer points than this make no chart worth its room.
const POINTS_LEAST: usize = 3;
/// How many points each shows at most.
const POINTS_MOST: usize = 60;

/// The section with the choice of how to take the chart apart; `split` in the address says how.
///
/// # Errors
/// When the measure cannot be taken apart so.
pub fn show(visit: &Visit, measure: &Measure, request: &ChartRequest) -> Result<Markup, Problem> {
    let parts = visit.parts();
    let mut ways: Vec<(&str, String)> = Vec::new();
    if !parts.is_empty() {
        ways.push(("area", "place".to_owned()));
    }
    ways.extend(
        measure
            .breakdowns
            .iter()
            .map(|d| (d.as_str(), words::sentence(d.as_str()).to_lowercase())),
    );
    let Some(first) = ways.first().map(|w| w.0) else {
        return Ok(html! {});
    };
    let chosen = visit
        .address
        .get("split")
        .filter(|s| ways.iter().any(|w| w.0 == *s))
        .unwrap_or(first);
    let asked: Vec<(String, ChartRequest)> = if chosen == "area" {
        parts
            .iter()
            .map(|id| {
                (
                    visit.title_of(id.as_str()),
                    ChartRequest {
                        area: id.to_string(),
                        ..request.clone()
                    },
                )
            })
            .collect()
    } else {
        values(visit, measure, chosen)?
            .into_iter()
            .map(|value| {
                let mut request = request.clone();
                request
                    .filter
                    .0
                    .insert(chosen.to_owned(), BTreeSet::from([value.clone()]));
                (words::value_of(chosen, &value), request)
            })
            .collect()
    };
    let mut charts: Vec<(String, ChartRequest, Answer)> = Vec::new();
    for (title, request) in asked {
        let answer = charts::ask(&visit.app, &request, visit.audience())?;
        let with_value = answer
            .chart
            .points
            .iter()
            .filter(|p| p.point.value.is_some());
        if with_value.count() >= POINTS_LEAST {
            charts.push((title, request, answer));
        }
    }
    // By amount: the parts that matter most first; places keep their order.
    if chosen != "area" {
        charts.sort_by(|a, b| total(&b.2).total_cmp(&total(&a.2)));
    }
    let left_out = charts.len().saturating_sub(CHARTS_MOST);
    charts.truncate(CHARTS_MOST);
    Ok(html! {
        section #multiples data-live aria-labelledby="multiples-name" {
            h2 #multiples-name { "Compare" }
            ul.segments aria-label="Take apart by" {
                @for (way, name) in &ways { li { a href=(format!("{}#multiples", visit.address.clone().with("split", way))) aria-current=[(*way == chosen).then_some("true")] { "By " (name) } } }
            }
            @if charts.is_empty() { p { "There is too little data by " (ways.iter().find(|w| w.0 == chosen).map_or(chosen, |w| w.1.as_str())) " to draw." } }
            (grid(visit, &charts, chosen))
            @if left_out > 0 { p.note { "Showing the first " (charts.len()) " of " (charts.len() + left_out) "." } }
            @if charts.len() > 1 { p.note { "Same scale. Places differ in more than their care: do not rank them." } }
        }
    })
}

fn total(answer: &Answer) -> f64 {
    answer
        .chart
        .points
        .iter()
        .rev()
        .take(13)
        .filter_map(|p| p.point.n.map(|n| n as f64).or(p.point.value))
        .sum()
}

fn grid(visit: &Visit, charts: &[(String, ChartRequest, Answer)], chosen: &str) -> Markup {
    let drawings: Vec<Drawing> = charts
        .iter()
        .enumerate()
        .map(|(i, (title, _, answer))| {
            let mut drawing = joinedup_drawing::of_answer(answer, false);
            let from = drawing.spots.len().saturating_sub(POINTS_MOST);
            drawing.spots.drain(..from);
            Drawing {
                name: format!("part-{i}"),
                title: title.clone(),
                size: Size::Small,
                ..drawing
            }
        })
        .collect();
    let proportion = drawings.first().is_some_and(|d| d.unit == "proportion");
    let scale = Scale::of(
        drawings.iter().flat_map(|d| d.values().collect::<Vec<_>>()),
        proportion.then_some(0.0),
    );
    html! {
        div.multiples {
            @for ((title, request, answer), drawing) in charts.iter().zip(drawings) {
                div.part {
                    h3 { a href=(link(visit, request, chosen)) { (title) } }
                    p.small {
                        @match figure::latest(&answer.chart).and_then(|p| Some((p.point.period_start, p.point.value?))) {
                            Some((start, value)) => { strong { (amount(value, figure::unit(&answer.chart))) } " (" (words::period(answer.chart.period, start)) ")" }
                            None => "no final number",
                        }
                        @if let Some(verdict) = &answer.chart.verdict { " · " span.(icon::variation_class(Some(verdict.variation))) { (icon::variation_word(Some(verdict.variation))) } }
                    }
                    (PreEscaped(joinedup_drawing::svg(&Drawing { scale: Some(scale.clone()), ..drawing })))
                }
            }
        }
    }
}

fn link(visit: &Visit, request: &ChartRequest, chosen: &str) -> String {
    let address = visit.address.clone().without(&["split"]);
    if chosen == "area" {
        return address.with("area", &request.area).to_string();
    }
    let value = request
        .filter
        .0
        .get(chosen)
        .and_then(|v| v.first())
        .map_or("", String::as_str);
    address.with(chosen, value).to_string()
}

/// The values that a dimension has had in the place.
fn values(visit: &Visit, measure: &Measure, dimension: &str) -> Result<BTreeSet<String>, Problem> {
    let within = visit.app.definitions.areas.within(&visit.area);
    Ok(visit.views()?.read(|view| {
        within
            .iter()
            .flat_map(|area| view.cells().series(&measure.quantity, area.as_str()))
            .filter_map(|series| {
                series
                    .breakdown
                    .iter()
                    .find(|(d, _)| **d == *dimension)
                    .map(|(_, v)| v.to_string())
            })
            .filter(|v| !v.is_empty())
            .collect()
    }))
}
