//! Which kind of file it is, and which built-in mapping its header fits.

use super::csv::{Header, LayoutError};
use super::mapping::{Mapping, built_in};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A table of observations.
    Csv,
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
        if text.starts_with(b"{\"position\":") {
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

/// The built-in mapping that a header fits; of several the one that asks for most columns.
///
/// # Errors
/// When there is none.
pub fn fitting(header: &Header) -> Result<Mapping, LayoutError> {
    let fitting = built_in()?
        .into_iter()
        .filter(|mapping| header.fits(mapping));
    fitting
        .max_by_key(|mapping| mapping.required().len())
        .ok_or_else(|| LayoutError::NoneFits(header.names().to_vec()))
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
    }
}
