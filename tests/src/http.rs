//! A small blocking HTTP client for loopback addresses.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

use crate::OrFail;

const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_BODY_BYTES: u64 = 256 * 1024 * 1024;

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers by lower-case name; of a repeated header the last value.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is no JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).or_fail(&format!(
            "status {} with a body that is no JSON: {}",
            self.status,
            self.text()
        ))
    }

    /// A header's value, by lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Sends a request and returns the answer, whatever its status. Redirects are not followed.
///
/// # Errors
/// When there is no answer: refused, cut off, or nothing within 30 seconds.
pub fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Response, String> {
    let agent = agent();
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let sent = if body.is_empty() && matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS") {
        request
            .body(())
            .map_err(|error| error.to_string())
            .and_then(|request| agent.run(request).map_err(|error| error.to_string()))
    } else {
        request
            .body(body)
            .map_err(|error| error.to_string())
            .and_then(|request| agent.run(request).map_err(|error| error.to_string()))
    };
    let mut response = sent.map_err(|error| format!("{method} {url}: {error}"))?;
    let body = response
        .body_mut()
        .with_config()
        .limit(MAX_BODY_BYTES)
        .read_to_vec()
        .map_err(|error| format!("{method} {url}: {error}"))?;
    Ok(Response {
        status: response.status().as_u16(),
        headers: response
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect(),
        body,
    })
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(TIMEOUT))
        .allow_non_standard_methods(true)
        .build()
        .into()
}

/// One event of a live stream (server-sent events).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveEvent {
    /// The `event` field; empty when the server named none.
    pub name: String,
    /// The `id` field; empty when the server gave none.
    pub id: String,
    /// The `data` lines, joined by line ends.
    pub data: String,
}

/// Reads a live stream until `enough` says so of the events so far, and returns them.
///
/// # Errors
/// When the stream does not open, ends, or is not enough within 30 seconds; the message holds what had come.
pub fn live(
    url: &str,
    headers: &[(&str, &str)],
    mut enough: impl FnMut(&[LiveEvent]) -> bool,
) -> Result<Vec<LiveEvent>, String> {
    let mut request = Request::builder().method("GET").uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).map_err(|error| error.to_string())?;
    let response = agent()
        .run(request)
        .map_err(|error| format!("{url}: {error}"))?;
    if response.status().as_u16() != 200 {
        return Err(format!("{url}: {}", response.status()));
    }
    let (mut events, mut open) = (Vec::new(), LiveEvent::default());
    for line in BufReader::new(response.into_body().into_reader()).lines() {
        let line = line.map_err(|error| format!("{url}: {error}; so far {events:?}"))?;
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            // An empty line ends an event; one without data is none.
            "" if line.is_empty() && !open.data.is_empty() => {
                events.push(std::mem::take(&mut open));
                if enough(&events) {
                    return Ok(events);
                }
            }
            "event" => value.clone_into(&mut open.name),
            "id" => value.clone_into(&mut open.id),
            "data" if open.data.is_empty() => value.clone_into(&mut open.data),
            "data" => {
                open.data.push('\n');
                open.data.push_str(value);
            }
            _ => {}
        }
    }
    Err(format!("{url}: the stream ended after {events:?}"))
}

/// GETs a page.
///
/// # Errors
/// As [`send`].
pub fn get(url: &str) -> Result<Response, String> {
    send("GET", url, &[], &[])
}

/// GETs a page that has to answer with status 200.
///
/// # Errors
/// As [`send`], or another status, with the body.
pub fn get_ok(url: &str) -> Result<Response, String> {
    let response = get(url)?;
    if response.status == 200 {
        Ok(response)
    } else {
        Err(format!("{url}: {} {}", response.status, response.text()))
    }
}

/// POSTs a JSON body.
///
/// # Errors
/// As [`send`].
pub fn post_json(url: &str, body: &Value) -> Result<Response, String> {
    send(
        "POST",
        url,
        &[("content-type", "application/json")],
        body.to_string().as_bytes(),
    )
}

/// A query string of the given pairs, percent-encoded, without the question mark.
pub fn query_string<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        encode(name, &mut query);
        query.push('=');
        encode(value, &mut query);
    }
    query
}

fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            write!(into, "%{byte:02X}").or_fail("a string takes more text");
        }
    }
}
