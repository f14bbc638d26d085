//! A workload whose content after any number of batches is known, and the process that writes it.

#![allow(
    dead_code,
    reason = "each test that includes this file uses a part of it"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use joinedup_store::{Batch, Durability, DurableStore, Options, ReadError, Store};

pub const CHECKPOINT: &[u8] = b"checkpoint";
const FOLDER: &str = "JOINEDUP_TEST_STORE_FOLDER";
const MODE: &str = "JOINEDUP_TEST_STORE_MODE";

/// A small generator of numbers that look random (splitmix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// The changes of the n-th batch; none deletes.
fn changes(number: u64) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let mut numbers = Numbers(number.wrapping_mul(0x5851_f42d_4c95_7f2d));
    let count = 1 + numbers.below(40);
    let mut changes: Vec<_> = (0..count)
        .map(|_| {
            let key = format!("row {:05}", numbers.below(5_000)).into_bytes();
            let len = 10 + numbers.below(300);
            let value =
                (numbers.below(5) > 0).then(|| (0..len).map(|_| numbers.next() as u8).collect());
            (key, value)
        })
        .collect();
    changes.push((CHECKPOINT.to_vec(), Some(number.to_be_bytes().to_vec())));
    changes
}

pub fn batch(number: u64) -> Batch {
    let mut batch = Batch::new();
    for (key, value) in changes(number) {
        match value {
            Some(value) => batch.put(&key, &value),
            None => batch.delete(&key),
        }
    }
    batch
}

/// What a store must hold after a number of batches.
#[derive(Default)]
pub struct Expected {
    pub batches: u64,
    pub content: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Expected {
    /// Goes on to a later number.
    pub fn advance_to(&mut self, batches: u64) {
        for (key, value) in (self.batches + 1..=batches).flat_map(changes) {
            match value {
                Some(value) => self.content.insert(key, value),
                None => self.content.remove(&key),
            };
        }
        self.batches = batches;
    }
}

/// What a store must hold after that many batches.
pub fn content_after(batches: u64) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut expected = Expected::default();
    expected.advance_to(batches);
    expected.content
}

pub fn content_of(store: &dyn Store) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, ReadError> {
    store
        .scan(b"", b"")
        .map(|row| row.map(|row| (row.key, row.value)))
        .collect()
}

pub fn checkpoint(store: &dyn Store) -> u64 {
    store
        .get(CHECKPOINT)
        .unwrap()
        .map_or(0, |value| u64::from_be_bytes(value.try_into().unwrap()))
}

/// Opens a store after a crash. An error says what is wrong with it: it does not open, has lost batches that were
/// acknowledged, or holds something that no number of batches makes.
pub fn reopened(folder: &Path, acknowledged: u64, expected: &mut Expected) -> Result<(), String> {
    let store =
        DurableStore::open(folder, Options::default()).map_err(|error| error.to_string())?;
    let batches = checkpoint(&store);
    if batches < acknowledged {
        return Err(format!(
            "{acknowledged} batches were acknowledged, {batches} are there"
        ));
    }
    expected.advance_to(batches);
    if content_of(&store).map_err(|error| error.to_string())? != expected.content {
        return Err(format!("the content is not that after {batches} batches"));
    }
    Ok(())
}

/// What the writer does before it acknowledges a batch.
#[derive(Clone, Copy)]
pub enum Mode {
    /// Commits it durably.
    Synced,
    /// Commits seven lazily, then syncs.
    LazyThenSync,
    /// Only what sled calls a flush.
    FlushOnly,
}

/// The body of the writer process: goes on where the store is, and prints the number of each acknowledged batch.
pub fn write_for_ever() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let mode = std::env::var(MODE).unwrap();
    let store = DurableStore::open(&folder, Options::default()).unwrap();
    let mut out = std::io::stdout();
    for number in checkpoint(&store) + 1..1_000_000 {
        match mode.as_str() {
            "synced" => store.commit(&batch(number), Durability::Synced).unwrap(),
            "flush-only" => store.commit(&batch(number), Durability::FlushOnly).unwrap(),
            _ => {
                store.commit(&batch(number), Durability::Lazy).unwrap();
                if number % 7 != 0 {
                    continue;
                }
                store.sync().unwrap();
            }
        }
        writeln!(out, "\nacknowledged {number}")
            .and_then(|()| out.flush())
            .unwrap();
    }
}

/// A running writer, killed with SIGKILL when dropped.
pub struct Writer {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Writer {
    /// Starts this test binary again as the writer; `test` is the name of the ignored test that calls
    /// [`write_for_ever`].
    pub fn start(test: &str, folder: &Path, mode: Mode) -> Self {
        let mode = match mode {
            Mode::Synced => "synced",
            Mode::LazyThenSync => "lazy-then-sync",
            Mode::FlushOnly => "flush-only",
        };
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                test,
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(FOLDER, folder)
            .env(MODE, mode)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Waits for that many acknowledgements and gives the last one's number.
    pub fn acknowledged(&mut self, count: u64) -> u64 {
        let mut last = 0;
        let mut seen = 0;
        while seen < count {
            let line = self
                .lines
                .next()
                .expect("the writer ended by itself")
                .unwrap();
            if let Some(number) = line.strip_prefix("acknowledged ") {
                last = number.parse().unwrap();
                seen += 1;
            }
        }
        last
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
