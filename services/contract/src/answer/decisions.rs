//! Answers about what people recorded: ratings, changes, and the decisions about charts.

use chrono::NaiveDate;
use joinedup_events::{AreaId, Slug};
use joinedup_views::changes::{
    Annotation, BeforeAfter, Change as Cycle, Decisions, Status as CycleStatus,
};
use joinedup_views::ratings::{Ambition, Comparison, Consensus, Note, Round, Stage};
use serde::Serialize;

/// One round of one item, with what its raters say together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AssessedRound {
    /// The round.
    #[serde(flatten)]
    pub round: Round,
    /// Whether its raters agree, where the framework has a rule for that.
    pub consensus: Option<Consensus>,
}

/// Where an area stands with an item of a framework.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Assessment {
    /// The area.
    pub area: AreaId,
    /// The framework.
    pub framework: Slug,
    /// The item.
    pub item: Slug,
    /// The item's title.
    pub title: Option<String>,
    /// The question asked when it is rated.
    pub question: Option<String>,
    /// The rounds asked for, in the order in which each began.
    pub rounds: Vec<AssessedRound>,
    /// The published level; none: not rated, or never published.
    pub level: Option<u8>,
    /// What the scale calls it.
    pub level_title: Option<String>,
    /// The round that it was published in.
    pub round: Option<Slug>,
    /// The local date that it was published on.
    pub published_on: Option<NaiveDate>,
    /// The level wanted.
    pub ambition: Option<Ambition>,
    /// Levels still to go; below zero when the ambition is surpassed.
    pub gap: Option<i16>,
    /// Evidence added in words, in order of time.
    pub notes: Vec<Note>,
    /// How far the round asked for, or the last one, is.
    pub state: AssessmentState,
    /// The version to send when something is recorded of it; 0: nothing was recorded yet.
    pub version: u64,
    /// Days since it was published.
    pub age_days: Option<i64>,
}

/// How far the rating of an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AssessmentState {
    /// Nobody has rated it.
    NotRated,
    /// Raters have rated; the area has not proposed.
    Rating,
    /// The area has proposed.
    Proposed,
    /// The round across areas has moderated.
    Moderated,
    /// Published.
    Published,
}

impl From<Stage> for AssessmentState {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Rating => Self::Rating,
            Stage::Proposed => Self::Proposed,
            Stage::Moderated => Self::Moderated,
            Stage::Published => Self::Published,
        }
    }
}

/// Ratings of an area and the areas within it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Assessments {
    /// The area.
    pub area: AreaId,
    /// How many are listed.
    pub count: usize,
    /// By area, framework and item; the ones that the area itself has not rated last.
    pub assessments: Vec<Assessment>,
}

/// Two rounds compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComparedRounds {
    /// The area; the areas within it are compared too.
    pub area: AreaId,
    /// The rounds that were published, by name.
    pub published_rounds: Vec<String>,
    /// What moved.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// What was recorded of an item.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordedRating {
    /// Its version now.
    pub version: u64,
    /// The item as it stands.
    pub assessment: Option<Assessment>,
}

/// One improvement change.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// Its id.
    pub id: String,
    /// The version to send when something is recorded of it.
    pub version: u64,
    /// Where its cycle stands today.
    pub status: CycleStatus,
    /// The change.
    #[serde(flatten)]
    pub cycle: Cycle,
    /// What charts say of it, and on which day.
    pub annotations: Vec<Annotation>,
    /// What the points of its measures show before and after it began.
    pub before_and_after: Vec<BeforeAfter>,
}

/// Improvement changes, and the decisions about charts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Changes {
    /// The area; the areas within it are listed too.
    pub area: AreaId,
    /// How many changes are listed.
    pub count: usize,
    /// The latest first.
    pub changes: Vec<Change>,
    /// Targets and baselines.
    pub decisions: Decisions,
}

/// What was recorded of a change or a chart.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordedChange {
    /// The change, or the chart that was decided about.
    pub change: String,
    /// Where its event stands in the log.
    pub position: u64,
}
