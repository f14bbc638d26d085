//! `/frameworks/{id}/sheet`: a framework rated as one sheet, items down and places across, with one save. What can be
//! rated, its question and its scale come from the catalogue.

mod asked;
pub mod ballot;
mod save;
mod table;
pub mod typed;

pub use save::save;

use super::layout::{self, Tab};
use super::rounds;
use super::visit::Visit;
use crate::door::problem::Problem;
use axum::extract::Path;
use axum::response::Response;
use chrono::NaiveDate;
use joinedup_events::{AreaId, Slug};
use joinedup_views::catalogue::{Framework, FrameworkKind, Item, Scale};
use joinedup_views::ratings::Round;
use maud::{Markup, html};
use std::collections::BTreeMap;
use typed::Typed;

/// What is done on the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Places, or single raters, give their levels.
    Rate,
    /// What was given stands side by side; the level of the round is recorded and published.
    Moderate,
    /// Ambitions with a date, and evidence in words.
    Plan,
}

const STEPS: [(Step, &str, &str); 3] = [
    (Step::Rate, "rate", "1 Rate"),
    (Step::Moderate, "moderate", "2 Moderate and publish"),
    (Step::Plan, "plan", "3 Ambition and evidence"),
];

/// Parameters of the address that say what was done, and not what is shown.
const DONE: [&str; 2] = ["saved", "published"];

/// The sheet that an address asks for, with what was recorded of its items so far.
struct Sheet<'a> {
    visit: &'a Visit,
    framework: &'a Framework,
    scale: &'a Scale,
    step: Step,
    round: Slug,
    rater: Option<Slug>,
    places: Vec<AreaId>,
    items: Vec<&'a Item>,
    found: rounds::Found,
}

/// A framework by which areas are rated.
///
/// # Errors
/// 404 with the reason.
pub fn rated_by<'a>(visit: &'a Visit, id: &str) -> Result<(&'a Framework, &'a Scale), Problem> {
    let otherwise = "Places are not rated by this framework";
    rounds::of_kind(visit, id, FrameworkKind::Rating, otherwise)
}

impl<'a> Sheet<'a> {
    fn of(visit: &'a Visit, id: &str) -> Result<Self, Problem> {
        let (framework, scale) = rated_by(visit, id)?;
        let address = &visit.address;
        let name = |name: &str, rule: &str| {
            let text = address.get(name).filter(|text| !text.trim().is_empty());
            let read = |text: &str| {
                let text = text.trim().to_lowercase().replace(' ', "-");
                Slug::new(&text).map_err(|_| Problem::bad_request(rule))
            };
            text.map(read).transpose()
        };
        let step = address.get("view").unwrap_or_default();
        let step = STEPS.iter().find(|(_, code, _)| *code == step);
        let step = step.map_or(Step::Rate, |(step, ..)| *step);
        let rater = name(
            "rater",
            "A rater's code must be letters and digits, such as r1",
        )?;
        let (all, itself) = (rounds::places(visit), vec![visit.area.clone()]);
        let found = |places: &[AreaId]| rounds::found(visit, places, framework);
        let is_itself = match address.get("of") {
            _ if step == Step::Plan => true,
            Some(of) => of == "itself",
            None => {
                let seen = found(&[all.as_slice(), &itself].concat())?;
                rounds::is_itself(visit, &all, |place| seen.is_rated(place))
            }
        };
        let places = if is_itself { itself } else { all };
        let items = rounds::in_order(framework);
        let only = |item: &&Item| address.get("item").is_none_or(|only| only == item.id);
        let items: Vec<&Item> = items.into_iter().filter(only).collect();
        if items.is_empty() {
            return Err(Problem::not_found("The framework has no such item"));
        }
        let found = found(&places)?;
        let round = name(
            "round",
            "A round must be named by letters and digits, such as 2026",
        )?;
        let round = match round {
            Some(round) => round,
            None => rounds::newest(visit, found.ratings())?,
        };
        Ok(Self {
            visit,
            framework,
            scale,
            step,
            round,
            rater: rater.filter(|_| step == Step::Rate),
            places,
            items,
            found,
        })
    }

    /// The address of the sheet, without what was done on it last.
    fn address(&self) -> super::address::Address {
        self.visit.address.clone().without(&DONE)
    }

    /// An item of a place in the sheet's round.
    fn round_of(&self, place: &AreaId, item: &Item) -> Option<&Round> {
        self.found.round(place, item, &self.round)
    }

    /// The level that stands in a cell: the rater's own, the place's proposal, what the round came to, or the ambition.
    fn level(&self, place: &AreaId, item: &Item) -> Option<u8> {
        let round = self.round_of(place, item);
        match (self.step, &self.rater) {
            (Step::Plan, _) => Some(self.found.rating(place, item)?.ambition.as_ref()?.level),
            (Step::Moderate, _) => round?.level,
            (Step::Rate, None) => round?.proposed.as_ref()?.level,
            (Step::Rate, Some(rater)) => {
                let mut raters = round?.raters.iter();
                raters.find(|r| r.rater == *rater)?.given.level
            }
        }
    }

    /// The date of the ambition that stands in a cell.
    fn by(&self, place: &AreaId, item: &Item) -> Option<NaiveDate> {
        Some(self.found.rating(place, item)?.ambition.as_ref()?.by)
    }

    /// How many cells hold a level, of how many.
    fn progress(&self, places: &[AreaId]) -> (usize, usize) {
        let cells = || {
            places
                .iter()
                .flat_map(|p| self.items.iter().map(move |i| (p, *i)))
        };
        let rated = cells().filter(|(place, item)| self.level(place, item).is_some());
        (rated.count(), cells().count())
    }

    /// The codes of those who rated in this round, each with how many cells it gave a level.
    fn raters(&self) -> BTreeMap<&Slug, usize> {
        let mut raters = BTreeMap::new();
        let rounds = self.found.ratings().flat_map(|rating| &rating.rounds);
        for given in rounds
            .filter(|r| r.round == self.round)
            .flat_map(|r| &r.raters)
        {
            *raters.entry(&given.rater).or_insert(0) += usize::from(given.given.level.is_some());
        }
        raters
    }
}

/// `GET /frameworks/{id}/sheet`.
pub async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    visit
        .render(move |visit| page(visit, &id, &Typed::default()))
        .await
}

fn page(visit: &Visit, id: &str, typed: &Typed) -> Result<Markup, Problem> {
    let sheet = Sheet::of(visit, id)?;
    let place = visit.title_of(visit.area.as_str());
    let title = &sheet.framework.title;
    let results = visit.address.elsewhere(format!("/frameworks/{id}/results"));
    let body = html! {
        h1 { (title) span.place { ", " (place) } }
        (said(&sheet, typed))
        (choices(&sheet, &results.to_string()))
        section.card aria-labelledby="sheet-name" {
            (table::form(&sheet, typed))
        }
    };
    let picker = html! {
        form.picker method="get" action=(visit.address.path()) {
            (layout::kept(&sheet.address(), &["area", "round", "rater"]))
            (layout::place_field(visit))
            label for="pick-round" { "Round" }
            input #pick-round type="text" name="round" value=(sheet.round) size="8" maxlength="20" required;
            @if sheet.step == Step::Rate {
                label for="pick-rater" { "Rating as (a code such as r1; empty: for the place)" }
                input #pick-rater type="text" name="rater" value=[sheet.rater.as_ref()] size="8" maxlength="20" autocomplete="off";
            }
            button.quiet type="submit" { "Show" }
        }
    };
    let title = format!("{title}: round {}, {place}", sheet.round);
    Ok(layout::page(visit, Tab::Model, &title, &picker, &body))
}

/// What was saved, or what is in the way of it: each refusal leads to its field.
fn said(sheet: &Sheet<'_>, typed: &Typed) -> Markup {
    let count = |name: &str| sheet.visit.address.get(name)?.parse::<usize>().ok();
    let counted = |n: usize| super::words::counted(n, "entry", "entries");
    html! {
        @if !typed.refused.is_empty() {
            @let saved = format!("{} saved. What is listed here was not; what you chose for it is still on the sheet.", counted(typed.saved));
            (typed.problem(if typed.saved > 0 { &saved } else { "Nothing was saved. What you chose is still on the sheet." }))
        } @else if let Some(saved) = count("saved") {
            div.summary.good #saved role="status" tabindex="-1" autofocus {
                @match count("published") {
                    Some(published) => p { (counted(saved)) " saved and " (super::words::counted(published, "rating", "ratings")) " published in round " (sheet.round) "." }
                    None if saved == 0 => p { "Nothing was changed, so nothing was recorded." }
                    None => p { (counted(saved)) " saved." }
                }
            }
        }
    }
}

/// The steps, whose levels the columns hold, and the way to the results.
fn choices(sheet: &Sheet<'_>, results: &str) -> Markup {
    let (visit, address) = (sheet.visit, sheet.address());
    let parts = rounds::places(visit);
    let has_parts = parts != [visit.area.clone()];
    let is_itself = sheet.places == [visit.area.clone()];
    html! {
        nav.choices aria-label="Steps of a round" {
            ul.segments {
                @for (step, code, name) in STEPS {
                    li { a href=(address.clone().with("view", code).without(&["rater"])) aria-current=[(step == sheet.step).then_some("page")] { (name) } }
                }
                li { a href=(results) { "4 Results" } }
            }
            @if has_parts && sheet.step != Step::Plan {
                ul.segments {
                    li { a href=(address.clone().with("of", "within")) aria-current=[(!is_itself).then_some("true")] { (super::words::counted(parts.len(), "place", "places")) " within" } }
                    li { a href=(address.clone().with("of", "itself")) aria-current=[is_itself.then_some("true")] { (visit.title_of(visit.area.as_str())) " itself" } }
                }
            }
            @if address.get("item").is_some() { a href=(address.without(&["item"])) { "All items" } }
        }
    }
}
