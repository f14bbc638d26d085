//! Forms that record something: each becomes a command, is durable when the answer comes, and is in the views when the
//! reader is back on the page. A form carries the version that it was made from, so that nobody overwrites unseen what
//! somebody else recorded meanwhile, and a key, so that sending it twice records it once.

use super::address::{Address, DONE};
use super::conflict;
use super::filling::{Faults, Filling};
use super::visit::Visit;
use super::words;
use crate::door::audit;
use crate::door::auth::Caller;
use crate::door::fields::fields;
use crate::door::origin::is_own;
use crate::door::problem::Problem;
use crate::door::scope::misplaced;
use crate::door::sign_in::is_path;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use joinedup_application::admission;
use joinedup_application::app::App;
use joinedup_application::execute::{ExecuteError, Receipt, Write, WriteKey, execute, until_seen};
use joinedup_application::restated::{self, By};
use joinedup_events::{AreaId, Arrival, Event, Refusals, Submitted, local};
use joinedup_log::Appended;
use joinedup_views::decide::Command;
use maud::{Markup, html};
use std::time::Duration;

/// The CloudEvents source of what is recorded on pages.
pub(super) const SOURCE: &str = "joinedup/pages";

/// Events in one append.
const BATCH: usize = 500;

/// Publishes the events of a form, and waits a little until the views have them. What was sent before is known, but for a
/// number that is put back to what it was, or was taken back.
///
/// # Errors
/// 404 in a process that does not publish, 503 when the log does not take them or the views do not have what it took before: what was taken stays, and the same form may be
/// sent again.
pub(super) async fn publish(
    app: &App,
    events: &[Event],
    within: Duration,
) -> Result<Vec<Appended>, Problem> {
    let publisher = app
        .publisher
        .as_ref()
        .ok_or_else(|| Problem::not_found("This process does not publish"))?;
    let mut all = Vec::with_capacity(events.len());
    let mut events = events.to_vec();
    let known = restated::rename(app, &mut events, By::Person, within).await;
    known.map_err(|error| Problem::unavailable(format!("{error}; send it again")))?;
    for batch in events.chunks(BATCH) {
        all.extend(publisher.publish(batch, None).await?);
    }
    if let (Some(views), Some(last)) = (&app.views, all.iter().map(|a| a.position).max()) {
        until_seen(views, last, within).await;
    }
    Ok(all)
}

/// An event that a page has written, as the door lets it in, signed by the caller; or what is wrong with it.
///
/// # Errors
/// 403 where it is not the caller's to record.
pub(super) fn let_in(visit: &Visit, written: &Event) -> Result<Result<Event, Refusals>, Problem> {
    let submitted = Submitted::read(written.to_json().to_string().as_bytes());
    let let_in = submitted.and_then(|submitted| {
        admission::admit(&visit.app.definitions, submitted, Arrival::at(visit.now))
    });
    let mut event = match let_in {
        Ok(event) => event,
        Err(refusals) => return Ok(Err(refusals)),
    };
    let not_theirs = misplaced(&visit.caller, &visit.app, &event);
    if !not_theirs.is_empty() {
        return Err(Problem::forbidden_fields(not_theirs));
    }
    visit.caller.sign(&mut event);
    Ok(Ok(event))
}

/// When something happened of which only the day is known: at noon, and today at its first moment, for noon may not have come
/// yet.
pub(super) fn instant_of(visit: &Visit, day: NaiveDate) -> DateTime<Utc> {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    local::at(day, noon).min(local::midnight(visit.today()))
}

/// The fields of a form that was sent from one of our own pages.
#[derive(Clone, Debug)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// A form with these fields.
    #[must_use]
    pub fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// Reads a form.
    ///
    /// # Errors
    /// 403 for a form of another site.
    pub fn read(headers: &HeaderMap, body: &Bytes) -> Result<Self, Problem> {
        must_be_own(headers)?;
        Ok(Self(fields(body)))
    }

    /// A field, without spaces around it; none when it is empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.trim())
            .filter(|v| !v.is_empty())
    }

    /// A field that has to be there.
    ///
    /// # Errors
    /// 400 with the field's name in words.
    pub fn must(&self, name: &str, words: &str) -> Result<&str, Problem> {
        self.get(name)
            .ok_or_else(|| Problem::bad_request(format!("{words} is needed")))
    }

    /// A field read as what it stands for; none when it is empty.
    ///
    /// # Errors
    /// 400 with the rule that it breaks.
    pub fn parsed<T: std::str::FromStr>(
        &self,
        name: &str,
        rule: &str,
    ) -> Result<Option<T>, Problem> {
        let read = |text: &str| text.parse().map_err(|_| Problem::bad_request(rule));
        self.get(name).map(read).transpose()
    }

    /// The version that the form was made from.
    ///
    /// # Errors
    /// 400 when it is missing.
    pub fn version(&self) -> Result<u64, Problem> {
        let rule = "The form is not complete: open its page again";
        self.parsed("version", rule)?
            .ok_or_else(|| Problem::bad_request(rule))
    }

    /// The form's key.
    #[must_use]
    pub fn key(&self, caller: &Caller) -> WriteKey {
        WriteKey::of(&caller.name, self.get("key"))
    }

    /// All fields, as they came.
    #[must_use]
    pub fn fields(&self) -> &[(String, String)] {
        &self.0
    }

    /// What stands in the fields of a list, `name-0`, `name-1` and so on, each once; empty ones are left out.
    #[must_use]
    pub fn listed(&self, name: &str) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for (field, value) in &self.0 {
            let at = field.strip_prefix(name).and_then(|at| at.strip_prefix('-'));
            let is_of_list = at.is_some_and(|at| at.parse::<usize>().is_ok());
            if is_of_list && !value.is_empty() && !all.contains(value) {
                all.push(value.clone());
            }
        }
        all
    }

    /// Where the reader is sent back to: a path of ours, whatever the form says.
    #[must_use]
    pub fn back(&self) -> String {
        self.get("back")
            .filter(|b| is_path(b))
            .unwrap_or("/")
            .to_owned()
    }
}

/// Refuses what was not sent from one of our own pages.
///
/// # Errors
/// 403. A browser always says where a form comes from; what says nothing is refused as well.
pub fn must_be_own(headers: &HeaderMap) -> Result<(), Problem> {
    if is_own(headers) {
        return Ok(());
    }
    let detail =
        "This form was not sent from a page of this server. Open the page here and send it again";
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "The form came from elsewhere",
        detail,
    ))
}

/// What every form carries unseen: where to go back to, the place, the version that it was made from, and its key.
#[must_use]
pub fn hidden(back: &str, area: &AreaId, version: u64) -> Markup {
    html! {
        input type="hidden" name="back" value=(back);
        input type="hidden" name="area" value=(area);
        input type="hidden" name="version" value=(version);
        input type="hidden" name="key" value=(uuid::Uuid::now_v7());
    }
}

/// A form that was read, and the command that it stands for.
pub struct Filled {
    /// Its fields.
    pub form: Form,
    /// Which form of its page it is.
    pub name: String,
    /// The address that it was sent to.
    pub action: String,
    /// The command, or what is wrong with the fields.
    pub command: Result<Command, Faults>,
    /// The version that it was made from; none for what is made anew.
    pub version: Option<u64>,
}

/// What the page of a form is made of again.
pub trait FormPage: Send + 'static {
    /// What was saved, as the page that comes next is told so that it says it.
    fn done(&self, form: &Form) -> &'static str;
    /// Where the reader goes once it is recorded: back, unless the page knows better. Not to a part of it: the focus is
    /// on what was saved.
    fn then(&self, _app: &App, _receipt: &Receipt, form: &Form) -> Address {
        Address::read(&form.back())
    }
    /// What stands now, for whoever was second; nothing of what is made anew.
    ///
    /// # Errors
    /// When it cannot be shown.
    fn stands(&self, _visit: &Visit) -> Result<Markup, Problem> {
        Ok(html! {})
    }
    /// The page with the form as it was sent and what is wrong with it.
    ///
    /// # Errors
    /// When it cannot be shown.
    fn again(&self, visit: &Visit, filling: &Filling) -> Result<Markup, Problem>;
}

/// Records what a form asks for and sends the reader on. What is refused comes back with a message at the field; when
/// somebody else was first, the answer is a page with what stands now beside what was typed.
///
/// # Errors
/// Why it was not recorded, where no field is the reason.
pub async fn record(
    app: App,
    caller: Caller,
    filled: Filled,
    of: impl FormPage,
) -> Result<Response, Problem> {
    let back = Address::read(&filled.form.back());
    let faults = match &filled.command {
        Err(faults) => faults.clone(),
        Ok(command) => {
            caller.must_cover(&command.area)?;
            let write = Write {
                source: SOURCE,
                actor: caller.actor(),
                audience: caller.audience_of(command.area.as_str()),
                key: filled.form.key(&caller),
                command: command.clone(),
                version: filled.version,
            };
            match execute(&app, &write).await {
                Ok(receipt) => {
                    let to = of.then(&app, &receipt, &filled.form);
                    let to = to.with(DONE, of.done(&filled.form));
                    let answer = Redirect::to(&to.to_string()).into_response();
                    return Ok(audit::recorded(answer, command, receipt.position));
                }
                Err(ExecuteError::Conflict { version, .. }) => {
                    let page = move |visit: &Visit| {
                        let stands = of.stands(visit)?;
                        Ok(conflict::page(visit, &filled, version, &stands))
                    };
                    let page = Visit::at(app, caller, back)?.render(page).await?;
                    return Ok((StatusCode::CONFLICT, page).into_response());
                }
                Err(ExecuteError::Refused(refusal)) => refusal.into(),
                Err(ExecuteError::NotAdmitted(refusals)) => {
                    let mut faults = Faults::default();
                    for refusal in &refusals.0 {
                        faults.add(&refusal.pointer, &refusal.rule);
                    }
                    faults
                }
                Err(ExecuteError::SamePerson) => Faults::one("", words::SAME_PERSON),
                Err(other) => return Err(other.into()),
            }
        }
    };
    let filling = Filling {
        form: filled.name,
        typed: Some(filled.form),
        faults,
    };
    let visit = Visit::at(app, caller, back)?;
    let page = visit.render(move |visit| of.again(visit, &filling)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The address of the page that a form is on, for its `back` field.
#[must_use]
pub fn back_to(address: &Address, fragment: &str) -> String {
    format!("{address}#{fragment}")
}
