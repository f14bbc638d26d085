//! Who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::manifest::{host, list, metadata, packages, text};

const ARROWS: &[(&str, &[&str])] = &[
    ("joinedup-spc", &[]),
    ("joinedup-events", &[]),
    ("joinedup-store", &[]),
    ("joinedup-log", &["joinedup-store"]),
    ("joinedup-views", &["joinedup-events", "joinedup-spc"]),
    (
        "joinedup-projector",
        &[
            "joinedup-events",
            "joinedup-log",
            "joinedup-store",
            "joinedup-views",
        ],
    ),
    (
        "joinedup-application",
        &[
            "joinedup-events",
            "joinedup-log",
            "joinedup-projector",
            "joinedup-simulator",
            "joinedup-spc",
            "joinedup-views",
        ],
    ),
    (
        "joinedup-contract",
        &[
            "joinedup-application",
            "joinedup-events",
            "joinedup-projector",
            "joinedup-spc",
            "joinedup-views",
        ],
    ),
    ("joinedup-drawing", &["joinedup-spc", "joinedup-views"]),
    (
        "joinedup-exposition",
        &[
            "joinedup-application",
            "joinedup-events",
            "joinedup-projector",
            "joinedup-promql",
            "joinedup-spc",
            "joinedup-views",
        ],
    ),
    (
        "joinedup-feeds",
        &[
            "joinedup-application",
            "joinedup-contract",
            "joinedup-events",
            "joinedup-log",
            "joinedup-views",
        ],
    ),
    ("joinedup-promql", &[]),
    ("joinedup-simulator", &["joinedup-events"]),
    (
        "joinedup-web",
        &[
            "joinedup-application",
            "joinedup-contract",
            "joinedup-drawing",
            "joinedup-events",
            "joinedup-exposition",
            "joinedup-log",
            "joinedup-projector",
            "joinedup-promql",
            "joinedup-spc",
            "joinedup-views",
        ],
    ),
    (
        "joinedup",
        &[
            "joinedup-application",
            "joinedup-drawing",
            "joinedup-events",
            "joinedup-exposition",
            "joinedup-feeds",
            "joinedup-log",
            "joinedup-projector",
            "joinedup-simulator",
            "joinedup-spc",
            "joinedup-store",
            "joinedup-views",
            "joinedup-web",
        ],
    ),
    // Writes files for Grafana; nothing that is served is made of it.
    ("joinedup-boards", &["joinedup-exposition"]),
    // Its tests ask the finished program, and nothing inside it.
    ("joinedup-tests", &[]),
    // Only what reads what strangers write.
    (
        "joinedup-fuzz",
        &[
            "joinedup-application",
            "joinedup-events",
            "joinedup-feeds",
            "joinedup-promql",
        ],
    ),
];

/// Engines that exactly one package may name, so that another one can replace them.
const ENGINES: [(&str, &str); 4] = [
    ("sled", "joinedup-store"),
    ("async-nats", "joinedup-log"),
    ("prometheus", "joinedup-exposition"),
    ("promql-parser", "joinedup-promql"),
];

const PURE: [&str; 4] = [
    "joinedup-events",
    "joinedup-promql",
    "joinedup-spc",
    "joinedup-views",
];

/// What brings a clock, randomness, threads of its own, files or sockets.
const IMPURE: [&str; 15] = [
    "async-nats",
    "axum",
    "fastrand",
    "getrandom",
    "hyper",
    "mio",
    "prometheus",
    "rand",
    "reqwest",
    "rustix",
    "sled",
    "socket2",
    "tempfile",
    "tokio",
    "tracing-subscriber",
];

/// What the lints of a pure package must forbid at the least.
const FORBIDDEN: [&str; 5] = [
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "std::collections::HashMap::iter",
    "std::fs::File",
    "std::net::TcpStream",
];

#[test]
fn packages_depend_on_each_other_only_along_the_arrows() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, allowed.keys().copied().collect());
    let mut wrong = Vec::new();
    for package in &packages {
        for dependency in &package.dependencies {
            // A package may ask itself for what its own tests need.
            if dependency.name != package.name
                && names.contains(dependency.name.as_str())
                && !allowed[package.name.as_str()].contains(&dependency.name.as_str())
            {
                wrong.push(format!("{} -> {}", package.name, dependency.name));
            }
        }
    }
    assert_eq!(wrong, [""; 0], "no such arrow in ARCHITECTURE.md");
}

#[test]
fn each_engine_is_a_dependency_of_one_package() {
    let packages = packages();
    for (engine, owner) in ENGINES {
        let users: Vec<&str> = packages
            .iter()
            .filter(|package| package.dependencies.iter().any(|d| d.name == engine))
            .map(|package| package.name.as_str())
            .collect();
        assert_eq!(users, [owner], "{engine}");
    }
}

#[test]
fn nothing_a_pure_package_is_built_from_knows_clocks_randomness_or_io() {
    let metadata = metadata(&["--filter-platform", &host()]);
    let names: BTreeMap<String, String> = list(&metadata["packages"])
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let needs: BTreeMap<String, Vec<String>> = list(&metadata["resolve"]["nodes"])
        .map(|node| (text(&node["id"]), normal_dependencies(node)))
        .collect();
    for pure in PURE {
        let root = names.iter().find(|(_, name)| *name == pure).unwrap().0;
        let mut reached = BTreeSet::from([root.clone()]);
        let mut open = vec![root.clone()];
        while let Some(id) = open.pop() {
            for next in &needs[&id] {
                if reached.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        let impure: Vec<&str> = reached
            .iter()
            .map(|id| names[id].as_str())
            .filter(|name| IMPURE.contains(name))
            .collect();
        assert_eq!(impure, [""; 0], "{pure} must stay pure");
    }
}

/// Dependencies of the program itself; what only its build or its tests need is left out.
fn normal_dependencies(node: &serde_json::Value) -> Vec<String> {
    list(&node["deps"])
        .filter(|dependency| list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null()))
        .map(|dependency| text(&dependency["pkg"]))
        .collect()
}

#[test]
fn pure_packages_take_dates_without_the_clock() {
    for package in packages()
        .into_iter()
        .filter(|package| PURE.contains(&package.name.as_str()))
    {
        for dependency in package.dependencies.iter().filter(|d| !d.dev) {
            if dependency.name == "chrono" {
                let clock = dependency
                    .features
                    .iter()
                    .any(|feature| matches!(feature.as_str(), "clock" | "now" | "default"));
                assert!(
                    !clock && !dependency.default_features,
                    "{} takes chrono with its clock",
                    package.name
                );
            }
        }
    }
}

#[test]
fn every_package_takes_the_workspaces_lints() {
    for package in packages() {
        let manifest = fs::read_to_string(package.folder.join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{}",
            package.name
        );
    }
}

#[test]
fn the_lints_of_pure_packages_forbid_clocks_randomness_and_orders_that_change() {
    for package in packages()
        .into_iter()
        .filter(|package| PURE.contains(&package.name.as_str()))
    {
        let lints = fs::read_to_string(package.folder.join("clippy.toml")).unwrap();
        for path in FORBIDDEN {
            let forbidden = lints.contains(&format!("path = \"{path}\""));
            assert!(forbidden, "{} allows {path}", package.name);
        }
    }
}
