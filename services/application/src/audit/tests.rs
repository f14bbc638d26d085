//! The audit log as a file: what breaks it is found, what a crash cut off is repaired, and a flood stays small.

use super::*;
use std::io::Write;
use std::path::{Path, PathBuf};

fn entry(did: Did, who: &str) -> Entry {
    Entry {
        who: who.to_owned(),
        by: By::Token,
        route: "GET /board".to_owned(),
        ..Entry::of_program(did)
    }
}

fn checked(path: &Path) -> Checked {
    check(std::fs::read(path).unwrap().as_slice()).unwrap()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("data/audit.ndjson")
    }

    /// A log of so many writes, closed again.
    async fn with(lines: u64) -> Self {
        let folder = Self::new();
        let audit = Audit::open(&folder.path(), u64::MAX).unwrap();
        for n in 1..lines {
            let who = format!("ward-{n}");
            audit.record(entry(Did::Write, &who)).await.unwrap();
        }
        audit.close().await.unwrap();
        drop(audit);
        folder.unlocked();
        folder
    }

    /// The writer lets the file go a moment after the last handle.
    fn unlocked(&self) {
        for _ in 0..1_000 {
            let file = std::fs::File::open(self.path()).unwrap();
            if file.try_lock().is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("the file stays locked");
    }
}

#[tokio::test]
async fn a_chain_is_whole_and_goes_on_after_a_restart() {
    let folder = Folder::with(600).await;
    let before = checked(&folder.path());
    assert_eq!((before.lines, before.rest, before.broken), (600, 0, None));
    let audit = Audit::open(&folder.path(), u64::MAX).unwrap();
    assert!(matches!(
        Audit::open(&folder.path(), u64::MAX),
        Err(AuditError::InUse(_))
    ));
    assert_eq!(audit.lines(), 601);
    for (after, most, first, count) in [
        (0, 3, 1, 3),
        (255, 2, 256, 2),
        (598, 9, 599, 3),
        (601, 9, 0, 0),
    ] {
        let lines = audit.page(after, most).unwrap();
        assert_eq!(lines.len(), count, "after {after}");
        if let Some(line) = lines.first() {
            assert!(line.starts_with(&format!("{{\"n\":{first},")), "{line}");
        }
    }
    let after = checked(&folder.path());
    assert_eq!((after.lines, after.broken), (601, None));
}

#[tokio::test]
async fn any_byte_that_is_changed_and_any_line_that_is_missing_is_found() {
    let folder = Folder::with(12).await;
    let whole = std::fs::read(folder.path()).unwrap();
    for at in (0..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        let found = check(changed.as_slice()).unwrap();
        assert!(found.broken.is_some() || found.rest > 0, "byte {at}");
    }
    let lines: Vec<&[u8]> = whole.split_inclusive(|b| *b == b'\n').collect();
    for missing in 0..lines.len() - 1 {
        let mut fewer = lines.clone();
        fewer.remove(missing);
        let broken = check(fewer.concat().as_slice()).unwrap().broken.unwrap();
        assert_eq!(broken.line, missing as u64 + 1);
    }
    let mut twisted = lines.clone();
    twisted.swap(4, 5);
    assert_eq!(
        check(twisted.concat().as_slice())
            .unwrap()
            .broken
            .unwrap()
            .line,
        5
    );
}

#[tokio::test]
async fn a_line_that_a_crash_cut_off_is_taken_away_and_that_is_written() {
    let folder = Folder::with(5).await;
    let whole = std::fs::read(folder.path()).unwrap();
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(folder.path())
        .unwrap();
    file.write_all(b"{\"n\":6,\"at\":\"2026-").unwrap();
    drop(file);
    let audit = Audit::open(&folder.path(), u64::MAX).unwrap();
    let after = checked(&folder.path());
    assert_eq!((after.lines, after.rest, after.broken), (7, 0, None));
    let lines = audit.page(5, 9).unwrap().concat();
    assert!(
        lines.contains("\"did\":\"repaired\"") && lines.contains("\"bytes\":18"),
        "{lines}"
    );
    assert!(std::fs::read(folder.path()).unwrap().starts_with(&whole));
}

#[tokio::test]
async fn what_was_changed_before_a_start_is_named_and_the_chain_goes_on() {
    let folder = Folder::with(9).await;
    let text = std::fs::read_to_string(folder.path()).unwrap();
    std::fs::write(folder.path(), text.replace("ward-3", "ward-4")).unwrap();
    let audit = Audit::open(&folder.path(), u64::MAX).unwrap();
    let lines = audit.page(9, 9).unwrap().concat();
    assert!(
        lines.contains("\"did\":\"found-broken\",\"by\":\"program\",\"line\":4"),
        "{lines}"
    );
    assert_eq!(checked(&folder.path()).broken.unwrap().line, 4);
}

#[tokio::test]
async fn a_flood_is_counted_and_the_file_stays_small() {
    let folder = Folder::new();
    let audit = Audit::open(&folder.path(), u64::MAX).unwrap();
    for n in 0..5_000 {
        let refused = entry(Did::RefusedRight, &format!("guess-{}", n % 2_500));
        audit.record(refused).await.unwrap();
        audit.record(entry(Did::Read, "board")).await.unwrap();
    }
    audit.close().await.unwrap();
    let text = std::fs::read_to_string(folder.path()).unwrap();
    let counted: u64 = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line["did"] == "refused-right")
        .map(|line| line["times"].as_u64().unwrap_or(1))
        .sum();
    assert_eq!(counted, 5_000);
    assert!(text.contains("\"times\":4999"), "the readings are counted");
    assert!(text.lines().count() < 1_100, "{}", text.lines().count());
    assert_eq!(checked(&folder.path()).broken, None);
}

#[tokio::test]
async fn writes_of_nobody_that_fail_are_counted_and_all_others_have_a_line_each() {
    let folder = Folder::new();
    let audit = Audit::open(&folder.path(), u64::MAX).unwrap();
    let write = |by, status| Entry {
        by,
        status: Some(status),
        ..entry(Did::Write, "")
    };
    for (by, status) in [(By::Nobody, 503), (By::Nobody, 303), (By::Token, 503)] {
        for _ in 0..10 {
            audit.record(write(by, status)).await.unwrap();
        }
    }
    audit.close().await.unwrap();
    // The program's start, the failures with their count, and the others.
    assert_eq!(checked(&folder.path()).lines, 1 + 2 + 20);
}

#[tokio::test]
async fn strangers_crowd_out_nobody_who_is_known_and_no_line_is_long() {
    let folder = Folder::new();
    let audit = Audit::open(&folder.path(), u64::MAX).unwrap();
    for n in 0..600 {
        let stranger = Entry {
            by: By::Nobody,
            route: format!("{n} {}", "x".repeat(100_000)),
            ..entry(Did::RefusedSignIn, "")
        };
        audit.record(stranger).await.unwrap();
    }
    audit
        .record(entry(Did::RefusedRight, "ward"))
        .await
        .unwrap();
    audit.close().await.unwrap();
    let text = std::fs::read_to_string(folder.path()).unwrap();
    assert!(text.contains("\"who\":\"ward\""));
    assert!(text.lines().all(|line| line.len() < 4 << 10));
}

#[test]
fn positions_are_written_as_runs() {
    assert_eq!(About::events_at([3, 1, 2, 9, 2]), [(1, 3), (9, 9)]);
}

#[tokio::test]
async fn a_file_that_has_grown_is_closed_and_the_chain_goes_on_in_the_next() {
    let folder = Folder::new();
    let path = folder.path();
    let audit = Audit::open(&path, 4_000).unwrap();
    for n in 0..60 {
        let who = format!("ward-{n}");
        audit.record(entry(Did::Write, &who)).await.unwrap();
    }
    audit.close().await.unwrap();
    let all = audit.lines();
    let last = audit.page(all - 1, 9).unwrap().concat();
    assert!(last.contains(&format!("\"n\":{all},")), "{last}");
    drop(audit);
    folder.unlocked();
    let files = files(&path).unwrap();
    assert!(files.len() > 2, "{files:?}");
    let mut before: Option<Checked> = None;
    for file in &files {
        let now = checked(file);
        assert_eq!(now.broken, None, "{}", file.display());
        assert!(now.length < 5_000, "{}", now.length);
        let end = before.map(|b| (b.end.number, Some(b.end.hash().to_owned())));
        assert_eq!(
            (now.before, now.continues.clone()),
            end.unwrap_or((0, None))
        );
        before = Some(now);
    }
    // A crash between the two names leaves the new file beside none, and the next start finds it.
    std::fs::rename(&path, path.with_extension("next")).unwrap();
    let audit = Audit::open(&path, u64::MAX).unwrap();
    assert_eq!(audit.lines(), all + 1);
    audit.close().await.unwrap();
    assert_eq!(checked(&path).broken, None);
}
