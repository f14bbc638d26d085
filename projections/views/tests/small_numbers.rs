//! Numbers of people as they may leave the system: what a reader sees of a small area, beside those next to it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails its test"
)]

use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use joinedup_views::ask::Basis;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{Point, PointQuery, State};
use joinedup_views::suppression::{Audience, Policy, published};
use joinedup_views::tally::{Delta, Sums};
use joinedup_views::{Cells, Filter};

/// Days from ready to out of so many people in each neighbourhood, in one week of January.
fn stays(of: &[(&str, i32)]) -> Cells {
    let all = [
        ("pathway", "0"),
        ("reason", "none"),
        ("responsible", "none"),
    ];
    let mut cells = Cells::default();
    for (area, people) in of {
        for days in 0..*people {
            let date = "2026-01-07".parse().unwrap();
            cells.apply(
                "transfer.delay_days",
                *area,
                &all,
                date,
                Delta::Value(days),
                1,
            );
        }
    }
    cells
}

fn seen(cells: &Cells, id: &str, area: &str, audience: Audience) -> Point {
    let (areas, measures) = (
        Areas::built_in().unwrap(),
        Measures::built_in(|_| true).unwrap(),
    );
    let (area, filter) = (AreaId::new(area).unwrap(), Filter::default());
    let query = PointQuery {
        measure: measures.get(id).unwrap(),
        area: &area,
        grain: Grain::Week,
        from: None,
        to: None,
        filter: &filter,
        now: "2026-01-13T12:00:00Z".parse().unwrap(),
        range: None,
    };
    let (basis, policy) = (Basis::of_cells(cells), Policy::default());
    let wanted = std::slice::from_ref(&area);
    published(&basis, &areas, &query, wanted, audience, &policy)[&area][0].clone()
}

#[test]
fn a_point_without_value_does_not_say_how_few_there_were() {
    let cells = stays(&[("hv-north-1", 9), ("hv-north-2", 3), ("hv-mid-1", 60)]);
    let exact = seen(
        &cells,
        "tr-delay-days-p90",
        "hv-north-1",
        Audience::Operations,
    );
    assert_eq!((exact.value, exact.n), (None, Some(9)));
    assert!(exact.note.unwrap().contains("too few: 9"));
    for area in ["hv-north-1", "hv-north-2"] {
        let point = seen(&cells, "tr-delay-days-p90", area, Audience::Public);
        assert_eq!((point.value, point.state), (None, State::Missing));
        assert!(point.n.is_none_or(|n| n % 5 == 0), "{point:?}");
        assert!(!point.note.unwrap().contains(['3', '9']));
    }
}

#[test]
fn the_few_behind_a_point_without_value_are_not_found_from_the_areas_beside_it() {
    let cells = stays(&[("hv-north-1", 6), ("hv-mid-1", 40), ("hv-south-1", 90)]);
    let public = |area| seen(&cells, "tr-delay-days-p90", area, Audience::Public);
    assert_eq!(
        public("havenshire").n,
        Some(136),
        "a county is shown as it is"
    );
    assert_eq!(public("hv-north-1").n, None);
    let beside = public("hv-mid-1");
    assert_eq!(
        (beside.state, beside.n),
        (State::Suppressed, None),
        "or 136 less 40 and 90 is 6"
    );
    assert_eq!(public("hv-south-1").n, Some(90));
    let shown = seen(
        &cells,
        "tr-delay-days-p90",
        "hv-mid-1",
        Audience::Operations,
    );
    assert_eq!((shown.state, shown.n), (State::Final, Some(40)));
}

#[test]
fn how_many_answered_is_a_count_of_people_too() {
    let mut cells = Cells::default();
    let date = "2026-01-07".parse().unwrap();
    for (area, answered, invited) in [("hv-north-1", 3, 40), ("hv-mid-1", 12, 41)] {
        let by = [
            ("carer", "no"),
            ("instrument", "i-statements"),
            ("mode", "paper"),
            ("respondent", "person"),
        ];
        for _ in 0..answered {
            cells.apply("experience.responses", area, &by, date, Delta::ONE, 1);
        }
        let sent = Sums {
            value: invited,
            denominator: 0,
            n: 1,
        };
        let by = [("instrument", "i-statements")];
        cells.apply(
            "experience.invitations",
            area,
            &by,
            date,
            Delta::Sums(sent),
            1,
        );
    }
    let public = |area| seen(&cells, "ex-response-rate", area, Audience::Public);
    assert_eq!(public("hv-north-1").state, State::Suppressed);
    assert_eq!(public("hv-north-1").numerator, None);
    assert_eq!(
        public("hv-mid-1").state,
        State::Suppressed,
        "or 15 less 12 is 3"
    );
    let own = seen(
        &cells,
        "ex-response-rate",
        "hv-north-1",
        Audience::Operations,
    );
    assert_eq!((own.numerator, own.denominator), (Some(3.0), Some(40.0)));
}
