//! Whether a log goes on from another one, of which somebody was erased: event by event, and from no other.

use super::{decoded, unlinked};
use crate::publisher::new_event;
use joinedup_events::Event;
use joinedup_events::facts::Retracted;
use joinedup_log::RecordedEvent;
use joinedup_log::archive::{ArchiveError, Lines};
use sha2::{Digest, Sha256};
use std::io::BufRead;

/// Whether a log has everything of another where it stood, or a tombstone of it: as whole archives of both say.
///
/// # Errors
/// When an archive is not as it was written.
pub fn goes_on(old: impl BufRead, new: impl BufRead) -> Result<bool, ArchiveError> {
    let (mut old, mut new) = (Lines::new(old), Lines::new(new));
    while let Some(before) = old.event()? {
        let after = new.event()?;
        if !after.is_some_and(|after| succeeds(&before, &after)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether an event is as it was, or what an erasure leaves of it.
fn succeeds(old: &RecordedEvent, new: &RecordedEvent) -> bool {
    if old.position != new.position {
        return false;
    }
    if (&old.subject, &old.payload) == (&new.subject, &new.payload) {
        return true;
    }
    let erased = decoded(new).and_then(|event| event.fact.retraction().and_then(Retracted::erased));
    if let Some(digest) = erased {
        return Sha256::digest(&old.payload)[..] == digest;
    }
    decoded(old).is_some_and(|event| {
        let fact = unlinked(event.fact.clone());
        new_event(&Event { fact, ..event }, None).payload == new.payload
    })
}
