//! Whatever is made from views that stand still says so in a header, charts as CSV and pictures too, which have no other
//! place for it: `Warning: 110` (RFC 7234, "response is stale").

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use joinedup_application::app::App;
use joinedup_projector::{Progress, Status};
use joinedup_views::suppression::Audience;

/// Marks an answer.
pub async fn mark(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let status = app.views.as_ref().map(|views| views.status());
    if let Some(warning) = status.as_ref().and_then(warning) {
        answer.headers_mut().insert(header::WARNING, warning);
    }
    answer
}

fn warning(status: &Status) -> Option<HeaderValue> {
    let why = match status.progress {
        Progress::Failed(_) => "the views have stopped",
        Progress::Away(_) => "the log is away",
        Progress::Starting | Progress::CatchingUp | Progress::Live => return None,
    };
    // Whoever asks: to the second it would say when one person came or left.
    let at = Audience::Public
        .shown_instant(status.progress_at)
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let text = format!("110 joinedup \"{why}: as of {at}; /readyz?verbose says more\"");
    HeaderValue::from_str(&text).ok()
}
