//! What the audit log holds of requests: one look at each answer, before it goes out.

use super::Shared;
use super::auth::{Caller, Kind, asks_as_public};
use super::client;
use super::fields::fields;
use super::finish::{Begun, held};
use super::places::Place;
use super::problem::Problem;
use super::routes::{self, Record};
use axum::extract::{RawPathParams, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use joinedup_application::app::App;
use joinedup_application::audit::{About, Audit, By, Did, Entry};
use joinedup_application::config::Role;
use joinedup_events::AreaId;
use joinedup_views::decide::{Command, Subject, Undone};
use joinedup_views::suppression::Audience;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;

/// What a handler says that it recorded; it travels with the answer.
#[derive(Clone, Debug)]
pub struct Recorded(pub About);

/// Whom the provider knows and nobody here does; it travels with the refusal.
#[derive(Clone, Debug)]
pub struct Unknown(pub String);

/// What was asked for is not the caller's to see, though the answer is that it is not there; it travels with that answer.
#[derive(Clone, Copy, Debug)]
pub struct OfOthers;

/// An answer that says what a command recorded, and where its last event stands.
#[must_use]
pub fn recorded(mut answer: Response, command: &Command, position: u64) -> Response {
    let (measure, item) = match &command.subject {
        Subject::Chart(decision) => (Some(decision.measure.to_string()), None),
        Subject::Rating(rating) => (None, Some(format!("{}/{}", rating.framework, rating.item))),
        Subject::Undo(undo) => match &undo.what {
            Undone::Decision { measure, .. } => (Some(measure.to_string()), None),
            Undone::LastStep(_) => (None, None),
        },
        Subject::Plan(step) => (None, Some(step.plan_item.to_string())),
        Subject::Cycle(_) => (None, None),
    };
    let about = About {
        area: Some(command.area.to_string()),
        measure,
        item,
        events: About::events_at([position]),
        ..About::default()
    };
    answer.extensions_mut().insert(Recorded(about));
    answer
}

/// An answer that says that several events were recorded of an item in an area, and where they stand.
#[must_use]
pub fn recorded_of(
    mut answer: Response,
    area: &AreaId,
    item: impl Into<String>,
    positions: impl IntoIterator<Item = u64>,
) -> Response {
    let about = About {
        area: Some(area.to_string()),
        item: Some(item.into()),
        events: About::events_at(positions),
        ..About::default()
    };
    answer.extensions_mut().insert(Recorded(about));
    answer
}

/// Writes what was done, and answers only then.
///
/// What records something, and what shows people, is not begun while lines cannot be written. What has begun to record
/// is finished and written down, also when its client hangs up.
pub async fn record(
    State(shared): State<Shared>,
    parts: Result<RawPathParams, axum::extract::rejection::RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let Some(path) = routes::path_of(&request).map(ToOwned::to_owned) else {
        return next.run(request).await;
    };
    let kind = routes::find(&method, &path).map_or(Record::Refusals, |route| route.record);
    let is_needed = matches!(kind, Record::Write | Record::People | Record::SignIn);
    if is_needed
        && let Some(audit) = &shared.audit
        && audit.ready().await.is_err()
    {
        return not_written("Nothing was done").into_response();
    }
    let pairs = fields(request.uri().query().unwrap_or_default().as_bytes());
    let asked = asked(&shared.app, &pairs, parts.ok());
    let from = client::address(&request, &shared.app.config.proxies);
    let has_token = request.headers().contains_key(header::AUTHORIZATION);
    let begun = Begun::default();
    let seen = Seen {
        kind,
        begun: begun.clone(),
        route: format!("{method} {path}"),
        asked,
        from,
        has_token,
        as_public: asks_as_public(&pairs),
    };
    if kind != Record::Write {
        // Nothing else waits for a body.
        begun.begin();
    }
    request.extensions_mut().insert(begun.clone());
    let held = request.extensions().get::<Arc<Place>>().map(held);
    let unfinished = shared.unfinished.clone();
    let answered = async move {
        let response = next.run(request).await;
        let _held = held;
        match &shared.audit {
            Some(audit) => seen.written(audit, response).await,
            None => response,
        }
    };
    match kind {
        Record::Write | Record::SignIn | Record::SignOut => {
            unfinished.finishing(begun, answered).await
        }
        _ => answered.await,
    }
}

/// What is known of a request before it is answered.
struct Seen {
    kind: Record,
    begun: Begun,
    route: String,
    asked: About,
    from: Option<IpAddr>,
    has_token: bool,
    as_public: bool,
}

impl Seen {
    /// Writes what was done, and gives the answer back or, where it could not be written, another one.
    async fn written(self, audit: &Audit, response: Response) -> Response {
        let caller = response.extensions().get::<Caller>();
        let status = response.status();
        let is_of_others = response.extensions().get::<OfOthers>().is_some();
        let did = if is_of_others {
            Some(Did::RefusedRight)
        } else {
            self.did(&response, caller)
        };
        let Some(did) = did else {
            return response;
        };
        let recorded = response.extensions().get::<Recorded>();
        let unknown = response.extensions().get::<Unknown>();
        let (who, by) = match (caller, unknown) {
            (Some(caller), _) => (caller.name.clone(), by(caller)),
            (None, Some(Unknown(subject))) => (format!("person:{subject}"), By::Nobody),
            (None, None) => (String::new(), By::Nobody),
        };
        let entry = Entry {
            did,
            who,
            by,
            from: self.from,
            route: self.route,
            status: Some(status.as_u16()),
            about: recorded.map_or(self.asked, |recorded| recorded.0.clone()),
        };
        match audit.record(entry).await {
            Ok(()) => response,
            // A refusal shows nobody anything.
            Err(_) if matches!(did, Did::RefusedRight | Did::RefusedSignIn | Did::SignOut) => {
                response
            }
            Err(_) if did == Did::Write => {
                not_written("It may have been recorded: send it again with the same key")
                    .into_response()
            }
            Err(_) => not_written("So nothing is shown").into_response(),
        }
    }

    fn did(&self, response: &Response, caller: Option<&Caller>) -> Option<Did> {
        let (kind, has_token, as_public) = (self.kind, self.has_token, self.as_public);
        let status = response.status();
        match status {
            // Who says nothing of themselves is asked; who says something wrong is refused.
            StatusCode::UNAUTHORIZED => return has_token.then_some(Did::RefusedSignIn),
            StatusCode::FORBIDDEN if kind == Record::SignIn => return Some(Did::RefusedSignIn),
            StatusCode::FORBIDDEN => return Some(Did::RefusedRight),
            _ => {}
        }
        let is_answered = status.is_success() || status.is_redirection();
        let sees_small = |audience: fn(&Caller) -> bool| caller.is_some_and(audience);
        let is = match kind {
            Record::Refusals => return None,
            // A form that was sent and changed nothing.
            Record::Write if is_answered && recorded_nothing(response) => return None,
            // What failed on our side may have been recorded all the same, unless the door refused it before.
            Record::Write if is_answered || status.is_server_error() && self.begun.is_begun() => {
                return Some(Did::Write);
            }
            // A form that comes back with what is wrong shows what its page shows.
            Record::Write => {
                matches!(
                    status,
                    StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY
                ) && is_page(response)
                    && !as_public
                    && sees_small(|c| c.has(Role::Operator))
            }
            Record::People => is_answered,
            Record::Numbers => is_answered && !as_public && sees_small(|c| c.has(Role::Operator)),
            Record::AllNumbers => {
                is_answered
                    && !as_public
                    && sees_small(|c| c.audience_everywhere() == Audience::Operations)
            }
            Record::SignIn if is_answered => return Some(Did::SignIn),
            Record::SignIn => return Some(Did::RefusedSignIn),
            Record::SignOut => return (is_answered && caller.is_some()).then_some(Did::SignOut),
        };
        is.then_some(Did::Read)
    }
}

fn not_written(what: &str) -> Problem {
    Problem::unavailable(format!(
        "The audit log cannot be written, which whoever runs this server has to mend. {what}"
    ))
}

fn by(caller: &Caller) -> By {
    match caller.kind {
        Kind::Person => By::Person,
        Kind::Token => By::Token,
        Kind::Local => By::Local,
    }
}

/// Whether the handler says that it recorded nothing. Where it says nothing, it may have recorded something.
fn recorded_nothing(response: &Response) -> bool {
    let recorded = response.extensions().get::<Recorded>();
    recorded.is_some_and(|Recorded(about)| about.events.is_empty())
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// What an address asks about, as far as the register and the catalogue know it: nothing else of it is written.
fn asked(app: &App, pairs: &[(String, String)], parts: Option<RawPathParams>) -> About {
    let definitions = &app.definitions;
    let parts: Vec<(String, String)> = parts
        .iter()
        .flatten()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let get = |from: &[(String, String)], name: &str| {
        let mut pairs = from.iter();
        pairs
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.clone())
    };
    let area = get(pairs, "area").filter(|area| definitions.areas.get(area).is_some());
    let measure = get(&parts, "measure")
        .or_else(|| get(&parts, "id"))
        .or_else(|| get(pairs, "measure"))
        // A picture's or a table's address is the measure's with an ending.
        .map(|id| id.split('.').next().unwrap_or_default().to_owned())
        .filter(|id| definitions.measures.iter().any(|m| m.id.as_str() == id));
    let entity = get(&parts, "family").zip(get(&parts, "id"));
    let position = get(&parts, "position").and_then(|position| position.parse().ok());
    About {
        area,
        measure,
        entity_digest: entity.map(|(family, id)| entity_digest(&family, &id)),
        events: About::events_at(position),
        ..About::default()
    }
}

fn entity_digest(family: &str, id: &str) -> String {
    short_digest(&format!("{family}/{id}"))
}

/// Stands for a text that is not written down, in sixteen hexadecimal digits.
#[must_use]
pub fn short_digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A write, whose handler was asked or not.
    fn seen(is_begun: bool) -> Seen {
        let begun = Begun::default();
        if is_begun {
            begun.begin();
        }
        Seen {
            kind: Record::Write,
            begun,
            route: "POST /answer/{link}".to_owned(),
            asked: About::default(),
            from: None,
            has_token: true,
            as_public: false,
        }
    }

    #[test]
    fn what_the_door_could_not_take_is_no_write() {
        let busy = Problem::unavailable("busy").into_response();
        assert_eq!(seen(false).did(&busy, None), None);
        assert_eq!(seen(true).did(&busy, None), Some(Did::Write));
    }

    #[test]
    fn a_form_that_changed_nothing_recorded_nothing() {
        let did = |positions: &[u64]| {
            let area = AreaId::new("north").unwrap();
            let answer = StatusCode::SEE_OTHER.into_response();
            let answer = recorded_of(answer, &area, "sheet", positions.iter().copied());
            seen(true).did(&answer, None)
        };
        assert_eq!((did(&[]), did(&[7])), (None, Some(Did::Write)));
    }

    #[test]
    fn a_form_that_comes_back_is_a_reading_of_who_sees_small_numbers() {
        let answer = |status: StatusCode, kind: &'static str| {
            (status, [(header::CONTENT_TYPE, kind)]).into_response()
        };
        let page = answer(StatusCode::UNPROCESSABLE_ENTITY, "text/html; charset=utf-8");
        let document = answer(StatusCode::UNPROCESSABLE_ENTITY, "application/problem+json");
        let who = |role| Caller::new("ward".to_owned(), [role].into());
        let of = |answer: &Response, role| seen(true).did(answer, Some(&who(role)));
        assert_eq!(of(&page, Role::Operator), Some(Did::Read));
        assert_eq!(of(&page, Role::Assessor), None);
        assert_eq!(of(&document, Role::Operator), None);
    }
}
