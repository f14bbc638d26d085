//! What commands share: the flags of those that run the server, how log lines look, and why a command failed.

use clap::Args;
use joinedup_application::config::Config;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Flags of the commands that run the server; each is also a setting of `joinedup.toml`.
#[derive(Clone, Debug, Default, Args)]
pub struct Server {
    /// A file of settings; `joinedup.toml` in this folder unless given.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to serve HTTP.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// The folder of the embedded log and the views.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The NATS server, when the log is in JetStream; those of a cluster with commas between them.
    #[arg(long, value_name = "URL")]
    pub nats: Option<String>,
    /// The NATS server's monitoring address, by which its durability is checked; those of a cluster with commas between
    /// them.
    #[arg(long, value_name = "URL")]
    pub nats_monitor: Option<String>,
    /// A condition that can lose acknowledged events, accepted by its name.
    #[arg(long, value_name = "NAME")]
    pub accept_unsafe: Vec<String>,
    /// A file of areas of your own.
    #[arg(long, value_name = "FILE")]
    pub areas: Option<PathBuf>,
    /// A file of measures of your own.
    #[arg(long, value_name = "FILE")]
    pub measures: Vec<PathBuf>,
    /// A file of your own that adds to the logic model and the frameworks, or replaces parts of them by id.
    #[arg(long, value_name = "FILE")]
    pub catalogue: Vec<PathBuf>,
    /// A file of feeds that `serve` runs: folders that are watched, and HL7 connections.
    #[arg(long, value_name = "FILE")]
    pub feeds: Option<PathBuf>,
}

/// The flags, as settings.
#[derive(Serialize)]
struct Flags {
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nats: Option<NatsFlags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    areas_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    measures_files: Vec<PathBuf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    catalogue_files: Vec<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feeds: Option<PathBuf>,
}

#[derive(Serialize)]
struct NatsFlags {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    monitor_url: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accept_unsafe: Vec<String>,
}

impl Server {
    /// What the flags say, as settings.
    pub(crate) fn flags(&self) -> impl Serialize {
        let some =
            self.nats.is_some() || self.nats_monitor.is_some() || !self.accept_unsafe.is_empty();
        Flags {
            listen: self.listen,
            data: self.data.clone(),
            nats: some.then(|| NatsFlags {
                url: self.nats.clone(),
                monitor_url: self.nats_monitor.clone(),
                accept_unsafe: self.accept_unsafe.clone(),
            }),
            areas_file: self.areas.clone(),
            measures_files: self.measures.clone(),
            catalogue_files: self.catalogue.clone(),
            feeds: self.feeds.clone(),
        }
    }

    /// The settings that the flags, the environment and the file come to.
    ///
    /// # Errors
    /// A sentence, with exit code 2.
    pub fn settings(&self) -> Result<Config, Failure> {
        for variable in Config::unknown_variables() {
            tracing::warn!(
                variable,
                "this variable of the environment is not a setting, and is not read"
            );
        }
        Config::read(self.config.as_deref(), self.flags()).map_err(Failure::usage)
    }
}

/// Why a command failed: a sentence and an exit code (1 it went wrong, 2 it was asked wrongly).
#[derive(Debug)]
pub struct Failure {
    /// The sentence.
    pub sentence: String,
    /// The exit code.
    pub code: u8,
}

impl Failure {
    /// It went wrong.
    pub fn new(error: impl ToString) -> Self {
        Self {
            sentence: error.to_string(),
            code: 1,
        }
    }

    /// It was asked wrongly, or its settings are wrong.
    pub fn usage(error: impl ToString) -> Self {
        Self {
            sentence: error.to_string(),
            code: 2,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}
