//! A stream that forgets nothing and yet lacks events has lost them: everybody who would read over the hole is stopped.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::jetstream::stream::Config;
use bytes::Bytes;
use joinedup_log::jetstream::{
    Apply, ConnectError, JetStreamLog, Settings, StreamSettings, Unsafe, apply_stream,
};
use joinedup_log::{EventLog, NewEvent, Position, ReadError, RecordedEvent, archive};

#[path = "support/nats_server.rs"]
#[expect(dead_code, reason = "the process id is for the benchmark")]
mod nats_server;

use nats_server::{NatsServer, Options};

const STREAM: &str = "JOINEDUP";

/// Bounds what would otherwise hang; nothing passes by it.
const PATIENCE: Duration = Duration::from_secs(60);

fn events(from: usize, count: usize) -> Vec<NewEvent> {
    (from..from + count)
        .map(|n| NewEvent {
            subject: format!("joinedup.transfer.E1.{:02x}", n % 7),
            message_id: format!("event-{n}"),
            payload: Bytes::from(format!("{{\"id\":\"event-{n}-of-many\"}}")),
            condition: None,
        })
        .collect()
}

/// A stream of ten events that still forgets, to which something is done before it is set up to forget nothing.
async fn stream_with(
    server: &NatsServer,
    config: Config,
    harm: impl AsyncFnOnce(&async_nats::jetstream::stream::Stream),
) -> JetStreamLog {
    let client = async_nats::connect(server.url()).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let config = Config {
        name: STREAM.to_owned(),
        subjects: vec!["joinedup.>".to_owned()],
        allow_direct: true,
        ..config
    };
    let stream = context.create_stream(config).await.unwrap();
    let settings = server.settings(STREAM);
    let forgetful = Settings {
        accept_unsafe: Unsafe::ALL.to_vec(),
        ..settings.clone()
    };
    let before = JetStreamLog::connect(&forgetful).await.unwrap();
    before.append(events(1, 10)).await.unwrap();
    harm(&stream).await;
    apply_stream(&settings, &StreamSettings::default(), Apply::Change)
        .await
        .unwrap();
    JetStreamLog::connect(&settings).await.unwrap()
}

fn positions(events: &[RecordedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.position.0).collect()
}

#[track_caller]
fn assert_missing<T>(outcome: Result<T, ReadError>, words: &str) {
    match outcome {
        Err(ReadError::Broken(sentence)) => assert!(sentence.contains(words), "{sentence}"),
        Err(other) => panic!("a loss shows as: {other}"),
        Ok(_) => panic!("what lacks events was read as whole"),
    }
}

/// What a subscription gives and the error that it ends with.
async fn all_of(log: &JetStreamLog, after: u64) -> (Vec<u64>, ReadError) {
    let mut seen = Vec::new();
    let followed = async {
        let mut subscription = log.subscribe(Position(after)).await?;
        loop {
            let batch = subscription.next().await?;
            seen.extend(positions(&batch.events));
        }
    };
    let ended: Result<(), ReadError> = tokio::time::timeout(PATIENCE, followed)
        .await
        .expect("the subscription ends");
    (seen, ended.unwrap_err())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hole_inside_stops_subscriptions_reads_exports_and_checks_where_it_is() {
    let server = NatsServer::start();
    let log = stream_with(&server, Config::default(), async |stream| {
        for lost in [5, 8, 9] {
            stream.delete_message(lost).await.unwrap();
        }
    })
    .await;
    let (seen, end) = all_of(&log, 0).await;
    assert_eq!(seen, [1, 2, 3, 4], "what is before the hole is good");
    assert_missing(Err::<(), _>(end), "event at position 5 is missing");
    assert_missing(
        log.read(Position::ORIGIN, 100).await,
        "event at position 5 is missing",
    );
    assert_missing(
        log.check(Position(6), 100).await,
        "from position 8 to 9 are missing",
    );
    assert_eq!(positions(&log.read(Position(5), 2).await.unwrap()), [6, 7]);
    let mut file = Vec::new();
    let exported = archive::export(&log, &mut file, Position::ORIGIN).await;
    assert!(
        matches!(&exported, Err(error) if error.to_string().contains("position 5 is missing")),
        "{exported:?}"
    );
    // It is still this log, and its writers are not stopped by what is lost.
    assert_eq!(log.writable().await, Ok(()));
    assert_eq!(
        log.append(events(11, 1)).await.unwrap()[0].position,
        Position(11)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_end_is_not_waited_for() {
    let server = NatsServer::start();
    let log = stream_with(&server, Config::default(), async |stream| {
        for lost in [9, 10] {
            stream.delete_message(lost).await.unwrap();
        }
    })
    .await;
    let (seen, end) = all_of(&log, 2).await;
    assert_eq!(seen, [3, 4, 5, 6, 7, 8]);
    assert_missing(Err::<(), _>(end), "from position 9 to 10 are missing");
    assert_missing(log.read(Position(8), 1).await, "from position 9 to 10");
    assert!(log.read(Position(10), 1).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_beginning_is_a_loss_until_it_is_accepted_by_name() {
    let server = NatsServer::start();
    let log = stream_with(&server, Config::default(), async |stream| {
        stream.purge().sequence(4).await.unwrap();
    })
    .await;
    for outcome in [
        log.subscribe(Position::ORIGIN).await.map(|_| ()),
        log.read(Position::ORIGIN, 9).await.map(|_| ()),
    ] {
        assert_missing(outcome, "from position 1 to 3 are missing");
    }
    // Who has counted them already is not harmed.
    assert!(log.subscribe(Position(3)).await.is_ok());
    let accepting = Settings {
        accept_unsafe: vec![Unsafe::MissingBeginning],
        ..server.settings(STREAM)
    };
    let log = JetStreamLog::connect(&accepting).await.unwrap();
    let read = log.read(Position::ORIGIN, 2).await.unwrap();
    assert_eq!(positions(&read), [4, 5]);
    assert!(log.subscribe(Position::ORIGIN).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_made_to_begin_later_is_whole() {
    let server = NatsServer::start();
    let later = Config {
        first_sequence: Some(1000),
        ..Config::default()
    };
    let log = stream_with(&server, later, async |_| {}).await;
    let read = log.read(Position::ORIGIN, 3).await.unwrap();
    assert_eq!(positions(&read), [1000, 1001, 1002]);
    let mut subscription = log.subscribe(Position::ORIGIN).await.unwrap();
    let batch = subscription.next().await.unwrap();
    assert_eq!(batch.events[0].position, Position(1000));
    let mut file = Vec::new();
    let exported = archive::export(&log, &mut file, Position::ORIGIN).await;
    assert_eq!(exported.unwrap().events, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_flipped_bit_on_the_disk_of_the_server_is_found_by_reading() {
    let mut server = NatsServer::start();
    let log = server.log(STREAM).await;
    for round in 0..6 {
        log.append(events(1 + round * 50, 50)).await.unwrap();
    }
    server.stop();
    flip(&server, "event-123-of-many");
    server.restart();
    let log = server.log(STREAM).await;
    assert_eq!(log.head().await.unwrap(), Position(300));
    let (seen, end) = all_of(&log, 0).await;
    assert_eq!(seen, (1..123).collect::<Vec<_>>());
    assert_missing(Err::<(), _>(end), "position 123 is missing");
    assert_missing(log.check(Position(100), 100).await, "position 123");
    assert_eq!(
        log.check(Position(123), 100).await.unwrap(),
        Some(Position(223))
    );
}

/// A message in the server's files: the file, what is in it, and where.
fn stored(server: &NatsServer, words: &str) -> Option<(PathBuf, Vec<u8>, usize)> {
    let folder = server
        .store()
        .join(format!("jetstream/$G/streams/{STREAM}/msgs"));
    let files = std::fs::read_dir(folder).ok()?;
    files.map(|file| file.unwrap().path()).find_map(|path| {
        let bytes = std::fs::read(&path).ok()?;
        let at = bytes
            .windows(words.len())
            .position(|some| some == words.as_bytes())?;
        Some((path, bytes, at))
    })
}

/// Flips one bit of a message in the server's files.
fn flip(server: &NatsServer, words: &str) {
    let (path, mut bytes, at) =
        stored(server, words).expect("the message is in a file of the server");
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// Three servers, `n0` to `n2`, which keep streams together.
fn in_a_cluster() -> [Options; 3] {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap();
    let listeners = [free(), free(), free()];
    let ports = listeners.map(|listener| listener.local_addr().unwrap().port());
    let routes = ports.map(|port| format!("\"nats://127.0.0.1:{port}\""));
    [0, 1, 2].map(|server: usize| Options {
        more: format!(
            "server_name: n{server}\ncluster {{ name: trial, listen: \"127.0.0.1:{}\", routes: [{}] }}",
            ports[server],
            routes.join(", ")
        ),
        ..Options::default()
    })
}

fn settings_of(servers: &[NatsServer]) -> Settings {
    let all: Vec<Settings> = servers
        .iter()
        .map(|server| server.settings(STREAM))
        .collect();
    let joined = |each: fn(&Settings) -> &str| all.iter().map(each).collect::<Vec<_>>().join(",");
    Settings {
        monitor_url: Some(joined(|of_one| of_one.monitor_url.as_deref().unwrap())),
        url: joined(|of_one| &of_one.url),
        ..all[0].clone()
    }
}

/// Tries again until something is so.
async fn eventually<T, E: std::fmt::Debug>(
    what: &str,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let started = tokio::time::Instant::now();
    loop {
        match attempt().await {
            Ok(done) => return done,
            Err(error) => assert!(started.elapsed() < PATIENCE, "{what}: {error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_copy_of_a_cluster_lost_is_read_from_another_and_the_copy_is_named() {
    let mut servers = in_a_cluster().map(NatsServer::start_with);
    let settings = settings_of(&servers);
    let wanted = StreamSettings {
        replicas: Some(3),
        ..StreamSettings::default()
    };
    let log = eventually("the cluster takes the stream", async || {
        apply_stream(&settings, &wanted, Apply::Change).await?;
        JetStreamLog::connect(&settings).await
    })
    .await;
    eventually("the events are taken", async || {
        log.append(events(1, 300)).await
    })
    .await;
    eventually("each server has a copy", async || {
        let whole = |server: &NatsServer| stored(server, "event-300-of-many").is_some();
        servers.iter().all(whole).then_some(()).ok_or(())
    })
    .await;

    servers[1].stop();
    flip(&servers[1], "event-123-of-many");
    servers[1].restart();
    let client = async_nats::connect(settings.url.split(',').collect::<Vec<_>>());
    let client = client.await.unwrap();
    let context = async_nats::jetstream::new(client.clone());
    // Once the damaged copy follows, and once it leads.
    for leads in [false, true] {
        eventually("another server leads", async || {
            let stepdown = format!("$JS.API.STREAM.LEADER.STEPDOWN.{STREAM}");
            let preferred = if leads { "n1" } else { "n0" };
            let question = format!("{{\"placement\":{{\"preferred\":\"{preferred}\"}}}}");
            let stream = context
                .get_stream(STREAM)
                .await
                .map_err(|e| e.to_string())?;
            let cluster = stream.cached_info().cluster.clone().unwrap();
            let settled = cluster.replicas.iter().all(|peer| peer.current);
            if settled && cluster.leader.as_deref() == Some(preferred) {
                return Ok(());
            }
            client.request(stepdown, question.into()).await.ok();
            tokio::time::sleep(Duration::from_millis(500)).await;
            Err(format!("{cluster:?}"))
        })
        .await;
        // A server answers for its copy some time after it came back.
        eventually("the damaged copy is met", async || {
            let read = log.read(Position::ORIGIN, 300).await.unwrap();
            let wanted: Vec<u64> = (1..=300).collect();
            assert_eq!(positions(&read), wanted, "the damaged copy leads: {leads}");
            let checked = log.check(Position(100), 50).await;
            checked.is_err().then_some(()).ok_or("not yet")
        })
        .await;
        let mut after = Position::ORIGIN;
        eventually("a subscription goes on", async || {
            let mut subscription = log.subscribe(after).await.unwrap();
            while after < Position(300) {
                let batch = subscription.next().await;
                let batch = batch.map_err(|error| match error {
                    ReadError::Away(why) => why,
                    ReadError::Broken(why) => panic!("{why}"),
                })?;
                after = batch.head.min(batch.events.last().unwrap().position);
            }
            Ok::<_, String>(())
        })
        .await;
        // It is reported for as long as it is so, whichever copy answers.
        for _ in 0..4 {
            assert_missing(
                log.check(Position(200), 10).await,
                "the copy on server n1 of stream JOINEDUP lacks the event at position 123",
            );
        }
    }

    servers[1].stop();
    flip(&servers[1], "dvent-123-of-many");
    servers[1].restart();
    eventually("every copy is whole", async || {
        log.check(Position(200), 10).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_a_cluster_is_about_to_delete_is_not_made_anew_over_it() {
    let mut first = NatsServer::start();
    let log = first.log(STREAM).await;
    log.append(events(1, 10)).await.unwrap();
    let [of_first, of_second, of_third] = in_a_cluster();
    first.stop();
    first.restart_with(of_first);
    let others = [of_second, of_third].map(NatsServer::start_with);
    let settings = Settings {
        monitor_url: first.settings(STREAM).monitor_url,
        ..others[0].settings(STREAM)
    };
    for apply in [Apply::DryRun, Apply::Change] {
        eventually("the cluster answers", async || {
            match apply_stream(&settings, &StreamSettings::default(), apply).await {
                Err(ConnectError::LeftBehind { stream, .. }) => {
                    assert_eq!(stream, STREAM);
                    Ok(())
                }
                Err(other) => Err(other.to_string()),
                Ok(plan) => panic!("{plan}"),
            }
        })
        .await;
    }
    // What the sentence says to do keeps every event.
    first.kill();
    first.restart_with(Options::default());
    let log = first.log(STREAM).await;
    assert_eq!(log.read(Position::ORIGIN, 100).await.unwrap().len(), 10);
}
