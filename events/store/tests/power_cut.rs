//! A commit survives a power cut.
//!
//! The store lies on a disk of its own whose power is cut (see `disk.rs`); the writer is killed, and the disk mounted again.

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

use std::path::PathBuf;

use batches::{Expected, Mode, Numbers, Writer};
use disk::Disk;

/// The size of the disk, in bytes.
const SIZE: u64 = 128 << 20;

fn store(disk: &Disk) -> PathBuf {
    disk.mount_point().join("store")
}

/// Writes until so many batches are acknowledged, cuts the power and mounts again. Gives the number of the last batch that was
/// acknowledged before the cut.
fn write_and_cut(disk: &Disk, mode: Mode, acknowledgements: u64) -> u64 {
    let mut writer = Writer::start("writer_process", &store(disk), mode);
    let acknowledged = writer.acknowledged(acknowledgements);
    disk.cut_power().unwrap();
    drop(writer);
    disk.mount_again().unwrap();
    acknowledged
}

#[test]
#[ignore = "the writer process of the other tests"]
fn writer_process() {
    batches::write_for_ever();
}

#[test]
fn a_synced_commit_survives_every_power_cut() {
    let Some(disk) = Disk::new(SIZE) else { return };
    let cuts = std::env::var("JOINEDUP_TEST_POWER_CUTS").map_or(20, |cuts| cuts.parse().unwrap());
    let mut numbers = Numbers(2);
    let mut expected = Expected::default();
    for cut in 0..cuts {
        let mode = if cut % 2 == 0 {
            Mode::Synced
        } else {
            Mode::LazyThenSync
        };
        let acknowledged = write_and_cut(&disk, mode, 1 + numbers.below(60));
        assert!(acknowledged > expected.batches);
        batches::reopened(&store(&disk), acknowledged, &mut expected)
            .unwrap_or_else(|what| panic!("cut {cut}: {what}"));
    }
}

#[test]
fn the_flush_of_the_database_alone_does_not_survive_so_this_test_would_notice() {
    let Some(disk) = Disk::new(SIZE) else { return };
    let mut numbers = Numbers(3);
    let mut expected = Expected::default();
    let survived = (0..20)
        .take_while(|_| {
            let acknowledged = write_and_cut(&disk, Mode::FlushOnly, 20 + numbers.below(60));
            batches::reopened(&store(&disk), acknowledged, &mut expected).is_ok()
        })
        .count();
    assert!(
        survived < 20,
        "all {survived} cuts were survived without a sync: the cut is not one"
    );
}
