//! `erase`: a log written anew without what some entities said, into a data folder of its own.

use crate::cli::Failure;
use crate::commands::export::output::held;
use crate::commands::target::Target;
use crate::open_log;
use chrono::{NaiveDate, Utc};
use clap::Args;
use joinedup_application::config::Config;
use joinedup_application::erasure::{self, Chosen};
use joinedup_events::{EntityId, Family, local};
use joinedup_log::Position;
use joinedup_store::put_in_place;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// What marks a folder as one that an erasure writes; held while it does.
const UNFINISHED: &str = "unfinished-erasure";

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
    if let Some(before) = erase
        .before
        .filter(|&before| before > local::date(Utc::now()))
    {
        return Err(Failure::usage(format!(
            "--before {before} lies in the future, and would erase those who are here today: name a day that is past"
        )));
    }
    if erase.into.as_ref().is_some_and(|into| into.exists()) {
        return Err(Failure::usage(
            "the folder of --into is there already: name one that is not, for the log is written anew",
        ));
    }
    // It has its name once it is whole: what a run that was broken off had written would pass for the log.
    let part = erase.into.as_deref().map(unfinished).transpose()?;
    let old = settings(
        erase.config,
        erase.data,
        erase.nats,
        "--data DIR or --nats URL",
    )?;
    if let Some(part) = part.as_deref().filter(|_| old.nats.is_none())
        && !is_apart(part, &old.data)
    {
        return Err(Failure::usage(format!(
            "{} would be in the folder of --data, or is it: name another folder with --into",
            part.display()
        )));
    }
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
    let mark = part.as_deref().map(claimed).transpose()?;
    let new = open_log::open_or_make(&new).await?;
    let report = erasure::rewrite(old.as_ref(), new.as_ref(), &chosen).await;
    let report = report.map_err(Failure::new)?;
    // Closed before it gets its name.
    drop(new);
    if let (Some(part), Some(into), Some(_held)) = (part, erase.into, mark) {
        fs::remove_file(part.join(UNFINISHED))
            .and_then(|()| File::open(&part))
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

/// Whether what is written in one folder leaves another as it is.
fn is_apart(part: &Path, old: &Path) -> bool {
    let (Ok(old), Ok(whole)) = (old.canonicalize(), std::path::absolute(part)) else {
        // What is not there is not opened either, and that says so.
        return true;
    };
    let around = part.canonicalize().is_ok_and(|part| old.starts_with(part));
    let there = whole.ancestors().find_map(|path| path.canonicalize().ok());
    !around && there.is_none_or(|there| !there.starts_with(&old))
}

/// Takes the folder for this run alone, empty but for its mark. What an earlier erasure left in it goes; any other folder of
/// that name may be somebody's log.
fn claimed(part: &Path) -> Result<File, Failure> {
    let failed = |error: io::Error| unwritten(part, &error);
    let mark = part.join(UNFINISHED);
    if !part.exists() {
        fs::create_dir_all(part.parent().unwrap_or(part)).map_err(failed)?;
        fs::create_dir(part).map_err(failed)?;
        File::create_new(&mark).map_err(failed)?;
    }
    let mark = File::open(&mark).ok();
    let log = open_log::log_folder(part);
    let of_erasure = [part.join(UNFINISHED), log.with_extension("opening"), log];
    let files = fs::read_dir(part).map_err(failed)?;
    let files: Vec<PathBuf> = files
        .map(|file| file.map(|file| file.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    let Some(mark) = mark.filter(|_| files.iter().all(|file| of_erasure.contains(file))) else {
        return Err(Failure::new(format!(
            "{} is there and is not, or not only, what an erasure left that was broken off: move it away, or name another folder with --into",
            part.display()
        )));
    };
    if held(&mark) {
        return Err(Failure::new(format!(
            "another run is writing into {}",
            part.display()
        )));
    }
    for left in &of_erasure[1..] {
        match fs::remove_dir_all(left) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    Ok(mark)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_erasure_left_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("new.part");
        let held = claimed(&part).unwrap();
        let again = claimed(&part).unwrap_err().to_string();
        assert!(again.contains("another run"), "{again}");
        drop(held);
        fs::create_dir_all(part.join("log")).unwrap();
        let mark = claimed(&part).unwrap();
        assert!(!part.join("log").exists());
        drop(mark);
        for (other, goes) in [("views", UNFINISHED), ("log", "views")] {
            fs::create_dir_all(part.join(other)).unwrap();
            let refused = claimed(&part).unwrap_err().to_string();
            assert!(refused.contains("move it away"), "{refused}");
            assert!(part.join(other).exists());
            let goes = part.join(goes);
            let _ = fs::remove_file(&goes).or_else(|_| fs::remove_dir(&goes));
        }
        let kept = claimed(&part).unwrap_err().to_string();
        assert!(kept.contains("move it away") && part.join("log").exists());
    }

    #[tokio::test]
    async fn the_log_that_is_read_is_never_where_the_new_one_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path().join("data-new");
        let data = folder.path().join("data-new.part");
        let config = Config {
            data: data.clone(),
            ..Config::default()
        };
        drop(open_log::open_or_make(&config).await.unwrap());
        File::create_new(data.join(UNFINISHED)).unwrap();
        for into in [new, data.join("new"), data.join("a/b/new")] {
            let erase = Erase {
                data: Some(data.clone()),
                into: Some(into),
                nothing: true,
                ..nobody()
            };
            let refused = run(erase).await.unwrap_err();
            assert_eq!(refused.code, 2);
            assert!(refused.sentence.contains("folder of --data"), "{refused}");
            assert!(open_log::open(&config).await.is_ok());
        }
    }

    #[tokio::test]
    async fn nobody_is_erased_by_a_day_that_is_yet_to_come() {
        let erase = Erase {
            family: Some(Family::Transfer),
            before: Some(NaiveDate::MAX),
            ..nobody()
        };
        let refused = run(erase).await.unwrap_err();
        assert_eq!(refused.code, 2);
        assert!(refused.sentence.contains("in the future"), "{refused}");
    }

    fn nobody() -> Erase {
        Erase {
            data: None,
            nats: None,
            config: None,
            into: None,
            into_nats: None,
            into_config: None,
            nothing: false,
            entity: Vec::new(),
            family: None,
            before: None,
        }
    }
}
