//! How cells become one number.

use super::Measure;
use super::limit::Limit;
use crate::quantity::Kind;
use serde::{Deserialize, Serialize};

/// The people a rate is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "RatePopulation")
)]
pub enum Population {
    /// Residents aged 18 and over.
    #[serde(rename = "population_18")]
    Adults,
    /// Residents aged 65 and over.
    #[serde(rename = "population_65")]
    Older,
}

/// What shape a measure's numbers have: what a chart may assume of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Some out of all, with both known: 0 to 1.
    Proportion,
    /// Whole things.
    Count,
    /// Per 100,000 people.
    Rate,
    /// A measured value.
    Value,
}

impl Shape {
    /// The unit that numbers are written with where the measure has this one: `proportion` for shares.
    #[must_use]
    pub fn written(self, unit: &str) -> &str {
        match self {
            Self::Proportion => "proportion",
            _ => unit,
        }
    }
}

/// How cells become one number. In a file: `"median"`, `{ percentile = 90 }`, `{ share_at_most = "14 days" }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// How many there are.
    Count,
    /// The middle value, or the mean of the two middle ones.
    Median,
    /// The percentile by nearest rank.
    Percentile(u8),
    /// Total by number.
    Mean,
    /// Cases met out of cases; of an observed series its amount out of its denominator.
    Proportion,
    /// What passes the numerator's filter out of what passes the filter. Of a stock: its days.
    Share,
    /// Values of at most a limit out of all; what is still open is not within it.
    ShareAtMost(Limit),
    /// Values of at least a limit out of all; what is still open is left out of the numerator.
    ShareAtLeast(Limit),
    /// So many per 100,000 people.
    #[serde(rename = "count_per_100k")]
    CountPer100k(Population),
    /// A stock at the end of the period.
    Level,
    /// A stock added up over the days of the period: nights.
    LevelDays,
    /// A stock on the average day of the period.
    LevelAverage,
    /// A stock on the average day, per 100,000 people.
    #[serde(rename = "level_days_per_100k_per_day")]
    LevelDaysPer100kPerDay(Population),
    /// One stock by another at the end of the period.
    LevelRatio,
    /// The lower median of the areas' levels at the end of the period.
    LevelMedian,
    /// The lowest of the areas' levels at the end of the period.
    LevelMin,
    /// The longest of what is still open at the end of the period.
    LongestOpen,
    /// An observed amount.
    Amount,
    /// The median of an observed amount's days.
    AmountMedian,
    /// An observed amount by the days of the period.
    AmountPerDay,
    /// An observed amount per 100,000 people.
    #[serde(rename = "amount_per_100k")]
    AmountPer100k(Population),
    /// An observed number that cannot be added up (a percentile, say): shown for the place and period that reported it.
    AsReported,
    /// One count or amount by another (`over`).
    Ratio,
    /// What went up less what went down.
    Net,
}

impl Aggregate {
    /// The word that files use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Median => "median",
            Self::Percentile(_) => "percentile",
            Self::Mean => "mean",
            Self::Proportion => "proportion",
            Self::Share => "share",
            Self::ShareAtMost(_) => "share_at_most",
            Self::ShareAtLeast(_) => "share_at_least",
            Self::CountPer100k(_) => "count_per_100k",
            Self::Level => "level",
            Self::LevelDays => "level_days",
            Self::LevelAverage => "level_average",
            Self::LevelDaysPer100kPerDay(_) => "level_days_per_100k_per_day",
            Self::LevelRatio => "level_ratio",
            Self::LevelMedian => "level_median",
            Self::LevelMin => "level_min",
            Self::LongestOpen => "longest_open",
            Self::Amount => "amount",
            Self::AmountMedian => "amount_median",
            Self::AmountPerDay => "amount_per_day",
            Self::AmountPer100k(_) => "amount_per_100k",
            Self::AsReported => "as_reported",
            Self::Ratio => "ratio",
            Self::Net => "net",
        }
    }

    /// Whether it is less for a period of which only the last days were recorded: a sum of events, or one over days.
    #[must_use]
    pub const fn adds_up(self) -> bool {
        matches!(
            self,
            Self::Count
                | Self::CountPer100k(_)
                | Self::LevelDays
                | Self::LevelAverage
                | Self::LevelDaysPer100kPerDay(_)
                | Self::Net
        )
    }

    /// Whether it is more where more is counted: an amount, and no share, mean or rate of its own parts.
    #[must_use]
    pub const fn grows_with_parts(self) -> bool {
        self.adds_up() || matches!(self, Self::Level)
    }

    /// The words of the aggregates that a kind of quantity can have.
    #[must_use]
    pub const fn of_kind(kind: Kind) -> &'static [&'static str] {
        match kind {
            Kind::Count => &["count", "count_per_100k", "share", "ratio"],
            Kind::Proportion => &["proportion", "count"],
            Kind::Values => &[
                "median",
                "percentile",
                "mean",
                "count",
                "share_at_most",
                "share_at_least",
            ],
            Kind::Cohort => &["share_at_most", "share_at_least", "longest_open", "count"],
            Kind::Level => &[
                "level",
                "level_days",
                "level_average",
                "level_days_per_100k_per_day",
                "level_ratio",
                "level_median",
                "level_min",
                "share",
            ],
            Kind::Amount => &[
                "amount",
                "amount_median",
                "amount_per_day",
                "amount_per_100k",
                "as_reported",
                "proportion",
                "ratio",
                "share",
            ],
            Kind::Total => &["mean", "net"],
        }
    }

    /// What shape its numbers have.
    #[must_use]
    pub const fn shape(self) -> Shape {
        match self {
            Self::Proportion | Self::Share | Self::ShareAtMost(_) | Self::ShareAtLeast(_) => {
                Shape::Proportion
            }
            Self::Count | Self::Level | Self::LevelDays | Self::Amount | Self::Net => Shape::Count,
            Self::CountPer100k(_) | Self::LevelDaysPer100kPerDay(_) | Self::AmountPer100k(_) => {
                Shape::Rate
            }
            _ => Shape::Value,
        }
    }

    /// Whether it divides by a quantity that the measure must name.
    #[must_use]
    pub const fn needs_over(self) -> bool {
        matches!(self, Self::Ratio | Self::LevelRatio)
    }

    /// The population it divides by.
    #[must_use]
    pub const fn population(self) -> Option<Population> {
        match self {
            Self::CountPer100k(p) | Self::LevelDaysPer100kPerDay(p) | Self::AmountPer100k(p) => {
                Some(p)
            }
            _ => None,
        }
    }
}

impl Measure {
    /// Whether it shows shares as they were reported: of what they are shares it does not know.
    #[must_use]
    pub fn shows_reported_shares(&self) -> bool {
        self.aggregate == Aggregate::AsReported && self.unit() == "proportion"
    }
}
