//! The schemas in the repository are the generated ones, and say what the checks say.
#![allow(
    clippy::disallowed_methods,
    reason = "the crate is pure; this test reads its files"
)]

use joinedup_events::schema;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const AGAIN: &str =
    "run `cargo run -p joinedup-events --example schemas` and look at the difference";

#[test]
fn the_files_are_what_the_types_generate() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schemas = schema::all();
    for (event_type, schema) in &schemas {
        let file = std::fs::read_to_string(home.join(format!("schemas/{event_type}.json")));
        assert!(
            file.is_ok_and(|text| text == format!("{schema:#}\n")),
            "{event_type}: {AGAIN}"
        );
    }
    let there: BTreeSet<String> = std::fs::read_dir(home.join("schemas"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let wanted: BTreeSet<String> = schemas.keys().map(|t| format!("{t}.json")).collect();
    assert_eq!(there, wanted, "{AGAIN}");
    let expected = std::fs::read_to_string(home.join("data/expected.json")).unwrap();
    let generated = serde_json::to_string_pretty(&schema::expected()).unwrap();
    assert!(expected == generated + "\n", "data/expected.json: {AGAIN}");
    let asyncapi = std::fs::read_to_string(home.join("asyncapi.json")).unwrap();
    assert!(
        asyncapi == format!("{:#}\n", schema::asyncapi()),
        "asyncapi.json: {AGAIN}"
    );
}

#[test]
fn every_schema_takes_its_example_and_no_field_more_or_less() {
    for (event_type, schema) in schema::all() {
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let example = &schema["examples"][0];
        assert!(
            validator.is_valid(example),
            "{event_type}: {:?}",
            validator
                .iter_errors(example)
                .map(|e| e.to_string())
                .collect::<Vec<_>>()
        );

        let mut more = example.clone();
        more["data"]["nhs_number"] = "x".into();
        assert!(
            !validator.is_valid(&more),
            "{event_type} takes an unknown field"
        );

        let mut less = example.clone();
        less["data"].as_object_mut().unwrap().remove("area");
        assert!(!validator.is_valid(&less), "{event_type} needs no area");

        let mut named = example.clone();
        named["data"]["area"] = "Mrs Smith".into();
        assert!(
            !validator.is_valid(&named),
            "{event_type} takes a sentence for an area"
        );
    }
}

#[test]
fn the_schemas_hold_the_ranges_of_the_checks() {
    let schemas = schema::all();
    let refuses = |short: &str, field: &str, value: Value| {
        let schema = &schemas[&format!("care.joinedup.{short}")];
        let mut event = schema["examples"][0].clone();
        *event.pointer_mut(field).unwrap() = value;
        !jsonschema::is_valid(schema, &event)
    };
    assert!(refuses("assessment.proposed.v1", "/data/level", 6.into()));
    assert!(refuses("assessment.moderated.v1", "/data/to", 6.into()));
    assert!(refuses(
        "experience.answered.v1",
        "/data/answers/0/score",
        11.into()
    ));
    assert!(refuses("experience.invited.v1", "/data/count", 0.into()));
    assert!(refuses(
        "assessment.noted.v1",
        "/data/note",
        "x".repeat(501).into()
    ));
    assert!(refuses("transfer.ready.v1", "/data/date", 5.into()));
    assert!(refuses(
        "transfer.delay-reason-set.v1",
        "/data/code",
        "Z".into()
    ));
    assert!(refuses(
        "transfer.delay-reason-set.v2",
        "/data/reason",
        "Z".into()
    ));
}

#[test]
fn every_reference_of_the_asyncapi_document_leads_somewhere() {
    let document = schema::asyncapi();
    let schemas = schema::all();
    let mut open = vec![&document];
    let mut followed = 0;
    while let Some(value) = open.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            followed += 1;
            match reference.strip_prefix('#') {
                Some(pointer) => assert!(document.pointer(pointer).is_some(), "{reference}"),
                None => {
                    let file = reference
                        .trim_start_matches("./schemas/")
                        .trim_end_matches(".json");
                    assert!(schemas.contains_key(file), "{reference}");
                }
            }
        }
        match value {
            Value::Object(object) => open.extend(object.values()),
            Value::Array(list) => open.extend(list),
            _ => {}
        }
    }
    assert!(followed > 2 * schemas.len(), "{followed}");
}
