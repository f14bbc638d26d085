//! `export`: takes everything out of a log: the events as an archive with a hash chain, or the cells as text.

mod chain;
mod parquet;

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
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

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
    /// The hash of the last line of the archive that this one continues.
    #[arg(long, value_name = "HASH", requires = "after")]
    pub continues: Option<String>,
    /// The `prev` of that line. With it the log must still have the line's event, else it was restored from an older copy or is
    /// another one.
    #[arg(long, value_name = "HASH", requires = "continues")]
    pub prev: Option<String>,
    /// The file to write, which must not be there yet; standard output unless given.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// A folder with an archive in files that continue one another: what is new goes into one more of them.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "cells", "after", "continues", "prev", "verify"])]
    pub into: Option<PathBuf>,
}

/// What an export begins after.
#[derive(Clone, Debug, Default)]
struct Begin {
    after: u64,
    /// How the archive ends that it continues.
    continues: Option<archive::End>,
}

/// Exports.
///
/// # Errors
/// Exit code 2 when it was asked wrongly, 1 when the log, the archive or the file is not as it should be.
pub async fn run(export: Export) -> Result<(), Failure> {
    if let Some(file) = &export.verify {
        return verify(file, &export);
    }
    if !export.target.is_named() {
        return Err(Failure::usage(
            "say where from: --data DIR (while no server has it open), --nats URL, or --url URL of a running server",
        ));
    }
    let mut hashes = export.continues.iter().chain(&export.prev);
    if !hashes.all(|hash| archive::is_hash(hash)) {
        return Err(Failure::usage(
            "--continues takes the hash of the last line of an archive, and --prev that of the line before: 64 digits and letters \
             from a to f",
        ));
    }
    let config = export.target.settings()?;
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
    };
    let out = output(export.output.as_deref())?;
    let summary = events(&export.target, &config, out, &begin).await?;
    report(&summary, &begin);
    Ok(())
}

/// Writes the cells.
async fn cells(export: &Export, config: &Config) -> Result<(), Failure> {
    let mut out = output(export.output.as_deref())?;
    if let Some(url) = &export.target.url {
        return copied(
            export.target.server(url)?,
            "/api/v1/export/cells".to_owned(),
            out,
        )
        .await;
    }
    let view = view(config).await?;
    out.write_all(view.cells().export().as_bytes())
        .and_then(|()| out.flush())
        .map_err(unwritten)
}

/// Copies what a server answers.
async fn copied(
    client: Client,
    path: String,
    mut out: Box<dyn Write + Send>,
) -> Result<(), Failure> {
    let copying = tokio::task::spawn_blocking(move || {
        let mut body = client.get(&path).map_err(Failure::new)?;
        io::copy(&mut body, &mut out)
            .and_then(|_| out.flush())
            .map_err(unwritten)
    });
    copying.await.map_err(Failure::new)?
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
) -> Result<archive::Summary, Failure> {
    let Begin { after, continues } = begin.clone();
    if let Some(url) = &target.url {
        let client = target.server(url)?;
        let mut path = format!("/api/v1/export/events?after={after}");
        if let Some(end) = &continues {
            path += &format!("&continues={}", end.hash);
            path.extend(end.prev.iter().map(|prev| format!("&prev={prev}")));
        }
        let copied = tokio::task::spawn_blocking(move || -> Result<archive::Summary, Failure> {
            let body = client.get(&path).map_err(Failure::new)?;
            // Checked on its way, so that what the network cut short or changed is not taken for a backup.
            let summary = archive::verify(BufReader::new(Copying {
                from: body,
                to: &mut out,
            }))
            .map_err(|error| Failure::new(format!("the server's answer is not whole: {error}")))?;
            out.flush().map_err(unwritten)?;
            let expected = continues.filter(|_| summary.events > 0);
            if expected.is_some_and(|end| end.hash != summary.starts_from) {
                return Err(Failure::new(
                    "the server did not take --continues: it is of an older version; give no --continues, or update it",
                ));
            }
            Ok(summary)
        });
        return copied.await.map_err(Failure::new)?;
    }
    let log = open_log::open(config).await?;
    archive::export_from(&*log, &mut *out, Position(after), continues.as_ref())
        .await
        .map_err(Failure::new)
}

/// Says what was exported, and what to give to the export that continues it.
fn report(summary: &archive::Summary, begin: &Begin) {
    let (hash, prev) = match &begin.continues {
        Some(end) if summary.events == 0 => (&end.hash, &end.prev),
        _ => (&summary.hash, &summary.prev),
    };
    let prev = prev.as_ref().map(|prev| format!(" --prev {prev}"));
    let last = summary.last.map_or(begin.after, |last| last.0);
    eprintln!(
        "{} events; keep the hash of the last one elsewhere: {hash}\nthe next export continues this one with --after {last} \
         --continues {hash}{}",
        summary.events,
        prev.unwrap_or_default()
    );
}

/// Reads from one and writes what it read to another.
struct Copying<R, W> {
    from: R,
    to: W,
}

impl<R: Read, W: Write> Read for Copying<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.to.write_all(&buffer[..read])?;
        Ok(read)
    }
}

fn verify(file: &Path, export: &Export) -> Result<(), Failure> {
    let unread = |e| Failure::usage(format!("{} cannot be read: {e}", file.display()));
    let opened: Box<dyn Read> = if file.is_dir() {
        Box::new(chain::Files::of(file).map_err(unread)?)
    } else {
        Box::new(File::open(file).map_err(unread)?)
    };
    let summary = archive::verify(BufReader::new(opened))
        .map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
    let name = file.display();
    // A backup that never wrote a file must not look like one that did.
    if file.is_dir() && summary.events == 0 {
        return Err(Failure::new(format!(
            "{name} holds no archive: no file of it ends in .ndjson with an event in it"
        )));
    }
    if let Some(expected) = &export.expect
        && *expected != summary.hash
    {
        return Err(Failure::new(format!(
            "{name}: its last line has the hash {}, and not the one that was kept: lines are missing at its end, or it is \
             another archive",
            summary.hash
        )));
    }
    if let Some((first, last)) = summary.first_missing.filter(|_| !export.with_gaps) {
        return Err(Failure::new(format!(
            "{name}: every line is as it was written, and {} events are missing, the first from position {first} to \
             {last}: the log had lost them, or was set up to forget; --with-gaps passes that",
            summary.missing
        )));
    }
    if file.is_dir() && summary.starts_from != archive::BEGIN {
        return Err(Failure::new(format!(
            "{name}: the first file continues one that is not there: what is here is not the whole archive"
        )));
    }
    let span = match (summary.first, summary.last) {
        (Some(first), Some(last)) => format!(" from position {first} to {last}"),
        _ => String::new(),
    };
    println!(
        "{name}: whole; {} events{span}, the hash of the last one is {}",
        summary.events, summary.hash
    );
    Ok(())
}

fn unwritten(error: io::Error) -> Failure {
    Failure::new(format!("the export could not be written: {error}"))
}

/// Where the export goes. A file is never overwritten: it may be the only copy.
fn output(path: Option<&Path>) -> Result<Box<dyn Write + Send>, Failure> {
    match path {
        None => Ok(Box::new(BufWriter::new(io::stdout()))),
        Some(path) => {
            let file = File::create_new(path)
                .map_err(|e| Failure::usage(format!("{} cannot be made: {e}", path.display())))?;
            Ok(Box::new(BufWriter::new(file)))
        }
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
        archive::restore(file.as_slice(), &*restored).await.unwrap();
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
