//! One node of the logic model: what it means, how places rate it, what its measures say, what it feeds; and the round
//! of rating it.

use super::authors;
use super::checklist;
use super::findings;
use super::home::in_words;
use super::model::Knowledge;
use super::plan;
use super::rounds;
use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use joinedup_application::checklists;
use joinedup_drawing::{axis, icon};
use joinedup_events::Family;
use joinedup_views::catalogue::{Node, Strength};
use joinedup_views::outcomes::{Neighbour, NodeState};
use joinedup_views::ratings::{Rating, Round};
use maud::{Markup, PreEscaped, html};

/// The panel of a chosen node.
///
/// # Errors
/// 400 when no round can be named.
pub fn panel(visit: &Visit, known: &Knowledge, state: &NodeState) -> Result<Markup, Problem> {
    let node = &state.node;
    let lines: Vec<_> = state
        .measures
        .iter()
        .filter_map(|m| known.overview.line(&m.measure, visit.area.as_str()))
        .collect();
    Ok(html! {
        section.card #node aria-labelledby="node-name" {
            h2 #node-name { (node.title) }
            p.lead { (node.definition) }
            div.columns {
                div {
                    (guidance(visit, node))
                }
                div {
                    (neighbours(visit, known, "Supported by", &state.fed_by)) (neighbours(visit, known, "Contributes to", &state.feeds))
                    @if let Ok(found) = findings::about_node(visit, &node.id) { (found) }
                    @if visit.may_decide() { p { a.button href=(plan::add(visit, &visit.area, visit.app.definitions.catalogue.model().id(), &node.id)) { "Add to the plan" } } }
                }
            }
            @if !lines.is_empty() {
                h3 { "What its measures say here" }
                ul.signals #node-measures data-live {
                    @for line in lines {
                        li { (PreEscaped(icon::variation(line.variation))) div { a href=(visit.address.elsewhere(format!("/measures/{}", line.measure))) { (line.title) } p { (in_words(line)) } } }
                    }
                }
            } @else if !state.measures.is_empty() { p.note { "No data here yet for its " (words::counted(state.measures.len(), "measure", "measures")) "." } }
            (rating_table(visit, known, state)?)
        }
    })
}

/// What to look for and where to read on. Points in the words for other people than the model's own are only read: what is
/// ticked is ticked in the model's own words.
fn guidance(visit: &Visit, node: &Node) -> Markup {
    let model = visit.app.definitions.catalogue.model().id();
    let Ok(list) = checklists::of_item(&visit.app, &visit.area, model, &node.id) else {
        return html! {};
    };
    let is_own = visit.app.definitions.catalogue.checklist(model, &node.id) == node.checklist;
    html! {
        @if is_own { (checklist::summary(visit, model, &list, &visit.area)) }
        @else { h3 { "What to look for" } ul { @for line in &node.checklist { li { (line) } } } }
        (checklist::signposts(&list))
    }
}

fn neighbours(visit: &Visit, known: &Knowledge, title: &str, list: &[Neighbour]) -> Markup {
    html! {
        @if !list.is_empty() {
            h3 { (title) }
            ul {
                @for n in list {
                    li { a href=(format!("{}#node", visit.address.clone().with("node", &n.node))) { (known.node(&n.node).map_or(n.node.as_str(), |s| s.node.title.as_str())) } " " span.place { @if n.strength == Strength::Main { "main contribution" } @else { "contribution" } ", " (n.basis.word()) } }
                }
            }
        }
    }
}

fn rating_table(visit: &Visit, known: &Knowledge, state: &NodeState) -> Result<Markup, Problem> {
    let catalogue = &visit.app.definitions.catalogue;
    let (framework, item) = (catalogue.model().id(), state.node.id.as_str());
    if catalogue
        .framework(framework)
        .and_then(|f| f.item(item))
        .is_none()
    {
        return Ok(html! {});
    }
    let mut areas = rounds::places(visit);
    if !areas.contains(&visit.area) && known.rating(visit.area.as_str(), framework, item).is_some()
    {
        areas.insert(0, visit.area.clone());
    }
    // As on the sheet that this leads to: a round of other places or of another framework is not the one being worked on.
    let on_sheet = |r: &&Rating| r.framework.as_str() == framework && areas.contains(&r.area);
    let round = match visit.address.get("round") {
        Some(round) => round.to_owned(),
        None => {
            let ratings = known.standing.ratings.iter().filter(on_sheet);
            rounds::newest(visit, ratings)?.to_string()
        }
    };
    let rolled = known
        .standing
        .rolled_up
        .iter()
        .find(|r| r.framework.as_str() == framework && r.item.as_str() == item);
    let sheet = visit
        .address
        .elsewhere(format!("/frameworks/{framework}/sheet"));
    let sheet = sheet.with("round", &round);
    Ok(html! {
        h3 { "Ratings by place" }
        @if let Some(question) = &state.question { p.note { (question) } }
        div.scroll tabindex="0" role="region" aria-label="Ratings by place" {
            table.ratings #node-ratings data-live {
                thead { tr { th scope="col" { "Place" } th scope="col" { "Published" } th scope="col" { "Ambition" } th scope="col" { "Round " (round) } th scope="col" { "Evidence" } } }
                tbody {
                    @for area in &areas {
                        @let found = known.rating(area.as_str(), framework, item);
                        tr {
                            th scope="row" { (visit.title_of(area.as_str())) }
                            td { (level(visit, framework, found.and_then(|r| r.level))) @if let Some(r) = found && let Some(on) = r.published_on { br; span.small { (axis::date(on)) } } }
                            td { @if let Some(a) = found.and_then(|r| r.ambition.as_ref()) { (level(visit, framework, Some(a.level))) br; span.small { "by " (axis::date(a.by)) } } @else { "none" } }
                            td { (stage(visit, framework, found.and_then(|r| r.rounds.iter().find(|x| x.round.as_str() == round)))) (authors::list(visit, Family::Assessment, &format!("{area}/{framework}/{item}"), None)) }
                            td { (evidence(found, &round)) }
                        }
                    }
                }
            }
        }
        p { a.button href=(sheet.clone().with("item", item)) { "Rate this item" } " " a href=(sheet) { "Rate all items on one sheet" } }
        @if let Some(rolled) = rolled {
            p.note { "Overall: " (rounds::level(visit, framework, rolled.level)) " (" (rolled.rated) " of " (rolled.rated + rolled.not_rated) " rated; lowest " (rounds::level(visit, framework, rolled.worst)) ")." }
        }
    })
}

fn level(visit: &Visit, framework: &str, level: Option<u8>) -> Markup {
    let sign = level.map_or_else(|| "–".to_owned(), |l| l.to_string());
    html! { span.level.(format!("l{}", level.unwrap_or(0))) { (sign) } " " (rounds::level(visit, framework, level)) }
}

fn stage(visit: &Visit, framework: &str, round: Option<&Round>) -> Markup {
    let Some(round) = round else {
        return html! { "not begun" };
    };
    html! {
        (rounds::stage_word(round.stage)) ": " (rounds::level(visit, framework, round.level))
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
