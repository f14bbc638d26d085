//! Feeds that run by themselves: a folder that is watched, an address that takes files, or systems that send HL7 v2 messages.
//!
//! The file of feeds ([`settings`]) is read and checked whole before the server starts: mappings, keys, folders and addresses.
//! Then each feed is a task of the server, publishes through the server's own door, and reports how it is doing
//! ([`joinedup_application::feeds`]).

mod beginning;
pub mod folder;
pub mod http;
pub mod known;
mod lines;
pub mod mllp;
mod outcome;
pub mod people;
pub mod report;
mod resources;
pub mod settings;
pub mod tables;

use crate::pseudonym::{Key, KeyError};
use crate::sink::Sink;
use folder::{FolderError, FolderFeed};
use http::HttpFeed;
use joinedup_application::app::{App, Definitions};
use joinedup_application::config::Config;
pub use joinedup_application::feeds::{FeedHandle, FeedState, FeedStates};
use joinedup_events::{AreaId, local};
use lines::LinesError;
use mllp::{MllpError, MllpFeed};
use people::People;
use settings::{FeedSettings, SettingsError};
use std::path::Path;
use tables::TablesError;
use tokio::task::JoinSet;

/// Why feeds cannot run. Nothing was taken.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The file of feeds.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// One feed.
    #[error("the feed `{name}`: {what}")]
    Feed {
        /// Its name.
        name: String,
        /// What is wrong with it.
        what: FeedFault,
    },
    /// This process has not the parts.
    #[error(
        "feeds need a server that publishes and has views: use `serve`, or leave out the setting `feeds`"
    )]
    Parts,
}

/// What is wrong with a feed.
#[derive(Debug, thiserror::Error)]
pub enum FeedFault {
    /// The area is not known.
    #[error(
        "`area` is not in the register of areas: add it to a file of areas, and give that with --areas"
    )]
    Area,
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A folder, or what is done with its files.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// What its files are.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// What it remembers of people.
    #[error(transparent)]
    People(#[from] LinesError),
    /// A port, or what is done with its messages.
    #[error(transparent)]
    Mllp(#[from] MllpError),
}

/// A feed whose settings are sound.
enum Feed {
    Folder(Box<FolderFeed>),
    Mllp(Box<MllpFeed>),
    Http(Box<HttpFeed>),
}

impl Feed {
    fn state(&self) -> FeedState {
        match self {
            Self::Folder(feed) => feed.state(),
            Self::Mllp(feed) => feed.state(),
            Self::Http(feed) => feed.state(),
        }
    }
}

/// The feeds of a file, checked.
#[derive(Default)]
pub struct Feeds(Vec<(String, Feed)>);

impl Feeds {
    /// Checks all that settings refer to; no file is taken and no port opened yet.
    ///
    /// # Errors
    /// A sentence that says of which feed what is wrong, and what to do.
    pub fn of(
        settings: Vec<FeedSettings>,
        config: &Config,
        definitions: &Definitions,
    ) -> Result<Self, FeedError> {
        let one = |settings: FeedSettings| {
            let name = settings.name().to_string();
            let feed = Self::one(settings, config, definitions).map_err(|what| {
                let name = name.clone();
                FeedError::Feed { name, what }
            })?;
            Ok((name, feed))
        };
        settings
            .into_iter()
            .map(one)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn one(
        settings: FeedSettings,
        config: &Config,
        definitions: &Definitions,
    ) -> Result<Feed, FeedFault> {
        let known = |area: &AreaId| definitions.areas.get(area.as_str()).is_some();
        if settings.area().is_some_and(|area| !known(area)) {
            return Err(FeedFault::Area);
        }
        let key = |path: &Path| Key::read(path, Some(&config.data));
        Ok(match settings {
            FeedSettings::Folder(settings) => Feed::Folder(Box::new(FolderFeed::open(
                settings,
                config,
                definitions,
                key,
            )?)),
            FeedSettings::Http(settings) => Feed::Http(Box::new(HttpFeed::open(
                settings,
                config,
                definitions,
                key,
            )?)),
            FeedSettings::Mllp(settings) => {
                Feed::Mllp(Box::new(MllpFeed::open(settings, definitions, key)?))
            }
        })
    }

    /// The sources that are expected so often, in hours.
    #[must_use]
    pub fn expected_hours(&self) -> Vec<(String, f64)> {
        let expected = self.0.iter().filter_map(|(_, feed)| match feed {
            Feed::Folder(feed) => Some((feed.source(), feed.expected_hours()?)),
            Feed::Mllp(feed) => Some((feed.source(), feed.expected_hours()?)),
            Feed::Http(feed) => Some((feed.source(), feed.expected_hours()?)),
        });
        expected.collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Starts them. They run until the server stops.
    ///
    /// # Errors
    /// When the process lacks a part, a port is taken, or what a feed remembers cannot be read.
    pub async fn start(self, app: &App) -> Result<Running, FeedError> {
        let mut running = Running::default();
        if self.is_empty() {
            return Ok(running);
        }
        for (name, feed) in self.0 {
            let sink = Sink::of_server(app).filter(|_| app.views.is_some());
            let sink = sink.ok_or(FeedError::Parts)?;
            let handle = app.feeds.register(feed.state());
            match feed {
                Feed::Folder(mut feed) => {
                    let begun = feed.begin(app).await.map_err(FeedFault::from);
                    begun.map_err(|what| FeedError::Feed { name, what })?;
                    running.0.spawn(feed.run(app.clone(), sink, handle));
                }
                Feed::Http(mut feed) => {
                    let begun = feed.begin(app).await.map_err(FeedFault::from);
                    begun.map_err(|what| FeedError::Feed { name, what })?;
                    let inbox = handle.inbox();
                    running.0.spawn(feed.run(inbox, app.clone(), sink, handle));
                }
                Feed::Mllp(feed) => {
                    let opened = People::open(&app.config.data, &name, local::date(app.now()));
                    let listening = match opened {
                        Ok(people) => feed
                            .listen()
                            .await
                            .map(|listener| (listener, people))
                            .map_err(FeedFault::from),
                        Err(error) => Err(error.into()),
                    };
                    let (listener, people) =
                        listening.map_err(|what| FeedError::Feed { name, what })?;
                    let run = feed.run(listener, app.clone(), sink, handle, people);
                    running.0.spawn(run);
                }
            }
        }
        Ok(running)
    }
}

/// Feeds that run.
#[derive(Debug, Default)]
pub struct Running(JoinSet<()>);

impl Running {
    /// Waits until what they were at is finished; the server must be stopping.
    pub async fn ended(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}
