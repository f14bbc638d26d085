//! A trial opening: whether a store is sound is found out on a copy of its files. Where the database meets damage it wipes all
//! that was written after that, and only then says so; what is the only copy of something must not go that way.

use crate::OpenError;
use crate::content::Content;
use crate::engine::DATA;
use crate::{folder, mark};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Larger files are not copied: it would take too long at every start.
const MAX_BYTES: u64 = 4 << 30;

/// Opens a copy of a store's files as the store would be opened, and answers what that says of the store. Its own files are
/// read and nothing else, so neither a kill nor a power cut at any moment does anything to them. Sound where there is no
/// data yet, and, with a warning, where there is no room for a copy, where it would be too large, and where files cannot be linked.
pub(crate) fn open_copy(
    store: &Path,
    reserve_bytes: u64,
    cache_bytes: u64,
) -> Result<(), OpenError> {
    let copy = beside(store);
    let io = |error: io::Error| OpenError::io(store, &error);
    // One that is found is of a process that died while it looked.
    remove(&copy).map_err(io)?;
    let copied = copied(store, &copy, reserve_bytes);
    let outcome = match copied {
        Ok(true) => Content::look(&copy, store, cache_bytes).map(drop),
        Ok(false) => Ok(()),
        Err(error) => Err(io(error)),
    };
    if let Err(error) = remove(&copy) {
        tracing::warn!(%error, "the copy of the log's files on which its opening was tried could not be removed");
    }
    outcome
}

fn beside(store: &Path) -> PathBuf {
    let mut beside = store.as_os_str().to_owned();
    beside.push(".opening");
    beside.into()
}

/// Copies the files that the database changes and links the others; false where there is no data yet, or no room.
fn copied(store: &Path, copy: &Path, reserve_bytes: u64) -> io::Result<bool> {
    let bytes = match fs::metadata(store.join(DATA)) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let needed = bytes.saturating_add(reserve_bytes);
    if bytes > MAX_BYTES || folder::free_bytes(copy.parent().unwrap_or(store))? < needed {
        tracing::warn!(
            bytes,
            "the log's files are not copied before it is opened: they are too large, or there is too little room. If it is \
             damaged, what was written after the damage may go"
        );
        return Ok(false);
    }
    fs::create_dir(copy)?;
    fs::create_dir(copy.join(folder::BLOBS))?;
    for name in [DATA, "conf", mark::NAME] {
        match fs::copy(store.join(name), copy.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for name in written_once(store)? {
        if let Err(error) = fs::hard_link(store.join(&name), copy.join(&name)) {
            tracing::warn!(
                %error,
                "the log's files cannot be linked here and are not tried on a copy before it is opened: if it is damaged, what \
                 was written after the damage may go"
            );
            return Ok(false);
        }
    }
    Ok(true)
}

fn remove(copy: &Path) -> io::Result<()> {
    match fs::remove_dir_all(copy) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The names of the files that are written once: snapshots, and values too large for the data file.
fn written_once(store: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = folder::blobs(store)?;
    for entry in fs::read_dir(store)? {
        let name = entry?.file_name();
        if name.to_string_lossy().starts_with("snap.") {
            names.push(name.into());
        }
    }
    Ok(names)
}
