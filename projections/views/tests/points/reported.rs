//! Points of what somebody else has added up.

use crate::asking::*;
use joinedup_views::period::{Grain, periods};
use joinedup_views::point::State;
use joinedup_views::quantity::{MISSING_PREFIX, PROVISIONAL_PREFIX, SUPPRESSED_PREFIX};
use joinedup_views::tally::{Delta, Sums};
use joinedup_views::{Cells, Filter};

fn observe(
    cells: &mut Cells,
    area: &str,
    grain: &str,
    start: &str,
    value: i64,
    more: &[(&str, &str)],
) {
    observe_of("beds", cells, area, grain, start, value, more);
}

fn observe_of(
    series: &str,
    cells: &mut Cells,
    area: &str,
    grain: &str,
    start: &str,
    value: i64,
    more: &[(&str, &str)],
) {
    let mut breakdown = more.to_vec();
    breakdown.push(("grain", grain));
    breakdown.sort_unstable();
    let sums = Sums {
        value: value * 1_000_000,
        denominator: 0,
        n: 1,
    };
    cells.apply(
        &format!("observation.{series}"),
        area,
        &breakdown,
        d(start),
        Delta::Sums(sums),
        1,
    );
}

const AMOUNT: &str = "quantity = \"observation.beds\"\naggregate = \"amount\"\nperiod = \"month\"";

#[test]
fn a_month_of_days_needs_all_of_them_and_a_median_half() {
    let mut cells = Cells::default();
    for day in periods(Grain::Day, d("2026-01-01"), d("2026-02-20")) {
        observe(&mut cells, "county", "day", &day.start.to_string(), 10, &[]);
    }
    let m = measure(AMOUNT);
    let points = Ask::new(&cells, &m, "2026-03-01T09:00:00Z").points();
    assert_eq!(points[0].value, Some(310.0));
    assert_eq!((points[1].value, points[1].state), (None, State::Missing));
    assert_eq!(points[1].note, Some("20 of 28 days reported".into()));
    let median = measure(
        "quantity = \"observation.beds\"\naggregate = \"amount_median\"\nperiod = \"month\"",
    );
    let points = Ask::new(&cells, &median, "2026-03-01T09:00:00Z").points();
    assert_eq!(values(&points)[..2], [Some(10.0), Some(10.0)]);
}

#[test]
fn a_report_of_a_longer_period_says_nothing_of_a_shorter_one() {
    let mut cells = Cells::default();
    observe(&mut cells, "county", "month", "2026-01-01", 31, &[]);
    let m = measure(AMOUNT);
    let mut ask = Ask::new(&cells, &m, "2026-03-01T09:00:00Z");
    ask.grain = Grain::Week;
    assert!(ask.points().iter().all(|p| p.value.is_none()));
    ask.grain = Grain::Quarter;
    assert!(
        ask.points()[0].value == Some(31.0),
        "a quarter that is not over has what there is"
    );
    assert_eq!(ask.points()[0].state, State::Incomplete);
}

#[test]
fn of_several_breakdowns_the_simplest_that_answers_is_taken() {
    let mut cells = Cells::default();
    observe(&mut cells, "county", "month", "2026-01-01", 100, &[]);
    for (who, n) in [("nhs", 60), ("both", 38)] {
        observe(
            &mut cells,
            "county",
            "month",
            "2026-01-01",
            n,
            &[("responsible", who)],
        );
    }
    for (who, reason, n) in [("nhs", "a", 50), ("nhs", "c", 9), ("both", "a", 1)] {
        let of = [("reason", reason), ("responsible", who)];
        observe(&mut cells, "county", "month", "2026-01-01", n, &of);
    }
    observe(
        &mut cells,
        "county",
        "month",
        "2026-02-01",
        7,
        &[("responsible", "nhs")],
    );
    let m = measure(AMOUNT);
    let value = |filter: Filter| {
        let mut ask = Ask::new(&cells, &m, "2026-03-01T09:00:00Z");
        ask.filter = filter;
        values(&ask.points())[..2].to_vec()
    };
    assert_eq!(value(Filter::default()), [Some(100.0), Some(7.0)]);
    assert_eq!(
        value(Filter::one("responsible", "nhs")),
        [Some(60.0), Some(7.0)]
    );
    assert_eq!(value(Filter::one("reason", "a")), [Some(51.0), None]);
    assert_eq!(
        value(Filter::one("reason", "z")),
        [None, None],
        "not reported is not zero"
    );
}

#[test]
fn places_are_added_up_only_when_all_of_them_report() {
    let mut cells = Cells::default();
    observe(&mut cells, "north", "month", "2026-01-01", 3, &[]);
    observe(&mut cells, "south", "month", "2026-01-01", 0, &[]);
    observe(&mut cells, "north", "month", "2026-02-01", 3, &[]);
    observe(&mut cells, "ward", "month", "2026-01-01", 99, &[]);
    let m = measure(AMOUNT);
    let points = Ask::new(&cells, &m, "2026-03-02T09:00:00Z").points();
    assert_eq!(points[0].value, Some(3.0));
    assert_eq!(points[1].state, State::Missing);
    assert_eq!(points[1].note, Some("1 of 2 places reported".into()));
    let mut ask = Ask::new(&cells, &m, "2026-03-02T09:00:00Z");
    ask.area = "south";
    assert_eq!(
        values(&ask.points())[..2],
        [Some(0.0), None],
        "a reported zero is one"
    );
    observe(&mut cells, "county", "month", "2026-02-01", 8, &[]);
    let points = Ask::new(&cells, &m, "2026-03-02T09:00:00Z").points();
    assert_eq!(
        points[0].value,
        Some(8.0),
        "a place that reports stands for itself"
    );
}

#[test]
fn an_amount_that_does_not_say_out_of_how_many_makes_no_share_of_the_others() {
    let share = "quantity = \"observation.beds\"\naggregate = \"proportion\"\nperiod = \"month\"";
    let of = |area, value: i64, denominator: Option<i64>| {
        let sums = Sums {
            value: value * 1_000_000,
            denominator: denominator.unwrap_or(0) * 1_000_000,
            n: 1,
        };
        let breakdown = [("grain", "month")];
        (area, breakdown, Delta::Sums(sums))
    };
    let county = |second| {
        let mut cells = Cells::default();
        for (area, breakdown, delta) in [of("north", 500, Some(600)), of("south", 400, second)] {
            let start = d("2026-01-01");
            cells.apply("observation.beds", area, &breakdown, start, delta, 1);
        }
        let m = measure(share);
        let point = Ask::new(&cells, &m, "2026-02-03T09:00:00Z").points()[0].clone();
        (point.state, point.value)
    };
    assert_eq!(county(Some(400)), (State::Final, Some(0.9)));
    assert_eq!(county(None), (State::Missing, None));
}

#[test]
fn the_days_to_come_of_a_running_month_do_not_thin_out_its_amount_a_day() {
    let mut cells = Cells::default();
    for day in periods(Grain::Day, d("2026-06-01"), d("2026-06-03")) {
        observe(&mut cells, "county", "day", &day.start.to_string(), 30, &[]);
    }
    let m = measure(
        "quantity = \"observation.beds\"\naggregate = \"amount_per_day\"\nperiod = \"month\"",
    );
    let points = Ask::new(&cells, &m, "2026-06-04T09:00:00Z").points();
    assert_eq!(
        (points[0].state, points[0].value),
        (State::Incomplete, Some(30.0))
    );
}

#[test]
fn a_rate_is_of_the_people_of_the_places_that_report_it() {
    let m = measure(
        "quantity = \"observation.beds\"\naggregate = { amount_per_100k = \"population_18\" }\nperiod = \"month\"",
    );
    let mut cells = Cells::default();
    observe(&mut cells, "infirmary", "month", "2026-01-01", 90, &[]);
    let rate = |cells: &Cells| {
        let points = Ask::new(cells, &m, "2026-02-02T09:00:00Z").points();
        points.first().and_then(|p| p.value)
    };
    assert_eq!(rate(&cells), None, "patients live elsewhere");
    observe(&mut cells, "north", "month", "2026-01-01", 3, &[]);
    assert_eq!(rate(&cells), Some(6.0), "of 50,000 and not of 200,000");
    observe(&mut cells, "south", "month", "2026-01-01", 5, &[]);
    assert_eq!(rate(&cells), Some(4.0));
}

#[test]
fn a_series_that_ended_ends_its_chart_and_one_that_pauses_shows_the_gap() {
    let mut cells = Cells::default();
    observe(&mut cells, "county", "month", "2019-01-01", 1, &[]);
    observe(&mut cells, "county", "month", "2019-04-01", 1, &[]);
    let m = measure(AMOUNT);
    assert_eq!(
        Ask::new(&cells, &m, "2026-01-02T09:00:00Z").points().len(),
        4
    );
    let points = Ask::new(&cells, &m, "2019-07-02T09:00:00Z").points();
    let missing = [
        State::Final,
        State::Missing,
        State::Missing,
        State::Final,
        State::Missing,
        State::Missing,
        State::Incomplete,
    ];
    assert_eq!(states(&points), missing);
}

fn mark(cells: &mut Cells, prefix: &str, start: &str, more: &[(&str, &str)]) {
    let mut breakdown = more.to_vec();
    breakdown.push(("grain", "month"));
    breakdown.sort_unstable();
    let quantity = format!("{prefix}beds");
    cells.apply(&quantity, "county", &breakdown, d(start), Delta::ONE, 1);
}

#[test]
fn what_its_publisher_suppressed_is_not_zero_and_not_missing() {
    let mut cells = Cells::default();
    observe(&mut cells, "county", "month", "2026-01-01", 10, &[]);
    mark(&mut cells, SUPPRESSED_PREFIX, "2026-02-01", &[]);
    observe(&mut cells, "county", "month", "2026-03-01", 12, &[]);
    // A sum of parts, of which one is suppressed, is not known.
    observe(
        &mut cells,
        "county",
        "month",
        "2026-04-01",
        7,
        &[("ward", "a")],
    );
    mark(
        &mut cells,
        SUPPRESSED_PREFIX,
        "2026-04-01",
        &[("ward", "b")],
    );
    let m = measure(AMOUNT);
    let mut ask = Ask::new(&cells, &m, "2026-05-20T09:00:00Z");
    let points = ask.points();
    assert_eq!(values(&points)[..4], [Some(10.0), None, Some(12.0), None]);
    let states: Vec<State> = points.iter().map(|p| p.state).collect();
    assert_eq!(
        states[..4],
        [
            State::Final,
            State::Suppressed,
            State::Final,
            State::Suppressed
        ]
    );
    let note = points[1].note.as_ref().unwrap().to_string();
    assert!(note.contains("publisher"));
    ask.filter = Filter::one("ward", "a");
    assert_eq!(values(&ask.points())[3], Some(7.0));
    ask.filter = Filter::default();
    ask.grain = Grain::Quarter;
    assert_eq!(ask.points()[0].state, State::Suppressed);
}

#[test]
fn what_its_publisher_says_is_missing_is_not_zero() {
    let mut cells = Cells::default();
    for (start, ward) in [
        ("2026-01-01", "a"),
        ("2026-01-01", "b"),
        ("2026-02-01", "a"),
    ] {
        observe(&mut cells, "county", "month", start, 7, &[("ward", ward)]);
    }
    mark(&mut cells, MISSING_PREFIX, "2026-02-01", &[("ward", "b")]);
    let m = measure(AMOUNT);
    let mut ask = Ask::new(&cells, &m, "2026-05-20T09:00:00Z");
    let points = ask.points();
    assert_eq!(values(&points)[..2], [Some(14.0), None]);
    assert_eq!(points[1].state, State::Missing);
    ask.filter = Filter::one("ward", "a");
    assert_eq!(values(&ask.points())[..2], [Some(7.0), Some(7.0)]);
    ask.filter = Filter::default();
    ask.grain = Grain::Quarter;
    assert_eq!(
        ask.points()[0].note,
        Some("1 of 3 months reported".into()),
        "a quarter is not the sum of two months"
    );
}

#[test]
fn what_its_publisher_calls_provisional_is() {
    let mut cells = Cells::default();
    for start in ["2026-01-01", "2026-02-01"] {
        observe(&mut cells, "county", "month", start, 10, &[]);
    }
    mark(&mut cells, PROVISIONAL_PREFIX, "2026-02-01", &[]);
    let m = measure(AMOUNT);
    let points = Ask::new(&cells, &m, "2026-05-20T09:00:00Z").points();
    let shown: Vec<(Option<f64>, State)> = points.iter().map(|p| (p.value, p.state)).collect();
    assert_eq!(
        shown[..2],
        [(Some(10.0), State::Final), (Some(10.0), State::Provisional)]
    );
}

#[test]
fn a_ratio_is_provisional_while_either_side_is() {
    let mut cells = Cells::default();
    for start in ["2026-01-01", "2026-02-01"] {
        observe(&mut cells, "county", "month", start, 10, &[]);
        observe_of("open", &mut cells, "county", "month", start, 20, &[]);
    }
    let of = [("grain", "month")];
    let open = format!("{PROVISIONAL_PREFIX}open");
    cells.apply(&open, "county", &of, d("2026-02-01"), Delta::ONE, 1);
    let m = measure(
        "quantity = \"observation.beds\"\nover = \"observation.open\"\naggregate = \"ratio\"\nperiod = \"month\"",
    );
    let points = Ask::new(&cells, &m, "2026-05-20T09:00:00Z").points();
    assert_eq!(values(&points)[..2], [Some(0.5), Some(0.5)]);
    assert_eq!(states(&points)[..2], [State::Final, State::Provisional]);
}
