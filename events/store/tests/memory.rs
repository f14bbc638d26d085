//! What a store holds in memory after much of it was read. The allocator is that of the program: what is free goes back to
//! the system soon.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends so"
)]

use std::time::Duration;

use joinedup_store::{Batch, Check, Durability, DurableStore, Options, Store};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const ROWS: u32 = 40_000;
const ROW_BYTES: usize = 6 << 10;

/// The memory of this process that no file stands behind, in MiB, once what is free has gone back.
fn settled() -> u64 {
    // Purging takes its time; what is in use stays however long one waits.
    std::thread::sleep(Duration::from_secs(3));
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() >> 10
}

#[test]
fn what_reading_a_long_log_took_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        cache_bytes: 4 << 20,
        check: Check::Quick,
        ..Options::default()
    };
    {
        let store = DurableStore::open(folder.path(), options).unwrap();
        let row = |n: u32| [n.to_be_bytes().as_slice(), &[n as u8; ROW_BYTES]].concat();
        for first in (0..ROWS).step_by(500) {
            let mut batch = Batch::new();
            for n in first..first + 500 {
                batch.put(&[b"e", n.to_be_bytes().as_slice()].concat(), &row(n));
                batch.put(&[b"i", n.to_be_bytes().as_slice()].concat(), b"small");
            }
            store.commit(&batch, Durability::Lazy).unwrap();
        }
    }
    let store = DurableStore::open(folder.path(), options).unwrap();
    let before = settled();
    let read = store.scan(b"e", b"e").map(Result::unwrap).count();
    let after_reading = settled().saturating_sub(before);
    store.trim_cache(&[b"e"]).unwrap();
    let after_trimming = settled().saturating_sub(before);
    store.trim_cache(&[b"i", b"e"]).unwrap();
    let with_small_rows = settled().saturating_sub(before);
    println!(
        "{read} rows: {after_reading} MiB after reading, {after_trimming} after trimming, {with_small_rows} by the small rows"
    );
    assert_eq!(read, ROWS as usize);
    // Of some 240 MiB read: what is over the cache is a page or two for each of its 256 parts.
    assert!(
        after_reading < 48 && after_trimming < 24 && with_small_rows < 12,
        "{after_reading} MiB after reading, {after_trimming} after trimming, {with_small_rows} by the small rows"
    );
}
