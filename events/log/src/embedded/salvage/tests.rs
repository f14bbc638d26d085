//! What is taken out of a damaged log is what was in it, and what is said to be lost is the rest.

use std::collections::BTreeSet;
use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::embedded::{EmbeddedLog, EmbeddedOptions};
use crate::{EventLog, NewEvent, Position};

/// A closed log of events of many sizes, one of them larger than the database keeps in its own file, and what it held.
fn log(folder: &TempDir) -> (PathBuf, Vec<RecordedEvent>) {
    let path = folder.path().join("log");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut events = Vec::new();
    for part in 0..6_usize {
        let log = EmbeddedLog::open(&path, EmbeddedOptions::default()).unwrap();
        let new = (0..150).map(|n: usize| NewEvent {
            subject: format!("joinedup.test.e.{:02x}", n % 7),
            message_id: format!("{part}-{n}"),
            payload: format!("{part} {n} ").repeat(1 + n * n % 90).into(),
            condition: None,
        });
        let large = NewEvent {
            subject: "joinedup.test.large.00".to_owned(),
            message_id: format!("large-{part}"),
            payload: vec![part as u8; 300 << 10].into(),
            condition: None,
        };
        for some in new.chain([large]).collect::<Vec<_>>().chunks(40) {
            runtime.block_on(log.append(some.to_vec())).unwrap();
        }
        let read = log.read(Position(events.len() as u64), usize::MAX);
        events.extend(runtime.block_on(read).unwrap());
    }
    (path, events)
}

fn found(salvage: &Salvage) -> Vec<RecordedEvent> {
    salvage.rows().flat_map(Result::unwrap).collect()
}

/// What is found is as it was, and all else up to its end is said to be missing.
fn is_right(salvage: &Salvage, events: &[RecordedEvent]) {
    let found = found(salvage);
    let missing: BTreeSet<u64> = salvage
        .missing()
        .iter()
        .flat_map(|(first, last)| *first..=*last)
        .collect();
    let last = found.last().map_or(0, |event| event.position.0);
    let mut found = found.into_iter();
    for event in events.iter().take_while(|event| event.position.0 <= last) {
        if !missing.contains(&event.position.0) {
            assert_eq!(found.next().as_ref(), Some(event));
        }
    }
    assert_eq!(found.next(), None);
}

#[test]
fn all_of_a_sound_log_is_found_and_nobody_can_open_it_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let (path, events) = log(&folder);
    let salvage = Salvage::of(&path).unwrap();
    assert!(EmbeddedLog::open(&path, EmbeddedOptions::default()).is_err());
    assert_eq!(found(&salvage), events);
    assert_eq!(salvage.missing(), []);
    assert_eq!(salvage.span(), Some((1, events.len() as u64)));
    assert_eq!(salvage.differing(), 0);
    drop(salvage);
    let log = EmbeddedLog::open(&path, EmbeddedOptions::default()).unwrap();
    assert!(matches!(Salvage::of(&path), Err(SalvageError::InUse(_))));
    drop(log);
}

#[test]
fn a_log_that_does_not_open_any_more_gives_what_is_before_and_after_the_damage() {
    let folder = tempfile::tempdir().unwrap();
    let (path, events) = log(&folder);
    let victim = &events[2 * 151 + 100];
    // The database may have it more than once, and beside its large neighbour in a file of their own.
    for file in salvage::files(&path).unwrap() {
        let mut bytes = fs::read(&file).unwrap();
        let copies = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&victim.payload));
        for at in copies.collect::<Vec<_>>() {
            bytes[at] ^= 1;
        }
        fs::write(&file, &bytes).unwrap();
    }
    let data = path.join("db");
    let bytes = fs::read(&data).unwrap();
    fs::remove_file(path.join("mark")).unwrap();
    assert!(EmbeddedLog::open(&path, EmbeddedOptions::default()).is_err());
    assert_eq!(fs::read(&data).unwrap(), bytes, "it is as it was");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no copy is left"
    );
    let salvage = Salvage::of(&path).unwrap();
    is_right(&salvage, &events);
    let missing = salvage.missing();
    let lost = |(first, last): &(u64, u64)| (*first..=*last).contains(&victim.position.0);
    assert!(
        missing.len() == 1 && missing.iter().all(lost),
        "{missing:?}"
    );
    let lost: u64 = missing.iter().map(|(first, last)| last - first + 1).sum();
    assert!(lost <= 40, "a row at most: {missing:?}");
    assert_eq!(salvage.span().unwrap().1, events.len() as u64);
    assert_eq!(fs::read(&data).unwrap(), bytes, "it is only read");
}

#[test]
fn where_no_log_is_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    assert!(matches!(Salvage::of(&path), Err(SalvageError::NoLog(_))));
    assert!(!path.exists());
    fs::create_dir(&path).unwrap();
    let salvage = Salvage::of(&path).unwrap();
    assert_eq!((salvage.span(), salvage.missing()), (None, Vec::new()));
}

#[test]
fn of_two_rows_that_overlap_the_later_one_stands() {
    let folder = tempfile::tempdir().unwrap();
    let place = |first, last, written_at| Place {
        file: 0,
        at: 0,
        len: 0,
        first,
        last,
        written_at,
    };
    let mut salvage = Salvage {
        files: Vec::new(),
        places: BTreeMap::new(),
        differing: 0,
        _lock: File::create(folder.path().join("lock")).unwrap(),
    };
    for place in [
        place(5, 6, 9),
        place(9, 9, 9),
        place(5, 6, 9),
        place(4, 12, 3),
    ] {
        salvage.take(place);
    }
    let taken = salvage.places.iter();
    let taken: Vec<_> = taken
        .map(|(first, (p, last))| (*first, *last, p.written_at))
        .collect();
    assert_eq!(
        taken,
        [(4, 4, 3), (5, 6, 9), (7, 8, 3), (9, 9, 9), (10, 12, 3)]
    );
    assert_eq!(salvage.missing(), [(1, 3)]);
    assert_eq!(salvage.differing(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whatever_is_damaged_nothing_wrong_is_taken(
        damages in prop::collection::vec((0.0..1.0_f64, 1..4_000_usize, any::<u8>()), 1..8),
        cut in 0.2..1.2_f64,
    ) {
        thread_local!(static LOG: (TempDir, PathBuf, Vec<RecordedEvent>) = {
            let folder = tempfile::tempdir().unwrap();
            let (path, events) = log(&folder);
            (folder, path, events)
        });
        LOG.with(|(_, path, events)| {
            let sound = fs::read(path.join("db")).unwrap();
            let mut bytes = sound.clone();
            for (at, len, value) in damages {
                let at = (at * bytes.len() as f64) as usize;
                let end = bytes.len().min(at + len);
                bytes[at..end].iter_mut().for_each(|byte| *byte ^= value);
            }
            bytes.truncate((cut * bytes.len() as f64) as usize);
            fs::write(path.join("db"), bytes).unwrap();
            let salvage = Salvage::of(path).unwrap();
            is_right(&salvage, events);
            drop(salvage);
            fs::write(path.join("db"), sound).unwrap();
        });
    }
}
