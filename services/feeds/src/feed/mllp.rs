//! HL7 v2 over MLLP: systems connect and send ADT messages, and each is answered once it is durable.

mod processor;
mod recent;

use super::people::People;
use super::settings::MllpSettings;
use super::{FeedFault, FeedHandle, FeedState};
use crate::hl7::acknowledgement::Answer;
use crate::hl7::frame::Framer;
use crate::hl7::mapping::AdtMapping;
use crate::line_list::row::Ring;
use crate::mapping::MappingError;
use crate::pseudonym::{Key, KeyError};
use crate::sink::Sink;
use joinedup_application::app::{App, Definitions};
use joinedup_application::tls::{Tls, TlsError};
use processor::Processor;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a sender may take to take an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a sender may take to agree on TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// The pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Why messages cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum MllpError {
    /// Anybody could send.
    #[error(
        "`listen` is {0}, which others can reach, and MLLP asks nobody who they are: give `senders`, a list of the addresses that may connect, or `tls.clients`, the authorities of their certificates, or listen on 127.0.0.1"
    )]
    Open(SocketAddr),
    /// A limit of zero.
    #[error("`max_message_kib`, `max_connections` and `idle_minutes` must be above 0")]
    Limits,
    /// The mapping.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address.
    #[error("`listen`: cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's error.
        source: io::Error,
    },
}

/// A feed of messages.
pub struct MllpFeed {
    settings: MllpSettings,
    mapping: AdtMapping,
    ring: Ring,
    tls: Option<Tls>,
}

impl MllpFeed {
    /// Checks the settings.
    ///
    /// # Errors
    /// When the mapping, the key, the address or a limit is not right.
    pub fn open(
        settings: MllpSettings,
        definitions: &Definitions,
        key: impl Fn(&Path) -> Result<Key, KeyError>,
    ) -> Result<Self, FeedFault> {
        let names_senders = !settings.senders.is_empty() || settings.asks_for_certificates();
        if !names_senders && !settings.listen.ip().is_loopback() {
            return Err(MllpError::Open(settings.listen).into());
        }
        let limits = [
            settings.max_message_kib,
            settings.max_connections,
            settings.idle_minutes,
        ];
        if limits.contains(&0) {
            return Err(MllpError::Limits.into());
        }
        let mapping = AdtMapping::named(&settings.mapping, &definitions.areas);
        let previous = settings.previous_pseudonym_key_file.as_deref();
        let tls = settings.tls.clone();
        let tls = tls.map(|files| Tls::read(files, None, false)).transpose();
        Ok(Self {
            tls: tls.map_err(MllpError::from)?,
            mapping: mapping.map_err(MllpError::from)?,
            ring: Ring {
                current: key(&settings.pseudonym_key_file)?,
                previous: previous.map(key).transpose()?,
            },
            settings,
        })
    }

    /// The source of its events.
    #[must_use]
    pub fn source(&self) -> String {
        format!("/feeds/{}", self.settings.name)
    }

    /// How often something is expected, in hours.
    #[must_use]
    pub fn expected_hours(&self) -> Option<f64> {
        self.settings.expected_hours
    }

    /// Its state before anything came.
    #[must_use]
    pub fn state(&self) -> FeedState {
        FeedState {
            name: self.settings.name.to_string(),
            kind: "hl7-mllp",
            source: self.source(),
            area: Some(self.settings.area.to_string()),
            ..FeedState::default()
        }
    }

    /// Opens the port.
    ///
    /// # Errors
    /// When it cannot be listened on.
    pub async fn listen(&self) -> Result<TcpListener, MllpError> {
        let address = self.settings.listen;
        let listener = TcpListener::bind(address).await;
        listener.map_err(|source| MllpError::Listen { address, source })
    }

    /// Takes messages until the server stops; what is being taken then is finished and answered.
    pub async fn run(
        self: Box<Self>,
        listener: TcpListener,
        app: App,
        sink: Sink,
        handle: FeedHandle,
        people: People,
    ) {
        let limits = Limits {
            bytes: self.settings.max_message_kib << 10,
            idle: Duration::from_secs(self.settings.idle_minutes as u64 * 60),
        };
        let (senders, tls) = (self.settings.senders.clone(), self.tls.clone());
        let asks_for_certificates = self.settings.asks_for_certificates();
        let may_send = move |sender: IpAddr| match senders.as_slice() {
            [] => asks_for_certificates || sender.is_loopback(),
            named => named.contains(&sender),
        };
        let places = Arc::new(Semaphore::new(self.settings.max_connections));
        let stopping = app.stopping.clone();
        let (name, expiries) = (self.settings.name.clone(), app.expiries.clone());
        let processor = Arc::new(Processor::new(*self, app, sink, handle, people));
        let mut connections = JoinSet::new();
        let following = tls
            .clone()
            .map(|tls| tokio::spawn(tls.follow(stopping.clone(), expiries, name.to_string())));
        loop {
            let accepted = tokio::select! {
                () = stopping.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            // Those that have ended are no longer kept.
            while connections.try_join_next().is_some() {}
            let (stream, sender) = match accepted {
                Ok((stream, address)) => (stream, address.ip().to_canonical()),
                Err(error) => {
                    tracing::warn!(feed = %name, %error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            if !may_send(sender) {
                tracing::warn!(feed = %name, %sender, "a connection was closed: its address is not among `senders`");
                continue;
            }
            let Ok(place) = places.clone().try_acquire_owned() else {
                tracing::warn!(feed = %name, %sender, "a connection was closed: there are `max_connections` already");
                continue;
            };
            let (processor, stopping) = (processor.clone(), stopping.clone());
            let tls = tls.as_ref().map(Tls::acceptor);
            let feed = name.clone();
            connections.spawn(async move {
                match tls {
                    None => serve(stream, limits, &processor, &stopping).await,
                    Some(tls) => {
                        let shaken = tls.accept(stream);
                        match tokio::time::timeout(HANDSHAKE_TIMEOUT, shaken).await {
                            Ok(Ok(stream)) => serve(stream, limits, &processor, &stopping).await,
                            Ok(Err(error)) => {
                                tracing::warn!(%feed, %sender, %error, "a connection was closed: TLS was not agreed on");
                            }
                            Err(_) => {}
                        }
                    }
                }
                drop(place);
            });
        }
        while connections.join_next().await.is_some() {}
        if let Some(following) = following {
            following.abort();
        }
    }
}

/// What a connection may take.
#[derive(Clone, Copy)]
struct Limits {
    bytes: usize,
    idle: Duration,
}

/// Answers one connection's messages, one after the other, until it ends or the server stops.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    limits: Limits,
    processor: &Processor,
    stopping: &CancellationToken,
) {
    let mut framer = Framer::new(limits.bytes);
    let mut bytes = vec![0; 16 << 10];
    let mut whole = Vec::new();
    loop {
        let read = tokio::select! {
            () = stopping.cancelled() => return,
            read = tokio::time::timeout(limits.idle, stream.read(&mut bytes)) => read,
        };
        let Ok(Ok(read @ 1..)) = read else {
            return;
        };
        let framed = framer.take(bytes.get(..read).unwrap_or_default(), &mut whole);
        for message in whole.drain(..) {
            if stopping.is_cancelled() {
                // What is not answered is sent again.
                return;
            }
            let answer = processor.take(&message).await;
            if write(&mut stream, &answer).await.is_err() {
                return;
            }
        }
        if let Err(error) = framed {
            let answer = processor.unreadable(Answer::Rejected(error.to_string()));
            let _ = write(&mut stream, &answer).await;
            return;
        }
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), answer: &[u8]) -> io::Result<()> {
    let whole = async {
        stream.write_all(answer).await?;
        stream.flush().await
    };
    let written = tokio::time::timeout(WRITE_TIMEOUT, whole).await;
    written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
