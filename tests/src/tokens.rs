//! Tokens of tests: each is named after its holder, so that a test reads as who asks what.

use serde_json::Value;

use crate::http::{self, Response};
use crate::product::{Joinedup, JoinedupOptions};

/// The token of a holder.
#[must_use]
pub fn token(name: &str) -> String {
    format!("{name}-0123456789abcdef0123456789abcdef")
}

/// Options with settings that name tokens, each in a file of its holder's name.
#[must_use]
pub fn with_tokens(settings: &str, names: &[&str]) -> JoinedupOptions {
    let options = JoinedupOptions::new("serve", &[]).file("joinedup.toml", settings);
    let with = |options: JoinedupOptions, name: &&str| options.file(name, &token(name));
    names.iter().fold(options, with)
}

/// Asks with a token; a list is sent as a batch of events, and null as no body.
///
/// # Panics
/// When there is no answer.
#[track_caller]
pub fn ask(product: &Joinedup, token: &str, method: &str, path: &str, body: &Value) -> Response {
    let bearer = format!("Bearer {token}");
    let kind = match body {
        Value::Array(_) => "application/cloudevents-batch+json",
        _ if path.ends_with("/events") => "application/cloudevents+json",
        _ => "application/json",
    };
    let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
    let bytes = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    http::send(method, &product.url(path), &headers, bytes.as_bytes())
        .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}
