//! Lines of JSON: events as they are published, or the archive that `joinedup export` writes.

use super::{BadRow, Chunk, Item};
use chrono::{DateTime, Utc};
use joinedup_events::facts::Retracted;
use joinedup_events::{Areas, Arrival, Event, Refusals, Submitted, recorded};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::{BufRead, Read};
use std::sync::Arc;

/// The longest line that is read, in bytes.
const MAX_LINE: u64 = 4 << 20;

/// A file of events being read.
pub struct EventLines<R> {
    reader: R,
    archive: bool,
    areas: Arc<Areas>,
    now: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    line: u64,
    buffer: Vec<u8>,
}

/// A line of an archive, as far as importing needs it.
#[derive(Deserialize)]
struct ArchiveLine<'a> {
    #[serde(borrow)]
    payload: &'a RawValue,
}

impl<R: BufRead> EventLines<R> {
    /// Reads lines of events, or of an archive. Events that do not say when they were recorded were at `recorded_at`.
    pub fn new(
        reader: R,
        archive: bool,
        areas: Arc<Areas>,
        now: DateTime<Utc>,
        recorded_at: DateTime<Utc>,
    ) -> Self {
        Self {
            reader,
            archive,
            areas,
            now,
            recorded_at,
            line: 0,
            buffer: Vec::new(),
        }
    }

    /// The next lines, until they make `most` events or the file ends; `None` at its end.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn chunk(&mut self, most: usize) -> Result<Option<Chunk>, std::io::Error> {
        let mut chunk = Chunk::default();
        while chunk.items.len() < most {
            self.buffer.clear();
            let read = self
                .reader
                .by_ref()
                .take(MAX_LINE)
                .read_until(b'\n', &mut self.buffer)?;
            if read == 0 {
                break;
            }
            self.line += 1;
            if !self.buffer.ends_with(b"\n") && read as u64 == MAX_LINE {
                self.reader.skip_until(b'\n')?;
            }
            let bytes = self.buffer.trim_ascii();
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            if bytes.is_empty() {
                continue;
            }
            chunk.rows += 1;
            let line = self.line;
            match self.event(bytes) {
                Ok(event) => chunk.items.push(Item { line, event }),
                Err(Wrong::Erased) => {}
                Err(Wrong::Line(sentence)) => chunk.bad.push(BadRow::new(line, "", sentence)),
                Err(Wrong::Event(refusals)) => {
                    chunk.bad.extend(
                        refusals
                            .0
                            .into_iter()
                            .map(|r| BadRow::new(line, r.pointer, r.rule)),
                    );
                }
            }
        }
        Ok((chunk.rows > 0).then_some(chunk))
    }

    fn event(&self, bytes: &[u8]) -> Result<Event, Wrong> {
        let payload = if self.archive {
            let line: ArchiveLine<'_> = serde_json::from_slice(bytes)
                .map_err(|_| Wrong::Line("is not a line of an archive with a JSON event"))?;
            let payload = line.payload.get();
            if payload.contains(Retracted::TOMBSTONE) && is_tombstone(payload.as_bytes()) {
                return Err(Wrong::Erased);
            }
            payload.as_bytes()
        } else {
            bytes
        };
        let arrival = Arrival {
            now: self.now,
            recorded_at: self.recorded_at,
        };
        Submitted::read(payload)
            .and_then(|submitted| submitted.admit(&self.areas, arrival))
            .map_err(Wrong::Event)
    }
}

fn is_tombstone(payload: &[u8]) -> bool {
    let event = recorded::read(payload).ok();
    event.is_some_and(|e| e.fact.retraction().is_some_and(Retracted::is_tombstone))
}

enum Wrong {
    /// It says that there was something in the log that the archive is of. It takes nothing back, and in another log nothing
    /// was there.
    Erased,
    Line(&'static str),
    Event(Refusals),
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_log::archive;
    use joinedup_log::memory::MemoryLog;
    use joinedup_log::{EventLog, Position};

    const GOOD: &str = r#"{"specversion":"1.0","type":"care.joinedup.transfer.ready.v1","source":"/pas","id":"a","time":"2026-05-03T09:00:00Z","data":{"transfer":"t-1","area":"E10000012","date":"2026-05-03"}}"#;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn read(text: &[u8], archive: bool) -> Chunk {
        let areas = Arc::new(Areas::built_in().unwrap());
        let mut lines = EventLines::new(
            text,
            archive,
            areas,
            at("2026-06-02T00:00:00Z"),
            at("2026-06-01T00:00:00Z"),
        );
        lines.chunk(100).unwrap().unwrap_or_default()
    }

    #[test]
    fn good_lines_go_in_and_bad_ones_are_named_by_line_and_field() {
        let text = format!(
            "{GOOD}\n\nnot json\n{}\n{}\n",
            GOOD.replace("E10000012", "nowhere"),
            GOOD.replace("\"a\"", "\"b\"")
        );
        let chunk = read(text.as_bytes(), false);
        assert_eq!((chunk.rows, chunk.items.len()), (4, 2));
        assert_eq!(
            chunk.items.iter().map(|i| i.line).collect::<Vec<_>>(),
            [1, 5]
        );
        assert_eq!(chunk.bad.iter().map(|b| b.line).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(chunk.bad[1].column, "/data/area");
        assert!(
            chunk.bad[1]
                .in_file("events.ndjson")
                .starts_with("events.ndjson:4: /data/area: must be")
        );
    }

    #[test]
    fn an_event_that_does_not_say_when_it_was_recorded_was_at_the_time_given() {
        assert_eq!(
            read(GOOD.as_bytes(), false).items[0].event.recorded_at,
            at("2026-06-01T00:00:00Z")
        );
        let said = GOOD.replace(
            "\"data\"",
            "\"recordedtime\":\"2026-05-04T00:00:00Z\",\"data\"",
        );
        assert_eq!(
            read(said.as_bytes(), false).items[0].event.recorded_at,
            at("2026-05-04T00:00:00Z")
        );
    }

    #[test]
    fn a_line_without_end_is_one_bad_line_and_the_next_is_read() {
        let mut text = vec![b'x'; usize::try_from(MAX_LINE).unwrap() + 10];
        text.extend_from_slice(format!("\n{GOOD}").as_bytes());
        let chunk = read(&text, false);
        assert_eq!(
            (chunk.bad.len(), chunk.items.len(), chunk.items[0].line),
            (1, 1, 2)
        );
    }

    #[tokio::test]
    async fn an_archive_reads_back_as_the_events_that_went_into_it() {
        let event = read(GOOD.as_bytes(), false).items.remove(0).event;
        let log = MemoryLog::new();
        log.append(vec![joinedup_application::publisher::new_event(
            &event, None,
        )])
        .await
        .unwrap();
        let mut file = Vec::new();
        archive::export(&log, &mut file, Position::ORIGIN)
            .await
            .unwrap();
        let chunk = read(&file, true);
        assert_eq!(
            chunk
                .items
                .iter()
                .map(|i| i.event.clone())
                .collect::<Vec<_>>(),
            [event]
        );
    }
    #[test]
    fn a_tombstone_is_no_event_of_another_log_and_nobody_may_send_one() {
        let tombstone = GOOD
            .replace("transfer.ready", "transfer.retracted")
            .replace(r#""date":"2026-05-03""#, r#""retracts":"erased-sha256:ab""#);
        let line = format!(r#"{{"position":1,"subject":"s","payload":{tombstone}}}"#);
        let chunk = read(line.as_bytes(), true);
        assert_eq!((chunk.items.len(), chunk.bad.len()), (0, 0));
        let bad = read(tombstone.as_bytes(), false).bad;
        let columns: Vec<&str> = bad.iter().map(|bad| bad.column.as_str()).collect();
        assert_eq!(columns, ["/data/retracts"]);
    }
}
