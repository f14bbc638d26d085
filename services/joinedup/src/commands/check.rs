//! `check`: settings, areas, measures and the log, before anything depends on them.

use crate::cli::{Failure, Server};
use crate::open_log;
use clap::Args;
use joinedup_application::app::Definitions;
use joinedup_application::config::{Config, Nats};
use joinedup_log::Position;
use joinedup_web::door::Access;

/// Flags of `check`.
#[derive(Clone, Debug, Args)]
pub struct Check {
    /// The server's flags.
    #[command(flatten)]
    pub server: Server,
    /// Print the settings that flags, environment and file come to.
    #[arg(long)]
    pub dump: bool,
    /// Look at the log too: open it, or connect to NATS, and read all of it.
    #[arg(long)]
    pub log: bool,
}

/// Events read at once.
const READ_AT_ONCE: usize = 4096;

/// Checks.
pub async fn run(check: Check) -> Result<(), Failure> {
    let mut config = check.server.settings()?;
    if check.dump {
        let (file, flags) = (check.server.config.as_deref(), check.server.flags());
        print!("{}", Config::printed(file, flags).map_err(Failure::usage)?);
    }
    let mut definitions = Definitions::read(&config).map_err(Failure::usage)?;
    let feeds = super::serve::feeds(&mut config, &mut definitions)?;
    Access::read(&config, &definitions.areas).map_err(Failure::usage)?;
    if let Some(nats) = &config.nats {
        look_at(nats)?;
    }
    eprintln!(
        "settings are sound: {} areas, {} measures, {} nodes of the logic model, {} feeds",
        definitions.areas.iter().count(),
        definitions.measures.len(),
        definitions.catalogue.model().nodes().len(),
        feeds.len()
    );
    if check.log {
        let log = open_log::open(&config).await?;
        let head = log.head().await.map_err(Failure::new)?;
        let mut at = Position::ORIGIN;
        while let Some(last) = log.check(at, READ_AT_ONCE).await.map_err(Failure::new)? {
            at = last;
        }
        eprintln!("the log answers; its head is at position {head}, and what it holds is whole");
    }
    Ok(())
}

/// What a server would only find out when it connects to NATS, as far as it can be seen without.
fn look_at(nats: &Nats) -> Result<(), Failure> {
    open_log::written(nats).map_err(Failure::usage)?;
    let files = [
        ("ca_file", &nats.ca_file),
        ("credentials_file", &nats.credentials_file),
        ("nkey_file", &nats.nkey_file),
        ("password_file", &nats.password_file),
    ];
    for (name, file) in files {
        if let Some(path) = file
            && let Err(error) = std::fs::read(path)
        {
            let path = path.display();
            return Err(Failure::usage(format!(
                "`nats.{name}`: {path} cannot be read: {error}"
            )));
        }
    }
    Ok(())
}
