//! Points of what is counted from events: periods, states, areas, refusals.

use crate::asking::*;
use joinedup_events::AreaId;
use joinedup_views::measures::Measures;
use joinedup_views::period::{Grain, Period};
use joinedup_views::point::{PointQuery, QueryError, State};
use joinedup_views::tally::{Delta, OPEN, Sums};
use joinedup_views::{Cells, Filter};

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
fn a_period_without_events_is_zero_and_one_before_the_first_or_unheard_is_missing() {
    let mut cells = Cells::default();
    discharge(&mut cells, "n1", "2026-01-07");
    discharge(&mut cells, "n1", "2026-01-22");
    let m = measure("quantity = \"transfer.discharges\"\naggregate = \"count\"");
    let mut ask = Ask::new(&cells, &m, "2026-02-10T12:00:00Z");
    ask.from = Some("2025-12-29");
    ask.reported = Some("2026-01-27");
    let points = ask.points();
    assert_eq!(
        values(&points),
        [None, Some(1.0), Some(0.0), Some(1.0), Some(0.0), None, None]
    );
    assert_eq!(points[0].state, State::Missing);
    assert_eq!(points[5].state, State::Missing);
    assert_eq!(points[6].state, State::Incomplete);
    let note = points[5].note.as_ref().unwrap().to_string();
    assert!(note.contains("have not reported"));
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
        "a hospital is not part of a place"
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
    assert_eq!((few.value, few.state, few.n), (None, State::Empty, Some(3)));
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
    let beyond = measure(
        "quantity = \"referral.to_plan_minutes\"\naggregate = { share_at_least = \"14 days\" }",
    );
    let point = &Ask::new(&cells, &beyond, "2026-01-26T00:00:00Z").points()[0];
    assert_eq!(
        (point.value, point.state),
        (Some(0.5), State::Final),
        "who has not got there yet has waited longest"
    );
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
            range: None,
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
        !said.contains("colour") && said.contains("pathway, reason, responsible"),
        "{said}"
    );
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
    assert_eq!(points[0].value, Some(0.0), "asked and not answered is zero");
    assert_eq!(points[1].value, None);
}

#[test]
fn any_run_of_days_is_one_period_and_a_stock_begins_with_what_was_there() {
    let mut cells = Cells::default();
    for date in ["2026-01-07", "2026-01-09", "2026-01-15", "2026-01-16"] {
        discharge(&mut cells, "n1", date);
    }
    let count = measure("quantity = \"transfer.discharges\"\naggregate = \"count\"");
    let mut ask = Ask::new(&cells, &count, "2026-02-10T12:00:00Z");
    ask.range = Some(Period {
        start: d("2026-01-09"),
        end: d("2026-01-16"),
    });
    assert_eq!(values(&ask.points()), [Some(2.0)]);
    ask.reported = Some("2026-01-05");
    assert_eq!(states(&ask.points()), [State::Missing]);
    // Two have waited since before the days asked for, a third from their second day on.
    for (date, step) in [("2026-01-02", 2), ("2026-01-10", 1)] {
        let waits = [("reason", "A"), ("responsible", "nhs")];
        cells.apply(
            "transfer.waiting",
            "n1",
            &waits,
            d(date),
            Delta::step(step),
            1,
        );
    }
    let nights = measure("quantity = \"transfer.waiting\"\naggregate = \"level_days\"");
    let mut ask = Ask::new(&cells, &nights, "2026-02-10T12:00:00Z");
    ask.range = Some(Period {
        start: d("2026-01-09"),
        end: d("2026-01-12"),
    });
    assert_eq!(values(&ask.points()), [Some(8.0)], "2, 3 and 3 nights");
}
