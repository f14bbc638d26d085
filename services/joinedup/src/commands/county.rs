//! A simulated county that is kept: what it began with, and up to when its events were published, in a file, so that another
//! start goes on with it and makes no second one.

use crate::cli::Failure;
use chrono::{DateTime, Utc};
use joinedup_events::{Areas, Event};
use joinedup_simulator::{Scenario, Trickle};
use joinedup_store::write_in_place;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a county began with, and how far it got.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptCounty {
    /// The seed of all chance.
    pub seed: u64,
    /// Months of history.
    pub months: u32,
    /// How much goes on.
    pub scale: f64,
    /// When the history ended and the live county began.
    pub end: DateTime<Utc>,
    /// Everything recorded up to here was published; none while the history was not, or not to its end.
    pub published: Option<DateTime<Utc>>,
    /// The log that it was published into, where that is known.
    #[serde(default)]
    pub of_log: Option<String>,
}

impl KeptCounty {
    /// The county of a file; none where there is no such file.
    ///
    /// # Errors
    /// A sentence, when the file is not one of a county.
    pub fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let text = match std::fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| unread(path, &error))?,
        };
        let county = serde_json::from_slice(&text);
        county.map(Some).map_err(|error| unread(path, &error))
    }

    /// Keeps it, whole or not at all.
    ///
    /// # Errors
    /// A sentence, when it could not be written.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let unwritten = |error: &dyn std::fmt::Display| {
            Failure::new(format!("{} cannot be written: {error}", path.display()))
        };
        let text = serde_json::to_vec(self).map_err(|error| unwritten(&error))?;
        write_in_place(path, &text).map_err(|error| unwritten(&error))
    }

    /// Holds it to the log that it goes to: what another one was sent is not in this one.
    ///
    /// # Errors
    /// A sentence, when it was kept with another log.
    pub fn goes_to(&mut self, log: Option<String>, path: &Path) -> Result<(), Failure> {
        match (&self.of_log, log) {
            (Some(kept), Some(log)) if *kept != log => Err(Failure::usage(format!(
                "the simulated county of {} was sent into another log than this one, so nothing is sent: move the file away to \
                 begin a new county; where this log was restored from an archive of that one, or written anew by an erasure, take `of_log` out of the file",
                path.display()
            ))),
            (None, log) => {
                self.of_log = log;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The county itself.
    ///
    /// # Errors
    /// Never in practice: see [`Scenario::ending`].
    pub fn scenario(&self) -> Result<Scenario, Failure> {
        Ok(Scenario::ending(self.seed, self.end)
            .map_err(Failure::new)?
            .months(self.months)
            .scaled(self.scale))
    }
}

/// A county that goes on: what is due and was not published yet, and how far that is.
pub struct LiveCounty {
    county: KeptCounty,
    trickle: Trickle,
    due: Vec<Event>,
    up_to: DateTime<Utc>,
    file: Option<PathBuf>,
}

impl LiveCounty {
    /// Goes on with a county whose history was published, and keeps how far it gets in a file, if there is to be one.
    ///
    /// # Errors
    /// A sentence, when the register of areas has no such county.
    pub fn of(
        county: KeptCounty,
        areas: &Areas,
        per_minute: f64,
        file: Option<PathBuf>,
    ) -> Result<Self, Failure> {
        let up_to = county.published.unwrap_or(county.end);
        let trickle = Trickle::new(&county.scenario()?, areas, up_to, per_minute);
        Ok(Self {
            trickle: trickle.map_err(Failure::usage)?,
            county,
            due: Vec::new(),
            up_to,
            file,
        })
    }

    /// What is due by an instant. It stays due until it was published.
    pub fn due(&mut self, now: DateTime<Utc>) -> &[Event] {
        self.due.extend(self.trickle.next(now));
        self.up_to = now;
        &self.due
    }

    /// What was due is published.
    ///
    /// # Errors
    /// A sentence, when that could not be kept.
    pub fn published(&mut self) -> Result<(), Failure> {
        self.due.clear();
        self.county.published = Some(self.up_to);
        self.file
            .iter()
            .try_for_each(|file| self.county.write(file))
    }
}

fn unread(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!(
        "{} holds no simulated county: {error}; move it away to begin with a new one",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_county_is_read_as_it_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("county.json");
        assert_eq!(KeptCounty::read(&path).unwrap(), None);
        let mut county = KeptCounty {
            seed: 7,
            months: 18,
            scale: 0.3,
            end: "2026-11-22T14:00:00.123456789Z".parse().unwrap(),
            published: None,
            of_log: None,
        };
        county.goes_to(None, &path).unwrap();
        county.goes_to(Some("a".to_owned()), &path).unwrap();
        county.goes_to(None, &path).unwrap();
        let refused = county.goes_to(Some("b".to_owned()), &path);
        assert!(refused.is_err_and(|why| why.to_string().contains("another log")));
        county.write(&path).unwrap();
        assert_eq!(KeptCounty::read(&path).unwrap().as_ref(), Some(&county));
        // As it was written before it knew its log.
        let before = serde_json::to_string(&county)
            .unwrap()
            .replace(",\"of_log\":\"a\"", "");
        std::fs::write(&path, before).unwrap();
        county.of_log = None;
        assert_eq!(KeptCounty::read(&path).unwrap(), Some(county));
        std::fs::write(&path, "{}").unwrap();
        let why = KeptCounty::read(&path).unwrap_err().to_string();
        assert!(why.contains("move it away"), "{why}");
    }
}
