//! A batch: changes that take effect together.

use crate::checksum;

/// Changes to rows, applied in the order in which they were added, all or none.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    changes: Vec<Change>,
    bytes: usize,
}

/// One change.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: Vec<u8>,
    /// The value as it is stored, its checksum in front; none deletes the row.
    pub(crate) stored: Option<Vec<u8>>,
}

impl Batch {
    /// A batch without changes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value of a key, whether or not it had one.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        self.bytes += key.len() + value.len();
        self.changes.push(Change {
            key: key.to_vec(),
            stored: Some(checksum::seal(key, value)),
        });
    }

    /// Removes a key, whether or not it is there.
    pub fn delete(&mut self, key: &[u8]) {
        self.bytes += key.len();
        self.changes.push(Change {
            key: key.to_vec(),
            stored: None,
        });
    }

    /// How many changes it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether it holds no change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The bytes of its keys and values: what to watch when deciding to split.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// A change of a key that belongs to the store itself.
    pub(crate) fn has_reserved_key(&self) -> bool {
        self.changes
            .iter()
            .any(|change| change.key.first().is_none_or(|&first| first == 0))
    }
}

impl Change {
    /// The value without its checksum.
    #[cfg(any(test, feature = "test-support"))]
    pub(crate) fn value(&self) -> Option<&[u8]> {
        self.stored
            .as_deref()
            .map(|stored| &stored[checksum::CHECKSUM_LEN..])
    }
}
