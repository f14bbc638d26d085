//! No identifier of a person leaves the events, whichever field, header or address it was pushed into; and nobody sees
//! or does what the role of their token does not allow.

use joinedup_tests::care::{county, stay};
use joinedup_tests::http::{self, query_string};
use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::nats_client::NatsClient;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::Run;
use serde_json::{Value, json};

/// NHS numbers of the range that is never given to anybody, with the right last digit.
fn nhs_numbers(count: usize) -> Vec<String> {
    let with_check = |number: u32| {
        let digits = format!("{number:09}");
        let sum: u32 = digits
            .bytes()
            .zip((2..=10).rev())
            .map(|(digit, weight)| u32::from(digit - b'0') * weight)
            .sum();
        match 11 - sum % 11 {
            11 => Some(format!("{digits}0")),
            10 => None,
            check => Some(format!("{digits}{check}")),
        }
    };
    (999_012_300..).filter_map(with_check).take(count).collect()
}

/// What must be found nowhere.
fn canaries() -> Vec<String> {
    let mut canaries = nhs_numbers(10);
    let spaced: Vec<String> = canaries
        .iter()
        .map(|n| format!("{} {} {}", &n[..3], &n[3..6], &n[6..]))
        .collect();
    canaries.extend(spaced);
    canaries.extend(
        [
            "Zebedee Quillfeather",
            "CM99 9ZZ",
            "zebedee@quill.example",
            "07700 900123",
        ]
        .map(str::to_owned),
    );
    canaries
}

/// An event with a text in one of its places.
fn with(at: &str, text: &str) -> Value {
    let mut event = stay(
        "t-canary",
        "hv-north-2",
        "2026-09-01",
        "2026-09-07",
        "2026-09-10",
    )
    .remove(1);
    match at.split_once('/') {
        Some((outer, inner)) => event[outer][inner] = json!(text),
        None => event[at] = json!(text),
    }
    event
}

#[test]
fn a_canary_pushed_into_every_field_header_and_address_is_found_nowhere() {
    let nats = NatsServer::start(NatsOptions::durable());
    let product = Joinedup::start(JoinedupOptions::on_nats("serve", &nats, &[]));
    let load = product.folder().join("load.ndjson");
    std::fs::write(&load, county(1, 0.1).join("\n") + "\n").unwrap();
    let url = product.url("");
    product::run(["import", "--url", &url, &load.display().to_string()]).succeeded();

    let mut answers = String::new();
    let mut heard = |what: &str, answer: Result<http::Response, String>| {
        // A request that HTTP itself does not allow is none.
        if let Ok(answer) = answer {
            assert!(
                answer.status < 500,
                "{what}: {} {}",
                answer.status,
                answer.text()
            );
            answers.push_str(&format!("{what}: {:?} {}\n", answer.headers, answer.text()));
        }
    };
    let mut bad_lines = String::new();
    for (index, canary) in canaries().iter().enumerate() {
        for place in [
            "id",
            "source",
            "type",
            "time",
            "subject",
            "nhs_number",
            "data/transfer",
            "data/area",
            "data/date",
            "data/note",
            "data/name",
        ] {
            let event = with(place, canary);
            let answer = product.post(std::slice::from_ref(&event));
            // A number is always refused; a name that looks like an id is taken, and still has to stay inside.
            let number = canary.starts_with("999");
            assert!(
                !number || (400..500).contains(&answer.status),
                "{place}: {}",
                answer.text()
            );
            if answer.status != 202 {
                heard(&format!("{index} in {place}"), Ok(answer));
                bad_lines.push_str(&format!("{event}\n"));
            }
        }
        let typed = [
            ("content-type", "application/cloudevents+json"),
            ("x-patient", canary.as_str()),
            ("user-agent", canary),
        ];
        let body = format!("{{\"specversion\":\"{canary}\",\"id\": {canary}");
        heard(
            "a body",
            http::send(
                "POST",
                &product.url("/api/v1/events"),
                &typed,
                body.as_bytes(),
            ),
        );
        let typed = [
            ("content-type", canary.as_str()),
            ("idempotency-key", canary),
            ("if-match", canary),
            ("referer", canary),
        ];
        heard(
            "headers",
            http::send("POST", &product.url("/api/v1/events"), &typed, b"{}"),
        );
        let encoded = query_string([("", canary.as_str())])
            .trim_start_matches('=')
            .to_owned();
        for path in [
            "/",
            "/api/v1/",
            "/api/v1/charts/",
            "/api/v1/measures/",
            "/api/v1/entities/transfer/",
            "/api/v1/events/",
            "/measures/",
            "/metrics/",
        ] {
            heard(path, http::get(&product.url(&format!("{path}{encoded}"))));
        }
        for name in ["area", "period", "from", "as_known_at", "chart", "reason"] {
            let query = query_string([(name, canary.as_str())]);
            heard(
                name,
                http::get(&product.url(&format!("/api/v1/charts/tr-ready-now?{query}"))),
            );
        }
    }
    let bad = product.folder().join("bad.ndjson");
    std::fs::write(&bad, bad_lines).unwrap();
    let import = product::run(["import", "--url", &url, &bad.display().to_string()]);
    product.caught_up();

    let mut client = NatsClient::connect(&nats.address());
    let subjects = client
        .jetstream("STREAM.INFO.JOINEDUP", &json!({ "subjects_filter": ">" }))
        .unwrap();
    assert!(
        subjects["state"]["subjects"].as_object().unwrap().len() > 10,
        "{subjects}"
    );
    let page = |path: &str| http::get(&product.url(path)).unwrap().text();
    let places = [
        ("/metrics", page("/metrics")),
        ("/metrics/run-charts", page("/metrics/run-charts")),
        ("the page", page("/")),
        (
            "a chart's page",
            page("/measures/tr-ready-now?area=hv-north-2"),
        ),
        ("the sources", page("/sources")),
        ("the log", product.log()),
        ("what the import said", import.stdout + &import.stderr),
        ("NATS subjects", subjects.to_string()),
        (
            "NATS connections",
            nats.monitor("connz?subs=true").to_string(),
        ),
        ("the log of NATS", nats.log()),
        ("answers", answers),
    ];
    let mut found = Vec::new();
    for (place, text) in &places {
        assert!(
            text.len() > 20 || *place == "the log of NATS",
            "{place} is empty"
        );
        for canary in canaries() {
            if let Some(at) = text.find(&canary) {
                let from = text[..at].rfind('\n').map_or(0, |end| end + 1);
                found.push(format!(
                    "{place}: {}",
                    text[from..]
                        .lines()
                        .next()
                        .unwrap_or_default()
                        .chars()
                        .take(200)
                        .collect::<String>()
                ));
            }
        }
    }
    found.sort();
    found.dedup();
    assert!(
        found.is_empty(),
        "{} hits:\n{}",
        found.len(),
        found.into_iter().take(30).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn without_tokens_only_loopback_is_listened_on() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["serve", "demo"] {
        let run = Run::of(
            product::command([command, "--listen", "0.0.0.0:0", "--data", "data"])
                .current_dir(folder.path()),
        );
        assert_eq!(run.code, Some(2), "{command}: {run:?}");
        assert!(run.stderr.contains("token"), "{command}: {}", run.stderr);
        assert!(
            !run.stdout.contains("joinedup is at"),
            "{command} had bound its port"
        );
        assert!(
            !folder.path().join("data").exists(),
            "{command} had opened its files"
        );
    }
}

const ROLES: [&str; 5] = ["publisher", "reader", "operator", "assessor", "admin"];

/// Every address with the role that it needs; none: any token will do.
const ROUTES: [(&str, &str, Option<&str>); 25] = [
    ("GET", "/data/add", Some("publisher")),
    ("GET", "/api/v1/measures", Some("reader")),
    ("GET", "/api/v1/measures/tr-ready-now", Some("reader")),
    ("GET", "/api/v1/areas", Some("reader")),
    ("GET", "/api/v1/charts/tr-ready-now", Some("reader")),
    ("GET", "/api/v1/charts/tr-ready-now.csv", Some("reader")),
    ("GET", "/api/v1/charts/tr-ready-now.svg", Some("reader")),
    ("GET", "/api/v1/charts/tr-ready-now.png", Some("reader")),
    ("GET", "/api/v1/outcomes", Some("reader")),
    ("GET", "/metrics", Some("reader")),
    ("GET", "/metrics/run-charts", Some("reader")),
    ("GET", "/api/v1/waiting", Some("operator")),
    (
        "GET",
        "/api/v1/charts/tr-ready-now/trace?from=2026-09-07",
        Some("operator"),
    ),
    ("GET", "/api/v1/entities/transfer/t-1", Some("operator")),
    ("GET", "/api/v1/events/1", Some("operator")),
    ("GET", "/api/v1/feeds", Some("operator")),
    ("GET", "/api/v1/quarantine", Some("admin")),
    ("GET", "/", Some("reader")),
    ("GET", "/measures/tr-ready-now", Some("reader")),
    ("GET", "/quarantine", Some("admin")),
    ("GET", "/api/v1/export/cells", Some("admin")),
    ("GET", "/api/v1/export/events", Some("admin")),
    ("POST", "/api/v1/rebuild", Some("admin")),
    ("GET", "/api/v1/openapi.json", None),
    ("GET", "/api/v1/nothing", None),
];

#[test]
fn every_role_may_do_what_it_may_and_nothing_else() {
    let token = |role: &str| format!("{role}-0123456789abcdef0123456789abcdef");
    let mut options = JoinedupOptions::new("serve", &[]);
    let mut settings = String::new();
    for role in ROLES {
        options = options.file(role, &token(role));
        settings.push_str(&format!(
            "[[tokens]]\nname = \"the {role}\"\nfile = \"{role}\"\nroles = [\"{role}\"]\n"
        ));
    }
    let product = Joinedup::start(options.file("joinedup.toml", &settings));
    let ask = |method: &str, path: &str, token: Option<&str>, body: Option<&Value>| {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers: Vec<(&str, &str)> = bearer
            .iter()
            .map(|b| ("authorization", b.as_str()))
            .collect();
        if body.is_some() {
            headers.push(("content-type", "application/cloudevents+json"));
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        http::send(method, &product.url(path), &headers, body.as_bytes()).unwrap()
    };
    let mut wrong = Vec::new();
    let mut check = |what: String, answer: &http::Response, allowed: bool| {
        let right = if allowed {
            !matches!(answer.status, 401 | 403) && answer.status < 500
        } else {
            answer.status == 403
        };
        if !right {
            wrong.push(format!(
                "{what}: {} where {allowed} was wanted",
                answer.status
            ));
        }
    };
    let stays = stay(
        "t-1",
        "hv-north-2",
        "2026-09-01",
        "2026-09-07",
        "2026-09-10",
    );
    // The page of who is waiting is a page, for readers, of what operators see.
    let answer = ask("GET", "/board", Some(&token("reader")), None);
    check("reader GET /board".to_owned(), &answer, false);
    let answer = ask("GET", "/board", Some(&token("admin")), None);
    check("admin GET /board".to_owned(), &answer, true);
    for role in ROLES {
        for (method, path, needs) in ROUTES {
            // Who works on something may read what it is about.
            let reads = matches!(role, "operator" | "assessor");
            let allowed = needs.is_none_or(|needs| {
                needs == role || role == "admin" || (needs == "reader" && reads)
            });
            let answer = ask(method, path, Some(&token(role)), None);
            check(format!("{role} {method} {path}"), &answer, allowed);
        }
        let answer = ask(
            "POST",
            "/api/v1/events",
            Some(&token(role)),
            Some(&stays[0]),
        );
        check(
            format!("{role} publishes"),
            &answer,
            matches!(role, "publisher" | "admin"),
        );
    }
    for (method, path, _) in ROUTES {
        for token in [
            None,
            Some("nobody-0123456789abcdef0123456789abcdef"),
            Some(""),
        ] {
            let answer = ask(method, path, token, None);
            if answer.status != 401 && path != "/api/v1/nothing" {
                wrong.push(format!("a stranger {method} {path}: {}", answer.status));
            }
        }
    }
    assert_eq!(
        ask("POST", "/api/v1/events", None, Some(&stays[0])).status,
        401
    );
    for open in ["/livez", "/readyz"] {
        assert_eq!(
            ask("GET", open, None, None).status,
            200,
            "{open} needs no token"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for role in ROLES {
        assert!(
            !product.log().contains(&token(role)),
            "the token of the {role} is in the log"
        );
    }
}
