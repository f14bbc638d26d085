//! `GET /measures` and `GET /frameworks`: what can be charted, and the systems that measures and ratings come from.

use super::home::{in_words, sparked};
use super::layout::{self, Tab, family};
use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use axum::response::Response;
use joinedup_application::checklists;
use joinedup_application::config::Role;
use joinedup_application::overview::Line;
use joinedup_drawing::{icon, spark};
use joinedup_views::catalogue::{Framework, FrameworkKind, Layer};
use joinedup_views::measure::{Measure, Purpose};
use maud::{Markup, PreEscaped, html};
use std::collections::{BTreeMap, BTreeSet};

/// `GET /measures`.
pub async fn measures(visit: Visit) -> Result<Response, Problem> {
    visit.render(|visit| Ok(page(visit))).await
}

/// What people in the NHS also call a thing, and a word of ours for it.
const ALSO_CALLED: [(&str, &str); 27] = [
    ("bed blocking", "after ready"),
    ("bed blockers", "after ready"),
    ("bed blocker", "after ready"),
    ("blocked beds", "after ready"),
    ("ctr", "ready"),
    ("edd", "expected date"),
    ("pdd", "expected date"),
    ("expected discharge date", "expected date"),
    ("emergency department", "a&e"),
    ("ed", "a&e"),
    ("a and e", "a&e"),
    ("four hour", "four hours"),
    ("4 hour", "four hours"),
    ("hospital at home", "virtual ward"),
    ("rapid response", "two hours"),
    ("criteria to reside", "ready"),
    ("nctr", "ready"),
    ("medically optimised", "ready"),
    ("medically fit", "ready"),
    ("mffd", "ready"),
    ("super stranded", "long stays"),
    ("stranded", "long stays"),
    ("ucr", "two hours"),
    ("2 hour", "two hours"),
    ("discharge to assess", "pathway"),
    ("d2a", "pathway"),
    ("los", "length of stay"),
];

/// Whether a text has all words of a search, by our names of things or by those that others have for them.
fn has_words(text: &str, searched: &str) -> bool {
    let text = text.to_lowercase();
    let has_all = |words: &str| words.split_whitespace().all(|word| text.contains(word));
    let searched = searched.replace('-', " ");
    let words: Vec<&str> = searched.split_whitespace().collect();
    // With a space on both sides: short names are parts of other words.
    let searched = format!(" {} ", words.join(" ").to_lowercase());
    let mut others = ALSO_CALLED.iter();
    has_all(&searched)
        || others.any(|(theirs, ours)| {
            let theirs = format!(" {theirs} ");
            searched.contains(&theirs) && has_all(&searched.replace(&theirs, &format!(" {ours} ")))
        })
}

/// What is searched of a measure.
fn described(measure: &Measure) -> String {
    [
        &measure.title,
        measure.id.as_str(),
        &measure.counts,
        &measure.why,
        &measure.quantity,
    ]
    .join(" ")
}

/// Whether a measure is among those asked for.
fn fits(visit: &Visit, measure: &Measure, line: Option<&Line>) -> bool {
    let address = &visit.address;
    let found = address.get("q").is_none_or(|searched| {
        let catalogue = &visit.app.definitions.catalogue;
        let tags = measure.frameworks.iter();
        let of: Vec<String> = tags
            .map(|t| words::framework(catalogue, t.as_str()))
            .collect();
        has_words(
            &format!("{} {}", described(measure), of.join(" ")),
            searched,
        )
    });
    let outcome = address
        .get("outcome")
        .is_none_or(|o| measure.outcomes.serves(o));
    let purpose = address
        .get("purpose")
        .is_none_or(|p| measure.purpose.word() == p || measure.purpose == Purpose::Both);
    let framework = address
        .get("framework")
        .is_none_or(|f| measure.frameworks.iter().any(|x| x.as_str() == f));
    let shown = match address.get("show") {
        Some("signals") => line.is_some_and(|l| l.alert || l.worsens() || l.improves()),
        Some("data") => line.is_some(),
        _ => true,
    };
    found && outcome && purpose && framework && shown
}

fn page(visit: &Visit) -> Markup {
    let overview = visit.overview();
    let place = visit.title_of(visit.area.as_str());
    let signals = visit.address.get("show") == Some("signals");
    // Signals are of the place and of its parts; a catalogue is of the place.
    let mut rows: Vec<(&Measure, Option<&Line>)> = if signals {
        let found = overview.signals().into_iter().chain(overview.doubtful());
        found
            .filter_map(|l| Some((visit.app.definitions.measures.get(&l.measure)?, Some(l))))
            .filter(|(m, l)| fits(visit, m, *l))
            .collect()
    } else {
        visit
            .app
            .definitions
            .measures
            .iter()
            .map(|m| (m, overview.line(m.id.as_str(), visit.area.as_str())))
            .filter(|(m, l)| fits(visit, m, *l))
            .collect()
    };
    if !signals {
        rows.sort_by_key(|(m, l)| (family(&m.family).0, l.is_none(), m.title.clone()));
    }
    let mut groups: BTreeMap<usize, (&str, Vec<(&Measure, Option<&Line>)>)> = BTreeMap::new();
    for row in &rows {
        let (order, name) = if signals {
            match row.1.is_some_and(|line| line.alert) {
                true => (0, "What has changed"),
                false => (
                    1,
                    "What may be chance: these charts look changed by themselves, but do not stand out among all",
                ),
            }
        } else {
            family(&row.0.family)
        };
        groups
            .entry(order)
            .or_insert((name, Vec::new()))
            .1
            .push(*row);
    }
    let body = html! {
        h1 { "Measures" span.place { ", " (place) } }
        (search(visit))
        @if !rows.is_empty() { p.note #found { (words::counted(rows.len(), if signals { "signal" } else { "measure" }, if signals { "signals" } else { "measures" })) @if !signals { ", " (rows.iter().filter(|r| r.1.is_some()).count()) " with data here" } "." } }
        @for (order, (name, rows)) in &groups {
            section.card id=(format!("family-{order}")) data-live aria-labelledby=(format!("family-{order}-name")) {
                h2 id=(format!("family-{order}-name")) { (name) }
                ul.catalogue { @for (measure, line) in rows { (row(visit, measure, *line)) } }
            }
        }
        @if rows.is_empty() { p #found { (if signals { "No signals match." } else { "No measures match." }) " " a href=(visit.address.elsewhere("/measures")) { "Show all measures" } } }
    };
    layout::page(
        visit,
        Tab::Measures,
        &format!("Measures, {place}"),
        &layout::place_picker(visit),
        &body,
    )
}

fn row(visit: &Visit, measure: &Measure, line: Option<&Line>) -> Markup {
    let area = line.map_or(visit.area.as_str(), |l| l.area.as_str());
    html! {
        li {
            div {
                a href=(visit.address.elsewhere(format!("/measures/{}", measure.id)).with("area", area)) { (measure.title) }
                @if area != visit.area.as_str() { " " span.place { (visit.title_of(area)) } }
                p.small { (words::counted_of(measure)) "." }
            }
            @match line {
                Some(line) => {
                    p.state.(icon::variation_class(line.variation)) { @if line.compares.is_none() { (PreEscaped(icon::variation(line.variation))) } span { (in_words(line)) } }
                    @if line.compares.is_some() { span {} } @else { (PreEscaped(spark::spark(&line.values, line.centre, icon::variation_class(line.variation), &sparked(line)))) }
                }
                None => { p.state.place { "No data here yet" } span {} }
            }
        }
    }
}

fn search(visit: &Visit) -> Markup {
    let outcomes = visit
        .app
        .definitions
        .catalogue
        .model()
        .nodes()
        .iter()
        .filter(|n| n.layer == Layer::Outcome);
    let is = |name: &str, value: &str| visit.address.get(name).unwrap_or_default() == value;
    html! {
        form.picker.search method="get" action="/measures" role="search" {
            (layout::kept(&visit.address, &["q", "outcome", "purpose", "show", "framework"]))
            span.pair { label for="q" { "Search" } input #q type="search" name="q" value=[visit.address.get("q")]; }
            span.pair { label for="outcome" { "Outcome" } select #outcome name="outcome" { option value="" { "any" } @for n in outcomes { option value=(n.id) selected[is("outcome", &n.id)] { (n.title) } } } }
            span.pair { label for="purpose" { "For" } select #purpose name="purpose" { option value="" { "any purpose" } @for p in ["improvement", "performance"] { option value=(p) selected[is("purpose", p)] { (p) } } } }
            span.pair { label for="framework" { "Framework" } select #framework name="framework" { option value="" { "any" } @for (id, title) in tagged(visit) { option value=(id) selected[is("framework", &id)] { (title) } } } }
            span.pair { label for="show" { "Show" } select #show name="show" { option value="" { "all" } option value="data" selected[is("show", "data")] { "with data here" } option value="signals" selected[is("show", "signals")] { "signals, here and in its parts" } } }
            button.quiet type="submit" { "Search" }
        }
    }
}

/// The frameworks and returns that measures belong to, with the names they have.
fn tagged(visit: &Visit) -> Vec<(String, String)> {
    let definitions = &visit.app.definitions;
    let tags: BTreeSet<&str> = definitions
        .measures
        .iter()
        .flat_map(|measure| measure.frameworks.iter().map(|tag| tag.as_str()))
        .collect();
    let title = |tag: &str| {
        (
            tag.to_owned(),
            words::framework(&definitions.catalogue, tag),
        )
    };
    tags.into_iter().map(title).collect()
}

/// `GET /frameworks`.
pub async fn frameworks(visit: Visit) -> Result<Response, Problem> {
    visit.render(|visit| Ok(all_frameworks(visit))).await
}

fn all_frameworks(visit: &Visit) -> Markup {
    let catalogue = &visit.app.definitions.catalogue;
    let mut frameworks: Vec<&Framework> = catalogue.frameworks().collect();
    // What somebody can do something with comes first.
    frameworks.sort_by_key(|framework| match framework.kind {
        FrameworkKind::Rating => 0,
        FrameworkKind::Instrument => 1,
        _ => 2,
    });
    let body = html! {
        h1 { "Frameworks" }
        p.note { "National frameworks and tools, and their items. What could not be checked says so." }
        @for framework in frameworks { (framework_card(visit, framework)) }
    };
    layout::page(
        visit,
        Tab::Data,
        "Frameworks",
        &layout::place_picker(visit),
        &body,
    )
}

/// What can be done with a framework here.
fn uses(visit: &Visit, framework: &Framework) -> Markup {
    let to = |page: &str| {
        visit
            .address
            .elsewhere(format!("/frameworks/{}/{page}", framework.id))
    };
    html! {
        @if framework.kind == FrameworkKind::Rating { p { a.button href=(to("sheet")) { "Rate places" } " " a href=(to("results")) { "Results" } } }
        @if !checklists::items(&visit.app, framework).is_empty() { p { a href=(to("checklist")) { "Checklists" } } }
        @if framework.kind == FrameworkKind::Findings { p { a href=(visit.address.elsewhere("/findings")) { "Findings" } } }
        @if visit.app.definitions.catalogue.is_lens(&framework.id) { p { a href=(visit.address.elsewhere(format!("/lenses/{}", framework.id))) { "Look through it" } } }
        @if framework.kind == FrameworkKind::Instrument && visit.caller.has(Role::Publisher) { p { a.button href=(to("answers")) { "Enter answers" } } }
    }
}

fn framework_card(visit: &Visit, framework: &Framework) -> Markup {
    let measures = visit
        .app
        .definitions
        .measures
        .iter()
        .filter(|m| m.frameworks.iter().any(|f| f.as_str() == framework.id))
        .count();
    html! {
        section.card aria-labelledby=(format!("f-{}", framework.id)) {
            h2 id=(format!("f-{}", framework.id)) { (framework.title) }
            p { (framework.note) }
            @if let Some(scoring) = &framework.scoring { p.note { "Scoring: " (scoring) } }
            @if let Some(unverified) = &framework.unverified { p.note { "Not verified: " (unverified) } }
            (uses(visit, framework))
            @if measures > 0 { p { a href=(visit.address.elsewhere("/measures").with("framework", &framework.id)) { (words::counted(measures, "measure", "measures")) " of it" } } }
            @if !framework.items.is_empty() {
                details id=(format!("items-{}", framework.id)) {
                    summary { (words::counted(framework.items.len(), "item", "items")) @if let Some(scale) = &framework.scale { ", each from " (scale.lowest) " to " (scale.highest) } }
                    ul { @for item in &framework.items { li { (item.title) @if let Some(group) = &item.group { " " span.place { (words::sentence(group)) } } @if item.reversed { " " span.place { "counts the other way round" } } } } }
                }
            }
            @if !framework.sources.is_empty() { p.small { "To read: " @for (i, link) in framework.sources.iter().enumerate() { @if i > 0 { ", " } a href=(link.address) rel="noreferrer" { (link.title) } } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_views::measures::Measures;

    #[test]
    fn a_measure_is_found_by_the_names_that_the_nhs_has_for_it() {
        let ready = "Ready and waiting now: people who are ready to leave and have not left";
        for searched in ["waiting ready", "Criteria  to reside", "NCTR now"] {
            assert!(has_words(ready, searched), "{searched}");
        }
        for searched in ["criteria to reside beds", "los", "ucr", "falls"] {
            assert!(!has_words(ready, searched), "{searched}");
        }
        assert!(has_words("Seen within two hours in a crisis", "UCR"));
    }

    #[test]
    fn each_other_name_leads_to_a_measure() {
        let measures = Measures::built_in(|_| true).unwrap();
        for (theirs, _) in ALSO_CALLED {
            let mut found = measures.iter();
            assert!(found.any(|m| has_words(&described(m), theirs)), "{theirs}");
        }
    }
}
