//! One event in every mode, and what is in none.

use super::*;
use crate::{Envelope, Event};
use chrono::TimeDelta;

const DATA: &[u8] = br#" {"transfer": "t-1", "area":"E10000012","date":"2026-05-03"} "#;
const HEADERS: [(&str, &str); 6] = [
    ("CE-SpecVersion", "1.0"),
    ("ce-type", "care.joinedup.transfer.ready.v1"),
    ("ce-source", "/pas%20two"),
    ("ce-id", "\"a\\\"b%25\""),
    ("ce-time", "2026-05-03T09:00:00Z"),
    ("host", "ignored"),
];

fn decoded(bytes: &[u8]) -> Event {
    Event::decode(&Envelope::from_json(bytes).unwrap()).unwrap()
}

#[test]
fn an_event_is_the_same_in_every_mode() {
    let json = Some("application/json; charset=utf-8");
    let binary = read_request(json, HEADERS.into_iter(), DATA, 2).unwrap();
    let event = decoded(&binary[0]);
    assert_eq!(
        (event.source.as_str(), event.id.as_str()),
        ("/pas two", "a\"b%")
    );

    let untyped = read_request(None, HEADERS.into_iter(), DATA, 2).unwrap();
    assert_eq!(decoded(&untyped[0]), event);

    let written = event.to_json().to_string();
    let structured = read_request(
        Some("Application/CloudEvents+JSON"),
        [].into_iter(),
        written.as_bytes(),
        2,
    )
    .unwrap();
    assert_eq!(decoded(&structured[0]), event);

    let list = format!("[{written} , {written}]");
    let batch = read_request(Some(BATCH), [].into_iter(), list.as_bytes(), 2).unwrap();
    assert_eq!(
        batch.iter().map(|b| decoded(b)).collect::<Vec<_>>(),
        [event.clone(), event.clone()]
    );

    let message = read_message(
        HEADERS
            .into_iter()
            .chain([("ce-datacontenttype", "application/json")]),
        DATA,
    )
    .unwrap();
    assert_eq!(decoded(&message), event);
    for headers in [vec![], vec![("Content-Type", STRUCTURED), ("ce-id", "x")]] {
        let message = read_message(headers.into_iter(), written.as_bytes()).unwrap();
        assert_eq!(decoded(&message), event);
    }
}

#[test]
fn the_bytes_of_the_data_stay_as_they_are() {
    let odd = br#"{"a" : 1.50,"b":"\u0041"}"#;
    let event = read_request(Some("application/json"), HEADERS.into_iter(), odd, 2).unwrap();
    let envelope = Envelope::from_json(&event[0]).unwrap();
    assert_eq!(envelope.data.as_bytes(), odd);
}

#[test]
fn an_empty_batch_is_a_batch() {
    assert_eq!(
        read_request(Some(BATCH), [].into_iter(), b"[]", 0)
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn what_is_in_no_mode_is_told_what_to_send() {
    let read = |content_type, headers: &[(&'static str, &'static str)], body: &'static [u8]| {
        read_request(content_type, headers.iter().copied(), body, 2).unwrap_err()
    };
    let json = Some("application/json");
    let spec = ("ce-specversion", "1.0");
    for (error, want) in [
        (read(None, &[], DATA), ModeError::MediaType),
        (
            read(Some("text/plain"), &HEADERS, DATA),
            ModeError::MediaType,
        ),
        (
            read(Some("application/cloudevents+avro"), &[], DATA),
            ModeError::MediaType,
        ),
        (read(Some(BATCH), &[], b"{}"), ModeError::NotAList),
        (read(Some(BATCH), &[], b"[1"), ModeError::NotAList),
        (read(Some(BATCH), &[], b"[1,2] 3"), ModeError::NotAList),
        (read(Some(BATCH), &[], b"[1,2,3]"), ModeError::TooMany(2)),
        (read(json, &[], DATA), ModeError::NoSpecVersion),
        (read(json, &[spec], b""), ModeError::NotJson),
        (read(json, &[spec], b"{} , \"x\":1"), ModeError::NotJson),
        (read(json, &[spec, spec], DATA), ModeError::Twice),
        (
            read(json, &[spec, ("ce-data", "{}")], DATA),
            ModeError::Name,
        ),
        (
            read(json, &[spec, ("ce-jane_smith", "x")], DATA),
            ModeError::Name,
        ),
        (read(json, &[spec, ("ce-", "x")], DATA), ModeError::Name),
        (
            read(json, &[spec, ("ce-id", "50%")], DATA),
            ModeError::Encoding,
        ),
        (
            read(json, &[spec, ("ce-id", "%zz")], DATA),
            ModeError::Encoding,
        ),
        (
            read(json, &[spec, ("ce-id", "%ff")], DATA),
            ModeError::Encoding,
        ),
        (
            read(
                json,
                &[spec, ("ce-datacontenttype", "application/json")],
                DATA,
            ),
            ModeError::DataContentType,
        ),
    ] {
        assert_eq!(error, want);
    }
    let message = |headers: &[(&'static str, &'static str)]| {
        read_message(headers.iter().copied(), DATA).unwrap_err()
    };
    assert_eq!(
        message(&[("content-type", BATCH)]),
        ModeError::BatchOverNats
    );
    assert_eq!(
        message(&[spec, ("ce-datacontenttype", "text/csv")]),
        ModeError::MediaType
    );
}

#[test]
fn an_attribute_is_decoded_once() {
    assert_eq!(value_of("%2541").unwrap(), "%41");
    assert_eq!(value_of("Euro%20%E2%82%AC").unwrap(), "Euro €");
}

#[test]
fn a_message_of_another_publisher_is_made_whole_and_our_own_is_left_alone() {
    let stored = "2026-05-03T09:00:07Z".parse().unwrap();
    let none = || std::iter::empty::<(&str, &str)>();
    let of = |body: Vec<u8>| decoded(&body);
    // Binary, and without the time at which it was recorded.
    let binary = whole(&mut HEADERS.into_iter(), DATA, Some(stored)).unwrap();
    let event = of(binary.clone());
    assert_eq!(
        (event.source.as_str(), event.recorded_at),
        ("/pas two", stored)
    );
    let json = ("content-type", "application/json");
    let with = || std::iter::once(json).chain(HEADERS);
    assert_eq!(whole(&mut with(), DATA, Some(stored)), Some(binary));
    // Structured without it; a clock that is behind does not have it recorded before it happened.
    let written = event.to_json().to_string();
    let without = written.replace(",\"recordedtime\":\"2026-05-03T09:00:07Z\"", "");
    assert_ne!(without, written);
    assert_eq!(
        of(whole(&mut none(), without.as_bytes(), Some(stored)).unwrap()),
        event
    );
    let behind = event.occurred_at - TimeDelta::hours(1);
    let early = of(whole(&mut none(), without.as_bytes(), Some(behind)).unwrap());
    assert_eq!(early.recorded_at, early.occurred_at);
    // With its data in base 64: it was recorded no earlier for that.
    let data = event.data().to_string();
    let coded = data_encoding::BASE64.encode(data.as_bytes());
    let coded = without.replace(
        &format!("\"data\":{data}"),
        &format!("\"data_base64\":\"{coded}\""),
    );
    assert_ne!(coded, without);
    let made = whole(&mut none(), coded.as_bytes(), Some(stored)).unwrap();
    assert_eq!(crate::recorded::read(&made).unwrap(), event);
    // Whole already, or nothing that could be made whole.
    for body in [
        written.as_bytes(),
        b"garbage".as_slice(),
        b"{}",
        DATA,
        b"[]",
        b"\xff",
    ] {
        assert_eq!(whole(&mut none(), body, Some(stored)), None);
    }
}
