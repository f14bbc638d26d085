//! The contract, and what is the embedded log's own: kills, damage, the lock, what is rebuilt on opening.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bytes::Bytes;
use tempfile::TempDir;

use super::row::events_key;
use super::*;
use crate::AppendCondition;
use crate::conformance::Opener;

const FOLDER: &str = "JOINEDUP_TEST_LOG_FOLDER";

struct InFolder(TempDir);

#[async_trait]
impl Opener for InFolder {
    async fn open(&self, name: &str) -> Result<Arc<dyn EventLog>, String> {
        let path = self.0.path().join(name);
        let opened = tokio::task::spawn_blocking(move || {
            EmbeddedLog::open(path, EmbeddedOptions::default())
        });
        let log = opened
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        Ok(Arc::new(log))
    }
}

crate::conformance_suite!(InFolder(tempfile::tempdir().unwrap()));

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    (folder, path)
}

fn open(path: &Path) -> EmbeddedLog {
    EmbeddedLog::open(path, EmbeddedOptions::default()).unwrap()
}

fn event(subject: &str, id: &str, payload: impl Into<Bytes>) -> NewEvent {
    NewEvent {
        subject: subject.into(),
        message_id: id.into(),
        payload: payload.into(),
        condition: None,
    }
}

async fn read_all(log: &EmbeddedLog) -> Result<Vec<RecordedEvent>, ReadError> {
    log.read(Position::ORIGIN, usize::MAX).await
}

/// Appends one event after the other and prints the number of each that was acknowledged.
#[test]
#[ignore = "the writer process of another test"]
fn writer_process() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let log = Arc::new(open(Path::new(&folder)));
    let before = runtime.block_on(log.head()).unwrap().0;
    // Four tasks, so that commits hold events of several.
    let tasks = (0..4_u64).map(|task| {
        let log = log.clone();
        runtime.spawn(async move {
            for number in 0..100_000 {
                let id = format!("{before}-{task}-{number}");
                log.append(vec![event("a", &id, id.clone())]).await.unwrap();
                let mut out = std::io::stdout();
                writeln!(out, "\nacknowledged {id}")
                    .and_then(|()| out.flush())
                    .unwrap();
            }
        })
    });
    runtime.block_on(futures::future::join_all(tasks));
}

#[tokio::test]
async fn a_killed_process_loses_no_event_it_acknowledged_and_doubles_none() {
    struct Killed(std::process::Child);
    impl Drop for Killed {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let (_folder, path) = folder();
    let mut acknowledged = Vec::new();
    for kill in 0..20 {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "embedded::tests::writer_process",
                "--ignored",
                "--nocapture",
            ])
            .env(FOLDER, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let process = Killed(process);
        let ids = lines
            .map(Result::unwrap)
            .filter_map(|line| line.strip_prefix("acknowledged ").map(str::to_owned));
        acknowledged.extend(ids.take(1 + kill * 7 % 40));
        drop(process);
        let log = open(&path);
        let events = read_all(&log).await.unwrap();
        let mut times: HashMap<String, u32> = HashMap::new();
        for event in &events {
            *times
                .entry(String::from_utf8(event.payload.to_vec()).unwrap())
                .or_default() += 1;
        }
        assert!(
            times.values().all(|&times| times == 1),
            "an event is there twice"
        );
        assert!(
            acknowledged.iter().all(|id| times.contains_key(id)),
            "an acknowledged event is not there"
        );
        assert_eq!(events.last().unwrap().position, log.head().await.unwrap());
    }
    assert!(acknowledged.len() > 200);
}

#[tokio::test]
async fn many_subjects_and_large_appends_are_known_again_after_reopening() {
    let (_folder, path) = folder();
    let mut last = HashMap::new();
    let mut position = 0;
    {
        let log = open(&path);
        for part in 0..4 {
            let events: Vec<_> = (0..15_000)
                .map(|n| {
                    event(
                        &format!("s{}", n * (part + 1) % 700),
                        &format!("{part}-{n}"),
                        vec![b'x'; 400],
                    )
                })
                .collect();
            for event in &events {
                position += 1;
                last.insert(event.subject.clone(), position);
            }
            log.append(events).await.unwrap();
        }
    }
    let log = open(&path);
    assert_eq!(log.head().await.unwrap(), Position(60_000));
    for (subject, &position) in &last {
        let found = log.last_on_subject(subject).await.unwrap().unwrap();
        assert_eq!(found.position, Position(position));
    }
    let expected = Position(last["s7"]);
    let conditional = |id: &str, expected| NewEvent {
        condition: Some(AppendCondition::LastOnSubject(expected)),
        ..event("s7", id, "x")
    };
    let refused = log
        .append(vec![conditional("new", Position(expected.0 - 1))])
        .await
        .unwrap_err();
    assert!(matches!(refused, AppendError::Conflict { actual, .. } if actual == expected));
    log.append(vec![conditional("new", expected)])
        .await
        .unwrap();
    let repeat = log
        .append(vec![event("elsewhere", "0-5", "x")])
        .await
        .unwrap();
    assert_eq!(
        repeat,
        [Appended {
            position: Position(6),
            duplicate: true
        }]
    );
}

#[tokio::test]
async fn ids_beyond_the_window_are_forgotten_also_over_a_reopening() {
    let (_folder, path) = folder();
    let options = EmbeddedOptions {
        window_ids: 3,
        ..EmbeddedOptions::default()
    };
    let is_repeat = async |log: &EmbeddedLog, id: &str| {
        log.append(vec![event("a", id, "x")]).await.unwrap()[0].duplicate
    };
    {
        let log = EmbeddedLog::open(&path, options.clone()).unwrap();
        for id in ["1", "2", "3", "4", "5"] {
            assert!(!is_repeat(&log, id).await);
        }
    }
    let log = EmbeddedLog::open(&path, options).unwrap();
    for id in ["3", "4", "5"] {
        assert!(is_repeat(&log, id).await);
    }
    assert!(!is_repeat(&log, "1").await);
}

#[tokio::test]
async fn a_log_that_lost_rows_inside_says_which_and_is_not_emptied() {
    let (_folder, path) = folder();
    {
        let log = open(&path);
        for n in 0..20 {
            log.append(vec![event("a", &n.to_string(), vec![b'x'; 7000])])
                .await
                .unwrap();
        }
    }
    {
        let store = DurableStore::open(&path, Options::default()).unwrap();
        let mut batch = store::Batch::new();
        batch.delete(&events_key(10));
        store.commit(&batch, Durability::Synced).unwrap();
    }
    let log = EmbeddedLog::open(&path, EmbeddedOptions::default()).unwrap();
    // It is known before anybody sends, and no new start is asked for.
    let unwritable = log.writable().await.unwrap_err();
    assert!(
        matches!(&unwritable, Unwritable::Damaged(what) if what.contains("from position 10 to 10") && what.contains("joinedup salvage")),
        "{unwritable}"
    );
    for _ in 0..2 {
        // A repeat could lie in what was lost.
        let error = log.append(vec![event("a", "new", "x")]).await.unwrap_err();
        assert!(
            matches!(&error, AppendError::Unavailable(what) if what.contains("from position 10 to 10")),
            "{error}"
        );
    }
    assert_eq!(log.head().await.unwrap(), Position(20));
    assert_eq!(log.writable().await, Err(unwritable));
    assert_eq!(log.read(Position::ORIGIN, 9).await.unwrap().len(), 9);
    assert_eq!(log.read(Position(10), 10).await.unwrap().len(), 10);
    // What is whole before it is read, and then it is said.
    assert_eq!(log.read(Position(5), 10).await.unwrap().len(), 4);
    let error = log.read(Position(9), 10).await.unwrap_err();
    assert!(
        matches!(&error, ReadError::Broken(what) if what.contains("from position 10 to 10")),
        "{error}"
    );
}

#[tokio::test]
async fn a_log_whose_file_was_cut_off_does_not_open_as_an_empty_one() {
    let (_folder, path) = folder();
    open(&path)
        .append(vec![event("a", "1", "x")])
        .await
        .unwrap();
    let data = std::fs::OpenOptions::new()
        .write(true)
        .open(path.join("db"))
        .unwrap();
    data.set_len(100).unwrap();
    let error = EmbeddedLog::open(&path, EmbeddedOptions::default())
        .err()
        .unwrap();
    assert!(
        matches!(error, EmbeddedOpenError::Damaged { .. }),
        "{error}"
    );
    assert!(path.join("mark").exists(), "it was moved away");
}

#[tokio::test]
async fn a_second_opening_is_refused_with_a_sentence() {
    let (_folder, path) = folder();
    let _log = open(&path);
    let error = EmbeddedLog::open(&path, EmbeddedOptions::default())
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("in use by another process"),
        "{error}"
    );
}

#[tokio::test]
async fn a_full_disk_is_said_before_and_at_an_append_and_ends_with_its_cause() {
    let (_folder, path) = folder();
    let log = open(&path);
    log.append(vec![event("a", "1", "x")]).await.unwrap();
    assert_eq!(log.writable().await, Ok(()));
    drop(log);
    // No disk has so much room: the log behaves as on one that is full.
    let options = EmbeddedOptions {
        reserve_bytes: 1 << 60,
        ..EmbeddedOptions::default()
    };
    let full = EmbeddedLog::open(&path, options).unwrap();
    assert!(
        matches!(full.writable().await, Err(Unwritable::ForNow(why)) if why.contains("is full"))
    );
    let refused = full.append(vec![event("a", "2", "y")]).await.unwrap_err();
    assert!(matches!(refused, AppendError::Unavailable(_)), "{refused}");
    assert_eq!(refused.to_string().matches("append again").count(), 1);
    assert_eq!(full.read(Position::ORIGIN, 9).await.unwrap().len(), 1);
    drop(full);
    let log = open(&path);
    assert_eq!(log.writable().await, Ok(()));
    log.append(vec![event("a", "2", "y")]).await.unwrap();
}

#[tokio::test]
async fn when_an_event_was_stored_is_known_while_it_is_kept() {
    let (_folder, path) = folder();
    let before = std::time::SystemTime::now() - std::time::Duration::from_secs(1);
    let log = open(&path);
    assert_eq!(log.stored_after(Position::ORIGIN).await.unwrap(), None);
    log.append(vec![event("a", "1", "x")]).await.unwrap();
    log.append(vec![event("a", "2", "y")]).await.unwrap();
    let first = log.stored_after(Position::ORIGIN).await.unwrap().unwrap();
    let second = log.stored_after(Position(1)).await.unwrap().unwrap();
    assert!(before < first && first <= second);
    assert_eq!(log.stored_after(Position(2)).await.unwrap(), None);
}

#[tokio::test]
async fn an_event_that_is_too_large_is_refused() {
    let (_folder, path) = folder();
    let log = open(&path);
    let refused = log
        .append(vec![event("a", "1", vec![0; (1 << 20) + 1])])
        .await
        .unwrap_err();
    assert!(matches!(refused, AppendError::Refused(_)), "{refused}");
    assert_eq!(log.head().await.unwrap(), Position::ORIGIN);
}

#[tokio::test]
async fn a_subscription_ends_when_the_log_is_closed() {
    let (_folder, path) = folder();
    let log = open(&path);
    log.append(vec![event("a", "1", "x")]).await.unwrap();
    let mut subscription = log.subscribe(Position::ORIGIN).await.unwrap();
    drop(log);
    assert_eq!(subscription.next().await.unwrap().events.len(), 1);
    assert!(matches!(subscription.next().await, Err(ReadError::Away(_))));
}
