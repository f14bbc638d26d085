//! What of a resource is new against what is known, and as events.

use super::reader::{About, Reported};
use super::referral;
use super::version::Versions;
use crate::stay::events::{Alone, Origin};
use crate::stay::{self, Backwards, Changes, LEFT_BEFORE_COMING};
use chrono::{DateTime, Utc};
use joinedup_events::transfer::TransferFact;
use joinedup_events::{Event, Fact};
use joinedup_views::contribution::StoredFact;
use std::collections::BTreeMap;

/// What of a resource is new.
#[derive(Clone, Debug, Default)]
pub struct New {
    changes: Changes,
    facts: Vec<Alone>,
}

impl New {
    /// Holds what a resource says against all that is known of its stay or referral, and against the version of it that was taken
    /// last: an older one has no effect.
    #[must_use]
    pub fn of(
        reported: &Reported,
        known: &[StoredFact],
        origin: &Origin<'_>,
        versions: &Versions,
    ) -> Self {
        match &reported.about {
            About::Stay {
                statement,
                also,
                in_passing,
            } => Self {
                changes: match in_passing {
                    true if is_admitted(known) => Changes::default(),
                    false if versions.is_older(statement, known, origin) => Changes::default(),
                    _ => stay::changes(statement, known),
                },
                facts: also
                    .iter()
                    .map(|(at, fact)| Alone {
                        written: *at,
                        at: reported.recorded.min(*at),
                        fact: Fact::Transfer(fact.clone()),
                        by: None,
                    })
                    .collect(),
            },
            About::Referral(statement) => Self {
                changes: match statement.mistaken {
                    true => referral::taken_back(statement, known, origin),
                    false => Changes::default(),
                },
                facts: referral::changes(statement, known, origin),
            },
        }
    }

    /// What cannot be, and where: it is left out.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let place = match self.changes.left_before_coming? {
            Backwards::Came => "period.start",
            Backwards::Left => "period.end",
        };
        Some((place, LEFT_BEFORE_COMING))
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.changes.is_empty() && self.facts.is_empty()
    }

    /// Where the events stand in the log that are taken back.
    pub fn taken_back(&self) -> impl Iterator<Item = u64> {
        self.changes.taken_back()
    }

    /// The events; `ids` are those of the events that are taken back, by position, and `admits` asks the door.
    #[must_use]
    pub fn events(
        self,
        origin: &Origin<'_>,
        recorded: DateTime<Utc>,
        known: &[StoredFact],
        ids: &BTreeMap<u64, String>,
        admits: impl Fn(&Event) -> bool,
    ) -> Vec<Event> {
        let mut events = origin.events(self.changes, known, ids, admits);
        events.extend(origin.stated(self.facts, recorded, known));
        events
    }
}

/// Whether it is known that somebody was admitted.
fn is_admitted(known: &[StoredFact]) -> bool {
    known.iter().any(|stored| {
        stored.linked.is_none() && matches!(&stored.fact, Fact::Transfer(TransferFact::Admitted(_)))
    })
}
