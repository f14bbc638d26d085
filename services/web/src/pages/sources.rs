//! Where the data come from: each source with its latest data and how often it is expected.

use super::layout::{self, Tab};
use super::visit::Visit;
use super::{add::may_add, health, words};
use crate::door::problem::Problem;
use crate::door::scope::{contradictions_for, shown};
use axum::response::Response;
use joinedup_application::config::Role;
use joinedup_application::feeds::FeedState;
use joinedup_application::sources::sources;
use joinedup_drawing::axis::number;
use joinedup_events::AreaId;
use joinedup_views::contradictions::Listed;
use joinedup_views::suppression::Shown;
use maud::{Markup, html};

/// `GET /sources`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit
        .render(|visit| {
            // All sources whatever the place: a choice of one would do nothing here.
            let body = body(visit)?;
            Ok(layout::page(
                visit,
                Tab::Data,
                "Data sources",
                &html! {},
                &body,
            ))
        })
        .await
}

fn body(visit: &Visit) -> Result<Markup, Problem> {
    let covers = |area: &str| visit.caller.covers(area);
    let found = sources(&visit.app, visit.audience(), covers)?;
    let rejected = visit.views()?.quarantine().len();
    let tells_events = found.iter().any(|source| source.events.is_some());
    Ok(html! {
        h1 { "Data sources" }
        div #sources-lead data-live {
            @if found.is_empty() { p.lead { "No data received yet. Data come in as events, over the API or NATS, or as files with " code { "joinedup import" } "." } }
            @else {
                p.lead { (health::in_short(visit, &health::of(visit)?).1) "." }
                @if found.iter().any(|s| s.late) { p { "Charts that need the late data are incomplete." } }
            }
            @if visit.caller.has(Role::Admin) && rejected > 0 {
                p { strong { (words::counted(rejected, "event is", "events are")) " rejected" } " and not in the charts. " a href=(visit.address.elsewhere("/quarantine")) { "See why, and what to do" } }
            }
        }
        @if !found.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Table of sources" {
                table.stack #sources-table data-live {
                    thead { tr { th scope="col" { "Source" } th scope="col" { "Status" } th scope="col" { "Last received" } th scope="col" { "Expected" } @if tells_events { th.number scope="col" { "Events" } } th scope="col" { "Places" } } }
                    tbody {
                        @for source in &found {
                            tr.silent[source.late] {
                                @let name = health::name(visit, source);
                                th.whole scope="row" { (name) @if name != source.name { br; code.small { (source.name) } } }
                                td data-label="Status" { @if source.late { strong.tag.concern { "No data for " (health::quiet_for(visit, source)) } } @else if source.expected.is_some() { "On time" } @else { "No schedule" } }
                                td data-label="Last received" { (health::received(source)) }
                                td data-label="Expected" { (health::every(source.expected)) }
                                @if tells_events { td.number data-label="Events" { @if let Some(events) = source.events { (number(events as f64, "")) } } }
                                td data-label="Places" { (places(visit, &source.areas)) }
                            }
                        }
                    }
                }
            }
            p.note { "How often a source of discharges or referrals is expected is learned from its own reports, or set in " code { "expected_hours" } ". Any other source has a schedule only where that is set." }
        }
        @if may_add(visit) { p { a href=(visit.address.elsewhere("/data/add")) { "Add data from a spreadsheet" } } }
        (contradictions(&contradictions_for(&visit.app, &visit.caller)?))
        (feeds(&shown(&visit.app, &visit.caller)))
        p { a href=(visit.address.elsewhere("/frameworks")) { "Frameworks and their items" } }
    })
}

/// Records that cannot all be right, for whoever can have them put right at their source.
fn contradictions(all: &[Listed]) -> Markup {
    html! {
        @if !all.is_empty() {
            section.card #contradictions data-live aria-labelledby="contradictions-name" {
                h2 #contradictions-name { "Records that contradict each other" }
                p { "What these records say cannot all be true, so charts may count them wrongly or not at all. They are best corrected at their source; a corrected record leaves this list." }
                div.scroll tabindex="0" role="region" aria-label="Table of contradictions" {
                    table.stack {
                        thead { tr { th scope="col" { "Source" } th scope="col" { "What is wrong" } th.number scope="col" { "Records" } th scope="col" { "Last recorded" } } }
                        tbody {
                            @for row in all {
                                tr {
                                    th.whole scope="row" { code.small { (row.source) } }
                                    td { (row.kind.words()) }
                                    @match row.count {
                                        Shown::Exact(count) => td.number { (number(count as f64, "")) },
                                        Shown::Rounded(count) => td.number { "about " (number(count as f64, "")) },
                                        Shown::Small | Shown::Neighbour => td.number { "1 to 7" },
                                    }
                                    td { @if let Some(last) = row.last { time datetime=(last) { (words::day_month_year(last)) } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The feeds that this server runs, and what to do where one fails.
fn feeds(all: &[FeedState]) -> Markup {
    html! {
        @if !all.is_empty() {
            section.card #feeds data-live aria-labelledby="feeds-name" {
                h2 #feeds-name { "Feeds this server runs" }
                div.scroll tabindex="0" role="region" aria-label="Table of feeds" {
                    table.stack {
                        thead { tr { th scope="col" { "Feed" } th scope="col" { "Status" } th scope="col" { "Last file or message" } th.number scope="col" { "Taken" } th.number scope="col" { "Facts" } th.number scope="col" { "Not taken" } } }
                        tbody {
                            @for feed in all {
                                tr.silent[feed.failing_since.is_some()] {
                                    th.whole scope="row" { (feed.name) br; code.small { (feed.kind) } }
                                    td {
                                        @match (feed.failing_since, &feed.problem) {
                                            (Some(since), problem) => { strong.tag.concern { "Not working since " (words::instant(since)) } @if let Some(problem) = problem { p.small { (problem) } } }
                                            (None, Some(problem)) => { strong { "Needs attention" } p.small { (problem) } }
                                            (None, None) => { "Working" }
                                        }
                                    }
                                    td { @match (&feed.last, feed.last_at) { (Some(last), Some(at)) => { (last) br; time.small datetime=(at.to_rfc3339()) { (words::instant(at)) } } _ => { "Nothing yet" } } }
                                    td.number {
                                        (number(feed.taken as f64, ""))
                                        @if feed.without_effect > 0 { br; small { (number(feed.without_effect as f64, "")) " changed nothing" } }
                                    }
                                    td.number { (number(feed.facts as f64, "")) }
                                    td.number { (number((feed.refused + feed.rejects) as f64, "")) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn places(visit: &Visit, areas: &[AreaId]) -> String {
    match areas {
        [one] => visit.title_of(one.as_str()),
        many => words::counted(many.len(), "place", "places"),
    }
}
