//! Answers about plans, checklists, findings and lenses.

use joinedup_application::checklists::ChecklistOfItem;
use joinedup_application::findings::KnownFinding;
use joinedup_application::lenses::{Lens, Seen};
use joinedup_application::plan::{OnePage, Planned};
use joinedup_events::AreaId;
use serde::Serialize;

/// The plan of an area, and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Plan {
    /// The area; the plans of the areas within it are listed too.
    pub area: AreaId,
    /// What is open first, by date, then what is done and what was dropped.
    pub items: Vec<Planned>,
    /// What goes well, what is in the way, where the gaps are, and what became of last year's ambitions.
    pub one_page: OnePage,
}

/// What was recorded of an item of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordedPlanItem {
    /// The item.
    pub plan_item: String,
    /// Where its event stands in the log: its version now.
    pub position: u64,
}

/// The checklists of a framework in an area.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Checklists {
    /// The area.
    pub area: AreaId,
    /// The framework.
    pub framework: String,
    /// Its items that have a checklist, in order.
    pub items: Vec<ChecklistOfItem>,
}

/// Findings of reviews in an area and the areas within it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Findings {
    /// The area.
    pub area: AreaId,
    /// The latest first.
    pub findings: Vec<KnownFinding>,
}

/// All lenses.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lenses {
    /// By title.
    pub lenses: Vec<Lens>,
}

/// What a lens shows in an area.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LensInPlace {
    /// The lens.
    #[serde(flatten)]
    pub lens: Lens,
    /// The area.
    pub area: AreaId,
    /// Its items, in order.
    pub items: Vec<Seen>,
}
