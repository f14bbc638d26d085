//! The CloudEvents 1.0 envelope in structured JSON. The binary and batch modes of HTTP and NATS come down to it.

mod instant;
mod plain;

use crate::keys::Text;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A CloudEvent, borrowed from the bytes it was read from.
#[derive(Clone, Debug)]
pub struct Envelope<'a> {
    /// Must be `1.0`.
    pub specversion: Cow<'a, str>,
    /// The event type.
    pub event_type: Cow<'a, str>,
    /// Who reports it (a URI reference).
    pub source: Cow<'a, str>,
    /// Unique within the source.
    pub id: Cow<'a, str>,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// When it was recorded; the time of arrival where the publisher does not say.
    pub recorded_time: Option<DateTime<Utc>>,
    /// Who recorded it, where the door knew.
    pub actor: Option<String>,
    /// What happened: the text of a JSON value.
    pub data: &'a str,
}

/// What the bytes of an event may say.
#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(borrow)]
    specversion: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    event_type: Option<Text<'a>>,
    #[serde(borrow)]
    source: Option<Text<'a>>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(default, deserialize_with = "instant::read")]
    time: Option<DateTime<Utc>>,
    #[serde(default, rename = "recordedtime", deserialize_with = "instant::read")]
    recorded_time: Option<DateTime<Utc>>,
    actor: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Why bytes are not a CloudEvent. No text holds a value of the event.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON, or an attribute is of the wrong kind.
    #[error("not a CloudEvent in JSON at line {line} column {column}: {rule}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What kind of misfit.
        rule: &'static str,
    },
    /// An attribute is not there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
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
    /// Of an event in the form that this product writes, `data` is not looked at here: [`crate::Event::decode`] finds JSON that is broken.
    ///
    /// # Errors
    /// When the bytes are not a CloudEvent 1.0 with `id`, `source`, `type`, `time` and `data`.
    pub fn from_json(bytes: &'a [u8]) -> Result<Self, EnvelopeError> {
        // Text that is known to be UTF-8 as a whole is read faster than bytes whose every string is looked at.
        match std::str::from_utf8(bytes) {
            Ok(text) => plain::read(text).map_or_else(|| Self::of(serde_json::from_str(text)), Ok),
            Err(_) => Self::of(serde_json::from_slice(bytes)),
        }
    }

    /// What the general parser read.
    fn of(read: serde_json::Result<Attributes<'a>>) -> Result<Self, EnvelopeError> {
        let read = read.map_err(|e| EnvelopeError::Json {
            line: e.line(),
            column: e.column(),
            rule: rule_of(&e),
        })?;
        let text = |name, text: Option<Text<'a>>| {
            text.map(|text| text.0).ok_or(EnvelopeError::Missing(name))
        };
        let envelope = Self {
            specversion: text("specversion", read.specversion)?,
            event_type: text("type", read.event_type)?,
            source: text("source", read.source)?,
            id: text("id", read.id)?,
            time: read.time.ok_or(EnvelopeError::Missing("time"))?,
            recorded_time: read.recorded_time,
            actor: read.actor,
            data: read.data.ok_or(EnvelopeError::Missing("data"))?.get(),
        };
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

/// The kind of misfit, without the value that serde puts into its message.
fn rule_of(error: &serde_json::Error) -> &'static str {
    if error.is_data() {
        "an attribute is given twice or of the wrong kind; `time` and `recordedtime` are RFC 3339 with a zone"
    } else {
        "the text is not JSON"
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
