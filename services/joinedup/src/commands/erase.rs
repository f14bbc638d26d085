//! `erase`: a log written anew without what some entities said, into a data folder of its own.

use crate::cli::Failure;
use crate::commands::target::Target;
use crate::open_log;
use chrono::NaiveDate;
use clap::Args;
use joinedup_application::config::Config;
use joinedup_application::erasure::{self, Chosen};
use joinedup_events::{EntityId, Family, local};
use joinedup_log::Position;
use joinedup_store::put_in_place;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Flags of `erase`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  joinedup erase --data ./data --into ./data-new --entity transfer/9f86d081884c7d65\n  joinedup erase --data ./data --into ./data-new --family transfer --before 2018-04-01\n  joinedup erase --nats nats://old:4222 --into-nats nats://new:4222 --entity transfer/9f86d081884c7d65\n  joinedup erase --data ./data-new --into-nats nats://new:4222 --nothing"
)]
pub struct Erase {
    /// The data folder with the log, which is only read; no server may have it open.
    #[arg(long, value_name = "DIR", group = "old")]
    pub data: Option<PathBuf>,
    /// The NATS server whose stream has the log, which is only read; nobody may publish to it meanwhile.
    #[arg(long, value_name = "URL", group = "old")]
    pub nats: Option<String>,
    /// A file of settings that says how that server is reached.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder of the new log, which must not be there yet.
    #[arg(long, value_name = "DIR", group = "new")]
    pub into: Option<PathBuf>,
    /// The NATS server of the new log; its stream must be empty, and is made if it is not there. Two streams of one account
    /// cannot have the same subjects, so it is another server or another account.
    #[arg(long, value_name = "URL", group = "new")]
    pub into_nats: Option<String>,
    /// A file of settings that says how that server is reached.
    #[arg(long, value_name = "FILE")]
    pub into_config: Option<PathBuf>,
    /// Erases nothing: writes the log anew, each event at its position.
    #[arg(long, conflicts_with_all = ["entity", "family"])]
    pub nothing: bool,
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
    if erase.into.as_ref().is_some_and(|into| into.exists()) {
        return Err(Failure::usage(
            "the folder of --into is there already: name one that is not, for the log is written anew",
        ));
    }
    let old = settings(
        erase.config,
        erase.data,
        erase.nats,
        "--data DIR or --nats URL",
    )?;
    // It has its name once it is whole: what a run that was broken off had written would pass for the log.
    let part = erase.into.as_deref().map(unfinished).transpose()?;
    let new = settings(
        erase.into_config,
        part.clone(),
        erase.into_nats,
        "--into DIR or --into-nats URL",
    )?;
    let old = open_log::open(&old).await?;
    if old.head().await.map_err(Failure::new)? == Position::ORIGIN {
        return Err(Failure::usage(
            "the old log holds nothing: name the one that has the events",
        ));
    }
    let mut chosen: Chosen = erase.entity.into_iter().collect();
    if let (Some(family), Some(before)) = (erase.family, erase.before) {
        let instant = local::midnight(before);
        let aged = erasure::older_than(old.as_ref(), family, instant).await;
        chosen.extend(aged.map_err(Failure::new)?);
    }
    if chosen.is_empty() && !erase.nothing {
        return Err(Failure::usage(
            "nothing is to be erased: name entities with --entity, or a --family with --before that has some so old",
        ));
    }
    // Before anything is written: a new log in which somebody still is would pass for one without them.
    let unknown = erasure::not_in(old.as_ref(), &chosen).await;
    let unknown = unknown.map_err(Failure::new)?;
    if !unknown.is_empty() {
        let names = unknown
            .iter()
            .map(|(family, id)| format!("{}/{id}", family.code()));
        let names = names.collect::<Vec<_>>().join(", ");
        return Err(Failure::new(format!(
            "nothing was erased, for nothing in the log is about {names}: check the family and the id"
        )));
    }
    if let Some(part) = part.as_deref().filter(|part| part.exists()) {
        fs::remove_dir_all(part).map_err(|error| unwritten(part, &error))?;
    }
    let new = open_log::open_or_make(&new).await?;
    let report = erasure::rewrite(old.as_ref(), new.as_ref(), &chosen).await;
    let report = report.map_err(Failure::new)?;
    // Closed before it gets its name.
    drop(new);
    if let (Some(part), Some(into)) = (part, erase.into) {
        File::open(&part)
            .and_then(|folder| put_in_place(&folder, &part, &into))
            .map_err(|error| unwritten(&into, &error))?;
    }
    println!(
        "the new log holds {} events, of which {} of {} entities are erased, and {} of others no longer name one",
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

/// Where a folder is written before it has its name.
fn unfinished(into: &Path) -> Result<PathBuf, Failure> {
    let name = into.file_name().ok_or_else(|| {
        Failure::usage(format!("{} is not a name for a new folder", into.display()))
    })?;
    let mut name = name.to_owned();
    name.push(".part");
    Ok(into.with_file_name(name))
}

fn unwritten(folder: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{} cannot be written: {error}", folder.display()))
}

/// How a log is reached: the settings of the file, with the folder or server that was named.
fn settings(
    config: Option<PathBuf>,
    data: Option<PathBuf>,
    nats: Option<String>,
    which: &str,
) -> Result<Config, Failure> {
    if config.is_none() && data.is_none() && nats.is_none() {
        return Err(Failure::usage(format!("which log? give {which}")));
    }
    let target = Target {
        config,
        data,
        nats,
        ..Target::default()
    };
    target.settings()
}
