//! The papers name tests as their evidence, and these exist.

use joinedup_tests::folders;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The fewest letters by which a name in a paper is a test's and not a setting's.
const MIN_NAME: usize = 24;

#[test]
fn every_test_that_a_paper_names_exists() {
    let repository = folders::repository();
    let mut sources = String::new();
    for folder in ["events", "projections", "services", "tests"] {
        read(&repository.join(folder), &mut sources);
    }
    let mut missing = BTreeSet::new();
    for paper in ["hazards.md", "asvs.md"] {
        let text = fs::read_to_string(repository.join("docs/assurance").join(paper)).unwrap();
        let names: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
        let is_test = |name: &&str| {
            let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            name.len() >= MIN_NAME && name.bytes().all(letter)
        };
        let tests: Vec<&str> = names.into_iter().filter(is_test).collect();
        assert!(tests.len() >= 8, "{paper} names {} tests", tests.len());
        let absent = tests
            .iter()
            .filter(|t| !sources.contains(&format!("fn {t}(")));
        missing.extend(absent.map(|test| format!("{paper}: {test}")));
    }
    assert!(missing.is_empty(), "no such test: {missing:?}");
}

#[test]
fn every_hazard_has_a_control_a_rating_and_a_test() {
    let path = folders::repository().join("docs/assurance/hazards.md");
    let text = fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| H"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() >= 10);
    for (n, row) in rows.iter().enumerate() {
        assert_eq!(row.len(), 7, "{row:?}");
        assert_eq!(row[0], format!("H{}", n + 1));
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        assert!(row[6].contains('`'), "{row:?}");
    }
}

fn read(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "node_modules" && name != "target" {
            read(&path, into);
        } else if name.ends_with(".rs") {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
