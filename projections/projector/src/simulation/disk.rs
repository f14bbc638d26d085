//! A simulated machine: stores in memory whose writes fail, tear and are lost, and tasks that die with their process.

use crate::machine::{Machine, Task};
use joinedup_store::memory::MemoryStore;
use joinedup_store::{
    Batch, CommitError, Durability, OpenError, Options, ReadError, Row, Rows, Scrubbed, Store,
};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// What the next writes meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trouble {
    #[default]
    None,
    /// There is no room.
    Full,
    /// After so many writes one fails as the disk does, and is in the kernel's memory alone.
    FailsAfter(u64),
    /// After so many writes the process dies in one, before or after the batch took effect.
    DiesAfter { writes: u64, applied: bool },
}

/// The stores of all processes that ever ran, by number; which one lies in a folder is written in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<Mutex<Stores>>);

#[derive(Debug, Default)]
struct Stores {
    by_number: BTreeMap<u64, Stored>,
    trouble: Trouble,
    writes: u64,
}

#[derive(Clone, Debug, Default)]
struct Stored {
    rows: Arc<MemoryStore>,
    /// Its rows do not match their checksums any more.
    rotten: bool,
}

/// The file in a store's folder that has its number.
const NUMBER: &str = "store";

impl Disk {
    pub fn meets(&self, trouble: Trouble) {
        self.stores().trouble = trouble;
    }

    /// Writes that were tried so far.
    pub fn writes(&self) -> u64 {
        self.stores().writes
    }

    /// What was not synced is gone, as after a cut of the power.
    pub fn lose_unsynced(&self) {
        for stored in self.stores().by_number.values_mut() {
            stored.rows = Arc::new(stored.rows.after_power_cut());
        }
    }

    /// The rows of all stores go bad.
    pub fn rot(&self) {
        for stored in self.stores().by_number.values_mut() {
            stored.rotten = true;
        }
    }

    fn stores(&self) -> MutexGuard<'_, Stores> {
        self.0.lock().unwrap()
    }
}

/// The machine of one process.
#[derive(Debug, Default)]
pub(super) struct SimulatedMachine {
    disk: Disk,
    life: Arc<Life>,
    tasks: Mutex<Vec<AbortHandle>>,
}

#[derive(Debug, Default)]
struct Life {
    over: AtomicBool,
    ended: Notify,
}

impl Life {
    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.ended.notify_one();
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

impl SimulatedMachine {
    pub fn on(disk: Disk) -> Self {
        Self {
            disk,
            ..Self::default()
        }
    }

    /// Ends the process here and now.
    pub fn kill(&self) {
        self.life.end();
        for task in self.tasks.lock().unwrap().drain(..) {
            task.abort();
        }
    }

    /// Whether the process died in a write.
    pub fn is_dead(&self) -> bool {
        self.life.is_over()
    }

    /// Waits until the process has died.
    pub async fn died(&self) {
        self.life.ended.notified().await;
    }
}

impl Machine for SimulatedMachine {
    fn run(&self, _name: &str, task: Task) -> io::Result<()> {
        let handle = tokio::spawn(task).abort_handle();
        self.tasks.lock().unwrap().push(handle);
        Ok(())
    }

    fn open(&self, path: &Path, _options: Options) -> Result<Arc<dyn Store>, OpenError> {
        let what = |what: &str| OpenError::Io {
            path: path.into(),
            what: what.to_owned(),
        };
        if self.life.is_over() {
            return Err(what("the process is dead"));
        }
        std::fs::create_dir_all(path).map_err(|e| what(&e.to_string()))?;
        let file = path.join(NUMBER);
        let number = std::fs::read_to_string(&file).ok();
        let number = number.and_then(|text| text.parse::<u64>().ok());
        let mut stores = self.disk.stores();
        let number = match number.filter(|number| stores.by_number.contains_key(number)) {
            Some(number) => number,
            None => {
                let number = stores.by_number.len() as u64;
                stores.by_number.insert(number, Stored::default());
                std::fs::write(&file, number.to_string()).map_err(|e| what(&e.to_string()))?;
                number
            }
        };
        Ok(Arc::new(SimulatedStore {
            path: path.into(),
            rows: stores.by_number[&number].clone(),
            disk: self.disk.clone(),
            life: self.life.clone(),
            stopped: AtomicBool::new(false),
        }))
    }
}

struct SimulatedStore {
    path: PathBuf,
    rows: Stored,
    disk: Disk,
    life: Arc<Life>,
    stopped: AtomicBool,
}

impl SimulatedStore {
    fn failed(&self, what: &str) -> CommitError {
        self.stopped.store(true, Ordering::Relaxed);
        CommitError::Failed {
            path: self.path.clone(),
            what: what.to_owned(),
        }
    }

    /// What a write meets: how durable it becomes, if it takes effect, and how it fails, if it does.
    fn write(&self, asked: Durability) -> (Option<Durability>, Result<(), CommitError>) {
        let path = self.path.clone();
        if self.life.is_over() || self.stopped.load(Ordering::Relaxed) {
            let what = "an earlier write failed".to_owned();
            return (None, Err(CommitError::Stopped { path, what }));
        }
        let mut stores = self.disk.stores();
        stores.writes += 1;
        match &mut stores.trouble {
            Trouble::None => (Some(asked), Ok(())),
            Trouble::Full => (None, Err(CommitError::DiskFull { path })),
            Trouble::FailsAfter(writes) | Trouble::DiesAfter { writes, .. } if *writes > 0 => {
                *writes -= 1;
                (Some(asked), Ok(()))
            }
            Trouble::FailsAfter(_) => {
                stores.trouble = Trouble::None;
                (
                    Some(Durability::Lazy),
                    Err(self.failed("input/output error")),
                )
            }
            Trouble::DiesAfter { applied, .. } => {
                let durability = applied.then_some(asked);
                stores.trouble = Trouble::None;
                self.life.end();
                (durability, Err(self.failed("the process died")))
            }
        }
    }

    fn readable(&self) -> Result<(), ReadError> {
        if !self.rows.rotten {
            return Ok(());
        }
        Err(ReadError::Damaged {
            path: self.path.clone(),
            what: "a row does not match its checksum".to_owned(),
        })
    }
}

impl Store for SimulatedStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.readable()?;
        self.rows.rows.get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8]) -> Rows<'_> {
        match self.readable() {
            Ok(()) => self.rows.rows.scan(prefix, from),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }

    fn last(&self, prefix: &[u8]) -> Result<Option<Row>, ReadError> {
        self.readable()?;
        self.rows.rows.last(prefix)
    }

    fn commit(&self, batch: &Batch, durability: Durability) -> Result<(), CommitError> {
        let (effect, outcome) = self.write(durability);
        if let Some(durability) = effect {
            self.rows.rows.commit(batch, durability)?;
        }
        outcome
    }

    fn sync(&self) -> Result<(), CommitError> {
        let (effect, outcome) = self.write(Durability::Synced);
        if effect == Some(Durability::Synced) {
            self.rows.rows.sync()?;
        }
        outcome
    }

    fn size_on_disk(&self) -> Result<u64, ReadError> {
        self.rows.rows.size_on_disk()
    }

    fn scrub(&self) -> Result<Scrubbed, ReadError> {
        self.readable()?;
        self.rows.rows.scrub()
    }
}
