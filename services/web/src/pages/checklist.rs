//! `GET` and `POST /frameworks/{id}/checklist`: the points of a framework's items, ticked where they are in place.

use super::address::{Address, DONE};
use super::filling;
use super::layout::{self, Tab};
use super::record::{Form, SOURCE, back_to, hidden};
use super::sheet::typed::{Kind, Not, Refused, Typed, status};
use super::visit::Visit;
use super::words;
use crate::door::audit;
use crate::door::fields::fields;
use crate::door::problem::Problem;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use joinedup_application::checklists::{ChecklistOfItem, Point, items, of_item};
use joinedup_application::execute::{Write, WriteKey, execute};
use joinedup_drawing::axis;
use joinedup_events::{AreaId, Slug};
use joinedup_views::catalogue::{Framework, SignpostKind};
use joinedup_views::decide::{Command, RatingAction, RatingOfItem, Subject};
use maud::{Markup, html};

/// `GET /frameworks/{id}/checklist`.
pub async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let typed = Typed::default();
    visit.render(move |visit| page(visit, &id, &typed)).await
}

fn framework<'a>(visit: &'a Visit, id: &str) -> Result<&'a Framework, Problem> {
    let framework = visit.app.definitions.catalogue.framework(id);
    let framework = framework.filter(|f| !items(&visit.app, f).is_empty());
    framework.ok_or_else(|| {
        Problem::not_found("There is no such checklist: the list of frameworks says which have one")
    })
}

/// The address of an item's checklist.
pub(super) fn address(visit: &Visit, framework: &str, item: &str, area: &AreaId) -> String {
    let page = format!("/frameworks/{framework}/checklist");
    let page = visit.address.elsewhere(page).with("area", area);
    format!("{page}#item-{item}")
}

fn page(visit: &Visit, id: &str, typed: &Typed) -> Result<Markup, Problem> {
    let framework = framework(visit, id)?;
    let place = visit.title_of(visit.area.as_str());
    let all = items(&visit.app, framework).into_iter();
    let all = all.map(|item| of_item(&visit.app, &visit.area, &framework.id, item));
    let all: Vec<ChecklistOfItem> = all.collect::<Result<_, _>>()?;
    let count = |wanted: fn(&Point) -> bool| -> usize {
        all.iter()
            .map(|c| c.points.iter().filter(|p| wanted(p)).count())
            .sum()
    };
    let (done, points) = (count(Point::is_done), count(|_| true));
    let body = html! {
        h1 { (framework.title) ": checklists" span.place { ", " (place) } }
        @if !typed.refused.is_empty() {
            @let saved = format!("{} saved. What is listed here was not, and stands as you left it.", words::counted(typed.saved, "point", "points"));
            (typed.problem(if typed.saved > 0 { &saved } else { "Nothing was saved. What is listed here stands as you left it." }))
        }
        section.card #sum aria-label="In a sentence" {
            p.lead { strong { (done) " of " (words::counted(points, "point is", "points are")) " in place." } }
            p.note { "Tick what is in place here, not what is planned. A point whose words change has to be ticked again." }
        }
        div.checklists { @for list in &all { (card(visit, framework, list, typed)) } }
    };
    let title = format!("Checklists, {place}");
    let picker = layout::place_picker(visit);
    Ok(layout::page(visit, Tab::Model, &title, &picker, &body))
}

fn card(visit: &Visit, framework: &Framework, list: &ChecklistOfItem, typed: &Typed) -> Markup {
    let id = format!("item-{}", list.item);
    let back = back_to(&visit.address, &id);
    let done = list.points.iter().filter(|p| p.is_done()).count();
    let note = framework
        .item(&list.item)
        .map_or("", |item| item.note.as_str());
    html! {
        section.card id=(id) aria-labelledby=(format!("{id}-name")) {
            h2 id=(format!("{id}-name")) { (list.title) " " span.place { (done) " of " (list.points.len()) } }
            @if !note.is_empty() { p { (note) } }
            @if visit.done.as_deref() == Some(&list.item) { (filling::saved("Saved.", &html! {})) }
            @if visit.may_decide() {
                form method="post" action=(format!("/frameworks/{}/checklist", framework.id)) {
                    (hidden(&back, &visit.area, list.version))
                    input type="hidden" name="item" value=(list.item);
                    @for p in &list.points {
                        @if p.is_done() { input type="hidden" name="was" value=(p.point); }
                        @let (field, error) = (field(&list.item, &p.point), format!("{}-why", field(&list.item, &p.point)));
                        @let (chosen, why) = (typed.get(&field).map_or(p.is_done(), |chosen| chosen == "true"), typed.why(&field));
                        label.tick { input id=(field) type="checkbox" name="point" value=(p.point) checked[chosen] aria-describedby=[why.map(|_| error.as_str())]; " " (p.words) (since(p)) }
                        @if let Some(why) = why { p.why id=(error) { (why) ". Now: " (if p.is_done() { "in place" } else { "not yet" }) "." } }
                    }
                    button.quiet type="submit" { "Save" }
                }
            } @else { (points(list)) }
            @if !list.signposts.is_empty() { details id=(format!("read-{}", list.item)) { summary { "Where to read on" } (signposts(list)) } }
        }
    }
}

/// The id of a point's field on the page.
fn field(item: &str, point: &Slug) -> String {
    format!("tick-{item}-{point}")
}

fn since(point: &Point) -> Markup {
    html! { @if let Some(tick) = point.tick.as_ref().filter(|t| t.done) { " " span.small { "since " (axis::date(tick.since)) @if let Some(note) = &tick.note { ": " (note) } } } }
}

/// The points of a checklist, to read.
pub(super) fn points(list: &ChecklistOfItem) -> Markup {
    html! { ul.plain.points { @for p in &list.points { li.done[p.is_done()] { span.sr { @if p.is_done() { "In place: " } @else { "Not yet: " } } (p.words) (since(p)) } } } }
}

/// The points of an item to read, with the way to the page where they are ticked.
pub(super) fn summary(
    visit: &Visit,
    framework: &str,
    list: &ChecklistOfItem,
    area: &AreaId,
) -> Markup {
    let done = list.points.iter().filter(|p| p.is_done()).count();
    html! {
        @if !list.points.is_empty() {
            h3 { "What to look for" }
            (points(list))
            p { (done) " of " (list.points.len()) " in place. " a href=(address(visit, framework, &list.item, area)) { @if visit.may_decide_in(area) { "Tick what is in place" } @else { "All checklists" } } }
        }
    }
}

/// Where to read on, by kind.
pub(super) fn signposts(list: &ChecklistOfItem) -> Markup {
    let kinds = [
        (SignpostKind::Evidence, "Evidence"),
        (SignpostKind::Practice, "Examples in practice"),
        (SignpostKind::Support, "Support"),
    ];
    html! {
        @for (kind, title) in kinds {
            @if list.signposts.iter().any(|s| s.kind == kind) {
                h3 { (title) }
                ul { @for s in list.signposts.iter().filter(|s| s.kind == kind) { li { a href=(s.address) rel="noreferrer" { (s.title) } } } }
            }
        }
    }
}

/// Records the points of an item that were ticked or taken back, each by itself. What is not taken stays on the page as
/// it was typed, with its reason.
///
/// # Errors
/// 403 for a place that is not the caller's.
pub async fn save(
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    let area = joinedup_application::charts::area(&visit.app, form.must("area", "The place")?)?;
    visit.caller.must_cover(&area)?;
    let of = |name: &str| -> Vec<Slug> {
        let all = fields(&body);
        let named = all.iter().filter(|(n, _)| n == name);
        named
            .filter_map(|(_, value)| Slug::new(value).ok())
            .collect()
    };
    let (was, now, version) = (of("was"), of("point"), form.version()?);
    let name = |text: &str| {
        Slug::new(text)
            .map_err(|_| Problem::bad_request("The form is not complete: open its page again"))
    };
    let (framework, item) = (name(&id)?, name(form.must("item", "The item")?)?);
    let ticked = now.iter().filter(|p| !was.contains(p)).map(|p| (p, true));
    let unticked = was.iter().filter(|p| !now.contains(p)).map(|p| (p, false));
    let (mut positions, mut typed, mut is_conflict) = (Vec::new(), Typed::default(), true);
    let all = of_item(&visit.app, &area, framework.as_str(), item.as_str())?;
    for (point, done) in ticked.chain(unticked) {
        let key = form.get("key").map(|key| format!("{key} {point} {done}"));
        let action = RatingAction::Tick {
            point: point.clone(),
            done,
            note: None,
        };
        let write = Write {
            source: SOURCE,
            key: WriteKey::of(&visit.caller.name, key.as_deref()),
            actor: visit.caller.actor(),
            audience: visit.caller.audience_of(area.as_str()),
            version: Some(version),
            command: Command {
                area: area.clone(),
                on: None,
                subject: Subject::Rating(RatingOfItem {
                    framework: framework.clone(),
                    item: item.clone(),
                    action,
                }),
            },
        };
        match execute(&visit.app, &write).await.map_err(Not::from) {
            Ok(receipt) => positions.push(receipt.position),
            Err(not) => {
                is_conflict &= not.kind == Kind::Conflict;
                let field = field(item.as_str(), point);
                let known = all.points.iter().find(|p| p.point == *point);
                typed.refused.push(Refused {
                    field: field.clone(),
                    at: known.map_or_else(|| point.to_string(), |p| p.words.clone()),
                    why: not.why,
                });
                typed.fields.push((field, done.to_string()));
            }
        }
    }
    typed.saved = positions.len();
    let ticked = format!("{framework}/{item}");
    let answer = if typed.refused.is_empty() {
        // To the message in the item's card, which has the focus, and not to the card.
        let to = Address::read(&form.back()).with(DONE, &item);
        Redirect::to(&to.to_string()).into_response()
    } else {
        let status = status(&positions, is_conflict);
        let back = Address::read(&form.back());
        let page = match Visit::at(visit.app, visit.caller, back) {
            Ok(visit) => visit.render(move |visit| page(visit, &id, &typed)).await,
            Err(problem) => Err(problem),
        };
        // What was recorded is known to the audit although its page cannot be shown.
        page.map(|page| (status, page)).into_response()
    };
    Ok(audit::recorded_of(answer, &area, ticked, positions))
}
