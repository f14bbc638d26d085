//! A feed's own files of keyed hashes and the entities that they stand for: a line each, with the day on which it was first
//! known. A line is durable before anything follows from it, and goes nowhere else.

use crate::line_list::snapshot::beside;
use chrono::{Days, NaiveDate};
use joinedup_events::EntityId;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What was first known longer ago is forgotten when the feed starts.
const KEPT_DAYS: u64 = 800;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the feed's file {} cannot be used: {source}", .path.display())]
pub struct LinesError {
    path: PathBuf,
    source: io::Error,
}

/// A file, open for more.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    file: File,
}

impl Lines {
    /// Opens a file in the data folder and gives what it holds, in order; what is old in it is left out.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(
        data: &Path,
        name: &str,
        today: NaiveDate,
    ) -> Result<(Self, Vec<(String, EntityId)>), LinesError> {
        let folder = data.join("feeds");
        let path = folder.join(name);
        let failed = |source| LinesError {
            path: path.clone(),
            source,
        };
        let open = || {
            std::fs::create_dir_all(&folder)?;
            let text = match std::fs::read_to_string(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
                read => read?,
            };
            let (mut known, mut kept) = (Vec::new(), String::new());
            // The end of a line that was cut off by a crash is not one.
            let whole = text.split_inclusive('\n');
            for line in whole.filter(|line| line.ends_with('\n')) {
                if let Some(one) = recent(line.trim_end(), today) {
                    known.push(one);
                    kept.push_str(line);
                }
            }
            let whole = beside(&path, "new");
            let mut file = File::create(&whole)?;
            file.write_all(kept.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&whole, &path)?;
            File::open(&folder)?.sync_all()?;
            Ok((File::options().append(true).open(&path)?, known))
        };
        let (file, known) = open().map_err(failed)?;
        Ok((Self { path, file }, known))
    }

    /// Adds a line, and answers when it is durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(
        &mut self,
        hash: &str,
        entity: &EntityId,
        today: NaiveDate,
    ) -> Result<(), LinesError> {
        let line = format!("{today} {hash} {entity}\n");
        let written = self.file.write_all(line.as_bytes());
        let synced = written.and_then(|()| self.file.sync_data());
        synced.map_err(|source| LinesError {
            path: self.path.clone(),
            source,
        })
    }
}

/// The hash and the entity of a line, unless it is old.
fn recent(line: &str, today: NaiveDate) -> Option<(String, EntityId)> {
    let mut parts = line.split(' ');
    let (day, hash, entity) = (parts.next()?, parts.next()?, parts.next()?);
    let day: NaiveDate = day.parse().ok()?;
    let oldest = today.checked_sub_days(Days::new(KEPT_DAYS))?;
    (day >= oldest).then_some((hash.to_owned(), EntityId::new(entity).ok()?))
}
