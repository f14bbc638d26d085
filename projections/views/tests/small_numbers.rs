//! Numbers of people as they may leave the system: what a reader sees of a small area, beside those next to it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails its test"
)]

use joinedup_events::area::{Area, AreaKind, Areas};
use joinedup_events::envelope::Envelope;
use joinedup_events::{AreaId, Event};
use joinedup_views::ask::{AskError, Basis, Definitions, Question, ask};
use joinedup_views::expectation::Expectations;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{Point, PointQuery, State};
use joinedup_views::suppression::{Audience, Policy, published};
use joinedup_views::tally::{Delta, Sums};
use joinedup_views::view::View;
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
    let measure = measures.get(id).unwrap();
    let (area, filter) = (AreaId::new(area).unwrap(), Filter::default());
    let query = PointQuery {
        measure,
        area: &area,
        grain: measure.period,
        from: None,
        to: None,
        filter: &filter,
        now: "2026-02-03T12:00:00Z".parse().unwrap(),
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
    assert!(exact.note.unwrap().to_string().contains("not shown: 9"));
    // Too few for a percentile, and too few to show: a difference between them would reveal which it was.
    let [nine, three] = ["hv-north-1", "hv-north-2"]
        .map(|area| seen(&cells, "tr-delay-days-p90", area, Audience::Public));
    assert_eq!(nine, three);
    assert_eq!(
        (nine.value, nine.n, nine.state),
        (None, None, State::Suppressed)
    );
    assert_eq!((nine.numerator, nine.denominator), (None, None));
}

#[test]
fn a_team_of_few_is_not_told_by_the_sum_of_its_scores_while_a_period_runs() {
    let mut cells = Cells::default();
    let date = "2026-02-02".parse().unwrap();
    let score = Delta::Sums(Sums {
        value: 371,
        denominator: 1,
        n: 1,
    });
    cells.apply(
        "experience.team_climate",
        "hv-north-1",
        &[("team", "t1")],
        date,
        score,
        1,
    );
    for audience in [Audience::Operations, Audience::Public] {
        let point = seen(&cells, "ex-team-climate", "hv-north-1", audience);
        assert_eq!(
            (point.value, point.numerator, point.denominator),
            (None, None, None)
        );
        assert_eq!(point.state, State::Incomplete);
    }
}

#[test]
fn the_few_behind_a_point_without_value_are_not_found_from_the_areas_beside_it() {
    let cells = stays(&[("hv-north-1", 6), ("hv-mid-1", 90), ("hv-south-1", 140)]);
    let public = |area| seen(&cells, "tr-delay-days-p90", area, Audience::Public);
    assert_eq!(
        public("havenshire").n,
        Some(235),
        "236 less 90 and 140 would be 6"
    );
    assert_eq!(public("hv-north-1").n, None);
    assert_eq!(public("hv-mid-1").n, Some(90));
    assert_eq!(public("hv-south-1").n, Some(140));
    let shown = seen(
        &cells,
        "tr-delay-days-p90",
        "hv-mid-1",
        Audience::Operations,
    );
    assert_eq!((shown.state, shown.n), (State::Final, Some(90)));
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
    assert_eq!(public("hv-mid-1").numerator, Some(10.0));
    assert_eq!(
        public("havenshire").numerator,
        Some(15.0),
        "15 less 10 is not 3"
    );
    let own = seen(
        &cells,
        "ex-response-rate",
        "hv-north-1",
        Audience::Operations,
    );
    assert_eq!((own.numerator, own.denominator), (Some(3.0), Some(40.0)));
}

#[test]
fn nights_are_those_of_the_people_who_spent_them() {
    let by = [
        ("pathway", "1"),
        ("reason", "nursing-home"),
        ("responsible", "both"),
    ];
    let mut cells = Cells::default();
    let date = |text: &str| text.parse().unwrap();
    for (area, people) in [("hv-north-4", 1), ("hv-mid-1", 12)] {
        for _ in 0..people {
            let mut step = |day: &str, by_one| {
                let delta = Delta::step(by_one);
                cells.apply("transfer.waiting", area, &by, date(day), delta, 1);
            };
            // The data begin with the month, so that it is whole.
            step("2026-01-01", 1);
            step("2026-01-08", -1);
        }
    }
    let nights = |area, audience| seen(&cells, "tr-delayed-nights", area, audience);
    let exact = nights("hv-north-4", Audience::Operations);
    assert_eq!(exact.value, Some(7.0), "seven nights of one person");
    let shown = nights("hv-north-4", Audience::Public);
    assert_eq!((shown.state, shown.value), (State::Suppressed, None));
    assert_eq!(nights("hv-mid-1", Audience::Public).value, Some(85.0));
    assert_eq!(nights("havenshire", Audience::Public).value, Some(90.0));
    // The average is made of the same nights.
    let average = seen(
        &cells,
        "tr-delayed-people-average",
        "hv-north-4",
        Audience::Public,
    );
    assert_eq!(average.value, None);
}

#[test]
fn a_region_over_a_county_and_a_board_that_overlap_gives_nobody_away() {
    let area = |id: &str, kind, parents: &[&str]| Area {
        id: AreaId::new(id).unwrap(),
        title: id.to_owned(),
        kind,
        parents: parents.iter().map(|p| AreaId::new(p).unwrap()).collect(),
        population_18: None,
        population_65: None,
        from: None,
        until: None,
    };
    let areas = Areas::of([
        area("region", AreaKind::Region, &[]),
        area("county", AreaKind::County, &["region"]),
        area("board", AreaKind::Icb, &["region"]),
        area("town", AreaKind::Neighbourhood, &["county", "board"]),
        area("island", AreaKind::Neighbourhood, &["board"]),
    ])
    .unwrap();
    // The region's parts add up to 17, and its 9 people less the 8 to 12 of the town are one.
    let cells = stays(&[("town", 8), ("island", 1)]);
    let measures = Measures::built_in(|_| true).unwrap();
    let (region, town) = (AreaId::new("region").unwrap(), AreaId::new("town").unwrap());
    let query = PointQuery {
        measure: measures.get("tr-delay-days-median").unwrap(),
        area: &region.clone(),
        grain: Grain::Week,
        from: None,
        to: None,
        filter: &Filter::default(),
        now: "2026-01-13T12:00:00Z".parse().unwrap(),
        range: None,
    };
    let (basis, policy) = (Basis::of_cells(&cells), Policy::default());
    let wanted = [region, town];
    let of = published(&basis, &areas, &query, &wanted, Audience::Public, &policy);
    let shown: Vec<Option<i64>> = wanted.iter().map(|id| of[id][0].n).collect();
    assert!(shown.contains(&None), "{shown:?}");
}

fn referral(number: u64, priority: &str, date: &str) -> (u64, Event) {
    let text = format!(
        r#"{{"specversion":"1.0","source":"/s","id":"{number}","type":"care.joinedup.referral.received.v1","time":"{date}T09:00:00Z","data":{{"referral":"r-{number}","area":"hv-north-1","service":"mdt","priority":"{priority}","trigger":"request"}}}}"#
    );
    let envelope = Envelope::from_json(text.as_bytes()).unwrap();
    (number, Event::decode(&envelope).unwrap())
}

#[test]
fn what_was_decided_of_one_part_serves_the_next_until_something_happens() {
    let measures = Measures::parse(
        "[[measure]]\nid = \"received\"\ntitle = \"Referrals\"\nquantity = \"referral.received\"\naggregate = \"count\"\nunit = \"people\"\nperiod = \"week\"\ndirection = \"none\"\noutcomes = [\"a\"]\n",
        |_| true,
    )
    .unwrap();
    let measure = measures.get("received").unwrap();
    let (areas, area) = (
        Areas::built_in().unwrap(),
        AreaId::new("hv-north-1").unwrap(),
    );
    let asked = |view: &View, policy: &Policy, priority: &str, grain: Grain| -> Vec<Point> {
        let value = [priority.to_owned()].into();
        let filter = Filter([("priority".to_owned(), value)].into());
        let query = PointQuery {
            measure,
            area: &area,
            grain,
            from: None,
            to: None,
            filter: &filter,
            now: "2026-03-03T12:00:00Z".parse().unwrap(),
            range: None,
        };
        let basis = Basis::of(view, &Expectations::default(), None, [measure]);
        let wanted = std::slice::from_ref(&area);
        published(&basis, &areas, &query, wanted, Audience::Public, policy)[&area].clone()
    };
    let of_february = |points: &[Point]| -> Point {
        let day = "2026-02-03".parse().unwrap();
        let holds = |p: &&Point| p.period_start <= day && day < p.period_end;
        points.iter().find(holds).unwrap().clone()
    };
    let mut view = View::new();
    // Nine routine ones and three urgent ones in a week: twelve less nine would be three.
    let first = (0..12).map(|n| {
        let priority = if n < 9 { "routine" } else { "urgent" };
        referral(n + 2, priority, "2026-02-03")
    });
    // Their weeks lie between others, so that the source is known to have reported them.
    let around = [
        referral(1, "routine", "2025-12-01"),
        referral(60, "routine", "2026-03-02"),
    ];
    view.fold(around.into_iter().chain(first).collect::<Vec<_>>());
    let policy = Policy::default();
    for grain in [Grain::Week, Grain::Month] {
        for priority in ["urgent", "routine"] {
            let alone = asked(&view, &Policy::default(), priority, grain);
            assert_eq!(
                asked(&view, &policy, priority, grain),
                alone,
                "{grain} {priority}"
            );
        }
        let urgent = of_february(&asked(&view, &policy, "urgent", grain));
        assert_eq!((urgent.state, urgent.value), (State::Suppressed, None));
    }
    let more = (61..69).map(|n| referral(n, "urgent", "2026-02-04"));
    view.fold(more.collect::<Vec<_>>());
    let urgent = of_february(&asked(&view, &policy, "urgent", Grain::Week));
    assert_eq!(urgent.value, Some(10.0));
}

/// What readers get of a question that is not the usual one.
fn asked(
    cells: &Cells,
    id: &str,
    area: &str,
    grain: Grain,
    filter: &[(&str, &[&str])],
) -> Vec<Point> {
    let areas = Areas::built_in().unwrap();
    let measures = Measures::built_in(|_| true).unwrap();
    let values = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect();
    let filter = filter.iter().map(|(d, v)| ((*d).to_owned(), values(v)));
    let (area, filter) = (AreaId::new(area).unwrap(), Filter(filter.collect()));
    let query = PointQuery {
        measure: measures.get(id).unwrap(),
        area: &area,
        grain,
        from: None,
        to: None,
        filter: &filter,
        now: "2026-02-03T12:00:00Z".parse().unwrap(),
        range: None,
    };
    let wanted = std::slice::from_ref(&area);
    let policy = Policy::default();
    let basis = Basis::of_cells(cells);
    published(&basis, &areas, &query, wanted, Audience::Public, &policy)[&area].clone()
}

#[test]
fn a_region_asked_for_every_pathway_at_once_does_not_tell_of_its_one_small_county() {
    let cells = stays(&[("E10000012", 6)]);
    let region = Areas::built_in()
        .unwrap()
        .get("E10000012")
        .unwrap()
        .parents
        .clone();
    let week = |filter| {
        asked(
            &cells,
            "tr-delay-days-median",
            region[0].as_str(),
            Grain::Month,
            filter,
        )
    };
    let every = ["0", "1", "2", "3", "unknown"];
    for filter in [
        &[][..],
        &[("pathway", &every[..])],
        &[("pathway", &every[..2])],
    ] {
        for point in week(filter) {
            assert!(
                point.value.is_none() && point.n.is_none_or(|n| n == 0),
                "{filter:?}: {point:?}"
            );
        }
    }
}

#[test]
fn a_place_does_not_begin_on_the_day_of_its_first_person() {
    let cells = stays(&[("hv-north-1", 3)]);
    let days = asked(&cells, "tr-delayed-share", "hv-north-1", Grain::Day, &[]);
    let weeks = asked(&cells, "tr-delayed-share", "hv-north-1", Grain::Week, &[]);
    assert_eq!(days[0].period_start, weeks[0].period_start);
    assert_eq!((days[0].state, days[0].n), (State::Suppressed, None));
}

/// Whether an audience is answered about a place as it was known at an instant, where the rule does not hold for some kinds.
fn is_told_of_then(area: &str, audience: Audience, exempt: &[AreaKind]) -> bool {
    let (areas, measures) = (
        Areas::built_in().unwrap(),
        Measures::built_in(|_| true).unwrap(),
    );
    let mut all = measures.iter();
    let measure = all.find(|m| m.quantity == "referral.received").unwrap();
    let mut view = View::new();
    view.fold((1..30).map(|n| referral(n, "routine", "2026-01-07")));
    let (policy, expectations) = (Policy::new(exempt.to_vec()), Expectations::default());
    let definitions = Definitions {
        areas: &areas,
        measures: &measures,
        policy: &policy,
        expectations: &expectations,
    };
    let now = "2026-03-03T12:00:00Z".parse().unwrap();
    let morning = "2026-02-01T05:00:00Z".parse().unwrap();
    let known = view.known_at(&[measure.quantity.as_str()], morning);
    let basis = Basis::as_known_at(&view, &expectations, [measure], morning, known);
    let wanted = [AreaId::new(area).unwrap()];
    let question = Question::new(measure.id.as_str(), &wanted, audience, now);
    match ask(&basis, &definitions, &question) {
        Err(error) => {
            assert_eq!(error, AskError::Past);
            false
        }
        Ok(answers) => answers.iter().all(|a| a.as_known_at == Some(morning)),
    }
}

#[test]
fn a_reader_cannot_ask_a_small_place_for_one_morning_after_the_other() {
    let usual = &[AreaKind::Country, AreaKind::Region][..];
    let all_that_are_asked = &[AreaKind::Country, AreaKind::Neighbourhood][..];
    for (area, audience, exempt, is_told) in [
        ("hv-north-1", Audience::Operations, usual, true),
        ("hv-north-1", Audience::Public, usual, false),
        ("hv-north-1", Audience::Public, all_that_are_asked, true),
        // It is shown as it is, and small places could be worked out with it.
        ("E92000001", Audience::Public, usual, false),
    ] {
        let told = is_told_of_then(area, audience, exempt);
        assert_eq!(told, is_told, "{area} {audience:?} {exempt:?}");
    }
}

#[test]
fn a_percentile_is_shown_where_many_lie_on_either_side_of_it() {
    for (id, fewest) in [("tr-delay-days-median", 16), ("tr-delay-days-p90", 80)] {
        let week = |people| {
            seen(
                &stays(&[("hv-north-1", people)]),
                id,
                "hv-north-1",
                Audience::Public,
            )
        };
        let few = week(fewest - 1);
        assert_eq!(
            (few.state, few.value, few.n),
            (State::Suppressed, None, None),
            "{id}"
        );
        assert!(week(fewest).value.is_some(), "{id}");
    }
}
