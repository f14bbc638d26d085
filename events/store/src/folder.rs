//! The store's folder: locking it, making it durable, measuring it, moving it aside.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the file whose lock says that the store is open.
const LOCK: &str = "lock";
/// The name of the folder in which the database puts large values.
pub(crate) const BLOBS: &str = "blobs";

/// Takes the lock; none if somebody else has it. It is released when the file is dropped, also by the death of the
/// process.
///
/// Tries for a second: a process that this one is starting holds copies of its open files, and so its locks, for a
/// moment, and a predecessor may be about to end.
pub(crate) fn lock(folder: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join(LOCK))?;
    for _ in 0..50 {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

/// Makes a folder with the folders above it, durably.
pub(crate) fn create(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = parent(folder);
    create(&above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(above)?.sync_all()
}

fn parent(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(above) if !above.as_os_str().is_empty() => above.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// The names of the values too large for the data file, each in a file of its own.
pub(crate) fn blobs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let within = Path::new(BLOBS);
    match fs::read_dir(folder.join(within)) {
        Ok(entries) => entries
            .map(|entry| Ok(within.join(entry?.file_name())))
            .collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What shows whether a file has changed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    inode: u64,
    len: u64,
    modified: (i64, i64),
}

/// Makes the files of a folder, and the folder, durable.
///
/// One file, the data, changes with every commit and is synced every time. The others are written once each, so they
/// and their folder are synced when they are new or changed: an fsync of an unchanged file still costs a flush of the
/// disk's cache.
pub(crate) struct Syncer {
    folder: PathBuf,
    data_name: OsString,
    /// Held open from the start, since only a file that was open when writing back failed reports that failure.
    data: File,
    seen: BTreeMap<PathBuf, Seen>,
}

impl Syncer {
    pub(crate) fn new(folder: &Path, data_name: &str) -> io::Result<Self> {
        let data = OpenOptions::new()
            .read(true)
            .write(true)
            .open(folder.join(data_name))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            data_name: data_name.into(),
            data,
            seen: BTreeMap::new(),
        })
    }

    /// Returns when everything written so far is on the disk. `except` names files that need not be.
    pub(crate) fn sync(&mut self, except: &[&str]) -> io::Result<()> {
        let mut now = BTreeMap::new();
        let mut folders = vec![self.folder.clone()];
        let mut next = 0;
        while let Some(folder) = folders.get(next).cloned() {
            next += 1;
            for entry in patiently(|| fs::read_dir(&folder))? {
                let entry = entry?;
                let metadata = match entry.metadata() {
                    Ok(metadata) => metadata,
                    // Files that are no longer needed are removed by the engine's threads at any time.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                };
                let name = entry.file_name();
                if metadata.is_dir() {
                    folders.push(entry.path());
                } else if name != self.data_name && !except.iter().any(|excepted| name == *excepted)
                {
                    let seen = Seen {
                        inode: metadata.ino(),
                        len: metadata.len(),
                        modified: (metadata.mtime(), metadata.mtime_nsec()),
                    };
                    now.insert(entry.path(), seen);
                }
            }
        }
        self.data.sync_all()?;
        if now != self.seen {
            for (path, seen) in &now {
                if self.seen.get(path) != Some(seen) {
                    match patiently(|| File::open(path)).and_then(|file| file.sync_all()) {
                        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                        _ => {}
                    }
                }
            }
            for folder in folders.iter().rev() {
                patiently(|| File::open(folder))?.sync_all()?;
            }
            self.seen = now;
        }
        Ok(())
    }
}

/// How many bytes are left on the disk of a file or folder.
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The process or the system has as many files open as it may, or no memory for another.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| shortages.contains(&errno))
}

/// Opens something, again and again while there is no file to spare. A file that could not be opened has lost nothing,
/// unlike one that could not be synced, so there is no need to give the store up.
fn patiently<T>(open: impl Fn() -> io::Result<T>) -> io::Result<T> {
    const ATTEMPTS: u32 = 200;
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
    for _ in 0..ATTEMPTS {
        match open() {
            Err(error) if is_shortage(&error) => std::thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
    open()
}

/// The lengths of all files in a folder and below it, in bytes.
pub(crate) fn size(folder: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        total += match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path())?,
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
    }
    Ok(total)
}

/// Renames a folder to the first free `<name>.damaged-<n>` beside it, durably.
pub(crate) fn move_aside(folder: &Path) -> io::Result<PathBuf> {
    let name = folder
        .file_name()
        .ok_or_else(|| io::Error::other("the folder has no name"))?;
    for number in 1..10_000 {
        let mut aside = name.to_os_string();
        aside.push(format!(".damaged-{number}"));
        let aside = folder.with_file_name(aside);
        if !aside.exists() {
            fs::rename(folder, &aside)?;
            File::open(parent(folder))?.sync_all()?;
            return Ok(aside);
        }
    }
    Err(io::Error::other(
        "there are 9,999 damaged copies beside the folder already",
    ))
}

/// Removes what an interrupted opening left behind: snapshots that were being generated. sled takes the newest file
/// whose name begins like a snapshot's for one, finished or not, and would report corruption for ever after.
pub(crate) fn remove_unfinished_snapshots(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
