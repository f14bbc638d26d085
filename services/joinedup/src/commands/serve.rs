//! `serve`, `publish`, `project`: the server, whole or in part.

use crate::cli::{Failure, Server};
use crate::open_log;
use crate::systemd;
use joinedup_application::app::{App, Definitions};
use joinedup_application::audit::Audit;
use joinedup_application::config::Config;
use joinedup_application::publisher::Publisher;
use joinedup_application::tables::Tables;
use joinedup_feeds::added::AddedTables;
use joinedup_feeds::feed::Feeds;
use joinedup_feeds::feed::settings::FeedSettings;
use joinedup_log::EventLog;
use joinedup_log::scrub::Pace;
use joinedup_projector::Projector;
use joinedup_views::expectation::Expectations;
use joinedup_web::door::Access;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether the numbers of people that readers get are due.
const RENEW_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked whether the register has every place that is reported on.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The longest that an orderly stop may take. Answers have ten seconds to finish, and what is folded five to be saved.
const END_TIMEOUT: Duration = Duration::from_secs(20);

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
    let mut config = server.settings()?;
    if parts != Parts::ALL && config.nats.is_none() {
        return Err(Failure::usage(
            "`publish` and `project` share a log, so they need NATS: give --nats URL, or use `serve`",
        ));
    }
    let mut definitions = Definitions::read(&config).map_err(Failure::usage)?;
    if parts != Parts::ALL && config.feeds.is_some() {
        return Err(Failure::usage(
            "feeds run in `serve`, which publishes and has views: leave out --feeds and the setting `feeds`",
        ));
    }
    let feeds = feeds(&mut config, &mut definitions)?;
    let mut access = Access::read(&config, &definitions.areas).map_err(Failure::usage)?;
    let audit = super::audit::path(&config.data, parts.audit());
    access.audit = Some(Audit::open(&audit, config.audit_mib << 20).map_err(Failure::new)?);
    let log = open_log::open_soon(&config).await.map_err(Failure::new)?;
    serve(config, definitions, access, log, parts, feeds).await
}

/// The feeds of the settings, checked; how often they report is expected of their sources.
///
/// # Errors
/// A sentence, with exit code 2.
pub fn feeds(config: &mut Config, definitions: &mut Definitions) -> Result<Feeds, Failure> {
    let Some(path) = &config.feeds else {
        return Ok(Feeds::default());
    };
    let settings = FeedSettings::read(path).map_err(Failure::usage)?;
    let feeds = Feeds::of(settings, config, definitions).map_err(Failure::usage)?;
    config.expected_hours.extend(feeds.expected_hours());
    definitions.expectations = Arc::new(Expectations::in_hours(&config.expected_hours));
    Ok(feeds)
}

/// Listens on an address.
///
/// # Errors
/// A sentence, when that is not possible.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| Failure::new(format!("cannot listen on {address}: {error}")))
}

/// Serves over an open log until it is told to stop.
pub async fn serve(
    config: Config,
    definitions: Definitions,
    access: Access,
    log: Arc<dyn EventLog>,
    parts: Parts,
    feeds: Feeds,
) -> Result<(), Failure> {
    let listener = listen(config.listen).await?;
    let projector = if parts.project {
        Some(
            Projector::start(
                open_log::views(&config),
                log.clone(),
                definitions.areas.clone(),
            )
            .map_err(Failure::new)?,
        )
    } else {
        None
    };
    let views = projector.as_ref().map(Projector::views);
    let app = App {
        publisher: parts
            .publish
            .then(|| Publisher::new(log.clone()).guarded_by(views.clone())),
        views,
        projector: projector.map(Arc::new),
        tables: parts
            .publish
            .then(|| Arc::new(AddedTables) as Arc<dyn Tables>),
        ..App::new(Arc::new(config), definitions, log)
    };
    let address = listener.local_addr().map_err(Failure::new)?;
    tracing::info!(%address, "listening");
    let feeds = feeds.start(&app).await.map_err(Failure::new)?;
    let scheme = if access.tls.is_some() {
        "https"
    } else {
        "http"
    };
    println!("joinedup is at {scheme}://{address}");
    let (projector, stopping) = (app.projector.clone(), app.stopping.clone());
    let alive = systemd::started(&app);
    let over = CancellationToken::new();
    let watching = watch(&app, over.clone());
    let health = app.health.clone();
    let stopped = async move {
        tokio::select! {
            () = stopped() => {}
            () = over.cancelled() => end_in_time(),
        }
    };
    let audit = access.audit.clone();
    joinedup_web::serve(listener, app, access, stopped).await;
    stopping.cancel();
    feeds.ended().await;
    if let Some(projector) = projector {
        projector.stop().await;
    }
    if let Some(audit) = audit
        && let Err(error) = audit.close().await
    {
        tracing::error!(%error, "the last counts are not in the audit log");
    }
    alive.abort();
    for task in watching {
        task.abort();
    }
    match health.ends() {
        Some(why) => Err(Failure::new(why)),
        None => Ok(()),
    }
}

/// Looks after the log: whether it takes events and, where views are built from it, whether it is whole.
fn watch(app: &App, over: CancellationToken) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    if app.views.is_some() {
        let (scrub, log) = (app.health.scrub.clone(), app.log.clone());
        tasks.push(tokio::spawn(async move {
            scrub.run(log, Pace::default()).await;
        }));
        let renewed = app.clone();
        tasks.push(tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEW_EVERY).await;
                renewed.renew_edition();
            }
        }));
        let app = app.clone();
        tasks.push(tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                let seen = app.clone();
                let look = tokio::task::spawn_blocking(move || seen.health.look_at_areas(&seen));
                // What panicked was written down, and the next look is another.
                let _ = look.await;
            }
        }));
    }
    let app = app.clone();
    tasks.push(tokio::spawn(async move {
        app.health.watch(&app, over).await;
    }));
    tasks
}

/// Ends the process even if something waits for a disk that never answers: what was acknowledged is in the log, and views
/// fold the rest again.
fn end_in_time() {
    std::thread::spawn(|| {
        std::thread::sleep(END_TIMEOUT);
        tracing::error!(
            "the process could not be stopped in order within {END_TIMEOUT:?} and ends now"
        );
        std::process::exit(1);
    });
}

/// Waits until the server is told to stop, and sees to it that it does.
async fn stopped() {
    signalled().await;
    tracing::info!("stopping: open answers are finished and what is folded is saved");
    systemd::stopping();
    end_in_time();
}

/// Waits for SIGINT or SIGTERM; a second one ends the process at once.
pub async fn signalled() {
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
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        std::process::exit(130);
    });
}
