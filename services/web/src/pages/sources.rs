//! Where the data come from: each source with its last event and how often it is expected. Silence is never calm.

use super::layout::{self, Tab};
use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_drawing::axis::number;
use joinedup_events::AreaId;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// One source over all its areas.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// When it last recorded something.
    pub heard: DateTime<Utc>,
    /// When what it last told of happened.
    pub happened: DateTime<Utc>,
    /// How many events it has sent.
    pub events: u64,
    /// The areas it speaks of.
    pub areas: Vec<AreaId>,
    /// How long after a report the next is expected; none: whenever there is something to report.
    pub expected: Option<TimeDelta>,
    /// It has been quiet for longer than that.
    pub silent: bool,
}

/// Every source, those that have been quiet longest first.
#[must_use]
pub fn sources(visit: &Visit) -> Vec<Source> {
    let Ok(views) = visit.views() else {
        return Vec::new();
    };
    let mut found: BTreeMap<String, Source> = BTreeMap::new();
    views.read(|view| {
        let expected = view
            .summary()
            .expected_intervals(&visit.app.definitions.expectations);
        for ((name, area), heard) in &view.summary().sources {
            let source = found.entry(name.clone()).or_insert_with(|| Source {
                name: name.clone(),
                heard: heard.recorded_at,
                happened: heard.occurred_at,
                events: 0,
                areas: Vec::new(),
                expected: expected.get(name.as_str()).copied(),
                silent: false,
            });
            source.heard = source.heard.max(heard.recorded_at);
            source.happened = source.happened.max(heard.occurred_at);
            source.events += heard.events;
            source.areas.push(area.clone());
        }
    });
    let mut found: Vec<Source> = found.into_values().collect();
    for source in &mut found {
        source.silent = source
            .expected
            .is_some_and(|interval| visit.now - source.heard > interval);
    }
    found.sort_by_key(|f| (!f.silent, f.heard));
    found
}

/// The sources that should have been heard and were not.
#[must_use]
pub fn silent(visit: &Visit) -> Vec<Source> {
    sources(visit).into_iter().filter(|s| s.silent).collect()
}

/// How long a source has been quiet, in words.
#[must_use]
pub fn quiet_for(source: &Source, now: DateTime<Utc>) -> String {
    length(now - source.heard)
}

fn length(of: TimeDelta) -> String {
    if of < TimeDelta::hours(48) {
        format!("{} hours", of.num_hours().max(0))
    } else {
        format!("{} days", of.num_days())
    }
}

/// `GET /sources`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit
        .render(|visit| {
            Ok(layout::page(
                visit,
                Tab::Data,
                "Data sources",
                &layout::place_picker(visit),
                &body(visit),
            ))
        })
        .await
}

fn body(visit: &Visit) -> Markup {
    let found = sources(visit);
    let quiet = found.iter().filter(|s| s.silent).count();
    html! {
        h1 { "Data sources" }
        p.lead #sources-lead data-live {
            @if found.is_empty() { "No source has sent anything yet. Events come in by POST /api/v1/events, by NATS, or by joinedup import." }
            @else if quiet == 0 { (words::counted(found.len(), "source", "sources")) ", each reported when expected." }
            @else { (words::counted(quiet, "source has", "sources have")) " been silent for longer than expected: charts that need them are not complete." }
        }
        @if !found.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Table of sources" {
                table.stack #sources-table data-live {
                    thead { tr { th scope="col" { "Source" } th scope="col" { "State" } th scope="col" { "Last event" } th scope="col" { "Expected" } th.number scope="col" { "Events" } th scope="col" { "Places" } } }
                    tbody {
                        @for source in &found {
                            tr.silent[source.silent] {
                                th.whole scope="row" { code { (source.name) } }
                                td { @if source.silent { strong.tag.concern { "Silent for " (quiet_for(source, visit.now)) } } @else if source.expected.is_some() { "Reported in time" } @else { "No expectation" } }
                                td { time datetime=(source.heard.to_rfc3339()) { (words::instant(source.heard)) } }
                                td { @match source.expected { Some(interval) => { "within " (length(interval)) } None => { "whenever there is something to say" } } }
                                td.number { (number(source.events as f64, "")) }
                                td { (places(visit, &source.areas)) }
                            }
                        }
                    }
                }
            }
            p.note { "How often a source is expected is learnt from its own reports, or set in " code { "expected_hours" } ". A source that reports only now and then, such as a survey, is expected only where that is set." }
        }
        p { a href=(visit.address.elsewhere("/frameworks")) { "Frameworks and their items" } }
    }
}

fn places(visit: &Visit, areas: &[AreaId]) -> String {
    match areas {
        [one] => visit.title_of(one.as_str()),
        many => words::counted(many.len(), "place", "places"),
    }
}
