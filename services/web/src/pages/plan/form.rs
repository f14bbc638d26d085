//! The forms of a plan: a new item, an item that stands otherwise, and how far it is.

use super::super::record::{Filled, Form, back_to, hidden, record};
use super::super::visit::Visit;
use super::item::find;
use super::{progress, progress_word};
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use joinedup_application::app::App;
use joinedup_application::charts;
use joinedup_application::plan::Planned;
use joinedup_contract::request::{PlanRequest, PlanVerb};
use joinedup_events::Family;
use joinedup_events::plan::Progress;
use joinedup_views::catalogue::FrameworkKind;
use joinedup_views::changes::{Status, change as read_change};
use joinedup_views::plan::PREFIX;
use maud::{Markup, html};
use uuid::Uuid;

/// How many measures an item may name on a page.
const MEASURES: usize = 2;

/// What a form is filled with.
#[derive(Default)]
struct Filling<'a> {
    about: Option<(String, String)>,
    aim: &'a str,
    owner: &'a str,
    measures: Vec<&'a str>,
    tested_by: Option<&'a str>,
    by: Option<chrono::NaiveDate>,
}

/// The form for a new item; open where the address says what it is to be about.
pub(super) fn create_form(visit: &Visit) -> Result<Markup, Problem> {
    if !visit.may_decide() {
        return Ok(html! {});
    }
    let (address, model) = (&visit.address, visit.app.definitions.catalogue.model().id());
    let filling = Filling {
        about: address.get("item").map(|item| {
            let framework = address.get("framework").unwrap_or(model);
            (framework.to_owned(), item.to_owned())
        }),
        measures: address.get("measure").into_iter().collect(),
        ..Filling::default()
    };
    let is_asked = filling.about.is_some() || !filling.measures.is_empty();
    let back = back_to(
        &address.clone().without(&["item", "framework", "measure"]),
        "items",
    );
    Ok(html! {
        details #add open[is_asked] { summary { "Add an item to the plan" }
            form method="post" action="/plan" {
                (hidden(&back, &visit.area, 0))
                (fields(visit, &filling)?)
                button type="submit" { "Add to the plan" }
            }
        }
    })
}

/// The forms of one item: how far it is, and what it is.
pub(super) fn forms(visit: &Visit, planned: &Planned) -> Result<Markup, Problem> {
    if !visit.may_decide() {
        return Ok(html! {});
    }
    let item = &planned.item;
    let back = visit.address.to_string();
    let filling = Filling {
        about: item
            .framework
            .as_ref()
            .zip(item.item.as_ref())
            .map(|(f, i)| (f.to_string(), i.to_string())),
        aim: &item.aim,
        owner: &item.owner,
        measures: item.measures.iter().map(|m| m.as_str()).collect(),
        tested_by: item.tested_by.as_ref().map(|id| id.as_str()),
        by: Some(item.by),
    };
    let id = planned.id.strip_prefix(PREFIX).unwrap_or(&planned.id);
    let action = format!("/plan/{}", super::super::address::encoded(id));
    Ok(html! {
        details #form-progress { summary { "Record how far it is" }
            form method="post" action=(action) {
                (hidden(&back, &item.area, planned.version))
                input type="hidden" name="do" value="progress";
                label { "Progress" select name="progress" { @for p in Progress::ALL { option value=(p.code()) selected[*p == item.progress] { (progress_word(*p)) } } } }
                label { "Why (needed when it is dropped)" input type="text" name="reason" maxlength="400"; }
                button type="submit" { "Record" }
            }
        }
        details #form-item { summary { "Change the item" }
            form method="post" action=(action) {
                (hidden(&back, &item.area, planned.version))
                input type="hidden" name="do" value="set";
                (fields(visit, &filling)?)
                button type="submit" { "Save the item" }
            }
        }
    })
}

fn fields(visit: &Visit, filling: &Filling<'_>) -> Result<Markup, Problem> {
    let definitions = &visit.app.definitions;
    let mut groups: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let model = definitions.catalogue.model();
    let option = |framework: &str, item: &str, title: &str| {
        (format!("{framework}|{item}"), title.to_owned())
    };
    for (layer, name) in super::super::model::LAYERS {
        let nodes = model.nodes().iter().filter(|n| n.layer == layer);
        groups.push((
            name.to_owned(),
            nodes.map(|n| option(model.id(), &n.id, &n.title)).collect(),
        ));
    }
    let others = definitions
        .catalogue
        .frameworks()
        .filter(|f| f.id != model.id());
    let others =
        others.filter(|f| matches!(f.kind, FrameworkKind::Rating | FrameworkKind::Findings));
    for framework in others {
        let items = framework
            .items
            .iter()
            .map(|i| option(&framework.id, &i.id, &i.title));
        groups.push((framework.title.clone(), items.collect()));
    }
    let about = filling.about.as_ref().map(|(f, i)| format!("{f}|{i}"));
    let mut measures: Vec<(&str, &str)> = definitions
        .measures
        .iter()
        .map(|m| (m.id.as_str(), m.title.as_str()))
        .collect();
    measures.sort_by_key(|(_, title)| *title);
    let changes = changes(visit)?;
    Ok(html! {
        label { "About" select name="about" {
            option value="" { "a measure only" }
            @for (name, options) in &groups { optgroup label=(name) { @for (value, title) in options { option value=(value) selected[about.as_ref() == Some(value)] { (title) } } } }
        } }
        label { "Aim: what will be different?" input type="text" name="aim" required maxlength="400" value=(filling.aim) placeholder="Equipment is ordered on the day a date for going home is set"; }
        label { "Owner: a role, never a name" input type="text" name="owner" required maxlength="80" value=(filling.owner) placeholder="Head of community services"; }
        @for at in 0..MEASURES {
            @let chosen = filling.measures.get(at).copied();
            label { @if at == 0 { "Measure that should move" } @else { "A second measure" }
                select name="measure" { option value="" { "none" } @for (id, title) in &measures { option value=(id) selected[chosen == Some(*id)] { (title) } } }
            }
        }
        label { "Change by which it is tried" select name="tested_by" {
            option value="" { "none yet" }
            @for (id, title) in &changes { option value=(id) selected[filling.tested_by == Some(id)] { (title) } }
        } }
        label { "By" input type="date" name="by" required value=[filling.by]; }
    })
}

/// The changes of the place that are not over, by title; what an item names already may be over.
fn changes(visit: &Visit) -> Result<Vec<(String, String)>, Problem> {
    let within = visit.app.definitions.areas.within(&visit.area);
    let today = visit.today();
    let mut found: Vec<(String, String)> = visit.views()?.read(|view| {
        let changes = view.listed(Family::Change).filter_map(|entity| {
            let change = read_change(&entity.facts.standing())?;
            Some((entity.id.to_string(), change))
        });
        changes
            .filter(|(_, c)| within.contains(&c.area) && c.status(today) != Status::Finished)
            .map(|(id, c)| (id, c.title.unwrap_or_default()))
            .collect()
    });
    found.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(found)
}

/// The request that a form for an item stands for.
fn request(form: &Form) -> Result<PlanRequest, Problem> {
    let text = |name: &str| form.get(name).map(ToOwned::to_owned);
    let about = form.get("about").and_then(|about| about.split_once('|'));
    let measures = form
        .fields()
        .iter()
        .filter(|(name, value)| name == "measure" && !value.is_empty());
    let mut measures: Vec<String> = measures.map(|(_, value)| value.clone()).collect();
    measures.dedup();
    Ok(PlanRequest {
        action: PlanVerb::Set,
        aim: text("aim"),
        framework: about.map(|(framework, _)| framework.to_owned()),
        item: about.map(|(_, item)| item.to_owned()),
        measures,
        owner: text("owner"),
        tested_by: text("tested_by"),
        by: Some(form.date("by", "The date")?),
        ..PlanRequest::default()
    })
}

/// `POST /plan`.
pub async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    let area = charts::area(&app, form.must("area", "The place")?)?;
    let filled = Filled {
        command: request(&form)?.command(area, form.key(&caller).id())?,
        action: "/plan".to_owned(),
        version: None,
        form,
    };
    record(app, caller, filled, |_| Ok(html! {})).await
}

/// `POST /plan/{id}`.
pub async fn change(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    let area = charts::area(&app, form.must("area", "The place")?)?;
    let rule = "The progress must be open, done or dropped";
    let mut asked = match form.get("do") {
        Some("progress") => PlanRequest {
            action: PlanVerb::Progress,
            progress: form.get("progress").and_then(Progress::from_code),
            reason: form.get("reason").map(ToOwned::to_owned),
            ..PlanRequest::default()
        },
        Some("set") => request(&form)?,
        _ => return Err(Problem::not_found("There is no such form")),
    };
    if asked.action == PlanVerb::Progress && asked.progress.is_none() {
        return Err(Problem::bad_request(rule));
    }
    asked.plan_item = Some(format!("{PREFIX}{id}"));
    let version = Some(form.version()?);
    let filled = Filled {
        command: asked.command(area, Uuid::nil())?,
        action: format!("/plan/{}", super::super::address::encoded(&id)),
        version,
        form,
    };
    record(app, caller, filled, move |visit| {
        let planned = find(visit, &id)?;
        Ok(html! { p { (planned.item.aim) } p { "Owner: " (planned.item.owner) } p { (progress(&planned)) } })
    })
    .await
}
