//! Amounts that are restated to what they were before. Their ids follow from what they say, so they would be taken for the
//! first of their kind and what came in between would stand.

use crate::app::App;
use crate::execute::until_seen;
use joinedup_events::{EntityId, Event, EventKey, Fact, Family, recorded};
use joinedup_log::{EventLog, Position, ReadError, RecordedEvent};
use joinedup_views::contribution::{FactKey, StoredFact};
use joinedup_views::fact_set;
use joinedup_views::view::View;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Events of a log that are read at a time.
const BATCH: usize = 1_000;

/// Why it is not known which amounts were restated.
#[derive(Debug, thiserror::Error)]
pub enum UnknownError {
    /// The log.
    #[error("the log cannot be read: {0}")]
    Read(#[from] ReadError),
    /// The views are behind the log.
    #[error("what was recorded before is not in the views yet")]
    Behind,
}

/// Waits until the views have what the log has by now, where any of the events is an observation: what was appended a moment
/// ago may be what restated one.
///
/// # Errors
/// When the log cannot be read, or the views do not have it in time.
pub async fn until_known(
    app: &App,
    events: &[Event],
    within: Duration,
) -> Result<(), UnknownError> {
    let Some(views) = &app.views else {
        return Ok(());
    };
    if !events.iter().any(is_observation) {
        return Ok(());
    }
    let head = app.log.head().await?;
    match until_seen(views, head, within).await {
        true => Ok(()),
        false => Err(UnknownError::Behind),
    }
}

/// Whose events are sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A machine: what was taken back stays so.
    Machine,
    /// Somebody who looks at them: what was taken back is added anew.
    Person,
}

/// Gives an id of their own to observations that repeat an amount which was restated meanwhile and, by a person, to those that
/// were taken back: they would be known, and stand nowhere.
///
/// # Errors
/// When that is not known in time: they are to be sent again.
pub async fn rename(
    app: &App,
    events: &mut [Event],
    by: By,
    within: Duration,
) -> Result<(), UnknownError> {
    until_known(app, events, within).await?;
    let Some(views) = &app.views else {
        return Ok(());
    };
    let rename = |view: &View| {
        for event in events {
            let taken_back = || {
                (by == By::Person)
                    .then(|| taken_back(view, event))
                    .flatten()
            };
            if let Some(after) = restatement(view, event).or_else(taken_back) {
                event.id = format!("{}-{}", event.id, letters(&after.0.to_be_bytes()));
            }
        }
    };
    tokio::task::block_in_place(|| views.read(rename));
    Ok(())
}

/// How many observations are known already and were restated since, as far as the views have it: sent again, they change
/// nothing.
#[must_use]
pub fn superseded(app: &App, events: &[Event]) -> u64 {
    let Some(views) = &app.views else {
        return 0;
    };
    views.read(|view| {
        let superseded = events
            .iter()
            .filter(|event| restatement(view, event).is_some());
        superseded.fold(0, |n, _| n + 1)
    })
}

/// How many observations say something else than what stands of their period and place, as far as the views have it:
/// recorded, they replace it.
#[must_use]
pub fn replacing<'e>(app: &App, events: impl IntoIterator<Item = &'e Event>) -> usize {
    let Some(views) = &app.views else {
        return 0;
    };
    let replaces = |view: &View, event: &Event| {
        let stands = standing(view, event);
        stands.last().is_some_and(|last| last.fact != event.fact)
    };
    let events = events.into_iter();
    let count = |view: &View| events.filter(|event| replaces(view, event)).count();
    tokio::task::block_in_place(|| views.read(count))
}

/// The same as [`superseded`] where no view is at hand: of observations that the log knew already, at these positions, after
/// how many it has something else. Which of them stand is what a view would say, of what came from the first of them on.
///
/// # Errors
/// When the log cannot be read.
pub async fn superseded_in(
    log: &dyn EventLog,
    repeated: &BTreeSet<Position>,
) -> Result<u64, ReadError> {
    let (Some(first), Some(last)) = (repeated.first(), repeated.last()) else {
        return Ok(0);
    };
    let (mut subjects, mut events) = (BTreeSet::new(), Vec::new());
    each(log, *first, Some(*last), |known| {
        if repeated.contains(&known.position)
            && let Ok(event) = recorded::read(&known.payload)
        {
            subjects.insert(known.subject);
            events.push(event);
        }
    })
    .await?;
    let mut said: BTreeMap<EntityId, Vec<StoredFact>> = events
        .iter()
        .map(|e| (e.entity.clone(), Vec::new()))
        .collect();
    each(log, *first, None, |known| {
        // Most of a log is about something else, and is not worth reading.
        if subjects.contains(&known.subject)
            && let Ok(event) = recorded::read(&known.payload)
            && event.fact.family() == Family::Observation
            && let Some(facts) = said.get_mut(&event.entity)
        {
            let (_, fact) = StoredFact::of(event, known.position.0);
            // What was sent again after the log forgot that it knew it is said once.
            let said = facts
                .iter_mut()
                .find(|f| f.key == fact.key && f.fact == fact.fact);
            match said {
                Some(said) => said.recorded_at = said.recorded_at.min(fact.recorded_at),
                None => facts.push(fact),
            }
        }
    })
    .await?;
    let said: BTreeMap<EntityId, Vec<StoredFact>> = said
        .into_iter()
        .map(|(entity, facts)| (entity, fact_set::standing(facts)))
        .collect();
    let superseded = events.iter().filter(|event| {
        let facts = said.get(&event.entity);
        facts.is_some_and(|facts| restated(facts, event).is_some())
    });
    Ok(superseded.fold(0, |n, _| n + 1))
}

/// Of amounts that were stored just now, those that the log has from before, each by where it stood first: a log knows repeats
/// of its last hours alone.
///
/// # Errors
/// When the log cannot be read.
pub async fn known_before(
    log: &dyn EventLog,
    stored: &BTreeMap<EventKey, Position>,
) -> Result<BTreeSet<Position>, ReadError> {
    let mut known = BTreeMap::new();
    let Some(first) = stored.values().min().filter(|first| first.0 > 1) else {
        return Ok(BTreeSet::new());
    };
    let subjects = format!("joinedup.{}.", Family::Observation);
    each(log, Position(1), Some(Position(first.0 - 1)), |event| {
        if event.position < *first
            && event.subject.starts_with(&subjects)
            && let Ok(read) = recorded::read(&event.payload)
            && stored.contains_key(&read.key())
        {
            known.entry(read.key()).or_insert(event.position);
        }
    })
    .await?;
    Ok(known.into_values().collect())
}

/// Reads a log from one position to another, or to its end.
///
/// # Errors
/// When the log cannot be read.
pub async fn each(
    log: &dyn EventLog,
    first: Position,
    last: Option<Position>,
    mut then: impl FnMut(RecordedEvent),
) -> Result<(), ReadError> {
    let mut after = Position(first.0.saturating_sub(1));
    while last.is_none_or(|last| after < last) {
        let batch = log.read(after, BATCH).await?;
        let Some(end) = batch.last() else {
            break;
        };
        after = end.position;
        let within = |event: &RecordedEvent| last.is_none_or(|last| event.position <= last);
        batch.into_iter().filter(within).for_each(&mut then);
    }
    Ok(())
}

fn is_observation(event: &Event) -> bool {
    matches!(event.fact, Fact::Observation(_))
}

/// What stands of the observation that an event is of, in the order of recording; nothing of what is no observation.
fn standing(view: &View, event: &Event) -> Vec<StoredFact> {
    let entity = view.entity(Family::Observation, event.entity.as_str());
    let entity = entity.filter(|_| is_observation(event));
    entity
        .map(|entity| entity.facts.standing())
        .unwrap_or_default()
}

/// What stands of an observation where the event is known and something else was said since.
fn restatement(view: &View, event: &Event) -> Option<FactKey> {
    restated(&standing(view, event), event)
}

/// What was said last of an observation where the event is known, was taken back and is not what stands.
fn taken_back(view: &View, event: &Event) -> Option<FactKey> {
    let entity = view.entity(Family::Observation, event.entity.as_str());
    let facts = entity.filter(|_| is_observation(event))?.facts;
    let (all, stands) = (facts.all(), facts.standing());
    let key = EventKey::of(&event.source, &event.id).into();
    let is_among = |facts: &[StoredFact]| facts.iter().any(|known| known.key == key);
    let is_there = stands.last().is_some_and(|last| last.fact == event.fact);
    let is_gone = is_among(&all) && !is_among(&stands) && !is_there;
    all.last().filter(|_| is_gone).map(|last| last.key)
}

/// The same, of what stands of its entity.
fn restated(standing: &[StoredFact], event: &Event) -> Option<FactKey> {
    let key = EventKey::of(&event.source, &event.id).into();
    let last = standing.last().filter(|last| last.fact != event.fact)?;
    standing
        .iter()
        .any(|known| known.key == key)
        .then_some(last.key)
}

/// Bytes as letters, two each: digits could look like somebody's number.
#[must_use]
pub fn letters(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .map(|n| char::from(b'a' + n))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Definitions;
    use crate::config::Config;
    use crate::publisher::{Publisher, new_event};
    use joinedup_events::example;
    use joinedup_log::embedded::{EmbeddedLog, EmbeddedOptions};
    use joinedup_log::memory::MemoryLog;
    use joinedup_projector::{Projector, Settings};
    use serde_json::Value;
    use std::sync::Arc;

    /// An observation of a month of 2019, or what takes one back, that was recorded on a day of June.
    fn recorded_on(day: u32, name: &str, id: &str, change: impl FnOnce(&mut Value)) -> Event {
        let examples = example::all().into_iter();
        let mut found = examples.filter(|(full, _)| full.contains(name));
        let (_, mut event) = found.next().unwrap();
        event["id"] = id.into();
        event["source"] = "/returns".into();
        event["recordedtime"] = format!("2026-06-{day:02}T10:00:00Z").into();
        change(&mut event["data"]);
        recorded::read(event.to_string().as_bytes()).unwrap()
    }

    fn amount(id: &str, month: u32, value: u64, day: u32) -> Event {
        recorded_on(day, "observation.observed", id, |data| {
            data["period_start"] = format!("2019-{month:02}-01").into();
            data["value"] = value.into();
        })
    }

    fn retraction(of: &Event, day: u32) -> Event {
        recorded_on(
            day,
            "observation.retracted",
            &format!("{}-r", of.id),
            |data| {
                data["entity"] = of.entity.as_str().into();
                data["retracts"] = of.id.clone().into();
            },
        )
    }

    #[tokio::test]
    async fn what_stands_in_a_log_is_what_stands_in_a_view() {
        let folder = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(folder.path().join("log"), EmbeddedOptions::default()).unwrap();
        let wrong = amount("b-2", 2, 9, 2);
        let events = [
            // Recorded after what the log has next of it: it stands.
            amount("a-1", 1, 7, 9),
            amount("a-2", 1, 8, 3),
            // What was said in between is taken back, and the third stands.
            amount("b-1", 2, 7, 1),
            wrong.clone(),
            retraction(&wrong, 3),
            amount("b-3", 2, 8, 4),
            // Said since, and taken back: the first stands.
            amount("c-1", 3, 7, 1),
            amount("c-2", 3, 8, 2),
            retraction(&amount("c-2", 3, 8, 2), 3),
        ];
        let new = events.iter().map(|event| new_event(event, None));
        let known = log.append(new.collect()).await.unwrap();
        let repeated = |ids: &[&str]| {
            let at = events.iter().zip(&known);
            let at = at.filter(|(event, _)| ids.contains(&event.id.as_str()));
            at.map(|(_, at)| at.position).collect::<BTreeSet<_>>()
        };
        for (ids, superseded) in [
            (&["a-1"][..], 0),
            (&["a-1", "a-2"], 1),
            (&["b-1"], 1),
            (&["b-2"], 0),
            (&["b-3"], 0),
            (&["c-1"], 0),
            (&["b-1", "b-3", "c-1"], 1),
        ] {
            let counted = superseded_in(&log, &repeated(ids)).await.unwrap();
            assert_eq!(counted, superseded, "{ids:?}");
        }
    }
    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_appended_a_moment_ago_counts_as_restated() {
        let folder = tempfile::tempdir().unwrap();
        let definitions = Definitions::read(&Config::default()).unwrap();
        let log = Arc::new(MemoryLog::new());
        let projector = Projector::start(
            Settings::new(folder.path()),
            log.clone(),
            definitions.areas.clone(),
        );
        let projector = Arc::new(projector.unwrap());
        let mut app = App::new(Arc::default(), definitions, log.clone());
        app.views = Some(projector.views());
        let publisher = Publisher::new(log);
        for month in 1..=12 {
            let first = amount(&format!("{month}-1"), month, 7, 1);
            let then = amount(&format!("{month}-2"), month, 8, 2);
            publisher.publish(&[first, then], None).await.unwrap();
            let mut again = [amount(&format!("{month}-1"), month, 7, 3)];
            let known = rename(&app, &mut again, By::Machine, Duration::from_secs(60)).await;
            known.unwrap();
            assert!(again[0].id.starts_with(&format!("{month}-1-")), "{month}");
        }
        // Views that do not come to have it.
        app.log = Arc::new(MemoryLog::new());
        let publisher = Publisher::new(app.log.clone());
        let many: Vec<Event> = (0..30)
            .map(|n| amount(&format!("n-{n}"), 1, n, 1))
            .collect();
        publisher.publish(&many, None).await.unwrap();
        let unknown = rename(
            &app,
            &mut many.clone(),
            By::Machine,
            Duration::from_millis(1),
        )
        .await;
        assert!(matches!(unknown, Err(UnknownError::Behind)));
    }
}
