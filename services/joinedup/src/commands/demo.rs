//! `demo`: a simulated county on the embedded log, with history and a live trickle.

use super::county::{KeptCounty, LiveCounty};
use super::serve::{Parts, listen, serve};
use crate::cli::Failure;
use crate::open_log;
use chrono::Utc;
use clap::Args;
use joinedup_application::app::Definitions;
use joinedup_application::audit::Audit;
use joinedup_application::config::Config;
use joinedup_application::publisher::Publisher;
use joinedup_feeds::feed::Feeds;
use joinedup_log::EventLog;
use joinedup_log::embedded::{EmbeddedLog, EmbeddedOptions};
use joinedup_simulator::history;
use joinedup_web::door::Access;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Flags of the demo.
#[derive(Clone, Debug, Args)]
pub struct Demo {
    /// Where to serve HTTP.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Keep the demo's data here, and go on with the county that is here; a folder that is removed at the end unless given.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The seed of the simulated county.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// How large the county is, against one of Essex's size.
    #[arg(long, default_value_t = 1.0)]
    pub scale: f64,
    /// Expected dates a minute that wards confirm while it runs, so that something always comes. What else happens does so at
    /// the county's own pace.
    #[arg(long, default_value_t = 6.0)]
    pub per_minute: f64,
}

/// How often the live trickle is published.
const TRICKLE_EVERY: Duration = Duration::from_secs(2);
/// Months of history.
const MONTHS: u32 = 18;
/// Events in one append of the history.
const HISTORY_BATCH: usize = 5_000;

/// Runs the demo until it is told to stop.
pub async fn run(demo: Demo) -> Result<(), Failure> {
    let kept = demo.data.is_some();
    let folder = demo.data.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("joinedup-demo-{}", std::process::id()))
    });
    let config = Config {
        listen: demo.listen,
        data: folder.clone(),
        home_area: Some(joinedup_simulator::COUNTY.to_owned()),
        ..Config::default()
    };
    if !config.listen.ip().is_loopback() {
        return Err(Failure::usage(
            "the demo has no tokens, so it listens on loopback only: use 127.0.0.1",
        ));
    }
    // Before a history is written that nobody would then be served.
    drop(listen(demo.listen).await?);
    let definitions = Definitions::read(&config).map_err(Failure::new)?;
    let log: Arc<dyn EventLog> = Arc::new(
        EmbeddedLog::open(
            open_log::log_folder(&config.data),
            EmbeddedOptions::default(),
        )
        .map_err(Failure::new)?,
    );
    let file = folder.join("county.json");
    let begun = log.head().await.map_err(Failure::new)?.0 > 0;
    let mut county = match KeptCounty::read(&file)? {
        Some(county) if begun => county,
        None if begun => {
            return Err(Failure::usage(format!(
                "the log in {} is not that of a demo, or of one that cannot go on: give another folder",
                folder.display()
            )));
        }
        _ => KeptCounty {
            seed: demo.seed,
            months: MONTHS,
            scale: demo.scale,
            end: Utc::now(),
            published: None,
            of_log: None,
        },
    };
    let identity = log.identity().await.map_err(Failure::new)?;
    county.goes_to(Some(identity.0), &file)?;
    let areas = definitions.areas.clone();
    let publisher = Publisher::new(log.clone());
    if county.published.is_none() {
        tracing::info!("simulating {MONTHS} months of a county");
        let events = history(&county.scenario()?, &areas).map_err(Failure::new)?;
        // Before the first of them: a history that was cut short is published again, to the same end.
        county.write(&file)?;
        for batch in events.chunks(HISTORY_BATCH) {
            publisher.publish(batch, None).await.map_err(Failure::new)?;
        }
        county.published = Some(county.end);
        county.write(&file)?;
        tracing::info!(events = events.len(), "the history is in the log");
    }
    let mut live = LiveCounty::of(county, &areas, demo.per_minute, Some(file))?;
    let trickling = tokio::spawn(async move {
        loop {
            tokio::time::sleep(TRICKLE_EVERY).await;
            let due = live.due(Utc::now());
            if due.is_empty() {
                continue;
            }
            let stored = publisher.publish(due, None).await.map_err(Failure::new);
            if let Err(error) = stored.and_then(|_| live.published()) {
                tracing::warn!(%error, "the live county was not stored");
            }
        }
    });
    let audit = super::audit::path(&config.data, "audit");
    let access = Access {
        audit: Some(Audit::open(&audit, config.audit_mib << 20).map_err(Failure::new)?),
        ..Access::default()
    };
    let feeds = Feeds::default();
    let outcome = serve(config, definitions, access, log, Parts::ALL, feeds).await;
    trickling.abort();
    // What it still publishes is in no folder that is gone.
    let _ = trickling.await;
    if !kept {
        // Left over, it is only a folder in the temporary files.
        let _ = std::fs::remove_dir_all(&folder);
    }
    outcome
}
