//! A problem as a page, for people: the same words as the problem document, and a way on.

use super::{layout, words};
use crate::door::auth::Caller;
use crate::door::problem::{BAD_REQUEST, NOT_FOUND, SEND_TOKEN};
use crate::door::routes;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use joinedup_application::config::Role;
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

/// The largest problem document that is read again.
const MAX_DOCUMENT: usize = 64 << 10;

/// Turns problem documents into pages, and leads who opens the address of a form to the page that holds it: a browser asks
/// for the address that was sent to when somebody presses Enter in its bar.
pub async fn as_page(request: Request, next: Next) -> Response {
    let post = request.method() == Method::POST;
    let is_opened = matches!(request.method(), &Method::GET | &Method::HEAD);
    let page = routes::path_of(&request)
        .filter(|_| is_opened)
        .and_then(|known| routes::page_of_form(known, request.uri().path()))
        .map(|path| match request.uri().query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        });
    let caller = request.extensions().get::<Caller>().cloned();
    let response = next.run(request).await;
    if let Some(page) = page
        && response.status() == StatusCode::METHOD_NOT_ALLOWED
    {
        return Redirect::to(&page).into_response();
    }
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes() == b"application/problem+json");
    if !is_problem {
        return response;
    }
    page_of(response, post, caller.as_ref()).await
}

/// Turns the refusal of somebody who is not known into a page, where a browser asked: it has no other way to show it.
pub async fn unknown_as_page(request: Request, next: Next) -> Response {
    let is_browser = wants_page(request.headers());
    let post = request.method() == Method::POST;
    let response = next.run(request).await;
    match response.status() {
        StatusCode::UNAUTHORIZED if is_browser => page_of(response, post, None).await,
        _ => response,
    }
}

/// Whether what asks shows pages.
#[must_use]
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|a| a.to_str().ok());
    accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

/// A sentence that is written for programs, in the words of a page.
fn in_words_of_a_page(detail: &str) -> String {
    if detail == SEND_TOKEN {
        return "Open the page again. Your browser asks for a user name and a password: type any user name, and your token as \
                the password. Ask whoever runs this service for a token"
            .to_owned();
    }
    match detail.strip_suffix(" has no such value here") {
        Some(name) => format!(
            "The address asks for a `{name}` of which we have no numbers here: take it out of the address, or open the chart \
             from the list of measures"
        ),
        None => words::for_people(detail).to_owned(),
    }
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
    let text = |name: &str| in_words_of_a_page(document[name].as_str().unwrap_or_default());
    let heading = heading(document, post);
    let may = |role| caller.is_some_and(|caller| caller.has(role));
    let only_adds = may(Role::Publisher) && !may(Role::Reader);
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
                    @if only_adds { p { a href="/data/add" { "Add data from a spreadsheet" } } }
                    @else { p { a href="/" { "Back to the first page" } " · " a href="/measures" { "All measures" } } }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_for_programs_is_said_to_people_in_their_words() {
        for (detail, word) in [
            (SEND_TOKEN, "as the password"),
            (
                "wibble has no such value here",
                "take it out of the address",
            ),
        ] {
            let page = in_words_of_a_page(detail);
            assert!(page.contains(word) && !page.contains("Bearer"), "{page}");
        }
    }
}
