//! A file of rows in the order of their keys, written once and never changed: for what is large, seldom read and must
//! not be held in memory. sled drops what it has read by counting accesses and not bytes, so it would keep all of it.
//!
//! On the disk: pages of whole rows, each behind its CRC32C; then the index (the first key of each page, and a filter
//! that says of most keys at once that they are not there) behind one of its own; then where the index begins. Keys are
//! hashes, so they need no hashing and spread evenly. All numbers are big-endian.

mod filter;
mod writer;

pub use writer::SortedWriter;

use crate::ReadError;
use filter::Filter;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Ends every file; another form will have another number.
const MAGIC: &[u8; 8] = b"sorted-1";
/// A page is closed when it is as long as this, in bytes.
const PAGE_BYTES: usize = 4 << 10;
/// Before the index and before each page: its checksum.
const CHECKSUM: usize = 4;
/// Before each value: its key and its length.
const ROW_HEAD: usize = 16 + 4;

/// Rows by key, in a file that does not change.
#[derive(Debug)]
pub struct SortedFile {
    path: PathBuf,
    file: File,
    rows: u64,
    /// The first key of each page, and where it begins.
    pages: Vec<(u128, u64)>,
    /// Where the last page ends.
    end: u64,
    filter: Filter,
}

impl SortedFile {
    /// Opens a file that [`SortedWriter`] made.
    ///
    /// # Errors
    /// When it cannot be read, or is not such a file, or is damaged in its index.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let io = |error: std::io::Error| io_error(path, &error);
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let damaged = |what: &str| ReadError::Damaged {
            path: path.into(),
            what: what.into(),
        };
        let cut = || damaged("it is shorter than it was");
        let mut tail = [0; 16];
        let tail_at = length.checked_sub(16).ok_or_else(cut)?;
        file.read_exact_at(&mut tail, tail_at).map_err(io)?;
        let (at, magic) = tail.split_at(8);
        if magic != MAGIC {
            return Err(damaged("it does not end as such a file does"));
        }
        let end = number(at).filter(|end| *end <= tail_at).ok_or_else(cut)?;
        let index = read_checked(&file, path, end, tail_at)?;
        let (rows, pages, filter) =
            read_index(&index).ok_or_else(|| damaged("its index is not whole"))?;
        Ok(Self {
            path: path.into(),
            file,
            rows,
            pages,
            end,
            filter,
        })
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The length of all pages, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.end
    }

    /// The value of a key.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged there.
    pub fn get(&self, key: u128) -> Result<Option<Vec<u8>>, ReadError> {
        if !self.filter.may_have(key) {
            return Ok(None);
        }
        let Some(at) = self.page_of(key) else {
            return Ok(None);
        };
        let page = self.page(at)?;
        let mut rest = page.as_slice();
        while let Some((found, value, after)) = first_row(rest) {
            if found == key {
                return Ok(Some(value.to_vec()));
            }
            rest = after;
        }
        self.ends_with_a_row(rest)?;
        Ok(None)
    }

    /// The rows from a key on. An error ends the sequence.
    pub fn scan(&self, from: u128) -> impl Iterator<Item = Result<(u128, Vec<u8>), ReadError>> {
        let mut next = self.page_of(from).unwrap_or(0);
        let (mut page, mut at) = (Vec::new(), 0);
        std::iter::from_fn(move || {
            loop {
                if let Some((key, value, rest)) = first_row(&page[at..]) {
                    at = page.len() - rest.len();
                    if key >= from {
                        return Some(Ok((key, value.to_vec())));
                    }
                    continue;
                }
                if let Err(error) = self.ends_with_a_row(&page[at..]) {
                    (page, at, next) = (Vec::new(), 0, self.pages.len());
                    return Some(Err(error));
                }
                if next >= self.pages.len() {
                    return None;
                }
                match self.page(next) {
                    Ok(read) => (page, at, next) = (read, 0, next + 1),
                    Err(error) => {
                        (page, at, next) = (Vec::new(), 0, self.pages.len());
                        return Some(Err(error));
                    }
                }
            }
        })
    }

    /// What is left of a page behind its last row is nothing.
    fn ends_with_a_row(&self, rest: &[u8]) -> Result<(), ReadError> {
        if rest.is_empty() {
            return Ok(());
        }
        Err(ReadError::Damaged {
            path: self.path.clone(),
            what: "a page ends within a row".into(),
        })
    }

    /// The page in which a key is, if it is anywhere.
    fn page_of(&self, key: u128) -> Option<usize> {
        self.pages
            .partition_point(|(first, _)| *first <= key)
            .checked_sub(1)
    }

    fn page(&self, at: usize) -> Result<Vec<u8>, ReadError> {
        let begins = self.pages.get(at).map_or(self.end, |(_, begins)| *begins);
        let ends = self.pages.get(at + 1).map_or(self.end, |(_, ends)| *ends);
        read_checked(&self.file, &self.path, begins, ends)
    }
}

fn io_error(path: &Path, error: &std::io::Error) -> ReadError {
    ReadError::Io {
        path: path.into(),
        what: error.to_string(),
    }
}

/// What lies between two places behind its checksum, which must be right.
fn read_checked(file: &File, path: &Path, begins: u64, ends: u64) -> Result<Vec<u8>, ReadError> {
    let damaged = || ReadError::Damaged {
        path: path.into(),
        what: "a page does not match its checksum".into(),
    };
    let length = ends
        .checked_sub(begins)
        .and_then(|length| usize::try_from(length).ok())
        .filter(|length| *length >= CHECKSUM)
        .ok_or_else(damaged)?;
    let mut head = [0; CHECKSUM];
    let mut page = vec![0; length - CHECKSUM];
    file.read_exact_at(&mut head, begins)
        .and_then(|()| file.read_exact_at(&mut page, begins + CHECKSUM as u64))
        .map_err(|error| io_error(path, &error))?;
    if crc32c::crc32c(&page) == u32::from_be_bytes(head) {
        Ok(page)
    } else {
        Err(damaged())
    }
}

/// The first row of some: key, value, and what follows.
fn first_row(bytes: &[u8]) -> Option<(u128, &[u8], &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<ROW_HEAD>()?;
    let (key, length) = head.split_first_chunk::<16>()?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    let (value, rest) = rest.split_at_checked(length as usize)?;
    Some((u128::from_be_bytes(*key), value, rest))
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

type Index = (u64, Vec<(u128, u64)>, Filter);

fn read_index(bytes: &[u8]) -> Option<Index> {
    let (rows, rest) = bytes.split_at_checked(8)?;
    let (count, rest) = rest.split_at_checked(8)?;
    let length = usize::try_from(number(count)?).ok()?.checked_mul(24)?;
    let (pages, words) = rest.split_at_checked(length)?;
    let page = |bytes: &[u8]| {
        let (key, at) = bytes.split_first_chunk::<16>()?;
        Some((u128::from_be_bytes(*key), number(at)?))
    };
    let pages: Option<Vec<_>> = pages.chunks_exact(24).map(page).collect();
    let words: Option<Vec<u64>> = words.chunks_exact(8).map(number).collect();
    Some((number(rows)?, pages?, Filter::from(words?)))
}

#[cfg(test)]
mod tests;
