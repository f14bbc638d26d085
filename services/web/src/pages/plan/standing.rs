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

/// What the legend of the ambitions explains.
const LEGEND: [Reached; 6] = [
    Reached::Reached,
    Reached::Nearer,
    Reached::FirstRated,
    Reached::Unchanged,
    Reached::Lower,
    Reached::AlreadyThere,
];

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

/// The ambitions that stood a year ago, and apart from them those that were set since.
pub(super) fn by_age(stands: &OnePage) -> (Vec<&Aimed>, Vec<&Aimed>) {
    let all = stands.ambitions.iter();
    all.partition(|aimed| aimed.since <= stands.ambitions_of)
}

/// What became of the ambitions of a year ago and of those since.
pub(super) fn ambitions(visit: &Visit, stands: &OnePage) -> Markup {
    let (of_then, since) = by_age(stands);
    let day = axis::date(stands.ambitions_of);
    html! {
        section.card #ambitions data-live aria-labelledby="ambitions-name" {
            h2 #ambitions-name { "Last year’s ambitions" }
            @if stands.ambitions.is_empty() { p { "No ambition was set a year ago or since." } }
            @else {
                p.note { "Each cell: the level when the ambition was set, the level now, and the level wanted. Last year’s are those that stood on " (day) "." }
                @if of_then.is_empty() { p { "No ambition was set by then." } }
                @else { (table(visit, &of_then, "Ambitions of a year ago and what became of them")) }
                @if !since.is_empty() {
                    h3 { "Set since then" }
                    (table(visit, &since, "Ambitions set since and what became of them"))
                }
                ul.legend aria-label="Legend" { @for became in LEGEND { li { span.became.(class(became)) { (sign(became)) } (word(became)) } } }
            }
        }
    }
}

/// Ambitions item by item and place by place.
fn table(visit: &Visit, ambitions: &[&Aimed], name: &str) -> Markup {
    let mut places: Vec<&AreaId> = ambitions.iter().map(|a| &a.area).collect();
    places.sort_by_key(|id| visit.title_of(id.as_str()));
    places.dedup();
    let mut rows: BTreeMap<(&str, &str), BTreeMap<&AreaId, &Aimed>> = BTreeMap::new();
    for aimed in ambitions.iter().copied() {
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
        div.scroll tabindex="0" role="region" aria-label=(name) {
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

pub(super) const fn word(became: Reached) -> &'static str {
    match became {
        Reached::Reached => "reached",
        Reached::Nearer => "nearer",
        Reached::FirstRated => "first rated since",
        Reached::Unchanged => "unchanged",
        Reached::Lower => "lower",
        Reached::NotRated => "not rated now",
        Reached::AlreadyThere => "there already",
    }
}

const fn sign(became: Reached) -> &'static str {
    match became {
        Reached::Reached => "✓",
        Reached::Nearer => "▲",
        Reached::FirstRated => "•",
        Reached::Unchanged => "=",
        Reached::Lower => "▼",
        Reached::NotRated => "–",
        Reached::AlreadyThere => "○",
    }
}

const fn class(became: Reached) -> &'static str {
    match became {
        Reached::Reached => "reached",
        Reached::Nearer => "nearer",
        Reached::Unchanged | Reached::FirstRated | Reached::AlreadyThere => "unchanged",
        Reached::Lower => "lower",
        Reached::NotRated => "unrated",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_events::Slug;

    fn aimed(since: &str, then: Option<u8>, wanted: u8, reached: Reached) -> Aimed {
        Aimed {
            area: AreaId::new("havenshire-north").unwrap(),
            framework: Slug::new("scie").unwrap(),
            item: Slug::new("co-timely-transfers").unwrap(),
            since: since.parse().unwrap(),
            then,
            wanted,
            by: "2027-12-01".parse().unwrap(),
            now: Some(3),
            reached,
        }
    }

    #[test]
    fn an_ambition_is_of_a_year_ago_only_where_it_was_set_by_then() {
        let days = ["2025-11-21", "2025-11-22", "2025-11-23"];
        let stands = OnePage {
            well: Vec::new(),
            in_the_way: Vec::new(),
            gaps: Vec::new(),
            ambitions_of: "2025-11-22".parse().unwrap(),
            ambitions: days
                .map(|day| aimed(day, Some(2), 4, Reached::Nearer))
                .to_vec(),
        };
        let (of_then, since) = by_age(&stands);
        assert_eq!((of_then.len(), since.len()), (2, 1));
    }
}
