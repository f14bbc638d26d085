//! What alerts need to have, and who is told of which.

use std::collections::BTreeSet;

use joinedup_tests::folders;
use joinedup_tests::tools::Tool;

use super::{kept, rules};

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
