//! How the feeds that the server runs are doing: what each took last, and what is wrong with it. No text holds a value of
//! what was taken.

use chrono::{DateTime, Utc};
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a feed is doing since the server started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FeedState {
    /// Its name.
    pub name: String,
    /// Its kind, such as `folder`.
    pub kind: &'static str,
    /// The beginning of the `source` of its events.
    pub source: String,
    /// The area that its events count for, where that is one.
    pub area: Option<String>,
    /// The file or message that came last: a file's name, or the kind of a message such as `ADT A03`.
    pub last: Option<String>,
    /// When that came.
    pub last_at: Option<DateTime<Utc>>,
    /// Files or messages taken.
    pub taken: u64,
    /// Of these, the ones that changed nothing.
    pub without_effect: u64,
    /// Files or messages refused.
    pub refused: u64,
    /// Rows read, of files.
    pub rows: u64,
    /// Facts stored.
    pub facts: u64,
    /// Rows or facts of which something was not taken.
    pub rejects: u64,
    /// Since when nothing works.
    pub failing_since: Option<DateTime<Utc>>,
    /// What is wrong, and what to do about it.
    pub problem: Option<String>,
}

impl FeedState {
    /// Something came.
    pub fn came(&mut self, what: impl Into<String>, at: DateTime<Utc>) {
        self.last = Some(what.into());
        self.last_at = Some(at);
    }

    /// It works, and nothing has to be done.
    pub fn works(&mut self) {
        self.failing_since = None;
        self.problem = None;
    }

    /// Somebody has to look, though it works.
    pub fn attention(&mut self, problem: impl Into<String>) {
        self.failing_since = None;
        self.problem = Some(problem.into());
    }

    /// It does not work, since now or longer.
    pub fn fails(&mut self, problem: impl Into<String>, now: DateTime<Utc>) {
        self.failing_since.get_or_insert(now);
        self.problem = Some(problem.into());
    }
}

/// The states of all feeds, for readers and for the feeds themselves; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct FeedStates(Arc<Mutex<Vec<FeedState>>>);

/// One feed's place among the states.
#[derive(Clone, Debug)]
pub struct FeedHandle {
    states: FeedStates,
    at: usize,
}

impl FeedStates {
    fn lock(&self) -> MutexGuard<'_, Vec<FeedState>> {
        // Every change leaves a state whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, in the order of the file of feeds.
    #[must_use]
    pub fn all(&self) -> Vec<FeedState> {
        self.lock().clone()
    }

    /// Adds a feed.
    #[must_use]
    pub fn register(&self, state: FeedState) -> FeedHandle {
        let mut all = self.lock();
        all.push(state);
        FeedHandle {
            states: self.clone(),
            at: all.len() - 1,
        }
    }
}

impl FeedHandle {
    /// Changes the feed's state.
    pub fn update(&self, change: impl FnOnce(&mut FeedState)) {
        if let Some(state) = self.states.lock().get_mut(self.at) {
            change(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_fails_since_the_first_of_its_failures() {
        let states = FeedStates::default();
        let (first, second) = (
            states.register(FeedState::default()),
            states.register(FeedState::default()),
        );
        let at = |minute: i64| DateTime::from_timestamp(minute * 60, 0).unwrap();
        second.update(|state| state.fails("the disk is full", at(1)));
        second.update(|state| state.fails("the disk is still full", at(2)));
        first.update(|state| state.came("a.csv", at(3)));
        let all = states.all();
        assert_eq!(all[1].failing_since, Some(at(1)));
        assert_eq!(all[1].problem.as_deref(), Some("the disk is still full"));
        assert_eq!(all[0].failing_since, None);
        second.update(FeedState::works);
        assert_eq!(states.all()[1].problem, None);
    }
}
