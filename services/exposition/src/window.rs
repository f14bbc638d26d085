//! Rolling windows: a measure over the last so many days, worked out from every case in them and never by averaging
//! smaller periods. A window is a period like any other, so it is asked for like one.

use super::names;
use super::sample::Samples;
use super::unit::Unit;
use chrono::{DateTime, Days, TimeDelta, Utc};
use joinedup_application::places::Places;
use joinedup_events::{AreaId, local};
use joinedup_views::ask::{Basis, Definitions, Question, Span, ask_points};
use joinedup_views::measure::{Aggregate, Measure, Source};
use joinedup_views::period::Period;
use joinedup_views::point::Point;
use joinedup_views::quantity::Kind;
use joinedup_views::suppression::Audience;

/// The windows: days, and what they are called.
pub const WINDOWS: [(u32, &str); 3] = [(7, "7d"), (28, "28d"), (91, "91d")];
/// What the window of a stock is called, which is read at this moment.
pub const NOW: &str = "now";

/// How a measure is read between its periods: each span with its name. None for series that somebody else added up: a
/// window would cut through their periods.
fn spans(measure: &Measure, now: DateTime<Utc>) -> Vec<(Period, &'static str)> {
    let Some(Source::Coded(quantity)) = measure.source() else {
        return Vec::new();
    };
    let today = local::date(now);
    let back = match measure.aggregate {
        Aggregate::Level
        | Aggregate::LevelRatio
        | Aggregate::LevelMedian
        | Aggregate::LevelMin
        | Aggregate::LongestOpen => {
            let end = today + Days::new(1);
            return vec![(Period { start: today, end }, NOW)];
        }
        // A night counts when it has passed.
        _ if quantity.kind() == Kind::Level => 1,
        _ => {
            let minutes = measure.maturity().minutes();
            // By the clock and by local dates, as a point is ripe.
            let ripe = local::date(now - TimeDelta::minutes(minutes));
            let ripe = ripe.min(today - TimeDelta::days(minutes / 1440));
            let is_cut = minutes > 0 || quantity.is_open_all_day();
            let back = (today - ripe).num_days() + i64::from(is_cut);
            u64::try_from(back).unwrap_or(0)
        }
    };
    let end = today - Days::new(back) + Days::new(1);
    WINDOWS
        .into_iter()
        .map(|(days, name)| {
            let start = end - Days::new(u64::from(days));
            (Period { start, end }, name)
        })
        .collect()
}

/// What a scrape shows of a measure in an area over a window.
fn add_point(samples: &mut Samples, measure: &Measure, area: &AreaId, window: &str, point: &Point) {
    let (unit, factor) = Unit::of(measure);
    let labels = [measure.id.as_str(), area.as_str(), window];
    if let Some(value) = point.value {
        samples.add_in(&names::MEASURE, Some(unit), &labels, value * factor);
    }
    if let Some(cases) = point.denominator.or(point.n.map(|n| n as f64)) {
        samples.add(&names::MEASURE_CASES, &labels, cases);
    }
}

/// Adds a measure over every window, for the places whose numbers of now are shown.
pub fn add(
    samples: &mut Samples,
    basis: &Basis<'_>,
    definitions: &Definitions<'_>,
    measure: &Measure,
    places: &Places,
    (audience, now): (Audience, DateTime<Utc>),
) {
    for (period, window) in spans(measure, now) {
        let question = Question {
            span: Span::Days(period),
            ..Question::new(measure.id.as_str(), &places.now, audience, now)
        };
        // Coded measures can be asked about any days, and the places are of the register.
        let points = ask_points(basis, definitions, &question).unwrap_or_default();
        for (area, points) in points {
            // A late source's days count as zero in a sum over them, and a dead feed would look like improvement.
            let late = basis.late_since(definitions.areas, measure, &area, now);
            if late.is_some_and(|since| since < period.last_day()) {
                continue;
            }
            for point in points {
                add_point(samples, measure, &area, window, &point);
            }
        }
    }
}

#[cfg(test)]
mod tests;
