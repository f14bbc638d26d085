//! Which kind of file it is.

use super::sheet::{is_old_workbook, is_workbook};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A table of observations.
    Csv,
    /// A workbook with such a table.
    Workbook,
    /// A workbook from before 2007, which is not taken.
    OldWorkbook,
    /// Events, one a line.
    Events,
    /// An archive: events with a hash chain.
    Archive,
    /// A JSON list, which is not taken.
    JsonList,
}

impl Kind {
    /// Tells by a file's first bytes.
    #[must_use]
    pub fn of(beginning: &[u8]) -> Self {
        let text = beginning
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(beginning)
            .trim_ascii_start();
        // Archives are written by this program alone, with their members in one order.
        if is_old_workbook(beginning) {
            Self::OldWorkbook
        } else if is_workbook(beginning) {
            Self::Workbook
        } else if text.starts_with(b"{\"position\":") {
            Self::Archive
        } else if text.starts_with(b"{") {
            Self::Events
        } else if text.starts_with(b"[") {
            Self::JsonList
        } else {
            Self::Csv
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_what_a_file_holds() {
        assert_eq!(Kind::of(b"\xef\xbb\xbfmonth,a\n"), Kind::Csv);
        assert_eq!(Kind::of(b"\n {\"specversion\":\"1.0\""), Kind::Events);
        assert_eq!(Kind::of(b"{\"position\":1,\"subject\""), Kind::Archive);
        assert_eq!(Kind::of(b" [\n{"), Kind::JsonList);
        assert_eq!(Kind::of(b"PK\x03\x04\x14\0"), Kind::Workbook);
        assert_eq!(Kind::of(b"\xd0\xcf\x11\xe0\xa1"), Kind::OldWorkbook);
    }
}
