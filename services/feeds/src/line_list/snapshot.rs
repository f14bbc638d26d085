//! What a feed remembers of the last list: keyed hashes in a small file of its own, and nothing that can be read.

use super::mapping::ListMapping;
use super::row::Ring;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::{AreaId, EntityId, Slug};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The form of the file.
const FORMAT: u16 = 1;
/// So many lists are known again: more than a year of a list a day.
const MAX_TAKEN: usize = 400;

/// What is remembered of the last list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    format: u16,
    /// The mapping.
    pub mapping: Slug,
    /// The fingerprint of the key that its hashes are made with.
    pub key: String,
    /// The log that its events are in, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// When the last list was made, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_at: Option<DateTime<Utc>>,
    /// The first day of which its lists hold everybody, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<NaiveDate>,
    /// Hashes of the lists that were taken, the last one last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<String>,
    /// How many rows of the last list named nobody.
    #[serde(default)]
    pub keyless: u64,
    /// The rows, by the hash of what names them.
    pub rows: BTreeMap<String, KnownRow>,
}

/// What is remembered of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRow {
    /// The entity of its events.
    pub entity: EntityId,
    /// The area of its events.
    pub area: AreaId,
    /// The hash of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The hash of the date on which it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// It ended before the list's window began, and has left the list for that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    /// Its facts, by name.
    pub facts: BTreeMap<String, KnownFact>,
}

/// What is remembered of a fact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFact {
    /// The event that states it; none once it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The hash of what it states.
    pub content: String,
    /// Where a value changes over time, the hash of the time from which the first stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Earlier events that stand beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The entity of the same person before, which the event names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<EntityId>,
    /// Hashes of what it stated before: an event that was taken back does not come again under the same id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<String>,
}

impl KnownRow {
    /// Whether any fact of it stands.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.facts.values().any(|fact| fact.id.is_some())
    }
}

/// Why what is remembered cannot be used. Nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Reading or writing.
    #[error("the feed's store {} cannot be used: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// Another import.
    #[error("another import uses the feed's store {}: wait until it has ended", .0.display())]
    InUse(PathBuf),
    /// Not a store.
    #[error("the feed's store {} is not readable: move it aside, and the list is published as if it were the first (what is known already changes nothing, but what vanished meanwhile is not taken back)", .0.display())]
    Unreadable(PathBuf),
    /// Of another mapping.
    #[error("the feed's store {} is of the mapping `{mapping}`: give another with --feed-store FILE", .path.display())]
    OtherMapping {
        /// The file.
        path: PathBuf,
        /// Its mapping.
        mapping: Slug,
    },
    /// Made with another key.
    #[error("the feed's store {} was made with another pseudonym key: give that one with --previous-pseudonym-key-file, or every person would count twice", .0.display())]
    OtherKey(PathBuf),
}

/// A file beside another one: its name with an ending more.
#[must_use]
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// The file, held by one import at a time.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// Locked while this lives.
    _lock: File,
}

impl Store {
    /// Opens a store, and what it remembers; nothing where there is none yet.
    ///
    /// # Errors
    /// When it cannot be read, is in use, or is of another mapping or key.
    pub fn open(
        path: &Path,
        mapping: &ListMapping,
        ring: &Ring,
    ) -> Result<(Self, Option<Snapshot>), StoreError> {
        let failed = |source| StoreError::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(beside(path, "lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let store = Self {
            path: path.to_owned(),
            _lock: lock,
        };
        Ok((store, Self::look(path, mapping, ring)?))
    }

    /// What a store remembers, if it is there; nothing is made.
    ///
    /// # Errors
    /// When it cannot be read, or is of another mapping or key.
    pub fn look(
        path: &Path,
        mapping: &ListMapping,
        ring: &Ring,
    ) -> Result<Option<Snapshot>, StoreError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(StoreError::Io {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let snapshot: Snapshot =
            serde_json::from_slice(&bytes).map_err(|_| StoreError::Unreadable(path.to_owned()))?;
        if snapshot.format != FORMAT {
            return Err(StoreError::Unreadable(path.to_owned()));
        }
        if snapshot.mapping != mapping.name {
            return Err(StoreError::OtherMapping {
                path: path.to_owned(),
                mapping: snapshot.mapping,
            });
        }
        if !ring.all().any(|key| key.fingerprint() == snapshot.key) {
            return Err(StoreError::OtherKey(path.to_owned()));
        }
        Ok(Some(snapshot))
    }

    /// Writes what is to be remembered: the whole of it or, after a crash, what was there before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let write = || {
            // Its mode lets the owner alone read it.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(io::BufWriter::new(&mut file), snapshot)?;
            file.flush()?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|source| StoreError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

impl Snapshot {
    /// That of a mapping that no list was read through yet.
    #[must_use]
    pub fn new(mapping: &ListMapping, ring: &Ring) -> Self {
        Self {
            format: FORMAT,
            mapping: mapping.name.clone(),
            key: ring.current.fingerprint(),
            log: None,
            as_at: None,
            begins: None,
            taken: Vec::new(),
            keyless: 0,
            rows: BTreeMap::new(),
        }
    }

    /// Whether the list with one of these hashes is among those that were taken, and not the last of them.
    pub(super) fn took_before_the_last(&self, digests: &[String]) -> bool {
        let last = self.taken.last();
        !last.is_some_and(|last| digests.contains(last))
            && self.taken.iter().any(|taken| digests.contains(taken))
    }

    /// Notes that a list was taken.
    pub(super) fn took(&mut self, as_at: DateTime<Utc>, digests: &[String]) {
        self.as_at = Some(as_at);
        self.taken.retain(|taken| !digests.contains(taken));
        self.taken.extend(digests.first().cloned());
        let many = self.taken.len().saturating_sub(MAX_TAKEN);
        self.taken.drain(..many);
    }
}
