//! Writes facts down as events: gives each an id and a time of recording, sometimes late.

use super::dice::{Dice, hours, minutes};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use joinedup_events::facts::{Happened, Retracted};
use joinedup_events::{AreaId, EntityId, Event, Fact, Slug, local};

/// Share of facts recorded one to nine days late.
const LATE: f64 = 0.05;
/// Share recorded one to four months late.
const VERY_LATE: f64 = 0.003;

/// Who says it, about which entity of which area.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) source: String,
    pub(super) area: AreaId,
    pub(super) entity: EntityId,
}

/// Collects the events of one family.
pub(super) struct Pen {
    pub(super) dice: Dice,
    pub(super) events: Vec<Event>,
}

impl Pen {
    pub(super) fn new(dice: Dice) -> Self {
        Self {
            dice,
            events: Vec::new(),
        }
    }

    /// A subject with an id of its own.
    pub(super) fn subject(&mut self, source: &str, area: &AreaId) -> Subject {
        Subject {
            source: source.to_owned(),
            area: area.clone(),
            entity: entity(self.dice.id()),
        }
    }

    /// A fact that happened at `at`, recorded soon after as a rule. Gives the event's id.
    pub(super) fn say(&mut self, about: &Subject, at: DateTime<Utc>, fact: Fact) -> String {
        let late = self.dice.unit();
        let after = if late < VERY_LATE && !ends_a_wait(&fact) {
            TimeDelta::days(self.dice.between(30, 120)) + minutes(self.dice.range(0.0, 600.0))
        } else if late < LATE {
            hours(self.dice.range(24.0, 216.0))
        } else {
            minutes(self.dice.exponential(40.0).min(600.0))
        };
        self.say_recorded(about, at, at + after, fact)
    }

    /// A fact that happened at `at` and was recorded at `recorded` (never before it happened).
    pub(super) fn say_recorded(
        &mut self,
        about: &Subject,
        at: DateTime<Utc>,
        recorded: DateTime<Utc>,
        fact: Fact,
    ) -> String {
        let id = self.dice.id();
        self.events.push(Event {
            source: about.source.clone(),
            id: id.clone(),
            occurred_at: at,
            recorded_at: recorded.max(at),
            entity: about.entity.clone(),
            area: about.area.clone(),
            fact,
            actor: None,
        });
        id
    }
}

/// Someone whose leaving is recorded months late would stand on the board as the county's longest wait.
fn ends_a_wait(fact: &Fact) -> bool {
    matches!(
        fact.name(),
        "discharged" | "closed" | "withdrawn" | "cancelled" | "admitted" | "received"
    )
}

/// The instant of a local date at an hour of the day, with fractions.
pub(super) fn at_hour(date: NaiveDate, hour: f64) -> DateTime<Utc> {
    let seconds = (hour * 3600.0).clamp(0.0, 86_399.0) as u32;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap_or(NaiveTime::MIN);
    local::at(date, time)
}

/// A fact with nothing to say beyond its time.
pub(super) fn happened() -> Happened {
    Happened {}
}

/// Takes back the event of that id, of the same source.
pub(super) fn taken_back(id: String) -> Retracted {
    Retracted {
        retracts: id,
        retracts_source: None,
        previous: None,
    }
}

/// A code written in this program.
#[expect(
    clippy::expect_used,
    reason = "only for codes written out in this module's source"
)]
pub(super) fn slug(code: &str) -> Slug {
    Slug::new(code).expect("codes of the simulator are short and plain")
}

/// An entity's id made by this program.
#[expect(
    clippy::expect_used,
    reason = "only for ids made by the simulator's own generator"
)]
pub(super) fn entity(id: String) -> EntityId {
    EntityId::try_from(id).expect("ids of the simulator are short and plain")
}
