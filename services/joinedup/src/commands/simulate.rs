//! `simulate`: the events of a simulated county, to a file or into a log.

use super::county::{KeptCounty, LiveCounty};
use super::serve::signalled;
use super::target::Target;
use crate::cli::Failure;
use chrono::{DateTime, Utc};
use clap::Args;
use joinedup_application::app::Definitions;
use joinedup_events::Event;
use joinedup_feeds::http_client::ClientError;
use joinedup_feeds::sink::Sink;
use joinedup_log::archive;
use joinedup_simulator::history;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the live events are sent.
const LIVE_EVERY: Duration = Duration::from_secs(1);

/// Flags of `simulate`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  joinedup simulate --months 3 -o county.ndjson\n  joinedup simulate --url http://127.0.0.1:8080 --live --per-minute 60"
)]
pub struct Simulate {
    /// Where to.
    #[command(flatten)]
    pub target: Target,
    /// A file to write instead, one event a line; `-` is standard output.
    #[arg(short, long, value_name = "FILE", conflicts_with = "target")]
    pub output: Option<PathBuf>,
    /// The seed: the same one gives the same events, as long as `--end` is the same too.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// How many months of history.
    #[arg(long, default_value_t = 18, value_parser = clap::value_parser!(u32).range(1..=240))]
    pub months: u32,
    /// How much goes on: 1 is about 3,000 events a month.
    #[arg(long, default_value_t = 1.0)]
    pub scale: f64,
    /// The end of the history; now unless given.
    #[arg(long, value_name = "INSTANT", conflicts_with = "live")]
    pub end: Option<DateTime<Utc>>,
    /// Go on with live events until stopped.
    #[arg(long)]
    pub live: bool,
    /// Expected dates a minute that wards confirm, so that something always comes. What else happens does so at the county's
    /// own pace.
    #[arg(long, default_value_t = 6.0, requires = "live")]
    pub per_minute: f64,
    /// Keep in this file what the county began with and what was sent of it, into which log; where the file is there, go on with
    /// that county.
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    pub keep: Option<PathBuf>,
}

/// Where simulated events go.
enum Out {
    File(Box<dyn Write + Send>),
    Sink(Sink),
}

impl Out {
    async fn take(&mut self, events: &[Event]) -> Result<(), Failure> {
        match self {
            Self::Sink(sink) => {
                let sent = sink.send(events).await.map_err(Failure::new)?;
                match sent.refused.first() {
                    Some((_, field, rule)) => Err(Failure::new(format!(
                        "{} events were refused; the first: {field} {rule}",
                        sent.refused.len()
                    ))),
                    None => Ok(()),
                }
            }
            Self::File(writer) => written(writer, events)
                .map_err(|e| Failure::new(format!("the events could not be written: {e}"))),
        }
    }
}

fn written(writer: &mut dyn Write, events: &[Event]) -> io::Result<()> {
    for event in events {
        writeln!(writer, "{}", event.to_json())?;
    }
    writer.flush()
}

/// Simulates.
///
/// # Errors
/// Exit code 2 when it was asked wrongly, 1 when the events could not be written or were not taken.
pub async fn run(simulate: Simulate) -> Result<(), Failure> {
    let live = simulate.live;
    tokio::select! {
        // First, so that it is listened for before anything is done: the first process of a container gets no signal otherwise.
        biased;
        () = signalled() => match live {
            true => Ok(()),
            false => Err(Failure::new("it was stopped before all events were written")),
        },
        done = simulated(simulate) => done,
    }
}

async fn simulated(simulate: Simulate) -> Result<(), Failure> {
    let config = simulate.target.settings()?;
    let definitions = Definitions::read(&config).map_err(Failure::usage)?;
    if simulate.per_minute.is_nan() || simulate.per_minute <= 0.0 {
        return Err(Failure::usage("--per-minute must be a number above 0"));
    }
    let kept = simulate.keep.as_deref().map(KeptCounty::read).transpose()?;
    let mut county = kept.flatten().unwrap_or_else(|| KeptCounty {
        seed: simulate.seed,
        months: simulate.months,
        scale: simulate.scale,
        end: simulate.end.unwrap_or_else(Utc::now),
        published: None,
        of_log: None,
    });
    let mut out = match &simulate.output {
        Some(path) => Out::File(file(path)?),
        None if simulate.target.is_named() => {
            Out::Sink(simulate.target.open(&config, &definitions).await?)
        }
        None => {
            return Err(Failure::usage(
                "say where to: -o FILE, --url URL of a running server, --nats URL, or --data DIR",
            ));
        }
    };
    if let (Some(file), Out::Sink(sink)) = (&simulate.keep, &out) {
        county.goes_to(log_of(sink).await?, file)?;
    }
    let keep = |county: &KeptCounty| simulate.keep.iter().try_for_each(|file| county.write(file));
    if let Some(published) = county.published {
        eprintln!("the simulated county goes on; its events up to {published} were sent before");
    } else {
        let events = history(&county.scenario()?, &definitions.areas).map_err(Failure::usage)?;
        // Before the first of them: a history that was cut short is sent again, to the same end.
        keep(&county)?;
        out.take(&events).await?;
        county.published = Some(county.end);
        keep(&county)?;
        let (n, end) = (events.len(), county.end);
        eprintln!("{n} events of a simulated county, up to {end}");
    }
    if !simulate.live {
        return Ok(());
    }
    let file = simulate.keep.clone();
    let mut live = LiveCounty::of(county, &definitions.areas, simulate.per_minute, file)?;
    eprintln!("live events follow; stop with ctrl-c");
    let mut rhythm = tokio::time::interval(LIVE_EVERY);
    loop {
        rhythm.tick().await;
        let due = live.due(Utc::now());
        if !due.is_empty() {
            out.take(due).await?;
            live.published()?;
        }
    }
}

/// Which log events are sent into; none where the server does not say.
async fn log_of(sink: &Sink) -> Result<Option<String>, Failure> {
    let client = match sink {
        Sink::Log { log, .. } => {
            let identity = log.identity().await.map_err(Failure::new)?;
            return Ok(Some(identity.0));
        }
        Sink::Server(client) => client.clone(),
    };
    // Of the export the head alone: an audit log that spoke of one at each start would hide those that are.
    let asked = move || client.header("/api/v1/export/events", archive::OF_LOG);
    match tokio::task::spawn_blocking(asked)
        .await
        .map_err(Failure::new)?
    {
        Ok(log) => Ok(log),
        Err(ClientError::NotAllowed { .. }) => {
            eprintln!(
                "whether the county of --keep was sent into this very log is not checked: the token is not that of an admin"
            );
            Ok(None)
        }
        Err(error) => Err(Failure::new(error)),
    }
}

fn file(path: &Path) -> Result<Box<dyn Write + Send>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    }
    let file = File::create_new(path)
        .map_err(|e| Failure::usage(format!("{} cannot be made: {e}", path.display())))?;
    Ok(Box::new(BufWriter::new(file)))
}
