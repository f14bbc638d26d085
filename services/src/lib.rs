//! The program `joinedup`: publishers, projector, HTTP, pages, metrics and commands.

pub mod app;
pub mod application;
pub mod charts;
pub mod cli;
pub mod commands;
pub mod config;
pub mod draw;
pub mod event_time;
pub mod http;
pub mod import;
pub mod logging;
pub mod metrics;
pub mod open_log;
pub mod outcomes;
pub mod pages;
pub mod promql;
pub mod publisher;
pub mod silence;
pub mod simulate;
pub mod systemd;
