//! `Idempotency-Key`: the same write sent again gets the same answer. What a crash makes us forget, the events' own
//! ids make good: an event that is sent again is one event.

use super::problem::Problem;
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// How many keys are remembered.
const KEYS_MOST: usize = 10_000;

/// The answers to earlier writes, by key.
#[derive(Clone, Debug, Default)]
pub struct Keys(Arc<Mutex<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    answers: HashMap<String, ([u8; 32], StatusCode, Value)>,
    order: VecDeque<String>,
}

/// What to remember an answer under.
#[derive(Debug)]
pub struct Key(Option<(String, [u8; 32])>);

impl Key {
    /// The caller's name and the key, where the request has one.
    #[must_use]
    pub fn of_caller(&self) -> Option<&str> {
        self.0.as_ref().map(|(key, _)| key.as_str())
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

impl Keys {
    /// Looks a request's key up.
    ///
    /// # Errors
    /// 422 when the key was used for another body, 400 when it is no key.
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
        let (key, digest) = (format!("{caller}\0{key}"), Sha256::digest(body).into());
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match remembered.answers.get(&key) {
            Some((known, status, answer)) if *known == digest => {
                Ok(Replay::Answered((*status, Json(answer)).into_response()))
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
        let (Some((key, digest)), Ok(answer)) = (key.0, serde_json::to_value(answer)) else {
            return;
        };
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.order.push_back(key.clone());
        remembered.answers.insert(key, (digest, status, answer));
        while remembered.order.len() > KEYS_MOST {
            if let Some(oldest) = remembered.order.pop_front() {
                remembered.answers.remove(&oldest);
            }
        }
    }
}
