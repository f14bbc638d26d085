//! The loop: decoded events in, folds and commits out, on a thread of its own.

use crate::checkpoint::Quarantined;
use crate::committer::{self, Commit, Committed, NotCommitted};
use crate::decode::{Decoded, decode};
use crate::folder::Folder;
use crate::opening::{self, Settings, StartError};
use crate::reader::{self, Heard, Run};
use crate::rebuild::{self, Rebuilt};
use crate::saved::{SaveError, Saved};
use crate::status::{Progress, Views};
use chrono::{DateTime, Utc};
use joinedup_events::Areas;
use joinedup_log::{EventLog, Position};
use joinedup_views::view::View;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// Facts that may wait for a commit, in bytes: while they are written they are in memory several times over.
const UNCOMMITTED_AT_MOST: usize = 8 << 20;

/// A running projector.
#[derive(Debug)]
pub struct Projector {
    views: Views,
    orders: mpsc::Sender<Order>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

/// What the loop is told from outside.
enum Order {
    Rebuild(oneshot::Sender<Result<(), String>>),
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
        let views = Views::new(Utc::now());
        let folder = Folder::open(&settings.folder)?;
        let generation = folder.current();
        let (generation, saved, mut view, quarantine) =
            opening::open(&folder, &settings, generation)?;
        folder.take(generation)?;
        folder.clear_but(generation);
        let at = saved.checkpoint.position.0;
        view.reached(at, Utc::now());
        views.replace(view);
        views.set_quarantine(|rows| *rows = quarantine);
        views.set(|s| {
            (s.position, s.committed, s.head, s.progress) = (at, at, at, Progress::CatchingUp)
        });
        let (orders, inbox) = mpsc::channel(8);
        let (commits, committed) = committer::start().map_err(StartError::Thread)?;
        let fold = Fold {
            runtime: Handle::current(),
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
            own_orders: orders.clone(),
            waiting_for_rebuild: Vec::new(),
        };
        let thread = std::thread::Builder::new()
            .name("projector".into())
            .spawn(move || fold.run(inbox))
            .map_err(StartError::Thread)?;
        Ok(Self {
            views,
            orders,
            thread: std::sync::Mutex::new(Some(thread)),
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
        let (answer, answered) = oneshot::channel();
        let gone = || "the projector has stopped".to_owned();
        self.orders
            .send(Order::Rebuild(answer))
            .await
            .map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Commits what is folded and stops.
    pub async fn stop(&self) {
        // If the loop has ended already there is nobody to tell.
        let _ = self.orders.send(Order::Stop).await;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

struct Fold {
    runtime: Handle,
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
    commits: std::sync::mpsc::Sender<Commit>,
    committed: std::sync::mpsc::Receiver<Committed>,
    in_flight: Option<u64>,
    own_orders: mpsc::Sender<Order>,
    waiting_for_rebuild: Vec<oneshot::Sender<Result<(), String>>>,
}

impl Fold {
    fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        self.retry_quarantine();
        let runtime = self.runtime.clone();
        let (mut heard, mut reader) = self.open_reader();
        loop {
            let tick = self.settings.commit_every / 4;
            let next = runtime.block_on(async {
                tokio::select! {
                    order = orders.recv() => Next::Order(order.unwrap_or(Order::Stop)),
                    Some(word) = heard.recv() => Next::Heard(word),
                    () = tokio::time::sleep(tick) => Next::Tick,
                }
            });
            match next {
                Next::Heard(word) => self.hear(word),
                Next::Order(Order::Stop) => break,
                Next::Order(Order::Rebuild(answer)) => self.start_rebuild(answer),
                Next::Order(Order::Rebuilt(outcome)) => {
                    reader.abort();
                    self.take_rebuilt(*outcome);
                    (heard, reader) = self.open_reader();
                }
                Next::Tick => {}
            }
            self.commit_if_due();
        }
        reader.abort();
        self.commit_and_wait();
    }

    fn open_reader(&self) -> (mpsc::Receiver<Heard>, tokio::task::JoinHandle<()>) {
        // A few runs ahead: enough to keep both sides busy, little enough to hold memory down.
        let (sender, heard) = mpsc::channel(4);
        let reading = reader::read(
            self.log.clone(),
            self.areas.clone(),
            self.saved.checkpoint.clone(),
            sender,
        );
        (heard, self.runtime.spawn(reading))
    }

    fn hear(&mut self, word: Heard) {
        let now = Utc::now();
        match word {
            Heard::Events(run) => self.fold(run, now),
            Heard::Head(head) => {
                let position = self.saved.checkpoint.position;
                if position >= head {
                    self.views.change(|view| view.reached(position.0, now));
                }
                self.views.set(|s| {
                    s.head = head.0.max(s.head);
                    note_distance(s, position, now);
                });
            }
            Heard::Away(what) => {
                tracing::warn!(reason = what, "the log is away; trying again");
                self.views.set(|s| s.progress = Progress::Away(what));
            }
            Heard::Failed(what) => {
                tracing::error!(reason = what, "the projector has stopped");
                self.views.set(|s| s.progress = Progress::Failed(what));
            }
        }
    }

    fn fold(&mut self, run: Run, now: DateTime<Utc>) {
        let Decoded {
            good,
            bad,
            last,
            digest,
        } = run.events;
        self.views.change(|view| {
            view.fold(good);
            view.reached(last.0, now);
        });
        if let Some(newest) = bad.last().map(|q| q.position) {
            for Quarantined {
                position, reason, ..
            } in &bad
            {
                tracing::warn!(position, reason, "an event was set aside");
            }
            self.views.set_quarantine(|all| {
                all.retain(|q| q.position > newest || bad.iter().all(|r| r.position != q.position));
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
            note_distance(s, position, now);
        });
        self.views.wake();
    }

    /// Events set aside earlier are tried again: the program or the register may know them now.
    fn retry_quarantine(&mut self) {
        let rows = self.views.quarantine();
        let mut events = Vec::new();
        for row in &rows {
            let found = self
                .runtime
                .block_on(self.log.read(Position(row.position - 1), 1));
            let Some(recorded) = found
                .ok()
                .and_then(|f| f.into_iter().next())
                .filter(|e| e.position.0 == row.position)
            else {
                continue;
            };
            if let Ok(event) = decode(&recorded, &self.areas) {
                events.push((row.position, event));
            }
        }
        if events.is_empty() {
            return;
        }
        let positions: Vec<u64> = events.iter().map(|(p, _)| *p).collect();
        tracing::info!(
            count = positions.len(),
            "events that were set aside can be read now"
        );
        self.views.change(|view| view.fold(events));
        self.views
            .set_quarantine(|all| all.retain(|q| !positions.contains(&q.position)));
        self.folded_now = positions;
        self.dirty = true;
    }

    fn commit_if_due(&mut self) {
        self.hear_commits();
        if !self.dirty || self.in_flight.is_some() {
            return;
        }
        let live = self.views.status().progress == Progress::Live;
        // What was caught up with is worth keeping at once.
        let arrived = live && self.catching_up;
        let due = arrived
            || self.last_commit.elapsed() >= self.rhythm(live)
            || self.views.read(View::journal_bytes) >= UNCOMMITTED_AT_MOST;
        if !due {
            return;
        }
        self.catching_up = !live;
        self.commit();
        // A rebuild that is under way makes a store of its own.
        let alone = self.waiting_for_rebuild.is_empty();
        if live && alone && self.saved.is_worn(&self.settings) {
            self.finish_commit();
            self.renew_store();
        }
    }

    /// Writes the view as it is, all of it committed, into a store of its own, which takes the place of the one in use.
    /// When that does not work, the old one goes on.
    fn renew_store(&mut self) {
        let generation = self.generation + 1;
        let quarantine = self.views.quarantine();
        let checkpoint = self.saved.checkpoint.clone();
        let written = self.views.read(|view| {
            let (folder, settings) = (&self.folder, &self.settings);
            opening::write(folder, settings, generation, checkpoint, view, &quarantine)
        });
        let taken = written
            .map_err(|e| e.to_string())
            .and_then(|saved| self.take(generation, saved));
        if let Err(error) = taken {
            tracing::warn!(error, "the view could not be written into a new store");
            self.saved.worn_again_later();
        }
    }

    /// A store that was written whole takes the place of the one in use, which is closed and then removed.
    fn take(&mut self, generation: u64, saved: Saved) -> Result<(), String> {
        self.folder.take(generation).map_err(|e| e.to_string())?;
        (self.saved, self.generation) = (saved, generation);
        self.folder.clear_but(generation);
        Ok(())
    }

    /// While catching up, commits are further apart: each writes pages of cells that the next run changes again.
    fn rhythm(&self, live: bool) -> Duration {
        if live {
            self.settings.commit_every
        } else {
            self.settings.commit_every * 5
        }
    }

    fn commit(&mut self) {
        let (set_aside, folded_now) = (
            std::mem::take(&mut self.set_aside),
            std::mem::take(&mut self.folded_now),
        );
        let saved = &mut self.saved;
        let batch = self
            .views
            .change(|view| saved.changes(view, &set_aside, &folded_now));
        self.dirty = false;
        self.last_commit = Instant::now();
        let position = self.saved.checkpoint.position.0;
        match batch {
            Ok(batch) => {
                if self
                    .commits
                    .send((self.saved.store(), batch, position))
                    .is_ok()
                {
                    self.in_flight = Some(position);
                }
            }
            Err(error) => self.report(Err(error)),
        }
    }

    fn hear_commits(&mut self) {
        while let Ok(answer) = self.committed.try_recv() {
            self.hear_commit(answer);
        }
    }

    fn hear_commit(&mut self, answer: Committed) {
        match answer {
            Ok(position) => {
                self.in_flight = None;
                self.views.set(|s| s.committed = position);
            }
            Err(NotCommitted::Yet(what)) => {
                tracing::warn!(reason = what, "the view is not saved yet");
            }
            Err(NotCommitted::Ever(what)) => {
                tracing::error!(reason = what, "the view could not be saved");
                self.in_flight = None;
                self.views.set(|s| s.progress = Progress::Failed(what));
            }
        }
    }

    fn finish_commit(&mut self) {
        while self.in_flight.is_some() {
            match self.committed.recv() {
                Ok(answer) => self.hear_commit(answer),
                Err(_) => return,
            }
        }
    }

    fn commit_and_wait(&mut self) {
        self.finish_commit();
        if self.dirty {
            self.commit();
            self.finish_commit();
        }
    }

    fn report(&mut self, outcome: Result<(), SaveError>) {
        if let Err(error) = outcome {
            tracing::error!(%error, "the view could not be saved");
            self.views
                .set(|s| s.progress = Progress::Failed(error.to_string()));
        }
    }

    fn start_rebuild(&mut self, answer: oneshot::Sender<Result<(), String>>) {
        self.waiting_for_rebuild.push(answer);
        if self.waiting_for_rebuild.len() > 1 {
            return;
        }
        self.views.set(|s| s.rebuild = Some(0));
        let (folder, settings, generation) = (
            self.folder.clone(),
            self.settings.clone(),
            self.generation + 1,
        );
        let (log, areas, views, orders) = (
            self.log.clone(),
            self.areas.clone(),
            self.views.clone(),
            self.own_orders.clone(),
        );
        self.runtime.spawn(async move {
            let outcome = rebuild::rebuild(folder, settings, generation, log, areas, views).await;
            // When the projector has stopped meanwhile, the new generation is left over and removed at the next start.
            let _ = orders.send(Order::Rebuilt(Box::new(outcome))).await;
        });
    }

    fn take_rebuilt(&mut self, outcome: Result<Rebuilt, String>) {
        self.finish_commit();
        let answer = outcome.and_then(|mut rebuilt| {
            let at = rebuilt.saved.checkpoint.position.0;
            rebuilt.view.reached(at, Utc::now());
            self.take(rebuilt.generation, rebuilt.saved)?;
            (self.set_aside, self.folded_now, self.dirty) = (Vec::new(), Vec::new(), false);
            self.catching_up = true;
            self.views.replace(rebuilt.view);
            self.views.set_quarantine(|all| *all = rebuilt.quarantine);
            self.views.set(|s| {
                (s.position, s.committed, s.head) = (at, at, at);
                s.progress = Progress::CatchingUp;
                s.rebuilds += 1;
            });
            self.views.wake();
            Ok(())
        });
        self.views.set(|s| s.rebuild = None);
        for waiting in self.waiting_for_rebuild.drain(..) {
            // Whoever asked may have gone.
            let _ = waiting.send(answer.clone());
        }
    }
}

enum Next {
    Heard(Heard),
    Order(Order),
    Tick,
}

/// Live at the head; a heartbeat there even without events; behind it, since when.
fn note_distance(status: &mut crate::status::Status, position: Position, now: DateTime<Utc>) {
    if matches!(status.progress, Progress::Failed(_)) {
        return;
    }
    if position.0 >= status.head {
        status.progress = Progress::Live;
        status.progress_at = now;
        status.behind_since = None;
    } else {
        status.behind_since.get_or_insert(now);
        if status.progress != Progress::Live {
            status.progress = Progress::CatchingUp;
        }
    }
}
