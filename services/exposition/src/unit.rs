//! Units of metrics: one a name, in base units, so that a query can never add days to minutes.

use joinedup_views::measure::{Measure, Shape};

/// The units in which people read a length of time, with the seconds in one. Metrics are in seconds; who shows one divides by
/// these.
pub const TIMES: [(&str, u32); 4] = [
    ("weeks", 604_800),
    ("days", 86_400),
    ("hours", 3_600),
    ("minutes", 60),
];

/// The unit of a measure's metrics, which ends their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// A part of a whole, 0 to 1; or one number by another.
    Ratio,
    /// A duration.
    Seconds,
    /// Things that happened.
    Events,
    /// People.
    People,
    /// Nights that somebody spent in a bed. They add up over people, so they are not a duration.
    BedNights,
    /// Points of a questionnaire.
    Points,
    /// Levels of a scale of ratings.
    Levels,
    /// So many per 100,000 people.
    Per100k,
    /// So many per 100 of something else, such as comments.
    Per100,
    /// Whatever unit a measure of one's own names.
    Units,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 10] = [
        Self::Ratio,
        Self::Seconds,
        Self::Events,
        Self::People,
        Self::BedNights,
        Self::Points,
        Self::Levels,
        Self::Per100k,
        Self::Per100,
        Self::Units,
    ];

    /// What a name ends with.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Seconds => "seconds",
            Self::Events => "events",
            Self::People => "people",
            Self::BedNights => "bed_nights",
            Self::Points => "points",
            Self::Levels => "levels",
            Self::Per100k => "per_100k",
            Self::Per100 => "per_100",
            Self::Units => "units",
        }
    }

    /// The unit in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ratio => "a ratio (0 to 1 for a share)",
            Self::Seconds => "seconds",
            Self::Events => "events",
            Self::People => "people",
            Self::BedNights => "nights in a bed, added up over people",
            Self::Points => "points of a questionnaire",
            Self::Levels => "levels of a rating scale",
            Self::Per100k => "so many per 100,000 people",
            Self::Per100 => "so many per 100 of what the measure names",
            Self::Units => "the unit that the measure names",
        }
    }

    /// What Grafana calls it.
    #[must_use]
    pub const fn grafana(self) -> &'static str {
        match self {
            Self::Ratio => "percentunit",
            Self::Seconds => "s",
            _ => "short",
        }
    }

    /// A measure's unit, and what its values are multiplied by to be in it.
    #[must_use]
    pub fn of(measure: &Measure) -> (Self, f64) {
        let shape = measure.shape();
        match measure.unit() {
            _ if shape == Shape::Proportion => (Self::Ratio, 1.0),
            "proportion" | "ratio" => (Self::Ratio, 1.0),
            _ if shape == Shape::Rate => (Self::Per100k, 1.0),
            "bed days" | "nights" => (Self::BedNights, 1.0),
            "days" if shape == Shape::Count => (Self::BedNights, 1.0),
            "people" => (Self::People, 1.0),
            text if let Some((_, seconds)) = TIMES.iter().find(|(unit, _)| *unit == text) => {
                (Self::Seconds, f64::from(*seconds))
            }
            text if text.starts_with("point") => (Self::Points, 1.0),
            text if text.starts_with("level") => (Self::Levels, 1.0),
            text if text.starts_with("per 100 ") => (Self::Per100, 1.0),
            _ if shape == Shape::Count => (Self::Events, 1.0),
            _ => (Self::Units, 1.0),
        }
    }
}
