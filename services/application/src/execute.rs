//! The one way in which a person's decision becomes events: what stands is loaded, [`decide()`] is asked, and its facts
//! are appended on the condition that nothing came between. The API and the pages both come through here.
//!
//! The ids of the events follow from the write's key. A request that is sent again, even after a crash, finds what it
//! recorded and completes it; two that are sent at once make one change, because the append of one of them fails.

mod baseline;
#[cfg(test)]
mod tests;

use crate::app::App;
use crate::authors;
use crate::publisher::Publisher;
use joinedup_events::{AreaId, EntityId, Event, EventKey, check, subject};
use joinedup_log::{AppendError, Position, ReadError};
use joinedup_projector::Views;
use joinedup_views::contribution::{FactKey, StoredFact};
use joinedup_views::decide::{
    self, Command, NewFact, Refusal, Stands, Subject, Undo, decide, present,
};
use joinedup_views::fact_set::standing;
use joinedup_views::suppression::Audience;
use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::time::Duration;
use uuid::Uuid;

/// How long the views may take to reach a position of the log.
const SEEN_TIMEOUT: Duration = Duration::from_secs(3);

/// How often a decision is taken again because something came between.
const MAX_ATTEMPTS: u32 = 16;

/// The namespace of the ids that follow from keys.
const NAMESPACE: Uuid = Uuid::from_u128(0x6a6f_696e_6564_4570_8b1d_5e2c_9a4f_7031);

/// Names one write of one caller: what is sent again with the same key is the same write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteKey(Uuid);

impl WriteKey {
    /// The key of a caller's write; without an idempotency key every write is another.
    #[must_use]
    pub fn of(caller: &str, idempotency_key: Option<&str>) -> Self {
        Self(idempotency_key.map_or_else(Uuid::now_v7, |key| {
            Uuid::new_v5(&NAMESPACE, format!("{caller}\0{key}").as_bytes())
        }))
    }

    /// An id for what this write makes.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.0
    }

    /// The id of the write's n-th event. It depends on the entity, so that a key that is used for another entity by
    /// mistake does not make two events of one id.
    fn event_id(&self, entity: &EntityId, n: usize) -> String {
        Uuid::new_v5(&self.0, format!("{entity}\0{n}").as_bytes()).to_string()
    }
}

/// A command, with who sent it and what they had read.
#[derive(Clone, Debug)]
pub struct Write {
    /// The CloudEvents source of its events.
    pub source: &'static str,
    /// Its key.
    pub key: WriteKey,
    /// Who recorded it, as its events say.
    pub actor: Option<String>,
    /// What its sender is shown of the command's area.
    pub audience: Audience,
    /// The command.
    pub command: Command,
    /// The version that it was made from, where its sender has one.
    pub version: Option<u64>,
}

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entity that it is about.
    pub entity: EntityId,
    /// The position of its last event: the version that it made.
    pub position: u64,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// This process does not publish.
    #[error("This process does not publish; ask the one that does")]
    NoPublisher,
    /// This process has no views.
    #[error("This process has no views; ask the one that projects")]
    NoViews,
    /// The command makes no sense.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Its events break a rule that every event has to keep.
    #[error("{0}")]
    NotAdmitted(check::Refusals),
    /// Something was recorded since the version that the command was made from.
    #[error(
        "Something was recorded here since version {expected}. Read what stands now, decide again, and send version {version}"
    )]
    Conflict {
        /// The version that was read.
        expected: u64,
        /// The version that stands.
        version: u64,
    },
    /// The write's key was used for something else.
    #[error("This `Idempotency-Key` was used for another body: make a new key for a new write")]
    KeyReused,
    /// Nobody else proposed what is to be accepted.
    #[error(
        "You proposed this yourself, and `two_people` in the settings asks that somebody else accepts it"
    )]
    SamePerson,
    /// The views are not at the position that a decision needs.
    #[error("What stands is not known yet, because the views are behind the log; send it again")]
    Behind,
    /// Others recorded something each time.
    #[error("Too many others are recording at the same time; send it again")]
    Busy,
    /// The log could not be read.
    #[error("The log cannot be read: {0}")]
    Unreadable(#[from] ReadError),
    /// The log did not take the events.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Decides and records; returns when it is durable and, as a rule, in the views.
///
/// # Errors
/// See [`ExecuteError`]. After [`AppendError::Unconfirmed`] it may be recorded: send it again with the same key.
pub async fn execute(app: &App, write: &Write) -> Result<Receipt, ExecuteError> {
    let publisher = app.publisher.as_ref().ok_or(ExecuteError::NoPublisher)?;
    let views = app.views.as_ref().ok_or(ExecuteError::NoViews)?;
    let (command, entity) = (&write.command, write.command.entity()?);
    let subject = subject::of_entity(command.family(), &command.area, &entity);
    let last = app.log.last_on_subject(&subject).await?;
    let mut last = last.map_or(Position::ORIGIN, |event| event.position);
    for _ in 0..MAX_ATTEMPTS {
        // Then everything on the subject up to `last` is in the view, and the append fails if there is more.
        if !until_seen(views, last, SEEN_TIMEOUT).await {
            return Err(ExecuteError::Behind);
        }
        let facts = views.read(|view| {
            let known = view.entity(command.family(), entity.as_str());
            known.map(|e| e.facts.all()).unwrap_or_default()
        });
        let events = events(app, write, &entity, &facts).await?;
        must_be_two(app, &events, &facts).await?;
        match append(publisher, events, last).await {
            Ok(position) => {
                // It is durable; who reads too early sees it a moment later.
                until_seen(views, position, SEEN_TIMEOUT).await;
                let position = position.0;
                return Ok(Receipt { entity, position });
            }
            Err(AppendError::Conflict { actual, .. }) => last = actual,
            Err(other) => return Err(other.into()),
        }
    }
    Err(ExecuteError::Busy)
}

/// What became of an event that looked for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It took one, at this position of the log.
    Taken(Position),
    /// It was in one already, and was not recorded again.
    Had,
    /// Others have them all.
    Full,
}

/// Records an event in the first of some places that nothing stands in, each the id of an entity. The log and not the
/// view says what is free, so two who come at once take two places, however far behind the view is.
///
/// # Errors
/// See [`ExecuteError`].
pub async fn take_place(
    app: &App,
    event: &Event,
    places: impl Iterator<Item = EntityId>,
) -> Result<Place, ExecuteError> {
    let publisher = app.publisher.as_ref().ok_or(ExecuteError::NoPublisher)?;
    let views = app.views.as_ref().ok_or(ExecuteError::NoViews)?;
    let (own, family) = (FactKey::from(event.key()), event.fact.family());
    'places: for place in places {
        let subject = subject::of_entity(family, &event.area, &place);
        let last = app.log.last_on_subject(&subject).await?;
        let mut last = last.map_or(Position::ORIGIN, |event| event.position);
        for _ in 0..MAX_ATTEMPTS {
            if !until_seen(views, last, SEEN_TIMEOUT).await {
                return Err(ExecuteError::Behind);
            }
            let taken = views.read(|view| {
                let known = view.entity(family, place.as_str())?;
                Some(known.facts.all().iter().any(|fact| fact.key == own))
            });
            match taken {
                Some(true) => return Ok(Place::Had),
                Some(false) => continue 'places,
                None => {}
            }
            let event = Event {
                entity: place.clone(),
                ..event.clone()
            };
            // The subject is shared with other entities: whoever comes between need not have taken the place.
            match publisher.publish(&[event], Some(last)).await {
                Ok(appended) => {
                    let position = appended.first().map_or(last, |a| a.position);
                    until_seen(views, position, SEEN_TIMEOUT).await;
                    return Ok(Place::Taken(position));
                }
                Err(AppendError::Conflict { actual, .. }) => last = actual,
                Err(other) => return Err(other.into()),
            }
        }
        return Err(ExecuteError::Busy);
    }
    Ok(Place::Full)
}

/// An event of a write: recorded by an earlier attempt, or still to be.
enum Pending {
    Recorded(Position),
    New(Box<Event>),
}

/// The events of a write, decided by what stood when it was first recorded, or by what stands now.
async fn events(
    app: &App,
    write: &Write,
    entity: &EntityId,
    facts: &[StoredFact],
) -> Result<Vec<Pending>, ExecuteError> {
    let recorded = |n: usize| {
        let key = FactKey::from(EventKey::of(write.source, &write.key.event_id(entity, n)));
        facts.iter().find(|f| f.key == key)
    };
    let repeated = recorded(0);
    // A command is judged by what its sender had read; what came later is then a conflict, however it would be judged.
    let (until, now) = match (repeated, write.version) {
        (Some(first), _) => (first.position.saturating_sub(1), first.recorded_at),
        (None, version) => (version.unwrap_or(u64::MAX), present(facts, app.now())),
    };
    let read = facts.iter().filter(|f| f.position <= until);
    let read = standing(read.cloned().collect());
    let command = &named(app, &write.command, &read).await?;
    let stands = Stands {
        facts: &read,
        measures: &app.definitions.measures,
        catalogue: &app.definitions.catalogue,
    };
    let decided = decide(command, stands, now)?;
    if repeated.is_none() {
        baseline::must_divide(app, write)?;
    }
    // What was read may be newer than the last fact that concerns the command, and not newer than the entity.
    let (version, newest) = (command.version(facts), decide::version(facts));
    if let (None, Some(expected)) = (repeated, write.version)
        && !(version..=newest).contains(&expected)
    {
        return Err(ExecuteError::Conflict { expected, version });
    }
    let pending = |(n, new): (usize, NewFact)| match recorded(n) {
        Some(known) if known.fact == new.fact && known.occurred_at == new.occurred_at => {
            Ok(Pending::Recorded(Position(known.position)))
        }
        Some(_) => Err(ExecuteError::KeyReused),
        None => {
            let event = Event {
                source: write.source.to_owned(),
                id: write.key.event_id(entity, n),
                occurred_at: new.occurred_at,
                recorded_at: now,
                actor: write.actor.clone(),
                entity: entity.clone(),
                area: command.area.clone(),
                fact: new.fact,
            };
            admit(app, event).map(|event| Pending::New(Box::new(event)))
        }
    };
    decided.into_iter().enumerate().map(pending).collect()
}

/// The command with the sources and ids of the events that it takes back.
async fn named<'a>(
    app: &App,
    command: &'a Command,
    standing: &[StoredFact],
) -> Result<Cow<'a, Command>, ReadError> {
    let Subject::Undo(undo) = &command.subject else {
        return Ok(Cow::Borrowed(command));
    };
    let positions = undo.facts(&command.area, standing);
    let positions = positions.iter().map(|fact| fact.position);
    let events = authors::events_at(app.log.as_ref(), positions).await?;
    let subject = Subject::Undo(Undo {
        events: events.into_values().map(|e| (e.source, e.id)).collect(),
        ..undo.clone()
    });
    Ok(Cow::Owned(Command {
        subject,
        ..command.clone()
    }))
}

/// Refuses an acceptance of what nobody but the same person proposed, where the settings ask for two people.
async fn must_be_two(
    app: &App,
    events: &[Pending],
    facts: &[StoredFact],
) -> Result<(), ExecuteError> {
    if !app.config.two_people {
        return Ok(());
    }
    let standing = standing(facts.to_vec());
    for pending in events {
        let Pending::New(event) = pending else {
            continue;
        };
        let accepted = authors::accepted(&event.fact, &event.area, &standing);
        let authors = authors::authors(app.log.as_ref(), accepted).await?;
        if authors::is_alone(event.actor.as_deref(), accepted, &authors) {
            return Err(ExecuteError::SamePerson);
        }
    }
    Ok(())
}

/// The rules of the door hold for what people type too.
fn admit(app: &App, event: Event) -> Result<Event, ExecuteError> {
    let checked = check::check(&event, &event.data(), &app.definitions.areas, app.now());
    checked.map(|()| event).map_err(|mut refusals| {
        if let Some(publisher) = &app.publisher {
            let refused = &publisher.counts().refused;
            refused.fetch_add(refusals.len() as u64, Ordering::Relaxed);
        }
        for refusal in &mut refusals {
            // The sender knows the command's fields and not the event's.
            if let Some(field) = refusal.pointer.strip_prefix("/data") {
                refusal.pointer = field.to_owned();
            }
        }
        ExecuteError::NotAdmitted(check::Refusals(refusals))
    })
}

/// Appends what is not recorded yet, each event on the condition that it follows the one before.
async fn append(
    publisher: &Publisher,
    events: Vec<Pending>,
    mut last: Position,
) -> Result<Position, AppendError> {
    let mut position = Position::ORIGIN;
    for event in events {
        position = match event {
            Pending::Recorded(position) => position,
            Pending::New(event) => {
                let appended = publisher.publish(&[*event], Some(last)).await?;
                last = appended.first().map_or(last, |a| a.position);
                last
            }
        };
    }
    Ok(position)
}

/// Waits until the views have a position; false when they do not reach it in time.
pub async fn until_seen(views: &Views, position: Position, within: Duration) -> bool {
    let mut moved = views.moved();
    let seen = async {
        while views.status().position < position.0 {
            if moved.changed().await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(within, seen).await.is_ok()
}

/// The area that a change was planned for.
#[must_use]
pub fn area_of_change(app: &App, id: &str) -> Option<AreaId> {
    use joinedup_views::changes::change;
    app.views.as_ref()?.read(|view| {
        let entity = view.entity(joinedup_events::Family::Change, id)?;
        change(&entity.facts.standing()).map(|known| known.area)
    })
}
