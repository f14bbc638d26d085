//! The door: who asks, how much room a client has, and how long it may take.

pub mod attempts;
pub mod audit;
pub mod auth;
pub mod body;
pub mod client;
pub mod fields;
pub mod finish;
pub mod idempotency;
pub mod limits;
pub mod origin;
pub mod places;
pub mod problem;
pub mod routes;
pub mod scope;
pub mod server;
pub mod shares;
pub mod sign_in;
pub mod streams;
#[cfg(test)]
mod tls_tests;
pub mod tokens;
mod watched;

use axum::extract::FromRef;
use finish::Unfinished;
use idempotency::Keys;
use joinedup_application::app::App;
use joinedup_application::audit::Audit;
use joinedup_application::config::Config;
use joinedup_application::tls::{Tls, TlsError, TlsFiles};
use joinedup_events::Areas;
use limits::Limits;
use sign_in::SignIn;
use sign_in::people::SettingsError;
use streams::Streams;
use tokens::{TokenError, Tokens};

/// How it is known who asks.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Tokens.
    pub tokens: Tokens,
    /// Sign-in for people.
    pub sign_in: Option<SignIn>,
    /// Where it is written who did what; none: nowhere.
    pub audit: Option<Audit>,
    /// The server's certificate; none: plain HTTP.
    pub tls: Option<Tls>,
}

/// Why the settings of who may do what were not taken.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// A token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Sign-in.
    #[error(transparent)]
    SignIn(#[from] SettingsError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Access {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// A sentence that says which file, and what is wrong with it.
    pub fn read(config: &Config, areas: &Areas) -> Result<Self, AccessError> {
        let sign_in = config.sign_in.as_ref();
        let sign_in =
            sign_in.map(|settings| SignIn::read(settings, config.accept_readable_tokens, areas));
        Ok(Self {
            tokens: Tokens::read(config, areas)?,
            sign_in: sign_in.transpose()?,
            audit: None,
            tls: tls(config)?,
        })
    }
}

/// The certificate of the settings; none where these name none.
fn tls(config: &Config) -> Result<Option<Tls>, TlsError> {
    let files = config.tls.clone().map(|files| TlsFiles {
        certificate: files.certificate,
        key: files.key,
        clients: None,
    });
    let read = |files| Tls::read(files, Some(b"http/1.1"), config.accept_readable_tokens);
    files.map(read).transpose()
}

/// What handlers are given.
#[derive(Clone)]
pub struct Shared {
    /// The program's parts.
    pub app: App,
    /// Who may do what by a token.
    pub tokens: Tokens,
    /// Sign-in for people, where it is set.
    pub sign_in: Option<SignIn>,
    /// Where it is written who did what.
    pub audit: Option<Audit>,
    /// Whether this server speaks TLS.
    pub is_secure: bool,
    /// Answers to earlier writes.
    pub keys: Keys,
    /// Answers that record something.
    pub unfinished: Unfinished,
    /// Room for bodies.
    rooms: body::Rooms,
    /// Room for live streams.
    streams: Streams,
}

impl FromRef<Shared> for App {
    fn from_ref(shared: &Shared) -> Self {
        shared.app.clone()
    }
}

impl FromRef<Shared> for Keys {
    fn from_ref(shared: &Shared) -> Self {
        shared.keys.clone()
    }
}

impl FromRef<Shared> for body::Rooms {
    fn from_ref(shared: &Shared) -> Self {
        shared.rooms.clone()
    }
}

impl FromRef<Shared> for Streams {
    fn from_ref(shared: &Shared) -> Self {
        shared.streams.clone()
    }
}

impl Shared {
    /// What handlers are given in this process.
    #[must_use]
    pub fn new(app: App, access: Access) -> Self {
        Self {
            streams: Streams::new(Limits::of(&app.config).streams),
            is_secure: access.tls.is_some(),
            app,
            tokens: access.tokens,
            sign_in: access.sign_in,
            audit: access.audit,
            keys: Keys::default(),
            unfinished: Unfinished::default(),
            rooms: body::Rooms::default(),
        }
    }
}
