//! The loop: decoded events in, folds and commits out, on a thread of its own.

use crate::checkpoint::Quarantined;
use crate::committer::{self, Commit, Committed};
use crate::decode::Decoded;
use crate::folder::Folder;
use crate::observer;
use crate::opening::{self, Settings, StartError};
use crate::reader::{self, Message, Run};
use crate::rebuild::Rebuilt;
use crate::saved::Saved;
use crate::status::{Progress, Status, Views};
use chrono::{DateTime, Utc};
use joinedup_events::Areas;
use joinedup_log::{EventLog, Position};
use mending::{Answer, Damage, Rebuilding};
use retrying::Retrying;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

mod mending;
mod retrying;
mod saving;

/// Facts that may wait for a commit, in bytes: while they are written they are in memory several times over.
const MAX_UNCOMMITTED: usize = 8 << 20;

/// How long a stop waits for the fold. What is not saved by then is folded again from the log.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the last commit of a fold that stops may take.
const LAST_COMMIT_TIMEOUT: Duration = Duration::from_secs(4);

/// How long after a store failed the view is written into a new one.
const RENEW_AFTER: Duration = Duration::from_secs(5);

/// A running projector.
#[derive(Debug)]
pub struct Projector {
    views: Views,
    orders: mpsc::Sender<Order>,
    /// Closed when the folding thread has ended.
    running: watch::Receiver<()>,
    observer: AbortHandle,
}

/// Orders to the loop from outside.
enum Order {
    Rebuild(Answer),
    Rebuilt(Box<Result<Rebuilt, String>>),
    Stop,
}

impl Projector {
    /// Opens the folder, takes the stored view back and begins to fold. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the folder or its store cannot be used. A damaged store is moved aside and the view is built again.
    pub fn start(
        settings: Settings,
        log: Arc<dyn EventLog>,
        areas: Arc<Areas>,
    ) -> Result<Self, StartError> {
        let folder = Folder::open(&settings.folder)?;
        let generation = folder.current();
        // Until the log has been looked at, the view is as it was when it was saved.
        let saved_at = folder.saved_at(generation).unwrap_or_else(Utc::now);
        let views = Views::new(saved_at);
        let (generation, saved, mut view, quarantine) =
            opening::open(&folder, &settings, generation)?;
        folder.take(generation, saved.checkpoint.log.as_ref())?;
        folder.clear_but(generation);
        folder.clear_building();
        let at = saved.checkpoint.position.0;
        view.reached(at, saved_at);
        views.replace(view);
        let retrying = Retrying::of(quarantine.iter().map(|row| row.position));
        views.set_quarantine(|rows| *rows = quarantine);
        views.set(|s| {
            // Nothing is known of the log before the fence has looked.
            (s.position, s.committed, s.head, s.progress) = (at, at, at, Progress::Starting);
        });
        let (orders, inbox) = mpsc::channel(8);
        let (commits, committed) =
            committer::start(&*settings.machine).map_err(StartError::Thread)?;
        let machine = settings.machine.clone();
        let fold = Fold {
            settings,
            log,
            areas,
            views: views.clone(),
            folder,
            generation,
            saved,
            set_aside: Vec::new(),
            folded_now: Vec::new(),
            dirty: false,
            catching_up: true,
            last_commit: Instant::now(),
            commits,
            committed,
            in_flight: None,
            failed_at: None,
            damage: None,
            retrying,
            own_orders: orders.clone(),
            rebuilding: None,
        };
        let (ends, running) = watch::channel(());
        let end = End {
            views: views.clone(),
            _ends: ends,
        };
        let observer = tokio::spawn(observer::observe(fold.log.clone(), views.clone()));
        let work = async move {
            let _end = end;
            fold.run(inbox).await;
        };
        machine
            .run("projector", Box::pin(work))
            .map_err(StartError::Thread)?;
        Ok(Self {
            views,
            orders,
            running,
            observer: observer.abort_handle(),
        })
    }

    /// The views, for readers.
    #[must_use]
    pub fn views(&self) -> Views {
        self.views.clone()
    }

    /// Builds the view again from the log, beside the one in use, and lets it take its place. The old one serves
    /// meanwhile, and after a failed fence it is also how to accept the log as it now is.
    ///
    /// # Errors
    /// A sentence, when the log could not be read or the new store not be written.
    pub async fn rebuild(&self) -> Result<(), String> {
        let gone = |_| Err("the projector has stopped".to_owned());
        self.ask_for_rebuild().await.await.unwrap_or_else(gone)
    }

    /// Begins what [`Projector::rebuild`] waits for. The answer never comes when the projector has stopped.
    pub(crate) async fn ask_for_rebuild(&self) -> oneshot::Receiver<Result<(), String>> {
        let (answer, answered) = oneshot::channel();
        // When nobody takes it, it is dropped, and whoever waits sees that.
        let _ = self.orders.send(Order::Rebuild(answer)).await;
        answered
    }

    /// Commits what is folded and stops. It does not wait for ever: what a disk that is full or does not answer has not
    /// taken by then is folded again from the log at the next start.
    pub async fn stop(&self) {
        self.observer.abort();
        let mut running = self.running.clone();
        let stopped = async {
            // If the loop has ended already there is nobody to ask.
            let _ = self.orders.send(Order::Stop).await;
            while running.changed().await.is_ok() {}
        };
        if tokio::time::timeout(STOP_TIMEOUT, stopped).await.is_err() {
            tracing::warn!(
                "the projector did not stop in time; what it has not saved is folded again at the next start"
            );
        }
    }
}

impl Drop for Projector {
    fn drop(&mut self) {
        self.observer.abort();
    }
}

/// Goes with the folding thread, and says so when that was not asked to end.
struct End {
    views: Views,
    _ends: watch::Sender<()>,
}

impl Drop for End {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let why = "the projector ended by a fault in the program: start the process again, and report it";
            tracing::error!("{why}");
            self.views.ended(why.to_owned());
        }
    }
}

struct Fold {
    settings: Settings,
    log: Arc<dyn EventLog>,
    areas: Arc<Areas>,
    views: Views,
    folder: Folder,
    generation: u64,
    saved: Saved,
    set_aside: Vec<Quarantined>,
    folded_now: Vec<u64>,
    dirty: bool,
    catching_up: bool,
    last_commit: Instant,
    commits: mpsc::UnboundedSender<Commit>,
    committed: mpsc::UnboundedReceiver<Committed>,
    /// The commit under way: nobody wants it any more once this is false.
    in_flight: Option<Arc<AtomicBool>>,
    /// When the store failed for good; the view is to be written into a new one.
    failed_at: Option<Instant>,
    damage: Option<Damage>,
    retrying: Retrying,
    own_orders: mpsc::Sender<Order>,
    rebuilding: Option<Rebuilding>,
}

impl Fold {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let (mut messages, mut reader) = self.open_reader();
        loop {
            self.views.beat();
            let goes_on = !self.waits_for_room();
            let tick = match goes_on && self.retries() {
                true => Duration::ZERO,
                false => self.settings.commit_every.min(Duration::from_secs(1)) / 4,
            };
            let next = tokio::select! {
                // Orders first, so that a long backlog does not hold one up.
                biased;
                order = orders.recv() => Next::Order(order.unwrap_or(Order::Stop)),
                Some(message) = messages.recv(), if goes_on => Next::Message(message),
                () = tokio::time::sleep(tick) => Next::Tick,
            };
            match next {
                Next::Message(message) if self.damage.is_some() => self.glance_at(&message),
                Next::Message(message) => self.receive(message),
                Next::Order(Order::Stop) => break,
                Next::Order(Order::Rebuild(answer)) => self.rebuild_asked_for(answer),
                Next::Order(Order::Rebuilt(outcome)) => {
                    reader.abort();
                    self.take_rebuilt(*outcome);
                    (messages, reader) = self.open_reader();
                }
                Next::Tick => {}
            }
            if goes_on {
                self.retry_some().await;
            }
            self.mend_damage();
            self.commit_if_due();
        }
        reader.abort();
        self.last_commit().await;
    }

    fn open_reader(&self) -> (mpsc::Receiver<Message>, tokio::task::JoinHandle<()>) {
        // A few runs ahead: enough to keep both sides busy, little enough to hold memory down.
        let (sender, messages) = mpsc::channel(2);
        let reading = reader::read(
            self.log.clone(),
            self.areas.clone(),
            self.saved.checkpoint.clone(),
            sender,
        );
        (messages, tokio::spawn(reading))
    }

    /// What is folded onto damage is lost with it. Whether the log is the right one counts all the same.
    fn glance_at(&self, message: &Message) {
        match message {
            Message::Head(_) => self.views.set(|s| s.other_log = false),
            Message::OtherLog(_) | Message::Successor(_) => {
                self.views.set(|s| s.other_log = true);
            }
            _ => {}
        }
    }

    fn receive(&mut self, message: Message) {
        let now = Utc::now();
        match message {
            Message::Events(run) => self.fold(run, now),
            Message::Head(head) => {
                // The fence has looked: this is the log.
                self.views.set(|s| {
                    if s.other_log || s.progress == Progress::Starting {
                        (s.other_log, s.progress) = (false, Progress::CatchingUp);
                    }
                });
                self.retrying.log_is_there();
                let position = self.saved.checkpoint.position;
                if position >= head {
                    self.views.change(|view| view.reached(position.0, now));
                }
                self.views.set(|s| note_head(s, head, position, now));
            }
            Message::Away(what) => {
                tracing::warn!(reason = what, "the log is away; trying again");
                self.views.set(|s| s.progress = Progress::Away(what));
            }
            Message::Failed(what) => self.fail(what),
            Message::OtherLog(what) => {
                self.views.set(|s| s.other_log = true);
                self.fail(what);
            }
            Message::Successor(what) => {
                // It comes again until the views are built.
                self.rebuild_by_itself(&what);
                self.views.set(|s| {
                    s.other_log = true;
                    s.progress = Progress::Failed(what);
                });
            }
        }
    }

    /// Notes why folding does not go on; logged once, however often it is tried again. Whether the log is another one stays as the
    /// fence last found it.
    fn fail(&self, what: String) {
        let failed = Progress::Failed(what);
        if self.views.progress() == failed {
            return;
        }
        if let Progress::Failed(reason) = &failed {
            tracing::error!(reason, "the projector has stopped");
        }
        self.views.set(|s| s.progress = failed);
    }

    fn fold(&mut self, run: Run, now: DateTime<Utc>) {
        let Decoded {
            good,
            bad,
            last,
            digest,
        } = run.events;
        let is_live = self.views.progress() == Progress::Live;
        self.views.change(|view| {
            view.fold_bundles(good);
            // What was recorded meanwhile may still be to come.
            let known = view.as_of().filter(|_| !is_live);
            view.reached(last.0, known.unwrap_or(now));
        });
        if let Some(newest) = bad.last().map(|q| q.position) {
            for Quarantined {
                position, reason, ..
            } in &bad
            {
                tracing::warn!(position, reason, "an event was set aside");
            }
            self.views.set_quarantine(|all| {
                let again = |at| bad.binary_search_by_key(&at, |r| r.position).is_ok();
                all.retain(|q| q.position > newest || !again(q.position));
                all.extend(bad.iter().cloned());
            });
            self.set_aside.extend(bad);
        }
        let checkpoint = &mut self.saved.checkpoint;
        checkpoint.position = last;
        checkpoint.event_digest = digest;
        checkpoint.log = Some(run.log);
        self.dirty = true;
        let position = checkpoint.position;
        self.views.set(|s| {
            s.position = position.0;
            s.head = run.head.0.max(s.head);
            s.progress_at = now;
            note_distance(s, position, now, true);
        });
        self.views.wake();
    }
}

enum Next {
    Message(Message),
    Order(Order),
    Tick,
}

/// The log's head as it was read last. One that was read before may have been of an event that no quorum of a cluster had and that is
/// gone: nothing beyond the last is waited for.
fn note_head(status: &mut Status, head: Position, position: Position, now: DateTime<Utc>) {
    status.head = head.0.max(position.0);
    note_distance(status, position, now, false);
}

/// Live at the head; catching up behind it. What failed is over when events are folded again or none are left to fold.
fn note_distance(status: &mut Status, position: Position, now: DateTime<Utc>, folded: bool) {
    if position.0 >= status.head {
        status.progress = Progress::Live;
        status.progress_at = now;
    } else if match status.progress {
        Progress::Failed(_) => folded,
        Progress::Live => false,
        _ => true,
    } {
        status.progress = Progress::CatchingUp;
    }
    let first = *status.first_head.get_or_insert(status.head);
    status.caught_up |= position.0 >= first || status.progress == Progress::Live;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_is_taken_back_is_waited_for_no_longer() {
        let now = DateTime::UNIX_EPOCH;
        let mut status = Status::new(now);
        note_head(&mut status, Position(5), Position(4), now);
        assert_eq!(status.progress, Progress::CatchingUp);
        note_head(&mut status, Position(4), Position(4), now);
        assert_eq!((status.progress, status.head), (Progress::Live, 4));
    }

    #[test]
    fn a_view_has_caught_up_where_the_log_ended_when_it_began() {
        let now = DateTime::UNIX_EPOCH;
        let mut status = Status::new(now);
        for (head, position, caught_up) in [(5, 0, false), (9, 4, false), (9, 5, true)] {
            note_head(&mut status, Position(head), Position(position), now);
            assert_eq!(status.caught_up, caught_up, "{position} of {head}");
        }
        // As it goes on being when more comes than is folded.
        note_head(&mut status, Position(99), Position(6), now);
        assert!(status.caught_up);
    }
}
