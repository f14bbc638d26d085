//! `GET /api/v1/stream`: a word by server-sent events whenever the views have moved, and a heartbeat with the pipeline's
//! honesty. What moved is asked for again: the stream carries no numbers of a measure. That something moved is itself a
//! person who came or left, so whoever reads editions is told when the next one is there, and of nothing in between.

use crate::door::Shared;
use crate::door::auth::{self, Caller};
use crate::door::limits::STREAM_LIFETIME;
use crate::door::places::Activity;
use crate::door::problem::Problem;
use crate::door::streams::Streams;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::future::ready;
use futures::{Stream, StreamExt};
use joinedup_views::suppression::Audience;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// The shortest time between two words, so that a burst of events does not become a burst of questions.
const APART: Duration = Duration::from_millis(200);
/// How often a word comes even when nothing moved.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The stream.
pub async fn stream(
    State(shared): State<Shared>,
    State(streams): State<Streams>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    activity: Option<Extension<Arc<Activity>>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let stopping = shared.app.stopping.clone();
    let views = shared
        .app
        .views
        .clone()
        .ok_or_else(|| Problem::not_found("This process has no views"))?;
    let place = streams.enter(&caller)?;
    // A stream that waits for something to happen is not a client that is silent.
    let working = activity.map(|Extension(activity)| activity.working());
    let held = (place, working);
    let audience = caller.audience_of_movement();
    let moved = (audience == Audience::Operations).then(|| views.moved());
    let app = shared.app.clone();
    let words = futures::stream::unfold((moved, None), move |(mut moved, before)| {
        let (app, views) = (app.clone(), views.clone());
        async move {
            let is_moved = match (&mut moved, before) {
                (_, None) => false,
                (Some(moved), _) => match tokio::time::timeout(HEARTBEAT, moved.changed()).await {
                    Ok(Ok(())) => {
                        tokio::time::sleep(APART).await;
                        moved.mark_unchanged();
                        true
                    }
                    Ok(Err(_)) => return None,
                    Err(_) => false,
                },
                (None, _) => {
                    tokio::time::sleep(HEARTBEAT).await;
                    false
                }
            };
            let (status, position) = (views.status(), app.position(audience));
            let name = match before {
                None => "hello",
                Some(before) if is_moved || before != position => "moved",
                Some(_) => "heartbeat",
            };
            let mut data = serde_json::json!({
                "position": position,
                "state": status.progress.word(),
                "progress_at": audience.shown_instant(status.progress_at),
            });
            if audience == Audience::Operations {
                data["head"] = status.head.into();
            }
            let event = Event::default()
                .event(name)
                .id(position.to_string())
                .data(data.to_string());
            Some((Ok(event), (moved, Some(position))))
        }
    });
    let words = words
        // Whoever is no longer let in is told nothing more.
        .take_while(move |_| ready(auth::is_still(&shared, &headers, &caller)))
        .take_until(stopping.cancelled_owned())
        .take_until(tokio::time::sleep(STREAM_LIFETIME))
        // Given back when the stream ends or its client leaves.
        .map(move |word| {
            let _held = &held;
            word
        });
    Ok(Sse::new(words).keep_alive(KeepAlive::default()))
}
