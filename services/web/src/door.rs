//! The door: who asks, how much room a client has, and how long it may take.

pub mod auth;
pub mod body;
pub mod idempotency;
pub mod limits;
pub mod origin;
pub mod places;
pub mod problem;
pub mod scope;
pub mod server;
pub mod streams;
pub mod tokens;
mod watched;

use axum::extract::FromRef;
use idempotency::Keys;
use joinedup_application::app::App;
use limits::Limits;
use streams::Streams;
use tokens::Tokens;

/// What handlers are given.
#[derive(Clone)]
pub struct Shared {
    /// The program's parts.
    pub app: App,
    /// Who may do what.
    pub tokens: Tokens,
    /// Answers to earlier writes.
    pub keys: Keys,
    /// Room for bodies.
    room: body::Room,
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

impl FromRef<Shared> for body::Room {
    fn from_ref(shared: &Shared) -> Self {
        shared.room.clone()
    }
}

impl FromRef<Shared> for Streams {
    fn from_ref(shared: &Shared) -> Self {
        shared.streams.clone()
    }
}

impl FromRef<Shared> for Tokens {
    fn from_ref(shared: &Shared) -> Self {
        shared.tokens.clone()
    }
}

impl Shared {
    /// What handlers are given in this process.
    #[must_use]
    pub fn new(app: App, tokens: Tokens) -> Self {
        Self {
            streams: Streams::new(Limits::of(&app.config).streams),
            app,
            tokens,
            keys: Keys::default(),
            room: body::Room::default(),
        }
    }
}
