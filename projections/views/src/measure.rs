//! A measure: what is asked of the cells, as data. A quantity says what can be counted; a measure says which part of it,
//! put together how, for which period, drawn how, read in which direction and for which outcome.

pub mod aggregate;
mod explain;
mod fit;
mod giver;
pub mod limit;

use crate::cell::Filter;
use crate::period::Grain;
use crate::quantity::{Kind, OBSERVATION_PREFIX, Quantity, Unit};
pub use aggregate::{Aggregate, Population, Shape};
pub use explain::explain;
pub(crate) use fit::either;
pub(crate) use fit::fit;
pub use giver::Giver;
use joinedup_events::id::Slug;
pub use limit::{Limit, Span, Target};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $( $(#[$vdoc:meta])* $variant:ident = $word:literal ),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name { $( $(#[$vdoc])* #[serde(rename = $word)] $variant ),+ }

        impl $name {
            /// The word that files and answers use.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $( Self::$variant => $word ),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

words! {
    /// Which way is better.
    Direction {
        /// More is better.
        Up = "up",
        /// Less is better.
        Down = "down",
        /// Neither: the measure describes.
        #[default]
        None = "none",
    }
}
words! {
    /// What the measure is for.
    Purpose {
        /// To learn whether a change is an improvement.
        #[default]
        Improvement = "improvement",
        /// To account for how things are.
        Performance = "performance",
        /// Both.
        Both = "both",
    }
}
words! {
    /// Where its numbers come from.
    DataType {
        /// Counted from what happened.
        #[default]
        Quantitative = "quantitative",
        /// Somebody's judgement or experience, even when shown as a number.
        Qualitative = "qualitative",
    }
}
words! {
    /// Its part in a set of measures.
    Role {
        /// What people get in the end.
        Outcome = "outcome",
        /// What is done on the way there.
        #[default]
        Process = "process",
        /// What must not get worse elsewhere.
        Balancing = "balancing",
    }
}
words! {
    /// How it is drawn.
    ChartKind {
        /// A run chart: points and their median.
        #[default]
        Run = "run",
        /// A chart of individual values with limits.
        Xmr = "xmr",
        /// Run or limits, as the data allow.
        Auto = "auto",
        /// Bars, without verdict.
        Bar = "bar",
        /// Bars in falling order, without verdict.
        Pareto = "pareto",
        /// Levels over time, without verdict.
        Status = "status",
        /// Bands behind other charts, without verdict.
        Band = "band",
    }
}
words! {
    /// The rule by which small numbers of people are suppressed.
    SmallNumbers {
        /// None: no counts of people, or published as they are.
        #[default]
        None = "none",
        /// 0 is shown, 1 to 7 are suppressed, larger ones are rounded to 5.
        Hes7 = "hes-7",
        /// 0 to 4 are suppressed, larger ones are rounded to 5.
        Mhsds5 = "mhsds-5",
    }
}

impl ChartKind {
    /// Whether points of this chart are judged by chart rules.
    #[must_use]
    pub const fn is_judged(self) -> bool {
        matches!(self, Self::Run | Self::Xmr | Self::Auto)
    }

    /// Whether this chart compares the parts of a measure with each other, and not its periods.
    #[must_use]
    pub const fn is_ranked(self) -> bool {
        matches!(self, Self::Bar | Self::Pareto)
    }
}

/// The outcomes that a measure serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "ServedOutcomes")
)]
#[serde(untagged)]
pub enum Outcomes {
    /// Whichever outcome the rated item or the change has an edge to. Written `"all"`.
    All(All),
    /// These populations alone.
    Of(Vec<Slug>),
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum All {
    /// All.
    #[serde(rename = "all")]
    All,
}

impl Default for Outcomes {
    fn default() -> Self {
        Self::Of(Vec::new())
    }
}

impl Outcomes {
    /// Whether the measure serves an outcome (one that serves all serves each).
    #[must_use]
    pub fn serves(&self, outcome: &str) -> bool {
        match self {
            Self::All(_) => true,
            Self::Of(list) => list.iter().any(|o| o.as_str() == outcome),
        }
    }

    /// The outcomes named; none for `all`.
    #[must_use]
    pub fn named(&self) -> &[Slug] {
        match self {
            Self::All(_) => &[],
            Self::Of(list) => list,
        }
    }
}

/// One measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "MeasureDefinition")
)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// The name in addresses, files and metrics. Never changes.
    pub id: Slug,
    /// The name people read.
    pub title: String,
    /// A coded quantity, or `observation.` and the name of a series.
    pub quantity: String,
    /// Which of its cells: each dimension with the values that count. Nothing: all.
    #[serde(default)]
    pub filter: Filter,
    /// Of those, which are the numerator (for `share`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerator: Option<Filter>,
    /// The dimension whose values are the parts of a `share`: one that is asked for becomes the numerator. Not asked
    /// for, the numerator is everything that is not `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Slug>,
    /// The quantity to divide by (for `ratio` and `level_ratio`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// What is counted is a part of what it is divided by, so a report of more than all is an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub part_of_whole: bool,
    /// How its cells become a number.
    pub aggregate: Aggregate,
    /// What the number is divided by to be shown in [`Measure::unit`]: 60 for minutes shown as hours.
    #[serde(default = "one")]
    pub divide_by: f64,
    /// The unit people read.
    #[serde(default)]
    pub unit: String,
    /// The period of a point, unless another is asked for.
    #[serde(default = "week")]
    pub period: Grain,
    /// The periods that may be asked for. Nothing: all.
    #[serde(default)]
    pub periods: Vec<Grain>,
    /// How it is drawn.
    #[serde(default)]
    pub chart: ChartKind,
    /// Operations are alerted when it turns.
    #[serde(default)]
    pub alert: bool,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
    /// The goal now, in shown units (a share as 0.8 or "80 %").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The goal in the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ambition: Option<Target>,
    /// What it is for.
    #[serde(default)]
    pub purpose: Purpose,
    /// Counted or judged.
    #[serde(default)]
    pub data_type: DataType,
    /// Its part in a set.
    #[serde(default)]
    pub kind: Role,
    /// The file it comes from, `local` for a user's own.
    #[serde(default = "local")]
    pub family: String,
    /// The outcomes it serves.
    #[serde(default)]
    pub outcomes: Outcomes,
    /// The published measure sets that it belongs to.
    #[serde(default)]
    pub frameworks: Vec<Slug>,
    /// How long after the end of a period its point may still change by what has already begun.
    /// Unset: the limit of a share within a limit, and nothing for the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maturity: Option<Span>,
    /// The rule for small numbers. Unset: `hes-7` for transfers, referrals and experience; none for the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub small_numbers: Option<SmallNumbers>,
    /// No point from fewer than this many. Unset: 5 for a median, 10 for a percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_n: Option<i64>,
    /// Who answers for the definition.
    #[serde(default)]
    pub owner: String,
    /// How far the numbers can be trusted, in a sentence.
    #[serde(default)]
    pub reliability: String,
    /// What is counted, in a sentence.
    #[serde(default)]
    pub counts: String,
    /// Out of what, in a sentence.
    #[serde(default)]
    pub out_of: String,
    /// Why anybody should look at it.
    #[serde(default)]
    pub why: String,
    /// What it does not say.
    #[serde(default)]
    pub caveats: Vec<String>,
    /// The survey it needs, when it needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<Slug>,
    /// Who could give its numbers, where that does not follow from what it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_by: Option<Giver>,
    /// How many points fix the centre line of its chart.
    #[serde(default = "twelve")]
    pub baseline: u8,
    /// The dimensions by which its page offers to take it apart.
    #[serde(default)]
    pub breakdowns: Vec<Slug>,
}

fn one() -> f64 {
    1.0
}

fn week() -> Grain {
    Grain::Week
}

fn local() -> String {
    "local".to_owned()
}

fn twelve() -> u8 {
    12
}

/// What a measure's quantity is: coded, or an observed series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// Coded.
    Coded(Quantity),
    /// Observed: the series.
    Observed(&'a str),
}

impl<'a> Source<'a> {
    /// The quantity of a name.
    #[must_use]
    pub fn of(name: &'a str) -> Option<Self> {
        match name.strip_prefix(OBSERVATION_PREFIX) {
            Some(series) => Slug::new(series).ok().map(|_| Self::Observed(series)),
            None => Quantity::from_name(name).map(Self::Coded),
        }
    }

    /// What its cells hold.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Coded(quantity) => quantity.kind(),
            Self::Observed(_) => Kind::Amount,
        }
    }

    /// The unit of its values.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::Coded(quantity) => quantity.unit(),
            Self::Observed(_) => Unit::Items,
        }
    }

    /// Whether it can be filtered by a dimension. Of an observed series that is only known when it reports.
    #[must_use]
    pub fn has_dimension(self, dimension: &str) -> bool {
        match self {
            Self::Coded(quantity) => quantity.filters().any(|known| known == dimension),
            Self::Observed(_) => true,
        }
    }
}

impl Measure {
    /// What its quantity is; none when the name is unknown, which no checked measure has.
    #[must_use]
    pub fn source(&self) -> Option<Source<'_>> {
        Source::of(&self.quantity)
    }

    /// A share within a limit is one of everything that began: what is still open is not within it, and is counted. So a
    /// quantity of what has ended gives way to its cohort.
    pub(crate) fn count_what_is_open(&mut self) {
        if let (Aggregate::ShareAtMost(_), Some(Source::Coded(quantity))) =
            (self.aggregate, self.source())
            && let Some(cohort) = quantity.cohort()
        {
            cohort.name().clone_into(&mut self.quantity);
        }
    }

    /// The periods that may be asked for.
    #[must_use]
    pub fn allows(&self, grain: Grain) -> bool {
        self.periods.is_empty() || grain == self.period || self.periods.contains(&grain)
    }

    /// Whether it is counted from events of people, and not from returns, ratings or changes.
    #[must_use]
    pub fn is_of_people(&self) -> bool {
        let of_people = ["transfer.", "referral.", "experience."];
        of_people.iter().any(|f| self.quantity.starts_with(f))
    }

    /// The rule for small numbers that holds.
    #[must_use]
    pub fn small_numbers(&self) -> SmallNumbers {
        self.small_numbers.unwrap_or(match self.is_of_people() {
            true => SmallNumbers::Hes7,
            false => SmallNumbers::None,
        })
    }

    /// The fewest that make a point.
    #[must_use]
    pub fn min_n(&self) -> i64 {
        self.min_n.unwrap_or(match self.aggregate {
            Aggregate::Median => 5,
            Aggregate::Percentile(_) => 10,
            _ => 1,
        })
    }

    /// How long after a period's end its point may still change by what has already begun.
    #[must_use]
    pub fn maturity(&self) -> Span {
        self.maturity.unwrap_or_else(|| {
            let Some(source) = self.source() else {
                return Span::default();
            };
            match &self.aggregate {
                Aggregate::ShareAtMost(limit) | Aggregate::ShareAtLeast(limit)
                    if source.kind() == Kind::Cohort =>
                {
                    limit.span(source.unit())
                }
                _ => Span::default(),
            }
        })
    }

    /// Whether it has no numbers below zero, whatever was reported: it counts or times what happened. What somebody else worked out
    /// may be a difference, and so is a net change.
    #[must_use]
    pub fn is_never_negative(&self) -> bool {
        let is_own = matches!(self.source(), Some(Source::Coded(_)));
        self.aggregate != Aggregate::Net && (is_own || self.shape() == Shape::Rate)
    }

    /// What shape its numbers have.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.aggregate.shape()
    }

    /// The dimension that the bars of the measure are by.
    #[must_use]
    pub fn bars_by(&self) -> Option<&Slug> {
        self.parts.as_ref().or(self.breakdowns.first())
    }

    /// The unit people read, in a word: as given, or what follows from the aggregate.
    #[must_use]
    pub fn unit(&self) -> &str {
        if !self.unit.is_empty() {
            return &self.unit;
        }
        match (self.shape(), self.source().map(Source::unit)) {
            (Shape::Proportion, _) => "proportion",
            (Shape::Rate, _) => "per 100,000",
            (Shape::Value, Some(Unit::Days)) => "days",
            (Shape::Value, Some(Unit::Minutes)) => "minutes",
            (Shape::Value, Some(Unit::Points)) => "points",
            _ => "count",
        }
    }

    /// A digest of the definition: the same for the same definition, wherever and whenever it is read.
    #[must_use]
    pub fn digest(&self) -> String {
        // A measure is a tree of plain values: writing it cannot fail.
        let text = serde_json::to_string(self).unwrap_or_default();
        digest_of([text.as_str()])
    }
}

/// 128 bits of SHA-256 over texts, separated by a byte that none has.
pub(crate) fn digest_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hash.finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
