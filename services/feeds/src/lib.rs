//! Import: files become events, and events go into the log.
//!
//! A table ([`sheet`]) goes through a [`mapping`], which says what its columns mean; lines of JSON are events already. Every event is
//! checked as at the HTTP door before it is sent, so that a bad row is named by file, line and column, and the good
//! rows go in. An event's id is a digest of what it says, so importing a file again changes nothing.

pub mod added;
pub mod client_level;
pub mod csv;
pub mod delay_reason;
pub mod detect;
pub mod feed;
pub mod fhir;
pub mod hl7;
pub mod http_client;
pub mod identity;
pub mod input;
pub mod line_list;
pub mod mapping;
pub mod ndjson;
pub mod number;
mod plain;
pub mod pseudonym;
pub mod sheet;
pub mod sink;
pub mod stay;
pub mod transfer;

#[cfg(test)]
mod cases_tests;
#[cfg(test)]
mod published_tests;
#[cfg(test)]
mod returns_tests;

use joinedup_events::Event;

/// An event and the line that it came from, counted from 1.
#[derive(Clone, Debug)]
pub struct Item {
    /// The line.
    pub line: u64,
    /// The event.
    pub event: Event,
}

/// A row, or one series of it, that was not taken. The text holds no value of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The line, counted from 1.
    pub line: u64,
    /// The column, or the event's field; empty for the row as a whole.
    pub column: String,
    /// What is wrong, as a sentence that goes on from the column's name.
    pub sentence: String,
}

impl BadRow {
    /// A bad row.
    pub fn new(line: u64, column: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self {
            line,
            column: column.into(),
            sentence: sentence.into(),
        }
    }

    /// The line that is printed: `FILE:LINE: column: sentence`.
    #[must_use]
    pub fn in_file(&self, file: &str) -> String {
        if self.column.is_empty() {
            format!("{file}:{}: {}", self.line, self.sentence)
        } else {
            format!("{file}:{}: {}: {}", self.line, self.column, self.sentence)
        }
    }
}

/// What was read at one go.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    /// Rows or lines read.
    pub rows: u64,
    /// The events, in the order of the file.
    pub items: Vec<Item>,
    /// What was not taken.
    pub bad: Vec<BadRow>,
    /// Cells of a table for a number that are empty, in rows of a period.
    pub blank: u64,
}
