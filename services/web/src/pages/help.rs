//! `GET /help`: how to read the charts, and what the words mean.

use super::layout::{self, Tab};
use super::visit::Visit;
use crate::door::problem::Problem;
use axum::response::Response;
use joinedup_drawing::{Mark, icon};
use joinedup_spc::{Assurance, Variation};
use maud::{Markup, PreEscaped, html};

/// `GET /help`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit
        .render(|visit| {
            Ok(layout::page(
                visit,
                Tab::Data,
                "Help and glossary",
                &html! {},
                &body(),
            ))
        })
        .await
}

/// Words of the charts, each with what it means.
const GLOSSARY: [(&str, &str); 12] = [
    (
        "Baseline",
        "The first points of a chart, from which its median is set. It changes only when people agree a new one.",
    ),
    (
        "Common cause",
        "The variation that a process always has. A single high or low point within it needs no explanation of its own.",
    ),
    (
        "Control limits",
        "On an XmR chart, the range within which almost all values are expected while nothing changes.",
    ),
    (
        "Crossing",
        "The line goes from one side of the median to the other. Few crossings mean that the level has changed.",
    ),
    (
        "Funnel plot",
        "Compares places fairly: between its lines, places differ no more than expected by chance.",
    ),
    (
        "Incomplete",
        "The period is not over, or not all data of it have come in. It is shown and not judged.",
    ),
    ("Median", "Half of the values are above it and half below."),
    (
        "PDSA",
        "Plan, do, study, act: say what you expect, test a change on a small scale, hold what you see against it, then adopt, adapt or abandon. The page of each change follows these stages.",
    ),
    (
        "Run chart",
        "Values over time with their median. It is judged by how long the values stay on one side of the median, and how often they change sides, against what is expected by chance.",
    ),
    (
        "Special cause",
        "A pattern that is very unlikely to be chance. Something has changed: find out what.",
    ),
    (
        "Suppressed",
        "A number so small that it could identify people. It is hidden, and others are rounded.",
    ),
    (
        "XmR chart",
        "Values over time with their mean and control limits, judged by the NHS Making Data Count rules.",
    ),
];

fn body() -> Markup {
    let variations = [
        Variation::ImprovementHigh,
        Variation::ImprovementLow,
        Variation::ConcernHigh,
        Variation::ConcernLow,
        Variation::NeitherHigh,
        Variation::CommonCause,
    ];
    let assurances = [Assurance::Pass, Assurance::HitOrMiss, Assurance::Fail];
    html! {
        h1 { "Help and glossary" }
        div.three {
            section.card #read-a-chart aria-labelledby="read-name" { h2 #read-name { "How to read a chart" } (reading(false)) }
            section.card aria-labelledby="icons-name" {
                h2 #icons-name { "What the icons mean" }
                @for variation in variations { p.with-icon { (PreEscaped(icon::variation(Some(variation)))) span { (icon::variation_words(Some(variation))) } } }
                @for assurance in assurances { p.with-icon { (PreEscaped(icon::assurance(assurance))) span { (icon::assurance_words(assurance)) } } }
            }
            section.card aria-labelledby="points-name" {
                h2 #points-name { "What the points mean" }
                ul.plain { @for mark in Mark::ALL { li.with-icon { (PreEscaped(mark.sample())) span { (mark.words()) } } } }
            }
        }
        section.card #glossary aria-labelledby="glossary-name" {
            h2 #glossary-name { "Glossary" }
            dl.facts { @for (word, meaning) in GLOSSARY { div { dt { (word) } dd { (meaning) } } } }
        }
    }
}

/// How to read a chart about a median or a mean, in a few sentences: also folded away beside every chart.
#[must_use]
pub fn reading(with_limits: bool) -> Markup {
    html! {
        ol {
            li {
                "Each point is one period, for example a week. "
                @if with_limits { "The horizontal line is the mean. Almost all values lie between the dashed limits while nothing changes." }
                @else { "The horizontal line is the median: half of the baseline's values are above it." }
            }
            li { "Points that go up and down around the line are expected variation. Do not react to one point." }
            li { "Coloured points are a pattern that is very unlikely to be chance: blue diamonds are better, orange squares are worse." }
            li { "Hollow points are not complete yet and are not judged." }
            li { "Bars below the chart show when changes were tested. An improvement after a change is not proof that the change caused it." }
        }
    }
}
