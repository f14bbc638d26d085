//! Points of measures: periods, states, areas, and a second, slow computation that says the same.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails its test"
)]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use joinedup_views::measure::Measure;
use joinedup_views::measures::Measures;
use joinedup_views::period::{Grain, Period, periods};
use joinedup_views::point::{Point, PointQuery, QueryError, State, points};
use joinedup_views::tally::{Delta, OPEN, Sums};
use joinedup_views::{Cells, Filter};
use proptest::prelude::*;

fn d(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn areas() -> Areas {
    let mut text = String::new();
    for (id, kind, parents, adults) in [
        ("land", "country", "", None),
        ("county", "county", "\"land\"", None),
        ("north", "locality", "\"county\"", Some(50_000)),
        ("south", "locality", "\"county\"", Some(150_000)),
        ("n1", "neighbourhood", "\"north\"", None),
        ("n2", "neighbourhood", "\"north\"", None),
        ("ward", "hospital", "", None),
    ] {
        text += &format!(
            "[[area]]\nid = \"{id}\"\ntitle = \"{id}\"\nkind = \"{kind}\"\nparents = [{parents}]\n"
        );
        if let Some(adults) = adults {
            text += &format!("population_18 = {adults}\n");
        }
    }
    Areas::from_toml(&text).unwrap()
}

fn measure(text: &str) -> Measure {
    let text = format!("[[measure]]\nid = \"m\"\ntitle = \"M\"\n{text}");
    let all = Measures::parse(&text, |_| true).unwrap();
    all.get("m").unwrap().clone()
}

/// A question with everything that a test does not say.
struct Ask<'a> {
    cells: &'a Cells,
    measure: &'a Measure,
    area: &'a str,
    grain: Grain,
    now: &'a str,
    filter: Filter,
    from: Option<&'a str>,
    heard: Option<&'a str>,
}

impl<'a> Ask<'a> {
    fn new(cells: &'a Cells, measure: &'a Measure, now: &'a str) -> Self {
        Self {
            cells,
            measure,
            area: "county",
            grain: measure.period,
            now,
            filter: Filter::default(),
            from: None,
            heard: None,
        }
    }

    fn points(&self) -> Vec<Point> {
        let area = AreaId::new(self.area).unwrap();
        let query = PointQuery {
            measure: self.measure,
            area: &area,
            grain: self.grain,
            from: self.from.map(d),
            to: None,
            filter: &self.filter,
            now: at(self.now),
            heard_until: self.heard.map(d),
        };
        query.check(&areas()).unwrap();
        points(self.cells, &areas(), &query)
    }
}

fn states(points: &[Point]) -> Vec<State> {
    points.iter().map(|p| p.state).collect()
}

fn values(points: &[Point]) -> Vec<Option<f64>> {
    points.iter().map(|p| p.value).collect()
}

fn observe(
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
        "observation.beds",
        area,
        &breakdown,
        d(start),
        Delta::Sums(sums),
        1,
    );
}

fn discharge(cells: &mut Cells, area: &str, date: &str) {
    let breakdown = [
        ("admission", "emergency"),
        ("clock", "by-17"),
        ("day", "weekday"),
        ("pathway", "0"),
    ];
    cells.apply(
        "transfer.discharges",
        area,
        &breakdown,
        d(date),
        Delta::ONE,
        1,
    );
}

#[test]
fn a_period_has_its_first_day_and_not_the_day_after_its_last() {
    let mut cells = Cells::default();
    for date in ["2026-03-01", "2026-03-31", "2026-04-01"] {
        discharge(&mut cells, "n1", date);
    }
    let m =
        measure("quantity = \"transfer.discharges\"\naggregate = \"count\"\nperiod = \"month\"");
    let points = Ask::new(&cells, &m, "2026-05-01T00:00:00Z").points();
    // May has just begun in London.
    assert_eq!(values(&points)[..2], [Some(2.0), Some(1.0)]);
    assert_eq!(
        states(&points),
        [State::Final, State::Final, State::Incomplete]
    );
    // In summer the month is over an hour before midnight UTC.
    let points = Ask::new(&cells, &m, "2026-04-30T22:59:59Z").points();
    assert_eq!(points[1].state, State::Incomplete);
    let points = Ask::new(&cells, &m, "2026-04-30T23:00:00Z").points();
    assert_eq!(points[1].state, State::Final);
}

#[test]
fn a_period_without_events_is_nought_and_one_before_the_first_or_unheard_is_missing() {
    let mut cells = Cells::default();
    discharge(&mut cells, "n1", "2026-01-07");
    discharge(&mut cells, "n1", "2026-01-22");
    let m = measure("quantity = \"transfer.discharges\"\naggregate = \"count\"");
    let mut ask = Ask::new(&cells, &m, "2026-02-10T12:00:00Z");
    ask.from = Some("2025-12-29");
    ask.heard = Some("2026-01-27");
    let points = ask.points();
    assert_eq!(
        values(&points),
        [None, Some(1.0), Some(0.0), Some(1.0), Some(0.0), None, None]
    );
    assert_eq!(points[0].state, State::Missing);
    assert_eq!(points[5].state, State::Missing);
    assert_eq!(points[6].state, State::Incomplete);
    assert!(
        points[5]
            .note
            .as_ref()
            .unwrap()
            .contains("nothing was heard")
    );
}

#[test]
fn an_area_is_the_sum_of_what_is_within_it_and_a_rate_uses_its_people() {
    let mut cells = Cells::default();
    for area in ["n1", "n2", "south", "south", "county", "ward"] {
        discharge(&mut cells, area, "2026-01-07");
    }
    let m = measure("quantity = \"transfer.discharges\"\naggregate = \"count\"");
    let value = |area| {
        let mut ask = Ask::new(&cells, &m, "2026-01-13T12:00:00Z");
        ask.area = area;
        ask.points()[0].value
    };
    assert_eq!(value("north"), Some(2.0));
    assert_eq!(
        value("county"),
        Some(5.0),
        "a hospital is no part of a place"
    );
    let rate = measure(
        "quantity = \"transfer.discharges\"\naggregate = { count_per_100k = \"population_18\" }",
    );
    let mut ask = Ask::new(&cells, &rate, "2026-01-13T12:00:00Z");
    assert_eq!(ask.points()[0].value, Some(2.5), "5 by 200,000 people");
    ask.area = "ward";
    assert_eq!(ask.points()[0].state, State::Missing);
}

#[test]
fn medians_of_areas_are_computed_from_values_and_never_averaged() {
    let mut cells = Cells::default();
    let all = [("pathway", "0"), ("reason", "A"), ("responsible", "nhs")];
    for (area, days) in [("n1", vec![0, 0, 1]), ("south", vec![9, 10, 11, 12])] {
        for day in days {
            cells.apply(
                "transfer.delay_days",
                area,
                &all,
                d("2026-01-07"),
                Delta::Value(day),
                1,
            );
        }
    }
    let m = measure("quantity = \"transfer.delay_days\"\naggregate = \"median\"");
    let points = Ask::new(&cells, &m, "2026-01-13T12:00:00Z").points();
    assert_eq!((points[0].value, points[0].n), (Some(9.0), Some(7)));
    let mut ask = Ask::new(&cells, &m, "2026-01-13T12:00:00Z");
    ask.area = "north";
    let few = &ask.points()[0];
    assert_eq!(
        (few.value, few.state, few.n),
        (None, State::Missing, Some(3))
    );
}

#[test]
fn a_share_within_a_limit_is_provisional_until_the_limit_has_passed() {
    let mut cells = Cells::default();
    for (date, minutes) in [("2026-01-05", 100), ("2026-01-11", OPEN)] {
        cells.apply(
            "referral.to_plan_minutes",
            "n1",
            &[("service", "mdt")],
            d(date),
            Delta::Value(minutes),
            1,
        );
    }
    let m = measure(
        "quantity = \"referral.to_plan_minutes\"\naggregate = { share_at_most = \"14 days\" }",
    );
    let state = |now| Ask::new(&cells, &m, now).points()[0].state;
    assert_eq!(state("2026-01-11T12:00:00Z"), State::Incomplete);
    assert_eq!(state("2026-01-12T00:00:00Z"), State::Provisional);
    assert_eq!(state("2026-01-25T23:59:59Z"), State::Provisional);
    assert_eq!(state("2026-01-26T00:00:00Z"), State::Final);
    let point = &Ask::new(&cells, &m, "2026-01-26T00:00:00Z").points()[0];
    assert_eq!(point.value, Some(0.5), "what is open is not within");
}

#[test]
fn a_stock_is_the_running_sum_and_its_nights_add_up_to_the_delays() {
    let mut cells = Cells::default();
    let all = [("pathway", "1"), ("reason", "A"), ("responsible", "nhs")];
    // Ready 28 May, out 3 June: 4 nights in May, 2 in June.
    cells.apply(
        "transfer.waiting",
        "n1",
        &all,
        d("2026-05-28"),
        Delta::step(1),
        1,
    );
    cells.apply(
        "transfer.waiting",
        "n1",
        &all,
        d("2026-06-03"),
        Delta::step(-1),
        1,
    );
    let now = "2026-06-10T09:00:00Z";
    let nights =
        measure("quantity = \"transfer.waiting\"\naggregate = \"level_days\"\nperiod = \"month\"");
    assert_eq!(
        values(&Ask::new(&cells, &nights, now).points()),
        [Some(4.0), Some(2.0)]
    );
    let level =
        measure("quantity = \"transfer.waiting\"\naggregate = \"level\"\nperiod = \"month\"");
    assert_eq!(
        values(&Ask::new(&cells, &level, now).points()),
        [Some(1.0), Some(0.0)]
    );
    let average = measure(
        "quantity = \"transfer.waiting\"\naggregate = \"level_average\"\nperiod = \"month\"",
    );
    let points = Ask::new(&cells, &average, now).points();
    assert_eq!(
        values(&points),
        [Some(4.0 / 31.0), Some(2.0 / 9.0)],
        "June has had nine nights"
    );
    let mut ask = Ask::new(&cells, &nights, now);
    ask.from = Some("2026-06-01");
    assert_eq!(
        values(&ask.points()),
        [Some(2.0)],
        "what began before is there from the first day"
    );
}

#[test]
fn the_longest_open_wait_ends_on_the_day_of_leaving() {
    let mut cells = Cells::default();
    for (start, length) in [("2026-01-01", 3), ("2026-01-02", OPEN), ("2026-01-04", 1)] {
        cells.apply(
            "transfer.wait_days",
            "n1",
            &[("pathway", "1")],
            d(start),
            Delta::Value(length),
            1,
        );
    }
    let m = measure(
        "quantity = \"transfer.wait_days\"\naggregate = \"longest_open\"\nperiod = \"day\"",
    );
    let points = Ask::new(&cells, &m, "2026-01-05T12:00:00Z").points();
    let expected = [0.0, 1.0, 2.0, 2.0, 3.0].map(Some);
    assert_eq!(
        values(&points),
        expected,
        "the first wait is over on 4 January"
    );
}

#[test]
fn a_share_by_parts_puts_the_part_asked_for_over_all() {
    let mut cells = Cells::default();
    for (reason, people) in [("A", 3), ("B", 1), ("unknown", 4)] {
        let all = [("pathway", "1"), ("reason", reason), ("responsible", "nhs")];
        cells.apply(
            "transfer.waiting",
            "n1",
            &all,
            d("2026-01-01"),
            Delta::step(people),
            1,
        );
    }
    let all = Measures::built_in(|_| true).unwrap();
    let m = all.get("tr-delay-by-reason").unwrap();
    let now = "2026-02-02T12:00:00Z";
    assert_eq!(
        Ask::new(&cells, m, now).points()[0].value,
        Some(0.5),
        "half have a reason"
    );
    let mut ask = Ask::new(&cells, m, now);
    ask.filter = Filter::one("reason", "A");
    assert_eq!(ask.points()[0].value, Some(0.375));
    ask.filter = ask.filter.and(&Filter::one("responsible", "social-care"));
    assert_eq!(ask.points()[0].value, None, "nothing to divide by");
}

#[test]
fn levels_roll_up_by_the_lower_median_of_the_areas_below() {
    let mut cells = Cells::default();
    for (area, level) in [("county", "5"), ("north", "2"), ("south", "4"), ("n1", "1")] {
        let item = [
            ("framework", "scie"),
            ("item", "co-timely-transfers"),
            ("level", level),
        ];
        cells.apply(
            "assessment.level",
            area,
            &item,
            d("2026-01-10"),
            Delta::step(1),
            1,
        );
    }
    let all = Measures::built_in(|_| true).unwrap();
    let ask = |id: &str, area| {
        let mut ask = Ask::new(&cells, all.get(id).unwrap(), "2026-04-02T12:00:00Z");
        ask.area = area;
        let point = ask.points()[0].clone();
        (point.value, point.n)
    };
    assert_eq!(ask("ra-level-median", "county"), (Some(2.0), Some(2)));
    assert_eq!(ask("ra-worst-level", "county"), (Some(2.0), Some(2)));
    assert_eq!(ask("ra-level-median", "north"), (Some(1.0), Some(1)));
    assert_eq!(ask("ra-level-median", "n1"), (Some(1.0), Some(1)));
}

#[test]
fn questions_without_answer_are_refused_in_sentences() {
    let all = Measures::built_in(|_| true).unwrap();
    let check = |area: &str, filter: Filter| {
        let area = AreaId::new(area).unwrap();
        PointQuery {
            measure: all.get("tr-delayed-nights").unwrap(),
            area: &area,
            grain: Grain::Week,
            from: None,
            to: None,
            filter: &filter,
            now: at("2026-01-01T00:00:00Z"),
            heard_until: None,
        }
        .check(&areas())
    };
    assert!(check("county", Filter::one("reason", "A")).is_ok());
    assert!(matches!(
        check("nowhere", Filter::default()),
        Err(QueryError::Area(_))
    ));
    let said = check("county", Filter::one("colour", "red"))
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("colour") && said.contains("pathway, reason, responsible"),
        "{said}"
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
    assert_eq!(points[1].note.as_deref(), Some("20 of 28 days reported"));
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
        "not reported is not nought"
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
    assert_eq!(points[1].note.as_deref(), Some("1 of 2 places reported"));
    let mut ask = Ask::new(&cells, &m, "2026-03-02T09:00:00Z");
    ask.area = "south";
    assert_eq!(
        values(&ask.points())[..2],
        [Some(0.0), None],
        "a reported nought is one"
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

#[test]
fn a_ratio_begins_with_whichever_of_its_quantities_began_first() {
    let mut cells = Cells::default();
    let sent = Sums {
        value: 40,
        denominator: 0,
        n: 1,
    };
    let of = [("instrument", "i-statements")];
    cells.apply(
        "experience.invitations",
        "n1",
        &of,
        d("2026-01-10"),
        Delta::Sums(sent),
        1,
    );
    let all = Measures::built_in(|_| true).unwrap();
    let m = all.get("ex-response-rate").unwrap();
    let points = Ask::new(&cells, m, "2026-02-02T12:00:00Z").points();
    assert_eq!(
        points[0].value,
        Some(0.0),
        "asked and not answered is nought"
    );
    assert_eq!(points[1].value, None);
}
