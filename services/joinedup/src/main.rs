//! The program `joinedup`: reads its arguments and hands over to the library.

use clap::Parser;
use joinedup::program::{Cli, run};
use std::process::ExitCode;

/// Folding makes and drops many small values on several threads; this allocator is quicker at that than the C
/// library's, by far so where the library is musl, and gives back what is free (`.cargo/config.toml`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
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
