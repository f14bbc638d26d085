//! England on a real server: the sum of one kind of organisation, with how many reported, and nothing of those that never did.

use joinedup_tests::http;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use serde_json::{Value, json};

fn figure(area: &str, value: u32) -> Value {
    json!({
        "specversion": "1.0",
        "type": "care.joinedup.observation.observed.v1",
        "source": format!("/returns/{area}"),
        "id": format!("{area}-1"),
        "time": "2026-10-01T00:00:00Z",
        "data": {
            "area": area, "series": "ae-emergency-admissions", "period_start": "2026-09-01", "grain": "month",
            "value": value,
        },
    })
}

#[test]
fn england_is_what_one_kind_reported_and_names_nobody_who_did_not() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let read = |path: &str| http::get_ok(&product.url(path)).unwrap().text();
    let sizes =
        |paths: &[&str]| -> Vec<usize> { paths.iter().map(|path| read(path).len()).collect() };
    // Three trusts of one region and one of another; the boards that two of them lie in published the same return.
    let reports = [
        ("RAJ", 400),
        ("RDE", 300),
        ("RC9", 50),
        ("R0A", 200),
        ("QH8", 400),
        ("QJG", 300),
    ];
    let events: Vec<Value> = reports
        .iter()
        .map(|(area, value)| figure(area, *value))
        .collect();
    assert_eq!(product.post(&events).status, 202);
    product.caught_up();
    for (area, sum, silent) in [
        ("E92000001", 950.0, 146),
        ("Y61", 750.0, 11),
        ("Y62", 200.0, 24),
    ] {
        let path = format!("/api/v1/charts/ag-emergency-admissions?area={area}");
        let point = product.json(&path).unwrap()["points"][0].clone();
        assert_eq!(point["value"], sum, "{area}");
        let note = point["note"].as_str().unwrap();
        assert!(
            note.ends_with(&format!("{silent} more never did")),
            "{area}: {note}"
        );
    }
    let everywhere = [
        "/",
        "/leaders",
        "/measures",
        "/sources",
        "/metrics",
        "/metrics/run-charts",
    ];
    for path in everywhere {
        let text = read(path);
        for never in ["Barts Health", "Y63", "South Yorkshire ICB", "Havenshire"] {
            assert!(!text.contains(never), "{never} on {path}");
        }
    }
    assert!(read("/metrics").contains(r#"joinedup_area_info{area="R0A""#));
    // One more that reports adds one place, and not all of its region.
    let before = sizes(&["/", "/metrics"]);
    assert_eq!(product.post(&[figure("R1H", 100)]).status, 202);
    product.caught_up();
    let after = sizes(&["/", "/metrics"]);
    for (before, after) in before.iter().zip(&after) {
        assert!(after - before < before / 2, "{before} to {after} bytes");
    }
}
