//! `joinedup demo` alone is enough to see everything: a county with all kinds of events and a live measure for every
//! outcome.

use std::collections::{BTreeMap, BTreeSet};

use joinedup_tests::http;
use joinedup_tests::patience::{GENEROUS, eventually};
use joinedup_tests::process::Process;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::Run;
use serde_json::Value;

#[test]
fn the_demo_has_every_family_and_a_live_measure_for_every_outcome() {
    let options = JoinedupOptions::new("demo", &["--per-minute", "600"]);
    let mut product = Joinedup::start(options);
    let first = product.caught_up();
    assert!(first > 1_000, "{first} events are not a county");
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

/// Waits until so many more events are in the log, and gives how many there are.
fn grown(product: &Joinedup, by: u64) -> u64 {
    let first = product.caught_up();
    eventually("the live county goes on", || match product.caught_up() {
        head if head >= first + by => Ok(head),
        head => Err(head.to_string()),
    })
}

/// Events that came twice, and people who left twice without having been brought back.
fn doubled(product: &Joinedup) -> (usize, Vec<String>) {
    let archive = http::get_ok(&product.url("/api/v1/export/events")).unwrap();
    let (mut keys, mut twice) = (BTreeSet::new(), 0);
    let mut left: BTreeMap<String, i32> = BTreeMap::new();
    for line in archive.text().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let event = &line["payload"];
        let kind = event["type"].as_str().unwrap();
        if !keys.insert(format!("{} {}", event["source"], event["id"])) {
            twice += 1;
        } else if kind.contains(".transfer.discharged.") {
            *left
                .entry(event["data"]["transfer"].to_string())
                .or_default() += 1;
        } else if kind.contains(".transfer.discharge-reversed.") {
            *left
                .entry(event["data"]["transfer"].to_string())
                .or_default() -= 1;
        }
    }
    assert!(left.len() > 20, "{left:?}");
    left.retain(|_, times| *times > 1);
    (twice, left.into_keys().collect())
}

#[test]
fn a_demo_that_is_started_again_goes_on_with_its_county() {
    let flags = ["--scale", "0.2", "--per-minute", "600"];
    let mut product = Joinedup::start(JoinedupOptions::new("demo", &flags));
    let first = grown(&product, 20);
    let before = doubled(&product);
    assert!(product.sigterm().success(), "{}", product.log());
    product.restart();
    let then = grown(&product, 20);
    assert!(then < first + 2_000, "{first} events, then {then}");
    assert_eq!(doubled(&product), before);
    assert_eq!(before.1, [""; 0]);
}

#[test]
fn a_live_simulation_stops_when_it_is_told_to_and_goes_on_with_the_county_that_it_kept() {
    let server = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let url = server.url("");
    let flags = ["simulate", "--url", &url, "--months", "2", "--scale", "0.2"];
    let live = ["--per-minute", "600", "--keep", "county.json", "--live"];
    let start = || {
        let mut command = product::command(flags.iter().chain(&live));
        command.current_dir(server.folder());
        Process::start("simulate", &mut command, &server.folder().join("live.log"))
    };
    let mut simulation = start();
    eventually("the history is sent", || {
        match simulation.log().contains("live events follow") {
            true => Ok(()),
            false => Err(simulation.log()),
        }
    });
    let first = grown(&server, 20);
    let ended = simulation.terminate(GENEROUS);
    assert!(ended.success(), "{ended:?} {}", simulation.log());
    let mut simulation = start();
    let then = grown(&server, 20);
    assert!(then < first + 2_000, "{first} events, then {then}");
    // Which log it is was asked for, and nothing of it exported.
    let audit = std::fs::read_to_string(server.folder().join("data/audit.ndjson")).unwrap();
    assert!(audit.contains("HEAD /api/v1/export/events"), "{audit}");
    assert!(!audit.contains("GET /api/v1/export/events"), "{audit}");
    assert_eq!(doubled(&server).1, [""; 0]);
    assert!(simulation.terminate(GENEROUS).success());

    // Another log has nothing of that county, so it does not go on there.
    let file = server.folder().join("county.json").display().to_string();
    let mut other = product::command([&flags[..1], &["--data", "other", "--keep", &file]].concat());
    let refused = Run::of(other.current_dir(server.folder()));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("another log"), "{refused:?}");
}

#[test]
fn a_demo_whose_address_is_taken_writes_no_history() {
    let server = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let url = server.url("");
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut demo = product::command(["demo", "--listen", address, "--data", "never"]);
    let refused = Run::of(demo.current_dir(server.folder()));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("cannot listen"), "{refused:?}");
    assert!(!server.folder().join("never").exists());
}
