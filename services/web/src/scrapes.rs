//! `GET /metrics` and `GET /metrics/run-charts`: the scrapes, by what the caller may see.

use crate::door::Shared;
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use joinedup_application::app::App;
use joinedup_exposition::collector::CONTENT_TYPE;
use joinedup_exposition::{current_text, run_charts_text};

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/metrics", get(now))
        .route("/metrics/run-charts", get(charts))
}

async fn now(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    // A scrape is of all areas, so who is bound to some is given what everybody sees.
    let audience = caller.audience_everywhere();
    let turns = app.turns.clone();
    let text = turns.work(move || current_text(&app, audience)).await?;
    match text {
        Ok(text) => Ok(answer(text)),
        Err(error) => {
            tracing::error!(%error, "a scrape failed");
            Err(Problem::unavailable(
                "The metrics could not be written; the program's log says why",
            ))
        }
    }
}

async fn charts(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // A scrape is of all areas, so who is bound to some is given what everybody sees.
    let audience = caller.audience_everywhere();
    let turns = app.turns.clone();
    let text = turns.work(move || run_charts_text(&app, audience)).await?;
    let vary = (header::VARY, HeaderValue::from_static("accept-encoding"));
    Ok(if takes_gzip(&headers) {
        let packed = [
            vary,
            (header::CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        ];
        (packed, answer(text.gzip())).into_response()
    } else {
        let pieces = futures::stream::iter(text.pieces());
        ([vary], answer(Body::from_stream(pieces))).into_response()
    })
}

/// Whether a client takes gzip, by its `Accept-Encoding` (RFC 9110, section 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let names = headers.get_all(header::ACCEPT_ENCODING).into_iter();
    let mut codings = names
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches("q=").parse();
        name.trim().eq_ignore_ascii_case("gzip") && weight != Ok(0.0)
    })
}

fn answer(text: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let takes = |value: &'static str| {
            let headers = [(header::ACCEPT_ENCODING, HeaderValue::from_static(value))];
            takes_gzip(&headers.into_iter().collect())
        };
        for yes in ["gzip", "deflate, GZIP;q=0.5", "br,gzip ; q=1", "gzip;"] {
            assert!(takes(yes), "{yes}");
        }
        for no in ["", "identity", "gzip;q=0", "gzip;q=0.0, br", "x-gzip-not"] {
            assert!(!takes(no), "{no}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
