//! `POST /findings`: one finding, new or corrected.

use super::super::filling::{Filling, Group, Kind, Reading};
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
use joinedup_events::{Slug, local};
use maud::{Markup, html};

/// How many nodes of the logic model a form may name.
const NODES: usize = 2;

/// The form for a new finding.
pub(super) fn form(visit: &Visit, typed: &Typed, filling: &Filling) -> Markup {
    let filling = filling.of("finding");
    let pathways = frameworks(visit).map(|framework| {
        let items = framework.items.iter();
        let items = items.map(|i| (format!("{}|{}", framework.id, i.id), i.title.clone()));
        (framework.title.clone(), items.collect())
    });
    let pathways: Vec<Group> = pathways.collect();
    let model = visit.app.definitions.catalogue.model();
    let nodes = |none: &str| -> Vec<Group> {
        let none = (String::new(), vec![(String::new(), none.to_owned())]);
        let layers = super::super::model::LAYERS.map(|(layer, name)| {
            let nodes = model.nodes().iter().filter(|n| n.layer == layer);
            let nodes = nodes.map(|n| (n.id.clone(), n.title.clone()));
            (name.to_owned(), nodes.collect())
        });
        std::iter::once(none).chain(layers).collect()
    };
    let back = visit.address.elsewhere("/findings").to_string();
    html! {
        details #one open[typed.refused.is_empty() && visit.address.get("saved").is_none() && visit.done.is_none()] { summary { "One finding" }
            form method="post" action="/findings" {
                (hidden(&back, &visit.area, 0))
                (filling.plain("on", "Published on", Kind::Date(visit.today()), "", true))
                (filling.plain("pathway", "Pathway", Kind::Menu(&pathways), "", true))
                (filling.plain("note", "What was found", Kind::Text, "", true))
                @for at in 0..NODES {
                    @let (label, none) = if at == 0 { ("Part of the logic model that it speaks of", "those of the pathway") } else { ("Another part", "none") };
                    (filling.plain(&format!("nodes-{at}"), label, Kind::Menu(&nodes(none)), "", false))
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
    html! {
        @if let Ok(area) = area && visit.may_decide_in(&area) {
            details id=(name) open[filling.came_back()] { summary { "Correct" }
                form method="post" action="/findings" {
                    (hidden(&visit.address.to_string(), &area, filling.version(found.version)))
                    input type="hidden" name="finding" value=(id);
                    input type="hidden" name="pathway" value=(format!("{}|{}", f.framework, f.pathway));
                    @for (at, node) in f.nodes.iter().enumerate() { input type="hidden" name=(format!("nodes-{at}")) value=(node); }
                    (filling.plain("on", "Published on", Kind::Date(visit.today()), &date, true))
                    (filling.plain("note", "What was found", Kind::Text, &f.text, true))
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
    let mut read = Reading::of(&form);
    let on = read.past("on", local::date(app.now()));
    let pathway = read.needed("pathway", form.get("pathway"));
    let pathway = pathway.and_then(|p| p.split_once('|'));
    let (framework, item) = pathway.unwrap_or_default();
    let withdrawn = form.get("do") == Some("withdraw");
    let note = (!withdrawn).then(|| {
        let text = read.text("note");
        read.needed("note", text)
    });
    let new = || format!("f-{}", form.key(&caller).id());
    let request = RatingRequest {
        area: area.to_string(),
        framework: framework.to_owned(),
        item: item.to_owned(),
        action: RatingVerb::Finding,
        note: note.flatten(),
        finding: Some(known.clone().unwrap_or_else(new)),
        nodes: form.listed("nodes"),
        on,
        version,
        ..RatingRequest::default()
    };
    let made = request.command(area.clone());
    let name = known.as_deref().map(correction);
    let filled = Filled {
        name: name.unwrap_or_else(|| "finding".to_owned()),
        command: read.command(made),
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
