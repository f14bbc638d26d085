//! Nobody is counted twice, whatever the graph of areas looks like: hospitals within trusts, boards over trusts and
//! councils, a neighbourhood in two larger areas. Every area's points are held against a slow count that walks the stays
//! one by one and asks of each whether its home or its hospital lies within.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails here fails its test"
)]

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use joinedup_events::area::{Area, AreaKind, Areas};
use joinedup_events::envelope::Envelope;
use joinedup_events::transfer::{
    AdmissionMethod, Admitted, DischargeMethod, Discharged, Ready, TransferFact,
};
use joinedup_events::{AreaId, EntityId, Event, Fact};
use joinedup_views::Filter;
use joinedup_views::ask::Basis;
use joinedup_views::measure::Population;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{Point, PointQuery, points, population};
use joinedup_views::view::View;
use proptest::prelude::*;
use std::sync::LazyLock;

static MEASURES: LazyLock<Measures> = LazyLock::new(|| Measures::built_in(|_| true).unwrap());

fn ask(
    view: &View,
    areas: &Areas,
    area: &AreaId,
    (measure, grain): (&str, Grain),
    now: &str,
) -> Vec<Point> {
    let query = PointQuery {
        measure: MEASURES.get(measure).unwrap(),
        area,
        grain,
        from: Some("2026-11-01".parse().unwrap()),
        to: None,
        filter: &Filter::default(),
        now: now.parse().unwrap(),
        range: None,
    };
    points(&Basis::of_cells(view.cells()), areas, &query)
}

fn area(id: &str, kind: AreaKind, parents: &[&str]) -> Area {
    Area {
        id: AreaId::new(id).unwrap(),
        title: id.to_owned(),
        kind,
        parents: parents.iter().map(|p| AreaId::new(p).unwrap()).collect(),
        population_18: None,
        population_65: None,
        from: None,
        until: None,
    }
}

#[test]
fn residents_of_a_part_of_a_part_are_counted_once() {
    let lived_in = |id, parents: &[&str], people| Area {
        population_18: people,
        ..area(id, AreaKind::Locality, parents)
    };
    let areas = Areas::of([
        area("board", AreaKind::Icb, &[]),
        lived_in("unitary", &["board"], Some(1_000)),
        lived_in("north", &["board", "unitary"], Some(400)),
    ])
    .unwrap();
    let of = |id: &str| population(&areas, &AreaId::new(id).unwrap(), Population::Adults);
    assert_eq!((of("board"), of("north")), (Some(1_000), Some(400)));
}

/// Two people whose area is a trust, in two hospitals of that trust; one of them is still there.
const TWO_PEOPLE: &str = include_str!("area_graphs/double.ndjson");

#[test]
fn a_trust_counts_the_people_of_its_sites_once() {
    let site = |id| area(id, AreaKind::Hospital, &["RAJ"]);
    let trust = area("RAJ", AreaKind::Trust, &[]);
    let areas = Areas::of([trust, site("RAJ12"), site("RAJ32"), site("RAJ56")]).unwrap();
    let mut view = View::new();
    view.fold(TWO_PEOPLE.lines().zip(1..).map(|(line, position)| {
        let envelope = Envelope::from_json(line.as_bytes()).unwrap();
        (position, Event::decode(&envelope).unwrap())
    }));
    let of = |area: &str, measure, grain| {
        let area = AreaId::new(area).unwrap();
        ask(
            &view,
            &areas,
            &area,
            (measure, grain),
            "2026-11-27T12:00:00Z",
        )
    };
    for (area, there, nights) in [
        ("RAJ", 1.0, 21.0),
        ("RAJ12", 1.0, 11.0),
        ("RAJ32", 0.0, 10.0),
    ] {
        let now = of(area, "tr-ready-now", Grain::Day).pop().unwrap();
        assert_eq!(
            (now.value, now.n),
            (Some(there), Some(there as i64)),
            "{area}"
        );
        let month = of(area, "tr-delayed-nights", Grain::Month).pop().unwrap();
        assert_eq!(month.value, Some(nights), "{area}");
    }
    let out = of("RAJ", "tr-before-17", Grain::Month).pop().unwrap();
    assert_eq!((out.numerator, out.denominator), (Some(1.0), Some(1.0)));
    let average = of("RAJ", "tr-delayed-people-average", Grain::Month);
    assert_eq!((average[0].value.unwrap() * 100.0).round(), 81.0);
}

/// A stay: home and hospital by number, day of being ready, days until leaving.
#[derive(Clone, Debug)]
struct Stay {
    home: usize,
    hospital: Option<usize>,
    ready: u64,
    out: Option<u64>,
}

/// Areas by number, each with its parents: numbers below its own, so that no area is a part of itself.
fn graphs() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<Stay>)> {
    let parents = prop::collection::vec(prop::collection::btree_set(0..12usize, 0..4), 3..13);
    (
        parents,
        prop::collection::vec((0..12usize, 0..18usize, 0..25u64, 0..40u64), 1..25),
    )
        .prop_map(|(parents, stays)| {
            let n = parents.len();
            let below = |(at, of): (usize, std::collections::BTreeSet<usize>)| {
                of.into_iter().filter(|parent| *parent < at).collect()
            };
            let stay = |(home, hospital, ready, length)| Stay {
                home: home % n,
                hospital: Some(hospital).filter(|h| *h < n),
                ready,
                out: Some(ready + length).filter(|_| length < 30),
            };
            (
                parents.into_iter().enumerate().map(below).collect(),
                stays.into_iter().map(stay).collect(),
            )
        })
}

fn name(number: usize) -> String {
    format!("a{number}")
}

fn day(number: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 1).unwrap() + Days::new(number)
}

fn facts(number: usize, stay: &Stay) -> Vec<(u64, Event)> {
    let at = |day: NaiveDate| -> DateTime<Utc> { day.and_time(NaiveTime::MIN).and_utc() };
    let hospital = stay.hospital.map(|h| AreaId::new(&name(h)).unwrap());
    let mut facts = vec![
        (
            at(day(0)),
            TransferFact::Admitted(Admitted {
                hospital,
                method: AdmissionMethod::Other,
                previous: None,
                population: None,
            }),
        ),
        (
            at(day(stay.ready)),
            TransferFact::Ready(Ready {
                date: day(stay.ready),
            }),
        ),
    ];
    if let Some(out) = stay.out {
        let left = Discharged {
            method: DischargeMethod::Agreed,
            destination: None,
            date_only: false,
        };
        facts.push((at(day(out)), TransferFact::Discharged(left)));
    }
    let event = |(n, (at, fact)): (usize, (DateTime<Utc>, TransferFact))| Event {
        source: "/s".into(),
        id: format!("{number}-{n}"),
        occurred_at: at,
        recorded_at: at,
        entity: EntityId::new(&format!("t-{number}")).unwrap(),
        area: AreaId::new(&name(stay.home)).unwrap(),
        fact: Fact::Transfer(fact),
        actor: None,
    };
    facts
        .into_iter()
        .enumerate()
        .map(event)
        .zip(1..)
        .map(|(e, p)| (p, e))
        .collect()
}

/// Whether one area is another or a part of it, climbing from parent to parent.
fn lies_within(parents: &[Vec<usize>], area: usize, larger: usize) -> bool {
    area == larger
        || parents[area]
            .iter()
            .any(|parent| lies_within(parents, *parent, larger))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_area_of_any_graph_counts_each_stay_once((parents, stays) in graphs(), seed in any::<u64>()) {
        let kinds = AreaKind::ALL;
        let areas = Areas::of(parents.iter().enumerate().map(|(at, of)| {
            let of: Vec<String> = of.iter().map(|p| name(*p)).collect();
            let of: Vec<&str> = of.iter().map(String::as_str).collect();
            area(&name(at), kinds[(seed as usize).wrapping_add(at * 7) % kinds.len()], &of)
        })).unwrap();
        let mut view = View::new();
        view.fold(stays.iter().enumerate().flat_map(|(number, stay)| facts(number, stay)));
        for larger in 0..parents.len() {
            let here: Vec<&Stay> = stays.iter().filter(|stay| {
                lies_within(&parents, stay.home, larger)
                    || stay.hospital.is_some_and(|h| lies_within(&parents, h, larger))
            }).collect();
            let id = AreaId::new(&name(larger)).unwrap();
            // Where nothing of a kind was ever recorded the point has no value, and there is nobody.
            let last = |measure, grain| {
                ask(&view, &areas, &id, (measure, grain), "2026-11-27T12:00:00Z").pop().unwrap()
            };
            let value = |measure, grain| last(measure, grain).value.unwrap_or_default();
            let there = here.iter().filter(|s| s.ready <= 26 && s.out.is_none_or(|out| out > 26)).count();
            let nights: u64 = here.iter().map(|s| s.out.unwrap_or(26).min(26).saturating_sub(s.ready)).sum();
            let left = here.iter().filter(|s| s.out.is_some_and(|out| out < 30)).count();
            prop_assert_eq!(value("tr-ready-now", Grain::Day), there as f64);
            prop_assert_eq!(value("tr-delayed-nights", Grain::Month), nights as f64);
            let out_of = last("tr-before-17", Grain::Month).denominator.unwrap_or_default();
            prop_assert_eq!(out_of, left as f64);
        }
    }
}
