//! FHIR resources are posted to a running server: what is readable is taken once, however often it comes, the rest is named by
//! its path, and nobody is named.

use crate::line_lists::{files, key};
use joinedup_tests::http;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// What must be found nowhere: numbers of people and stays, names, a birthday.
const CANARIES: [&str; 5] = ["QZ4471", "9990123", "Quillfeather", "1940-02-29", "Zebedee"];

fn stay(made: &str, status: &str, period: Value) -> Value {
    json!({
        "resourceType": "Encounter", "id": "QZ4471e", "status": status,
        "meta": { "lastUpdated": made },
        "identifier": [{ "system": "https://example.nhs.uk/visit", "value": "QZ4471" }],
        "class": { "code": "IMP" },
        "subject": { "reference": "Patient/p1", "display": "Jane Quillfeather" },
        "period": period,
        "hospitalization": { "dischargeDisposition": { "coding": [{ "code": "19" }] } },
    })
}

fn bundle(kind: &str, resources: &[Value]) -> Value {
    let entries: Vec<Value> = resources
        .iter()
        .map(|one| json!({ "fullUrl": format!("urn:uuid:{}", one["id"].as_str().unwrap()), "resource": one }))
        .collect();
    json!({ "resourceType": "Bundle", "type": kind, "timestamp": "2026-11-13T09:00:00Z", "entry": entries })
}

/// A day's work: a stay, a notice about it, a referral with its task, and what cannot be read.
fn day() -> Vec<Value> {
    let begun = json!({ "start": "2026-09-10T08:00:00Z" });
    let patient = json!({
        "resourceType": "Patient", "id": "p1", "birthDate": "1940-02-29",
        "identifier": [{ "value": "9990123456" }], "name": [{ "family": "Quillfeather" }],
    });
    let header = json!({
        "resourceType": "MessageHeader", "id": "h1", "timestamp": "2026-09-12T15:00:00Z",
        "eventCoding": { "system": "http://snomed.info/sct", "code": "975731000000100" },
    });
    let proposed = json!({ "start": "2026-09-10", "end": "2026-09-16" });
    let request = json!({
        "resourceType": "ServiceRequest", "id": "s1", "status": "active", "intent": "order",
        "identifier": [{ "value": "QZ4471-R" }], "code": { "text": "Reablement" },
        "authoredOn": "2026-09-13T08:00:00Z", "note": [{ "text": "Zebedee knows" }],
    });
    let task = json!({
        "resourceType": "Task", "id": "t1", "status": "accepted", "intent": "order",
        "lastModified": "2026-09-13T10:00:00Z", "focus": { "reference": "ServiceRequest/s1" },
    });
    let odd = json!({ "resourceType": "Task", "id": "t2", "status": "accepted", "focus": { "reference": "Zebedee" }, "lastModified": "2026-09-13" });
    vec![
        bundle(
            "collection",
            &[patient, stay("2026-09-10T09:00:00Z", "in-progress", begun)],
        ),
        bundle(
            "message",
            &[
                header,
                stay("2026-09-12T15:00:00Z", "in-progress", proposed),
            ],
        ),
        bundle("transaction", &[request, task, odd]),
        stay(
            "2026-09-17T09:00:00Z",
            "finished",
            json!({ "start": "2026-09-10T08:00:00Z", "end": "2026-09-16" }),
        ),
    ]
}

/// Admitted, notice given, received, accepted, discharged.
const EVENTS: u64 = 5;

/// A server that takes the resources of a ward.
fn ward(folder: &Path) -> Joinedup {
    let key = key(folder);
    let feeds = folder.join("feeds.toml");
    let text = format!(
        "[[feed]]\nname = \"ward\"\nkind = \"http\"\nmapping = \"fhir\"\narea = \"RAJ\"\npseudonym_key_file = {key:?}\n"
    );
    fs::write(&feeds, text).unwrap();
    let flags = ["--feeds", feeds.to_str().unwrap()];
    Joinedup::start(JoinedupOptions::new("serve", &flags))
}

#[test]
fn resources_count_once_over_repeats_and_kills_and_name_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut product = ward(folder.path());
    let post = |product: &Joinedup, body: &str| {
        let url = product.url("/api/v1/feeds/ward");
        let headers = [("content-type", "application/fhir+json")];
        let answer = http::send("POST", &url, &headers, body.as_bytes()).unwrap();
        let kind = answer.header("content-type").unwrap_or_default().to_owned();
        assert_eq!(kind, "application/fhir+json", "{}", answer.text());
        for canary in CANARIES {
            assert!(!answer.text().contains(canary), "{}", answer.text());
        }
        (answer.status, answer.json())
    };
    let stored = |outcome: &Value| {
        let issues = outcome["issue"].as_array().unwrap();
        let sums = issues.last().unwrap()["diagnostics"].as_str().unwrap();
        let facts = sums.split(", ").nth(1).unwrap().split(' ').next().unwrap();
        facts.parse::<u64>().unwrap()
    };
    let send_all = |product: &Joinedup| -> u64 {
        let answers = day()
            .into_iter()
            .map(|sent| post(product, &sent.to_string()));
        let facts = answers.map(|(status, outcome)| {
            assert_eq!(status, 200, "{outcome}");
            stored(&outcome)
        });
        facts.sum()
    };
    assert_eq!(send_all(&product), EVENTS);
    assert_eq!(product.caught_up(), EVENTS);
    let cells = product.cells();
    assert!(
        cells.contains("transfer.discharges") && cells.contains("2026-09-16"),
        "{cells}"
    );
    assert_eq!(send_all(&product), 0, "again");
    product.kill9();
    product.restart();
    assert_eq!(send_all(&product), 0, "again after a kill");
    assert_eq!(product.caught_up(), EVENTS);
    assert_eq!(product.cells(), cells);

    let (_, outcome) = post(&product, &day()[2].to_string());
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    assert_eq!(outcome["issue"][0]["severity"], "warning");
    assert_eq!(
        outcome["issue"][0]["expression"][0],
        "Bundle.entry[2].resource.focus"
    );
    let alone = |made: Value, start: &str| {
        json!({
            "resourceType": "Encounter", "id": "e9", "meta": made, "status": "in-progress",
            "class": { "code": "IMP" }, "period": { "start": start },
        })
        .to_string()
    };
    let at = "2026-09-12T15:00:00Z";
    for (sent, why) in [
        ("<Bundle/>".to_owned(), "XML"),
        ("{\"resourceType\": \"Zebedee\"}".to_owned(), "no Encounter"),
        ("Zebedee".to_owned(), "not JSON"),
        (alone(json!({}), at), "nothing of it could be taken"),
        (
            alone(json!({ "lastUpdated": at }), "Zebedee"),
            "nothing of it could be taken",
        ),
    ] {
        let (status, outcome) = post(&product, &sent);
        assert_eq!(
            (status, &outcome["issue"][0]["severity"]),
            (422, &"error".into())
        );
        let text = outcome["issue"][0]["diagnostics"].as_str().unwrap();
        assert!(text.contains(why), "{text}");
    }

    let state = product.json("/api/v1/feeds").unwrap()["feeds"][0].clone();
    assert_eq!(
        (&state["name"], &state["refused"]),
        (&"ward".into(), &5.into())
    );
    let archive = http::get_ok(&product.url("/api/v1/export/events")).unwrap();
    let mut all: Vec<(String, Vec<u8>)> = files(product.folder())
        .into_iter()
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    all.push(("the archive".to_owned(), archive.text().into_bytes()));
    all.push(("the log".to_owned(), product.log().into_bytes()));
    for (name, bytes) in all {
        for canary in CANARIES {
            let mut parts = bytes.windows(canary.len());
            assert!(
                !parts.any(|part| part == canary.as_bytes()),
                "{canary} in {name}"
            );
        }
    }
    assert_eq!(product.sigterm().code(), Some(0), "{}", product.log());
}

#[test]
fn a_task_that_comes_alone_is_about_the_referral_of_that_id() {
    let folder = tempfile::tempdir().unwrap();
    let mut product = ward(folder.path());
    let request = |number: u8| {
        json!({
            "resourceType": "ServiceRequest", "id": format!("s{number}"), "status": "active",
            "identifier": [{ "value": format!("QZ4471-{number}") }], "code": { "text": "Reablement" },
            "meta": { "lastUpdated": "2026-09-13T08:00:00Z" }, "authoredOn": "2026-09-13T08:00:00Z",
        })
    };
    let task = |number: u8| {
        json!({
            "resourceType": "Task", "id": "t1", "status": "completed",
            "lastModified": "2026-09-14T10:00:00Z", "focus": { "reference": format!("ServiceRequest/s{number}") },
        })
    };
    // The second task comes before what it is about.
    for sent in [request(1), task(1), task(2), request(2)] {
        product.kill9();
        product.restart();
        let url = product.url("/api/v1/feeds/ward");
        let answer = http::send("POST", &url, &[], sent.to_string().as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        product.caught_up();
    }
    let archive = http::get_ok(&product.url("/api/v1/export/events"))
        .unwrap()
        .text();
    let mut referrals: Vec<(String, &str)> = Vec::new();
    for line in archive.lines() {
        for fact in ["received", "closed"] {
            if line.contains(&format!("care.joinedup.referral.{fact}.v1")) {
                let event = line.split("\"referral\":\"").nth(1);
                let entity = event
                    .or_else(|| line.split("\"referral\": \"").nth(1))
                    .unwrap();
                referrals.push((entity.split('"').next().unwrap().to_owned(), fact));
            }
        }
    }
    referrals.sort();
    assert_eq!(referrals.len(), 4, "{archive}");
    for pair in referrals.chunks(2) {
        assert_eq!(pair[0].0, pair[1].0, "{archive}");
        assert_eq!((pair[0].1, pair[1].1), ("closed", "received"));
    }
    for canary in CANARIES {
        let names = fs::read_to_string(product.folder().join("data/feeds/ward.names")).unwrap();
        assert!(!names.contains(canary) && !archive.contains(canary));
    }
}
