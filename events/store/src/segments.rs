//! Which parts of the data file an opening reads and may wipe. The file is made of segments; at its beginning each says, with a
//! checksum, where in the history of the store it begins. An opening looks at all beginnings, and reads on from the last snapshot:
//! where it meets damage it wipes what was written after that, and it wipes segments that nothing refers to.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of a segment, as the database makes them where nobody says otherwise.
const SEGMENT: u64 = 512 << 10;
/// So much of each segment is its beginning, with room to spare: a block of the disk.
const BEGINNING: u64 = 4 << 10;
/// What the place of a segment is mixed with, so that one of zeros has none.
const MIX: u64 = 0x7FFF_FFFF_FFFF_FFFF;

/// The segments of a data file.
pub(crate) struct Segments {
    data: File,
    length: u64,
    /// Where those begin that were written since the last snapshot, and those whose place cannot be read.
    open: Vec<u64>,
}

impl Segments {
    /// Looks at the beginning of each; none where no snapshot says which of them are done with, or all are.
    pub(crate) fn of(store: &Path, data: File) -> io::Result<Option<Self>> {
        let Some(snapshot) = oldest_snapshot(store)? else {
            return Ok(None);
        };
        let length = data.metadata()?.len();
        let mut open = Vec::new();
        for start in (0..length).step_by(SEGMENT as usize) {
            let place = place(&data, start)?;
            let is_done = |place: u64| place.saturating_add(SEGMENT) <= snapshot;
            if !place.is_some_and(is_done) {
                open.push(start);
            }
        }
        // The one that is written to is among them, unless it is lost.
        Ok((!open.is_empty()).then_some(Self { data, length, open }))
    }

    /// The bytes that a copy of what an opening reads takes.
    pub(crate) fn bytes(&self) -> u64 {
        self.open.len() as u64 * SEGMENT + self.length / SEGMENT * BEGINNING
    }

    /// Where each begins, and how many bytes of it an opening reads.
    fn read(&self) -> impl Iterator<Item = (u64, u64)> {
        let starts = (0..self.length).step_by(SEGMENT as usize);
        starts.map(|start| match self.open.binary_search(&start) {
            Ok(_) => (start, SEGMENT.min(self.length - start)),
            Err(_) => (start, BEGINNING.min(self.length - start)),
        })
    }

    /// Copies what an opening reads into an empty file. All else reads as zeros there, which nothing takes for content.
    pub(crate) fn copy(&self, to: &mut File) -> io::Result<()> {
        to.set_len(self.length)?;
        let mut from = &self.data;
        for (start, bytes) in self.read() {
            from.seek(SeekFrom::Start(start))?;
            to.seek(SeekFrom::Start(start))?;
            io::copy(&mut from.take(bytes), to)?;
        }
        to.flush()
    }

    /// Whether all that was copied stands in the copy as it did. A segment that nothing refers to is wiped from its beginning on.
    pub(crate) fn are_same_in(&self, copy: &File) -> io::Result<bool> {
        if copy.metadata()?.len() != self.length {
            return Ok(false);
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (start, bytes) in self.read() {
            for (file, buffer) in [(&self.data, &mut ours), (copy, &mut theirs)] {
                buffer.resize(bytes as usize, 0);
                file.read_exact_at(buffer, start)?;
            }
            if ours != theirs {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The place in the history at which a segment begins; none of one that does not match its checksum or is cut off.
fn place(data: &File, start: u64) -> io::Result<Option<u64>> {
    // A checksum, the place, and up to where the history was safe then.
    let mut beginning = [0; 20];
    match data.read_exact_at(&mut beginning, start) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let [a, b, c, d, rest @ ..] = beginning;
    if u32::from_le_bytes([a, b, c, d]) ^ u32::MAX != crc32fast::hash(&rest) {
        return Ok(None);
    }
    let mut place = [0; 8];
    place.copy_from_slice(&rest[..8]);
    Ok(Some(u64::from_le_bytes(place) ^ MIX))
}

/// The place in the history up to which the oldest snapshot goes that is there, as its name says; none without one.
fn oldest_snapshot(store: &Path) -> io::Result<Option<u64>> {
    let mut oldest: Option<u64> = None;
    for entry in fs::read_dir(store)? {
        let name = entry?.file_name();
        let place = name.to_str().and_then(|name| name.strip_prefix("snap."));
        if let Some(place) = place.and_then(|place| u64::from_str_radix(place, 16).ok()) {
            oldest = Some(oldest.map_or(place, |known| known.min(place)));
        }
    }
    Ok(oldest)
}
