//! Numbers of patients in every spelling that was tried on the product, in every place of an event where a text stands:
//! none gets in, and no refusal repeats one.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use chrono::{DateTime, Utc};
use joinedup_events::check::source_label;
use joinedup_events::{Areas, admit, example};
use serde_json::Value;

/// Ways in which a number is written or hidden.
fn spellings(number: &str) -> Vec<String> {
    let groups = |lengths: &[usize], between: &str| {
        let mut rest = number;
        let parts = lengths.iter().map(|length| {
            let (part, others) = rest.split_at(*length);
            rest = others;
            part
        });
        parts.collect::<Vec<_>>().join(between)
    };
    let mut all: Vec<String> = ["-", ".", "/", "_", ":", ",", "~", "+", "|", "--"]
        .iter()
        .map(|between| groups(&[3, 3, 4], between))
        .collect();
    for lengths in [
        &[3, 7][..],
        &[6, 4],
        &[5, 5],
        &[4, 2, 4],
        &[2, 2, 2, 2, 2],
        &[1; 10],
    ] {
        all.push(groups(lengths, "-"));
        all.push(groups(lengths, ":"));
    }
    all.extend([
        number.to_owned(),
        format!("0{number}"),
        format!("{number}0"),
        format!("44{number}"),
        format!("{number}20260503"),
        format!("{number}03051948"),
        format!("19480503{number}"),
        format!("{number}{number}"),
        format!("nhs{number}"),
        format!("{number}x"),
        format!("urn:nhs:{number}"),
        format!("https://pas.example/{number}/1"),
    ]);
    all
}

/// Every place of an event that holds a text, by JSON pointer.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(here.to_owned()),
        Value::Object(fields) => {
            for (name, inner) in fields {
                places(inner, &format!("{here}/{name}"), found);
            }
        }
        Value::Array(list) => {
            for (n, inner) in list.iter().enumerate() {
                places(inner, &format!("{here}/{n}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn no_spelling_gets_in_at_any_place_and_none_is_repeated() {
    let now: DateTime<Utc> = "2026-06-01T00:00:00Z".parse().unwrap();
    let areas = Areas::built_in().unwrap();
    let mut tried = 0;
    for number in ["9434765919", "9990000018", "4010232137"] {
        let spellings = spellings(number);
        assert!(spellings.len() >= 30);
        let mut seen = std::collections::BTreeSet::new();
        for (_, mut event) in example::all() {
            for extension in ["subject", "correlationid", "partitionkey", "actor"] {
                event[extension] = "x".into();
            }
            let mut all = Vec::new();
            places(&event, "", &mut all);
            // A place that was tried in one event is not tried in all others.
            all.retain(|place| seen.insert(place.clone()));
            for place in all {
                for spelling in &spellings {
                    let mut with = event.clone();
                    *with.pointer_mut(&place).unwrap() = spelling.as_str().into();
                    let answer = admit(with.to_string().as_bytes(), &areas, now);
                    let refusal = answer.err().map(|refusals| refusals.to_string());
                    let refusal =
                        refusal.unwrap_or_else(|| panic!("{spelling} is let in at {place}"));
                    assert!(!refusal.contains(spelling.as_str()), "{place}: {refusal}");
                    tried += 1;
                }
            }
        }
        assert!(seen.len() >= 35, "{} places", seen.len());
    }
    assert!(tried > 3 * 35 * 30, "{tried}");
}

#[test]
fn what_came_past_the_door_is_no_label_by_its_own_name() {
    for bad in [
        "9434765919",
        "/pas/\u{202e}x",
        "a\0b",
        "j.smith@example.org",
    ] {
        let label = source_label(bad);
        assert!(label.starts_with("unnamed-"), "{label}");
        assert!(admit_as_source(&label), "{label}");
        assert_eq!(label, source_label(bad));
    }
    assert_eq!(source_label("/county/east/pas"), "/county/east/pas");
}

fn admit_as_source(source: &str) -> bool {
    let (_, mut event) = example::all().swap_remove(0);
    event["source"] = source.into();
    let now = "2026-06-01T00:00:00Z".parse().unwrap();
    admit(
        event.to_string().as_bytes(),
        &Areas::built_in().unwrap(),
        now,
    )
    .is_ok()
}
