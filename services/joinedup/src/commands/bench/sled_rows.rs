//! What the store takes: rows committed a second, with an fsync now and then, as the projector does it.

use super::Ground;
use super::table::Table;
use joinedup_store::{Batch, CommitError, Durability, DurableStore, OpenError, Options, Store};
use std::time::Instant;

/// Rows in one commit.
const BATCH: u32 = 1_000;
/// Every so many commits one is made durable.
const SYNCED: u32 = 10;
/// Distinct keys.
const KEYS: u32 = 250_000;
/// The most rows, so that a large bench stays bounded.
const ROWS: u32 = 200_000;

/// Why it could not be measured.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowsError {
    /// The store did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It did not take the rows.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

pub(super) fn rows(ground: &Ground, table: &mut Table) -> Result<(), RowsError> {
    let store = DurableStore::open(ground.folder.join("rows"), Options::default())?;
    let rows = ground.bench.events.min(ROWS);
    let value = [7_u8; 200];
    let mut key: u32 = 1;
    let started = Instant::now();
    for number in 0..rows.div_ceil(BATCH) {
        let mut batch = Batch::new();
        for _ in 0..BATCH {
            // All keys in turn, none near the one before.
            key = (key + 100_003) % KEYS;
            let [a, b, c, d] = key.to_be_bytes();
            batch.put(&[b'r', a, b, c, d], &value);
        }
        let durability = if number % SYNCED == SYNCED - 1 {
            Durability::Synced
        } else {
            Durability::Lazy
        };
        store.commit(&batch, durability)?;
    }
    store.sync()?;
    let committed = f64::from(rows.div_ceil(BATCH) * BATCH);
    table.alone(
        "rows of 200 bytes committed to sled",
        committed / started.elapsed().as_secs_f64(),
        "rows/s",
    );
    Ok(())
}
