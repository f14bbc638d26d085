//! The document in the repository is the generated one, and what it says can be used.

use joinedup_contract::{OPENAPI, document};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_document_in_the_repository_is_the_generated_one() {
    assert!(
        OPENAPI == document::text(),
        "run `cargo run -p joinedup-contract --features schema --example openapi` and look at the difference"
    );
}

/// Everywhere in a document, with the names on the way.
fn walk(value: &Value, seen: &mut impl FnMut(&Value)) {
    seen(value);
    match value {
        Value::Object(members) => members.values().for_each(|v| walk(v, seen)),
        Value::Array(items) => items.iter().for_each(|v| walk(v, seen)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_no_two_types_share_a_name() {
    let document = document::document();
    let mut followed = 0;
    walk(&document, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
            followed += 1;
        }
    });
    assert!(followed > 100, "{followed}");
    // The generator gives a second type of one name a number.
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let numbered = |name: &&String| name.ends_with(|c: char| c.is_ascii_digit());
    assert_eq!(schemas.keys().find(numbered), None);
}

#[test]
fn every_operation_has_a_name_of_its_own_an_answer_and_its_path_parameters() {
    let document = document::document();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            let answers = operation["responses"].as_object().unwrap();
            assert!(
                answers.keys().any(|s| s.starts_with('2')),
                "{id} has no answer"
            );
            let parameters = operation["parameters"].as_array().unwrap();
            let described: BTreeSet<&str> = parameters
                .iter()
                .filter(|p| p["in"] == "path")
                .map(|p| p["name"].as_str().unwrap())
                .collect();
            let named: BTreeSet<&str> = path
                .split('{')
                .skip(1)
                .map(|part| part.split('}').next().unwrap())
                .collect();
            assert_eq!(described, named, "{path}");
        }
    }
    assert!(ids.len() > 30);
}
