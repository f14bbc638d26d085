//! Values that change from list to list, and rows that begin at another time.

use super::{Feed, HEADER, csv};
use crate::line_list::mapping::{Changes, ListMapping};
use crate::line_list::recover;
use joinedup_events::Family;
use joinedup_views::contributions::transfer::Spell;
use joinedup_views::view::View;

const SPELLS: &str = include_str!("../../../../mappings/line-lists/spells.toml");

async fn ask<T>(feed: &Feed, ask: impl FnOnce(&Spell<'_>) -> T) -> T {
    let events = feed.events().await;
    let entity = events[0].entity.clone();
    let mut view = View::new();
    view.fold((1..).zip(events));
    let known = view.entity(Family::Transfer, entity.as_str()).unwrap();
    let stands = known.facts.standing();
    ask(&Spell::of(&stands).unwrap())
}

fn row(admitted: &str, expected: &str, ready: &str, reason: &str) -> Vec<u8> {
    csv(&[&format!(
        "D1,NHSNO,AMU,RAJ56,{admitted},{expected},{ready},P1,{reason},,"
    )])
}

#[tokio::test]
async fn another_reason_stands_from_the_list_on_in_which_it_is() {
    let mut feed = Feed::of("spells");
    let list = |reason, ready| row("01/11/2026 10:00", "05/11/2026", ready, reason);
    feed.import(&list("HP1", "12/11/2026"), "2026-11-15T06:00:00Z")
        .await;
    let second = list("IP2", "12/11/2026");
    let (plan, ..) = feed.import(&second, "2026-11-20T06:00:00Z").await;
    assert_eq!((plan.events.len(), plan.changed), (1, 0));
    let on = async |feed: &Feed, day: &str| {
        let day = format!("2026-11-{day}").parse().unwrap();
        ask(feed, |spell| {
            spell.reason(day).map(|(reason, _)| reason.code())
        })
        .await
    };
    for (day, reason) in [
        ("11", None),
        ("12", Some("HP1")),
        ("19", Some("HP1")),
        ("20", Some("IP2")),
    ] {
        assert_eq!(on(&feed, day).await, reason, "{day}");
    }
    // The same again says nothing, nor to a feed that works it out again from the log.
    let (plan, ..) = feed.import(&second, "2026-11-21T06:00:00Z").await;
    assert!(plan.events.is_empty(), "{:?}", plan.tallies);
    let found = recover::from_log(&*feed.log, &feed.mapping, &feed.ring).await;
    feed.before = found.unwrap();
    let (plan, _) = feed.read(&second, "2026-11-21T06:00:00Z");
    assert!(plan.events.is_empty(), "{:?}", plan.tallies);
}

#[tokio::test]
async fn the_first_value_stands_from_the_beginning_that_the_row_has_now() {
    let mut feed = Feed::of("spells");
    // A list with a number of the spell.
    let text = SPELLS.replace(
        "entity = [\"LocalPatientID\", \"AdmissionDateTime\"]",
        "entity = [\"LocalPatientID\"]",
    );
    feed.mapping = ListMapping::parse("spells", &text).unwrap();
    let list = |admitted, ready| row(admitted, "05/11/2026", ready, "HP1");
    feed.import(
        &list("03/11/2026 10:00", "12/11/2026"),
        "2026-11-15T06:00:00Z",
    )
    .await;
    let corrected = list("01/11/2026 10:00", "10/11/2026");
    feed.import(&corrected, "2026-11-16T06:00:00Z").await;
    ask(&feed, |spell| {
        let (admitted, _) = spell.admitted.unwrap();
        assert_eq!(spell.expected.len(), 1);
        assert_eq!(spell.expected[0].0, admitted);
        let reasons: Vec<String> = spell
            .reasons
            .iter()
            .map(|(date, _)| date.to_string())
            .collect();
        assert_eq!(reasons, ["2026-11-10"]);
    })
    .await;
    let (plan, _) = feed.read(&corrected, "2026-11-17T06:00:00Z");
    assert!(plan.events.is_empty(), "{:?}", plan.tallies);
}

#[tokio::test]
async fn a_mapping_whose_values_begin_to_change_over_time_states_nothing_anew() {
    let mut feed = Feed::of("spells");
    let rules = feed.mapping.facts.iter_mut();
    for rule in rules.filter(|rule| rule.name == "delay-reason-set") {
        rule.changes = Changes::Correct;
    }
    let list = |reason| row("01/11/2026 10:00", "05/11/2026", "12/11/2026", reason);
    feed.import(&list("HP1"), "2026-11-15T06:00:00Z").await;
    feed.mapping = ListMapping::named("spells").unwrap().unwrap();
    for (day, reason, events) in [(16, "HP1", 0), (17, "HP1", 0), (18, "IP2", 1)] {
        let made = format!("2026-11-{day}T06:00:00Z");
        let (plan, ..) = feed.import(&list(reason), &made).await;
        assert_eq!(plan.events.len(), events, "{day}");
    }
}

#[tokio::test]
async fn an_admission_with_a_date_alone_on_the_day_of_a_discharge_is_a_return() {
    let mut feed = Feed::of("spells");
    let first = "D1,NHSNO,AMU,RAJ56,01/11/2026,,,,,07/11/2026 15:00,19";
    let back = "D1,NHSNO,AMU,RAJ56,07/11/2026,,,,,07/11/2026 21:00,19";
    feed.import(&csv(&[back, first]), "2026-11-15T06:00:00Z")
        .await;
    assert_eq!(HEADER.split(',').count(), first.split(',').count());
    let events = feed.events().await;
    let named: Vec<_> = events
        .iter()
        .filter_map(|event| event.fact.previous())
        .collect();
    let first = events
        .iter()
        .find(|event| event.occurred_at.to_rfc3339().starts_with("2026-11-01"));
    assert_eq!(
        named,
        [&first.unwrap().entity],
        "one alone, and not each the other"
    );
}
