//! The archive: a log as lines of JSON, each tied to the one before by a hash.
//!
//! It is the backup of an embedded log, the independent copy of a JetStream one, and the evidence that nothing was
//! changed: whoever keeps the last line's hash elsewhere can tell any change to any line before it.
//!
//! A line is an object with the members, in this order,
//! * `position`: where the event stood in the log it came from (a restored log gives positions of its own);
//! * `subject`;
//! * `payload`, the event itself, if it is compact JSON and not `null`; else `base64`, its bytes;
//! * `prev`: the hash of the line before, or 64 zeroes for the first of a whole archive;
//! * `hash`: SHA-256, in hexadecimal digits, of the previous hash (as its 64 digits), the position and the length of the
//!   subject (8 bytes each, big-endian), the subject and the payload's bytes.
//!
//! The message id is not kept: [`message_id`] makes it from the payload again, so restoring twice
//! stores nothing twice (within the log's window for repeats).

use std::io::{self, BufRead, Write};

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::message_id::message_id;
use crate::{AppendError, EventLog, NewEvent, Position, ReadError, RecordedEvent};

#[cfg(test)]
mod tests;

/// Events read or appended at once.
const BATCH_EVENTS: usize = 1000;
/// The longest line that is read, in bytes; longer ones are not of an archive.
const LINE_BYTES: u64 = 4 << 20;
/// What the first line of an archive gives for the line before it.
pub const BEGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The header of an answer over HTTP with an archive that names the log that it was made from.
pub const OF_LOG: &str = "joinedup-log";

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Lines, one for each event.
    pub events: u64,
    /// The position of the first event, if there is one.
    pub first: Option<Position>,
    /// The position of the last event, if there is one.
    pub last: Option<Position>,
    /// Positions left out between the first and the last: events that the log had lost, or a stream that was set up to
    /// forget some.
    pub missing: u64,
    /// The first run of them: from one position to another, both included.
    pub first_missing: Option<(Position, Position)>,
    /// The hash that the first line names as the one before it.
    pub starts_from: String,
    /// The hash of the last line: keep it elsewhere. A later archive that starts from it continues this one.
    pub hash: String,
    /// The hash that the last line names as the one before it, if there is a line: who continues the archive needs it too.
    pub prev: Option<String>,
}

/// The end of an archive that another one continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The hash of its last line.
    pub hash: String,
    /// The hash that its last line names as the one before it. With it is seen whether the log still has the event of that
    /// line.
    pub prev: Option<String>,
}

impl Summary {
    /// The position of the first event, where others were before it that are not here: the archive continues another, or was
    /// made without them.
    #[must_use]
    pub fn begins_late(&self) -> Option<Position> {
        let late = |first: &Position| self.starts_from != BEGIN || first.0 > 1;
        self.first.filter(late)
    }

    fn starting_from(hash: &str) -> Self {
        Self {
            events: 0,
            first: None,
            last: None,
            missing: 0,
            first_missing: None,
            starts_from: hash.to_owned(),
            hash: hash.to_owned(),
            prev: None,
        }
    }

    fn add(&mut self, position: Position, hash: String) {
        if let Some(last) = self.last
            && position.0 > last.0.saturating_add(1)
        {
            let gap = (Position(last.0 + 1), Position(position.0 - 1));
            self.missing += gap.1.0 - last.0;
            self.first_missing = self.first_missing.or(Some(gap));
        }
        self.events += 1;
        self.first = self.first.or(Some(position));
        self.last = Some(position);
        self.prev = Some(std::mem::replace(&mut self.hash, hash));
    }
}

/// Why an archive was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log could not be read.
    #[error("the log could not be read for the archive: {0}")]
    Log(#[from] ReadError),
    /// The archive could not be written.
    #[error("the archive could not be written: {0}")]
    Write(#[from] io::Error),
}

/// What is wrong with an archive, and where.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the archive: {problem}")]
pub struct ArchiveError {
    /// The first bad line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a line of an archive.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It could not be read.
    #[error("it cannot be read: {0}")]
    Read(io::Error),
    /// It is not a line of an archive. (Without details, since a parser's message may quote the event.)
    #[error("it is not a line of an archive")]
    Malformed,
    /// Something in the line is not as it was written.
    #[error("its hash does not match its content, so it was changed")]
    Changed,
    /// The line does not follow on the one before it.
    #[error(
        "it does not follow on the line before, so lines are missing, added or in another order"
    )]
    Unchained,
    /// Positions do not rise.
    #[error("its position {0} is not above the one before")]
    Position(Position),
}

/// Why an archive was not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The archive is not whole. What came before the bad line may have been restored.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// It is not the whole of a log, and was to become one.
    #[error(
        "the archive begins at position {0}, so it is not the whole of a log, and the one here is empty: restore what comes before \
         it first"
    )]
    BeginsLate(Position),
    /// The log could not be asked whether it is empty.
    #[error("the log could not be read before the archive is restored: {0}")]
    Log(#[from] ReadError),
    /// The log did not take the events.
    #[error("the events before line {line} of the archive could not be restored: {error}")]
    Append {
        /// The line after the last event that was tried, counted from 1.
        line: u64,
        /// The log's error.
        error: AppendError,
    },
}

/// What restoring did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the archive holds.
    pub archive: Summary,
    /// Events the log had already.
    pub repeats: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    position: Position,
    subject: String,
    #[serde(
        borrow,
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    payload: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    prev: String,
    hash: String,
}

/// What stands there, were it `null`: some archives have that as a payload.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(d: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(d).map(Some)
}

/// Writes the events after a position, up to the head at the time of the call, and flushes the writer.
///
/// # Errors
/// See [`ExportError`]. What was written by then is a whole archive of fewer events.
pub async fn export(
    log: &dyn EventLog,
    writer: &mut (dyn Write + Send),
    after: Position,
) -> Result<Summary, ExportError> {
    export_from(log, writer, after, None).await
}

/// As [`export`], continuing an archive that ends so.
///
/// # Errors
/// As [`export`], and when the log does not go on from that archive.
pub async fn export_from(
    log: &dyn EventLog,
    writer: &mut (dyn Write + Send),
    after: Position,
    end: Option<&End>,
) -> Result<Summary, ExportError> {
    let head = goes_on(log, after, end).await?;
    let hash = end.map_or(BEGIN, |end| &end.hash);
    let mut lines = ArchiveWriter::continuing(hash, writer);
    let mut at = after;
    while at < head {
        let events = log.read(at, BATCH_EVENTS).await?;
        let Some(last) = events.last() else {
            let ends = format!("it ends at position {at} and should go on to {head}");
            return Err(ReadError::Broken(ends).into());
        };
        at = last.position;
        for event in events.iter().take_while(|event| event.position <= head) {
            lines.add(event)?;
        }
    }
    Ok(lines.finish()?)
}

/// Checks that a log goes on from a position, and from an archive that ends there; answers its head.
///
/// # Errors
/// When the log is another one, or an older copy of it: what was archived then would be mixed with it, or lack events.
pub async fn goes_on(
    log: &dyn EventLog,
    after: Position,
    end: Option<&End>,
) -> Result<Position, ReadError> {
    let head = log.head().await?;
    if head < after {
        return Err(ReadError::Broken(format!(
            "it ends at position {head}, before {after}: it was restored from an older copy, or is another one"
        )));
    }
    if let Some(End {
        hash,
        prev: Some(prev),
    }) = end
        && let Some(before) = after.0.checked_sub(1)
    {
        let found = log.read(Position(before), 1).await?;
        let is_end =
            |event: &RecordedEvent| event.position == after && hash_of(prev, event) == *hash;
        if !found.first().is_some_and(is_end) {
            return Err(ReadError::Broken(format!(
                "its event at position {after} is not the one that the archive ends with: it was restored from an older copy \
                 and written on, forgot it, or is another one; keep the archive, and begin a new one"
            )));
        }
    }
    Ok(head)
}

/// Writes an archive event by event.
pub struct ArchiveWriter<'a> {
    to: &'a mut (dyn Write + Send),
    summary: Summary,
}

impl<'a> ArchiveWriter<'a> {
    /// Begins one, or continues one whose [`Summary::hash`] is given; [`BEGIN`] begins one.
    pub fn continuing(hash: &str, to: &'a mut (dyn Write + Send)) -> Self {
        Self {
            to,
            summary: Summary::starting_from(hash),
        }
    }

    /// Adds the next event. Positions rise.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, event: &RecordedEvent) -> io::Result<()> {
        let hash = write_line(self.to, event, &self.summary.hash)?;
        self.summary.add(event.position, hash);
        Ok(())
    }

    /// Flushes; answers what it holds.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> io::Result<Summary> {
        self.to.flush()?;
        Ok(self.summary)
    }
}

/// Whether a text can be the hash of a line.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    text.len() == BEGIN.len()
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Checks an archive. It may be a continuation: see [`Summary::starts_from`]. An archive may be as it was written and yet
/// lack events: see [`Summary::missing`].
///
/// # Errors
/// The first bad line.
pub fn verify(reader: impl BufRead) -> Result<Summary, ArchiveError> {
    let mut lines = Lines::new(reader);
    while lines.event()?.is_some() {}
    Ok(lines.summary)
}

/// Checks an archive and appends its events, in order. Repeating it changes nothing. Into an empty log an archive goes that
/// begins where a log does, or, `with_gaps`, any. Events that `is_left_out` names stay out of it.
///
/// # Errors
/// See [`RestoreError`]. The archive is checked as it is read: run [`verify`] before to have all or nothing of it.
pub async fn restore(
    reader: impl BufRead + Send,
    log: &dyn EventLog,
    with_gaps: bool,
    mut is_left_out: impl FnMut(&RecordedEvent) -> bool + Send,
) -> Result<Restored, RestoreError> {
    let mut lines = Lines::new(reader);
    let mut repeats = 0;
    let is_empty = log.head().await? == Position::ORIGIN;
    loop {
        let mut events = Vec::with_capacity(BATCH_EVENTS);
        while events.len() < BATCH_EVENTS {
            let Some(event) = lines.event()? else { break };
            if is_left_out(&event) {
                continue;
            }
            events.push(NewEvent {
                message_id: message_id(&event.payload),
                subject: event.subject,
                payload: event.payload,
                condition: None,
            });
        }
        if events.is_empty() {
            return Ok(Restored {
                archive: lines.summary,
                repeats,
            });
        }
        if is_empty
            && !with_gaps
            && let Some(first) = lines.summary.begins_late()
        {
            return Err(RestoreError::BeginsLate(first));
        }
        let answers = log
            .append(events)
            .await
            .map_err(|error| RestoreError::Append {
                line: lines.line + 1,
                error,
            })?;
        repeats += answers.iter().filter(|answer| answer.duplicate).count() as u64;
    }
}

fn hash_of(prev: &str, event: &RecordedEvent) -> String {
    let mut hash = Sha256::new();
    hash.update(prev);
    hash.update(event.position.0.to_be_bytes());
    hash.update((event.subject.len() as u64).to_be_bytes());
    hash.update(&event.subject);
    hash.update(&event.payload);
    HEXLOWER.encode(&hash.finalize())
}

fn write_line(
    writer: &mut dyn Write,
    event: &RecordedEvent,
    prev: &str,
) -> Result<String, io::Error> {
    let hash = hash_of(prev, event);
    // As JSON only if the very bytes come back: one value, without a line break or space around it. Readers take `null` for
    // something that is not there.
    let payload = std::str::from_utf8(&event.payload)
        .ok()
        .filter(|text| !text.contains(['\n', '\r']) && *text != "null")
        .and_then(|text| {
            serde_json::from_str::<&RawValue>(text)
                .ok()
                .filter(|raw| raw.get() == text)
        });
    let line = Line {
        position: event.position,
        subject: event.subject.clone(),
        payload,
        base64: payload.is_none().then(|| BASE64.encode(&event.payload)),
        prev: prev.to_owned(),
        hash: hash.clone(),
    };
    serde_json::to_writer(&mut *writer, &line).map_err(io::Error::from)?;
    writer.write_all(b"\n")?;
    Ok(hash)
}

/// The lines of an archive, each checked.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    summary: Summary,
    /// The number of lines read.
    line: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Those that a reader gives.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            summary: Summary::starting_from(BEGIN),
            line: 0,
            buffer: Vec::new(),
        }
    }

    /// The event of the next line; none at the end.
    ///
    /// # Errors
    /// When the line is not as it was written, or does not follow on the one before.
    pub fn event(&mut self) -> Result<Option<RecordedEvent>, ArchiveError> {
        let line = self.line + 1;
        let wrong = |problem| ArchiveError { line, problem };
        self.buffer.clear();
        let mut limited = io::Read::take(&mut self.reader, LINE_BYTES);
        if limited
            .read_until(b'\n', &mut self.buffer)
            .map_err(|error| wrong(Problem::Read(error)))?
            == 0
        {
            return Ok(None);
        }
        // Without the line break the last line may be cut short in a way that still reads as JSON.
        let text = self
            .buffer
            .strip_suffix(b"\n")
            .ok_or_else(|| wrong(Problem::Malformed))?;
        let read: Line<'_> = serde_json::from_slice(text).map_err(|_| wrong(Problem::Malformed))?;
        let payload = match (read.payload, &read.base64) {
            (Some(json), None) => json.get().as_bytes().to_vec(),
            (None, Some(text)) => BASE64
                .decode(text.as_bytes())
                .map_err(|_| wrong(Problem::Malformed))?,
            _ => return Err(wrong(Problem::Malformed)),
        };
        let event = RecordedEvent {
            position: read.position,
            subject: read.subject,
            payload: payload.into(),
        };
        if hash_of(&read.prev, &event) != read.hash {
            return Err(wrong(Problem::Changed));
        }
        if line == 1 {
            self.summary = Summary::starting_from(&read.prev);
        }
        if read.prev != self.summary.hash {
            return Err(wrong(Problem::Unchained));
        }
        if self.summary.last.is_some_and(|last| event.position <= last) {
            return Err(wrong(Problem::Position(event.position)));
        }
        self.summary.add(event.position, read.hash);
        self.line = line;
        Ok(Some(event))
    }
}
