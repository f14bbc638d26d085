//! What is written can be read again, types and all; the whole-product tests hold the values against the CSV's in DuckDB.

use super::facts;
use joinedup_log::memory::MemoryLog;
use joinedup_log::{EventLog, NewEvent, Position};
use parquet::basic::{LogicalType, Type};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;

fn new(payload: &str, id: &str) -> NewEvent {
    NewEvent {
        subject: "joinedup.transfer.x.00".into(),
        message_id: id.into(),
        payload: payload.to_owned().into(),
        condition: None,
    }
}

#[tokio::test]
async fn facts_have_instants_and_what_cannot_be_read_is_counted_in_the_file() {
    let log = MemoryLog::new();
    let event = r#"{"specversion":"1.0","id":"1","source":"/pas","type":"care.joinedup.transfer.cancelled.v1","time":"2026-06-01T09:00:00Z","recordedtime":"2026-06-01T09:05:00Z","data":{"transfer":"t1","area":"E10000012"}}"#;
    log.append(vec![new(event, "1"), new("{}", "2")])
        .await
        .unwrap();
    let mut file = Vec::new();
    let written = facts(&log, Position::ORIGIN, &mut file).await.unwrap();
    assert_eq!((written.facts, written.unread), (1, 1));
    let read = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    let remarks = read
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .unwrap();
    let remark = |name: &str| {
        let found = remarks.iter().find(|remark| remark.key == name);
        found.and_then(|remark| remark.value.clone())
    };
    assert_eq!(remark("joinedup.unread").as_deref(), Some("1"));
    assert_eq!(remark("joinedup.as_of_position").as_deref(), Some("2"));
    assert!(remark("joinedup.audience").is_some() && remark("joinedup.as_of").is_some());
    let schema = read.metadata().file_metadata().schema_descr();
    let time = schema.column(6);
    assert_eq!((time.name(), time.physical_type()), ("time", Type::INT64));
    assert!(matches!(
        time.logical_type_ref(),
        Some(LogicalType::Timestamp(_))
    ));
    let rows: Vec<_> = read
        .get_row_iter(None)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0].get_timestamp_micros(6).unwrap(),
        1_780_304_400_000_000
    );
    assert_eq!(rows[0].get_string(5).unwrap(), "t1");
}
