//! What is whole in a damaged log: its rows of events, found in the store's files without opening the store.
//!
//! A row lies in the files as it was written, with a checksum over all of it and its positions, so each is either as it was
//! or not taken. The files are only read. A row may be there more than once, and one that was never acknowledged may lie
//! beside the one that took its place: of two that differ the one written later stands.
//!
//! What is found is never called whole: whether events followed the last one found cannot be seen from here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use joinedup_store::salvage::{self, BEFORE_VALUE};

use super::row::{EventRow, RowShape, events_key};
use crate::RecordedEvent;

#[cfg(test)]
mod tests;

/// Bytes read at once.
const WINDOW: usize = 16 << 20;
/// The largest row: one event of 1 MiB with the longest subject and id.
const MAX_ROW: usize = 2 << 20;

/// Why nothing could be salvaged.
#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    /// A file could not be read.
    #[error("{} cannot be read: {error}; copy the folder to a disk that is well, as far as it can be read, and name the copy", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        error: io::Error,
    },
    /// The log is in use.
    #[error("the log in {} is in use by another process: stop that process first", .0.display())]
    InUse(PathBuf),
    /// There is no log.
    #[error("{} holds no log: name the data folder of the server", .0.display())]
    NoLog(PathBuf),
    /// What was found a moment ago is not there any more.
    #[error("a file of the log changed while it was read; stop what writes to it")]
    Changed,
}

/// Where a row lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    file: usize,
    at: u64,
    len: usize,
    first: u64,
    last: u64,
    written_at: u64,
}

/// The sound rows of a log.
#[derive(Debug)]
pub struct Salvage {
    files: Vec<PathBuf>,
    /// By the first position that is taken from each; they do not overlap.
    places: BTreeMap<u64, (Place, u64)>,
    differing: u64,
    _lock: File,
}

impl Salvage {
    /// Looks for rows in all files of a log. Nobody can open it meanwhile, or while the answer is held.
    ///
    /// # Errors
    /// See [`SalvageError`]. Damage is not an error.
    pub fn of(log: &Path) -> Result<Self, SalvageError> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |error| SalvageError::Read { path, error }
        };
        if !log.is_dir() {
            return Err(SalvageError::NoLog(log.into()));
        }
        let lock = salvage::hold(log).map_err(failed(log))?;
        let lock = lock.ok_or_else(|| SalvageError::InUse(log.into()))?;
        let files = salvage::files(log).map_err(failed(log))?;
        let mut found = Vec::new();
        for (number, path) in files.iter().enumerate() {
            let file = File::open(path).map_err(failed(path))?;
            search(file, number, &mut found).map_err(failed(path))?;
        }
        // Those written later first: what is taken already stays.
        found.sort_by_key(|place| (std::cmp::Reverse(place.written_at), place.first));
        let mut salvage = Self {
            files,
            places: BTreeMap::new(),
            differing: 0,
            _lock: lock,
        };
        for place in found {
            salvage.take(place);
        }
        Ok(salvage)
    }

    /// Takes of a row what no later one has.
    fn take(&mut self, place: Place) {
        let mut from = place.first;
        while from <= place.last {
            let before = self.places.range(..=from).next_back();
            if let Some((_, (taken, upto))) = before.filter(|(_, (_, upto))| *upto >= from) {
                let same = (taken.first, taken.last, taken.written_at)
                    == (place.first, place.last, place.written_at);
                self.differing += u64::from(!same);
                from = upto + 1;
                continue;
            }
            let next = self.places.range(from..).next();
            let upto = next.map_or(place.last, |(next, _)| place.last.min(next - 1));
            self.places.insert(from, (place, upto));
            from = upto + 1;
        }
    }

    /// The first and the last position found.
    #[must_use]
    pub fn span(&self) -> Option<(u64, u64)> {
        let (first, _) = self.places.first_key_value()?;
        let (_, (_, last)) = self.places.last_key_value()?;
        Some((*first, *last))
    }

    /// Positions up to the last one found of which nothing is left: from one to another, both included.
    #[must_use]
    pub fn missing(&self) -> Vec<(u64, u64)> {
        let (mut missing, mut next) = (Vec::new(), 1);
        for (first, (_, last)) in &self.places {
            if *first > next {
                missing.push((next, first - 1));
            }
            next = last + 1;
        }
        missing
    }

    /// How often rows were found that differ from one written later, which was taken: they were never acknowledged.
    #[must_use]
    pub fn differing(&self) -> u64 {
        self.differing
    }

    /// The events in their order, row by row.
    pub fn rows(&self) -> impl Iterator<Item = Result<Vec<RecordedEvent>, SalvageError>> {
        let mut open: Option<(usize, File)> = None;
        let places = self.places.iter();
        places.map(move |(first, (place, last))| {
            let path = &self.files[place.file];
            let failed = |error| SalvageError::Read {
                path: path.clone(),
                error,
            };
            let mut file = match open.take() {
                Some((number, file)) if number == place.file => file,
                _ => File::open(path).map_err(failed)?,
            };
            let mut bytes = vec![0; place.len];
            file.seek(SeekFrom::Start(place.at))
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(failed)?;
            open = Some((place.file, file));
            let key = events_key(place.last);
            let value = salvage::value(&key, &bytes).ok_or(SalvageError::Changed)?;
            let row = EventRow::decode(&key, value.to_vec()).ok_or(SalvageError::Changed)?;
            let wanted = *first..=*last;
            let events = row.events().map(|event| Some(event?.0));
            let events: Option<Vec<_>> = events.collect();
            let mut events = events.ok_or(SalvageError::Changed)?;
            events.retain(|event| wanted.contains(&event.position.0));
            Ok(events)
        })
    }
}

/// Finds the rows of a file.
fn search(mut file: File, number: usize, found: &mut Vec<Place>) -> io::Result<()> {
    let mut buffer = Vec::new();
    let mut begins = 0_u64;
    loop {
        let read = (&mut file).take(WINDOW as u64).read_to_end(&mut buffer)?;
        let ended = read < WINDOW;
        // A row that begins near the end is looked for again with more bytes after it.
        let upto = buffer.len() - if ended { 0 } else { MAX_ROW.min(buffer.len()) };
        let mut at = 0;
        while at < upto {
            // No longer than a row can be: what is not a row may have any length.
            let end = buffer.len().min(at + MAX_ROW);
            let Some((shape, len)) = row_at(&buffer[at..end]) else {
                at += 1;
                continue;
            };
            found.push(Place {
                file: number,
                at: begins + at as u64,
                len,
                first: shape.first,
                last: shape.last,
                written_at: shape.written_at,
            });
            at += len;
        }
        if ended {
            return Ok(());
        }
        let at = at.min(buffer.len());
        begins += at as u64;
        buffer.drain(..at);
    }
}

/// The row that begins with the first of some bytes, checked; and how many bytes it has.
fn row_at(bytes: &[u8]) -> Option<(RowShape, usize)> {
    let shape = RowShape::of(bytes.get(BEFORE_VALUE..)?)?;
    let len = BEFORE_VALUE + shape.len;
    let found = bytes.get(..len)?;
    salvage::value(&events_key(shape.last), found)?;
    Some((shape, len))
}
