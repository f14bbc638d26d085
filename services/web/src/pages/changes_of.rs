//! The improvement changes that should move a chart, and what the points say before and since.

use super::authors;
use super::changes;
use super::finding;
use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use joinedup_application::changes::of_place;
use joinedup_application::charts::Answer;
use joinedup_drawing::axis;
use joinedup_events::change::Decision;
use joinedup_events::{AreaId, Family};
use joinedup_views::changes::before_after::ENOUGH_POINTS;
use joinedup_views::changes::{
    BeforeAfter, Change, Decisions, Moved, Status, before_and_after, decisions,
};
use joinedup_views::chart::Chart;
use joinedup_views::decide::version;
use joinedup_views::measure::{Direction, Shape};
use joinedup_views::point::State;
use maud::{Markup, html};

/// The changes meant to move a measure in an area or in a part of it, the latest first, with their ids.
///
/// # Errors
/// 404 when this process has no views.
pub fn changes_for(
    visit: &Visit,
    measure: &str,
    area: &AreaId,
) -> Result<Vec<(String, Change)>, Problem> {
    let mut found = of_place(&visit.app, area)?;
    found.retain(|(_, change)| change.measures.iter().any(|m| m.as_str() == measure));
    Ok(found)
}

/// What people decided about a measure's chart in the place, targets and baselines, and its version there.
///
/// # Errors
/// 404 when this process has no views.
pub fn decided(visit: &Visit, measure: &str) -> Result<(Decisions, u64), Problem> {
    let id = format!("chart/{measure}");
    Ok(visit.views()?.read(|view| {
        let Some(entity) = view.entity(Family::Change, &id) else {
            return (Decisions::default(), 0);
        };
        let (mut facts, all) = (entity.facts.standing(), entity.facts.all());
        facts.retain(|f| f.area == visit.area);
        (
            decisions(&facts),
            version(all.iter().filter(|f| f.area == visit.area)),
        )
    }))
}

/// The changes with what the chart's points say around each.
#[must_use]
pub fn list(visit: &Visit, answer: &Answer, changes: &[(String, Change)]) -> Markup {
    let chart = &answer.chart;
    let points = answer.judged();
    html! {
        section #changes data-live aria-labelledby="changes-name" {
            h2 #changes-name { "Changes tested" }
            @if changes.is_empty() { p { "No changes recorded for this measure." } }
            @if visit.may_decide() { p.more { a href=(visit.address.elsewhere("/changes").with("plan", &chart.measure)) { "Plan or record a change" } } }
            @for (id, change) in changes {
                article.change id=(format!("change-{}", id.replace('/', "-"))) {
                    h3 { a href=(visit.address.elsewhere(changes::path(id))) { (change.title.as_deref().unwrap_or("A change")) } " " span.tag { (status(change.status(visit.today()), change.decision)) } }
                    p.place {
                        (visit.title_of(change.area.as_str())) " · " (dates(change))
                        // The whole county hides what one ward tried.
                        @if change.area != visit.area { " · " a href=(format!("{}#changes", visit.address.clone().with("area", change.area.as_str()))) { "see the chart for that place" } }
                    }
                    @if let Some(aim) = &change.aim { p { "Aim: " (aim) } }
                    @if let Some(around) = before_and_after(change, &chart.measure, (&chart.title, chart.unit()), &points) {
                        @if change.area != visit.area { p.note { "In " (visit.title_of(visit.area.as_str())) " as a whole:" } }
                        (verdict(change, &around, chart))
                        @if around.later.median.is_some() && around.before.median.is_some() { p.note { "Other changes may have contributed." } }
                        @else { p.note { (around.sentence) } }
                    }
                    @if let Some(learnt) = &change.learnt { p { "Learnt: " (learnt) } }
                    (authors::list(visit, Family::Change, id, None))
                }
            }
        }
    }
}

/// Whether the earlier median is the best value that there can be: nothing since could have shown an improvement.
fn at_its_best(around: &BeforeAfter, chart: &Chart) -> bool {
    // A difference goes below zero.
    let mut values = chart.points.iter().filter_map(|row| row.point.value);
    let ends_at_zero = values.all(|value| value >= 0.0);
    let best = match (chart.direction, chart.shape) {
        (Direction::Down, _) if ends_at_zero => Some(0.0),
        (Direction::Up, Shape::Proportion) => Some(1.0),
        _ => None,
    };
    let before = around.before.median.zip(best);
    before.is_some_and(|(before, best)| match chart.direction {
        Direction::Up => before >= best,
        _ => before <= best,
    })
}

/// Whether the points since lie otherwise than before: in words, with how many of them do and
/// the medians of both sides. A chart's own centre line may be another one: that of its first points.
#[must_use]
pub fn verdict(change: &Change, around: &BeforeAfter, chart: &Chart) -> Markup {
    let is_over = around.is_over;
    // Where there was time enough for data, time will not tell: numbers are missing, suppressed, or were never there before.
    let is_early = !is_over
        && around.later.points < ENOUGH_POINTS
        && periods_since(change, chart) < ENOUGH_POINTS;
    let (word, class) = match (around.moved, chart.direction) {
        (Moved::Suppressed, _) => (finding::SUPPRESSED, ""),
        (Moved::TooFew, _) if is_early => ("Too early to tell", ""),
        (Moved::TooFew, _) => ("Too few numbers to tell", ""),
        (Moved::Chance, _) if at_its_best(around, chart) => ("No room to be better", ""),
        (Moved::Chance, _) if is_over => ("No clear improvement", ""),
        (Moved::Chance, _) => ("No clear improvement yet", ""),
        (Moved::Up, Direction::Up) | (Moved::Down, Direction::Down) => {
            ("Better than before", "improvement")
        }
        (Moved::Up, Direction::Down) | (Moved::Down, Direction::Up) => {
            ("Worse than before", "concern")
        }
        (Moved::Up, Direction::None) => ("Higher than before", "neutral"),
        (Moved::Down, Direction::None) => ("Lower than before", "neutral"),
    };
    let (most, side) = if around.above > around.below {
        (around.above, "above")
    } else {
        (around.below, "below")
    };
    let periods = |n| words::periods(chart.period, n);
    let later = around.later.points;
    let (when, so_far) = match is_over {
        true => ("during the test", "during the test"),
        false => ("since then", "so far"),
    };
    let amount = |median| axis::amount(median, chart.unit());
    let medians = around.before.median.zip(around.later.median);
    let medians = medians.map(|(before, later)| {
        let over = periods(around.before.points);
        format!(
            " ({} over {over}; {when} {})",
            amount(before),
            amount(later)
        )
    });
    let medians = medians.unwrap_or_default();
    html! {
        p.helped {
            strong.(class) { (word) }
            @match around.moved {
                Moved::Suppressed => ".",
                // A number that is not final yet is there to be seen, and no part of the comparison.
                Moved::TooFew if later == 0 => { ": no final data " (when) ", " (periods(ENOUGH_POINTS)) " needed." }
                Moved::TooFew if later < ENOUGH_POINTS => {
                    ": " (periods(later)) " of data " (so_far) ", " (ENOUGH_POINTS) " needed"
                    // What is over, or has no data, will not be told later.
                    @if !is_early { (medians) }
                    "."
                }
                Moved::TooFew => { ": " (periods(around.before.points)) " of data before it, " (ENOUGH_POINTS) " needed." }
                Moved::Chance => { ": " (most) " of " (periods(later)) " " (when) " were " (side) " the earlier median" (medians) "." }
                Moved::Up | Moved::Down => {
                    ": "
                    @if most == later { "all " (periods(later)) } @else { (most) " of " (periods(later)) }
                    " " (when) " were " (side) " the earlier median" (medians) ". That is very unlikely to be chance."
                }
            }
            @if let Some(after) = around.after.median.filter(|_| is_over && around.moved != Moved::Suppressed) {
                " Median in the " (periods(around.after.points)) " after it ended: " (amount(after)) "."
            }
        }
    }
}

/// How many periods have been over since a change began, with or without data.
fn periods_since(change: &Change, chart: &Chart) -> usize {
    let rows = chart.points.iter().filter(|row| row.is_sampled);
    let since = rows.map(|row| &row.point).filter(|point| {
        point.state != State::Incomplete && change.started.is_some_and(|at| point.period_end > at)
    });
    since.count()
}

/// Where a change stands, in a word.
#[must_use]
pub fn status(status: Status, decision: Option<Decision>) -> &'static str {
    match (status, decision) {
        (Status::NotYet, _) => "not started",
        (Status::Planned, _) => "planned",
        (Status::Running, _) => "being tested",
        (Status::Paused, _) => "paused",
        (Status::Finished, Some(Decision::Adopt)) => "adopted",
        (Status::Finished, Some(Decision::Adapt)) => "to be adapted",
        (Status::Finished, Some(Decision::Abandon)) => "abandoned",
        (Status::Finished, None) => "ended",
    }
}

/// From when to when it was tested.
pub(super) fn dates(change: &Change) -> String {
    match (change.started, change.finished, change.planned) {
        (Some(from), Some(to), _) => format!("{} to {}", axis::date(from), axis::date(to)),
        (Some(from), None, _) => format!("since {}", axis::date(from)),
        (None, _, Some(planned)) => format!("planned {}", axis::date(planned)),
        _ => "no date".to_owned(),
    }
}
