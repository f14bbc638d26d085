//! `POST /api/v1/events`: CloudEvents in structured, binary and batch mode. An event is answered when it is durable.

use super::auth::Caller;
use super::idempotency::{Keys, Replay};
use super::problem::{FieldError, Problem};
use crate::app::App;
use crate::config::Role;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use joinedup_events::{Areas, Envelope, Event, Family, check, mode};
use joinedup_log::Position;
use serde::Serialize;
use std::sync::atomic::Ordering;

/// The answer to published events.
#[derive(Clone, Debug, Serialize)]
pub struct Published {
    /// How many were stored now.
    pub accepted: usize,
    /// How many the log had already.
    pub duplicates: usize,
    /// Where each stands in the log.
    pub positions: Vec<u64>,
}

/// Publishes what a request holds: all of it or, when one event is refused, nothing.
pub async fn publish(
    State(app): State<App>,
    State(keys): State<Keys>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let replay = match keys.look(&headers, &caller.name, &body)? {
        Replay::Answered(answer) => return Ok(answer),
        Replay::New(replay) => replay,
    };
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    let texts = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let bodies = mode::read_request(content_type, texts, &body).map_err(|error| {
        let status = if error == mode::ModeError::MediaType {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        } else {
            StatusCode::BAD_REQUEST
        };
        Problem::new(status, "Not a CloudEvents request", error.to_string())
    })?;
    let events = admit(&app, bodies.iter().map(|b| b.as_ref()), app.now())?;
    for event in &events {
        caller.must(role_for(event.fact.family()))?;
    }
    let condition = condition(&headers, &events)?;
    let answer = append(&app, &events, condition).await?;
    let response = (StatusCode::ACCEPTED, Json(&answer)).into_response();
    keys.remember(replay, StatusCode::ACCEPTED, &answer);
    Ok(response)
}

/// Publishing observations, transfers, referrals and responses is a service's work; ratings and changes are a person's.
fn role_for(family: Family) -> Role {
    match family {
        Family::Assessment | Family::Change => Role::Assessor,
        _ => Role::Publisher,
    }
}

/// Checks every event and says everything that is wrong with any of them.
pub fn admit<'a>(
    app: &App,
    bodies: impl Iterator<Item = &'a [u8]>,
    now: DateTime<Utc>,
) -> Result<Vec<Event>, Problem> {
    let bodies: Vec<&[u8]> = bodies.collect();
    let many = bodies.len() > 1;
    let mut events = Vec::with_capacity(bodies.len());
    let mut errors = Vec::new();
    for (index, bytes) in bodies.into_iter().enumerate() {
        match admit_one(bytes, &app.definitions.areas, now) {
            Ok(event) => events.push(event),
            Err(refusals) => errors.extend(refusals.0.into_iter().map(|r| FieldError {
                index: many.then_some(index),
                pointer: r.pointer,
                detail: r.rule,
            })),
        }
    }
    if errors.is_empty() {
        return Ok(events);
    }
    if let Some(publisher) = &app.publisher {
        publisher
            .counts()
            .refused
            .fetch_add(errors.len() as u64, Ordering::Relaxed);
    }
    Err(Problem::refused(errors))
}

/// One event. Without a `recordedtime` it was recorded now: taking `time` instead would let a late fact look as if
/// it had always been known.
pub fn admit_one(
    bytes: &[u8],
    areas: &Areas,
    now: DateTime<Utc>,
) -> Result<Event, check::Refusals> {
    let mut event = check::admit(bytes, areas, now)?;
    if Envelope::from_json(bytes).is_ok_and(|e| e.recorded_time.is_none()) {
        event.recorded_at = now.max(event.occurred_at);
    }
    Ok(event)
}

/// Appends events and answers where they stand.
pub async fn append(
    app: &App,
    events: &[Event],
    condition: Option<Position>,
) -> Result<Published, Problem> {
    let publisher = app.publisher.as_ref().ok_or_else(|| {
        Problem::not_found("This process does not publish; ask the one that does")
    })?;
    let appended = publisher.publish(events, condition).await?;
    let duplicates = appended.iter().filter(|a| a.duplicate).count();
    Ok(Published {
        accepted: appended.len() - duplicates,
        duplicates,
        positions: appended.iter().map(|a| a.position.0).collect(),
    })
}

/// `If-Match: "<version>"`: the event is stored only if the last one on its subject stands there.
fn condition(headers: &HeaderMap, events: &[Event]) -> Result<Option<Position>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    if events.len() != 1 {
        return Err(Problem::bad_request(
            "`If-Match` goes with a single event, not with a batch",
        ));
    }
    let text = value.to_str().unwrap_or_default().trim().trim_matches('"');
    text.parse().map(|n| Some(Position(n))).map_err(|_| {
        Problem::bad_request("`If-Match` must be the version that was read, a number in quotes")
    })
}
