//! `GET /quarantine`: events that could not be folded, for admins.

use super::layout::{self, Tab};
use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use axum::response::Response;
use joinedup_drawing::axis::number;
use maud::html;

/// The most rows shown.
const MAX_ROWS: usize = 500;

/// `GET /quarantine`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit.render(|visit| {
        let rows = visit.views()?.quarantine();
        let body = html! {
            h1 { "Rejected data" }
            p.lead #quarantine-sum data-live {
                @if rows.is_empty() { "Rejected data: none. Everything received is included in the charts." }
                @else { (words::counted(rows.len(), "event is", "events are")) " stored and not in the charts." }
            }
            @if !rows.is_empty() {
                h2 { "What to do" }
                ul {
                    li { "Choose a position to see the event and its source." }
                    li { "If the event is wrong, ask its source to send a right one, which counts at once. There is nothing more to do here: the wrong one stays in this list, because nothing is taken out of the log, and the alert ends a week after the latest one came." }
                    li { "If the event is right, update joinedup or add its place to the register of areas. Each event of this list is read again when joinedup starts with either." }
                }
                @if rows.len() > MAX_ROWS { p.note { "Showing the newest " (MAX_ROWS) " of " (number(rows.len() as f64, "")) "." } }
                div.scroll tabindex="0" role="region" aria-label="Rejected events" {
                    table #quarantine-table data-live {
                        thead { tr { th.number scope="col" { "Position" } th scope="col" { "Why" } th scope="col" { "Last read" } } }
                        tbody { @for row in rows.iter().rev().take(MAX_ROWS) { tr { th.number scope="row" { a href=(format!("/api/v1/events/{}", row.position)) { (number(row.position as f64, "")) } } td { (row.reason) } td { (words::instant(row.at)) } } } }
                    }
                }
            }
        };
        Ok(layout::page(visit, Tab::Data, "Rejected data", &html! {}, &body))
    })
    .await
}
