//! A damaged store gives an error or the right rows, never wrong ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends so"
)]

#[path = "workload/batches.rs"]
mod batches;

#[path = "../../../tests/src/disk.rs"]
mod disk;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use batches::{Expected, Numbers};
use disk::Disk;
use joinedup_store::{Check, Durability, DurableStore, OpenError, Options, Store};

const BATCHES: u64 = 300;

fn full() -> Options {
    Options::default()
}

fn quick() -> Options {
    Options {
        check: Check::Quick,
        ..Options::default()
    }
}

/// A closed store with 300 batches in it, opened twice so that it has a snapshot.
fn closed_store(folder: &Path) -> PathBuf {
    let path = folder.join("store");
    for part in [1..=BATCHES / 2, BATCHES / 2 + 1..=BATCHES] {
        let store = DurableStore::open(&path, full()).unwrap();
        for number in part {
            store
                .commit(&batches::batch(number), Durability::Lazy)
                .unwrap();
        }
        store.sync().unwrap();
    }
    path
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.metadata().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && path.metadata().unwrap().len() > 0)
        .collect();
    files.sort();
    files
}

/// Damages the store in one way and says how.
fn damage(folder: &Path, numbers: &mut Numbers) -> String {
    let files = files(folder);
    // Most of the damage goes where most of the bytes are.
    let path = if numbers.below(3) > 0 {
        folder.join("db")
    } else {
        files[numbers.below(files.len() as u64) as usize].clone()
    };
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let mut bytes = fs::read(&path).unwrap();
    let at = numbers.below(bytes.len() as u64) as usize;
    let what = match numbers.below(8) {
        0..=3 => {
            bytes[at] ^= 1 << numbers.below(8);
            format!("{name}: a flipped bit at {at}")
        }
        4 | 5 => {
            bytes.truncate(at);
            format!("{name}: cut off at {at}")
        }
        6 => {
            let end = bytes.len().min(at + 4096);
            bytes[at..end].fill(0);
            format!("{name}: 4096 zeroes at {at}")
        }
        _ => {
            fs::remove_file(&path).unwrap();
            return format!("{name}: removed");
        }
    };
    fs::write(&path, bytes).unwrap();
    what
}

#[test]
fn a_damaged_store_gives_an_error_or_the_right_rows() {
    let folder = tempfile::tempdir().unwrap();
    let original = closed_store(folder.path());
    let right = batches::content_after(BATCHES);
    let mut numbers = Numbers(4);
    let mut found = 0;
    for case in 0..80 {
        let damaged = folder.path().join(format!("damaged {case}"));
        copy(&original, &damaged);
        let what = damage(&damaged, &mut numbers);
        match DurableStore::open(&damaged, full()) {
            Ok(store) => {
                assert_eq!(batches::content_of(&store).unwrap(), right, "{what}");
                continue;
            }
            Err(error) => assert!(error.is_about_content(), "{what}: {error}"),
        }
        found += 1;
        // What the failed opening did to it must not have made it look sound.
        let (store, moved) = DurableStore::open_or_move_aside(&damaged, full()).unwrap();
        assert!(moved.unwrap().to.is_dir(), "{what}");
        assert!(batches::content_of(&store).unwrap().is_empty(), "{what}");
        store
            .commit(&batches::batch(1), Durability::Synced)
            .unwrap();
        drop(store);
        assert_eq!(
            batches::reopened(&damaged, 1, &mut Expected::default()),
            Ok(()),
            "{what}"
        );
    }
    assert!(found > 20, "only {found} of 80 damages did any");
}

#[test]
fn a_store_cut_off_to_nothing_is_not_taken_for_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = closed_store(folder.path());
    fs::File::create(path.join("db")).unwrap();
    let error = DurableStore::open(&path, quick()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[test]
fn a_data_file_put_back_from_an_older_copy_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = closed_store(folder.path());
    let older = folder.path().join("older");
    copy(&path, &older);
    let store = DurableStore::open(&path, quick()).unwrap();
    store
        .commit(&batches::batch(BATCHES + 1), Durability::Synced)
        .unwrap();
    drop(store);
    for file in files(&path).iter().filter(|file| !file.ends_with("mark")) {
        fs::remove_file(file).unwrap();
    }
    for file in files(&older).iter().filter(|file| !file.ends_with("mark")) {
        fs::copy(file, path.join(file.file_name().unwrap())).unwrap();
    }
    let error = DurableStore::open(&path, quick()).unwrap_err();
    assert!(
        error.to_string().contains("the 1 that followed are lost"),
        "{error}"
    );
}

#[test]
fn a_snapshot_that_was_being_written_when_the_process_died_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = closed_store(folder.path());
    fs::write(
        path.join("snap.FFFFFFFFFFFFFFF0.generating"),
        b"only the begin",
    )
    .unwrap();
    assert_eq!(
        batches::reopened(&path, BATCHES, &mut Expected::default()),
        Ok(())
    );
}

/// Every file below a folder, by path.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for path in fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn the_only_copy_is_left_as_it_was_when_it_is_damaged() {
    let only_copy = Options {
        only_copy: true,
        ..quick()
    };
    let folder = tempfile::tempdir().unwrap();
    let original = closed_store(folder.path());
    let mut numbers = Numbers(5);
    let (mut refused, mut wiped) = (0, 0);
    for case in 0..40 {
        let damaged = folder.path().join(format!("damaged {case}"));
        copy(&original, &damaged);
        let what = damage(&damaged, &mut numbers);
        let before = contents(&damaged);
        match DurableStore::open(&damaged, only_copy) {
            Ok(_) => continue,
            Err(error) => assert!(error.is_about_content(), "{what}: {error}"),
        }
        refused += 1;
        assert!(
            contents(&damaged) == before,
            "{what}: its files were changed"
        );
        assert!(
            !folder
                .path()
                .join(format!("damaged {case}.opening"))
                .exists()
        );
        assert!(DurableStore::open(&damaged, quick()).is_err(), "{what}");
        wiped += usize::from(contents(&damaged) != before);
    }
    assert!(
        refused > 5 && wiped > 0,
        "{refused} refused, {wiped} wiped without it"
    );
}

const FOLDER: &str = "JOINEDUP_TEST_DAMAGED_STORE";

#[test]
#[ignore = "the process that the other tests end while it opens a store"]
fn opening_process() {
    let folder = std::env::var(FOLDER).unwrap();
    let only_copy = Options {
        only_copy: true,
        ..quick()
    };
    loop {
        assert!(DurableStore::open(&folder, only_copy).is_err());
    }
}

/// A process that opens a damaged store again and again, until it is killed when this is dropped.
struct Opening(Child);

impl Opening {
    fn start(damaged: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "opening_process", "--nocapture"]);
        command.env(FOLDER, damaged);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A store whose data file is damaged so that opening it without care would wipe what was written after the damage.
fn damaged_store(original: &Path, damaged: &Path, numbers: &mut Numbers) {
    for attempt in 0.. {
        let tried = damaged.with_extension(format!("tried-{attempt}"));
        copy(original, damaged);
        damage(damaged, numbers);
        let before = contents(damaged);
        copy(damaged, &tried);
        let refused = DurableStore::open(&tried, quick()).is_err();
        let wiped = fs::read(tried.join("db")).ok() != before.get(&damaged.join("db")).cloned();
        fs::remove_dir_all(&tried).unwrap();
        if refused && wiped {
            return;
        }
        fs::remove_dir_all(damaged).unwrap();
    }
}

#[test]
fn a_process_that_is_killed_while_it_opens_the_only_copy_leaves_it_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let original = closed_store(folder.path());
    let mut numbers = Numbers(6);
    for case in 0..4 {
        let damaged = folder.path().join(format!("damaged {case}"));
        damaged_store(&original, &damaged, &mut numbers);
        let mut before = contents(&damaged);
        before.insert(damaged.join("lock"), Vec::new());
        for kill in 0..15 {
            let opening = Opening::start(&damaged);
            std::thread::sleep(Duration::from_millis(10 + numbers.below(60)));
            drop(opening);
            assert!(
                contents(&damaged) == before,
                "kill {kill} of case {case}: its files were changed"
            );
        }
    }
}

#[test]
fn a_power_cut_while_the_only_copy_is_opened_leaves_it_as_it_was() {
    let Some(disk) = Disk::new(128 << 20) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let original = closed_store(folder.path());
    let mut numbers = Numbers(7);
    let prepared = folder.path().join("prepared");
    damaged_store(&original, &prepared, &mut numbers);
    let damaged = disk.mount_point().join("damaged");
    copy(&prepared, &damaged);
    fs::write(damaged.join("lock"), b"").unwrap();
    // On the disk, as a log is that was written long ago.
    for path in contents(&damaged).keys() {
        fs::File::open(path).unwrap().sync_all().unwrap();
    }
    for path in [damaged.join("blobs"), damaged.clone(), disk.mount_point()] {
        fs::File::open(path)
            .and_then(|folder| folder.sync_all())
            .ok();
    }
    let before = contents(&damaged);
    for cut in 0..12 {
        let opening = Opening::start(&damaged);
        std::thread::sleep(Duration::from_millis(10 + numbers.below(60)));
        disk.cut_power().unwrap();
        drop(opening);
        disk.mount_again().unwrap();
        assert!(
            contents(&damaged) == before,
            "cut {cut}: its files were changed"
        );
    }
}
