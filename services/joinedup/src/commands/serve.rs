//! `serve`, `publish`, `project`: the server, whole or in part.

use crate::cli::{Failure, Server};
use crate::open_log;
use crate::systemd;
use chrono::Utc;
use joinedup_application::app::{App, Definitions};
use joinedup_application::audit::Audit;
use joinedup_application::config::Config;
use joinedup_application::publisher::Publisher;
use joinedup_log::EventLog;
use joinedup_projector::{Projector, Settings};
use joinedup_web::door::Access;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Which parts of the server run in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Take events in.
    pub publish: bool,
    /// Fold, and serve views and pages.
    pub project: bool,
}

impl Parts {
    /// Everything.
    pub const ALL: Self = Self {
        publish: true,
        project: true,
    };
    /// Publishing only.
    pub const PUBLISH: Self = Self {
        publish: true,
        project: false,
    };
    /// Views and pages only.
    pub const PROJECT: Self = Self {
        publish: false,
        project: true,
    };
}

impl Parts {
    /// What the audit log of such a process is called: two may share a data folder.
    fn audit(self) -> &'static str {
        match (self.publish, self.project) {
            (true, false) => "audit-publish",
            (false, true) => "audit-project",
            _ => "audit",
        }
    }
}

/// Serves until it is told to stop.
pub async fn run(server: &Server, parts: Parts) -> Result<(), Failure> {
    let config = server.settings()?;
    if parts != Parts::ALL && config.nats.is_none() {
        return Err(Failure::usage(
            "`publish` and `project` share a log, so they need NATS: give --nats URL, or use `serve`",
        ));
    }
    let definitions = Definitions::read(&config).map_err(Failure::usage)?;
    let mut access = Access::read(&config, &definitions.areas).map_err(Failure::usage)?;
    let audit = super::audit::path(&config.data, parts.audit());
    access.audit = Some(Audit::open(&audit).map_err(Failure::new)?);
    let log = open_log::open(&config).await.map_err(Failure::new)?;
    serve(config, definitions, access, log, parts).await
}

/// Serves over an open log until it is told to stop.
pub async fn serve(
    config: Config,
    definitions: Definitions,
    access: Access,
    log: Arc<dyn EventLog>,
    parts: Parts,
) -> Result<(), Failure> {
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| Failure::new(format!("cannot listen on {}: {error}", config.listen)))?;
    let projector = if parts.project {
        let mut settings = Settings::new(open_log::views_folder(&config.data));
        settings.cache_bytes = config.cache_mib << 20;
        Some(
            Projector::start(settings, log.clone(), definitions.areas.clone())
                .map_err(Failure::new)?,
        )
    } else {
        None
    };
    let app = App {
        config: Arc::new(config),
        definitions,
        publisher: parts.publish.then(|| Publisher::new(log.clone())),
        views: projector.as_ref().map(Projector::views),
        projector: projector.map(Arc::new),
        log,
        memos: Arc::default(),
        started: Utc::now(),
        stopping: CancellationToken::new(),
    };
    let address = listener.local_addr().map_err(Failure::new)?;
    tracing::info!(%address, "listening");
    println!("joinedup is at http://{address}");
    let projector = app.projector.clone();
    let alive = systemd::started(&app);
    let audit = access.audit.clone();
    let served = joinedup_web::serve(listener, app, access, stopped()).await;
    if let Some(projector) = projector {
        projector.stop().await;
    }
    if let Some(audit) = audit
        && let Err(error) = audit.close().await
    {
        tracing::error!(%error, "the last counts are not in the audit log");
    }
    alive.abort();
    served.map_err(Failure::new)
}

/// Waits for SIGINT or SIGTERM; a second one ends the process at once.
pub async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping: open answers are finished and what is folded is saved");
    systemd::stopping();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        std::process::exit(130);
    });
}
