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
            let fault = match self.watched.look() {
                Ok(found) => self.take_all(found, &app, &sink, &handle).await.err(),
                Err(error) => Some(format!("the folder `path` cannot be read: {error}")),
            };
            handle.update(|state| {
                state.source_fails(fault, app.now());
                state.notice = self.watched.unmatched_notice();
            });
            tokio::select! {
                () = app.stopping.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Takes what is complete and puts it away. What stands in the way of that is the error: those after it wait too, because
    /// lists are compared in the order in which they were made.
    async fn take_all(
        &mut self,
        found: Vec<Found>,
        app: &App,
        sink: &Sink,
        handle: &FeedHandle,
    ) -> Result<(), String> {
        for file in found {
            if app.stopping.is_cancelled() {
                return Ok(());
            }
            let mut report = FileReport::default();
            let outcome = match file.incoming() {
                Ok(Some(incoming)) => self.tables.take(incoming, app, sink, &mut report).await,
                // Those after it wait until it stays as it is.
                Ok(None) => return Ok(()),
                Err(error) => Err(unreadable(&error)),
            };
            let refused = match outcome {
                Ok(()) => None,
                Err(Stop::Refused(why)) => Some(why),
                Err(Stop::Later(why)) => return Err(why),
            };
            let put = self.watched.put_away(&file, &report, refused.as_deref());
            let was_put = put.map_err(|error| {
                format!(
                    "a file was taken, and cannot be moved to `done` ({error}): let the server's user write in both folders"
                )
            })?;
            if !was_put {
                return Ok(());
            }
            handle.update(|state| {
                state.source_fails(None, app.now());
                account(state, &file.name, &report, refused.as_deref(), app);
            });
            if refused.is_some() {
                tracing::warn!(feed = %self.settings.name, "a file was refused: its report is in the folder `refused`");
            }
        }
        Ok(())
    }
}
