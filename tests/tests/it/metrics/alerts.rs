//! What alerts need to have, and who is told of which.

use std::collections::BTreeSet;

use joinedup_tests::folders;
use joinedup_tests::tools::Tool;
use serde_json::Value;

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

/// Minutes of a time of day such as `09:00`.
fn minutes(time: &Value) -> u32 {
    let (hours, minutes) = time.as_str().unwrap().split_once(':').unwrap();
    hours.parse::<u32>().unwrap() * 60 + minutes.parse::<u32>().unwrap()
}

/// Seconds of a length of time such as `5m` or `7h`.
pub fn length(text: &str) -> u32 {
    let (number, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        other => panic!("{other} in {text}"),
    };
    number.parse::<u32>().unwrap() * unit
}

/// Alertmanager tries to tell a group once in each `group_interval`, and what it tries out of hours is told at the next
/// try alone: by a longer interval, every try can fall into the night.
#[test]
fn what_has_hours_is_tried_within_them_whenever_it_began() {
    let config: Value = serde_yaml_ng::from_str(&kept("alertmanager.yml")).unwrap();
    let shortest = |name: &Value| {
        let all = config["time_intervals"].as_array().unwrap();
        let times = all.iter().find(|one| one["name"] == *name).unwrap();
        let times = times["time_intervals"].as_array().unwrap().iter();
        times
            .flat_map(|one| one["times"].as_array().unwrap())
            .map(|time| minutes(&time["end_time"]) - minutes(&time["start_time"]))
            .min()
            .unwrap()
    };
    let route = &config["route"];
    let mut seen = 0;
    for one in route["routes"].as_array().unwrap() {
        let interval = one
            .get("group_interval")
            .unwrap_or(&route["group_interval"]);
        let interval = length(interval.as_str().unwrap());
        let hours = one["active_time_intervals"]
            .as_array()
            .into_iter()
            .flatten();
        for hours in hours {
            assert!(interval < 60 * shortest(hours), "{one}");
            seen += 1;
        }
    }
    assert!(seen >= 3, "{seen}");
}
