//! The parts of a measure as bars, the largest first, with the running total: what most of it is made of.

use super::multiples::values;
use super::visit::Visit;
use super::{finding, words};
use crate::door::problem::Problem;
use chrono::NaiveDate;
use joinedup_application::charts::{self, Answer, ChartRequest};
use joinedup_drawing::axis::{amount, number};
use joinedup_events::Slug;
use joinedup_views::chart::Chart;
use joinedup_views::measure::{ChartKind, Measure};
use joinedup_views::period::Grain;
use joinedup_views::point::{Point, State};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The most bars; smaller ones are counted together.
const MAX_BARS: usize = 12;

/// One part.
struct Bar {
    title: String,
    link: String,
    count: f64,
}

/// A measure's parts by one dimension.
pub struct Ranked {
    dimension: String,
    /// The largest first; none where each is suppressed or zero.
    bars: Vec<Bar>,
    /// Parts of which a number is suppressed. What is left of one is not compared with the others.
    suppressed: usize,
    /// What shares are of; none where that is suppressed too.
    whole: Option<f64>,
    /// The time they are counted over, in words.
    when: String,
    /// The shares add up, so that a running total makes sense.
    adds_up: bool,
}

/// The dimension whose parts a measure is drawn by where nobody chose another chart; none where it is drawn over time.
#[must_use]
pub fn dimension<'a>(measure: &'a Measure, request: &ChartRequest) -> Option<&'a str> {
    let kind = request.kind.unwrap_or(measure.chart);
    if !kind.is_ranked() {
        return None;
    }
    let parts = parts(measure)?;
    // Asked about one part, there is nothing to rank.
    let is_asked = request.filter.0.contains_key(parts);
    (!is_asked).then_some(parts)
}

/// The dimension that the bars of a measure are by.
#[must_use]
pub fn parts(measure: &Measure) -> Option<&str> {
    measure.bars_by().map(Slug::as_str)
}

/// The bars that a measure is drawn as; none where it is drawn over time.
///
/// # Errors
/// When a question about the measure cannot be answered.
pub fn bars(
    visit: &Visit,
    measure: &Measure,
    request: &ChartRequest,
) -> Result<Option<Ranked>, Problem> {
    match dimension(measure, request) {
        Some(dimension) => ranked(visit, measure, request, dimension),
        None => Ok(None),
    }
}

/// The parts of a measure over its latest final periods: about a quarter of days or weeks, else one period. None where
/// no period is final yet, or no number says of which part it is.
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
        let link = visit
            .address
            .clone()
            .without(&["split"])
            .with(dimension, &value)
            .with("chart", "run");
        match counted(&answer.chart, &starts) {
            None => suppressed += 1,
            Some(count) if count > 0.0 => bars.push(Bar {
                title: words::value_of(&visit.app.definitions.catalogue, dimension, &value),
                link: link.to_string(),
                count,
            }),
            Some(_) => {}
        }
    }
    bars.sort_by(|a, b| b.count.total_cmp(&a.count));
    // Where something can have several parts at once, as a comment has themes, the whole is not their sum.
    let adds_up = measure.chart != ChartKind::Bar;
    let asked = out_of(&whole, &starts).filter(|_| !adds_up);
    let all = counted(&whole.chart, &starts);
    // Its numbers here do not say of which part they are.
    if bars.is_empty() && suppressed == 0 && all.is_none_or(|all| all > 0.0) {
        return Ok(None);
    }
    let whole = asked.or_else(|| sum(&bars, suppressed, all));
    let when = if starts.len() == 1 {
        words::period(grain, *last)
    } else {
        format!(
            "{} from {}",
            words::periods(grain, starts.len()),
            words::day_month_year(*first)
        )
    };
    Ok(Some(Ranked {
        dimension: dimension.to_owned(),
        bars,
        suppressed,
        whole,
        when,
        adds_up,
    }))
}

/// What was counted in some periods; none where any of it is suppressed: what is left would be read as all.
fn counted(chart: &Chart, starts: &[NaiveDate]) -> Option<f64> {
    let points = chart.points.iter().map(|p| &p.point);
    let asked = points.filter(|p| starts.contains(&p.period_start));
    let count = |p: &Point| p.numerator.or(p.value).unwrap_or(0.0);
    asked
        .map(|p| (p.state != State::Suppressed).then(|| count(p)))
        .sum()
}

/// What all parts add up to: those that are shown where none is suppressed, else as the whole itself was counted.
fn sum(bars: &[Bar], suppressed: usize, counted: Option<f64>) -> Option<f64> {
    let shown = bars.iter().map(|b| b.count).sum::<f64>();
    match suppressed {
        0 => Some(shown),
        // Each number is rounded by itself, so that those shown can come to more than all.
        _ => counted.map(|counted| counted.max(shown)),
    }
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
    /// The largest two, in a sentence; those of one size beside each other.
    #[must_use]
    pub fn sentence(&self) -> String {
        let label = |bar: &Bar| match self.share(bar.count) {
            Some(share) => format!("{} ({share})", bar.title),
            None => bar.title.clone(),
        };
        let most = match self.suppressed {
            0 => "Most",
            _ => "Of what can be shown, most",
        };
        let Some(first) = self.bars.first() else {
            return match self.suppressed {
                0 => format!("Nothing was counted in {}", self.when),
                _ => finding::SUPPRESSED.to_owned(),
            };
        };
        let alike = |bar: &&Bar| bar.count.total_cmp(&first.count).is_eq();
        let alike = self.bars.iter().take_while(alike).count();
        let each = self.share(first.count);
        let each = each.map_or_else(String::new, |share| format!(" ({share} each)"));
        match (self.bars.as_slice(), alike) {
            ([a, b, ..], 2) => format!("{most}: {} and {}{each}", a.title, b.title),
            ([a, b, ..], 3..) => {
                format!(
                    "{most}: {}, {} and {} more{each}",
                    a.title,
                    b.title,
                    alike - 2
                )
            }
            ([first, second, ..], _) => format!("{most}: {}, then {}", label(first), label(second)),
            _ => format!("{most}: {}", label(first)),
        }
    }

    /// A count as a share of the whole.
    fn share(&self, count: f64) -> Option<String> {
        let whole = self.whole.filter(|whole| *whole > 0.0)?;
        Some(amount(count / whole, "proportion"))
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
                total += bar.count;
                (bar, total)
            })
            .collect();
        let with_shares = self.whole.is_some();
        let with_totals = with_shares && self.adds_up;
        html! {
            @if !rows.is_empty() { table.ranked {
                caption { (words::sentence_start(&self.when)) }
                thead { tr {
                    th scope="col" { (words::sentence(&self.dimension)) }
                    th.hide-narrow scope="col" { span.sr { "Bar" } }
                    th.number scope="col" { "Number" }
                    @if with_shares { th.number scope="col" { "Share" } }
                    @if with_totals { th.number.hide-narrow scope="col" { "Running total" } }
                } }
                tbody {
                    @for (bar, total) in rows {
                        tr {
                            th scope="row" { a href=(bar.link) { (bar.title) } }
                            td.bar.hide-narrow { svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" { rect width=(format!("{:.1}", 100.0 * bar.count / highest)) height="10" {} } }
                            td.number { (number(bar.count, "")) }
                            @if with_shares { td.number { (self.share(bar.count).unwrap_or_default()) } }
                            @if with_totals { td.number.hide-narrow { (self.share(total).unwrap_or_default()) } }
                        }
                    }
                }
            } }
            @if !others.is_empty() { p.small { (words::counted(others.len(), "smaller part is", "smaller parts are")) " not shown: " (number(others.iter().map(|b| b.count).sum(), "")) " in all." } }
            @if self.suppressed > 0 { p.small { (words::counted(self.suppressed, "part is", "parts are")) " suppressed: small numbers." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::tests::chart;
    use super::*;

    fn ranked(suppressed: usize, whole: Option<f64>) -> Ranked {
        of(
            &[("Care home", 60.0), ("Equipment", 40.0)],
            suppressed,
            whole,
        )
    }

    fn of(bars: &[(&str, f64)], suppressed: usize, whole: Option<f64>) -> Ranked {
        let bar = |(title, count): &(&str, f64)| Bar {
            title: (*title).to_owned(),
            link: String::new(),
            count: *count,
        };
        let bars: Vec<Bar> = bars.iter().map(bar).collect();
        Ranked {
            dimension: "reason".to_owned(),
            whole: sum(&bars, suppressed, whole),
            bars,
            suppressed,
            when: "October 2026".to_owned(),
            adds_up: true,
        }
    }

    #[test]
    fn what_can_be_shown_is_not_called_the_whole() {
        let all = ranked(0, None);
        assert_eq!(
            all.sentence(),
            "Most: Care home (60%), then Equipment (40%)"
        );
        assert!(all.show().into_string().contains("100%"));
        let part = ranked(1, Some(200.0));
        assert_eq!(
            part.sentence(),
            "Of what can be shown, most: Care home (30%), then Equipment (20%)"
        );
        assert!(part.show().into_string().contains("50%"));
        let unknown = ranked(1, None);
        assert_eq!(
            unknown.sentence(),
            "Of what can be shown, most: Care home, then Equipment"
        );
        assert!(!unknown.show().into_string().contains('%'));
    }
    #[test]
    fn parts_of_one_size_are_said_beside_each_other_and_one_or_none_is_said_too() {
        let sentence = |bars: &[(&str, f64)], suppressed| of(bars, suppressed, None).sentence();
        let two = [("A", 5.0), ("B", 5.0)];
        assert_eq!(sentence(&two, 0), "Most: A and B (50% each)");
        let four = [("A", 5.0), ("B", 5.0), ("C", 5.0), ("D", 5.0)];
        assert_eq!(sentence(&four, 0), "Most: A, B and 2 more (25% each)");
        assert_eq!(sentence(&two[..1], 0), "Most: A (100%)");
        assert_eq!(sentence(&two[..1], 2), "Of what can be shown, most: A");
        assert_eq!(sentence(&[], 0), "Nothing was counted in October 2026");
        assert_eq!(sentence(&[], 2), finding::SUPPRESSED);
        assert!(!of(&[], 2, None).show().into_string().contains("<table"));
    }
    #[test]
    fn a_part_of_which_anything_is_suppressed_is_not_counted_by_what_is_left() {
        let count = |states: &[(State, Option<f64>)]| {
            let chart = chart(states);
            let starts: Vec<NaiveDate> =
                chart.points.iter().map(|p| p.point.period_start).collect();
            counted(&chart, &starts)
        };
        let shown = (State::Final, Some(10.0));
        assert_eq!(count(&[shown, shown, (State::Missing, None)]), Some(20.0));
        assert_eq!(count(&[shown, shown, (State::Suppressed, None)]), None);
    }
}
