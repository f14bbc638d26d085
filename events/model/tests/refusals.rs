//! What a sender reads: the field, what it must be with the list of what is allowed, and what kind of value stood there.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use chrono::{DateTime, Utc};
use joinedup_events::{Areas, Arrival, Submitted, admit, example};
use serde_json::{Value, json};

fn now() -> DateTime<Utc> {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn example(event_type: &str) -> Value {
    let all = example::all();
    let found = all
        .into_iter()
        .find(|(name, _)| name == &format!("care.joinedup.{event_type}"));
    found.unwrap().1
}

/// The refusal of an example in which one field was changed.
fn refusal(event_type: &str, field: &str, value: Value) -> String {
    let mut event = example(event_type);
    *event.pointer_mut(field).unwrap() = value;
    admit(
        event.to_string().as_bytes(),
        &Areas::built_in().unwrap(),
        now(),
    )
    .unwrap_err()
    .to_string()
}

#[test]
fn a_refusal_says_what_the_field_must_be_and_what_kind_of_value_stood_there() {
    let pathway = "transfer.pathway-set.v1";
    for (value, stood) in [
        (json!(1), "a number"),
        (json!("9"), "some other text"),
        (json!(["1"]), "a list"),
        (json!(null), "null"),
    ] {
        let refusal = refusal(pathway, "/data/pathway", value);
        assert_eq!(
            refusal,
            format!("`/data/pathway` must be one of 0, 1, 2, 3, and is {stood}")
        );
    }
    let ready = refusal("transfer.ready.v1", "/data/date", json!("soon"));
    assert_eq!(
        ready,
        "`/data/date` must be a date, YYYY-MM-DD, and is some other text"
    );
    let level = refusal(
        "assessment.ambition-set.v1",
        "/data/level",
        json!("five and more"),
    );
    assert!(
        level.starts_with("`/data/level` must be a whole number from 0 to")
            && level.ends_with("and is text"),
        "{level}"
    );
    let granted = refusal(
        "referral.resource-decided.v1",
        "/data/granted",
        json!("yes"),
    );
    assert_eq!(
        granted,
        "`/data/granted` must be true or false, and is text"
    );
    let score = refusal("experience.answered.v1", "/data/answers/0/score", json!(-1));
    assert!(
        score.starts_with("`/data/answers/0/score` must be a whole number from 0 to 10")
            && score.ends_with("another number"),
        "{score}"
    );
    let data = refusal(pathway, "/data", json!([1]));
    assert_eq!(data, "`/data` must be a JSON object, and is a list");
}

#[test]
fn every_field_of_every_type_is_blamed_by_its_own_name_and_never_with_its_value() {
    let areas = Areas::built_in().unwrap();
    let mut tried = 0;
    for (event_type, event) in example::all() {
        for (field, _) in event["data"].as_object().unwrap() {
            for wrong in [json!({"zebedee": []}), json!([["zebedee"]]), json!(true)] {
                let mut changed = event.clone();
                if changed["data"][field].is_boolean() && wrong.is_boolean() {
                    continue;
                }
                changed["data"][field] = wrong;
                let refusals = admit(changed.to_string().as_bytes(), &areas, now()).unwrap_err();
                let refusal = refusals.to_string();
                // Of an older version the fields are not known any more.
                let newest = !event_type.ends_with("delay-reason-set.v1");
                let pointer = if newest {
                    format!("/data/{field}")
                } else {
                    "/data".to_owned()
                };
                assert!(
                    refusals.0.iter().any(|r| r.pointer.starts_with(&pointer)),
                    "{event_type} {field}: {refusal}"
                );
                assert!(!refusal.contains("zebedee"), "{refusal}");
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn a_body_that_a_reason_does_not_allow_is_told_the_bodies_it_allows() {
    let mut event = example("transfer.delay-reason-set.v2");
    event["data"]["reason"] = "residential-home".into();
    event["data"]["responsible"] = "housing".into();
    let areas = Areas::built_in().unwrap();
    let refusal = admit(event.to_string().as_bytes(), &areas, now())
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("`/data/responsible` must be "),
        "{refusal}"
    );
    assert!(refusal.contains("social-care"), "{refusal}");
}

#[test]
fn without_a_time_of_recording_it_was_recorded_when_it_came() {
    let areas = Areas::built_in().unwrap();
    let mut event = example("transfer.ready.v1");
    event.as_object_mut().unwrap().remove("recordedtime");
    let bytes = event.to_string();
    let came: DateTime<Utc> = "2026-06-01T08:00:00Z".parse().unwrap();
    assert_eq!(
        admit(bytes.as_bytes(), &areas, came).unwrap().recorded_at,
        came
    );
    // A file may say when its events became known; nothing is recorded before it happened.
    let known = "2026-05-20T08:00:00Z".parse().unwrap();
    let arrival = Arrival {
        now: came,
        recorded_at: known,
    };
    let read = || Submitted::read(bytes.as_bytes()).unwrap();
    let event = read().admit(&areas, arrival).unwrap();
    assert_eq!(event.recorded_at, known.max(event.occurred_at));
    let early = Arrival {
        now: came,
        recorded_at: "2000-01-01T00:00:00Z".parse().unwrap(),
    };
    let event = read().admit(&areas, early).unwrap();
    assert_eq!(event.recorded_at, event.occurred_at);
}

#[test]
fn a_time_in_the_future_is_blamed_alone() {
    let mut event = example("transfer.ready.v1");
    event.as_object_mut().unwrap().remove("recordedtime");
    event["time"] = "2026-06-02T00:00:00Z".into();
    let refusals = admit(
        event.to_string().as_bytes(),
        &Areas::built_in().unwrap(),
        now(),
    )
    .unwrap_err();
    let pointers: Vec<&str> = refusals.0.iter().map(|r| r.pointer.as_str()).collect();
    assert_eq!(pointers, ["/time"]);
}

#[test]
fn what_is_written_is_the_event_and_what_makes_it_a_repeat_leaves_out_when_it_was_recorded() {
    let areas = Areas::built_in().unwrap();
    for (_, example) in example::all() {
        let event = admit(example.to_string().as_bytes(), &areas, now()).unwrap();
        let (text, same) = event.written();
        assert_eq!(text, event.to_json().to_string());
        let mut later = event.clone();
        later.recorded_at += chrono::TimeDelta::days(3);
        assert_eq!(later.written().1, same);
        later.recorded_at = later.occurred_at;
        assert_eq!(later.written().0, same);
    }
}

#[test]
fn an_amount_has_a_value_unless_it_is_suppressed_or_missing() {
    let observed = "observation.observed.v1";
    let without = refusal(observed, "/data/value", json!(null));
    assert!(
        without.starts_with("`/data/value` must be given"),
        "{without}"
    );
    for mark in ["suppressed", "missing"] {
        let with = refusal(observed, "/data/mark", json!(mark));
        assert!(with.contains("must be left out"), "{with}");
    }
}
