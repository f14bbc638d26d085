//! A request's body, whole and in time, before anything else looks at it: one that is too large or never ends is
//! refused with a problem like every other bad request.

use super::problem::Problem;
use super::{BODY_MOST, BODY_WITHIN};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

fn too_large() -> Problem {
    let detail =
        format!("A body has {BODY_MOST} bytes at most: send the events in smaller batches");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "Too large", detail)
}

/// Reads the body, or refuses. One that says that it is too large is refused unread.
///
/// # Errors
/// 413 when it is too large, 408 when it does not come in time.
pub async fn whole(request: Request, next: Next) -> Result<Response, Problem> {
    let said = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok());
    if said
        .and_then(|v| v.parse::<u64>().ok())
        .is_some_and(|length| length > BODY_MOST as u64)
    {
        return Err(too_large());
    }
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(BODY_WITHIN, to_bytes(body, BODY_MOST))
        .await
        .map_err(|_| {
            let detail = format!(
                "The body did not come within {} seconds",
                BODY_WITHIN.as_secs()
            );
            Problem::new(StatusCode::REQUEST_TIMEOUT, "Too slow", detail)
        })?;
    let bytes = read.map_err(|_| too_large())?;
    Ok(next
        .run(Request::from_parts(parts, Body::from(bytes)))
        .await)
}
