//! The modes in which CloudEvents come over HTTP and NATS, brought down to structured JSON.
//!
//! In **structured** mode the body is the event; in **binary** mode the attributes are headers and the body is the
//! data; a **batch** is a JSON list of events. The bytes of the data pass through unchanged. What the events say is
//! not looked at here: [`crate::check::admit`] and [`crate::event::Event::decode`] do that.
//!
//! Source: CloudEvents 1.0, HTTP protocol binding 3 and NATS protocol binding 3.

use crate::Envelope;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Media type of one event in structured JSON.
pub const STRUCTURED: &str = "application/cloudevents+json";
/// Media type of a list of events.
pub const BATCH: &str = "application/cloudevents-batch+json";

const PREFIX: &str = "ce-";
/// Longest attribute name that is taken.
const MAX_NAME: usize = 20;

/// Why a request or a message is in no mode. No text holds a value, or a name that is not one of CloudEvents'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModeError {
    /// Not a media type that is taken (HTTP: 415).
    #[error(
        "the content type must be application/cloudevents+json for one event, application/cloudevents-batch+json for a list, or application/json with `ce-` headers"
    )]
    MediaType,
    /// A list where one event must stand.
    #[error("a message holds one event: a batch cannot be sent over NATS")]
    BatchOverNats,
    /// More events than are taken at a time.
    #[error("a batch has {0} events at most: send them in several")]
    TooMany(usize),
    /// The body of a batch.
    #[error("the body of a batch must be a JSON list of events")]
    NotAList,
    /// The body in binary mode.
    #[error("in binary mode the body must be the event's data in JSON")]
    NotJson,
    /// Binary mode without its first header.
    #[error(
        "`ce-specversion` is missing: in binary mode every attribute is a header that starts with `ce-`"
    )]
    NoSpecVersion,
    /// An attribute that has a place of its own over HTTP.
    #[error("`ce-datacontenttype` must not be given over HTTP: the content type says it")]
    DataContentType,
    /// A header that cannot be an attribute.
    #[error(
        "a `ce-` header is not an attribute: names have up to 20 small letters and digits, and `data` is the body"
    )]
    Name,
    /// The same header twice.
    #[error("a `ce-` header is given twice")]
    Twice,
    /// A value that does not decode.
    #[error("a `ce-` header is not percent-encoded UTF-8: write %25 for a percent sign")]
    Encoding,
}

/// Reads the events of an HTTP request: one, or as many as a batch has.
///
/// `content_type` is the header's value, and `headers` are all headers or just those that start with `ce-`, in any
/// case of letters. A batch that has more than `most` events is not read on.
///
/// # Errors
/// When the request is in none of the three modes, has too many events, or a header does not decode.
pub fn read_request<'b, 'h>(
    content_type: Option<&str>,
    headers: impl Iterator<Item = (&'h str, &'h str)>,
    body: &'b [u8],
    most: usize,
) -> Result<Vec<Cow<'b, [u8]>>, ModeError> {
    let media_type = plain(content_type.unwrap_or_default());
    if media_type == STRUCTURED {
        return Ok(vec![Cow::Borrowed(body)]);
    }
    if media_type == BATCH {
        return batch(body, most);
    }
    let mut attributes = attributes(headers)?;
    // In binary mode the content type is that of the data; left out it is JSON, as SDKs leave it out.
    let json = match content_type {
        None => !attributes.is_empty(),
        Some(_) => {
            !media_type.starts_with("application/cloudevents") && crate::check::is_json(&media_type)
        }
    };
    if !json {
        return Err(ModeError::MediaType);
    }
    let data_type = content_type.unwrap_or("application/json").trim();
    if attributes
        .insert("datacontenttype".to_owned(), data_type.to_owned())
        .is_some()
    {
        return Err(ModeError::DataContentType);
    }
    binary(&attributes, body).map(|event| vec![Cow::Owned(event)])
}

/// Reads the event of a NATS message.
///
/// A message without a content type and without `ce-` headers is structured: so our own logs write it.
///
/// # Errors
/// When the message is a batch, or in binary mode and not readable.
pub fn read_message<'b, 'h>(
    headers: impl Iterator<Item = (&'h str, &'h str)>,
    payload: &'b [u8],
) -> Result<Cow<'b, [u8]>, ModeError> {
    let mut named = Vec::new();
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("content-type") {
            let media_type = plain(value);
            if media_type == BATCH {
                return Err(ModeError::BatchOverNats);
            }
            if media_type == STRUCTURED {
                return Ok(Cow::Borrowed(payload));
            }
            if media_type.starts_with("application/cloudevents") {
                return Err(ModeError::MediaType);
            }
        } else {
            named.push((name, value));
        }
    }
    let attributes = attributes(named.into_iter())?;
    if attributes.is_empty() {
        return Ok(Cow::Borrowed(payload));
    }
    if let Some(media_type) = attributes.get("datacontenttype")
        && !crate::check::is_json(media_type)
    {
        return Err(ModeError::MediaType);
    }
    binary(&attributes, payload).map(Cow::Owned)
}

/// What must be changed about a message so that its body is the whole event: headers of binary mode go into it, and an
/// event that does not say when it was recorded was recorded when the stream stored it, though not before it happened.
/// None when nothing must, or when it is not an event: then the body is left for [`crate::check`] to name the fault.
#[must_use]
pub fn whole<'h>(
    headers: &mut dyn Iterator<Item = (&'h str, &'h str)>,
    payload: &[u8],
    stored: Option<DateTime<Utc>>,
) -> Option<Vec<u8>> {
    let read = read_message(headers, payload).ok()?;
    let text = std::str::from_utf8(&read).ok()?;
    // Looked for from the end, because there our own publishers write it.
    if text.rfind("\"recordedtime\"").is_none()
        && let Some(stored) = stored
        && let Some(time) = time_of(text.as_bytes())
    {
        let at = stored.max(time);
        let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let rest = text.trim_start().strip_prefix('{')?;
        return Some(format!("{{\"recordedtime\":\"{at}\",{rest}").into_bytes());
    }
    match read {
        Cow::Borrowed(_) => None,
        Cow::Owned(whole) => Some(whole),
    }
}

/// When an event happened, were its data sent as bytes in base 64.
fn time_of(event: &[u8]) -> Option<DateTime<Utc>> {
    let plain = |event: &[u8]| Some(Envelope::from_json(event).ok()?.time);
    plain(event).or_else(|| plain(&crate::check::with_data_decoded(event)?))
}

/// The events of a list.
fn batch(body: &[u8], most: usize) -> Result<Vec<Cow<'_, [u8]>>, ModeError> {
    let mut events = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(body);
    let list = List {
        events: &mut events,
        most,
    };
    let read = reader
        .deserialize_seq(list)
        .and_then(|()| reader.end())
        .is_ok();
    // One more than that many was read, or all of them were.
    match (read, events.len() > most) {
        (_, true) => Err(ModeError::TooMany(most)),
        (true, _) => Ok(events),
        (false, _) => Err(ModeError::NotAList),
    }
}

/// Reads a list until it is too long.
struct List<'e, 'b> {
    events: &'e mut Vec<Cow<'b, [u8]>>,
    most: usize,
}

impl<'b> Visitor<'b> for List<'_, 'b> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'b>>(self, mut list: A) -> Result<(), A::Error> {
        while self.events.len() <= self.most {
            match list.next_element::<&RawValue>()? {
                Some(event) => self.events.push(Cow::Borrowed(event.get().as_bytes())),
                None => return Ok(()),
            }
        }
        Err(A::Error::custom("too long"))
    }
}

/// A media type without its parameters, in small letters.
fn plain(media_type: &str) -> String {
    let plain = media_type.split(';').next().unwrap_or_default();
    plain.trim().to_ascii_lowercase()
}

/// The attributes among headers, by name.
fn attributes<'h>(
    headers: impl Iterator<Item = (&'h str, &'h str)>,
) -> Result<BTreeMap<String, String>, ModeError> {
    let mut attributes = BTreeMap::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        let Some(name) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let sound = (1..=MAX_NAME).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            && name != "data";
        if !sound {
            return Err(ModeError::Name);
        }
        if attributes
            .insert(name.to_owned(), value_of(value)?)
            .is_some()
        {
            return Err(ModeError::Twice);
        }
    }
    Ok(attributes)
}

/// A header's value: quotes are taken off, then percent-encoding is undone, once.
fn value_of(header: &str) -> Result<String, ModeError> {
    let header = header.trim();
    let inner = header
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let text = match inner {
        None => Cow::Borrowed(header),
        Some(quoted) => {
            let mut text = String::with_capacity(quoted.len());
            let mut chars = quoted.chars();
            while let Some(c) = chars.next() {
                text.extend(if c == '\\' { chars.next() } else { Some(c) });
            }
            Cow::Owned(text)
        }
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    let hex = |digit: Option<u8>| digit.and_then(|d| char::from(d).to_digit(16));
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (Some(high), Some(low)) = (hex(rest.next()), hex(rest.next())) else {
                return Err(ModeError::Encoding);
            };
            bytes.extend(u8::try_from(high * 16 + low));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map_err(|_| ModeError::Encoding)
}

/// Structured JSON from attributes and data.
fn binary(attributes: &BTreeMap<String, String>, data: &[u8]) -> Result<Vec<u8>, ModeError> {
    if !attributes.contains_key("specversion") {
        return Err(ModeError::NoSpecVersion);
    }
    // Only read to know that it is one JSON value: it could otherwise close the object and go on.
    let data: &RawValue = serde_json::from_slice(data).map_err(|_| ModeError::NotJson)?;
    let mut event = Vec::with_capacity(data.get().len() + 256);
    event.push(b'{');
    for (name, value) in attributes {
        // Names are small letters and digits, which JSON needs not escape.
        event.extend_from_slice(format!("\"{name}\":").as_bytes());
        event.extend_from_slice(
            serde_json::Value::from(value.as_str())
                .to_string()
                .as_bytes(),
        );
        event.push(b',');
    }
    event.extend_from_slice(b"\"data\":");
    event.extend_from_slice(data.get().as_bytes());
    event.push(b'}');
    Ok(event)
}

#[cfg(test)]
mod tests;
