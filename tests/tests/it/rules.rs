//! The Prometheus and Alertmanager files of `grafana/` are right by the word of the programs that read them.
//!
//! A file is known by its name: `prometheus.yml` and `alertmanager.yml` are configurations, `*.test.yml` are tests of
//! rules, and the other files of a folder named `rules` are rules.

use std::fs;
use std::path::{Path, PathBuf};

use joinedup_tests::folders;
use joinedup_tests::tools::Tool;

/// Every file below `grafana/` with that ending and for which `pick` says so; there must be one.
fn files(what: &str, ending: &str, pick: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut open = vec![folders::repository().join("grafana")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(ending) && pick(&path) {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "grafana/ has no {what}");
    found.sort();
    found
}

fn is_test(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".test.yml")
}

fn in_rules(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name);
    folder.is_some_and(|name| name == "rules") && !is_test(path)
}

#[test]
fn promtool_accepts_every_rule() {
    for rules in files("rules", ".yml", in_rules) {
        Tool::Promtool
            .run(["check".as_ref(), "rules".as_ref(), rules.as_os_str()])
            .succeeded();
    }
}

#[test]
fn every_rule_does_what_its_tests_say() {
    for tests in files("tests of rules", ".yml", is_test) {
        Tool::Promtool
            .run(["test".as_ref(), "rules".as_ref(), tests.as_os_str()])
            .succeeded();
    }
}

#[test]
fn promtool_accepts_the_configuration_of_prometheus() {
    for config in files("prometheus.yml", "/prometheus.yml", |_| true) {
        Tool::Promtool
            .run(["check".as_ref(), "config".as_ref(), config.as_os_str()])
            .succeeded();
    }
}

#[test]
fn amtool_accepts_the_configuration_of_alertmanager() {
    for config in files("alertmanager.yml", "/alertmanager.yml", |_| true) {
        Tool::Amtool
            .run(["check-config".as_ref(), config.as_os_str()])
            .succeeded();
    }
}
