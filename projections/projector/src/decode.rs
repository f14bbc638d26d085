//! From recorded bytes to typed events, or to a reason why not.

use joinedup_events::{Areas, Envelope, Event};
use joinedup_log::RecordedEvent;
use sha2::{Digest, Sha256};

/// Reads one recorded event. The reason of a failure holds no value of the event.
pub(crate) fn decode(recorded: &RecordedEvent, areas: &Areas) -> Result<Event, String> {
    let envelope = Envelope::from_json(&recorded.payload).map_err(|e| e.to_string())?;
    let event = Event::decode(&envelope).map_err(|e| e.to_string())?;
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
