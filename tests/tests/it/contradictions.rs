//! Records of a source that cannot all be true: listed for whoever can have them put right, and for nobody exactly who sees
//! no small numbers.

use joinedup_tests::care::event;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::Joinedup;
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
