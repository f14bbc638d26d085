//! A sorted file gives back what was put in, and notices what was changed.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn written(path: &Path, rows: &BTreeMap<u128, Vec<u8>>) -> SortedFile {
    let mut writer = SortedWriter::begin(path, rows.len() as u64, 0).unwrap();
    for (key, value) in rows {
        writer.add(*key, value).unwrap();
    }
    writer.finish().unwrap()
}

fn many(rows: u128) -> BTreeMap<u128, Vec<u8>> {
    let spread = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835_u128;
    (0..rows)
        .map(|n| {
            (
                n.wrapping_mul(spread),
                n.to_be_bytes().repeat(n as usize % 9),
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_is_a_map(rows in prop::collection::btree_map(any::<u128>(), prop::collection::vec(any::<u8>(), 0..900), 0..60), from in any::<u128>()) {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("facts/1");
        drop(written(&path, &rows));
        let file = SortedFile::open(&path).unwrap();
        prop_assert_eq!(file.rows(), rows.len() as u64);
        for (key, value) in &rows {
            let found = file.get(*key).unwrap();
            prop_assert_eq!(found.as_ref(), Some(value));
            prop_assert_eq!(file.get(key.wrapping_add(1)).unwrap().is_some(), rows.contains_key(&key.wrapping_add(1)));
        }
        let found: Vec<_> = file.scan(from).map(Result::unwrap).collect();
        let expected: Vec<_> = rows.range(from..).map(|(k, v)| (*k, v.clone())).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn hardly_an_absent_key_costs_a_read() {
    let temp = tempfile::tempdir().unwrap();
    let rows = many(20_000);
    let file = written(&temp.path().join("1"), &rows);
    let absent = (1..20_000u128).map(|n| n.wrapping_mul(0x1234_5678_9abc_def1_0fed_cba9_8765_4321));
    let wrong = absent.filter(|key| !rows.contains_key(key) && file.filter.may_have(*key));
    assert!(wrong.count() < 600);
}

#[test]
fn a_changed_byte_and_a_lost_tail_are_noticed() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("1");
    let rows = many(400);
    drop(written(&path, &rows));
    let whole = std::fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let noticed = match SortedFile::open(&path) {
            Err(_) => true,
            Ok(file) => file.scan(0).any(|row| row.is_err()),
        };
        assert!(noticed, "byte {at}");
    }
    for length in [0, 7, 16, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(SortedFile::open(&path).is_err(), "{length} bytes");
    }
}

#[test]
fn rows_out_of_order_and_a_full_disk_are_refused() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("1");
    let mut writer = SortedWriter::begin(&path, 2, 0).unwrap();
    writer.add(2, b"two").unwrap();
    assert!(writer.add(2, b"again").is_err());
    assert!(writer.add(1, b"one").is_err());
    drop(writer);
    assert!(!path.exists(), "it has its name only once it is whole");
    let full = SortedWriter::begin(&path, 2, u64::MAX).unwrap_err();
    assert!(matches!(full, crate::CommitError::DiskFull { .. }));
}
