//! How the feeds that the server runs are doing: what each took last, and what is wrong with it; and the way to those that
//! take files over HTTP. No text holds a value of what was taken.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// How a feed is doing since the server started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Facts that contradict each other or what is known.
    pub contradicting: u64,
    /// Rows or facts of which something was not taken.
    pub rejects: u64,
    /// Since when nothing works.
    pub failing_since: Option<DateTime<Utc>>,
    /// What is wrong, and what to do about it.
    pub problem: Option<String>,
    /// What is to be known where nothing is wrong.
    #[serde(skip)]
    pub notice: Option<String>,
    /// Since when what came last does not work and what is wrong with it, while the folder that it came from does not work.
    #[serde(skip)]
    pub aside: Option<(Option<DateTime<Utc>>, Option<String>)>,
}

impl FeedState {
    /// Notes that a file or a message has come.
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

    /// What files come from does not work, or does: what was wrong with the last file is wrong still when it works again.
    pub fn source_fails(&mut self, problem: Option<String>, now: DateTime<Utc>) {
        if let Some(problem) = problem {
            if self.aside.is_none() {
                self.aside = Some((self.failing_since.take(), self.problem.take()));
            }
            self.fails(problem, now);
        } else if let Some(of_file) = self.aside.take() {
            (self.failing_since, self.problem) = of_file;
        }
    }
}

/// A file that was sent to a feed.
#[derive(Debug)]
pub struct Upload {
    /// The file.
    pub bytes: Bytes,
    /// Somebody looked: it is whole, though much of the one before is gone.
    pub accepted: bool,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Received>,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It was taken; the report.
    Taken(Report),
    /// It cannot be taken; the report.
    Refused(Report),
    /// Not now, for this reason: the sender should try again.
    Later(String),
}

/// A report, in the form that who sends such files reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Lines of text.
    Text(String),
    /// A document of a standard that has its own form of reports.
    Document {
        /// Its media type.
        media_type: &'static str,
        /// Itself.
        text: String,
    },
}

/// Where a feed finds the files that are sent to it.
pub type Inbox = mpsc::Receiver<Upload>;

/// So many files may wait for a feed, which takes one after the other.
const WAITING_FILES: usize = 4;

/// A feed's state, and the way to it where it takes files.
type Place = (FeedState, Option<mpsc::Sender<Upload>>);

/// The states of all feeds, for readers and for the feeds themselves; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct FeedStates(Arc<Mutex<Vec<Place>>>);

/// One feed's place among the states.
#[derive(Clone, Debug)]
pub struct FeedHandle {
    states: FeedStates,
    at: usize,
}

impl FeedStates {
    fn lock(&self) -> MutexGuard<'_, Vec<Place>> {
        // Every change leaves a state whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, in the order of the file of feeds.
    #[must_use]
    pub fn all(&self) -> Vec<FeedState> {
        let all = self.lock();
        let shown = all.iter().map(|(state, _)| FeedState {
            problem: state.problem.clone().or_else(|| state.notice.clone()),
            ..state.clone()
        });
        shown.collect()
    }

    /// A feed that takes files, by its name, and the way to it.
    #[must_use]
    pub fn taking_files(&self, name: &str) -> Option<(FeedState, mpsc::Sender<Upload>)> {
        let all = self.lock();
        let (state, way) = all.iter().find(|(state, _)| state.name == name)?;
        Some((state.clone(), way.clone()?))
    }

    /// Adds a feed.
    #[must_use]
    pub fn register(&self, state: FeedState) -> FeedHandle {
        let mut all = self.lock();
        all.push((state, None));
        FeedHandle {
            states: self.clone(),
            at: all.len() - 1,
        }
    }
}

impl FeedHandle {
    /// Changes the feed's state.
    pub fn update(&self, change: impl FnOnce(&mut FeedState)) {
        if let Some((state, _)) = self.states.lock().get_mut(self.at) {
            change(state);
        }
    }

    /// From now on the feed takes files.
    #[must_use]
    pub fn inbox(&self) -> Inbox {
        let (way, inbox) = mpsc::channel(WAITING_FILES);
        if let Some((_, known)) = self.states.lock().get_mut(self.at) {
            *known = Some(way);
        }
        inbox
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_works_again_leaves_what_was_wrong_with_its_last_file() {
        let states = FeedStates::default();
        let feed = states.register(FeedState::default());
        let at = |minute: i64| DateTime::from_timestamp(minute * 60, 0).unwrap();
        let gone = || Some("the folder is gone".to_owned());
        let stands = || {
            let state = states.all().remove(0);
            (state.failing_since, state.problem)
        };
        feed.update(|state| state.source_fails(gone(), at(1)));
        feed.update(|state| state.source_fails(gone(), at(2)));
        assert_eq!(stands(), (Some(at(1)), gone()));
        feed.update(|state| state.source_fails(None, at(3)));
        assert_eq!(stands(), (None, None));
        let refused = Some("the file was refused".to_owned());
        feed.update(|state| state.fails(refused.clone().unwrap_or_default(), at(4)));
        feed.update(|state| state.source_fails(gone(), at(5)));
        feed.update(|state| state.source_fails(None, at(6)));
        assert_eq!(stands(), (Some(at(4)), refused));
        // What is only to be known comes last.
        let notice = Some("1 file lies there".to_owned());
        feed.update(|state| state.notice.clone_from(&notice));
        assert_ne!(stands().1, notice);
        feed.update(FeedState::works);
        assert_eq!(stands(), (None, notice));
    }

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
