//! A folder whose files are imported: each once it is complete, in the order in which they were made, and then put away with
//! a report beside it.

mod files;
mod list;

use super::report::FileReport;
use super::settings::FolderSettings;
use super::{FeedFault, FeedHandle, FeedState};
use crate::csv::Import as Rules;
use crate::input::{Content as Holds, Input, OpenError};
use crate::line_list::mapping::ListMapping;
use crate::line_list::snapshot::StoreError;
use crate::mapping::{AreaRule, Mapping, MappingError};
use crate::pseudonym::{Key, KeyError};
use crate::sink::{SendError, Sink};
use crate::transfer::{self, TransferError};
use chrono::Utc;
use files::{Found, Watched};
use joinedup_application::app::{App, Definitions};
use joinedup_application::config::Config;
use joinedup_log::ReadError;
use list::ListFeed;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a folder cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The pattern.
    #[error("`pattern` is not one of names as *.csv: {0}")]
    Pattern(#[from] glob::PatternError),
    /// A folder.
    #[error("`{key}` {}: {source}", .path.display())]
    Folder {
        /// Which.
        key: &'static str,
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// Both folders are one.
    #[error("`path` and `done` are the same folder: files that were taken would be taken again")]
    Same,
    /// The mapping.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// A line list without a key.
    #[error(
        "its mapping is of a list of people: give `pseudonym_key_file`, with a key made by `openssl rand -hex 32`"
    )]
    NoKey,
    /// A mapping that is chosen by each file.
    #[error("`area` and `expected_hours` need one mapping: name it in place of `auto`")]
    Auto,
    /// What it remembers.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log, in which what is not remembered is looked up.
    #[error("the log cannot be read: {0}")]
    Log(#[from] ReadError),
}

/// What the files of a folder are.
enum Content {
    /// Lists with a row a person.
    List(Box<ListFeed>),
    /// Published returns, through a mapping or through the one that fits.
    Returns(Option<Box<Mapping>>),
}

/// Why a file was not taken.
enum Stop {
    /// It cannot be; it is put away.
    Refused(String),
    /// Not now; it stays where it is.
    Later(String),
}

impl From<SendError> for Stop {
    fn from(error: SendError) -> Self {
        let why = match error {
            SendError::Log(error) => error.to_string(),
            other => other.to_string(),
        };
        Self::Later(format!(
            "the log does not take events: {why}; the file stays, and is tried again"
        ))
    }
}

/// A folder that is watched.
pub struct FolderFeed {
    settings: FolderSettings,
    watched: Watched,
    content: Content,
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
        let list = ListMapping::named(&settings.mapping).map_err(FolderError::from)?;
        let content = match list {
            Some(mapping) => {
                let list = ListFeed::open(&settings, mapping, config, definitions, key)?;
                Content::List(Box::new(list))
            }
            None if settings.mapping == "auto" => {
                if settings.area.is_some() || settings.expected_hours.is_some() {
                    return Err(FolderError::Auto.into());
                }
                Content::Returns(None)
            }
            None => {
                let mut mapping = Mapping::named(&settings.mapping).map_err(FolderError::from)?;
                mapping.area = area_rule(&settings, mapping.area);
                Content::Returns(Some(Box::new(mapping)))
            }
        };
        Ok(Self {
            settings,
            watched,
            content,
        })
    }

    /// The beginning of the sources of its events.
    #[must_use]
    pub fn source(&self) -> String {
        match &self.content {
            Content::List(list) => list.source(),
            Content::Returns(Some(mapping)) => mapping.source(),
            Content::Returns(None) => "/import/".to_owned(),
        }
    }

    /// How often something is expected, in hours.
    #[must_use]
    pub fn expected_hours(&self) -> Option<f64> {
        self.settings.expected_hours
    }

    /// Its state before anything came.
    #[must_use]
    pub fn state(&self) -> FeedState {
        FeedState {
            name: self.settings.name.to_string(),
            kind: "folder",
            source: self.source(),
            area: self.settings.area.as_ref().map(ToString::to_string),
            ..FeedState::default()
        }
    }

    /// Makes the folders for what was taken, and opens what is remembered of the last list.
    ///
    /// # Errors
    /// When the folders cannot be made, or what is remembered or the log cannot be read.
    pub async fn begin(&mut self, app: &App) -> Result<(), FolderError> {
        self.watched.make_folders()?;
        match &mut self.content {
            Content::List(list) => list.begin(&*app.log).await,
            Content::Returns(_) => Ok(()),
        }
    }

    /// Looks, takes and puts away until the server stops.
    pub async fn run(mut self: Box<Self>, app: App, sink: Sink, handle: FeedHandle) {
        let pause = Duration::from_secs(self.settings.look_every_seconds.max(1).into());
        loop {
            match self.watched.look() {
                Ok(found) => self.take_all(found, &app, &sink, &handle).await,
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

    async fn take_all(&mut self, found: Vec<Found>, app: &App, sink: &Sink, handle: &FeedHandle) {
        for file in found {
            if app.stopping.is_cancelled() {
                return;
            }
            let mut report = FileReport::default();
            let outcome = match &mut self.content {
                Content::List(list) => list.take(&file, sink, &mut report).await,
                Content::Returns(mapping) => {
                    returns(mapping.as_deref(), &file, app, sink, &mut report).await
                }
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
            handle.update(|state| account(state, &file, &report, refused.as_deref(), app));
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

/// Adds a file to the feed's state.
fn account(
    state: &mut FeedState,
    file: &Found,
    report: &FileReport,
    refused: Option<&str>,
    app: &App,
) {
    state.came(&file.name, app.now());
    state.rows += report.rows;
    state.facts += report.facts;
    state.rejects += report.rejects;
    if let Some(why) = refused {
        state.refused += 1;
        let problem = format!("the file that came last was refused: {why}");
        state.fails(problem, app.now());
        return;
    }
    state.taken += 1;
    state.without_effect += u64::from(report.facts == 0);
    match report.rejects {
        0 => state.works(),
        n => state.attention(format!(
            "{n} rejects in the file that came last: its report in `done` says where"
        )),
    }
}

/// The setting `area` in place of a mapping's rule.
fn area_rule(settings: &FolderSettings, rule: AreaRule) -> AreaRule {
    match &settings.area {
        Some(area) => AreaRule {
            fixed: Some(area.clone()),
            ..AreaRule::default()
        },
        None => rule,
    }
}

/// Imports a file of published returns.
async fn returns(
    mapping: Option<&Mapping>,
    file: &Found,
    app: &App,
    sink: &Sink,
    report: &mut FileReport,
) -> Result<(), Stop> {
    let now = Utc::now();
    let rules = Rules {
        areas: app.definitions.areas.clone(),
        now,
        recorded_at: now,
        edition: None,
    };
    let opened = tokio::task::block_in_place(|| Input::open(&file.path, mapping, &rules));
    let input = opened.map_err(|error| match error {
        OpenError::Read { source, .. } => unreadable(&source),
        OpenError::Layout { source, .. } => Stop::Refused(source.to_string()),
        other => Stop::Refused(other.to_string()),
    })?;
    if !matches!(input.content, Holds::Csv(_)) {
        return Err(Stop::Refused(
            "it holds events, which a folder does not take: post them to /api/v1/events, or use `joinedup import`"
                .to_owned(),
        ));
    }
    let mut sums = transfer::Report::default();
    let bad = |row: &crate::BadRow| report.reject(row);
    let sent = transfer::transfer(input, sink, &mut sums, bad, || {}).await;
    report.rows = sums.rows;
    report.facts = sums.accepted;
    report.repeats = sums.duplicates;
    sent.map_err(|error| match error {
        TransferError::Send(error) => Stop::from(error),
        other => Stop::Refused(format!("it {other}")),
    })?;
    if sums.sent == 0 && report.rejects > 0 {
        let why = "none of its rows could be taken".to_owned();
        return Err(Stop::Refused(why));
    }
    Ok(())
}

fn unreadable(error: &io::Error) -> Stop {
    Stop::Later(format!(
        "a file cannot be read: {error}; let the server's user read it"
    ))
}
