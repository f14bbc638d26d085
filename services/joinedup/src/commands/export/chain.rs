//! An archive in a folder, in files that continue one another: each run of the command adds what is new since the last. Nothing
//! else has to remember where it stopped.

use super::output::{Output, held, unwritten};
use super::{Begin, Exported, events};
use crate::cli::Failure;
use crate::commands::target::Target;
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_application::config::Config;
use joinedup_application::erasure;
use joinedup_log::{Position, archive};
use joinedup_store::write_in_place;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is being written; only a whole file gets its name.
const UNFINISHED: &str = "unfinished.part";
/// Which log the archive was made from.
const OF_LOG: &str = "log-identity";
/// The file that says when all of the archive was read, and the hash that it ended with.
const ALL_READ: &str = "all-read";

/// Writes what is new into one more file of the folder, named by its first and last position.
pub async fn lengthen(folder: &Path, target: &Target, config: &Config) -> Result<(), Failure> {
    let is_there = folder.exists();
    let outcome = lengthened(folder, target, config).await;
    if outcome.is_err() && !is_there {
        // An empty one would look like a backup. What is in it stays, as only an empty folder can be removed.
        let _ = fs::remove_dir(folder);
    }
    outcome
}

async fn lengthened(folder: &Path, target: &Target, config: &Config) -> Result<(), Failure> {
    let about = |e: io::Error| {
        let folder = folder.display();
        Failure::new(format!(
            "the folder {folder} cannot be used for an archive: {e}"
        ))
    };
    fs::create_dir_all(folder).map_err(about)?;
    // Held to the end: two runs at a time would write one file.
    let lock = File::open(folder).map_err(about)?;
    if held(&lock) {
        let why = "another run is writing into it";
        return Err(about(io::Error::other(why)));
    }
    let archived = archived(folder)?;
    let continued = continued(folder, target, config, archived.as_ref()).await;
    let (output, Exported { summary, log }) = match continued {
        Err(refused) if archived.is_some() => {
            // What the log says now decides; where it cannot be asked, the first refusal stands.
            let anew = begun_anew(folder, target, config).await;
            anew.ok().flatten().ok_or(refused)?
        }
        continued => continued?,
    };
    let begin = archived.as_ref().map(after).unwrap_or_default();
    match (summary.first, summary.last) {
        (Some(first), Some(last)) => {
            let name = folder.join(format!("{:012}-{:012}.ndjson", first.0, last.0));
            output.done_as(&name)?;
            let mark = folder.join(ALL_READ);
            if let Some((at, _)) = last_read(&mark).filter(|_| archived.is_some()) {
                note_read(&mark, at, &summary.hash)?;
            }
            println!(
                "{}: {} events; keep the hash of the last one elsewhere: {}",
                name.display(),
                summary.events,
                summary.hash
            );
        }
        _ => println!("nothing is new since position {}", begin.after),
    }
    // Last, so that a mark is never there without what it speaks of.
    if let Some(log) = log.filter(|log| !is_noted(folder, Some(log))) {
        write_in_place(&folder.join(OF_LOG), log.as_bytes()).map_err(unwritten)?;
    }
    Ok(())
}

/// Whether a log is the one that the archive in a folder was made from; not where one of them is not known.
fn is_noted(folder: &Path, log: Option<&str>) -> bool {
    let noted = fs::read_to_string(folder.join(OF_LOG));
    noted.is_ok_and(|noted| log == Some(noted.as_str()))
}

/// Writes what is new since an archive, of its own log or of one that holds all of it.
async fn continued(
    folder: &Path,
    target: &Target,
    config: &Config,
    archived: Option<&archive::Summary>,
) -> Result<(Output, Exported), Failure> {
    let begin = archived.map(after).unwrap_or_default();
    let output = Output::unnamed(folder.join(UNFINISHED))?;
    let exported = events(target, config, output.writer()?, &begin).await?;
    if let Some(archived) = archived.filter(|_| !is_noted(folder, exported.log.as_deref()))
        && !holds(target, config, archived).await?
    {
        return Err(Failure::new(format!(
            "{}: the log is another one than this archive was made from, and does not hold all that is in it: it is an older copy, \
             or another log. Move this folder away and keep it, and begin a new one",
            folder.display()
        )));
    }
    Ok((output, exported))
}

/// Writes a whole archive of a log that was written anew by an erasure, where it goes on from the log of the archive in the
/// folder; what was there goes into a folder within it, for whoever was erased is still in it. None where the log is any
/// other.
async fn begun_anew(
    folder: &Path,
    target: &Target,
    config: &Config,
) -> Result<Option<(Output, Exported)>, Failure> {
    let unfinished = folder.join(UNFINISHED);
    let output = Output::unnamed(unfinished.clone())?;
    let exported = events(target, config, output.writer()?, &Begin::default()).await?;
    if is_noted(folder, exported.log.as_deref()) {
        // Nothing was erased of it, so what was refused had another cause.
        return Ok(None);
    }
    let old = BufReader::new(Files::of(folder).map_err(unwritten)?);
    let new = BufReader::new(File::open(unfinished).map_err(unwritten)?);
    if !erasure::goes_on(old, new).map_err(Failure::new)? {
        return Ok(None);
    }
    let aside = put_aside(folder).map_err(unwritten)?;
    println!(
        "the log was written anew by an erasure, so the archive begins anew; the one before is in {}, with whoever was erased: \
         delete it when you have looked at the new log",
        aside.display()
    );
    Ok(Some((output, exported)))
}

/// Puts an archive into a folder of its own: its end first, so that what is left by a run that was broken off is an archive.
fn put_aside(folder: &Path) -> io::Result<PathBuf> {
    let now = Utc::now().format("%Y%m%dT%H%M%SZ");
    let aside = folder.join(format!("before-erasure-{now}"));
    fs::create_dir(&aside)?;
    let files = Files::of(folder)?.waiting.into_iter().rev();
    let files = files.map(|(_, path)| path);
    for path in [OF_LOG, ALL_READ]
        .map(|name| folder.join(name))
        .into_iter()
        .chain(files)
    {
        if let (Some(name), true) = (path.file_name(), path.exists()) {
            fs::rename(&path, aside.join(name))?;
        }
    }
    Ok(aside)
}

/// What is in the folder. All of it is read once a day, so that what went bad is noticed while the log still has it; between,
/// the last file is enough, where none before it is gone.
fn archived(folder: &Path) -> Result<Option<archive::Summary>, Failure> {
    let refused = |why: String| {
        Failure::new(format!(
            "{} cannot be continued: {why}; move the folder away, keep it, and begin a new one",
            folder.display()
        ))
    };
    let files = Files::of(folder).map_err(|e| refused(e.to_string()))?;
    let mark = folder.join(ALL_READ);
    if let Some((at, hash)) = last_read(&mark)
        && is_recent(at)
        && let Some(end) = files.end().filter(|end| end.hash == hash)
    {
        return Ok(Some(end));
    }
    let summary =
        archive::verify(BufReader::new(files)).map_err(|error| refused(error.to_string()))?;
    if summary.starts_from != archive::BEGIN {
        return Err(refused(
            "its first file continues one that is not there".to_owned(),
        ));
    }
    if summary.events == 0 {
        return Ok(None);
    }
    note_read(&mark, Utc::now(), &summary.hash)?;
    Ok(Some(summary))
}

/// When all of an archive was read, and the hash that it ends with since. The time of the file says nothing of it, as that of
/// a copy is another.
fn last_read(mark: &Path) -> Option<(DateTime<Utc>, String)> {
    let read = fs::read_to_string(mark).ok()?;
    let (at, hash) = read.trim_end().split_once(' ')?;
    Some((at.parse().ok()?, hash.to_owned()))
}

fn note_read(mark: &Path, at: DateTime<Utc>, hash: &str) -> Result<(), Failure> {
    let read = format!("{} {hash}\n", at.to_rfc3339());
    write_in_place(mark, read.as_bytes()).map_err(unwritten)
}

/// Whether an instant was during the last day. Of one that lies in the future nothing is known.
fn is_recent(at: DateTime<Utc>) -> bool {
    let ago = Utc::now().signed_duration_since(at);
    TimeDelta::zero() <= ago && ago < TimeDelta::days(1)
}

/// What the file that continues it begins after.
fn after(archived: &archive::Summary) -> Begin {
    Begin {
        after: archived.last.map_or(0, |last| last.0),
        continues: Some(archive::End {
            hash: archived.hash.clone(),
            prev: archived.prev.clone(),
        }),
        of_log: None,
    }
}

/// Whether the log holds everything that the archive holds, as it is there. Reads the log from where the archive begins.
async fn holds(
    target: &Target,
    config: &Config,
    archived: &archive::Summary,
) -> Result<bool, Failure> {
    let begin = Begin {
        after: archived.first.map_or(0, |first| first.0.saturating_sub(1)),
        ..Begin::default()
    };
    let found = Arc::new(AtomicBool::new(false));
    let seeking = Seeking {
        end: format!("\"hash\":\"{}\"}}\n", archived.hash).into_bytes(),
        line: Vec::new(),
        found: found.clone(),
    };
    events(target, config, Box::new(seeking), &begin).await?;
    Ok(found.load(Ordering::Relaxed))
}

/// Looks in an archive that is written for the line that another ends with: as its hash covers those before it, they are
/// then the same.
struct Seeking {
    end: Vec<u8>,
    line: Vec<u8>,
    found: Arc<AtomicBool>,
}

impl Write for Seeking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend(piece);
            if self.line.ends_with(b"\n") {
                if self.line.ends_with(&self.end) {
                    self.found.store(true, Ordering::Relaxed);
                }
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The files of an archive, read as if they were one; one is open at a time.
pub struct Files {
    /// Each with its first and its last position, by its name.
    waiting: VecDeque<((u64, u64), PathBuf)>,
    open: Option<File>,
}

impl Files {
    /// Those of a folder, in the order of their positions. Another archive beside them would be taken for a part of this
    /// one.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|ending| ending != "ndjson") {
                continue;
            }
            let span = span(&path).ok_or_else(|| {
                io::Error::other(format!(
                    "{} does not belong to this archive, whose files are named by their first and last position \
                     (000000000001-000000000420.ndjson): move it elsewhere",
                    path.display()
                ))
            })?;
            paths.push((span, path));
        }
        paths.sort();
        Ok(Self {
            waiting: paths.into(),
            open: None,
        })
    }

    /// What the last one holds, as the end of them all; none where by their names or by what it says one before it is gone, or
    /// where it is damaged itself.
    fn end(&self) -> Option<archive::Summary> {
        let mut next = 1;
        for ((first, last), _) in &self.waiting {
            if *first != next {
                return None;
            }
            next = last.checked_add(1)?;
        }
        let (span, path) = self.waiting.back()?;
        let mut end = archive::verify(BufReader::new(File::open(path).ok()?)).ok()?;
        let is_first = end.starts_from == archive::BEGIN;
        if end.first.zip(end.last) != Some((Position(span.0), Position(span.1)))
            || is_first != (self.waiting.len() == 1)
        {
            return None;
        }
        end.first = Some(Position(1));
        Some(end)
    }
}

/// The first and the last position in a file, by its name.
fn span(path: &Path) -> Option<(u64, u64)> {
    let (first, last) = path.file_stem()?.to_str()?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

impl Read for Files {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(file) = &mut self.open {
                let read = file.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
            }
            match self.waiting.pop_front() {
                Some((_, next)) => self.open = Some(File::open(next)?),
                None => return Ok(0),
            }
        }
    }
}
