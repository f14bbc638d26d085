//! `config`: the settings as they come out of flags, environment, file and defaults.

use crate::cli::{Failure, Server};
use clap::Subcommand;
use joinedup_application::config::Config;

/// What is to be done with the settings.
#[derive(Clone, Debug, Subcommand)]
pub enum Settings {
    /// Print every setting with where it came from; secrets stay in their files.
    Print(Server),
}

/// Does it.
pub fn run(settings: &Settings) -> Result<(), Failure> {
    let Settings::Print(server) = settings;
    let printed = Config::printed(server.config.as_deref(), server.flags());
    print!("{}", printed.map_err(Failure::usage)?);
    Ok(())
}
