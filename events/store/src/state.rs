//! The store's own row: which store it is, how many commits it had, and the digest over its rows.
//!
//! Its value is the store's id (16 bytes), then, big-endian and 8 bytes each, the number of commits, of rows, and the sum
//! of the digest. It changes with every batch, in the same batch.

use crate::checksum::{self, Digest};
use crate::mark::StoreId;

/// The key of the row. Callers' keys begin at [`FIRST_KEY`].
pub(crate) const KEY: &[u8] = &[0];
/// The first key a caller may use.
pub(crate) const FIRST_KEY: &[u8] = &[1];

/// The store's own row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) id: StoreId,
    pub(crate) commits: u64,
    pub(crate) digest: Digest,
}

impl State {
    pub(crate) fn seal(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(40);
        value.extend_from_slice(&self.id);
        for number in [self.commits, self.digest.rows, self.digest.sum] {
            value.extend_from_slice(&number.to_be_bytes());
        }
        checksum::seal(KEY, &value)
    }

    pub(crate) fn open(stored: &[u8]) -> Option<Self> {
        let value = checksum::open(KEY, stored)?;
        let number = |at: usize| {
            value
                .get(at..)
                .and_then(|rest| rest.first_chunk())
                .map(|&n| u64::from_be_bytes(n))
        };
        Some(Self {
            id: *value.first_chunk()?,
            commits: number(16)?,
            digest: Digest {
                rows: number(24)?,
                sum: number(32)?,
            },
        })
    }
}
