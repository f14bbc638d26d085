//! Forms that record something: each becomes an event that passes the same checks as any other, is durable when the
//! answer comes, and is in the views when the reader is back on the page.

use super::address::{Address, fields};
use crate::app::App;
use crate::config::Role;
use crate::http::auth::Caller;
use crate::http::events;
use crate::http::problem::Problem;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use joinedup_events::local;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long a reader waits for the views to take up what was recorded.
const SEEN_WITHIN: Duration = Duration::from_secs(3);
/// The CloudEvents source of what is recorded on pages.
const SOURCE: &str = "joinedup/pages";

/// The fields of a form that was sent from one of our own pages.
#[derive(Clone, Debug)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form.
    ///
    /// # Errors
    /// 403 for a form of another site, or for a reader without the role of an assessor.
    pub fn read(caller: &Caller, headers: &HeaderMap, body: &Bytes) -> Result<Self, Problem> {
        caller.must(Role::Assessor)?;
        if !is_own(headers) {
            let detail = "This form was not sent from a page of this server. Open the page here and send it again";
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "The form came from elsewhere",
                detail,
            ));
        }
        Ok(Self(fields(body)))
    }

    /// A field, without spaces around it; none when it is empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.trim())
            .filter(|v| !v.is_empty())
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(n, v)| n == name && !v.trim().is_empty())
            .map(|(_, v)| v.trim())
    }

    /// A field that has to be there.
    ///
    /// # Errors
    /// 400 with the field's name in words.
    pub fn must(&self, name: &str, words: &str) -> Result<&str, Problem> {
        self.get(name)
            .ok_or_else(|| Problem::bad_request(format!("{words} is needed")))
    }

    /// A date that has to be there.
    ///
    /// # Errors
    /// 400 with the field's name in words.
    pub fn date(&self, name: &str, words: &str) -> Result<NaiveDate, Problem> {
        self.must(name, words)?
            .parse()
            .map_err(|_| Problem::bad_request(format!("{words} must be a date such as 2026-11-22")))
    }

    /// Where the reader is sent back to: a path of ours, whatever the form says.
    #[must_use]
    pub fn back(&self) -> String {
        self.get("back")
            .filter(|b| is_path(b))
            .unwrap_or("/")
            .to_owned()
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//") && !text.contains(['\\', '\r', '\n'])
}

/// Browsers say where a form comes from; what comes from elsewhere is refused, and so is what says nothing.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, from)| from.eq_ignore_ascii_case(host)),
        _ => false,
    }
}

/// When something on a date is said to have happened: at noon of that local date, or now when that is today.
#[must_use]
pub fn on(date: NaiveDate, now: DateTime<Utc>) -> DateTime<Utc> {
    let noon = local::at(date, NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default());
    if local::date(now) == date {
        now.min(noon.max(local::midnight(date)))
            .max(local::midnight(date))
    } else {
        noon
    }
}

/// One event to record: its type after `care.joinedup.`, when it happened, and its data.
#[must_use]
pub fn event(name: &str, at: DateTime<Utc>, now: DateTime<Utc>, data: Map<String, Value>) -> Value {
    let said = |t: DateTime<Utc>| t.to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({
        "specversion": "1.0",
        "type": format!("care.joinedup.{name}.v1"),
        "source": SOURCE,
        "id": uuid::Uuid::now_v7().to_string(),
        "time": said(at),
        "recordedtime": said(now.max(at)),
        "datacontenttype": "application/json",
        "data": data,
    })
}

/// Records events, waits until the views have them, and sends the reader back.
///
/// # Errors
/// What the checks or the log say.
pub async fn record(app: &App, events: &[Value], back: &str) -> Result<Response, Problem> {
    let bodies: Vec<String> = events.iter().map(ToString::to_string).collect();
    let admitted = events::admit(app, bodies.iter().map(|b| b.as_bytes()), app.now())?;
    let published = events::append(app, &admitted, None).await?;
    if let (Some(views), Some(last)) = (&app.views, published.positions.iter().max()) {
        let mut moved = views.moved();
        let seen = async {
            while views.status().position < *last {
                if moved.changed().await.is_err() {
                    break;
                }
            }
        };
        // The event is durable; a reader who comes back too early sees it a moment later.
        let _ = tokio::time::timeout(SEEN_WITHIN, seen).await;
    }
    Ok(Redirect::to(back).into_response())
}

/// The address of the page that a form is on, for its `back` field.
#[must_use]
pub fn back_to(address: &Address, fragment: &str) -> String {
    format!("{address}#{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:8080".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_our_own_pages_may_record() {
        assert!(is_own(&headers(Some("http://127.0.0.1:8080"))));
        assert!(is_own(&headers(Some("https://127.0.0.1:8080"))));
        for other in [
            Some("http://127.0.0.1:9"),
            Some("null"),
            Some("http://evil/127.0.0.1:8080"),
            None,
        ] {
            assert!(!is_own(&headers(other)), "{other:?}");
        }
    }

    #[test]
    fn a_form_cannot_send_its_reader_to_another_site() {
        assert!(is_path("/measures/a?area=b#changes"));
        for other in ["//evil", "https://evil", "", "/\\evil"] {
            assert!(!is_path(other), "{other}");
        }
    }

    #[test]
    fn what_is_dated_today_has_not_happened_in_the_future() {
        let now: DateTime<Utc> = "2026-11-22T08:00:00Z".parse().unwrap();
        assert!(on(local::date(now), now) <= now);
        let day: NaiveDate = "2026-11-20".parse().unwrap();
        assert_eq!(local::date(on(day, now)), day);
    }
}
