//! The program's commands, and which function does each.

use crate::cli::{Failure, LogFormat, Server};
use crate::commands;
use clap::{CommandFactory, Parser, Subcommand};

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
        Command::Man(man) => commands::man::run(&man, Cli::command()),
        Command::Completions { shell } => {
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
