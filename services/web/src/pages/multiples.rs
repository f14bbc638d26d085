//! The same chart for each part of a place, or for each value of a breakdown, on one scale.

use super::figure;
use super::layout;
use super::ranked;
use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use joinedup_application::charts::{self, Answer, ChartRequest, QuestionError};
use joinedup_application::overview::NoVerdict;
use joinedup_drawing::axis::{Scale, amount};
use joinedup_drawing::{self, Drawing, Size, icon};
use joinedup_views::ask::{AskError, CellsOf};
use joinedup_views::measure::{Measure, Shape, Source};
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeSet;

/// How many charts stand beside each other at most.
const MAX_CHARTS: usize = 12;
/// Fewer points than this make no chart worth its room.
const MIN_POINTS: usize = 3;
/// How many points each shows at most.
const MAX_POINTS: usize = 60;

/// The section with the choice of how to take the chart apart; `split` in the address says how.
///
/// # Errors
/// When the measure cannot be taken apart so.
pub fn show(visit: &Visit, measure: &Measure, request: &ChartRequest) -> Result<Markup, Problem> {
    // What is ranked by its parts has its comparison already, and all parts of one place together say nothing.
    if ranked::dimension(
        measure,
        &ChartRequest::new(measure.id.as_str(), visit.area.as_str()),
    )
    .is_some()
    {
        return Ok(html! {});
    }
    let parts = visit.parts();
    let mut ways: Vec<(&str, String)> = Vec::new();
    if !parts.is_empty() {
        ways.push(("area", "place".to_owned()));
    }
    let own = measure.breakdowns.iter().map(|d| d.as_str());
    let by = own.chain(stated(visit, measure));
    ways.extend(by.map(|d| (d, words::dimension(d))));
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
                let catalogue = &visit.app.definitions.catalogue;
                (words::value_of(catalogue, chosen, &value), request)
            })
            .collect()
    };
    let mut charts: Vec<(String, ChartRequest, Answer)> = Vec::new();
    let mut without = Without::default();
    for (title, request) in asked {
        let answer = match charts::ask(&visit.app, &request, visit.audience()) {
            // A large place is shown as it looked then, and its small parts are not.
            Err(QuestionError::Ask(AskError::Past)) => {
                without.not_then.push(title);
                continue;
            }
            answer => answer?,
        };
        let points = answer.chart.points.iter();
        match points.filter(|p| p.point.value.is_some()).count() {
            0 => without.never += 1,
            few if few < MIN_POINTS => without.too_few.push((title, request, answer)),
            _ => charts.push((title, request, answer)),
        }
    }
    // Beside places with numbers of their own, one that is shown by those of who serves it would count them twice.
    let is_own = |(_, _, answer): &(String, ChartRequest, Answer)| answer.chart.footprint.is_none();
    if charts.iter().any(is_own) {
        let (own, served) = charts.into_iter().partition(is_own);
        charts = own;
        without.served = served;
    }
    // What only those have who were counted is not part of the others: a share by it is 0 or 100 %.
    let counts = if chosen != "area" && all_or_none(&charts) {
        ranked::ranked(visit, measure, request, chosen)?
    } else {
        None
    };
    // By amount: the parts that matter most first; places keep their order.
    if chosen != "area" {
        charts.sort_by(|a, b| total(&b.2).total_cmp(&total(&a.2)));
    }
    without.no_room = charts.split_off(charts.len().min(MAX_CHARTS));
    Ok(html! {
        section #multiples data-live aria-labelledby="multiples-name" {
            h2 #multiples-name { "Compare" }
            ul.segments aria-label="Take apart by" {
                @for (way, name) in &ways { li { a href=(format!("{}#multiples", visit.address.clone().with("split", way))) aria-current=[(*way == chosen).then_some("true")] { "By " (name) } } }
            }
            @if charts.is_empty() && without.not_then.is_empty() { p { "There is too little data by " (name_of(&ways, chosen)) " to draw." } }
            @if let Some(counts) = &counts {
                p.note { "This is recorded only of those who are counted here, so each share is of them and not of everybody." }
                (counts.show())
            } @else {
            (grid(visit, &charts, chosen))
            (without.show(visit, chosen, charts.len()))
            @if charts.len() > 1 { p.note { "Same scale." @if chosen == "area" { " Places differ in more than their care: do not rank them." } } }
            }
        }
    })
}

/// What is not drawn, and why.
#[derive(Default)]
struct Without {
    /// They have some values, and too few to draw.
    too_few: Vec<(String, ChartRequest, Answer)>,
    /// How many have none.
    never: usize,
    /// They are shown by the numbers of who serves them.
    served: Vec<(String, ChartRequest, Answer)>,
    /// They come after as many as there is room for.
    no_room: Vec<(String, ChartRequest, Answer)>,
    /// They are not shown as they were then.
    not_then: Vec<String>,
}

impl Without {
    fn show(&self, visit: &Visit, chosen: &str, drawn: usize) -> Markup {
        let linked = |parts: &[(String, ChartRequest, Answer)]| {
            let parts = parts.iter();
            let parts =
                parts.map(|(title, request, _)| (link(visit, request, chosen), title.clone()));
            layout::links(parts, layout::MAX_NAMED)
        };
        let order = if chosen == "area" {
            "by name"
        } else {
            "largest first"
        };
        html! {
            @if !self.no_room.is_empty() { p.note { "Showing " (drawn) " of " (drawn + self.no_room.len()) ", " (order) ". The others: " (linked(&self.no_room)) "." } }
            @if !self.served.is_empty() { p.note { "Not drawn beside the others, because they have no numbers of their own and are shown by those of who serves them: " (linked(&self.served)) "." } }
            @if drawn > 0 && !self.too_few.is_empty() { p.note { "Not drawn, with fewer than " (MIN_POINTS) " values: " (linked(&self.too_few)) "." } }
            @if drawn > 0 && self.never > 0 && chosen == "area" { p.note { (words::counted(self.never, "more place has", "more places have")) " no numbers here." } }
            @if !self.not_then.is_empty() { p.note { "Not shown as they were then, because their numbers may be small: " (self.not_then.join(", ")) "." } }
        }
    }
}

/// What events may say of themselves, where some do.
fn stated(visit: &Visit, measure: &Measure) -> Vec<&'static str> {
    let Some(Source::Coded(quantity)) = measure.source() else {
        return Vec::new();
    };
    let mut dimensions = quantity.stated_dimensions().to_vec();
    dimensions.retain(|d| values(visit, measure, d).is_ok_and(|values| !values.is_empty()));
    dimensions
}

fn name_of<'a>(ways: &'a [(&str, String)], chosen: &'a str) -> &'a str {
    let way = ways.iter().find(|w| w.0 == chosen);
    way.map_or(chosen, |w| w.1.as_str())
}

/// Whether every point of every part of a share is 0 or 100 per cent.
fn all_or_none(charts: &[(String, ChartRequest, Answer)]) -> bool {
    let points = charts.iter().flat_map(|(_, _, a)| &a.chart.points);
    let mut values = points.filter_map(|p| p.point.value).peekable();
    let is_share = |a: &Answer| a.chart.shape == Shape::Proportion;
    charts.iter().all(|(_, _, a)| is_share(a))
        && values.peek().is_some()
        && values.all(|value| value <= 0.0 || value >= 1.0)
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
            let from = drawing.spots.len().saturating_sub(MAX_POINTS);
            drawing.spots.drain(..from);
            let whose = answer.chart.footprint.as_ref();
            Drawing {
                name: format!("part-{i}"),
                title: whose.map_or_else(|| title.clone(), |f| format!("{title}, {}", f.words)),
                size: Size::Small,
                ..drawing
            }
        })
        .collect();
    let unit = drawings.first().map_or("", |d| d.unit.as_str());
    let values = drawings.iter().flat_map(Drawing::values);
    let scale = Scale::of(values, unit);
    html! {
        div.multiples {
            @for ((title, request, answer), drawing) in charts.iter().zip(drawings) {
                div.part {
                    h3 { a href=(link(visit, request, chosen)) { (title) } @if let Some(footprint) = &answer.chart.footprint { " " span.small { (footprint.words) } } }
                    p.small {
                        @match figure::latest(&answer.chart).and_then(|p| Some((p.point.period_start, p.point.value?))) {
                            Some((start, value)) => { strong { (amount(value, answer.chart.unit())) } " (" (words::period(answer.chart.period, start)) ")" }
                            None => "no final number",
                        }
                        @if let Some(verdict) = &answer.chart.verdict { " · " span.(icon::variation_class(Some(verdict.variation))) { (NoVerdict::of(&answer.chart, visit.today()).map_or_else(|| icon::variation_word(Some(verdict.variation)), |why| words::no_verdict(why, answer.chart.period))) } }
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

/// Whether a measure can be filtered by a dimension; of an observed series its own reports say that.
pub(super) fn has(visit: &Visit, measure: &Measure, dimension: &str) -> bool {
    match measure.source() {
        Some(Source::Observed(_)) => {
            values(visit, measure, dimension).is_ok_and(|values| !values.is_empty())
        }
        source => source.is_some_and(|source| source.has_dimension(dimension)),
    }
}

/// The values that a dimension has had in the place.
pub(super) fn values(
    visit: &Visit,
    measure: &Measure,
    dimension: &str,
) -> Result<BTreeSet<String>, Problem> {
    let within = visit.app.definitions.areas.within(&visit.area);
    let edition = visit.app.edition(visit.audience());
    Ok(visit.views()?.read(|view| {
        let cells = CellsOf::view(view, edition.as_deref()).get(measure);
        within
            .iter()
            .flat_map(|area| cells.series(&measure.quantity, area.as_str()))
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
