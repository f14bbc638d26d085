//! Whom an erasure took out of a log stays out of it when an archive from before is restored into it.

use super::{Chosen, decoded, each};
use joinedup_events::facts::Retracted;
use joinedup_log::{EventLog, ReadError, RecordedEvent};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// What was erased from a log, as its tombstones say, and whose it was, as far as an archive has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptOut {
    digests: BTreeSet<[u8; 32]>,
    entities: Chosen,
    events: u64,
}

impl KeptOut {
    /// What was erased from a log, which is read whole.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn of(log: &dyn EventLog) -> Result<Self, ReadError> {
        let mut digests = BTreeSet::new();
        each(log, |event| {
            digests.extend(event.fact.retraction().and_then(Retracted::erased));
        })
        .await?;
        Ok(Self {
            digests,
            ..Self::default()
        })
    }

    /// Whether an event of an archive was erased, or names as `previous` an entity of which an event before it was: the log has
    /// that one without the name. Events are asked about in the order of the archive.
    /// The tombstones among them count as well.
    pub fn has(&mut self, stored: &RecordedEvent) -> bool {
        if mentions_tombstone(stored) {
            let event = decoded(stored);
            self.digests
                .extend(event.and_then(|e| e.fact.retraction().and_then(Retracted::erased)));
        }
        let is_kept_out = !self.digests.is_empty() && self.looked_at(stored);
        self.events += u64::from(is_kept_out);
        is_kept_out
    }

    /// How many events were kept out.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    fn looked_at(&mut self, stored: &RecordedEvent) -> bool {
        let is_erased = self.digests.contains(&Sha256::digest(&stored.payload)[..]);
        let Some(event) = decoded(stored) else {
            return is_erased;
        };
        let family = event.fact.family();
        if is_erased {
            self.entities.insert((family, event.entity));
            return true;
        }
        let previous = event.fact.previous().cloned();
        previous.is_some_and(|entity| self.entities.contains(&(family, entity)))
    }
}

/// Whether it is worth looking closer.
fn mentions_tombstone(stored: &RecordedEvent) -> bool {
    let text = std::str::from_utf8(&stored.payload);
    text.is_ok_and(|text| text.contains(Retracted::TOMBSTONE))
}
