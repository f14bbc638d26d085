//! What is seen of a projector from outside: how far behind it is, that it hangs, that it cannot save; and that each of
//! these ends with its cause.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "the helpers of a test fail by panicking"
)]

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use joinedup_events::Areas;
use joinedup_log::memory::MemoryLog;
use joinedup_log::{
    AppendError, Appended, Batch, EventLog, LogIdentity, NewEvent, Position, ReadError,
    RecordedEvent, Subscription, Unwritable,
};
use joinedup_projector::{Progress, Projector, Settings, Status, Views};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// A log in memory of which parts can be made to hang.
#[derive(Default)]
struct Held {
    log: MemoryLog,
    /// Subscriptions give nothing.
    subscriptions: Arc<AtomicBool>,
    /// A read after this position, if it is not 0, never ends.
    hangs_after: AtomicU64,
    /// Nothing answers.
    silent: AtomicBool,
    /// Events up to this position are forgotten, as a stream with an age limit does.
    forgotten: AtomicU64,
    /// Everything was stored so many seconds ago.
    stored_ago: AtomicU64,
}

struct HeldSubscription {
    inner: Box<dyn Subscription>,
    held: Arc<AtomicBool>,
}

#[async_trait]
impl Subscription for HeldSubscription {
    async fn next(&mut self) -> Result<Batch, ReadError> {
        let batch = self.inner.next().await;
        while self.held.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        batch
    }
}

impl Held {
    /// Where a reader that stands at a position finds more.
    fn remembers(&self, after: Position) -> Position {
        after.max(Position(self.forgotten.load(Ordering::Relaxed)))
    }
}

#[async_trait]
impl EventLog for Held {
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError> {
        self.log.append(events).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        if after.0 != 0 && after.0 == self.hangs_after.load(Ordering::Relaxed) {
            return std::future::pending().await;
        }
        self.log.read(self.remembers(after), limit).await
    }

    async fn subscribe(&self, after: Position) -> Result<Box<dyn Subscription>, ReadError> {
        Ok(Box::new(HeldSubscription {
            inner: self.log.subscribe(self.remembers(after)).await?,
            held: self.subscriptions.clone(),
        }))
    }

    async fn head(&self) -> Result<Position, ReadError> {
        if self.silent.load(Ordering::Relaxed) {
            return std::future::pending().await;
        }
        self.log.head().await
    }

    async fn identity(&self) -> Result<LogIdentity, ReadError> {
        self.log.identity().await
    }

    async fn last_on_subject(&self, subject: &str) -> Result<Option<RecordedEvent>, ReadError> {
        self.log.last_on_subject(subject).await
    }

    async fn stored_after(&self, after: Position) -> Result<Option<SystemTime>, ReadError> {
        let ago = Duration::from_secs(self.stored_ago.load(Ordering::Relaxed));
        let stored = self.log.stored_after(after).await?;
        Ok(stored.map(|at| at - ago))
    }

    async fn writable(&self) -> Result<(), Unwritable> {
        Ok(())
    }
}

/// Admissions, each of another transfer.
fn events(numbers: std::ops::Range<u32>) -> Vec<NewEvent> {
    numbers
        .map(|n| NewEvent {
            subject: "joinedup.transfer.hv-north-1.00".into(),
            message_id: format!("{n}"),
            payload: format!(
                r#"{{"specversion":"1.0","type":"care.joinedup.transfer.admitted.v1","source":"/pas","id":"a-{n}","time":"2026-01-01T00:00:00Z","recordedtime":"2026-01-01T01:00:00Z","data":{{"transfer":"t-{n}","area":"hv-north-1","method":"emergency"}}}}"#
            )
            .into(),
            condition: None,
        })
        .collect()
}

fn bad(id: &str) -> NewEvent {
    NewEvent {
        message_id: id.into(),
        payload: "not an event".into(),
        ..events(0..1).remove(0)
    }
}

fn start(folder: &Path, log: Arc<dyn EventLog>) -> Projector {
    start_knowing(Areas::built_in().unwrap(), folder, log)
}

fn start_knowing(areas: Areas, folder: &Path, log: Arc<dyn EventLog>) -> Projector {
    let mut settings = Settings::new(folder);
    settings.commit_every = Duration::from_millis(20);
    Projector::start(settings, log, Arc::new(areas)).unwrap()
}

/// Waits for a state.
async fn until(views: &Views, what: &str, holds: impl Fn(&Status) -> bool) -> Status {
    for _ in 0..6_000 {
        let status = views.status();
        if holds(&status) {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within a minute: {what}; {:?}", views.status());
}

fn at(position: u64) -> impl Fn(&Status) -> bool {
    move |status| status.position == position && status.progress == Progress::Live
}

fn failed(words: &'static str) -> impl Fn(&Status) -> bool {
    move |status| matches!(&status.progress, Progress::Failed(why) if why.contains(words))
}

fn cells(views: &Views) -> String {
    views.read(|view| view.cells().export())
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_is_the_age_of_the_oldest_event_that_is_not_folded() {
    let log = Arc::new(Held::default());
    let temp = tempfile::tempdir().unwrap();
    let projector = start(temp.path(), log.clone());
    let views = projector.views();
    log.append(events(0..5)).await.unwrap();
    let status = until(&views, "folded", at(5)).await;
    assert_eq!(status.lag_seconds(Utc::now()), 0.0);
    // Nothing is delivered any more, and what comes is three hours old.
    log.subscriptions.store(true, Ordering::Relaxed);
    log.stored_ago.store(3 * 3600, Ordering::Relaxed);
    log.append(events(5..9)).await.unwrap();
    let behind = until(&views, "behind", |s| s.behind_since.is_some()).await;
    assert_eq!((behind.position, behind.head), (5, 9));
    let lag = behind.lag_seconds(Utc::now());
    assert!((10_800.0..11_400.0).contains(&lag), "{lag} s");
    // It goes on growing, by the clock.
    let later = Utc::now() + TimeDelta::seconds(100);
    assert!(views.status().lag_seconds(later) >= lag + 99.0);
    log.subscriptions.store(false, Ordering::Relaxed);
    let status = until(&views, "folded", at(9)).await;
    assert_eq!(status.lag_seconds(Utc::now()), 0.0);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_steady_stream_lag_does_not_add_up() {
    let log = Arc::new(Held::default());
    let temp = tempfile::tempdir().unwrap();
    let projector = start(temp.path(), log.clone());
    let views = projector.views();
    let mut greatest: f64 = 0.0;
    // Longer than it would take a lag since "first behind" to be seen, however it is sampled.
    for n in 0..600 {
        log.append(events(n..n + 1)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        greatest = greatest.max(views.status().lag_seconds(Utc::now()));
    }
    until(&views, "folded", at(600)).await;
    assert!(greatest < 4.0, "{greatest} s");
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fold_that_hangs_is_seen_and_does_not_hinder_a_stop() {
    let log = Arc::new(Held::default());
    let temp = tempfile::tempdir().unwrap();
    log.append(events(0..5)).await.unwrap();
    let projector = start(temp.path(), log.clone());
    let views = projector.views();
    until(&views, "folded", at(5)).await;
    // A reader that does not come to its end.
    let (reading, (held, hold)) = (views.clone(), std::sync::mpsc::channel::<()>());
    let reader = std::thread::spawn(move || reading.read(|_| hold.recv().is_ok()));
    tokio::time::sleep(Duration::from_millis(100)).await;
    log.append(events(5..8)).await.unwrap();
    let status = until(&views, "it hangs", failed("has not moved")).await;
    assert_eq!((status.position, status.head), (5, 8));
    assert!(status.lag_seconds(Utc::now() + TimeDelta::seconds(60)) >= 60.0);
    tokio::time::timeout(Duration::from_secs(30), projector.stop())
        .await
        .unwrap();
    drop(held);
    assert!(!reader.join().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_aside_is_tried_again_between_turns_until_all_of_it_was_read() {
    let new_place = |n: u32| {
        let mut event = events(n..n + 1).remove(0);
        let payload = String::from_utf8(event.payload.to_vec()).unwrap();
        event.payload = payload.replace("hv-north-1", "new-place").into();
        event
    };
    let log = Arc::new(Held::default());
    let temp = tempfile::tempdir().unwrap();
    // Some on their own and many after each other, with one between that can never be read.
    for n in (0..200).step_by(2) {
        let pair = vec![new_place(n), events(n + 1..n + 2).remove(0)];
        log.append(pair).await.unwrap();
    }
    log.append(vec![bad("bad")]).await.unwrap();
    log.append((200..900).map(new_place).collect())
        .await
        .unwrap();
    let projector = start(temp.path(), log.clone());
    until(&projector.views(), "folded", at(901)).await;
    assert_eq!(projector.views().status().quarantined, 801);
    projector.stop().await;

    // The place is known now; but the log does not answer when it is asked for the first of these events.
    let place = r#"
        [[area]]
        id = "new-place"
        title = "A new place"
        kind = "locality"
    "#;
    let known = Areas::built_in().unwrap().and_toml(place).unwrap();
    log.hangs_after.store(2, Ordering::Relaxed);
    let projector = start_knowing(known, temp.path(), log.clone());
    let views = projector.views();
    log.append(events(900..903)).await.unwrap();
    until(&views, "the others", |s| s.quarantined == 2).await;
    until(&views, "folded and saved", |s| s.committed == 904).await;
    assert_eq!(views.quarantine()[0].position, 3);
    assert_eq!(views.read(|view| view.len()), 902);
    log.hangs_after.store(0, Ordering::Relaxed);
    until(&views, "that one too", |s| s.quarantined == 1).await;
    projector.stop().await;
    drop(projector);
    let projector = start(temp.path(), log);
    assert_eq!(projector.views().read(|view| view.len()), 903);
    assert_eq!(projector.views().status().quarantined, 1);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_does_not_answer_is_away_until_it_does() {
    let log = Arc::new(Held::default());
    let temp = tempfile::tempdir().unwrap();
    let projector = start(temp.path(), log.clone());
    let views = projector.views();
    log.append(events(0..2)).await.unwrap();
    until(&views, "folded", at(2)).await;
    log.silent.store(true, Ordering::Relaxed);
    let away = |s: &Status| matches!(s.progress, Progress::Away(_));
    until(&views, "away", away).await;
    log.silent.store(false, Ordering::Relaxed);
    until(&views, "live again", at(2)).await;
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_another_log_is_folded_and_the_right_one_ends_the_trouble() {
    let temp = tempfile::tempdir().unwrap();
    let own = Arc::new(Held::default());
    own.append(vec![events(0..1).remove(0), bad("bad")])
        .await
        .unwrap();
    own.append(events(1..3)).await.unwrap();
    let projector = start(temp.path(), own.clone());
    until(&projector.views(), "folded", at(4)).await;
    let expected = cells(&projector.views());
    projector.stop().await;
    drop(projector);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let stopped = Utc::now();

    // In the other log a good event stands where one was set aside.
    let other = Arc::new(Held::default());
    other.append(events(10..20)).await.unwrap();
    let projector = start(temp.path(), other);
    let views = projector.views();
    let status = until(&views, "refused", failed("another one")).await;
    assert!(status.other_log);
    assert!(
        status.progress_at <= stopped,
        "the view is as it was when it was saved"
    );
    assert_eq!(status.quarantined, 1);
    assert_eq!(cells(&views), expected);
    projector.stop().await;

    let projector = start(temp.path(), own);
    let views = projector.views();
    let status = until(&views, "live", at(4)).await;
    assert_eq!((status.quarantined, status.other_log), (1, false));
    assert_eq!(cells(&views), expected);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_cannot_be_taken_back_begins_anew_over_its_own_log_alone() {
    let temp = tempfile::tempdir().unwrap();
    let [own, other] = [0..3, 10..20].map(|numbers| (Arc::new(Held::default()), events(numbers)));
    for (log, events) in [&own, &other] {
        log.append(events.clone()).await.unwrap();
    }
    let begin = |log: &Arc<Held>, partitions| {
        let mut settings = Settings::new(temp.path());
        settings.partitions = Some(partitions);
        Projector::start(settings, log.clone(), Arc::new(Areas::built_in().unwrap())).unwrap()
    };
    let projector = begin(&own.0, 2);
    until(&projector.views(), "folded", at(3)).await;
    let expected = cells(&projector.views());
    projector.stop().await;
    drop(projector);
    // Its store goes bad, or it is to have another number of partitions, as it would be of another version.
    for partitions in [2, 3] {
        if partitions == 2 {
            let current = std::fs::read_to_string(temp.path().join("current")).unwrap();
            let store = temp.path().join(format!("view-{}", current.trim()));
            for file in std::fs::read_dir(store).unwrap() {
                let path = file.unwrap().path();
                if path.is_file() {
                    std::fs::write(path, "nothing that was written").unwrap();
                }
            }
        }
        // Also when it is started again and again.
        for _ in 0..2 {
            let refused = begin(&other.0, partitions);
            let views = refused.views();
            let status = until(&views, "refused", failed("another one")).await;
            assert_eq!((status.position, status.other_log), (0, true));
            refused.stop().await;
        }
        let right = begin(&own.0, partitions);
        until(&right.views(), "folded", at(3)).await;
        assert_eq!(cells(&right.views()), expected);
        right.stop().await;
    }
    // A person may have it built from the other one, whose it then is.
    let asked = begin(&other.0, 3);
    asked.rebuild().await.unwrap();
    until(&asked.views(), "folded", at(10)).await;
    asked.stop().await;
    drop(asked);
    let wrong = begin(&own.0, 2);
    until(&wrong.views(), "refused", failed("another one")).await;
    wrong.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_is_said_and_replaced_and_nothing_is_lost() {
    let temp = tempfile::tempdir().unwrap();
    let log = Arc::new(Held::default());
    let projector = start(temp.path(), log.clone());
    let views = projector.views();
    log.append(events(0..5)).await.unwrap();
    until(&views, "saved", |s| s.committed == 5).await;
    // The store's folder is gone from under it.
    let current = std::fs::read_to_string(temp.path().join("current")).unwrap();
    let store = temp.path().join(format!("view-{}", current.trim()));
    std::fs::remove_dir_all(&store).unwrap();
    log.append(events(5..9)).await.unwrap();
    let status = until(&views, "unsaved", |s| s.unsaved.is_some()).await;
    assert_eq!(status.position, 9, "it is served all the same");
    let saved = |s: &Status| s.unsaved.is_none() && s.committed == 9;
    until(&views, "saved again", saved).await;
    log.append(events(9..12)).await.unwrap();
    until(&views, "saved", |s| s.committed == 12).await;
    let expected = cells(&views);
    projector.stop().await;
    let projector = start(temp.path(), log);
    let taken_back = views_after_start(&projector);
    assert_eq!(taken_back, (12, expected));
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_crashes_left_in_a_store_goes_after_a_start() {
    let temp = tempfile::tempdir().unwrap();
    let log = Arc::new(Held::default());
    log.append(events(0..5)).await.unwrap();
    let projector = start(temp.path(), log.clone());
    until(&projector.views(), "folded", at(5)).await;
    projector.stop().await;
    drop(projector);
    let current = || std::fs::read_to_string(temp.path().join("current")).unwrap();
    let before = current();
    let store = temp.path().join(format!("view-{}", before.trim()));
    // A large value that nobody refers to, as a cut of the power leaves it.
    std::fs::create_dir_all(store.join("blobs")).unwrap();
    let orphan = std::fs::File::create(store.join("blobs/1")).unwrap();
    orphan.set_len(100 << 20).unwrap();
    let projector = start(temp.path(), log.clone());
    let views = projector.views();
    until(&views, "folded", at(5)).await;
    log.append(events(5..9)).await.unwrap();
    until(&views, "saved", |s| s.committed == 9).await;
    let expected = cells(&views);
    projector.stop().await;
    assert_ne!(current(), before, "the store was written anew");
    assert!(!store.exists());
    drop(projector);
    let projector = start(temp.path(), log);
    assert_eq!(views_after_start(&projector), (9, expected));
    projector.stop().await;
}

/// The position and the cells that a store gave back.
fn views_after_start(projector: &Projector) -> (u64, String) {
    let views = projector.views();
    (views.status().position, cells(&views))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_the_log_forgot_is_no_other_log_and_what_is_forgotten_is_not_waited_for()
{
    let log = Arc::new(Held::default());
    log.append(events(0..5)).await.unwrap();
    let temp = tempfile::tempdir().unwrap();
    let projector = start(temp.path(), log.clone());
    until(&projector.views(), "folded", at(5)).await;
    projector.stop().await;
    drop(projector);
    log.append(events(5..6)).await.unwrap();
    log.forgotten.store(5, Ordering::Relaxed);
    let projector = start(temp.path(), log.clone());
    let forgot = failed("has forgotten the event at position 5");
    let status = until(&projector.views(), "not seen", forgot).await;
    // Nothing is folded over it, and its senders are not refused.
    assert_eq!((status.position, status.other_log), (5, false));
    projector.stop().await;

    // A view that is new has nothing to wait for in a log that forgot everything.
    log.forgotten.store(6, Ordering::Relaxed);
    let temp = tempfile::tempdir().unwrap();
    let projector = start(temp.path(), log.clone());
    let live = |status: &Status| status.progress == Progress::Live;
    until(&projector.views(), "live", live).await;
    log.append(events(6..8)).await.unwrap();
    until(&projector.views(), "folded", at(8)).await;
    projector.stop().await;
}
