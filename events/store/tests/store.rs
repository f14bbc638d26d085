//! What every store keeps, checked on the durable one and on the one in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends so"
)]

use std::collections::BTreeMap;

use joinedup_store::memory::MemoryStore;
use joinedup_store::{
    Batch, Check, CommitError, Durability, DurableStore, OpenError, Options, Row, Store,
};
use proptest::prelude::*;

fn options() -> Options {
    Options {
        cache_bytes: 8 << 20,
        check: Check::Full,
        reserve_bytes: 4 << 20,
        only_copy: false,
    }
}

/// One thing a caller does.
#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(Vec<u8>, Option<Vec<u8>>)>, bool),
    Sync,
    Reopen,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    // Few distinct bytes, so that keys meet; 0xff, so that prefixes without a successor occur.
    proptest::collection::vec(prop_oneof![Just(1u8), Just(7), Just(0xff)], 1..5)
}

fn step() -> impl Strategy<Value = Step> {
    let value = proptest::option::weighted(0.8, proptest::collection::vec(any::<u8>(), 0..300));
    prop_oneof![
        6 => (proptest::collection::vec((key(), value), 0..20), any::<bool>()).prop_map(|(c, s)| Step::Commit(c, s)),
        1 => Just(Step::Sync),
        1 => Just(Step::Reopen),
    ]
}

fn batch(changes: &[(Vec<u8>, Option<Vec<u8>>)]) -> Batch {
    let mut batch = Batch::new();
    for (key, value) in changes {
        match value {
            Some(value) => batch.put(key, value),
            None => batch.delete(key),
        }
    }
    batch
}

fn check_equal(store: &dyn Store, model: &BTreeMap<Vec<u8>, Vec<u8>>, prefix: &[u8], from: &[u8]) {
    let rows: Vec<Row> = store.scan(prefix, from).map(Result::unwrap).collect();
    let expected: Vec<Row> = model
        .iter()
        .filter(|(key, _)| key.starts_with(prefix) && key.as_slice() >= from)
        .map(|(key, value)| Row {
            key: key.clone(),
            value: value.clone(),
        })
        .collect();
    assert_eq!(rows, expected);
    let last = model.iter().rev().find(|(key, _)| key.starts_with(prefix));
    assert_eq!(
        store.last(prefix).unwrap().map(|row| (row.key, row.value)),
        last.map(|(k, v)| (k.clone(), v.clone()))
    );
    assert_eq!(store.get(from).unwrap().as_ref(), model.get(from));
    assert_eq!(store.scrub().unwrap().rows, model.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_store_holds_what_an_ordered_map_would(
        steps in proptest::collection::vec(step(), 1..30),
        prefix in prop_oneof![Just(Vec::new()), key()],
        from in key(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut durable = DurableStore::open(folder.path(), options()).unwrap();
        let memory = MemoryStore::new();
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Commit(changes, synced) => {
                    let durability = if synced { Durability::Synced } else { Durability::Lazy };
                    durable.commit(&batch(&changes), durability).unwrap();
                    memory.commit(&batch(&changes), durability).unwrap();
                    for (key, value) in changes {
                        match value {
                            Some(value) => model.insert(key, value),
                            None => model.remove(&key),
                        };
                    }
                }
                Step::Sync => durable.sync().unwrap(),
                Step::Reopen => {
                    drop(durable);
                    durable = DurableStore::open(folder.path(), options()).unwrap();
                }
            }
        }
        check_equal(&durable, &model, &prefix, &from);
        check_equal(&memory, &model, &prefix, &from);
    }
}

#[test]
fn a_store_that_is_open_is_not_opened_twice_and_the_error_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let first = DurableStore::open(folder.path(), options()).unwrap();
    let error = DurableStore::open(folder.path(), options()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }));
    assert!(
        error.to_string().contains("in use by another process"),
        "{error}"
    );
    // A store in use is not damaged, so it is not moved aside either.
    assert!(matches!(
        DurableStore::open_or_move_aside(folder.path(), options()),
        Err(OpenError::Locked { .. })
    ));
    drop(first);
    DurableStore::open(folder.path(), options()).unwrap();
}

#[test]
fn a_store_keeps_its_id_and_another_has_another() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("deep/down/a"), folder.path().join("b"));
    let id = DurableStore::open(&a, options()).unwrap().id();
    assert_eq!(DurableStore::open(&a, options()).unwrap().id(), id);
    assert_ne!(DurableStore::open(&b, options()).unwrap().id(), id);
}

#[test]
fn the_stores_own_keys_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = DurableStore::open(folder.path(), options()).unwrap();
    for key in [b"".as_slice(), &[0], &[0, 1]] {
        let mut batch = Batch::new();
        batch.put(b"also not written", b"value");
        batch.put(key, b"value");
        assert!(matches!(
            store.commit(&batch, Durability::Synced),
            Err(CommitError::ReservedKey)
        ));
        assert!(matches!(
            MemoryStore::new().commit(&batch, Durability::Synced),
            Err(CommitError::ReservedKey)
        ));
    }
    assert_eq!(store.scan(b"", b"").count(), 0);
}

#[test]
fn rows_of_any_size_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let value = |n: usize| vec![n as u8; n * n * 40];
    for _ in 0..2 {
        let store = DurableStore::open(folder.path(), options()).unwrap();
        let mut batch = Batch::new();
        (0..100_usize).for_each(|n| batch.put(&[1, n as u8], &value(n)));
        store.commit(&batch, Durability::Synced).unwrap();
    }
    let store = DurableStore::open(folder.path(), options()).unwrap();
    assert!((0..100).all(|n| store.get(&[1, n as u8]).unwrap().unwrap() == value(n)));
    assert!(store.size_on_disk().unwrap() > 10_000_000);
}

#[test]
fn a_full_disk_refuses_commits_until_there_is_space_again() {
    let Some(disk) = SmallDisk::new() else { return };
    let path = disk.folder.path().join("mounted/store");
    let store = DurableStore::open(&path, options()).unwrap();
    let row = |n: u64| {
        let mut batch = Batch::new();
        batch.put(b"count", &n.to_be_bytes());
        batch.put(&n.to_be_bytes().map(|byte| byte | 1), &vec![9; 60_000]);
        batch
    };
    let full = (1..10_000).find(|&n| match store.commit(&row(n), Durability::Synced) {
        Ok(()) => false,
        Err(CommitError::DiskFull { .. }) => true,
        Err(error) => panic!("{error}"),
    });
    let full = full.expect("the disk did not fill up");
    assert_eq!(
        store.get(b"count").unwrap().unwrap(),
        (full - 1).to_be_bytes(),
        "a refused batch was applied"
    );
    std::fs::remove_file(disk.folder.path().join("mounted/ballast")).unwrap();
    store.commit(&row(full), Durability::Synced).unwrap();
    drop(store);
    let store = DurableStore::open(&path, options()).unwrap();
    assert_eq!(store.get(b"count").unwrap().unwrap(), full.to_be_bytes());
}

/// A small filesystem in memory, with a ballast file on it.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = folder.path().join("mounted");
        std::fs::create_dir(&mounted).unwrap();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"])
            .arg(&mounted)
            .output();
        if !mount.is_ok_and(|output| output.status.success()) {
            assert!(
                !std::env::var("CI").is_ok_and(|ci| ci == "true"),
                "filling a disk needs the right to mount one"
            );
            println!("passed over: filling a disk needs the right to mount one");
            return None;
        }
        std::fs::write(mounted.join("ballast"), vec![0; 8 << 20]).unwrap();
        Some(Self { folder })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("--lazy")
            .arg(self.folder.path().join("mounted"))
            .output();
    }
}

#[test]
fn the_store_in_memory_fails_and_loses_power_on_demand() {
    let store = MemoryStore::new();
    let put = |key: &[u8]| {
        let mut batch = Batch::new();
        batch.put(key, b"value");
        batch
    };
    store.commit(&put(b"synced"), Durability::Synced).unwrap();
    store.fail_after(1);
    store.commit(&put(b"lazy"), Durability::Lazy).unwrap();
    assert!(matches!(
        store.commit(&put(b"failed"), Durability::Synced),
        Err(CommitError::Failed { .. })
    ));
    assert!(matches!(
        store.commit(&put(b"stopped"), Durability::Synced),
        Err(CommitError::Stopped { .. })
    ));
    assert_eq!(store.scrub().unwrap().rows, 2);
    let found = store.after_power_cut();
    assert_eq!(
        found
            .scan(b"", b"")
            .map(|row| row.unwrap().key)
            .collect::<Vec<_>>(),
        [b"synced"]
    );
    found.commit(&put(b"again"), Durability::Synced).unwrap();
}
