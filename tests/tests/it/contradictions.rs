//! Records of a source that cannot all be true: listed for whoever can have them put right, and for nobody exactly who sees
//! no small numbers.

use joinedup_tests::care::event;
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, run};
use joinedup_tests::tokens::{ask, token, with_tokens};
use serde_json::{Value, json};

const NAMES: [&str; 4] = ["admin", "reader", "north", "feed"];
const SETTINGS: &str = r#"
[[tokens]]
name = "admin"
file = "admin"
roles = ["admin"]

[[tokens]]
name = "reader"
file = "reader"
roles = ["reader"]

[[tokens]]
name = "north"
file = "north"
roles = ["reader", "operator"]
areas = ["havenshire-north"]

[[tokens]]
name = "feed"
file = "feed"
roles = ["publisher"]
"#;

fn product() -> Joinedup {
    Joinedup::start(with_tokens(SETTINGS, &NAMES))
}

fn get(product: &Joinedup, name: &str, path: &str) -> String {
    let answer = ask(product, &token(name), "GET", path, &Value::Null);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

/// Source, kind and count of everything that is listed.
fn listed(product: &Joinedup, name: &str) -> Vec<Value> {
    let text = get(product, name, "/api/v1/contradictions");
    let answer: Value = serde_json::from_str(&text).unwrap();
    let rows = answer["contradictions"].as_array().unwrap();
    rows.iter()
        .map(|row| json!([row["source"], row["kind"], row["count"]]))
        .collect()
}

fn publish(product: &Joinedup, events: &[Value]) {
    let sent = ask(
        product,
        &token("feed"),
        "POST",
        "/api/v1/events",
        &json!(events),
    );
    assert_eq!(sent.status, 202, "{}", sent.text());
}

#[test]
fn contradictions_are_listed_by_source_until_they_are_resolved() {
    let product = product();
    let of = |id: &str, name: &str, time: &str, entity: &str, area: &str, more: Value| {
        let mut data = json!({ "transfer": entity, "area": area });
        data.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let source = if area == "hv-north-2" {
            "/havenshire/pas"
        } else {
            "/havenshire/hub"
        };
        let mut event = event(&format!("transfer.{name}.v1"), id, time, data);
        event["source"] = json!(source);
        event
    };
    publish(
        &product,
        &[
            of(
                "1",
                "admitted",
                "2026-09-05T10:00:00Z",
                "t-1",
                "hv-north-2",
                json!({ "method": "emergency" }),
            ),
            of(
                "2",
                "discharged",
                "2026-09-01T10:00:00Z",
                "t-1",
                "hv-north-2",
                json!({ "method": "agreed" }),
            ),
            of(
                "3",
                "discharge-reversed",
                "2026-09-01T10:00:00Z",
                "t-2",
                "hv-west-1",
                json!({}),
            ),
            of(
                "4",
                "retracted",
                "2026-09-01T10:00:00Z",
                "t-2",
                "hv-west-1",
                json!({ "retracts": "5" }),
            ),
        ],
    );
    let north = json!(["/havenshire/pas", "discharged-before-admission", 1]);
    let reversal = json!(["/havenshire/hub", "reversal-of-nothing", 1]);
    let retraction = json!(["/havenshire/hub", "retraction-of-nothing", 1]);
    eventually("what contradicts itself is listed", || {
        let rows = listed(&product, "admin");
        let all = [reversal.clone(), retraction.clone(), north.clone()];
        if rows == all { Ok(()) } else { Err(rows) }
    });
    assert_eq!(
        listed(&product, "north"),
        std::slice::from_ref(&north),
        "its own area alone"
    );
    assert_eq!(
        listed(&product, "reader"),
        Vec::<Value>::new(),
        "nothing small, nothing of today"
    );
    let metric =
        r#"joinedup_contradictions{source="/havenshire/pas",kind="discharged-before-admission"} 1"#;
    assert!(get(&product, "admin", "/metrics").contains(metric));
    assert!(!get(&product, "reader", "/metrics").contains("joinedup_contradictions{"));
    assert!(get(&product, "admin", "/sources").contains("Discharged before being admitted"));
    assert!(!get(&product, "reader", "/sources").contains("Discharged before being admitted"));

    // Whoever asks for what everybody sees is shown that, on pages as well: the audit log has no line of it.
    for path in ["/sources", "/metrics", "/api/v1/contradictions"] {
        let public = get(&product, "admin", &format!("{path}?audience=public"));
        assert!(!public.contains("discharged-before-admission"), "{path}");
        assert!(
            !public.contains("Discharged before being admitted"),
            "{path}"
        );
    }

    // What is meant arrives late: the retraction was of something after all.
    publish(
        &product,
        &[of(
            "5",
            "discharged",
            "2026-09-01T09:00:00Z",
            "t-2",
            "hv-west-1",
            json!({ "method": "agreed" }),
        )],
    );
    eventually("the retraction is no longer listed", || {
        let rows = listed(&product, "admin");
        if rows == [reversal.clone(), north.clone()] {
            Ok(())
        } else {
            Err(rows)
        }
    });
    let rebuilt = ask(
        &product,
        &token("admin"),
        "POST",
        "/api/v1/rebuild",
        &json!({}),
    );
    assert_eq!(rebuilt.status, 200, "{}", rebuilt.text());
    assert_eq!(
        listed(&product, "admin"),
        [reversal, north],
        "the log alone decides"
    );
}

#[test]
fn the_sender_is_warned_of_contradictions_at_once() {
    let product = product();
    let of = |name: &str, id: &str, day: &str, entity: &str, more: Value| {
        let mut data = json!({ "transfer": entity, "area": "hv-north-2" });
        let more = more.as_object().unwrap().clone();
        data.as_object_mut().unwrap().extend(more);
        let time = format!("2026-09-{day}T10:00:00Z");
        event(&format!("transfer.{name}.v1"), id, &time, data)
    };
    let send = |prefer: &str, events: &[Value]| -> Value {
        let bearer = format!("Bearer {}", token("feed"));
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/cloudevents-batch+json"),
            ("prefer", prefer),
        ];
        let body = json!(events).to_string();
        let url = product.url("/api/v1/events");
        let answer = http::send("POST", &url, &headers, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 202, "{}", answer.text());
        serde_json::from_str(&answer.text()).unwrap()
    };
    let admitted = of(
        "admitted",
        "1",
        "05",
        "t-9",
        json!({ "method": "emergency" }),
    );
    let answer = send("", &[admitted]);
    assert_eq!(answer.get("warnings"), None, "{answer}");
    eventually("the admission is folded", || {
        let text = get(&product, "admin", "/api/v1/entities/transfer/t-9");
        text.contains("admitted").then_some(()).ok_or(text)
    });
    // The one that is refused keeps its place in the count.
    let events = [
        of("sung", "2", "04", "t-9", json!({})),
        of(
            "discharged",
            "3",
            "01",
            "t-9",
            json!({ "method": "agreed" }),
        ),
        of("discharge-reversed", "4", "01", "t-8", json!({})),
        of("retracted", "5", "02", "t-7", json!({ "retracts": "none" })),
    ];
    let answer = send("handling=lenient", &events);
    assert_eq!(
        (&answer["accepted"], &answer["refused"]),
        (&json!(3), &json!(1)),
        "{answer}"
    );
    let warnings = answer["warnings"].as_array().unwrap();
    let said: Vec<Value> = warnings
        .iter()
        .map(|w| json!([w["index"], w["kind"]]))
        .collect();
    let expected = [
        json!([1, "discharged-before-admission"]),
        json!([2, "reversal-of-nothing"]),
        json!([3, "retraction-of-nothing"]),
    ];
    assert_eq!(said, expected, "{answer}");
    assert_eq!(answer["contradicting"], 3, "{answer}");
    assert_eq!(warnings[0]["detail"], "Discharged before being admitted");
    assert!(!answer["warnings"].to_string().contains("t-9"));

    // Whoever imports a file is told as well.
    let file = |name: &str| product.folder().join(name).to_string_lossy().into_owned();
    let lines = ["6", "7"].map(|id| {
        let entity = format!("t-{id}");
        let reversed = of("discharge-reversed", id, "03", &entity, json!({}));
        format!("{reversed}\n")
    });
    std::fs::write(file("events.ndjson"), lines.concat()).unwrap();
    let (url, token_file, lines) = (product.url(""), file("feed"), file("events.ndjson"));
    let import = ["import", "--url", &url, "--token-file", &token_file, &lines];
    let import = run(import);
    let said = import.succeeded();
    assert!(
        said.contains("; 2 facts contradict others or what is known: see the page Sources"),
        "{said}"
    );
}
