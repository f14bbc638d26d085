//! A chart as a page shows it: the verdict in words and icons, the drawing for wide and narrow screens, the panel that
//! reads a point out, the legend, and the links to the same chart as a file.

use super::address::Address;
use super::visit::Visit;
use super::{finding, help, words};
use joinedup_application::charts::Answer;
use joinedup_application::overview::NoVerdict;
use joinedup_drawing::{self, Drawing, Mark, Size, axis, icon};
use joinedup_spc::Variation;
use joinedup_views::changes::Change;
use joinedup_views::chart::{Chart, ChartPoint};
use joinedup_views::footprint::Footprint;
use joinedup_views::measure::Shape;
use joinedup_views::point::State;
use maud::{Markup, PreEscaped, html};

/// How many cases a point is of: 13 of 69, or 69 cases. Nothing where a count counts itself, nor where one kind of thing is held
/// against another, such as admissions against people.
fn out_of(chart: &Chart, row: &ChartPoint) -> String {
    let point = &row.point;
    let number = |v: f64| axis::number(v, "");
    match (point.numerator, point.denominator, point.n) {
        (Some(part), Some(whole), _) if chart.unit() == "proportion" => {
            format!(" · {} of {}", number(part), number(whole))
        }
        (_, _, Some(n)) if counts_cases(chart, row) => {
            let n = usize::try_from(n).unwrap_or(0);
            format!(" · {}", words::counted(n, "case", "cases"))
        }
        _ => String::new(),
    }
}

/// Whether the number behind a point is of cases: of what sources count or rate themselves it is one of reports.
fn counts_cases(chart: &Chart, row: &ChartPoint) -> bool {
    let (whole, n) = (row.point.denominator, row.point.n);
    chart.shape == Shape::Value && whole.is_none_or(|whole| n.is_none_or(|n| whole == n as f64))
}

/// The latest point that counts.
#[must_use]
pub fn latest(chart: &Chart) -> Option<&ChartPoint> {
    chart.points.iter().rev().find(|p| p.point.is_judged())
}

/// The most points that a narrow screen shows.
pub const MAX_NARROW_POINTS: usize = 53;

/// Makes a drawing one for a narrow place, and says how many of its oldest points are left out.
pub fn make_narrow(drawing: &mut Drawing) -> usize {
    drawing.size = Size::Narrow;
    let left_out = drawing.spots.len().saturating_sub(MAX_NARROW_POINTS);
    drawing.spots.drain(..left_out);
    left_out
}

/// What is around the drawing.
#[derive(Clone, Copy)]
pub struct Figure<'a> {
    /// The reader.
    pub visit: &'a Visit,
    /// The chart.
    pub answer: &'a Answer,
    /// The changes that should move it.
    pub changes: &'a [(String, Change)],
    /// The address of the chart's own page.
    pub own: &'a Address,
}

impl Figure<'_> {
    /// The figure. Everything in it is replaced when the views move.
    #[must_use]
    pub fn show(&self) -> Markup {
        let chart = &self.answer.chart;
        let wide = self.drawing();
        let mut narrow = Drawing {
            name: "narrow".into(),
            ..wide.clone()
        };
        let left_out = make_narrow(&mut narrow);
        let reading = wide
            .spots
            .iter()
            .rev()
            .find(|s| s.value.is_some())
            .map(|s| joinedup_drawing::run_chart::in_words(&wide, s));
        html! {
            figure.run-chart #chart data-live data-measure=(chart.measure) data-area=(chart.area) aria-labelledby="chart-name" {
                (self.verdict())
                div.drawn { (PreEscaped(joinedup_drawing::svg(&wide))) (PreEscaped(joinedup_drawing::svg(&narrow))) }
                @if left_out > 0 { p.small.only-narrow { "The latest " (MAX_NARROW_POINTS) " of " (wide.spots.len()) " points; the table has them all." } }
                p.reading data-reading aria-live="polite" {
                    (reading.map(|r| words::sentence_start(&r)).unwrap_or_else(|| format!("{}.", finding::without_numbers(chart))))
                }
                (legend(&wide))
                (self.footnote())
            }
        }
    }

    fn drawing(&self) -> Drawing {
        let catalogue = &self.visit.app.definitions.catalogue;
        let mut drawing = Drawing {
            title: words::heading(catalogue, &self.answer.chart),
            ..joinedup_drawing::of_answer(self.answer, false)
        };
        for change in &mut drawing.tested {
            change.link = Some(format!("{}#changes", self.own));
        }
        drawing
    }

    fn verdict(&self) -> Markup {
        let chart = &self.answer.chart;
        let unit = chart.unit();
        let verdict = chart.verdict.as_ref();
        let variation = verdict.map(|v| v.variation);
        html! {
            div.verdict {
                div.value-now {
                    @match latest(chart).and_then(|p| Some((p, p.point.value?))) {
                        Some((row, value)) => {
                            p.big { (axis::amount(value, unit)) }
                            p.small { (words::sentence_start(&words::period(chart.period, row.point.period_start))) (out_of(chart, row)) }
                            @if let Some(note) = &row.point.note { p.small { (words::sentence_start(&note.to_string())) "." } }
                        }
                        None => { p.big { "No number" } p.small { (finding::without_numbers(chart)) } }
                    }
                }
                div.judged {
                    @if chart.kind.is_judged() && !chart.points.is_empty() {
                        p.with-icon data-variation=[variation.map(Variation::code)] {
                            (PreEscaped(icon::variation(variation))) strong {
                                @if finding::has_ended(chart, self.visit.today()) { "No recent value: too old to say anything of now" }
                                @else if NoVerdict::of(chart, self.visit.today()) == Some(NoVerdict::TooFewCases) { (self.too_few()) }
                                @else if chart.mostly_suppressed() { (finding::SUPPRESSED) }
                                @else { (icon::variation_words(variation)) }
                            }
                        }
                        @if let Some(assurance) = verdict.and_then(|v| v.assurance) {
                            p.with-icon { (PreEscaped(icon::assurance(assurance))) strong { (icon::assurance_words(assurance)) } }
                        }
                    }
                }
                div.more {
                    details #how-we-know {
                        summary { "How do we know?" }
                        p.why { @match verdict { Some(v) => { (v.why) } None => { @if chart.kind.is_judged() { "There are no points to judge yet." } @else { "This measure describes and is not judged by chart rules." } } } }
                        @if let Some(note) = why_without_value(chart) { p.why { (note) } }
                        @if let Some(v) = verdict { p.small { "Rules: " (v.judged_by) "." } }
                    }
                    details #how-to-read { summary { "How to read this chart" } (help::reading(verdict.is_some_and(|v| v.median.is_none()))) }
                }
                @for warning in &chart.warnings { p.why.warning { (warning) } }
            }
        }
    }

    /// That its periods have too few cases, with a way to longer ones.
    fn too_few(&self) -> Markup {
        let chart = &self.answer.chart;
        html! {
            (words::no_verdict(NoVerdict::TooFewCases, chart.period))
            @if let Some(grain) = finding::longer(self.visit, chart) {
                ": " a href=(self.own.clone().with("period", grain)) { "by " (words::grain(grain)) " there may be enough" }
            }
        }
    }

    fn footnote(&self) -> Markup {
        let chart = &self.answer.chart;
        let file = |suffix: &str| {
            let on = self
                .own
                .on(format!("/api/v1/charts/{}{suffix}", chart.measure))
                .without(&["measure", "split"])
                .with("area", &chart.area);
            on.to_string()
        };
        html! {
            figcaption {
                span { @if chart.kind.is_ranked() { "Over time" } @else { (words::sentence(&chart.chart)) } ", by " (words::grain(chart.period)) ". " (words::direction(chart.direction)) "." }
                @if let Some(footprint) = &chart.footprint { (whose(footprint)) }
                @if let Some(at) = self.answer.as_known_at { strong.tag { "As it looked at " (words::as_known(at)) } }
                span.files {
                    a href=(file(".svg")) { "SVG" }
                    a href=(file(".png")) { "PNG" }
                    a href=(file(".csv")) { "CSV" }
                    a href=(file("")) { "JSON" }
                }
            }
        }
    }
}

/// Why the newest period that is over has no value, where it has none: that one of many places has not reported is another
/// thing than that nobody has.
fn why_without_value(chart: &Chart) -> Option<String> {
    let mut points = chart.points.iter().map(|row| &row.point).rev();
    let newest = points.find(|point| point.state != State::Incomplete);
    let newest = newest.filter(|point| point.state.is_absent())?;
    let when = words::sentence_start(&words::period(chart.period, newest.period_start));
    Some(format!("{when}: {}.", newest.note.as_ref()?))
}

/// Whose numbers a chart is made of, where they are not the place's own, and what to mind.
fn whose(footprint: &Footprint) -> Markup {
    let date = |day: chrono::NaiveDate| words::day_month_year(day);
    html! {
        span #footprint {
            "Added up from " @for (i, o) in footprint.organisations.iter().enumerate() {
                @if i > 0 { ", " }
                (o.title)
                @match (o.from, o.until) {
                    (Some(from), Some(until)) => { " (" (date(from)) " to " (date(until)) ")" }
                    (Some(from), None) => { " (from " (date(from)) ")" }
                    (None, Some(until)) => { " (until " (date(until)) ")" }
                    (None, None) => {}
                }
                @if let Some(share) = o.share { ", about " (axis::amount(share, "proportion")) " of whose work is here" }
            }
            "."
            @if let Some(caution) = &footprint.caution { " " (words::sentence_start(caution)) }
        }
    }
}

/// The marks and lines that the drawing has, in words.
#[must_use]
pub fn legend(drawing: &Drawing) -> Markup {
    let has = |mark: Mark| drawing.spots.iter().any(|s| s.mark == mark);
    let line = |class: &str| {
        format!(
            "<svg class=\"chart sample\" viewBox=\"0 0 26 18\" width=\"26\" height=\"18\" aria-hidden=\"true\"><line class=\"{class}\" x1=\"1\" x2=\"25\" y1=\"9\" y2=\"9\"/></svg>"
        )
    };
    html! {
        ul.legend aria-label="Legend" {
            @for mark in Mark::ALL { @if has(mark) { li { (PreEscaped(mark.sample())) (mark.words()) } } }
            @if drawing.spots.iter().any(|s| s.centre.is_some()) { li { (PreEscaped(line("centre"))) (drawing.centre_name) } }
            @if let Some(level) = drawing.lately_shown() { li { (PreEscaped(line(&format!("lately {}", level.mark.class())))) (drawing.centre_name) " lately" } }
            @if drawing.spots.iter().any(|s| s.limits.is_some()) { li { (PreEscaped(line("limit"))) "control limits" } }
            @if !drawing.targets.is_empty() { li { (PreEscaped(line("target"))) "target" } }
            @if !drawing.tested.is_empty() { li { span.swatch.stretch {} "a change being tested" } }
        }
    }
}

/// The points as a table, newest first.
#[must_use]
pub fn table(chart: &Chart, heading: &str) -> Markup {
    let unit = chart.unit();
    let parts = chart.points.iter().any(|p| p.point.denominator.is_some());
    let cases = chart.points.iter().all(|p| counts_cases(chart, p));
    let limits = chart.points.iter().any(|p| p.lcl.is_some());
    let number =
        |value: Option<f64>, unit: &str| value.map(|v| axis::number(v, unit)).unwrap_or_default();
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table of the points" {
            table.points #points data-live {
                caption { (heading) ", newest first" @if unit != "proportion" { " (" (unit) ")" } }
                thead {
                    tr {
                        th scope="col" { "Period" } th.number scope="col" { "Value" }
                        @if parts { th.number scope="col" { "Numerator" } th.number scope="col" { "Denominator" } }
                        @if cases { th.number scope="col" { "Cases" } }
                        th.number scope="col" { "Median or mean" }
                        @if limits { th.number scope="col" { "Limits" } }
                        th scope="col" { "Status and signals" }
                    }
                }
                tbody {
                    @for row in chart.points.iter().rev() {
                        tr data-start=(row.point.period_start) {
                            th scope="row" { (words::sentence(&words::period(chart.period, row.point.period_start))) }
                            td.number data-value=[row.point.value] { (number(row.point.value, unit)) }
                            @if parts { td.number { (number(row.point.numerator, "")) } td.number { (number(row.point.denominator, "")) } }
                            @if cases { td.number { (number(row.point.n.map(|n| n as f64), "")) } }
                            td.number { (number(row.centre, unit)) }
                            @if limits { td.number { @if let Some((low, high)) = row.lcl.zip(row.ucl) { (axis::number(low, unit)) " to " (axis::number(high, unit)) } } }
                            td { (joinedup_drawing::why(row)) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::tests::{chart, near};
    use super::*;

    #[test]
    fn a_mean_is_not_said_to_be_so_many_of_so_many() {
        let mut chart = chart(&near(5.0, 3).collect::<Vec<_>>());
        let mut row = chart.points[2].clone();
        let mut in_words = |shape, unit: &str, parts: Option<(f64, f64)>, n| {
            (chart.shape, chart.unit) = (shape, unit.to_owned());
            (row.point.numerator, row.point.denominator) = parts.unzip();
            row.point.n = Some(n);
            out_of(&chart, &row)
        };
        let share = in_words(Shape::Proportion, "", Some((13.0, 69.0)), 69);
        assert_eq!(share, " · 13 of 69");
        assert_eq!(in_words(Shape::Value, "days", None, 69), " · 69 cases");
        let mean = in_words(Shape::Value, "points", Some((270.0, 23.0)), 23);
        assert_eq!(mean, " · 23 cases");
        let a_day = in_words(Shape::Value, "people", Some((375.0, 29.0)), 375);
        let rate = in_words(Shape::Rate, "per 100,000", Some((5856.0, 3.1)), 4);
        let reports = in_words(Shape::Count, "admissions", None, 4);
        assert_eq!([a_day, rate, reports], ["", "", ""]);
    }
}
