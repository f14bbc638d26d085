//! From recorded bytes to typed events, or to a reason why not.

use crate::checkpoint::Quarantined;
use chrono::Utc;
use joinedup_events::{Areas, Envelope, Event, check};
use joinedup_log::{Position, RecordedEvent};
use sha2::{Digest, Sha256};

/// A run of decoded events.
pub(crate) struct Decoded {
    /// Those that could be read, with their positions.
    pub good: Vec<(u64, Event)>,
    /// Those that could not.
    pub bad: Vec<Quarantined>,
    /// The position of the last one: everything up to it is in the run.
    pub last: Position,
    /// Its digest.
    pub digest: [u8; 32],
}

/// Reads a run of recorded events; none when there are none.
pub(crate) fn decode_run(events: &[RecordedEvent], areas: &Areas) -> Option<Decoded> {
    let last = events.last()?;
    let mut run = Decoded {
        good: Vec::with_capacity(events.len()),
        bad: Vec::new(),
        last: last.position,
        digest: digest(last),
    };
    for recorded in events {
        let position = recorded.position.0;
        match decode(recorded, areas) {
            Ok(event) => run.good.push((position, event)),
            Err(reason) => run.bad.push(Quarantined {
                position,
                reason,
                at: Utc::now(),
            }),
        }
    }
    Some(run)
}

/// Reads one recorded event. The reason of a failure holds no value of the event.
pub(crate) fn decode(recorded: &RecordedEvent, areas: &Areas) -> Result<Event, String> {
    let event = read(&recorded.payload).or_else(|reason| {
        match check::with_data_decoded(&recorded.payload) {
            Some(decoded) => read(&decoded),
            None => Err(reason),
        }
    })?;
    if areas.get(event.area.as_str()).is_none() {
        return Err(
            "`area` is not in the register of areas: add it to the areas file and start again"
                .to_owned(),
        );
    }
    Ok(event)
}

fn read(payload: &[u8]) -> Result<Event, String> {
    let envelope = Envelope::from_json(payload).map_err(|e| e.to_string())?;
    Event::decode(&envelope).map_err(|e| e.to_string())
}

/// The digest that a checkpoint keeps of the event at its position.
pub(crate) fn digest(recorded: &RecordedEvent) -> [u8; 32] {
    Sha256::digest(&recorded.payload).into()
}
