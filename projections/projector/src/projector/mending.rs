//! How a view is built again beside the one in use: because a person asks for it, or by itself where facts cannot be fetched.

use super::retrying::Retrying;
use super::{Fold, Order, RENEW_AFTER};
use crate::rebuild::{self, Rebuilt};
use crate::status::Progress;
use chrono::Utc;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Where the outcome of a rebuild is waited for.
pub(super) type Answer = oneshot::Sender<Result<(), String>>;

/// A rebuild that is under way.
pub(super) struct Rebuilding {
    /// Nobody asked for it, so it is built from no other log than the view was, or one that goes on from that.
    by_itself: bool,
    waiting: Vec<Answer>,
}

/// Facts of the view cannot be fetched. It is being built again, and nothing of it is saved.
#[derive(Default)]
pub(super) struct Damage {
    /// When a rebuild was begun because of it.
    tried: Option<Instant>,
    /// Why the last one did not work.
    failed: Option<String>,
}

/// Says that a rebuild is over when a fault of the program ended it: somebody waits for it.
struct BrokenOff(mpsc::Sender<Order>);

impl Drop for BrokenOff {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let why = "the rebuild ended by a fault in the program: report it".to_owned();
            // Few orders are ever given, so there is room.
            let _ = self.0.try_send(Order::Rebuilt(Box::new(Err(why))));
        }
    }
}

impl Fold {
    /// A view of which facts cannot be fetched is built again from the log.
    pub(super) fn mend_damage(&mut self) {
        let Some(why) = self.views.read(|view| view.damage().map(str::to_owned)) else {
            self.damage = None;
            return;
        };
        let damage = self.damage.get_or_insert_default();
        let going = match &damage.failed {
            None => "The views are being built again from the log".to_owned(),
            Some(failed) => {
                format!(
                    "Building the views again from the log failed, and is tried again: {failed}"
                )
            }
        };
        let due = self.rebuilding.is_none()
            && (damage.tried).is_none_or(|tried| tried.elapsed() >= RENEW_AFTER);
        if due {
            damage.tried = Some(Instant::now());
        }
        self.fail(format!(
            "facts of the view could not be read: {why}. {going}"
        ));
        if due {
            self.start_rebuild(Vec::new());
        }
    }

    /// A person asks, and takes the log as it now is.
    pub(super) fn rebuild_asked_for(&mut self, answer: Answer) {
        match &mut self.rebuilding {
            Some(under_way) => under_way.waiting.push(answer),
            None => self.start_rebuild(vec![answer]),
        }
    }

    /// Nobody asks, and the log is known to be the right one.
    pub(super) fn rebuild_by_itself(&mut self, why: &str) {
        if self.rebuilding.is_none() {
            tracing::warn!(reason = why, "the views are built again from the log");
            self.start_rebuild(Vec::new());
        }
    }

    /// Starts a rebuild that so many wait for, or one that nobody asked for.
    fn start_rebuild(&mut self, waiting: Vec<Answer>) {
        let by_itself = waiting.is_empty();
        self.rebuilding = Some(Rebuilding { by_itself, waiting });
        self.views.set(|s| s.rebuild = Some(0));
        let built_over = by_itself.then(|| self.saved.checkpoint.clone());
        let (folder, settings, generation) = (
            self.folder.clone(),
            self.settings.clone(),
            self.next_generation(),
        );
        let (log, areas, views, orders) = (
            self.log.clone(),
            self.areas.clone(),
            self.views.clone(),
            self.own_orders.clone(),
        );
        let work = async move {
            let broken_off = BrokenOff(orders.clone());
            let outcome =
                rebuild::rebuild(folder, settings, generation, built_over, log, areas, views).await;
            // When the projector has stopped meanwhile, the new generation is left over and removed at the next start.
            let _ = orders.send(Order::Rebuilt(Box::new(outcome))).await;
            drop(broken_off);
        };
        if let Err(error) = self.settings.machine.run("rebuild", Box::pin(work)) {
            self.take_rebuilt(Err(format!("the rebuild could not be started: {error}")));
        }
    }

    pub(super) fn take_rebuilt(&mut self, outcome: Result<Rebuilt, String>) {
        let answer = outcome.and_then(|mut rebuilt| {
            let at = rebuilt.saved.checkpoint.position.0;
            rebuilt.view.reached(at, Utc::now());
            self.take(rebuilt.generation, rebuilt.saved)?;
            self.catching_up = true;
            self.views.replace(rebuilt.view);
            self.views.set_quarantine(|all| *all = rebuilt.quarantine);
            // All of them were tried by the rebuild.
            self.retrying = Retrying::default();
            self.all_saved();
            self.views.set(|s| {
                (s.position, s.head) = (at, at);
                (s.progress, s.other_log) = (Progress::CatchingUp, false);
                s.rebuilds += 1;
            });
            self.views.wake();
            Ok(())
        });
        self.views.set(|s| s.rebuild = None);
        let Some(Rebuilding { by_itself, waiting }) = self.rebuilding.take() else {
            return;
        };
        if let (true, Err(failed)) = (by_itself, &answer) {
            tracing::warn!(reason = failed, "building the views again failed");
            if let Some(damage) = &mut self.damage {
                damage.failed = Some(failed.clone());
            }
            if !waiting.is_empty() {
                // Somebody asked while it was under way: that one may be built from any log.
                return self.start_rebuild(waiting);
            }
        }
        for waiting in waiting {
            // Whoever asked may have gone.
            let _ = waiting.send(answer.clone());
        }
    }

    /// The generation that is written next. Only one may be written at a time, so nothing else writes one while a rebuild is
    /// under way.
    pub(super) fn next_generation(&self) -> u64 {
        self.generation + 1
    }
}
