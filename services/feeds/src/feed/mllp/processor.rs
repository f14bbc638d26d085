//! One message after the other: read, held against what is known of its stay, published through the door, answered.

use super::MllpFeed;
use super::recent::{Recent, Taken};
use crate::feed::FeedHandle;
use crate::feed::beginning::Beginning;
use crate::feed::known::{self, KnownError};
use crate::feed::lines::LinesError;
use crate::feed::people::{Meant, People};
use crate::hl7::acknowledgement::Answer;
use crate::hl7::message::Message;
use crate::hl7::statement::Reader;
use crate::sink::Sink;
use crate::stay::events::{self, Origin};
use crate::stay::statement::{Statement, Trigger};
use crate::stay::{self, Backwards, LEFT_BEFORE_COMING, again};
use crate::transfer::Contradicting;
use joinedup_application::app::App;
use joinedup_events::{EntityId, Event, Family, local};
use joinedup_views::contribution::StoredFact;
use tokio::sync::Mutex;

/// Takes messages.
pub(super) struct Processor {
    feed: MllpFeed,
    app: App,
    sink: Sink,
    handle: FeedHandle,
    people: People,
    beginning: Beginning,
    /// One message at a time: what is new of it depends on the ones before.
    turn: Mutex<Recent>,
}

/// What was stored of a message.
#[derive(Default)]
struct Stored {
    /// Facts that are new.
    facts: u64,
    /// Of these, the ones that contradict each other or what is known.
    contradicting: Contradicting,
    /// What is to be known of the message beside that.
    remark: Option<String>,
}

impl Stored {
    /// What is answered and shown of a message that was taken; mostly nothing.
    fn sentence(&self) -> String {
        let contradicting = (self.contradicting.0 > 0).then(|| self.contradicting.sentence());
        let sentences: Vec<String> = self.remark.iter().cloned().chain(contradicting).collect();
        sentences.join("; ")
    }
}

/// Why a message was not taken now.
#[derive(Debug, thiserror::Error)]
enum TakeError {
    #[error(transparent)]
    Known(#[from] KnownError),
    #[error("{0}; send it again")]
    People(#[from] LinesError),
    #[error("the log does not take events: {0}; send it again")]
    Send(String),
}

impl Processor {
    pub fn new(feed: MllpFeed, app: App, sink: Sink, handle: FeedHandle, people: People) -> Self {
        let settings = &feed.settings;
        let (name, area) = (&settings.name, &settings.area);
        Self {
            beginning: Beginning::of(name, feed.source(), area, settings.begins),
            feed,
            app,
            sink,
            handle,
            people,
            turn: Mutex::default(),
        }
    }

    /// Takes a message, and gives the bytes of the answer: it is durable, or says why not.
    pub async fn take(&self, bytes: &[u8]) -> Vec<u8> {
        let Some(message) = Message::read(bytes) else {
            let answer = "what was sent does not begin with a header (MSH)".to_owned();
            return self.unreadable(Answer::Rejected(answer));
        };
        let answer = self.answer(bytes, &message).await;
        self.framed(&answer, Some(&message))
    }

    /// Counts what cannot be read, and gives the bytes of the answer.
    pub fn unreadable(&self, answer: Answer) -> Vec<u8> {
        let now = self.app.now();
        self.handle.update(|state| {
            state.came("what is not a message", now);
            state.refused += 1;
            state.attention(format!("what came last was refused: {}", answer.parts().1));
        });
        self.framed(&answer, None)
    }

    fn framed(&self, answer: &Answer, message: Option<&Message>) -> Vec<u8> {
        answer.framed(message, self.feed.settings.name.as_str(), self.app.now())
    }

    async fn answer(&self, bytes: &[u8], message: &Message) -> Answer {
        let separator = message.separators().component;
        let kind = message.raw("MSH", 9);
        let mut parts = kind.split(separator);
        if parts.next() != Some("ADT") {
            return self.counted(
                "another message than ADT",
                Err(Answer::Rejected(
                    "this feed takes ADT messages, and this is another (MSH-9)".to_owned(),
                )),
            );
        }
        let code = match parts.next().unwrap_or_default() {
            "" => message.raw("EVN", 1),
            code => code,
        };
        let (trigger, named) = (Trigger::of(code), known_name(code));
        // Training and debugging say nothing of anybody.
        let is_test = message.raw("MSH", 11).starts_with(['T', 'D']);
        let Some(trigger) = trigger.filter(|_| !is_test) else {
            return self.counted(named, Ok(Stored::default()));
        };
        let reader = Reader {
            mapping: &self.feed.mapping,
            ring: &self.feed.ring,
            areas: &self.app.definitions.areas,
            now: self.app.now(),
        };
        let statement = match reader.read(trigger, message) {
            Ok(Some(statement)) => statement,
            Ok(None) => return self.counted(named, Ok(Stored::default())),
            Err(fault) => return self.counted(named, Err(Answer::Error(fault.to_string()))),
        };
        let hash = events::message(&self.feed.ring, bytes);
        let taken = self.record_in_order(Taken::new(hash, &statement)).await;
        let outcome = match taken {
            Ok((stored, mut faults)) => {
                faults.extend(statement.faults.iter().map(ToString::to_string));
                let remark = statement.remark.as_ref().map(ToString::to_string);
                match faults.is_empty() {
                    true => Ok(Stored { remark, ..stored }),
                    false => {
                        faults.extend(remark);
                        Err(Answer::Error(format!(
                            "{}; what is right was taken",
                            faults.join("; ")
                        )))
                    }
                }
            }
            Err(error) => {
                let now = self.app.now();
                self.handle
                    .update(|state| state.fails(error.to_string(), now));
                return Answer::Error(error.to_string());
            }
        };
        self.counted(named, outcome)
    }

    /// Counts what became of a message: facts stored, or the answer that refuses it.
    fn counted(&self, what: &str, outcome: Result<Stored, Answer>) -> Answer {
        let now = self.app.now();
        self.handle.update(|state| {
            state.came(what, now);
            match &outcome {
                Ok(stored) => {
                    state.taken += 1;
                    state.facts += stored.facts;
                    state.without_effect += u64::from(stored.facts == 0);
                    state.contradicting += stored.contradicting.0;
                    match stored.sentence() {
                        nothing if nothing.is_empty() => state.works(),
                        sentence => state.attention(sentence),
                    }
                }
                Err(answer) => {
                    state.refused += 1;
                    state.rejects += 1;
                    state.attention(format!(
                        "a message ({what}) was refused: {}",
                        answer.parts().1
                    ));
                }
            }
        });
        match outcome {
            Ok(stored) => Answer::Taken(stored.sentence()),
            Err(answer) => answer,
        }
    }

    /// Publishes what is new of a message that has its turn, and then of those that were made after it and came before: one that
    /// said what stood already left no fact, and does not stand any more by what comes late.
    async fn record_in_order(&self, taken: Taken) -> Result<(Stored, Vec<String>), TakeError> {
        let mut recent = self.turn.lock().await;
        let (mut stored, refused) = self.record(&taken).await?;
        for later in recent.later_than(&taken) {
            let (more, _) = self.record(later).await?;
            stored.facts += more.facts;
            stored.contradicting.0 += more.contradicting.0;
        }
        recent.remember(taken);
        Ok((stored, refused))
    }

    /// Another stay than the one that a number stands for now: the next, which a message begins when that has ended, or the
    /// first, which a message is about that was made before its end.
    async fn under_the_same_number(
        &self,
        statement: &Statement,
        entity: &EntityId,
        known: &[StoredFact],
    ) -> Result<Option<Known>, KnownError> {
        let settings = &self.feed.settings;
        let facts = async |entity: &EntityId| {
            known::facts(&self.app, &settings.area, Family::Transfer, entity).await
        };
        let ring = &self.feed.ring;
        if let Some(next) = again::entity(&settings.name, ring, statement, known) {
            let facts = facts(&next).await?;
            return Ok(Some((next, facts.unwrap_or_default())));
        }
        let best = statement.spell.first();
        let first = best.and_then(|name| known::bearing(&settings.name, name));
        let Some(first) = first.filter(|first| first != entity) else {
            return Ok(None);
        };
        let facts = facts(&first).await?.unwrap_or_default();
        let is_of_it = again::had_ended(statement, &facts) == Some(false);
        Ok(is_of_it.then_some((first, facts)))
    }

    /// Publishes what is new. Returns what was stored now, and what the door refused.
    async fn record(&self, taken: &Taken) -> Result<(Stored, Vec<String>), TakeError> {
        let statement = &taken.statement;
        let settings = &self.feed.settings;
        let (name, area) = (&settings.name, &settings.area);
        let (family, people) = (Family::Transfer, &self.people);
        let entity = known::entity(
            &self.app,
            name,
            area,
            family,
            [&statement.spell, &[]],
            people,
        );
        let (mut entity, mut known) = entity.await?;
        // What happens to people who are in no bed, such as a visit to a clinic, is about no stay.
        let may_be_of_a_stay = statement.inpatient != Some(false);
        if statement.unnumbered && known.is_empty() && may_be_of_a_stay {
            match self.people.meant(&self.app, area, statement).await? {
                Meant::Stay(stay, facts) => (entity, known) = (stay, facts),
                // Which one it is cannot be said, and a stay that nothing ends would wait for ever.
                Meant::Another if !statement.trigger.may_begin() => {
                    return Ok((Stored::default(), Vec::new()));
                }
                Meant::Another | Meant::First => {}
            }
        }
        if let Some(other) = self
            .under_the_same_number(statement, &entity, &known)
            .await?
        {
            (entity, known) = other;
        }
        let admitted = statement.admitted.unwrap_or(statement.recorded);
        let person = statement.person.clone();
        let previous = self
            .people
            .previous(&self.app, area, &person, &entity, admitted);
        let statement = Statement {
            previous: previous.await?,
            ..statement.clone()
        };
        let changes = stay::changes(&statement, &known);
        // Of people who are in no bed nothing is remembered.
        if !(known.is_empty() && changes.changes.is_empty()) {
            let today = local::date(self.app.now());
            self.people.remember(&person, &entity, today)?;
            if let Some(best) = statement.spell.first() {
                self.people.remember_name(name, best, &entity, today)?;
            }
        }
        let mapping = &self.feed.mapping;
        let backwards = changes.left_before_coming.map(|backwards| {
            let place = match backwards {
                Backwards::Came => &mapping.admitted,
                Backwards::Left => &mapping.discharged,
            };
            format!("{place} {LEFT_BEFORE_COMING}")
        });
        let ids = known::ids(&self.app, changes.taken_back()).await?;
        let origin = Origin {
            feed: name,
            source: self.feed.source(),
            area,
            entity: &entity,
            ring: &self.feed.ring,
            message: &taken.hash,
        };
        let events = origin.events(changes, &known, &ids, |event| self.sink.admits(event));
        let send = async |events: &[Event]| {
            let sent = self.sink.send(events).await;
            sent.map_err(|error| TakeError::Send(error.to_string()))
        };
        if !events.is_empty() {
            let first = Some(statement.recorded);
            match self.beginning.to_publish(&self.app, first).await? {
                Some(begins) => self.beginning.answered(&send(&[begins]).await?),
                None => self.beginning.was_published(),
            }
        }
        let sent = send(&events).await?;
        let refused = sent.refused.iter().map(|(at, pointer, rule)| {
            let fact = events.get(*at).map_or("", |event| event.fact.name());
            format!("{fact}: `{pointer}` {rule}")
        });
        let stored = Stored {
            facts: sent.accepted,
            contradicting: Contradicting(sent.contradicting),
            remark: None,
        };
        Ok((stored, refused.chain(backwards).collect()))
    }
}

/// A stay, and what is known of it.
type Known = (EntityId, Vec<StoredFact>);

/// An event's code in words for the feed's state, where it is one of HL7's: what else stands there is not repeated.
fn known_name(code: &str) -> &'static str {
    const CODES: [(&str, &str); 11] = [
        ("A01", "ADT A01"),
        ("A02", "ADT A02"),
        ("A03", "ADT A03"),
        ("A04", "ADT A04"),
        ("A06", "ADT A06"),
        ("A07", "ADT A07"),
        ("A08", "ADT A08"),
        ("A11", "ADT A11"),
        ("A12", "ADT A12"),
        ("A13", "ADT A13"),
        ("A40", "ADT A40"),
    ];
    let known = CODES.iter().find(|(known, _)| *known == code);
    known.map_or("another ADT message", |(_, name)| name)
}
