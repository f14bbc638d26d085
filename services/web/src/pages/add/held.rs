//! Files between the steps of adding them: in memory only, few at a time, for a short while, and each for the person alone
//! who brought it.

use crate::door::auth::Caller;
use crate::door::problem::Problem;
use chrono::{DateTime, Utc};
use joinedup_application::tables::TableFile;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

/// The most files that are held for all; the largest are 4 MiB each.
const MAX_FILES: usize = 16;
/// The most for one person: with the next one the oldest of them goes.
const MAX_OF_ONE: usize = 2;
/// How long a file is held after it was last looked at.
const LIFETIME: Duration = Duration::from_secs(20 * 60);
/// So many tables are read at a time: a workbook is several times as large as its file when it is open.
const READ_AT_A_TIME: usize = 2;

struct Entry {
    id: Uuid,
    owner: String,
    file: TableFile,
    used: Instant,
    /// What of it was added.
    added: Option<Added>,
}

/// What of a file was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// When, the last time.
    pub at: DateTime<Utc>,
    /// Where it stands in the log: runs of first and last.
    pub positions: Vec<(u64, u64)>,
}

impl Entry {
    /// Whether it is the file of a name, and the caller brought it.
    fn is(&self, caller: &Caller, id: &str) -> bool {
        self.id.to_string() == id && self.owner == caller.name
    }
}

/// The files that are held; cheap to clone.
#[derive(Clone)]
pub struct Held {
    files: Arc<Mutex<Vec<Entry>>>,
    reading: Arc<Semaphore>,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            files: Arc::default(),
            reading: Arc::new(Semaphore::new(READ_AT_A_TIME)),
        }
    }
}

impl Held {
    /// The files that are still to be held at an instant.
    fn at(&self, now: Instant) -> MutexGuard<'_, Vec<Entry>> {
        // Every change leaves the list whole.
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|entry| now.saturating_duration_since(entry.used) < LIFETIME);
        files
    }

    /// Holds a file, and answers with the name that nobody can guess.
    ///
    /// # Errors
    /// 503 when there is no room.
    pub fn put(&self, caller: &Caller, file: TableFile, now: Instant) -> Result<Uuid, Problem> {
        let mut files = self.at(now);
        let of_one = |entry: &&Entry| entry.owner == caller.name;
        while files.iter().filter(of_one).count() >= MAX_OF_ONE {
            let oldest = files.iter().position(|entry| entry.owner == caller.name);
            oldest.map(|at| files.remove(at));
        }
        if files.len() >= MAX_FILES {
            return Err(Problem::unavailable(
                "Many people are adding data at the moment: send the file again in some minutes",
            ));
        }
        let id = Uuid::new_v4();
        files.push(Entry {
            id,
            owner: caller.name.clone(),
            file,
            used: now,
            added: None,
        });
        Ok(id)
    }

    /// The file of a name, for the person who brought it.
    ///
    /// # Errors
    /// 404 when it is not held, or is somebody else's.
    pub fn get(&self, caller: &Caller, id: &str, now: Instant) -> Result<TableFile, Problem> {
        let mut files = self.at(now);
        let entry = files.iter_mut().find(|entry| entry.is(caller, id));
        let entry = entry.ok_or_else(|| {
            Problem::not_found(
                "We do not have this file any more: files are kept for 20 minutes and never stored. Add it again",
            )
        })?;
        entry.used = now;
        Ok(entry.file.clone())
    }

    /// Notes that what a file says was added, and where it stands.
    pub fn was_added(
        &self,
        caller: &Caller,
        id: &str,
        at: DateTime<Utc>,
        positions: Vec<(u64, u64)>,
    ) {
        let mut files = self.at(Instant::now());
        if let Some(entry) = files.iter_mut().find(|entry| entry.is(caller, id)) {
            let before = entry.added.take().map(|added| added.positions);
            let positions = [before.unwrap_or_default(), positions].concat();
            entry.added = Some(Added { at, positions });
        }
    }

    /// What of a file was added, since it was brought.
    pub fn added(&self, caller: &Caller, id: &str) -> Option<Added> {
        let files = self.at(Instant::now());
        let entry = files.iter().find(|entry| entry.is(caller, id))?;
        entry.added.clone()
    }

    /// Notes that what was added of a file was taken back.
    pub fn was_taken_back(&self, caller: &Caller, id: &str) {
        let mut files = self.at(Instant::now());
        if let Some(entry) = files.iter_mut().find(|entry| entry.is(caller, id)) {
            entry.added = None;
        }
    }

    /// Waits until a table may be read.
    ///
    /// # Errors
    /// 503 when the server is stopping.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let turn = self.reading.acquire().await;
        turn.map_err(|_| Problem::unavailable("The server is stopping: send the file again"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn caller(name: &str) -> Caller {
        Caller::new(name.to_owned(), BTreeSet::new())
    }

    fn file() -> TableFile {
        TableFile::new("a.csv", "a,b")
    }

    #[test]
    fn a_file_is_for_who_brought_it_and_for_a_short_while() {
        let (held, begun) = (Held::default(), Instant::now());
        let id = held.put(&caller("a"), file(), begun).unwrap().to_string();
        assert!(held.get(&caller("a"), &id, begun + LIFETIME / 2).is_ok());
        assert!(held.get(&caller("b"), &id, begun).is_err());
        assert!(held.get(&caller("a"), "other", begun).is_err());
        // It was looked at meanwhile.
        assert!(held.get(&caller("a"), &id, begun + LIFETIME).is_ok());
        assert!(held.get(&caller("a"), &id, begun + LIFETIME * 2).is_err());
    }

    #[test]
    fn one_person_has_two_files_and_all_have_sixteen() {
        let (held, now) = (Held::default(), Instant::now());
        let ids: Vec<String> = (0..3)
            .map(|_| held.put(&caller("a"), file(), now).unwrap().to_string())
            .collect();
        let is_there: Vec<bool> = ids
            .iter()
            .map(|id| held.get(&caller("a"), id, now).is_ok())
            .collect();
        assert_eq!(is_there, [false, true, true]);
        for n in 0..MAX_FILES - 2 {
            held.put(&caller(&n.to_string()), file(), now).unwrap();
        }
        assert!(held.put(&caller("last"), file(), now).is_err());
        assert!(held.put(&caller("last"), file(), now + LIFETIME).is_ok());
    }
}
