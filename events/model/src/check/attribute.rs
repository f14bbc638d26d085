//! Context attributes: the ones CloudEvents asks for, and the few extensions that are let in. An extension that is
//! not on the list is refused, because nothing would know what it carries.

use super::{MAX_ATTRIBUTE, Refusal, Refusals, identifier, personal};
use crate::actor;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// The attributes that an event may have, `data` among them.
pub(crate) const KNOWN: &[&str] = &[
    "specversion",
    "type",
    "source",
    "id",
    "time",
    "recordedtime",
    "actor",
    "datacontenttype",
    "data",
    "dataschema",
    "subject",
    "correlationid",
    "causationid",
    "sequence",
    "partitionkey",
    "traceparent",
    "tracestate",
];

const REQUIRED: [&str; 6] = ["specversion", "type", "source", "id", "time", "data"];

/// What the attributes say, of an event that has them all.
pub(super) struct Context {
    pub(super) event_type: String,
    pub(super) source: String,
    pub(super) id: String,
    pub(super) time: DateTime<Utc>,
    pub(super) recorded_time: Option<DateTime<Utc>>,
    pub(super) actor: Option<String>,
}

/// Puts data that were sent as bytes in base 64 in the place of data.
///
/// # Errors
/// When they are not base 64, not a JSON object, or beside other data.
pub(super) fn decode_data(raw: &mut Value) -> Result<(), Refusal> {
    const POINTER: &str = "/data_base64";
    let Some(coded) = raw.as_object_mut().and_then(|r| r.remove("data_base64")) else {
        return Ok(());
    };
    if coded.is_null() {
        return Ok(());
    }
    if !raw["data"].is_null() {
        return Err(Refusal::new(POINTER, "must not stand beside `data`"));
    }
    let bytes = coded
        .as_str()
        .and_then(|text| data_encoding::BASE64.decode(text.as_bytes()).ok())
        .ok_or_else(|| Refusal::new(POINTER, "must be text in base 64"))?;
    raw["data"] = super::strict::read(&bytes)
        .map_err(|refusal| Refusal::new(POINTER, format!("{} once it is decoded", refusal.rule)))?;
    Ok(())
}

/// Checks the envelope of a whole event, and reads it.
pub(super) fn check(raw: &Value) -> Result<Context, Refusals> {
    let mut found = Vec::new();
    for name in REQUIRED {
        match &raw[name] {
            Value::Null => found.push(Refusal::new(format!("/{name}"), "is missing")),
            Value::String(text) if text.is_empty() => {
                found.push(Refusal::new(format!("/{name}"), "must not be empty"));
            }
            _ => {}
        }
    }
    let fields = raw.as_object().into_iter().flatten();
    for (name, value) in fields {
        if !KNOWN.contains(&name.as_str()) {
            found.push(Refusal::new(
                "",
                format!(
                    "has an attribute that is not let in; these are: {}",
                    KNOWN.join(", ")
                ),
            ));
            continue;
        }
        let pointer = format!("/{name}");
        match value {
            Value::Object(_) if name == "data" => {}
            _ if name == "data" => {
                let kind = super::expected::kind(value);
                found.push(Refusal::new(
                    pointer,
                    format!("must be a JSON object, and is {kind}"),
                ));
            }
            Value::String(value) => attribute(&pointer, value, &mut found),
            Value::Null => {}
            Value::Number(_) if name == "sequence" => {
                personal::scan(value, &mut vec![name.into()], &mut found);
            }
            _ => {
                let kind = super::expected::kind(value);
                found.push(Refusal::new(
                    pointer,
                    format!("must be text, and is {kind}"),
                ));
            }
        }
    }
    super::settle(found).map_err(Refusals)?;
    let text = |name: &str| raw[name].as_str().unwrap_or_default().to_owned();
    let instant = |name: &str| raw[name].as_str().and_then(instant);
    Ok(Context {
        event_type: text("type"),
        source: text("source"),
        id: text("id"),
        time: instant("time").ok_or_else(|| Refusal::new("/time", INSTANT_RULE))?,
        recorded_time: instant("recordedtime"),
        actor: raw["actor"].as_str().map(ToOwned::to_owned),
    })
}

/// What an instant is, in words.
pub(super) const INSTANT: &str = "a date and time with a zone, as RFC 3339 writes it";
const INSTANT_RULE: &str = "must be a date and time with a zone, as RFC 3339 writes it";

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(Into::into)
}

fn attribute(pointer: &str, value: &str, found: &mut Vec<Refusal>) {
    match pointer {
        "/specversion" if value != "1.0" => found.push(Refusal::new(pointer, "must be 1.0")),
        "/time" | "/recordedtime" if instant(value).is_none() => {
            found.push(Refusal::new(pointer, INSTANT_RULE));
        }
        // RFC 3339 lets a space stand between date and time.
        "/time" | "/recordedtime" => {}
        "/datacontenttype" if !is_json(value) => {
            found.push(Refusal::new(pointer, "must be application/json"));
        }
        "/datacontenttype" => {}
        "/actor" if !actor::is_actor(value) => found.push(Refusal::new(pointer, actor::RULE)),
        "/actor" => {}
        _ if value.is_empty() => {}
        _ => text(pointer, value, found),
    }
}

/// `application/json`, or a type built on it, with or without parameters.
pub(crate) fn is_json(media_type: &str) -> bool {
    let plain = media_type.split(';').next().unwrap_or_default().trim();
    let plain = plain.to_ascii_lowercase();
    plain == "application/json" || (plain.starts_with("application/") && plain.ends_with("+json"))
}

/// Length, characters and personal data of an attribute, or of a field that names an event.
pub(super) fn text(pointer: &str, value: &str, found: &mut Vec<Refusal>) {
    if value.len() > MAX_ATTRIBUTE {
        found.push(Refusal::new(
            pointer,
            format!("must have at most {MAX_ATTRIBUTE} characters"),
        ));
    }
    if !value.bytes().all(|b| b.is_ascii_graphic()) {
        found.push(Refusal::new(
            pointer,
            "may have only printable ASCII characters, and no spaces",
        ));
    }
    for rule in identifier::rules(value) {
        found.push(Refusal::new(pointer, rule));
    }
}
