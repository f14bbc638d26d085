//! `POST /findings`: one finding, new or corrected.

use super::super::filling::{Faults, Field, Filling, Kind};
use super::super::record::{Filled, Form, FormPage, hidden, record as save};
use super::super::sheet::typed::Typed;
use super::super::visit::Visit;
use super::{frameworks, page};
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use joinedup_application::app::App;
use joinedup_application::charts;
use joinedup_application::findings::{KnownFinding, of_place};
use joinedup_contract::request::{RatingRequest, RatingVerb};
use joinedup_events::Slug;
use joinedup_views::decide::Command;
use maud::{Markup, html};

/// How many nodes of the logic model a form may name.
const NODES: usize = 2;

/// The form for a new finding.
pub(super) fn form(visit: &Visit, typed: &Typed, filling: &Filling) -> Markup {
    let filling = filling.of("finding");
    let field = |name, label, kind| {
        filling.field(&Field {
            name,
            label,
            hint: "",
            kind,
            value: "",
            required: true,
        })
    };
    let pathway = filling.value("pathway", "");
    let model = visit.app.definitions.catalogue.model();
    let back = visit.address.elsewhere("/findings").to_string();
    html! {
        details #one open[typed.refused.is_empty() && visit.address.get("saved").is_none() && visit.done.is_none()] { summary { "One finding" }
            form method="post" action="/findings" {
                (hidden(&back, &visit.area, 0))
                (field("on", "Published on", Kind::Date(visit.today())))
                label { "Pathway" select name="pathway" required {
                    @for framework in frameworks(visit) { optgroup label=(framework.title) { @for item in &framework.items { @let value = format!("{}|{}", framework.id, item.id); option value=(value) selected[value == pathway] { (item.title) } } } }
                } }
                (field("text", "What was found", Kind::Text))
                @for at in 0..NODES {
                    @let chosen = filling.nth("node", at);
                    label { @if at == 0 { "Part of the logic model that it speaks of" } @else { "Another part" }
                        select name="node" {
                            option value="" { @if at == 0 { "those of the pathway" } @else { "none" } }
                            @for (layer, name) in super::super::model::LAYERS { optgroup label=(name) { @for node in model.nodes().iter().filter(|n| n.layer == layer) { option value=(node.id) selected[chosen == node.id] { (node.title) } } } }
                        }
                    }
                }
                button type="submit" { "Save the finding" }
            }
        }
    }
}

/// The form that corrects or withdraws a finding; open where it came back.
pub(super) fn correct(visit: &Visit, found: &KnownFinding, id: &Slug, filling: &Filling) -> Markup {
    let f = &found.finding;
    let area = joinedup_events::AreaId::new(&f.area);
    let name = correction(id.as_str());
    let (filling, date) = (filling.of(&name), f.date.to_string());
    let field = |name, label, kind, value| {
        filling.field(&Field {
            name,
            label,
            hint: "",
            kind,
            value,
            required: true,
        })
    };
    html! {
        @if let Ok(area) = area && visit.may_decide_in(&area) {
            details id=(name) open[filling.came_back()] { summary { "Correct" }
                form method="post" action="/findings" {
                    (hidden(&visit.address.to_string(), &area, filling.version(found.version)))
                    input type="hidden" name="finding" value=(id);
                    input type="hidden" name="pathway" value=(format!("{}|{}", f.framework, f.pathway));
                    @for node in &f.nodes { input type="hidden" name="node" value=(node); }
                    (field("on", "Published on", Kind::Date(visit.today()), &date))
                    (field("text", "What was found", Kind::Text, &f.text))
                    p { button type="submit" { "Save" } " " button.quiet type="submit" name="do" value="withdraw" formnovalidate { "Withdraw the finding" } }
                }
            }
        }
    }
}

/// The name of the form that corrects a finding.
fn correction(id: &str) -> String {
    format!("correct-{id}")
}

/// Records a finding.
///
/// # Errors
/// 403 for a place that is not the caller's, 409 when somebody else corrected it meanwhile.
pub async fn record(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    let area = charts::area(&app, form.must("area", "The place")?)?;
    let known = form.get("finding").map(ToOwned::to_owned);
    let version = form.version()?;
    let command = || -> Result<Command, Faults> {
        let needed = |name: &str| {
            let missing = || {
                let mut faults = Faults::default();
                faults.add(name, "is needed");
                faults
            };
            form.get(name).ok_or_else(missing)
        };
        let pathway = needed("pathway")?;
        let (framework, item) = pathway.split_once('|').unwrap_or((pathway, ""));
        let withdrawn = form.get("do") == Some("withdraw");
        let nodes = form.fields().iter();
        let nodes = nodes.filter(|(name, value)| name == "node" && !value.is_empty());
        let mut nodes: Vec<String> = nodes.map(|(_, value)| value.clone()).collect();
        nodes.dedup();
        let request = RatingRequest {
            area: area.to_string(),
            framework: framework.to_owned(),
            item: item.to_owned(),
            action: RatingVerb::Finding,
            note: (!withdrawn)
                .then(|| needed("text"))
                .transpose()?
                .map(ToOwned::to_owned),
            finding: Some(
                known
                    .clone()
                    .unwrap_or_else(|| format!("f-{}", form.key(&caller).id())),
            ),
            nodes,
            on: form.date("on")?,
            version,
            ..RatingRequest::default()
        };
        Ok(request.command(area.clone())?)
    };
    let name = known.as_deref().map(correction);
    let filled = Filled {
        name: name.unwrap_or_else(|| "finding".to_owned()),
        command: command(),
        action: "/findings".to_owned(),
        version: known.is_some().then_some(version),
        form,
    };
    save(app, caller, filled, OfFindings(known)).await
}

/// The page of findings, as the place of the forms; with the finding that is corrected.
struct OfFindings(Option<String>);

impl FormPage for OfFindings {
    fn done(&self, form: &Form) -> &'static str {
        match (&self.0, form.get("do")) {
            (None, _) => "finding",
            (Some(_), Some("withdraw")) => "withdraw",
            (Some(_), _) => "correct",
        }
    }

    fn stands(&self, visit: &Visit) -> Result<Markup, Problem> {
        let found = of_place(&visit.app, &visit.area)?;
        let id = |f: &KnownFinding| f.id.as_ref().map(ToString::to_string);
        let stands = found.iter().find(|f| id(f) == self.0);
        Ok(html! { p { (stands.map_or("It was withdrawn.", |f| f.finding.text.as_str())) } })
    }

    fn again(&self, visit: &Visit, filling: &Filling) -> Result<Markup, Problem> {
        page(visit, &Typed::default(), filling)
    }
}
