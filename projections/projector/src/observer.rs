//! Looks at the log from outside the folding thread: how far it goes, since when its oldest event that is not folded has been
//! there, and since when the latest that is set aside. So a fold that hangs cannot hide that it does.

use crate::status::Views;
use chrono::{DateTime, Utc};
use joinedup_log::{EventLog, Position, ReadError};
use std::sync::Arc;
use std::time::Duration;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);
/// How long the log may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What was seen of the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// The last position in it.
    pub head: u64,
    /// When the oldest event that was not folded then had been stored.
    pub oldest: Option<DateTime<Utc>>,
    /// The position of the latest event that is set aside, and when it had been stored.
    pub quarantined: Option<(u64, DateTime<Utc>)>,
    /// It does not answer.
    pub silent: Option<String>,
}

/// Observes the log over and over, and notes its head and the lag.
pub(crate) async fn observe(log: Arc<dyn EventLog>, views: Views) {
    loop {
        match tokio::time::timeout(ANSWER_TIMEOUT, look(&*log, &views)).await {
            Ok(Ok(observed)) => views.observe(|seen| *seen = observed),
            // Who reads the log says so too, with more of the reason.
            Ok(Err(error)) => tracing::debug!(%error, "the log could not be looked at"),
            Err(_) => views.observe(|seen| {
                let seconds = ANSWER_TIMEOUT.as_secs();
                seen.silent = Some(format!("it did not answer within {seconds} s"));
            }),
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn look(log: &dyn EventLog, views: &Views) -> Result<Observed, ReadError> {
    let head = log.head().await?.0;
    let folded = views.folded();
    let oldest = if folded < head {
        log.stored_after(Position(folded)).await?
    } else {
        None
    };
    let latest = views.latest_quarantined();
    let known = views.observed().quarantined;
    let quarantined = match latest {
        Some(at) if known.is_none_or(|(position, _)| position != at) => {
            let stored = log.stored_after(Position(at.saturating_sub(1))).await?;
            stored.map(|stored| (at, DateTime::from(stored)))
        }
        _ => known.filter(|_| latest.is_some()),
    };
    Ok(Observed {
        head,
        oldest: oldest.map(DateTime::from),
        quarantined,
        silent: None,
    })
}
