//! Points of measures: periods, states, areas, and a second, slow computation that says the same.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails its test"
)]

mod asking;
mod from_events;
mod plain;
mod reported;
mod stocks;
