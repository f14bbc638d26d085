//! `Idempotency-Key`: the same write sent again gets the same answer. What a crash makes us forget, the events' own
//! ids make good: an event that is sent again is one event.

use super::problem::Problem;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// How many keys are remembered.
const MAX_KEYS: usize = 10_000;
/// How much room keys and answers may take, in bytes.
const MAX_BYTES: usize = 8 << 20;

/// The answers to earlier writes, by key.
#[derive(Clone, Debug, Default)]
pub struct Keys(Arc<Mutex<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    answers: HashMap<Arc<str>, Answered>,
    /// The oldest first.
    order: VecDeque<Arc<str>>,
    bytes: usize,
}

#[derive(Debug)]
struct Answered {
    body_digest: [u8; 32],
    status: StatusCode,
    answer: Bytes,
}

impl Remembered {
    fn insert(&mut self, key: Arc<str>, answered: Answered) {
        self.bytes += size(&key, &answered);
        match self.answers.insert(key.clone(), answered) {
            // Two requests with one key were answered side by side.
            Some(before) => self.bytes -= size(&key, &before),
            None => self.order.push_back(key),
        }
        while self.order.len() > MAX_KEYS || self.bytes > MAX_BYTES {
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            if let Some(answered) = self.answers.remove(&oldest) {
                self.bytes -= size(&oldest, &answered);
            }
        }
    }
}

/// What a remembered answer takes, about.
fn size(key: &str, answered: &Answered) -> usize {
    size_of::<Answered>() + key.len() + answered.answer.len()
}

/// What to remember an answer under.
#[derive(Debug)]
pub struct Key(Option<(Arc<str>, [u8; 32])>);

impl Key {
    /// The caller's name and the key, where the request has one.
    #[must_use]
    pub fn of_caller(&self) -> Option<&str> {
        self.0.as_ref().map(|(key, _)| &**key)
    }
}

/// What was found.
#[derive(Debug)]
pub enum Replay {
    /// The key was used for the same body: its answer again.
    Answered(Response),
    /// Nothing yet.
    New(Key),
}

/// What a request says: its body, and the headers that are part of an event or of a condition.
fn digest(headers: &HeaderMap, body: &[u8]) -> [u8; 32] {
    let says = |name: &str| name.starts_with("ce-") || name == "if-match" || name == "content-type";
    let mut parts: Vec<(&str, &[u8])> = headers
        .iter()
        .filter(|(name, _)| says(name.as_str()))
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    parts.sort_unstable();
    let mut digest = Sha256::new();
    for (name, value) in parts {
        for part in [name.as_bytes(), value] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
    }
    digest.update(body);
    digest.finalize().into()
}

impl Keys {
    /// Looks a request's key up.
    ///
    /// # Errors
    /// 422 when the key was used for another body, 400 when it is not a key.
    pub fn look(&self, headers: &HeaderMap, caller: &str, body: &[u8]) -> Result<Replay, Problem> {
        let Some(key) = headers.get("idempotency-key") else {
            return Ok(Replay::New(Key(None)));
        };
        let key = key
            .to_str()
            .ok()
            .filter(|k| !k.is_empty() && k.len() <= 255);
        let key = key.ok_or_else(|| {
            Problem::bad_request("`Idempotency-Key` must have 1 to 255 printable characters")
        })?;
        let key: Arc<str> = format!("{caller}\0{key}").into();
        let digest = digest(headers, body);
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match remembered.answers.get(&key) {
            Some(known) if known.body_digest == digest => {
                let json = [(header::CONTENT_TYPE, "application/json")];
                let again = (known.status, json, known.answer.clone());
                Ok(Replay::Answered(again.into_response()))
            }
            Some(_) => {
                let detail = "This `Idempotency-Key` was used for another body: make a new key for a new write";
                Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "The key was used before",
                    detail,
                ))
            }
            None => Ok(Replay::New(Key(Some((key, digest))))),
        }
    }

    /// Remembers an answer.
    pub fn remember(&self, key: Key, status: StatusCode, answer: &impl Serialize) {
        let (Some((key, body_digest)), Ok(answer)) = (key.0, serde_json::to_vec(answer)) else {
            return;
        };
        let answered = Answered {
            body_digest,
            status,
            answer: answer.into(),
        };
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.insert(key, answered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(name: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", name.parse().unwrap());
        headers
    }

    fn remember(keys: &Keys, name: &str, answer: &impl Serialize) {
        match keys.look(&key(name), "feed", b"body").unwrap() {
            Replay::New(key) => keys.remember(key, StatusCode::ACCEPTED, answer),
            Replay::Answered(_) => panic!("{name} was answered before"),
        }
    }

    #[tokio::test]
    async fn the_same_write_gets_the_same_answer_and_another_is_refused() {
        let keys = Keys::default();
        remember(&keys, "k", &json!({"positions": [7]}));
        let Replay::Answered(again) = keys.look(&key("k"), "feed", b"body").unwrap() else {
            panic!("it was forgotten");
        };
        assert_eq!(again.status(), StatusCode::ACCEPTED);
        let body = axum::body::to_bytes(again.into_body(), 100).await.unwrap();
        assert_eq!(body, r#"{"positions":[7]}"#);
        assert!(keys.look(&key("k"), "feed", b"another").is_err());
        // In binary mode the headers are part of the event.
        let mut other = key("k");
        other.insert("ce-id", "another".parse().unwrap());
        assert!(keys.look(&other, "feed", b"body").is_err());
        // Another caller's key is another key.
        assert!(matches!(
            keys.look(&key("k"), "other", b"body"),
            Ok(Replay::New(_))
        ));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stay() {
        let keys = Keys::default();
        let answer = "x".repeat(100_000);
        for number in 0..500 {
            remember(&keys, &number.to_string(), &answer);
        }
        let remembered = keys.0.lock().unwrap();
        assert!(remembered.bytes <= MAX_BYTES && remembered.bytes > MAX_BYTES / 2);
        assert_eq!(remembered.answers.len(), remembered.order.len());
        drop(remembered);
        assert!(matches!(
            keys.look(&key("499"), "feed", b"body"),
            Ok(Replay::Answered(_))
        ));
        assert!(matches!(
            keys.look(&key("0"), "feed", b"body"),
            Ok(Replay::New(_))
        ));
    }
}
