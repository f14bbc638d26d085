//! `import` of a list with a row a person: publishes the difference to the list before.

use super::import::Import;
use crate::cli::Failure;
use crate::open_log::{self, OpenLogError};
use chrono::{DateTime, Utc};
use clap::Args;
use joinedup_application::app::Definitions;
use joinedup_application::config::Config;
use joinedup_events::{AreaId, Areas};
use joinedup_feeds::http_client::ClientError;
use joinedup_feeds::line_list::mapping::ListMapping;
use joinedup_feeds::line_list::recover::{self, RecoverError};
use joinedup_feeds::line_list::row::Ring;
use joinedup_feeds::line_list::snapshot::{Snapshot, Store, beside};
use joinedup_feeds::line_list::table::MAX_FILE_BYTES;
use joinedup_feeds::line_list::{ListImport, summary};
use joinedup_feeds::pseudonym::{Key, Purpose};
use joinedup_feeds::sink::Sink;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};

/// Flags for lists of people.
#[derive(Clone, Debug, Default, Args)]
pub struct ListFlags {
    /// For a list of people: the area that every row counts for, such as a trust's code, in place of what the mapping says. The
    /// built-in mapping `spells` says RAJ.
    #[arg(long, value_name = "CODE", value_parser = AreaId::new)]
    pub area: Option<AreaId>,
    /// For a list of people: the file with the key that numbers of people are hashed with, at least 32 bytes that others cannot
    /// read (`openssl rand -hex 32`). Keep it: without it the next list makes everybody a stranger.
    #[arg(long, value_name = "FILE")]
    pub pseudonym_key_file: Option<PathBuf>,
    /// The key before, for the first import after a change of keys.
    #[arg(long, value_name = "FILE", requires = "pseudonym_key_file")]
    pub previous_pseudonym_key_file: Option<PathBuf>,
    /// Where what is known of the last list is remembered, in hashes; in the data folder with --data, otherwise beside the
    /// key, so that who has the key has it too.
    #[arg(long, value_name = "FILE", requires = "pseudonym_key_file")]
    pub feed_store: Option<PathBuf>,
    /// For a list of people: show what would be published, and publish nothing.
    #[arg(long, requires = "pseudonym_key_file")]
    pub dry_run: bool,
    /// Publish although more of the last list is gone or corrected than the mapping lets through, or the list seems to be cut short
    /// or older than the last one.
    #[arg(long, requires = "pseudonym_key_file")]
    pub allow_large_change: bool,
}

/// Imports lists.
///
/// # Errors
/// Exit code 1 when rows have faults that the mapping does not name as known, or nothing was published because the list may
/// not be whole or the newest; 2 when it was asked wrongly.
pub async fn run(
    import: &Import,
    mapping: &ListMapping,
    areas: &Areas,
    config: &Config,
    definitions: &Definitions,
) -> Result<(), Failure> {
    let flags = &import.list;
    let Some(key_file) = &flags.pseudonym_key_file else {
        return Err(Failure::usage(format!(
            "the mapping `{}` is of a list of people: give --pseudonym-key-file FILE, with a key made by `openssl rand -hex 32`",
            mapping.name
        )));
    };
    if import.files.len() > 1 && !mapping.incremental {
        return Err(Failure::usage(
            "a list is compared with the one before: import one file at a time, in the order in which they were made",
        ));
    }
    let data = Some(config.data.as_path());
    let key = |path: &Path| Key::read(path, data).map_err(Failure::usage);
    let ring = Ring {
        current: key(key_file)?,
        previous: flags
            .previous_pseudonym_key_file
            .as_deref()
            .map(key)
            .transpose()?,
    };
    let path = match &flags.feed_store {
        Some(path) => path.clone(),
        None => default_store(import, mapping, &ring.current, key_file),
    };
    let sink = match flags.dry_run {
        true => looked_at(import, config, definitions).await?,
        false => Some(import.target.open(config, definitions).await?),
    };
    let (store, mut before) = match flags.dry_run {
        true => Store::look(&path, mapping, &ring).map(|before| (None, before)),
        false => Store::open(&path, mapping, &ring).map(|(store, before)| (Some(store), before)),
    }
    .map_err(Failure::usage)?;
    let mut identity = None;
    if let Some(sink) = &sink {
        (before, identity) = held_against(sink, before, mapping, &ring).await?;
    }
    let mut unknown = 0;
    for file in &import.files {
        let sink = sink.as_ref().filter(|_| !flags.dry_run);
        let (mut next, faults) = one(import, mapping, &ring, areas, file, before, sink).await?;
        next.log.clone_from(&identity);
        if let Some(store) = &store {
            store.save(&next).map_err(Failure::new)?;
        }
        before = Some(next);
        unknown += faults;
    }
    match unknown {
        0 => Ok(()),
        n => Err(Failure::new(format!(
            "{n} faults that the mapping does not name as known; what is right {}",
            if flags.dry_run {
                "would go in"
            } else {
                "went in"
            }
        ))),
    }
}

/// What a dry run compares with, where it is named and there: it makes nothing.
async fn looked_at(
    import: &Import,
    config: &Config,
    definitions: &Definitions,
) -> Result<Option<Sink>, Failure> {
    let target = &import.target;
    if let Some(url) = &target.url {
        return Ok(Some(Sink::Server(target.server(url)?)));
    }
    if !target.is_named() {
        return Ok(None);
    }
    match open_log::open(config).await {
        Ok(log) => Ok(Some(Sink::log(log, definitions.clone()))),
        Err(OpenLogError::NoLog(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What is remembered, held against the log that the events go to; with the log's identity, where that is known. What is
/// remembered of another log does not count, and what is not remembered is looked up there.
async fn held_against(
    sink: &Sink,
    before: Option<Snapshot>,
    mapping: &ListMapping,
    ring: &Ring,
) -> Result<(Option<Snapshot>, Option<String>), Failure> {
    match sink {
        Sink::Log { log, .. } => {
            let held = recover::held_against_log(&**log, before, mapping, ring).await;
            held.map(|(before, identity)| (before, Some(identity)))
                .map_err(Failure::new)
        }
        Sink::Server(client) => {
            let (client, mapping, ring) = (client.clone(), mapping.clone(), ring.clone());
            let asked = tokio::task::spawn_blocking(move || match before {
                Some(before) if recover::server_lacks(&client, &mapping, &before) => {
                    Err(Failure::usage(
                        "the server knows nothing of what the feed's store has as published to it: it is another server, or was begun anew; move the store aside, and the list is published whole",
                    ))
                }
                Some(before) => Ok(Some(before)),
                None => match recover::from_server(&client, &mapping, &ring) {
                    Ok(found) => Ok(found),
                    Err(RecoverError::Server(
                        error @ (ClientError::NotAllowed { .. } | ClientError::Answer { .. }),
                    )) => {
                        tracing::warn!(
                            %error,
                            "no list before this one is known here, and the server does not let its events be read: if there was one, what vanished or was corrected since is not taken back"
                        );
                        Ok(None)
                    }
                    Err(error) => Err(Failure::new(error)),
                },
            });
            Ok((asked.await.map_err(Failure::new)??, None))
        }
    }
}

/// Where the store of a feed lies: with the data, or beside the key, one for each target.
fn default_store(import: &Import, mapping: &ListMapping, key: &Key, key_file: &Path) -> PathBuf {
    let target = &import.target;
    if let Some(data) = &target.data {
        return data
            .join("feeds")
            .join(format!("{}.snapshot", mapping.name));
    }
    let address = target.url.as_ref().or(target.nats.as_ref());
    let address = address
        .map(|url| url.trim_end_matches('/'))
        .unwrap_or_default();
    let hash = key.hash(Purpose::Content, &[b"target", address.as_bytes()]);
    let hash = hash.get(..8).unwrap_or_default();
    beside(key_file, &format!("{}-{hash}.snapshot", mapping.name))
}

/// Imports one list. Returns what is to be remembered, and the number of faults that are not known.
async fn one(
    import: &Import,
    mapping: &ListMapping,
    ring: &Ring,
    areas: &Areas,
    file: &Path,
    before: Option<Snapshot>,
    sink: Option<&Sink>,
) -> Result<(Snapshot, usize), Failure> {
    let name = if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    };
    let now = Utc::now();
    let recorded_at = import.recorded_at.unwrap_or(now);
    if recorded_at > now {
        return Err(Failure::usage("--recorded-at lies in the future"));
    }
    let (bytes, made) =
        read(file).map_err(|error| Failure::usage(format!("{name} cannot be read: {error}")))?;
    let list = ListImport {
        mapping,
        ring,
        areas,
        now,
        // The same file again is of the same time.
        as_at: made.unwrap_or(recorded_at).min(recorded_at),
        recorded_at,
    };
    let mut reading = list
        .read(&bytes)
        .map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    let mut plan = list.plan(before.as_ref(), &reading);
    let doubt = plan.doubt.filter(|_| !import.list.allow_large_change);
    let mut published = None;
    if let (Some(sink), None) = (sink, doubt) {
        let sent = list.publish(&mut plan, sink, &mut reading.faults).await;
        published = Some(sent.map_err(Failure::new)?);
    }
    for fault in reading
        .faults
        .0
        .iter()
        .filter(|f| !f.known || import.list.dry_run)
        .take(import.tell)
    {
        eprintln!("{}", fault.row.in_file(&name));
    }
    let mut text = summary(&list, &plan, &reading, before.is_none());
    if let Some(published) = published {
        let _ = writeln!(
            text,
            "published {} events: {} accepted, {} duplicates{}",
            plan.events.len(),
            published.accepted,
            published.duplicates,
            published.contradicting
        );
    } else {
        let _ = writeln!(
            text,
            "nothing was published; it would be {} events",
            plan.events.len()
        );
    }
    // Nobody may be reading.
    let _ = write!(std::io::stdout(), "{text}");
    match doubt {
        Some(doubt) => Err(Failure::new(format!(
            "{doubt}; nothing was published: look whether the list is whole and the newest, and repeat with --allow-large-change if it is"
        ))),
        None => Ok((plan.next, reading.faults.unknown())),
    }
}

/// A file's bytes and when it was changed last.
fn read(file: &Path) -> std::io::Result<(Vec<u8>, Option<DateTime<Utc>>)> {
    let mut bytes = Vec::new();
    // One byte more than is taken shows that it is too large.
    if file == Path::new("-") {
        std::io::stdin()
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)?;
        return Ok((bytes, None));
    }
    let file = std::fs::File::open(file)?;
    let made = file.metadata()?.modified().ok().map(DateTime::from);
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes, made))
}
