//! The connection to the server: its settings, its ups and downs, and requests that always end.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, Message, Request, ServerError, StatusCode};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::{broadcast, watch};

use super::settings::{Credentials, Settings};
use super::startup::ConnectError;

/// A dead peer is noticed after about three of these; the client's default of a minute hides a partition for minutes.
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// Room for what the server may send ahead of a slow reader (its flow control stops at 32 MiB), so that the client
/// never has to throw messages away. It is a limit and takes no memory of its own.
const SUBSCRIPTION_CAPACITY: usize = 1 << 20;

/// The longest pause between two attempts to connect again.
const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(2);

/// How often the connection was lost. Whatever was under way across a loss has to be looked at again.
pub(super) type Losses = watch::Receiver<u64>;

/// A connection that reconnects by itself.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) timeout: Duration,
    losses: Losses,
    /// Subjects the server would not let us use. A publish without permission is never answered: this is the only
    /// sign of it.
    refused: broadcast::Sender<Arc<str>>,
}

/// Why a request to the server has no good answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("no answer to {subject} within {timeout:?}")]
    Silent { subject: String, timeout: Duration },
    #[error(
        "nobody answers {subject}: JetStream is off, the stream is gone, or most of the servers that keep it are away (wait \
         for them, and delete nothing)"
    )]
    Nobody { subject: String },
    #[error("the server does not permit us to use {subject}")]
    NotPermitted { subject: String },
    #[error("the server refused {subject}: {description} (error {code})")]
    Refused {
        subject: String,
        code: u64,
        description: String,
    },
    #[error("the answer to {subject} was not understood")]
    Strange { subject: String },
}

impl ApiError {
    /// The server's own number for the error, or 0.
    pub(super) fn code(&self) -> u64 {
        match self {
            ApiError::Refused { code, .. } => *code,
            _ => 0,
        }
    }
}

/// An error as the JetStream API gives it.
#[derive(Debug, Deserialize)]
pub(super) struct ApiFailure {
    #[serde(default)]
    pub(super) err_code: u64,
    #[serde(default)]
    pub(super) description: String,
}

#[derive(Deserialize)]
struct MaybeFailure {
    error: Option<ApiFailure>,
}

impl Connection {
    /// Connects now, or fails; it does not wait for a server that is not there.
    pub(super) async fn open(settings: &Settings) -> Result<Self, ConnectError> {
        let (losses_in, losses) = watch::channel(0);
        let (refused, _) = broadcast::channel(64);
        let refused_in = refused.clone();
        let mut options = ConnectOptions::new()
            .name(&settings.client_name)
            .ping_interval(PING_INTERVAL)
            .connection_timeout(settings.request_timeout)
            .request_timeout(Some(settings.request_timeout))
            .subscription_capacity(SUBSCRIPTION_CAPACITY)
            .max_reconnects(None)
            .reconnect_delay_callback(|attempts| {
                let millis = 20u64.saturating_mul(1 << attempts.min(10));
                Duration::from_millis(millis).min(MAX_RECONNECT_DELAY)
            })
            .event_callback(move |event| {
                report(&event);
                match &event {
                    Event::Disconnected | Event::Closed => {
                        losses_in.send_modify(|losses| *losses += 1)
                    }
                    Event::ServerError(ServerError::Other(text)) => {
                        if let Some(subject) = refused_subject(text) {
                            // Nobody may be waiting for it.
                            refused_in.send(subject.into()).ok();
                        }
                    }
                    _ => {}
                }
                async {}
            });
        options = authenticate(options, &settings.credentials).await?;
        if let Some(ca) = &settings.tls_ca {
            options = options.add_root_certificates(ca.clone()).require_tls(true);
        }
        if settings.tls_first {
            options = options.tls_first();
        }
        let addresses: Vec<&str> = settings.url.split(',').map(str::trim).collect();
        let client = options
            .connect(addresses)
            .await
            .map_err(|error| ConnectError::Away {
                url: without_secrets(&settings.url),
                reason: describe(&error),
            })?;
        Ok(Self {
            client,
            timeout: settings.request_timeout,
            losses,
            refused,
        })
    }

    /// How often the connection was lost; a copy that waits for the next time.
    pub(super) fn losses(&self) -> Losses {
        let mut losses = self.losses.clone();
        losses.borrow_and_update();
        losses
    }

    /// Subjects refused from now on.
    pub(super) fn refused(&self) -> broadcast::Receiver<Arc<str>> {
        self.refused.subscribe()
    }

    /// Asks the JetStream API; `body` is its JSON, or nothing.
    pub(super) async fn api<T: DeserializeOwned>(
        &self,
        subject: &str,
        body: Option<serde_json::Value>,
    ) -> Result<T, ApiError> {
        let payload = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let answer = self
            .request(subject, Request::new().payload(payload))
            .await?;
        parse(subject, &answer)
    }

    /// One request and its answer, within the time allowed.
    pub(super) async fn request(
        &self,
        subject: &str,
        request: Request,
    ) -> Result<Message, ApiError> {
        let mut refused = self.refused();
        let silent = || ApiError::Silent {
            subject: subject.to_owned(),
            timeout: self.timeout,
        };
        // The client's own limit covers the wait for the answer but not the wait for room to send.
        let answer = tokio::time::timeout(self.timeout, async {
            tokio::select! {
                answer = self.client.send_request(subject.to_owned(), request) => Some(answer),
                () = named(&mut refused, subject) => None,
            }
        });
        match answer.await {
            Err(_) => Err(silent()),
            Ok(None) => Err(ApiError::NotPermitted {
                subject: subject.to_owned(),
            }),
            Ok(Some(Err(error))) if error.kind() == async_nats::RequestErrorKind::NoResponders => {
                Err(ApiError::Nobody {
                    subject: subject.to_owned(),
                })
            }
            Ok(Some(Err(_))) => Err(silent()),
            Ok(Some(Ok(answer))) if answer.status == Some(StatusCode::NO_RESPONDERS) => {
                Err(ApiError::Nobody {
                    subject: subject.to_owned(),
                })
            }
            Ok(Some(Ok(answer))) => Ok(answer),
        }
    }
}

/// Ends when the server refuses this subject.
async fn named(refused: &mut broadcast::Receiver<Arc<str>>, subject: &str) {
    loop {
        match refused.recv().await {
            Ok(name) if &*name == subject => return,
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Reads an API answer: what was asked for, or the error in its place.
pub(super) fn parse<T: DeserializeOwned>(subject: &str, answer: &Message) -> Result<T, ApiError> {
    let strange = || ApiError::Strange {
        subject: subject.to_owned(),
    };
    let failure: MaybeFailure = serde_json::from_slice(&answer.payload).map_err(|_| strange())?;
    match failure.error {
        Some(failure) => Err(ApiError::Refused {
            subject: subject.to_owned(),
            code: failure.err_code,
            description: failure.description,
        }),
        None => serde_json::from_slice(&answer.payload).map_err(|_| strange()),
    }
}

async fn authenticate(
    options: ConnectOptions,
    credentials: &Credentials,
) -> Result<ConnectOptions, ConnectError> {
    let read = async |path: &std::path::Path| {
        tokio::fs::read_to_string(path)
            .await
            .map(|secret| secret.trim().to_owned())
            .map_err(|error| ConnectError::Secret {
                path: path.to_owned(),
                reason: error.to_string(),
            })
    };
    Ok(match credentials {
        Credentials::None => options,
        Credentials::CredsFile(path) => {
            options
                .credentials(&read(path).await?)
                .map_err(|_| ConnectError::Secret {
                    path: path.clone(),
                    reason: "it is not a .creds file".to_owned(),
                })?
        }
        Credentials::NkeySeedFile(path) => options.nkey(read(path).await?),
        Credentials::UserPassword {
            user,
            password_file,
        } => options.user_and_password(user.clone(), read(password_file).await?),
        Credentials::TokenFile(path) => options.token(read(path).await?),
    })
}

/// Addresses as they may be shown: somebody may have written a password into one.
fn without_secrets(url: &str) -> String {
    let shown = url.split(',').map(|address| {
        let address = address.trim();
        let (scheme, rest) = address
            .split_once("://")
            .map_or(("nats", address), |parts| parts);
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{host}")
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// The subject in the server's "permissions violation for publish to …".
fn refused_subject(text: &str) -> Option<&str> {
    if !text
        .to_ascii_lowercase()
        .starts_with("permissions violation")
    {
        return None;
    }
    let (_, rest) = text.split_once('"')?;
    rest.split_once('"').map(|(subject, _)| subject)
}

fn report(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => tracing::warn!("the connection to NATS was lost; reconnecting"),
        Event::LameDuckMode => tracing::warn!("the NATS server is about to shut down"),
        Event::Draining => tracing::debug!("the connection to NATS is being drained"),
        // By us, at the end of a command or of a check at the start: what the server or the network does is a loss.
        Event::Closed => tracing::debug!("the connection to NATS was closed"),
        Event::SlowConsumer(id) => tracing::warn!(
            subscription = id,
            "NATS messages were dropped by a slow reader"
        ),
        Event::ServerError(error) => tracing::error!(%error, "the NATS server reported an error"),
        Event::ClientError(error) => tracing::warn!(%error, "the NATS client reported an error"),
    }
}

/// An error with its causes, in one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        assert_eq!(
            without_secrets("nats://joe:s3cret@a:4222, b:4222"),
            "nats://a:4222, nats://b:4222"
        );
        assert_eq!(without_secrets("tls://token@a:4222"), "tls://a:4222");
    }

    #[test]
    fn the_subject_of_a_permission_error_is_found() {
        let text = "Permissions Violation for Publish to \"joinedup.transfer.E1.7f\"";
        assert_eq!(refused_subject(text), Some("joinedup.transfer.E1.7f"));
        assert_eq!(
            refused_subject("Permissions Violation for Subscription to \"a.>\" using queue \"q\""),
            Some("a.>")
        );
        assert_eq!(refused_subject("Stale Connection"), None);
        assert_eq!(refused_subject("Maximum Payload \"x\""), None);
    }
}
