//! The checks at entry: what HTTP and imports ask of an event before it is appended to the log.
//!
//! The fold is tolerant, because the log may hold anything; the door is strict, because what has been let in stays.
//! A refusal names the field and the rule, never the value, and never a field name that is not one of ours:
//! a name or a number of a person can stand in a key as well as in a value.
//!
//! What these checks cannot see: a name without a title in front of it, and anything written in words. The free
//! text fields (`note`, `aim`, `title`, `learnt`, `reason`) are about areas and changes only, and people who write
//! them must keep to that.

mod attribute;
mod fact;
mod personal;
mod place;
mod shape;
mod strict;
mod text;

pub(crate) use attribute::is_json;
pub use personal::{is_nhs_number, mentions_nhs_number};
pub use text::FREE_TEXT_MOST;

use crate::area::Areas;
use crate::envelope::Envelope;
use crate::event::{self, DecodeError, Event};
use crate::keys;
use crate::upcast;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

/// Most bytes of one event in structured JSON.
pub const BYTES_MOST: usize = 64 * 1024;

/// Most levels of objects and lists within each other.
pub const DEPTH_MOST: usize = 8;

/// Most characters of `source`, `id` and every other context attribute.
pub const ATTRIBUTE_MOST: usize = 256;

/// How far a publisher's clock may be ahead of ours.
pub const CLOCK_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// How far ahead an expected, proposed, due or wanted date may be, in days (ten years).
pub const DATE_AHEAD_DAYS: i64 = 3653;

/// Ranges of single fields.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Highest level of any framework; the lowest is 0, of the logic model (`scie`) 1.
    pub level_most: u8,
    /// Highest score of any instrument; the lowest is 0.
    pub score_most: u8,
    /// Most invitations in one event; the least is 1.
    pub count_most: u32,
    /// Most entries of a list.
    pub list_most: usize,
}

/// The ranges in force.
pub const LIMITS: Limits = Limits {
    level_most: 5,
    score_most: 10,
    count_most: 1_000_000,
    list_most: 100,
};

/// One field that broke one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// JSON pointer of the field within the event; empty for the event as a whole. It ends at the last name that
    /// is one of ours.
    pub pointer: String,
    /// What the field must be or must not have, to be read after its name.
    pub rule: String,
}

impl Refusal {
    fn new(pointer: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            rule: rule.into(),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pointer.is_empty() {
            write!(f, "the event {}", self.rule)
        } else {
            write!(f, "`{}` {}", self.pointer, self.rule)
        }
    }
}

/// Why an event was not let in: every rule that it broke, in order of the fields.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct Refusals(pub Vec<Refusal>);

impl From<Refusal> for Refusals {
    fn from(refusal: Refusal) -> Self {
        Self(vec![refusal])
    }
}

/// Reads one event in structured JSON and checks it.
///
/// Where the publisher gives no `recordedtime`, `time` stands for it: the time of arrival would make a repeated
/// delivery of the same event differ from the first.
///
/// # Errors
/// Everything that is wrong with it. Bytes that are no JSON stop at the first fault.
pub fn admit(bytes: &[u8], areas: &Areas, now: DateTime<Utc>) -> Result<Event, Refusals> {
    if bytes.len() > BYTES_MOST {
        return Err(Refusal::new("", format!("must have at most {BYTES_MOST} bytes")).into());
    }
    let raw = strict::read(bytes)?;
    attribute::check(&raw)?;
    let envelope = Envelope::from_json(bytes).map_err(|e| Refusal::new("", e.to_string()))?;
    let (event, data) = typed(&envelope, &raw["data"])?;
    let mut found = Vec::new();
    if data != raw["data"] {
        // An older version: its own fields are gone from the newest form.
        personal::scan(&raw["data"], &mut vec!["data".to_owned()], &mut found);
    }
    if let Err(more) = check(&event, &data, areas, now) {
        found.extend(more);
    }
    settle(found).map_err(Refusals)?;
    Ok(event)
}

/// The typed event, and its data as given, in the newest version.
fn typed(envelope: &Envelope<'_>, raw: &Value) -> Result<(Event, Value), Refusals> {
    for field in keys::KEY_FIELDS {
        if raw.get(field).is_some_and(|v| !v.is_string()) {
            return Err(Refusal::new(format!("/data/{field}"), "must be text").into());
        }
    }
    let event = Event::decode(envelope)
        .map_err(|error| Refusals::from(place::refusal(envelope, raw, &error)))?;
    let data = match event::parse_type(&envelope.event_type) {
        Ok((family, name, version)) => upcast::upcast(family, name, version, raw.clone())
            .map_err(|rule| Refusal::new("/data", format!("is not of its version: {rule}")))?,
        Err(error) => return Err(Refusal::new("/type", error.to_string()).into()),
    };
    Ok((event, data))
}

/// Checks an event that was decoded from `raw_data` (in the newest version; see [`crate::upcast`]).
///
/// # Errors
/// Every rule that it breaks, once each, in order of the fields.
pub fn check(
    event: &Event,
    raw_data: &Value,
    areas: &Areas,
    now: DateTime<Utc>,
) -> Result<(), Vec<Refusal>> {
    let mut found = Vec::new();
    shape::unknown_fields(event, raw_data, &mut found);
    personal::scan(raw_data, &mut vec!["data".to_owned()], &mut found);
    for (pointer, value) in [("/source", &event.source), ("/id", &event.id)] {
        attribute::text(pointer, value, &mut found);
    }
    let latest = now.checked_add_signed(CLOCK_AHEAD).unwrap_or(now);
    for (pointer, at) in [
        ("/time", event.occurred_at),
        ("/recordedtime", event.recorded_at),
    ] {
        if let Some(rule) = instant_rule(at, latest) {
            found.push(Refusal::new(pointer, rule));
        }
    }
    if areas.get(event.area.as_str()).is_none() {
        found.push(Refusal::new(
            "/data/area",
            "must be an area of the register; add it to a file of areas, and give that file with --areas",
        ));
    }
    fact::check(event, areas, now, &mut found);
    settle(found)
}

/// No refusal twice, and none at all is a pass.
fn settle(mut found: Vec<Refusal>) -> Result<(), Vec<Refusal>> {
    found.sort();
    found.dedup();
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// The first and the last day that any event may speak of.
fn bounds() -> (NaiveDate, NaiveDate) {
    (
        NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or(NaiveDate::MIN),
        NaiveDate::from_ymd_opt(2100, 1, 1).unwrap_or(NaiveDate::MAX),
    )
}

const IN_BOUNDS: &str = "must lie between 2000-01-01 and 2100-01-01";

/// The rule that an instant breaks, if it does.
fn instant_rule(at: DateTime<Utc>, latest: DateTime<Utc>) -> Option<&'static str> {
    let (first, last) = bounds();
    if at.date_naive() < first || at.date_naive() > last {
        Some(IN_BOUNDS)
    } else if at > latest {
        Some("must not lie more than five minutes in the future")
    } else {
        None
    }
}

/// What is wrong with an event that does not decode, at the place that the error knows by itself.
fn decode_refusal(error: &DecodeError) -> Refusal {
    match error {
        DecodeError::UnknownType | DecodeError::NewerVersion { .. } => {
            Refusal::new("/type", format!("cannot be read: {error}"))
        }
        DecodeError::Missing(field) => Refusal::new(format!("/data/{field}"), "is missing"),
        DecodeError::Id { field, rule } => Refusal::new(format!("/data/{field}"), rule.to_string()),
        DecodeError::Data { place, rule, .. } => Refusal::new(
            "/data",
            format!("does not fit its schema at {place}: {rule}"),
        ),
    }
}
