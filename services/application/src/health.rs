//! Whether the server can be trusted: each thing that has to hold, with a sentence. `/readyz` asks it, scrapes show it.

use crate::app::App;
use crate::publisher::Publisher;
use joinedup_events::AreaId;
use joinedup_log::scrub::Scrub;
use joinedup_log::{EventLog, Unwritable};
use joinedup_projector::{Progress, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// How far behind the log a ready view may be, in seconds.
const MAX_LAG: f64 = 60.0;

/// How long the log may take to say whether it can be written. Whoever asks for readiness waits three seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// How often the log is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// The check whether events are taken.
const WRITING: &str = "writing";

/// The check whether the log is whole.
const RECORDS: &str = "records";

/// One thing that has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// One word for it.
    pub name: &'static str,
    /// How it is, or what is wrong.
    pub outcome: Result<String, String>,
}

/// What is found out beside the questions of clients.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// The slow check of the log.
    pub scrub: Scrub,
    /// The log as it was seen last.
    log: Arc<RwLock<Seen>>,
    /// The checks that strangers were last shown, and when.
    recent: Arc<Mutex<Option<(Instant, Vec<Check>)>>>,
    /// Places that are reported on and that the register does not have, at the last look.
    unregistered: Arc<RwLock<BTreeSet<AreaId>>>,
    /// Why the process ends by itself, if it does.
    ends: Arc<OnceLock<String>>,
}

impl Health {
    /// Why the process ends by itself: its log takes nothing until it is opened again.
    #[must_use]
    pub fn ends(&self) -> Option<&String> {
        self.ends.get()
    }

    /// Looks at the log over and over, and asks the process to stop when the log has stopped for good. Whatever begins or ceases
    /// to hold is written down once: pages and scrapes say how it is, and not how it was.
    pub async fn watch(&self, app: &App, stop: CancellationToken) {
        let mut held: BTreeMap<&'static str, bool> = BTreeMap::new();
        loop {
            let seen = log_checks(&*app.log, app.publisher.is_some()).await;
            if let Some(why) = &seen.over {
                let why = format!(
                    "the log takes no more events ({why}); the process ends, so that whoever looks after it starts it again"
                );
                tracing::error!("{why}");
                // It stops for its first reason.
                let _ = self.ends.set(why);
                stop.cancel();
            }
            let checks = gathered(app, seen.clone());
            *self.log.write().unwrap_or_else(PoisonError::into_inner) = seen;
            for Check { name, outcome } in checks {
                let was = held.insert(name, outcome.is_ok());
                match outcome {
                    Err(why) if was == Some(true) => tracing::warn!("not ready: {name}: {why}"),
                    Ok(how) if was == Some(false) => tracing::info!("{name} holds again: {how}"),
                    _ => {}
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Looks which places are reported on that the register does not have: after a start without its file of areas their people
    /// would be on no board and in no chart of the places that they lie in. No check does it by itself, since it reads the
    /// view: a fold that hangs would hang whoever asks for readiness.
    pub fn look_at_areas(&self, app: &App) {
        let mut unknown = app.reported_areas();
        unknown.retain(|area| app.definitions.areas.get(area.as_str()).is_none());
        let mut kept = self
            .unregistered
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = unknown;
    }

    fn of_areas(&self) -> Result<String, String> {
        let unknown = self
            .unregistered
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(first) = unknown.first() else {
            return Ok("all that are reported on are known".to_owned());
        };
        let others = match unknown.len() {
            1 => String::new(),
            n => format!(" and of {} other places", n - 1),
        };
        Err(format!(
            "there are records of `{first}`{others}, which the register of areas does not have: start again with the `areas_file` that has them"
        ))
    }

    /// Whether each thing holds, as it was found out within the last second: however many ask, the log is asked once.
    pub async fn recent(&self, app: &App) -> Vec<Check> {
        let mut recent = self.recent.lock().await;
        match recent.as_ref() {
            Some((at, checks)) if at.elapsed() < EVERY => checks.clone(),
            _ => {
                let checks = checks(app).await;
                *recent = Some((Instant::now(), checks.clone()));
                checks
            }
        }
    }

    /// Whether each thing holds, with what was last seen of the log; for a scrape.
    #[must_use]
    pub fn seen(&self, app: &App) -> Vec<Check> {
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        gathered(app, log.clone())
    }
}

/// Whether each thing holds now.
pub async fn checks(app: &App) -> Vec<Check> {
    gathered(app, log_checks(&*app.log, app.publisher.is_some()).await)
}

/// All checks together. The log may take events that the publisher refuses, and may know of damage that the slow check has
/// yet to come to.
fn gathered(app: &App, log: Seen) -> Vec<Check> {
    let mut checks = own_checks(app);
    if let Some(damage) = log.damage {
        match checks.iter_mut().find(|check| check.name == RECORDS) {
            Some(check) if check.outcome.is_err() => {}
            Some(check) => check.outcome = Err(damage),
            None => checks.push(Check {
                name: RECORDS,
                outcome: Err(damage),
            }),
        }
    }
    checks.extend(log.checks);
    if let Some(why) = app.publisher.as_ref().and_then(Publisher::refuses) {
        let writing = checks.iter_mut().filter(|check| check.name == WRITING);
        for check in writing.filter(|check| check.outcome.is_ok()) {
            check.outcome = Err(format!("no events are taken: {why}"));
        }
    }
    checks
}

/// What is known without asking the log.
fn own_checks(app: &App) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut add = |name, outcome| checks.push(Check { name, outcome });
    if app.stopping.is_cancelled() {
        add("server", Err("stopping".to_owned()));
    }
    if let Some(views) = &app.views {
        let status = views.status();
        let lag = status.lag_seconds(app.now());
        add("views", of_views(&status, lag));
        let behind = if lag < MAX_LAG {
            Ok(format!("{lag:.1} s"))
        } else {
            Err(format!("{lag:.0} s behind"))
        };
        add("lag", behind);
        let saved = match &status.unsaved {
            None => Ok(format!("up to position {}", status.committed)),
            Some(why) => Err(format!(
                "up to position {} of {}: {why}",
                status.committed, status.position
            )),
        };
        add("saved", saved);
        let state = app.health.scrub.state();
        let whole = match state.damage {
            None => Ok(format!("read up to position {}", state.checked)),
            Some(why) => Err(why),
        };
        add(RECORDS, whole);
        add("areas", app.health.of_areas());
    }
    checks
}

fn of_views(status: &Status, lag: f64) -> Result<String, String> {
    match &status.progress {
        Progress::Live => Ok(format!("live at position {}", status.position)),
        Progress::Starting => Err("opening".to_owned()),
        Progress::CatchingUp if status.committed > 0 && lag < MAX_LAG => {
            Ok("catching up".to_owned())
        }
        Progress::CatchingUp => Err(format!(
            "catching up: at {} of {}",
            status.position, status.head
        )),
        Progress::Away(why) => Err(format!("the log is away: {why}")),
        Progress::Failed(why) => Err(why.clone()),
    }
}

/// What a look at the log found.
#[derive(Clone, Debug, Default)]
struct Seen {
    checks: Vec<Check>,
    /// The log takes nothing until it is opened again: the process ends, and a new start mends it.
    over: Option<String>,
    /// The log takes nothing because it is damaged: a new start would find the same, so the process stays and says so.
    damage: Option<String>,
}

/// What the log says of itself.
async fn log_checks(log: &dyn EventLog, publishes: bool) -> Seen {
    let silent = || format!("it did not answer within {} s", ANSWER_TIMEOUT.as_secs());
    let asked = async {
        tokio::join!(
            tokio::time::timeout(ANSWER_TIMEOUT, log.head()),
            tokio::time::timeout(ANSWER_TIMEOUT, log.writable()),
        )
    };
    let (head, writable) = asked.await;
    let head = match head {
        Ok(Ok(head)) => Ok(format!("head {head}")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(silent()),
    };
    let mut checks = vec![Check {
        name: "log",
        outcome: head,
    }];
    let writable = writable.unwrap_or_else(|_| Err(Unwritable::ForNow(silent())));
    let (over, damage) = match &writable {
        Err(Unwritable::ForGood(why)) => (Some(why.clone()), None),
        Err(Unwritable::Damaged(why)) => (None, Some(why.clone())),
        Err(Unwritable::ForNow(_)) | Ok(()) => (None, None),
    };
    if publishes {
        checks.push(Check {
            name: WRITING,
            outcome: writable
                .map(|()| "events are taken".to_owned())
                .map_err(|why| format!("no events are taken: {why}")),
        });
    }
    Seen {
        checks,
        over,
        damage,
    }
}

#[cfg(test)]
mod tests;
