//! Opens the log that the settings name: embedded in this process, or in NATS JetStream.

use crate::cli::Failure;
use crate::late_log::LateLog;
use joinedup_application::config::{Config, Nats};
use joinedup_log::EventLog;
use joinedup_log::embedded::{EmbeddedLog, EmbeddedOpenError, EmbeddedOptions};
use joinedup_log::jetstream::{
    self, Apply, ConnectError, Credentials, JetStreamLog, Placement, Plan, Settings,
    StreamSettings, UnknownUnsafe, Unsafe, apply_stream,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a monitoring address that nobody named may take to take a connection; longer where it was silent before.
const MONITOR_TIMEOUTS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(3)];

/// Why the log did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenLogError {
    /// It was to be read, and there is none.
    #[error("{} holds no log: name the data folder of the server", .0.display())]
    NoLog(PathBuf),
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

impl From<OpenLogError> for Failure {
    fn from(error: OpenLogError) -> Self {
        match error {
            OpenLogError::NoLog(_) => Self::usage(error),
            error => Self::new(error),
        }
    }
}

/// The folder of the embedded log within the data folder.
#[must_use]
pub fn log_folder(data: &Path) -> PathBuf {
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

/// Opens the log that is there. Who only reads makes none: an empty log under a name that was written wrongly would pass for
/// the log.
///
/// # Errors
/// A sentence that says what to do.
pub async fn open(config: &Config) -> Result<Arc<dyn EventLog>, OpenLogError> {
    let Some(nats) = &config.nats else {
        let folder = log_folder(&config.data);
        // A folder of which a part is gone is the log's to judge.
        if std::fs::read_dir(folder).map_or(true, |mut files| files.next().is_none()) {
            return Err(OpenLogError::NoLog(config.data.clone()));
        }
        return embedded(config);
    };
    let mut settings = settings(nats).await?;
    Ok(Arc::new(connected(&mut settings).await?))
}

/// Opens the log, making it when there is none yet.
///
/// # Errors
/// As [`open`].
pub async fn open_or_make(config: &Config) -> Result<Arc<dyn EventLog>, OpenLogError> {
    let Some(nats) = &config.nats else {
        return embedded(config);
    };
    let mut settings = settings(nats).await?;
    let log = match connected(&mut settings).await {
        Err(ConnectError::NoStream(_)) => {
            let plan = apply_stream(&settings, &stream_settings(nats), Apply::Change).await?;
            tracing::info!(%plan, "the stream was not there yet");
            connected(&mut settings).await?
        }
        outcome => outcome?,
    };
    warn_unlike(&settings, nats).await;
    Ok(Arc::new(log))
}

/// Says how the stream differs from what the settings ask for. No event is lost by it, so nothing is refused: of three copies that
/// somebody counts on there may be one.
async fn warn_unlike(settings: &Settings, nats: &Nats) {
    let wanted = stream_settings(nats);
    if wanted == StreamSettings::default() {
        return;
    }
    if let Ok(Plan::Differs(sentences)) = apply_stream(settings, &wanted, Apply::DryRun).await {
        for sentence in sentences {
            let sentence = sentence.trim_end_matches('.');
            tracing::warn!("{sentence}: `joinedup stream apply` changes it");
        }
    }
}

fn embedded(config: &Config) -> Result<Arc<dyn EventLog>, OpenLogError> {
    let log = EmbeddedLog::open(log_folder(&config.data), EmbeddedOptions::default())?;
    Ok(Arc::new(log))
}

/// Opens the log for a server, which lives on while NATS is not there yet: the log then opens as soon as it is. What is
/// wrong for another reason is an error at once, as in [`open`].
///
/// # Errors
/// As [`open`].
pub async fn open_soon(config: &Config) -> Result<Arc<dyn EventLog>, OpenLogError> {
    match open_or_make(config).await {
        Err(OpenLogError::Nats(error @ (ConnectError::Away { .. } | ConnectError::Silent(_)))) => {
            tracing::warn!(reason = %error, "the log is not there yet; it is opened as soon as it is");
            let config = config.clone();
            let open = move || {
                let config = config.clone();
                async move { open_or_make(&config).await }
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

/// The JetStream settings that ours come to. Where no monitoring address is named, the usual ones are looked for.
///
/// # Errors
/// When a name in `accept_unsafe` is none.
pub async fn settings(nats: &Nats) -> Result<Settings, UnknownUnsafe> {
    let mut settings = written(nats)?;
    if settings.monitor_url.is_none() {
        settings.monitor_url = usual_monitors(&nats.url).await;
    }
    Ok(settings)
}

/// The JetStream settings as they are written, before anything is asked.
///
/// # Errors
/// When a name in `accept_unsafe` is none.
pub fn written(nats: &Nats) -> Result<Settings, UnknownUnsafe> {
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

/// Connects. What could lose events is refused; what cannot be seen because the server has no monitoring address is said
/// loudly.
async fn connected(settings: &mut Settings) -> Result<JetStreamLog, ConnectError> {
    match JetStreamLog::connect(settings).await {
        Err(ConnectError::Unsafe(findings))
            if settings.monitor_url.is_none()
                && findings.iter().all(|f| f.accept == Some(Unsafe::LazyFsync)) =>
        {
            warn_unseen(settings);
            JetStreamLog::connect(settings).await
        }
        outcome => outcome,
    }
}

fn warn_unseen(settings: &mut Settings) {
    tracing::warn!(
        "whether this NATS server writes events to disk before it acknowledges them cannot be seen: give its monitoring \
         address with --nats-monitor, and set `sync_interval: always` in its configuration, or a power cut can lose events"
    );
    settings.accept_unsafe.push(Unsafe::LazyFsync);
}

/// The monitoring addresses that NATS uses by convention, where one of them is there: then those of all servers, as one that is
/// away now has to be asked when it is back. Only silence is asked again; a closed port is an answer.
async fn usual_monitors(url: &str) -> Option<String> {
    let addresses = jetstream::usual_monitors(url);
    for wait in MONITOR_TIMEOUTS {
        let mut silent = false;
        for address in &addresses {
            let reached = tokio::net::TcpStream::connect(address.as_str());
            match tokio::time::timeout(wait, reached).await {
                Ok(Ok(_)) => {
                    let urls = addresses.iter().map(|at| format!("http://{at}/varz"));
                    return Some(urls.collect::<Vec<_>>().join(","));
                }
                Ok(Err(_)) => {}
                Err(_) => silent = true,
            }
        }
        if !silent {
            break;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_reads_makes_no_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: folder.path().join("data"),
            ..Config::default()
        };
        std::fs::create_dir_all(config.data.join("log")).unwrap();
        for wrong in [config.data.clone(), folder.path().join("typo")] {
            config.data = wrong;
            let refused = open(&config).await.err().map(Failure::from).unwrap();
            assert_eq!(refused.code, 2);
            assert!(refused.sentence.contains("holds no log"), "{refused}");
        }
        assert!(!config.data.exists());
        drop(open_or_make(&config).await.unwrap());
        assert!(open(&config).await.is_ok());
    }

    #[tokio::test]
    async fn where_one_server_shows_itself_all_are_asked_however_they_are_written() {
        // Addresses of this machine that nothing else uses.
        let net = std::process::id() % 250;
        let [there, away] = [77, 78].map(|host| format!("127.8.{net}.{host}"));
        assert_eq!(usual_monitors(&format!("nats://{away}")).await, None);
        let _listens = std::net::TcpListener::bind(format!("{there}:8222")).unwrap();
        assert_eq!(
            usual_monitors(&format!("nats://{away}:4222,nats://{there}/")).await,
            Some(format!("http://{away}:8222/varz,http://{there}:8222/varz"))
        );
    }
}
