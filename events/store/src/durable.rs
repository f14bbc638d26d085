//! The durable store: what is on the disk, opening, reading, committing, checking.
//!
//! On the disk, in one folder: `lock`; `mark` (see `mark.rs`); and the engine's own `db`, `conf`, `snap.*` and `blobs/`. A
//! row is the caller's key and, as its value, a CRC32C (4 bytes, big-endian) and the caller's value. The row under the
//! key `00` is the store's own (see `state.rs`).
//!
//! What callers should know of sled: a row costs some 11 µs to write whatever its size, so few large rows beat many
//! small ones; but it moves up to 16 neighbouring rows together, and what is over 128 KB then becomes a file of its own,
//! so rows of 1 to 8 KB do best. All stores of a process share one lock, which a commit holds while it is applied.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::batch::Batch;
use crate::checksum::{self, Digest};
use crate::content::Content;
use crate::engine::{DATA, Engine, Stored};
use crate::folder::{self, Syncer};
use crate::mark::{self, Mark, StoreId};
use crate::state::{FIRST_KEY, State};
use crate::{CommitError, Durability, OpenError, ReadError, Row, Rows, Scrubbed, Store, trial};

/// How much of a store is checked when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// That it is the same store and that no commit is missing at the end. Rows are checked when they are read. A row
    /// inside that went back to an older value is not noticed.
    Quick,
    /// Every row too, and that none is missing or old. Takes about a second per million small rows.
    Full,
}

/// Settings of a store.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Memory for recently used rows, in bytes. 64 MiB unless set otherwise; many random writes want 256 MiB.
    pub cache_bytes: u64,
    /// How much is checked when opening.
    pub check: Check,
    /// Commits are refused while less than this is free on the disk, in bytes; 64 MiB unless set otherwise. sled may
    /// wait for ever once it has met a full disk, so it is never let near one.
    pub reserve_bytes: u64,
    /// The store is the only copy of what is in it: where it turns out to be damaged, its files are left as they were. The
    /// database would wipe what was written after the damage. Takes as long as copying the data file.
    pub only_copy: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            check: Check::Full,
            reserve_bytes: 64 << 20,
            only_copy: false,
        }
    }
}

/// A damaged store that was set aside so that a new one could begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedAside {
    /// Where it lies now.
    pub to: PathBuf,
    /// What was wrong with it, as a sentence.
    pub reason: String,
}

/// A [`Store`] in a folder, safe against the death of the process and of the machine.
pub struct DurableStore {
    path: PathBuf,
    engine: Engine,
    reserve_bytes: u64,
    writer: Mutex<Writer>,
    /// Set once, when a commit failed: memory and disk may differ from then on.
    stopped: OnceLock<String>,
    id: StoreId,
    _lock: File,
}

struct Writer {
    state: State,
    mark: Mark,
    syncer: Syncer,
}

impl DurableStore {
    /// Opens the store in a folder, or makes one. What survived a crash is durable when this returns.
    ///
    /// # Errors
    /// See [`OpenError`]. A damaged store is left where it is, but sled may have written to it, unless it is opened as the
    /// [only copy](Options::only_copy).
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let io = |error: std::io::Error| OpenError::io(path, &error);
        folder::create(path).map_err(io)?;
        let lock = folder::lock(path)
            .map_err(io)?
            .ok_or_else(|| OpenError::Locked { path: path.into() })?;
        if options.only_copy {
            trial::open_copy(path, options.reserve_bytes, options.cache_bytes)?;
        }
        Self::open_locked(path, options, lock)
    }

    fn open_locked(path: &Path, options: Options, lock: File) -> Result<Self, OpenError> {
        let io = |error: std::io::Error| OpenError::io(path, &error);
        let Content {
            engine,
            state,
            mark,
        } = Content::look(path, path, options.cache_bytes)?;
        let mut syncer = Syncer::new(path, DATA).map_err(io)?;
        // Rows that a crash left in the kernel's memory can be read now, so they must not vanish later.
        let mut sync = || engine.flush().and_then(|()| syncer.sync(&[])).map_err(io);
        let (state, mark) = match (state, mark) {
            (Some(state), Some(mut mark)) => {
                sync()?;
                mark.note(state.commits)
                    .and_then(|()| mark.sync())
                    .map_err(io)?;
                (state, mark)
            }
            // Made, but the process died before the mark was written.
            (Some(state), None) => {
                sync()?;
                (state, Mark::create(path, state.id, 0).map_err(io)?)
            }
            (None, _) => {
                let state = State {
                    id: *uuid::Uuid::new_v4().as_bytes(),
                    ..State::default()
                };
                engine.begin(state).map_err(io)?;
                sync()?;
                (state, Mark::create(path, state.id, 0).map_err(io)?)
            }
        };
        let store = Self {
            path: path.into(),
            engine,
            reserve_bytes: options.reserve_bytes,
            writer: Mutex::new(Writer {
                state,
                mark,
                syncer,
            }),
            stopped: OnceLock::new(),
            id: state.id,
            _lock: lock,
        };
        if options.check == Check::Full {
            store.scrub()?;
        }
        Ok(store)
    }

    /// Opens a store that can be made again from elsewhere: one whose content is damaged, or of another format, is
    /// renamed to `<name>.damaged-<n>` and an empty one is opened in its place. Never for the only copy of anything.
    ///
    /// # Errors
    /// As [`DurableStore::open`], but for damage and format.
    pub fn open_or_move_aside(
        path: impl AsRef<Path>,
        options: Options,
    ) -> Result<(Self, Option<MovedAside>), OpenError> {
        let path = path.as_ref();
        match Self::open(path, options) {
            Ok(store) => Ok((store, None)),
            Err(error) if error.is_about_content() => {
                let reason = error.to_string();
                let to = folder::move_aside(path).map_err(|error| OpenError::io(path, &error))?;
                tracing::warn!(reason, to = %to.display(), "moved a damaged store aside and began a new one");
                Ok((Self::open(path, options)?, Some(MovedAside { to, reason })))
            }
            Err(error) => Err(error),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An id the store was given when it was made; another one made in the same place has another.
    #[must_use]
    pub fn id(&self) -> uuid::Uuid {
        uuid::Uuid::from_bytes(self.id)
    }

    /// Whether a small commit would be taken now, as far as can be known without one.
    ///
    /// # Errors
    /// That of the commit.
    pub fn writable(&self) -> Result<(), CommitError> {
        self.check_writable()?;
        self.check_space(&Batch::new())
    }

    /// Gives memory back after much was read: what is left of it is about the size of the cache and a page for each of its
    /// parts, which are pages of the first `prefixes` that there are rows of: some 20 MiB where those are large, 1 MiB where they are
    /// small. Takes a tenth of a second.
    ///
    /// # Errors
    /// When the newest of these rows cannot be read.
    pub fn trim_cache(&self, prefixes: &[&[u8]]) -> Result<(), ReadError> {
        self.engine.trim_cache(prefixes)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic while it was held left the state as it was, for that changes last.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_writable(&self) -> Result<(), CommitError> {
        let path = || self.path.clone();
        if let Some(what) = self.engine.damage().cloned() {
            return Err(CommitError::Damaged { path: path(), what });
        }
        match self.stopped.get().cloned() {
            Some(what) => Err(CommitError::Stopped { path: path(), what }),
            None => Ok(()),
        }
    }

    /// Refuses a batch that might fill the disk, or while there is no file to spare, which a sync needs; the store stays
    /// as it is and in use.
    fn check_space(&self, batch: &Batch) -> Result<(), CommitError> {
        let path = &self.path;
        if let Err(error) = File::open(path)
            && folder::is_shortage(&error)
        {
            return Err(CommitError::NoFile {
                path: path.clone(),
                what: error.to_string(),
            });
        }
        let free = folder::free_bytes(path).map_err(|error| CommitError::Failed {
            path: path.clone(),
            what: error.to_string(),
        })?;
        // sled moves neighbouring rows along and rewrites old segments: some four times the batch.
        if free < self.reserve_bytes.saturating_add(4 * batch.bytes() as u64) {
            return Err(CommitError::DiskFull { path: path.clone() });
        }
        Ok(())
    }

    /// Ends all further commits, since it is not known what of this one is on the disk.
    fn stop(&self, error: std::io::Error) -> CommitError {
        let path = self.path.clone();
        let what = error.to_string();
        let _ = self.stopped.set(what.clone());
        match self.engine.damage() {
            Some(_) => CommitError::Damaged { path, what },
            None => CommitError::Failed { path, what },
        }
    }

    fn sync_with(&self, writer: &mut Writer) -> std::io::Result<()> {
        self.engine.flush()?;
        writer.syncer.sync(&[mark::NAME])?;
        writer.mark.note(writer.state.commits)
    }
}

impl Store for DurableStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        match self.engine.get(key)? {
            Some(stored) => value_of(&self.path, key, &stored).map(Some),
            None => Ok(None),
        }
    }

    fn scan(&self, prefix: &[u8], from: &[u8]) -> Rows<'_> {
        let start = prefix.max(from).max(FIRST_KEY).to_vec();
        let prefix = prefix.to_vec();
        let mut rows = self.engine.range(start);
        let mut ended = false;
        Box::new(std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let row = rows.next()?.and_then(|stored| row_of(&self.path, stored));
            ended = !matches!(&row, Ok(row) if row.key.starts_with(&prefix));
            (row.is_err() || !ended).then_some(row)
        }))
    }

    fn last(&self, prefix: &[u8]) -> Result<Option<Row>, ReadError> {
        let start = prefix.max(FIRST_KEY).to_vec();
        let row = self.engine.last(start, after(prefix))?;
        row.map(|stored| row_of(&self.path, stored)).transpose()
    }

    fn commit(&self, batch: &Batch, durability: Durability) -> Result<(), CommitError> {
        if batch.has_reserved_key() {
            return Err(CommitError::ReservedKey);
        }
        let mut writer = self.writer();
        self.check_writable()?;
        self.check_space(batch)?;
        let written = self.engine.apply(batch, writer.state).and_then(|state| {
            writer.state = state;
            match durability {
                Durability::Synced => self.sync_with(&mut writer),
                Durability::FlushOnly => self.engine.flush(),
                Durability::Lazy => Ok(()),
            }
        });
        written.map_err(|error| self.stop(error))
    }

    fn sync(&self) -> Result<(), CommitError> {
        let mut writer = self.writer();
        self.check_writable()?;
        self.sync_with(&mut writer)
            .map_err(|error| self.stop(error))
    }

    fn size_on_disk(&self) -> Result<u64, ReadError> {
        folder::size(&self.path).map_err(|error| ReadError::Io {
            path: self.path.clone(),
            what: error.to_string(),
        })
    }

    fn scrub(&self) -> Result<Scrubbed, ReadError> {
        let writer = self.writer();
        let mut found = Digest::default();
        let mut scrubbed = Scrubbed::default();
        for row in self.engine.range(FIRST_KEY.to_vec()) {
            let (key, stored) = row?;
            let value = value_of(&self.path, &key, &stored)?;
            found.add(&key, &stored);
            scrubbed.rows += 1;
            scrubbed.bytes += (key.len() + value.len()) as u64;
        }
        let expected = writer.state.digest;
        if found == expected {
            return Ok(scrubbed);
        }
        let what = if found.rows == expected.rows {
            format!(
                "some of its {} rows are older than they should be",
                found.rows
            )
        } else {
            format!(
                "it has {} rows where {} were committed",
                found.rows, expected.rows
            )
        };
        Err(ReadError::Damaged {
            path: self.path.clone(),
            what,
        })
    }
}

impl Drop for DurableStore {
    fn drop(&mut self) {
        // Nothing is promised here: what was to last was synced when it was committed.
        if self.engine.damage().is_none() && self.stopped.get().is_none() {
            let mut writer = self.writer();
            let synced = self
                .sync_with(&mut writer)
                .and_then(|()| writer.mark.sync());
            drop(writer);
            match synced {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(%error, "a store could not be synced when it was closed")
                }
            }
        }
        self.engine.leak();
    }
}

impl std::fmt::Debug for DurableStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DurableStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The first key that is greater than every key with this prefix; none if there is no such key.
fn after(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|&byte| byte != u8::MAX)?;
    let mut end = prefix[..=kept].to_vec();
    end[kept] += 1;
    Some(end)
}

fn value_of(path: &Path, key: &[u8], stored: &[u8]) -> Result<Vec<u8>, ReadError> {
    checksum::open(key, stored)
        .map(<[u8]>::to_vec)
        .ok_or_else(|| ReadError::Damaged {
            path: path.into(),
            what: "a row does not match its checksum".into(),
        })
}

fn row_of(path: &Path, (key, stored): Stored) -> Result<Row, ReadError> {
    Ok(Row {
        value: value_of(path, &key, &stored)?,
        key: key.to_vec(),
    })
}
