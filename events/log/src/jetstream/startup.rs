//! What has to be true of server and stream before an event is entrusted to them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::connection::{ApiError, Connection};
use super::durability;
use super::read::MESSAGE_GET;
use super::settings::{Settings, Unsafe};
use super::stream::{self, STREAM_NOT_FOUND, StreamInfo};

/// The oldest server whose JetStream keeps what this log relies on: sync on every write, direct batch reads, and the
/// fixes for streams that were forgotten after a kill.
pub const SERVER_FLOOR: (u64, u64, u64) = (2, 11, 0);

/// From here on a server stores many messages as one.
const ATOMIC_BATCHES: (u64, u64, u64) = (2, 12, 0);

/// One thing that is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which setting, and of what.
    pub setting: String,
    /// Its present value.
    pub present: String,
    /// What it has to be.
    pub wanted: String,
    /// What would happen with the present value.
    pub because: &'static str,
    /// The name that accepts it; without one it can't be accepted.
    pub accept: Option<Unsafe>,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Finding {
            setting,
            present,
            wanted,
            because,
            accept,
        } = self;
        write!(
            f,
            "{setting} is {present}, wanted is {wanted}: {because}; put it right"
        )?;
        match accept {
            Some(name) => write!(f, ", or accept it by the name `{name}`."),
            None => f.write_str("."),
        }
    }
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody there, or not for us.
    #[error(
        "no connection to NATS at {url}: {reason}; check the address, the credentials, and that the server runs"
    )]
    Away {
        /// The address.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// A file with a secret can't be used. Its contents are not repeated.
    #[error("the credentials in {} can't be used: {reason}", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// The stream's name can't be one.
    #[error("`{0}` can't be the name of a stream: use letters, digits, `-` and `_`")]
    StreamName(String),
    /// The server has no JetStream for us.
    #[error(
        "the server has no JetStream for this account ({0}); switch it on in the server's configuration"
    )]
    NoJetStream(String),
    /// There is no stream yet.
    #[error("there is no stream {0} yet: `joinedup stream apply` makes it")]
    NoStream(String),
    /// A server has the stream from a time when it was alone, and its cluster knows nothing of it.
    #[error(
        "the NATS server behind {monitor} has a stream {stream} in its files that its cluster does not know: it is from a time when \
         that server was alone, and the server deletes it half a minute after its start. Stop that server at once, start it alone \
         again on the same files, and take the log to the cluster by an archive (docs/clusters.md)"
    )]
    LeftBehind {
        /// The stream.
        stream: String,
        /// The server's monitoring address.
        monitor: String,
    },
    /// Events could be lost, and nobody accepted that.
    #[error("events could be lost:\n{}", sentences(.0))]
    Unsafe(Vec<Finding>),
    /// The server is there and does not answer now.
    #[error(
        "the NATS server answers nothing about streams ({0}); in a cluster it may be choosing a leader: wait, and look at its log"
    )]
    Silent(String),
    /// The server did not answer as it should.
    #[error("the NATS server did not do what was asked: {0}")]
    Api(String),
}

fn sentences(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

impl From<ApiError> for ConnectError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Silent { .. } => ConnectError::Silent(error.to_string()),
            error => ConnectError::Api(error.to_string()),
        }
    }
}

/// Everything that is not as it has to be, whether it was accepted or not. Changes nothing.
///
/// # Errors
/// When there is no server, no JetStream or no stream to look at.
pub async fn check(settings: &Settings) -> Result<Vec<Finding>, ConnectError> {
    let connection = Connection::open(settings).await?;
    examine(settings, &connection)
        .await
        .map(|examined| examined.findings)
}

/// Looks at server and stream; what was accepted by name is reported in the log and passed.
pub(super) async fn pass(
    settings: &Settings,
    connection: &Connection,
) -> Result<Examined, ConnectError> {
    let mut examined = examine(settings, connection).await?;
    let accepted = |finding: &Finding| finding.accept.is_some_and(|name| settings.accepts(name));
    let (accepted, refused): (Vec<_>, Vec<_>) = std::mem::take(&mut examined.findings)
        .into_iter()
        .partition(accepted);
    if !refused.is_empty() {
        return Err(ConnectError::Unsafe(refused));
    }
    for finding in accepted {
        tracing::warn!(%finding, "going on in spite of an unsafe condition");
    }
    Ok(examined)
}

/// What a look at server and stream found.
pub(super) struct Examined {
    findings: Vec<Finding>,
    pub(super) info: StreamInfo,
    /// The servers that were seen to write before they acknowledge.
    pub(super) durable: BTreeSet<String>,
}

async fn examine(settings: &Settings, connection: &Connection) -> Result<Examined, ConnectError> {
    let name = &settings.stream;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(ConnectError::StreamName(name.clone()));
    }
    let mut findings: Vec<Finding> = check_server_version(connection).into_iter().collect();
    let account: Result<Value, ApiError> = connection.api("$JS.API.INFO", None).await;
    match account {
        Ok(_) => {}
        // A service may well not be allowed to ask about the account.
        Err(ApiError::NotPermitted { .. }) => {}
        Err(error @ (ApiError::Nobody { .. } | ApiError::Refused { .. })) => {
            return Err(ConnectError::NoJetStream(error.to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    let info = stream::info(connection, name)
        .await
        .map_err(|error| match error.code() {
            STREAM_NOT_FOUND => ConnectError::NoStream(name.clone()),
            _ => error.into(),
        })?;
    may_ask_leader(connection, name).await?;
    let (lazy, durable) = durability::check(settings, &info.cluster).await;
    findings.extend(lazy);
    findings.extend(stream::findings(name, &info.config));
    Ok(Examined {
        findings,
        info,
        durable,
    })
}

/// Without the right to ask the leader for a message a conflict could not be resolved, and a lost end could not be distinguished from a late
/// copy; so that right is tried before anything depends on it.
async fn may_ask_leader(connection: &Connection, stream: &str) -> Result<(), ConnectError> {
    let subject = format!("{MESSAGE_GET}.{stream}");
    let asked: Result<Value, ApiError> = connection.api(&subject, Some(json!({ "seq": 1 }))).await;
    match asked {
        // It answered: there need be no such message.
        Ok(_) | Err(ApiError::Refused { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The version is known from the server's greeting.
pub(super) fn check_server_version(connection: &Connection) -> Option<Finding> {
    let version = connection.client.server_info().version;
    if parse_version(&version).is_some_and(|version| version >= SERVER_FLOOR) {
        return None;
    }
    let (major, minor, patch) = SERVER_FLOOR;
    Some(Finding {
        setting: "the version of the NATS server".to_owned(),
        present: if version.is_empty() {
            "not given".to_owned()
        } else {
            version
        },
        wanted: format!("{major}.{minor}.{patch} or later"),
        because: "older servers are known to forget streams and lack what the log relies on",
        accept: Some(Unsafe::OldServer),
    })
}

/// The server stores many messages as one.
pub(super) fn atomic_batches(connection: &Connection) -> bool {
    parse_version(&connection.client.server_info().version)
        .is_some_and(|version| version >= ATOMIC_BATCHES)
}

/// `2.15.1` or `2.12.0-RC.1`; a release candidate counts as its release.
fn parse_version(version: &str) -> Option<(u64, u64, u64)> {
    let mut numbers = version
        .split(['.', '-', '+'])
        .map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse_version("2.15.1"), Some((2, 15, 1)));
        assert_eq!(parse_version("2.12.0-RC.1"), Some((2, 12, 0)));
        assert_eq!(parse_version("2.9"), None);
        assert!(parse_version("2.9.10") < Some(SERVER_FLOOR));
        assert!(parse_version("2.11.0") >= Some(SERVER_FLOOR));
        assert!(parse_version("10.0.0") > Some(SERVER_FLOOR));
    }
}
