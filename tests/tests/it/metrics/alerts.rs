//! Alerts on a real Prometheus and Alertmanager: what fires, what does not stop firing, and who is told.

use std::collections::BTreeSet;

use joinedup_tests::alertmanager::Alertmanager;
use joinedup_tests::folders;
use joinedup_tests::patience::eventually;
use joinedup_tests::prometheus::Prometheus;
use joinedup_tests::tools::Tool;

use super::{county, kept, prometheus, rules};

/// The rules as shipped, but for their patience and for how many people make an alert: the county is small.
fn impatient(text: String) -> String {
    text.lines()
        .map(|line| match line.trim_start() {
            rest if rest.starts_with("for: ") => line.replace(rest, "for: 0s"),
            _ => line.replace(">= 5", ">= 1"),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn firing(prometheus: &Prometheus, wanted: &str) -> Result<(), String> {
    let firing = prometheus.firing()?;
    if firing.iter().any(|name| name == wanted) {
        Ok(())
    } else {
        Err(format!("{firing:?}"))
    }
}

#[test]
fn the_end_of_the_product_is_told_of_and_is_no_all_clear_for_those_who_wait() {
    let mut product = county();
    let alertmanager = Alertmanager::start(&kept("alertmanager.yml"), &[]);
    let prometheus = prometheus(&product, &alertmanager.address(), &rules(impatient));
    eventually("delays are told of", || {
        firing(&prometheus, "JoinedupDelaysOverTarget")
    });
    eventually("the watchdog barks", || {
        firing(&prometheus, "JoinedupWatchdog")
    });
    assert!(firing(&prometheus, "JoinedupDown").is_err());
    product.kill9();
    eventually("the end is told of", || firing(&prometheus, "JoinedupDown"));
    // The numbers are gone, and the alert stays.
    eventually("the numbers are gone", || {
        let waits = prometheus.query("joinedup_open_waits")?;
        if waits.is_empty() {
            Ok(())
        } else {
            Err(waits.len().to_string())
        }
    });
    firing(&prometheus, "JoinedupDelaysOverTarget").unwrap();
    eventually("Alertmanager holds both", || {
        let alerts = alertmanager.alerts()?;
        let names: BTreeSet<String> = alerts
            .iter()
            .filter_map(|alert| alert["labels"]["alertname"].as_str().map(str::to_owned))
            .collect();
        let both = ["JoinedupDown", "JoinedupDelaysOverTarget"];
        if both.iter().all(|name| names.contains(*name)) {
            Ok(())
        } else {
            Err(format!("{names:?}"))
        }
    });
}

#[test]
fn a_source_that_fell_silent_is_named() {
    let product = county();
    let prometheus = prometheus(&product, "127.0.0.1:1", &rules(impatient));
    eventually("the silent source is told of", || {
        firing(&prometheus, "JoinedupSourceSilent")
    });
    let silent = prometheus
        .query("ALERTS{alertname=\"JoinedupSourceSilent\", alertstate=\"firing\"}")
        .unwrap();
    assert!(
        silent
            .iter()
            .all(|alert| alert.label("source").starts_with("/havenshire/"))
    );
}

/// The names of the alerts in the files of rules.
fn alerts() -> BTreeSet<String> {
    rules(|text| text)
        .iter()
        .flat_map(|(_, text)| {
            let names = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("- alert: "));
            names.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_alert_has_a_page_in_the_runbook_a_test_and_words() {
    let runbook = kept("runbook.md");
    let tests: String = ["waits", "pipeline", "run-charts"]
        .map(|name| kept(&format!("rules/{name}.test.yml")))
        .concat();
    let all: String = rules(|text| text)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    let alerts = alerts();
    assert!(alerts.len() >= 17, "{alerts:?}");
    for alert in &alerts {
        let heading = format!("## {alert}");
        assert!(
            runbook.lines().any(|line| line == heading),
            "{alert} has no heading"
        );
        assert!(
            tests.contains(&format!("alertname: {alert}")),
            "{alert} has no test"
        );
        let page = format!("runbook_url }}}}#{}\n", alert.to_lowercase());
        assert!(all.contains(&page), "{alert} does not lead to its page");
    }
    let headings: BTreeSet<&str> = runbook
        .lines()
        .filter_map(|l| l.strip_prefix("## "))
        .collect();
    assert!(
        headings.iter().all(|heading| alerts.contains(*heading)),
        "{headings:?}"
    );
}

#[test]
fn everybody_is_told_of_what_is_theirs_and_of_nothing_else() {
    let config = folders::repository().join("grafana/alertmanager.yml");
    let told = |labels: &[&str]| {
        let config = format!("--config.file={}", config.display());
        let mut arguments = vec!["config", "routes", "test", &config];
        arguments.extend(labels);
        Tool::Amtool.run(arguments).succeeded().trim().to_owned()
    };
    for (labels, receiver) in [
        (
            [
                "alertname=JoinedupWatchdog",
                "team=platform",
                "severity=none",
            ],
            "dead-mans-switch",
        ),
        (
            [
                "alertname=JoinedupDelaysSevere",
                "team=operations",
                "severity=critical",
            ],
            "operations-on-duty",
        ),
        (
            [
                "alertname=JoinedupDelaysOverTarget",
                "team=operations",
                "severity=warning",
            ],
            "operations",
        ),
        (
            [
                "alertname=JoinedupSourceSilent",
                "team=operations",
                "severity=warning",
            ],
            "operations",
        ),
        (
            [
                "alertname=JoinedupRunChartConcern",
                "team=improvement",
                "severity=info",
            ],
            "improvement",
        ),
        (
            [
                "alertname=JoinedupDown",
                "team=platform",
                "severity=critical",
            ],
            "platform-on-duty",
        ),
        (
            [
                "alertname=JoinedupQuarantine",
                "team=platform",
                "severity=warning",
            ],
            "platform",
        ),
        (
            ["alertname=Another", "team=nobody", "severity=critical"],
            "platform",
        ),
    ] {
        assert_eq!(told(&labels), receiver, "{labels:?}");
    }
}
