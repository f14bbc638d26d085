//! Transfers of care: one spell in a hospital bed, from admission to leaving it, and what held it up.
//!
//! Standards behind the facts: NHS Data Dictionary (Hospital Provider Spell, Discharge Ready Date), HL7 v2 ADT
//! (A01, A03, A11, A13, PV2-9), Care Act 2014 Schedule 3 for the notices.

use crate::facts::{Happened, Retracted, codes, facts, payload};
use crate::id::{AreaId, EntityId, Slug};
use crate::reason::{Reason, Responsible};
use chrono::NaiveDate;

codes! {
    /// How the person came in.
    AdmissionMethod {
        /// As an emergency.
        Emergency = "emergency",
        /// Planned.
        Elective = "elective",
        /// Any other way, such as a birth or a move from another hospital.
        Other = "other",
        /// Not recorded: then it cannot be known whether somebody came back as an emergency.
        Unknown = "unknown",
    }
}

codes! {
    /// Where care goes on after the bed (NHS England discharge pathways).
    Pathway {
        /// Home or usual place, no new support.
        P0 = "0",
        /// Home with new, extra or restarted support.
        P1 = "1",
        /// A short-term bed with rehabilitation or recovery.
        P2 = "2",
        /// A 24-hour bed, typically a first care home.
        P3 = "3",
    }
}

codes! {
    /// How the stay ended.
    DischargeMethod {
        /// Agreed discharge.
        Agreed = "agreed",
        /// The person or a relative ended the stay.
        SelfDischarge = "self",
        /// The person died.
        Died = "died",
        /// Another way.
        Other = "other",
    }
}

payload! {
    /// The spell starts: a clinician takes responsibility after the decision to admit (`time`).
    Admitted {
        /// The hospital, as an area of that kind.
        #[serde(default)]
        hospital: Option<AreaId>,
        /// How the person came in.
        method: AdmissionMethod,
        /// The transfer that this person left hospital from last, if this is a return within 30 days.
        #[serde(default)]
        previous: Option<EntityId>,
        /// Which people the person is one of, by the id of a population of the catalogue.
        #[serde(default)]
        population: Option<Slug>,
    }
}
payload! {
    /// An expected date of discharge, set or changed. The first one is the estimate at admission.
    ExpectedDateSet {
        /// The day the person is expected to leave.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        expected: NaiveDate,
    }
}
payload! {
    /// The person no longer meets the criteria to reside in an acute bed.
    Ready {
        /// From this local date.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        date: NaiveDate,
    }
}
payload! {
    /// The person meets the criteria to reside again.
    NotReady {
        /// From this local date.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        date: NaiveDate,
    }
}
payload! {
    /// Why the transfer waits and whose move it is, from a date on.
    DelayReasonSet {
        /// The first local date that the reason stands for.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        date: NaiveDate,
        /// The principal reason.
        reason: Reason,
        /// Who is responsible; only bodies that the reason allows.
        responsible: Responsible,
    }
}
payload! {
    /// A further reason why the transfer waits, beside the principal one, and whose move that is, from a date on.
    DelayReasonAdded {
        /// The first local date that the reason stands for.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        date: NaiveDate,
        /// The further reason.
        reason: Reason,
        /// Who is responsible; only bodies that the reason allows.
        responsible: Responsible,
    }
}
payload! {
    /// A further reason no longer stands.
    DelayReasonEnded {
        /// The first local date that it no longer stands for.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        date: NaiveDate,
        /// The further reason.
        reason: Reason,
    }
}
payload! {
    /// The council is given notice of a proposed discharge.
    DischargeNoticeGiven {
        /// The proposed day.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        proposed: NaiveDate,
    }
}
payload! {
    /// The pathway out, decided or changed.
    PathwaySet {
        /// From this local date.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        date: NaiveDate,
        /// The pathway.
        pathway: Pathway,
    }
}
payload! {
    /// The person lies on another ward than before, or on the first of the stay (`time`).
    WardSet {
        /// The ward's code in its hospital, such as `ward-7`: small letters, digits and hyphens.
        ward: crate::id::Slug,
    }
}
payload! {
    /// The person leaves the bed (`time`).
    Discharged {
        /// How the stay ended.
        method: DischargeMethod,
        /// National code of the destination, e.g. `19` for the usual place of residence.
        #[serde(default)]
        destination: Option<crate::id::Slug>,
        /// Only the date is known: `time` is then midnight, and counts of the hour leave this discharge out.
        #[serde(default)]
        date_only: bool,
    }
}

facts! {
    /// The facts about a transfer.
    TransferFact {
        /// The spell started.
        Admitted(Admitted) = "admitted" v 1,
        /// An expected date of discharge.
        ExpectedDateSet(ExpectedDateSet) = "expected-date-set" v 1,
        /// The council was given notice that the person is likely to need care.
        AssessmentNoticeGiven(Happened) = "assessment-notice-given" v 1,
        /// The council or the transfer hub received the referral.
        SocialCareReferred(Happened) = "social-care-referred" v 1,
        /// The needs assessment started.
        AssessmentStarted(Happened) = "assessment-started" v 1,
        /// The needs assessment finished.
        AssessmentFinished(Happened) = "assessment-finished" v 1,
        /// Ready to leave.
        Ready(Ready) = "ready" v 1,
        /// Not ready after all.
        NotReady(NotReady) = "not-ready" v 1,
        /// The reason for the delay. Version 1 had the DTOC letter and `attributable_to`.
        DelayReasonSet(DelayReasonSet) = "delay-reason-set" v 2,
        /// The care package or placement was agreed.
        PackageAgreed(Happened) = "package-agreed" v 1,
        /// Discharge notice given.
        DischargeNoticeGiven(DischargeNoticeGiven) = "discharge-notice-given" v 1,
        /// Discharge notice withdrawn: the discharge was called off.
        DischargeNoticeWithdrawn(Happened) = "discharge-notice-withdrawn" v 1,
        /// The pathway out.
        PathwaySet(PathwaySet) = "pathway-set" v 1,
        /// The ward.
        WardSet(WardSet) = "ward-set" v 1,
        /// Left the bed.
        Discharged(Discharged) = "discharged" v 1,
        /// The admission was entered in error. One that named a `previous` is taken back with a retraction that names it
        /// too: the stay before it gets no other fact, and would still count as followed by a return.
        Cancelled(Happened) = "cancelled" v 1,
        /// The discharge was entered in error.
        DischargeReversed(Happened) = "discharge-reversed" v 1,
        /// An event about this transfer is taken back.
        Retracted(Retracted) = "retracted" v 1,
        /// A further reason for the delay, beside the principal one.
        DelayReasonAdded(DelayReasonAdded) = "delay-reason-added" v 1,
        /// A further reason no longer stands.
        DelayReasonEnded(DelayReasonEnded) = "delay-reason-ended" v 1,
    }
}
