//! The reference implementations' own numbers, case by case.
//!
//! The synthetic cases travel with the crate in `tests/vectors`. The full set, with published data, lies beside the
//! repository; where it is missing the test says so, except under `CI=true`, where it fails. Further cases, with numbers
//! from a second implementation of the same formulas, are in `tests/independent.json`.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]
#![allow(
    clippy::disallowed_methods,
    reason = "the crate is pure, but its test vectors are files"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use joinedup_spc::case::run_case;
use serde_json::Value;

/// Numbers agree to 1e-9 relative, or 1e-12 near zero; all else is equal.
fn differences(path: &str, got: &Value, wanted: &Value, found: &mut Vec<String>) {
    match (got, wanted) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            let apart = (a - b).abs();
            if !(apart <= 1e-12 || apart <= 1e-9 * a.abs().max(b.abs())) {
                found.push(format!("{path}: {a} instead of {b}"));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{i}]"), a, b, found);
            }
        }
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                match (a.get(name), b.get(name)) {
                    (Some(a), Some(b)) => differences(&format!("{path}.{name}"), a, b, found),
                    (Some(_), None) => found.push(format!("{path}.{name} is not wanted")),
                    (None, _) => found.push(format!("{path}.{name} is missing")),
                }
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{path}: {a} instead of {b}")),
    }
}

/// What is wrong with one case; empty when it passes.
fn check(case: &Value) -> Vec<String> {
    let expected = &case["expected"];
    match (run_case(case), expected["error"] == Value::Bool(true)) {
        (Err(_), true) => Vec::new(),
        (Ok(_), true) => vec!["the reference refuses this case".to_owned()],
        (Err(error), false) => vec![format!("refused: {error}")],
        (Ok(got), false) => {
            let mut found = Vec::new();
            differences("", &got, expected, &mut found);
            found
        }
    }
}

fn run_all(folder: &Path) -> usize {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .filter(|path| path.file_name().is_some_and(|name| name != "MANIFEST.json"))
        .collect();
    files.sort();
    let mut families: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = Vec::new();
    for file in &files {
        let case: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let wrong = check(&case);
        let family = families
            .entry(case["family"].as_str().unwrap().to_owned())
            .or_default();
        family.0 += usize::from(wrong.is_empty());
        family.1 += 1;
        if !wrong.is_empty() {
            let shown: Vec<&String> = wrong.iter().take(5).collect();
            failures.push(format!(
                "{}: {} differences, {shown:?}",
                file.display(),
                wrong.len()
            ));
        }
    }
    for (family, (passed, all)) in &families {
        println!("{family}: {passed} of {all} cases pass");
    }
    println!("{} cases ran", files.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    files.len()
}

#[test]
fn the_synthetic_cases_that_travel_with_the_crate_pass() {
    let ran = run_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"));
    assert!(ran >= 70, "only {ran} cases");
}

#[test]
fn every_case_of_the_shared_set_passes() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/spc-vectors"))
        .find(|folder| folder.join("MANIFEST.json").is_file());
    let Some(shared) = shared else {
        assert_ne!(
            std::env::var_os("CI").as_deref(),
            Some("true".as_ref()),
            "the shared vectors are missing"
        );
        println!("passed over: the shared vectors are not here");
        return;
    };
    let ran = run_all(&shared);
    assert!(ran >= 114, "only {ran} cases");
}

/// Cases of the same families made up for this crate, with numbers from a second implementation, written in another
/// language from the published formulas and with exact sums; the first of them are each named after what they try.
#[test]
fn cases_beyond_the_vectors_equal_an_independent_computation() {
    let text = include_str!("independent.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    for case in &cases {
        assert_eq!(check(case), Vec::<String>::new(), "{}", case["name"]);
    }
    assert!(cases.len() >= 75, "only {} cases", cases.len());
}

#[test]
fn the_checker_finds_a_number_that_is_off_by_a_millionth() {
    let wanted = serde_json::json!({"a": [1.0, 250.0], "b": null});
    let mut found = Vec::new();
    differences(
        "",
        &serde_json::json!({"a": [1.0, 250.00025], "b": null}),
        &wanted,
        &mut found,
    );
    assert_eq!(found.len(), 1);
    differences(
        "",
        &serde_json::json!({"a": [1.0, 250.0]}),
        &wanted,
        &mut found,
    );
    assert_eq!(found.len(), 2);
}
