//! The mark: a small file beside the data that says which store this is and how many commits it had.
//!
//! The data file cannot be asked, for a truncated one opens as an empty database. The mark is written only after the
//! commits it counts are durable, so it may lag behind the data but never runs ahead of sound data.
//!
//! Layout, each part in a disk sector of its own so that none can be torn by writing another: at byte 0 the format, the
//! store's id and a checksum; at 512 and at 1024 the number of commits and a checksum, written in turn.

use crate::in_place::put_in_place;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

const FORMAT: &[u8; 17] = b"joinedup-store 1\n";
const SECTOR: usize = 512;
const LEN: usize = 3 * SECTOR;

/// The name of the mark in the store's folder.
pub(crate) const NAME: &str = "mark";
const UNFINISHED: &str = "mark.new";

/// An id given to a store when it is made.
pub(crate) type StoreId = [u8; 16];

pub(crate) struct Mark {
    file: File,
    id: StoreId,
}

/// Why a mark was not read.
pub(crate) enum MarkError {
    Io(io::Error),
    Unreadable(&'static str),
    OtherFormat,
}

impl From<io::Error> for MarkError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Mark {
    /// Writes a mark where there is none, durably and whole.
    pub(crate) fn create(folder: &Path, id: StoreId, commits: u64) -> io::Result<Self> {
        let mut bytes = vec![0; LEN];
        bytes[..17].copy_from_slice(FORMAT);
        bytes[17..33].copy_from_slice(&id);
        let checksum = crc32c::crc32c(&bytes[..33]);
        bytes[33..37].copy_from_slice(&checksum.to_be_bytes());
        for start in [SECTOR, 2 * SECTOR] {
            bytes[start..start + 12].copy_from_slice(&slot(&id, commits));
        }
        let unfinished = folder.join(UNFINISHED);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&unfinished)?;
        file.write_all(&bytes)?;
        put_in_place(&file, &unfinished, &folder.join(NAME))?;
        Ok(Self { file, id })
    }

    /// Reads a mark: itself, and the number of commits. None: there is no such file.
    pub(crate) fn open(folder: &Path) -> Result<Option<(Self, u64)>, MarkError> {
        let file = match OpenOptions::new()
            .read(true)
            .write(true)
            .open(folder.join(NAME))
        {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = Vec::with_capacity(LEN);
        (&file).take(LEN as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() != LEN {
            return Err(MarkError::Unreadable("its mark has the wrong length"));
        }
        if crc32c::crc32c(&bytes[..33]).to_be_bytes() != bytes[33..37] {
            return Err(MarkError::Unreadable("its mark has a wrong checksum"));
        }
        if &bytes[..17] != FORMAT {
            return Err(MarkError::OtherFormat);
        }
        let mut id = StoreId::default();
        id.copy_from_slice(&bytes[17..33]);
        let commits = [SECTOR, 2 * SECTOR]
            .iter()
            .filter_map(|&start| {
                let number = u64::from_be_bytes(*bytes[start..].first_chunk()?);
                (bytes[start..start + 12] == slot(&id, number)).then_some(number)
            })
            .max()
            .ok_or(MarkError::Unreadable(
                "both counts of commits in its mark have a wrong checksum",
            ))?;
        Ok(Some((Self { file, id }, commits)))
    }

    pub(crate) fn id(&self) -> StoreId {
        self.id
    }

    /// Notes the number of durable commits. Not synced by itself: a mark that lags only checks less.
    pub(crate) fn note(&mut self, commits: u64) -> io::Result<()> {
        let sector = if commits.is_multiple_of(2) {
            SECTOR
        } else {
            2 * SECTOR
        };
        self.file.seek(SeekFrom::Start(sector as u64))?;
        self.file.write_all(&slot(&self.id, commits))
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

fn slot(id: &StoreId, commits: u64) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&commits.to_be_bytes());
    let checksum = crc32c::crc32c_append(crc32c::crc32c(id), &bytes[..8]);
    bytes[8..].copy_from_slice(&checksum.to_be_bytes());
    bytes
}
