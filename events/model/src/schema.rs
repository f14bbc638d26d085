//! JSON Schemas of the events and the AsyncAPI document, for whoever publishes in another language.
//!
//! They are generated from the types, and kept in the repository so that a change of the wire form shows in a
//! review; a test compares. They say what a schema can say of [`crate::check`]: names, kinds, lengths and ranges.

mod asyncapi;

pub use asyncapi::asyncapi;

use crate::assessment::AssessmentFact;
use crate::change::ChangeFact;
use crate::check::{FREE_TEXT, LIMITS, MAX_ATTRIBUTE, MAX_FREE_TEXT};
use crate::event::{Family, TYPE_PREFIX};
use crate::experience::ExperienceFact;
use crate::observation::ObservationFact;
use crate::referral::ReferralFact;
use crate::transfer::TransferFact;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Every event type, in every version, with the JSON Schema (2020-12) of a whole event in structured JSON.
#[must_use]
pub fn all() -> BTreeMap<String, Value> {
    let mut schemas = BTreeMap::new();
    let examples: BTreeMap<String, Value> = crate::example::all().into_iter().collect();
    for family in Family::ALL {
        for (fact, version, schema) in facts(*family) {
            let event_type = format!("{TYPE_PREFIX}{family}.{fact}.v{version}");
            let data = data(*family, fact, schema.to_value());
            schemas.insert(
                event_type.clone(),
                event(&event_type, data, examples.get(&event_type)),
            );
        }
    }
    let old = format!("{TYPE_PREFIX}transfer.delay-reason-set.v1");
    schemas.insert(
        old.clone(),
        event(
            &old,
            data(Family::Transfer, "delay-reason-set", delay_reason_1()),
            examples.get(&old),
        ),
    );
    schemas
}

/// The schema of each fact's data, by family and wire name, without its prose: what a refusal says that a field must be.
#[must_use]
pub fn expected() -> BTreeMap<String, Value> {
    let of_family = |family: &Family| {
        let family = *family;
        facts(family).into_iter().map(move |(name, _, fact)| {
            let mut schema = data(family, name, fact.to_value());
            drop_prose(&mut schema);
            (format!("{family}.{name}"), schema)
        })
    };
    Family::ALL.iter().flat_map(of_family).collect()
}

fn drop_prose(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            // A field may have this name too; its schema is an object.
            object.retain(|key, value| key != "description" || !value.is_string());
            object.values_mut().for_each(drop_prose);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_prose),
        _ => {}
    }
}

pub(crate) fn facts(family: Family) -> Vec<(&'static str, u16, schemars::Schema)> {
    match family {
        Family::Transfer => TransferFact::schemas(),
        Family::Referral => ReferralFact::schemas(),
        Family::Assessment => AssessmentFact::schemas(),
        Family::Experience => ExperienceFact::schemas(),
        Family::Change => ChangeFact::schemas(),
        Family::Observation => ObservationFact::schemas(),
    }
}

/// The first version of the delay reason, which has no type any more.
fn delay_reason_1() -> Value {
    json!({
        "type": "object",
        "description": "Why the transfer waits, with the letter of the delayed-transfers return. Version 2 replaces it.",
        "deprecated": true,
        "properties": {
            "date": {"type": "string", "format": "date", "description": "The first local date that the reason stands for."},
            "code": {"enum": ["A", "B", "C", "Di", "Dii", "E", "F", "G", "H", "I", "O"], "description": "The letter of the reason."},
            "attributable_to": {"enum": ["NHS", "Social Care", "Both"], "description": "Who is responsible; left out: not said."},
        },
        "required": ["date", "code"],
    })
}

/// The schema of an event's data: the fact's own fields, its entity and its area, and no others.
fn data(family: Family, fact: &str, mut schema: Value) -> Value {
    tighten(&mut schema);
    let Some(object) = schema.as_object_mut() else {
        return schema;
    };
    object.remove("$schema");
    object.remove("title");
    let mut named = Map::new();
    let entity = match family.entity_field() {
        Some(field) => Some((
            field,
            "A random id minted by the source, never an identifier of a person.",
        )),
        None if fact == "retracted" => Some((
            "entity",
            "The entity of the event taken back; starts with the area and a slash.",
        )),
        None => None,
    };
    if let Some((field, words)) = entity {
        named.insert(
            field.to_owned(),
            json!({"$ref": "#/$defs/EntityId", "description": words}),
        );
    }
    named.insert(
        "area".to_owned(),
        json!({"$ref": "#/$defs/AreaId", "description": "The area that it counts for, of the register."}),
    );
    let mut required: Vec<String> = named.keys().cloned().collect();
    if let Some(Value::Array(own)) = object.remove("required") {
        required.extend(own.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    required.sort();
    if let Some(Value::Object(own)) = object.remove("properties") {
        named.extend(own);
    }
    object.insert("properties".to_owned(), named.into());
    object.insert("required".to_owned(), required.into());
    object.insert("additionalProperties".to_owned(), false.into());
    schema
}

/// Adds the limits of the checks at entry to fields of known names, and closes every object.
fn tighten(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            // The width of a Rust number is not a format of JSON Schema, and strict validators stop at it.
            let width = object.get("format").and_then(Value::as_str);
            if width.is_some_and(|format| format.starts_with("uint") || format.starts_with("int")) {
                object.remove("format");
            }
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                for (name, field) in properties.iter_mut() {
                    limit(name, field);
                }
                object.insert("additionalProperties".to_owned(), false.into());
            }
            object.values_mut().for_each(tighten);
        }
        Value::Array(list) => list.iter_mut().for_each(tighten),
        _ => {}
    }
}

fn limit(name: &str, field: &mut Value) {
    let Some(field) = field.as_object_mut() else {
        return;
    };
    let limits = match name {
        name if FREE_TEXT.contains(&name) => {
            json!({"minLength": 1, "maxLength": MAX_FREE_TEXT})
        }
        // Some reasons and owners are codes.
        "reason" | "owner" if field.contains_key("type") => {
            json!({"minLength": 1, "maxLength": MAX_FREE_TEXT})
        }
        "retracts" | "retracts_source" => {
            json!({"minLength": 1, "maxLength": MAX_ATTRIBUTE, "pattern": PRINTABLE})
        }
        "level" | "from" | "to" if field.contains_key("maximum") => {
            json!({"minimum": 0, "maximum": LIMITS.max_level})
        }
        "score" => json!({"minimum": 0, "maximum": LIMITS.max_score}),
        "count" => json!({"minimum": 1, "maximum": LIMITS.max_count}),
        "answers" | "themes" | "measures" | "items" | "nodes" | "sectors" => {
            json!({"maxItems": LIMITS.max_entries, "uniqueItems": true})
        }
        "breakdown" => json!({"maxProperties": LIMITS.max_entries}),
        _ => return,
    };
    if let Value::Object(limits) = limits {
        field.extend(limits);
    }
}

const PRINTABLE: &str = "^[!-~]+$";

/// The attributes that every event has.
const REQUIRED: [&str; 6] = ["specversion", "type", "source", "id", "time", "data"];

/// The schema of an event of whichever type, for documents that do not list the types.
#[must_use]
pub fn any() -> Value {
    let kind =
        json!({"type": "string", "pattern": format!("^{}", TYPE_PREFIX.replace('.', "\\."))});
    json!({
        "type": "object",
        "description": "A CloudEvent. What `data` holds for each `type` is in the JSON Schemas of the event types.",
        "properties": envelope(&kind, &json!({"type": "object"})),
        "required": REQUIRED,
    })
}

/// The attributes of an event, by name.
fn envelope(event_type: &Value, data: &Value) -> Value {
    json!({
        "specversion": {"const": "1.0"},
        "type": event_type,
        "source": {"type": "string", "format": "uri-reference", "minLength": 1, "maxLength": MAX_ATTRIBUTE, "pattern": PRINTABLE, "description": "Who says so."},
        "id": {"type": "string", "minLength": 1, "maxLength": MAX_ATTRIBUTE, "pattern": PRINTABLE, "description": "Unique within the source. The same id again is the same event."},
        "time": {"type": "string", "format": "date-time", "description": "When it happened."},
        "recordedtime": {"type": "string", "format": "date-time", "description": "When it was recorded; of two facts that differ, the one recorded later stands. Left out: when it arrived."},
        "datacontenttype": {"const": "application/json"},
        "actor": {"type": "string", "minLength": 1, "maxLength": MAX_ATTRIBUTE, "description": "Who recorded it: a token's name, or the provider's own name of a person. The door says so; what a publisher says of it does not count."},
        "dataschema": {"type": "string", "format": "uri", "maxLength": MAX_ATTRIBUTE},
        "subject": extension(), "correlationid": extension(), "causationid": extension(),
        "sequence": extension(), "partitionkey": extension(), "traceparent": extension(), "tracestate": extension(),
        "data": data,
    })
}

/// The schema of a whole event.
fn event(event_type: &str, mut data: Value, example: Option<&Value>) -> Value {
    let mut shared = match data
        .as_object_mut()
        .and_then(|object| object.remove("$defs"))
    {
        Some(Value::Object(shared)) => shared,
        _ => Map::new(),
    };
    shared.insert(
        "AreaId".to_owned(),
        name(
            32,
            "^[A-Za-z0-9][A-Za-z0-9._-]*$",
            "A code of the register of areas.",
        ),
    );
    shared.insert(
        "EntityId".to_owned(),
        name(
            160,
            "^[A-Za-z0-9][A-Za-z0-9._:/-]*$",
            "Names a transfer, referral, response or change.",
        ),
    );
    if shared.contains_key("Slug") {
        shared.insert(
            "Slug".to_owned(),
            name(
                64,
                "^[A-Za-z0-9][A-Za-z0-9._-]*$",
                "A short code from a list.",
            ),
        );
    }
    let words = data
        .get("description")
        .cloned()
        .unwrap_or_else(|| "An event.".into());
    sorted(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{event_type}.json"),
        "title": event_type,
        "description": words,
        "type": "object",
        "properties": envelope(&json!({"const": event_type}), &data),
        "required": REQUIRED,
        "additionalProperties": false,
        "$defs": shared,
        "examples": example.into_iter().collect::<Vec<_>>(),
    }))
}

fn name(most: usize, pattern: &str, words: &str) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": most, "pattern": pattern, "description": words})
}

fn extension() -> Value {
    json!({"type": "string", "maxLength": MAX_ATTRIBUTE, "pattern": PRINTABLE})
}

/// With keys in order of the alphabet, whatever order this build's maps keep.
fn sorted(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}
