//! `POST /changes` and `POST /changes/{id}`: what the forms of a change record.

use super::super::address::Address;
use super::super::filling::{Filling, Reading};
use super::super::record::{Filled, Form, FormPage, record};
use super::super::visit::Visit;
use super::forms::MAX_MEASURES;
use super::{known, list, no_such_change, one, path};
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use joinedup_application::app::App;
use joinedup_application::charts;
use joinedup_application::execute::{Receipt, area_of_change};
use joinedup_contract::request::{ChangeRequest, ChangeVerb};
use joinedup_events::change::{Comparison, Decision};
use joinedup_events::local;
use maud::Markup;

/// `POST /changes`: a new plan.
pub async fn plan(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    let area = charts::area(&app, form.must("area", "The place")?)?;
    let mut read = Reading::of(&form);
    let made = planned(&app, &form, &mut read).command(area, form.key(&caller).id());
    let filled = Filled {
        name: "plan".to_owned(),
        action: "/changes".to_owned(),
        command: read.command(made),
        version: None,
        form,
    };
    record(app, caller, filled, OfList).await
}

/// `POST /changes/{id}`: a step of a change.
pub async fn step(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    let area = area_of_change(&app, &id).ok_or_else(no_such_change)?;
    let (name, action) = match form.must("do", "The step")? {
        "plan" => ("plan", ChangeVerb::Plan),
        "start" => ("start", ChangeVerb::Start),
        "pause" => ("pause", ChangeVerb::Pause),
        "study" => ("study", ChangeVerb::Study),
        "finish" => ("finish", ChangeVerb::Finish),
        "undo" => ("undo", ChangeVerb::Undo),
        _ => return Err(Problem::not_found("There is no such form")),
    };
    let mut read = Reading::of(&form);
    let mut request = match action {
        ChangeVerb::Plan => planned(&app, &form, &mut read),
        _ => ChangeRequest {
            decision: form.get("decision").and_then(Decision::from_code),
            learnt: read.text("learnt"),
            compared: form.get("compared").and_then(Comparison::from_code),
            on: read.past("on", local::date(app.now())),
            ..ChangeRequest::default()
        },
    };
    match action {
        ChangeVerb::Study => request.learnt = read.needed("learnt", request.learnt),
        ChangeVerb::Finish => request.decision = read.needed("decision", request.decision),
        _ => {}
    }
    request.action = action;
    request.change = Some(id.clone());
    let made = request.command(area, form.key(&caller).id());
    let filled = Filled {
        name: name.to_owned(),
        action: path(&id),
        command: read.command(made),
        version: Some(form.version()?),
        form,
    };
    record(app, caller, filled, OfChange { id, name }).await
}

/// The plan that a form holds. Measures are typed by their titles.
fn planned(app: &App, form: &Form, read: &mut Reading<'_>) -> ChangeRequest {
    let title = read.text("title");
    let title = read.needed("title", title);
    let [aim, prediction, led_by] = ["aim", "prediction", "led_by"].map(|name| read.text(name));
    let mut measures = Vec::new();
    // A plan of another system may have more measures than this form asks for.
    let fields = form.fields().iter().map(|(name, _)| name.as_str());
    let asked = fields.filter(|name| name.starts_with("measures-")).count();
    for n in 0..asked.max(MAX_MEASURES) {
        let Some(typed) = form.get(&format!("measures-{n}")) else {
            continue;
        };
        let known = app
            .definitions
            .measures
            .iter()
            .find(|m| m.id.as_str() == typed || m.title.trim().eq_ignore_ascii_case(typed));
        match known {
            Some(measure) if measures.contains(&measure.id.to_string()) => {}
            Some(measure) => measures.push(measure.id.to_string()),
            None => read.wrong(
                &format!("/measures/{n}"),
                "must be one of the list: type part of its name and choose",
            ),
        }
    }
    let items = form.fields().iter().filter(|(name, _)| name == "items");
    ChangeRequest {
        action: ChangeVerb::Plan,
        title,
        aim,
        prediction,
        led_by,
        concept: form.get("concept").map(ToOwned::to_owned),
        items: items.map(|(_, item)| item.clone()).collect(),
        begun: form.get("begun").is_some(),
        measures,
        on: read.past("on", local::date(app.now())),
        ..ChangeRequest::default()
    }
}

/// The list of changes, as the place of the form of a new plan.
struct OfList;

impl FormPage for OfList {
    fn done(&self, _: &Form) -> &'static str {
        "plan"
    }

    fn then(&self, _: &App, receipt: &Receipt, _: &Form) -> Address {
        Address::new(path(receipt.entity.as_str()))
    }

    fn again(&self, visit: &Visit, filling: &Filling) -> Result<Markup, Problem> {
        list(visit, filling)
    }
}

/// The page of a change, as the place of its forms.
struct OfChange {
    id: String,
    name: &'static str,
}

impl FormPage for OfChange {
    fn done(&self, _: &Form) -> &'static str {
        self.name
    }

    fn then(&self, app: &App, _: &Receipt, form: &Form) -> Address {
        // Whoever undoes a plan that nothing followed is left without a change.
        if area_of_change(app, &self.id).is_some() {
            Address::read(&form.back())
        } else {
            Address::new("/changes")
        }
    }

    fn stands(&self, visit: &Visit) -> Result<Markup, Problem> {
        let known = known(visit, &self.id)?.ok_or_else(no_such_change)?;
        Ok(one::stands(visit, &known))
    }

    fn again(&self, visit: &Visit, filling: &Filling) -> Result<Markup, Problem> {
        one::page(visit, &self.id, filling)
    }
}
