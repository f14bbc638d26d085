//! Facts that are not in memory count as if they were: with hardly any memory the cells are the same, after every stop,
//! every rebuild and every crash; and a file of them that is damaged is reported and mended from the log.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "the helpers of a test fail by panicking"
)]

use chrono::{DateTime, Utc};
use joinedup_events::{Areas, Family};
use joinedup_log::memory::MemoryLog;
use joinedup_log::{EventLog, NewEvent};
use joinedup_projector::{Progress, Projector, Settings, Views, folded};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn instant(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000 + hours * 3600, 0).unwrap()
}

/// What happened to a transfer: admitted, ready two days later, out five days after that, and a correction of the ready
/// date long after everything else.
fn events(transfers: i64) -> Vec<NewEvent> {
    let mut all: Vec<(i64, NewEvent)> = Vec::new();
    for n in 0..transfers {
        let area = ["hv-north-1", "hv-south-1"][n as usize % 2];
        let mut add = |kind: &str, at: i64, recorded: i64, more: String| {
            let id = format!("{n}-{kind}-{recorded}");
            let (time, recordedtime) = (instant(at).to_rfc3339(), instant(recorded).to_rfc3339());
            let payload = format!(
                r#"{{"specversion":"1.0","type":"care.joinedup.transfer.{kind}.v1","source":"/pas","id":"{id}","time":"{time}","recordedtime":"{recordedtime}","data":{{"transfer":"t-{n}","area":"{area}"{more}}}}}"#
            );
            let event = NewEvent {
                subject: format!("joinedup.transfer.{area}.00"),
                message_id: id,
                payload: payload.into(),
                condition: None,
            };
            all.push((recorded, event));
        };
        let at = n * 3;
        let previous = match n % 4 {
            3 => format!(r#","previous":"t-{}""#, n - 3),
            _ => String::new(),
        };
        add(
            "admitted",
            at,
            at + 1,
            format!(r#","method":"emergency"{previous}"#),
        );
        let ready = |days: i64| {
            let date = instant(at + days * 24).date_naive();
            format!(r#","date":"{date}""#)
        };
        add("ready", at + 48, at + 49, ready(2));
        if n % 9 != 0 {
            add(
                "discharged",
                at + 168,
                at + 169,
                r#","method":"agreed""#.into(),
            );
        }
        if n % 5 == 0 {
            add("ready", at + 48, at + 2_000, ready(3));
        }
    }
    all.sort_by_key(|(recorded, _)| *recorded);
    all.into_iter().map(|(_, event)| event).collect()
}

fn areas() -> Arc<Areas> {
    Arc::new(Areas::built_in().unwrap())
}

/// Settings by which hardly any facts stay in memory.
fn forgetful(folder: &Path, memory_bytes: usize) -> Settings {
    let mut settings = Settings::new(folder);
    settings.commit_every = Duration::from_millis(5);
    settings.memory_bytes = memory_bytes;
    settings
}

fn start(settings: &Settings, log: &Arc<MemoryLog>) -> Projector {
    Projector::start(settings.clone(), log.clone(), areas()).unwrap()
}

/// Waits until everything in the log is folded and saved.
async fn saved(views: &Views, log: &MemoryLog) {
    let head = log.head().await.unwrap().0;
    for _ in 0..6_000 {
        let status = views.status();
        if status.committed >= head && status.progress == Progress::Live {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not saved within half a minute: {:?}", views.status());
}

fn export(views: &Views) -> String {
    views.read(|view| view.cells().export())
}

/// The cells of a log, folded in one go and in memory alone, and how many entities there are.
async fn straight(log: &Arc<MemoryLog>) -> (String, usize) {
    let (view, unread) = folded(log.clone(), areas(), 1).await.unwrap();
    assert_eq!(unread, 0);
    (view.cells().export(), view.len())
}

fn runs(folder: &Path) -> Vec<PathBuf> {
    let generations = fs::read_dir(folder).unwrap().flatten();
    let facts = generations.map(|entry| entry.path().join("facts"));
    let within = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten();
    let partitions = facts.flat_map(within);
    let files = partitions.flat_map(|partition| within(partition.unwrap().path()));
    files.map(|file| file.unwrap().path()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_hardly_any_memory_the_cells_are_the_same_stopped_rebuilt_and_in_the_past() {
    let all = events(400);
    for (memory_bytes, partitions) in [(1, 2), (600, 8), (9_000, 16), (600, 1)] {
        let temp = tempfile::tempdir().unwrap();
        let mut settings = forgetful(temp.path(), memory_bytes);
        settings.partitions = Some(partitions);
        let log = Arc::new(MemoryLog::new());
        let mut runs_seen = 0;
        for part in all.chunks(all.len() / 5 + 1) {
            let projector = start(&settings, &log);
            for some in part.chunks(part.len() / 6 + 1) {
                log.append(some.to_vec()).await.unwrap();
                saved(&projector.views(), &log).await;
                runs_seen = runs_seen.max(runs(temp.path()).len());
            }
            let (expected, entities) = straight(&log).await;
            let views = projector.views();
            assert_eq!(export(&views), expected, "{memory_bytes} bytes");
            assert_eq!(views.read(|view| view.len()), entities);
            assert_eq!(views.read(|view| view.entities().count()), entities);
            projector.stop().await;
        }
        assert!(runs_seen > 1, "facts went into files");
        let (expected, entities) = straight(&log).await;
        let projector = start(&settings, &log);
        let views = projector.views();
        saved(&views, &log).await;
        assert_eq!(export(&views), expected, "started again");
        let quantities = ["transfer.waiting", "transfer.delay_days"];
        let at = instant(1_500);
        let (whole, _) = folded(log.clone(), areas(), 1).await.unwrap();
        assert_eq!(
            views.known_at(&quantities, at).cells.export(),
            whole.known_at(&quantities, at).cells.export(),
            "as known at an instant"
        );
        for id in ["t-0", "t-5", "t-399"] {
            let facts = |view: &joinedup_views::view::View| {
                let entity = view.entity(Family::Transfer, id).unwrap();
                let mut facts = entity.facts.standing();
                facts.sort_by_key(|fact| fact.key);
                facts
            };
            assert_eq!(views.read(facts), facts(&whole), "{id}");
        }
        projector.rebuild().await.unwrap();
        saved(&views, &log).await;
        assert_eq!(export(&views), expected, "rebuilt");
        assert_eq!(views.read(|view| view.entities().count()), entities);
        assert!(!temp.path().join("building").exists());
        projector.stop().await;
    }
}

/// A folder as a crash would leave it.
fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => copied(&entry.path(), &to),
            _ => drop(fs::copy(entry.path(), to)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_its_checkpoint_counts_for_nothing_and_goes() {
    let all = events(120);
    let temp = tempfile::tempdir().unwrap();
    let (before, after) = (temp.path().join("before"), temp.path().join("after"));
    let log = Arc::new(MemoryLog::new());
    let half = all.len() / 2;
    log.append(all[..half].to_vec()).await.unwrap();
    let settings = forgetful(&before, 1);
    let projector = start(&settings, &log);
    saved(&projector.views(), &log).await;
    projector.stop().await;
    copied(&before, &after);
    log.append(all[half..].to_vec()).await.unwrap();
    let projector = start(&settings, &log);
    saved(&projector.views(), &log).await;
    projector.stop().await;
    // The run is there and the checkpoint is not: the process died between the two.
    for run in runs(&before) {
        let to = after.join(run.strip_prefix(&before).unwrap());
        if to.parent().unwrap().exists() && !to.exists() {
            fs::copy(run, to).unwrap();
        }
    }
    fs::write(after.join("view-1/facts/1/9.part"), "half a run").unwrap();
    let settings = forgetful(&after, 1 << 20);
    let projector = start(&settings, &log);
    saved(&projector.views(), &log).await;
    let (expected, entities) = straight(&log).await;
    assert_eq!(export(&projector.views()), expected);
    assert_eq!(projector.views().read(|view| view.len()), entities);
    assert!(!after.join("view-1/facts/1/9.part").exists());
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_run_is_said_and_the_view_built_again() {
    let all = events(200);
    let corrections = all.len() - 30;
    let temp = tempfile::tempdir().unwrap();
    let log = Arc::new(MemoryLog::new());
    log.append(all[..corrections].to_vec()).await.unwrap();
    let settings = forgetful(temp.path(), 1);
    for running in [true, false] {
        let mut projector = start(&settings, &log);
        saved(&projector.views(), &log).await;
        if !running {
            projector.stop().await;
        }
        for run in runs(temp.path()) {
            let mut bytes = fs::read(&run).unwrap();
            let pages = bytes.len() * 3 / 4;
            bytes[..pages].iter_mut().for_each(|byte| *byte ^= 0x55);
            // The file that is open is changed, and not another of its name.
            fs::write(&run, bytes).unwrap();
        }
        if !running {
            projector = start(&settings, &log);
        }
        let more = &all[corrections..];
        let (first, second) = more.split_at(more.len() / 2);
        let more = if running { first } else { second };
        log.append(more.to_vec()).await.unwrap();
        let views = projector.views();
        let (expected, _) = straight(&log).await;
        let mut tries = 0;
        while export(&views) != expected || views.status().progress != Progress::Live {
            tries += 1;
            assert!(tries < 4_000, "{:?}", views.status());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(views.status().rebuilds > 0 || !running, "built again");
        projector.stop().await;
    }
}

/// A retraction of an event of [`events`].
fn retraction(transfer: i64, retracts: &str) -> NewEvent {
    let area = ["hv-north-1", "hv-south-1"][transfer as usize % 2];
    let time = instant(9_000).to_rfc3339();
    let payload = format!(
        r#"{{"specversion":"1.0","type":"care.joinedup.transfer.retracted.v1","source":"/pas","id":"x-{retracts}","time":"{time}","recordedtime":"{time}","data":{{"transfer":"t-{transfer}","area":"{area}","retracts":"{retracts}"}}}}"#
    );
    NewEvent {
        subject: format!("joinedup.transfer.{area}.00"),
        message_id: format!("x-{retracts}"),
        payload: payload.into(),
        condition: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cells_that_changed_or_went_since_all_were_written_stand_after_a_start() {
    let temp = tempfile::tempdir().unwrap();
    let settings = forgetful(temp.path(), 600);
    let log = Arc::new(MemoryLog::new());
    let all = events(40);
    log.append(all.clone()).await.unwrap();
    let projector = start(&settings, &log);
    saved(&projector.views(), &log).await;
    projector.rebuild().await.unwrap();
    let generation = fs::read_to_string(temp.path().join("current")).unwrap();
    let cells = temp
        .path()
        .join(format!("view-{}/cells", generation.trim()));
    assert!(cells.is_file());
    // Of most transfers nothing is left.
    let mut gone = Vec::new();
    for event in &all {
        let transfer: i64 = event.message_id.split('-').next().unwrap().parse().unwrap();
        if transfer < 30 {
            gone.push(retraction(transfer, &event.message_id));
        }
    }
    log.append(gone).await.unwrap();
    saved(&projector.views(), &log).await;
    projector.stop().await;
    let (expected, _) = straight(&log).await;
    let projector = start(&settings, &log);
    assert_eq!(export(&projector.views()), expected);
    assert_eq!(projector.views().status().rebuilds, 0);
    projector.stop().await;

    // A file that is damaged is noticed, and the view built again from the log.
    let mut bytes = fs::read(&cells).unwrap();
    bytes[40] ^= 0x55;
    fs::write(&cells, bytes).unwrap();
    let projector = start(&settings, &log);
    saved(&projector.views(), &log).await;
    assert_eq!(export(&projector.views()), expected);
    projector.stop().await;
}
