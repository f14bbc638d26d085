//! `/livez` and `/readyz`: is the process alive; can it be trusted to answer.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use joinedup_application::app::App;
use joinedup_projector::Progress;
use std::collections::BTreeMap;

/// Alive: the runtime turns over. Never depends on the log.
pub async fn live() -> &'static str {
    "ok\n"
}

/// How far behind the log a ready view may be, in seconds.
const LAG_MOST: f64 = 60.0;

/// Ready: the views are at the head of the log, and the log answers.
pub async fn ready(
    State(app): State<App>,
    Query(query): Query<BTreeMap<String, String>>,
) -> (StatusCode, String) {
    let mut checks: Vec<(&str, Result<String, String>)> = Vec::new();
    if app.stopping.is_cancelled() {
        checks.push(("server", Err("stopping".into())));
    }
    if let Some(views) = &app.views {
        let status = views.status();
        checks.push((
            "views",
            match &status.progress {
                Progress::Live => Ok(format!("live at position {}", status.position)),
                Progress::Starting => Err("opening".into()),
                Progress::CatchingUp
                    if status.committed > 0 && status.lag_seconds(app.now()) < LAG_MOST =>
                {
                    Ok("catching up".into())
                }
                Progress::CatchingUp => Err(format!(
                    "catching up: at {} of {}",
                    status.position, status.head
                )),
                Progress::Away(why) => Err(format!("the log is away: {why}")),
                Progress::Failed(why) => Err(why.clone()),
            },
        ));
        let lag = status.lag_seconds(app.now());
        checks.push((
            "lag",
            if lag < LAG_MOST {
                Ok(format!("{lag:.1} s"))
            } else {
                Err(format!("{lag:.0} s behind"))
            },
        ));
    }
    checks.push((
        "log",
        match app.log.head().await {
            Ok(head) => Ok(format!("head {head}")),
            Err(error) => Err(error.to_string()),
        },
    ));
    let ready = checks.iter().all(|(_, outcome)| outcome.is_ok());
    let mut text = String::new();
    if query.contains_key("verbose") || !ready {
        for (name, outcome) in &checks {
            let line = match outcome {
                Ok(what) => format!("[+] {name}: {what}\n"),
                Err(what) => format!("[-] {name}: {what}\n"),
            };
            text.push_str(&line);
        }
    }
    text.push_str(if ready { "ready\n" } else { "not ready\n" });
    (
        if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        },
        text,
    )
}
