//! The folder of views: one store a generation, and a small file that names the one in use. A rebuild writes the next
//! generation beside it and then takes its place.

use chrono::{DateTime, Utc};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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

    /// Makes a generation the one in use, durably. The others stay until [`Folder::clear_but`].
    pub fn take(&self, number: u64) -> Result<(), FolderError> {
        let failed = |what| {
            move |source| FolderError {
                path: self.0.clone(),
                what,
                source,
            }
        };
        let next = self.0.join("current.next");
        let mut file = File::create(&next).map_err(failed("written"))?;
        writeln!(file, "{number}")
            .and_then(|()| file.sync_all())
            .map_err(failed("written"))?;
        fs::rename(&next, self.0.join("current")).map_err(failed("written"))?;
        File::open(&self.0)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("written"))?;
        Ok(())
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
        folder.take(2).unwrap();
        folder.clear_but(2);
        assert_eq!(folder.current(), 2);
        assert!(!folder.generation(1).exists() && folder.generation(2).exists());
    }
}
