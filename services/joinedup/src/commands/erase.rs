//! `erase`: a log written anew without what some entities said, into a data folder of its own.

use crate::cli::Failure;
use crate::open_log;
use chrono::NaiveDate;
use clap::Args;
use joinedup_application::config::Config;
use joinedup_application::erasure::{self, Chosen};
use joinedup_events::{EntityId, Family, local};
use joinedup_log::EventLog;
use std::path::PathBuf;

/// Flags of `erase`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  joinedup erase --data ./data --into ./data-new --entity transfer/9f86d081884c7d65\n  joinedup erase --data ./data --into ./data-new --family transfer --before 2018-04-01"
)]
pub struct Erase {
    /// The data folder with the log, which is only read; no server may have it open.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The data folder of the new log, which must not be there yet.
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
    /// What is erased: a family and the id of an entity.
    #[arg(long, value_name = "FAMILY/ID", value_parser = entity)]
    pub entity: Vec<(Family, EntityId)>,
    /// Also erases entities of this family, by age.
    #[arg(long, value_name = "FAMILY", value_parser = family, requires = "before")]
    pub family: Option<Family>,
    /// Those of the family of which nothing was recorded on this date or later.
    #[arg(long, value_name = "DATE", requires = "family")]
    pub before: Option<NaiveDate>,
}

fn family(text: &str) -> Result<Family, String> {
    Family::from_code(text).ok_or_else(|| {
        let all: Vec<&str> = Family::ALL.iter().map(|family| family.code()).collect();
        format!("a family is one of {}", all.join(", "))
    })
}

fn entity(text: &str) -> Result<(Family, EntityId), String> {
    let (code, id) = text
        .split_once('/')
        .ok_or("write the family, a slash and the id: transfer/9f86d081884c7d65")?;
    let id = EntityId::new(id).map_err(|rule| format!("the id {rule}"))?;
    Ok((family(code)?, id))
}

/// Erases, and says what the new log holds.
pub async fn run(erase: Erase) -> Result<(), Failure> {
    if erase.into.exists() {
        return Err(Failure::usage(format!(
            "{} is there already: name a folder that is not, for the log is written anew",
            erase.into.display()
        )));
    }
    if !open_log::log_folder(&erase.data).exists() {
        return Err(Failure::usage(format!(
            "{} holds no log: name the data folder of the server",
            erase.data.display()
        )));
    }
    let old = open(erase.data).await?;
    let mut chosen: Chosen = erase.entity.into_iter().collect();
    if let (Some(family), Some(before)) = (erase.family, erase.before) {
        let instant = local::midnight(before);
        let aged = erasure::older_than(old.as_ref(), family, instant).await;
        chosen.extend(aged.map_err(Failure::new)?);
    }
    if chosen.is_empty() {
        return Err(Failure::usage(
            "nothing is to be erased: name entities with --entity, or a --family with --before that has some so old",
        ));
    }
    let new = open(erase.into.clone()).await?;
    let report = erasure::rewrite(old.as_ref(), new.as_ref(), &chosen).await;
    let report = report.map_err(Failure::new)?;
    println!(
        "{} holds the log: {} events, of which {} of {} entities are erased, and {} of others no longer name one",
        erase.into.display(),
        report.events,
        report.erased,
        chosen.len(),
        report.unlinked
    );
    println!(
        "What else is in the old data folder (audit logs, what feeds remember) is not copied; docs/erasure.md says what to do with it"
    );
    Ok(())
}

async fn open(data: PathBuf) -> Result<std::sync::Arc<dyn EventLog>, Failure> {
    let config = Config {
        data,
        ..Config::default()
    };
    open_log::open(&config).await.map_err(Failure::new)
}
