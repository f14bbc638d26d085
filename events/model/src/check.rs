//! The checks at entry: what HTTP and imports ask of an event before it is appended to the log.
//!
//! The fold is tolerant, because the log may hold anything; the door is strict, because what has been let in stays.
//! A refusal names the field and the rule, never the value, and never a field name that is not one of ours:
//! a name or a number of a person can stand in a key as well as in a value.
//!
//! What these checks cannot see: a name without a title in front of it, and anything written in words. The free
//! text fields (`note`, `aim`, `title`, `learnt`, `prediction`, `led_by`, `reason`) are about areas and changes only, and people who write
//! them must keep to that.

mod attribute;
mod expected;
mod fact;
mod identifier;
mod personal;
mod plain;
mod shape;
mod strict;
mod text;

pub(crate) use attribute::is_json;
pub use expected::own_fields;
pub use personal::{is_nhs_number, mentions_nhs_number};
pub use text::MAX_FREE_TEXT;
pub(crate) use text::{FREE_TEXT, is_invisible};

use crate::area::Areas;
use crate::event::{self, DecodeError, Event, Family, Kind, Misfit};
use crate::id::EventKey;
use crate::upcast;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::Value;
use std::borrow::Cow;

/// Most bytes of one event in structured JSON.
pub const MAX_BYTES: usize = 64 * 1024;

/// Most levels of objects and lists within each other.
pub const MAX_DEPTH: usize = 8;

/// Most characters of `source`, `id` and every other context attribute.
pub const MAX_ATTRIBUTE: usize = 256;

/// How far a publisher's clock may be ahead of ours.
pub const CLOCK_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// How far ahead an expected, proposed, due or wanted date may be, in days (ten years).
pub const DATE_AHEAD_DAYS: i64 = 3653;

/// Ranges of single fields.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Highest level of any framework; the lowest is 0, of the logic model (`scie`) 1.
    pub max_level: u8,
    /// Highest score of any instrument; the lowest is 0.
    pub max_score: u8,
    /// Most invitations in one event; the least is 1.
    pub max_count: u32,
    /// Most entries of a list.
    pub max_entries: usize,
}

/// The ranges in force.
pub const LIMITS: Limits = Limits {
    max_level: 5,
    max_score: 10,
    max_count: 1_000_000,
    max_entries: 100,
};

/// What a source is called where it is shown. One that came past the door with a name that the door refuses is called by
/// a number that stands for the name, so that nothing of it gets into a label, an address or a page.
#[must_use]
pub fn source_label(source: &str) -> Cow<'_, str> {
    let mut found = Vec::new();
    attribute::text("/source", source, &mut found);
    if found.is_empty() {
        return Cow::Borrowed(source);
    }
    Cow::Owned(format!(
        "unnamed-{:016x}",
        EventKey::of(source, "").0 as u64
    ))
}

/// What a file is called where its name is shown. Where the name has what no id may have, a number stands for it.
#[must_use]
pub fn file_label(name: &str) -> Cow<'_, str> {
    if !name.chars().any(is_invisible) && identifier::rules(name).is_empty() {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("a file ({:016x})", EventKey::of(name, "").0 as u64))
}

/// Every rule that a text which people wrote breaks, each to be read after the name of its field.
#[must_use]
pub fn free_text(text: &str) -> Vec<String> {
    text::rules(text)
}

/// Whether a text has a number or an address in it that belongs to one person.
#[must_use]
pub fn names_somebody(text: &str) -> bool {
    mentions_nhs_number(text) || personal::mentions_email(text)
}

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

/// An event in which data sent as bytes in base 64 stand as data; none where it holds no such data, or none that can
/// be read. For events that came past the door.
#[must_use]
pub fn with_data_decoded(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut raw = strict::read(bytes).ok()?;
    raw.get("data_base64")?;
    attribute::decode_data(&mut raw).ok()?;
    serde_json::to_vec(&raw).ok()
}

/// Reads one event in structured JSON and checks it; see [`Submitted::admit`].
///
/// # Errors
/// Everything that is wrong with it. Bytes that are no JSON stop at the first fault.
pub fn admit(bytes: &[u8], areas: &Areas, now: DateTime<Utc>) -> Result<Event, Refusals> {
    Submitted::read(bytes)?.admit(areas, Arrival::at(now))
}

/// When an event came to the door.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Now: nothing has happened later.
    pub now: DateTime<Utc>,
    /// When an event was recorded that does not say so.
    pub recorded_at: DateTime<Utc>,
}

impl Arrival {
    /// Events are recorded when they come.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self {
            now,
            recorded_at: now,
        }
    }
}

/// An event as it was sent: read, and not checked yet.
#[derive(Clone, Debug)]
pub struct Submitted {
    raw: Value,
}

impl Submitted {
    /// Reads one event in structured JSON.
    ///
    /// # Errors
    /// When it is too large or no JSON object; the first fault.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusals> {
        if bytes.len() > MAX_BYTES {
            return Err(Refusal::new("", format!("must have at most {MAX_BYTES} bytes")).into());
        }
        let mut raw = strict::read(bytes)?;
        attribute::decode_data(&mut raw)?;
        Ok(Self { raw })
    }

    /// Its family, where its type is one that this program knows.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        let kind = Kind::of(self.raw["type"].as_str()?);
        kind.ok().map(|kind| kind.family)
    }

    /// Whether it is of a type, such as `care.joinedup.change.source-reported`, in any version.
    #[must_use]
    pub fn is_of(&self, fact: &str) -> bool {
        let kind = self.raw["type"].as_str();
        let rest = kind.and_then(|kind| kind.strip_prefix(fact));
        rest.is_some_and(|version| version.starts_with(".v"))
    }

    /// Checks it.
    ///
    /// An event that does not say when it was recorded was recorded when it arrived: `time` instead would let a late
    /// fact look as if it had always been known. (A repeat is known by its id and content all the same.)
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn admit(self, areas: &Areas, arrival: Arrival) -> Result<Event, Refusals> {
        let Self { mut raw } = self;
        let context = attribute::check(&raw)?;
        let sent = raw["data"].take();
        let kind = Kind::of(&context.event_type).map_err(|error| decode_refusal(&error))?;
        let mut found = Vec::new();
        let data = if kind.version < kind.known {
            // An older version: its own fields are gone from the newest form.
            personal::scan(&sent, &mut vec!["data".into()], &mut found);
            upcast::upcast(kind.family, kind.name, kind.version, sent).map_err(|rule| {
                Refusal::new(
                    "/data",
                    format!("is not of version {}: {rule}", kind.version),
                )
            })?
        } else {
            sent
        };
        let (area, entity, fact) =
            event::from_value(kind, &data).map_err(|misfit| match misfit {
                Misfit::Field(path) => expected::refusal(kind, &data, path),
                Misfit::Decode(error) => decode_refusal(&error),
            })?;
        let event = Event {
            source: context.source,
            id: context.id,
            occurred_at: context.time,
            actor: context.actor,
            recorded_at: context
                .recorded_time
                .unwrap_or_else(|| arrival.recorded_at.max(context.time)),
            entity,
            area,
            fact,
        };
        let recorded = context.recorded_time.map(|at| ("/recordedtime", at));
        let given = std::iter::once(("/time", context.time)).chain(recorded);
        instants(given, arrival.now, &mut found);
        facts(&event, &data, areas, arrival.now, &mut found);
        settle(found).map_err(Refusals)?;
        Ok(event)
    }
}

/// Checks an event of one's own, and its data in the newest version (see [`crate::upcast`]).
///
/// # Errors
/// Every rule that it breaks, once each, in order of the fields.
pub fn check(
    event: &Event,
    data: &Value,
    areas: &Areas,
    now: DateTime<Utc>,
) -> Result<(), Vec<Refusal>> {
    let mut found = Vec::new();
    for (pointer, value) in [("/source", &event.source), ("/id", &event.id)] {
        attribute::text(pointer, value, &mut found);
    }
    let given = [
        ("/time", event.occurred_at),
        ("/recordedtime", event.recorded_at),
    ];
    instants(given.into_iter(), now, &mut found);
    facts(event, data, areas, now, &mut found);
    settle(found)
}

/// Checks what is under `/data`.
fn facts(event: &Event, data: &Value, areas: &Areas, now: DateTime<Utc>, found: &mut Vec<Refusal>) {
    shape::unknown_fields(event, data, found);
    personal::scan(data, &mut vec!["data".into()], found);
    if areas.get(event.area.as_str()).is_none() {
        found.push(Refusal::new(
            "/data/area",
            "must be an area of the register; add it to a file of areas, and give that file with --areas",
        ));
    }
    fact::check(event, areas, now, found);
}

/// Checks that instants lie within bounds, and not in the future.
fn instants(
    given: impl Iterator<Item = (&'static str, DateTime<Utc>)>,
    now: DateTime<Utc>,
    found: &mut Vec<Refusal>,
) {
    let latest = now.checked_add_signed(CLOCK_AHEAD).unwrap_or(now);
    for (pointer, at) in given {
        if let Some(rule) = instant_rule(at, latest) {
            found.push(Refusal::new(pointer, rule));
        }
    }
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
