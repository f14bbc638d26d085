//! Fields that an event must not have, and pointers that name only fields of ours.

use super::Refusal;
use crate::event::Event;
use crate::keys::KEY_FIELDS;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Every field name of every event type, in any version.
static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut names: BTreeSet<String> = super::attribute::KNOWN
        .iter()
        .chain(KEY_FIELDS)
        // Version 1 of the delay reason.
        .chain(&["code", "attributable_to"])
        .map(|name| (*name).to_owned())
        .collect();
    collect(&super::expected::SCHEMAS, &mut names);
    names
});

fn collect(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                names.extend(properties.keys().cloned());
            }
            object.values().for_each(|inner| collect(inner, names));
        }
        Value::Array(list) => list.iter().for_each(|inner| collect(inner, names)),
        _ => {}
    }
}

/// A JSON pointer that stops before the first key that is not one of ours.
pub(super) fn pointer<S: AsRef<str>>(path: &[S]) -> String {
    let ours = |key: &&S| {
        let key = key.as_ref();
        NAMES.contains(key) || (key.len() < 6 && key.bytes().all(|b| b.is_ascii_digit()))
    };
    path.iter()
        .take_while(ours)
        .flat_map(|key| ["/", key.as_ref()])
        .collect()
}

/// Finds every object of `raw_data` with a field that the typed event did not take.
pub(super) fn unknown_fields(event: &Event, raw_data: &Value, found: &mut Vec<Refusal>) {
    let taken = Value::Object(event.all_data());
    compare(raw_data, &taken, &mut vec!["data".into()], found);
}

fn compare<'r>(
    raw: &'r Value,
    typed: &Value,
    path: &mut Vec<Cow<'r, str>>,
    found: &mut Vec<Refusal>,
) {
    match (raw, typed) {
        (Value::Object(raw), Value::Object(typed)) => {
            if raw.keys().any(|key| !typed.contains_key(key)) {
                let names: Vec<&str> = typed.keys().map(String::as_str).collect();
                found.push(Refusal::new(
                    pointer(path),
                    format!(
                        "has a field that this type does not know; it knows {}",
                        names.join(", ")
                    ),
                ));
            }
            for (key, value) in raw {
                if let Some(typed) = typed.get(key) {
                    path.push(key.into());
                    compare(value, typed, path, found);
                    path.pop();
                }
            }
        }
        (Value::Array(raw), Value::Array(typed)) => {
            for (index, (value, typed)) in raw.iter().zip(typed).enumerate() {
                path.push(index.to_string().into());
                compare(value, typed, path, found);
                path.pop();
            }
        }
        // Fields without their names, in the order in which we happen to declare them.
        (Value::Array(_), Value::Object(_)) => found.push(Refusal::new(
            pointer(path),
            "must be a JSON object, and is a list",
        )),
        _ => {}
    }
}
