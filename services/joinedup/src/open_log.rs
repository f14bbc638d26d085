//! Opens the log that the settings name: embedded in this process, or in NATS JetStream.

use crate::late_log::LateLog;
use joinedup_application::config::{Config, Nats};
use joinedup_log::EventLog;
use joinedup_log::embedded::{EmbeddedLog, EmbeddedOpenError, EmbeddedOptions};
use joinedup_log::jetstream::{
    Apply, ConnectError, Credentials, JetStreamLog, Placement, Settings, StreamSettings,
    UnknownUnsafe, Unsafe, apply_stream,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a monitoring address that nobody named may take to take a connection.
const MONITOR_TIMEOUT: Duration = Duration::from_millis(500);

/// Why the log did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenLogError {
    /// The embedded log.
    #[error(transparent)]
    Embedded(#[from] EmbeddedOpenError),
    /// NATS.
    #[error(transparent)]
    Nats(#[from] ConnectError),
    /// A name in `accept_unsafe`.
    #[error(transparent)]
    Accept(#[from] UnknownUnsafe),
}

/// The folder of the embedded log within the data folder.
#[must_use]
pub fn log_folder(data: &Path) -> std::path::PathBuf {
    data.join("log")
}

/// How the views are set up: in a folder within the data folder.
#[must_use]
pub fn views(config: &Config) -> joinedup_projector::Settings {
    let mut settings = joinedup_projector::Settings::new(config.data.join("views"));
    settings.cache_bytes = config.cache_mib << 20;
    settings.partitions = config.partitions;
    settings
}

/// Opens the log.
///
/// # Errors
/// A sentence that says what to do.
pub async fn open(config: &Config) -> Result<Arc<dyn EventLog>, OpenLogError> {
    match &config.nats {
        None => Ok(Arc::new(EmbeddedLog::open(
            log_folder(&config.data),
            EmbeddedOptions::default(),
        )?)),
        Some(nats) => Ok(Arc::new(jetstream(nats).await?)),
    }
}

/// Opens the log for a server, which lives on while NATS is not there yet: the log then opens as soon as it is. What is
/// wrong for another reason is an error at once, as in [`open`].
///
/// # Errors
/// As [`open`].
pub async fn open_soon(config: &Config) -> Result<Arc<dyn EventLog>, OpenLogError> {
    match open(config).await {
        Err(OpenLogError::Nats(error @ (ConnectError::Away { .. } | ConnectError::Silent(_)))) => {
            tracing::warn!(reason = %error, "the log is not there yet; it is opened as soon as it is");
            let config = config.clone();
            let open = move || {
                let config = config.clone();
                async move { open(&config).await }
            };
            Ok(Arc::new(LateLog::new(error.to_string(), open)))
        }
        outcome => outcome,
    }
}

/// The stream that the settings ask for.
#[must_use]
pub fn stream_settings(nats: &Nats) -> StreamSettings {
    let placement = Placement {
        cluster: nats.placement_cluster.clone(),
        tags: nats.placement_tags.clone(),
    };
    StreamSettings {
        max_bytes: nats.max_bytes,
        replicas: nats.replicas,
        placement: (placement != Placement::default()).then_some(placement),
    }
}

/// The JetStream settings that ours come to.
///
/// # Errors
/// When a name in `accept_unsafe` is none.
pub fn settings(nats: &Nats) -> Result<Settings, UnknownUnsafe> {
    let mut settings = Settings::new(&nats.url);
    settings.structure = Some(joinedup_events::mode::whole);
    if let Some(stream) = &nats.stream {
        settings.stream.clone_from(stream);
    }
    settings.tls_ca.clone_from(&nats.ca_file);
    settings.monitor_url.clone_from(&nats.monitor_url);
    settings.credentials = match (
        &nats.credentials_file,
        &nats.nkey_file,
        &nats.user,
        &nats.password_file,
    ) {
        (Some(file), ..) => Credentials::CredsFile(file.clone()),
        (_, Some(file), ..) => Credentials::NkeySeedFile(file.clone()),
        (_, _, Some(user), Some(file)) => Credentials::UserPassword {
            user: user.clone(),
            password_file: file.clone(),
        },
        _ => Credentials::None,
    };
    settings.accept_unsafe = nats
        .accept_unsafe
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()?;
    Ok(settings)
}

/// Connects, making the stream when there is none yet. What could lose events is refused; what cannot be seen because
/// the server has no monitoring address is said loudly.
async fn jetstream(nats: &Nats) -> Result<JetStreamLog, OpenLogError> {
    let mut settings = settings(nats)?;
    if settings.monitor_url.is_none() {
        settings.monitor_url = usual_monitors(&nats.url).await;
    }
    match JetStreamLog::connect(&settings).await {
        Err(ConnectError::NoStream(_)) => {
            let plan = apply_stream(&settings, &stream_settings(nats), Apply::Change).await?;
            tracing::info!(%plan, "the stream was not there yet");
        }
        Err(ConnectError::Unsafe(findings))
            if settings.monitor_url.is_none()
                && findings.iter().all(|f| f.accept == Some(Unsafe::LazyFsync)) =>
        {
            warn_unseen(&mut settings);
        }
        outcome => return Ok(outcome?),
    }
    match JetStreamLog::connect(&settings).await {
        Err(ConnectError::Unsafe(findings))
            if settings.monitor_url.is_none()
                && findings.iter().all(|f| f.accept == Some(Unsafe::LazyFsync)) =>
        {
            warn_unseen(&mut settings);
            Ok(JetStreamLog::connect(&settings).await?)
        }
        outcome => Ok(outcome?),
    }
}

fn warn_unseen(settings: &mut Settings) {
    tracing::warn!(
        "whether this NATS server writes events to disk before it acknowledges them cannot be seen: give its monitoring \
         address with --nats-monitor, and set `sync_interval: always` in its configuration, or a power cut can lose events"
    );
    settings.accept_unsafe.push(Unsafe::LazyFsync);
}

/// The monitoring addresses that NATS uses by convention, of those servers where something answers there.
async fn usual_monitors(url: &str) -> Option<String> {
    let mut found = Vec::new();
    for server in url.split(',') {
        let address = server.trim().rsplit(['@', '/']).next().unwrap_or_default();
        let Some((host, _)) = address.rsplit_once(':') else {
            continue;
        };
        let monitor = tokio::net::TcpStream::connect(format!("{host}:8222"));
        let reached = tokio::time::timeout(MONITOR_TIMEOUT, monitor).await;
        if matches!(reached, Ok(Ok(_))) {
            found.push(format!("http://{host}:8222/varz"));
        }
    }
    (!found.is_empty()).then(|| found.join(","))
}
