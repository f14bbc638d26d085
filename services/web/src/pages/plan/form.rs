//! The forms of a plan: a new item, an item that stands otherwise, and how far it is.

use super::super::filling::{Field, Filling, Group, Kind, Reading};
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
    let steps = Progress::ALL.iter();
    let steps = steps.map(|p| (p.code().to_owned(), progress_word(*p).to_owned()));
    let steps: [Group; 1] = [(String::new(), steps.collect())];
    let id = planned.id.strip_prefix(PREFIX).unwrap_or(&planned.id);
    let action = format!("/plan/{}", super::super::address::encoded(id));
    Ok(html! {
        details #form-progress open[progressed.came_back()] { summary { "Record how far it is" }
            form method="post" action=(action) {
                (hidden(&back, &item.area, progressed.version(planned.version)))
                input type="hidden" name="do" value="progress";
                (progressed.field(&Field { name: "progress", label: "Progress", hint: "", kind: Kind::Menu(&steps), value: item.progress.code(), required: true }))
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
    let alone = (String::new(), "a measure only".to_owned());
    let mut groups: Vec<Group> = vec![(String::new(), vec![alone])];
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
    let by = stands.by.map(|by| by.to_string()).unwrap_or_default();
    let field = |name: &str, label: &str, hint: &str, kind: Kind<'_>, value: &str| {
        filling.field(&Field {
            name,
            label,
            hint,
            kind,
            value,
            required: !matches!(kind, Kind::Menu(_)),
        })
    };
    let with = |none: &str, mut options: Vec<(String, String)>| -> [Group; 1] {
        options.insert(0, (String::new(), none.to_owned()));
        [(String::new(), options)]
    };
    let measures = definitions.measures.iter();
    let mut measures: Vec<_> = measures
        .map(|m| (m.id.to_string(), m.title.clone()))
        .collect();
    measures.sort_by(|a, b| a.1.cmp(&b.1));
    let measures = with("none", measures);
    let changes = with("none yet", changes(visit, stands.tested_by)?);
    let asked = MEASURES.max(stands.measures.len() + 1);
    Ok(html! {
        (field("about", "About", "", Kind::Menu(&groups), about.as_deref().unwrap_or_default()))
        (field("aim", "Aim", "What will be different? Such as: equipment is ordered on the day a date for going home is set", Kind::Line, stands.aim))
        (field("owner", "Owner", "A role, such as head of community services; never a person's name", Kind::Line, stands.owner))
        @for at in 0..asked {
            @let label = if at == 0 { "Measure that should move" } else { "Another measure" };
            (field(&format!("measures-{at}"), label, "", Kind::Menu(&measures), stands.measures.get(at).copied().unwrap_or_default()))
        }
        (field("tested_by", "Change by which it is tried", "", Kind::Menu(&changes), stands.tested_by.unwrap_or_default()))
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

/// The request that a form for an item stands for.
fn request(form: &Form, read: &mut Reading<'_>) -> PlanRequest {
    let about = form.get("about").and_then(|about| about.split_once('|'));
    let [aim, owner] = ["aim", "owner"].map(|name| {
        let text = read.text(name);
        read.needed(name, text)
    });
    let by = read.date("by");
    PlanRequest {
        action: PlanVerb::Set,
        aim,
        framework: about.map(|(framework, _)| framework.to_owned()),
        item: about.map(|(_, item)| item.to_owned()),
        measures: form.listed("measures"),
        owner,
        tested_by: form.get("tested_by").map(ToOwned::to_owned),
        by: read.needed("by", by),
        ..PlanRequest::default()
    }
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
    let mut read = Reading::of(&form);
    let made = request(&form, &mut read).command(area, form.key(&caller).id());
    let filled = Filled {
        name: "item".to_owned(),
        command: read.command(made),
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
    let mut read = Reading::of(&form);
    let asked = match name {
        "item" => request(&form, &mut read),
        _ => PlanRequest {
            action: PlanVerb::Progress,
            progress: form.get("progress").and_then(Progress::from_code),
            reason: read.text("reason"),
            ..PlanRequest::default()
        },
    };
    let asked = PlanRequest {
        plan_item: Some(format!("{PREFIX}{id}")),
        ..asked
    };
    let made = asked.command(area, Uuid::nil());
    let filled = Filled {
        name: name.to_owned(),
        command: read.command(made),
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
