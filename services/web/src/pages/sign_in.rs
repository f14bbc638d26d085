//! Signing in and out: `/sign-in`, `/sign-in/return`, `/sign-out` and `/signed-out`. They are open to everybody, and say
//! nothing of anybody.

use super::{layout, refusal};
use crate::door::Shared;
use crate::door::audit::Unknown;
use crate::door::auth::Caller;
use crate::door::client;
use crate::door::origin::{is_opened, is_own};
use crate::door::problem::Problem;
use crate::door::sign_in::{Returned, SignIn, SignInError};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use maud::{DOCTYPE, Markup, html};
use std::net::{IpAddr, Ipv4Addr};
use tower_http::set_header::SetResponseHeaderLayer;

/// The routes.
pub fn routes() -> Router<Shared> {
    let policy = HeaderValue::from_static("same-origin");
    Router::new()
        .route("/sign-in", get(begin))
        .route("/sign-in/return", get(finish))
        .route("/sign-out", post(sign_out))
        .route("/signed-out", get(signed_out))
        .layer(middleware::from_fn(refusal::as_page))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::REFERRER_POLICY,
            policy,
        ))
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let detail = error.to_string();
        match error {
            SignInError::TooOften(seconds) => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many tries", detail)
                    .retry_after(seconds)
            }
            SignInError::NotBegun | SignInError::BrokenOff | SignInError::Unproven(_) => {
                Self::new(StatusCode::BAD_REQUEST, "You are not signed in", detail)
            }
            SignInError::NoRole { .. } => {
                Self::new(StatusCode::FORBIDDEN, "You have no role here", detail)
            }
            SignInError::Away | SignInError::Settings(_) => Self::unavailable(detail),
        }
    }
}

fn sign_in(shared: &Shared) -> Result<&SignIn, Problem> {
    let none = || Problem::not_found("Nobody signs in at this server: `sign_in` is not set");
    shared.sign_in.as_ref().ok_or_else(none)
}

/// Where there is no connection, in tests, everybody is on this machine.
fn client_of(shared: &Shared, request: &Request) -> IpAddr {
    let address = client::address(request, &shared.app.config.proxies);
    client::client(address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)))
}

/// Refuses what is not opened as a page: other sites would otherwise use up the tries of everybody at an address.
fn must_be_opened(headers: &HeaderMap) -> Result<(), Problem> {
    if is_opened(headers) {
        return Ok(());
    }
    let detail = "This is a page, which has to be opened as one: open it in a tab of its own";
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "Not opened as a page",
        detail,
    ))
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Back {
    back: Option<String>,
}

async fn begin(
    State(shared): State<Shared>,
    Query(Back { back }): Query<Back>,
    request: Request,
) -> Result<Response, Problem> {
    must_be_opened(request.headers())?;
    let from = client_of(&shared, &request);
    let begun = sign_in(&shared)?.begin(from, request.headers(), back.as_deref());
    let (address, cookies) = begun.await?;
    let cookies = cookies
        .into_iter()
        .map(|cookie| (header::SET_COOKIE, cookie));
    Ok((AppendHeaders(cookies), Redirect::to(&address)).into_response())
}

async fn finish(
    State(shared): State<Shared>,
    Query(returned): Query<Returned>,
    request: Request,
) -> Result<Response, Problem> {
    let from = client_of(&shared, &request);
    let headers = request.headers();
    must_be_opened(headers)?;
    let signed_in = match sign_in(&shared)?.finish(from, headers, returned).await {
        Ok(signed_in) => signed_in,
        Err(error) => {
            let unknown = match &error {
                SignInError::NoRole { subject, .. } => Some(Unknown(subject.clone())),
                _ => None,
            };
            let mut refusal = Problem::from(error).into_response();
            if let Some(unknown) = unknown {
                refusal.extensions_mut().insert(unknown);
            }
            return Ok(refusal);
        }
    };
    let cookies = signed_in.cookies.map(|cookie| (header::SET_COOKIE, cookie));
    let mut response = (AppendHeaders(cookies), Redirect::to(&signed_in.back)).into_response();
    response.extensions_mut().insert(signed_in.caller);
    Ok(response)
}

async fn sign_out(State(shared): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    let sign_in = sign_in(&shared)?;
    if !is_own(&headers) {
        let detail = "This was not sent from a page of this server: sign out on one of its pages";
        let title = "The form came from elsewhere";
        return Err(Problem::new(StatusCode::FORBIDDEN, title, detail));
    }
    let (caller, cookie, end) = sign_in.sign_out(&headers);
    let page = page(
        "You are signed out",
        &html! {
            p.lead { "Nobody is signed in here any more." }
            @if let Some(end) = &end { p { a #end href=(end) { "Sign out of the service that signed you in too" } } }
            p { a #again href="/" { "Sign in again" } }
        },
    );
    let mut response = ([(header::SET_COOKIE, cookie)], page).into_response();
    // A form may not lead to another site, so the browser is sent on by this.
    if let Some(refresh) = end.and_then(|end| HeaderValue::from_str(&format!("1; url={end}")).ok())
    {
        let name = HeaderName::from_static("refresh");
        response.headers_mut().insert(name, refresh);
    }
    if let Some(caller) = caller {
        response.extensions_mut().insert::<Caller>(caller);
    }
    Ok(response)
}

async fn signed_out() -> Markup {
    let body = html! {
        p.lead { "Nobody is signed in here any more, nor at the service that signed you in." }
        p { a #again href="/" { "Sign in again" } }
    };
    page("You are signed out", &body)
}

fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head { (layout::head(title)) }
            body { main #main { h1 { (title) } (body) } }
        }
    }
}

/// Who is signed in, and the way out, for the head of a page.
#[must_use]
pub fn who(caller: &Caller) -> Markup {
    html! {
        @if let Some(shown) = caller.shown() {
            form.who method="post" action="/sign-out" {
                span { span.sr { "Signed in as " } (shown) }
                button.quiet type="submit" { "Sign out" }
            }
        }
    }
}
