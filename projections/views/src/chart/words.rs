//! A chart in sentences.

use super::Chart;
use crate::measure::Shape;
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

/// A number as people read it.
fn number(chart: &Chart, value: f64) -> String {
    if chart.shape == Shape::Proportion || chart.unit == "proportion" {
        return format!("{:.1}%", value * 100.0);
    }
    let text = if (value - value.round()).abs() < 1e-9 {
        thousands(value.round())
    } else {
        format!("{value:.1}")
    };
    format!("{text} {}", chart.unit)
}

fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 {
        format!("−{text}")
    } else {
        text
    }
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
                "{}: {} in {}",
                chart.heading(),
                number(chart, value),
                period_name(chart.period, point.point.period())
            );
            if let Some(centre) = point.centre {
                let line = if chart.verdict.as_ref().is_some_and(|v| v.median.is_some()) {
                    "median"
                } else {
                    "centre line"
                };
                let _ = write!(text, ", against a {line} of {}", number(chart, centre));
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
    let phrases = [
        (State::Provisional, "is provisional", "are provisional"),
        (State::Missing, "has no number", "have no number"),
        (State::Suppressed, "is suppressed", "are suppressed"),
    ];
    for (state, one, many) in phrases {
        match chart.in_state(state) {
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
        for (grain, name) in [
            (Grain::Day, "20 May 2026"),
            (Grain::Week, "the week from 18 May 2026"),
            (Grain::Month, "May 2026"),
            (Grain::Quarter, "April 2026 to June 2026"),
            (Grain::Year, "April 2026 to March 2027"),
        ] {
            assert_eq!(period_name(grain, Period::of(grain, date)), name);
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(109_918.0), "109,918");
        assert_eq!(thousands(-1_234.0), "−1,234");
        assert_eq!(thousands(12.0), "12");
    }
}
