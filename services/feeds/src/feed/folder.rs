//! A folder whose files are imported: each once it is complete, in the order in which they were made, and then put away with
//! a report beside it.

mod files;

use super::report::FileReport;
use super::settings::FolderSettings;
use super::tables::{Stop, Tables, TablesError, account, unreadable};
use super::{FeedFault, FeedHandle, FeedState};
use crate::pseudonym::{Key, KeyError};
use crate::sink::Sink;
use files::{Found, Watched};
use joinedup_application::app::{App, Definitions};
use joinedup_application::config::Config;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How an operator says that a list is whole.
const HOW: &str = "put it into the folder again with an empty file beside it, of the same name and .accept behind it";

/// Why a folder cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The pattern.
    #[error("`pattern` is not one of names as *.csv: {0}")]
    Pattern(#[from] glob::PatternError),
    /// A folder.
    #[error("`{key}` {}: {source}", .path.display())]
    Folder {
        /// The setting that names it.
        key: &'static str,
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// Both folders are one.
    #[error("`path` and `done` are the same folder: files that were taken would be taken again")]
    Same,
    /// What its files are.
    #[error(transparent)]
    Tables(#[from] TablesError),
}

/// A folder that is watched.
pub struct FolderFeed {
    settings: FolderSettings,
    watched: Watched,
    tables: Tables,
    /// What was said last of files that are let be.
    told: Option<String>,
}

impl FolderFeed {
    /// Checks the settings.
    ///
    /// # Errors
    /// When a folder, the pattern, the mapping or the key is not right.
    pub fn open(
        settings: FolderSettings,
        config: &Config,
        definitions: &Definitions,
        key: impl Fn(&Path) -> Result<Key, KeyError>,
    ) -> Result<Self, FeedFault> {
        let watched = Watched::open(&settings)?;
        let tables = Tables::open(settings.tables(), HOW, config, definitions, key)?;
        Ok(Self {
            settings,
            watched,
            tables,
            told: None,
        })
    }

    /// The beginning of the sources of its events.
    #[must_use]
    pub fn source(&self) -> String {
        self.tables.source()
    }

    /// How often something is expected, in hours.
    #[must_use]
    pub fn expected_hours(&self) -> Option<f64> {
        self.tables.expected_hours()
    }

    /// Its state before anything came.
    #[must_use]
    pub fn state(&self) -> FeedState {
        self.tables.state("folder")
    }

    /// Makes the folders for what was taken, and opens what is remembered of the last list.
    ///
    /// # Errors
    /// When the folders cannot be made, or what is remembered or the log cannot be read.
    pub async fn begin(&mut self, app: &App) -> Result<(), FolderError> {
        self.watched.make_folders()?;
        Ok(self.tables.begin(app).await?)
    }

    /// Looks, takes and puts away until the server stops.
    pub async fn run(mut self: Box<Self>, app: App, sink: Sink, handle: FeedHandle) {
        let pause = Duration::from_secs(self.settings.look_every_seconds.max(1).into());
        loop {
            match self.watched.look() {
                Ok(found) => {
                    self.take_all(found, &app, &sink, &handle).await;
                    self.tell(&handle);
                }
                Err(error) => handle.update(|state| {
                    let problem = format!("the folder `path` cannot be read: {error}");
                    state.fails(problem, app.now());
                }),
            }
            tokio::select! {
                () = app.stopping.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Tells of files that are let be, unless there is something worse to tell.
    fn tell(&mut self, handle: &FeedHandle) {
        let now = self.watched.let_be();
        let before = std::mem::replace(&mut self.told, now.clone());
        handle.update(|state| {
            if state.problem.is_some() && state.problem == before {
                state.works();
            }
            if let (None, Some(now)) = (&state.problem, now) {
                state.attention(now);
            }
        });
    }

    async fn take_all(&mut self, found: Vec<Found>, app: &App, sink: &Sink, handle: &FeedHandle) {
        for file in found {
            if app.stopping.is_cancelled() {
                return;
            }
            let mut report = FileReport::default();
            let outcome = match file.incoming() {
                Ok(Some(incoming)) => self.tables.take(incoming, app, sink, &mut report).await,
                // Those after it wait too, until it stays as it is.
                Ok(None) => return,
                Err(error) => Err(unreadable(&error)),
            };
            let refused = match outcome {
                Ok(()) => None,
                Err(Stop::Refused(why)) => Some(why),
                // Those after it wait too: lists are compared in the order in which they were made.
                Err(Stop::Later(why)) => {
                    handle.update(|state| state.fails(why, app.now()));
                    return;
                }
            };
            let put = self.watched.put_away(&file, &report, refused.as_deref());
            handle.update(|state| account(state, &file.name, &report, refused.as_deref(), app));
            if refused.is_some() {
                tracing::warn!(feed = %self.settings.name, "a file was refused: its report is in the folder `refused`");
            }
            if let Err(error) = put {
                let problem = format!(
                    "a file was taken, and cannot be moved to `done` ({error}): let the server's user write in both folders"
                );
                handle.update(|state| state.fails(problem, app.now()));
                return;
            }
        }
    }
}
