//! `stream`: the explicit step that makes the NATS stream, or says how it differs from what it should be.

use crate::cli::{Failure, Server};
use crate::open_log;
use clap::{Args, Subcommand};
use joinedup_log::jetstream::{Apply, Plan, StreamSettings, apply_stream, check};

/// `joinedup stream …`
#[derive(Clone, Debug, Args)]
pub struct Stream {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the stream.
#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// Make the stream if there is none; change it only with --change.
    Apply {
        /// How NATS is reached.
        #[command(flatten)]
        server: Server,
        /// Change a stream that differs.
        #[arg(long)]
        change: bool,
    },
    /// Say what could lose events, and change nothing.
    Check {
        /// How NATS is reached.
        #[command(flatten)]
        server: Server,
    },
}

/// Does it.
pub async fn run(stream: Stream) -> Result<(), Failure> {
    let (server, change) = match &stream.action {
        Action::Apply { server, change } => (server, Some(*change)),
        Action::Check { server } => (server, None),
    };
    let config = server.settings()?;
    let nats = config
        .nats
        .ok_or_else(|| Failure::usage("which server? give --nats URL"))?;
    let settings = open_log::settings(&nats).map_err(Failure::usage)?;
    if let Some(change) = change {
        let wanted = StreamSettings::default();
        let apply = |how| apply_stream(&settings, &wanted, how);
        let mut plan = apply(Apply::DryRun).await.map_err(Failure::new)?;
        if plan == Plan::Create || change {
            plan = apply(Apply::Change).await.map_err(Failure::new)?;
        }
        println!("{plan}");
    }
    let findings = check(&settings).await.map_err(Failure::new)?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("nothing that could lose an acknowledged event was found");
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} settings can lose acknowledged events",
        findings.len()
    )))
}
