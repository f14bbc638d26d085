//! Points of stocks: levels, nights, the longest wait, shares by parts, ratings rolled up.

use crate::asking::*;
use joinedup_views::cell::Place;
use joinedup_views::measures::Measures;
use joinedup_views::point::State;
use joinedup_views::tally::{Delta, OPEN};
use joinedup_views::{Cells, Filter};

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
    // Five people wait when a feed begins on the 28th: that is 20 nights and not the usual May.
    assert_eq!(points[0].state, State::Incomplete);
    let note = points[0].note.as_ref().unwrap().to_string();
    assert!(note.contains("begin within"));
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
fn a_rate_of_residents_leaves_out_who_comes_from_elsewhere() {
    let mut cells = Cells::default();
    let all = [("pathway", "1"), ("reason", "A"), ("responsible", "nhs")];
    for place in [
        Place::new("n1", Some("infirmary")),
        Place::new("n1", Some("far-away")),
        Place::new("elsewhere", Some("infirmary")),
    ] {
        let since = Delta::step(1);
        cells.apply("transfer.waiting", place, &all, d("2026-06-01"), since, 1);
        let arrived = Delta::ONE;
        cells.apply(
            "transfer.admissions",
            place,
            &[],
            d("2026-06-01"),
            arrived,
            1,
        );
    }
    let points = |text: &str| {
        let m = measure(&format!("{text}\nperiod = \"day\""));
        Ask::new(&cells, &m, "2026-06-02T09:00:00Z").points()
    };
    let waiting = "quantity = \"transfer.waiting\"\naggregate = ";
    let rate = points(&format!(
        "{waiting}{{ level_days_per_100k_per_day = \"population_18\" }}"
    ));
    assert_eq!(rate[0].value, Some(1.0), "two residents of 200,000");
    assert_eq!(
        points(&format!("{waiting}\"level_days\""))[0].value,
        Some(3.0)
    );
    let admissions =
        "quantity = \"transfer.admissions\"\naggregate = { count_per_100k = \"population_18\" }";
    assert_eq!(points(admissions)[0].value, Some(1.0));
}
