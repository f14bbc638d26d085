//! A place that reports nothing of a measure is shown by the organisations that serve it: named, in their years, never
//! beside its own numbers and never counted twice.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "what fails here fails the test"
)]

use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use joinedup_views::Cells;
use joinedup_views::ask::{Basis, Definitions, Question, ask};
use joinedup_views::chart::Chart;
use joinedup_views::expectation::Expectations;
use joinedup_views::measures::Measures;
use joinedup_views::suppression::{Audience, Policy};
use joinedup_views::tally::{Delta, Sums};
use proptest::prelude::*;
use std::sync::LazyLock;

const REGISTER: &str = r#"
[[area]]
id = "england"
title = "England"
kind = "country"
[[area]]
id = "county"
title = "County"
kind = "county"
parents = ["england"]
population_65 = 100000
[[area]]
id = "own-trust"
title = "Own trust"
kind = "trust"
parents = ["county"]
[[area]]
id = "east"
title = "East"
kind = "trust"
[[area]]
id = "west"
title = "West"
kind = "trust"
[[area]]
id = "board"
title = "Board"
kind = "icb"
[[area]]
id = "old-group"
title = "Old group"
kind = "commissioner"
[[area]]
id = "new-group"
title = "New group"
kind = "commissioner"
[[serves]]
organisation = "east"
place = "county"
caution = "East also treats people of the next county"
[[serves]]
organisation = "west"
place = "county"
share = 0.8
[[serves]]
organisation = "board"
place = "county"
[[serves]]
organisation = "old-group"
place = "county"
until = "2025-03-31"
[[serves]]
organisation = "new-group"
place = "county"
from = "2025-04-01"
"#;

fn report(cells: &mut Cells, series: &str, area: &str, month: &str, value: i64) {
    let sums = Sums {
        value: value * 1_000_000,
        denominator: 0,
        n: 1,
    };
    let start: NaiveDate = format!("{month}-01").parse().unwrap();
    let quantity = format!("observation.{series}");
    cells.apply(
        &quantity,
        area,
        &[("grain", "month")],
        start,
        Delta::Sums(sums),
        1,
    );
}

fn chart(cells: &Cells, measure: &str, area: &str) -> Chart {
    static MEASURES: LazyLock<Measures> = LazyLock::new(|| Measures::built_in(|_| true).unwrap());
    let area = AreaId::new(area).unwrap();
    let now: DateTime<Utc> = "2025-12-10T12:00:00Z".parse().unwrap();
    let definitions = Definitions {
        areas: &Areas::from_toml(REGISTER).unwrap(),
        measures: &MEASURES,
        policy: &Policy::default(),
        expectations: &Expectations::default(),
    };
    let question = Question::new(measure, std::slice::from_ref(&area), Audience::Public, now);
    let answers = ask(&Basis::of_cells(cells), &definitions, &question);
    answers.unwrap().remove(0).chart
}

fn values(chart: &Chart) -> Vec<Option<f64>> {
    chart.points.iter().map(|p| p.point.value).collect()
}

const ADMISSIONS: &str = "ae-emergency-admissions";

#[test]
fn the_trusts_that_serve_a_county_stand_for_it_by_name_with_their_caution() {
    let mut cells = Cells::default();
    for (trust, n) in [("east", 100), ("west", 40)] {
        report(&mut cells, ADMISSIONS, trust, "2025-10", n);
        report(&mut cells, ADMISSIONS, trust, "2025-11", n + 1);
    }
    // The board's numbers hold those of the trusts.
    report(&mut cells, ADMISSIONS, "board", "2025-10", 500);
    let found = chart(&cells, "ag-emergency-admissions", "county");
    assert_eq!(values(&found)[..2], [Some(140.0), Some(142.0)]);
    let footprint = found.footprint.as_ref().unwrap();
    assert_eq!(footprint.words, "at the trusts that serve County");
    assert_eq!(footprint.organisations[1].share, Some(0.8));
    for part in ["at the trusts that serve County: 142", "East also treats"] {
        assert!(found.summary.contains(part), "{}", found.summary);
    }
    // Nothing of it reaches a larger place.
    assert!(
        chart(&cells, "ag-emergency-admissions", "england")
            .points
            .is_empty()
    );
    let json = serde_json::to_value(chart(&cells, "ag-emergency-admissions", "east")).unwrap();
    assert!(
        json.get("footprint").is_none(),
        "a trust's own numbers are its own"
    );
}

#[test]
fn own_numbers_come_first_and_a_month_in_which_one_trust_is_silent_is_missing() {
    let mut cells = Cells::default();
    for month in ["2025-09", "2025-10", "2025-11"] {
        report(&mut cells, ADMISSIONS, "east", month, 100);
    }
    report(&mut cells, ADMISSIONS, "west", "2025-09", 40);
    report(&mut cells, ADMISSIONS, "west", "2025-11", 40);
    let found = chart(&cells, "ag-emergency-admissions", "county");
    assert_eq!(values(&found)[..3], [Some(140.0), None, Some(140.0)]);
    let note = &found.points[1].point.note;
    assert_eq!(*note, Some("1 of 2 places reported".into()));
    report(&mut cells, ADMISSIONS, "own-trust", "2025-11", 7);
    let own = chart(&cells, "ag-emergency-admissions", "county");
    assert_eq!((values(&own)[0], own.footprint), (Some(7.0), None));
}

#[test]
fn each_organisation_counts_in_its_own_years() {
    let mut cells = Cells::default();
    // Both report the months of the change, as predecessors do in restated files.
    for month in ["2025-02", "2025-03", "2025-04", "2025-05"] {
        report(&mut cells, "mar-non-elective", "old-group", month, 10);
        report(&mut cells, "mar-non-elective", "new-group", month, 20);
    }
    let found = chart(&cells, "mar-non-elective", "county");
    let tens = [Some(10.0), Some(10.0), Some(20.0), Some(20.0)];
    assert_eq!(values(&found)[..4], tens);
    assert_eq!(found.place(), "for the commissioners that serve County");
}

#[test]
fn a_rate_of_residents_is_not_made_of_a_trusts_numbers() {
    let mut cells = Cells::default();
    report(
        &mut cells,
        "emergency-admissions-65",
        "east",
        "2025-10",
        100,
    );
    assert!(
        chart(&cells, "ag-emergency-admissions-65", "county")
            .points
            .is_empty()
    );
}

proptest! {
    /// Whoever reports: a county's number is its own, or the sum of one kind of organisation, and England's has nothing
    /// of those that only serve.
    #[test]
    fn nothing_is_counted_twice(amounts in prop::collection::btree_map(
        prop::sample::select(vec!["county", "own-trust", "east", "west", "board", "new-group"]), 1_i64..1000, 0..6))
    {
        let mut cells = Cells::default();
        for (area, n) in &amounts {
            report(&mut cells, ADMISSIONS, area, "2025-11", *n);
        }
        let of = |ids: &[&str]| {
            let found: Vec<i64> = ids.iter().filter_map(|id| amounts.get(id)).copied().collect();
            (!found.is_empty()).then(|| found.iter().sum::<i64>() as f64)
        };
        let own = of(&["county"]).or(of(&["own-trust"]));
        let serving = || of(&["new-group"]).or(of(&["east", "west"])).or(of(&["board"]));
        let first = |area: &str| {
            let found = chart(&cells, "ag-emergency-admissions", area);
            values(&found).first().copied().flatten()
        };
        prop_assert_eq!(first("county"), own.or_else(serving));
        prop_assert_eq!(first("england"), own);
    }
}
