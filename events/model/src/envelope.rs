//! The CloudEvents 1.0 envelope in structured JSON. The binary and batch modes of HTTP and NATS come down to it.

mod instant;
mod plain;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A CloudEvent, borrowed from the bytes it was read from.
#[derive(Clone, Debug, Deserialize)]
pub struct Envelope<'a> {
    /// Must be `1.0`.
    #[serde(borrow)]
    pub specversion: Cow<'a, str>,
    /// The event type.
    #[serde(borrow, rename = "type")]
    pub event_type: Cow<'a, str>,
    /// Who reports it (a URI reference).
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    /// Unique within the source.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// When it happened.
    #[serde(deserialize_with = "instant::required")]
    pub time: DateTime<Utc>,
    /// When it was recorded; the time of arrival where the publisher does not say.
    #[serde(
        default,
        rename = "recordedtime",
        deserialize_with = "instant::optional"
    )]
    pub recorded_time: Option<DateTime<Utc>>,
    /// Who recorded it, where the door knew.
    #[serde(default)]
    pub actor: Option<String>,
    /// What happened: the text of a JSON value.
    #[serde(borrow, deserialize_with = "text_of")]
    pub data: &'a str,
}

fn text_of<'de: 'a, 'a, D: Deserializer<'de>>(d: D) -> Result<&'a str, D::Error> {
    <&RawValue>::deserialize(d).map(RawValue::get)
}

/// Why bytes are no CloudEvent. No text holds a value of the event.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON, or an attribute is missing or of the wrong kind.
    #[error("not a CloudEvent in JSON at line {line} column {column}: {rule}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What kind of misfit.
        rule: String,
    },
    /// Another version of CloudEvents.
    #[error("`specversion` must be 1.0")]
    SpecVersion,
    /// An attribute is empty.
    #[error("`{0}` must not be empty")]
    Empty(&'static str),
}

impl<'a> Envelope<'a> {
    /// Reads one event.
    ///
    /// Whether `data` is JSON is seen when it is read, of an event in the form that this product writes.
    ///
    /// # Errors
    /// When the bytes are not a CloudEvent 1.0 with `id`, `source`, `type`, `time` and `data`.
    pub fn from_json(bytes: &'a [u8]) -> Result<Self, EnvelopeError> {
        // Text that is known to be UTF-8 as a whole is read faster than bytes whose every string is looked at.
        let read = match std::str::from_utf8(bytes) {
            Ok(text) => match plain::read(text) {
                Some(envelope) => return Ok(envelope),
                None => serde_json::from_str(text),
            },
            Err(_) => serde_json::from_slice(bytes),
        };
        let envelope: Self = read.map_err(|e| EnvelopeError::Json {
            line: e.line(),
            column: e.column(),
            rule: attribute_rule(&e),
        })?;
        if envelope.specversion != "1.0" {
            return Err(EnvelopeError::SpecVersion);
        }
        for (name, value) in [
            ("id", &envelope.id),
            ("source", &envelope.source),
            ("type", &envelope.event_type),
        ] {
            if value.is_empty() {
                return Err(EnvelopeError::Empty(name));
            }
        }
        Ok(envelope)
    }
}

/// The kind of misfit. A missing or repeated attribute is named (names are ours); values are never repeated.
fn attribute_rule(error: &serde_json::Error) -> String {
    const ATTRIBUTES: [&str; 8] = [
        "specversion",
        "type",
        "source",
        "id",
        "time",
        "recordedtime",
        "actor",
        "data",
    ];
    let text = error.to_string();
    let named = ATTRIBUTES
        .iter()
        .find(|a| text.starts_with(&format!("missing field `{a}`")));
    let twice = ATTRIBUTES
        .iter()
        .find(|a| text.starts_with(&format!("duplicate field `{a}`")));
    match (named, twice) {
        (Some(name), _) => format!("`{name}` is missing"),
        (_, Some(name)) => format!("`{name}` is given twice"),
        _ if error.is_data() => {
            "an attribute is of the wrong kind; `time` and `recordedtime` are RFC 3339 with a zone"
                .to_owned()
        }
        _ => "the text is not JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"specversion":"1.0","type":"t","source":"/s","id":"1","time":"2026-01-01T00:00:00Z","data":{}}"#;

    #[test]
    fn a_missing_attribute_is_named_and_a_bad_one_is_not_repeated() {
        assert!(Envelope::from_json(GOOD.as_bytes()).is_ok());
        let missing = GOOD.replace(r#""id":"1","#, "");
        assert!(
            Envelope::from_json(missing.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("`id` is missing")
        );
        let bad = GOOD.replace("2026-01-01T00:00:00Z", "Jane 9434765919");
        assert!(
            !Envelope::from_json(bad.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("Jane")
        );
        assert!(matches!(
            Envelope::from_json(GOOD.replace("1.0", "0.3").as_bytes()),
            Err(EnvelopeError::SpecVersion)
        ));
        assert!(matches!(
            Envelope::from_json(GOOD.replace(r#""id":"1""#, r#""id":"""#).as_bytes()),
            Err(EnvelopeError::Empty("id"))
        ));
    }
}
