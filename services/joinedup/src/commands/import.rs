//! `import`: puts files into the log.

use super::quantities::untaken;
use super::target::Target;
use crate::cli::Failure;
use chrono::{DateTime, Utc};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use joinedup_application::app::Definitions;
use joinedup_application::erasure::KeptOut;
use joinedup_application::restated;
use joinedup_events::{Area, Areas};
use joinedup_feeds::BadRow;
use joinedup_feeds::client_level;
use joinedup_feeds::csv::Import as Rules;
use joinedup_feeds::http_client::{Client, ClientError};
use joinedup_feeds::input::{Content, Input};
use joinedup_feeds::line_list::mapping::ListMapping;
use joinedup_feeds::mapping::Mapping;
use joinedup_feeds::sink::Sink;
use joinedup_feeds::transfer::{self, Report, TransferError};
use joinedup_log::archive::{self, RestoreError, Summary};
use joinedup_log::{EventLog, Position, ReadError, RecordedEvent};
use joinedup_views::measures::Measures;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Flags of `import`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  joinedup import --mapping dtoc --url http://127.0.0.1:8080 dtoc.csv\n  joinedup import --mapping spells --pseudonym-key-file key --url http://127.0.0.1:8080 spells.csv\n  joinedup import --data ./data events.ndjson\n  zcat archive.ndjson.gz | joinedup import --nats nats://127.0.0.1:4222 -"
)]
pub struct Import {
    /// What the columns of a file mean: a built-in mapping, a file, or `auto` to choose by the header of a CSV or XLSX.
    #[arg(long, value_name = "NAME|FILE", default_value = "auto")]
    pub mapping: String,
    /// Where to.
    #[command(flatten)]
    pub target: Target,
    /// Which edition of a report this is: needed only where an amount was restated to what it was before.
    #[arg(long, value_name = "NAME")]
    pub edition: Option<String>,
    /// When the amounts became known, e.g. 2020-01-09T09:30:00Z; now unless given. A server believes more than a day ago of an
    /// admin's token, or of one with `may_restate`.
    #[arg(long, value_name = "INSTANT")]
    pub recorded_at: Option<DateTime<Utc>>,
    /// How many bad rows are told one by one.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub tell: usize,
    /// Take an archive into an empty log though it lacks the beginning: what was before is lost, or was forgotten.
    #[arg(long)]
    pub with_gaps: bool,
    /// What a list of people needs beside.
    #[command(flatten)]
    pub list: super::import_list::ListFlags,
    /// Files: CSV or XLSX, events as lines of JSON, or an archive that `export` wrote; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Imports and says what was done. Bad rows go to standard error, the summary to standard output.
///
/// # Errors
/// Exit code 1 when rows were refused or the log did not take the events, 2 when nothing was sent.
pub async fn run(import: Import) -> Result<(), Failure> {
    let config = import.target.settings()?;
    let definitions = Definitions::read(&config).map_err(Failure::usage)?;
    if let Some(mut list) = ListMapping::named(&import.mapping).map_err(Failure::usage)? {
        let areas = register(&import, definitions.areas.clone()).await?;
        let area = import.list.area.as_ref();
        if let Some(unknown) = area.filter(|area| areas.get(area.as_str()).is_none()) {
            return Err(Failure::usage(format!(
                "--area {unknown} is not in the register of areas: add it to a file of areas, and give that with --areas"
            )));
        }
        list.area = list.area.or_all_of(area);
        return super::import_list::run(&import, &list, &areas, &config, &definitions).await;
    }
    let list = &import.list;
    if list.pseudonym_key_file.is_some() || list.dry_run || list.area.is_some() {
        return Err(Failure::usage(
            "--pseudonym-key-file, --area and --dry-run are for lists of people: name the list's mapping with --mapping (spells, mdt or a file)",
        ));
    }
    let mapping = match import.mapping.as_str() {
        "auto" => None,
        name => Some(Mapping::named(name).map_err(Failure::usage)?),
    };
    let now = Utc::now();
    let recorded_at = import.recorded_at.unwrap_or(now);
    if recorded_at > now {
        return Err(Failure::usage(
            "--recorded-at lies in the future: leave it out for amounts that become known now",
        ));
    }
    let rules = Rules {
        areas: register(&import, definitions.areas.clone()).await?,
        now,
        recorded_at,
        edition: import.edition.clone(),
    };
    let mut of_people = None;
    let inputs = match &mapping {
        Some(mapping) if import.mapping == client_level::NAME => {
            let counted = super::import_clients::counted(&import, mapping, rules.clone())?;
            let (input, rows, bad) = counted;
            of_people = Some((rows, bad));
            vec![input]
        }
        _ => {
            let open = |file| Input::open(file, mapping.as_ref(), &rules).map_err(Failure::usage);
            let files = import.files.iter();
            files
                .map(|file: &PathBuf| open(file))
                .collect::<Result<Vec<_>, _>>()?
        }
    };
    let sink = import.target.open(&config, &definitions).await?;
    let mut report = transfer(inputs, &import, &rules, &sink).await?;
    if let Some((rows, bad)) = of_people {
        report.rows = rows;
        report.refused += bad;
    }
    // Nobody may be listening.
    let _ = writeln!(std::io::stdout(), "{report}");
    if !report.series.is_empty() {
        let taken = taken(&import, &definitions.measures).await;
        untaken(&report.series, &taken).for_each(|line| eprintln!("{line}"));
    }
    if report.again > 0 {
        eprintln!(
            "{} of the accepted were known from before, longer ago than repeats are recognised without a server: they are stored again, and counted once",
            report.again
        );
    }
    if report.superseded > 0 {
        // An old file that is imported again is right to change nothing; a new one that says the same again is not, and which of
        // the two it is cannot be known here.
        eprintln!(
            "{} of the amounts that were known already were restated since, and what was reported later stands: if they are now what they were before, repeat with --edition NAME",
            report.superseded
        );
    }
    if report.erased > 0 {
        eprintln!(
            "{} of the archive's events are of people who were erased from this log since: they were not taken back",
            report.erased
        );
    }
    let others = match report.accepted + report.duplicates {
        0 => "nothing went in",
        _ => "the others went in",
    };
    match report.refused {
        0 => Ok(()),
        1 => Err(Failure::new(format!("1 row was refused; {others}"))),
        n => Err(Failure::new(format!("{n} rows were refused; {others}"))),
    }
}

/// The quantities that the measures of the server take, where it lets us read them, or else those known here.
async fn taken(import: &Import, own: &Measures) -> BTreeSet<String> {
    let client = (import.target.url.as_ref()).and_then(|url| import.target.server(url).ok());
    let asked = match client {
        Some(client) => tokio::task::spawn_blocking(move || server_quantities(&client)).await,
        None => Ok(None),
    };
    let of_server = asked.ok().flatten();
    of_server.unwrap_or_else(|| super::quantities::taken(own))
}

/// The quantities that a server's measures take; `None` when it does not let us read them.
fn server_quantities(client: &Client) -> Option<BTreeSet<String>> {
    #[derive(Deserialize)]
    struct Taken {
        quantity: String,
        over: Option<String>,
    }
    #[derive(Deserialize)]
    struct Answer {
        measures: Vec<Taken>,
    }
    let body = client.get("/api/v1/measures").ok()?;
    let answer: Answer = serde_json::from_reader(body).ok()?;
    let taken = answer.measures.into_iter();
    Some(
        taken
            .flat_map(|m| [Some(m.quantity), m.over])
            .flatten()
            .collect(),
    )
}

/// The register that rows are held against: that of the server they go to, which is the one that counts; one's own
/// where that was named, or where the server does not let us read its.
async fn register(import: &Import, own: Arc<Areas>) -> Result<Arc<Areas>, Failure> {
    let Some(url) = import
        .target
        .url
        .clone()
        .filter(|_| import.target.areas.is_none())
    else {
        return Ok(own);
    };
    let client = import.target.server(&url)?;
    let asked = tokio::task::spawn_blocking(move || server_areas(&client));
    match asked.await.map_err(Failure::new)? {
        Ok(areas) => Ok(Arc::new(areas)),
        // It would be away for the events as well.
        Err(error @ ClientError::Away { .. }) => Err(Failure::new(error)),
        Err(error) => {
            tracing::warn!(
                %error,
                "the server's areas could not be read; the areas known here are used, and rows of areas that the server alone has are refused: give a token that has the \
                 role reader too, or the server's file of areas with --areas"
            );
            Ok(own)
        }
    }
}

/// The areas that a server has.
fn server_areas(client: &Client) -> Result<Areas, ClientError> {
    #[derive(Deserialize)]
    struct Told {
        areas: Vec<Value>,
    }
    let body = client.get("/api/v1/areas")?;
    let told: Told = serde_json::from_reader(body).map_err(|e| client.odd(200, e.to_string()))?;
    let areas = told.areas.into_iter().map(|mut area| {
        if let Some(fields) = area.as_object_mut() {
            // It follows from the others' parents.
            fields.remove("children");
        }
        serde_json::from_value::<Area>(area)
    });
    let areas = areas.collect::<Result<Vec<_>, _>>();
    Areas::of(areas.map_err(|e| client.odd(200, e.to_string()))?)
        .map_err(|e| client.odd(200, e.to_string()))
}

/// Sends what the files hold, in order.
///
/// # Errors
/// When the log does not take the events, or a file cannot be read on.
async fn transfer(
    inputs: Vec<Input>,
    import: &Import,
    rules: &Rules,
    sink: &Sink,
) -> Result<Report, Failure> {
    let mut report = Report::default();
    let mut telling = Telling {
        left: import.tell,
        untold: 0,
    };
    let bar = progress(&inputs);
    let mut before = Vec::new();
    // Read once, however many archives follow on each other.
    let mut erased = None;
    for (input, path) in inputs.into_iter().zip(&import.files) {
        let done = bar.position();
        let outcome = match (input, sink) {
            (
                Input {
                    name,
                    content: Content::Archive(reader),
                    ..
                },
                Sink::Log { log, .. },
            ) => {
                verified(path, &mut before).await?;
                let erased = match &mut erased {
                    Some(erased) => erased,
                    none => none.insert(KeptOut::of(&**log).await.map_err(Failure::new)?),
                };
                let left_out = erased.events();
                let is_erased = |event: &RecordedEvent| erased.has(event);
                let restored = archive::restore(reader, &**log, import.with_gaps, is_erased).await;
                let restored = restored.map_err(|error| {
                    let pass = match error {
                        RestoreError::BeginsLate(_) => ", or pass that with --with-gaps",
                        _ => "",
                    };
                    Failure::new(format!("{name}: {error}{pass}"))
                })?;
                report.rows += restored.archive.events;
                let left_out = erased.events() - left_out;
                let sent = restored.archive.events - left_out;
                report.sent += sent;
                report.duplicates += restored.repeats;
                report.accepted += sent - restored.repeats;
                report.erased += left_out;
                Ok(())
            }
            (input, sink) => {
                if matches!(input.content, Content::Archive(_)) {
                    verified(path, &mut before).await?;
                }
                let input = input.archive_as_events(rules);
                let name = input.name.clone();
                let bad = |row: &BadRow| telling.tell(&bar, &name, row);
                let moved = |read| bar.set_position(done + read);
                let sent = transfer::transfer(input, sink, &mut report, bad, moved).await;
                sent.map_err(|error| match error {
                    TransferError::Read(_) => Failure::new(format!("{name} {error}")),
                    error => Failure::new(error),
                })
            }
        };
        if outcome.is_err() {
            bar.finish_and_clear();
            let _ = writeln!(std::io::stdout(), "{report}");
        }
        outcome?;
    }
    bar.finish_and_clear();
    telling.end();
    if let Sink::Log { log, .. } = sink
        && let Err(error) = look_back(&**log, &mut report).await
    {
        // All is stored, and the report says so.
        tracing::warn!(%error, "which amounts were known and restated before is not known");
    }
    Ok(report)
}

/// What a log does not say of the amounts that went in: which of them it has from before, and which were restated since.
async fn look_back(log: &dyn EventLog, report: &mut Report) -> Result<(), ReadError> {
    let mut known = restated::known_before(log, &report.stored).await?;
    report.again += known.len() as u64;
    known.append(&mut report.repeated);
    report.superseded += restated::superseded_in(log, &known).await?;
    Ok(())
}

/// An archive that is a file is looked through before any of it is restored.
/// `before` is what those before it hold.
async fn verified(path: &Path, before: &mut Vec<Summary>) -> Result<(), Failure> {
    if path == Path::new("-") {
        return Ok(());
    }
    let (path, name) = (path.to_owned(), path.display());
    let looked = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(&path)
            .map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
        let summary = archive::verify(std::io::BufReader::new(file))
            .map_err(|e| format!("{}: {e}", path.display()))?;
        if let Some((first, last)) = summary.first_missing {
            tracing::warn!(
                "{} lacks {} events, the first from position {first} to {last}; what it has is taken",
                path.display(),
                summary.missing
            );
        }
        Ok::<_, String>(summary)
    });
    let summary = looked.await.map_err(Failure::new)?.map_err(Failure::new)?;
    let goes_on = |end: &Summary| {
        let holds = |first: Position| {
            end.last
                .is_some_and(|last| last.0.saturating_add(1) >= first.0)
        };
        match summary.starts_from == archive::BEGIN {
            true => summary.first.is_none_or(holds),
            false => end.hash == summary.starts_from,
        }
    };
    if let Some(first) = summary.begins_late()
        && !before.iter().any(goes_on)
    {
        tracing::warn!(
            "{name} continues an archive that is not imported before it: it begins at position {first}; what it has is taken"
        );
    }
    before.push(summary);
    Ok(())
}

/// A bar on a terminal, nothing elsewhere.
fn progress(inputs: &[Input]) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let lengths: Option<u64> = inputs.iter().map(|i| i.length).sum();
    match lengths {
        Some(bytes) => {
            let bar = ProgressBar::new(bytes);
            // The template is ours: that it is sound shows on the first terminal.
            if let Ok(style) =
                ProgressStyle::with_template("importing {bar:30} {bytes}/{total_bytes} {eta}")
            {
                bar.set_style(style);
            }
            bar
        }
        None => ProgressBar::new_spinner(),
    }
}

/// Tells of bad rows, up to a number.
struct Telling {
    left: usize,
    untold: u64,
}

impl Telling {
    fn tell(&mut self, bar: &ProgressBar, file: &str, row: &BadRow) {
        if self.left == 0 {
            self.untold += 1;
            return;
        }
        self.left -= 1;
        bar.suspend(|| eprintln!("{}", row.in_file(file)));
    }

    fn end(&self) {
        if self.untold > 0 {
            eprintln!("and {} more (--tell N says how many are told)", self.untold);
        }
    }
}

#[cfg(test)]
mod tests;
