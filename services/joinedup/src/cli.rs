//! Subcommands and flags.

use crate::commands;
use clap::{Args, Parser, Subcommand};
use joinedup_application::config::Config;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// joinedup: is care joining up? Run charts, delays and the logic model, live from events.
#[derive(Debug, Parser)]
#[command(name = "joinedup", version, about, propagate_version = true)]
#[command(
    after_help = "Examples:\n  joinedup demo\n  joinedup serve --data ./data\n  joinedup import --mapping dtoc --url http://127.0.0.1:8080 dtoc.csv"
)]
pub struct Cli {
    /// How the log on standard error looks: `human` on a terminal, `json` otherwise.
    #[arg(long, global = true, value_enum)]
    pub log_format: Option<LogFormat>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the product at work: a simulated county on the embedded log, with nothing else installed.
    Demo(commands::demo::Demo),
    /// Publish, project and serve, in one process.
    Serve(Server),
    /// Publish only: take events over HTTP into NATS.
    Publish(Server),
    /// Project only: fold the log from NATS and serve views and pages.
    Project(Server),
    /// Put files into the log: CSV through a mapping, or events as lines of JSON.
    Import(commands::import::Import),
    /// Take everything out: events as an archive with a hash chain, or the cells.
    Export(commands::export::Export),
    /// Write the log anew without what some entities said.
    Erase(commands::erase::Erase),
    /// Take out of a damaged embedded log what is whole in it, and say what is lost.
    Salvage(commands::salvage::Salvage),
    /// Build the views again from the log.
    Rebuild(Server),
    /// Judge a chart: a case as JSON, or a CSV of your own.
    Spc(commands::spc::Spc),
    /// List, check and explain measures.
    Measures(commands::measures::MeasuresCommand),
    /// Check settings, areas, measures and the log, and say what is wrong.
    Check(commands::check::Check),
    /// Make events of a simulated county.
    Simulate(commands::simulate::Simulate),
    /// Measure this machine.
    #[cfg(feature = "bench")]
    Bench(commands::bench::Bench),
    /// Make the NATS stream, or say how it differs from what it should be.
    Stream(commands::stream::Stream),
    /// Ask a running server whether it is ready; for containers without a shell.
    Healthcheck(commands::healthcheck::Healthcheck),
    /// The settings, and where each came from.
    #[command(subcommand)]
    Config(commands::settings::Settings),
    /// Check the log of who did what.
    #[command(subcommand)]
    Audit(commands::audit::AuditCommand),
    /// Print the manual page, or write one for every command.
    Man(commands::man::Man),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
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

/// Does what was asked.
///
/// # Errors
/// A sentence and an exit code.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    crate::logging::start(cli.log_format);
    match cli.command {
        Command::Demo(demo) => commands::demo::run(demo).await,
        Command::Serve(server) => commands::serve::run(&server, commands::serve::Parts::ALL).await,
        Command::Publish(server) => {
            commands::serve::run(&server, commands::serve::Parts::PUBLISH).await
        }
        Command::Project(server) => {
            commands::serve::run(&server, commands::serve::Parts::PROJECT).await
        }
        Command::Import(import) => commands::import::run(import).await,
        Command::Export(export) => commands::export::run(export).await,
        Command::Erase(erase) => commands::erase::run(erase).await,
        Command::Salvage(salvage) => commands::salvage::run(&salvage),
        Command::Rebuild(server) => commands::rebuild::run(&server).await,
        Command::Spc(spc) => commands::spc::run(spc),
        Command::Measures(measures) => commands::measures::run(measures),
        Command::Check(check) => commands::check::run(check).await,
        Command::Simulate(simulate) => commands::simulate::run(simulate).await,
        #[cfg(feature = "bench")]
        Command::Bench(bench) => commands::bench::run(bench).await,
        Command::Stream(stream) => commands::stream::run(stream).await,
        Command::Healthcheck(healthcheck) => commands::healthcheck::run(healthcheck).await,
        Command::Config(settings) => commands::settings::run(&settings),
        Command::Audit(audit) => commands::audit::run(&audit),
        Command::Man(man) => commands::man::run(&man),
        Command::Completions { shell } => {
            use clap::CommandFactory;
            clap_complete::generate(
                shell,
                &mut Cli::command(),
                "joinedup",
                &mut std::io::stdout(),
            );
            Ok(())
        }
    }
}
