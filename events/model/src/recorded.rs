//! Events as a log has them. Those that came past the door may have their data as bytes in base 64.

use crate::check;
use crate::envelope::{Envelope, EnvelopeError};
use crate::event::{DecodeError, Event};

/// Why recorded bytes are not an event that this program knows. No text holds a value of the event.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The bytes are not an event's envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The event's type or data cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// Reads the bytes of a recorded event, of whatever area. Whoever reads a log reads it with this: what one reader cannot read
/// and another can would be counted and not erased, or shown and not found.
///
/// # Errors
/// When the bytes are not an event that this program knows.
pub fn read(payload: &[u8]) -> Result<Event, Unreadable> {
    read_plain(payload).or_else(|reason| match check::with_data_decoded(payload) {
        Some(decoded) => read_plain(&decoded),
        None => Err(reason),
    })
}

fn read_plain(payload: &[u8]) -> Result<Event, Unreadable> {
    Ok(Event::decode(&Envelope::from_json(payload)?)?)
}
