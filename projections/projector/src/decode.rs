//! From recorded bytes to typed events, or to a reason why not.

use crate::checkpoint::Quarantined;
use chrono::Utc;
use joinedup_events::{Areas, Event, recorded};
use joinedup_log::{Position, RecordedEvent};
use joinedup_views::view::Bundle;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

/// So many events are decoded in one piece of work.
const PIECE: usize = 512;

/// A run of decoded events.
pub(crate) struct Decoded {
    /// Those that could be read, in the order of the log, sorted by the partition that folds them.
    pub good: Vec<Bundle>,
    /// Those that could not.
    pub bad: Vec<Quarantined>,
    /// The position of the last one: everything up to it is in the run.
    pub last: Position,
    /// Its digest.
    pub digest: [u8; 32],
}

/// Reads a run of recorded events for a view of so many partitions, on as many cores as there are; none when there are no
/// events.
pub(crate) fn decode_run(
    events: &[RecordedEvent],
    areas: &Areas,
    partitions: usize,
) -> Option<Decoded> {
    let last = events.last()?;
    let piece = |events: &[RecordedEvent]| decode_piece(events, areas, partitions);
    let pieces: Vec<(Bundle, Vec<Quarantined>)> = if events.len() <= PIECE {
        vec![piece(events)]
    } else {
        events.par_chunks(PIECE).map(piece).collect()
    };
    let (good, bad): (Vec<Bundle>, Vec<Vec<Quarantined>>) = pieces.into_iter().unzip();
    Some(Decoded {
        good,
        bad: bad.concat(),
        last: last.position,
        digest: digest(last),
    })
}

fn decode_piece(
    events: &[RecordedEvent],
    areas: &Areas,
    partitions: usize,
) -> (Bundle, Vec<Quarantined>) {
    let (mut good, mut bad) = (Bundle::new(partitions), Vec::new());
    for recorded in events {
        let position = recorded.position.0;
        match decode(recorded, areas) {
            Ok(event) => good.add(position, event),
            Err(reason) => bad.push(Quarantined {
                position,
                reason,
                at: Utc::now(),
            }),
        }
    }
    (good, bad)
}

/// Reads one recorded event. The reason of a failure holds no value of the event.
pub(crate) fn decode(recorded: &RecordedEvent, areas: &Areas) -> Result<Event, String> {
    let event = recorded::read(&recorded.payload).map_err(|e| e.to_string())?;
    if areas.get(event.area.as_str()).is_none() {
        return Err(
            "`area` is not in the register of areas: add it to the areas file and start again"
                .to_owned(),
        );
    }
    Ok(event)
}

/// The digest that a checkpoint keeps of the event at its position.
pub(crate) fn digest(recorded: &RecordedEvent) -> [u8; 32] {
    Sha256::digest(&recorded.payload).into()
}
