//! The outcomes matrix: each outcome by one measure, in the place and in its parts, with the icons of Making Data Count;
//! and what got worse or better since the last board.

use super::finding::A_YEAR;
use super::visit::Visit;
use super::{whose, words};
use chrono::{Days, NaiveDate};
use joinedup_application::charts::{self, ChartRequest};
use joinedup_application::overview::{Line, Overview};
use joinedup_drawing::{axis, icon};
use joinedup_events::AreaId;
use joinedup_spc::Variation;
use joinedup_views::catalogue::Node;
use joinedup_views::measure::{Measure, Role};
use joinedup_views::period::{Grain, Period};
use maud::{Markup, PreEscaped, html};
use std::cmp::Reverse;

/// The most parts of a place that have a column.
const MAX_PARTS: usize = 8;
/// How long ago the last board is taken to have met where nobody says.
const A_MONTH: Days = Days::new(30);

/// The order in which measures stand for an outcome: those of the place itself first, of those what gets worse, so that
/// nothing on the page calls an outcome better or unchanged of which a measure gets worse; then what people get before how
/// it is done, the longest series first. A stock by day turns with every weekday, and leads only where nothing else is there.
#[must_use]
pub fn rank(measure: &Measure, line: &Line, area: &str) -> impl Ord + use<> {
    (
        line.area != area,
        !line.worsens(),
        line.period == Grain::Day,
        measure.kind != Role::Outcome,
        Reverse(line.values.iter().flatten().count()),
        measure.id.clone(),
    )
}

/// Which measure stands for an outcome in a place, or in a part of it that alone has data.
fn lead<'a>(
    visit: &'a Visit,
    overview: &Overview,
    parts: &[AreaId],
    outcome: &'a str,
) -> Option<&'a Measure> {
    let area = visit.area.as_str();
    let line = |m: &Measure| {
        let mut areas = std::iter::once(area).chain(parts.iter().map(AreaId::as_str));
        areas.find_map(|a| overview.line(m.id.as_str(), a))
    };
    visit
        .app
        .definitions
        .measures
        .of_outcome(outcome)
        .filter_map(|m| Some((m, line(m)?)))
        .min_by_key(|(m, line)| rank(m, line, area))
        .map(|(m, _)| m)
}

/// An outcome with the measure that stands for it.
pub struct Led<'a> {
    /// The outcome.
    pub node: &'a Node,
    /// The measure; none where no measure of it has data.
    pub measure: Option<&'a Measure>,
}

/// Each outcome with the measure that stands for it.
#[must_use]
pub fn led<'a>(visit: &'a Visit, overview: &Overview, outcomes: &[&'a Node]) -> Vec<Led<'a>> {
    let parts = visit.parts();
    let of = |node: &&'a Node| Led {
        node,
        measure: lead(visit, overview, &parts, &node.id),
    };
    outcomes.iter().map(of).collect()
}

/// The day of the last board: as asked for, or a month ago.
#[must_use]
pub fn last_board(visit: &Visit) -> NaiveDate {
    let today = visit.today();
    let asked = visit.address.get("since").and_then(|d| d.parse().ok());
    asked.filter(|d| *d < today).unwrap_or(today - A_MONTH)
}

/// The matrix.
#[must_use]
pub fn table(visit: &Visit, overview: &Overview, led: &[Led<'_>]) -> Markup {
    let measures = || led.iter().filter_map(|l| l.measure);
    let has_any =
        |part: &AreaId| measures().any(|m| overview.line(m.id.as_str(), part.as_str()).is_some());
    let mut parts: Vec<AreaId> = visit.parts().into_iter().filter(has_any).collect();
    let left_out = parts.len().saturating_sub(MAX_PARTS);
    parts.truncate(MAX_PARTS);
    let areas = std::iter::once(&visit.area).chain(&parts);
    let cells: Vec<&Line> = areas
        .flat_map(|area| measures().filter_map(|m| overview.line(m.id.as_str(), area.as_str())))
        .collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label="Outcomes by place" {
            table.matrix {
                caption.sr { "Each outcome by one measure: in the place and in its parts" }
                thead { tr {
                    th scope="col" { "Outcome" }
                    th.cell scope="col" { (visit.title_of(visit.area.as_str())) }
                    @for part in &parts { th.cell scope="col" { (visit.title_of(part.as_str())) } }
                    th.number.hide-mid scope="col" { "Latest" }
                } }
                @for (group, title) in [("people", "People"), ("services", "Services"), ("system", "System")] {
                    tbody {
                        tr.section { th scope="rowgroup" colspan=(parts.len() + 3) { (title) } }
                        @for l in led.iter().filter(|l| l.node.group == group) {
                            tr {
                                th scope="row" {
                                    a href=(visit.address.elsewhere("/model").with("node", &l.node.id)) { (l.node.title) }
                                    @if let Some(m) = l.measure.filter(|m| m.title != l.node.title) { br; span.small { (m.title) } }
                                }
                                (cell(visit, overview, l.measure, &visit.area))
                                @for part in &parts { (cell(visit, overview, l.measure, part)) }
                                td.number.hide-mid { (latest(overview, l.measure, &visit.area)) }
                            }
                        }
                    }
                }
            }
        }
        p.note { "Each outcome is shown by one of its measures: by one that is getting worse in " (visit.title_of(visit.area.as_str())) ", where there is one." }
        @if left_out > 0 { p.note { (left_out) " more places have no room here." } }
        (key(&cells))
    }
}

fn latest(overview: &Overview, measure: Option<&Measure>, area: &AreaId) -> Markup {
    let line = measure.and_then(|m| overview.line(m.id.as_str(), area.as_str()));
    html! {
        @match line.and_then(|l| Some((l, l.latest?))) {
            Some((line, (start, value))) => { strong { (axis::amount(value, &line.unit)) } br; span.small { (words::period(line.period, start)) } }
            None => "–",
        }
    }
}

fn cell(visit: &Visit, overview: &Overview, measure: Option<&Measure>, area: &AreaId) -> Markup {
    let line = measure.and_then(|m| overview.line(m.id.as_str(), area.as_str()));
    let Some(line) = line else {
        return html! { td.cell { span.place aria-hidden="true" { "–" } span.sr { "no data" } } };
    };
    let link = whose::chart_of(visit, &line.measure).with("area", area);
    html! {
        td.cell {
            a.icons href=(link) title=(said(visit, line)) {
                (PreEscaped(icon::variation(line.variation)))
                @if let Some(assurance) = line.assurance { (PreEscaped(icon::assurance(assurance))) }
                span.sr { (said(visit, line)) }
            }
        }
    }
}

/// How a line stands, in a few words. Where its numbers ended more than a year ago it is not too early to tell.
#[must_use]
pub fn stands(visit: &Visit, line: &Line) -> &'static str {
    let ended = |start: NaiveDate| start + A_YEAR < visit.today();
    match line.latest {
        Some((start, _)) if !line.is_judged() && ended(start) => "No recent data",
        _ => icon::variation_word(line.variation),
    }
}

fn said(visit: &Visit, line: &Line) -> String {
    let mut said = stands(visit, line).to_owned();
    if let Some(assurance) = line.assurance {
        said = format!(
            "{said}; {}",
            icon::assurance_words(assurance).to_lowercase()
        );
    }
    match line.latest {
        Some((_, value)) => format!("{said}: {}", axis::amount(value, &line.unit)),
        None => said,
    }
}

/// What the icons mean that stand in the matrix. Of a run chart the target has one only where every value is the same.
fn key(cells: &[&Line]) -> Markup {
    use joinedup_spc::Assurance::{Fail, HitOrMiss, Pass};
    let variations = [
        Variation::ConcernHigh,
        Variation::ImprovementLow,
        Variation::NeitherHigh,
        Variation::CommonCause,
        Variation::NotJudged,
    ];
    let words = |v: Variation| icon::variation_word(Some(v));
    let shown = |v: &Variation| {
        let mut others = cells.iter().map(|l| icon::variation_word(l.variation));
        others.any(|of_cell| of_cell == words(*v))
    };
    let assured = |a: &joinedup_spc::Assurance| cells.iter().any(|l| l.assurance == Some(*a));
    html! {
        ul.legend.matrix-key aria-label="Icons" {
            @for v in variations.into_iter().filter(shown) { li { (PreEscaped(icon::variation(Some(v)))) (words(v)) } }
            @for a in [Pass, HitOrMiss, Fail].into_iter().filter(assured) { li { (PreEscaped(icon::assurance(a))) (icon::assurance_words(a)) } }
        }
    }
}

/// How a verdict stands: worse, neither, better.
const fn standing(variation: Option<Variation>) -> i8 {
    match variation {
        Some(Variation::ConcernHigh | Variation::ConcernLow) => -1,
        Some(Variation::ImprovementHigh | Variation::ImprovementLow) => 1,
        _ => 0,
    }
}

/// What the chart rules made of a line's chart when the last board met: of the periods that were over then. None where they
/// could not judge it.
fn then(visit: &Visit, line: &Line, board: NaiveDate) -> Option<Variation> {
    let before = Period::of(line.period, board).start.pred_opt()?;
    let people = whose::counted(visit).map(|people| people.id.as_str());
    let request = ChartRequest {
        period: Some(line.period),
        to: Some(before),
        ..ChartRequest::new(&line.measure, &line.area).of_people(people)
    };
    let answer = charts::ask(&visit.app, &request, visit.audience()).ok()?;
    answer.chart.verdict.map(|v| v.variation)
}

/// What got worse and better since the last board, outcome by outcome.
#[must_use]
pub fn since(visit: &Visit, overview: &Overview, led: &[Led<'_>]) -> Markup {
    let board = last_board(visit);
    let mut worse = Vec::new();
    let mut better = Vec::new();
    let mut compared = 0;
    for l in led {
        let line = l
            .measure
            .and_then(|m| overview.line(m.id.as_str(), visit.area.as_str()));
        let Some(line) = line else {
            continue;
        };
        let before = then(visit, line, board).filter(|v| *v != Variation::NotJudged);
        compared += usize::from(before.is_some() && line.is_judged());
        // What was better and is so no longer may have become usual; what was worse may have too few points.
        match standing(line.variation) {
            now if now == standing(before) => {}
            -1 => worse.push((l.node, line)),
            1 => better.push((l.node, line)),
            _ => {}
        }
    }
    let list = |found: &[(&Node, &Line)]| {
        html! { @for (i, (node, line)) in found.iter().enumerate() { @if i > 0 { "; " } strong { (node.title) } " (" (line.title) ": " (icon::variation_word(line.variation).to_lowercase()) ")" } }
    };
    html! {
        p #since-board {
            "Since the board of " (words::day_month_year(board)) ": "
            @if worse.is_empty() && better.is_empty() { @if compared > 0 { "no outcome became worse or better." } @else { "too few data to compare." } }
            @if !worse.is_empty() { span.concern { "worse: " } (list(&worse)) ". " }
            @if !better.is_empty() { span.improvement { "better: " } (list(&better)) "." }
        }
        form.picker.board-date method="get" action=(visit.address.path()) {
            (super::layout::kept(&visit.address, &["since"]))
            label for="since" { "Last board" } input #since type="date" name="since" value=(board);
            button.quiet type="submit" { "Compare" }
        }
    }
}
