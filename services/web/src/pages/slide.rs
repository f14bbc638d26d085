//! `GET /measures/{id}/slide.svg` and `slide.png`: a chart as a slide, with what it found as its title.

use super::changes_of::changes_for;
use super::figure::Figure;
use super::visit::Visit;
use super::{finding, ranked, words};
use crate::door::problem::Problem;
use crate::files;
use axum::extract::Path;
use axum::response::Response;
use joinedup_application::charts::{self, Answer};
use joinedup_drawing::Drawing;
use joinedup_drawing::slide::{self, Words};
use joinedup_views::measure::Measure;
use maud::{Markup, html};

/// `GET /measures/{id}/slide.svg`.
pub async fn svg(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    show(visit, id, false).await
}

/// `GET /measures/{id}/slide.png`.
pub async fn png(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    show(visit, id, true).await
}

async fn show(visit: Visit, id: String, as_png: bool) -> Result<Response, Problem> {
    let turns = visit.app.turns.clone();
    turns.work(move || draw(&visit, &id, as_png)).await?
}

fn draw(visit: &Visit, id: &str, as_png: bool) -> Result<Response, Problem> {
    let measure = visit.app.definitions.measures.get(id);
    let measure = measure.ok_or_else(|| Problem::not_found(words::NO_SUCH_MEASURE))?;
    let request = visit.question(measure)?;
    // A slide has a line; of these a line would be of something else.
    if ranked::bars(visit, measure, &request)?.is_some() {
        let sentence = "There is no slide of bars: choose one of them, or the chart over time";
        return Err(Problem::not_found(sentence));
    }
    let answer = charts::ask(&visit.app, &request, visit.audience())?;
    let changes = changes_for(visit, id, &visit.area)?;
    let finding = finding::sentence(visit, &answer, &changes);
    let drawing = Drawing {
        title: words::heading(&visit.app.definitions.catalogue, &answer.chart),
        ..joinedup_drawing::of_answer(&answer, true)
    };
    let drawn = slide::svg(&drawing, &words_of(visit, measure, &answer, finding));
    if as_png {
        files::png(&drawn)
    } else {
        Ok(files::svg(drawn))
    }
}

fn words_of(visit: &Visit, measure: &Measure, answer: &Answer, finding: String) -> Words {
    let chart = &answer.chart;
    let source = match (&chart.footprint, measure.reliability.is_empty()) {
        (Some(footprint), _) => {
            let titles = footprint.organisations.iter().map(|o| o.title.as_str());
            let titles = titles.collect::<Vec<_>>().join(", ");
            let caution = footprint.caution.as_deref().map(words::sentence_start);
            format!("{titles}. {}", caution.unwrap_or_default())
        }
        (None, false) => measure.reliability.clone(),
        (None, true) => format!("what services of {} reported.", chart.area_title),
    };
    let judged = chart
        .verdict
        .as_ref()
        .map(|v| format!(" Rules: {}.", v.judged_by));
    let day = joinedup_events::local::date(answer.as_of);
    Words {
        finding,
        about: format!(
            "{}, by {}. {}.",
            words::heading(&visit.app.definitions.catalogue, chart),
            words::grain(chart.period),
            words::direction(chart.direction)
        ),
        source: format!(
            "Data received up to {}, drawn {}. Source: {}{}",
            words::day_month_year(day),
            words::day_month_year(visit.today()),
            source.trim(),
            judged.unwrap_or_default()
        ),
    }
}

/// How to take a chart elsewhere: as a slide, a file, a picture in another page, or into the board pack.
#[must_use]
pub fn elsewhere(figure: &Figure<'_>) -> Markup {
    let chart = &figure.answer.chart;
    let own = figure
        .own
        .clone()
        .without(&["split"])
        .with("area", &chart.area);
    let slide = |form: &str| {
        own.on(format!("/measures/{}/slide.{form}", chart.measure))
            .to_string()
    };
    let csv = own
        .on(format!("/api/v1/charts/{}.csv", chart.measure))
        .to_string();
    let pack = figure
        .visit
        .address
        .elsewhere("/pack")
        .with("chart", &chart.measure);
    let embed = format!(
        "<img src=\"{}\" alt=\"{}\" width=\"960\">",
        slide("svg"),
        words::heading(&figure.visit.app.definitions.catalogue, chart)
    );
    html! {
        details #elsewhere {
            summary { "Use in a slide or report" }
            ul {
                li { a href=(slide("png")) download { "Slide as a picture (PNG)" } ", for PowerPoint, Word and mail" }
                li { a href=(slide("svg")) download { "Slide as a drawing (SVG)" } ", sharp at every size" }
                li { a href=(csv) download { "The points as a table (CSV)" } }
                li { a href=(pack) { "Put it into the board pack" } }
            }
            label for="embed" { "To show it in another page for people who may see it here, with this server's name before the address" input #embed readonly value=(embed); }
        }
    }
}
