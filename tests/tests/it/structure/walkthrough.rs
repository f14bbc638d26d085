//! ARCHITECTURE.md walks a reader through the code; the walk must lead somewhere.

use std::fs;

use joinedup_tests::folders;

const HEADING: &str = "One event in six files";

#[test]
fn the_walkthrough_of_one_event_leads_through_six_files_that_exist() {
    let root = folders::repository();
    let text = fs::read_to_string(root.join("ARCHITECTURE.md"))
        .expect("ARCHITECTURE.md is in the repository's root");
    let section: Vec<&str> = text
        .lines()
        .skip_while(|line| !(line.starts_with('#') && line.contains(HEADING)))
        .skip(1)
        .take_while(|line| !line.starts_with("# ") && !line.starts_with("## "))
        .collect();
    assert!(
        !section.is_empty(),
        "ARCHITECTURE.md has no section \"{HEADING}\""
    );
    let mut paths: Vec<&str> = section
        .iter()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|word| {
            word.contains('/') && word.contains('.') && !word.contains(char::is_whitespace)
        })
        .map(|word| word.split([':', '#']).next().unwrap_or_default())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let missing: Vec<&&str> = paths
        .iter()
        .filter(|path| !root.join(path).is_file())
        .collect();
    assert!(
        missing.is_empty(),
        "the walkthrough names files that are not there: {missing:?}"
    );
    assert!(paths.len() >= 6, "the walkthrough names only {paths:?}");
}
