//! Files as feeds take them, from a folder or by HTTP: line lists, published returns and FHIR resources, each with a report.

mod list;

use super::lines::LinesError;
use super::report::FileReport;
use super::resources::ResourceFeed;
use super::settings::TableSettings;
use super::{FeedFault, FeedState};
use crate::client_level;
use crate::csv::Import as Rules;
use crate::fhir::mapping::FhirMapping;
use crate::input::{Content as Holds, Input, OpenError};
use crate::line_list::mapping::ListMapping;
use crate::line_list::snapshot::StoreError;
use crate::line_list::table::MAX_FILE_BYTES;
use crate::mapping::{Mapping, MappingError};
use crate::pseudonym::{Key, KeyError};
use crate::sink::{SendError, Sink};
use crate::transfer::{self, Contradicting, TransferError};
use chrono::Utc;
use joinedup_application::app::{App, Definitions};
use joinedup_application::config::Config;
use joinedup_events::check::file_label;
use joinedup_events::{AreaId, Slug};
use joinedup_log::ReadError;
use list::ListFeed;
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

/// Why tables cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// The mapping.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// A line list without a key.
    #[error(
        "its mapping is of a list of people: give `pseudonym_key_file`, with a key made by `openssl rand -hex 32`"
    )]
    NoKey,
    /// Resources without an area.
    #[error(
        "its mapping is of FHIR resources, which do not say for which area they count: give `area`"
    )]
    NoArea,
    /// A mapping that is chosen by each file.
    #[error("`area` and `expected_hours` need one mapping: name it in place of `auto`")]
    Auto,
    /// What it remembers.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it remembers of people.
    #[error(transparent)]
    People(#[from] LinesError),
    /// The log, in which what is not remembered is looked up.
    #[error("the log cannot be read: {0}")]
    Log(#[from] ReadError),
}

/// A table that came.
pub struct Incoming {
    /// What it is called in reports.
    pub name: String,
    /// When it was made.
    pub made: SystemTime,
    /// Somebody looked: it is whole, though much of the one before is gone.
    pub accepted: bool,
    /// What it holds.
    pub content: Box<dyn Read + Send>,
}

/// Why a table was not taken.
pub enum Stop {
    /// It cannot be.
    Refused(String),
    /// Not now: the same again may be.
    Later(String),
}

impl From<SendError> for Stop {
    fn from(error: SendError) -> Self {
        let why = match error {
            SendError::Log(error) => format!("the log does not take events: {error}"),
            SendError::Unknown(error) => error.to_string(),
            other => format!("the log does not take events: {other}"),
        };
        Self::Later(format!("{why}; what came is tried again"))
    }
}

/// What the tables are.
enum Content {
    /// Lists with a row a person.
    List(Box<ListFeed>),
    /// FHIR resources.
    Resources(Box<ResourceFeed>),
    /// Published returns, through a mapping or through the one that fits.
    Returns(Option<Box<Mapping>>),
}

/// Takes tables of one kind.
pub struct Tables {
    settings: TableSettings,
    content: Content,
}

impl Tables {
    /// Checks the settings; `how` an operator says that a list is whole though much of the one before is gone.
    ///
    /// # Errors
    /// When the mapping or the key is not right.
    pub fn open(
        settings: TableSettings,
        how: &'static str,
        config: &Config,
        definitions: &Definitions,
        key: impl Fn(&Path) -> Result<Key, KeyError>,
    ) -> Result<Self, FeedFault> {
        let list = ListMapping::named(&settings.mapping).map_err(TablesError::from)?;
        let resources = FhirMapping::named(&settings.mapping).map_err(TablesError::from)?;
        let content = match (list, resources) {
            (_, Some(mapping)) => {
                Content::Resources(Box::new(ResourceFeed::open(&settings, mapping, key)?))
            }
            (Some(mapping), None) => {
                let list = ListFeed::open(&settings, mapping, how, config, definitions, key)?;
                Content::List(Box::new(list))
            }
            (None, None) if settings.mapping == "auto" => {
                if settings.area.is_some() || settings.expected_hours.is_some() {
                    return Err(TablesError::Auto.into());
                }
                Content::Returns(None)
            }
            (None, None) => {
                let mut mapping = Mapping::named(&settings.mapping).map_err(TablesError::from)?;
                mapping.area = mapping.area.or_all_of(settings.area.as_ref());
                Content::Returns(Some(Box::new(mapping)))
            }
        };
        Ok(Self { settings, content })
    }

    /// The beginning of the sources of its events.
    #[must_use]
    pub fn source(&self) -> String {
        match &self.content {
            Content::List(list) => list.source(),
            Content::Resources(feed) => feed.source(),
            Content::Returns(Some(mapping)) => mapping.source(),
            Content::Returns(None) => "/import/".to_owned(),
        }
    }

    /// How often something is expected, in hours.
    #[must_use]
    pub fn expected_hours(&self) -> Option<f64> {
        self.settings.expected_hours
    }

    /// The feed's name.
    #[must_use]
    pub fn name(&self) -> &Slug {
        &self.settings.name
    }

    /// The state before anything came.
    #[must_use]
    pub fn state(&self, kind: &'static str) -> FeedState {
        FeedState {
            name: self.settings.name.to_string(),
            kind,
            source: self.source(),
            area: self.area().map(ToString::to_string),
            ..FeedState::default()
        }
    }

    /// The one area that all of it counts for, by the settings or by the mapping.
    fn area(&self) -> Option<&AreaId> {
        match &self.content {
            Content::List(list) => list.area(),
            Content::Returns(Some(mapping)) => mapping.area.fixed.as_ref(),
            Content::Resources(_) | Content::Returns(None) => self.settings.area.as_ref(),
        }
    }

    /// Whether they are FHIR resources, and are answered as such.
    #[must_use]
    pub fn are_resources(&self) -> bool {
        matches!(self.content, Content::Resources(_))
    }

    /// Opens what is remembered of the last list.
    ///
    /// # Errors
    /// When it or the log cannot be read.
    pub async fn begin(&mut self, app: &App) -> Result<(), TablesError> {
        match &mut self.content {
            Content::List(list) => list.begin(&*app.log).await,
            Content::Resources(feed) => Ok(feed.begin(app)?),
            Content::Returns(_) => Ok(()),
        }
    }

    /// Imports a table. The report says what became of it, also when it was refused.
    ///
    /// # Errors
    /// When it was not taken.
    pub async fn take(
        &mut self,
        incoming: Incoming,
        app: &App,
        sink: &Sink,
        report: &mut FileReport,
    ) -> Result<(), Stop> {
        match &mut self.content {
            Content::List(list) => list.take(incoming, sink, report).await,
            Content::Resources(feed) => feed.take(incoming, app, sink, report).await,
            Content::Returns(Some(mapping)) if mapping.name.as_str() == client_level::NAME => {
                let (incoming, edition) = counted(incoming, report)?;
                let mapping = Some(&**mapping);
                returns(mapping, incoming, Some(edition), app, sink, report).await
            }
            Content::Returns(mapping) => {
                returns(mapping.as_deref(), incoming, None, app, sink, report).await
            }
        }
    }
}

/// Adds a table to the feed's state.
pub fn account(
    state: &mut FeedState,
    name: &str,
    report: &FileReport,
    refused: Option<&str>,
    app: &App,
) {
    state.came(file_label(name), app.now());
    state.rows += report.rows;
    state.facts += report.facts;
    state.contradicting += report.contradicting.0;
    state.rejects += report.rejects;
    if let Some(why) = refused {
        state.refused += 1;
        let problem = format!("the file that came last was refused: {why}");
        state.fails(problem, app.now());
        return;
    }
    state.taken += 1;
    state.without_effect += u64::from(report.facts == 0);
    match (report.rejects, report.contradicting) {
        (0, Contradicting(0)) => state.works(),
        (0, contradicting) => state.attention(contradicting.sentence()),
        (n, contradicting) => state.attention(format!(
            "{n} rejects in the file that came last: its report says where{contradicting}"
        )),
    }
}

/// Rows of people as the table of what they come to, and what tells it from another.
fn counted(incoming: Incoming, report: &mut FileReport) -> Result<(Incoming, String), Stop> {
    let Incoming { name, content, .. } = incoming;
    let count = || {
        let mut bytes = Vec::new();
        let mut content = content.take(MAX_FILE_BYTES + 1);
        let read = content.read_to_end(&mut bytes);
        read.map_err(|error| unreadable(&error))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let why = format!("it has more than {} MiB", MAX_FILE_BYTES >> 20);
            return Err(Stop::Refused(why));
        }
        let counted = client_level::count(&[(name.clone(), bytes)]);
        counted.map_err(|error| Stop::Refused(error.to_string()))
    };
    let counted = tokio::task::block_in_place(count)?;
    counted.bad.iter().for_each(|(_, bad)| report.reject(bad));
    report.summary = format!("  counted from {} rows of people\n", counted.rows);
    let edition = counted.edition();
    let content = Box::new(io::Cursor::new(counted.table.into_bytes()));
    let made = SystemTime::now();
    let accepted = true;
    let incoming = Incoming {
        name,
        made,
        accepted,
        content,
    };
    Ok((incoming, edition))
}

/// Imports a file of published returns.
async fn returns(
    mapping: Option<&Mapping>,
    incoming: Incoming,
    edition: Option<String>,
    app: &App,
    sink: &Sink,
    report: &mut FileReport,
) -> Result<(), Stop> {
    let now = Utc::now();
    let rules = Rules {
        areas: app.definitions.areas.clone(),
        now,
        recorded_at: now,
        edition,
    };
    let Incoming { name, content, .. } = incoming;
    let opened = tokio::task::block_in_place(|| Input::of(content, name, None, mapping, &rules));
    let input = opened.map_err(|error| match error {
        OpenError::Read { source, .. } => unreadable(&source),
        OpenError::Layout { source, .. } => Stop::Refused(source.to_string()),
        other => Stop::Refused(other.to_string()),
    })?;
    if !matches!(input.content, Holds::Csv(_)) {
        return Err(Stop::Refused(
            "it holds events, which this feed does not take: post them to /api/v1/events, or use `joinedup import`"
                .to_owned(),
        ));
    }
    let mut sums = transfer::Report::default();
    let bad = |row: &crate::BadRow| report.reject(row);
    let sent = transfer::transfer(input, sink, &mut sums, bad, |_| {}).await;
    report.rows = sums.rows;
    report.facts = sums.accepted;
    report.repeats = sums.duplicates;
    report.contradicting = Contradicting(sums.contradicting);
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

/// What cannot be read now.
pub(super) fn unreadable(error: &io::Error) -> Stop {
    Stop::Later(format!(
        "a file cannot be read: {error}; let the server's user read it"
    ))
}
