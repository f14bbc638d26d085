//! `/livez` and `/readyz`: is the process alive; can it be trusted to answer.

use crate::door::Shared;
use crate::door::{auth, client, origin};
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use joinedup_application::health;
use joinedup_views::suppression::Audience;
use std::collections::BTreeMap;

/// Alive: the runtime turns over. Never depends on the log.
pub async fn live() -> &'static str {
    "ok\n"
}

/// Ready: the views are at the head of the log and saved, and the log is whole, answers and takes events.
///
/// How far the log and the views are goes up with every event, so that it tells the moment of each: strangers from
/// elsewhere are told the one word alone, and as it was a second ago, so that they cannot keep the log busy either.
pub async fn ready(
    State(shared): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> (StatusCode, String) {
    let app = &shared.app;
    let sees_all = sees_all(&shared, &request);
    let checks = if sees_all {
        health::checks(app).await
    } else {
        app.health.recent(app).await
    };
    let ready = checks.iter().all(|check| check.outcome.is_ok());
    let mut text = String::new();
    if sees_all && (query.contains_key("verbose") || !ready) {
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

/// Whether somebody works on this machine, or with the numbers of now of all areas.
fn sees_all(shared: &Shared, request: &Request) -> bool {
    let (config, headers) = (&shared.app.config, request.headers());
    let address = client::address(request, &config.proxies);
    let is_here = address.is_some_and(|address| address.is_loopback());
    is_here && origin::names_us(headers, &config.hosts)
        || auth::named_by(shared, headers, false)
            .is_ok_and(|caller| caller.audience_everywhere() == Audience::Operations)
}
