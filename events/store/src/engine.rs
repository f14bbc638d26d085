//! The engine below the store, and the only file that names sled: one tree, its panics turned into errors.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use sled::transaction::{ConflictableTransactionError, TransactionError};

use crate::batch::Batch;
use crate::state::{self, State};
use crate::{OpenError, ReadError};

/// The engine's data file, the only one that changes after it was written.
pub(crate) const DATA: &str = "db";

/// Beyond this size, in bytes, a scan seeks every row anew. sled drops pages from its cache by counting accesses, some
/// 16,000 of them late; an iterator makes one access per page of up to 16 rows, and with large rows a scan would keep a
/// gigabyte in memory whatever the cache's size.
const LARGE_ROW: usize = 1024;

/// What its files are when they contradict each other.
const INCONSISTENT: &str = "its files contradict each other";

/// How often, twenty milliseconds apart, it is tried to open files that a store that was dropped still holds.
const MAX_TRIES: u32 = 100;

/// So often each row of such a scan is counted besides, so that fewer pages wait to be dropped: a look at a page that is in
/// memory costs less than a microsecond.
const MORE_ACCESSES: usize = 2;

/// A key and what is stored under it, its checksum not yet looked at.
pub(crate) type Stored = (sled::IVec, sled::IVec);

pub(crate) struct Engine {
    path: PathBuf,
    tree: sled::Tree,
    db: sled::Db,
    /// Set once, when sled panicked or could not write for what it read: its pages cannot be trusted from then on.
    damaged: OnceLock<String>,
}

impl Engine {
    /// Opens the database in a folder. Errors name the folder `of`, whose files or copies of them these are.
    pub(crate) fn open(files: &Path, of: &Path, cache_bytes: u64) -> Result<Self, OpenError> {
        // No flusher thread: it would make some commits durable by the clock and hide a missing sync.
        let config = sled::Config::new()
            .path(files)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None);
        let mut waited = 0;
        let db = loop {
            match guard(|| config.open()).map_err(|what| OpenError::damaged(of, what))? {
                Ok(db) => break db,
                // This process holds the folder's lock, so sled's own, which it reports as an error without a kind, can
                // only be held by threads of a store that was dropped a moment ago.
                Err(sled::Error::Io(error))
                    if error.kind() == ErrorKind::Other && waited < MAX_TRIES =>
                {
                    waited += 1;
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => return Err(open_error(of, error)),
            }
        };
        Ok(Self {
            path: of.into(),
            tree: (*db).clone(),
            db,
            damaged: OnceLock::new(),
        })
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, ReadError> {
        self.read(|| self.tree.get(key))
    }

    /// The rows from a key on.
    pub(crate) fn range(
        &self,
        from: Vec<u8>,
    ) -> impl Iterator<Item = Result<Stored, ReadError>> + Send {
        let mut rows = self.tree.range(from..);
        std::iter::from_fn(move || {
            let row = self.read(|| rows.next().transpose()).transpose()?;
            if let Ok((key, stored)) = &row
                && stored.len() > LARGE_ROW
            {
                if let Err(error) = self.count(key, MORE_ACCESSES) {
                    return Some(Err(error));
                }
                let next = (Bound::Excluded(key.clone()), Bound::Unbounded);
                rows = self.tree.range::<sled::IVec, _>(next);
            }
            Some(row)
        })
    }

    /// The last row from a key on and, if there is an end, before it.
    pub(crate) fn last(
        &self,
        from: Vec<u8>,
        end: Option<Vec<u8>>,
    ) -> Result<Option<Stored>, ReadError> {
        self.read(|| {
            match end {
                Some(end) => self.tree.range(from..end).next_back(),
                None => self.tree.range(from..).next_back(),
            }
            .transpose()
        })
    }

    /// Makes the database drop what reading many rows has left in memory. It looks at its cache's size only when one of
    /// 256 parts of it has counted 64 accesses, and until then keeps every page that was read; so the newest rows, which lie
    /// in pages of all parts, are looked up until each has counted so many. The pages of these rows stay.
    pub(crate) fn trim_cache(&self, prefixes: &[&[u8]]) -> Result<(), ReadError> {
        // Pages have up to 16 rows: some pages of each part, each accessed 64 times or more.
        const ROWS: usize = 8192;
        const TIMES: usize = 8;
        let rows = prefixes.iter().map(|prefix| self.tree.scan_prefix(prefix));
        let mut rows = rows.flat_map(|rows| rows.keys().rev()).take(ROWS);
        while let Some(key) = self.read(|| rows.next().transpose())? {
            self.count(&key, TIMES)?;
        }
        Ok(())
    }

    /// Lets the cache count some accesses to the page of a row.
    fn count(&self, key: &[u8], times: usize) -> Result<(), ReadError> {
        self.read(|| (0..times).try_for_each(|_| self.tree.get(key).map(drop)))
    }

    pub(crate) fn is_empty(&self) -> Result<bool, ReadError> {
        Ok(self.range(Vec::new()).next().transpose()?.is_none())
    }

    /// One batch and the store's own row, in one transaction on the one tree. Not `apply_batch`: with large batches
    /// that takes several times the memory, and the transaction reads each old value anyway, which the digest needs.
    pub(crate) fn apply(&self, batch: &Batch, state: State) -> io::Result<State> {
        let applied = self.guard(|| {
            self.tree.transaction(|rows| {
                let mut state = State {
                    commits: state.commits + 1,
                    ..state
                };
                for change in batch.changes() {
                    let key = change.key.as_slice();
                    let old = match &change.stored {
                        Some(stored) => {
                            state.digest.add(key, stored);
                            rows.insert(key, stored.as_slice())?
                        }
                        None => rows.remove(key)?,
                    };
                    if let Some(old) = old {
                        state.digest.remove(key, &old);
                    }
                }
                rows.insert(state::KEY, state.seal())?;
                Ok::<_, ConflictableTransactionError<Infallible>>(state)
            })
        });
        match applied.map_err(io::Error::other)? {
            Ok(state) => Ok(state),
            Err(TransactionError::Storage(error)) => Err(self.io_error(error)),
            Err(TransactionError::Abort(never)) => match never {},
        }
    }

    /// Puts the first row of all: that of the store itself.
    pub(crate) fn begin(&self, state: State) -> io::Result<()> {
        let inserted = self.guard(|| self.tree.insert(state::KEY, state.seal()));
        inserted
            .map_err(io::Error::other)?
            .map(|_| ())
            .map_err(|error| self.io_error(error))
    }

    /// Hands what was applied to the kernel. **Not durable**: the files need an fsync yet.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.guard(|| self.tree.flush())
            .map_err(io::Error::other)?
            .map(|_| ())
            .map_err(|error| self.io_error(error))
    }

    /// Why its files are not to be trusted, if so.
    pub(crate) fn damage(&self) -> Option<&String> {
        self.damaged.get()
    }

    /// Keeps sled from being dropped, since after a failure it may wait for writes that nobody makes any more. The
    /// folder can then only be opened again by another process.
    pub(crate) fn leak(&self) {
        std::mem::forget((self.tree.clone(), self.db.clone()));
    }

    fn read<T>(&self, read: impl FnOnce() -> Result<T, sled::Error>) -> Result<T, ReadError> {
        let path = || self.path.clone();
        if let Some(what) = self.damaged.get() {
            return Err(ReadError::Damaged {
                path: path(),
                what: what.clone(),
            });
        }
        match self
            .guard(read)
            .map_err(|what| ReadError::Damaged { path: path(), what })?
        {
            Ok(value) => Ok(value),
            Err(sled::Error::Io(error)) => Err(ReadError::Io {
                path: path(),
                what: error.to_string(),
            }),
            Err(error) => Err(ReadError::Damaged {
                path: path(),
                what: sentence(error),
            }),
        }
    }

    /// Why writing failed. What the files hold is to blame for all that the system did not refuse.
    fn io_error(&self, error: sled::Error) -> io::Error {
        match error {
            sled::Error::Io(error) => error,
            error => {
                let what = sentence(error);
                // The first reason stands.
                let _ = self.damaged.set(what.clone());
                io::Error::other(what)
            }
        }
    }

    fn guard<T>(&self, run: impl FnOnce() -> T) -> Result<T, String> {
        guard(run).inspect_err(|what| drop(self.damaged.set(what.clone())))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.damaged.get().is_some() {
            self.leak();
        }
    }
}

fn open_error(path: &Path, error: sled::Error) -> OpenError {
    match error {
        // sled reads past the end of a cut-off file and finds names missing: damage that shows as an IO error.
        sled::Error::Io(error)
            if matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::NotFound
            ) =>
        {
            OpenError::damaged(
                path,
                format!("a file in it is shorter than it was, or missing ({error})"),
            )
        }
        sled::Error::Io(error) => OpenError::io(path, &error),
        sled::Error::Unsupported(what) => OpenError::OtherFormat {
            path: path.into(),
            what,
        },
        error => OpenError::damaged(path, sentence(error)),
    }
}

/// What is wrong with the files, in words of this program. The engine's own go to the log, for whoever looks into its file.
fn sentence(error: sled::Error) -> String {
    tracing::debug!(%error, "the database cannot read its files");
    let what = match error {
        sled::Error::Corruption { .. } => "a part of its files is not as it was written",
        _ => INCONSISTENT,
    };
    what.to_owned()
}

/// Runs code of sled's and turns a panic into a sentence.
///
/// sled asserts what it reads from the disk, so a damaged file panics. Unwinding is safe to catch because nothing of
/// sled's is used after it: opening gives no database, and an open store refuses everything from then on. The message
/// is kept out of the sentence: it may quote rows.
fn guard<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| INCONSISTENT.to_owned())
}
