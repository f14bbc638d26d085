//! A request's body, whole and in time, before anything else looks at it: one that is too large, never ends or breaks
//! off is refused with a problem like every other bad request. All bodies together have so much room and no more.

use super::finish::Begun;
use super::limits::{
    BODY_ROOM_TIMEOUT, BODY_TIMEOUT, FILE_TIMEOUT, MAX_BODIES, MAX_BODY, MAX_FILE, MAX_FILE_FORM,
};
use super::problem::Problem;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use bytes::BytesMut;
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Room is counted in pieces of this many bytes.
const PIECE: usize = 1 << 10;

/// Room for all bodies that are held at a time.
#[derive(Clone, Debug)]
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_BODIES / PIECE)))
    }
}

/// Reads the body, or refuses. One that says that it is too large is refused unread.
///
/// # Errors
/// 413 when it is too large, 408 when it does not come in time, 503 when there is no room for it now.
pub async fn whole(
    State(room): State<Room>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    up_to(MAX_BODY, BODY_TIMEOUT, room, request, next).await
}

/// The same of a form with a file, which may be larger.
///
/// # Errors
/// As [`whole`].
pub async fn with_file(
    State(room): State<Room>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    up_to(MAX_FILE_FORM, FILE_TIMEOUT, room, request, next).await
}

async fn up_to(
    limit: usize,
    within: Duration,
    room: Room,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let announced = request.body().size_hint();
    if announced.lower() > limit as u64 {
        return Err(too_large(limit));
    }
    let most = announced
        .upper()
        .and_then(|most| usize::try_from(most).ok())
        .map_or(limit, |most| most.min(limit));
    if most == 0 {
        return Ok(answered(request, next).await);
    }
    let pieces = u32::try_from(most.div_ceil(PIECE)).unwrap_or(u32::MAX);
    let held = tokio::time::timeout(BODY_ROOM_TIMEOUT, room.0.acquire_many_owned(pieces)).await;
    let Ok(Ok(_held)) = held else {
        return Err(Problem::unavailable(
            "The server holds as many requests as it can: send this one again in a moment",
        ));
    };
    let (parts, body) = request.into_parts();
    // As much as it says that it has at least; the room for that is held.
    let least = usize::try_from(announced.lower()).unwrap_or_default();
    let whole = BytesMut::with_capacity(least);
    let bytes = tokio::time::timeout(within, read(body, whole, limit))
        .await
        .map_err(|_| too_slow(within))??;
    // The room is held until the answer is there: so long the bytes are.
    Ok(answered(Request::from_parts(parts, Body::from(bytes)), next).await)
}

/// What the handler answers, which has all of the request now.
async fn answered(request: Request, next: Next) -> Response {
    if let Some(begun) = request.extensions().get::<Begun>() {
        begun.begin();
    }
    next.run(request).await
}

async fn read(body: Body, mut whole: BytesMut, limit: usize) -> Result<Bytes, Problem> {
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part =
            part.map_err(|_| Problem::bad_request("The body breaks off: it cannot be read"))?;
        if whole.len() + part.len() > limit {
            return Err(too_large(limit));
        }
        whole.extend_from_slice(&part);
    }
    Ok(whole.freeze())
}

fn too_large(limit: usize) -> Problem {
    let detail = if limit == MAX_BODY {
        format!("A body has {MAX_BODY} bytes at most: send the events in smaller batches")
    } else {
        let mib = MAX_FILE >> 20;
        format!("A file has {mib} MiB at most: split it, or use `joinedup import`")
    };
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "Too large", detail)
}

fn too_slow(within: Duration) -> Problem {
    let detail = format!("The body did not come within {} seconds", within.as_secs());
    Problem::new(StatusCode::REQUEST_TIMEOUT, "Too slow", detail)
}
