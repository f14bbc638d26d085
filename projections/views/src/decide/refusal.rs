//! Why something is not recorded, each with the field that is in the way and a rule to be read after its name.

use chrono::NaiveDate;
use joinedup_events::Slug;
use joinedup_events::id::IdError;

/// Why a command is refused. As text it is the rule that the field breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A field is left out.
    #[error("is needed: {what}")]
    Missing {
        /// The field.
        field: &'static str,
        /// What the field must hold.
        what: &'static str,
    },
    /// A field that names something does not hold an identifier.
    #[error("{rule}")]
    NotAName {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        rule: IdError,
    },
    /// A field does not hold what it is for.
    #[error("must be {what}")]
    Malformed {
        /// The field.
        field: &'static str,
        /// What it must be.
        what: &'static str,
    },
    /// The date on which it happened has not come yet.
    #[error("must not lie in the future: what is recorded has happened")]
    InTheFuture,
    /// No such framework.
    #[error("must be a framework of the catalogue; GET /api/v1/frameworks lists them")]
    UnknownFramework,
    /// A framework that is not for rating.
    #[error("must be a framework that areas are rated by: this one is not rated")]
    NotForRating,
    /// No such item.
    #[error("must be an item of the framework")]
    UnknownItem,
    /// A point that is on no checklist of the item.
    #[error("must be a point of the item's checklist; GET /api/v1/checklists lists them")]
    UnknownPoint,
    /// A framework that holds no findings.
    #[error("must be a framework of findings; GET /api/v1/frameworks lists them")]
    NotForFindings,
    /// An item of a plan with the id of something else.
    #[error("must begin with plan/: that is how items of a plan are named")]
    NotOfAPlan,
    /// No such item of a plan.
    #[error("must be an item of a plan: there is no such item; set it first")]
    UnknownPlanItem,
    /// A level that the framework does not have.
    #[error("must be between {lowest} and {highest}: the framework has no other level")]
    OffTheScale {
        /// The lowest level.
        lowest: u8,
        /// The highest level.
        highest: u8,
    },
    /// The round has nothing that could be moderated or published.
    #[error("must follow a proposal of the area in round {round}; there is none by {by}")]
    NothingProposed {
        /// The round.
        round: Slug,
        /// The date in question.
        by: NaiveDate,
    },
    /// A confirmation with a level of its own.
    #[error("must be left out: what is published is the level that stands")]
    LevelOfConfirmation,
    /// An ambition for a date that has passed.
    #[error("must lie in the future: after {set_on}, on which the ambition is set")]
    AmbitionNotAhead {
        /// The date on which it is set.
        set_on: NaiveDate,
    },
    /// A change with the id of something else.
    #[error("must not begin with chart/, source/ or plan/: those name other things")]
    IdOfAChart,
    /// No such change.
    #[error("must be a change that was planned: there is no such change; plan it first")]
    UnknownChange,
    /// A change of another area.
    #[error("must be the area that the change was planned for")]
    OtherArea,
    /// A step of a change that has not begun.
    #[error("must follow a start; the change has not begun")]
    ChangeNotBegun,
    /// A step before the start of its change.
    #[error("must not be before the day on which the change began")]
    BeforeStart,
    /// A pause of a change that is paused.
    #[error("must follow a start; the change is paused already")]
    ChangePaused,
    /// A start before the pause that it ends, or an end before a pause or a return to it.
    #[error("must not be before the day on which the change was last paused or taken up again")]
    BeforePause,
    /// A step of a change that is over.
    #[error("must come before the finish; the change has finished")]
    ChangeFinished,
    /// No such measure. Holds the field.
    #[error("must be a known measure; GET /api/v1/measures lists them")]
    UnknownMeasure(String),
    /// No such node of the logic model. Holds the field.
    #[error("must be an item of the logic model; GET /api/v1/outcomes lists them")]
    UnknownNode(String),
    /// No such change concept.
    #[error("must be a change concept of the catalogue; GET /api/v1/frameworks lists them")]
    UnknownConcept,
    /// A target outside 0 to 1 for a share.
    #[error("must be between 0 and 1 (0 and 100 per cent): the measure is a share")]
    TargetNotAShare,
    /// A target that no value of the measure can reach.
    #[error("must not be less than zero: the measure counts or times what happened")]
    TargetBelowZero,
    /// A target that is not an amount.
    #[error("must be a number below a million million")]
    TargetTooLarge,
    /// A baseline that is there already is proposed.
    #[error("must be another date: a baseline from that date is in force")]
    BaselineInForce,
    /// A baseline would begin before the first number of the chart, or after its last period.
    #[error("must be a day of this chart with numbers before it: the chart would stay as it is")]
    BaselineDividesNothing,
    /// Nothing stands that could be taken back.
    #[error(
        "must follow something that stands: it was taken back already, or nothing was recorded"
    )]
    NothingToUndo,
    /// The last step was recorded too long ago.
    #[error("must come within {minutes} minutes of the step: record what follows from it instead")]
    TooLateToUndo {
        /// The time for it.
        minutes: i64,
    },
    /// No decision of the chart stands at that position.
    #[error("must be the position of a target or a baseline of this chart that stands")]
    NoSuchDecision,
    /// A baseline that nobody proposed is accepted or declined.
    #[error("must be the date of a baseline that was proposed for this chart and waits")]
    NoBaselineWaits,
}

impl Refusal {
    /// The field that is in the way, as a JSON pointer into the command.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::Missing { field, .. }
            | Self::NotAName { field, .. }
            | Self::Malformed { field, .. } => field,
            Self::InTheFuture | Self::BeforeStart | Self::BeforePause => "/on",
            Self::UnknownFramework | Self::NotForRating | Self::NotForFindings => "/framework",
            Self::UnknownPoint => "/point",
            Self::NotOfAPlan | Self::UnknownPlanItem => "/plan_item",
            Self::UnknownItem => "/item",
            Self::OffTheScale { .. } | Self::LevelOfConfirmation => "/level",
            Self::AmbitionNotAhead { .. } => "/by",
            Self::IdOfAChart | Self::UnknownChange => "/change",
            Self::OtherArea => "/area",
            Self::NothingProposed { .. }
            | Self::ChangeNotBegun
            | Self::ChangePaused
            | Self::ChangeFinished
            | Self::NothingToUndo
            | Self::TooLateToUndo { .. } => "/action",
            Self::NoSuchDecision => "/position",
            Self::UnknownMeasure(field) | Self::UnknownNode(field) => field,
            Self::UnknownConcept => "/concept",
            Self::TargetNotAShare | Self::TargetBelowZero | Self::TargetTooLarge => "/target",
            Self::BaselineInForce | Self::BaselineDividesNothing | Self::NoBaselineWaits => "/from",
        }
    }
}
