//! Who asks, and what they may do: roles, the areas that they are bound to, and the sources that they speak for. It makes
//! no difference behind this door whether a token or a session said so. Without configured tokens and sign-in everything is allowed, and the settings see to it that only loopback is listened on.

use super::Shared;
use super::audit::short_digest;
use super::fields::fields;
use super::problem::{FieldError, Problem};
use super::sign_in;
use super::tokens::Unrecognised;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_application::config::Role;
use joinedup_events::actor::is_actor;
use joinedup_events::{AreaId, Areas, Event};
use joinedup_views::suppression::Audience;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The areas that somebody is bound to.
#[derive(Debug, PartialEq, Eq)]
pub struct Bounds {
    /// As the settings name them, in their order; never empty.
    named: Vec<AreaId>,
    /// These and what lies within them.
    within: BTreeSet<AreaId>,
}

/// How it is known who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nobody is asked: anybody on this machine.
    Local,
    /// By a token.
    Token,
    /// By a session of somebody who signed in.
    Person,
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token's name, or the provider's own name of a person.
    pub name: String,
    /// How that is known.
    pub kind: Kind,
    shown: Option<Arc<str>>,
    roles: Option<BTreeSet<Role>>,
    bounds: Option<Arc<Bounds>>,
    sources: Arc<[String]>,
    may_restate: bool,
    /// The address says `audience=public`: whoever may see more asks for what everybody sees.
    as_public: bool,
}

impl Caller {
    /// Somebody with roles, everywhere and for every source.
    #[must_use]
    pub fn new(name: String, roles: BTreeSet<Role>) -> Self {
        Self {
            name,
            kind: Kind::Token,
            shown: None,
            roles: Some(roles),
            bounds: None,
            sources: Arc::default(),
            may_restate: false,
            as_public: false,
        }
    }

    /// Somebody who signed in: the provider's name of the person, and what pages show for it.
    #[must_use]
    pub fn person(subject: &str, shown: &str, roles: BTreeSet<Role>) -> Self {
        Self {
            kind: Kind::Person,
            shown: Some(shown.into()),
            // No token has such a name by accident, so that neither is answered what the other wrote.
            ..Self::new(format!("person:{subject}"), roles)
        }
    }

    /// Who this is, as events say it: a name that nobody is called by. None where nobody is asked.
    #[must_use]
    pub fn actor(&self) -> Option<String> {
        match self.kind {
            Kind::Local => None,
            _ if is_actor(&self.name) => Some(self.name.clone()),
            // Some providers name people by their address.
            _ => Some(format!("person:#{}", short_digest(&self.name))),
        }
    }

    /// Says in an event who recorded it. What an admin brings back from an archive says that already.
    pub fn sign(&self, event: &mut Event) {
        if event.actor.is_none() || !self.has(Role::Admin) {
            event.actor = self.actor();
        }
    }

    /// Moves the time at which an event says that it was recorded to a day ago, where it is longer ago: whoever can set it
    /// back changes what was known at any time, and what stands among facts that differ. Within the day a system's own order
    /// stands, and before it that of sending. An admin, who brings back archives, and a token that may restate are believed.
    /// Answers whether it was moved.
    #[must_use]
    pub fn stamp(&self, event: &mut Event, now: DateTime<Utc>) -> bool {
        let is_believed = self.may_restate || self.has(Role::Admin);
        let earliest = now - MAX_BACKDATED;
        if is_believed || event.recorded_at >= earliest {
            return false;
        }
        event.recorded_at = earliest;
        true
    }

    /// Whose share this takes of what is scarce; nobody's where anybody on this machine is let in.
    #[must_use]
    pub fn shares_as(&self) -> Option<&str> {
        (self.kind != Kind::Local).then_some(self.name.as_str())
    }

    /// What pages show of somebody who signed in.
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        self.shown.as_deref()
    }

    /// Anybody on this machine, where no tokens are configured.
    #[must_use]
    pub fn local() -> Self {
        Self {
            kind: Kind::Local,
            roles: None,
            ..Self::new("local".into(), BTreeSet::new())
        }
    }

    /// Bound to areas and what lies within them; to none in particular when none is named.
    #[must_use]
    pub fn within(mut self, named: Vec<AreaId>, register: &Areas) -> Self {
        if !named.is_empty() {
            let within = named.iter().flat_map(|area| register.within(area));
            let within = within.collect();
            self.bounds = Some(Arc::new(Bounds { named, within }));
        }
        self
    }

    /// Bound to sources, by the beginnings of their names; to none in particular when there are none.
    #[must_use]
    pub fn speaking_for(mut self, sources: Vec<String>) -> Self {
        self.sources = sources.into();
        self
    }

    /// Believed about when events were recorded, or not.
    #[must_use]
    pub fn restating(mut self, may_restate: bool) -> Self {
        self.may_restate = may_restate;
        self
    }

    /// Whether the caller has a role. An admin has all of them, who sees people or decides may read what that is
    /// about, and without tokens everybody has all.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        let implied: &[Role] = match role {
            Role::Reader => &[Role::Reader, Role::Operator, Role::Assessor, Role::Admin],
            Role::Publisher => &[Role::Publisher, Role::Admin],
            Role::Operator => &[Role::Operator, Role::Admin],
            Role::Assessor => &[Role::Assessor, Role::Admin],
            Role::Admin => &[Role::Admin],
        };
        self.roles
            .as_ref()
            .is_none_or(|roles| implied.iter().any(|role| roles.contains(role)))
    }

    /// Refuses a caller without a role.
    ///
    /// # Errors
    /// A problem of status 403.
    pub fn must(&self, role: Role) -> Result<(), Problem> {
        let word = match role {
            Role::Publisher => "publisher",
            Role::Reader => "reader",
            Role::Operator => "operator",
            Role::Assessor => "assessor",
            Role::Admin => "admin",
        };
        if self.has(role) {
            Ok(())
        } else {
            Err(Problem::forbidden(word))
        }
    }

    /// The areas whose people the caller may see; none: all.
    #[must_use]
    pub fn areas(&self) -> Option<&BTreeSet<AreaId>> {
        self.bounds.as_ref().map(|bounds| &bounds.within)
    }

    /// The first area that the caller is bound to.
    #[must_use]
    pub fn first_area(&self) -> Option<&AreaId> {
        self.bounds.as_ref().and_then(|bounds| bounds.named.first())
    }

    /// Whether an area is one of the caller's.
    #[must_use]
    pub fn covers(&self, area: &str) -> bool {
        self.areas()
            .is_none_or(|areas| AreaId::new(area).is_ok_and(|area| areas.contains(&area)))
    }

    /// Refuses to record something about an area that is not the caller's.
    ///
    /// # Errors
    /// A problem of status 403.
    pub fn must_cover(&self, area: &AreaId) -> Result<(), Problem> {
        if self.covers(area.as_str()) {
            return Ok(());
        }
        Err(Problem::forbidden_fields(vec![FieldError {
            index: None,
            pointer: "/area".to_owned(),
            detail: "must be one of the areas that you are bound to, or lie within one".to_owned(),
        }]))
    }

    /// Whether the caller may speak for a source: a prefix ends where a part of the source's name ends.
    #[must_use]
    pub fn speaks_for(&self, source: &str) -> bool {
        let begins = |prefix: &String| {
            source.strip_prefix(prefix.as_str()).is_some_and(|rest| {
                rest.is_empty() || prefix.ends_with(PART_ENDS) || rest.starts_with(PART_ENDS)
            })
        };
        self.sources.is_empty() || self.sources.iter().any(begins)
    }

    /// What the caller may see of some areas: operators see small numbers as they are, in the areas that they are
    /// bound to.
    pub fn audience_in<'a>(&self, mut areas: impl Iterator<Item = &'a str>) -> Audience {
        let sees_small = self.has(Role::Operator) && !self.as_public;
        if sees_small && areas.all(|area| self.covers(area)) {
            Audience::Operations
        } else {
            self.audience_elsewhere()
        }
    }

    /// What the caller may see of an area.
    #[must_use]
    pub fn audience_of(&self, area: &str) -> Audience {
        self.audience_in(std::iter::once(area))
    }

    /// What the caller may see of areas whose people are not theirs.
    fn audience_elsewhere(&self) -> Audience {
        match self.bounds {
            Some(_) => Audience::Neighbours,
            None => Audience::Public,
        }
    }

    /// Whether the caller is told that something moved when it does, and up to which position: who works with the numbers of
    /// now, of whatever areas. Everybody else could count by it who comes and goes.
    #[must_use]
    pub fn audience_of_movement(&self) -> Audience {
        match self.has(Role::Operator) && !self.as_public {
            true => Audience::Operations,
            false => Audience::Public,
        }
    }

    /// What the caller may see of all areas together.
    #[must_use]
    pub fn audience_everywhere(&self) -> Audience {
        if self.has(Role::Operator) && self.bounds.is_none() && !self.as_public {
            Audience::Operations
        } else {
            self.audience_elsewhere()
        }
    }
}

/// How long ago anybody may say that an event was recorded.
const MAX_BACKDATED: TimeDelta = TimeDelta::days(1);

/// What ends a part of a source's name.
const PART_ENDS: [char; 3] = ['/', ':', '#'];

/// The token of a request: of a machine, or as the password of a browser.
fn token(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    match given.split_once(' ')? {
        (scheme, token) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim().to_owned()),
        (scheme, pair) if scheme.eq_ignore_ascii_case("basic") => basic_password(pair.trim()),
        _ => None,
    }
}

fn basic_password(pair: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(pair)
        .ok()?;
    String::from_utf8(bytes)
        .ok()?
        .split_once(':')
        .map(|(_, password)| password.to_owned())
}

/// Finds out who asks, or refuses; somebody with a browser is sent to sign in. The answer says who it was, for those
/// that look at it later.
pub async fn identify(
    State(shared): State<Shared>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = match caller(&shared, &request) {
        Ok(caller) => Caller {
            // Here and not in each handler: what the audit log takes for public must be public at every address.
            as_public: asks_as_public(&fields(
                request.uri().query().unwrap_or_default().as_bytes(),
            )),
            ..caller
        },
        Err(problem) => {
            return match &shared.sign_in {
                Some(_) if problem.is_stranger() && opens_a_page(&request) => {
                    Ok(Redirect::to(&sign_in::address_from(request.uri())).into_response())
                }
                // A browser would ask for a user name and a password, which nobody has.
                Some(_) => Err(problem.without_password()),
                None => Err(problem),
            };
        }
    };
    request.extensions_mut().insert(caller.clone());
    let mut response = next.run(request).await;
    response.extensions_mut().insert(caller);
    Ok(response)
}

fn caller(shared: &Shared, request: &Request) -> Result<Caller, Problem> {
    if shared.app.config.is_open() {
        return Ok(Caller::local());
    }
    let headers = request.headers();
    // What scripts ask for by themselves keeps no session alive: only what a person does counts.
    let is_used =
        mode(headers).is_none_or(|mode| mode == "navigate") || !request.method().is_safe();
    named_by(shared, headers, is_used)
}

/// Whether somebody who was let in would be again: a token may have been replaced since, and a session may have ended.
#[must_use]
pub fn is_still(shared: &Shared, headers: &HeaderMap, caller: &Caller) -> bool {
    let now = || named_by(shared, headers, false);
    caller.kind == Kind::Local || now().is_ok_and(|now| now.name == caller.name)
}

/// Whom the headers of a request name.
///
/// # Errors
/// 401 when they name nobody.
pub fn named_by(shared: &Shared, headers: &HeaderMap, is_used: bool) -> Result<Caller, Problem> {
    if let Some(token) = token(headers) {
        return shared.tokens.holder(&token).map_err(|error| match error {
            Unrecognised::Stranger => Problem::unknown_token(),
            Unrecognised::Expired => Problem::expired(),
        });
    }
    shared
        .sign_in
        .as_ref()
        .and_then(|sign_in| sign_in.caller(headers, is_used))
        .ok_or_else(Problem::stranger)
}

fn mode(headers: &HeaderMap) -> Option<&str> {
    headers.get("sec-fetch-mode")?.to_str().ok()
}

/// Whether a browser opens a page, and shows what is answered.
fn opens_a_page(request: &Request) -> bool {
    let headers = request.headers();
    let accepts = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    request.method() == Method::GET
        && accepts.is_some_and(|kinds| kinds.contains("text/html"))
        && mode(headers).is_none_or(|mode| mode == "navigate")
}

/// Whether somebody who may see more asks for what everybody sees, with `audience=public`.
#[must_use]
pub fn asks_as_public(parameters: &[(String, String)]) -> bool {
    parameters
        .iter()
        .any(|(name, value)| name == "audience" && value == "public")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(roles: &[Role]) -> Caller {
        Caller::new("ward".to_owned(), roles.iter().copied().collect())
    }

    #[test]
    fn a_browser_password_is_a_token_too() {
        assert_eq!(
            basic_password("d2FyZDpzZWNyZXQtdG9rZW4="),
            Some("secret-token".into())
        );
        assert_eq!(basic_password("!!"), None);
    }

    #[test]
    fn a_backlog_keeps_its_order_where_its_older_part_is_moved_to_a_day_ago() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let at = |caller: Caller, hours: i64| {
            let (_, example) = joinedup_events::example::all().remove(0);
            let mut event =
                joinedup_events::recorded::read(example.to_string().as_bytes()).unwrap();
            event.recorded_at = now - TimeDelta::hours(hours);
            (
                caller.stamp(&mut event, now),
                (now - event.recorded_at).num_hours(),
            )
        };
        let publisher = || caller(&[Role::Publisher]);
        assert_eq!(at(publisher(), 300), (true, 24));
        assert_eq!(
            at(publisher(), 27),
            (true, 24),
            "as old, so that the log's order decides"
        );
        assert_eq!(
            at(publisher(), 11),
            (false, 11),
            "and what came later stays later"
        );
        assert_eq!(at(publisher().restating(true), 300), (false, 300));
        assert_eq!(at(caller(&[Role::Admin]), 300), (false, 300));
    }

    #[test]
    fn who_works_on_something_may_read_it_and_nothing_more() {
        for (role, reads) in [
            (Role::Publisher, false),
            (Role::Operator, true),
            (Role::Assessor, true),
        ] {
            let caller = caller(&[role]);
            assert_eq!(caller.has(Role::Reader), reads, "{role:?}");
            assert!(caller.has(role) && !caller.has(Role::Admin));
        }
        assert!(!caller(&[Role::Reader]).has(Role::Operator));
    }

    #[test]
    fn exact_numbers_are_for_the_areas_of_the_token() {
        let register = Areas::built_in().unwrap();
        let north = vec![AreaId::new("havenshire-north").unwrap()];
        let bound = caller(&[Role::Operator]).within(north, &register);
        let sees = |areas: &[&str]| bound.audience_in(areas.iter().copied());
        assert_eq!(
            sees(&["havenshire-north", "hv-north-2"]),
            Audience::Operations
        );
        assert_eq!(
            sees(&["havenshire-north", "havenshire-west"]),
            Audience::Neighbours
        );
        assert_eq!(sees(&["havenshire"]), Audience::Neighbours);
        assert_eq!(bound.audience_everywhere(), Audience::Neighbours);
        let free = caller(&[Role::Operator]).within(Vec::new(), &register);
        assert_eq!(free.audience_everywhere(), Audience::Operations);
    }

    #[test]
    fn a_source_is_owned_by_whole_parts_of_its_name() {
        let feed =
            caller(&[Role::Publisher]).speaking_for(vec!["/county/east".into(), "urn:".into()]);
        for own in ["/county/east", "/county/east/mdt", "urn:pas"] {
            assert!(feed.speaks_for(own), "{own}");
        }
        for other in ["/county/eastern", "/county", "", "x/county/east"] {
            assert!(!feed.speaks_for(other), "{other}");
        }
    }
}
