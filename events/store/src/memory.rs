//! A store in memory, for tests of what stands on a store: it fails and loses power on demand.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Batch, CommitError, Durability, ReadError, Row, Rows, Scrubbed, Store};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// A [`Store`] that keeps nothing when the process ends.
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    now: Map,
    /// As of the last sync.
    durable: Map,
    /// Commits and syncs that still succeed; none: all.
    remaining: Option<u64>,
    stopped: bool,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets this many more commits and syncs succeed; the next one applies nothing and fails, and so does every one
    /// after it, until [`MemoryStore::after_power_cut`].
    pub fn fail_after(&self, operations: u64) {
        self.inner().remaining = Some(operations);
    }

    /// The store as a machine would find it that lost power now: what was not synced is gone, and it works again.
    #[must_use]
    pub fn after_power_cut(&self) -> Self {
        let durable = self.inner().durable.clone();
        Self {
            inner: Mutex::new(Inner {
                now: durable.clone(),
                durable,
                remaining: None,
                stopped: false,
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn spend(&mut self) -> Result<(), CommitError> {
        let (path, what) = (
            PathBuf::from("memory"),
            String::from("the test asked for it"),
        );
        if self.stopped {
            return Err(CommitError::Stopped { path, what });
        }
        match &mut self.remaining {
            Some(0) => {
                self.stopped = true;
                return Err(CommitError::Failed { path, what });
            }
            Some(remaining) => *remaining -= 1,
            None => {}
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.inner().now.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], from: &[u8]) -> Rows<'_> {
        let rows: Vec<_> = self
            .inner()
            .now
            .range(prefix.max(from).to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| {
                Ok(Row {
                    key: key.clone(),
                    value: value.clone(),
                })
            })
            .collect();
        Box::new(rows.into_iter())
    }

    fn last(&self, prefix: &[u8]) -> Result<Option<Row>, ReadError> {
        self.scan(prefix, &[]).last().transpose()
    }

    fn commit(&self, batch: &Batch, durability: Durability) -> Result<(), CommitError> {
        if batch.has_reserved_key() {
            return Err(CommitError::ReservedKey);
        }
        let mut inner = self.inner();
        inner.spend()?;
        for change in batch.changes() {
            match change.value() {
                Some(value) => inner.now.insert(change.key.clone(), value.to_vec()),
                None => inner.now.remove(&change.key),
            };
        }
        if durability == Durability::Synced {
            inner.durable = inner.now.clone();
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), CommitError> {
        let mut inner = self.inner();
        inner.spend()?;
        inner.durable = inner.now.clone();
        Ok(())
    }

    fn size_on_disk(&self) -> Result<u64, ReadError> {
        Ok(self.scrub()?.bytes)
    }

    fn scrub(&self) -> Result<Scrubbed, ReadError> {
        let inner = self.inner();
        let bytes = inner
            .now
            .iter()
            .map(|(key, value)| (key.len() + value.len()) as u64)
            .sum();
        Ok(Scrubbed {
            rows: inner.now.len() as u64,
            bytes,
        })
    }
}
