//! An address that takes files: the body of a request is imported, and answered with its report.

use super::outcome;
use super::report::FileReport;
use super::settings::TableSettings;
use super::tables::{Incoming, Stop, Tables, TablesError, account};
use super::{FeedFault, FeedHandle, FeedState};
use crate::pseudonym::{Key, KeyError};
use crate::sink::Sink;
use joinedup_application::app::{App, Definitions};
use joinedup_application::config::Config;
use joinedup_application::feeds::{Inbox, Received, Report, Upload};
use std::io::Cursor;
use std::path::Path;
use std::time::SystemTime;

/// How an operator says that a list is whole.
const HOW: &str = "send it again with ?accept=large-change behind the address";

/// An address that takes files.
pub struct HttpFeed(Tables);

impl HttpFeed {
    /// Checks the settings.
    ///
    /// # Errors
    /// When the mapping or the key is not right.
    pub fn open(
        settings: TableSettings,
        config: &Config,
        definitions: &Definitions,
        key: impl Fn(&Path) -> Result<Key, KeyError>,
    ) -> Result<Self, FeedFault> {
        Tables::open(settings, HOW, config, definitions, key).map(Self)
    }

    /// The beginning of the sources of its events.
    #[must_use]
    pub fn source(&self) -> String {
        self.0.source()
    }

    /// How often something is expected, in hours.
    #[must_use]
    pub fn expected_hours(&self) -> Option<f64> {
        self.0.expected_hours()
    }

    /// Its state before anything came.
    #[must_use]
    pub fn state(&self) -> FeedState {
        self.0.state("http")
    }

    /// Opens what is remembered of the last list.
    ///
    /// # Errors
    /// When it or the log cannot be read.
    pub async fn begin(&mut self, app: &App) -> Result<(), TablesError> {
        self.0.begin(app).await
    }

    /// Takes one file after the other until the server stops.
    pub async fn run(
        mut self: Box<Self>,
        mut inbox: Inbox,
        app: App,
        sink: Sink,
        handle: FeedHandle,
    ) {
        loop {
            let upload = tokio::select! {
                () = app.stopping.cancelled() => return,
                upload = inbox.recv() => upload,
            };
            let Some(Upload {
                bytes,
                accepted,
                answer,
            }) = upload
            else {
                return;
            };
            let name = "the body";
            let incoming = Incoming {
                name: name.to_owned(),
                made: SystemTime::now(),
                accepted,
                content: Box::new(Cursor::new(bytes)),
            };
            let mut report = FileReport::default();
            let outcome = self.0.take(incoming, &app, &sink, &mut report).await;
            let (refused, later) = match outcome {
                Ok(()) => (None, None),
                Err(Stop::Refused(why)) => (Some(why), None),
                Err(Stop::Later(why)) => (None, Some(why)),
            };
            handle.update(|state| match &later {
                Some(why) => state.fails(why, app.now()),
                None => account(state, name, &report, refused.as_deref(), &app),
            });
            let answered = match self.0.are_resources() {
                true => Report::Document {
                    media_type: outcome::MEDIA_TYPE,
                    text: outcome::of(&report, refused.as_deref()).to_string(),
                },
                false => Report::Text(report.text(name, app.now(), refused.as_deref())),
            };
            // Who has gone away finds the outcome in the feed's state.
            let _ = answer.send(match (refused, later) {
                (_, Some(why)) => Received::Later(why),
                (Some(_), None) => Received::Refused(answered),
                (None, None) => Received::Taken(answered),
            });
        }
    }
}
