//! `stream`: the explicit step that makes the NATS stream, or says how it differs from what it should be.

use crate::cli::{Failure, Server};
use crate::open_log;
use clap::{Args, Subcommand};
use joinedup_application::config::Nats;
use joinedup_log::jetstream::{Apply, Plan, apply_stream, check};

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
        /// What is asked of the stream.
        #[command(flatten)]
        wanted: Wanted,
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

/// What is asked of the stream beside what keeps events safe; each is also a setting of `[nats]`.
#[derive(Clone, Debug, Default, Args)]
pub struct Wanted {
    /// Copies of the stream, each on a server of its own, at least.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=5))]
    pub replicas: Option<u8>,
    /// The most bytes that the stream may have.
    #[arg(long, value_name = "N")]
    pub max_bytes: Option<u64>,
    /// The cluster whose servers may keep it.
    #[arg(long, value_name = "NAME")]
    pub placement_cluster: Option<String>,
    /// A tag that each server that keeps it must have.
    #[arg(long, value_name = "TAG")]
    pub placement_tag: Vec<String>,
}

impl Wanted {
    /// What was asked for here stands before the settings.
    fn over(self, nats: &mut Nats) {
        nats.replicas = self.replicas.or(nats.replicas);
        nats.max_bytes = self.max_bytes.or(nats.max_bytes);
        nats.placement_cluster = self.placement_cluster.or(nats.placement_cluster.take());
        if !self.placement_tag.is_empty() {
            nats.placement_tags = self.placement_tag;
        }
    }
}

/// Does it.
pub async fn run(stream: Stream) -> Result<(), Failure> {
    let (server, apply) = match stream.action {
        Action::Apply {
            server,
            wanted,
            change,
        } => (server, Some((wanted, change))),
        Action::Check { server } => (server, None),
    };
    let config = server.settings()?;
    let mut nats = config
        .nats
        .ok_or_else(|| Failure::usage("which server? give --nats URL"))?;
    let settings = open_log::settings(&nats).await.map_err(Failure::usage)?;
    if let Some((wanted, change)) = apply {
        wanted.over(&mut nats);
        let wanted = open_log::stream_settings(&nats);
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
