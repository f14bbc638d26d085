//! The files of a store as they were before the database opened them. Where it meets damage it wipes all that was written after
//! that, and only then says so; what is the only copy of something must not go that way.

use crate::engine::DATA;
use crate::folder;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Larger files are not copied: it would take too long at every start.
const MAX_BYTES: u64 = 4 << 30;

/// The files, in a folder beside that of the store. It lasts no longer than an opening: one that is found at a start is of a
/// process that died, may not be whole, and goes.
pub(crate) struct Kept {
    store: PathBuf,
    beside: PathBuf,
}

impl Kept {
    /// Copies the data file and links the others, which do not change; none where there is no data yet, or no room.
    pub(crate) fn of(store: &Path, reserve_bytes: u64) -> io::Result<Option<Self>> {
        let mut beside = store.as_os_str().to_owned();
        beside.push(".opening");
        let kept = Self {
            store: store.into(),
            beside: beside.into(),
        };
        kept.remove()?;
        let bytes = match fs::metadata(store.join(DATA)) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let needed = bytes.saturating_add(reserve_bytes);
        if bytes > MAX_BYTES || folder::free_bytes(store)? < needed {
            tracing::warn!(
                bytes,
                "the log's files are not kept while it is opened: they are too large, or there is too little room. If it is \
                 damaged, what was written after the damage may go"
            );
            return Ok(None);
        }
        fs::create_dir(&kept.beside)?;
        fs::create_dir(kept.beside.join(folder::BLOBS))?;
        fs::copy(store.join(DATA), kept.beside.join(DATA))?;
        for name in others(store)? {
            fs::hard_link(store.join(&name), kept.beside.join(&name))?;
        }
        Ok(Some(kept))
    }

    /// Puts the files back in the place of what the database made of them.
    pub(crate) fn put_back(&self) -> io::Result<()> {
        for name in others(&self.store)? {
            if !self.beside.join(&name).exists() {
                fs::remove_file(self.store.join(&name))?;
            }
        }
        for name in others(&self.beside)? {
            fs::rename(self.beside.join(&name), self.store.join(&name))?;
        }
        // The copy is to be on the disk before it takes the place of the only other one.
        let data = self.beside.join(DATA);
        File::open(&data)?.sync_all()?;
        fs::rename(data, self.store.join(DATA))?;
        File::open(&self.store)?.sync_all()?;
        self.remove()
    }

    /// Removes the copies.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The names of the files that are written once: snapshots, and values too large for the data file.
fn others(store: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = folder::blobs(store)?;
    for entry in fs::read_dir(store)? {
        let name = entry?.file_name();
        if name.to_string_lossy().starts_with("snap.") {
            names.push(name.into());
        }
    }
    Ok(names)
}
