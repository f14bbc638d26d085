//! The forms of a plan: a new item, an item that stands otherwise, and how far it is.

use super::super::filling::{Faults, Field, Filling, Kind};
use super::super::record::{Filled, Form, FormPage, back_to, hidden, record};
use super::super::visit::Visit;
use super::item::find;
use super::{item, page, progress, progress_word};
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use joinedup_application::app::App;
use joinedup_application::changes::of_place;
use joinedup_application::charts;
use joinedup_application::plan::Planned;
use joinedup_contract::request::{PlanRequest, PlanVerb};
use joinedup_events::plan::Progress;
use joinedup_views::catalogue::FrameworkKind;
use joinedup_views::changes::Status;
use joinedup_views::decide::Command;
use joinedup_views::plan::PREFIX;
use maud::{Markup, html};
use uuid::Uuid;

/// How many measures a form asks for at least.
const MEASURES: usize = 2;

/// What stands in a form at first.
#[derive(Default)]
struct Stands<'a> {
    about: Option<(String, String)>,
    aim: &'a str,
    owner: &'a str,
    measures: Vec<&'a str>,
    tested_by: Option<&'a str>,
    by: Option<chrono::NaiveDate>,
}

/// The form for a new item; open where the address says what it is to be about.
pub(super) fn create_form(visit: &Visit, filling: &Filling) -> Result<Markup, Problem> {
    if !visit.may_decide() {
        return Ok(html! {});
    }
    let (address, model) = (&visit.address, visit.app.definitions.catalogue.model().id());
    let filling = filling.of("item");
    let stands = Stands {
        about: address.get("item").map(|item| {
            let framework = address.get("framework").unwrap_or(model);
            (framework.to_owned(), item.to_owned())
        }),
        measures: address.get("measure").into_iter().collect(),
        ..Stands::default()
    };
    let is_asked = filling.came_back() || stands.about.is_some() || !stands.measures.is_empty();
    let back = back_to(
        &address.clone().without(&["item", "framework", "measure"]),
        "items",
    );
    Ok(html! {
        details #add open[is_asked] { summary { "Add an item to the plan" }
            form method="post" action="/plan" {
                (hidden(&back, &visit.area, 0))
                (fields(visit, &filling, &stands)?)
                button type="submit" { "Add to the plan" }
            }
        }
    })
}

/// The forms of one item: how far it is, and what it is.
pub(super) fn forms(
    visit: &Visit,
    planned: &Planned,
    filling: &Filling,
) -> Result<Markup, Problem> {
    let item = &planned.item;
    if !visit.may_decide_in(&item.area) {
        return Ok(html! {});
    }
    let back = visit.address.to_string();
    let (progressed, filling) = (filling.of("progress"), filling.of("item"));
    let stands = Stands {
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
        details #form-progress open[progressed.came_back()] { summary { "Record how far it is" }
            form method="post" action=(action) {
                (hidden(&back, &item.area, progressed.version(planned.version)))
                input type="hidden" name="do" value="progress";
                label { "Progress" select name="progress" { @for p in Progress::ALL { option value=(p.code()) selected[progressed.value("progress", item.progress.code()) == p.code()] { (progress_word(*p)) } } } }
                (progressed.field(&Field { name: "reason", label: "Why", hint: "Needed when it is dropped", kind: Kind::Line, value: "", required: false }))
                button type="submit" { "Record" }
            }
        }
        details #form-item open[filling.came_back()] { summary { "Change the item" }
            form method="post" action=(action) {
                (hidden(&back, &item.area, filling.version(planned.version)))
                input type="hidden" name="do" value="set";
                (fields(visit, &filling, &stands)?)
                button type="submit" { "Save the item" }
            }
        }
    })
}

fn fields(visit: &Visit, filling: &Filling, stands: &Stands<'_>) -> Result<Markup, Problem> {
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
    let own = stands.about.as_ref();
    let about = own.map(|(f, i)| format!("{f}|{i}"));
    // What the item is about already stays, although the form would offer it to no other.
    let is_offered = |about: &String| {
        let mut offered = groups.iter().flat_map(|(_, options)| options);
        offered.any(|(value, _)| value == about)
    };
    if let (Some((f, i)), false) = (own, about.as_ref().is_none_or(is_offered))
        && let Some(title) = definitions.catalogue.item_title(f, i)
    {
        groups.push(("Others".to_owned(), vec![option(f, i, title)]));
    }
    let about = filling.value("about", about.as_deref().unwrap_or_default());
    let named = filling.typed.as_ref().map(chosen_measures);
    let named = named.unwrap_or_else(|| stands.measures.iter().map(|m| (*m).to_owned()).collect());
    let tested_by = filling.value("tested_by", stands.tested_by.unwrap_or_default());
    let by = stands.by.map(|by| by.to_string()).unwrap_or_default();
    let field = |name, label, hint, kind, value| {
        filling.field(&Field {
            name,
            label,
            hint,
            kind,
            value,
            required: true,
        })
    };
    let mut measures: Vec<(&str, &str)> = definitions
        .measures
        .iter()
        .map(|m| (m.id.as_str(), m.title.as_str()))
        .collect();
    measures.sort_by_key(|(_, title)| *title);
    let changes = changes(visit, stands.tested_by)?;
    let asked = MEASURES.max(named.len().max(stands.measures.len()) + 1);
    Ok(html! {
        label { "About" select name="about" {
            option value="" { "a measure only" }
            @for (name, options) in &groups { optgroup label=(name) { @for (value, title) in options { option value=(value) selected[about == value] { (title) } } } }
        } }
        (field("aim", "Aim", "What will be different? Such as: equipment is ordered on the day a date for going home is set", Kind::Line, stands.aim))
        (field("owner", "Owner", "A role, such as head of community services; never a person's name", Kind::Line, stands.owner))
        @for at in 0..asked {
            @let chosen = named.get(at).map(String::as_str);
            label { @if at == 0 { "Measure that should move" } @else { "Another measure" }
                select name="measure" { option value="" { "none" } @for (id, title) in &measures { option value=(id) selected[chosen == Some(*id)] { (title) } } }
            }
        }
        label { "Change by which it is tried" select name="tested_by" {
            option value="" { "none yet" }
            @for (id, title) in &changes { option value=(id) selected[tested_by == id] { (title) } }
        } }
        (field("by", "By", "", Kind::Day, &by))
    })
}

/// The changes of the place that are not over, by title, and the one that an item names already, wherever it is: it must
/// not be lost because something else of the item is changed.
fn changes(visit: &Visit, named: Option<&str>) -> Result<Vec<(String, String)>, Problem> {
    let today = visit.today();
    let mut found: Vec<(String, String)> = of_place(&visit.app, &visit.area)?
        .into_iter()
        .filter(|(id, change)| change.status(today) != Status::Finished || named == Some(id))
        .map(|(id, change)| (id, change.title.unwrap_or_default()))
        .collect();
    if let Some(named) = named.filter(|named| found.iter().all(|(id, _)| id != named)) {
        let elsewhere = item::change_of(visit, named).and_then(|change| change.title);
        let title = elsewhere.unwrap_or_else(|| named.to_owned());
        found.push((named.to_owned(), title));
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(found)
}

/// The measures that a form names.
fn chosen_measures(form: &Form) -> Vec<String> {
    let named = form.fields().iter();
    let named = named.filter(|(name, value)| name == "measure" && !value.is_empty());
    let mut measures: Vec<String> = Vec::new();
    for (_, value) in named {
        if !measures.contains(value) {
            measures.push(value.clone());
        }
    }
    measures
}

/// The request that a form for an item stands for.
fn request(form: &Form) -> Result<PlanRequest, Faults> {
    let text = |name: &str| form.get(name).map(ToOwned::to_owned);
    let about = form.get("about").and_then(|about| about.split_once('|'));
    Ok(PlanRequest {
        action: PlanVerb::Set,
        aim: text("aim"),
        framework: about.map(|(framework, _)| framework.to_owned()),
        item: about.map(|(_, item)| item.to_owned()),
        measures: chosen_measures(form),
        owner: text("owner"),
        tested_by: text("tested_by"),
        by: form.date("by")?,
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
    let command = || -> Result<Command, Faults> {
        Ok(request(&form)?.command(area, form.key(&caller).id())?)
    };
    let filled = Filled {
        name: "item".to_owned(),
        command: command(),
        action: "/plan".to_owned(),
        version: None,
        form,
    };
    record(app, caller, filled, OfPlan).await
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
    let name = match form.get("do") {
        Some("progress") => "progress",
        Some("set") => "item",
        _ => return Err(Problem::not_found("There is no such form")),
    };
    let command = || -> Result<Command, Faults> {
        let asked = match name {
            "item" => request(&form)?,
            _ => PlanRequest {
                action: PlanVerb::Progress,
                progress: form.get("progress").and_then(Progress::from_code),
                reason: form.get("reason").map(ToOwned::to_owned),
                ..PlanRequest::default()
            },
        };
        let asked = PlanRequest {
            plan_item: Some(format!("{PREFIX}{id}")),
            ..asked
        };
        Ok(asked.command(area, Uuid::nil())?)
    };
    let filled = Filled {
        name: name.to_owned(),
        command: command(),
        action: format!("/plan/{}", super::super::address::encoded(&id)),
        version: Some(form.version()?),
        form,
    };
    record(app, caller, filled, OfItem { id, name }).await
}

/// The plan, as the place of the form of a new item.
struct OfPlan;

impl FormPage for OfPlan {
    fn done(&self, _: &Form) -> &'static str {
        "item"
    }

    fn again(&self, visit: &Visit, filling: &Filling) -> Result<Markup, Problem> {
        page(visit, filling)
    }
}

/// The page of an item, as the place of its forms.
struct OfItem {
    id: String,
    name: &'static str,
}

impl FormPage for OfItem {
    fn done(&self, _: &Form) -> &'static str {
        self.name
    }

    fn stands(&self, visit: &Visit) -> Result<Markup, Problem> {
        let planned = find(visit, &self.id)?;
        Ok(
            html! { p { (planned.item.aim) } p { "Owner: " (planned.item.owner) } p { (progress(&planned)) } },
        )
    }

    fn again(&self, visit: &Visit, filling: &Filling) -> Result<Markup, Problem> {
        item::page(visit, &self.id, filling)
    }
}
