//! `POST /api/v1/events`: CloudEvents in structured, binary and batch mode. An event is answered when it is durable.

use crate::door::audit::Recorded;
use crate::door::auth::Caller;
use crate::door::idempotency::{Keys, Replay};
use crate::door::limits::{MAX_BATCH, MAX_ERRORS};
use crate::door::problem::{FieldError, Problem};
use crate::door::scope;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use joinedup_application::admission;
use joinedup_application::app::App;
use joinedup_application::audit::About;
use joinedup_application::config::Role;
use joinedup_application::publisher::Publisher;
use joinedup_application::restated;
use joinedup_contract::answer::{Published, Warning};
use joinedup_events::mode::{self, ModeError};
use joinedup_events::{Arrival, Event, Family, Submitted};
use joinedup_log::Position;
use std::time::Duration;

/// How long the views may take to have what was stored before.
const SEEN_TIMEOUT: Duration = Duration::from_secs(1);

/// What can be known of the process before the body is read: whether it publishes.
///
/// # Errors
/// 404 where it does not.
pub async fn before_the_body(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    publisher(&app)?;
    Ok(next.run(request).await)
}

/// Publishes what a request holds: all of it or, when one event is refused, nothing.
pub async fn publish(
    State(app): State<App>,
    State(keys): State<Keys>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let replay = match keys.look(&headers, &caller.name, &body)? {
        Replay::Answered(answer) => return Ok(answer),
        Replay::New(replay) => replay,
    };
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    let texts = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let bodies = mode::read_request(content_type, texts, &body, MAX_BATCH)?;
    let bodies = bodies.iter().map(AsRef::as_ref);
    let Admitted {
        events,
        indices,
        refused,
        errors,
        recorded_later,
    } = admit(&app, &caller, bodies, is_lenient(&headers))?;
    let condition = condition(&headers, &events)?;
    // Before they are stored, since the view then has them at any moment, and nothing is new about them.
    let (events, superseded, (contradicting, warnings)) = known(&app, events, &indices).await?;
    let appended = append(&app, &events, condition).await?;
    let answer = Published {
        refused,
        errors,
        recorded_later,
        superseded,
        contradicting,
        warnings,
        ..appended
    };
    let mut response = (StatusCode::ACCEPTED, Json(&answer)).into_response();
    let events = About::events_at(answer.positions.iter().copied());
    response.extensions_mut().insert(Recorded(About {
        events,
        ..About::default()
    }));
    keys.remember(replay, StatusCode::ACCEPTED, &answer);
    Ok(response)
}

impl From<ModeError> for Problem {
    fn from(error: ModeError) -> Self {
        let status = match error {
            ModeError::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ModeError::TooMany(_) => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, "Not a CloudEvents request", error.to_string())
    }
}

/// Up to when a source has reported it says itself.
const SOURCE_REPORTED: &str = "care.joinedup.change.source-reported";

/// Publishing observations, transfers, referrals and responses is a service's work; ratings and changes are a person's.
fn role_for(family: Family, submitted: &Submitted) -> Role {
    match family {
        Family::Change if submitted.is_of(SOURCE_REPORTED) => Role::Publisher,
        Family::Assessment | Family::Change => Role::Assessor,
        _ => Role::Publisher,
    }
}

/// Whether the good events of a batch are to be taken where others are refused (`Prefer: handling=lenient`, RFC 7240).
fn is_lenient(headers: &HeaderMap) -> bool {
    let preferred = headers.get_all("prefer").iter();
    let texts = preferred.filter_map(|value| value.to_str().ok());
    let mut preferences = texts.flat_map(|text| text.split([',', ';']));
    preferences.any(|one| one.trim().eq_ignore_ascii_case("handling=lenient"))
}

/// What a request holds, checked.
struct Admitted {
    events: Vec<Event>,
    /// Which of the request's each of them is, from 0.
    indices: Vec<usize>,
    refused: u64,
    errors: Vec<FieldError>,
    /// How many count as recorded a day ago, although they say earlier.
    recorded_later: u64,
}

/// Checks every event: all of them are let in or none, unless the others are to be left out. Of what is wrong with them,
/// as much is listed as a person reads.
fn admit<'a>(
    app: &App,
    caller: &Caller,
    bodies: impl Iterator<Item = &'a [u8]>,
    is_lenient: bool,
) -> Result<Admitted, Problem> {
    let arrival = Arrival::at(app.now());
    let (mut events, mut indices) = (Vec::new(), Vec::new());
    let mut errors = Vec::new();
    let (mut count, mut refused, mut all, mut recorded_later) = (0, 0, 0, 0);
    for (index, bytes) in bodies.enumerate() {
        all = index + 1;
        let read = Submitted::read(bytes);
        if let Ok(submitted) = &read
            && let Some(family) = submitted.family()
        {
            caller.must(role_for(family, submitted))?;
        }
        let admitted =
            read.and_then(|submitted| admission::admit(&app.definitions, submitted, arrival));
        match admitted {
            Ok(mut event) => {
                caller.sign(&mut event);
                let not_theirs = scope::misplaced(caller, app, &event);
                if !not_theirs.is_empty() {
                    let at = |error| FieldError {
                        index: Some(index),
                        ..error
                    };
                    let errors = not_theirs.into_iter().map(at).collect();
                    return Err(Problem::forbidden_fields(errors));
                }
                recorded_later += u64::from(caller.stamp(&mut event, arrival.now));
                events.push(event);
                indices.push(index);
            }
            Err(refusals) => {
                refused += 1;
                count += refusals.0.len();
                let room = MAX_ERRORS - errors.len();
                errors.extend(refusals.0.into_iter().take(room).map(|r| FieldError {
                    index: Some(index),
                    pointer: r.pointer,
                    detail: r.rule,
                }));
            }
        }
    }
    if let Some(publisher) = &app.publisher {
        publisher.count_refused(refused);
    }
    if refused == 0 || (is_lenient && !events.is_empty()) {
        return Ok(Admitted {
            events,
            indices,
            refused,
            errors,
            recorded_later,
        });
    }
    if all == 1 {
        errors.iter_mut().for_each(|error| error.index = None);
    }
    Err(Problem::refused_among(errors, count))
}

fn publisher(app: &App) -> Result<&Publisher, Problem> {
    app.publisher
        .as_ref()
        .ok_or_else(|| Problem::not_found("This process does not publish; ask the one that does"))
}

/// Appends events and answers where they stand.
pub async fn append(
    app: &App,
    events: &[Event],
    condition: Option<Position>,
) -> Result<Published, Problem> {
    let appended = publisher(app)?.publish(events, condition).await?;
    let counted = |duplicate| {
        let of_kind = appended.iter().filter(|a| a.duplicate == duplicate);
        of_kind.fold(0, |n, _| n + 1)
    };
    Ok(Published {
        accepted: counted(false),
        duplicates: counted(true),
        positions: appended.iter().map(|a| a.position.0).collect(),
        ..Published::default()
    })
}

/// Events held against what is known: how many are of an amount that was restated since, how many contradict what stands, and
/// the first of those.
async fn known(
    app: &App,
    events: Vec<Event>,
    indices: &[usize],
) -> Result<(Vec<Event>, u64, (u64, Vec<Warning>)), Problem> {
    // Where they are behind for longer, only what is counted of them is.
    let _ = restated::until_known(app, &events, SEEN_TIMEOUT).await;
    let app = app.clone();
    let looking = tokio::task::spawn_blocking(move || {
        let superseded = restated::superseded(&app, &events);
        let found = app.contradicted_by(&events);
        (events, superseded, found)
    });
    let (events, superseded, found) = looking
        .await
        .map_err(|_| Problem::unavailable("The events could not be looked at; send them again"))?;
    let contradicting = found.len() as u64;
    let warnings = found.into_iter().filter_map(|(at, kind)| {
        Some(Warning {
            index: *indices.get(at)?,
            kind: kind.code().to_owned(),
            detail: kind.words().to_owned(),
        })
    });
    let warnings = warnings.take(MAX_ERRORS).collect();
    Ok((events, superseded, (contradicting, warnings)))
}

/// `If-Match: "<version>"`: the event is stored only if the last one on its subject stands there.
fn condition(headers: &HeaderMap, events: &[Event]) -> Result<Option<Position>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    if events.len() != 1 {
        return Err(Problem::bad_request(
            "`If-Match` goes with a single event, not with a batch",
        ));
    }
    let text = value.to_str().unwrap_or_default().trim().trim_matches('"');
    text.parse().map(|n| Some(Position(n))).map_err(|_| {
        Problem::bad_request("`If-Match` must be the version that was read, a number in quotes")
    })
}
