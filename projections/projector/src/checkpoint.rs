//! The rows of a view's store: what each key means. Keys are bytes in order; numbers in them are big-endian.
//!
//! | Key | Value |
//! | --- | --- |
//! | `m` | [`Checkpoint`] |
//! | `c/<quantity>\0<area>\0<month>` | a page of cells that changed since all were written into a file; empty when nothing is left of it |
//! | `j/<partition><number>` | journal: facts of a partition that no run has yet (`facts.rs`) |
//! | `q/<position>` | [`Quarantined`] |

use chrono::{DateTime, Utc};
use joinedup_log::{LogIdentity, Position};
use joinedup_views::view::{Lists, Summary};
use serde::{Deserialize, Serialize};

/// The key of the checkpoint.
pub(crate) const CHECKPOINT: &[u8] = b"m";
/// Where pages of cells begin.
pub(crate) const CELLS: &[u8] = b"c/";
/// Where the journal begins.
pub(crate) const JOURNAL: &[u8] = b"j/";
/// Where the quarantine begins.
pub(crate) const QUARANTINE: &[u8] = b"q/";

/// How far a view is folded, and over which log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// The form of the stored facts and the code that counted them.
    pub view_version: u32,
    /// The last position read, folded or set aside.
    pub position: Position,
    /// The log it was read from; none before the first event.
    pub log: Option<LogIdentity>,
    /// SHA-256 of the event at the position.
    pub event_digest: [u8; 32],
    /// The pages of cells that the store has not are in a file (`cells.rs`).
    pub cells_file: bool,
    /// Sources and totals.
    pub summary: Summary,
    /// The partitions, in their order.
    pub partitions: Vec<PartitionMark>,
}

/// What of a partition's facts counts. Rows and files of one lie apart from those of another, so that a partition can be
/// taken elsewhere with what is its own.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PartitionMark {
    /// The next journal row.
    pub journal: u64,
    /// The first journal row whose facts no run has.
    pub journal_from: u64,
    /// The runs of facts.
    pub runs: Vec<u64>,
    /// How many entities there are, and which are in use.
    pub lists: Lists,
}

/// An event that could not be folded: it stays in the log, is counted and shown, and is tried again when the program
/// or the register of areas has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Quarantined {
    /// Where it stands in the log.
    pub position: u64,
    /// Why, in a sentence without a value of the event.
    pub reason: String,
    /// When it was set aside.
    pub at: DateTime<Utc>,
}

impl Checkpoint {
    /// Before the first event, of a view of so many partitions.
    pub fn origin(partitions: usize) -> Self {
        Self {
            view_version: joinedup_views::view::VIEW_VERSION,
            position: Position::ORIGIN,
            log: None,
            event_digest: [0; 32],
            cells_file: false,
            summary: Summary::default(),
            partitions: vec![PartitionMark::default(); partitions],
        }
    }

    /// Where the journal of each partition begins.
    pub fn journals_from(&self) -> Vec<u64> {
        let marks = self.partitions.iter();
        marks.map(|mark| mark.journal_from).collect()
    }
}

/// `prefix` and a number.
pub(crate) fn numbered(prefix: &[u8], number: u64) -> Vec<u8> {
    [prefix, &number.to_be_bytes()].concat()
}

/// A row of a partition's journal.
pub(crate) fn journal_row(partition: usize, number: u64) -> Vec<u8> {
    [
        &numbered(JOURNAL, partition as u64)[..],
        &number.to_be_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_keys_sort_as_their_numbers() {
        let numbers = [0, 1, 255, 256, u64::MAX];
        assert!(
            numbers
                .windows(2)
                .all(|w| numbered(JOURNAL, w[0]) < numbered(JOURNAL, w[1]))
        );
    }

    #[test]
    fn the_journal_of_a_partition_lies_between_those_of_its_neighbours() {
        for partition in [0, 1, 15] {
            assert!(journal_row(partition, 0) < journal_row(partition, u64::MAX));
            assert!(journal_row(partition, u64::MAX) < journal_row(partition + 1, 0));
        }
    }

    #[test]
    fn no_kind_of_key_begins_another() {
        let kinds = [CHECKPOINT, CELLS, JOURNAL, QUARANTINE];
        for (i, a) in kinds.iter().enumerate() {
            assert!(
                kinds
                    .iter()
                    .enumerate()
                    .all(|(j, b)| i == j || !b.starts_with(a))
            );
        }
    }
}
