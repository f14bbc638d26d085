//! `GET /api/v1/audit`: who did what and who saw what, a page of lines at a time, for admins.

use crate::door::Shared;
use crate::door::problem::Problem;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use joinedup_application::audit::{Audit, AuditError, MAX_PAGE};
use serde::Deserialize;

/// Which lines.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Which {
    after: u64,
    limit: u64,
}

impl Default for Which {
    fn default() -> Self {
        Self {
            after: 0,
            limit: MAX_PAGE,
        }
    }
}

/// The log of this process.
///
/// # Errors
/// 404 when it has none.
pub fn log(shared: &Shared) -> Result<Audit, Problem> {
    let none = || Problem::not_found("This process keeps no audit log");
    shared.audit.clone().ok_or_else(none)
}

/// Lines of it, read on a thread of its own.
///
/// # Errors
/// 503 when the file cannot be read.
pub async fn page(audit: Audit, after: u64, limit: u64) -> Result<Vec<String>, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "the audit log was not read");
        Problem::unavailable("The audit log cannot be read; the program's log says why")
    };
    let read = tokio::task::spawn_blocking(move || audit.page(after, limit)).await;
    let read = read.map_err(|error| unreadable(&error))?;
    read.map_err(|error: AuditError| unreadable(&error))
}

/// A page of lines.
pub async fn lines(
    State(shared): State<Shared>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(which) = which
        .ok()
        .filter(|which| (1..=MAX_PAGE).contains(&which.limit))
        .ok_or_else(|| {
            Problem::bad_request(format!(
                "The parameters are `after`, the number of a line, and `limit`, 1 to {MAX_PAGE}"
            ))
        })?;
    let lines = page(log(&shared)?, which.after, which.limit).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, lines.concat()).into_response())
}
