//! `POST /frameworks/{id}/sheet`: every field that was changed is recorded by itself, on the condition that nothing came
//! between. What is taken is saved; what is not stays on the page with its reason.

use super::asked::{self, Asked, Fate};
use super::typed::{Kind, Not, Refused, Typed, status};
use super::{DONE, Sheet, Step, page};
use crate::door::audit;
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use crate::pages::record::{Form, SOURCE};
use crate::pages::visit::Visit;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use futures::StreamExt;
use futures::stream;
use joinedup_application::app::App;
use joinedup_application::execute::{ExecuteError, Write, WriteKey, execute};
use joinedup_contract::request::RatingRequest;

/// How many fields are recorded at a time.
const AT_A_TIME: usize = 8;

/// What became of a field.
#[derive(Default)]
struct Outcome {
    positions: Vec<u64>,
    published: usize,
    /// Why nothing of it was recorded.
    not: Option<Not>,
    /// Why it was not published.
    unpublished: Option<Not>,
}

impl Outcome {
    /// What became of what was typed: it may be taken although its publication is refused.
    fn fate(&self) -> Fate {
        match &self.not {
            Some(not) if not.kind == Kind::Conflict => Fate::Conflict,
            Some(_) => Fate::Refused,
            None => Fate::Taken,
        }
    }
}

/// Records what a sheet's form asks for.
///
/// # Errors
/// 403 for a place that is not the caller's, 404 where areas are not rated by the framework.
pub async fn save(
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    let mut typed = Typed::default();
    let (asked, is_published) = {
        let sheet = Sheet::of(&visit, &id)?;
        let on = match form.get("on").map(str::parse).transpose() {
            Ok(on) if on.is_none_or(|on| on <= visit.today()) => on,
            other => {
                let why = if other.is_err() {
                    "Choose a date such as 22 November 2026"
                } else {
                    "The date must not lie in the future"
                };
                typed.refused.push(Refused {
                    field: "on".to_owned(),
                    at: "Date".to_owned(),
                    why: why.to_owned(),
                });
                None
            }
        };
        let publishes = form.get("do") == Some("publish") && sheet.step == Step::Moderate;
        (asked::all(&sheet, &form, on), publishes)
    };
    if !typed.refused.is_empty() {
        let all = asked.iter().map(|cell| (cell, Fate::Refused));
        typed.fields = asked::kept(form.fields(), all);
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return again(visit, id, typed, status, Vec::new()).await;
    }
    for cell in &asked {
        visit.caller.must_cover(&cell.area)?;
    }
    let writer = Writer {
        app: &visit.app,
        caller: &visit.caller,
        key: form.get("key"),
    };
    let cells = asked.chunk_by(|_, next| next.waits);
    let writes: Vec<_> = cells.map(|cell| writer.cell(cell)).collect();
    let outcomes: Vec<Vec<Outcome>> = stream::iter(writes).buffered(AT_A_TIME).collect().await;
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    let positions: Vec<u64> = outcomes
        .iter()
        .flat_map(|o| o.positions.iter().copied())
        .collect();
    let published: usize = outcomes.iter().map(|o| o.published).sum();
    (typed.saved, typed.published) = (positions.len() - published, published);
    let fates = asked.iter().zip(outcomes.iter().map(Outcome::fate));
    typed.fields = asked::kept(form.fields(), fates);
    let mut is_conflict = true;
    for (cell, outcome) in asked.iter().zip(outcomes) {
        let refused = |not: Not| Refused {
            field: cell.field.clone(),
            at: cell.at.clone(),
            why: not.why,
        };
        is_conflict &= [&outcome.not, &outcome.unpublished]
            .into_iter()
            .flatten()
            .all(|not| not.kind == Kind::Conflict);
        typed.refused.extend(outcome.not.map(refused));
        match outcome.unpublished {
            Some(not) if not.kind == Kind::SecondPerson => typed.second.push(cell.field.clone()),
            other => typed.unpublished.extend(other.map(refused)),
        }
    }
    if !typed.is_whole() {
        let status = status(&positions, is_conflict);
        return again(visit, id, typed, status, positions).await;
    }
    let mut to = visit
        .address
        .clone()
        .without(&DONE)
        .with("saved", typed.saved);
    if is_published {
        to = to.with("published", published);
    }
    let answer = Redirect::to(&to.to_string()).into_response();
    Ok(audit::recorded_of(answer, &visit.area, id, positions))
}

/// The page once more, with what was typed and not taken.
async fn again(
    visit: Visit,
    id: String,
    typed: Typed,
    status: StatusCode,
    positions: Vec<u64>,
) -> Result<Response, Problem> {
    let (area, framework) = (visit.area.clone(), id.clone());
    let page = visit.render(move |visit| page(visit, &id, &typed)).await;
    // What was recorded is known to the audit although its page cannot be shown.
    let answer = page.map(|page| (status, page)).into_response();
    Ok(audit::recorded_of(answer, &area, framework, positions))
}

struct Writer<'a> {
    app: &'a App,
    caller: &'a Caller,
    key: Option<&'a str>,
}

impl Writer<'_> {
    /// Records what is asked of one cell, as long as nothing of it is refused.
    async fn cell(&self, asked: &[Asked]) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = Vec::new();
        for entry in asked {
            let is_refused = outcomes.last().is_some_and(|before| before.not.is_some());
            outcomes.push(if is_refused {
                let why = "It is recorded together with the level beside it".to_owned();
                Outcome {
                    not: Some(Not {
                        why,
                        kind: Kind::Conflict,
                    }),
                    ..Outcome::default()
                }
            } else {
                self.write(entry).await
            });
        }
        outcomes
    }

    async fn write(&self, cell: &Asked) -> Outcome {
        let mut outcome = Outcome::default();
        let entry = match &cell.entry {
            Ok(entry) => entry.as_ref(),
            Err(why) => {
                outcome.not = Some(Not {
                    why: (*why).to_owned(),
                    kind: Kind::Refusal,
                });
                return outcome;
            }
        };
        if let Some(request) = entry {
            match self.one(cell, request, Some(request.version)).await {
                Ok(position) => outcome.positions.push(position),
                Err(not) => outcome.not = Some(not),
            }
        }
        if let (Some(publish), None) = (&cell.publish, &outcome.not) {
            // What was recorded a moment ago is what is published.
            let version = outcome.positions.last().copied().unwrap_or(publish.version);
            match self.one(cell, publish, Some(version)).await {
                Ok(position) => {
                    outcome.positions.push(position);
                    outcome.published = 1;
                }
                Err(not) => outcome.unpublished = Some(not),
            }
        }
        outcome
    }

    /// The key of an entry follows from what it says: sent again it is the same, changed it is another.
    async fn one(
        &self,
        cell: &Asked,
        request: &RatingRequest,
        version: Option<u64>,
    ) -> Result<u64, Not> {
        let command = request.command(cell.area.clone());
        let command = command.map_err(ExecuteError::from)?;
        let key = self.key.map(|key| {
            format!(
                "{key} {:?} {:?} {:?}",
                request.action, request.level, request.note
            )
        });
        let write = Write {
            source: SOURCE,
            key: WriteKey::of(&self.caller.name, key.as_deref()),
            actor: self.caller.actor(),
            audience: self.caller.audience_of(cell.area.as_str()),
            // Evidence is added and overwrites nothing.
            version: version.filter(|_| request.note.is_none() || request.round.is_some()),
            command,
        };
        Ok(execute(self.app, &write).await?.position)
    }
}
