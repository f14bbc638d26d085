//! A request's body, whole and in time, before its handler looks at it and after the door has: one that is too large, never
//! ends or breaks off is refused with a problem like every other bad request. All bodies together have so much room and no
//! more, those of files and of answers by a link a room of their own, and one caller has a share of each.

use super::auth::Caller;
use super::finish::Begun;
use super::limits::{
    BODY_ROOM_TIMEOUT, BODY_TIMEOUT, FILE_TIMEOUT, MAX_ANSWER, MAX_ANSWERS, MAX_BODIES, MAX_BODY,
    MAX_FILE, MAX_FILE_FORM, MAX_FILES,
};
use super::places::Activity;
use super::problem::Problem;
use super::shares::Shares;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use bytes::BytesMut;
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The addresses of feeds that take files.
pub(super) const FEEDS: &str = "/api/v1/feeds/";

/// Room is counted in pieces of this many bytes.
const PIECE: usize = 1 << 10;

/// What a body may be, and the room for all of its kind that are held at a time.
#[derive(Clone, Debug)]
struct Room {
    /// The largest, in bytes.
    limit: usize,
    /// How long it may take to come.
    within: Duration,
    all: Arc<Semaphore>,
    shares: Arc<Shares>,
}

impl Room {
    fn new(limit: usize, within: Duration, all: usize) -> Self {
        Self {
            limit,
            within,
            all: Arc::new(Semaphore::new(all / PIECE)),
            // A quarter, so that it takes four to keep the others out.
            shares: Arc::new(Shares::new(all / PIECE / 4)),
        }
    }

    /// So many pieces of it. A caller waits among their own first, and so holds up nobody else.
    async fn enter(
        &self,
        name: Option<&str>,
        pieces: u32,
    ) -> Result<(Option<OwnedSemaphorePermit>, OwnedSemaphorePermit), Problem> {
        let timeout = |of: Arc<Semaphore>| async move {
            let held = tokio::time::timeout(BODY_ROOM_TIMEOUT, of.acquire_many_owned(pieces));
            held.await.ok().and_then(Result::ok)
        };
        let share = match name {
            None => None,
            Some(name) => Some(timeout(self.shares.of(name)).await.ok_or_else(|| {
                Problem::too_many(
                    "As much is on its way from you as may be at a time: send this once the rest is answered",
                )
            })?),
        };
        let held = timeout(self.all.clone()).await.ok_or_else(|| {
            Problem::unavailable(
                "The server holds as many requests as it can: send this one again in a moment",
            )
        })?;
        Ok((share, held))
    }
}

/// Room for all bodies that are held at a time.
#[derive(Clone, Debug)]
pub struct Rooms {
    bodies: Room,
    files: Room,
    answers: Room,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            bodies: Room::new(MAX_BODY, BODY_TIMEOUT, MAX_BODIES),
            files: Room::new(MAX_FILE_FORM, FILE_TIMEOUT, MAX_FILES),
            answers: Room::new(MAX_ANSWER, BODY_TIMEOUT, MAX_ANSWERS),
        }
    }
}

/// Reads the body, or refuses. One that says that it is too large is refused unread.
///
/// # Errors
/// 413 when it is too large, 408 when it does not come in time, 429 when the caller has as many on their way as they may,
/// 503 when there is no room for it now.
pub async fn whole(
    State(rooms): State<Rooms>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    rooms.bodies.filled(request, next).await
}

/// The same of a form with a file, which may be larger.
///
/// # Errors
/// As [`whole`].
pub async fn with_file(
    State(rooms): State<Rooms>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    rooms.files.filled(request, next).await
}

/// The same of answers by a link, which are small; each link has a share.
///
/// # Errors
/// As [`whole`].
pub async fn of_link(
    State(rooms): State<Rooms>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    rooms.answers.filled(request, next).await
}

/// By what somebody comes who is not asked who they are: each of these has a share.
#[derive(Clone, Debug)]
pub struct ComesBy(pub String);

/// Whose share of a room a request takes; none where anybody on this machine is let in.
fn name(request: &Request) -> Option<&str> {
    let way = request.extensions().get::<ComesBy>();
    let caller = request.extensions().get::<Caller>();
    way.map(|ComesBy(way)| way.as_str())
        .or(caller.and_then(Caller::shares_as))
}

impl Room {
    async fn filled(&self, request: Request, next: Next) -> Result<Response, Problem> {
        let limit = self.limit;
        let path = request.uri().path();
        let (is_of_feed, is_of_api) = (path.starts_with(FEEDS), path.starts_with("/api/"));
        let too_large = || too_large(limit, is_of_feed, is_of_api);
        let announced = request.body().size_hint();
        if request.method().is_safe() {
            // What is only asked for has no use for one, so none is waited for.
            return Ok(answered(request.map(|_| Body::empty()), next).await);
        }
        if announced.lower() > limit as u64 {
            return Err(too_large());
        }
        let most = announced
            .upper()
            .and_then(|most| usize::try_from(most).ok())
            .map_or(limit, |most| most.min(limit));
        if most == 0 {
            return Ok(answered(request, next).await);
        }
        let pieces = u32::try_from(most.div_ceil(PIECE)).unwrap_or(u32::MAX);
        let _held = self.enter(name(&request), pieces).await?;
        let (parts, body) = request.into_parts();
        // As much as it says that it has at least; the room for that is held.
        let least = usize::try_from(announced.lower()).unwrap_or_default();
        let whole = BytesMut::with_capacity(least);
        let activity = parts.extensions.get::<Arc<Activity>>();
        let reading = activity.map(Activity::reading);
        let bytes = tokio::time::timeout(self.within, read(body, whole, limit, too_large))
            .await
            .map_err(|_| too_slow(self.within))??;
        drop(reading);
        // The room is held until the answer is there: so long the bytes are.
        Ok(answered(Request::from_parts(parts, Body::from(bytes)), next).await)
    }
}

/// What the handler answers, which has all of the request now.
async fn answered(request: Request, next: Next) -> Response {
    if let Some(begun) = request.extensions().get::<Begun>() {
        begun.begin();
    }
    next.run(request).await
}

async fn read(
    body: Body,
    mut whole: BytesMut,
    limit: usize,
    too_large: impl Fn() -> Problem,
) -> Result<Bytes, Problem> {
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part =
            part.map_err(|_| Problem::bad_request("The body breaks off: it cannot be read"))?;
        if whole.len() + part.len() > limit {
            return Err(too_large());
        }
        whole.extend_from_slice(&part);
    }
    Ok(whole.freeze())
}

fn too_large(limit: usize, is_of_feed: bool, is_of_api: bool) -> Problem {
    let detail = match limit {
        // A list is whole or it takes people back, so it cannot be cut into batches.
        MAX_BODY if is_of_feed => {
            let mib = MAX_BODY >> 20;
            format!(
                "A file has {mib} MiB at most here: put it into the folder of a feed, or use `joinedup import`"
            )
        }
        MAX_BODY if is_of_api => {
            format!("A body has {MAX_BODY} bytes at most: send the events in smaller batches")
        }
        MAX_FILE_FORM => {
            let mib = MAX_FILE >> 20;
            format!("A file has {mib} MiB at most: split it, or use `joinedup import`")
        }
        _ => {
            let most = match limit >> 20 {
                0 => format!("{} kB", limit >> 10),
                mb => format!("{mb} MB"),
            };
            format!("A form can hold {most} at most: shorten what you send, or send it in parts")
        }
    };
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "Too large", detail)
}

fn too_slow(within: Duration) -> Problem {
    let detail = format!("The body did not come within {} seconds", within.as_secs());
    Problem::new(StatusCode::REQUEST_TIMEOUT, "Too slow", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_said_in_words_of_who_sent_it() {
        let answered =
            |limit: usize, is_of_api: bool| format!("{:?}", too_large(limit, false, is_of_api));
        assert!(answered(MAX_BODY, true).contains("smaller batches"));
        assert!(answered(MAX_BODY, false).contains("A form can hold 1 MB at most"));
        assert!(answered(MAX_ANSWER, false).contains("64 kB"));
    }
}
