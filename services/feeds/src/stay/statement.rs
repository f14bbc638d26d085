//! What is stated of a stay, whichever standard it came in. Nothing that names a person is in it but keyed hashes, and no text.

use crate::line_list::moment::Moment;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use joinedup_events::reason::Reason;
use joinedup_events::transfer::{AdmissionMethod, DischargeMethod, Pathway};
use joinedup_events::{AreaId, EntityId, Slug};

/// What happened that a system speaks of a stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Somebody was admitted (HL7: A01).
    Admit,
    /// Somebody becomes an inpatient (A06): they are in a bed, whatever was said of their leaving it.
    Inpatient,
    /// Somebody is in the bed, and was not taken out of it by mistake (an Encounter that is in progress).
    Present,
    /// Somebody left (A03, and A07, where an inpatient becomes an outpatient).
    Discharge,
    /// Something about the stay is stated again (A02, A04, A08, A12).
    Update,
    /// The admission was entered in error (A11).
    CancelAdmit,
    /// The discharge was entered in error (A13).
    CancelDischarge,
}

impl Trigger {
    /// Of the code of an event of HL7 v2; none of those that say nothing of a stay.
    ///
    /// A40 merges two people: stays have names of their own, so nothing changes.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        Some(match code {
            "A01" => Self::Admit,
            "A06" => Self::Inpatient,
            "A03" | "A07" => Self::Discharge,
            "A02" | "A04" | "A08" | "A12" => Self::Update,
            "A11" => Self::CancelAdmit,
            "A13" => Self::CancelDischarge,
            _ => return None,
        })
    }

    /// Whether it says that somebody came in.
    #[must_use]
    pub fn admits(self) -> bool {
        matches!(self, Self::Admit | Self::Inpatient)
    }

    /// Whether it says that somebody came in, or that somebody who was in has left.
    #[must_use]
    pub fn may_begin(self) -> bool {
        self.admits() || matches!(self, Self::Present | Self::Discharge)
    }
}

/// What is said of something that may be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stated<T> {
    /// Nothing.
    Nothing,
    /// It is taken back.
    Withdrawn,
    /// This.
    Is(T),
}

/// Whether the person meets the criteria to reside, and from which date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// No longer meets them.
    pub ready: bool,
    /// From then on.
    pub date: NaiveDate,
    /// The date is given with it, so another one corrects it.
    pub dated: bool,
}

/// What a message or a resource says of a stay.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Why it was made.
    pub trigger: Trigger,
    /// Hashes of what names the stay, by today's key and the one before; what names it best comes first.
    pub spell: Vec<String>,
    /// The stay has no number here: it is named by the person and when it began, which may be put right later.
    pub unnumbered: bool,
    /// Hashes of the person, likewise; none where it does not say. They go no further than the feed.
    pub person: Vec<String>,
    /// The stay of the same person before, where this is a return.
    pub previous: Option<EntityId>,
    /// Whether the person is in a bed, where it says so.
    pub inpatient: Option<bool>,
    /// When it was recorded.
    pub recorded: DateTime<Utc>,
    /// It may have been so much later.
    pub within: TimeDelta,
    /// When it happened.
    pub happened: Option<DateTime<Utc>>,
    /// When the stay began.
    pub admitted: Option<DateTime<Utc>>,
    /// How the person came in.
    pub method: Option<AdmissionMethod>,
    /// The hospital that the person lies in.
    pub hospital: Option<AreaId>,
    /// When it ended.
    pub discharged: Option<Moment>,
    /// How the person left.
    pub discharge_method: Option<DischargeMethod>,
    /// Where to.
    pub destination: Option<Slug>,
    /// The person died.
    pub died: bool,
    /// When the person died.
    pub died_at: Option<Moment>,
    /// The expected date of discharge.
    pub expected: Stated<NaiveDate>,
    /// Readiness.
    pub readiness: Stated<Readiness>,
    /// That the person meets the criteria again is taken back, whatever else is said of readiness.
    pub not_ready_withdrawn: bool,
    /// The pathway.
    pub pathway: Stated<Pathway>,
    /// The ward.
    pub ward: Stated<Slug>,
    /// The reason for the delay.
    pub reason: Stated<Reason>,
    /// What is to be known of it although all that it says is taken.
    pub remark: Option<Fault>,
    /// What could not be read: it is left out.
    pub faults: Vec<Fault>,
}

/// A place that is not right, and why. No text holds what stands there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} {sentence}")]
pub struct Fault {
    /// The place.
    pub place: String,
    /// What is wrong, as a sentence that goes on from it.
    pub sentence: &'static str,
}
