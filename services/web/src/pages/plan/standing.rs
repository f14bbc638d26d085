//! Where a place stands: what goes well, what is in the way, where the gaps are, and last year's ambitions.

use super::super::visit::Visit;
use super::super::{home, rounds, words};
use super::address;
use joinedup_application::overview::{Overview, overview};
use joinedup_application::plan::{Kind, OnePage, Remark};
use joinedup_drawing::axis;
use joinedup_events::AreaId;
use joinedup_views::ratings::{Aimed, Reached};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// How many remarks of one kind stand open; the others are in a list below them.
const MAX_OPEN: usize = 6;

/// The three questions of a board.
pub(super) fn quadrants(visit: &Visit, stands: &OnePage) -> Markup {
    html! {
        div.three.standing {
            (quadrant(visit, "well", "What are we doing well?", "Nothing stands out yet.", &stands.well))
            (quadrant(visit, "in-the-way", "What is in the way?", "Nothing is recorded.", &stands.in_the_way))
            (quadrant(visit, "gaps", "Where are the gaps?", "Everything has data, a rating and a plan.", &stands.gaps))
        }
    }
}

fn quadrant(visit: &Visit, id: &str, title: &str, otherwise: &str, remarks: &[Remark]) -> Markup {
    let lines = overview(&visit.app, &visit.area, visit.audience()).ok();
    let one = |remark| one(visit, lines.as_deref(), remark);
    let (open, more) = remarks.split_at(remarks.len().min(MAX_OPEN));
    html! {
        section.card id=(id) data-live aria-labelledby=(format!("{id}-name")) {
            h2 id=(format!("{id}-name")) { (title) }
            @if remarks.is_empty() { p { (otherwise) } }
            ul.plain { @for remark in open { (one(remark)) } }
            @if !more.is_empty() {
                details id=(format!("{id}-more")) { summary { (more.len()) " more" } ul.plain { @for remark in more { (one(remark)) } } }
                p.small.on-paper { "And " (more.len()) " more on the page." }
            }
        }
    }
}

fn one(visit: &Visit, overview: Option<&Overview>, remark: &Remark) -> Markup {
    let to = match remark.kind {
        Kind::Measure => visit
            .address
            .elsewhere(format!("/measures/{}", remark.id))
            .to_string(),
        Kind::Node => format!(
            "{}#node",
            visit.address.elsewhere("/model").with("node", &remark.id)
        ),
        Kind::Plan => address(visit, &remark.id),
    };
    // Home says the same of it.
    let line = overview.filter(|_| remark.kind == Kind::Measure);
    let line = line.and_then(|overview| overview.line(&remark.id, visit.area.as_str()));
    let since = line.and_then(|line| Some((line.since?, line)));
    html! {
        li {
            a href=(to) { (remark.title) }
            br;
            span.small {
                @match since {
                    Some((since, line)) => { "Since " (words::day_month_year(since)) ": " (home::levels(line)) }
                    None => (words::sentence_start(&remark.detail)),
                }
            }
        }
    }
}

/// What became of the ambitions of a year ago, item by item and place by place.
pub(super) fn ambitions(visit: &Visit, stands: &OnePage) -> Markup {
    let mut places: Vec<&AreaId> = stands.ambitions.iter().map(|a| &a.area).collect();
    places.sort_by_key(|id| visit.title_of(id.as_str()));
    places.dedup();
    let mut rows: BTreeMap<(&str, &str), BTreeMap<&AreaId, &Aimed>> = BTreeMap::new();
    for aimed in &stands.ambitions {
        let item = (aimed.framework.as_str(), aimed.item.as_str());
        rows.entry(item).or_default().insert(&aimed.area, aimed);
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    // What moved least comes first: that is what a board asks about.
    rows.sort_by_key(|(item, cells)| {
        let reached = cells
            .values()
            .filter(|a| a.reached == Reached::Reached)
            .count();
        (reached, *item)
    });
    html! {
        section.card #ambitions data-live aria-labelledby="ambitions-name" {
            h2 #ambitions-name { "Last year’s ambitions" }
            @if rows.is_empty() { p { "No ambition was set a year ago or since." } }
            @else {
                p.note { "Each cell: the level when the ambition was set, the level now, and the level wanted. Of " (axis::date(stands.ambitions_of)) ", or the first since." }
                div.scroll tabindex="0" role="region" aria-label="Ambitions and what became of them" {
                    table.ambitions {
                        thead { tr { th scope="col" { "Item" } @for place in &places { th scope="col" { (visit.title_of(place.as_str())) } } } }
                        tbody {
                            @for ((framework, item), cells) in &rows {
                                tr {
                                    th scope="row" { (rounds::item_title(visit, framework, item)) }
                                    @for place in &places { (cell(visit, cells.get(place).copied())) }
                                }
                            }
                        }
                    }
                }
                ul.legend aria-label="Legend" { @for reached in [Reached::Reached, Reached::Nearer, Reached::FirstRated, Reached::Unchanged, Reached::Lower] { li { span.became.(class(reached)) { (sign(reached)) } (word(reached)) } } }
            }
        }
    }
}

fn cell(visit: &Visit, aimed: Option<&Aimed>) -> Markup {
    let Some(aimed) = aimed else {
        return html! { td.became { "–" } };
    };
    let level = |level: Option<u8>| level.map_or_else(|| "–".to_owned(), |l| l.to_string());
    let framework = aimed.framework.as_str();
    let aloud = format!(
        "{}: from {} to {}, wanted {} by {}",
        word(aimed.reached),
        rounds::level(visit, framework, aimed.then),
        rounds::level(visit, framework, aimed.now),
        rounds::level(visit, framework, Some(aimed.wanted)),
        axis::date(aimed.by),
    );
    html! {
        td.became.(class(aimed.reached)) title=(aloud) {
            span aria-hidden="true" { (sign(aimed.reached)) " " (level(aimed.then)) "→" strong { (level(aimed.now)) } " of " (aimed.wanted) }
            span.sr { (aloud) }
        }
    }
}

pub(super) const fn word(reached: Reached) -> &'static str {
    match reached {
        Reached::Reached => "reached",
        Reached::Nearer => "nearer",
        Reached::FirstRated => "first rated since",
        Reached::Unchanged => "unchanged",
        Reached::Lower => "lower",
        Reached::NotRated => "not rated now",
    }
}

const fn sign(reached: Reached) -> &'static str {
    match reached {
        Reached::Reached => "✓",
        Reached::Nearer => "▲",
        Reached::FirstRated => "•",
        Reached::Unchanged => "=",
        Reached::Lower => "▼",
        Reached::NotRated => "–",
    }
}

const fn class(reached: Reached) -> &'static str {
    match reached {
        Reached::Reached => "reached",
        Reached::Nearer => "nearer",
        Reached::Unchanged | Reached::FirstRated => "unchanged",
        Reached::Lower => "lower",
        Reached::NotRated => "unrated",
    }
}
