//! What all pages have: head, navigation, the place and time they are about, and the strip that says how fresh they are.

use super::address::Address;
use super::visit::{Visit, kinds};
use super::{assets, health, sign_in, words};
use crate::door::auth::Caller;
use joinedup_application::config::Role;
use joinedup_application::places::{of_home, size};
use joinedup_drawing::axis::number;
use joinedup_events::area::AreaKind;
use joinedup_events::{Area, AreaId};
use joinedup_projector::Progress;
use joinedup_views::measure::Measure;
use joinedup_views::period::Grain;
use joinedup_views::suppression::Audience;
use maud::{DOCTYPE, Markup, html};
use std::collections::{BTreeMap, BTreeSet};

/// The pages of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// The morning briefing.
    Home,
    /// Who is waiting.
    Board,
    /// The outcomes.
    Leaders,
    /// The logic model.
    Model,
    /// Measures.
    Measures,
    /// Improvement changes.
    Changes,
    /// Sources, frameworks, quarantine.
    Data,
}

/// The pages of the navigation: each with its address and its name.
const TABS: [(Tab, &str, &str); 7] = [
    (Tab::Home, "/", "Today"),
    (Tab::Board, "/board", "Waiting now"),
    (Tab::Leaders, "/leaders", "Outcomes"),
    (Tab::Model, "/model", "Logic model"),
    (Tab::Measures, "/measures", "Measures"),
    (Tab::Changes, "/changes", "Changes"),
    (Tab::Data, "/sources", "Data"),
];

/// The pages of the navigation that somebody may open; of nobody in particular, those that everybody may.
pub(super) fn tabs(
    caller: Option<&Caller>,
) -> impl Iterator<Item = (Tab, &'static str, &'static str)> {
    let sees_people = caller.is_some_and(|caller| caller.has(Role::Operator));
    // Who may only send data would be refused on each of them.
    let reads = caller.is_none_or(|caller| caller.has(Role::Reader));
    let tabs = TABS.into_iter().filter(move |_| reads);
    tabs.filter(move |(tab, ..)| *tab != Tab::Board || sees_people)
}

/// The page is shown on a wall: without navigation, filters and footer.
#[must_use]
pub fn is_wall(visit: &Visit) -> bool {
    visit.address.get("view") == Some("wall")
}

/// What stands in the head of every page.
#[must_use]
pub fn head(title: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        title { (title) " · joinedup" }
        link rel="icon" href=(assets::address("icon.svg")) type="image/svg+xml";
        link rel="stylesheet" href=(assets::address("app.css"));
    }
}

/// A whole page.
#[must_use]
pub fn page(visit: &Visit, tab: Tab, title: &str, picker: &Markup, body: &Markup) -> Markup {
    let class = if tab == Tab::Board && is_wall(visit) {
        "wall"
    } else {
        ""
    };
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                (head(title))
                script src=(assets::address("app.js")) defer {}
            }
            body class=(class) {
                a.skip href="#main" { "Skip to content" }
                header.top {
                    div.inner {
                        a.brand href=(visit.address.elsewhere("/")) { (mark()) span { "joinedup" } }
                        nav aria-label="Pages" {
                            ul {
                                @for (this, path, name) in tabs(Some(&visit.caller)) {
                                    li { a href=(visit.address.elsewhere(path)) aria-current=[(this == tab).then_some("page")] { (name) } }
                                }
                            }
                        }
                        (sign_in::who(&visit.caller))
                    }
                }
                section.bar aria-label="Place and freshness" { div.inner { (picker) (strip(visit)) } }
                main #main tabindex="-1" { (body) }
                footer {
                    div.inner {
                        p { "Each chart says by which rules it is judged, under “How do we know?”. An improvement after a change is not proof that the change caused it." }
                        p {
                            a href=(visit.address.elsewhere("/help")) { "Help and glossary" } " · "
                            a href=(visit.address.elsewhere("/frameworks")) { "Frameworks" } " · "
                            a href=(visit.address.elsewhere("/sources")) { "Sources" } " · "
                            @if visit.caller.has(Role::Admin) {
                                a href=(visit.address.elsewhere("/quarantine")) { "Rejected data" } " · "
                                a href=(visit.address.elsewhere("/audit")) { "Audit" } " · "
                            }
                            a href="/api/v1/openapi.json" { "API" }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn mark() -> Markup {
    html! {
        svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" {
            path class="link-a" d="M4 20a6 6 0 0 1 6-6h5" {}
            path class="link-b" d="M28 12a6 6 0 0 1-6 6h-5" {}
            circle cx="10" cy="20" r="3" {}
            circle cx="22" cy="12" r="3" {}
        }
    }
}

/// How fresh the data are and, where the views do not follow the log, that they do not. Never green beside late data.
fn strip(visit: &Visit) -> Markup {
    let (Ok(views), Ok(health)) = (visit.views(), health::of(visit)) else {
        return html! {};
    };
    let status = views.status();
    let audience = visit.caller.audience_of_movement();
    let at = audience.shown_instant(status.progress_at);
    let (class, text) = match &status.progress {
        Progress::Live => health::in_short(visit, &health),
        Progress::Starting => ("poor", "Starting: opening the data".to_owned()),
        Progress::CatchingUp if audience != Audience::Operations => {
            ("poor", "Catching up".to_owned())
        }
        Progress::CatchingUp => (
            "poor",
            format!(
                "Catching up: {} of {} events",
                number(status.position as f64, ""),
                number(status.head as f64, "")
            ),
        ),
        Progress::Away(_) => (
            "bad",
            "New data cannot be received. Showing the last known data".to_owned(),
        ),
        Progress::Failed(_) => (
            "bad",
            "Updates have stopped. Showing the last known data".to_owned(),
        ),
    };
    html! {
        div.strip {
            p #strip data-live data-position=(visit.app.position(audience)) {
                a href=(visit.address.elsewhere("/sources")) { span.state.(class) { (text) } }
                " · updated " time datetime=(at.to_rfc3339()) { (words::clock(at)) }
                @if status.quarantined > 0 {
                    @let rejected = words::counted(usize::try_from(status.quarantined).unwrap_or(usize::MAX), "rejected event", "rejected events");
                    " · " @if visit.caller.has(Role::Admin) { a href=(visit.address.elsewhere("/quarantine")) { (rejected) } } @else { (rejected) }
                }
            }
            p #live-note role="status" hidden {}
        }
    }
}

/// A form that asks for a place only.
#[must_use]
pub fn place_picker(visit: &Visit) -> Markup {
    html! {
        form.picker method="get" action=(visit.address.path()) {
            (kept(&visit.address, &["area"]))
            (place_field(visit))
            button.quiet type="submit" { "Show" }
        }
    }
}

/// A form that asks for a measure, a place and a period.
#[must_use]
pub fn chart_picker(visit: &Visit, measure: &Measure, grain: Grain) -> Markup {
    html! {
        form.picker.chart-picker method="get" action="/" {
            (kept(&visit.address, &["area", "measure", "period"]))
            label for="pick-measure" { "Measure" }
            select #pick-measure name="measure" {
                @for (family, measures) in families(visit) {
                    optgroup label=(family) {
                        @for m in measures { option value=(m.id) selected[m.id == measure.id] { (m.title) } }
                    }
                }
            }
            (place_field(visit))
            label for="pick-period" { "By" }
            select #pick-period name="period" {
                @for g in visit.lengths(measure) { option value=(g.to_string()) selected[g == grain] { (words::grain(g)) } }
            }
            button.quiet type="submit" { "Show" }
        }
    }
}

/// Hidden fields for what a form leaves as it is.
#[must_use]
pub fn kept(address: &Address, asked: &[&str]) -> Markup {
    html! {
        @for (name, value) in address.pairs() {
            @if !asked.contains(&name.as_str()) { input type="hidden" name=(name) value=(value); }
        }
    }
}

/// The field that asks for a place.
#[must_use]
pub fn place_field(visit: &Visit) -> Markup {
    of_places(
        "pick-area",
        visit.area.as_str(),
        places(visit, visit.area.as_str()),
    )
}

/// The field that asks for any place of the register: where nothing has reported yet there is nothing else to go by.
#[must_use]
pub fn register_field(visit: &Visit) -> Markup {
    use AreaKind::{Country, County, Icb, Region, Trust, Unitary};
    let register = &visit.app.definitions.areas;
    let is_large = |area: &&Area| {
        matches!(area.kind, Country | Region | Icb | County | Unitary | Trust)
            && !register.is_simulated(&area.id)
    };
    let areas = grouped(register.iter().filter(is_large));
    of_places("start-area", visit.area.as_str(), areas)
}

/// The field that asks for the place of what is recorded, which is one of the reader's own, with an id of its own. A form
/// that came back is still for the place that its sender chose, not for the page's.
#[must_use]
pub fn own_place_field(visit: &Visit, id: &str, chosen: &str) -> Markup {
    let mut groups = places(visit, chosen);
    for (_, areas) in &mut groups {
        areas.retain(|area| visit.may_decide_in(&area.id));
    }
    groups.retain(|(_, areas)| !areas.is_empty());
    of_places(id, chosen, groups)
}

fn of_places(id: &str, chosen: &str, groups: Vec<(&str, Vec<&Area>)>) -> Markup {
    html! {
        label for=(id) { "Place" }
        select id=(id) name="area" {
            @for (group, areas) in groups {
                optgroup label=(group) {
                    @for area in areas { option value=(area.id) selected[area.id.as_str() == chosen] { (area.title) } }
                }
            }
        }
    }
}

/// The places worth choosing: the chosen one, those of the home area, and those that some source has spoken of, with what
/// they are in.
fn places<'a>(visit: &'a Visit, chosen: &str) -> Vec<(&'static str, Vec<&'a Area>)> {
    let register = &visit.app.definitions.areas;
    let mut found: BTreeSet<AreaId> = visit
        .app
        .home_area()
        .map(|home| of_home(register, &home))
        .unwrap_or_default();
    found.extend(register.get(chosen).map(|area| area.id.clone()));
    let mut open: Vec<AreaId> = visit.app.reported_areas().into_iter().collect();
    while let Some(id) = open.pop() {
        if let Some(area) = register.get(id.as_str())
            && found.insert(id)
        {
            open.extend(area.parents.iter().cloned());
        }
    }
    grouped(found.iter().filter_map(|id| register.get(id.as_str())))
}

/// Areas by their kind, the largest first.
fn grouped<'a>(areas: impl Iterator<Item = &'a Area>) -> Vec<(&'static str, Vec<&'a Area>)> {
    let mut groups: BTreeMap<u8, (AreaKind, Vec<&Area>)> = BTreeMap::new();
    for area in areas {
        groups
            .entry(size(area.kind))
            .or_insert((area.kind, Vec::new()))
            .1
            .push(area);
    }
    groups
        .into_values()
        .map(|(kind, mut areas)| {
            areas.sort_by(|a, b| a.title.cmp(&b.title));
            (kinds(kind), areas)
        })
        .collect()
}

/// Measures by family, in the families' own order.
fn families(visit: &Visit) -> Vec<(&'static str, Vec<&Measure>)> {
    let mut groups: BTreeMap<usize, (&'static str, Vec<&Measure>)> = BTreeMap::new();
    for measure in visit.app.definitions.measures.iter() {
        let (place, name) = family(&measure.family);
        groups
            .entry(place)
            .or_insert((name, Vec::new()))
            .1
            .push(measure);
    }
    groups.into_values().collect()
}

/// A family of measures: its place and its name.
#[must_use]
pub fn family(code: &str) -> (usize, &'static str) {
    match code {
        "transfer" => (1, "Transfers of care"),
        "mdt" => (2, "Referrals and teams"),
        "experience" => (3, "Experience"),
        "assessment" => (4, "Assessments"),
        "change" => (5, "Improvement changes"),
        "aggregate" => (6, "Other local data"),
        "published" => (7, "National statistics"),
        _ => (0, "Our own"),
    }
}

/// How many places or parts that are not drawn are named.
pub const MAX_NAMED: usize = 40;

/// Links side by side, each an address and its words: so many at the most, and the others counted.
#[must_use]
pub fn links(all: impl IntoIterator<Item = (String, String)>, most: usize) -> Markup {
    let mut all = all.into_iter();
    let shown: Vec<(String, String)> = all.by_ref().take(most).collect();
    let more = all.count();
    html! {
        @for (i, (address, words)) in shown.iter().enumerate() { @if i > 0 { ", " } a href=(address) { (words) } }
        @if more > 0 { " and " (more) " more" }
    }
}

/// Links to a page's other places, so many at the most.
#[must_use]
pub fn place_links(visit: &Visit, places: &[AreaId]) -> Markup {
    let links = places.iter().map(|place| {
        let address = visit.address.clone().with("area", place);
        (address.to_string(), visit.title_of(place.as_str()))
    });
    self::links(links, MAX_NAMED)
}
