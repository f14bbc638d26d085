//! A return that several kinds of organisation publish is added up of one kind alone, in every larger area; and a place that
//! was merged is waited for in its years.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "what fails here fails the test"
)]

use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::AreaId;
use joinedup_events::area::{Area, AreaKind, Areas};
use joinedup_views::Cells;
use joinedup_views::ask::{Basis, Definitions, Question, Span, ask};
use joinedup_views::chart::Chart;
use joinedup_views::expectation::Expectations;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::suppression::{Audience, Policy};
use joinedup_views::tally::{Delta, Sums};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const MEASURE: &str = "ag-emergency-admissions";
const QUANTITY: &str = "observation.ae-emergency-admissions";

fn report(cells: &mut Cells, area: &str, month: &str, value: i64) {
    let sums = Sums {
        value: value * 1_000_000,
        denominator: 0,
        n: 1,
    };
    let start: NaiveDate = format!("{month}-01").parse().unwrap();
    cells.apply(
        QUANTITY,
        area,
        &[("grain", "month")],
        start,
        Delta::Sums(sums),
        1,
    );
}

fn chart(cells: &Cells, areas: &Areas, area: &str, grain: Option<Grain>) -> Chart {
    static MEASURES: LazyLock<Measures> = LazyLock::new(|| Measures::built_in(|_| true).unwrap());
    let area = AreaId::new(area).unwrap();
    let now: DateTime<Utc> = "2019-09-20T12:00:00Z".parse().unwrap();
    let definitions = Definitions {
        areas,
        measures: &MEASURES,
        policy: &Policy::default(),
        expectations: &Expectations::default(),
    };
    let mut question = Question::new(MEASURE, std::slice::from_ref(&area), Audience::Public, now);
    question.span = Span::Periods {
        grain,
        from: None,
        to: None,
    };
    let answers = ask(&Basis::of_cells(cells), &definitions, &question);
    answers.unwrap().remove(0).chart
}

fn values(chart: &Chart) -> Vec<Option<f64>> {
    chart.points.iter().map(|p| p.point.value).collect()
}

fn notes(chart: &Chart) -> Vec<String> {
    let notes = chart
        .points
        .iter()
        .filter_map(|p| p.point.note.as_ref().map(ToString::to_string));
    notes.collect()
}

#[test]
fn what_trusts_boards_and_councils_all_publish_counts_once_in_england_and_its_regions() {
    let areas = Areas::built_in().unwrap();
    let mut cells = Cells::default();
    for (area, value) in [("RAJ", 100), ("RDE", 40), ("QH8", 140), ("E10000012", 130)] {
        report(&mut cells, area, "2019-06", value);
    }
    for area in ["E92000001", "Y61"] {
        let found = chart(&cells, &areas, area, None);
        assert_eq!(
            values(&found)[0],
            Some(140.0),
            "two trusts, and no board beside them"
        );
        let note = &notes(&found)[0];
        assert!(
            note.starts_with("the sum of 2 places that report; "),
            "{note}"
        );
    }
    // The board's two codes are one board.
    report(&mut cells, "E54000026", "2019-06", 140);
    report(&mut cells, "QJG", "2019-06", 60);
    report(&mut cells, "QM7", "2019-06", 50);
    assert_eq!(values(&chart(&cells, &areas, "Y61", None))[0], Some(250.0));
}

#[test]
fn a_merger_leaves_no_hole_and_counts_nothing_twice() {
    let areas = Areas::built_in().unwrap();
    let mut cells = Cells::default();
    for (area, months, value) in [
        ("E06000028", ["2019-03", "2019-04"], 10),
        ("E06000029", ["2019-03", "2019-04"], 20),
        ("E06000058", ["2019-05", "2019-06"], 33),
        ("E06000001", ["2019-03", "2019-04"], 5),
        ("E06000001", ["2019-05", "2019-06"], 5),
    ] {
        for month in months {
            report(&mut cells, area, month, value);
        }
    }
    let found = chart(&cells, &areas, "E92000001", None);
    assert_eq!(
        values(&found)[..4],
        [Some(35.0), Some(35.0), Some(38.0), Some(38.0)]
    );
    let quarter = Some(Grain::Quarter);
    let by_quarter = values(&chart(&cells, &areas, "E92000001", quarter));
    assert!(
        by_quarter.contains(&Some(35.0 + 38.0 + 38.0)),
        "{by_quarter:?}"
    );
    // One that is there and silent is waited for.
    let mut without = cells;
    report(&mut without, "E06000001", "2019-06", -5);
    report(&mut without, "E06000002", "2019-03", 1);
    let found = chart(&without, &areas, "E92000001", None);
    assert_eq!(values(&found)[1], None);
}

const KINDS: [AreaKind; 5] = [
    AreaKind::Region,
    AreaKind::Icb,
    AreaKind::County,
    AreaKind::Trust,
    AreaKind::Commissioner,
];

/// A country of regions, boards in regions, and councils, trusts and commissioners each within some of those; which of them
/// report, and how much.
fn country() -> impl Strategy<Value = (Areas, BTreeMap<String, i64>)> {
    let below = prop::collection::vec(
        (2..5usize, any::<prop::sample::Index>(), any::<bool>()),
        1..12,
    );
    (1..4usize, 0..5usize, below).prop_flat_map(|(regions, boards, below)| {
        let mut all = vec![("x".to_owned(), AreaKind::Country, Vec::new())];
        for n in 0..regions {
            all.push((format!("r{n}"), KINDS[0], vec!["x".to_owned()]));
        }
        for n in 0..boards {
            all.push((format!("b{n}"), KINDS[1], vec![format!("r{}", n % regions)]));
        }
        for (n, (kind, parent, is_in_board)) in below.into_iter().enumerate() {
            let parent = match (is_in_board, boards) {
                (true, 1..) => format!("b{}", parent.index(boards)),
                _ => format!("r{}", parent.index(regions)),
            };
            all.push((format!("a{n}"), KINDS[kind], vec![parent]));
        }
        let areas = Areas::of(all.iter().map(|(id, kind, parents)| Area {
            id: AreaId::new(id).unwrap(),
            title: id.clone(),
            kind: *kind,
            parents: parents.iter().map(|p| AreaId::new(p).unwrap()).collect(),
            population_18: None,
            population_65: None,
            from: None,
            until: None,
        }))
        .unwrap();
        let ids: Vec<String> = all.into_iter().skip(1).map(|(id, ..)| id).collect();
        let size = ids.len();
        (
            Just(areas),
            prop::collection::vec(prop::option::of(1..1_000i64), size),
        )
            .prop_map(move |(areas, values)| {
                let reports = ids.iter().cloned().zip(values);
                (
                    areas,
                    reports.filter_map(|(id, v)| Some((id, v?))).collect(),
                )
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The number of every area is its own report, or else the sum of reports of one kind below it, none of which lies
    /// within another.
    #[test]
    fn every_sum_is_of_one_kind((areas, reports) in country()) {
        let mut cells = Cells::default();
        for (id, value) in &reports {
            report(&mut cells, id, "2019-06", *value);
        }
        for area in areas.iter() {
            let found = chart(&cells, &areas, area.id.as_str(), None);
            let shown = values(&found).first().copied().flatten();
            let below = areas.within(&area.id);
            let own = reports.get(area.id.as_str());
            let mut sums: Vec<i64> = own.into_iter().copied().collect();
            if own.is_none() {
                for kind in KINDS {
                    // Of a kind, those that no other reporter below the area holds already.
                    let held = |id: &AreaId| below.iter().any(|over| {
                        over != id && *over != area.id && reports.contains_key(over.as_str()) && areas.within(over).contains(id)
                    });
                    let of_kind = below.iter().filter(|id| areas.get(id.as_str()).unwrap().kind == kind);
                    let parts: Vec<i64> = of_kind
                        .filter(|id| !held(id))
                        .filter_map(|id| reports.get(id.as_str()).copied())
                        .collect();
                    if !parts.is_empty() {
                        sums.push(parts.iter().sum());
                    }
                }
            }
            match shown {
                Some(shown) => prop_assert!(sums.iter().any(|sum| (*sum as f64 - shown).abs() < 0.001), "{}: {shown} of {sums:?}", area.id),
                None => prop_assert!(sums.is_empty(), "{}: nothing of {sums:?}", area.id),
            }
        }
    }
}
