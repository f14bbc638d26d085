//! Add data: a table from a spreadsheet becomes facts in two steps, without a command and without a mapping written by hand.
//! The file is held in memory between the steps; what it holds passes the same door as everything else.

mod choice;
mod first;
mod held;
mod prepared;
mod second;
mod taken;
mod undo;
mod untitled;

use super::layout::{self, Tab};
use super::record::must_be_own;
use super::visit::Visit;
use crate::door::audit::Recorded;
use crate::door::fields::fields;
use crate::door::limits::{MAX_FILE, MAX_FILE_FORM};
use crate::door::problem::Problem;
use crate::door::{Shared, body};
use axum::body::Bytes;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::{DefaultBodyLimit, Multipart, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use choice::Fields;
use held::Held;
use joinedup_application::app::App;
use joinedup_application::audit::About;
use joinedup_application::config::Role;
use joinedup_application::tables::{TableFile, Tables};
use maud::{Markup, html};
use prepared::{Prepared, prepare};
use std::time::Instant;

/// The address of the first step.
const PATH: &str = "/data/add";
/// The longest name of a file that is kept.
const MAX_NAME: usize = 80;

/// Whether the reader may add data in this process.
#[must_use]
pub fn may_add(visit: &Visit) -> bool {
    let has_parts = visit.app.publisher.is_some() && visit.app.tables.is_some();
    visit.caller.has(Role::Publisher) && has_parts
}

/// The routes. The role is asked before a body is read.
pub fn routes(shared: &Shared) -> Router<Shared> {
    let file = Router::new()
        .route(PATH, post(bring))
        .layer(DefaultBodyLimit::max(MAX_FILE_FORM))
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            body::with_file,
        ));
    let others = Router::new()
        .route(PATH, get(begin))
        .route("/data/add/{id}", get(look).post(take))
        .route("/data/add/{id}/mapping.toml", get(mapping))
        .layer(middleware::from_fn_with_state(shared.clone(), body::whole));
    file.merge(others)
        .layer(Extension(Held::default()))
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            before_the_body,
        ))
}

/// Refuses in processes that do not publish. Who may add data is asked before, by the list of routes.
async fn before_the_body(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if app.publisher.is_none() {
        return Err(Problem::not_found(
            "This process does not publish; ask the one that does",
        ));
    }
    Ok(next.run(request).await)
}

fn reader(app: &App) -> Result<&dyn Tables, Problem> {
    app.tables
        .as_deref()
        .ok_or_else(|| Problem::not_found("This process takes no files"))
}

/// A page of these steps.
fn page(visit: &Visit, title: &str, body: &Markup) -> Markup {
    layout::page(visit, Tab::Data, title, &html! {}, body)
}

/// `GET /data/add`.
async fn begin(visit: Visit) -> Result<Response, Problem> {
    let show = |visit: &Visit| Ok(first::page(visit, None, ""));
    visit.render(show).await
}

/// `POST /data/add`: a file, or pasted text.
async fn bring(
    Extension(held): Extension<Held>,
    visit: Visit,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    must_be_own(&headers)?;
    let form = form.map_err(|_| {
        Problem::bad_request("The form was not sent as a form with a file: open the page again")
    })?;
    let Brought {
        field,
        file,
        pasted,
    } = read(form).await?;
    let refused = |visit: Visit, why: String| async {
        let show = move |visit: &Visit| Ok(first::page(visit, Some((field, &why)), &pasted));
        let page = visit.render(show).await?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    };
    let Some(file) = file else {
        let why = "Choose a file, or paste a table";
        return refused(visit, why.to_owned()).await;
    };
    if file.bytes.len() > MAX_FILE {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Too large",
            "A file has 4 MiB at most: split it, or use `joinedup import`",
        ));
    }
    let _turn = held.turn().await?;
    let (app, looked_at) = (visit.app.clone(), file.clone());
    let looked = tokio::task::spawn_blocking(move || {
        let looked = reader(&app)?.look(&looked_at, &app.definitions);
        Ok::<_, Problem>(looked.map(|_| ()))
    });
    let looked = looked
        .await
        .map_err(|_| Problem::unavailable("The file could not be read"))??;
    if let Err(error) = looked {
        return refused(visit, error.to_string()).await;
    }
    let id = held.put(&visit.caller, file, Instant::now())?;
    let next = visit.address.elsewhere(format!("{PATH}/{id}"));
    Ok(Redirect::to(&next.to_string()).into_response())
}

/// What came with the form.
struct Brought {
    /// The field that the table is from.
    field: &'static str,
    /// The file, or else the pasted text as one; none when both are empty.
    file: Option<TableFile>,
    /// What was pasted, as it was: a form that comes back still has it.
    pasted: String,
}

/// Reads the form.
async fn read(mut form: Multipart) -> Result<Brought, Problem> {
    let broken = |_: MultipartError| {
        Problem::bad_request("The form cannot be read to its end: send it again")
    };
    let (mut file, mut pasted) = (None, None);
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(broken)?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match name.as_str() {
            "file" => {
                let base = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
                let name: String = base.chars().take(MAX_NAME).collect();
                file = Some(TableFile::new(name, bytes));
            }
            "text" => pasted = Some(bytes),
            _ => {}
        }
    }
    let text = pasted.as_deref().unwrap_or_default();
    let text = String::from_utf8_lossy(text).into_owned();
    let as_file = |bytes| TableFile::new("pasted.csv", untitled::with_titles(bytes));
    Ok(Brought {
        field: if file.is_none() && pasted.is_some() {
            "text"
        } else {
            "file"
        },
        file: file.or(pasted.map(as_file)),
        pasted: text,
    })
}

/// `GET /data/add/{id}`: what the columns mean, and what comes of it.
async fn look(
    Extension(held): Extension<Held>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let file = held.get(&visit.caller, &id, Instant::now())?;
    let added = held.added(&visit.caller, &id).map(|added| added.at);
    let _turn = held.turn().await?;
    let show = move |visit: &Visit| {
        let pairs = visit.address.pairs().to_vec();
        let prepared = prepare(visit, &file, &id, &Fields(&pairs))?;
        Ok(second::page(visit, &id, &file.name, &prepared, added))
    };
    visit.render(show).await
}

/// `POST /data/add/{id}`: publishes it.
async fn take(
    State(app): State<App>,
    Extension(held): Extension<Held>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    must_be_own(&headers)?;
    let file = held.get(&visit.caller, &id, Instant::now())?;
    let pairs = fields(&body);
    if Fields(&pairs).get("do") == Some(undo::UNDO) {
        return take_back(&held, visit, id).await;
    }
    let turn = held.turn().await?;
    let asked = visit.clone();
    let (key, content) = (id.clone(), file.clone());
    let prepared =
        tokio::task::spawn_blocking(move || prepare(&asked, &content, &key, &Fields(&pairs)));
    let prepared = prepared
        .await
        .map_err(|_| Problem::unavailable("The file could not be read"))??;
    drop(turn);
    if !prepared.is_seen || prepared.table.facts.is_empty() {
        let show = move |visit: &Visit| Ok(second::page(visit, &id, &file.name, &prepared, None));
        let page = visit.render(show).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let counts = taken::publish(&app, &visit.caller, &prepared).await?;
    let new = About::events_at(counts.new.iter().copied());
    held.was_added(&visit.caller, &id, app.now(), new);
    let events = About::events_at(counts.positions.iter().copied());
    let show = move |visit: &Visit| Ok(taken::page(visit, &id, &prepared, &counts));
    let mut page = visit.render(show).await?;
    let about = About {
        events,
        ..About::default()
    };
    page.extensions_mut().insert(Recorded(about));
    Ok(page)
}

/// Takes back what was added of a file.
async fn take_back(held: &Held, visit: Visit, id: String) -> Result<Response, Problem> {
    let added = held.added(&visit.caller, &id).ok_or_else(|| {
        Problem::bad_request("Nothing of this file was added, or it was taken back already")
    })?;
    let positions = undo::take_back(&visit, &added).await?;
    held.was_taken_back(&visit.caller, &id);
    let about = About {
        events: About::events_at(positions.iter().copied()),
        ..About::default()
    };
    let show = move |visit: &Visit| Ok(undo::page(visit, &id, positions.len()));
    let mut page = visit.render(show).await?;
    page.extensions_mut().insert(Recorded(about));
    Ok(page)
}

/// `GET /data/add/{id}/mapping.toml`: the mapping, for the next file of this kind.
async fn mapping(
    Extension(held): Extension<Held>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let file = held.get(&visit.caller, &id, Instant::now())?;
    let _turn = held.turn().await?;
    let made = tokio::task::spawn_blocking(move || {
        let pairs = visit.address.pairs().to_vec();
        prepare(&visit, &file, &id, &Fields(&pairs))
    });
    let Prepared {
        made,
        choice,
        faults,
        is_seen,
        ..
    } = made
        .await
        .map_err(|_| Problem::unavailable("The mapping could not be made"))??;
    let made = made.filter(|_| is_seen).ok_or_else(|| {
        let known = match is_seen {
            true => "This file is read by a mapping that joinedup has already",
            false => "You chose another sheet, or another column that says what is counted: check the columns first",
        };
        Problem::bad_request(faults.first().unwrap_or(known))
    })?;
    let name = format!("attachment; filename=\"{}.toml\"", choice.name);
    let mut response = made.toml.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/toml; charset=utf-8"),
    );
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
