//! What a message or a resource changes of what is known of a stay.

use super::{Stands, minute};
use chrono::{DateTime, Utc};
use joinedup_events::transfer::TransferFact;

/// What is to be recorded of one subject of a message: first what is taken back, then what is stated.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The subject, for the ids of events.
    pub about: &'static str,
    /// Where the events stand in the log that are taken back.
    pub taken_back: Vec<u64>,
    /// What is stated, and when it happened.
    pub stated: Option<(DateTime<Utc>, TransferFact)>,
}

impl Change {
    pub(crate) fn new(about: &'static str) -> Self {
        Self {
            about,
            taken_back: Vec::new(),
            stated: None,
        }
    }

    pub(super) fn states(about: &'static str, at: DateTime<Utc>, fact: TransferFact) -> Self {
        Self {
            stated: Some((at, fact)),
            ..Self::new(about)
        }
    }

    /// What is in force is put right: it is taken back and stated anew, unless it says the same of the same minute.
    pub(super) fn put_right<T: PartialEq>(
        mut self,
        in_force: Option<Stands<'_, T>>,
        at: DateTime<Utc>,
        fact: T,
        stated: impl FnOnce(T) -> TransferFact,
    ) -> Self {
        if !in_force
            .is_some_and(|(_, known, before)| minute(known) == minute(at) && *before == fact)
        {
            let position = in_force.map(|(position, _, _)| position);
            self.taken_back.extend(position);
            self.stated = Some((at, stated(fact)));
        }
        self
    }

    pub(crate) fn says_something(&self) -> bool {
        !self.taken_back.is_empty() || self.stated.is_some()
    }
}

/// What a message adds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The changes.
    pub changes: Vec<Change>,
    /// When they are recorded: after what they change.
    pub recorded: DateTime<Utc>,
    /// What was stated would have had somebody leave before they came, and is left out.
    pub left_before_coming: Option<Backwards>,
}

/// Which time would have had somebody leave before they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backwards {
    /// That of coming.
    Came,
    /// That of leaving.
    Left,
}

/// What is wrong where somebody would have left before they came, as a sentence that goes on from its place.
pub const LEFT_BEFORE_COMING: &str = "has the stay end before it began: it is not taken";

impl Changes {
    /// Where the events stand in the log that are taken back.
    pub fn taken_back(&self) -> impl Iterator<Item = u64> {
        self.changes
            .iter()
            .flat_map(|change| change.taken_back.iter().copied())
    }
}
