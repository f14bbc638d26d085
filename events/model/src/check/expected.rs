//! What a field must be, in words, from the published schema of its fact; and what kind of value stood there instead,
//! never the value.

use super::{Refusal, shape};
use crate::event::{Family, Kind};
use crate::keys::KEY_FIELDS;
use serde_json::Value;
use std::sync::LazyLock;

/// The schema of each fact's data, by family and wire name: made from the types with the published schemas.
pub(super) static SCHEMAS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/expected.json")).unwrap_or_default()
});

/// Every fact of a family by its wire name, with the JSON Schema of its own fields: those that it may have, and those that it must.
#[must_use]
pub fn own_fields(family: Family) -> Vec<(&'static str, Value)> {
    let prefix = format!("{family}.");
    let all = SCHEMAS.as_object().into_iter().flatten();
    all.filter_map(|(name, schema)| Some((name.strip_prefix(&prefix)?, without_keys(schema))))
        .collect()
}

fn without_keys(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        fields.retain(|name, _| !KEY_FIELDS.contains(&name.as_str()));
    }
    if let Some(names) = schema.get_mut("required").and_then(Value::as_array_mut) {
        names.retain(|name| name.as_str().is_none_or(|name| !KEY_FIELDS.contains(&name)));
    }
    schema
}

/// The refusal of data with a field that does not fit; the path leads to it, or to what it is missing from.
pub(super) fn refusal(kind: Kind, data: &Value, mut path: Vec<String>) -> Refusal {
    let whole = &SCHEMAS[format!("{}.{}", kind.family, kind.name)];
    let (mut field, mut value) = (resolve(whole, whole), data);
    for (depth, key) in path.iter().enumerate() {
        let inner = match value {
            Value::Array(list) => key.parse::<usize>().ok().and_then(|at| list.get(at)),
            other => other.get(key),
        };
        let Some(inner) = inner else {
            path.truncate(depth);
            break;
        };
        let named = &field["properties"][key];
        let schema = [named, &field["additionalProperties"], &field["items"]]
            .into_iter()
            .find(|s| s.is_object());
        field = schema.map_or(&Value::Null, |s| resolve(whole, s));
        value = inner;
    }
    path.insert(0, "data".to_owned());
    if let (Value::Object(object), Value::Array(required)) = (value, &field["required"]) {
        let mut names = required.iter().filter_map(Value::as_str);
        if let Some(missing) = names.find(|name| !object.contains_key(*name)) {
            path.push(missing.to_owned());
            return Refusal::new(shape::pointer(&path), "is missing");
        }
    }
    let (must, stood) = (words(whole, field), kind_beside(field, value));
    Refusal::new(
        shape::pointer(&path),
        format!("must be {must}, and is {stood}"),
    )
}

/// A schema without the reference, and without the choice of leaving the field out.
fn resolve<'s>(whole: &'s Value, schema: &'s Value) -> &'s Value {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|r| r.strip_prefix("#/$defs/"))
    {
        return whole["$defs"].get(name).unwrap_or(schema);
    }
    let choices = schema["anyOf"].as_array().into_iter().flatten();
    let mut real = choices.filter(|choice| choice["type"] != "null");
    match real.next() {
        Some(choice) => resolve(whole, choice),
        None => schema,
    }
}

/// What a schema asks for.
fn words(whole: &Value, schema: &Value) -> String {
    let codes = codes(schema);
    if !codes.is_empty() {
        return format!("one of {}", codes.join(", "));
    }
    let bound = |name: &str| schema[name].as_f64();
    let range = match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" of {least} or more"),
        _ => String::new(),
    };
    match (json_type(schema), schema["format"].as_str()) {
        (Some("string"), Some("date")) => "a date, YYYY-MM-DD".to_owned(),
        (Some("string"), Some("date-time")) => super::attribute::INSTANT.to_owned(),
        (Some("string"), _) => match schema["maxLength"].as_u64() {
            Some(most) => format!("text of {most} characters or fewer"),
            None => "a short code of letters, digits, '-', '_' and '.'".to_owned(),
        },
        (Some("integer"), _) => format!("a whole number{range}"),
        (Some("number"), _) => format!("a number{range}"),
        (Some("boolean"), _) => "true or false".to_owned(),
        (Some("array"), _) => {
            let items = resolve(whole, &schema["items"]);
            format!("a list, each entry of it {}", words(whole, items))
        }
        (Some("object"), _) => "a JSON object".to_owned(),
        _ => "what the published schema of this type says".to_owned(),
    }
}

/// The closed list of codes, where the field has one.
fn codes(schema: &Value) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let one_of = schema["oneOf"].as_array().into_iter().flatten();
    listed
        .filter_map(Value::as_str)
        .chain(one_of.flat_map(|choice| match choice["const"].as_str() {
            Some(code) => vec![code],
            None => codes(choice),
        }))
        .collect()
}

/// The type, of a field that may also be null.
fn json_type(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(one) => Some(one),
        Value::Array(several) => several
            .iter()
            .filter_map(Value::as_str)
            .find(|t| *t != "null"),
        _ => schema.get("properties").map(|_| "object"),
    }
}

/// What stood there, beside what a schema asks for.
fn kind_beside(schema: &Value, value: &Value) -> String {
    let is_text = json_type(schema) == Some("string") || !codes(schema).is_empty();
    match value {
        Value::String(_) if is_text => "some other text".to_owned(),
        Value::Number(_) if matches!(json_type(schema), Some("integer" | "number")) => {
            "another number".to_owned()
        }
        other => kind(other).to_owned(),
    }
}

/// The kind of a value.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a JSON object",
    }
}
