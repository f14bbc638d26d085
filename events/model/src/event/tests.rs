//! Events read and written.

use super::*;

fn read(json: &str) -> Result<Event, DecodeError> {
    Event::decode(&Envelope::from_json(json.as_bytes()).unwrap())
}

fn ready(data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","type":"care.joinedup.transfer.ready.v1","source":"/pas","id":"1",
        "time":"2026-05-03T09:00:00Z","recordedtime":"2026-05-03T09:05:00Z","data":{data}}}"#
    )
}

#[test]
fn an_event_written_reads_back_as_itself() {
    let event = read(&ready(
        r#"{"transfer":"t-1","area":"E10000012","date":"2026-05-03"}"#,
    ))
    .unwrap();
    assert_eq!(event.fact.event_type(), "care.joinedup.transfer.ready.v1");
    assert_eq!(read(&event.to_json().to_string()).unwrap(), event);
}

#[test]
fn version_one_of_a_delay_reason_reads_as_the_newest() {
    let old = r#"{"specversion":"1.0","type":"care.joinedup.transfer.delay-reason-set.v1","source":"/pas","id":"1",
        "time":"2018-05-03T09:00:00Z","data":{"transfer":"t-1","area":"E10000012","date":"2018-05-03","code":"Di","attributable_to":"Social Care"}}"#;
    let new = r#"{"specversion":"1.0","type":"care.joinedup.transfer.delay-reason-set.v2","source":"/pas","id":"1",
        "time":"2018-05-03T09:00:00Z","data":{"transfer":"t-1","area":"E10000012","date":"2018-05-03","reason":"residential-home","responsible":"social-care"}}"#;
    assert_eq!(read(old).unwrap(), read(new).unwrap());
}

#[test]
fn a_newer_version_is_told_from_an_unknown_type() {
    let newer = ready("{}").replace("ready.v1", "ready.v9");
    assert!(matches!(
        read(&newer),
        Err(DecodeError::NewerVersion {
            found: 9,
            known: 1,
            ..
        })
    ));
    assert!(matches!(
        read(&ready("{}").replace(".ready.", ".flew.")),
        Err(DecodeError::UnknownType)
    ));
    assert!(matches!(
        read(&ready("{}").replace("ready.v1", "ready.v0")),
        Err(DecodeError::UnknownType)
    ));
}

#[test]
fn an_error_never_repeats_a_value() {
    let error = read(&ready(
        r#"{"transfer":"t-1","area":"E10000012","date":"John Smith 9434765919"}"#,
    ))
    .unwrap_err();
    let text = error.to_string();
    assert!(
        !text.contains("John") && !text.contains("9434765919"),
        "{text}"
    );
    assert!(text.contains("transfer.ready"), "{text}");
}
