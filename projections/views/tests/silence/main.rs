//! A feed that falls silent is never taken for calm, at any distance, until somebody says that it has ended; and one event
//! of a stranger makes nothing missing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails here fails its test"
)]

mod statements;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use joinedup_events::area::Areas;
use joinedup_events::change::{ChangeFact, EndReason, SourceEnded};
use joinedup_events::experience::ExperienceFact;
use joinedup_events::facts::Retracted;
use joinedup_events::transfer::{
    AdmissionMethod, Admitted, DischargeMethod, Discharged, Ready, TransferFact,
};
use joinedup_events::{AreaId, EntityId, Event, Fact, Family, local};
use joinedup_views::Filter;
use joinedup_views::ask::Basis;
use joinedup_views::expectation::Expectations;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{PointQuery, State, points};
use joinedup_views::suppression::{Audience, Policy, published};
use joinedup_views::view::View;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const PLACE: &str = "hv-north-1";

fn hour(day: i64, hour: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-01-05T00:00:00Z".parse().unwrap();
    start + TimeDelta::days(day) + TimeDelta::hours(hour)
}

fn date(day: i64) -> NaiveDate {
    local::date(hour(day, 12))
}

fn event(source: &str, id: &str, at: DateTime<Utc>, entity: &str, fact: Fact) -> Event {
    Event {
        source: source.to_owned(),
        id: id.to_owned(),
        occurred_at: at,
        recorded_at: at,
        entity: EntityId::new(entity).unwrap(),
        area: AreaId::new(PLACE).unwrap(),
        fact,
        actor: None,
    }
}

/// One person a day waits for three nights.
fn feed(source: &str, days: std::ops::Range<i64>) -> Vec<Event> {
    let stay = |day: i64| {
        let entity = format!("{}-{day}", &source[1..]);
        let ready = TransferFact::Ready(Ready { date: date(day) });
        let left = TransferFact::Discharged(Discharged {
            method: DischargeMethod::Agreed,
            destination: None,
            date_only: false,
        });
        let (began, ended) = (hour(day, 10), hour(day + 3, 10));
        [
            event(
                source,
                &format!("{day}-r"),
                began,
                &entity,
                Fact::Transfer(ready),
            ),
            event(
                source,
                &format!("{day}-d"),
                ended,
                &entity,
                Fact::Transfer(left),
            ),
        ]
    };
    let mut events: Vec<Event> = days.clone().flat_map(stay).collect();
    events.retain(|e| e.recorded_at < hour(days.end, 0));
    events
}

fn ended(source: &str, day: i64) -> Event {
    let fact = SourceEnded {
        ended: source.to_owned(),
        because: EndReason::Closed,
        successor: None,
    };
    let fact = Fact::Change(ChangeFact::SourceEnded(fact));
    event("/admin", "end", hour(day, 9), "source/x", fact)
}

fn not_ended(day: i64) -> Event {
    let fact = Retracted {
        retracts: "end".to_owned(),
        retracts_source: None,
        previous: None,
    };
    let fact = Fact::Change(ChangeFact::Retracted(fact));
    event("/admin", "end-back", hour(day, 10), "source/x", fact)
}

fn view(events: impl IntoIterator<Item = Event>) -> View {
    let mut view = View::new();
    view.fold((1..).zip(events));
    view
}

fn heard(view: &View) -> Option<NaiveDate> {
    let place = BTreeSet::from([AreaId::new(PLACE).unwrap()]);
    view.summary()
        .reported_until(Family::Transfer, &place, &Expectations::default())
        .map(local::date)
}

#[test]
fn weeks_after_the_last_word_of_one_of_two_feeds_are_missing_at_any_distance() {
    let measures = Measures::built_in(|_| true).unwrap();
    let areas = Areas::built_in().unwrap();
    for silent in [10, 40, 100, 400] {
        let end = 84 + silent;
        let view = view([feed("/a", 0..end), feed("/b", 0..84)].concat());
        let until = heard(&view);
        assert_eq!(until, Some(date(83)), "{silent} days");
        let query = PointQuery {
            measure: measures.get("tr-delayed-nights").unwrap(),
            area: &AreaId::new(PLACE).unwrap(),
            grain: Grain::Week,
            from: None,
            to: None,
            filter: &Filter::default(),
            now: hour(end, 12),
            range: None,
        };
        let expectations = Expectations::default();
        let basis = Basis::of(&view, &expectations, None, [query.measure]);
        let points = points(&basis, &areas, &query);
        // Sunday's last word came at ten in the morning: what was to come that day is not known.
        let last = points.iter().find(|p| p.period_start == date(77)).unwrap();
        assert_eq!(last.state, State::Incomplete);
        let over = points.iter().filter(|p| p.state != State::Incomplete);
        for point in over {
            let told = point.period_start < date(77);
            assert_eq!(
                point.state == State::Final,
                told,
                "{silent} days: {point:?}"
            );
            let whole = point.period_start > date(3) && told;
            assert!(!whole || point.value == Some(42.0), "{point:?}");
        }
        // A reader who asks for days is shown none, but sees which of them nobody reported.
        let days = PointQuery {
            grain: Grain::Day,
            ..query
        };
        let wanted = std::slice::from_ref(days.area);
        let policy = Policy::default();
        let seen = published(&basis, &areas, &days, wanted, Audience::Public, &policy);
        let over = seen[days.area].iter();
        for point in over.filter(|p| p.state != State::Incomplete) {
            let told = point.period_start <= date(83);
            let state = if told {
                State::Suppressed
            } else {
                State::Missing
            };
            assert_eq!((point.value, point.state), (None, state), "{point:?}");
        }
    }
}

/// The states of the last weeks of one chart, a Monday at noon.
fn last_weeks(events: &[Event], monday: i64, count: usize) -> Vec<State> {
    let measures = Measures::built_in(|_| true).unwrap();
    let now = hour(monday, 12);
    let view = view(events.iter().filter(|e| e.recorded_at <= now).cloned());
    let query = PointQuery {
        measure: measures.get("tr-delayed-nights").unwrap(),
        area: &AreaId::new(PLACE).unwrap(),
        grain: Grain::Week,
        from: None,
        to: Some(date(monday - 1)),
        filter: &Filter::default(),
        now,
        range: None,
    };
    let basis = Basis::of(&view, &Expectations::default(), None, [query.measure]);
    let points = points(&basis, &Areas::built_in().unwrap(), &query);
    let states = points.iter().rev().take(count).map(|p| p.state);
    states.collect()
}

#[test]
fn a_week_is_not_judged_before_the_list_of_every_friday_is_in() {
    let mut fridays = feed("/fridays", 0..140);
    for event in &mut fridays {
        let day = (event.recorded_at - hour(0, 0)).num_days();
        event.recorded_at = hour(day + (4 - day).rem_euclid(7), 18);
    }
    let both = [feed("/a", 0..140), fridays.clone()].concat();
    let (whole, part) = (State::Final, State::Incomplete);
    assert_eq!(last_weeks(&both, 84, 3), [part, whole, whole]);
    // On the first Friday after it the list is in.
    fridays.retain(|e| e.recorded_at < hour(90, 0));
    let in_time = [feed("/a", 0..140), fridays].concat();
    assert_eq!(last_weeks(&in_time, 91, 3), [part, whole, whole]);
    assert_eq!(last_weeks(&in_time, 98, 3), [State::Missing, part, whole]);
    // No week waits for the list of the month: charts would stop for as long, and what got worse would be calm.
    let mut monthly = feed("/monthly", 0..80);
    monthly.retain(|e| (e.recorded_at - hour(0, 0)).num_days() % 14 == 0);
    let with_monthly = [feed("/a", 0..140), monthly].concat();
    assert_eq!(last_weeks(&with_monthly, 84, 2), [whole, whole]);
    // Who reports when somebody is admitted is waited for by nobody.
    let mut rare = feed("/rare", 0..80);
    rare.retain(|e| {
        [1, 2, 3, 12, 13, 30, 31, 50, 66, 67, 75]
            .map(|d| hour(d, 10))
            .contains(&e.recorded_at)
    });
    let with_rare = [feed("/a", 0..140), rare].concat();
    assert_eq!(last_weeks(&with_rare, 84, 2), [whole, whole]);
}

/// Charts as they were known at instants, and those of views that were folded then: how many weeks were missing.
fn as_known(all: &[Event], instants: impl IntoIterator<Item = i64>) -> Vec<usize> {
    let measures = Measures::built_in(|_| true).unwrap();
    let areas = Areas::built_in().unwrap();
    let measure = measures.get("tr-delayed-nights").unwrap();
    let expectations = Expectations::default();
    let now = view(all.iter().cloned());
    let missing = |day| {
        let at = hour(day, 12);
        let query = PointQuery {
            measure,
            area: &AreaId::new(PLACE).unwrap(),
            grain: Grain::Week,
            from: None,
            to: None,
            filter: &Filter::default(),
            now: at,
            range: None,
        };
        let then = view(all.iter().filter(|e| e.recorded_at <= at).cloned());
        let basis = Basis::of(&then, &expectations, None, [measure]);
        let said = points(&basis, &areas, &query);
        let known = now.known_at(&[measure.quantity.as_str()], at);
        let basis = Basis::as_known_at(&now, &expectations, [measure], at, known);
        assert_eq!(points(&basis, &areas, &query), said, "{at}");
        said.iter().filter(|p| p.state == State::Missing).count()
    };
    instants.into_iter().map(missing).collect()
}

#[test]
fn what_a_silent_feed_sent_later_was_missing_as_it_was_known_before() {
    let mut late = feed("/b", 0..140);
    for event in late.iter_mut().filter(|e| e.recorded_at >= hour(84, 0)) {
        event.recorded_at = event.recorded_at.max(hour(112, 12));
    }
    let all = [feed("/a", 0..140), late].concat();
    assert_eq!(as_known(&all, [83, 100, 111, 120]), [0, 2, 3, 0]);
}

#[test]
fn a_source_had_ended_as_it_was_known_only_between_its_end_and_what_took_that_back() {
    let two = [feed("/a", 0..140), feed("/b", 0..50)].concat();
    let taken_back = [two.clone(), vec![ended("/b", 70), not_ended(90)]].concat();
    assert_eq!(as_known(&taken_back, [69, 80, 100]), [1, 0, 6]);
    let mut told_late = ended("/b", 70);
    told_late.recorded_at = hour(90, 9);
    assert_eq!(
        as_known(&[two.clone(), vec![told_late]].concat(), [80, 100]),
        [3, 0]
    );
    // It began again much later, which was not known then.
    let again = [two, vec![ended("/b", 70)], feed("/b", 120..125)].concat();
    assert_eq!(as_known(&again, [80, 110]), [0, 0]);
}

#[test]
fn a_hospital_is_as_silent_as_the_feed_that_names_it() {
    let hospital = AreaId::new("hv-general").unwrap();
    let mut events = feed("/a", 0..60);
    let admitted = TransferFact::Admitted(Admitted {
        hospital: Some(hospital.clone()),
        method: AdmissionMethod::Emergency,
        previous: None,
        population: None,
    });
    let admission = event("/a", "came", hour(0, 9), "a-0", Fact::Transfer(admitted));
    events.push(admission);
    let view = view([events, feed("/b", 0..90)].concat());
    let of = |area: &AreaId| {
        let area = BTreeSet::from([area.clone()]);
        let set = Expectations::default();
        let until = view.summary().reported_until(Family::Transfer, &area, &set);
        until.map(local::date)
    };
    assert_eq!(of(&hospital), Some(date(59)));
    assert_eq!(
        of(&AreaId::new("hv-riverside").unwrap()),
        None,
        "no feed names it"
    );
}

#[test]
fn those_who_left_are_not_taken_for_well_while_nobody_reports_returns() {
    let measures = Measures::built_in(|_| true).unwrap();
    let areas = Areas::built_in().unwrap();
    let came = (0..100).map(|day| {
        let admitted = TransferFact::Admitted(Admitted {
            hospital: None,
            method: AdmissionMethod::Elective,
            previous: None,
            population: None,
        });
        let (id, entity) = (format!("{day}-a"), format!("a-{day}"));
        event("/a", &id, hour(day, 9), &entity, Fact::Transfer(admitted))
    });
    let view = view(feed("/a", 0..100).into_iter().chain(came));
    let query = PointQuery {
        measure: measures.get("tr-readmitted-30").unwrap(),
        area: &AreaId::new(PLACE).unwrap(),
        grain: Grain::Month,
        from: None,
        to: None,
        filter: &Filter::default(),
        now: hour(300, 12),
        range: None,
    };
    let expectations = Expectations::default();
    let basis = Basis::of(&view, &expectations, None, [query.measure]);
    let points = points(&basis, &areas, &query);
    let states: Vec<State> = points.iter().take(4).map(|p| p.state).collect();
    // The last report is of 14 April: it shows who came back of those who left by 14 March.
    let (last, provisional) = (State::Incomplete, State::Provisional);
    assert_eq!(states, [State::Final, State::Final, provisional, last]);
}

#[test]
fn one_event_or_one_upload_of_a_stranger_makes_nothing_missing() {
    let stranger = feed("/stranger", 0..1);
    assert_eq!(
        heard(&view([feed("/a", 0..60), stranger].concat())),
        Some(date(59))
    );
    let mut upload = feed("/upload", 0..30);
    upload.iter_mut().for_each(|e| e.recorded_at = hour(30, 12));
    assert_eq!(
        heard(&view([feed("/a", 0..60), upload.clone()].concat())),
        Some(date(59))
    );
    // Alone, nothing is known after it either.
    assert_eq!(heard(&view(upload)), Some(date(30)));
    assert_eq!(heard(&view([])), None);
}

#[test]
fn a_registered_source_is_expected_from_its_first_event() {
    let view = view([feed("/a", 0..60), feed("/new", 0..1)].concat());
    let place = BTreeSet::from([AreaId::new(PLACE).unwrap()]);
    let until = |registered: &str| {
        let set = Expectations::in_hours(&BTreeMap::from([(registered.to_owned(), 24.0)]));
        view.summary()
            .reported_until(Family::Transfer, &place, &set)
            .map(local::date)
    };
    assert_eq!(until("/new"), Some(date(0)));
    assert_eq!(until("/other"), Some(date(59)));
}

#[test]
fn a_source_that_reports_now_and_then_is_late_only_where_that_is_set() {
    let mut view = view(feed("/a", 0..60));
    let mut asked = feed("/survey", 0..10);
    for event in &mut asked {
        let data = r#"{"instrument": "p3c-eq", "count": 20}"#;
        let fact = ExperienceFact::decode("invited", data).unwrap().unwrap();
        event.fact = Fact::Experience(fact);
    }
    view.fold((1_000..).zip(asked));
    let none = Expectations::default();
    let late = |set: &Expectations| {
        view.summary()
            .expected_intervals(set)
            .into_keys()
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(late(&none), ["/a"]);
    let yearly = Expectations::in_hours(&BTreeMap::from([("/survey".to_owned(), 8_784.0)]));
    assert_eq!(late(&yearly), ["/a", "/survey"]);
}

#[test]
fn a_setting_is_the_patience_with_a_source_whatever_its_rhythm() {
    let view = view([feed("/a", 0..60), feed("/b", 0..50)].concat());
    let place = BTreeSet::from([AreaId::new(PLACE).unwrap()]);
    let until = |hours| {
        let set = Expectations::in_hours(&BTreeMap::from([("/b".to_owned(), hours)]));
        view.summary()
            .reported_until(Family::Transfer, &place, &set)
            .map(local::date)
    };
    assert_eq!(until(24.0), Some(date(49)));
    assert_eq!(until(30.0 * 24.0), Some(date(59)), "patient for a month");
}

#[test]
fn a_source_ends_when_somebody_says_so_and_not_before() {
    let two = || [feed("/a", 0..100), feed("/b", 0..50)].concat();
    let closed = [two(), vec![ended("/b", 70)]].concat();
    assert_eq!(heard(&view(closed.clone())), Some(date(99)));
    assert_eq!(
        view(closed.clone())
            .summary()
            .expected_interval("/b", &Expectations::default()),
        None
    );
    let taken_back = [closed.clone(), vec![not_ended(71)]].concat();
    assert_eq!(heard(&view(taken_back)), Some(date(49)));
    // It speaks again, and falls silent again.
    let again = [closed, feed("/b", 80..85)].concat();
    assert_eq!(heard(&view(again)), Some(date(84)));
}

#[test]
fn the_interval_expected_of_a_source_is_that_of_its_own_rhythm() {
    let view = view(feed("/a", 0..60));
    assert_eq!(
        view.summary()
            .expected_interval("/a", &Expectations::default()),
        Some(TimeDelta::days(2))
    );
    assert_eq!(
        view.summary()
            .expected_interval("/nobody", &Expectations::default()),
        None
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_and_repetition_do_not_matter(a in 1..40i64, b in 1..40i64, end in 0..60i64, back in any::<bool>(), seed in any::<u64>(), chunk in 1..50usize) {
        let mut events = [feed("/a", 0..a), feed("/b", 0..b), vec![ended("/b", end)]].concat();
        if back {
            events.push(not_ended(end));
        }
        let straight = view(events.clone());
        events.extend_from_within(..events.len() / 3);
        let mut state = seed | 1;
        for i in (1..events.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            events.swap(i, (state >> 33) as usize % (i + 1));
        }
        let mut mixed = View::new();
        for chunk in events.chunks(chunk) {
            mixed.fold((1..).zip(chunk.iter().cloned()));
        }
        prop_assert_eq!(heard(&mixed), heard(&straight));
        for source in ["/a", "/b"] {
            prop_assert_eq!(mixed.summary().expected_interval(source, &Expectations::default()), straight.summary().expected_interval(source, &Expectations::default()));
        }
    }
}
