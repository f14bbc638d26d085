//! What is wrong with a row, by kind, so that a mapping can name the kinds that its lists are known for.

use super::mapping::ListMapping;
use crate::BadRow;
use std::collections::BTreeMap;

/// The columns that name the row's spell or referral are not all there or not readable.
pub const NO_KEY: &str = "no-key";
/// The row has more cells than the header.
pub const UNEVEN: &str = "uneven-row";
/// The same row again.
pub const REPEATED: &str = "repeated-row";
/// Another row of the same spell or referral that differs.
pub const CONTRADICTING: &str = "contradicting-row";
/// An area that the register does not have.
pub const UNKNOWN_AREA: &str = "unknown-area";
/// A text that should be a date or time and is not.
pub const UNREADABLE_TIME: &str = "unreadable-time";
/// A word or code that the mapping does not know.
pub const UNKNOWN_CODE: &str = "unknown-code";
/// It happened, by its time, and what else has to be known of it is empty.
pub const INCOMPLETE: &str = "incomplete";
/// The checks at entry do not let it in.
pub const REFUSED: &str = "refused";

/// One fault. No text of it holds a value of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its kind: one of this module's, or the name of an order that was broken.
    pub kind: String,
    /// Where and what.
    pub row: BadRow,
    /// The mapping expects it.
    pub known: bool,
}

/// The faults of a list, in the order of its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn add(&mut self, mapping: &ListMapping, kind: &str, row: BadRow) {
        self.0.push(Fault {
            known: mapping.knows(kind, &row.column),
            kind: kind.to_owned(),
            row,
        });
    }

    /// How many there are of each kind and column, and whether they are known.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(&str, &str, bool), u64> {
        let mut counts = BTreeMap::new();
        for fault in &self.0 {
            let key = (fault.kind.as_str(), fault.row.column.as_str(), fault.known);
            *counts.entry(key).or_default() += 1;
        }
        counts
    }

    /// How many the mapping does not expect.
    #[must_use]
    pub fn unknown(&self) -> usize {
        self.0.iter().filter(|fault| !fault.known).count()
    }
}
