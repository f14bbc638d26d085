//! Requests of people as they are typed, in JSON or in a form, and the commands that they stand for.

mod plan;

pub use plan::{PlanRequest, PlanVerb};

use chrono::NaiveDate;
use joinedup_events::change::{Comparison, Decision, Planned};
use joinedup_events::{AreaId, EntityId, Slug};
use joinedup_views::decide::{
    ChartAction, ChartDecision, Command, CycleStep, RatingAction, RatingOfItem, Refusal,
    StepOfCycle, Subject, Undo, Undone,
};
use serde::Deserialize;
use uuid::Uuid;

/// What can be recorded of an area's item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RatingVerb {
    /// The area (or one rater) proposes a level.
    #[default]
    Propose,
    /// The round across areas keeps or changes it.
    Moderate,
    /// The level is published.
    Confirm,
    /// The level wanted by a date.
    Ambition,
    /// Evidence in words.
    Note,
    /// A point of the item's checklist is in place, or no longer.
    Tick,
    /// A review found something; without a note the finding is withdrawn.
    Finding,
}

/// Something to be recorded of an area's item.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RatingRequest {
    /// The code of an area of the register.
    pub area: String,
    /// The id of a framework; the logic model (`scie`) unless given.
    #[serde(default = "logic_model")]
    pub framework: String,
    /// The id of an item of the framework.
    pub item: String,
    /// The step to record.
    pub action: RatingVerb,
    /// The round; an ambition and a note have none.
    #[serde(default)]
    pub round: Option<String>,
    /// The level on the framework's scale; none: not rated.
    #[serde(default)]
    pub level: Option<u8>,
    /// The rater's code, where several rate before they agree.
    #[serde(default)]
    pub rater: Option<String>,
    /// Evidence or reasons in words.
    #[serde(default)]
    pub note: Option<String>,
    /// The date of an ambition.
    #[serde(default)]
    pub by: Option<NaiveDate>,
    /// The point of the checklist that is ticked.
    #[serde(default)]
    pub point: Option<String>,
    /// Whether the point is in place.
    #[serde(default)]
    pub done: Option<bool>,
    /// The code of a finding.
    #[serde(default)]
    pub finding: Option<String>,
    /// The nodes of the logic model that a finding speaks of; left out: those of its pathway.
    #[serde(default)]
    pub nodes: Vec<String>,
    /// The date on which it happened, where not today: a past round is entered with it.
    #[serde(default)]
    pub on: Option<NaiveDate>,
    /// The version that was read; 0 when nothing has been recorded of the item yet.
    pub version: u64,
}

fn logic_model() -> String {
    "scie".to_owned()
}

impl RatingRequest {
    /// The command.
    ///
    /// # Errors
    /// When a field that the action needs is left out or holds no identifier.
    pub fn command(&self, area: AreaId) -> Result<Command, Refusal> {
        let round = || {
            let what = "the round that this belongs to, such as 2026";
            slug("/round", needed("/round", self.round.as_deref(), what)?)
        };
        let note = || given(self.note.as_deref()).map(ToOwned::to_owned);
        let action = match self.action {
            RatingVerb::Propose => RatingAction::Propose {
                round: round()?,
                level: self.level,
                rater: optional("/rater", self.rater.as_deref())?,
                note: note(),
            },
            RatingVerb::Moderate => RatingAction::Moderate {
                round: round()?,
                level: self.level,
                note: note(),
            },
            RatingVerb::Confirm if self.level.is_some() => {
                return Err(Refusal::LevelOfConfirmation);
            }
            RatingVerb::Confirm => RatingAction::Confirm { round: round()? },
            RatingVerb::Ambition => RatingAction::SetAmbition {
                level: present("/level", self.level, "the level wanted")?,
                by: present("/by", self.by, "the date by which the level is wanted")?,
            },
            RatingVerb::Note => RatingAction::AddNote {
                note: needed("/note", self.note.as_deref(), "the evidence")?.to_owned(),
            },
            RatingVerb::Tick => RatingAction::Tick {
                point: slug(
                    "/point",
                    needed("/point", self.point.as_deref(), "the point")?,
                )?,
                done: present("/done", self.done, "true or false")?,
                note: note(),
            },
            RatingVerb::Finding => {
                let what = "a code for the finding, such as r2026-07";
                RatingAction::Find {
                    finding: slug(
                        "/finding",
                        needed("/finding", self.finding.as_deref(), what)?,
                    )?,
                    text: note(),
                    nodes: slugs("/nodes", &self.nodes)?,
                }
            }
        };
        Ok(Command {
            area,
            on: self.on,
            subject: Subject::Rating(RatingOfItem {
                framework: slug("/framework", &self.framework)?,
                item: slug("/item", &self.item)?,
                action,
            }),
        })
    }
}

/// What can be recorded of a change or a chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChangeVerb {
    /// A change is planned.
    #[default]
    Plan,
    /// Its test begins, or goes on after a pause.
    Start,
    /// It is interrupted.
    Pause,
    /// What was learnt so far is held against the prediction.
    Study,
    /// It ends, with a decision.
    Finish,
    /// The last step of a change is taken back, within ten minutes of its recording.
    Undo,
    /// A target is set.
    TargetSet,
    /// A new baseline is proposed.
    RebaseProposed,
    /// A proposed baseline is accepted.
    RebaseAccepted,
    /// A proposed baseline is declined.
    RebaseDeclined,
    /// A target or a baseline is withdrawn.
    Withdraw,
}

/// Something to be recorded of a change or a chart.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeRequest {
    /// The step to record.
    pub action: ChangeVerb,
    /// The area; of a change that was planned it may be left out.
    #[serde(default)]
    pub area: Option<String>,
    /// The change; of a plan it may be left out, and one is made.
    #[serde(default)]
    pub change: Option<String>,
    /// A short name for charts.
    #[serde(default)]
    pub title: Option<String>,
    /// What it is to achieve.
    #[serde(default)]
    pub aim: Option<String>,
    /// What the team expects to see, and by when.
    #[serde(default)]
    pub prediction: Option<String>,
    /// The role that leads it; never a person's name.
    #[serde(default)]
    pub led_by: Option<String>,
    /// The ids of the measures that it should move.
    #[serde(default)]
    pub measures: Vec<String>,
    /// The id of a change concept of the catalogue.
    #[serde(default)]
    pub concept: Option<String>,
    /// The ids of the items of the logic model that it works on.
    #[serde(default)]
    pub items: Vec<String>,
    /// A plan of a change that began on the same date.
    #[serde(default)]
    pub begun: bool,
    /// How it ended.
    #[serde(default)]
    pub decision: Option<Decision>,
    /// What was learnt.
    #[serde(default)]
    pub learnt: Option<String>,
    /// How what was learnt compares with the prediction.
    #[serde(default)]
    pub compared: Option<Comparison>,
    /// The id of the chart's measure.
    #[serde(default)]
    pub measure: Option<String>,
    /// The target, in the measure's unit; a share is from 0 to 1.
    #[serde(default)]
    pub target: Option<f64>,
    /// The first date that a target or a baseline holds for.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// The reason, in words.
    #[serde(default)]
    pub reason: Option<String>,
    /// Where the target or baseline stands that is withdrawn.
    #[serde(default)]
    pub position: Option<u64>,
    /// The date on which it happened, where not today.
    #[serde(default)]
    pub on: Option<NaiveDate>,
    /// The version that was read; left out, what others recorded meanwhile does not matter.
    #[serde(default)]
    pub version: Option<u64>,
}

impl ChangeRequest {
    /// The command. A plan without an id gets one from `new_id`.
    ///
    /// # Errors
    /// When a field that the action needs is left out or holds no identifier.
    pub fn command(&self, area: AreaId, new_id: Uuid) -> Result<Command, Refusal> {
        let chart = |action| self.chart(action);
        let subject = match self.action {
            ChangeVerb::Plan => self.step(self.plan()?, Some(new_id))?,
            ChangeVerb::Start => self.step(CycleStep::Begin, None)?,
            ChangeVerb::Pause => self.step(CycleStep::Pause, None)?,
            ChangeVerb::Finish => {
                let what = "adopt, adapt or abandon";
                let decision = present("/decision", self.decision, what)?;
                let learnt = given(self.learnt.as_deref()).map(ToOwned::to_owned);
                self.step(CycleStep::Finish { decision, learnt }, None)?
            }
            ChangeVerb::Study => {
                let learnt = needed("/learnt", self.learnt.as_deref(), "what was learnt")?;
                let (learnt, compared) = (learnt.to_owned(), self.compared);
                self.step(CycleStep::Study { learnt, compared }, None)?
            }
            ChangeVerb::Undo => Subject::Undo(Undo::of(Undone::LastStep(self.change(None)?))),
            ChangeVerb::Withdraw => {
                let measure = needed("/measure", self.measure.as_deref(), "the chart's measure")?;
                let what = "where the target or baseline stands, as GET /api/v1/changes gives it";
                Subject::Undo(Undo::of(Undone::Decision {
                    measure: slug("/measure", measure)?,
                    position: present("/position", self.position, what)?,
                }))
            }
            ChangeVerb::TargetSet => {
                let what = "the target in the measure's unit; a share is 0 to 1";
                chart(ChartAction::SetTarget(present(
                    "/target",
                    self.target,
                    what,
                )?))?
            }
            ChangeVerb::RebaseProposed => chart(ChartAction::ProposeBaseline)?,
            ChangeVerb::RebaseAccepted => chart(ChartAction::AcceptBaseline)?,
            ChangeVerb::RebaseDeclined => chart(ChartAction::DeclineBaseline)?,
        };
        Ok(Command {
            area,
            on: self.on,
            subject,
        })
    }

    fn plan(&self) -> Result<CycleStep, Refusal> {
        let title = needed("/title", self.title.as_deref(), "a short name for charts")?;
        let plan = Planned {
            title: title.to_owned(),
            aim: given(self.aim.as_deref()).map(ToOwned::to_owned),
            measures: slugs("/measures", &self.measures)?,
            concept: optional("/concept", self.concept.as_deref())?,
            items: slugs("/items", &self.items)?,
            prediction: given(self.prediction.as_deref()).map(ToOwned::to_owned),
            led_by: given(self.led_by.as_deref()).map(ToOwned::to_owned),
        };
        Ok(CycleStep::Plan {
            plan,
            begun: self.begun,
        })
    }

    fn step(&self, step: CycleStep, new_id: Option<Uuid>) -> Result<Subject, Refusal> {
        let change = self.change(new_id)?;
        Ok(Subject::Cycle(StepOfCycle { change, step }))
    }

    fn change(&self, new_id: Option<Uuid>) -> Result<EntityId, Refusal> {
        let made = new_id.map(|id| format!("change-{id}"));
        let id = given(self.change.as_deref()).or(made.as_deref());
        let id = needed("/change", id, "the id that the plan was answered with")?;
        let field = "/change";
        EntityId::new(id).map_err(|rule| Refusal::NotAName { field, rule })
    }

    fn chart(&self, action: ChartAction) -> Result<Subject, Refusal> {
        let measure = needed("/measure", self.measure.as_deref(), "the chart's measure")?;
        let reason = needed("/reason", self.reason.as_deref(), "why, in a sentence")?;
        Ok(Subject::Chart(ChartDecision {
            measure: slug("/measure", measure)?,
            from: present("/from", self.from, "the first date that it holds for")?,
            reason: reason.to_owned(),
            action,
        }))
    }
}

fn slugs(field: &'static str, names: &[String]) -> Result<Vec<Slug>, Refusal> {
    names.iter().map(|n| slug(field, n)).collect()
}

/// A text without spaces around it; none when nothing is left.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn present<T>(field: &'static str, value: Option<T>, what: &'static str) -> Result<T, Refusal> {
    value.ok_or(Refusal::Missing { field, what })
}

fn needed<'a>(
    field: &'static str,
    text: Option<&'a str>,
    what: &'static str,
) -> Result<&'a str, Refusal> {
    present(field, given(text), what)
}

fn slug(field: &'static str, text: &str) -> Result<Slug, Refusal> {
    Slug::new(text).map_err(|rule| Refusal::NotAName { field, rule })
}

fn optional(field: &'static str, text: Option<&str>) -> Result<Option<Slug>, Refusal> {
    given(text).map(|text| slug(field, text)).transpose()
}
