//! `healthcheck`: asks a running server whether it is ready, for containers that have no shell and no curl.

mod pinned;

use crate::cli::Failure;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// Flags of `healthcheck`.
#[derive(Clone, Debug, Args)]
pub struct Healthcheck {
    /// Where the server listens.
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8080",
        env = "JOINEDUP_LISTEN"
    )]
    pub listen: SocketAddr,
    /// The certificate file of a server with TLS: its answer counts when that is the certificate which it shows.
    #[arg(long, value_name = "FILE", env = "JOINEDUP_TLS__CERTIFICATE")]
    pub certificate: Option<PathBuf>,
}

/// Asks, for three seconds at most.
pub async fn run(healthcheck: Healthcheck) -> Result<(), Failure> {
    let mut address = healthcheck.listen;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let pinned = healthcheck.certificate.as_deref();
    let pinned = pinned.map(pinned::client).transpose()?;
    let ask = async {
        let stream = TcpStream::connect(address).await?;
        match pinned {
            None => asked(stream).await,
            Some(tls) => {
                let name = ServerName::IpAddress(address.ip().into());
                let connector = TlsConnector::from(tls);
                asked(connector.connect(name, stream).await?).await
            }
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(3), ask)
        .await
        .map_err(|_| Failure::new("no answer within 3 seconds"))?;
    let answer =
        answer.map_err(|error| Failure::new(format!("no answer from {address}: {error}")))?;
    if answer.starts_with("HTTP/1.1 200") {
        return Ok(());
    }
    if !answer.starts_with("HTTP/1.1 ") {
        return Err(Failure::new(format!(
            "what listens at {address} does not speak HTTP: of a server with TLS, name its certificate with --certificate"
        )));
    }
    Err(Failure::new(
        answer
            .split("\r\n\r\n")
            .nth(1)
            .unwrap_or("not ready")
            .trim()
            .to_owned(),
    ))
}

async fn asked(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<String> {
    stream
        .write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    match stream.read_to_string(&mut answer).await {
        // A server may end TLS without a farewell once its answer is whole.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {}
        read => {
            read?;
        }
    }
    Ok(answer)
}
