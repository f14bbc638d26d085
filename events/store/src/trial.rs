//! A trial opening: whether a store is sound is found out on a copy of its files. Where the database meets damage it wipes all
//! that was written after that, and only then says so; what is the only copy of something must not go that way.

use crate::OpenError;
use crate::content::Content;
use crate::engine::{DATA, Engine};
use crate::segments::Segments;
use crate::{folder, mark};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// More is not copied: it would take too long at every start.
const MAX_BYTES: u64 = 4 << 30;

/// Opens a copy of a store's files as the store would be opened, and answers what that says of the store. Its own files are
/// read and nothing else, so neither a kill nor a power cut at any moment does anything to them. Sound where there is no
/// data yet, and, with a warning, where there is no room for a copy, where it would be too large, and where files cannot be linked.
pub(crate) fn open_copy(
    store: &Path,
    reserve_bytes: u64,
    cache_bytes: u64,
) -> Result<(), OpenError> {
    let io = |error: io::Error| OpenError::io(store, &error);
    let data = match File::open(store.join(DATA)) {
        Ok(data) => data,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
    };
    let length = data.metadata().map_err(io)?.len();
    // A process that ended well leaves little to read, and often nothing that an opening would change: then it wipes nothing.
    let segments = Segments::of(store, data).map_err(io)?;
    if let Some(segments) = segments.filter(|segments| 2 * segments.bytes() < length) {
        let copy_data = |to: &Path| segments.copy(&mut File::create_new(to)?);
        let is_kept = |copy: &Path| {
            // It finds damage, or ends where it meets what was not copied; before that it has changed what it would change.
            drop(Engine::open(copy, store, cache_bytes));
            let opened = File::open(copy.join(DATA));
            opened
                .and_then(|copy| segments.are_same_in(&copy))
                .map_err(io)
        };
        let room = segments.bytes().saturating_add(reserve_bytes);
        if on_a_copy(store, segments.bytes(), room, copy_data, is_kept)? == Some(true) {
            return Ok(());
        }
    }
    let copy_data = |to: &Path| fs::copy(store.join(DATA), to).map(drop);
    let look = |copy: &Path| Content::look(copy, store, cache_bytes).map(drop);
    let looked = on_a_copy(
        store,
        length,
        length.saturating_add(reserve_bytes),
        copy_data,
        look,
    )?;
    if looked.is_none() {
        tracing::warn!(
            bytes = length,
            "the log's files are not copied before it is opened: they are too large, there is too little room, or they cannot be \
             linked here. If it is damaged, what was written after the damage may go"
        );
    }
    Ok(())
}

/// What `look` finds on a copy whose data file `copy_data` makes, of so many bytes; none where there is no such room, or where files
/// cannot be linked.
fn on_a_copy<T>(
    store: &Path,
    bytes: u64,
    room: u64,
    copy_data: impl FnOnce(&Path) -> io::Result<()>,
    look: impl FnOnce(&Path) -> Result<T, OpenError>,
) -> Result<Option<T>, OpenError> {
    let copy = beside(store);
    let io = |error: io::Error| OpenError::io(store, &error);
    // One that is found is of a process that died while it looked.
    remove(&copy).map_err(io)?;
    if bytes > MAX_BYTES || folder::free_bytes(copy.parent().unwrap_or(store)).map_err(io)? < room {
        return Ok(None);
    }
    let outcome = match copied(store, &copy, copy_data) {
        Ok(true) => look(&copy).map(Some),
        Ok(false) => Ok(None),
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

/// Copies the files that the database changes and links the others; false where they cannot be linked.
fn copied(
    store: &Path,
    copy: &Path,
    copy_data: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<bool> {
    fs::create_dir(copy)?;
    fs::create_dir(copy.join(folder::BLOBS))?;
    copy_data(&copy.join(DATA))?;
    for name in ["conf", mark::NAME] {
        match fs::copy(store.join(name), copy.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for name in written_once(store)? {
        if let Err(error) = fs::hard_link(store.join(&name), copy.join(&name)) {
            tracing::warn!(%error, "the log's files cannot be linked beside it");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batch, Durability, DurableStore, Options, Store};

    #[test]
    fn a_store_that_was_closed_well_is_tried_on_a_small_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let options = Options {
            only_copy: true,
            ..Options::default()
        };
        let rows = 30_000_u32;
        for round in 0..4 {
            let store = DurableStore::open(&path, options).unwrap();
            let firsts = (0..rows).step_by(1_000);
            for first in firsts.filter(|_| round == 0) {
                let mut batch = Batch::new();
                for n in first..first + 1_000 {
                    let row = [n.to_be_bytes().as_slice(), &[7; 1_000]].concat();
                    batch.put(&[b"e", n.to_be_bytes().as_slice()].concat(), &row);
                }
                store.commit(&batch, Durability::Synced).unwrap();
            }
        }
        let data = || File::open(path.join(DATA)).unwrap();
        let segments = Segments::of(&path, data()).unwrap().unwrap();
        assert!(4 * segments.bytes() < data().metadata().unwrap().len());
        let opened = |copy: &Path| {
            drop(Engine::open(copy, &path, 1 << 20));
            let copy = File::open(copy.join(DATA)).unwrap();
            Ok(segments.are_same_in(&copy).unwrap())
        };
        let whole = |to: &Path| fs::copy(path.join(DATA), to).map(drop);
        let part = |to: &Path| segments.copy(&mut File::create_new(to)?);
        assert_eq!(on_a_copy(&path, 1, 1, whole, opened).unwrap(), Some(true));
        assert_eq!(on_a_copy(&path, 1, 1, part, opened).unwrap(), Some(true));
    }
}
