//! Dates along the axis of a chart: the beginnings of months, or of the periods where few months are shown.

use super::axis::MONTHS;
use super::drawing::Drawing;
use super::frame::Frame;
use chrono::{Datelike, Months, NaiveDate};
use std::fmt::Write;

/// Fewer months than this say too little of where a point stands.
const MIN_MONTHS: usize = 4;
/// Months between two labels: as many as a year or a part of one has, so that January is always among them.
const STEPS: [u32; 8] = [1, 2, 3, 6, 12, 24, 60, 120];

/// Draws them, as many as have room, each year at its first label.
pub fn draw(drawing: &Drawing, frame: &Frame, out: &mut String) {
    let spots = drawing.spots.iter().map(|spot| spot.start);
    let spots: Vec<NaiveDate> = spots
        .filter(|at| frame.x(*at) <= frame.right() + 1.0)
        .collect();
    let (of_months, of_days) = drawing.size.date_steps();
    let months = months(&spots, |at| frame.x(at), of_months);
    let is_enough = months.len() >= MIN_MONTHS;
    // The first day of a period of months is written as its month either way.
    let is_months = is_enough || spots.iter().all(|at| at.day() == 1);
    let room = if is_months { of_months } else { of_days };
    let (mut free, mut year) = (f64::MIN, 0);
    for at in if is_enough { months } else { spots } {
        let x = frame.x(at);
        if x < free {
            continue;
        }
        let month = MONTHS[at.month0() as usize];
        let below = frame.floor() + 18.0;
        let _ = write!(out, "<text x=\"{x:.1}\" y=\"{below}\" class=\"tick-x\">");
        let _ = if is_months {
            let (top, foot) = (frame.floor(), frame.floor() + 5.0);
            write!(
                out,
                "{month}</text><line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{foot}\"/>"
            )
        } else {
            write!(out, "{} {month}</text>", at.day())
        };
        if year != at.year() {
            let _ = write!(
                out,
                "<text x=\"{x:.1}\" y=\"{}\" class=\"tick-x year\">{}</text>",
                below + 16.0,
                at.year()
            );
        }
        year = at.year();
        free = x + room;
    }
}

/// The first days of months from the first spot to the last, so far apart that each has its room.
fn months(spots: &[NaiveDate], x: impl Fn(NaiveDate) -> f64, room: f64) -> Vec<NaiveDate> {
    let (Some(&first), Some(&last)) = (spots.first(), spots.last()) else {
        return Vec::new();
    };
    // A year need not begin in January.
    if (last - first).num_days() > 300 * (spots.len() as i64 - 1) {
        return Vec::new();
    }
    let Some(january) = NaiveDate::from_ymd_opt(first.year(), 1, 1) else {
        return Vec::new();
    };
    let every = |step: u32| {
        let all =
            (0..).map_while(move |at: u32| january.checked_add_months(Months::new(at * step)));
        let within = all.take_while(|at| *at <= last).filter(|at| *at >= first);
        within.collect::<Vec<_>>()
    };
    let has_room =
        |dates: &Vec<NaiveDate>| dates.windows(2).all(|pair| x(pair[1]) - x(pair[0]) >= room);
    // Between two quarters lie months of which the chart knows nothing.
    let are_months = spots.iter().all(|at| at.day() == 1);
    let are_spots =
        |dates: &Vec<NaiveDate>| !are_months || dates.iter().all(|at| spots.contains(at));
    STEPS
        .into_iter()
        .map(every)
        .find(|dates| has_room(dates) && are_spots(dates))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn labels_are_beginnings_of_months_and_january_is_one_of_them() {
        let weeks: Vec<NaiveDate> = day("2025-04-28").iter_weeks().take(83).collect();
        let x = |at: NaiveDate| (at - weeks[0]).num_days() as f64;
        let shown = months(&weeks, x, 55.0);
        assert_eq!(shown[0], day("2025-05-01"));
        let shown = months(&weeks, x, 80.0);
        assert_eq!(
            shown[..4],
            ["2025-07-01", "2025-10-01", "2026-01-01", "2026-04-01"].map(day)
        );
    }

    #[test]
    fn quarters_are_labelled_by_their_own_first_months() {
        let quarters: Vec<NaiveDate> = (0..5)
            .map(|n| day("2025-10-01") + Months::new(3 * n))
            .collect();
        let x = |at: NaiveDate| (at - quarters[0]).num_days() as f64;
        assert_eq!(months(&quarters, x, 42.0), quarters);
        assert_eq!(
            months(&quarters, x, 100.0),
            [day("2026-01-01"), day("2026-07-01")]
        );
    }

    proptest! {
        #[test]
        fn no_label_runs_into_the_next(days in 1..6000u64, width in 100.0..900.0f64, room in 30.0..90.0f64) {
            let first = day("2019-12-18");
            let spots: Vec<NaiveDate> = first.iter_days().take(days as usize + 1).collect();
            let x = |at: NaiveDate| (at - first).num_days() as f64 / days as f64 * width;
            let shown = months(&spots, x, room);
            prop_assert!(shown.windows(2).all(|pair| x(pair[1]) - x(pair[0]) >= room));
            prop_assert!(shown.iter().all(|at| at.day() == 1 && *at >= first));
        }
    }
}
