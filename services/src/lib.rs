//! The program `joinedup`: publishers, projector, HTTP, pages, metrics and commands.

pub mod app;
pub mod application;
pub mod charts;
pub mod cli;
pub mod commands;
pub mod config;
pub mod event_time;
pub mod http;
pub mod logging;
pub mod metrics;
pub mod open_log;
pub mod outcomes;
pub mod pages;
pub mod silence;
pub mod systemd;

use joinedup_application::publisher;
use joinedup_drawing as draw;
use joinedup_feeds as import;
use joinedup_promql as promql;
use joinedup_simulator as simulate;
