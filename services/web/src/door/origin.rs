//! Where a request comes from: a browser that is signed in, or that stands on this machine, sends what other sites make it
//! send. What would record something is refused when it comes from there, and a server that asks for no token answers to
//! its own names alone (a page of any site could otherwise reach it under a name that leads here, DNS rebinding).

use super::Shared;
use super::body::FEEDS;
use super::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::IpAddr;

/// What a form of a web page can be sent as, to any address, without asking first.
const OF_FORMS: [&str; 3] = [
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
];

/// Refuses what comes from another site.
///
/// # Errors
/// 421 for a host that is not ours, 403 for a write from elsewhere, 415 for a form sent to the API.
pub async fn check(
    State(shared): State<Shared>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let headers = request.headers();
    let listed = &shared.app.config.hosts;
    let is_open = shared.app.config.is_open();
    if (is_open || !listed.is_empty()) && !names_us(headers, listed) {
        let detail = "This server does not answer to that name; `hosts` in its settings lists the names that it has";
        return Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "Another host",
            detail,
        ));
    }
    let path = request.uri().path();
    // Queries of Prometheus's API are sent as forms, and only read.
    let is_write = !request.method().is_safe() && !path.starts_with("/prometheus");
    if is_write && is_foreign(headers) {
        let detail =
            "This was not sent from a page of this server. Open the page here and send it again";
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "The form came from elsewhere",
            detail,
        ));
    }
    if is_write && path.starts_with("/api/") && is_form(headers) && !bears_a_token(headers) {
        let (title, detail) = match path.starts_with(FEEDS) {
            true => (
                "Not a file",
                "Set the `content-type` of the file: `text/csv`, `application/vnd.openxmlformats-officedocument.spreadsheetml.sheet` for XLSX, or `application/fhir+json`",
            ),
            false => (
                "Not JSON",
                "The body must be JSON: set `content-type: application/json`, or a type of CloudEvents for events",
            ),
        };
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            title,
            detail,
        ));
    }
    Ok(next.run(request).await)
}

/// Whether a request is for this server by one of its names. A browser always names the host, so what names none was
/// not led here by a page.
#[must_use]
pub fn names_us(headers: &HeaderMap, listed: &[String]) -> bool {
    text(headers, header::HOST).is_none_or(|host| is_ours(host, listed))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a `Host` names this server: as the settings list it, or by an address or a name without a dot, which no site
/// on the internet has.
fn is_ours(host: &str, listed: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    !name.contains('.')
        || address.parse::<IpAddr>().is_ok()
        || listed.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Whether a browser says that another site made it send this. What is not a browser says nothing.
fn is_foreign(headers: &HeaderMap) -> bool {
    let elsewhere = text(headers, HeaderName::from_static("sec-fetch-site"))
        .is_some_and(|site| !matches!(site, "same-origin" | "none"));
    elsewhere || headers.contains_key(header::ORIGIN) && !is_own(headers)
}

/// Whether this was opened as a page, in a tab of its own, as far as a browser says: a picture, a frame or a script of any
/// site can ask for an address too. What is not a browser says nothing.
#[must_use]
pub fn is_opened(headers: &HeaderMap) -> bool {
    let says = |name: &'static str, expected: &str| {
        text(headers, HeaderName::from_static(name)).is_none_or(|sent| sent == expected)
    };
    says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document")
}

/// Whether a token came with it that no page can make a browser send without asking first: what curl sends is named a form
/// unless somebody says otherwise.
fn bears_a_token(headers: &HeaderMap) -> bool {
    let given = text(headers, header::AUTHORIZATION).and_then(|given| given.split_once(' '));
    given.is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    OF_FORMS.iter().any(|form| form.eq_ignore_ascii_case(kind))
}

/// Whether a browser says that this comes from a page of this server.
#[must_use]
pub fn is_own(headers: &HeaderMap) -> bool {
    match (text(headers, header::ORIGIN), text(headers, header::HOST)) {
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, from)| from.eq_ignore_ascii_case(host)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(of: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = of.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        pairs.collect()
    }

    #[test]
    fn a_server_answers_to_its_names_and_to_addresses() {
        let listed = ["care.example.nhs.uk".to_owned()];
        for own in [
            "localhost:8080",
            "joinedup",
            "127.0.0.1:80",
            "[::1]:8080",
            "10.0.0.7",
            "Care.Example.nhs.uk:443",
        ] {
            assert!(is_ours(own, &listed), "{own}");
        }
        for other in ["attacker.example", "localhost.attacker.example:8080"] {
            assert!(!is_ours(other, &listed), "{other}");
        }
    }

    #[test]
    fn what_another_site_makes_a_browser_send_is_foreign() {
        let host = ("host", "127.0.0.1:8080");
        for own in [
            &[host][..],
            &[host, ("origin", "http://127.0.0.1:8080")],
            &[host, ("sec-fetch-site", "none")],
        ] {
            assert!(!is_foreign(&headers(own)), "{own:?}");
        }
        for other in [
            &[host, ("origin", "https://attacker.example")][..],
            &[host, ("origin", "null")],
            &[host, ("sec-fetch-site", "cross-site")],
            &[host, ("sec-fetch-site", "same-site")],
        ] {
            assert!(is_foreign(&headers(other)), "{other:?}");
        }
    }

    #[test]
    fn a_picture_a_frame_and_a_script_open_no_page() {
        let opened = |mode, dest| {
            let sent = [("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
            is_opened(&headers(&sent))
        };
        assert!(opened("navigate", "document") && is_opened(&headers(&[])));
        for (mode, dest) in [
            ("no-cors", "image"),
            ("navigate", "iframe"),
            ("cors", "empty"),
        ] {
            assert!(!opened(mode, dest), "{mode} {dest}");
        }
    }

    #[test]
    fn only_our_own_pages_are_own() {
        let from = |origin| is_own(&headers(&[("host", "127.0.0.1:8080"), ("origin", origin)]));
        assert!(from("http://127.0.0.1:8080") && from("https://127.0.0.1:8080"));
        for other in ["http://127.0.0.1:9", "null", "http://evil/127.0.0.1:8080"] {
            assert!(!from(other), "{other}");
        }
        assert!(!is_own(&headers(&[("host", "127.0.0.1:8080")])));
    }

    #[test]
    fn a_form_is_not_json() {
        for form in [
            "text/plain",
            "application/x-www-form-urlencoded; charset=utf-8",
        ] {
            assert!(is_form(&headers(&[("content-type", form)])), "{form}");
        }
        assert!(!is_form(&headers(&[("content-type", "application/json")])));
        assert!(!is_form(&headers(&[])));
        let bears = |given| bears_a_token(&headers(&[("authorization", given)]));
        assert!(
            bears("Bearer abc") && !bears("Basic YTpi"),
            "a browser remembers the other"
        );
    }
}
