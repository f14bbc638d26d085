//! How long people waited from asking to a first response and to a first service: the department's provisional method of 2026,
//! for people of 25 years and more who were not clients already.

use super::record::{Kind, Record};
use super::values::Outcome;
use chrono::{Months, NaiveDate};
use joinedup_events::AreaId;
use joinedup_views::period::{Grain, Period};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Younger people are left out: many of them pass from services for children.
const MIN_AGE: i32 = 25;
/// Requests before the collection began are not known to be first ones.
const FIRST_DAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(2023, 4, 1);
/// From this day on what came of a request is written in values of the second release.
const RELEASE_2: Option<NaiveDate> = NaiveDate::from_ymd_opt(2025, 7, 1);

/// What somebody waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// An assessment, or a service where that came first.
    Response,
    /// A service.
    Service,
}

/// One wait. It names nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The council.
    pub council: AreaId,
    /// What for.
    pub until: Until,
    /// The day on which it ended.
    pub day: NaiveDate,
    /// How many days it was.
    pub days: i64,
    /// The place of the person among those of this reckoning: a few people may have many waits.
    pub person: usize,
}

/// Waits of one kind that ended in one quarter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// The days of each.
    pub days: Vec<i64>,
    /// Whose they were.
    pub people: BTreeSet<usize>,
}

/// All waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits(pub Vec<Wait>);

impl Waits {
    /// The waits of events, each of which is there once.
    #[must_use]
    pub fn of(events: Vec<Record>) -> Self {
        let mut people: BTreeMap<(AreaId, String), Vec<Record>> = BTreeMap::new();
        for event in events {
            let person = (event.council.clone(), event.person.clone());
            people.entry(person).or_default().push(event);
        }
        let people = people.into_values().enumerate();
        let waits = people.flat_map(|(person, events)| of_person(person, events));
        Self(waits.collect())
    }

    /// The waits, by council and the first day of the quarter in which the wait ended: for a response, and for a service.
    #[must_use]
    pub fn by_quarter(&self) -> BTreeMap<(AreaId, NaiveDate), [Waited; 2]> {
        let mut quarters: BTreeMap<(AreaId, NaiveDate), [Waited; 2]> = BTreeMap::new();
        for wait in &self.0 {
            let quarter = Period::of(Grain::Quarter, wait.day).start;
            let [response, service] = quarters.entry((wait.council.clone(), quarter)).or_default();
            let waited = match wait.until {
                Until::Response => response,
                Until::Service => service,
            };
            waited.days.push(wait.days);
            waited.people.insert(wait.person);
        }
        quarters
    }
}

/// The median, between the two in the middle where they are even; 0 of none.
#[must_use]
pub fn median(days: &[i64]) -> f64 {
    let mut sorted = days.to_vec();
    sorted.sort_unstable();
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    let last = sorted.len().saturating_sub(1);
    #[expect(clippy::cast_precision_loss, reason = "days of a life")]
    let sum = (at(last / 2) + at(last.div_ceil(2))) as f64;
    sum / 2.0
}

/// A request, and the places in the order of events of what followed.
struct Followed<'a> {
    request: &'a Record,
    at: usize,
    response: Option<(usize, NaiveDate)>,
    service: Option<(usize, NaiveDate)>,
}

fn of_person(person: usize, events: Vec<Record>) -> Vec<Wait> {
    let (services, others): (Vec<Record>, Vec<Record>) = events
        .into_iter()
        .partition(|event| event.kind == Kind::Service);
    let services: Vec<Record> = services
        .into_iter()
        .filter(|s| s.counts.is_some())
        .collect();
    let is_old_enough = |event: &Record| event.age.is_some_and(|age| age >= MIN_AGE);
    let counts = |event: &Record| match event.kind {
        Kind::Request => is_first(event, &services),
        _ => event.counts.is_some(),
    };
    let mut line: Vec<&Record> = others
        .iter()
        .filter(|event| counts(event))
        .chain(&services)
        .filter(|event| is_old_enough(event))
        .collect();
    line.sort_by_key(|event| {
        let latest = Reverse((event.submission, event.line));
        (event.start, event.kind, latest)
    });
    let requests = line.iter().enumerate();
    let requests = requests.filter(|(_, event)| event.kind == Kind::Request);
    let followed: Vec<Followed<'_>> = requests
        .map(|(at, request)| follow(&line, at, request))
        .collect();
    let mut waits = Vec::new();
    let mut before: Option<usize> = None;
    for one in &followed {
        // What is done about an earlier request is not the answer to this one.
        let overlaps = before.is_some_and(|busy| busy > one.at);
        before = [one.response, one.service]
            .into_iter()
            .flatten()
            .map(|(at, _)| at)
            .max();
        if overlaps {
            continue;
        }
        let ends = [
            (Until::Response, one.response),
            (Until::Service, one.service),
        ];
        waits.extend(ends.into_iter().filter_map(|(until, end)| {
            let (_, day) = end?;
            Some(Wait {
                council: one.request.council.clone(),
                until,
                day,
                days: (day - one.request.start).num_days(),
                person,
            })
        }));
    }
    waits
}

/// Whether a request counts: of a client, since the collection began, not at an end at once, and of somebody who had no service
/// so lately that they were a client already.
fn is_first(request: &Record, services: &[Record]) -> bool {
    let is_client = |service: &Record| {
        let months = service.counts.filter(|months| *months > 0);
        let since = months.and_then(|n| request.start.checked_sub_months(Months::new(n)));
        let still = since.is_some_and(|since| service.end.is_none_or(|end| end >= since));
        still && service.start < request.start
    };
    request.client_type.contains("service user")
        && FIRST_DAY.is_some_and(|day| request.start >= day)
        && request
            .outcome
            .is_some_and(|outcome| outcome != Outcome::Ended)
        && !services.iter().any(is_client)
}

fn follow<'a>(line: &[&'a Record], at: usize, request: &'a Record) -> Followed<'a> {
    let next = |kind: Kind| {
        let later = line.iter().enumerate().skip(at + 1);
        let mut later = later.filter(move |(_, event)| event.kind == kind);
        later.next()
    };
    let assessment = next(Kind::Assessment);
    let service = next(Kind::Service).map(|(at, event)| (at, event.start));
    let progresses = request.outcome.is_some_and(|o| o != Outcome::Ended);
    let before_release_2 = RELEASE_2.is_some_and(|day| request.start < day);
    let comes_first = assessment.is_none_or(|(_, event)| request.start < event.start);
    // A first conversation was the assessment too, where a council works in conversations.
    let answered_at_once = request.conversation && progresses && before_release_2 && comes_first;
    let (response, leads_on) = match assessment {
        _ if answered_at_once => (Some((at, request.start)), true),
        Some((place, event)) if service.is_none_or(|(at, _)| at > place) => (
            Some((place, event.start)),
            event.outcome == Some(Outcome::Service),
        ),
        // A service before any assessment was the response.
        _ => (service, true),
    };
    Followed {
        request,
        at,
        response,
        service: service.filter(|_| leads_on),
    }
}
