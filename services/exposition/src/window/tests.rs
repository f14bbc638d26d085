//! Rolling windows: of cases, of nights, and of a feed that is late.

use super::*;
use chrono::NaiveDate;
use joinedup_events::transfer::{Ready, TransferFact};
use joinedup_events::{Areas, EntityId, Event, Fact};
use joinedup_views::expectation::Expectations;
use joinedup_views::measures::Measures;
use joinedup_views::suppression::Policy;
use joinedup_views::view::View;
use joinedup_views::{Cells, Delta};
use proptest::prelude::*;

fn at(date: &str) -> DateTime<Utc> {
    local::midnight(date.parse().unwrap()) + TimeDelta::hours(10)
}

fn area() -> AreaId {
    AreaId::new("havenshire").unwrap()
}

fn windows(cells: &Cells, now: DateTime<Utc>) -> Samples {
    of(&Basis::of_cells(cells), now)
}

fn of(basis: &Basis<'_>, now: DateTime<Utc>) -> Samples {
    let definitions = Definitions {
        areas: &Areas::built_in().unwrap(),
        measures: &Measures::built_in(|_| true).unwrap(),
        policy: &Policy::default(),
        expectations: &Expectations::default(),
    };
    let places = Places {
        all: vec![area()],
        now: vec![area()],
    };
    let mut samples = Samples::default();
    for measure in definitions.measures.iter() {
        let asked = (Audience::Operations, now);
        add(&mut samples, basis, &definitions, measure, &places, asked);
    }
    samples
}

fn value(samples: &Samples, name: &str, measure: &str, window: &str) -> Option<f64> {
    let found = |s: &&super::super::sample::Sample| {
        s.metric.name_for(s.unit) == name && s.labels[0] == measure && s.labels[2] == window
    };
    samples.0.iter().find(found).map(|s| s.value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_median_of_a_window_is_that_of_all_its_cases(waits in prop::collection::vec((0u64..40, 0i32..30), 0..80)) {
        let now = at("2026-11-22");
        let today = local::date(now);
        let mut cells = Cells::default();
        for (back, days) in &waits {
            let parts = [("pathway", "1"), ("reason", "x"), ("responsible", "nhs")];
            cells.apply("transfer.delay_days", "havenshire", &parts, today - Days::new(*back), Delta::Value(*days), 1);
        }
        let samples = windows(&cells, now);
        for (window, name) in WINDOWS {
            let mut inside: Vec<f64> =
                waits.iter().filter(|(back, _)| *back < u64::from(window)).map(|(_, d)| f64::from(*d)).collect();
            inside.sort_by(f64::total_cmp);
            let n = inside.len();
            let expected = (n >= 5).then(|| (inside[(n - 1) / 2] + inside[n / 2]) / 2.0 * 86_400.0);
            prop_assert_eq!(value(&samples, "joinedup_measure_seconds", "tr-delay-days-median", name), expected);
        }
    }
}

#[test]
fn a_window_without_cases_says_zero_cases_where_there_were_some_before_and_nothing_where_there_never_were()
 {
    let now = at("2026-11-22");
    let mut cells = Cells::default();
    let none = windows(&cells, now);
    assert!(none.0.is_empty(), "{:?}", none.0);
    let measures = Measures::built_in(|_| true).unwrap();
    let measure = measures
        .iter()
        .find(|m| m.quantity == "transfer.expected_within_24h")
        .unwrap();
    cells.apply(
        &measure.quantity,
        "havenshire",
        &[],
        "2026-05-01".parse().unwrap(),
        Delta::case(true),
        1,
    );
    let samples = windows(&cells, now);
    assert_eq!(
        value(
            &samples,
            "joinedup_measure_cases",
            measure.id.as_str(),
            "28d"
        ),
        Some(0.0)
    );
    assert_eq!(
        value(
            &samples,
            "joinedup_measure_ratio",
            measure.id.as_str(),
            "28d"
        ),
        None
    );
}

#[test]
fn a_window_of_nights_begins_with_the_people_who_were_there_already_and_ends_last_night() {
    let now = at("2026-11-22");
    let mut cells = Cells::default();
    let parts = [("pathway", "1"), ("reason", "x"), ("responsible", "nhs")];
    let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
    // One person since August, a second one from three nights ago on.
    cells.apply(
        "transfer.waiting",
        "havenshire",
        &parts,
        day("2026-08-01"),
        Delta::step(1),
        1,
    );
    cells.apply(
        "transfer.waiting",
        "havenshire",
        &parts,
        day("2026-11-19"),
        Delta::step(1),
        1,
    );
    let samples = windows(&cells, now);
    assert_eq!(
        value(
            &samples,
            "joinedup_measure_bed_nights",
            "tr-delayed-nights",
            "7d"
        ),
        Some(7.0 + 3.0)
    );
    assert_eq!(
        value(&samples, "joinedup_measure_people", "tr-ready-now", "now"),
        Some(2.0)
    );
}

#[test]
fn what_may_yet_be_met_today_is_not_missed() {
    let now = at("2026-11-22");
    let mut cells = Cells::default();
    let today = local::date(now);
    for (measured, parts) in [
        ("referral.actions_on_time", &[("owner", "health")][..]),
        ("transfer.expected_within_24h", &[]),
        ("transfer.notice_lead", &[]),
    ] {
        cells.apply(measured, "havenshire", parts, today, Delta::case(false), 1);
        let yesterday = today - Days::new(1);
        cells.apply(
            measured,
            "havenshire",
            parts,
            yesterday,
            Delta::case(true),
            1,
        );
    }
    let samples = windows(&cells, now);
    let share = |measure| value(&samples, "joinedup_measure_ratio", measure, "7d");
    assert_eq!(share("md-actions-on-time"), Some(1.0));
    assert_eq!(share("tr-edd-within-24h"), Some(1.0));
    // A notice is in good time or not when it is given.
    assert_eq!(share("tr-notice-lead"), Some(0.5));
}

#[test]
fn a_window_of_a_feed_that_is_late_is_not_written_and_does_not_sink() {
    let report = |day: u64| {
        let date: NaiveDate = "2026-09-01".parse().unwrap();
        let at = local::midnight(date + Days::new(day)) + TimeDelta::hours(12);
        let ready = Ready {
            date: local::date(at),
        };
        Event {
            source: "/ward".to_owned(),
            id: day.to_string(),
            occurred_at: at,
            recorded_at: at,
            entity: EntityId::new(&format!("t-{day}")).unwrap(),
            area: area(),
            fact: Fact::Transfer(TransferFact::Ready(ready)),
            actor: None,
        }
    };
    let mut view = View::new();
    view.fold((1..).zip((0..60).map(report)));
    let measures = Measures::built_in(|_| true).unwrap();
    let basis = Basis::of(&view, &Expectations::default(), None, measures.iter());
    // Its last report is of 30 October, and it is expected every day.
    for (now, is_written) in [
        ("2026-10-30", true),
        ("2026-10-31", true),
        ("2026-11-02", false),
        ("2026-11-20", false),
    ] {
        let samples = of(&basis, at(now));
        for window in ["7d", "28d"] {
            let nights = value(
                &samples,
                "joinedup_measure_bed_nights",
                "tr-delayed-nights",
                window,
            );
            assert_eq!(nights.is_some(), is_written, "{now} {window}");
        }
    }
}
