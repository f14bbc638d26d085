//! `healthcheck`: asks a running server whether it is ready, for containers that have no shell and no curl.

use crate::cli::Failure;
use clap::Args;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
}

/// Asks, for three seconds at most.
pub async fn run(healthcheck: Healthcheck) -> Result<(), Failure> {
    let mut address = healthcheck.listen;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = tokio::time::timeout(Duration::from_secs(3), ask)
        .await
        .map_err(|_| Failure::new("no answer within 3 seconds"))?;
    let answer =
        answer.map_err(|error| Failure::new(format!("no answer from {address}: {error}")))?;
    if answer.starts_with("HTTP/1.1 200") {
        return Ok(());
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
