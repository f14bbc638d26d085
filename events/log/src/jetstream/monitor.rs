//! Questions to the server's monitoring port: does it write to disk before it acknowledges, and which streams has it?
//!
//! A client cannot see this over the NATS protocol (only the system account can), so it is read from `/varz`, which also
//! says which server answers, and from `/jsz`.

use std::time::Duration;

use async_nats::{ServerAddr, ServerInfo};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Far more than a server's `/varz` has.
const MAX_ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// The fields of `/varz` that are used here.
#[derive(Debug, Deserialize)]
pub(super) struct Varz {
    pub(super) server_id: String,
    /// What the other servers of its cluster call it; its id, where it was given none.
    #[serde(default)]
    pub(super) server_name: String,
    #[serde(default)]
    cluster: ClusterVarz,
    #[serde(default)]
    jetstream: JetStreamVarz,
}

#[derive(Debug, Default, Deserialize)]
struct ClusterVarz {
    #[serde(default)]
    name: String,
}

#[derive(Debug, Default, Deserialize)]
struct JetStreamVarz {
    #[serde(default)]
    config: JetStreamConfig,
}

#[derive(Debug, Default, Deserialize)]
struct JetStreamConfig {
    /// Left out by the server when it is false.
    #[serde(default)]
    sync_always: bool,
    /// Nanoseconds.
    #[serde(default)]
    sync_interval: u64,
}

impl Varz {
    /// It is that server, or one of its cluster.
    fn is_beside(&self, server_id: &str, cluster: Option<&str>) -> bool {
        let own = Some(self.cluster.name.as_str()).filter(|name| !name.is_empty());
        self.server_id == server_id || (own.is_some() && own == cluster)
    }

    /// Every write is on disk before it is acknowledged.
    pub(super) fn sync_always(&self) -> bool {
        self.jetstream.config.sync_always
    }

    /// The time between two writes to disk, of a server that does not always write.
    pub(super) fn sync_interval(&self) -> Duration {
        Duration::from_nanos(self.jetstream.config.sync_interval)
    }
}

/// Why the monitoring port gave no usable answer; each text is the end of a sentence.
#[derive(Debug, thiserror::Error)]
pub(super) enum MonitorError {
    #[error("the monitoring address {0} is not of the form http://host:port/varz")]
    Address(String),
    #[error("the monitoring address {0} did not answer within {1:?}")]
    Silent(String, Duration),
    #[error("the monitoring address {0} could not be read: {1}")]
    Unreadable(String, std::io::Error),
    #[error("the monitoring address {0} did not answer as a NATS server's /varz does")]
    Strange(String),
}

/// The part of `/jsz` that lists the streams in a server's files.
#[derive(Debug, Deserialize)]
struct Jsz {
    #[serde(default)]
    account_details: Vec<Account>,
}

#[derive(Debug, Deserialize)]
struct Account {
    #[serde(default)]
    stream_detail: Vec<Stream>,
}

#[derive(Debug, Deserialize)]
struct Stream {
    name: String,
}

/// The addresses in a setting.
pub(super) fn addresses(monitors: &str) -> impl Iterator<Item = &str> {
    let all = monitors.split(',').map(str::trim);
    all.filter(|url| !url.is_empty())
}

/// Where NATS servers are monitored by convention: host and port for each server of an address with commas.
#[must_use]
pub fn usual_monitors(url: &str) -> Vec<String> {
    let servers = url
        .split(',')
        .filter_map(|server| server.trim().parse::<ServerAddr>().ok());
    servers
        .map(|server| match server.host() {
            host if host.contains(':') => format!("[{host}]:8222"),
            host => format!("{host}:8222"),
        })
        .collect()
}

/// Asks `/varz` at a plain HTTP address; an address without a path gets `/varz`.
pub(super) async fn varz(url: &str, timeout: Duration) -> Result<Varz, MonitorError> {
    let (host, path) = split(url).ok_or_else(|| MonitorError::Address(url.to_owned()))?;
    page(url, host, path, timeout).await
}

/// Whether the server that we are connected to, or one of its cluster, has a stream of a name in its files, whatever the
/// cluster knows.
pub(super) async fn has_stream(
    url: &str,
    stream: &str,
    connected: &ServerInfo,
    timeout: Duration,
) -> Result<bool, MonitorError> {
    let (host, _) = split(url).ok_or_else(|| MonitorError::Address(url.to_owned()))?;
    let varz: Varz = page(url, host, "/varz", timeout).await?;
    if !varz.is_beside(&connected.server_id, connected.cluster.as_deref()) {
        return Ok(false);
    }
    let jsz: Jsz = page(url, host, "/jsz?streams=true", timeout).await?;
    let mut streams = jsz
        .account_details
        .iter()
        .flat_map(|account| &account.stream_detail);
    Ok(streams.any(|of_server| of_server.name == stream))
}

async fn page<T: DeserializeOwned>(
    url: &str,
    host: &str,
    path: &str,
    timeout: Duration,
) -> Result<T, MonitorError> {
    let answer = tokio::time::timeout(timeout, get(host, path))
        .await
        .map_err(|_| MonitorError::Silent(url.to_owned(), timeout))?
        .map_err(|error| MonitorError::Unreadable(url.to_owned(), error))?;
    parse(&answer).ok_or_else(|| MonitorError::Strange(url.to_owned()))
}

fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    let (host, path) = rest
        .find('/')
        .map_or((rest, "/varz"), |slash| rest.split_at(slash));
    let path = if path == "/" { "/varz" } else { path };
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    (host.contains(':') && plain(host) && plain(path)).then_some((host, path))
}

async fn get(host: &str, path: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(host).await?;
    // HTTP/1.0, so that the answer is neither chunked nor kept open.
    let request =
        format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream
        .take(MAX_ANSWER_BYTES)
        .read_to_end(&mut answer)
        .await?;
    Ok(answer)
}

fn parse<T: DeserializeOwned>(answer: &[u8]) -> Option<T> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let status = answer.split(|byte| *byte == b'\r').next()?;
    if !status.starts_with(b"HTTP/1.") || status.split(|byte| *byte == b' ').nth(1)? != b"200" {
        return None;
    }
    serde_json::from_slice(&answer[end + 4..]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_server_leads_to_its_usual_monitoring_address() {
        for url in [
            "nats://a:4222",
            "nats://a",
            "a",
            "a:4333",
            "nats://a:4222/",
            "tls://joe:s3cr:et@a:4222",
            "nats://token@a/",
        ] {
            assert_eq!(usual_monitors(url), ["a:8222"], "{url}");
        }
        assert_eq!(
            usual_monitors("nats://a:4222, b,nats://[::1]:4222"),
            ["a:8222", "b:8222", "[::1]:8222"]
        );
    }

    #[test]
    fn only_a_plain_address_with_a_port_is_asked() {
        assert_eq!(
            split("http://127.0.0.1:8222/varz"),
            Some(("127.0.0.1:8222", "/varz"))
        );
        assert_eq!(split("http://nats:8222"), Some(("nats:8222", "/varz")));
        assert_eq!(split("http://nats:8222/"), Some(("nats:8222", "/varz")));
        for wrong in [
            "https://nats:8222/varz",
            "nats:8222",
            "http://nats/varz",
            "http://n:1/a b",
        ] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_server_elsewhere_says_nothing_of_this_one() {
        let varz = |text: &str| serde_json::from_str::<Varz>(text).unwrap();
        let alone = varz(r#"{"server_id":"A","cluster":{}}"#);
        assert!(alone.is_beside("A", None));
        assert!(!alone.is_beside("B", None));
        assert!(!alone.is_beside("B", Some("")));
        let first = varz(r#"{"server_id":"A","cluster":{"name":"care"}}"#);
        assert!(first.is_beside("B", Some("care")));
        assert!(!first.is_beside("B", Some("test")));
        assert!(!first.is_beside("B", None));
    }

    #[test]
    fn a_server_that_does_not_say_it_always_syncs_does_not() {
        let answer =
            |body: &str| format!("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{body}");
        let read =
            |body: &str| parse::<Varz>(answer(body).as_bytes()).map(|varz| varz.sync_always());
        assert_eq!(
            read(r#"{"server_id":"N","jetstream":{"config":{"sync_always":true}}}"#),
            Some(true)
        );
        assert_eq!(
            read(r#"{"server_id":"N","jetstream":{"config":{"sync_interval":120000000000}}}"#),
            Some(false)
        );
        assert_eq!(read(r#"{"server_id":"N"}"#), Some(false));
        assert_eq!(read("hello"), None);
        assert!(parse::<Varz>(b"HTTP/1.0 404 Not Found\r\n\r\n{\"server_id\":\"N\"}").is_none());
    }
}
