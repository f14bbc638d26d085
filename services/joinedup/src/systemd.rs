//! What systemd is told of the server (`Type=notify`): that it is ready, that it is alive, that it stops. Does nothing where
//! there is no systemd that listens.

use joinedup_application::app::App;
use joinedup_projector::Status;
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
                Some(within) if lives(status.as_ref(), within) => {
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

/// Whether the fold gives signs of life: one that hangs is helped by a new start, one that waits for its log is not.
fn lives(status: Option<&Status>, within: Duration) -> bool {
    status.is_none_or(|status| status.silent_seconds < within.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_projector::Progress;

    #[test]
    fn a_projector_that_hangs_is_not_alive_and_one_whose_log_is_away_is() {
        let status = |progress, silent_seconds| Status {
            progress,
            position: 3,
            head: 5,
            committed: 3,
            progress_at: chrono::DateTime::UNIX_EPOCH,
            behind_since: None,
            unsaved: None,
            other_log: false,
            silent_seconds,
            quarantined: 0,
            rebuild: None,
            rebuilds: 0,
            caught_up: true,
            first_head: None,
        };
        let within = Duration::from_secs(60);
        let failed = || Progress::Failed("it has not moved".to_owned());
        assert!(lives(Some(&status(failed(), 59.0)), within));
        assert!(!lives(Some(&status(failed(), 60.0)), within));
        let away = Progress::Away("no answer".to_owned());
        assert!(lives(Some(&status(away, 0.3)), within));
        assert!(lives(None, within));
        assert_eq!(
            words(Some(&status(Progress::Live, 0.0))),
            "views live at 3 of 5"
        );
    }
}
