//! Which records contradict each other, for which source they count, and who sees how many.

use super::*;
use crate::ask::Edition;
use crate::suppression::{Audience, Shown};
use crate::view::View;
use chrono::NaiveDate;
use joinedup_events::{AreaId, EntityId, Event, Family};
use proptest::prelude::*;
use serde_json::{Value, json};

mod arriving;

/// An instant: `2026-01-05` is nine in the morning of that day.
fn at(text: &str) -> DateTime<Utc> {
    crate::ratings::fixtures::at(text)
}

/// An event of one source about one entity, recorded when it happened.
fn event(source: &str, id: &str, name: &str, occurred: &str, data: Value) -> Event {
    let (family, name) = name.split_once('.').unwrap();
    let data = data.to_string();
    let fact = match family {
        "transfer" => Fact::Transfer(TransferFact::decode(name, &data).unwrap().unwrap()),
        "referral" => Fact::Referral(ReferralFact::decode(name, &data).unwrap().unwrap()),
        _ => Fact::Change(ChangeFact::decode(name, &data).unwrap().unwrap()),
    };
    Event {
        source: source.to_owned(),
        id: id.to_owned(),
        occurred_at: at(occurred),
        recorded_at: at(occurred),
        actor: None,
        entity: EntityId::new("one").unwrap(),
        area: AreaId::new("north").unwrap(),
        fact,
    }
}

/// The same, recorded later.
fn recorded(event: Event, at_text: &str) -> Event {
    let recorded_at = at(at_text);
    Event {
        recorded_at,
        ..event
    }
}

fn view(events: impl IntoIterator<Item = Event>) -> View {
    let mut view = View::new();
    view.fold((1..).zip(events));
    view
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()
}

/// Source, kind, count and last date, as those see it who work with the people.
fn found(events: impl IntoIterator<Item = Event>) -> Vec<(String, &'static str, i64, String)> {
    listed(&view(events), Audience::Operations, today(), |_| true)
        .into_iter()
        .map(|row| {
            let last = row.last.unwrap().to_string();
            (
                row.source,
                row.kind.code(),
                row.count.number().unwrap(),
                last,
            )
        })
        .collect()
}

fn kinds(events: impl IntoIterator<Item = Event>) -> Vec<&'static str> {
    found(events)
        .into_iter()
        .map(|(_, kind, ..)| kind)
        .collect()
}

fn admitted(on: &str) -> Event {
    event(
        "/pas",
        "in",
        "transfer.admitted",
        on,
        json!({ "method": "emergency" }),
    )
}

fn discharged(id: &str, on: &str, method: &str) -> Event {
    event(
        "/pas",
        id,
        "transfer.discharged",
        on,
        json!({ "method": method }),
    )
}

fn transfer(id: &str, name: &str, on: &str) -> Event {
    event("/pas", id, &format!("transfer.{name}"), on, json!({}))
}

fn ready(on: &str) -> Event {
    event("/ward", on, "transfer.ready", on, json!({ "date": on }))
}

#[test]
fn a_stay_in_order_contradicts_nothing() {
    let stay = [
        admitted("2026-01-05"),
        transfer("ref", "social-care-referred", "2026-01-06"),
        transfer("done", "assessment-finished", "2026-01-07"),
        ready("2026-01-08"),
        discharged("out", "2026-01-09", "agreed"),
        transfer("back", "discharge-reversed", "2026-01-09T10:00:00Z"),
        discharged("out2", "2026-01-12", "agreed"),
    ];
    assert_eq!(found(stay), []);
}

#[test]
fn each_kind_is_found_for_the_source_that_made_it() {
    let late = |event: Event| recorded(event, "2026-02-01");
    let pas = |kind: &'static str| ("/pas".to_owned(), kind, 1, "2026-02-01".to_owned());
    let before = [
        admitted("2026-01-05"),
        late(discharged("out", "2026-01-02", "agreed")),
    ];
    assert_eq!(found(before), [pas("discharged-before-admission")]);
    let reversal = [
        admitted("2026-01-05"),
        late(transfer("back", "discharge-reversed", "2026-01-06")),
    ];
    assert_eq!(found(reversal), [pas("reversal-of-nothing")]);
    let death = [
        discharged("died", "2026-01-06", "died"),
        late(discharged("out", "2026-01-08", "agreed")),
    ];
    assert_eq!(found(death), [pas("discharged-after-death")]);
    let of_ward = |kind: &'static str, on: &str| ("/ward".to_owned(), kind, 1, on.to_owned());
    let ready_after = [
        discharged("out", "2026-01-08", "agreed"),
        ready("2026-01-10"),
        ready("2026-01-11"),
    ];
    assert_eq!(
        found(ready_after),
        [of_ward("ready-after-discharge", "2026-01-11")]
    );
    let ready_before = [ready("2026-01-02"), late(admitted("2026-01-05"))];
    assert_eq!(found(ready_before), [pas("ready-before-admission")]);
    assert_eq!(
        kinds([transfer("w", "discharge-notice-withdrawn", "2026-01-05")]),
        ["withdrawal-of-nothing"]
    );
    let assessed = [
        transfer("done", "assessment-finished", "2026-01-05"),
        transfer("ref", "social-care-referred", "2026-01-06"),
    ];
    assert_eq!(kinds(assessed), ["assessed-before-referral"]);
    let asked_again = [
        transfer("ref", "social-care-referred", "2026-01-05"),
        transfer("done", "assessment-finished", "2026-01-06"),
        transfer("again", "social-care-referred", "2026-01-08"),
    ];
    assert_eq!(kinds(asked_again), [""; 0]);
    let elsewhere = |event: Event| Event {
        area: AreaId::new("south").unwrap(),
        ..event
    };
    let package = |on| elsewhere(transfer(on, "package-agreed", on));
    let named = [
        admitted("2026-01-05"),
        package("2026-01-06"),
        package("2026-01-07"),
    ];
    let of_pas = (
        "/pas".to_owned(),
        "of-another-area",
        1,
        "2026-01-07".to_owned(),
    );
    assert_eq!(found(named), [of_pas]);
    // What corrects the admission moves the stay.
    let again = Event {
        id: "again".to_owned(),
        ..late(admitted("2026-01-05"))
    };
    let corrected = [admitted("2026-01-05"), elsewhere(again)];
    assert_eq!(kinds(corrected), [""; 0]);
    let of_referral = |name: &str, on: &str, data: Value| {
        event("/spa", name, &format!("referral.{name}"), on, data)
    };
    let received = json!({ "service": "mdt", "priority": "routine", "trigger": "crisis" });
    let referral = [
        of_referral("received", "2026-01-05", received),
        of_referral("triaged", "2026-01-04", json!({})),
        of_referral(
            "first-contact",
            "2026-01-03",
            json!({ "face_to_face": true }),
        ),
        of_referral("action-done", "2026-01-06", json!({ "action": "a1" })),
    ];
    assert_eq!(
        kinds(referral),
        [
            "dealt-with-before-received",
            "seen-before-need",
            "action-not-opened"
        ]
    );
    let change = [
        event("/qi", "1", "change.started", "2026-01-08", json!({})),
        event(
            "/qi",
            "2",
            "change.finished",
            "2026-01-05",
            json!({ "decision": "adopt" }),
        ),
    ];
    assert_eq!(kinds(change), ["finished-before-start"]);
}

#[test]
fn a_retraction_of_nothing_is_one_until_what_it_means_arrives() {
    let takes_back = |id: &str| {
        event(
            "/pas",
            "r",
            "transfer.retracted",
            "2026-01-06",
            json!({ "retracts": id }),
        )
    };
    assert_eq!(kinds([takes_back("out")]), ["retraction-of-nothing"]);
    let came_later = [takes_back("out"), discharged("out", "2026-01-05", "agreed")];
    assert_eq!(found(came_later), []);
    assert_eq!(
        found([takes_back("erased-sha256:00")]),
        [],
        "the mark of an erasure"
    );
}

#[test]
fn what_a_correction_resolves_is_gone() {
    let wrong = discharged("out", "2026-01-02", "agreed");
    let takes_back = event(
        "/pas",
        "r",
        "transfer.retracted",
        "2026-01-06",
        json!({ "retracts": "out" }),
    );
    let mended = [admitted("2026-01-05"), wrong.clone(), takes_back];
    assert_eq!(found(mended), []);
    let cancelled = [
        admitted("2026-01-05"),
        wrong,
        transfer("c", "cancelled", "2026-01-07"),
    ];
    assert_eq!(
        found(cancelled),
        [],
        "an admission entered in error takes all with it"
    );
}

#[test]
fn a_date_without_a_time_may_be_any_time_of_that_date() {
    let of_the_date = discharged("out", "2026-01-05T00:00:00Z", "agreed");
    assert_eq!(found([admitted("2026-01-05"), of_the_date]), []);
}

#[test]
fn the_public_sees_neither_small_counts_nor_those_of_today() {
    let wrong = |n: usize, on: &str| Event {
        entity: EntityId::new(&format!("e-{n}")).unwrap(),
        ..recorded(
            transfer(&n.to_string(), "discharge-reversed", "2026-01-05"),
            on,
        )
    };
    let shown = |count: usize, on: &str| {
        let view = view((0..count).map(|n| wrong(n, on)));
        let rows = listed(&view, Audience::Public, today(), |_| true);
        rows.first().map(|row| (row.count, row.last))
    };
    assert_eq!(shown(7, "2026-05-31"), Some((Shown::Small, None)));
    let last = NaiveDate::from_ymd_opt(2026, 5, 31);
    assert_eq!(shown(12, "2026-05-31"), Some((Shown::Rounded(10), last)));
    assert_eq!(shown(12, "2026-06-01"), None);
}

#[test]
fn what_is_put_right_later_stays_in_the_list_of_an_edition() {
    let wrong = |n: usize| Event {
        entity: EntityId::new(&format!("e-{n}")).unwrap(),
        ..recorded(
            transfer(&n.to_string(), "discharge-reversed", "2026-01-05"),
            "2026-05-31",
        )
    };
    let mut view = view((0..8).map(wrong));
    let edition = Edition::of(&view, "2026-06-01T05:00:00Z".parse().unwrap());
    let before = edition.contradictions(|_| true);
    assert_eq!(before, listed(&view, Audience::Public, today(), |_| true));
    let back = json!({ "retracts": "0" });
    let put_right = Event {
        entity: EntityId::new("e-0").unwrap(),
        ..recorded(
            event("/pas", "back", "transfer.retracted", "2026-01-05", back),
            "2026-06-01",
        )
    };
    view.fold([(9, put_right)]);
    assert_ne!(before, listed(&view, Audience::Public, today(), |_| true));
    assert_eq!(before, edition.contradictions(|_| true));
}

#[test]
fn who_is_bound_to_areas_sees_those_alone() {
    let view = view([transfer("b", "discharge-reversed", "2026-01-05")]);
    let of = |area: &str| listed(&view, Audience::Operations, today(), |a| a == area).len();
    assert_eq!((of("north"), of("south")), (1, 0));
    let at_hospital = json!({ "method": "emergency", "hospital": "infirmary" });
    let stay = [
        event("/pas", "in", "transfer.admitted", "2026-01-05", at_hospital),
        discharged("out", "2026-01-02", "agreed"),
    ];
    let rows = listed(&self::view(stay), Audience::Operations, today(), |a| {
        a == "infirmary"
    });
    assert_eq!(
        rows.len(),
        1,
        "the hospital of somebody who lives elsewhere"
    );
}

/// Eight facts of one stay, each of its day of January 2026, of which some contradict others whatever their order.
fn story(days: &[u8]) -> [Event; 8] {
    let on = |n: usize| format!("2026-01-{:02}", days[n]);
    let of_a_fact = json!({ "retracts": "b", "retracts_source": "/pas" });
    let of_nothing = json!({ "retracts": "zzz" });
    [
        admitted(&on(0)),
        discharged("a", &on(1), "died"),
        discharged("b", &on(2), "agreed"),
        transfer("c", "discharge-reversed", &on(3)),
        ready(&on(4)),
        transfer("d", "discharge-notice-withdrawn", &on(5)),
        event("/spa", "e", "transfer.retracted", &on(6), of_a_fact),
        event("/spa", "f", "transfer.retracted", &on(7), of_nothing),
    ]
}

proptest! {
    /// One entity's facts in any order, in one run or one at a time, come to the same list.
    #[test]
    fn the_list_is_a_function_of_the_facts(
        days in prop::collection::vec(1..28u8, 8),
        order in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let events = story(&days);
        let in_order = found(events.clone());
        prop_assert!(in_order.iter().any(|(source, kind, ..)| source == "/spa" && *kind == "retraction-of-nothing"));
        let mut one_by_one = View::new();
        for (n, at) in order.into_iter().enumerate() {
            one_by_one.fold([(n as u64 + 1, events[at].clone())]);
        }
        let rows = listed(&one_by_one, Audience::Operations, today(), |_| true);
        prop_assert_eq!(rows, listed(&view(events), Audience::Operations, today(), |_| true));
    }
}

#[test]
fn codes_are_unique_and_name_their_kind() {
    for kind in Contradiction::ALL {
        assert_eq!(Contradiction::from_code(kind.code()), Some(*kind));
    }
    assert_eq!(
        Family::ALL.len(),
        6,
        "a new family may contradict itself, too"
    );
}
