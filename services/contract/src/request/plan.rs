//! What is asked to be recorded of an item of a plan.

use super::{given, needed, optional, present, slugs};
use chrono::NaiveDate;
use joinedup_events::plan::{ItemSet, Progress};
use joinedup_events::{AreaId, EntityId};
use joinedup_views::decide::{Command, PlanAction, Refusal, StepOfPlan, Subject};
use joinedup_views::plan::PREFIX;
use serde::Deserialize;
use uuid::Uuid;

/// What can be recorded of an item of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PlanVerb {
    /// It comes into the plan, or stands otherwise from now on.
    #[default]
    Set,
    /// It is open, done or dropped.
    Progress,
}

/// Something to be recorded of an item of a plan.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// The step to record.
    pub action: PlanVerb,
    /// The code of an area of the register.
    pub area: String,
    /// The item, whose id begins with `plan/`; of a new one it may be left out, and one is made.
    #[serde(default)]
    pub plan_item: Option<String>,
    /// What is to be reached.
    #[serde(default)]
    pub aim: Option<String>,
    /// The framework of the item that it is about; `scie` for a node of the logic model.
    #[serde(default)]
    pub framework: Option<String>,
    /// The item that it is about.
    #[serde(default)]
    pub item: Option<String>,
    /// The ids of the measures that are to move.
    #[serde(default)]
    pub measures: Vec<String>,
    /// The role that answers for it, never a person.
    #[serde(default)]
    pub owner: Option<String>,
    /// The improvement change by which it is tried.
    #[serde(default)]
    pub tested_by: Option<String>,
    /// By this date.
    #[serde(default)]
    pub by: Option<NaiveDate>,
    /// How far it is.
    #[serde(default)]
    pub progress: Option<Progress>,
    /// Why it is so far.
    #[serde(default)]
    pub reason: Option<String>,
    /// The date on which it happened, where not today.
    #[serde(default)]
    pub on: Option<NaiveDate>,
    /// The version that was read; left out, what others recorded meanwhile does not matter.
    #[serde(default)]
    pub version: Option<u64>,
}

impl PlanRequest {
    /// The command. An item without an id gets one from `new_id`.
    ///
    /// # Errors
    /// When a field that the action needs is left out or holds no identifier.
    pub fn command(&self, area: AreaId, new_id: Uuid) -> Result<Command, Refusal> {
        let entity =
            |field, id: &str| EntityId::new(id).map_err(|rule| Refusal::NotAName { field, rule });
        let made = (self.action == PlanVerb::Set).then(|| format!("{PREFIX}{new_id}"));
        let id = given(self.plan_item.as_deref()).or(made.as_deref());
        let id = needed("/plan_item", id, "the id that the item was answered with")?;
        let action = match self.action {
            PlanVerb::Set => {
                let tested_by = given(self.tested_by.as_deref());
                let aim = "what is to be reached, in a sentence";
                let owner = "the role that answers for it";
                PlanAction::Set(ItemSet {
                    aim: needed("/aim", self.aim.as_deref(), aim)?.to_owned(),
                    framework: optional("/framework", self.framework.as_deref())?,
                    item: optional("/item", self.item.as_deref())?,
                    measures: slugs("/measures", &self.measures)?,
                    owner: needed("/owner", self.owner.as_deref(), owner)?.to_owned(),
                    tested_by: tested_by.map(|id| entity("/tested_by", id)).transpose()?,
                    by: present("/by", self.by, "the date by which it is to be reached")?,
                })
            }
            PlanVerb::Progress => PlanAction::Progress {
                progress: present("/progress", self.progress, "open, done or dropped")?,
                reason: given(self.reason.as_deref()).map(ToOwned::to_owned),
            },
        };
        Ok(Command {
            area,
            on: self.on,
            subject: Subject::Plan(StepOfPlan {
                plan_item: entity("/plan_item", id)?,
                action,
            }),
        })
    }
}
