//! Refusals in Prometheus's form.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use joinedup_application::turns::NotDone;
use joinedup_promql::Refusal;
use serde_json::json;

/// A refusal.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    kind: &'static str,
    text: String,
}

impl Refused {
    fn new(status: StatusCode, kind: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            text: text.into(),
        }
    }

    /// What was asked cannot be understood.
    pub fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_data", text)
    }

    /// The token lacks a role.
    pub fn role() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "the role `reader` is needed",
        )
    }

    /// Too many ask at once.
    pub fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "other queries take all the time there is: ask again later",
        )
    }

    /// The program failed.
    pub fn failed() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the query could not be evaluated; the program's log says why",
        )
    }

    /// The method is none of the call's.
    pub fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "bad_data",
            "the call is not made with this method: use GET, or POST with a form",
        )
    }

    /// A call that is not answered.
    pub fn call(name: &str) -> Self {
        let text = match name {
            "rules" | "alerts" | "alertmanagers" => {
                "there are no rules and no alerts here, which does not mean that all is well: ask the Prometheus that \
                 scrapes joinedup"
            }
            "targets" | "targets/metadata" | "scrape_pools" => {
                "nothing is scraped here: the series come from the events themselves"
            }
            _ => {
                "this call is not answered here; there are query, query_range, query_exemplars, labels, \
                 label/<name>/values, series, metadata and status/buildinfo"
            }
        };
        Self::new(StatusCode::NOT_FOUND, "not_found", text)
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::Query(_) => Self::new(StatusCode::BAD_REQUEST, "bad_data", text),
            Refusal::Execution(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "execution", text),
            Refusal::Timeout(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", text),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "status": "error", "errorType": self.kind, "error": self.text });
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        (self.status, headers, body.to_string()).into_response()
    }
}

impl From<NotDone> for Refused {
    fn from(why: NotDone) -> Self {
        match why {
            NotDone::Busy => Self::busy(),
            NotDone::Failed => Self::failed(),
        }
    }
}
