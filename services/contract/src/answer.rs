//! Answers. A field that may be empty is there as `null`, so that a client need not ask whether it is there at all.

mod decisions;
mod plan;
mod scorecards;

use crate::field_error::FieldError;
use chrono::{DateTime, NaiveDate, Utc};
pub use decisions::*;
use joinedup_application::feeds::FeedState;
use joinedup_application::gaps::Gap;
use joinedup_events::area::Area as Registered;
use joinedup_events::{AreaId, Family};
use joinedup_projector::{Quarantined, Status};
use joinedup_spc::funnel::Band;
use joinedup_views::catalogue::model::Population;
use joinedup_views::catalogue::{Finding, Framework, FrameworkKind, Scale};
use joinedup_views::contradictions::Listed;
use joinedup_views::measure::Measure as Definition;
use joinedup_views::outcomes::NodeState;
use joinedup_views::point::State;
use joinedup_views::priorities::{NotScored, Priority};
pub use plan::*;
pub use scorecards::*;
use serde::{Deserialize, Serialize};

/// What became of events that were published. All of them are durable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Published {
    /// How many were stored now.
    pub accepted: u64,
    /// How many the log had already.
    pub duplicates: u64,
    /// Of these, the reported amounts that were restated since: what was said later stands.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub superseded: u64,
    /// Where each stands in the log.
    pub positions: Vec<u64>,
    /// How many were left out, where the request asked for the others to be taken (`Prefer: handling=lenient`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refused: u64,
    /// What is wrong with those, as much of it as a person reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// How many say that they were recorded longer ago than whoever sent them may say; they count as recorded a day ago.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub recorded_later: u64,
    /// How many accepted events contradict each other or what is known of the same entity.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub contradicting: u64,
    /// Which ones and how, as much of it as a person reads.
    /// They are stored; what a later record resolves is gone from the list of contradictions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// An accepted event that contradicts what stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Warning {
    /// Which event of a batch, from 0.
    pub index: usize,
    /// The kind of contradiction, such as `reversal-of-nothing`.
    pub kind: String,
    /// What is wrong, as words; never a value of the event.
    pub detail: String,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One event as it was written.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StoredEvent {
    /// Where it stands in the log.
    pub position: u64,
    /// Its subject.
    pub subject: String,
    /// The event in CloudEvents' JSON.
    pub event: serde_json::Map<String, serde_json::Value>,
}

/// One fact of an entity.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordedFact {
    /// Where its event stands in the log.
    pub position: u64,
    /// What it says, such as `ready`.
    pub fact: &'static str,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Who recorded it, where the event says so; asked for one entity only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// It does not stand: it was taken back.
    pub retracted: bool,
}

/// What is known of one transfer, referral, response, change or rated item.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entity {
    /// The family.
    pub family: Family,
    /// Its id, which stands for a person, a change or an item.
    pub id: String,
    /// The area that it counts for.
    pub area: String,
    /// Its facts, by time.
    pub facts: Vec<RecordedFact>,
}

/// The entities behind a point.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trace {
    /// First day of the period.
    pub period_start: NaiveDate,
    /// The day after its last.
    pub period_end: NaiveDate,
    /// How many there are.
    pub count: usize,
    /// Not all of them are listed.
    pub truncated: bool,
    /// The first of them, by id.
    pub entities: Vec<Entity>,
}

/// All measures.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measures {
    /// In the order of their ids.
    pub measures: Vec<Definition>,
    /// A digest of all definitions: it changes when one of them does.
    pub digest: String,
}

/// One measure, with its definition in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measure {
    /// The definition.
    #[serde(flatten)]
    pub definition: Definition,
    /// The definition in words.
    pub explained: String,
}

/// One area.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Area {
    /// The area.
    #[serde(flatten)]
    pub registered: Registered,
    /// What is directly within it.
    pub children: Vec<AreaId>,
}

/// All areas.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Areas {
    /// In the order of the register.
    pub areas: Vec<Area>,
    /// The area that is shown unless another is asked for.
    pub home: Option<AreaId>,
}

/// A framework without its items.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FrameworkTitle {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub kind: FrameworkKind,
    /// What to know of it.
    pub note: String,
    /// How many items it has.
    pub items: usize,
    /// The scale that its items are rated on.
    pub scale: Option<Scale>,
}

/// All frameworks, without their items.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Frameworks {
    /// In the order of the catalogue.
    pub frameworks: Vec<FrameworkTitle>,
}

/// One framework whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FrameworkWhole {
    /// The framework.
    #[serde(flatten)]
    pub framework: Framework,
    /// Findings in words that a local file gives it.
    pub findings: Vec<Finding>,
}

/// The logic model with what is known of an area.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Outcomes {
    /// The area.
    pub area: AreaId,
    /// Its title.
    pub area_title: Option<String>,
    /// The model.
    pub model: String,
    /// The people in whose words it is.
    pub population: String,
    /// The people that the model has words for.
    pub populations: Vec<Population>,
    /// Up to when it holds what was received; for a reader to the minute.
    pub as_of: DateTime<Utc>,
    /// The position in the log that the answer is of; for a reader that of their edition.
    pub as_of_position: u64,
    /// Every node, by layer and order.
    pub nodes: Vec<Node>,
}

/// A node of the logic model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Node {
    /// What is known of it.
    #[serde(flatten)]
    pub state: NodeState,
    /// Of an outcome that nothing is known of: what its measures wait for, and who could give it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<Vec<Gap>>,
}

/// Rated items in the order in which to talk about them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Priorities {
    /// The area.
    pub area: AreaId,
    /// The highest score first.
    pub items: Vec<Priority>,
    /// Items without a score.
    pub not_scored: Vec<NotScored>,
}

/// One area of a funnel.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FunnelArea {
    /// The area.
    pub area: AreaId,
    /// Its title.
    pub title: Option<String>,
    /// How far its point can be trusted; none: it has none in this period.
    pub state: Option<State>,
    /// The value, in the measure's unit; a share is from 0 to 1.
    pub value: Option<f64>,
    /// What was counted, where the value is a part of something.
    pub numerator: Option<f64>,
    /// What that was counted out of.
    pub denominator: Option<f64>,
    /// 95 % limits by chance alone.
    pub limits_95: Option<Band>,
    /// 99.8 % limits by chance alone.
    pub limits_998: Option<Band>,
    /// Outside the 95 % limits.
    pub outside_95: Option<bool>,
    /// Outside the 99.8 % limits.
    pub outside_998: Option<bool>,
}

/// Areas side by side in one period. It is not a league table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Funnel {
    /// The measure.
    pub measure: String,
    /// The area whose parts they are.
    pub area: AreaId,
    /// First day of the period.
    pub period_start: NaiveDate,
    /// The value of all areas together, in the measure's unit.
    pub centre: Option<f64>,
    /// The limits are widened for differences between areas beyond chance.
    pub adjusted: bool,
    /// The areas, by code.
    pub areas: Vec<FunnelArea>,
    /// What has to be read with every funnel.
    pub caution: &'static str,
    /// Why there are no limits.
    pub without_limits: Option<String>,
}

/// The feeds that this server runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Feeds {
    /// In the order of their file.
    pub feeds: Vec<FeedState>,
}

/// Where the records of sources contradict each other, for each source and kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Contradictions {
    /// By source and kind.
    pub contradictions: Vec<Contradicting>,
}

/// One kind of contradiction in the records of one source.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Contradicting {
    /// The source of the record that made it: of those concerned, the one recorded last.
    pub source: String,
    /// Its code, such as `discharged-before-admission`.
    pub kind: &'static str,
    /// What is wrong, in words.
    pub title: &'static str,
    /// How often it stands. For who sees no small numbers it is to the nearest five, without today, and null from 1 to 7.
    pub count: Option<i64>,
    /// The local date on which the last was recorded; null where the count is.
    pub last: Option<NaiveDate>,
}

impl From<&Listed> for Contradicting {
    fn from(listed: &Listed) -> Self {
        Self {
            source: listed.source.clone(),
            kind: listed.kind.code(),
            title: listed.kind.words(),
            count: listed.count.number(),
            last: listed.last,
        }
    }
}

/// The events that were set aside because they cannot be folded. They stay in the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Quarantine {
    /// How many events were set aside.
    pub count: usize,
    /// Each of them, by position.
    pub quarantine: Vec<Quarantined>,
}

/// The views after they were built again.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rebuilt {
    /// How far they are.
    pub status: Status,
}
