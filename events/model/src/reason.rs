//! Why a transfer is delayed, and whose move it is.
//!
//! Two code sets live side by side: the eleven reasons of the delayed-transfers collection (to February 2020),
//! each with the bodies that may be responsible, and the 37 of today's acute discharge return, which are
//! published without attribution.

use crate::facts::codes;

codes! {
    /// Who can move the transfer on.
    Responsible {
        /// The NHS alone.
        Nhs = "nhs",
        /// Social care alone.
        SocialCare = "social-care",
        /// Both together; counted once, never split.
        Both = "both",
        /// Not recorded.
        Unattributed = "unattributed",
    }
}

codes! {
    /// The principal reason for a delay: first the eleven DTOC reasons, then today's 37 in five families.
    Reason {
        /// DTOC A: assessment not finished.
        AssessmentIncomplete = "assessment-incomplete",
        /// DTOC B: waiting for public funding.
        PublicFunding = "public-funding",
        /// DTOC C: further NHS care that is not acute.
        FurtherNhsCare = "further-nhs-care",
        /// DTOC Di: a residential home place.
        ResidentialHome = "residential-home",
        /// DTOC Dii: a nursing home place.
        NursingHome = "nursing-home",
        /// DTOC E: a care package at home.
        HomeCarePackage = "home-care-package",
        /// DTOC F: equipment or adaptations.
        EquipmentAdaptations = "equipment-adaptations",
        /// DTOC G: the patient's or the family's choice.
        PatientFamilyChoice = "patient-family-choice",
        /// DTOC H: a dispute.
        Disputes = "disputes",
        /// DTOC I: housing, outside the Care Act.
        HousingNotCareAct = "housing-not-care-act",
        /// DTOC O: other (collected from April 2017, non-acute care only).
        Other = "other",
        /// Therapy review pending.
        Hp1 = "HP1",
        /// Medical review pending.
        Hp2 = "HP2",
        /// Referral to the care transfer hub pending.
        Hp3 = "HP3",
        /// Patient transport.
        Hp4 = "HP4",
        /// Medicines or discharge papers.
        Hp5 = "HP5",
        /// Infection control hold.
        Hp6 = "HP6",
        /// Formal decision or results pending.
        Hp7 = "HP7",
        /// Family or patient doubts readiness.
        Wc1 = "WC1",
        /// Safeguarding concern.
        Wc2 = "WC2",
        /// Mental capacity decision.
        Wc3 = "WC3",
        /// Destination not ready.
        Wc4 = "WC4",
        /// Needs and pathway unconfirmed.
        Cth1 = "CTH1",
        /// Hub referrals outstanding.
        Cth2 = "CTH2",
        /// Funding eligibility unconfirmed.
        Cth3 = "CTH3",
        /// Home reablement being arranged.
        Ip1 = "IP1",
        /// Home social care being arranged.
        Ip2 = "IP2",
        /// Home community health being arranged.
        Ip3 = "IP3",
        /// Housing for a homeless person being arranged.
        Ip4 = "IP4",
        /// Bed-based rehabilitation being arranged.
        Ip5 = "IP5",
        /// Care home being arranged.
        Ip6 = "IP6",
        /// End-of-life care being arranged.
        Ip7 = "IP7",
        /// The provider asked for more.
        Ip8 = "IP8",
        /// No recourse to public funds.
        Ip9 = "IP9",
        /// Self-funded package being arranged.
        Ip10 = "IP10",
        /// Choice discussions continuing.
        Ip11 = "IP11",
        /// Out-of-area arrangements open.
        Ip12 = "IP12",
        /// No home reablement capacity.
        Cap1 = "CAP1",
        /// No home social care capacity.
        Cap2 = "CAP2",
        /// No home community health capacity.
        Cap3 = "CAP3",
        /// No housing available.
        Cap4 = "CAP4",
        /// No bed-based rehabilitation capacity.
        Cap5 = "CAP5",
        /// No mental health bed.
        Cap6 = "CAP6",
        /// No care home capacity.
        Cap7 = "CAP7",
        /// No end-of-life care capacity.
        Cap8 = "CAP8",
        /// Adaptations unfinished.
        Cap9 = "CAP9",
        /// Equipment undelivered.
        Cap10 = "CAP10",
        /// Existing care not restarted.
        Cap11 = "CAP11",
    }
}

impl Reason {
    /// The letter of a DTOC reason, `None` for today's reasons.
    #[must_use]
    pub fn dtoc_code(self) -> Option<&'static str> {
        const CODES: [&str; 11] = ["A", "B", "C", "Di", "Dii", "E", "F", "G", "H", "I", "O"];
        CODES.get(self as usize).copied()
    }

    /// The DTOC reason of a letter, as the published sheets write it.
    #[must_use]
    pub fn from_dtoc_code(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|r| r.dtoc_code() == Some(code))
    }

    /// Whether the published rules let this body be responsible for this reason.
    ///
    /// Source: the England sheets of the delayed-transfers collection, 2011 to 2019, in which no day was ever
    /// counted in a cell this refuses. Today's reasons carry no rule, so any body may be named.
    #[must_use]
    pub fn allows(self, responsible: Responsible) -> bool {
        use Responsible::{Both, Nhs, SocialCare, Unattributed};
        let allowed: &[Responsible] = match self {
            Self::FurtherNhsCare | Self::HousingNotCareAct => &[Nhs],
            Self::ResidentialHome | Self::PatientFamilyChoice | Self::Disputes => {
                &[Nhs, SocialCare]
            }
            _ => &[Nhs, SocialCare, Both],
        };
        responsible == Unattributed || allowed.contains(&responsible)
    }

    /// In words, for a board.
    #[must_use]
    pub fn title(self) -> &'static str {
        TITLES[self as usize]
    }
}

const TITLES: [&str; 48] = [
    "Assessment not finished",
    "Waiting for public funding",
    "Further non-acute NHS care",
    "Residential home place",
    "Nursing home place",
    "Care package at home",
    "Equipment or adaptations",
    "Patient or family choice",
    "Dispute",
    "Housing, outside the Care Act",
    "Other",
    "Therapy review pending",
    "Medical review pending",
    "Referral to care transfer hub pending",
    "Patient transport",
    "Medicines or discharge papers",
    "Infection control hold",
    "Formal decision or results pending",
    "Family or patient doubts readiness",
    "Safeguarding concern",
    "Mental capacity decision",
    "Destination not ready",
    "Needs and pathway unconfirmed",
    "Hub referrals outstanding",
    "Funding eligibility unconfirmed",
    "Home reablement being arranged",
    "Home social care being arranged",
    "Home community health being arranged",
    "Homeless housing being arranged",
    "Bed-based rehab being arranged",
    "Care home being arranged",
    "End-of-life care being arranged",
    "Provider asked for more",
    "No recourse to public funds",
    "Self-funded package being arranged",
    "Choice discussions continuing",
    "Out-of-area arrangements open",
    "No home reablement capacity",
    "No home social care capacity",
    "No home community health capacity",
    "No housing available",
    "No bed-based rehab capacity",
    "No mental health bed",
    "No care home capacity",
    "No end-of-life capacity",
    "Adaptations unfinished",
    "Equipment undelivered",
    "Existing care not restarted",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_title_and_its_own_code() {
        assert_eq!(Reason::ALL.len(), TITLES.len());
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        }
        assert_eq!(
            Reason::ALL
                .iter()
                .filter(|r| r.dtoc_code().is_some())
                .count(),
            11
        );
    }

    #[test]
    fn the_published_matrix_of_reasons_and_bodies_is_kept() {
        // (letter, NHS, social care, both): catalogue of the collection.
        let matrix = [
            ("A", true, true, true),
            ("B", true, true, true),
            ("C", true, false, false),
            ("Di", true, true, false),
            ("Dii", true, true, true),
            ("E", true, true, true),
            ("F", true, true, true),
            ("G", true, true, false),
            ("H", true, true, false),
            ("I", true, false, false),
            ("O", true, true, true),
        ];
        for (letter, nhs, social, both) in matrix {
            let reason = Reason::from_dtoc_code(letter).unwrap();
            let allowed = [Responsible::Nhs, Responsible::SocialCare, Responsible::Both]
                .map(|r| reason.allows(r));
            assert_eq!(allowed, [nhs, social, both], "{letter}");
        }
    }
}
