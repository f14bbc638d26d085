//! `GET /measures/{id}`: one measure in one place, with everything that belongs to it.

use super::address::Address;
use super::changes_of::{self, changes_for};
use super::decide;
use super::figure::{self, Figure};
use super::filling::{self, Filling};
use super::layout::{self, Tab};
use super::visit::Visit;
use super::{finding, multiples, ranked, slide, words};
use crate::door::problem::Problem;
use axum::extract::Path;
use axum::response::Response;
use joinedup_application::charts::{self, Answer, ChartRequest};
use joinedup_application::config::Role;
use joinedup_drawing::axis;
use joinedup_views::measure::{ChartKind, Measure, Outcomes, SmallNumbers};
use joinedup_views::period::Grain;
use maud::{Markup, html};

/// `GET /measures/{id}`.
pub async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    visit
        .render(move |visit| page(visit, &id, &Filling::default()))
        .await
}

/// The page, with a form that came back.
///
/// # Errors
/// 404 for a measure that is not there, 400 for a question that makes no sense.
pub fn page(visit: &Visit, id: &str, filling: &Filling) -> Result<Markup, Problem> {
    let done = decide::saved_words(visit);
    let measure = visit
        .app
        .definitions
        .measures
        .get(id)
        .ok_or_else(|| Problem::not_found(words::NO_SUCH_MEASURE))?;
    let typed = &visit.address;
    let date = |name: &str| {
        typed
            .get(name)
            .and_then(|d| d.parse::<chrono::NaiveDate>().ok())
    };
    // Two dates that were typed the wrong way round stay in their form, beside the whole chart.
    let turned = date("from")
        .zip(date("to"))
        .is_some_and(|(from, to)| from > to);
    let dated = turned.then(|| visit.without(&["from", "to"]));
    let visit = dated.as_ref().unwrap_or(visit);
    let request = visit.question(measure)?;
    let answer = charts::ask(&visit.app, &request, visit.audience())?;
    let changes = changes_for(visit, id, &visit.area)?;
    let place = visit.title_of(visit.area.as_str());
    let figure = Figure {
        visit,
        answer: &answer,
        changes: &changes,
        own: &visit.address,
    };
    let bars = ranked::bars(visit, measure, &request)?;
    let body = html! {
        article.measure {
            (filling.summary())
            @if turned { p.fault #turned role="alert" { a href="#from" { "The first day must not be after the last" } ". This is the whole chart." } }
            @if let Some(words) = done { (filling::saved(words, &html! { p.small { a href="#decisions" { "See targets and baselines" } } })) }
            header.page-head {
                p.kicker { (words::heading(&visit.app.definitions.catalogue, &answer.chart)) ", by " (words::grain(answer.chart.period)) }
                h1 #chart-name data-live {
                    @match &bars {
                        Some(bars) => (bars.sentence()),
                        None => (finding::sentence(visit, &answer, &changes)),
                    }
                }
            }
            @match &bars {
                Some(bars) => figure #chart data-live aria-labelledby="chart-name" { (bars.show()) },
                None => {
                    (figure.show())
                    (slide::elsewhere(&figure))
                }
            }
            (choices(visit, measure, &answer, &request, turned.then_some(typed)))
            (corrected(visit, &request, &answer)?)
            (changes_of::list(visit, &answer, &changes))
            (multiples::show(visit, measure, &request)?)
            details #as-table { summary { "Table of the points (" (answer.chart.points.len()) ")" } (figure::table(&answer.chart, &words::heading(&visit.app.definitions.catalogue, &answer.chart))) }
            (decide::forms(visit, measure, &answer, filling)?)
            (definition(visit, measure, answer.chart.period))
            (provenance(visit, &answer))
        }
    };
    let picker = layout::chart_picker(visit, measure, answer.chart.period);
    Ok(layout::page(
        visit,
        Tab::Measures,
        &format!("{}, {place}", measure.title),
        &picker,
        &body,
    ))
}

/// Ways to look at the same: the kind of chart, the length of periods, the time, what was known when.
///
/// `turned` is the address of two dates that are the wrong way round.
fn choices(
    visit: &Visit,
    measure: &Measure,
    answer: &Answer,
    request: &ChartRequest,
    turned: Option<&Address>,
) -> Markup {
    let date = |name: &str| turned.unwrap_or(&visit.address).get(name);
    let chosen = request.kind.unwrap_or(measure.chart);
    let over_time = !measure.chart.is_judged();
    let kind_words = |kind: ChartKind| match kind {
        ChartKind::Run if over_time => "Over time",
        other => words::chart_kind(other),
    };
    let parts = ranked::parts(measure).filter(|_| measure.chart.is_ranked());
    let of_one_part = parts.is_some_and(|parts| request.filter.0.contains_key(parts));
    let kinds = match measure.chart {
        kind if kind.is_judged() => vec![ChartKind::Run, ChartKind::Xmr, ChartKind::Auto],
        // Shares that do not add up have no line together.
        ChartKind::Bar if parts.is_some() && !of_one_part => vec![measure.chart],
        _ => vec![measure.chart, ChartKind::Run],
    };
    let of_kind = |kind: ChartKind| {
        let one_part = parts.filter(|_| kind.is_ranked());
        let address = visit.address.clone().without(one_part.as_slice());
        address.with("chart", kind)
    };
    let of = visit.app.definitions.for_asking();
    let audience = visit.audience();
    let sees_past = audience.sees_past(measure, of.areas, &visit.area, of.policy);
    let option = |address: Address, on: bool, text: &str| html! { li { a href=(address) aria-current=[on.then_some("true")] { (text) } } };
    html! {
        div.choices {
            ul.segments aria-label="Kind of chart" {
                @for kind in kinds { (option(of_kind(kind), kind == chosen, kind_words(kind))) }
            }
            ul.segments aria-label="Length of a period" {
                @for g in visit.lengths(measure) {
                    (option(visit.address.clone().with("period", g), g == answer.chart.period, &words::sentence(words::grain(g))))
                }
            }
            form.dates method="get" action=(visit.address.path()) {
                (layout::kept(&visit.address, &["from", "to", "as_known_at"]))
                label for="from" { "From" } input #from type="date" name="from" value=[date("from")] aria-invalid=[turned.map(|_| "true")] aria-describedby=[turned.map(|_| "turned")];
                label for="to" { "to" } input #to type="date" name="to" value=[date("to")];
                @if sees_past {
                    label for="known" { "As it looked on" } input #known type="date" name="as_known_at" value=[visit.address.get("as_known_at").map(|v| v.get(..10).unwrap_or(v))];
                }
                button.quiet type="submit" { "Apply" }
                @if sees_past { span.hint { "see the chart as it looked on a past date, before later corrections" } }
                @if request.from.is_some() || request.to.is_some() || request.as_known_at.is_some() || !request.filter.0.is_empty() {
                    a href=(Address::new(visit.address.path()).with("area", &visit.area)) { "Back to the whole chart" }
                }
            }
        }
    }
}

/// What has been corrected since the day that the chart is as known on.
fn corrected(visit: &Visit, request: &ChartRequest, then: &Answer) -> Result<Markup, Problem> {
    if request.as_known_at.is_none() {
        return Ok(html! {});
    }
    let now = charts::ask(
        &visit.app,
        &ChartRequest {
            as_known_at: None,
            ..request.clone()
        },
        visit.audience(),
    )?;
    let unit = now.chart.unit();
    let moved: Vec<_> = then
        .chart
        .points
        .iter()
        .filter_map(|old| {
            Some((
                old,
                now.chart
                    .points
                    .iter()
                    .find(|p| p.point.period_start == old.point.period_start)?,
            ))
        })
        .filter(|(old, new)| old.point.value != new.point.value)
        .collect();
    let value = |v: Option<f64>| v.map_or_else(|| "no value".to_owned(), |v| axis::amount(v, unit));
    Ok(html! {
        section #corrected data-live aria-labelledby="corrected-name" {
            h2 #corrected-name { "Corrected since then" }
            @if moved.is_empty() { p { "No point that was known then has another value today." } }
            @else {
                p { (words::counted(moved.len(), "point has", "points have")) " another value today." }
                table.compact {
                    thead { tr { th scope="col" { "Period" } th.number scope="col" { "As known then" } th.number scope="col" { "Today" } } }
                    tbody { @for (old, new) in moved.iter().rev().take(60) { tr { th scope="row" { (words::sentence(&words::period(now.chart.period, old.point.period_start))) } td.number { (value(old.point.value)) } td.number { (value(new.point.value)) } } } }
                }
            }
        }
    })
}

fn definition(visit: &Visit, measure: &Measure, grain: Grain) -> Markup {
    let catalogue = &visit.app.definitions.catalogue;
    let row = |name: &str, text: &str| html! { @if !text.is_empty() { div { dt { (name) } dd { (text) } } } };
    let rule = measure.small_numbers();
    let counts = match rule {
        SmallNumbers::None => "",
        SmallNumbers::Hes7 => {
            "Counts of 1 to 7 people are suppressed, and larger ones rounded to the nearest 5, for most readers"
        }
        SmallNumbers::Mhsds5 => {
            "Counts of 0 to 4 people are suppressed, and larger ones rounded to the nearest 5, for most readers"
        }
    };
    let small = match rule.fewest(measure.aggregate) {
        0 => counts.to_owned(),
        fewest => format!(
            "{counts}. It is shown where it is of at least {fewest} people, so that it is not what one of a few waited or said"
        ),
    };
    let ripe = measure.maturity();
    html! {
        section #definition aria-labelledby="definition-name" {
            h2 #definition-name { "Definition" }
            dl.facts {
                (row("Counts", &words::sentence_start(&measure.counts)))
                (row(if words::is_rate(measure) { "Per" } else { "Out of" }, &words::sentence_start(&measure.out_of)))
                (row("Why it matters", &measure.why))
                (row("Better", words::direction(measure.direction)))
                (row("Target", &measure.target.map(|t| axis::amount(t.0, measure.unit())).unwrap_or_default()))
                (row("Ambition", &measure.ambition.map(|t| axis::amount(t.0, measure.unit())).unwrap_or_default()))
                (row("Median", &format!("Set from the first {} points. It changes only when you agree a new baseline", measure.baseline)))
                (row("Final", &if ripe.minutes() > 0 { format!("{ripe} after the end of the period") } else { format!("As soon as the {} ends", words::grain(grain)) }))
                (row("Small numbers", &small))
                (row("Purpose", &words::sentence(measure.purpose.word())))
                (row("Kind", &format!("{}, {}", words::sentence(measure.kind.word()), measure.data_type)))
                (row("Owner", &measure.owner))
                (row("Reliability", &measure.reliability))
                @for caveat in &measure.caveats { (row("Caution", caveat)) }
                div { dt { "Outcomes" } dd {
                    @match &measure.outcomes {
                        Outcomes::All(_) => "Every outcome that the item or the change leads to",
                        Outcomes::Of(list) => @for (i, id) in list.iter().enumerate() {
                            @if i > 0 { ", " }
                            a href=(visit.address.elsewhere("/model").with("node", id)) { (catalogue.node(id.as_str()).map_or(id.as_str(), |n| n.title.as_str())) }
                        },
                    }
                } }
                @if !measure.frameworks.is_empty() {
                    div { dt { "Frameworks" } dd { @for (i, id) in measure.frameworks.iter().enumerate() { @if i > 0 { ", " } (words::framework(catalogue, id.as_str())) } } }
                }
                div { dt { "Technical name" } dd { code { (measure.id) } " of " code { (measure.quantity) } ", definition " code { (measure.digest().get(..12).unwrap_or_default()) } } }
            }
        }
    }
}

fn provenance(visit: &Visit, answer: &Answer) -> Markup {
    // Of the number that the page begins with, and not of a period that is not over.
    let trace = figure::latest(&answer.chart).map(|p| {
        let on = visit.address.clone();
        on.on(format!("/measures/{}/records", answer.chart.measure))
            .without(&["to", "as_known_at", "split", "chart"])
            .with("area", &answer.chart.area)
            .with("period", answer.chart.period)
            .with("from", p.point.period_start)
    });
    html! {
        p.note #provenance data-live {
            "Includes data received up to " (words::clock(answer.as_of)) " on " (words::day_month_year(joinedup_events::local::date(answer.as_of))) "."
            @if visit.caller.has(Role::Operator) && let Some(trace) = trace { " " a href=(trace) { "See the records behind this number" } }
        }
    }
}
