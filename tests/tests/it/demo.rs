//! `joinedup demo` alone is enough to see everything: a county with all kinds of events and a live measure for every
//! outcome.

use std::collections::{BTreeMap, BTreeSet};

use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use serde_json::Value;

#[test]
fn the_demo_has_every_family_and_a_live_measure_for_every_outcome() {
    let options = JoinedupOptions::new("demo", &["--per-minute", "600"]);
    let mut product = Joinedup::start(options);
    let first = product.caught_up();
    assert!(first > 1_000, "{first} events are no county");
    eventually("the live trickle arrives", || {
        let head = product
            .metrics()?
            .value("joinedup_log_head_position", &[])?;
        if head > first as f64 {
            Ok(())
        } else {
            Err(format!("{head}"))
        }
    });

    let archive = http::get_ok(&product.url("/api/v1/export/events"))
        .unwrap()
        .text();
    for family in [
        "transfer",
        "referral",
        "assessment",
        "experience",
        "change",
        "observation",
    ] {
        let kind = format!("care.joinedup.{family}.");
        assert!(archive.contains(&kind), "no event of the family {family}");
    }

    let measures = product.json("/api/v1/measures").unwrap();
    let mut by_outcome: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for measure in measures["measures"].as_array().unwrap() {
        for outcome in measure["outcomes"].as_array().into_iter().flatten() {
            let id = measure["id"].as_str().unwrap().to_owned();
            // Measures that serve all outcomes alike say nothing of one.
            if measure["outcomes"].as_array().unwrap().len() < 10 {
                by_outcome
                    .entry(outcome.as_str().unwrap().to_owned())
                    .or_default()
                    .push(id);
            }
        }
    }
    assert!(by_outcome.len() >= 15, "{by_outcome:?}");
    let alive = |id: &str| {
        let chart = product
            .json(&format!("/api/v1/charts/{id}?area=havenshire"))
            .unwrap();
        let points = chart["points"].as_array().unwrap();
        points
            .iter()
            .filter(|point| point["value"].is_number())
            .count()
            >= 3
    };
    let asked: BTreeSet<&str> = by_outcome.values().flatten().map(String::as_str).collect();
    let live: BTreeSet<&str> = asked.into_iter().filter(|id| alive(id)).collect();
    let dead: Vec<&String> = by_outcome
        .iter()
        .filter(|(_, measures)| !measures.iter().any(|id| live.contains(id.as_str())))
        .map(|(outcome, _)| outcome)
        .collect();
    assert!(
        dead.is_empty(),
        "no live measure: {dead:?}; live are {live:?}"
    );

    let changes: Value = product.json("/api/v1/changes?area=havenshire").unwrap();
    assert!(changes.to_string().contains("title"), "{changes}");
    let page = http::get_ok(&product.url("/")).unwrap().text();
    assert!(page.contains("<svg"), "the first page shows a chart");
    assert!(product.sigterm().success(), "{}", product.log());
}

#[test]
fn of_the_demo_s_sources_the_one_that_stopped_is_silent_and_no_other() {
    let product = Joinedup::start(JoinedupOptions::new("demo", &["--per-minute", "6"]));
    product.caught_up();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    let scrape = product.metrics().unwrap();
    let mut heard: BTreeMap<&str, f64> = BTreeMap::new();
    for series in scrape.matching("joinedup_source_last_event_timestamp_seconds", &[]) {
        let at = heard.entry(&series.labels["source"]).or_default();
        *at = at.max(series.value);
    }
    let silent: Vec<&str> = scrape
        .matching("joinedup_source_expected_interval_seconds", &[])
        .into_iter()
        .filter(|expected| now - heard[expected.labels["source"].as_str()] > expected.value)
        .map(|expected| expected.labels["source"].as_str())
        .collect();
    assert_eq!(silent, ["/havenshire/north/mdt"]);
    let page = http::get_ok(&product.url("/sources")).unwrap().text();
    assert!(page.contains("expected sources late"), "{page}");
}
