//! Answers about scorecards.

use chrono::NaiveDate;
use joinedup_application::gaps::Gap;
use joinedup_events::{AreaId, AreaKind, Slug};
use joinedup_spc::{Assurance, Variation};
use joinedup_views::measure::Purpose;
use joinedup_views::period::Grain;
use joinedup_views::scorecards::Scorecard;
use serde::Serialize;

/// All scorecards.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Scorecards {
    /// By id.
    pub scorecards: Vec<Scorecard>,
}

/// One line of a scorecard in a place.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScorecardLine {
    /// The heading under which it stands; empty: none.
    pub section: String,
    /// What it is called.
    pub title: String,
    /// Its measure; none where no measure of it is known or chosen.
    pub measure: Option<Slug>,
    /// What to mind where the measure is not quite what the scorecard asks for.
    pub note: String,
    /// What is counted, in a sentence.
    pub means: Option<String>,
    /// The unit, `proportion` for shares.
    pub unit: Option<String>,
    /// The length of its period.
    pub period: Option<Grain>,
    /// First day of the latest judged period.
    pub period_start: Option<NaiveDate>,
    /// The value of that period, in the unit; a share is from 0 to 1.
    pub value: Option<f64>,
    /// The target, in the same unit.
    pub target: Option<f64>,
    /// The centre line now, in the same unit.
    pub median: Option<f64>,
    /// The variation icon.
    pub variation: Option<Variation>,
    /// The assurance icon.
    pub assurance: Option<Assurance>,
    /// The verdict in words.
    pub why: Option<String>,
    /// Whose numbers these are, where not the area's own.
    pub footprint: Option<String>,
    /// What it waits for, where something is missing.
    pub waits_for: Option<Gap>,
}

/// One scorecard in a place.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScorecardInPlace {
    /// Its id.
    pub id: Slug,
    /// Its name.
    pub title: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Who answers for it.
    pub owner: String,
    /// The kinds of place that it is made for; none: any.
    pub footprint: Vec<AreaKind>,
    /// What it is and where it comes from.
    pub about: String,
    /// Where it is published.
    pub source: Option<String>,
    /// The place.
    pub area: AreaId,
    /// The people that it is of; none: everybody.
    pub population: Option<String>,
    /// Its lines, in order.
    pub items: Vec<ScorecardLine>,
}
