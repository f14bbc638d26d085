//! Quantities: what can be counted, in code. Measures, which are data, choose among them.

use serde::{Deserialize, Serialize};

/// What a quantity's cells hold, and what their date is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Things that happened on the date.
    Count,
    /// Cases of a proportion: `value` met of `denominator`.
    Proportion,
    /// Durations or scores that were complete on the date.
    Values,
    /// Durations of everything that *began* on the date; what has not ended yet is [`crate::tally::OPEN`].
    Cohort,
    /// Changes of a stock: its level is the running sum.
    Level,
    /// Amounts that somebody else added up, in millionths.
    Amount,
    /// Totals with their n, for a mean.
    Total,
}

/// The unit of a quantity's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Whole things.
    Items,
    /// Days, by local date.
    Days,
    /// Minutes.
    Minutes,
    /// Points of a scale.
    Points,
}

macro_rules! quantities {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal, $kind:ident, $unit:ident, [$($dimension:literal),*]; )+) => {
        /// A coded quantity.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Quantity { $( $(#[$doc])* $variant ),+ }

        impl Quantity {
            /// All of them.
            pub const ALL: &'static [Quantity] = &[ $( Quantity::$variant ),+ ];

            /// The name that measures use.
            #[must_use]
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name ),+ } }

            /// What its cells hold.
            #[must_use]
            pub const fn kind(self) -> Kind { match self { $( Self::$variant => Kind::$kind ),+ } }

            /// The unit of its values.
            #[must_use]
            pub const fn unit(self) -> Unit { match self { $( Self::$variant => Unit::$unit ),+ } }

            /// What it is broken down by, in alphabetical order.
            #[must_use]
            pub const fn dimensions(self) -> &'static [&'static str] { match self { $( Self::$variant => &[$($dimension),*] ),+ } }
        }
    };
}

quantities! {
    /// Days from ready to out, of each stay of a night or more that ended on the date otherwise than by death; no ready date counts as 0.
    DelayDays = "transfer.delay_days", Values, Days, ["pathway", "reason", "responsible"];
    /// People ready and not out: the night of a date counts when ready ≤ date < out.
    Waiting = "transfer.waiting", Level, Items, ["pathway", "reason", "responsible"];
    /// Length of each wait that began on the date, by local dates.
    WaitDays = "transfer.wait_days", Cohort, Days, ["pathway"];
    /// Social care referral received to assessment finished, finished on the date.
    AssessmentMinutes = "transfer.assessment_minutes", Values, Minutes, [];
    /// Assessment finished to package agreed, agreed on the date.
    PackageMinutes = "transfer.package_minutes", Values, Minutes, [];
    /// Spells that were 24 hours old on the date: expected date set within them, or not.
    ExpectedWithin24h = "transfer.expected_within_24h", Proportion, Items, [];
    /// Discharge date minus first expected date.
    ExpectedSlipDays = "transfer.expected_slip_days", Values, Days, [];
    /// Discharge notices given on the date: a day or more ahead, or not.
    NoticeLead = "transfer.notice_lead", Proportion, Items, [];
    /// Discharge notices given on the date: called off later, or not.
    NoticeCalledOff = "transfer.notice_called_off", Proportion, Items, [];
    /// People who left on the date, otherwise than by death.
    Discharges = "transfer.discharges", Count, Items, ["admission", "clock", "day", "pathway"];
    /// Of the same people those of whom it is known how they came in, and came back if they did: back as an emergency within 30
    /// days, or not.
    Readmitted30 = "transfer.readmitted_30", Proportion, Items, [];
    /// People admitted on the date.
    Admissions = "transfer.admissions", Count, Items, ["admission"];
    /// Referrals that arrived on the date.
    Received = "referral.received", Count, Items, ["hours", "priority", "service", "trigger"];
    /// Received to triaged, triaged on the date.
    TriageMinutes = "referral.triage_minutes", Values, Minutes, ["service"];
    /// Received to first discussed, discussed on the date.
    DiscussionMinutes = "referral.discussion_minutes", Values, Minutes, ["service"];
    /// Received to first discussed, of those received on the date.
    ToDiscussionMinutes = "referral.to_discussion_minutes", Cohort, Minutes, ["priority", "service"];
    /// Decisions on referrals on the date.
    Decisions = "referral.decisions", Count, Items, ["outcome", "reason"];
    /// Accepted to plan agreed, of those accepted on the date.
    ToPlanMinutes = "referral.to_plan_minutes", Cohort, Minutes, ["service"];
    /// Plans agreed on the date.
    Plans = "referral.plans", Count, Items, ["agreed_by", "personal_budget"];
    /// Actions due on the date and not cancelled: done by then, or not.
    ActionsOnTime = "referral.actions_on_time", Proportion, Items, ["owner"];
    /// Need identified to first face-to-face contact, of referrals whose clock started on the date. Without those whose contact
    /// is dated more than a day before the need.
    ToContactMinutes = "referral.to_contact_minutes", Cohort, Minutes, ["hours", "priority", "service"];
    /// Midnights from need identified to the first face-to-face contact, of reablement that started on the date.
    ReablementMidnights = "referral.reablement_midnights", Values, Days, [];
    /// Urgent crisis and reablement referrals that arrived outside Monday to Friday 08–18: target met, or not.
    OutOfHoursMet = "referral.out_of_hours_met", Proportion, Items, ["service"];
    /// Request to decision, of joint-budget requests decided on the date.
    ResourceMinutes = "referral.resource_minutes", Values, Minutes, [];
    /// Joint-budget requests decided on the date: granted, or not.
    ResourceGranted = "referral.resource_granted", Proportion, Items, [];
    /// Team discussions on the date.
    Discussions = "referral.discussions", Count, Items, ["both_sectors", "outcome", "shared_record"];
    /// Referrals open at the end of the date.
    Caseload = "referral.caseload", Level, Items, ["service"];
    /// Referrals closed on the date, otherwise than by death, and not declined: referred again within 90 days, or not.
    Rereferred90 = "referral.rereferred_90", Proportion, Items, [];
    /// Areas that stand at a level of an item (published).
    AssessmentLevel = "assessment.level", Level, Items, ["framework", "item", "level"];
    /// Levels moved up (value) and down (denominator) by a publication on the date.
    AssessmentMoves = "assessment.moves", Total, Items, ["framework", "item"];
    /// Levels moderated on the date: changed, or not.
    AssessmentModerated = "assessment.moderated", Proportion, Items, ["framework", "item"];
    /// Days since the item was last published: the cohort of publications, each ended by the next.
    AssessmentAgeDays = "assessment.age_days", Cohort, Days, ["framework", "item"];
    /// Gap between ambition and level of items, on days it changes.
    AssessmentGap = "assessment.gap", Level, Points, ["framework", "item"];
    /// Items with an ambition, on days it changes.
    AssessmentAmbitions = "assessment.ambitions", Level, Items, ["framework", "item"];
    /// Answers given on the date, as scores of the item's scale; not-applicable left out.
    Answers = "experience.answers", Values, Points, ["carer", "instrument", "item", "mode"];
    /// Sums of a complete scale's items, of responses on the date.
    ScaleScores = "experience.scale_scores", Values, Points, ["instrument", "scale"];
    /// Responses on the date.
    Responses = "experience.responses", Count, Items, ["carer", "instrument", "mode", "respondent"];
    /// Invitations sent on the date.
    Invitations = "experience.invitations", Count, Items, ["instrument"];
    /// Comments coded on the date.
    Comments = "experience.comments", Count, Items, ["instrument"];
    /// Comments coded to a theme on the date.
    Themes = "experience.themes", Count, Items, ["instrument", "theme"];
    /// Sum of the item means of team members' answers (in hundredths), with how many members.
    TeamClimate = "experience.team_climate", Total, Points, ["team"];
    /// Days from start to finish of cycles that finished on the date.
    CycleDays = "change.cycle_days", Values, Days, [];
    /// Cycles running.
    CyclesRunning = "change.running", Level, Items, [];
    /// Cycles that finished on the date.
    CyclesFinished = "change.finished", Count, Items, ["decision"];
}

impl Quantity {
    /// The cohort of the same durations: of everything that began, and with what has not ended yet. A share within a limit
    /// is one of those; of what has ended it would leave out who waits longest.
    #[must_use]
    pub const fn cohort(self) -> Option<Self> {
        match self {
            Self::DiscussionMinutes => Some(Self::ToDiscussionMinutes),
            _ => None,
        }
    }

    /// Whether a case of a date may yet be met until the end of it: while the date lasts, what is not met is not missed.
    #[must_use]
    pub const fn is_open_all_day(self) -> bool {
        matches!(self, Self::ExpectedWithin24h | Self::ActionsOnTime)
    }

    /// What its cells are broken down by besides, where the events of an entity say so, in alphabetical order: which people
    /// it is about, and from which sector a referral came. What says neither counts in the whole alone.
    #[must_use]
    pub fn stated_dimensions(self) -> &'static [&'static str] {
        match self.name().split_once('.') {
            Some(("referral", _)) => &[POPULATION, SECTOR],
            Some(("transfer" | "experience", _)) => &[POPULATION],
            _ => &[],
        }
    }

    /// All that it can be filtered by.
    pub fn filters(self) -> impl Iterator<Item = &'static str> {
        let stated = self.stated_dimensions().iter();
        self.dimensions().iter().chain(stated).copied()
    }

    /// The quantity of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|q| q.name() == name)
    }
}

/// The dimension that says which people: the id of a population of the catalogue.
pub const POPULATION: &str = "population";

/// The dimension that says which sector a referral came from.
pub const SECTOR: &str = "sector";

/// The name under which an observed series is kept: `observation.<series>`.
pub const OBSERVATION_PREFIX: &str = "observation.";

/// Before a series, of the cells that count its amounts that the publisher suppressed. No measure reads them.
pub const SUPPRESSED_PREFIX: &str = "observation-suppressed.";

/// The cells that count [`crate::contradictions`], by kind and source. No measure reads them.
pub const CONTRADICTIONS: &str = "contradictions";

/// Before a series, of the cells that count its amounts that are provisional. No measure reads them.
pub const PROVISIONAL_PREFIX: &str = "observation-provisional.";

/// Before a series, of the cells that count its amounts that the publisher says are missing. No measure reads them.
pub const MISSING_PREFIX: &str = "observation-missing.";

/// A quantity and, where it is observed, the names under which its suppressed, provisional and missing amounts are counted.
#[must_use]
pub fn with_marks(quantity: &str) -> Vec<String> {
    let series = quantity.strip_prefix(OBSERVATION_PREFIX);
    let marks = [SUPPRESSED_PREFIX, PROVISIONAL_PREFIX, MISSING_PREFIX];
    let of_series = |series: &str| marks.map(|prefix| format!("{prefix}{series}"));
    let marks = series.map(of_series).into_iter().flatten();
    std::iter::once(quantity.to_owned()).chain(marks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_dimensions_in_order() {
        for quantity in Quantity::ALL {
            assert_eq!(Quantity::from_name(quantity.name()), Some(*quantity));
            assert!(quantity.dimensions().is_sorted(), "{}", quantity.name());
        }
    }
}
