//! A killed writer loses nothing it acknowledged and leaves no batch half done.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends so"
)]

#[path = "workload/batches.rs"]
mod batches;

use batches::{Expected, Mode, Numbers, Writer};

#[test]
#[ignore = "the writer process of the other tests"]
fn writer_process() {
    batches::write_for_ever();
}

#[test]
fn a_killed_writer_loses_nothing_acknowledged_and_tears_no_batch() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let mut numbers = Numbers(1);
    let mut expected = Expected::default();
    for kill in 0..26 {
        let mode = if kill % 2 == 0 {
            Mode::Synced
        } else {
            Mode::LazyThenSync
        };
        let mut writer = Writer::start("writer_process", &store, mode);
        let acknowledged = writer.acknowledged(1 + numbers.below(40));
        drop(writer);
        assert!(acknowledged > expected.batches);
        batches::reopened(&store, acknowledged, &mut expected).unwrap();
    }
}
