//! Writes a sorted file, row after row. It has its name only once it is whole and on the disk.

use super::filter::Filter;
use super::{MAGIC, PAGE_BYTES, ROW_HEAD, SortedFile};
use crate::{CommitError, folder};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file in the making. Dropped before [`SortedWriter::finish`], it leaves nothing but a file that ends in `.part`.
#[derive(Debug)]
pub struct SortedWriter {
    path: PathBuf,
    file: BufWriter<File>,
    page: Vec<u8>,
    first: u128,
    last: Option<u128>,
    pages: Vec<(u128, u64)>,
    at: u64,
    rows: u64,
    reserve_bytes: u64,
    filter: Filter,
}

/// How often, in pages, it is looked whether there is room.
const LOOK_EVERY: usize = 1024;

impl SortedWriter {
    /// Begins a file for about so many rows; its folder is made if need be. A disk on which less than `reserve_bytes`
    /// are left is taken to be full, also while the file grows.
    ///
    /// # Errors
    /// When there is no room, or the file cannot be made.
    pub fn begin(
        path: impl AsRef<Path>,
        rows: u64,
        reserve_bytes: u64,
    ) -> Result<Self, CommitError> {
        let path = path.as_ref();
        let failed = |error| failure(path, &error);
        let above = path.parent().unwrap_or(path);
        folder::create(above).map_err(failed)?;
        check_space(path, reserve_bytes)?;
        let file = File::create(part(path)).map_err(failed)?;
        Ok(Self {
            path: path.into(),
            file: BufWriter::with_capacity(64 << 10, file),
            page: Vec::with_capacity(2 * PAGE_BYTES),
            first: 0,
            last: None,
            pages: Vec::new(),
            at: 0,
            rows: 0,
            reserve_bytes,
            filter: Filter::with_room_for(rows),
        })
    }

    /// Adds a row. Keys must rise.
    ///
    /// # Errors
    /// When a key does not rise, a value is longer than 4 GiB, or the file cannot be written.
    pub fn add(&mut self, key: u128, value: &[u8]) -> Result<(), CommitError> {
        let refused = |what| failure(&self.path, &io::Error::other(what));
        if self.last.is_some_and(|last| last >= key) {
            return Err(refused("its rows are not in order"));
        }
        let length = u32::try_from(value.len()).map_err(|_| refused("a row is too long"))?;
        if self.page.is_empty() {
            self.first = key;
        }
        self.page.reserve(ROW_HEAD + value.len());
        self.page.extend_from_slice(&key.to_be_bytes());
        self.page.extend_from_slice(&length.to_be_bytes());
        self.page.extend_from_slice(value);
        self.filter.add(key);
        (self.last, self.rows) = (Some(key), self.rows + 1);
        if self.page.len() >= PAGE_BYTES {
            self.close_page()?;
        }
        Ok(())
    }

    fn close_page(&mut self) -> Result<(), CommitError> {
        if !self.page.is_empty() {
            self.pages.push((self.first, self.at));
            let page = std::mem::take(&mut self.page);
            self.write_checked(&page)?;
            self.page = page;
            self.page.clear();
            if self.pages.len().is_multiple_of(LOOK_EVERY) {
                check_space(&self.path, self.reserve_bytes)?;
            }
        }
        Ok(())
    }

    fn write_checked(&mut self, bytes: &[u8]) -> Result<(), CommitError> {
        let checksum = crc32c::crc32c(bytes).to_be_bytes();
        let written = self
            .file
            .write_all(&checksum)
            .and_then(|()| self.file.write_all(bytes));
        written.map_err(|error| failure(&self.path, &error))?;
        self.at += (checksum.len() + bytes.len()) as u64;
        Ok(())
    }

    /// Ends the file, makes it durable and opens it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<SortedFile, CommitError> {
        self.close_page()?;
        let end = self.at;
        let mut index = Vec::with_capacity(16 + self.pages.len() * 24);
        index.extend_from_slice(&self.rows.to_be_bytes());
        index.extend_from_slice(&(self.pages.len() as u64).to_be_bytes());
        for (key, at) in &self.pages {
            index.extend_from_slice(&key.to_be_bytes());
            index.extend_from_slice(&at.to_be_bytes());
        }
        for word in self.filter.words() {
            index.extend_from_slice(&word.to_be_bytes());
        }
        self.write_checked(&index)?;
        let path = self.path.clone();
        let failed = |error: io::Error| failure(&path, &error);
        let tail = [end.to_be_bytes(), *MAGIC].concat();
        self.file.write_all(&tail).map_err(failed)?;
        let file = self.file.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)?;
        fs::rename(part(&path), &path).map_err(failed)?;
        let above = path.parent().unwrap_or(&path);
        File::open(above)
            .and_then(|above| above.sync_all())
            .map_err(failed)?;
        SortedFile::open(&path).map_err(|error| failed(io::Error::other(error.to_string())))
    }
}

fn check_space(path: &Path, reserve_bytes: u64) -> Result<(), CommitError> {
    let above = path.parent().unwrap_or(path);
    let free = folder::free_bytes(above).map_err(|error| failure(path, &error))?;
    if free < reserve_bytes {
        return Err(CommitError::DiskFull { path: path.into() });
    }
    Ok(())
}

/// The name of a file in the making; those of finished ones have no extension.
fn part(path: &Path) -> PathBuf {
    path.with_extension("part")
}

fn failure(path: &Path, error: &io::Error) -> CommitError {
    let (path, what) = (path.to_path_buf(), error.to_string());
    if error.kind() == io::ErrorKind::StorageFull {
        CommitError::DiskFull { path }
    } else if folder::is_shortage(error) {
        CommitError::NoFile { path, what }
    } else {
        CommitError::Failed { path, what }
    }
}
