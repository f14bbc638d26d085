//! The program `joinedup`: commands and settings over the crates of the street.

mod cli;
mod commands;
mod late_log;
mod logging;
mod open_log;
mod program;
mod systemd;

use clap::Parser;
use program::{Cli, run};
use std::process::ExitCode;

/// Folding makes and drops many small values on several threads; this allocator is quicker at that than the C
/// library's, by far so where the library is musl, and gives back what is free (`.cargo/config.toml`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Logs, views and archives are about people: what is made here is for this user alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("joinedup: the runtime could not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("joinedup: {failure}");
            ExitCode::from(failure.code)
        }
    }
}
