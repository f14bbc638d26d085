//! The folder of views: one store a generation, and two small files, of which one names the generation in use and the other
//! the log. A rebuild writes the next generation beside it and then takes its place.

use chrono::{DateTime, Utc};
use joinedup_log::LogIdentity;
use joinedup_store::write_in_place;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file that names the log.
const OF_LOG: &str = "log-identity";

/// Why the folder could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the folder of views {} cannot be {what}: {source}", path.display())]
pub struct FolderError {
    path: PathBuf,
    what: &'static str,
    source: io::Error,
}

/// The folder of views.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Uses a folder, making it if need be.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        fs::create_dir_all(path).map_err(|source| FolderError {
            path: path.into(),
            what: "made",
            source,
        })?;
        Ok(Self(path.into()))
    }

    /// The generation in use.
    pub fn current(&self) -> u64 {
        fs::read_to_string(self.0.join("current"))
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(1)
    }

    /// Where a generation lies.
    pub fn generation(&self, number: u64) -> PathBuf {
        self.0.join(format!("view-{number}"))
    }

    /// Where a rebuild puts what has no other place yet.
    pub fn building(&self) -> PathBuf {
        self.0.join("building")
    }

    /// Removes what a rebuild put there.
    pub fn clear_building(&self) {
        match fs::remove_dir_all(self.building()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "what is left of a rebuild could not be removed");
            }
            _ => {}
        }
    }

    /// When a generation was last written to.
    pub fn saved_at(&self, number: u64) -> Option<DateTime<Utc>> {
        let files = fs::read_dir(self.generation(number)).ok()?;
        let modified = |file: io::Result<fs::DirEntry>| file.ok()?.metadata().ok()?.modified().ok();
        files.filter_map(modified).max().map(DateTime::from)
    }

    /// Makes a generation the one in use, durably, with the log that it was built from. The others stay until
    /// [`Folder::clear_but`].
    pub fn take(&self, number: u64, log: Option<&LogIdentity>) -> Result<(), FolderError> {
        self.note_log(log)?;
        self.write("current", &format!("{number}\n"))
    }

    /// The log that the views here were built from, also where they themselves cannot be read any more.
    pub fn log(&self) -> Option<LogIdentity> {
        let identity = fs::read_to_string(self.0.join(OF_LOG)).ok()?;
        Some(LogIdentity(identity)).filter(|log| !log.0.is_empty())
    }

    /// Notes which log the views are built from, durably.
    pub fn note_log(&self, log: Option<&LogIdentity>) -> Result<(), FolderError> {
        match log {
            Some(LogIdentity(log)) if self.log().is_none_or(|noted| noted.0 != *log) => {
                self.write(OF_LOG, log)
            }
            _ => Ok(()),
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<(), FolderError> {
        write_in_place(&self.0.join(name), text.as_bytes()).map_err(|source| FolderError {
            path: self.0.clone(),
            what: "written",
            source,
        })
    }

    /// Removes what is left of other generations: views are a cache, and these are not in use.
    pub fn clear_but(&self, number: u64) {
        let Ok(entries) = fs::read_dir(&self.0) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(found) = name
                .to_str()
                .and_then(|n| n.strip_prefix("view-"))
                .and_then(|n| n.parse::<u64>().ok())
            else {
                continue;
            };
            if found != number
                && let Err(error) = fs::remove_dir_all(entry.path())
            {
                tracing::warn!(%error, generation = found, "could not remove an old view");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_generation_is_current_and_the_others_go() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::open(temp.path()).unwrap();
        assert_eq!(folder.current(), 1);
        for number in [1, 2] {
            fs::create_dir(folder.generation(number)).unwrap();
        }
        folder.take(1, None).unwrap();
        assert_eq!(folder.log(), None);
        let log = LogIdentity("a".to_owned());
        folder.take(2, Some(&log)).unwrap();
        folder.note_log(None).unwrap();
        assert_eq!(folder.log(), Some(log));
        folder.clear_but(2);
        assert_eq!(folder.current(), 2);
        assert!(!folder.generation(1).exists() && folder.generation(2).exists());
    }
}
