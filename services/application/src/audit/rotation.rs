//! A log that has grown is closed under a name of its own, and the chain goes on in a new file: its first line holds the
//! digest of the last one before it.

use super::chain::{self, Checked, End};
use super::{About, Did, Entry};
use chrono::Utc;
use std::fs::{File, TryLockError};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

/// A new file while it is made.
fn next(path: &Path) -> PathBuf {
    path.with_extension("next")
}

/// Under which name a file is closed whose last line has a number.
fn closed(path: &Path, last: u64) -> PathBuf {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}-{last:012}.ndjson"))
}

/// The files of a log that are there, the oldest first.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_closed = |name: &str| {
        let rest = name.strip_prefix(&*stem).and_then(|r| r.strip_prefix('-'));
        let number = rest.and_then(|r| r.strip_suffix(".ndjson"));
        number.is_some_and(|n| n.len() == 12 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder.unwrap_or(Path::new(".")))? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_closed) {
            found.push(entry.path());
        }
    }
    found.sort();
    found.push(path.to_owned());
    Ok(found)
}

/// Ends what a crash left half done: a new file that was ready takes its place, any other is thrown away.
pub(super) fn finish(path: &Path) -> io::Result<()> {
    let next = next(path);
    match (next.exists(), path.exists()) {
        (false, _) => Ok(()),
        (true, true) => std::fs::remove_file(next),
        (true, false) => std::fs::rename(next, path),
    }
}

/// Closes the file and begins the next, which is locked and holds one line.
pub(super) fn rotate(path: &Path, end: &End) -> io::Result<(File, Checked)> {
    let next = next(path);
    if next.exists() {
        std::fs::remove_file(&next)?;
    }
    let mut file = super::log::open_file(&next)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::ResourceBusy.into()),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let first = Entry {
        about: About {
            continues: Some(end.hash().to_owned()),
            ..About::default()
        },
        ..Entry::of_program(Did::Continued)
    };
    let (line, _) = end.next(&first, Utc::now())?;
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(path, closed(path, end.number))?;
    std::fs::rename(&next, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    let checked = chain::check(BufReader::new(File::open(path)?))?;
    Ok((file, checked))
}
