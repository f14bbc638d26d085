//! `bench`: measures this machine, in one run, as pairs that can be compared: what a part costs beside what it cannot
//! cost less than. Machines are noisy; the ratios are what to look at.

mod latency;
mod log;
mod memory;
mod serving;
mod sled_rows;
mod table;
mod updates;

use crate::cli::{Failure, Server};
use crate::open_log;
use clap::Args;
use joinedup_application::app::Definitions;
use joinedup_application::config::Config;
use joinedup_application::publisher::Publisher;
use joinedup_events::{AreaId, AreaKind};
use joinedup_log::EventLog;
use joinedup_projector::{Projector, Settings, Views};
use joinedup_simulator::{Load, load};
use joinedup_views::view::View;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use table::{Bound, Table};

/// Months over which the load is spread.
const MONTHS: u32 = 24;
/// Facts of one transfer in the load.
const FACTS: usize = 4;
/// How long after it has caught up a projector's memory is looked at.
const SETTLED_AFTER: Duration = Duration::from_secs(5);
/// How long a projector may take for what is measured here.
const PATIENCE: Duration = Duration::from_secs(600);

/// Flags of `bench`.
#[derive(Clone, Debug, Args)]
pub struct Bench {
    /// How many events.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    pub events: u32,
    /// A NATS server whose stream is empty, or holds only what an earlier bench left there. Without it the embedded log
    /// is measured.
    #[arg(long, value_name = "URL")]
    pub nats: Option<String>,
    /// The NATS server's monitoring address.
    #[arg(long, value_name = "URL", requires = "nats")]
    pub nats_monitor: Option<String>,
    /// A condition that can lose acknowledged events, accepted by its name.
    #[arg(long, value_name = "NAME", requires = "nats")]
    pub accept_unsafe: Vec<String>,
    /// The stream already holds a bench's events: publish none before measuring.
    #[arg(long, requires = "nats")]
    pub reuse: bool,
    /// How long latency is measured, at a thousand events a second.
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub seconds: u32,
    /// Also measure the folder of views under so many updates; two million take some minutes.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=10_000_000))]
    pub updates: u32,
    /// Only let a projector catch up, and print its memory: what the bench starts in a process of its own.
    #[arg(long, hide = true, requires = "nats")]
    pub projector_alone: bool,
    /// A folder for what is written; a temporary one unless given. It is removed at the end.
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// What is measured with.
struct Ground {
    bench: Bench,
    config: Config,
    definitions: Definitions,
    log: Arc<dyn EventLog>,
    folder: PathBuf,
}

/// A folder that is removed when the run ends, however it ends.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // Left over, it is only a folder in the temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Measures and prints.
///
/// # Errors
/// When the log does not open or does not take the events.
pub async fn run(bench: Bench) -> Result<(), Failure> {
    let parent = bench.folder.clone().unwrap_or_else(std::env::temp_dir);
    let folder = parent.join(format!("joinedup-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)
        .map_err(|e| Failure::usage(format!("{} cannot be made: {e}", folder.display())))?;
    let removed = Removed(folder.clone());
    let server = Server {
        data: Some(folder.clone()),
        nats: bench.nats.clone(),
        nats_monitor: bench.nats_monitor.clone(),
        accept_unsafe: bench.accept_unsafe.clone(),
        ..Server::default()
    };
    let mut config = server.settings()?;
    if bench.nats.is_none() {
        config.nats = None;
    }
    let definitions = Definitions::read(&config).map_err(Failure::usage)?;
    let log = open_log::open_or_make(&config).await?;
    let ground = Ground {
        bench,
        config,
        definitions,
        log,
        folder,
    };
    let outcome = if ground.bench.projector_alone {
        projector_alone(&ground).await
    } else {
        measure(&ground).await
    };
    drop(ground);
    drop(removed);
    outcome
}

async fn measure(ground: &Ground) -> Result<(), Failure> {
    let head = ground.log.head().await.map_err(Failure::new)?;
    if head.0 > 0 && !ground.bench.reuse {
        return Err(Failure::usage(
            "the stream holds events, and a bench adds invented ones: give a server of its own, or --reuse for the stream of an earlier bench",
        ));
    }
    let mut table = Table::default();
    println!(
        "{}, {} events, {} build",
        if ground.bench.nats.is_some() {
            "JetStream"
        } else {
            "embedded log"
        },
        ground.bench.events,
        if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        }
    );
    let outcome = all(ground, &mut table).await;
    // What was measured before something went wrong is told all the same.
    print!("{table}");
    outcome
}

async fn all(ground: &Ground, table: &mut Table) -> Result<(), Failure> {
    if !ground.bench.reuse {
        log::fill(ground, table).await?;
    }
    memory::folds(ground, table).await?;
    sled_rows::rows(ground, table).map_err(Failure::new)?;
    let projector = caught_up_twice(ground, table).await?;
    log::drains(ground, &projector, table).await?;
    latency::latency(ground, &projector, table).await?;
    serving::serving(ground, &projector, table).await?;
    projector.stop().await;
    if ground.bench.nats.is_some() {
        memory::alone(ground, table).await?;
    }
    if ground.bench.updates > 0 {
        updates::updates(ground, table).await?;
    }
    Ok(())
}

/// Only a projector that catches up from nothing, for its memory: what a bench measures of itself holds the bench too.
async fn projector_alone(ground: &Ground) -> Result<(), Failure> {
    let head = ground.log.head().await.map_err(Failure::new)?.0;
    let (projector, _) = caught_up(ground, &ground.folder.join("views"), head).await?;
    // What was written in pieces is written whole then, and the allocator gives back what is free.
    tokio::time::sleep(SETTLED_AFTER).await;
    let (now, most) = memory::resident();
    println!("{now} {most}");
    projector.stop().await;
    Ok(())
}

/// Catching up from nothing, durably, what that takes up on disk, and the restart after it.
async fn caught_up_twice(ground: &Ground, table: &mut Table) -> Result<Arc<Projector>, Failure> {
    let head = ground.log.head().await.map_err(Failure::new)?.0;
    let views = ground.folder.join("views");
    let (projector, first) = caught_up(ground, &views, head).await?;
    projector.stop().await;
    let facts = projector.views().read(packed);
    drop(projector);
    table.alone(
        "catching up from nothing, durable",
        first.as_secs_f64(),
        "s",
    );
    table.alone("facts, packed", facts as f64 / f64::from(1 << 20), "MiB");
    table.add(
        "folder of views",
        size(&views) as f64 / f64::from(1 << 20),
        "MiB",
        "facts, packed",
    );
    let (projector, restart) = caught_up(ground, &views, head).await?;
    table.add(
        "restart to ready",
        restart.as_secs_f64(),
        "s",
        "catching up from nothing, durable",
    );
    table.target("S3", "restart to ready", Bound::AtMost(0.10));
    Ok(projector)
}

/// A projector that has folded and committed up to a position, and how long that took.
async fn caught_up(
    ground: &Ground,
    folder: &Path,
    head: u64,
) -> Result<(Arc<Projector>, Duration), Failure> {
    let started = Instant::now();
    let projector = Projector::start(
        Settings::new(folder),
        ground.log.clone(),
        ground.definitions.areas.clone(),
    )
    .map_err(Failure::new)?;
    committed(&projector.views(), head).await?;
    Ok((Arc::new(projector), started.elapsed()))
}

/// Waits until views are committed up to a position.
async fn committed(views: &Views, head: u64) -> Result<(), Failure> {
    let started = Instant::now();
    while views.status().committed < head {
        if started.elapsed() > PATIENCE {
            return Err(Failure::new(
                "the projector did not catch up within ten minutes",
            ));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

/// The bytes of all entities' ids and packed facts.
fn packed(view: &View) -> usize {
    let bytes = view
        .entities()
        .map(|(_, e)| e.id.len() + e.facts.as_bytes().len());
    bytes.sum()
}

fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

impl Ground {
    /// Events of so many transfers, in the areas where people live.
    fn load(&self, seed: u64, events: usize) -> Result<Load, Failure> {
        let homes = self
            .definitions
            .areas
            .iter()
            .filter(|a| a.kind == AreaKind::Neighbourhood);
        let homes: Vec<AreaId> = homes.map(|a| a.id.clone()).collect();
        load(seed, events / FACTS, &homes, MONTHS).map_err(Failure::new)
    }

    fn publisher(&self) -> Publisher {
        Publisher::new(self.log.clone())
    }
}
