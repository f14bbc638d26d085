//! Files of a watched folder: which are complete, and where they go afterwards.

use super::{FileReport, FolderError, FolderSettings};
use crate::feed::tables::Incoming;
use crate::line_list::snapshot::beside;
use chrono::Utc;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Endings of names that programs give to files that they are still writing.
const UNFINISHED: [&str; 6] = [".tmp", ".part", ".partial", ".filepart", ".crdownload", "~"];
/// The ending of the empty file by which an operator says that a list is whole, though much of the one before is gone.
const ACCEPT: &str = "accept";
/// The ending of a report.
const REPORT: &str = "report.txt";

/// What tells a file from another, and from itself once it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    size: u64,
    made: SystemTime,
    place: (u64, u64),
}

impl Mark {
    /// None of what is not a plain file.
    fn of(metadata: &fs::Metadata) -> io::Result<Option<Self>> {
        let made = metadata.modified()?;
        Ok(metadata.is_file().then(|| Self {
            size: metadata.len(),
            made,
            place: (metadata.dev(), metadata.ino()),
        }))
    }
}

/// A file that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub path: PathBuf,
    /// Its name, for reports.
    pub name: String,
    mark: Mark,
}

impl Found {
    /// Opens it; none where something else stands at its path by now, which the next look finds.
    pub fn incoming(&self) -> io::Result<Option<Incoming>> {
        // What a link leads to is not opened, nor a pipe, which would be waited for.
        if !self.is_as_it_was()? {
            return Ok(None);
        }
        let content = fs::File::open(&self.path)?;
        if Mark::of(&content.metadata()?)? != Some(self.mark) {
            return Ok(None);
        }
        Ok(Some(Incoming {
            name: self.name.clone(),
            made: self.mark.made,
            accepted: beside(&self.path, ACCEPT).exists(),
            content: Box::new(content),
        }))
    }

    fn is_as_it_was(&self) -> io::Result<bool> {
        match fs::symlink_metadata(&self.path) {
            Ok(metadata) => Ok(Mark::of(&metadata)? == Some(self.mark)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A folder that is looked at again and again.
pub(super) struct Watched {
    path: PathBuf,
    done: PathBuf,
    pattern: glob::Pattern,
    /// Each file at the last look.
    seen: BTreeMap<OsString, Mark>,
    /// How many files there do not fit the pattern.
    unmatched: usize,
}

/// `*.csv` means `LIST.CSV` as well.
const ANY_CASE: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: false,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

impl Watched {
    pub fn open(settings: &FolderSettings) -> Result<Self, FolderError> {
        let wrong = |source| FolderError::Folder {
            key: "path",
            path: settings.path.clone(),
            source,
        };
        let path = settings.path.canonicalize().map_err(wrong)?;
        if !path.is_dir() {
            return Err(wrong(io::Error::other("it is not a folder")));
        }
        if settings.done.canonicalize().is_ok_and(|done| done == path) {
            return Err(FolderError::Same);
        }
        Ok(Self {
            path,
            done: settings.done.clone(),
            pattern: glob::Pattern::new(&settings.pattern)?,
            seen: BTreeMap::new(),
            unmatched: 0,
        })
    }

    /// What is to be said of files that lie in the folder and are not meant; nothing where there are none.
    pub fn unmatched_notice(&self) -> Option<String> {
        let (files, their) = match self.unmatched {
            0 => return None,
            1 => ("1 file lies".to_owned(), "its name does"),
            n => (format!("{n} files lie"), "their names do"),
        };
        Some(format!(
            "{files} in the folder and will not be taken, because {their} not fit `pattern`"
        ))
    }

    fn refused(&self) -> PathBuf {
        self.done.join("refused")
    }

    pub fn make_folders(&self) -> Result<(), FolderError> {
        fs::create_dir_all(self.refused()).map_err(|source| FolderError::Folder {
            key: "done",
            path: self.done.clone(),
            source,
        })
    }

    /// The files that are as they were at the last look, the oldest first.
    pub fn look(&mut self) -> io::Result<Vec<Found>> {
        let mut seen = BTreeMap::new();
        let mut found = Vec::new();
        self.unmatched = 0;
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_str().is_some_and(is_passed_over) {
                continue;
            }
            // Of a link, what it leads to is not looked at; and a file may be gone again.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let Ok(Some(mark)) = Mark::of(&metadata) else {
                continue;
            };
            let is_meant = |name: &&str| self.pattern.matches_with(name, ANY_CASE);
            let Some(text) = name.to_str().filter(is_meant) else {
                self.unmatched += 1;
                continue;
            };
            if self.seen.get(&name) == Some(&mark) {
                found.push(Found {
                    path: entry.path(),
                    name: text.to_owned(),
                    mark,
                });
            }
            seen.insert(name, mark);
        }
        self.seen = seen;
        found.sort_by(|a, b| (a.mark.made, &a.name).cmp(&(b.mark.made, &b.name)));
        Ok(found)
    }

    /// Moves a file to where it belongs, with its report beside it. One that was changed since it was read stays, is taken as
    /// a new one, and gives false.
    pub fn put_away(
        &mut self,
        file: &Found,
        report: &FileReport,
        refused: Option<&str>,
    ) -> io::Result<bool> {
        let folder = if refused.is_some() {
            self.refused()
        } else {
            self.done.clone()
        };
        if !file.is_as_it_was()? {
            return Ok(false);
        }
        let now = Utc::now();
        let mut to = folder.join(&file.name);
        if to.exists() || beside(&to, REPORT).exists() {
            to = folder.join(format!("{}-{}", now.format("%Y%m%dT%H%M%S%3fZ"), file.name));
        }
        let beside_it = beside(&to, REPORT);
        let mut written = fs::File::create_new(&beside_it)?;
        written.write_all(report.text(&file.name, now, refused).as_bytes())?;
        if let Err(error) = moved(&file.path, &to) {
            // The next look writes another.
            let _ = fs::remove_file(&beside_it);
            return Err(error);
        }
        // A sign of acceptance is for one file.
        let _ = fs::remove_file(beside(&file.path, ACCEPT));
        self.seen.remove(&OsString::from(&file.name));
        Ok(true)
    }
}

/// Whether a name is that of a file which is hidden, or not whole, or a sign to us.
fn is_passed_over(name: &str) -> bool {
    let small = name.to_lowercase();
    let unfinished = UNFINISHED.iter().any(|ending| small.ends_with(ending));
    name.starts_with('.') || unfinished || name.ends_with(&format!(".{ACCEPT}"))
}

/// Moves a file, to another disk too.
fn moved(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            fs::copy(from, to)?;
            fs::File::open(to)?.sync_all()?;
            fs::remove_file(from)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(folder: &Path) -> Watched {
        fs::create_dir_all(folder.join("in")).unwrap();
        let text = format!(
            "[[feed]]\nname = \"a\"\nkind = \"folder\"\nmapping = \"ae\"\npath = {:?}\ndone = {:?}\npattern = \"*.csv\"\n",
            folder.join("in"),
            folder.join("done"),
        );
        let all = super::super::super::settings::FeedSettings::parse(Path::new("f"), &text);
        let Some(super::super::super::settings::FeedSettings::Folder(settings)) =
            all.unwrap().pop()
        else {
            panic!("a folder");
        };
        let watched = Watched::open(&settings).unwrap();
        watched.make_folders().unwrap();
        watched
    }

    fn names(found: &[Found]) -> Vec<&str> {
        found.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn a_file_is_taken_once_it_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = watched(folder.path());
        let file = folder.path().join("in/a.csv");
        fs::write(&file, "one").unwrap();
        assert!(watched.look().unwrap().is_empty());
        fs::write(&file, "one and more").unwrap();
        assert!(watched.look().unwrap().is_empty(), "it has grown");
        assert_eq!(names(&watched.look().unwrap()), ["a.csv"]);
    }

    #[test]
    fn what_is_unfinished_hidden_a_link_or_of_another_name_is_let_be() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = watched(folder.path());
        let put = |name: &str| fs::write(folder.path().join("in").join(name), "x").unwrap();
        for name in ["a.csv.part", ".a.csv", "a.txt", "a.csv.accept", "b.csv"] {
            put(name);
        }
        put("LIST.CSV");
        fs::create_dir(folder.path().join("in/c.csv")).unwrap();
        std::os::unix::fs::symlink(
            folder.path().join("in/a.txt"),
            folder.path().join("in/link.csv"),
        )
        .unwrap();
        watched.look().unwrap();
        assert_eq!(names(&watched.look().unwrap()).len(), 2);
        // What was meant to be taken and is not is told.
        assert!(
            watched
                .unmatched_notice()
                .unwrap()
                .starts_with("1 file lies in")
        );
        for taken in ["a.txt", "LIST.CSV"] {
            fs::remove_file(folder.path().join("in").join(taken)).unwrap();
        }
        assert_eq!(names(&watched.look().unwrap()), ["b.csv"]);
        assert_eq!(watched.unmatched_notice(), None);
    }

    #[test]
    fn what_was_changed_or_put_in_its_place_is_neither_read_nor_put_away() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = watched(folder.path());
        let (file, secret) = (folder.path().join("in/a.csv"), folder.path().join("secret"));
        fs::write(&secret, "x").unwrap();
        let replaced: [&dyn Fn(); 3] = [
            &|| fs::write(&file, "another").unwrap(),
            &|| {
                fs::remove_file(&file).unwrap();
                std::os::unix::fs::symlink(&secret, &file).unwrap();
            },
            &|| fs::remove_file(&file).unwrap(),
        ];
        for replace in replaced {
            let _ = fs::remove_file(&file);
            fs::write(&file, "x").unwrap();
            watched.look().unwrap();
            let found = watched.look().unwrap();
            assert!(found[0].incoming().unwrap().is_some());
            replace();
            assert!(found[0].incoming().unwrap().is_none());
            let put = watched.put_away(&found[0], &FileReport::default(), None);
            assert!(!put.unwrap());
        }
        assert!(!folder.path().join("done/a.csv").exists());
    }

    #[test]
    fn a_report_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = watched(folder.path());
        let data = folder.path().join("done/a.csv.report.txt");
        fs::write(&data, "data").unwrap();
        fs::write(folder.path().join("in/a.csv"), "x").unwrap();
        watched.look().unwrap();
        let found = watched.look().unwrap();
        let report = FileReport::default();
        watched.put_away(&found[0], &report, None).unwrap();
        assert_eq!(fs::read_to_string(data).unwrap(), "data");
    }

    #[test]
    fn a_file_lies_with_its_report_afterwards_and_a_second_of_its_name_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = watched(folder.path());
        for refused in [None, None, Some("it is empty")] {
            fs::write(folder.path().join("in/a.csv"), "x").unwrap();
            watched.look().unwrap();
            let found = watched.look().unwrap();
            watched
                .put_away(&found[0], &FileReport::default(), refused)
                .unwrap();
        }
        let count = |folder: PathBuf| {
            let files = fs::read_dir(folder).unwrap();
            files
                .filter(|e| e.as_ref().unwrap().path().is_file())
                .count()
        };
        assert_eq!(count(folder.path().join("in")), 0);
        assert_eq!(count(folder.path().join("done")), 4);
        assert_eq!(count(folder.path().join("done/refused")), 2);
        let report = fs::read_to_string(folder.path().join("done/refused/a.csv.report.txt"));
        assert!(report.unwrap().contains("refused: it is empty"));
    }
}
