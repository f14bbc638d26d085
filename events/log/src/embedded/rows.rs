//! Reading the rows of events: each is checked to follow on the one before.

use joinedup_store::{self as store, DurableStore, Store};

use super::row::{EVENTS, EventRow, events_key};
use crate::ReadError;

/// The rows that hold the events after a position, each checked to follow on the one before.
pub(super) fn rows(
    store: &DurableStore,
    after: u64,
) -> impl Iterator<Item = Result<EventRow, ReadError>> {
    let mut next = None;
    store.scan(EVENTS, &events_key(after + 1)).map(move |row| {
        let from = next.unwrap_or(after + 1);
        let row = row.map_err(|error| match read_error(error) {
            ReadError::Broken(what) => ReadError::Broken(format!(
                "the events from position {from} on cannot be read: {what}"
            )),
            away @ ReadError::Away(_) => away,
        })?;
        let row = EventRow::decode(&row.key, row.value).ok_or_else(|| {
            ReadError::Broken("it holds a row that is not one of events".to_owned())
        })?;
        let expected = next.replace(row.last + 1);
        if expected.map_or(row.first > after + 1, |expected| row.first != expected) {
            return Err(ReadError::Broken(format!(
                "the events from position {from} to {} are missing",
                row.first - 1
            )));
        }
        Ok(row)
    })
}

pub(super) fn broken_row(row: &EventRow) -> ReadError {
    ReadError::Broken(format!(
        "the row of the events from position {} to {} breaks off",
        row.first, row.last
    ))
}

pub(super) fn read_error(error: store::ReadError) -> ReadError {
    match error {
        store::ReadError::Damaged { what, .. } => ReadError::Broken(what),
        store::ReadError::Io { .. } => ReadError::Away(error.to_string()),
    }
}
