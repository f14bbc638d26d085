//! ARCHITECTURE.md walks a reader through the code; every path that it names must lead somewhere.

use std::fs;

use joinedup_tests::folders;

/// The walks, with the fewest files that each names.
const WALKS: [(&str, usize); 2] = [
    ("One event in six files", 100),
    ("One decision, from a form to a fact", 20),
];

/// The top-level folders: a word in code that begins with one of them is a path.
const FOLDERS: [&str; 6] = [
    "docs/",
    "events/",
    "grafana/",
    "projections/",
    "services/",
    "tests/",
];

#[test]
fn every_path_of_the_architecture_leads_somewhere() {
    let root = folders::repository();
    let text = fs::read_to_string(root.join("ARCHITECTURE.md"))
        .expect("ARCHITECTURE.md is in the repository's root");
    let missing: Vec<String> = paths(&text)
        .into_iter()
        .filter(|path| !root.join(path).exists())
        .collect();
    assert!(missing.is_empty(), "not there: {missing:?}");
    for (heading, fewest) in WALKS {
        let section: Vec<&str> = text
            .lines()
            .skip_while(|line| line.strip_prefix("## ") != Some(heading))
            .skip(1)
            .take_while(|line| !line.starts_with("## "))
            .collect();
        let named = paths(&section.join("\n"));
        assert!(named.len() >= fewest, "{heading} names only {named:?}");
    }
}

/// The paths that a text names in code, each once.
fn paths(text: &str) -> Vec<String> {
    let words = text
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let named = words.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)));
    let mut paths: Vec<String> = named.flat_map(expanded).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// `a/{b,c}.rs` names two paths.
fn expanded(word: &str) -> Vec<String> {
    let braces = word
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    match braces {
        Some((before, (names, after))) => names
            .split(',')
            .map(|name| format!("{before}{name}{after}"))
            .collect(),
        None => vec![word.to_owned()],
    }
}
