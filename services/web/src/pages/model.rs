//! `GET /model`: the logic model as one picture, with ratings by place, the latest verdicts, and what to work on first.

use super::layout::{self, Tab};
use super::picture::{self, Rated};
use super::visit::Visit;
use super::{node, plan, rounds, whose, words};
use crate::door::problem::Problem;
use axum::response::Response;
use joinedup_application::outcomes::{self, Standing, Verdicts};
use joinedup_application::overview::Overview;
use joinedup_events::AreaId;
use joinedup_views::catalogue::Layer;
use joinedup_views::outcomes::NodeState;
use joinedup_views::priorities::{Priority, Trend, priorities};
use joinedup_views::ratings::{Comparison, Rating, compare};
use maud::{Markup, PreEscaped, html};

/// How many items are listed as first to work on.
const MAX_FIRST: usize = 8;

/// `GET /model`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit.render(page).await
}

/// All that the page is made of.
pub struct Knowledge {
    /// Every chart in a line.
    pub overview: std::sync::Arc<Overview>,
    /// The ratings, and the nodes with what is known of them.
    pub standing: Standing,
    /// The places whose levels stand in the picture.
    pub rated: Rated,
}

impl Knowledge {
    fn of(visit: &Visit) -> Result<Self, Problem> {
        let overview = visit.overview();
        let verdicts: Verdicts = overview
            .of(visit.area.as_str())
            .map(|l| (l.measure.clone(), l.verdict()))
            .collect();
        let mut standing = outcomes::standing(&visit.app, &visit.area, &verdicts)?;
        standing.nodes.retain_mut(|state| {
            let mut words = visit.nodes().iter();
            let words = words.find(|n| n.id == state.node.id);
            words.is_some_and(|node| {
                state.node.clone_from(node);
                true
            })
        });
        let model = visit.app.definitions.catalogue.model().id();
        let has_level = |area: &AreaId| {
            let mut ratings = standing.ratings.iter();
            ratings.any(|r| r.area == *area && r.framework.as_str() == model && r.level.is_some())
        };
        let rated = Rated::of(&visit.area, visit.parts(), has_level);
        Ok(Self {
            overview,
            standing,
            rated,
        })
    }

    /// A node.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&NodeState> {
        self.standing.nodes.iter().find(|n| n.node.id == id)
    }

    /// The rating of an item in an area.
    #[must_use]
    pub fn rating(&self, area: &str, framework: &str, item: &str) -> Option<&Rating> {
        self.standing.ratings.iter().find(|r| {
            r.area.as_str() == area && r.framework.as_str() == framework && r.item.as_str() == item
        })
    }
}

fn page(visit: &Visit) -> Result<Markup, Problem> {
    let known = Knowledge::of(visit)?;
    let chosen = match visit.address.get("node") {
        Some(id) => Some(
            known
                .node(id)
                .ok_or_else(|| Problem::not_found("The logic model has no such part"))?,
        ),
        None => None,
    };
    let place = visit.title_of(visit.area.as_str());
    let model = visit.app.definitions.catalogue.model();
    let rating = |page: &str| {
        visit
            .address
            .elsewhere(format!("/frameworks/{}/{page}", model.id()))
    };
    let rated = &known.rated;
    let body = html! {
        h1 { (model.about().title) span.place { ", " (place) } }
        p.note {
            "Select any box to see what it contributes to. "
            "The first two columns show published ratings, from 1 red to 5 green; outcomes show how many of their measures are improving. "
            "Lines show how we expect change to happen. Thick lines: main contribution."
        }
        p { a.button href=(rating("sheet")) { "Rate all items" } " " a.button href=(rating("results")) { "Results of the rounds" } " " a href=(visit.address.elsewhere("/plan")) { "Plan" } " " a href=(visit.address.elsewhere("/frameworks")) { "Other frameworks" } }
        (whose::in_words_for(visit))
        section.card #picture aria-label="The logic model as a picture" {
            div.scroll tabindex="0" role="region" aria-label="Picture of the logic model" {
                div #model-picture data-live { (PreEscaped(picture::svg(visit, &known, chosen.map(|n| n.node.id.as_str())))) }
            }
            (key(visit, rated))
            @if rated.all > rated.places.len() { p.note #cut { (rated.places.len()) " of " (rated.all) " places have room here. " a href=(rating("results")) { "See all in the results of the rounds" } } }
        }
        @if let Some(state) = chosen { (node::panel(visit, &known, state)?) }
        (first(visit, &known))
        (moved(visit, &known))
    };
    Ok(layout::page(
        visit,
        Tab::Model,
        &format!("Logic model, {place}"),
        &layout::place_picker(visit),
        &body,
    ))
}

fn key(visit: &Visit, rated: &Rated) -> Markup {
    html! {
        ul.legend aria-label="Legend" {
            @for level in 1_u8..=5 { li { span.level.(format!("l{level}")) { (level) } (rounds::level(visit, visit.app.definitions.catalogue.model().id(), Some(level))) } }
            li { span.level.l0 { "–" } "not rated" }
            @if rated.places != [visit.area.clone()] { li { "Left to right: " @for (i, p) in rated.places.iter().enumerate() { @if i > 0 { ", " } (visit.title_of(p.as_str())) } } }
        }
    }
}

/// What to talk about first, with the arithmetic.
fn first(visit: &Visit, known: &Knowledge) -> Markup {
    let catalogue = &visit.app.definitions.catalogue;
    let trend = |outcome: &str| known.node(outcome).map_or(Trend::Unknown, |n| n.trend);
    let found = priorities(catalogue, &known.standing.ratings, trend);
    html! {
        section.card #first data-live aria-labelledby="first-name" {
            h2 #first-name { "What to work on first" }
            @if found.items.is_empty() { p { "No item has both a published rating and an ambition yet." } }
            @else {
                p.note { "Items rated low, furthest from your ambition and linked to outcomes that are not improving. Use this to start a discussion, not as a score." }
                ol.first {
                    @for item in found.items.iter().filter(|i| i.score > 0).take(MAX_FIRST) {
                        li {
                            a href=(visit.address.elsewhere("/model").with("node", &item.item)) { (item.title) } " " span.place { (visit.title_of(item.area.as_str())) } " " strong.tag { "score " (item.score) }
                            @if visit.may_decide_in(&item.area) { " " a.small href=(plan::add(visit, &item.area, item.framework.as_str(), item.item.as_str())) { "Add to the plan" } }
                            p.small { (words::sentence_start(&item.words)) }
                            details.small { summary { "Show the sum" } p { (sum(item)) } }
                        }
                    }
                }
            }
            @if !found.not_scored.is_empty() { p.note { (words::counted(found.not_scored.len(), "item has", "items have")) " no score: a rating or an ambition is missing." } }
        }
    }
}

/// How the score of an item comes about.
fn sum(item: &Priority) -> String {
    let count = |trend: Trend| item.outcomes.iter().filter(|o| o.trend == trend).count();
    format!(
        "Need {need} (the highest level, less its own, and 1), times {gap} (steps below the ambition), times {points} (2 for each of {not} outcomes that are not improving, 1 for each of {unknown} without data): {score}.",
        need = item.need,
        gap = item.gap,
        points = item.outcome_points,
        not = count(Trend::NotImproving),
        unknown = count(Trend::Unknown),
        score = item.score,
    )
}

/// How many moved ratings are listed each way.
const MAX_MOVED: usize = 20;

/// What moved between two rounds.
fn moved(visit: &Visit, known: &Knowledge) -> Markup {
    let ratings = rounds::by_model(visit, &known.standing.ratings);
    let (closed, open) = rounds::closed_and_open(&ratings);
    let [.., earlier, later] = closed.as_slice() else {
        return html! { section.card #moved aria-labelledby="moved-name" { h2 #moved-name { "Compared with the last round" } p { @if closed.is_empty() { "No round has been published yet." } @else { "Only one round has been published, so there is nothing to compare yet." } @if let Some(open) = &open { " " (open.sentence()) } } } };
    };
    let found: Comparison = compare(&ratings, earlier, later);
    let list = |name: &str, sign: &str, steps: &[joinedup_views::ratings::comparison::Step]| {
        html! {
            div {
                h3 { (sign) " " (steps.len()) " " (name) @if steps.len() > MAX_MOVED { ", the first " (MAX_MOVED) " shown" } }
                ul.plain {
                    @for step in steps.iter().take(MAX_MOVED) {
                        li { a href=(visit.address.elsewhere("/model").with("node", &step.item)) { (rounds::item_title(visit, step.framework.as_str(), step.item.as_str())) } " " span.place { (visit.title_of(step.area.as_str())) } ": " (rounds::level(visit, step.framework.as_str(), step.from)) " to " (rounds::level(visit, step.framework.as_str(), step.to)) }
                    }
                }
            }
        }
    };
    html! {
        section.card #moved data-live aria-labelledby="moved-name" {
            h2 #moved-name { "Round " (later) " compared with " (earlier) }
            @if let Some(open) = &open { p { (open.sentence()) } }
            div.columns { (list("up", "▲", &found.up)) (list("down", "▼", &found.down)) }
            p.note { (found.same.len()) " unchanged, " (found.new.len()) " rated for the first time, " (found.dropped.len()) " no longer rated; " (words::counted(found.changed_at_moderation.len(), "rating", "ratings")) " changed at moderation." }
        }
    }
}

/// Layers, from means to ends, with their names.
pub const LAYERS: [(Layer, &str); 4] = [
    (Layer::Enabler, "Enablers"),
    (Layer::Component, "Components"),
    (Layer::Outcome, "Outcomes"),
    (Layer::Impact, "Impacts"),
];
