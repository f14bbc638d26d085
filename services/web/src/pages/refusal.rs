//! A problem as a page, for people: the same words as the problem document, and a way on.

use super::{layout, words};
use crate::door::auth::Caller;
use crate::door::problem::{BAD_REQUEST, NOT_FOUND};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

/// The largest problem document that is read again.
const MAX_DOCUMENT: usize = 64 << 10;

/// Turns problem documents into pages.
pub async fn as_page(request: Request, next: Next) -> Response {
    let post = request.method() == Method::POST;
    let caller = request.extensions().get::<Caller>().cloned();
    let response = next.run(request).await;
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes() == b"application/problem+json");
    if !is_problem {
        return response;
    }
    page_of(response, post, caller.as_ref()).await
}

/// The page of a problem document.
pub async fn page_of(response: Response, post: bool, caller: Option<&Caller>) -> Response {
    let (mut parts, body) = response.into_parts();
    let document: Value = to_bytes(body, MAX_DOCUMENT)
        .await
        .ok()
        .and_then(|b| serde_json::from_slice(&b).ok())
        .unwrap_or_default();
    parts.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(
        parts,
        Body::from(page(&document, post, caller).into_string()),
    )
}

/// What a page calls a problem, where a person would not use the document's word for it.
fn heading(document: &Value, post: bool) -> &str {
    match document["title"].as_str().unwrap_or_default() {
        NOT_FOUND if !post => "Page not found",
        BAD_REQUEST if !post => "There is a problem with this link",
        title => title,
    }
}

fn page(document: &Value, post: bool, caller: Option<&Caller>) -> Markup {
    let text =
        |name: &str| words::for_people(document[name].as_str().unwrap_or_default()).to_owned();
    let heading = heading(document, post);
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head { (layout::head(heading)) }
            body {
                header.top { div.inner { a.brand href="/" { (layout::mark()) span { "joinedup" } } nav aria-label="Pages" { ul { @for (_, path, name) in layout::tabs(caller) { li { a href=(path) { (name) } } } } } } }
                main #main {
                    h1 { (heading) }
                    p.lead { (with_code(&text("detail"))) "." }
                    @if let Some(errors) = document["errors"].as_array().filter(|e| e.len() > 1) {
                        ul { @for error in errors { li { code { (error["pointer"].as_str().unwrap_or_default()) } " " (with_code(words::for_people(error["detail"].as_str().unwrap_or_default()))) } } }
                    }
                    @if post { p { "We did not save this. Go back in your browser: the form still has what you typed." } }
                    p { a href="/" { "Back to the first page" } " · " a href="/measures" { "All measures" } }
                }
            }
        }
    }
}

/// A sentence whose words between backticks are those that stand in the address or the form.
fn with_code(sentence: &str) -> Markup {
    html! {
        @for (part, of_address) in sentence.split('`').zip([false, true].into_iter().cycle()) {
            @if of_address { code { (part) } } @else { (part) }
        }
    }
}
