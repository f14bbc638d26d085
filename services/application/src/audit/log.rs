//! The file: one thread writes it, a run of lines at a time, and answers when they are written (of what was recorded:
//! when they are on the disk).

use super::chain::{self, Checked, EACH, End};
use super::repeats::Repeats;
use super::{About, Did, Entry, rotation};
use chrono::Utc;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The most lines of one answer to a reader.
pub const MAX_PAGE: u64 = 1_000;
/// The most characters of a name or a route in a line.
const MAX_TEXT: usize = 512;
/// The most lines that are written together.
const MAX_RUN: usize = 1_000;
/// How often counts of repeats are looked at.
const TICK: Duration = Duration::from_secs(5);

/// Why something was not written, read or begun. No text holds a line.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file cannot be used.
    #[error("the audit log {} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// Another process writes it.
    #[error("the audit log {} is written by another process: give each its own data folder", .0.display())]
    InUse(PathBuf),
    /// The line was not written.
    #[error("the audit log could not be written")]
    NotWritten,
}

/// The audit log of this process.
#[derive(Clone, Debug)]
pub struct Audit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    asks: Sender<Ask>,
    /// The last try to write failed.
    failed: Arc<AtomicBool>,
    places: Arc<Mutex<Places>>,
}

/// Where lines are in the file.
#[derive(Debug)]
struct Places {
    /// The number of the line before the first in the file.
    before: u64,
    lines: u64,
    length: u64,
    each: Vec<u64>,
}

impl Places {
    fn of(checked: Checked) -> Self {
        Self {
            before: checked.before,
            lines: checked.lines,
            length: checked.length,
            each: checked.places,
        }
    }
}

enum Ask {
    Write {
        entry: Box<Entry>,
        done: oneshot::Sender<bool>,
    },
    Close(oneshot::Sender<bool>),
}

impl Audit {
    /// Opens the log in a file, which is made where there is none, and writes that the program has started. A line
    /// that was cut off in the middle is taken away. A file that grows beyond so many bytes is closed, and the chain goes
    /// on in another.
    ///
    /// # Errors
    /// When the file cannot be used, or another process writes it.
    pub fn open(path: &Path, max_bytes: u64) -> Result<Self, AuditError> {
        let failed = |source| AuditError::File {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        rotation::finish(path).map_err(failed)?;
        let file = open_file(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(AuditError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let checked = chain::check(BufReader::new(&file)).map_err(failed)?;
        let mut first = Vec::new();
        if checked.rest > 0 {
            file.set_len(checked.length).map_err(failed)?;
            first.push(Entry {
                about: About {
                    bytes: Some(checked.rest),
                    ..About::default()
                },
                ..Entry::of_program(Did::Repaired)
            });
        }
        if let Some(broken) = &checked.broken {
            first.push(Entry {
                about: About {
                    line: Some(broken.line),
                    ..About::default()
                },
                ..Entry::of_program(Did::FoundBroken)
            });
        }
        first.push(Entry::of_program(Did::Started));
        let (audit, mut writer) = Self::over(path, max_bytes, file, checked);
        if !writer.write(&first, true) {
            return Err(AuditError::NotWritten);
        }
        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || writer.run())
            .map_err(failed)?;
        Ok(audit)
    }

    fn over(path: &Path, max_bytes: u64, file: File, checked: Checked) -> (Self, Writer) {
        let (asks, asked) = channel();
        let failed = Arc::new(AtomicBool::new(false));
        let end = checked.end.clone();
        let places = Arc::new(Mutex::new(Places::of(checked)));
        let writer = Writer {
            path: path.to_owned(),
            max_bytes,
            file,
            end,
            asked,
            repeats: Repeats::default(),
            failed: failed.clone(),
            places: places.clone(),
        };
        let inner = Inner {
            path: path.to_owned(),
            asks,
            failed,
            places,
        };
        (Self(Arc::new(inner)), writer)
    }

    /// Writes what was done; returns when it is written or, of what is only counted, has been counted.
    ///
    /// # Errors
    /// When it was not.
    pub async fn record(&self, mut entry: Entry) -> Result<(), AuditError> {
        for text in [&mut entry.who, &mut entry.route] {
            if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
                text.truncate(end);
            }
        }
        let entry = Box::new(entry);
        self.ask(|done| Ask::Write { entry, done }).await
    }

    /// Whether lines can be written, as far as is known; where the last try failed it is tried now.
    ///
    /// # Errors
    /// When they cannot.
    pub async fn ready(&self) -> Result<(), AuditError> {
        if !self.0.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        self.record(Entry::of_program(Did::WritableAgain)).await
    }

    /// Writes what was counted and not written yet.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn close(&self) -> Result<(), AuditError> {
        self.ask(Ask::Close).await
    }

    async fn ask(&self, ask: impl FnOnce(oneshot::Sender<bool>) -> Ask) -> Result<(), AuditError> {
        let (done, written) = oneshot::channel();
        let sent = self.0.asks.send(ask(done));
        match (sent, written.await) {
            (Ok(()), Ok(true)) => Ok(()),
            _ => Err(AuditError::NotWritten),
        }
    }

    /// How many lines there are, those of closed files with them.
    #[must_use]
    pub fn lines(&self) -> u64 {
        let places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.before + places.lines
    }

    /// How many lines are in files that were closed, which [`Audit::page`] does not read.
    #[must_use]
    pub fn closed(&self) -> u64 {
        let places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.before
    }

    /// The lines after so many, at most so many; each ends with its line end. Those of closed files are not among them.
    /// Blocks while the file is read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn page(&self, after: u64, most: u64) -> Result<Vec<String>, AuditError> {
        let failed = |source| AuditError::File {
            path: self.0.path.clone(),
            source,
        };
        let (file, place, skip, length) = {
            let places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
            let after = after.saturating_sub(places.before);
            if after >= places.lines {
                return Ok(Vec::new());
            }
            let nearest = usize::try_from(after / EACH).unwrap_or(usize::MAX);
            let place = places.each.get(nearest).copied().unwrap_or(places.length);
            // Opened before it can be closed and another begun.
            let file = File::open(&self.0.path).map_err(failed)?;
            (file, place, after % EACH, places.length)
        };
        let mut file = file;
        file.seek(SeekFrom::Start(place)).map_err(failed)?;
        // What is being written now is not read.
        let whole = io::Read::take(file, length - place);
        let most = most.min(MAX_PAGE);
        let lines = BufReader::new(whole).lines();
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        lines
            .skip(skip)
            .take(most)
            .map(|line| line.map(|line| line + "\n").map_err(failed))
            .collect()
    }
}

pub(super) fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

struct Writer {
    path: PathBuf,
    max_bytes: u64,
    file: File,
    end: End,
    asked: Receiver<Ask>,
    repeats: Repeats,
    failed: Arc<AtomicBool>,
    places: Arc<Mutex<Places>>,
}

impl Writer {
    fn run(&mut self) {
        loop {
            match self.asked.recv_timeout(TICK) {
                Ok(ask) => self.answer(ask),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let counted = self.repeats.counted(Instant::now(), false);
            self.write(&counted, false);
        }
        let counted = self.repeats.counted(Instant::now(), true);
        self.write(&counted, true);
    }

    /// Answers one that asks, and all that wait with it.
    fn answer(&mut self, first: Ask) {
        let mut waiting = Vec::new();
        let mut lines = Vec::new();
        let mut is_durable = false;
        let mut next = Some(first);
        while let Some(ask) = next {
            match ask {
                Ask::Write { entry, done } => {
                    is_durable |= entry.did == Did::Write;
                    lines.extend(self.repeats.written(*entry, Instant::now()));
                    waiting.push(done);
                }
                Ask::Close(done) => {
                    lines.extend(self.repeats.counted(Instant::now(), true));
                    is_durable = true;
                    waiting.push(done);
                }
            }
            next = (waiting.len() < MAX_RUN)
                .then(|| self.asked.try_recv().ok())
                .flatten();
        }
        // What is only counted is not refused for that either, unless nothing can be written at all.
        let written = self.write(&lines, is_durable) && !self.failed.load(Ordering::Acquire);
        for done in waiting {
            // Who no longer waits does not need to know.
            let _ = done.send(written);
        }
    }

    /// Writes lines, all of them or none.
    fn write(&mut self, entries: &[Entry], is_durable: bool) -> bool {
        if entries.is_empty() {
            return true;
        }
        let written = self.try_write(entries, is_durable).is_ok();
        if !written {
            // What was written of them is taken away, so that the next line follows the last whole one.
            let length = self
                .places
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .length;
            let _ = self.file.set_len(length);
        }
        self.failed.store(!written, Ordering::Release);
        if written {
            self.rotate();
        }
        written
    }

    /// Begins the next file where this one has grown. Where that fails this one goes on.
    fn rotate(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.length <= self.max_bytes {
            return;
        }
        match rotation::rotate(&self.path, &self.end) {
            Ok((file, checked)) => {
                self.file = file;
                self.end = checked.end.clone();
                *places = Places::of(checked);
            }
            Err(error) => tracing::error!(%error, "the audit log goes on in a file that has grown"),
        }
    }

    fn try_write(&mut self, entries: &[Entry], is_durable: bool) -> io::Result<()> {
        let mut end = self.end.clone();
        let mut text = String::new();
        let mut begins = Vec::with_capacity(entries.len());
        for entry in entries {
            let (line, next) = end.next(entry, Utc::now())?;
            begins.push(text.len() as u64);
            text.push_str(&line);
            end = next;
        }
        self.file.write_all(text.as_bytes())?;
        if is_durable {
            self.file.sync_data()?;
        }
        self.end = end;
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        for begin in begins {
            if places.lines.is_multiple_of(EACH) {
                let place = places.length + begin;
                places.each.push(place);
            }
            places.lines += 1;
        }
        places.length += text.len() as u64;
        Ok(())
    }
}
