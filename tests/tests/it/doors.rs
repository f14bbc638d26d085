//! Malformed, hostile and merely odd events at every door: HTTP, imported files and NATS. Each is taken or refused by
//! the table that the events' own tests hold to, and nothing else stops.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use joinedup_tests::care::stay;
use joinedup_tests::http;
use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::nats_client::NatsClient;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use serde_json::{Value, json};

const TABLE: &str = include_str!("../../../events/model/tests/data/poison.json");

/// The instant that the table's verdicts are of; what was in the future then may be past now.
const FUTURE_WHEN_WRITTEN: [&str; 2] = ["2026-06", "2026-10-25"];

struct Row {
    name: String,
    bytes: Vec<u8>,
    accepted: bool,
    field: String,
    /// The field that the catalogue refuses, which the events alone know nothing of.
    by_catalogue: Option<String>,
}

fn table() -> Vec<Row> {
    let rows: Vec<Value> = serde_json::from_str(TABLE).unwrap();
    let rows: Vec<Row> = rows.iter().map(row).collect();
    assert!(rows.len() > 300 && rows.iter().filter(|r| r.accepted).count() > 100);
    rows
}

fn row(row: &Value) -> Row {
    let mut bytes = match (row["text"].as_str(), row["base64"].as_str()) {
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(coded)) => data_encoding::BASE64.decode(coded.as_bytes()).unwrap(),
        _ => panic!("{row}: one of text and base64"),
    };
    if let (Some(fill), Some(to)) = (row["repeat"].as_str(), row["to"].as_u64()) {
        bytes.resize(usize::try_from(to).unwrap(), fill.as_bytes()[0]);
    }
    Row {
        name: row["name"].as_str().unwrap().to_owned(),
        bytes,
        accepted: row["verdict"] == "accepted",
        field: row["field"].as_str().unwrap_or_default().to_owned(),
        by_catalogue: row["catalogue"].as_str().map(ToOwned::to_owned),
    }
}

/// Whether a row was refused only because its time had not come yet when the table was written.
fn was_future(row: &Row) -> bool {
    !row.accepted
        && FUTURE_WHEN_WRITTEN
            .iter()
            .any(|month| row.name.contains(month))
}

fn good() -> Vec<Value> {
    stay(
        "t-good",
        "hv-north-2",
        "2026-09-01",
        "2026-09-07",
        "2026-09-10",
    )
}

fn nights(product: &Joinedup) -> Value {
    let path = "/api/v1/charts/tr-delayed-nights?area=hv-north-2&period=week&from=2026-09-07&to=2026-09-13";
    product.json(path).unwrap()["points"][0]["value"].clone()
}

#[test]
fn every_row_posted_over_http_is_taken_or_refused_with_its_field_named() {
    let mut product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let url = product.url("/api/v1/events");
    let (mut wrong, mut taken) = (Vec::new(), 0);
    for mut row in table().into_iter().filter(|row| !was_future(row)) {
        if let Some(field) = row.by_catalogue.take() {
            (row.accepted, row.field) = (false, field);
        }
        let headers = [("content-type", "application/cloudevents+json")];
        let answer = http::send("POST", &url, &headers, &row.bytes).unwrap();
        let right = if row.accepted {
            taken += 1;
            answer.status == 202
        } else {
            let problem = answer.header("content-type") == Some("application/problem+json");
            let body = answer.json();
            let named = body["errors"].as_array().is_some_and(|errors| {
                errors.iter().any(|error| {
                    error["pointer"] == row.field.as_str()
                        && error["detail"].as_str().is_some_and(|d| d.contains(' '))
                })
            });
            let sentence = body["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(' '));
            (400..500).contains(&answer.status)
                && problem
                && sentence
                && (named || answer.status == 413)
        };
        if !right {
            wrong.push(format!(
                "{}: wanted {} {}, got {} {}",
                row.name,
                row.accepted,
                row.field,
                answer.status,
                answer.text()
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(taken > 100);
    assert!(product.process().ended().is_none());
    assert_eq!(product.post(&good()).status, 202);
    product.caught_up();
    assert_eq!(nights(&product), json!(3.0));
    let log = product.log();
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn every_row_in_an_imported_file_is_taken_or_refused_by_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (
        folder.path().join("rows.ndjson"),
        folder.path().join("data"),
    );
    // A row that holds the end of a line is not a line, and in a file neither white space around an event nor the byte
    // order mark is part of it.
    let is_line = |row: &&Row| {
        let ends = row.bytes.contains(&b'\n') || row.bytes.contains(&b'\r');
        let around = row.bytes.trim_ascii().len() < row.bytes.len() || row.bytes.is_empty();
        !ends && !around && !row.bytes.starts_with(b"\xEF\xBB\xBF") && !was_future(row)
    };
    let rows = table();
    let rows: Vec<&Row> = rows.iter().filter(is_line).collect();
    assert!(rows.len() > 300);
    let mut bytes = Vec::new();
    for row in &rows {
        bytes.extend(&row.bytes);
        bytes.push(b'\n');
    }
    std::fs::write(&file, bytes).unwrap();
    let arguments = [
        "import",
        "--tell",
        "10000",
        "--data",
        data.to_str().unwrap(),
        file.to_str().unwrap(),
    ];
    let run = product::run(arguments);
    assert_eq!(run.code, Some(1), "{} {}", run.stdout, run.stderr);
    let told = |line: usize| {
        run.stderr.contains(&format!("rows.ndjson:{line}:"))
            || run.stderr.contains(&format!("rows.ndjson:{line} "))
    };
    let wrong: Vec<&str> = rows
        .iter()
        .enumerate()
        .filter(|(index, row)| told(index + 1) == (row.accepted && row.by_catalogue.is_none()))
        .map(|(_, row)| row.name.as_str())
        .collect();
    assert!(
        wrong.is_empty(),
        "{wrong:?}\n{}",
        run.stderr.lines().take(5).collect::<Vec<_>>().join("\n")
    );
    let accepted = rows.iter().filter(|row| row.accepted).count();
    assert!(
        run.stdout.contains(&format!("sent {accepted} events")),
        "{}",
        run.stdout
    );
}

#[test]
fn every_row_straight_into_nats_is_folded_or_set_aside_and_the_projector_goes_on() {
    let nats = NatsServer::start(NatsOptions::durable());
    let product = Joinedup::start(JoinedupOptions::on_nats("serve", &nats, &[]));
    let mut client = NatsClient::connect(&nats.address());
    let rows = table();
    let mut stored = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let id = index.to_string();
        let headers = [("Nats-Msg-Id", id.as_str())];
        let answer = client
            .request("joinedup.transfer.hv-north-2.00", &headers, &row.bytes)
            .unwrap();
        let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
        match answer["seq"].as_u64().filter(|seq| *seq > 0) {
            Some(position) => stored.push((position, row)),
            // The stream itself takes nothing larger than an event may be.
            None => assert!(row.bytes.len() > 64 << 10, "{}: {answer}", row.name),
        }
    }
    assert_eq!(product.post(&good()).status, 202);
    assert_eq!(product.caught_up(), stored.len() as u64 + 3);
    assert_eq!(nights(&product), json!(3.0));
    let quarantine = product.json("/api/v1/quarantine").unwrap();
    let set_aside: Vec<u64> = quarantine["quarantine"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["position"].as_u64().unwrap())
        .collect();
    assert_eq!(quarantine["count"], json!(set_aside.len()));
    for (position, row) in &stored {
        if row.accepted {
            assert!(!set_aside.contains(position), "{} was set aside", row.name);
        }
        if row.name.starts_with("truncated") {
            assert!(set_aside.contains(position), "{} was folded", row.name);
        }
    }
    let metrics = product
        .metrics()
        .unwrap_or_else(|e| panic!("{e}\n{}", product.log()));
    let counted = metrics.value("joinedup_projector_quarantined_events", &[]);
    assert_eq!(counted, Ok(set_aside.len() as f64));
    let folded = metrics.value("joinedup_events_folded_total", &[]);
    assert_eq!(folded, Ok((stored.len() + 3 - set_aside.len()) as f64));
    assert_eq!(
        metrics.value("joinedup_projector_state", &[("state", "live")]),
        Ok(1.0)
    );
    assert!(!product.log().contains("panicked"));
}

#[test]
fn what_is_no_request_of_ours_is_refused_in_a_sentence() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let url = product.url("/api/v1/events");
    let problem = |what: &str, answer: http::Response, status: u16| {
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{what}"
        );
        let detail = answer.json()["detail"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(detail.contains(' '), "{what}: {detail:?}");
    };
    let send = |method: &str, path: &str, kind: &str, body: &[u8]| {
        http::send(method, &product.url(path), &[("content-type", kind)], body).unwrap()
    };
    // The answer comes before the body is read, so it is asked for without sending one.
    let mut large = TcpStream::connect(product.url("").replace("http://", "")).unwrap();
    large
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let head = "POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/cloudevents+json\r\n\
                content-length: 5242880\r\n\r\n";
    large.write_all(head.as_bytes()).unwrap();
    let mut first = [0; 12];
    large.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 413");
    problem(
        "another type",
        send("POST", "/api/v1/events", "text/csv", b"a,b\n"),
        415,
    );
    problem(
        "no JSON",
        send(
            "POST",
            "/api/v1/events",
            "application/cloudevents-batch+json",
            b"[{",
        ),
        400,
    );
    problem(
        "nothing there",
        send("GET", "/api/v1/nothing", "", b""),
        404,
    );
    problem(
        "no such measure",
        send("GET", "/api/v1/charts/nothing?area=havenshire", "", b""),
        404,
    );
    problem(
        "no such area",
        send("GET", "/api/v1/charts/tr-ready-now?area=nowhere", "", b""),
        404,
    );
    problem(
        "no such date",
        send(
            "GET",
            "/api/v1/charts/tr-ready-now?area=havenshire&from=soon",
            "",
            b"",
        ),
        400,
    );
    problem(
        "a value that no delay can have",
        send(
            "GET",
            "/api/v1/charts/tr-delay-days-median?area=havenshire&responsible=nsh",
            "",
            b"",
        ),
        400,
    );
    problem(
        "ends before it begins",
        send(
            "GET",
            "/api/v1/charts/tr-ready-now?from=2026-02-01&to=2026-01-01",
            "",
            b"",
        ),
        400,
    );
    let header = [
        ("content-type", "application/cloudevents+json"),
        ("if-match", "yesterday"),
    ];
    let event = good()[0].to_string();
    problem(
        "no version",
        http::send("POST", &url, &header, event.as_bytes()).unwrap(),
        400,
    );
    let header = [
        ("content-type", "application/cloudevents+json"),
        ("idempotency-key", ""),
    ];
    problem(
        "no key",
        http::send("POST", &url, &header, event.as_bytes()).unwrap(),
        400,
    );
    assert_eq!(product.caught_up(), 0);
}

#[test]
fn a_client_that_never_finishes_its_headers_is_cut_off_and_others_are_served() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let address = product.url("").replace("http://", "");
    let mut slow = TcpStream::connect(&address).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
        .unwrap();
    assert_eq!(http::get_ok(&product.url("/livez")).unwrap().status, 200);
    // Cut means: the end of the connection is read, perhaps after an answer of status 408. Hanging fails the test.
    slow.set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut said = Vec::new();
    slow.read_to_end(&mut said).unwrap();
    assert!(!String::from_utf8_lossy(&said).contains(" 200 "));
    eventually("others are served", || {
        http::get_ok(&product.url("/readyz"))
    });
}

#[test]
fn a_page_of_another_site_makes_no_browser_write_or_read_here() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let change =
        br#"{"change":"c-1","area":"havenshire","action":"plan","title":"A change","version":0}"#;
    for path in ["/api/v1/changes", "/api/v1/assessments", "/api/v1/rebuild"] {
        let url = product.url(path);
        let json = ("content-type", "application/json");
        for foreign in [
            ("origin", "https://attacker.example"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let answer = http::send("POST", &url, &[json, foreign], change).unwrap();
            assert_eq!(answer.status, 403, "{path} {foreign:?}: {}", answer.text());
        }
        let form = [("content-type", "text/plain")];
        let answer = http::send("POST", &url, &form, change).unwrap();
        assert_eq!(answer.status, 415, "{path}: {}", answer.text());
    }
    // A name of somebody else's that leads to this machine reads nobody.
    let address = product.url("");
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    let request =
        "GET /api/v1/waiting HTTP/1.1\r\nhost: attacker.example\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
}
