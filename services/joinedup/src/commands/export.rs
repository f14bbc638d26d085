//! `export`: takes everything out of a log: the events as an archive with a hash chain, or the cells as text.

mod chain;
pub(super) mod output;
mod parquet;
mod verify;

use super::target::Target;
use crate::cli::Failure;
use crate::open_log;
use clap::Args;
use joinedup_application::app::Definitions;
use joinedup_application::config::Config;
use joinedup_feeds::http_client::Client;
use joinedup_log::{Position, archive};
use joinedup_projector::folded;
use joinedup_views::view::View;
use output::{Output, unwritten};
use serde::Deserialize;
use std::io::{self, BufReader, Read, Write};
use std::path::PathBuf;

/// Flags of `export`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  joinedup export --data ./data -o archive.ndjson\n  joinedup export --url http://127.0.0.1:8080 --into ./backup\n  joinedup export --verify ./backup\n  joinedup export --nats nats://127.0.0.1:4222 --cells"
)]
pub struct Export {
    /// Where from.
    #[command(flatten)]
    pub target: Target,
    /// The events, one a line, each tied to the one before by a hash. This is what is exported unless asked otherwise.
    #[arg(long, conflicts_with_all = ["cells", "verify"])]
    pub events: bool,
    /// The cells that the events come to, one a line.
    #[arg(long, conflicts_with = "verify")]
    pub cells: bool,
    /// As Parquet, for DuckDB, pandas, R and Power BI: the cells, or else a row for each event. Needs a program built with
    /// the feature `parquet`.
    #[arg(long, conflicts_with_all = ["verify", "into", "continues"])]
    pub parquet: bool,
    /// Check an archive instead, and name its first bad line: a file, or a folder of files that continue one another.
    #[arg(long, value_name = "FILE")]
    pub verify: Option<PathBuf>,
    /// Events may be missing from the archive that is checked: its log was set up to forget some, or they were lost.
    #[arg(long, requires = "verify")]
    pub with_gaps: bool,
    /// The hash that the last line of the archive that is checked must have, as it was kept elsewhere.
    #[arg(long, value_name = "HASH", requires = "verify")]
    pub expect: Option<String>,
    /// Only events after this position.
    #[arg(
        long,
        value_name = "POSITION",
        default_value_t = 0,
        conflicts_with = "cells"
    )]
    pub after: u64,
    /// The hash of the last line of the archive that this one continues; with --verify, that the one that is checked
    /// continues.
    #[arg(long, value_name = "HASH")]
    pub continues: Option<String>,
    /// The `prev` of that line. With it the log must still have the line's event, else it was restored from an older copy or is
    /// another one.
    #[arg(long, value_name = "HASH", requires = "continues")]
    pub prev: Option<String>,
    /// The identity of the log that the archive was made from. A log that was written anew by an erasure is another one, though its
    /// last event may be the same.
    #[arg(
        long,
        value_name = "ID",
        requires = "continues",
        conflicts_with = "verify"
    )]
    pub of_log: Option<String>,
    /// The file to write, which must not be there yet; standard output unless given.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// A folder with an archive in files that continue one another: what is new goes into one more of them.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "cells", "after", "continues", "prev", "of_log", "verify"])]
    pub into: Option<PathBuf>,
}

/// What an export begins after.
#[derive(Clone, Debug, Default)]
struct Begin {
    after: u64,
    /// How the archive ends that it continues.
    continues: Option<archive::End>,
    /// The log that it was made from, where that has to be the same.
    of_log: Option<String>,
}

impl Begin {
    /// Refuses another log.
    fn check(&self, log: Option<&str>) -> Result<(), Failure> {
        match &self.of_log {
            Some(of_log) if log != Some(of_log) => Err(Failure::new(
                "the log is another one than that of --of-log: it was written anew by an erasure, or was restored; make a whole \
                 archive of it, and after an erasure delete those before",
            )),
            _ => Ok(()),
        }
    }
}

/// What was exported.
#[derive(Clone, Debug)]
struct Exported {
    summary: archive::Summary,
    /// The log that it came from; none where a server of an older version does not say.
    log: Option<String>,
}

/// Exports.
///
/// # Errors
/// Exit code 2 when it was asked wrongly, 1 when the log, the archive or the file is not as it should be.
pub async fn run(export: Export) -> Result<(), Failure> {
    if let Some(file) = &export.verify {
        return verify::run(file, &export);
    }
    let mut hashes = export.continues.iter().chain(&export.prev);
    if !hashes.all(|hash| archive::is_hash(hash)) {
        return Err(Failure::usage(
            "--continues takes the hash of the last line of an archive, and --prev that of the line before: 64 digits and letters \
             from a to f",
        ));
    }
    let config = export.target.settings()?;
    if !export.target.is_named() && config.nats.is_none() {
        return Err(Failure::usage(
            "say where from: --data DIR (while no server has it open), --nats URL, or --url URL of a running server",
        ));
    }
    if export.parquet {
        return parquet::run(&export, &config).await;
    }
    if export.cells {
        return cells(&export, &config).await;
    }
    if let Some(folder) = &export.into {
        return chain::lengthen(folder, &export.target, &config).await;
    }
    let begin = Begin {
        after: export.after,
        continues: export.continues.clone().map(|hash| archive::End {
            hash,
            prev: export.prev.clone(),
        }),
        of_log: export.of_log.clone(),
    };
    let out = Output::to(export.output.as_deref())?;
    let exported = match events(&export.target, &config, out.writer()?, &begin).await {
        Ok(exported) => exported,
        Err(mut failure) => {
            if let Some(kept) = out.kept()? {
                failure.sentence += &format!(
                    ". What came before is in {}: it is not the whole, and --verify says what it holds",
                    kept.display()
                );
            }
            return Err(failure);
        }
    };
    out.done()?;
    report(&exported, &begin);
    Ok(())
}

/// Writes the cells.
async fn cells(export: &Export, config: &Config) -> Result<(), Failure> {
    let out = Output::to(export.output.as_deref())?;
    let mut to = out.writer()?;
    if let Some(url) = &export.target.url {
        let client = export.target.server(url)?;
        copied(&client, "/api/v1/export/cells", to).await?;
        tell_unread(client, "are in no cell").await;
    } else {
        let view = view(config).await?;
        to.write_all(view.cells().export().as_bytes())
            .and_then(|()| to.flush())
            .map_err(unwritten)?;
    }
    out.done()
}

/// Copies what a server answers.
async fn copied(
    client: &Client,
    path: &str,
    mut out: Box<dyn Write + Send>,
) -> Result<(), Failure> {
    let (client, path) = (client.clone(), path.to_owned());
    let copying = tokio::task::spawn_blocking(move || {
        let mut body = client.get(&path).map_err(Failure::new)?;
        output::copied(&mut body, &mut out)
    });
    copying.await.map_err(Failure::new)?
}

/// Says how many events a server could not read, where it tells.
async fn tell_unread(client: Client, so: &str) {
    #[derive(Deserialize)]
    struct Quarantine {
        count: usize,
    }
    let asked = tokio::task::spawn_blocking(move || {
        let body = client.get("/api/v1/quarantine").ok()?;
        serde_json::from_reader::<_, Quarantine>(body).ok()
    });
    if let Ok(Some(Quarantine { count: count @ 1.. })) = asked.await {
        eprintln!(
            "{count} events of the log could not be read and {so}; the quarantine of the server says why"
        );
    }
}

/// The view that the events of a log come to. What could not be read is said.
async fn view(config: &Config) -> Result<View, Failure> {
    let log = open_log::open(config).await?;
    let definitions = Definitions::read(config).map_err(Failure::usage)?;
    let (view, unread) = folded(
        log,
        definitions.areas.clone(),
        open_log::views(config).partitions_of_a_new_view(),
    )
    .await
    .map_err(Failure::new)?;
    if unread > 0 {
        eprintln!(
            "{unread} events could not be read and are in no cell; the quarantine of a running server says why"
        );
    }
    Ok(view)
}

/// Writes the events as an archive, from a running server or a log.
async fn events(
    target: &Target,
    config: &Config,
    mut out: Box<dyn Write + Send>,
    begin: &Begin,
) -> Result<Exported, Failure> {
    if let Some(url) = &target.url {
        let (client, begin) = (target.server(url)?, begin.clone());
        let copied = tokio::task::spawn_blocking(move || from_server(&client, &mut *out, &begin));
        return copied.await.map_err(Failure::new)?;
    }
    let log = open_log::open(config).await?;
    let identity = log.identity().await.map_err(Failure::new)?.0;
    begin.check(Some(&identity))?;
    let (after, end) = (Position(begin.after), begin.continues.as_ref());
    let summary = archive::export_from(&*log, &mut *out, after, end).await;
    Ok(Exported {
        summary: summary.map_err(Failure::new)?,
        log: Some(identity),
    })
}

/// Writes the archive that a server gives. Blocks.
fn from_server(
    client: &Client,
    out: &mut (dyn Write + Send),
    begin: &Begin,
) -> Result<Exported, Failure> {
    let mut path = format!("/api/v1/export/events?after={}", begin.after);
    if let Some(end) = &begin.continues {
        path += &format!("&continues={}", end.hash);
        path.extend(end.prev.iter().map(|prev| format!("&prev={prev}")));
    }
    let answer = client.get_with(&path, archive::OF_LOG);
    let (log, body) = answer.map_err(Failure::new)?;
    begin.check(log.as_deref())?;
    let mut copying = Copying {
        from: body,
        to: &mut *out,
        unwritten: None,
    };
    // Checked on its way, so that what the network cut short or changed is not taken for a backup.
    let verified = archive::verify(BufReader::new(&mut copying));
    if let Some(error) = copying.unwritten {
        return Err(unwritten(error));
    }
    let summary = verified.map_err(|error| {
        Failure::new(format!(
            "the server's answer is not whole: {error}; its /readyz?verbose says whether its log is"
        ))
    })?;
    out.flush().map_err(unwritten)?;
    let expected = begin.continues.as_ref().filter(|_| summary.events > 0);
    if expected.is_some_and(|end| end.hash != summary.starts_from) {
        return Err(Failure::new(
            "the server did not take --continues: it is of an older version; give no --continues, or update it",
        ));
    }
    Ok(Exported { summary, log })
}

/// Says what was exported, and what to give to the export that continues it.
fn report(Exported { summary, log }: &Exported, begin: &Begin) {
    if summary.events == 0 && begin.continues.is_none() {
        // There is no hash to keep, and nothing to continue.
        eprintln!("the log has no events after position {}", begin.after);
        return;
    }
    let (hash, prev) = match &begin.continues {
        Some(end) if summary.events == 0 => (&end.hash, &end.prev),
        _ => (&summary.hash, &summary.prev),
    };
    let prev = prev.as_ref().map(|prev| format!(" --prev {prev}"));
    let of_log = log.as_ref().map(|log| format!(" --of-log '{log}'"));
    let last = summary.last.map_or(begin.after, |last| last.0);
    eprintln!(
        "{} events; keep the hash of the last one elsewhere: {hash}\nthe next export continues this one with --after {last} \
         --continues {hash}{}{}",
        summary.events,
        prev.unwrap_or_default(),
        of_log.unwrap_or_default()
    );
}

/// Reads from one and writes what it read to another.
struct Copying<R, W> {
    from: R,
    to: W,
    /// Why the other did not take it.
    unwritten: Option<io::Error>,
}

impl<R: Read, W: Write> Read for Copying<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.to.write_all(&buffer[..read]).map_err(|error| {
            let kind = error.kind();
            self.unwritten = Some(error);
            io::Error::from(kind)
        })?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_application::publisher::Publisher;
    use joinedup_events::Areas;
    use joinedup_log::EventLog;
    use joinedup_log::memory::MemoryLog;
    use joinedup_simulator::{Scenario, history};
    use std::sync::Arc;

    #[tokio::test]
    async fn the_cells_of_a_log_are_those_of_its_events_and_those_of_the_log_restored_from_its_archive()
     {
        let areas = Arc::new(Areas::built_in().unwrap());
        let scenario = Scenario::ending(3, "2026-06-15T12:00:00Z".parse().unwrap())
            .unwrap()
            .months(2)
            .scaled(0.2);
        let events = history(&scenario, &areas).unwrap();
        let mut view = View::new();
        view.fold(
            events
                .iter()
                .cloned()
                .enumerate()
                .map(|(i, event)| (i as u64 + 1, event)),
        );
        let log = Arc::new(MemoryLog::new());
        Publisher::new(log.clone())
            .publish(&events, None)
            .await
            .unwrap();
        let (from_log, unread) = folded(log.clone(), areas.clone(), 2).await.unwrap();
        assert_eq!(unread, 0);
        assert_eq!(from_log.cells().export(), view.cells().export());
        let mut file = Vec::new();
        archive::export(&*log, &mut file, Position::ORIGIN)
            .await
            .unwrap();
        let restored = Arc::new(MemoryLog::new());
        archive::restore(file.as_slice(), &*restored, false, |_| false)
            .await
            .unwrap();
        assert_eq!(
            folded(restored, areas, 1).await.unwrap().0.cells().export(),
            view.cells().export()
        );
    }

    #[tokio::test]
    async fn an_event_that_cannot_be_read_is_counted_and_passed_over() {
        let areas = Arc::new(Areas::built_in().unwrap());
        let log = Arc::new(MemoryLog::new());
        let new = joinedup_log::NewEvent {
            subject: "joinedup.transfer.x.00".into(),
            message_id: "1".into(),
            payload: "{}".into(),
            condition: None,
        };
        log.append(vec![new]).await.unwrap();
        let (view, unread) = folded(log, areas, 2).await.unwrap();
        assert_eq!((view.is_empty(), unread), (true, 1));
    }
}
