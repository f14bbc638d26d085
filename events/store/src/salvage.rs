//! What is left of a store that does not open: its files, and whether bytes in them are a row as it was written. The database
//! keeps each value in one piece and as it was given, so what knows the form of its rows finds them without it.

use crate::checksum;
use crate::engine::DATA;
use crate::folder;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The bytes that stand before a value in the files of a store.
pub const BEFORE_VALUE: usize = checksum::CHECKSUM_LEN;

/// The files of a folder in which rows lie.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(store: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = vec![store.join(DATA)];
    files.extend(folder::blobs(store)?.iter().map(|name| store.join(name)));
    files.retain(|file| file.is_file());
    Ok(files)
}

/// The value of a key, if what lies in a file from some byte on is its row, unchanged.
#[must_use]
pub fn value<'a>(key: &[u8], found: &'a [u8]) -> Option<&'a [u8]> {
    checksum::open(key, found)
}

/// Keeps everybody else from opening the store while the answer is held; none when somebody has it open.
///
/// # Errors
/// When the folder cannot be written to.
pub fn hold(store: &Path) -> io::Result<Option<File>> {
    folder::lock(store)
}
