//! What systemd is told of the server (`Type=notify`): that it is ready, that it is alive, that it stops. Does nothing where
//! there is no systemd that listens.

use chrono::{DateTime, TimeDelta, Utc};
use joinedup_application::app::App;
use joinedup_projector::{Progress, Status};
use sd_notify::NotifyState;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often systemd's status line is written anew where no watchdog asks for more.
const STATUS_EVERY: Duration = Duration::from_secs(10);

/// Says that the server listens, and keeps saying that it is alive until the returned task is ended.
pub fn started(app: &App) -> JoinHandle<()> {
    tell(&[NotifyState::Ready]);
    let app = app.clone();
    let watchdog = sd_notify::watchdog_enabled();
    // Half of what is allowed, as systemd advises; the status line at least every ten seconds.
    let every = watchdog.map_or(STATUS_EVERY, |within| (within / 2).min(STATUS_EVERY));
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(every.max(Duration::from_millis(10)));
        loop {
            ticks.tick().await;
            let status = app.views.as_ref().map(|views| views.status());
            let words = words(status.as_ref());
            match watchdog {
                Some(within) if moves(status.as_ref(), app.now(), within) => {
                    tell(&[NotifyState::Watchdog, NotifyState::Status(&words)]);
                }
                _ => tell(&[NotifyState::Status(&words)]),
            }
        }
    })
}

/// Says that the server stops.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd could not be told of the state");
    }
}

fn words(status: Option<&Status>) -> String {
    match status {
        None => "publishing".to_owned(),
        Some(status) => format!(
            "views {} at {} of {}",
            status.progress.word(),
            status.position,
            status.head
        ),
    }
}

/// Whether the projector moves, or knows why it cannot: only one that hangs is helped by a new start.
fn moves(status: Option<&Status>, now: DateTime<Utc>, within: Duration) -> bool {
    let Some(status) = status else { return true };
    match status.progress {
        Progress::Starting | Progress::Away(_) | Progress::Failed(_) => true,
        Progress::CatchingUp | Progress::Live => {
            let within = TimeDelta::from_std(within).unwrap_or(TimeDelta::MAX);
            now - status.progress_at < within
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projector_that_hangs_is_not_alive_and_one_whose_log_is_away_is() {
        let then = DateTime::UNIX_EPOCH;
        let status = |progress| Status {
            progress,
            position: 3,
            head: 5,
            committed: 3,
            progress_at: then,
            behind_since: Some(then),
            quarantined: 0,
            rebuild: None,
            rebuilds: 0,
        };
        let within = Duration::from_secs(60);
        let hung = status(Progress::Live);
        assert!(moves(Some(&hung), then + TimeDelta::seconds(59), within));
        assert!(!moves(Some(&hung), then + TimeDelta::seconds(60), within));
        let away = status(Progress::Away("no answer".to_owned()));
        assert!(moves(Some(&away), then + TimeDelta::days(1), within));
        assert!(moves(None, then, within));
        assert_eq!(words(Some(&hung)), "views live at 3 of 5");
    }
}
