//! `GET /pack`: the board pack of a place, made to be printed or saved as one PDF: a cover with what is worse and better,
//! the outcomes matrix, a scorecard, and chosen charts, each by what it found.

use super::changes_of::changes_for;
use super::layout::{self, Tab};
use super::visit::Visit;
use super::{figure, finding, leaders, matrix, ranked, scorecards, words};
use crate::door::problem::Problem;
use axum::response::Response;
use joinedup_application::charts::{self, ChartRequest};
use joinedup_application::overview::{Line, Overview};
use joinedup_drawing::icon;
use joinedup_views::measure::Measure;
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeSet;

/// How many charts fill the second page.
const A_PAGE: usize = 4;
/// The most charts in a pack.
const MAX_CHARTS: usize = 24;

/// `GET /pack`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit.render(page).await
}

/// The charts that the address names, or else those that changed lately and those that lead the outcomes, a page full.
fn chosen<'a>(visit: &'a Visit, overview: &Overview, led: &[matrix::Led<'a>]) -> Vec<&'a Measure> {
    let measures = &visit.app.definitions.measures;
    let pairs = visit.address.pairs().iter();
    let asked = pairs.filter(|(name, _)| name == "chart");
    let asked: Vec<&Measure> = asked.filter_map(|(_, id)| measures.get(id)).collect();
    let line = |m: &Measure| overview.line(m.id.as_str(), visit.area.as_str());
    let own = if asked.is_empty() {
        let signals = overview
            .signals()
            .into_iter()
            .filter(|l: &&Line| l.area == visit.area.as_str())
            .map(|l| l.measure.as_str());
        let mut leads: Vec<&matrix::Led<'a>> = led.iter().filter(|l| l.measure.is_some()).collect();
        // What changed first, then services, the system, people.
        leads.sort_by_key(|l| {
            let changed = |line: &Line| line.worsens() || line.improves();
            let is_still = !l.measure.and_then(line).is_some_and(changed);
            (
                is_still,
                l.node.group != "services",
                l.node.group != "system",
            )
        });
        let leads = leads.into_iter().filter_map(|l| l.measure);
        let all = signals.filter_map(|id| measures.get(id)).chain(leads);
        all.filter(|m| line(m).is_some_and(|l| l.latest.is_some()))
            .collect()
    } else {
        asked
    };
    let mut seen = BTreeSet::new();
    let most = if visit.address.get("chart").is_some() {
        MAX_CHARTS
    } else {
        A_PAGE
    };
    own.into_iter()
        .filter(|m| seen.insert(m.id.clone()))
        .take(most)
        .collect()
}

fn page(visit: &Visit) -> Result<Markup, Problem> {
    let overview = visit.overview();
    let place = visit.title_of(visit.area.as_str());
    let outcomes = leaders::outcomes(visit);
    let led = matrix::led(visit, &matrix::Order::of(visit, None), &overview, &outcomes);
    let charts = chosen(visit, &overview, &led);
    let card = visit.address.get("scorecard").filter(|id| !id.is_empty());
    let card = card.map(|id| scorecards::table(visit, id)).transpose()?;
    let mut drawn = Vec::new();
    for measure in &charts {
        drawn.push(chart(visit, measure)?);
    }
    let today = words::day_month_year(visit.today());
    let body = html! {
        (choose(visit, &overview, &charts))
        article.pack {
            section.card.sheet aria-labelledby="pack-name" {
                header.cover {
                    p.kicker { "Board pack, " (today) }
                    h1 #pack-name { "Health and care together" span.place { ", " (place) } }
                    (matrix::since(visit, &overview, &led))
                }
                (matrix::table(visit, &overview, &led))
            }
            @if let Some((title, table)) = card { section.card.sheet { h2 { (title) } (table) } }
            @for sheet in drawn.chunks(A_PAGE) {
                section.card.sheet { div.pack-charts { @for chart in sheet { (chart) } } p.small { (place) ", " (today) ". Judged by run chart rules. An improvement after a change is not proof that the change caused it." } }
            }
        }
    };
    let title = format!("Board pack, {place}");
    let picker = layout::place_picker(visit);
    Ok(layout::page(visit, Tab::Leaders, &title, &picker, &body))
}

/// What is in the pack, to choose from; it is not printed.
fn choose(visit: &Visit, overview: &Overview, charts: &[&Measure]) -> Markup {
    let definitions = &visit.app.definitions;
    let with_value = definitions.measures.iter().filter(|m| {
        let line = overview.line(m.id.as_str(), visit.area.as_str());
        line.is_some_and(|l| l.latest.is_some())
    });
    let card = visit.address.get("scorecard").unwrap_or_default();
    html! {
        section.card.choose-pack aria-label="What is in the pack" {
            p { strong { "Print this page, or save it as a PDF" } ", from your browser's menu (Ctrl+P or ⌘P)." }
            details {
                summary { "Choose charts and a scorecard" }
                form method="get" action=(visit.address.path()) {
                    (layout::kept(&visit.address, &["chart", "scorecard"]))
                    label for="pack-card" { "Scorecard" select #pack-card name="scorecard" {
                        option value="" { "None" }
                        @for c in definitions.scorecards.all() { option value=(c.id) selected[c.id.as_str() == card] { (c.title) } }
                    } }
                    fieldset { legend { "Charts" } @for m in with_value {
                        label.tick { input type="checkbox" name="chart" value=(m.id) checked[charts.iter().any(|c| c.id == m.id)]; " " (m.title) }
                    } }
                    button type="submit" { "Make the pack" }
                }
            }
        }
    }
}

/// A chart by what it found.
fn chart(visit: &Visit, measure: &Measure) -> Result<Markup, Problem> {
    let id = measure.id.as_str();
    let request = ChartRequest::new(id, visit.area.as_str());
    let answer = charts::ask(&visit.app, &request, visit.audience())?;
    let own = visit.elsewhere(format!("/measures/{id}"));
    let about = html! { p.small { a href=(own.address) { (answer.chart.heading()) } ", by " (words::grain(answer.chart.period)) } };
    if let Some(bars) = ranked::bars(&own, measure, &request)? {
        return Ok(
            html! { figure.pack-chart { figcaption { (about) h2 { (bars.sentence()) } } (bars.show()) } },
        );
    }
    let changes = changes_for(visit, id, &visit.area)?;
    let mut drawing = joinedup_drawing::of_answer(&answer, false);
    drawing.name = format!("pack-{id}");
    // Two beside each other on paper: drawn small, so that their words can be read.
    let left_out = figure::make_narrow(&mut drawing);
    for tested in &mut drawing.tested {
        tested.link = None;
    }
    let variation = answer.chart.verdict.as_ref().map(|v| v.variation);
    Ok(html! {
        figure.pack-chart {
            figcaption {
                (about)
                h2.with-icon { (PreEscaped(icon::variation(variation))) (finding::sentence(visit, &answer, &changes)) }
            }
            (PreEscaped(joinedup_drawing::svg(&drawing)))
            (figure::legend(&drawing))
            @if left_out > 0 { p.small { "The latest " (figure::MAX_NARROW_POINTS) " points." } }
            @if let Some(caution) = answer.chart.footprint.as_ref().and_then(|f| f.caution.as_ref()) { p.small { (words::sentence_start(caution)) } }
        }
    })
}
