//! What a source says of itself: from which day on it reports, and up to when, and who may say so.

use std::fs;

use joinedup_tests::care::event;
use joinedup_tests::http;
use joinedup_tests::tokens::{ask, token};
use serde_json::json;

use super::feeds_hl7::{Hospital, adt, began};
use super::own_areas;

#[test]
fn a_feed_that_reported_before_anybody_asked_and_one_whose_day_is_set_do_not_begin_today() {
    let hospital = Hospital::new();
    let mut product = hospital.joinedup();
    let before = br#"{"specversion": "1.0", "type": "care.joinedup.transfer.admitted.v1", "source": "/feeds/pas", "id": "1",
        "time": "2026-08-01T09:00:00Z", "data": {"transfer": "pas-1", "area": "RAJ", "method": "emergency"}}"#;
    let json = [("content-type", "application/cloudevents+json")];
    let answer = http::send("POST", &product.url("/api/v1/events"), &json, before).unwrap();
    assert!(answer.status < 300, "{}", answer.text());
    hospital.is_taken(adt("A01", "20260901090000", 1, "", "", ""));
    assert_eq!(product.caught_up(), 2);
    let feeds = hospital.at("feeds.toml");
    let text = fs::read_to_string(&feeds).unwrap();
    fs::write(&feeds, text + "begins = \"2026-07-01\"\n").unwrap();
    for stay in [2, 3] {
        product.kill9();
        product.restart();
        hospital.is_taken(adt("A01", "20260901090000", stay, "", "", ""));
    }
    assert_eq!(product.caught_up(), 5);
    let archive = http::get_ok(&product.url("/api/v1/export/events")).unwrap();
    assert_eq!(began(&archive.text()), ["2026-07-01"]);
}

#[test]
fn nobody_bound_to_areas_says_of_a_source_that_reports_elsewhere_up_to_when_it_has() {
    let product = own_areas::start();
    own_areas::send_waiting(&product);
    product.caught_up();
    let post = |name: &str, id: &str, source: &str| {
        let data = json!({ "change": "source/pas", "area": "hv-north-2" });
        let mut event = event(
            "change.source-reported.v1",
            id,
            "2026-09-12T06:00:00Z",
            data,
        );
        event["source"] = source.into();
        let answer = ask(&product, &token(name), "POST", "/api/v1/events", &event);
        let pointer = answer.json()["errors"][0]["pointer"].clone();
        (answer.status, pointer.as_str().unwrap_or("").to_owned())
    };
    let pas = "/havenshire/pas";
    assert_eq!(post("ward", "s-1", pas), (403, "/source".to_owned()));
    assert_eq!(post("north", "s-2", pas).0, 403);
    assert_eq!(post("ward", "s-3", "/ward-8").0, 202);
    // Who speaks for it says so.
    assert_eq!(post("feed", "s-4", pas).0, 202);
}
