//! `/livez` and `/readyz`: is the process alive; can it be trusted to answer.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use joinedup_application::app::App;
use joinedup_application::health;
use std::collections::BTreeMap;

/// Alive: the runtime turns over. Never depends on the log.
pub async fn live() -> &'static str {
    "ok\n"
}

/// Ready: the views are at the head of the log and saved, and the log is whole, answers and takes events.
pub async fn ready(
    State(app): State<App>,
    Query(query): Query<BTreeMap<String, String>>,
) -> (StatusCode, String) {
    let checks = health::checks(&app).await;
    let ready = checks.iter().all(|check| check.outcome.is_ok());
    let mut text = String::new();
    if query.contains_key("verbose") || !ready {
        for check in &checks {
            let (sign, what) = match &check.outcome {
                Ok(what) => ('+', what),
                Err(what) => ('-', what),
            };
            text.push_str(&format!("[{sign}] {}: {what}\n", check.name));
        }
    }
    text.push_str(if ready { "ready\n" } else { "not ready\n" });
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, text)
}
