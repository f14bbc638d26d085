//! A file's events on their way to a sink: read on one thread, sent from another, with bad rows named as they come.

use crate::input::Input;
use crate::sink::{SendError, Sink};
use crate::{BadRow, Chunk};
use joinedup_events::observation::ObservationFact;
use joinedup_events::{Event, EventKey, Fact};
use joinedup_log::Position;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows and lines read.
    pub rows: u64,
    /// Events sent.
    pub sent: u64,
    /// Events that were stored now.
    pub accepted: u64,
    /// Events that the log knew already.
    pub duplicates: u64,
    /// Of what was known, the amounts that were restated since: what was said later stands.
    pub superseded: u64,
    /// Amounts that were stored again, because a log without a server knows repeats of its last hours alone.
    pub again: u64,
    /// Events of an archive that were erased from the log, and stay out of it.
    pub erased: u64,
    /// Of the duplicates, where those stand of which that has still to be looked up.
    pub repeated: BTreeSet<Position>,
    /// Of what was stored, the amounts of which that has still to be looked up.
    pub stored: BTreeMap<EventKey, Position>,
    /// Rows of which something was not taken: each once, whatever is wrong with it.
    pub refused: u64,
    /// Stored events that contradict each other or what is known.
    pub contradicting: u64,
    /// The series of published amounts that were sent.
    pub series: BTreeSet<String>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            rows,
            sent,
            accepted,
            duplicates,
            superseded: _,
            again: _,
            erased: _,
            repeated: _,
            stored: _,
            refused,
            contradicting,
            series: _,
        } = self;
        write!(
            f,
            "read {rows} rows, sent {sent} events: {accepted} accepted, {duplicates} duplicates; refused {refused}"
        )?;
        Contradicting(*contradicting).fmt(f)
    }
}

/// So many events that contradict others or what is known, as is said after how many were accepted: nothing of none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contradicting(pub u64);

impl Contradicting {
    /// The same as a sentence of its own.
    #[must_use]
    pub fn sentence(self) -> String {
        let facts = match self.0 {
            1 => "fact contradicts",
            _ => "facts contradict",
        };
        format!(
            "{} {facts} others or what is known: see the page Sources",
            self.0
        )
    }
}

impl std::fmt::Display for Contradicting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            0 => Ok(()),
            _ => write!(f, "; {}", self.sentence()),
        }
    }
}

/// Why a file was not sent to its end. What was accepted before stays.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The file.
    #[error("cannot be read on: {0}")]
    Read(std::io::Error),
    /// The sink.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The thread that read ended.
    #[error("reading was cut short: {0}")]
    Cut(#[from] tokio::task::JoinError),
}

/// Sends what a file holds, in order. `bad` is given every row that is not taken, and `moved` now and then how much
/// of the file, in bytes, is done with.
///
/// # Errors
/// When the sink does not take the events, or the file cannot be read on.
pub async fn transfer(
    mut input: Input,
    sink: &Sink,
    report: &mut Report,
    mut bad: impl FnMut(&BadRow),
    mut moved: impl FnMut(u64),
) -> Result<(), TransferError> {
    let most = sink.batch();
    let (chunks, mut received) = mpsc::channel::<std::io::Result<(Chunk, u64)>>(2);
    let reading = tokio::task::spawn_blocking(move || {
        while let Some(chunk) = input.chunk(most).transpose() {
            let ended = chunk.is_err();
            let chunk = chunk.map(|chunk| (chunk, input.read.load(Ordering::Relaxed)));
            // Nobody receives any more: sending failed, and that is reported.
            if chunks.blocking_send(chunk).is_err() || ended {
                return;
            }
        }
    });
    while let Some(chunk) = received.recv().await {
        let (chunk, read) = chunk.map_err(TransferError::Read)?;
        report.rows += chunk.rows;
        let series = chunk
            .items
            .iter()
            .filter_map(|item| match &item.event.fact {
                Fact::Observation(ObservationFact::Observed(o)) => Some(o.series.to_string()),
                _ => None,
            });
        report.series.extend(series);
        let mut refused: BTreeSet<u64> = chunk.bad.iter().map(|row| row.line).collect();
        chunk.bad.iter().for_each(&mut bad);
        let (lines, events): (Vec<u64>, Vec<Event>) = chunk
            .items
            .into_iter()
            .map(|item| (item.line, item.event))
            .unzip();
        for (lines, events) in lines.chunks(most).zip(events.chunks(most)) {
            let sent = sink.send(events).await?;
            report.sent += events.len() as u64;
            report.accepted += sent.accepted;
            report.duplicates += sent.duplicates;
            report.superseded += sent.superseded;
            report.repeated.extend(sent.repeated);
            report.stored.extend(sent.stored);
            report.contradicting += sent.contradicting;
            for (at, field, rule) in sent.refused {
                let line = lines.get(at).copied().unwrap_or_default();
                refused.insert(line);
                bad(&BadRow::new(line, field, rule));
            }
        }
        report.refused += refused.len() as u64;
        moved(read);
    }
    Ok(reading.await?)
}
