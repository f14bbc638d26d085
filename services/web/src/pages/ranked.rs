//! The parts of a measure as bars, the largest first, with the running total: what most of it is made of.

use super::multiples::values;
use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use chrono::NaiveDate;
use joinedup_application::charts::{self, Answer, ChartRequest};
use joinedup_drawing::axis::{amount, number};
use joinedup_views::chart::Chart;
use joinedup_views::measure::{ChartKind, Measure};
use joinedup_views::period::Grain;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The most bars; smaller ones are counted together.
const MAX_BARS: usize = 12;

/// One part.
struct Bar {
    title: String,
    link: String,
    count: f64,
    /// Of the whole, 0 to 1.
    share: f64,
}

/// A measure's parts by one dimension.
pub struct Ranked {
    dimension: String,
    /// The largest first; never empty.
    bars: Vec<Bar>,
    /// Parts with too few people to be shown.
    suppressed: usize,
    /// The time they are counted over, in words.
    when: String,
    /// The shares add up, so that a running total makes sense.
    adds_up: bool,
}

/// The dimension whose parts a measure is drawn by where nobody chose another chart; none where it is drawn over time.
#[must_use]
pub fn dimension<'a>(measure: &'a Measure, request: &ChartRequest) -> Option<&'a str> {
    let kind = request.kind.unwrap_or(measure.chart);
    if !matches!(kind, ChartKind::Bar | ChartKind::Pareto) {
        return None;
    }
    let parts = measure.parts.as_ref().or(measure.breakdowns.first())?;
    // Asked about one part, there is nothing to rank.
    let is_asked = request.filter.0.contains_key(parts.as_str());
    (!is_asked).then_some(parts.as_str())
}

/// The parts of a measure over its latest final periods: about a quarter of days or weeks, else one period. None where
/// fewer than two parts have a number.
///
/// # Errors
/// When a question about the measure cannot be answered.
pub fn ranked(
    visit: &Visit,
    measure: &Measure,
    request: &ChartRequest,
    dimension: &str,
) -> Result<Option<Ranked>, Problem> {
    let whole = charts::ask(&visit.app, request, visit.audience())?;
    let grain = whole.chart.period;
    let wanted = match grain {
        Grain::Day => 28,
        Grain::Week => 13,
        Grain::Month | Grain::Quarter | Grain::Year => 1,
    };
    let judged = whole.chart.points.iter().filter(|p| p.point.is_judged());
    let starts: Vec<NaiveDate> = judged
        .rev()
        .take(wanted)
        .map(|p| p.point.period_start)
        .collect();
    let (Some(last), Some(first)) = (starts.first(), starts.last()) else {
        return Ok(None);
    };
    let (mut bars, mut suppressed) = (Vec::new(), 0);
    for value in values(visit, measure, dimension)? {
        let mut of_part = request.clone();
        let only = BTreeSet::from([value.clone()]);
        of_part.filter.0.insert(dimension.to_owned(), only);
        let answer = charts::ask(&visit.app, &of_part, visit.audience())?;
        match counted(&answer.chart, &starts) {
            None => suppressed += 1,
            Some(count) if count > 0.0 => bars.push(Bar {
                title: words::value_of(dimension, &value),
                link: visit
                    .address
                    .clone()
                    .without(&["split"])
                    .with(dimension, &value)
                    .with("chart", "run")
                    .to_string(),
                count,
                share: 0.0,
            }),
            Some(_) => {}
        }
    }
    bars.sort_by(|a, b| b.count.total_cmp(&a.count));
    let sum: f64 = bars.iter().map(|b| b.count).sum();
    // Where something can have several parts at once, as a comment has themes, the whole is not their sum.
    let adds_up = measure.chart != ChartKind::Bar;
    let whole = if adds_up {
        sum
    } else {
        out_of(&whole, &starts).unwrap_or(sum)
    };
    for bar in &mut bars {
        bar.share = if whole > 0.0 { bar.count / whole } else { 0.0 };
    }
    let when = if starts.len() == 1 {
        words::period(grain, *last)
    } else {
        format!(
            "{} from {}",
            words::periods(grain, starts.len()),
            words::day_month_year(*first)
        )
    };
    Ok((bars.len() > 1).then(|| Ranked {
        dimension: dimension.to_owned(),
        bars,
        suppressed,
        when,
        adds_up,
    }))
}

/// What was counted in some periods; none where all that there is of them is suppressed.
fn counted(chart: &Chart, starts: &[NaiveDate]) -> Option<f64> {
    let points = chart.points.iter().map(|p| &p.point);
    let asked: Vec<_> = points
        .filter(|p| starts.contains(&p.period_start))
        .collect();
    let is_hidden =
        |p: &&joinedup_views::point::Point| p.state == joinedup_views::point::State::Suppressed;
    let counts: Vec<f64> = asked
        .iter()
        .filter_map(|p| p.numerator.or(p.value))
        .collect();
    if counts.is_empty() && asked.iter().copied().any(|p| is_hidden(&p)) {
        return None;
    }
    Some(counts.iter().sum())
}

fn out_of(answer: &Answer, starts: &[NaiveDate]) -> Option<f64> {
    let points = answer.chart.points.iter().map(|p| &p.point);
    let asked = points.filter(|p| starts.contains(&p.period_start));
    asked
        .map(|p| p.denominator)
        .sum::<Option<f64>>()
        .filter(|sum| *sum > 0.0)
}

impl Ranked {
    /// The largest two, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let said = |bar: &Bar| format!("{} ({})", bar.title, amount(bar.share, "proportion"));
        match self.bars.as_slice() {
            [first, second, ..] => format!("Most: {}, then {}", said(first), said(second)),
            _ => String::new(),
        }
    }

    /// The bars.
    #[must_use]
    pub fn show(&self) -> Markup {
        let highest = self.bars.first().map_or(1.0, |b| b.count);
        let (shown, others) = self.bars.split_at(self.bars.len().min(MAX_BARS));
        let mut total = 0.0;
        let rows: Vec<(&Bar, f64)> = shown
            .iter()
            .map(|bar| {
                total += bar.share;
                (bar, total)
            })
            .collect();
        html! {
            table.ranked {
                caption { (words::sentence_start(&self.when)) }
                thead { tr {
                    th scope="col" { (words::sentence(&self.dimension)) }
                    th.hide-narrow scope="col" { span.sr { "Bar" } }
                    th.number scope="col" { "Number" } th.number scope="col" { "Share" }
                    @if self.adds_up { th.number.hide-narrow scope="col" { "Running total" } }
                } }
                tbody {
                    @for (bar, total) in rows {
                        tr {
                            th scope="row" { a href=(bar.link) { (bar.title) } }
                            td.bar.hide-narrow { svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" { rect width=(format!("{:.1}", 100.0 * bar.count / highest)) height="10" {} } }
                            td.number { (number(bar.count, "")) } td.number { (amount(bar.share, "proportion")) }
                            @if self.adds_up { td.number.hide-narrow { (amount(total, "proportion")) } }
                        }
                    }
                }
            }
            @if !others.is_empty() { p.small { (words::counted(others.len(), "smaller part is", "smaller parts are")) " not shown: " (number(others.iter().map(|b| b.count).sum(), "")) " in all." } }
            @if self.suppressed > 0 { p.small { (words::counted(self.suppressed, "part is", "parts are")) " suppressed: small numbers." } }
        }
    }
}
