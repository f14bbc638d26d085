//! Malformed, hostile and odd events: each is let in or refused as the table says, and a refusal names the field.
//!
//! The table is data, so that every door (HTTP, NATS, imports) can be tried with it. `text` or `base64` are the
//! bytes; `repeat` and `to` fill them up to a length; `field` is the JSON pointer that a refusal names.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail where it stands, in its own functions too"
)]

use chrono::{DateTime, Utc};
use joinedup_events::{Areas, Event, admit};
use serde_json::Value;

fn bytes(row: &Value) -> Vec<u8> {
    let mut bytes = match (row["text"].as_str(), row["base64"].as_str()) {
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(coded)) => data_encoding::BASE64.decode(coded.as_bytes()).unwrap(),
        _ => panic!("{}: one of text and base64", row["name"]),
    };
    if let (Some(fill), Some(to)) = (row["repeat"].as_str(), row["to"].as_u64()) {
        bytes.resize(usize::try_from(to).unwrap(), fill.as_bytes()[0]);
    }
    bytes
}

fn table() -> Vec<Value> {
    serde_json::from_str(include_str!("data/poison.json")).unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

#[test]
fn every_row_is_let_in_or_refused_with_its_field_named() {
    let areas = Areas::built_in().unwrap();
    let mut wrong = Vec::new();
    for row in table() {
        let name = row["name"].as_str().unwrap();
        let result = admit(&bytes(&row), &areas, now());
        let right = match (&result, row["verdict"].as_str().unwrap()) {
            (Ok(_), "accepted") => true,
            (Err(refusals), "refused") => {
                let field = row["field"].as_str().unwrap();
                let sentence = refusals.to_string();
                let named = if field.is_empty() {
                    sentence.contains("the event ")
                } else {
                    sentence.contains(&format!("`{field}` "))
                };
                named && refusals.0.iter().any(|r| r.pointer == field)
            }
            _ => false,
        };
        if !right {
            wrong.push(format!(
                "{name}: wanted {} {}, got {}",
                row["verdict"],
                row["field"],
                result.map_or_else(|e| e.to_string(), |_| "accepted".to_owned())
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_table_has_hundreds_of_rows_with_names_of_their_own() {
    let rows = table();
    assert!(rows.len() > 300, "{}", rows.len());
    let names: std::collections::BTreeSet<&str> =
        rows.iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), rows.len());
    let accepted = rows.iter().filter(|r| r["verdict"] == "accepted").count();
    assert!(
        accepted > 100,
        "a door that refuses everything would pass: {accepted}"
    );
}

#[test]
fn what_is_let_in_reads_back_from_its_own_writing() {
    let areas = Areas::built_in().unwrap();
    for row in table().iter().filter(|r| r["verdict"] == "accepted") {
        let event: Event = admit(&bytes(row), &areas, now()).unwrap();
        let again = admit(event.to_json().to_string().as_bytes(), &areas, now());
        assert_eq!(again.as_ref(), Ok(&event), "{}", row["name"]);
    }
}
