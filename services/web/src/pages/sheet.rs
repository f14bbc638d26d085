//! `/frameworks/{id}/sheet`: a framework rated as one sheet, items down and places across, with one save. What can be
//! rated, its question and its scale come from the catalogue.

mod asked;
pub mod ballot;
mod save;
mod table;
pub mod typed;

pub use save::save;

use super::address::Address;
use super::layout::{self, Tab};
use super::rounds;
use super::visit::Visit;
use crate::door::problem::Problem;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use joinedup_events::{AreaId, Slug};
use joinedup_views::catalogue::{Framework, FrameworkKind, Item, Scale};
use joinedup_views::ratings::Round;
use maud::{Markup, html};
use std::collections::BTreeMap;
use typed::{Refused, Typed};

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

/// What of an address people name themselves: its parameter, its field, its label, and what it must be.
const NAMED: [(&str, &str, &str, &str); 2] = [
    (
        "round",
        "pick-round",
        "Round",
        "Name it by letters and digits, such as 2026 or 2025-26",
    ),
    (
        "rater",
        "pick-rater",
        "Rating as",
        "A rater's code must be letters and digits, such as r1",
    ),
];

/// What an address names, as it is recorded: spaces and strokes are hyphens there.
fn named(address: &Address, parameter: &str) -> Result<Option<Slug>, Refused> {
    let text = address.get(parameter).map(str::trim);
    let read = text.filter(|text| !text.is_empty()).map(|text| {
        let text = text.to_lowercase().replace([' ', '/'], "-");
        Slug::new(&text).map_err(|_| {
            let known = NAMED.iter().find(|(name, ..)| *name == parameter);
            let (_, field, at, why) = known.copied().unwrap_or_default();
            Refused {
                field: field.to_owned(),
                at: at.to_owned(),
                why: why.to_owned(),
            }
        })
    });
    read.transpose()
}

/// What is wrong with what an address names.
fn misnamed(address: &Address) -> Vec<(&'static str, Refused)> {
    let parameters = NAMED.iter().map(|(parameter, ..)| *parameter);
    let wrong = |parameter| Some((parameter, named(address, parameter).err()?));
    parameters.filter_map(wrong).collect()
}

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
        let name = |parameter: &str| {
            let wrong = |wrong: Refused| format!("{}: {}", wrong.at, wrong.why);
            named(address, parameter).map_err(|refused| Problem::bad_request(wrong(refused)))
        };
        let step = address.get("view").unwrap_or_default();
        let step = STEPS.iter().find(|(_, code, _)| *code == step);
        let step = step.map_or(Step::Rate, |(step, ..)| *step);
        let rater = name("rater")?;
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
        let round = match name("round")? {
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
    fn address(&self) -> Address {
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
    let is_wrong = !misnamed(&visit.address).is_empty();
    let page = visit
        .render(move |visit| page(visit, &id, &Typed::default()))
        .await?;
    Ok(match is_wrong {
        true => (StatusCode::UNPROCESSABLE_ENTITY, page).into_response(),
        false => page,
    })
}

/// The page; what its address names wrongly is said at its field, above the sheet as it is without.
fn page(visit: &Visit, id: &str, typed: &Typed) -> Result<Markup, Problem> {
    let (wrong, refused): (Vec<_>, Vec<_>) = misnamed(&visit.address).into_iter().unzip();
    if wrong.is_empty() {
        return made(visit, id, typed, &visit.address);
    }
    let mut without = visit.clone();
    without.address = without.address.without(&wrong);
    let typed = Typed {
        refused,
        ..Typed::default()
    };
    made(&without, id, &typed, &visit.address)
}

fn made(visit: &Visit, id: &str, typed: &Typed, asked: &Address) -> Result<Markup, Problem> {
    let of = |parameter: &str, read: Option<&Slug>| match typed.fields.is_empty() {
        true if named(asked, parameter).is_err() => asked.get(parameter).map(ToOwned::to_owned),
        _ => read.map(ToString::to_string),
    };
    let sheet = Sheet::of(visit, id)?;
    let place = visit.title_of(visit.area.as_str());
    let title = &sheet.framework.title;
    let results = visit.address.elsewhere(format!("/frameworks/{id}/results"));
    let body = html! {
        h1 { (title) span.place { ", " (place) } }
        (outcome(&sheet, typed))
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
            input #pick-round type="text" name="round" value=[of("round", Some(&sheet.round))] aria-invalid=[typed.why("pick-round").map(|_| "true")] size="8" maxlength="20" required;
            @if sheet.step == Step::Rate {
                label for="pick-rater" { "Rating as (a code such as r1; empty: for the place)" }
                input #pick-rater type="text" name="rater" value=[of("rater", sheet.rater.as_ref())] aria-invalid=[typed.why("pick-rater").map(|_| "true")] size="8" maxlength="20" autocomplete="off";
            }
            button.quiet type="submit" { "Show" }
        }
    };
    let title = format!("{title}: round {}, {place}", sheet.round);
    Ok(layout::page(visit, Tab::Model, &title, &picker, &body))
}

/// What was saved, or what is in the way of it: each refusal leads to its field.
fn outcome(sheet: &Sheet<'_>, typed: &Typed) -> Markup {
    let count = |name: &str| sheet.visit.address.get(name)?.parse::<usize>().ok();
    html! {
        @if !typed.is_whole() {
            (not_done(sheet, typed))
        } @else if let Some(saved) = count("saved") {
            @let (published, done) = (count("published"), done(saved, count("published").unwrap_or_default()));
            div.summary.good[done.is_some()] #saved role="status" tabindex="-1" autofocus {
                @match (done, published) {
                    (Some(done), Some(_)) => p { (done) " in round " (sheet.round) "." }
                    (Some(done), None) => p { (done) "." }
                    (None, None) => p { "Nothing was changed, so nothing was recorded." }
                    (None, Some(_)) => p { "Nothing was changed and no rating waits for its publication, so nothing was recorded." }
                }
            }
        }
    }
}

/// What was not recorded and, apart from it, what is recorded and was not published.
fn not_done(sheet: &Sheet<'_>, typed: &Typed) -> Markup {
    let (done, refused) = (done(typed.saved, typed.published), typed.refused.len());
    let note = match &done {
        _ if typed.fields.is_empty() => format!("The sheet below is of round {}.", sheet.round),
        None => "Nothing was saved. What you chose is still on the sheet.".to_owned(),
        Some(done) => format!(
            "{done}, {refused} refused. What is listed here was not recorded; what you chose for it is still on the sheet."
        ),
    };
    html! {
        (typed.problem(&note))
        @let waiting = typed.waiting();
        @if !waiting.is_empty() {
            div.summary #unpublished role="status" tabindex="-1" autofocus[refused == 0] aria-labelledby="unpublished-name" {
                h2 #unpublished-name { "Recorded, but not published" }
                ul.plain { @for (field, sentence) in waiting { li { a href=(format!("#{field}")) { (sentence) } } } }
                @if refused == 0 && let Some(done) = &done { p.small { (done) "." } }
            }
        }
    }
}

/// What was done, by its kind; none where nothing was.
fn done(saved: usize, published: usize) -> Option<String> {
    let saved = (saved > 0).then(|| {
        let entries = super::words::counted(saved, "entry", "entries");
        format!("{entries} saved")
    });
    let published = (published > 0).then(|| {
        let ratings = super::words::counted(published, "rating", "ratings");
        format!("{ratings} published")
    });
    let done: Vec<String> = saved.into_iter().chain(published).collect();
    (!done.is_empty()).then(|| done.join(" and "))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_named_as_people_write_it_and_what_cannot_be_is_said_at_its_field() {
        let round = |text: &str| {
            let address = Address::new("/frameworks/f/sheet".to_owned()).with("round", text);
            named(&address, "round").map(|round| round.map(|r| r.to_string()))
        };
        assert_eq!(round("2025/26").unwrap().as_deref(), Some("2025-26"));
        assert_eq!(
            round("Spring 2027").unwrap().as_deref(),
            Some("spring-2027")
        );
        assert_eq!(round(" ").unwrap(), None);
        assert_eq!(round("2025&26").unwrap_err().field, "pick-round");
    }

    #[test]
    fn what_was_done_is_counted_by_its_kind() {
        assert_eq!(done(0, 2).as_deref(), Some("2 ratings published"));
        assert_eq!(
            done(1, 2).as_deref(),
            Some("1 entry saved and 2 ratings published")
        );
        assert_eq!(done(0, 0), None);
    }
}
