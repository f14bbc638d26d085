//! What happens to the JetStream log while it is used: servers that go, streams that are not what they were.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use joinedup_log::jetstream::{
    Apply, ConnectError, JetStreamLog, Settings, StreamSettings, apply_stream,
};
use joinedup_log::{
    AppendCondition, AppendError, EventLog, NewEvent, Position, ReadError, RecordedEvent,
};

#[path = "support/nats_server.rs"]
#[expect(dead_code, reason = "the process id is for the benchmark")]
mod nats_server;

use nats_server::NatsServer;

const STREAM: &str = "JOINEDUP";

/// Bounds what would otherwise hang; nothing passes by it.
const PATIENCE: Duration = Duration::from_secs(60);

fn event(id: &str) -> NewEvent {
    NewEvent {
        subject: format!("joinedup.transfer.E1.{:02x}", id.len()),
        message_id: id.to_owned(),
        payload: Bytes::from(format!("{{\"id\":\"{id}\"}}")),
        condition: None,
    }
}

fn events(prefix: &str, count: usize) -> Vec<NewEvent> {
    (0..count)
        .map(|n| event(&format!("{prefix}-{n}")))
        .collect()
}

async fn read_all(log: &JetStreamLog) -> Vec<RecordedEvent> {
    log.read(Position::ORIGIN, usize::MAX)
        .await
        .expect("the log can be read")
}

/// Appends until the answer is known, as every writer has to.
async fn append_surely(log: &JetStreamLog, events: Vec<NewEvent>) {
    loop {
        match log.append(events.clone()).await {
            Ok(_) => return,
            Err(AppendError::Unconfirmed(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(other) => panic!("an append failed for good: {other}"),
        }
    }
}

/// A bare connection, to do to the stream what the log never does.
async fn bare(server: &NatsServer) -> async_nats::jetstream::Context {
    async_nats::jetstream::new(
        async_nats::connect(server.url())
            .await
            .expect("a connection"),
    )
}

/// The error that a subscription ends with; batches before it are passed over.
async fn end_of(subscription: &mut dyn joinedup_log::Subscription) -> ReadError {
    tokio::time::timeout(PATIENCE, async {
        loop {
            if let Err(error) = subscription.next().await {
                return error;
            }
        }
    })
    .await
    .expect("the subscription ends")
}

fn assert_broken<T>(outcome: Result<T, ReadError>, words: &str) {
    match outcome {
        Err(ReadError::Broken(sentence)) => assert!(sentence.contains(words), "{sentence}"),
        Err(other) => panic!("not told as broken: {other}"),
        Ok(_) => panic!("a log that is not what it was was read"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_events_survive_a_server_that_is_killed_in_mid_load() {
    const KILLS: usize = 4;
    let mut server = NatsServer::start();
    let log = server.log(STREAM).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let (opened, read) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let stop = Arc::new(tokio::sync::Notify::new());
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (log, acknowledged, stop) = (log.clone(), acknowledged.clone(), stop.clone());
            tokio::spawn(async move {
                let mut mine = Vec::new();
                let mut stopped = std::pin::pin!(stop.notified());
                for round in 0.. {
                    // Single events, pipelined ones and atomic batches.
                    let some = events(&format!("w{writer}-{round}"), [1, 2, 50][round % 3]);
                    let ids: Vec<String> =
                        some.iter().map(|event| event.message_id.clone()).collect();
                    tokio::select! {
                        () = append_surely(&log, some) => {}
                        () = &mut stopped => break,
                    }
                    acknowledged.fetch_add(ids.len(), Ordering::Relaxed);
                    mine.extend(ids);
                }
                mine
            })
        })
        .collect();
    let reader = tokio::spawn({
        let (log, stop) = (log.clone(), stop.clone());
        let (opened, read) = (opened.clone(), read.clone());
        async move {
            let mut seen: Vec<RecordedEvent> = Vec::new();
            let mut stopped = std::pin::pin!(stop.notified());
            loop {
                let after = seen.last().map_or(Position::ORIGIN, |event| event.position);
                let Ok(mut subscription) = log.subscribe(after).await else {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    continue;
                };
                opened.fetch_add(1, Ordering::Relaxed);
                loop {
                    let batch = tokio::select! {
                        batch = subscription.next() => batch,
                        () = &mut stopped => return seen,
                    };
                    match batch {
                        Ok(batch) => {
                            seen.extend(batch.events);
                            read.store(seen.len(), Ordering::Relaxed);
                        }
                        Err(ReadError::Away(_)) => break,
                        Err(broken) => panic!("the log is still the same: {broken}"),
                    }
                }
            }
        }
    });
    // A reader that has not begun, or not begun again, was not disturbed, and then this would test nothing.
    reaches(&read, 1).await;
    for _ in 0..KILLS {
        let goal = acknowledged.load(Ordering::Relaxed) + 300;
        reaches(&acknowledged, goal).await;
        server.kill();
        server.restart();
    }
    reaches(&acknowledged, acknowledged.load(Ordering::Relaxed) + 300).await;
    reaches(&opened, 2).await;
    stop.notify_waiters();
    let mut ids = BTreeSet::new();
    for writer in writers {
        ids.extend(writer.await.expect("the writer ends"));
    }
    let seen = reader.await.expect("the reader ends");

    let stored = read_all(&log).await;
    let payloads: BTreeSet<Bytes> = stored.iter().map(|event| event.payload.clone()).collect();
    assert_eq!(payloads.len(), stored.len(), "an event was stored twice");
    let lost = ids
        .iter()
        .filter(|id| !payloads.contains(format!("{{\"id\":\"{id}\"}}").as_bytes()))
        .count();
    assert_eq!(lost, 0, "of {} acknowledged events", ids.len());
    assert_eq!(
        seen[..],
        stored[..seen.len()],
        "the reader saw something else than what is stored"
    );
}

/// Waits until a count is reached.
async fn reaches(count: &AtomicUsize, goal: usize) {
    tokio::time::timeout(PATIENCE, async {
        while count.load(Ordering::Relaxed) < goal {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .expect("writers and reader get on");
}

#[tokio::test]
async fn a_deleted_stream_is_told_to_whoever_uses_it() {
    let server = NatsServer::start();
    let log = server.log(STREAM).await;
    log.append(events("a", 5)).await.unwrap();
    let mut subscription = log.subscribe(Position(5)).await.unwrap();
    bare(&server).await.delete_stream(STREAM).await.unwrap();
    assert_broken(Err::<(), _>(end_of(&mut *subscription).await), "is gone");
    assert_broken(log.head().await, "is gone");
    assert_broken(log.subscribe(Position::ORIGIN).await, "is gone");
}

#[tokio::test]
async fn a_stream_deleted_and_made_again_is_another_log() {
    let server = NatsServer::start();
    let log = server.log(STREAM).await;
    log.append(events("a", 5)).await.unwrap();
    let before = log.identity().await.unwrap();
    let mut subscription = log.subscribe(Position(5)).await.unwrap();
    bare(&server).await.delete_stream(STREAM).await.unwrap();
    let another = server.log(STREAM).await;
    // As long as the one before, so that they differ only in when they were made.
    another.append(events("b", 5)).await.unwrap();

    let words = "deleted and made again";
    assert!(
        matches!(end_of(&mut *subscription).await, ReadError::Broken(sentence) if sentence.contains(words))
    );
    assert_broken(log.subscribe(Position(5)).await, words);
    assert_broken(log.head().await, words);
    assert_broken(log.head().await, "start the process again and then rebuild");
    assert_broken(log.identity().await, words);
    assert_broken(log.read(Position(5), 10).await, words);
    assert!(
        matches!(log.append(events("c", 1)).await, Err(AppendError::Refused(sentence)) if sentence.contains(words))
    );
    assert_ne!(another.identity().await.unwrap(), before);
    assert_eq!(another.head().await.unwrap(), Position(5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_restored_from_an_older_copy_is_told_as_shortened() {
    let mut server = NatsServer::start();
    let log = server.log(STREAM).await;
    let identity = log.identity().await.unwrap();
    append_surely(&log, events("a", 10)).await;
    server.kill();
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&server.store(), copy.path());
    server.restart();
    append_surely(&log, events("b", 10)).await;
    let mut subscription = log.subscribe(Position(20)).await.unwrap();
    server.kill();
    std::fs::remove_dir_all(server.store()).unwrap();
    copy_folder(copy.path(), &server.store());
    server.restart();

    end_of(&mut *subscription).await;
    let outcome = tokio::time::timeout(PATIENCE, async {
        loop {
            match log.subscribe(Position(20)).await {
                Err(ReadError::Away(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
                outcome => return outcome,
            }
        }
    });
    assert_broken(outcome.await.expect("an answer"), "shortened or restored");
    assert_broken(
        log.read(Position::ORIGIN, 100).await,
        "shortened or restored",
    );
    assert_broken(log.head().await, "shortened or restored");
    assert!(matches!(
        log.append(events("c", 1)).await,
        Err(AppendError::Refused(_))
    ));

    // A process that comes new knows it only by its checkpoint; the identity is the same.
    let fresh = server.log(STREAM).await;
    assert_eq!(fresh.identity().await.unwrap(), identity);
    assert_broken(fresh.subscribe(Position(20)).await, "shortened or restored");
    assert!(fresh.subscribe(Position(10)).await.is_ok());
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_away_everything_says_so_and_then_goes_on() {
    let mut server = NatsServer::start();
    let settings = Settings {
        request_timeout: Duration::from_millis(500),
        ..server.settings(STREAM)
    };
    apply_stream(&settings, &StreamSettings::default(), Apply::Change)
        .await
        .unwrap();
    let log = JetStreamLog::connect(&settings).await.unwrap();
    log.append(events("a", 3)).await.unwrap();
    let mut subscription = log.subscribe(Position::ORIGIN).await.unwrap();
    server.kill();

    assert!(matches!(
        end_of(&mut *subscription).await,
        ReadError::Away(_)
    ));
    assert!(matches!(log.head().await, Err(ReadError::Away(_))));
    assert!(matches!(
        log.read(Position::ORIGIN, 1).await,
        Err(ReadError::Away(_))
    ));
    assert!(matches!(
        log.subscribe(Position::ORIGIN).await,
        Err(ReadError::Away(_))
    ));
    assert!(matches!(
        log.append(events("b", 1)).await,
        Err(AppendError::Unconfirmed(_))
    ));
    assert!(matches!(
        log.append(events("c", 2)).await,
        Err(AppendError::Unconfirmed(_))
    ));
    assert!(matches!(
        log.append(events("d", 100)).await,
        Err(AppendError::Unconfirmed(_))
    ));
    assert!(matches!(
        JetStreamLog::connect(&settings).await,
        Err(ConnectError::Away { .. })
    ));

    server.restart();
    for some in [events("b", 1), events("c", 2), events("d", 100)] {
        append_surely(&log, some).await;
    }
    let mut subscription = log.subscribe(Position(3)).await.unwrap();
    assert_eq!(
        subscription.next().await.unwrap().events[0].position,
        Position(4)
    );
    assert_eq!(read_all(&log).await.len(), 106);
}

#[tokio::test]
async fn a_consumer_that_is_deleted_ends_the_subscription_as_away() {
    let server = NatsServer::start();
    let log = server.log(STREAM).await;
    log.append(events("a", 3)).await.unwrap();
    let mut subscription = log.subscribe(Position::ORIGIN).await.unwrap();
    // They may come in more than one batch.
    let mut seen = 0;
    while seen < 3 {
        seen += subscription.next().await.unwrap().events.len();
    }
    let context = bare(&server).await;
    let stream = context.get_stream(STREAM).await.unwrap();
    let names = futures::TryStreamExt::try_collect::<Vec<String>>(stream.consumer_names())
        .await
        .unwrap();
    assert_eq!(names.len(), 1);
    stream.delete_consumer(&names[0]).await.unwrap();
    log.append(events("b", 3)).await.unwrap();
    assert!(matches!(
        end_of(&mut *subscription).await,
        ReadError::Away(_)
    ));
    let mut again = log.subscribe(Position(3)).await.unwrap();
    assert_eq!(again.next().await.unwrap().events[0].position, Position(4));
}

#[tokio::test]
async fn an_idle_subscription_is_left_alone_and_delivers_later() {
    let server = NatsServer::start();
    let settings = Settings {
        idle_check: Duration::from_millis(10),
        ..server.settings(STREAM)
    };
    server.log(STREAM).await;
    let log = JetStreamLog::connect(&settings).await.unwrap();
    let mut subscription = log.subscribe(Position::ORIGIN).await.unwrap();
    let idle = tokio::time::timeout(Duration::from_millis(700), subscription.next()).await;
    assert!(idle.is_err(), "an idle subscription gave {idle:?}");
    log.append(events("late", 1)).await.unwrap();
    let batch = subscription.next().await.unwrap();
    assert_eq!((batch.events.len(), batch.head), (1, Position(1)));
}

#[tokio::test]
async fn the_head_is_told_with_the_batches_of_a_backlog() {
    let server = NatsServer::start();
    let log = server.log(STREAM).await;
    log.append(events("a", 6000)).await.unwrap();
    let mut subscription = log.subscribe(Position(100)).await.unwrap();
    assert_eq!(subscription.next().await.unwrap().head, Position(6000));
}

#[tokio::test]
async fn a_condition_met_by_our_own_lost_publish_is_no_conflict_and_a_foreign_one_is() {
    let server = NatsServer::start();
    let log = server.log(STREAM).await;
    let conditional = |id: &str, expected| NewEvent {
        subject: "joinedup.assessment.E1.i1".to_owned(),
        condition: Some(AppendCondition::LastOnSubject(expected)),
        ..event(id)
    };
    log.append(vec![conditional("ours", Position::ORIGIN)])
        .await
        .unwrap();
    // Beyond the window the server no longer knows the id, but the event is still where it was put.
    let again = log
        .append(vec![conditional("ours", Position::ORIGIN)])
        .await
        .unwrap();
    assert!(again[0].duplicate && again[0].position == Position(1));
    let foreign = log
        .append(vec![conditional("theirs", Position::ORIGIN)])
        .await;
    assert!(matches!(
        foreign,
        Err(AppendError::Conflict {
            actual: Position(1),
            ..
        })
    ));
}

#[tokio::test]
async fn where_messages_were_removed_reads_and_subscriptions_go_on_behind_the_gap() {
    let server = NatsServer::start();
    let context = bare(&server).await;
    let config = async_nats::jetstream::stream::Config {
        name: STREAM.to_owned(),
        subjects: vec!["joinedup.>".to_owned()],
        allow_direct: true,
        ..Default::default()
    };
    let stream = context.create_stream(config).await.unwrap();
    let accept_unsafe = joinedup_log::jetstream::Unsafe::ALL.to_vec();
    let log = JetStreamLog::connect(&Settings {
        accept_unsafe,
        ..server.settings(STREAM)
    })
    .await
    .unwrap();
    log.append(events("a", 8)).await.unwrap();
    for removed in [1, 2, 5, 8] {
        stream.delete_message(removed).await.unwrap();
    }
    let left = [3, 4, 6, 7].map(Position);
    let positions = |events: &[RecordedEvent]| {
        events
            .iter()
            .map(|event| event.position)
            .collect::<Vec<_>>()
    };
    assert_eq!(positions(&read_all(&log).await), left);
    assert_eq!(
        positions(&log.read(Position(4), 1).await.unwrap()),
        [Position(6)]
    );
    assert!(log.read(Position(7), 10).await.unwrap().is_empty());
    let mut subscription = log.subscribe(Position::ORIGIN).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < left.len() {
        seen.extend(positions(&subscription.next().await.unwrap().events));
    }
    assert_eq!(seen, left);
}
