//! The facts of the log as a table, one row an event that can be read.

use super::writer::Writer;
use super::{Column, Of, TableError};
use chrono::Utc;
use joinedup_events::{Event, recorded};
use joinedup_log::{EventLog, Position, ReadError, archive};
use std::io::Write;

/// Events that are read from the log at once.
const BATCH: usize = 1000;

/// What a table of facts holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Rows.
    pub facts: u64,
    /// Events that could not be read and have no row.
    pub unread: u64,
}

/// Writes the facts of the events after a position, up to the head of the log at the time of the call.
///
/// # Errors
/// When the build has no Parquet, the log cannot be read, or the table cannot be written.
pub async fn facts(
    log: &dyn EventLog,
    after: Position,
    to: impl Write + Send,
) -> Result<Facts, TableError> {
    let mut file = Writer::begin(to, columns())?;
    let (as_of, head) = (Utc::now(), archive::goes_on(log, after, None).await?);
    let (mut at, mut written) = (after, Facts::default());
    while at < head {
        let events = log.read(at, BATCH).await?;
        let Some(last) = events.last() else {
            let ends = format!("it ends at position {at} and should go on to {head}");
            return Err(ReadError::Broken(ends).into());
        };
        at = last.position;
        for recorded in events.iter().take_while(|event| event.position <= head) {
            match recorded::read(&recorded.payload) {
                Ok(event) => {
                    written.facts += 1;
                    file.add((recorded.position, event))?;
                }
                Err(_) => written.unread += 1,
            }
        }
    }
    file.finish(vec![
        (
            "audience",
            "administration: everything that was published".to_owned(),
        ),
        ("as_of", as_of.to_rfc3339()),
        ("as_of_position", head.to_string()),
        ("unread", written.unread.to_string()),
    ])?;
    Ok(written)
}

fn columns() -> Vec<Column<(Position, Event)>> {
    vec![
        (
            "position",
            Of::Whole(|(position, _)| i64::try_from(position.0).ok()),
        ),
        (
            "family",
            Of::Text(|(_, event)| Some(event.fact.family().to_string().into())),
        ),
        (
            "fact",
            Of::Text(|(_, event)| Some(event.fact.name().into())),
        ),
        (
            "type",
            Of::Text(|(_, event)| Some(event.fact.event_type().into())),
        ),
        (
            "area",
            Of::Text(|(_, event)| Some(event.area.as_str().into())),
        ),
        (
            "entity",
            Of::Text(|(_, event)| Some(event.entity.as_str().into())),
        ),
        ("time", Of::Instant(|(_, event)| Some(event.occurred_at))),
        (
            "recordedtime",
            Of::Instant(|(_, event)| Some(event.recorded_at)),
        ),
        (
            "source",
            Of::Text(|(_, event)| Some(event.source.as_str().into())),
        ),
        ("id", Of::Text(|(_, event)| Some(event.id.as_str().into()))),
        (
            "actor",
            Of::Text(|(_, event)| event.actor.as_deref().map(Into::into)),
        ),
        (
            "data",
            Of::Text(|(_, event)| Some(event.data().to_string().into())),
        ),
    ]
}
