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
    /// How long it is with its whole lines: what a full disk left of one behind them goes before the next is written.
    whole: u64,
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
            let whole = kept.len() as u64;
            Ok((File::options().append(true).open(&path)?, whole, known))
        };
        let (file, whole, known) = open().map_err(failed)?;
        Ok((Self { path, file, whole }, known))
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
        let mut add = || {
            if self.file.metadata()?.len() != self.whole {
                self.file.set_len(self.whole)?;
            }
            self.file.write_all(line.as_bytes())?;
            self.file.sync_data()
        };
        add().map_err(|source| LinesError {
            path: self.path.clone(),
            source,
        })?;
        self.whole += line.len() as u64;
        Ok(())
    }
}

/// The hash and the entity of a line, unless it is old.
fn recent(line: &str, today: NaiveDate) -> Option<(String, EntityId)> {
    let mut parts = line.split(' ');
    let (day, hash, entity) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let day: NaiveDate = day.parse().ok()?;
    let oldest = today.checked_sub_days(Days::new(KEPT_DAYS))?;
    (day >= oldest).then_some((hash.to_owned(), EntityId::new(entity).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_full_disk_left_of_a_line_harms_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let day: NaiveDate = "2026-12-01".parse().unwrap();
        let id = |text: &str| EntityId::new(text).unwrap();
        let (mut lines, known) = Lines::open(folder.path(), "f.lines", day).unwrap();
        assert!(known.is_empty());
        lines.add("aa", &id("one"), day).unwrap();
        // A write that failed half way.
        let path = folder.path().join("feeds/f.lines");
        let mut file = File::options().append(true).open(path).unwrap();
        file.write_all(b"2026-12-01 b").unwrap();
        lines.add("bb", &id("two"), day).unwrap();
        let (_, known) = Lines::open(folder.path(), "f.lines", day).unwrap();
        let both = [("aa".to_owned(), id("one")), ("bb".to_owned(), id("two"))];
        assert_eq!(known, both);
        assert_eq!(recent("2026-12-01 ab2026-12-01 cc three", day), None);
    }
}
