//! Each event once, by the department's rules: which rows are the same event, which of them stands, and where a service ended
//! that a later submission no longer has. (Source: "Deduplication" of the methodology beside the department's public code.)

use super::record::{Kind, Record, Submission};
use super::values::Outcome;
use chrono::NaiveDate;
use joinedup_events::AreaId;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What tells an event from others. A service is the same whenever it ended.
type Identity = (
    AreaId,
    String,
    Kind,
    NaiveDate,
    Option<NaiveDate>,
    String,
    String,
);

fn identity(record: &Record) -> Identity {
    let end = record.end.filter(|_| record.kind != Kind::Service);
    (
        record.council.clone(),
        record.person.clone(),
        record.kind,
        record.start,
        end,
        record.client_type.clone(),
        record.detail.clone(),
    )
}

/// The events of all submissions, given in the order of their periods.
#[must_use]
pub fn events(submissions: Vec<Submission>) -> Vec<Record> {
    let ends: Vec<Option<NaiveDate>> = submissions.iter().map(period_end).collect();
    let mut events: BTreeMap<Identity, Record> = BTreeMap::new();
    for record in submissions.into_iter().flat_map(|one| one.records) {
        let identity = identity(&record);
        match events.get(&identity) {
            Some(known) if rank(known) >= rank(&record) => {}
            _ => {
                events.insert(identity, record);
            }
        }
    }
    let cropped = events.into_values().map(|mut record| {
        let is_last = record.submission + 1 >= ends.len();
        let period_end = ends.get(record.submission).copied().flatten();
        // It went on at the end of its submission, and the next has it no longer.
        if record.kind == Kind::Service && !is_last {
            let goes_on = |end: &NaiveDate| record.end.is_none_or(|ended| ended > *end);
            record.end = period_end.filter(goes_on).or(record.end);
        }
        record
    });
    cropped.collect()
}

/// The last day of a submission's period, or the last that it speaks of.
fn period_end(submission: &Submission) -> Option<NaiveDate> {
    let days = submission.records.iter().map(|record| record.start);
    submission.period_end.or_else(|| days.max())
}

/// Which of several rows of an event stands: of the latest submission, then one without an end or with the latest, then by what
/// it came to, then of a conversation, then the last.
fn rank(record: &Record) -> impl Ord + use<> {
    (
        record.submission,
        record.end.is_none(),
        record.end,
        Reverse(order(record.outcome)),
        record.conversation,
        record.line,
    )
}

/// The department's order of what comes of events, as far as waits need it.
fn order(outcome: Option<Outcome>) -> u8 {
    match outcome {
        Some(Outcome::Service) => 1,
        Some(Outcome::Assessment) => 2,
        Some(Outcome::FormerService) => 3,
        Some(Outcome::Ended) => 6,
        None => 7,
    }
}
