//! Every address of this server: which role it needs and what the audit log holds of it. The door looks here before a
//! handler is asked, and what is not here is not answered; a test tries each for every role.

use super::auth::Caller;
use super::problem::Problem;
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use joinedup_application::config::Role;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Everybody, also without a token or a session.
    Nothing,
    /// Everybody who is known.
    Known,
    /// Who has one of these roles.
    Any(&'static [Role]),
}

/// What the audit log holds of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// Nothing, unless it is refused.
    Refusals,
    /// That something was recorded.
    Write,
    /// That rows of people were read.
    People,
    /// That numbers of some areas were read, where the reader sees them however small.
    Numbers,
    /// The same of numbers of all areas together.
    AllNumbers,
    /// That somebody signed in.
    SignIn,
    /// That somebody signed out.
    SignOut,
}

/// One address.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method; who may `GET` may ask for the `HEAD` too.
    pub method: &'static str,
    /// The path, with its parts in braces.
    pub path: &'static str,
    /// Who may ask.
    pub need: Need,
    /// What is held of it.
    pub record: Record,
}

const READER: Need = Need::Any(&[Role::Reader]);
const OPERATOR: Need = Need::Any(&[Role::Operator]);
const ASSESSOR: Need = Need::Any(&[Role::Assessor]);
const ADMIN: Need = Need::Any(&[Role::Admin]);
const PUBLISHER: Need = Need::Any(&[Role::Publisher]);
const SENDER: Need = Need::Any(&[Role::Publisher, Role::Assessor]);

const fn route(method: &'static str, path: &'static str, need: Need, record: Record) -> Route {
    Route {
        method,
        path,
        need,
        record,
    }
}

/// All of them.
pub const ROUTES: &[Route] = &[
    route("GET", "/livez", Need::Nothing, Record::Refusals),
    route("GET", "/readyz", Need::Nothing, Record::Refusals),
    route("GET", "/sign-in", Need::Nothing, Record::Refusals),
    route("GET", "/sign-in/return", Need::Nothing, Record::SignIn),
    route("POST", "/sign-out", Need::Nothing, Record::SignOut),
    route("GET", "/signed-out", Need::Nothing, Record::Refusals),
    route("GET", "/", READER, Record::Numbers),
    route("GET", "/measures", READER, Record::Refusals),
    route("GET", "/measures/{id}", READER, Record::Numbers),
    route("GET", "/measures/{id}/slide.svg", READER, Record::Numbers),
    route("GET", "/measures/{id}/slide.png", READER, Record::Numbers),
    route("GET", "/measures/{id}/records", OPERATOR, Record::People),
    route("POST", "/measures/{id}/{what}", ASSESSOR, Record::Write),
    route("GET", "/changes", READER, Record::Numbers),
    route("POST", "/changes", ASSESSOR, Record::Write),
    route("GET", "/changes/{*id}", READER, Record::Numbers),
    route("POST", "/changes/{*id}", ASSESSOR, Record::Write),
    route("GET", "/board", OPERATOR, Record::People),
    route("GET", "/leaders", READER, Record::Numbers),
    route("GET", "/scorecards", READER, Record::Numbers),
    route("GET", "/scorecards/{id}", READER, Record::Numbers),
    route("GET", "/pack", READER, Record::Numbers),
    route("GET", "/plan", READER, Record::Numbers),
    route("POST", "/plan", ASSESSOR, Record::Write),
    route("GET", "/plan/{id}", READER, Record::Numbers),
    route("POST", "/plan/{id}", ASSESSOR, Record::Write),
    route("GET", "/findings", READER, Record::Refusals),
    route("POST", "/findings", ASSESSOR, Record::Write),
    route("POST", "/findings/table", ASSESSOR, Record::Write),
    route("GET", "/lenses", READER, Record::Numbers),
    route("GET", "/lenses/{id}", READER, Record::Numbers),
    route("GET", "/model", READER, Record::Numbers),
    route("GET", "/frameworks", READER, Record::Refusals),
    route("GET", "/frameworks/{id}/sheet", READER, Record::Refusals),
    route("POST", "/frameworks/{id}/sheet", ASSESSOR, Record::Write),
    route(
        "GET",
        "/frameworks/{id}/answers",
        PUBLISHER,
        Record::Numbers,
    ),
    route("POST", "/frameworks/{id}/answers", PUBLISHER, Record::Write),
    route(
        "POST",
        "/frameworks/{id}/answers/table",
        PUBLISHER,
        Record::Write,
    ),
    route(
        "GET",
        "/frameworks/{id}/checklist",
        READER,
        Record::Refusals,
    ),
    route(
        "POST",
        "/frameworks/{id}/checklist",
        ASSESSOR,
        Record::Write,
    ),
    route(
        "POST",
        "/frameworks/{id}/answers/links",
        PUBLISHER,
        Record::Write,
    ),
    route(
        "POST",
        "/frameworks/{id}/answers/links/stop",
        PUBLISHER,
        Record::Write,
    ),
    route("GET", "/answer/{link}", Need::Nothing, Record::Refusals),
    route("POST", "/answer/{link}", Need::Nothing, Record::Write),
    route("GET", "/frameworks/{id}/results", READER, Record::Refusals),
    route(
        "GET",
        "/frameworks/{id}/results.csv",
        READER,
        Record::Refusals,
    ),
    route("GET", "/sources", READER, Record::Numbers),
    route("GET", "/data/add", PUBLISHER, Record::Refusals),
    route("POST", "/data/add", PUBLISHER, Record::Refusals),
    route("GET", "/data/add/{id}", PUBLISHER, Record::Refusals),
    route("POST", "/data/add/{id}", PUBLISHER, Record::Write),
    route(
        "GET",
        "/data/add/{id}/mapping.toml",
        PUBLISHER,
        Record::Refusals,
    ),
    route("GET", "/help", READER, Record::Refusals),
    route("GET", "/quarantine", ADMIN, Record::Refusals),
    route("GET", "/audit", ADMIN, Record::Refusals),
    route("POST", "/api/v1/events", SENDER, Record::Write),
    route("GET", "/api/v1/events/{position}", OPERATOR, Record::People),
    route(
        "GET",
        "/api/v1/entities/{family}/{*id}",
        OPERATOR,
        Record::People,
    ),
    route("GET", "/api/v1/feeds", OPERATOR, Record::Refusals),
    route("POST", "/api/v1/feeds/{name}", PUBLISHER, Record::Write),
    route("GET", "/api/v1/measures", READER, Record::Refusals),
    route("GET", "/api/v1/measures/{id}", READER, Record::Refusals),
    route("GET", "/api/v1/areas", READER, Record::Refusals),
    route("GET", "/api/v1/charts/{measure}", READER, Record::Numbers),
    route(
        "GET",
        "/api/v1/charts/{measure}/trace",
        OPERATOR,
        Record::People,
    ),
    route("GET", "/api/v1/outcomes", READER, Record::Numbers),
    route("GET", "/api/v1/priorities", READER, Record::Numbers),
    route("GET", "/api/v1/assessments", READER, Record::Refusals),
    route("POST", "/api/v1/assessments", ASSESSOR, Record::Write),
    route(
        "GET",
        "/api/v1/assessments/compare",
        READER,
        Record::Refusals,
    ),
    route("GET", "/api/v1/changes", READER, Record::Numbers),
    route("POST", "/api/v1/changes", ASSESSOR, Record::Write),
    route("GET", "/api/v1/plan", READER, Record::Numbers),
    route("POST", "/api/v1/plan", ASSESSOR, Record::Write),
    route("GET", "/api/v1/checklists", READER, Record::Refusals),
    route("GET", "/api/v1/findings", READER, Record::Refusals),
    route("GET", "/api/v1/lenses", READER, Record::Refusals),
    route("GET", "/api/v1/lenses/{id}", READER, Record::Numbers),
    route("GET", "/api/v1/frameworks", READER, Record::Refusals),
    route("GET", "/api/v1/frameworks/{id}", READER, Record::Refusals),
    route("GET", "/api/v1/scorecards", READER, Record::Refusals),
    route("GET", "/api/v1/scorecards/{id}", READER, Record::Numbers),
    route("GET", "/api/v1/funnel/{measure}", READER, Record::Numbers),
    route("GET", "/api/v1/waiting", OPERATOR, Record::People),
    route("GET", "/api/v1/contradictions", READER, Record::Numbers),
    route("GET", "/api/v1/quarantine", ADMIN, Record::Refusals),
    route("POST", "/api/v1/rebuild", ADMIN, Record::Write),
    route("GET", "/api/v1/export/cells", ADMIN, Record::AllNumbers),
    route(
        "GET",
        "/api/v1/export/cells.parquet",
        ADMIN,
        Record::AllNumbers,
    ),
    route("GET", "/api/v1/export/facts.parquet", ADMIN, Record::People),
    route("GET", "/api/v1/export/events", ADMIN, Record::People),
    route("GET", "/api/v1/audit", ADMIN, Record::Refusals),
    route("GET", "/api/v1/stream", Need::Known, Record::Refusals),
    route("GET", "/api/v1/openapi.json", Need::Known, Record::Refusals),
    route("GET", "/metrics", READER, Record::AllNumbers),
    route("GET", "/metrics/run-charts", READER, Record::AllNumbers),
    route(
        "GET",
        "/prometheus/api/v1/query",
        READER,
        Record::AllNumbers,
    ),
    route(
        "POST",
        "/prometheus/api/v1/query",
        READER,
        Record::AllNumbers,
    ),
    route(
        "GET",
        "/prometheus/api/v1/query_range",
        READER,
        Record::AllNumbers,
    ),
    route(
        "POST",
        "/prometheus/api/v1/query_range",
        READER,
        Record::AllNumbers,
    ),
    route(
        "GET",
        "/prometheus/api/v1/query_exemplars",
        READER,
        Record::Refusals,
    ),
    route(
        "POST",
        "/prometheus/api/v1/query_exemplars",
        READER,
        Record::Refusals,
    ),
    route("GET", "/prometheus/api/v1/labels", READER, Record::Refusals),
    route(
        "POST",
        "/prometheus/api/v1/labels",
        READER,
        Record::Refusals,
    ),
    route(
        "GET",
        "/prometheus/api/v1/label/{name}/values",
        READER,
        Record::Refusals,
    ),
    route(
        "GET",
        "/prometheus/api/v1/series",
        READER,
        Record::AllNumbers,
    ),
    route(
        "POST",
        "/prometheus/api/v1/series",
        READER,
        Record::AllNumbers,
    ),
    route(
        "GET",
        "/prometheus/api/v1/metadata",
        READER,
        Record::Refusals,
    ),
    route(
        "GET",
        "/prometheus/api/v1/status/buildinfo",
        READER,
        Record::Refusals,
    ),
    route(
        "GET",
        "/prometheus/api/v1/{*call}",
        READER,
        Record::Refusals,
    ),
];

/// The entry of a method and a path as the router knows it.
#[must_use]
pub fn find(method: &Method, path: &str) -> Option<&'static Route> {
    let method = match method {
        &Method::HEAD => "GET",
        other => other.as_str(),
    };
    let mut routes = ROUTES.iter();
    routes.find(|route| route.method == method && route.path == path)
}

/// The page that holds the form of an address that is only sent to: the address itself, cut off until the list has a page
/// for it. None for addresses that are not a form's.
#[must_use]
pub fn page_of_form(known: &str, path: &str) -> Option<String> {
    find(&Method::POST, known)?;
    let (mut known, mut path) = (known, path);
    while let (Some((above, _)), Some((cut, _))) = (known.rsplit_once('/'), path.rsplit_once('/')) {
        (known, path) = (above, cut);
        if find(&Method::GET, known).is_some() {
            return Some(path.to_owned());
        }
    }
    Some("/".to_owned())
}

/// The path of a request as the router knows it; none where it has none.
#[must_use]
pub fn path_of(request: &Request) -> Option<&str> {
    let matched = request.extensions().get::<MatchedPath>();
    matched.map(MatchedPath::as_str)
}

/// Refuses a method that is none of HTTP's, before anything is written down of it: it may be any word, and long. One
/// that an address does not have is answered by the router.
///
/// # Errors
/// A problem of status 405.
pub async fn known_method(request: Request, next: Next) -> Result<Response, Problem> {
    let is_known = matches!(
        request.method().as_str(),
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS"
    );
    if is_known {
        return Ok(next.run(request).await);
    }
    Err(Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "Not a method of this server",
        "Use GET, HEAD or POST",
    ))
}

/// Asks the list before a handler is asked.
///
/// # Errors
/// A problem of status 403, or 404 for an address that is not in the list.
pub async fn enforce(request: Request, next: Next) -> Result<Response, Problem> {
    let caller = request.extensions().get::<Caller>();
    allow(caller.ok_or_else(Problem::stranger)?, &request)?;
    Ok(next.run(request).await)
}

/// Refuses what a caller has no role for, and what nobody thought about.
fn allow(caller: &Caller, request: &Request) -> Result<(), Problem> {
    let Some(path) = path_of(request) else {
        // No handler: the answer is that there is nothing.
        return Ok(());
    };
    match find(request.method(), path).map(|route| route.need) {
        Some(Need::Nothing | Need::Known) => Ok(()),
        Some(Need::Any(roles)) => {
            if roles.iter().any(|role| caller.has(*role)) {
                return Ok(());
            }
            roles.first().map_or(Ok(()), |role| caller.must(*role))
        }
        // Another method of an address is answered by the router, which has none for it.
        None if ROUTES.iter().any(|route| route.path == path) => Ok(()),
        None => Err(Problem::not_found("There is nothing at this address")),
    }
}
