//! What may stand in the query of an address, as types. Each is optional; empty is the same as left out.

use serde::Deserialize;

/// Of which area; the home area unless given.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OfArea {
    /// The code of an area of the register; the home area unless given.
    pub area: Option<String>,
}

/// Of which area and which people.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OfPeople {
    /// The code of an area of the register; the home area unless given.
    pub area: Option<String>,
    /// Only these people: the id of a population of the catalogue. Lines whose numbers do not say which people they are
    /// of stay empty.
    pub population: Option<String>,
}

/// Which part of the logic model.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OfPopulation {
    /// The code of an area of the register; the home area unless given.
    pub area: Option<String>,
    /// The people in whose words the model is shown.
    pub population: Option<String>,
}

/// Which framework.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OfFramework {
    /// The code of an area of the register; the home area unless given.
    pub area: Option<String>,
    /// The id of a framework; all of them unless given.
    pub framework: Option<String>,
}

/// Selects ratings.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OfRatings {
    /// The code of an area of the register; the home area unless given.
    pub area: Option<String>,
    /// The id of a framework. Items of it that the area has not rated are listed too.
    pub framework: Option<String>,
    /// One item of it.
    pub item: Option<String>,
    /// One round; all of them unless given.
    pub round: Option<String>,
}

/// Which rounds are compared: the last two that were published unless named.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OfRounds {
    /// The code of an area of the register; the home area unless given.
    pub area: Option<String>,
    /// The id of a framework; all of them unless given.
    pub framework: Option<String>,
    /// The earlier round.
    pub from: Option<String>,
    /// The later round.
    pub to: Option<String>,
}

/// Selects changes.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OfChanges {
    /// The code of an area of the register; the home area unless given.
    pub area: Option<String>,
    /// Only changes that should move this measure.
    pub measure: Option<String>,
}

/// Which areas in which period.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OfFunnel {
    /// The area whose parts are compared; the home area unless given.
    pub area: Option<String>,
    /// Codes of other areas to compare, with commas between them.
    pub areas: Option<String>,
    /// `day`, `week`, `month`, `quarter` or `year`; the measure's own unless given.
    pub period: Option<String>,
    /// A date of the period; the latest with final points unless given.
    pub period_start: Option<String>,
}
