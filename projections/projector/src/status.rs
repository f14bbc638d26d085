//! What everybody else sees of the projector: the view, how far it is, and a word when it moves.

use crate::checkpoint::Quarantined;
use crate::observer::Observed;
use chrono::{DateTime, Utc};
use joinedup_views::view::{KnownAt, View};
use serde::Serialize;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// For so long the fold may give no sign of life before it is taken to hang. It gives several a second; the longest that it
/// does without is while it writes a large view whole into a new store.
const SILENCE: Duration = Duration::from_secs(10);

/// What the projector is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "state", content = "reason")]
pub enum Progress {
    /// Opening its store.
    Starting,
    /// Folding what the log has, from the checkpoint or from the origin.
    CatchingUp,
    /// At the head of the log.
    Live,
    /// The log is away; the last view goes on being served.
    Away(String),
    /// Stopped for a reason that a person has to look at.
    Failed(String),
}

impl Progress {
    /// One word for a label.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::CatchingUp => "catching-up",
            Self::Live => "live",
            Self::Away(_) => "away",
            Self::Failed(_) => "failed",
        }
    }

    /// Every word.
    pub const WORDS: [&'static str; 5] = ["starting", "catching-up", "live", "away", "failed"];
}

/// How far the projector is.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "ViewStatus")
)]
pub struct Status {
    /// What it is doing.
    #[serde(flatten)]
    pub progress: Progress,
    /// The last position folded.
    pub position: u64,
    /// The last position in the log, as far as it knows.
    pub head: u64,
    /// The position of the last commit.
    pub committed: u64,
    /// When it last moved, or found that there was nothing to do.
    pub progress_at: DateTime<Utc>,
    /// When the oldest event that is not folded was stored, by the log's clock; none at the head.
    pub behind_since: Option<DateTime<Utc>>,
    /// Why what is folded is not saved, while that is so. It is tried again until it is; nothing is lost meanwhile, as the
    /// log has it.
    pub unsaved: Option<String>,
    /// The log is not the one that the view was built from.
    pub other_log: bool,
    /// Seconds since the fold last gave a sign of life.
    pub silent_seconds: f64,
    /// Events set aside.
    pub quarantined: u64,
    /// A rebuild that is running beside: how far it is.
    pub rebuild: Option<u64>,
    /// How often the views were rebuilt since the start.
    pub rebuilds: u64,
    /// It has been where the log ended when it began: what it shows of now is no longer what it was at some earlier time.
    #[serde(skip)]
    pub caught_up: bool,
    /// Where the log ended when it began.
    #[serde(skip)]
    pub first_head: Option<u64>,
}

impl Status {
    pub(crate) fn new(now: DateTime<Utc>) -> Self {
        Self {
            progress: Progress::Starting,
            position: 0,
            head: 0,
            committed: 0,
            progress_at: now,
            behind_since: None,
            unsaved: None,
            other_log: false,
            silent_seconds: 0.0,
            quarantined: 0,
            rebuild: None,
            rebuilds: 0,
            caught_up: false,
            first_head: None,
        }
    }

    /// The age of the oldest event not yet folded, in seconds, since the log stored it.
    #[must_use]
    pub fn lag_seconds(&self, now: DateTime<Utc>) -> f64 {
        self.behind_since.map_or(0.0, |since| {
            (now - since).num_milliseconds().max(0) as f64 / 1000.0
        })
    }
}

#[derive(Debug)]
struct Shared {
    view: RwLock<Arc<RwLock<View>>>,
    status: RwLock<Status>,
    observed: RwLock<Observed>,
    beat: RwLock<Instant>,
    /// The folding thread ended by a fault of the program.
    ended: OnceLock<String>,
    quarantine: RwLock<Vec<Quarantined>>,
    moved: watch::Sender<u64>,
}

/// The views, for readers: cheap to clone.
#[derive(Clone, Debug)]
pub struct Views(Arc<Shared>);

/// A lock whose holder panicked is taken over: folds leave the view whole between events, and a view is a cache.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl Views {
    pub(crate) fn new(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Shared {
            view: RwLock::new(Arc::new(RwLock::new(View::new()))),
            status: RwLock::new(Status::new(now)),
            observed: RwLock::default(),
            beat: RwLock::new(Instant::now()),
            ended: OnceLock::new(),
            quarantine: RwLock::new(Vec::new()),
            moved: watch::Sender::new(0),
        }))
    }

    /// Reads the view. All that one call reads is of one moment; keep it short, because folding waits meanwhile.
    pub fn read<T>(&self, ask: impl FnOnce(&View) -> T) -> T {
        let view = read(&self.0.view).clone();
        ask(&read(&view))
    }

    /// What was known of some quantities at an instant. Every entity has to be counted again, so they are read some at a
    /// time, and folding goes on in between: what it adds was recorded later.
    #[must_use]
    pub fn known_at(&self, quantities: &[impl AsRef<str>], instant: DateTime<Utc>) -> KnownAt {
        /// Some milliseconds' worth.
        const ENTITIES_A_READ: usize = 2_000;
        let mut known = KnownAt::default();
        let parts = self.read(|view| view.parts(ENTITIES_A_READ));
        for part in parts {
            self.read(|view| view.add_known_at(part, quantities, instant, &mut known));
        }
        known
    }

    /// How far the projector is: what the fold says of itself, and what is seen of it and of the log from outside.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut status = read(&self.0.status).clone();
        let observed = read(&self.0.observed).clone();
        status.head = status.head.max(observed.head);
        status.behind_since = observed.oldest.filter(|_| status.position < status.head);
        let silence = read(&self.0.beat).elapsed();
        status.silent_seconds = silence.as_secs_f64();
        if let Some(why) = self.0.ended.get() {
            status.progress = Progress::Failed(why.clone());
        } else if matches!(status.progress, Progress::Failed(_)) {
            // What failed first is what a person has to look at.
        } else if silence >= SILENCE {
            let seconds = silence.as_secs();
            status.progress = Progress::Failed(format!(
                "the projector has not moved for {seconds} s: it waits for a disk that does not answer, or hangs; the view \
                 stands at position {} of {}. If this lasts, start the process again",
                status.position, status.head
            ));
        } else if let Some(why) = observed.silent {
            status.progress = Progress::Away(why);
        }
        status
    }

    /// What was seen of the log last.
    pub(crate) fn observed(&self) -> Observed {
        read(&self.0.observed).clone()
    }

    /// The position of the latest event set aside.
    pub(crate) fn latest_quarantined(&self) -> Option<u64> {
        read(&self.0.quarantine).last().map(|q| q.position)
    }

    /// The last position folded.
    pub(crate) fn folded(&self) -> u64 {
        read(&self.0.status).position
    }

    /// What the fold says that it is doing.
    pub(crate) fn progress(&self) -> Progress {
        read(&self.0.status).progress.clone()
    }

    /// Notes what was seen of the log.
    pub(crate) fn observe(&self, note: impl FnOnce(&mut Observed)) {
        note(&mut write(&self.0.observed));
    }

    /// The fold lives.
    pub(crate) fn beat(&self) {
        *write(&self.0.beat) = Instant::now();
    }

    /// The fold is over, and was not asked to be.
    pub(crate) fn ended(&self, why: String) {
        // Only the first reason counts.
        let _ = self.0.ended.set(why);
    }

    /// The events set aside, by position.
    #[must_use]
    pub fn quarantine(&self) -> Vec<Quarantined> {
        read(&self.0.quarantine).clone()
    }

    /// When the log stored the latest of the events set aside, once it was seen there.
    #[must_use]
    pub fn last_quarantined(&self) -> Option<DateTime<Utc>> {
        read(&self.0.observed).quarantined.map(|(_, stored)| stored)
    }

    /// Wakes when the view has moved; the value counts the moves.
    #[must_use]
    pub fn moved(&self) -> watch::Receiver<u64> {
        self.0.moved.subscribe()
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        let view = read(&self.0.view).clone();
        change(&mut write(&view))
    }

    pub(crate) fn replace(&self, view: View) {
        *write(&self.0.view) = Arc::new(RwLock::new(view));
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut Status)) {
        change(&mut write(&self.0.status));
    }

    pub(crate) fn set_quarantine(&self, change: impl FnOnce(&mut Vec<Quarantined>)) {
        let mut rows = write(&self.0.quarantine);
        change(&mut rows);
        rows.sort_by_key(|q| q.position);
        let count = rows.len() as u64;
        drop(rows);
        self.set(|status| status.quarantined = count);
    }

    pub(crate) fn wake(&self) {
        self.0.moved.send_modify(|moves| *moves += 1);
    }
}
