//! Whether the server can be trusted: each thing that has to hold, with a sentence. `/readyz` asks it, scrapes show it.

use crate::app::App;
use crate::publisher::Publisher;
use joinedup_log::scrub::Scrub;
use joinedup_log::{EventLog, Unwritable};
use joinedup_projector::{Progress, Status};
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
    log: Arc<RwLock<Vec<Check>>>,
    /// The checks that strangers were last shown, and when.
    recent: Arc<Mutex<Option<(Instant, Vec<Check>)>>>,
    /// Why the process ends by itself, if it does.
    ends: Arc<OnceLock<String>>,
}

impl Health {
    /// Why the process ends by itself: its log takes nothing until it is opened again.
    #[must_use]
    pub fn ends(&self) -> Option<&String> {
        self.ends.get()
    }

    /// Looks at the log over and over, and asks the process to stop when the log has stopped for good.
    pub async fn watch(&self, log: Arc<dyn EventLog>, publishes: bool, stop: CancellationToken) {
        loop {
            let seen = log_checks(&*log, publishes).await;
            if let Seen::Over(why) = &seen.1 {
                let why = format!(
                    "the log takes no more events ({why}); the process ends, so that whoever looks after it starts it again"
                );
                tracing::error!("{why}");
                // It stops for its first reason.
                let _ = self.ends.set(why);
                stop.cancel();
            }
            *self.log.write().unwrap_or_else(PoisonError::into_inner) = seen.0;
            tokio::time::sleep(EVERY).await;
        }
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
        let mut checks = own_checks(app);
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        checks.extend(log.iter().cloned());
        guarded(app, checks)
    }
}

/// Whether each thing holds now.
pub async fn checks(app: &App) -> Vec<Check> {
    let mut checks = own_checks(app);
    checks.extend(log_checks(&*app.log, app.publisher.is_some()).await.0);
    guarded(app, checks)
}

/// The log may take events that the publisher refuses.
fn guarded(app: &App, mut checks: Vec<Check>) -> Vec<Check> {
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
        add("records", whole);
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

/// What the look at the log means for the process.
enum Seen {
    /// Nothing that only a new start would mend.
    GoesOn,
    /// The log takes nothing until it is opened again.
    Over(String),
}

/// What the log says of itself.
async fn log_checks(log: &dyn EventLog, publishes: bool) -> (Vec<Check>, Seen) {
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
    let over = match &writable {
        Err(Unwritable::ForGood(why)) => Seen::Over(why.clone()),
        _ => Seen::GoesOn,
    };
    if publishes {
        checks.push(Check {
            name: WRITING,
            outcome: writable
                .map(|()| "events are taken".to_owned())
                .map_err(|why| format!("no events are taken: {why}")),
        });
    }
    (checks, over)
}
