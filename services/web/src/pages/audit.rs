//! `GET /audit`: who did what and who saw what, the latest first, for admins.

use super::layout::{self, Tab};
use super::visit::Visit;
use super::words;
use crate::api::audit::{log, page};
use crate::door::Shared;
use crate::door::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use joinedup_application::audit::{By, Did, Entry};
use maud::{Markup, html};
use serde::Deserialize;

/// Lines of one page.
const LINES: u64 = 200;

#[derive(Deserialize)]
struct Line {
    n: u64,
    at: chrono::DateTime<chrono::Utc>,
    #[serde(flatten)]
    entry: Entry,
}

/// `GET /audit`.
pub async fn show(State(shared): State<Shared>, visit: Visit) -> Result<Response, Problem> {
    let audit = log(&shared)?;
    let (closed, all) = (audit.closed(), audit.lines());
    let last = visit.address.get("upto").and_then(|n| n.parse().ok());
    let last = last.unwrap_or(all).clamp(closed, all);
    let first = last.saturating_sub(LINES).max(closed);
    let lines = page(audit, first, last - first).await?;
    let read = |line: &String| serde_json::from_str::<Line>(line).ok();
    // Of a line that was changed its number is known, from where it stands.
    let lines: Vec<(u64, Option<Line>)> = (first + 1..).zip(lines.iter().map(read)).collect();
    visit
        .render(move |visit| {
            let body = html! {
                h1 { "Audit" }
                p.lead { "What was recorded, and who saw people or small numbers. Line " (last) " of " (all) " and those before it." }
                div.scroll tabindex="0" role="region" aria-label="Lines of the audit log, the latest first" {
                    table.stack {
                        thead { tr { th.number scope="col" { "Line" } th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Who" } th scope="col" { "From" } th scope="col" { "About" } } }
                        tbody { @for (n, line) in lines.iter().rev() { (row(*n, line.as_ref())) } }
                    }
                }
                @if first > closed { p { a href=(visit.address.clone().with("upto", first.to_string())) { "Earlier lines" } } }
                @if first == closed && closed > 0 {
                    p.note { "Lines 1 to " (closed) " are in files that were closed, beside " code { "audit.ndjson" } " in the data folder." }
                }
                p.note { "As lines of JSON at " a href="/api/v1/audit" { "/api/v1/audit" } "; " code { "joinedup audit verify" } " checks that none was changed." }
            };
            Ok(layout::page(visit, Tab::Data, "Audit", &html! {}, &body))
        })
        .await
}

fn row(n: u64, line: Option<&Line>) -> Markup {
    let Some(line) = line else {
        return html! {
            tr {
                th.number scope="row" { (n) }
                td colspan="5" data-label="What" { "This line cannot be read: it was changed. " code { "joinedup audit verify" } " says more." }
            }
        };
    };
    let about = &line.entry.about;
    let named = [&about.area, &about.measure, &about.item];
    let mut of: Vec<String> = named.into_iter().flatten().cloned().collect();
    of.extend(about.events.iter().map(|(first, last)| match last - first {
        0 => format!("event {first}"),
        _ => format!("events {first} to {last}"),
    }));
    of.extend(
        about
            .times
            .map(|times| words::counted(times as usize, "more time", "more times")),
    );
    of.extend(about.line.map(|line| format!("line {line}")));
    html! {
        tr {
            th.number scope="row" { (line.n) }
            td data-label="When" { (line.at.format("%-d %b %Y %H:%M:%S UTC")) }
            td data-label="What" { (did(line.entry.did)) @if !line.entry.route.is_empty() { br; span.small { (line.entry.route) } } }
            td data-label="Who" { (line.entry.who) " " span.small { "(" (by(line.entry.by)) ")" } }
            td data-label="From" { @if let Some(from) = line.entry.from { (from) } }
            td data-label="About" { (of.join(", ")) }
        }
    }
}

fn did(did: Did) -> &'static str {
    match did {
        Did::Write => "Recorded",
        Did::Read => "Read",
        Did::SignIn => "Signed in",
        Did::SignOut => "Signed out",
        Did::RefusedSignIn => "Sign-in or token refused",
        Did::RefusedRight => "Refused: no right",
        Did::Started => "Started",
        Did::Repaired => "Repaired: the end of a line was missing",
        Did::FoundBroken => "Found changed",
        Did::WritableAgain => "Writable again",
        Did::Continued => "Continued in a new file",
    }
}

fn by(by: By) -> &'static str {
    match by {
        By::Person => "signed in",
        By::Token => "token",
        By::Local => "this machine",
        By::Nobody => "unknown",
        By::Program => "program",
    }
}
