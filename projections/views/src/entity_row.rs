//! Entities as a store keeps them: with all their facts in a page, with some of them in the journal.

use crate::packing::append;
use joinedup_events::Family;
use serde::{Deserialize, Serialize};

/// What is stored of entities is cut into rows of about this size, in bytes: a store's cost is by the row, so rows are
/// few and not small.
pub const ROW_BYTES: usize = 8 << 10;

/// An entity and some or all of its facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityRow<'a> {
    /// The family.
    pub family: Family,
    /// The id.
    pub id: &'a str,
    /// The packed facts.
    #[serde(with = "serde_bytes")]
    pub facts: &'a [u8],
}

impl<'a> EntityRow<'a> {
    /// Adds the row to bytes.
    pub fn append(&self, bytes: &mut Vec<u8>) {
        // A code, a text and bytes cannot refuse to be packed.
        let _ = append(self, bytes);
    }

    /// Takes the first row from bytes, and what follows it.
    ///
    /// # Errors
    /// When the bytes do not begin with a row.
    pub fn first(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), postcard::Error> {
        postcard::take_from_bytes(bytes)
    }
}

/// Facts that a store does not have yet.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Whole rows each.
    pub pieces: Vec<Vec<u8>>,
    /// The bytes of all pieces.
    pub bytes: usize,
}

impl Journal {
    pub fn push(&mut self, row: &EntityRow<'_>) {
        if self
            .pieces
            .last()
            .is_none_or(|piece| piece.len() >= ROW_BYTES)
        {
            self.pieces.push(Vec::with_capacity(ROW_BYTES + 256));
        }
        if let Some(piece) = self.pieces.last_mut() {
            let before = piece.len();
            row.append(piece);
            self.bytes += piece.len() - before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_cut_between_rows_and_gives_all_of_them_back() {
        let mut journal = Journal::default();
        let ids: Vec<String> = (0..2_000).map(|n| format!("entity-{n}")).collect();
        for id in &ids {
            journal.push(&EntityRow {
                family: Family::Transfer,
                id,
                facts: &[7; 40],
            });
        }
        assert!(journal.pieces.len() > 5);
        assert_eq!(
            journal.bytes,
            journal.pieces.iter().map(Vec::len).sum::<usize>()
        );
        let mut read = Vec::new();
        for piece in &journal.pieces {
            let mut rest = piece.as_slice();
            while !rest.is_empty() {
                let (row, after) = EntityRow::first(rest).unwrap();
                assert_eq!(row.facts, [7; 40]);
                read.push(row.id.to_owned());
                rest = after;
            }
        }
        assert_eq!(read, ids);
    }
}
