//! Which servers and streams are safe enough for the JetStream log, how that is found out, and what is refused later.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

use std::time::Duration;

use bytes::Bytes;
use joinedup_log::jetstream::{
    Apply, ConnectError, Credentials, JetStreamLog, Plan, Settings, StreamSettings, Unsafe,
    apply_stream, check,
};
use joinedup_log::{AppendCondition, AppendError, EventLog, NewEvent, Position, Unwritable};

#[path = "support/nats_server.rs"]
#[expect(
    dead_code,
    reason = "these tests kill no servers; those of a log that changes do"
)]
mod nats_server;

use nats_server::{NatsServer, Options};

const STREAM: &str = "JOINEDUP";

/// Bounds what would otherwise hang; nothing passes by it.
const PATIENCE: Duration = Duration::from_secs(60);

fn event(id: &str) -> NewEvent {
    NewEvent {
        subject: "joinedup.transfer.E1.7f".to_owned(),
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

#[tokio::test]
async fn a_server_that_syncs_lazily_is_refused_in_a_sentence_and_accepted_by_name() {
    let server = NatsServer::start_with(Options {
        sync_interval: "\"2m\"",
        ..Options::default()
    });
    let mut settings = server.settings(STREAM);
    apply_stream(&settings, &StreamSettings::default(), Apply::Change)
        .await
        .unwrap();
    let refusal = JetStreamLog::connect(&settings).await.unwrap_err();
    let ConnectError::Unsafe(findings) = &refusal else {
        panic!("{refusal}")
    };
    assert_eq!(
        findings
            .iter()
            .map(|finding| finding.accept)
            .collect::<Vec<_>>(),
        [Some(Unsafe::LazyFsync)]
    );
    let sentence = refusal.to_string();
    for words in ["sync_interval", "120s", "always", "`lazy-fsync`"] {
        assert!(sentence.contains(words), "{sentence}");
    }
    assert_eq!(&check(&settings).await.unwrap(), findings);

    settings.accept_unsafe = vec![Unsafe::DiscardOld];
    assert!(
        JetStreamLog::connect(&settings).await.is_err(),
        "accepting one condition accepted another"
    );
    settings.accept_unsafe = vec![Unsafe::LazyFsync];
    JetStreamLog::connect(&settings)
        .await
        .unwrap()
        .append(events("a", 1))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_server_whose_writing_to_disk_is_not_shown_is_refused() {
    let server = NatsServer::start();
    let other = NatsServer::start();
    server.log(STREAM).await;
    for (monitor_url, words) in [
        (None, "no monitoring address is set"),
        (
            other.settings(STREAM).monitor_url,
            "are of other servers than this one",
        ),
        (
            Some(server.url().replace("nats://", "http://")),
            "did not answer as a NATS server's /varz",
        ),
        (Some("ftp://x".to_owned()), "not of the form"),
    ] {
        let settings = Settings {
            monitor_url,
            ..server.settings(STREAM)
        };
        let refusal = JetStreamLog::connect(&settings)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            refusal.contains(words) && refusal.contains("`lazy-fsync`"),
            "{refusal}"
        );
    }
    assert!(check(&server.settings(STREAM)).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_apply_makes_the_stream_changes_it_and_says_what_differs() {
    let server = NatsServer::start();
    let settings = server.settings(STREAM);
    let wanted = StreamSettings::default();
    let dry = || apply_stream(&settings, &wanted, Apply::DryRun);
    let change = || apply_stream(&settings, &wanted, Apply::Change);
    assert!(
        matches!(JetStreamLog::connect(&settings).await, Err(ConnectError::NoStream(name)) if name == STREAM)
    );
    assert_eq!(dry().await.unwrap(), Plan::Create);
    assert_eq!(
        dry().await.unwrap(),
        Plan::Create,
        "a dry run made the stream"
    );

    // What somebody might make by hand.
    let by_hand = async_nats::jetstream::stream::Config {
        name: STREAM.to_owned(),
        subjects: vec!["joinedup.>".to_owned()],
        description: Some("made by hand".to_owned()),
        max_age: Duration::from_secs(3600),
        ..Default::default()
    };
    let context = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
    context.create_stream(by_hand).await.unwrap();
    let Plan::Differs(sentences) = dry().await.unwrap() else {
        panic!("a stream made by hand is not safe")
    };
    for setting in [
        "discard",
        "deny_delete",
        "deny_purge",
        "max_age",
        "duplicate_window",
        "allow_atomic",
    ] {
        let found = sentences
            .iter()
            .filter(|sentence| sentence.starts_with(&format!("`{setting}` ")))
            .count();
        assert_eq!(found, 1, "{setting} in {sentences:?}");
    }
    let refusal = JetStreamLog::connect(&settings)
        .await
        .unwrap_err()
        .to_string();
    for name in [
        "discard-old",
        "deletable",
        "purgeable",
        "age-limit",
        "short-duplicate-window",
    ] {
        assert!(refusal.contains(&format!("`{name}`")), "{refusal}");
    }

    let Plan::Applied(done) = change().await.unwrap() else {
        panic!("nothing was changed")
    };
    assert_eq!(done.len(), sentences.len());
    assert_eq!(dry().await.unwrap(), Plan::Same);
    assert_eq!(change().await.unwrap(), Plan::Same);
    JetStreamLog::connect(&settings).await.unwrap();
    let kept = context
        .get_stream(STREAM)
        .await
        .unwrap()
        .cached_info()
        .config
        .description
        .clone();
    assert_eq!(
        kept.as_deref(),
        Some("made by hand"),
        "an apply changed what it has no opinion on"
    );
}

#[tokio::test]
async fn a_full_stream_refuses_and_forgets_nothing() {
    let server = NatsServer::start();
    let settings = server.settings(STREAM);
    let small = StreamSettings {
        max_bytes: Some(200 * 1024),
        ..StreamSettings::default()
    };
    apply_stream(&settings, &small, Apply::Change)
        .await
        .unwrap();
    let log = JetStreamLog::connect(&settings).await.unwrap();
    let mut stored = 0;
    let refusal = loop {
        let large = NewEvent {
            payload: Bytes::from(vec![b'x'; 32 * 1024]),
            ..event(&format!("large-{stored}"))
        };
        match log.append(vec![large]).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 100, "a stream of 200 KiB took 3 MiB");
    };
    assert!(
        matches!(&refusal, AppendError::Unavailable(why) if why.contains("maximum bytes")),
        "{refusal}"
    );
    assert_eq!(
        log.read(Position::ORIGIN, 1000).await.unwrap().len(),
        stored
    );
    let many = (0..10).map(|n| NewEvent {
        payload: Bytes::from(vec![b'y'; 32 * 1024]),
        ..event(&format!("m-{n}"))
    });
    assert!(matches!(
        log.append(many.collect()).await,
        Err(AppendError::Unavailable(_))
    ));
    // It says so before anybody tries, and takes events again as soon as there is room.
    let full = log.writable().await.unwrap_err();
    assert!(
        matches!(&full, Unwritable::ForNow(why) if why.contains("max_bytes")),
        "{full}"
    );
    let larger = StreamSettings {
        max_bytes: Some(2 << 20),
        ..StreamSettings::default()
    };
    apply_stream(&settings, &larger, Apply::Change)
        .await
        .unwrap();
    log.append(vec![event("again")]).await.unwrap();
    assert_eq!(log.writable().await, Ok(()));
    stored += 1;
    assert_eq!(
        log.read(Position::ORIGIN, 1000).await.unwrap().len(),
        stored
    );
}

#[tokio::test]
async fn what_is_not_permitted_is_refused_and_does_not_only_time_out() {
    let users = "authorization { users: [
        { user: reader, password: r, permissions: {
            publish: [\"$JS.API.INFO\", \"$JS.API.STREAM.INFO.*\", \"$JS.API.CONSUMER.>\", \"$JS.API.DIRECT.GET.>\",
                      \"$JS.API.STREAM.MSG.GET.*\", \"$JS.FC.>\"] } },
        { user: lacking, password: l, permissions: {
            publish: [\"$JS.API.INFO\", \"$JS.API.STREAM.INFO.*\", \"$JS.API.CONSUMER.>\", \"$JS.API.DIRECT.GET.>\",
                      \"$JS.FC.>\"] } },
        { user: admin, password: a } ] }";
    let server = NatsServer::start_with(Options {
        more: users.to_owned(),
        ..Options::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let as_user = |user: &str, password: &str| {
        let file = folder.path().join(user);
        std::fs::write(&file, format!("{password}\n")).unwrap();
        let credentials = Credentials::UserPassword {
            user: user.to_owned(),
            password_file: file,
        };
        // Long enough that a refusal can't be mistaken for it.
        Settings {
            credentials,
            request_timeout: PATIENCE,
            ..server.settings(STREAM)
        }
    };
    let admin = as_user("admin", "a");
    apply_stream(&admin, &StreamSettings::default(), Apply::Change)
        .await
        .unwrap();
    let writer = JetStreamLog::connect(&admin).await.unwrap();
    writer.append(events("a", 5)).await.unwrap();

    // Without the right to ask the leader of the stream for a message a lost end would be waited for.
    let lacking = JetStreamLog::connect(&as_user("lacking", "l")).await;
    let lacking = lacking.unwrap_err().to_string();
    assert!(
        lacking.contains("does not permit us to use $JS.API.STREAM.MSG.GET.JOINEDUP"),
        "{lacking}"
    );
    let log = JetStreamLog::connect(&as_user("reader", "r"))
        .await
        .unwrap();
    assert_eq!(log.read(Position::ORIGIN, 10).await.unwrap().len(), 5);
    let mut subscription = log.subscribe(Position::ORIGIN).await.unwrap();
    let mut delivered = 0;
    while delivered < 5 {
        // They may come in one batch or in several.
        delivered += subscription.next().await.unwrap().events.len();
    }
    assert_eq!(delivered, 5);
    for some in [events("b", 1), events("c", 2), events("d", 100)] {
        let refusal = tokio::time::timeout(PATIENCE / 2, log.append(some))
            .await
            .expect("a refusal before the timeout");
        assert!(
            matches!(&refusal, Err(AppendError::Refused(why)) if why.contains("joinedup.transfer.E1.7f")),
            "{refusal:?}"
        );
    }
    assert_eq!(writer.head().await.unwrap(), Position(5));

    let wrong = JetStreamLog::connect(&as_user("admin", "secret-and-wrong"))
        .await
        .unwrap_err();
    assert!(
        matches!(&wrong, ConnectError::Away { reason, .. } if reason.contains("authorization")),
        "{wrong}"
    );
    assert!(!wrong.to_string().contains("secret-and-wrong"));
    let nowhere = Credentials::TokenFile(folder.path().join("nowhere"));
    let missing = JetStreamLog::connect(&Settings {
        credentials: nowhere,
        ..server.settings(STREAM)
    })
    .await;
    assert!(matches!(missing, Err(ConnectError::Secret { .. })));
}

/// The users of the configuration that is shipped, with the passwords that this test gives them.
fn shipped_users() -> String {
    let shipped = include_str!("../../../services/nats/nats.conf");
    let at = shipped.find("authorization {").expect("there are users");
    let mut users = shipped[at..].to_owned();
    for user in ["ADMIN", "PUBLISH", "PROJECT"] {
        users = users.replace(&format!("${user}_PASSWORD"), "\"secret\"");
    }
    users
}

#[tokio::test]
async fn the_users_that_are_shipped_may_ask_for_what_the_log_relies_on() {
    let server = NatsServer::start_with(Options {
        more: shipped_users(),
        ..Options::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let password_file = folder.path().join("password");
    std::fs::write(&password_file, "secret").unwrap();
    let as_user = |user: &str| Settings {
        credentials: Credentials::UserPassword {
            user: user.to_owned(),
            password_file: password_file.clone(),
        },
        ..server.settings(STREAM)
    };
    apply_stream(&as_user("admin"), &StreamSettings::default(), Apply::Change)
        .await
        .unwrap();
    let publish = JetStreamLog::connect(&as_user("publish")).await.unwrap();
    publish.append(events("a", 3)).await.unwrap();
    let expects = |position: u64, id: &str| NewEvent {
        condition: Some(AppendCondition::LastOnSubject(Position(position))),
        ..event(id)
    };
    let stored = publish.append(vec![expects(3, "b")]).await.unwrap();
    assert_eq!(stored[0].position, Position(4));
    // The answer to a conflict comes from the stream's leader: who stored what the writer did not know of.
    let repeated = publish.append(vec![expects(3, "b")]).await.unwrap();
    assert!(repeated[0].duplicate);
    let conflict = publish.append(vec![expects(3, "c")]).await.unwrap_err();
    assert!(
        matches!(&conflict, AppendError::Conflict { actual, .. } if *actual == Position(4)),
        "{conflict}"
    );
    let project = JetStreamLog::connect(&as_user("project")).await.unwrap();
    for log in [&publish, &project] {
        let last = log.last_on_subject("joinedup.transfer.E1.7f").await;
        let last = last.unwrap().unwrap();
        assert_eq!(last.position, Position(4));
        assert_eq!(last.payload, Bytes::from("{\"id\":\"b\"}"));
        assert_eq!(log.last_on_subject("joinedup.other").await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_server_without_jetstream_is_told_as_such() {
    // A second account without JetStream on the same server.
    let accounts = "accounts { A { jetstream: enabled, users: [{user: a, password: a}] },
        B { users: [{user: b, password: b}] } }\nno_auth_user: b";
    let server = NatsServer::start_with(Options {
        more: accounts.to_owned(),
        ..Options::default()
    });
    let refusal = JetStreamLog::connect(&server.settings(STREAM))
        .await
        .unwrap_err();
    assert!(matches!(refusal, ConnectError::NoJetStream(_)), "{refusal}");
}
