//! One node of the logic model: what it means, how places rate it, what its measures say, what it feeds; and the round
//! of rating it.

use super::authors;
use super::home::value_words;
use super::model::Knowledge;
use super::visit::Visit;
use super::{record, rounds};
use crate::door::problem::Problem;
use joinedup_application::request::RatingRequest;
use joinedup_drawing::{axis, icon};
use joinedup_events::{AreaId, Family};
use joinedup_views::catalogue::Strength;
use joinedup_views::catalogue::model::Link;
use joinedup_views::decide::version;
use joinedup_views::outcomes::{Neighbour, NodeState};
use joinedup_views::ratings::roll_up::localities;
use joinedup_views::ratings::{Rating, Round, Stage, rating};
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeMap;

/// The panel of a chosen node.
#[must_use]
pub fn panel(visit: &Visit, known: &Knowledge, state: &NodeState) -> Markup {
    let node = &state.node;
    let lines: Vec<_> = state
        .measures
        .iter()
        .filter_map(|m| known.overview.line(&m.measure, visit.area.as_str()))
        .collect();
    html! {
        section.card #node aria-labelledby="node-name" {
            h2 #node-name { (node.title) }
            p.lead { (node.definition) }
            div.columns {
                div {
                    @if !node.checklist.is_empty() { h3 { "What to look for" } ul { @for line in &node.checklist { li { (line) } } } }
                    (links("Evidence", &node.evidence)) (links("Examples in practice", &node.practice))
                }
                div { (neighbours(visit, known, "Supported by", &state.fed_by)) (neighbours(visit, known, "Contributes to", &state.feeds)) }
            }
            @if !lines.is_empty() {
                h3 { "What its measures say here" }
                ul.signals #node-measures data-live {
                    @for line in lines {
                        li { (PreEscaped(icon::variation(line.variation))) div { a href=(visit.address.elsewhere(format!("/measures/{}", line.measure))) { (line.title) } p { (icon::variation_word(line.variation)) ": " (value_words(line)) } } }
                    }
                }
            } @else if !state.measures.is_empty() { p.note { "None of its " (state.measures.len()) " measures has points here yet." } }
            (rating_table(visit, known, state))
        }
    }
}

fn links(title: &str, links: &[Link]) -> Markup {
    html! { @if !links.is_empty() { h3 { (title) } ul { @for link in links { li { a href=(link.address) rel="noreferrer" { (link.title) } } } } } }
}

fn neighbours(visit: &Visit, known: &Knowledge, title: &str, list: &[Neighbour]) -> Markup {
    html! {
        @if !list.is_empty() {
            h3 { (title) }
            ul {
                @for n in list {
                    li { a href=(format!("{}#node", visit.address.clone().with("node", &n.node))) { (known.node(&n.node).map_or(n.node.as_str(), |s| s.node.title.as_str())) } " " span.place { @if n.strength == Strength::Main { "main contribution" } @else { "contribution" } ", " (format!("{:?}", n.basis).to_lowercase()) } }
                }
            }
        }
    }
}

/// The areas whose ratings stand side by side: those that are asked to rate, or the parts of the place; and the place
/// where it was rated itself or has no parts.
fn areas(visit: &Visit, known: &Knowledge, framework: &str, item: &str) -> Vec<AreaId> {
    let mut areas: Vec<AreaId> = localities(&visit.app.definitions.areas, &visit.area)
        .into_iter()
        .collect();
    areas.sort_by_key(|id| visit.title_of(id.as_str()));
    if areas.is_empty() {
        areas = visit.parts();
    }
    if areas.is_empty() || known.rating(visit.area.as_str(), framework, item).is_some() {
        areas.insert(0, visit.area.clone());
    }
    areas
}

/// The ratings of an item in some areas with their versions, read at one moment: a form must not carry a later version
/// than the page shows.
fn ratings_of(
    visit: &Visit,
    areas: &[AreaId],
    framework: &str,
    item: &str,
) -> BTreeMap<AreaId, (Rating, u64)> {
    let Ok(views) = visit.views() else {
        return BTreeMap::new();
    };
    views.read(|view| {
        let of = |area: &AreaId| {
            let entity = view.entity(Family::Assessment, &format!("{area}/{framework}/{item}"))?;
            let facts = &entity.facts;
            // Where every fact was taken back there is no rating, and still a version.
            let rating = rating(&facts.standing()).or_else(|| rating(&facts.all()))?;
            Some((area.clone(), (rating, version(&facts.all()))))
        };
        areas.iter().filter_map(of).collect()
    })
}

/// How an area's item stands, for somebody who typed something about an earlier version.
///
/// # Errors
/// 404 when this process has no views.
pub fn stands(visit: &Visit, area: &AreaId, request: &RatingRequest) -> Result<Markup, Problem> {
    let (framework, item) = (request.framework.as_str(), request.item.as_str());
    let found = ratings_of(visit, std::slice::from_ref(area), framework, item);
    let found = found.get(area).map(|(rating, _)| rating);
    let round = match (&request.round, found.and_then(|r| r.rounds.last())) {
        (Some(round), _) => round.as_str(),
        (None, Some(last)) => last.round.as_str(),
        (None, None) => "",
    };
    let ambition = found.and_then(|r| r.ambition.as_ref());
    Ok(html! {
        p { (visit.title_of(area.as_str())) ", " (rounds::item_title(visit, framework, item)) }
        dl {
            dt { "Round " (round) } dd { (stage(visit, framework, found.and_then(|r| r.rounds.iter().find(|x| x.round.as_str() == round)))) }
            dt { "Published" } dd { (level(visit, framework, found.and_then(|r| r.level))) }
            dt { "Ambition" } dd { @match ambition { Some(a) => { (level(visit, framework, Some(a.level))) " by " (axis::date(a.by)) }, None => "none" } }
        }
        (evidence(found, round))
    })
}

fn rating_table(visit: &Visit, known: &Knowledge, state: &NodeState) -> Markup {
    let catalogue = &visit.app.definitions.catalogue;
    let (framework, item) = (catalogue.model().id(), state.node.id.as_str());
    if catalogue
        .framework(framework)
        .and_then(|f| f.item(item))
        .is_none()
    {
        return html! {};
    }
    let areas = areas(visit, known, framework, item);
    let ratings = ratings_of(visit, &areas, framework, item);
    let round = visit
        .address
        .get("round")
        .map_or_else(|| newest(visit, known, item), ToOwned::to_owned);
    let rolled = known
        .standing
        .rolled_up
        .iter()
        .find(|r| r.framework.as_str() == framework && r.item.as_str() == item);
    let open = visit.may_decide();
    html! {
        h3 { "Ratings by place" }
        @if let Some(question) = &state.question { p.note { (question) } }
        div.scroll tabindex="0" role="region" aria-label="Ratings by place" {
            table.ratings #node-ratings data-live {
                thead { tr { th scope="col" { "Place" } th scope="col" { "Published" } th scope="col" { "Ambition" } th scope="col" { "Round " (round) } th scope="col" { "Evidence" } @if open { th scope="col" { "Next" } } } }
                tbody {
                    @for area in &areas {
                        @let (found, version) = ratings.get(area).map_or((None, 0), |(rating, version)| (Some(rating), *version));
                        tr {
                            th scope="row" { (visit.title_of(area.as_str())) }
                            td { (level(visit, framework, found.and_then(|r| r.level))) @if let Some(r) = found && let Some(on) = r.published_on { br; span.small { (axis::date(on)) } } }
                            td { @if let Some(a) = found.and_then(|r| r.ambition.as_ref()) { (level(visit, framework, Some(a.level))) br; span.small { "by " (axis::date(a.by)) } } @else { "none" } }
                            td { (stage(visit, framework, found.and_then(|r| r.rounds.iter().find(|x| x.round.as_str() == round)))) (authors::list(visit, Family::Assessment, &format!("{area}/{framework}/{item}"), None)) }
                            td { (evidence(found, &round)) }
                            @if open { td { (next(visit, framework, item, area, &round, found, version)) } }
                        }
                    }
                }
            }
        }
        @if let Some(rolled) = rolled {
            p.note { "Overall: " (rounds::level(visit, framework, rolled.level)) " (" (rolled.rated) " of " (rolled.rated + rolled.not_rated) " rated; lowest " (rounds::level(visit, framework, rolled.worst)) ")." }
        }
    }
}

/// The round that is being worked on: the last with an event, else this year's.
fn newest(visit: &Visit, known: &Knowledge, item: &str) -> String {
    let latest = known
        .standing
        .ratings
        .iter()
        .filter(|r| r.item.as_str() == item)
        .flat_map(|r| &r.rounds)
        .map(|r| r.round.as_str())
        .max();
    latest.map_or_else(|| visit.today().format("%Y").to_string(), ToOwned::to_owned)
}

fn level(visit: &Visit, framework: &str, level: Option<u8>) -> Markup {
    let sign = level.map_or_else(|| "–".to_owned(), |l| l.to_string());
    html! { span.level.(format!("l{}", level.unwrap_or(0))) { (sign) } " " (rounds::level(visit, framework, level)) }
}

fn stage(visit: &Visit, framework: &str, round: Option<&Round>) -> Markup {
    let Some(round) = round else {
        return html! { "not begun" };
    };
    let word = match round.stage {
        Stage::Rating => "being rated",
        Stage::Proposed => "proposed",
        Stage::Moderated => "moderated",
        Stage::Published => "published",
    };
    html! {
        (word) ": " (rounds::level(visit, framework, round.level))
        @if let Some(m) = round.moderated.as_ref().filter(|m| m.from != m.to) { br; span.small { "moderated from " (rounds::level(visit, framework, m.from)) } }
    }
}

fn evidence(found: Option<&Rating>, round: &str) -> Markup {
    let round = found.and_then(|r| r.rounds.iter().find(|x| x.round.as_str() == round));
    let proposed = round
        .and_then(|r| r.proposed.as_ref())
        .and_then(|p| p.note.as_deref());
    let moderated = round
        .and_then(|r| r.moderated.as_ref())
        .and_then(|m| m.note.as_deref());
    let noted = found.and_then(|r| r.notes.last()).map(|n| n.text.as_str());
    html! { @for text in [proposed, moderated, noted].into_iter().flatten() { p.small { (text) } } }
}

/// What can be done with a rating now.
fn next(
    visit: &Visit,
    framework: &str,
    item: &str,
    area: &AreaId,
    round: &str,
    found: Option<&Rating>,
    version: u64,
) -> Markup {
    let scale = visit
        .app
        .definitions
        .catalogue
        .framework(framework)
        .and_then(|f| f.scale.clone());
    let (low, high) = scale.as_ref().map_or((1, 5), |s| (s.lowest, s.highest));
    let now = found.and_then(|r| r.rounds.iter().find(|x| x.round.as_str() == round));
    let title = visit.title_of(area.as_str());
    // Each form has a key of its own.
    let hidden = || {
        html! {
            (record::hidden(&format!("{}#node", visit.address), area, version))
            input type="hidden" name="framework" value=(framework);
            input type="hidden" name="item" value=(item);
        }
    };
    let levels = |chosen: Option<u8>, none: bool| {
        html! {
            select name="level" aria-label=(format!("Level for {title}")) {
                @if none { option value="" selected[chosen.is_none()] { "not rated" } }
                @for l in low..=high { option value=(l) selected[chosen == Some(l)] { (l) " " (rounds::level(visit, framework, Some(l))) } }
            }
        }
    };
    let key = format!("{area}-{item}");
    html! {
        details id=(format!("do-{key}")) {
            summary { "Rate" }
            form method="post" action="/model/propose" {
                (hidden())
                label { "Round" input type="text" name="round" value=(round) required pattern="[a-z0-9][a-z0-9\\-]*" maxlength="20"; }
                label { "Level proposed" (levels(now.and_then(|r| r.level), true)) }
                label { "Evidence (do not include details about people)" input type="text" name="note" maxlength="400"; }
                button type="submit" { "Propose" }
            }
            @if let Some(now) = now {
                form method="post" action="/model/moderate" {
                    (hidden())
                    input type="hidden" name="round" value=(round);
                    label { "Moderated level" (levels(now.level, true)) }
                    label { "Why" input type="text" name="note" maxlength="400"; }
                    button.quiet type="submit" { "Moderate" }
                }
                @if now.stage != Stage::Published {
                    form method="post" action="/model/confirm" { (hidden()) input type="hidden" name="round" value=(round); button.quiet type="submit" { "Publish" } }
                }
            }
            form method="post" action="/model/ambition" {
                (hidden())
                label { "Level wanted" (levels(found.and_then(|r| r.ambition.as_ref()).map(|a| a.level), false)) }
                label { "By" input type="date" name="by" required value=(visit.today() + chrono::Days::new(365)); }
                button.quiet type="submit" { "Set the ambition" }
            }
        }
    }
}
