//! Real parts for tests of the whole product: a NATS server, Prometheus, Alertmanager, a headless Chromium and
//! the `joinedup` binary itself, each on loopback, each in a folder of its own, each stopped when its value is dropped.
//!
//! ```no_run
//! use joinedup_tests::{nats::{NatsOptions, NatsServer}, patience::eventually};
//!
//! let mut nats = NatsServer::start(NatsOptions::durable());
//! nats.kill9();
//! nats.restart();
//! eventually("the server answers again", || nats.healthy().then_some(()).ok_or("not healthy"));
//! ```
//!
//! Everything here fails by panicking, with the evidence (what was waited for, what was last seen, the tail of the
//! process's own log) in the message: a test has nothing better to do with a broken surrounding than to say what broke.
#![expect(
    clippy::panic,
    reason = "a harness reports a broken surrounding by failing the test that needs it"
)]

pub mod alertmanager;
pub mod browser;
pub mod care;
pub mod disk;
pub mod folders;
pub mod http;
pub mod local_http;
pub mod nats;
pub mod nats_client;
pub mod nats_cluster;
pub mod patience;
pub mod ports;
pub mod process;
pub mod product;
pub mod prometheus;
pub mod proxy;
pub mod remote_write;
pub mod scrape;
pub mod sign_in;
pub mod tokens;
pub mod tools;

/// Unwraps a result of the surrounding (files, sockets, child processes), or fails the test with what was being done.
pub(crate) trait OrFail<T> {
    /// The value, or a failed test that says what was tried and why it did not work.
    fn or_fail(self, doing: &str) -> T;
}

impl<T, E: std::fmt::Display> OrFail<T> for Result<T, E> {
    #[track_caller]
    fn or_fail(self, doing: &str) -> T {
        match self {
            Ok(value) => value,
            Err(error) => panic!("{doing}: {error}"),
        }
    }
}

impl<T> OrFail<T> for Option<T> {
    #[track_caller]
    fn or_fail(self, doing: &str) -> T {
        match self {
            Some(value) => value,
            None => panic!("{doing}"),
        }
    }
}
