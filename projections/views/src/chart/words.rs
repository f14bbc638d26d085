//! A chart in sentences.

use super::Chart;
use crate::amounts::amount;
use crate::period::{Grain, Period};
use crate::point::State;
use chrono::NaiveDate;
use std::fmt::Write;

/// A period as people say it: `October 2012`, `the week from 16 November 2026`.
#[must_use]
pub fn period_name(grain: Grain, period: Period) -> String {
    let day = |date: NaiveDate| date.format("%-d %B %Y").to_string();
    let month = |date: NaiveDate| date.format("%B %Y").to_string();
    let last = period.end.pred_opt().unwrap_or(period.end);
    match grain {
        Grain::Day => day(period.start),
        Grain::Week => format!("the week from {}", day(period.start)),
        Grain::Month => month(period.start),
        Grain::Quarter | Grain::Year => format!("{} to {}", month(period.start), month(last)),
    }
}

/// A period with the preposition that it takes: `on 20 May 2026`, `in May 2026`, `from April 2026 to June 2026`.
fn within(grain: Grain, period: Period) -> String {
    let preposition = match grain {
        Grain::Day => "on",
        Grain::Week | Grain::Month => "in",
        Grain::Quarter | Grain::Year => "from",
    };
    format!("{preposition} {}", period_name(grain, period))
}

/// What the chart shows: the latest number that counts, the verdict, and what is not there.
pub(super) fn summary(chart: &Chart) -> String {
    let mut text = String::new();
    let latest = chart
        .points
        .iter()
        .rev()
        .find(|p| p.point.state == State::Final && p.point.value.is_some());
    match latest.and_then(|p| Some((p, p.point.value?))) {
        Some((point, value)) => {
            let _ = write!(
                text,
                "{}: {} {}",
                chart.heading(),
                amount(value, chart.unit()),
                within(chart.period, point.point.period())
            );
            if let Some(centre) = point.centre {
                let line = if chart.verdict.as_ref().is_some_and(|v| v.median.is_some()) {
                    "median"
                } else {
                    "centre line"
                };
                let _ = write!(
                    text,
                    ", against a {line} of {}",
                    amount(centre, chart.unit())
                );
            }
            text.push('.');
        }
        None => {
            let _ = write!(text, "{}: there is no final number yet.", chart.heading());
        }
    }
    if let Some(verdict) = &chart.verdict {
        let _ = write!(text, " {}", verdict.why);
    }
    if let Some(caution) = chart.footprint.as_ref().and_then(|f| f.caution.as_ref()) {
        let _ = write!(text, " Mind that {caution}");
    }
    let absent = chart.in_state(State::Missing) + chart.in_state(State::Empty);
    let is_of_too_few = |p: &&super::ChartPoint| super::is_of_too_few(&p.point);
    let few = chart.points.iter().filter(is_of_too_few);
    let few = few.filter(|p| p.point.state == State::Suppressed).count();
    let said = [
        (
            chart.in_state(State::Provisional),
            "is provisional",
            "are provisional",
        ),
        (absent, "has no number", "have no number"),
        (few, "has too few cases", "have too few cases"),
        (
            chart.in_state(State::Suppressed) - few,
            "is suppressed",
            "are suppressed",
        ),
    ];
    for (count, one, many) in said {
        match count {
            0 => {}
            1 => {
                let _ = write!(text, " One period {one}.");
            }
            n => {
                let _ = write!(text, " {n} periods {many}.");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_named_as_people_say_them() {
        let date = NaiveDate::from_ymd_opt(2026, 5, 20).unwrap();
        for (grain, preposition, name) in [
            (Grain::Day, "on", "20 May 2026"),
            (Grain::Week, "in", "the week from 18 May 2026"),
            (Grain::Month, "in", "May 2026"),
            (Grain::Quarter, "from", "April 2026 to June 2026"),
            (Grain::Year, "from", "April 2026 to March 2027"),
        ] {
            let period = Period::of(grain, date);
            assert_eq!(period_name(grain, period), name);
            assert_eq!(within(grain, period), format!("{preposition} {name}"));
        }
    }
}
