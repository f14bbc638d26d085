//! Nothing is built that is not used, and the version of Rust that the manifests name is enough for all that is built.

use super::manifest::{self, Package, host, list, metadata, packages, text};
use std::path::Path;

/// Whether a name stands as a word of its own in a text.
fn has_word(text: &str, name: &str) -> bool {
    let of_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(of_name) && !text[at + name.len()..].starts_with(of_name)
    })
}

/// All Rust files under a folder as one text.
fn sources(folder: &Path) -> String {
    let mut found = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.push_str(&sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    found
}

#[test]
fn every_dependency_is_used_by_the_package_that_names_it() {
    let unused: Vec<String> = packages()
        .iter()
        .flat_map(
            |Package {
                 name,
                 folder,
                 dependencies,
             }| {
                let sources = sources(folder);
                let unused = dependencies.iter().filter(move |dependency| {
                    !has_word(&sources, &dependency.name.replace('-', "_"))
                });
                let unused: Vec<String> = unused.map(|d| format!("{name}: {}", d.name)).collect();
                unused
            },
        )
        .collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

#[test]
fn the_version_of_rust_in_the_manifest_is_enough_for_every_package() {
    let whole = metadata(&["--locked", "--filter-platform", &host()]);
    let version = |value: &manifest::Value| -> Vec<u32> {
        let parts = text(value);
        parts.split('.').filter_map(|n| n.parse().ok()).collect()
    };
    let ours = list(&whole["packages"])
        .find(|p| p["name"] == "joinedup")
        .unwrap();
    let ours = version(&ours["rust_version"]);
    assert!(!ours.is_empty());
    let newer: Vec<String> = list(&whole["packages"])
        .filter(|package| version(&package["rust_version"]) > ours)
        .map(|package| {
            format!(
                "{} needs {}",
                text(&package["name"]),
                text(&package["rust_version"])
            )
        })
        .collect();
    assert!(newer.is_empty(), "{newer:#?}");
}
