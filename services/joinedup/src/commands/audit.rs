//! `audit verify`: whether the audit log is whole, or where it is broken.

use crate::cli::{Failure, Server};
use clap::{Args, Subcommand};
use joinedup_application::audit::{self, Checked};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Who did what, and who saw what.
#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    /// Check that no line of the audit log was changed, taken out or put in.
    Verify(Verify),
}

/// Flags of `audit verify`.
#[derive(Clone, Debug, Args)]
pub struct Verify {
    /// The log, with the files before it in the same folder; `audit.ndjson` in the data folder unless given.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The server's flags.
    #[command(flatten)]
    pub server: Server,
}

/// The audit log of a server whose name (`audit`, `audit-publish`, `audit-project`) says which parts it has.
#[must_use]
pub fn path(data: &Path, name: &str) -> PathBuf {
    data.join(format!("{name}.ndjson"))
}

/// Checks.
pub fn run(command: &AuditCommand) -> Result<(), Failure> {
    let AuditCommand::Verify(verify) = command;
    let file = match &verify.file {
        Some(file) => file.clone(),
        None => path(&verify.server.settings()?.data, "audit"),
    };
    let files = audit::files(&file)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}", file.display())))?;
    let mut before: Option<(u64, String)> = None;
    for file in &files {
        let checked = verified(file)?;
        let follows = (checked.before, checked.continues.as_deref());
        match &before {
            Some((number, hash)) if follows != (*number, Some(hash.as_str())) => {
                return Err(Failure::new(format!(
                    "{} does not follow the file before it: lines or a whole file are missing",
                    file.display()
                )));
            }
            None if checked.before > 0 => {
                println!(
                    "The lines up to {} are in files that are not here",
                    checked.before
                );
            }
            _ => {}
        }
        before = Some((checked.end.number, checked.end.hash().to_owned()));
    }
    Ok(())
}

/// Checks one file, and says what it found.
fn verified(file: &Path) -> Result<Checked, Failure> {
    let shown = file.display();
    let unreadable = |error| Failure::new(format!("{shown} cannot be read: {error}"));
    let open = File::open(file).map_err(unreadable)?;
    let checked = audit::check(BufReader::new(open)).map_err(unreadable)?;
    if let Some(broken) = &checked.broken {
        return Err(Failure::new(format!(
            "{shown} is broken at line {}: {}",
            broken.line, broken.why
        )));
    }
    println!(
        "{shown} is whole: {} lines; the digest of the last is {}",
        checked.lines,
        checked.end.hash()
    );
    if checked.rest > 0 {
        println!(
            "The {} bytes after them are a line that is being written, or that a crash cut off; the next start of the server takes it away and says so",
            checked.rest
        );
    }
    Ok(checked)
}
