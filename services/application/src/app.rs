//! The running program's parts, put together: what handlers and commands share.

use crate::config::Config;
use crate::editions::Editions;
use crate::expiry::Expiries;
use crate::feeds::FeedStates;
use crate::forms::Forms;
use crate::health::Health;
use crate::memo::Memos;
use crate::places;
use crate::publisher::Publisher;
use crate::tables::Tables;
use crate::turns::Turns;
use chrono::{DateTime, Utc};
use joinedup_events::area::Area;
use joinedup_events::{AreaId, AreaKind, Areas, Event};
use joinedup_log::EventLog;
use joinedup_projector::Views;
use joinedup_views::ask;
use joinedup_views::catalogue::Catalogue;
use joinedup_views::contradictions::Contradiction;
use joinedup_views::expectation::Expectations;
use joinedup_views::measures::Measures;
use joinedup_views::scorecards::{ScorecardError, Scorecards};
use joinedup_views::suppression::Policy;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use tokio_util::sync::CancellationToken;

/// What is the same for the life of the process: areas, measures, the logic model.
#[derive(Clone)]
pub struct Definitions {
    /// The register of areas.
    pub areas: Arc<Areas>,
    /// The measures.
    pub measures: Arc<Measures>,
    /// The logic model and the frameworks.
    pub catalogue: Arc<Catalogue>,
    /// Named lists of measures.
    pub scorecards: Arc<Scorecards>,
    /// Which areas the rules for small numbers hold for: one policy for every door.
    pub policy: Arc<Policy>,
    /// How often sources are expected to report, where it is set.
    pub expectations: Arc<Expectations>,
    /// The forms that sources and ids must have.
    pub forms: Arc<Forms>,
}

/// Why definitions could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// A file could not be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The register of areas is unsound.
    #[error("areas: {0}")]
    Areas(#[from] joinedup_events::area::AreasError),
    /// A measure is wrong.
    #[error("measures: {0}")]
    Measures(String),
    /// A scorecard is wrong.
    #[error("scorecards: {0}")]
    Scorecards(#[from] ScorecardError),
    /// The catalogue is wrong.
    #[error("catalogue: {0}")]
    Catalogue(String),
}

impl Definitions {
    /// Reads the built-in definitions and the user's own.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong in it.
    pub fn read(config: &Config) -> Result<Self, DefinitionError> {
        let mut areas = Areas::built_in()?;
        if let Some(path) = &config.areas_file {
            areas = areas.and_toml(&text(path)?)?;
        }
        let unknown = |area: &&String| areas.get(area).is_none();
        if let Some(area) = config.home_area.as_ref().filter(unknown) {
            return Err(DefinitionError::Catalogue(format!(
                "`home_area` {area} is not in the register of areas"
            )));
        }
        let catalogue = catalogue(config)?;
        let is_outcome = |id: &str| catalogue.node(id).is_some();
        let sentences = |errors: Vec<joinedup_views::measures::MeasureError>| {
            DefinitionError::Measures(
                errors
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("; "),
            )
        };
        let mut measures = Measures::built_in(is_outcome).map_err(sentences)?;
        for path in &config.measures_files {
            measures = measures.with(Measures::parse(&text(path)?, is_outcome).map_err(sentences)?);
        }
        let named = catalogue.check_measures(|id| measures.get(id).is_some());
        named.map_err(|e| DefinitionError::Catalogue(e.to_string()))?;
        let scorecards = scorecards(config, &measures)?;
        Ok(Self {
            areas: Arc::new(areas),
            scorecards: Arc::new(scorecards),
            measures: Arc::new(measures),
            catalogue: Arc::new(catalogue),
            policy: Arc::new(Policy::new(config.small_numbers_exempt.clone())),
            expectations: Arc::new(Expectations::in_hours(&config.expected_hours)),
            forms: Arc::new(Forms {
                sources: config.sources.clone(),
                opaque_ids: config.opaque_ids,
            }),
        })
    }

    /// What questions for charts refer to.
    #[must_use]
    pub fn for_asking(&self) -> ask::Definitions<'_> {
        ask::Definitions {
            areas: &self.areas,
            measures: &self.measures,
            policy: &self.policy,
            expectations: &self.expectations,
        }
    }
}

/// The built-in logic model and frameworks, with the user's own.
///
/// # Errors
/// A sentence that names the file and what is wrong in it.
pub fn catalogue(config: &Config) -> Result<Catalogue, DefinitionError> {
    let wrong =
        |e: joinedup_views::catalogue::CatalogueError| DefinitionError::Catalogue(e.to_string());
    let mut catalogue = Catalogue::built_in().map_err(wrong)?;
    for path in &config.catalogue_files {
        let name = path.display().to_string();
        catalogue = catalogue.and_toml(&name, &text(path)?).map_err(wrong)?;
    }
    Ok(catalogue)
}

fn scorecards(config: &Config, measures: &Measures) -> Result<Scorecards, DefinitionError> {
    let mut scorecards = Scorecards::built_in(measures)?;
    for path in &config.scorecard_files {
        scorecards = scorecards.and_toml(&text(path)?, measures)?;
    }
    Ok(scorecards)
}

fn text(path: &std::path::Path) -> Result<String, DefinitionError> {
    std::fs::read_to_string(path).map_err(|source| DefinitionError::Read {
        path: path.into(),
        source,
    })
}

/// The parts that HTTP works with.
#[derive(Clone)]
pub struct App {
    /// The settings.
    pub config: Arc<Config>,
    /// Areas, measures, logic model.
    pub definitions: Definitions,
    /// The log, to publish to and to trace points in.
    pub log: Arc<dyn EventLog>,
    /// The publisher, where this process has that role.
    pub publisher: Option<Publisher>,
    /// The views, where this process has that role.
    pub views: Option<Views>,
    /// The projector, to be asked to rebuild.
    pub projector: Option<Arc<joinedup_projector::Projector>>,
    /// How the feeds of this process are doing.
    pub feeds: FeedStates,
    /// Reads tables that people add on a page, where this process takes them.
    pub tables: Option<Arc<dyn Tables>>,
    /// What several readers ask for at the same time.
    pub memos: Arc<Memos>,
    /// What readers get of people.
    pub editions: Arc<Editions>,
    /// Whose turn it is to be worked for.
    pub turns: Turns,
    /// What is found out about the log beside the questions of clients.
    pub health: Health,
    /// Until when its tokens and certificates are good.
    pub expiries: Expiries,
    /// When somebody last took from this process what an archive of theirs lacked, to the end of the log, in seconds since 1970; zero:
    /// not since it started.
    pub archive_continued: Arc<AtomicI64>,
    /// When the process started.
    pub started: DateTime<Utc>,
    /// Cancelled when the process has been asked to stop: it is no longer ready, and streams that would go on for ever end.
    pub stopping: CancellationToken,
}

impl App {
    /// The parts of a process that neither publishes nor has views yet, and starts now.
    #[must_use]
    pub fn new(config: Arc<Config>, definitions: Definitions, log: Arc<dyn EventLog>) -> Self {
        Self {
            config,
            definitions,
            log,
            publisher: None,
            views: None,
            projector: None,
            feeds: FeedStates::default(),
            tables: None,
            memos: Arc::default(),
            editions: Arc::default(),
            turns: Turns::default(),
            health: Health::default(),
            expiries: Expiries::default(),
            archive_continued: Arc::default(),
            started: Utc::now(),
            stopping: CancellationToken::new(),
        }
    }

    /// The present instant, by the machine's clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    /// The area that pages and questions begin with: the one that the settings name, else the smallest that holds all that
    /// has reported, else a country of the register; none where it has no country.
    #[must_use]
    pub fn home_area(&self) -> Option<AreaId> {
        if let Some(named) = &self.config.home_area {
            return AreaId::new(named).ok();
        }
        let register = &self.definitions.areas;
        let reported = self.reported_areas();
        let country = || {
            let mut real = register.iter().filter(|a| !register.is_simulated(&a.id));
            real.find(|a| a.kind == AreaKind::Country).map(|a| &a.id)
        };
        places::around(register, &reported)
            .or_else(country)
            .cloned()
    }

    /// The areas that some source has reported of.
    #[must_use]
    pub fn reported_areas(&self) -> BTreeSet<AreaId> {
        let read = |views: &Views| {
            views.read(|view| {
                let sources = view.summary().sources.keys();
                sources.map(|(_, area)| area.clone()).collect()
            })
        };
        self.views.as_ref().map(read).unwrap_or_default()
    }

    /// Which of some events contradict each other or what is known, by their index, as far as this process knows: nothing
    /// where it has no views. It may have to fetch a closed entity's facts from disk.
    #[must_use]
    pub fn contradicted_by(&self, events: &[Event]) -> Vec<(usize, Contradiction)> {
        let read = |views: &Views| views.read(|view| view.contradicted_by(events));
        self.views.as_ref().map(read).unwrap_or_default()
    }

    /// The areas to choose from: the simulated county is among them only where it has reported or is at home.
    #[must_use]
    pub fn areas_to_choose(&self) -> Vec<&Area> {
        let register = &self.definitions.areas;
        let named = self.config.home_area.as_ref();
        let mut in_use = self.reported_areas();
        in_use.extend(named.and_then(|area| AreaId::new(area).ok()));
        let simulated = in_use.iter().any(|area| register.is_simulated(area));
        let mut all: Vec<&Area> = register.iter().collect();
        all.retain(|area| simulated || !register.is_simulated(&area.id));
        all
    }
}
