//! What a server without data shows: the three things to do next.

use super::add::may_add;
use super::layout;
use super::visit::Visit;
use joinedup_application::config::Role;
use maud::{Markup, html};

/// The first page of an empty server.
#[must_use]
pub fn nothing_yet(visit: &Visit) -> Markup {
    html! {
        div.briefing {
            header #briefing data-live { h1 { "No data received yet" } p.lead { "Three steps to a first chart." } }
            div.three {
                section.card aria-labelledby="where-name" {
                    h2 #where-name { "1. Where are you?" }
                    p { "Now: " strong { (visit.title_of(visit.area.as_str())) } "." }
                    form.picker #start method="get" action="/" { (layout::register_field(visit)) button.quiet type="submit" { "Show" } }
                    @if visit.app.config.home_area.is_none() { p { "Pages begin at the smallest place that holds all who have reported. The setting " code { "home_area" } " names another." } }
                    p { "Is your hospital or locality missing? List it in a file of areas, and start the server with " code { "--areas" } "." }
                }
                section.card aria-labelledby="what-name" {
                    h2 #what-name { "2. What do you want to see?" }
                    p { "Each measure says what it counts and which data it needs." }
                    p { a href=(visit.address.elsewhere("/measures")) { "Choose from all measures" } }
                    p { a href=(visit.address.elsewhere("/model")) { "Start from the outcomes that matter" } }
                }
                section.card aria-labelledby="file-name" {
                    h2 #file-name { "3. Have you a file?" }
                    @if may_add(visit) { p { a href=(visit.address.elsewhere("/data/add")) { "Add data from a spreadsheet" } " (CSV or XLSX), or paste a table." } }
                    p { "A CSV file of national statistics, or of your own, can also be imported by a command:" }
                    p { code { "joinedup import --url (this address) your-file.csv" } }
                    p { "No file yet? " code { "joinedup demo" } " shows a simulated county at work." }
                    @if visit.caller.has(Role::Publisher) { p { a href="/api/v1/openapi.json" { "Connect your own system (description of the API)" } } }
                }
            }
            p { a href=(visit.address.elsewhere("/help")) { "How to read the charts, and what the words mean" } }
        }
    }
}
