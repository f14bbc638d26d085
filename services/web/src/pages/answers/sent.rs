//! `POST /frameworks/{id}/answers`: one questionnaire becomes one event, if the door lets it in.

use super::super::address::Address;
use super::super::filling::Filling;
use super::super::record::{self, Form, SOURCE};
use super::super::sheet::typed::{Refused, Typed};
use super::super::visit::Visit;
use super::form::{id as field_of, name};
use super::{DONE, answered_by, page, questions};
use crate::door::audit;
use crate::door::problem::Problem;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use joinedup_events::experience::{Answer, Answered, ExperienceFact, Mode, Respondent};
use joinedup_events::{EntityId, Event, Fact, Slug};
use joinedup_views::catalogue::Item;
use joinedup_views::contributions::experience::Scoring;
use std::time::Duration;

/// How long the page waits for its numbers to be up to date.
const SEEN_TIMEOUT: Duration = Duration::from_secs(3);

fn refused(field: &str, at: &str, why: impl Into<String>) -> Refused {
    Refused {
        field: field.to_owned(),
        at: at.to_owned(),
        why: why.into(),
    }
}

/// Publishes one questionnaire, and leads to an empty form with the same date, way and respondent.
///
/// # Errors
/// 403 for a place that is not the caller's, 404 where nobody answers the framework, 503 when the log does not take it.
pub async fn send(
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    visit.caller.must_cover(&visit.area)?;
    let (event, response) = match event(&visit, &id, &form)? {
        Ok(read) => read,
        Err(refusals) => {
            let typed = Typed {
                fields: form.fields().to_vec(),
                refused: refusals,
                ..Typed::default()
            };
            let page = visit
                .render(move |visit| page(visit, &id, &typed, &Filling::default()))
                .await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let positions = publish(&visit, &[event]).await?;
    let given = response
        .answers
        .iter()
        .filter(|a| a.score.is_some())
        .count();
    let before: usize = form.parsed("saved", "").ok().flatten().unwrap_or(0);
    let mut to = visit.address.clone().without(&DONE);
    for name in ["on", "mode", "respondent", "team"] {
        to = to.with(name, form.get(name).unwrap_or_default());
    }
    let counts = (
        before.saturating_add(1),
        given,
        response.answers.len() - given,
    );
    let to = to.with("scores", scores(&response));
    Ok(saved(to, &visit, &id, counts, positions))
}

/// Publishes questionnaires, and answers where they stand in the log.
///
/// # Errors
/// As [`record::publish`].
pub(super) async fn publish(visit: &Visit, events: &[Event]) -> Result<Vec<u64>, Problem> {
    let appended = record::publish(&visit.app, events, SEEN_TIMEOUT).await?;
    Ok(appended.iter().map(|a| a.position.0).collect())
}

/// The scores of one questionnaire, in the order of the instrument's totals; a dash where an answer is missing.
fn scores(response: &Answered) -> String {
    let Some(scoring) = Scoring::of(response.instrument.as_str()) else {
        return String::new();
    };
    let written = scoring
        .of_one(response)
        .into_iter()
        .map(|score| score.map_or_else(|| "-".to_owned(), |score| format!("{score:.2}")));
    written.collect::<Vec<_>>().join(",")
}

/// The way back to an empty form, which says how many questionnaires and answers were saved, and how many do not apply.
pub(super) fn saved(
    to: Address,
    visit: &Visit,
    id: &str,
    (questionnaires, given, not_applicable): (usize, usize, usize),
    positions: Vec<u64>,
) -> Response {
    let to = to
        .with("saved", questionnaires)
        .with("answered", given)
        .with("not-applicable", not_applicable);
    let answer = Redirect::to(&to.to_string()).into_response();
    audit::recorded_of(answer, &visit.area, id, positions)
}

/// The event of a form, let in by the door, with its answers; or what is wrong, field by field.
pub(super) fn event(
    visit: &Visit,
    id: &str,
    form: &Form,
) -> Result<Result<(Event, Answered), Vec<Refused>>, Problem> {
    let (framework, _) = answered_by(visit, id)?;
    let items = questions(framework);
    let mut refusals = Vec::new();
    let on = form.get("on").and_then(|on| on.parse::<NaiveDate>().ok());
    let on = on.filter(|on| *on <= visit.today());
    if on.is_none() {
        let why = "The date must be a day, and not in the future";
        refusals.push(refused("on", "Answered on", why));
    }
    let team = form.get("team").map(|team| Slug::new(&team.to_lowercase()));
    if matches!(team, Some(Err(_))) {
        let why = "A team's code must be letters, digits and hyphens, such as north-1";
        refusals.push(refused("team", "Team", why));
    }
    let mut answers = Vec::new();
    for (row, item) in items.iter().enumerate() {
        match answer(form, item) {
            Some(Ok(answer)) => answers.push((row, answer)),
            Some(Err(why)) => refusals.push(refused(&field_of(row), &item.title, why)),
            None => {}
        }
    }
    if answers.is_empty() && refusals.is_empty() {
        let why = "Choose at least one answer";
        refusals.push(refused(&field_of(0), "Answers", why));
    }
    let mode = Mode::from_code(form.get("mode").unwrap_or_default());
    if mode.is_none() {
        let why = "How it was answered must be face to face, telephone, paper or online";
        refusals.push(refused("mode", "Mode", why));
    }
    let respondent = Respondent::from_code(form.get("respondent").unwrap_or_default());
    if respondent.is_none() {
        let why = "Who answered must be person, carer or staff";
        refusals.push(refused("respondent", "Respondent", why));
    }
    if form.get("with-carer").is_some_and(|with| with != "yes") {
        let why = "Whether a carer helped must be yes or no";
        refusals.push(refused("with-carer", "Carer", why));
    }
    let (Some(on), Some(mode), Some(respondent), Ok(instrument)) =
        (on, mode, respondent, Slug::new(id))
    else {
        if refusals.is_empty() {
            refusals.push(refused(
                "form",
                "The form",
                "It is not complete: open its page again",
            ));
        }
        return Ok(Err(refusals));
    };
    let response = Answered {
        instrument,
        answers: answers.iter().map(|(_, answer)| answer.clone()).collect(),
        with_carer: form.get("with-carer").is_some(),
        mode,
        respondent,
        team: team.and_then(Result::ok),
        population: None,
    };
    if !refusals.is_empty() {
        return Ok(Err(refusals));
    }
    // A form that is sent twice is one questionnaire: its key names both the event and what it is about.
    let key = form.key(&visit.caller).id();
    let entity = EntityId::new(&format!("response-{key}"));
    let entity = entity
        .map_err(|_| Problem::bad_request("The form is not complete: open its page again"))?;
    let written = Event {
        source: SOURCE.to_owned(),
        id: key.to_string(),
        occurred_at: record::instant_of(visit, on),
        recorded_at: visit.now,
        entity,
        area: visit.area.clone(),
        fact: Fact::Experience(ExperienceFact::Answered(response.clone())),
        actor: None,
    };
    Ok(match record::let_in(visit, &written)? {
        Ok(event) => Ok((event, response)),
        Err(found) => Err(found
            .0
            .into_iter()
            .map(|refusal| at_field(&refusal.pointer, refusal.rule, &answers, &items))
            .collect()),
    })
}

/// An answer as it was chosen; none when the question was left out.
fn answer(form: &Form, item: &Item) -> Option<Result<Answer, &'static str>> {
    let score = match form.get(&name(&item.id))? {
        "-" => None,
        text => match text.parse() {
            Ok(score) => Some(score),
            Err(_) => return Some(Err("Choose one of the answers")),
        },
    };
    let item = Slug::new(&item.id).map_err(|_| "Choose one of the answers");
    Some(item.map(|item| Answer { item, score }))
}

/// A refusal of the door beside the field that it is about.
fn at_field(pointer: &str, rule: String, answers: &[(usize, Answer)], items: &[&Item]) -> Refused {
    let mut parts = pointer.trim_start_matches("/data/").split('/');
    match (parts.next(), parts.next()) {
        (Some("answers"), Some(at)) => {
            let row = at
                .parse()
                .ok()
                .and_then(|at: usize| answers.get(at))
                .map_or(0, |(row, _)| *row);
            let title = items.get(row).map_or("Answers", |item| item.title.as_str());
            refused(&field_of(row), title, format!("The answer {rule}"))
        }
        (Some("team"), _) => refused("team", "Team", format!("The team {rule}")),
        (Some("area"), _) => refused("form", "Place", format!("The place {rule}")),
        _ if pointer == "/time" => refused("on", "Answered on", format!("The date {rule}")),
        _ => refused("form", "The form", format!("It {rule}")),
    }
}
