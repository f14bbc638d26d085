//! `/answer/{link}`: the form that people answer by a link, without signing in and without the rest of the pages.

use super::super::address::Address;
use super::super::record::{Form, SOURCE};
use super::super::sheet::ballot::{self, Ballot};
use super::super::sheet::typed::Typed;
use super::super::visit::Visit;
use super::super::{layout, words};
use super::form::{id as field_of, name};
use super::link::{self, Link, Standing};
use super::sent::event;
use super::{answered_by, asks_a_team, questions};
use crate::door::audit;
use crate::door::auth::Caller;
use crate::door::body::ComesBy;
use crate::door::problem::Problem;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use joinedup_application::app::App;
use joinedup_application::execute::{Place, take_place};
use joinedup_events::experience::{Mode, Respondent};
use joinedup_events::{EntityId, EventKey};
use maud::{DOCTYPE, Markup, html};
use std::collections::BTreeSet;

/// Who answers by a link, for the log: somebody without a role.
const WHO: &str = "answer-link";

/// A visit by a link: of the place that it was made for, where it is open.
fn visit(app: App, text: &str) -> Result<(Visit, Option<Link>, Standing), Problem> {
    let caller = Caller::new(WHO.to_owned(), BTreeSet::new());
    let mut visit = Visit::at(app, caller, Address::new(format!("/answer/{text}")))?;
    let link = Link::read(text);
    let standing = match &link {
        Some(link) => link::now(&visit, link)?,
        None => Standing::Unknown,
    };
    if let Standing::Open { area, .. } = &standing {
        visit.area = area.clone();
    }
    Ok((visit, link, standing))
}

/// `GET /answer/{link}`.
pub async fn show(
    State(app): State<App>,
    Path(text): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (visit, link, standing) = visit(app, &text)?;
    let sent = query.as_deref() == Some("sent");
    let status = match &standing {
        Standing::Unknown => StatusCode::NOT_FOUND,
        Standing::UsedUp | Standing::Expired | Standing::Stopped if !sent => StatusCode::GONE,
        _ => StatusCode::OK,
    };
    let page = visit
        .render(move |visit| page(visit, link.as_ref(), &standing, &Typed::default(), sent))
        .await?;
    Ok((status, page).into_response())
}

/// Refuses answers to what is not an open link, before their body is read.
pub async fn before_the_body(
    State(app): State<App>,
    Path(text): Path<String>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if request.method() != Method::POST {
        return Ok(next.run(request).await);
    }
    let (_, link, standing) = visit(app.clone(), &text)?;
    match (link, standing) {
        // Whoever sends the last answer twice is thanked twice.
        (Some(link), Standing::Open { .. } | Standing::UsedUp | Standing::Stopped) => {
            // As it is written, since an address can be spelt in several ways.
            request.extensions_mut().insert(ComesBy(link.written()));
            Ok(next.run(request).await)
        }
        _ => show(State(app), Path(text), RawQuery(None)).await,
    }
}

/// `POST /answer/{link}`: one questionnaire, through the same door as every other.
pub async fn send(
    State(app): State<App>,
    Path(text): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let given = Form::read(&headers, &body)?;
    let (visit, link, standing) = visit(app, &text)?;
    let to = Redirect::to(&format!("{}?sent", visit.address.path())).into_response();
    let id = given.key(&visit.caller).id().to_string();
    let key = EventKey::of(SOURCE, &id).into();
    let views = visit.views()?;
    if link
        .as_ref()
        .is_some_and(|link| views.read(|view| link::has(view, link, key)))
    {
        return Ok(to);
    }
    let (
        Some(link),
        Standing::Open {
            instrument,
            next,
            count,
            ..
        },
    ) = (link.clone(), standing.clone())
    else {
        let status = match standing {
            Standing::Unknown => StatusCode::NOT_FOUND,
            _ => StatusCode::GONE,
        };
        let page = visit
            .render(move |visit| page(visit, link.as_ref(), &standing, &Typed::default(), false))
            .await?;
        return Ok((status, page).into_response());
    };
    let read = event(
        &visit,
        instrument.as_str(),
        &bound(&visit, instrument.as_str(), &given, &link),
    )?;
    let (event, _) = match read {
        Ok(read) => read,
        Err(refused) => {
            let typed = Typed {
                fields: given.fields().to_vec(),
                refused,
                ..Typed::default()
            };
            let page = visit
                .render(move |visit| page(visit, Some(&link), &standing, &typed, false))
                .await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let places = (next..count).filter_map(|n| EntityId::new(&link.answer(n)).ok());
    let position = match take_place(&visit.app, &event, places).await? {
        Place::Taken(position) => Some(position.0),
        Place::Had => None,
        Place::Full => {
            let (standing, typed) = (Standing::UsedUp, Typed::default());
            let page = visit
                .render(move |visit| page(visit, Some(&link), &standing, &typed, false))
                .await?;
            return Ok((StatusCode::GONE, page).into_response());
        }
    };
    let item = instrument.as_str();
    Ok(audit::recorded_of(to, &visit.area, item, position))
}

/// The form with what the link is bound to, whatever was sent in its place.
fn bound(visit: &Visit, instrument: &str, given: &Form, link: &Link) -> Form {
    let is_bound = |name: &str| matches!(name, "on" | "mode" | "team" | "respondent");
    let respondent = match given.get("respondent") {
        _ if asks_a_team(instrument) => Respondent::Staff,
        Some("carer") => Respondent::Carer,
        _ => Respondent::Person,
    };
    let mut fields: Vec<(String, String)> = given
        .fields()
        .iter()
        .filter(|(name, _)| !is_bound(name))
        .cloned()
        .collect();
    fields.push(("on".to_owned(), visit.today().to_string()));
    fields.push(("mode".to_owned(), link.mode.code().to_owned()));
    fields.push(("respondent".to_owned(), respondent.code().to_owned()));
    fields.extend(link.team.iter().map(|t| ("team".to_owned(), t.to_string())));
    Form::of(fields)
}

fn page(
    visit: &Visit,
    link: Option<&Link>,
    standing: &Standing,
    typed: &Typed,
    sent: bool,
) -> Result<Markup, Problem> {
    let handed_round = link.is_some_and(|link| link.mode == Mode::FaceToFace);
    let (title, body) = match (standing, link) {
        (Standing::Open { .. }, Some(_)) if sent => (
            "Thank you",
            html! {
                h1 { "Thank you" }
                p.lead #sent { "We have received your answers." }
                @if handed_round { p { a.button href=(visit.address.path()) { "Start for the next person" } } }
            },
        ),
        (Standing::UsedUp | Standing::Stopped, _) if sent => (
            "Thank you",
            html! { h1 { "Thank you" } p.lead #sent { "We have received your answers." } },
        ),
        (
            Standing::Open {
                instrument, until, ..
            },
            Some(_),
        ) => {
            let until = words::day_month_year(*until);
            (
                "Tell us about your care",
                questionnaire(visit, instrument.as_str(), &until, typed)?,
            )
        }
        (Standing::UsedUp, _) => (
            "This link has been used",
            html! { h1 { "This link has been used" } p.lead { "As many people have answered as it was made for. If you have not answered yet, ask whoever sent it for a new one." } },
        ),
        (Standing::Stopped, _) => (
            "This link was stopped",
            html! { h1 { "This link was stopped" } p.lead { "Nobody can answer with it any more. If you have not answered yet, ask whoever sent it for a new one." } },
        ),
        (Standing::Expired, _) => (
            "This link has expired",
            html! { h1 { "This link has expired" } p.lead { "Its last day has passed. Ask whoever sent it for a new one." } },
        ),
        (Standing::Unknown | Standing::Open { .. }, _) => (
            "We do not know this link",
            html! { h1 { "We do not know this link" } p.lead { "Check that you have the whole of it, or ask whoever sent it." } },
        ),
    };
    Ok(html! {
        (DOCTYPE)
        html lang="en-GB" {
            head { (layout::head(title)) }
            body {
                header.top { div.inner { span.brand { span { "joinedup" } } } }
                main #main { (body) }
            }
        }
    })
}

fn questionnaire(
    visit: &Visit,
    instrument: &str,
    until: &str,
    typed: &Typed,
) -> Result<Markup, Problem> {
    let (framework, scale) = answered_by(visit, instrument)?;
    let is_staff = asks_a_team(instrument);
    Ok(html! {
        h1 { (framework.title) span.place { ", " (visit.title_of(visit.area.as_str())) } }
        @if !typed.refused.is_empty() { (typed.problem("Nothing was sent. What you chose is still in the form.")) }
        section.card {
            p.note { "We do not ask for your name, and nobody learns who answered. Each line is the short name of a question: whoever sent you the link has its full words. The link works until the end of " (until) "." }
            form.answers method="post" action=(visit.address.path()) {
                input type="hidden" name="key" value=(uuid::Uuid::now_v7());
                @if is_staff { input type="hidden" name="respondent" value="staff"; }
                @else {
                    fieldset.about {
                        legend { "Who answers" }
                        label.tick for="person" { input #person type="radio" name="respondent" value="person" checked[typed.get("respondent") != Some("carer")]; "I have the care" }
                        label.tick for="carer" { input #carer type="radio" name="respondent" value="carer" checked[typed.get("respondent") == Some("carer")]; "I am a carer, and answer for myself" }
                        label.tick for="with-carer" { input #with-carer type="checkbox" name="with-carer" value="yes" checked[typed.get("with-carer").is_some()]; "Somebody helped me to answer" }
                    }
                }
                @let ends = ballot::ends(scale);
                @if ends.is_some() { (ballot::legend(scale, false, Some("does not apply"))) }
                @else { p.note { "Answers are numbers from " (scale.lowest) " to " (scale.highest) ": what each means stands on the questionnaire that came with the link. – means: does not apply." } }
                @for (row, item) in questions(framework).into_iter().enumerate() {
                    @let (id, name) = (field_of(row), name(&item.id));
                    // How an answer is counted is nothing to ask people about.
                    @let title = item.title.trim_end_matches(" (reverse scored)");
                    div.question {
                        p { (title) @if let Some(ends) = &ends { span.hint { " (" (ends) ")" } } }
                        (ballot::field(&Ballot {
                            id: &id, name: &name, legend: title, scale, chosen: typed.get(&name), none: Some("does not apply"),
                            coloured: false, why: typed.why(&id), closed: false, first: false,
                        }))
                    }
                }
                div.save { button #send type="submit" { "Send my answers" } }
            }
        }
    })
}
