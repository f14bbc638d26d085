//! `man`: the manual pages, made from the same words as `--help`.

use crate::cli::Failure;
use clap::{Args, Command};
use std::path::PathBuf;

/// Flags of `man`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  joinedup man | man -l -\n  joinedup man --out /usr/local/share/man/man1"
)]
pub struct Man {
    /// Write a page for the program and one for each command into this folder, which is made when missing; the program's
    /// page goes to standard output unless given.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Writes the pages of a program.
pub fn run(man: &Man, program: Command) -> Result<(), Failure> {
    let Some(folder) = &man.out else {
        return clap_mangen::Man::new(program)
            .render(&mut std::io::stdout())
            .map_err(Failure::new);
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(program, folder))
        .map_err(|error| Failure::new(format!("{}: {error}", folder.display())))
}
