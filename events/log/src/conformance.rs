//! The contract of [`EventLog`] as code: every backend runs the same checks.
//!
//! A backend's test is an [`Opener`] and one use of [`conformance_suite!`](crate::conformance_suite), which makes a
//! test of every check. A check is an async function that ends with `Err` and a sentence when a promise is broken.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    AppendCondition, Appended, EventLog, LogIdentity, NewEvent, Position, RecordedEvent,
    Subscription,
};

mod appending;
mod conditions;
mod reading;
mod reopening;

pub use appending::*;
pub use conditions::*;
pub use reading::*;
pub use reopening::*;

/// What a check ends with: nothing, or a sentence that says which promise was broken.
pub type Outcome = Result<(), String>;

/// Longer than any healthy log needs to hand over a batch; it only bounds a check that would otherwise hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a check comes to the logs of a backend.
#[async_trait]
pub trait Opener: Send + Sync {
    /// Opens the log of this name, making it, empty, when there is none.
    ///
    /// A check drops every handle on a log before it opens the same name again, and then expects the same log.
    async fn open(&self, name: &str) -> Result<Arc<dyn EventLog>, String>;
}

/// Makes one test of every check, for a backend whose [`Opener`] the expression builds.
///
/// Needs `tokio` with its macros in the crate that uses it.
#[macro_export]
macro_rules! conformance_suite {
    ($opener:expr) => {
        $crate::conformance_suite!(@each $opener;
            appended_events_are_read_back_in_order,
            an_empty_append_is_accepted_and_changes_nothing,
            payloads_of_every_size_come_back_byte_for_byte,
            ten_thousand_events_in_one_append_keep_their_order,
            a_repeated_id_is_answered_with_the_first_position,
            a_repeated_id_within_one_append_is_stored_once,
            a_few_known_ids_among_many_are_found,
            a_large_append_repeated_after_a_lost_answer_adds_only_what_was_missing,
            appends_from_many_tasks_are_all_stored_once,
            a_read_returns_what_is_after_a_position_up_to_the_limit,
            a_read_at_or_above_the_head_is_empty,
            the_head_is_the_position_of_the_last_event,
            the_last_event_on_a_subject_is_found_by_the_exact_subject,
            a_subscription_gives_what_exists_and_then_what_comes,
            a_subscription_starts_after_its_position,
            every_subscriber_sees_every_event,
            a_large_backlog_is_delivered_whole_and_in_order,
            a_next_that_is_dropped_loses_nothing,
            a_condition_that_holds_lets_the_event_in,
            a_broken_condition_is_refused_with_the_actual_position,
            what_follows_a_conflict_in_one_append_is_not_stored,
            a_repeat_with_its_old_condition_is_a_duplicate_and_no_conflict,
            of_concurrent_deciders_exactly_one_wins,
            a_log_reopened_has_everything_it_had,
            a_log_reopened_still_knows_repeats_and_conditions,
            the_identity_stays_with_the_log_and_differs_from_another,
        );
    };
    (@each $opener:expr; $($check:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let opener = $opener;
                let outcome = $crate::conformance::$check(&opener).await;
                assert_eq!(outcome, Ok(()), "the log breaks its contract");
            }
        )*
    };
}

/// Ends the check with a sentence unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($sentence:tt)+) => {
        if !$holds {
            return Err(format!($($sentence)+));
        }
    };
}
use ensure;

/// A subject of the checks.
fn subject(name: &str) -> String {
    format!("joinedup.conformance.{name}")
}

/// An event without a condition; the payload holds the id.
fn event(subject_name: &str, id: &str) -> NewEvent {
    NewEvent {
        subject: subject(subject_name),
        message_id: id.to_owned(),
        payload: Bytes::from(format!("{{\"id\":\"{id}\"}}")),
        condition: None,
    }
}

/// An event that is only to be stored when the last one on its subject stands at `expected`.
fn conditional(subject_name: &str, id: &str, expected: Position) -> NewEvent {
    NewEvent {
        condition: Some(AppendCondition::LastOnSubject(expected)),
        ..event(subject_name, id)
    }
}

/// `count` events with ids `prefix-0`, `prefix-1`, …, over seven subjects.
fn events(prefix: &str, count: usize) -> Vec<NewEvent> {
    (0..count)
        .map(|n| event(&format!("many.{}", n % 7), &format!("{prefix}-{n}")))
        .collect()
}

async fn append(log: &dyn EventLog, events: Vec<NewEvent>) -> Result<Vec<Appended>, String> {
    let count = events.len();
    let answers = log
        .append(events)
        .await
        .map_err(|error| format!("an append failed: {error}"))?;
    ensure!(
        answers.len() == count,
        "{count} events were appended and {} answers came",
        answers.len()
    );
    Ok(answers)
}

async fn read(
    log: &dyn EventLog,
    after: Position,
    limit: usize,
) -> Result<Vec<RecordedEvent>, String> {
    log.read(after, limit)
        .await
        .map_err(|error| format!("a read after {after} failed: {error}"))
}

async fn head(log: &dyn EventLog) -> Result<Position, String> {
    log.head()
        .await
        .map_err(|error| format!("the head could not be read: {error}"))
}

async fn identity(log: &dyn EventLog) -> Result<LogIdentity, String> {
    log.identity()
        .await
        .map_err(|error| format!("the identity could not be read: {error}"))
}

async fn subscribe(log: &dyn EventLog, after: Position) -> Result<Box<dyn Subscription>, String> {
    log.subscribe(after)
        .await
        .map_err(|error| format!("a subscription after {after} failed: {error}"))
}

/// Everything in the log, read in pages of 1,000.
async fn read_all(log: &dyn EventLog) -> Result<Vec<RecordedEvent>, String> {
    let mut all: Vec<RecordedEvent> = Vec::new();
    loop {
        let after = all.last().map_or(Position::ORIGIN, |event| event.position);
        let page = read(log, after, 1000).await?;
        if page.is_empty() {
            return Ok(all);
        }
        ensure!(
            page.len() <= 1000,
            "a read limited to 1000 returned {} events",
            page.len()
        );
        ensure!(
            page[0].position > after,
            "a read after {after} began at {}, so it goes round in circles",
            page[0].position
        );
        all.extend(page);
    }
}

/// Takes batches until `count` events have come, checking each batch.
async fn take(
    subscription: &mut dyn Subscription,
    count: usize,
) -> Result<Vec<RecordedEvent>, String> {
    let mut taken: Vec<RecordedEvent> = Vec::new();
    while taken.len() < count {
        let batch = tokio::time::timeout(PATIENCE, subscription.next())
            .await
            .map_err(|_| {
                format!(
                    "{} of {count} events came and then nothing for {PATIENCE:?}",
                    taken.len()
                )
            })?
            .map_err(|error| {
                format!(
                    "the subscription ended after {} events: {error}",
                    taken.len()
                )
            })?;
        let Some(last) = batch.events.last() else {
            return Err("a batch of a subscription was empty".to_owned());
        };
        ensure!(
            batch.head >= last.position,
            "a batch that ends at {} gave {} for the head",
            last.position,
            batch.head
        );
        taken.extend(batch.events);
    }
    ensure!(
        taken.len() == count,
        "{} events came where {count} were expected",
        taken.len()
    );
    increasing(&taken)?;
    Ok(taken)
}

/// Positions strictly increase and none is [`Position::ORIGIN`].
fn increasing(events: &[RecordedEvent]) -> Outcome {
    let mut before = Position::ORIGIN;
    for event in events {
        ensure!(
            event.position > before,
            "position {} follows {before}",
            event.position
        );
        before = event.position;
    }
    Ok(())
}

/// The recorded events are the appended ones, in their order, at the positions that were answered.
fn same(recorded: &[RecordedEvent], appended: &[NewEvent], answers: &[Appended]) -> Outcome {
    ensure!(
        recorded.len() == appended.len(),
        "{} events were appended and {} are in the log",
        appended.len(),
        recorded.len()
    );
    increasing(recorded)?;
    for ((recorded, appended), answer) in recorded.iter().zip(appended).zip(answers) {
        ensure!(
            recorded.position == answer.position,
            "event {} was answered with {} and stands at {}",
            appended.message_id,
            answer.position,
            recorded.position
        );
        ensure!(
            recorded.subject == appended.subject && recorded.payload == appended.payload,
            "the event at {} is not the one that was appended there, {}",
            recorded.position,
            appended.message_id
        );
    }
    Ok(())
}
