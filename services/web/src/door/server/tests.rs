//! The door as clients meet it: a real server on a port of its own, with a log in memory.

mod bodies;
mod every_route;

use super::*;
use crate::door::Access;
use crate::door::limits::{MAX_BATCH, MAX_ERRORS};
use crate::serve;
use joinedup_application::app::{App, Definitions};
use joinedup_application::config::{Config, Role, Token};
use joinedup_application::publisher::Publisher;
use joinedup_events::example;
use joinedup_events::mode::{BATCH, STRUCTURED};
use joinedup_log::EventLog;
use joinedup_log::memory::MemoryLog;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

struct Door {
    address: SocketAddr,
    log: Arc<MemoryLog>,
    stop: CancellationToken,
    _tokens: tempfile::TempDir,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn secret(role: &str) -> String {
    format!("{role}-0123456789abcdef0123456789abcdef")
}

/// A server with a token for each role that is named, and none at all without.
async fn door(roles: &[(&str, Role)], change: impl FnOnce(&mut Config)) -> Door {
    let folder = tempfile::tempdir().unwrap();
    let tokens = roles.iter().map(|(name, role)| {
        let file = folder.path().join(name);
        std::fs::write(&file, secret(name)).unwrap();
        let closed = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, closed).unwrap();
        Token {
            name: (*name).to_owned(),
            file,
            roles: vec![*role],
            ..Token::default()
        }
    });
    let mut config = Config {
        tokens: tokens.collect(),
        ..Config::default()
    };
    change(&mut config);
    let log = Arc::new(MemoryLog::new());
    let definitions = Definitions::read(&config).unwrap();
    let access = Access::read(&config, &definitions.areas).unwrap();
    let app = App {
        publisher: Some(Publisher::new(log.clone())),
        ..App::new(Arc::new(config), definitions, log.clone())
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, app, access, stop.clone().cancelled_owned()));
    Door {
        address,
        log,
        stop,
        _tokens: folder,
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Door {
    async fn open(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads until the server closes.
    async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.open().await;
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // What is not read of a refused body resets the connection after the answer.
        let _ = stream.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Answer {
            status: head
                .split(' ')
                .nth(1)
                .and_then(|s| s.parse().ok())
                .unwrap_or(0),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.raw(
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                .as_bytes(),
        )
        .await
    }

    async fn post(&self, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = format!(
            "POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        self.raw(request.as_bytes()).await
    }
}

/// An example event of a type, whose times have passed.
fn event(event_type: &str) -> Value {
    let found = example::all()
        .into_iter()
        .find(|(name, _)| name == event_type);
    found.unwrap().1
}

const READY: &str = "care.joinedup.transfer.ready.v1";

#[tokio::test]
async fn who_may_not_publish_is_refused_before_the_body_is_read() {
    let roles = [("reader", Role::Reader), ("publisher", Role::Publisher)];
    let door = door(&roles, |_| {}).await;
    let head = |token: &str| {
        format!(
            "POST /api/v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {BATCH}\r\n\
             authorization: Bearer {token}\r\ncontent-length: 900000\r\n\r\n"
        )
    };
    // The body never comes, and the answer does.
    let refused = door.raw(head(&secret("reader")).as_bytes()).await;
    assert_eq!(refused.status, 403, "{}", refused.head);
    let stranger = door.raw(head("nobody").as_bytes()).await;
    assert_eq!(stranger.status, 401, "{}", stranger.head);
    // A publisher's token is for services; ratings are a person's.
    let bearer = format!("Bearer {}", secret("publisher"));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", STRUCTURED),
    ];
    let own = door.post(&headers, &event(READY).to_string()).await;
    assert_eq!(own.status, 202, "{}", own.body);
    let mut rating = event("care.joinedup.assessment.proposed.v1");
    let other = door.post(&headers, &rating.to_string()).await;
    assert_eq!(other.status, 403, "{}", other.body);
    // The role is asked before the fields are.
    rating["data"]["level"] = "none".into();
    let other = door.post(&headers, &rating.to_string()).await;
    assert_eq!(other.status, 403, "{}", other.body);
    assert_eq!(door.log.head().await.unwrap().0, 1);
}

#[tokio::test]
async fn the_good_events_of_a_batch_are_taken_where_that_is_asked_for() {
    let door = door(&[("feed", Role::Publisher)], |_| {}).await;
    let bearer = format!("Bearer {}", secret("feed"));
    let (good, mut bad) = (event(READY), event(READY));
    bad["id"] = "5123456785".into();
    let batch = Value::from(vec![bad.clone(), good]).to_string();
    let strict = [("authorization", bearer.as_str()), ("content-type", BATCH)];
    let whole = door.post(&strict, &batch).await;
    assert_eq!(whole.status, 422, "{}", whole.body);
    // The way out is said, and the value is not.
    assert!(whole.body.contains("keyed hash"), "{}", whole.body);
    assert!(!whole.body.contains("5123456785"), "{}", whole.body);
    assert_eq!(door.log.head().await.unwrap().0, 0);
    let lenient = [&strict[..], &[("prefer", "handling=lenient")]].concat();
    let answer = door.post(&lenient, &batch).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let said = answer.json();
    assert_eq!(
        (&said["accepted"], &said["refused"]),
        (&1.into(), &1.into())
    );
    assert_eq!(said["errors"][0]["index"], 0, "{said}");
    // Without a good event it is not a success.
    let none = door
        .post(&lenient, &Value::from(vec![bad]).to_string())
        .await;
    assert_eq!(none.status, 422, "{}", none.body);
}

#[tokio::test]
async fn an_event_is_signed_with_who_sent_it_whatever_it_says_itself() {
    let roles = [("feed", Role::Publisher), ("boss", Role::Admin)];
    let door = door(&roles, |_| {}).await;
    for (n, name) in ["feed", "boss"].into_iter().enumerate() {
        let bearer = format!("Bearer {}", secret(name));
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", STRUCTURED),
        ];
        let mut sent = event(READY);
        sent["actor"] = "somebody".into();
        sent["id"] = format!("event-{n}").into();
        let answer = door.post(&headers, &sent.to_string()).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        // The same again, by whomever, is the same event.
        sent["actor"] = "somebody else".into();
        let again = door.post(&headers, &sent.to_string()).await;
        assert_eq!(again.json()["duplicates"], 1, "{}", again.body);
    }
    let stored = door.log.read(joinedup_log::Position::ORIGIN, 9).await;
    let actors: Vec<Value> = stored
        .unwrap()
        .iter()
        .map(|e| serde_json::from_slice::<Value>(&e.payload).unwrap()["actor"].clone())
        .collect();
    assert_eq!(actors, ["feed", "somebody"]);
}

#[tokio::test]
async fn a_framework_an_item_and_a_source_that_nobody_registered_become_no_subject() {
    let door = door(&[], |config| {
        config.sources = vec!["/county/*/pas".into()];
        config.opaque_ids = true;
    })
    .await;
    let headers = [("content-type", STRUCTURED)];
    let rating = "care.joinedup.assessment.proposed.v1";
    for (kind, field, value) in [
        (rating, "/data/framework", "quillfeather"),
        (rating, "/data/item", "zebedee-quillfeather"),
        (READY, "/source", "/zebedee/quillfeather"),
        (
            "care.joinedup.transfer.retracted.v1",
            "/data/retracts_source",
            "/zebedee/quillfeather",
        ),
        (READY, "/data/transfer", "zebedee-quillfeather"),
    ] {
        let mut sent = event(kind);
        sent["source"] = "/county/east/pas".into();
        *sent.pointer_mut(field).unwrap() = value.into();
        let answer = door.post(&headers, &sent.to_string()).await;
        assert_eq!(answer.status, 422, "{field}: {}", answer.body);
        assert!(answer.body.contains(field), "{field}: {}", answer.body);
        assert!(!answer.body.contains("quillfeather"), "{}", answer.body);
    }
    let mut sent = event(READY);
    sent["source"] = "/county/east/pas".into();
    sent["id"] = "3f2504e0-4f89-41d3-9a0c-ab9434765919/1".into();
    sent["data"]["transfer"] = "t-9f86d081884c7d659a2feaa0c55ad015".into();
    let answer = door.post(&headers, &sent.to_string()).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
}

#[tokio::test]
async fn a_batch_has_a_bound_and_what_is_wrong_with_it_is_told_in_few_words() {
    let door = door(&[], |_| {}).await;
    let headers = [("content-type", BATCH)];
    let batch = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
    let refused = door.post(&headers, &batch(MAX_BATCH)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.len() < 10_000, "{} bytes", refused.body.len());
    let problem = refused.json();
    let listed = problem["errors"].as_array().unwrap().len();
    assert_eq!(listed, MAX_ERRORS);
    let more = problem["more"].as_u64().unwrap();
    assert!(more > MAX_BATCH as u64, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("{more} more")), "{detail}");
    let too_many = door.post(&headers, &batch(MAX_BATCH + 1)).await;
    assert_eq!(too_many.status, 413, "{}", too_many.body);
    let endless = "[".to_owned() + &"1,".repeat(400_000);
    assert_eq!(door.post(&headers, &endless).await.status, 413);
    assert_eq!(door.log.head().await.unwrap().0, 0);
}

#[tokio::test]
async fn silent_clients_keep_nobody_out_and_health_always_answers() {
    let door = door(&[], |config| {
        config.max_connections = 8;
        config.max_streams = 4;
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(door.open().await);
    }
    // They came just now: there is no place yet, but for health.
    assert_eq!(door.get("/livez").await.status, 200);
    let crowded = door.get("/api/v1/areas").await;
    if crowded.status != 200 {
        assert_eq!(crowded.status, 503, "{}", crowded.head);
        assert!(crowded.head.contains("retry-after: "), "{}", crowded.head);
    }
    // Sooner or later one of them gives way: asked again and again, the answer comes.
    let served = async {
        while door.get("/api/v1/areas").await.status != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    let patience = std::time::Duration::from_secs(60);
    tokio::time::timeout(patience, served)
        .await
        .expect("a client that asks is served beside clients that do not");
    // And all of them are closed by the server, by themselves.
    for mut client in silent {
        let mut rest = Vec::new();
        let closed = client.read_to_end(&mut rest);
        let _ = tokio::time::timeout(patience, closed)
            .await
            .expect("a silent client is closed");
    }
}

#[tokio::test]
async fn how_far_the_log_is_is_told_to_nobody_who_may_not_know() {
    let roles = [("reader", Role::Reader), ("operator", Role::Operator)];
    let door = door(&roles, |config| {
        config.proxies = vec![[127, 0, 0, 1].into()];
    })
    .await;
    let ask = async |more: &str| {
        let head = format!("GET /readyz?verbose HTTP/1.1\r\nconnection: close\r\n{more}\r\n");
        let answer = door.raw(head.as_bytes()).await;
        assert_eq!(answer.status, 200, "{}", answer.head);
        answer.body
    };
    let from = |who: &str| {
        let token = secret(who);
        format!("host: x\r\nx-forwarded-for: 192.0.2.7\r\nauthorization: Bearer {token}\r\n")
    };
    for stranger in [
        "host: x\r\nx-forwarded-for: 192.0.2.7\r\n",
        &from("guessed"),
        &from("reader"),
        // A page of another site whose name leads to this machine.
        "host: evil.example\r\n",
    ] {
        assert_eq!(ask(stranger).await, "ready\n", "{stranger}");
    }
    for known in ["host: localhost\r\n", &from("operator")] {
        assert!(ask(known).await.contains("log: head 0"), "{known}");
    }
}

#[tokio::test]
async fn an_event_is_taken_as_the_sdks_send_it() {
    let door = door(&[], |_| {}).await;
    let event = event(READY);
    let text = |name: &str| event[name].as_str().unwrap().to_owned();
    let attributes = |id: &str| {
        [
            ("ce-specversion", "1.0".to_owned()),
            ("ce-type", READY.to_owned()),
            ("ce-source", text("source")),
            ("ce-id", id.to_owned()),
            ("ce-time", text("time")),
        ]
    };
    fn borrowed<'a>(headers: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
        headers.iter().map(|(n, v)| (*n, v.as_str())).collect()
    }
    let data = event["data"].to_string();
    // Binary mode without a content type, which is optional and left out by some.
    let untyped = attributes("sdk-1");
    let answer = door.post(&borrowed(&untyped), &data).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    // The same event in structured mode is the same event: not even its mode is seen in the log.
    let mut structured = event.clone();
    structured["id"] = "sdk-1".into();
    structured.as_object_mut().unwrap().remove("recordedtime");
    let json = [("content-type", STRUCTURED)];
    let answer = door.post(&json, &structured.to_string()).await;
    assert_eq!(answer.json()["duplicates"], 1, "{}", answer.body);
    // Data as bytes.
    let mut bytes = structured.clone();
    let fields = bytes.as_object_mut().unwrap();
    fields.remove("data");
    let coded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &data);
    fields.insert("data_base64".to_owned(), coded.into());
    let answer = door.post(&json, &bytes.to_string()).await;
    assert_eq!(answer.json()["duplicates"], 1, "{}", answer.body);
    // What is not an event in any mode is told how to send one.
    let answer = door.post(&[], &data).await;
    assert_eq!(answer.status, 415, "{}", answer.body);
    assert_eq!(door.log.head().await.unwrap().0, 1);
}
