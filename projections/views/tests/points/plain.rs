//! Points of any measure equal a plain computation over what happened.

use crate::asking::*;
use chrono::TimeDelta;
use joinedup_views::period::{Grain, Period, periods};
use joinedup_views::point::{Point, State};
use joinedup_views::tally::Delta;
use joinedup_views::{Cells, Filter};
use proptest::prelude::*;

/// One thing that happened: area, day, reason, and a length.
type Raw = (usize, u16, usize, u8);

const AREAS: [&str; 4] = ["n1", "n2", "south", "county"];
const REASONS: [&str; 3] = ["A", "B", "unknown"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn points_equal_a_plain_computation_over_what_happened(
        raws in prop::collection::vec((0..4usize, 0..200u16, 0..3usize, 0..30u8), 1..80),
        area in prop::sample::select(vec!["n1", "north", "county", "land"]),
        grain in prop::sample::select(vec![Grain::Day, Grain::Week, Grain::Month, Grain::Quarter]),
        reason in prop::option::of(0..3usize),
    ) {
        let first = d("2025-11-20");
        let day = |n: u16| first + TimeDelta::days(i64::from(n));
        let mut cells = Cells::default();
        for (a, when, r, length) in &raws {
            let all = [("pathway", "0"), ("reason", REASONS[*r]), ("responsible", "nhs")];
            let out = day(*when) + TimeDelta::days(i64::from(*length));
            cells.apply("transfer.delay_days", AREAS[*a], &all, out, Delta::Value(i32::from(*length)), 1);
            cells.apply("transfer.waiting", AREAS[*a], &all, day(*when), Delta::step(1), 1);
            cells.apply("transfer.waiting", AREAS[*a], &all, out, Delta::step(-1), 1);
        }
        let within: &[&str] = match area {
            "n1" => &["n1"],
            "north" => &["n1", "n2"],
            _ => &AREAS,
        };
        let all_inside: Vec<&Raw> = raws.iter().filter(|r| within.contains(&AREAS[r.0])).collect();
        let inside: Vec<&Raw> = all_inside.iter().filter(|r| reason.is_none_or(|x| x == r.2)).copied().collect();
        let now = "2026-08-15T12:00:00Z";
        let ask = |text: &str| {
            let m = measure(text);
            let mut ask = Ask::new(&cells, &m, now);
            (ask.area, ask.grain) = (area, grain);
            if let Some(reason) = reason {
                ask.filter = Filter::one("reason", REASONS[reason]);
            }
            ask.points()
        };
        let ended = |p: &Point| -> Vec<i64> {
            let mut lengths: Vec<i64> = inside.iter()
                .filter(|r| { let out = day(r.1) + TimeDelta::days(i64::from(r.3)); p.period_start <= out && out < p.period_end })
                .map(|r| i64::from(r.3)).collect();
            lengths.sort_unstable();
            lengths
        };
        let medians = ask("quantity = \"transfer.delay_days\"\naggregate = \"median\"\nmin_n = 1");
        let late = ask("quantity = \"transfer.delay_days\"\naggregate = { share_at_least = 1 }");
        let ninety = ask("quantity = \"transfer.delay_days\"\naggregate = { percentile = 90 }\nmin_n = 1");
        let nights = ask("quantity = \"transfer.waiting\"\naggregate = \"level_days\"");
        prop_assert_eq!(medians.is_empty(), all_inside.is_empty());
        if let (Some(first), Some(last)) = (medians.first(), medians.last()) {
            let expected = periods(grain, first.period_start, d("2026-08-15")).count();
            prop_assert_eq!(medians.len(), expected);
            prop_assert_eq!(last.period(), Period::of(grain, d("2026-08-15")));
            let out_first = all_inside.iter().map(|r| day(r.1) + TimeDelta::days(i64::from(r.3))).min().unwrap();
            prop_assert_eq!(first.period(), Period::of(grain, out_first));
        }
        for ((median, late), ninety) in medians.iter().zip(&late).zip(&ninety) {
            let lengths = ended(median);
            let n = lengths.len();
            prop_assert_eq!(median.n, Some(n as i64));
            let expected = (n > 0).then(|| (lengths[(n - 1) / 2] + lengths[n / 2]) as f64 / 2.0);
            prop_assert_eq!(median.value, expected);
            let over = lengths.iter().filter(|l| **l >= 1).count();
            prop_assert_eq!(late.value, (n > 0).then(|| over as f64 / n as f64));
            let ninetieth = (n > 0).then(|| lengths[(9 * n).div_ceil(10) - 1] as f64);
            prop_assert_eq!(ninety.value, ninetieth);
        }
        for point in nights.iter().filter(|p| p.state == State::Final) {
            let mut sum = 0;
            for date in periods(Grain::Day, point.period_start, point.period_end - TimeDelta::days(1)) {
                sum += inside.iter().filter(|r| {
                    let out = day(r.1) + TimeDelta::days(i64::from(r.3));
                    day(r.1) <= date.start && date.start < out
                }).count();
            }
            prop_assert_eq!(point.value, Some(sum as f64));
        }
    }
}
