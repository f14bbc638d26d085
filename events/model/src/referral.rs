//! Referrals to a neighbourhood multidisciplinary team, to crisis response and to reablement.
//!
//! Code lists: NHS Data Dictionary (source of referral for community, priority type, rejection and closure
//! reasons, care plan agreed by). Standards: two-hour urgent community response, two-day reablement.

use crate::facts::{Happened, Retracted, codes, facts, payload};
use crate::id::{EntityId, Slug};
use chrono::{DateTime, NaiveDate, Utc};

codes! {
    /// What the referral asks for.
    CareService {
        /// A neighbourhood multidisciplinary team.
        Mdt = "mdt",
        /// Urgent community response: first contact within two hours.
        CrisisResponse = "crisis-response",
        /// Reablement or intermediate care: start within two midnights.
        Reablement = "reablement",
    }
}
codes! {
    /// How soon.
    Priority {
        /// Routine.
        Routine = "routine",
        /// Urgent.
        Urgent = "urgent",
        /// Two-week wait.
        TwoWeekWait = "two-week-wait",
    }
}
codes! {
    /// What set the referral off.
    Trigger {
        /// Found by looking for people at rising risk.
        CaseFinding = "case-finding",
        /// From a risk list.
        RiskList = "risk-list",
        /// A crisis.
        Crisis = "crisis",
        /// A discharge from hospital.
        Discharge = "discharge",
        /// Someone asked.
        Request = "request",
    }
}
codes! {
    /// Why a referral was not taken.
    DeclineReason {
        /// Already known.
        Duplicate = "duplicate",
        /// Not for this team.
        Inappropriate = "inappropriate",
        /// Not enough to go on.
        Incomplete = "incomplete",
    }
}
codes! {
    /// A part of the system with a seat at the table.
    Sector {
        /// Health.
        Health = "health",
        /// Social care.
        SocialCare = "social-care",
        /// Mental health.
        MentalHealth = "mental-health",
        /// Housing.
        Housing = "housing",
        /// The voluntary sector.
        Voluntary = "voluntary",
    }
}
codes! {
    /// What a discussion decided.
    DiscussionOutcome {
        /// A plan.
        Plan = "plan",
        /// More information first.
        MoreInformation = "more-information",
        /// Back to who referred.
        BackToReferrer = "back-to-referrer",
    }
}
codes! {
    /// Who agreed the plan.
    AgreedBy {
        /// The person or a proxy (code 10).
        PersonOrProxy = "person-or-proxy",
        /// Family or a carer (11).
        FamilyOrCarer = "family-or-carer",
        /// An advocate (12).
        Advocate = "advocate",
        /// A clinical service or team (13).
        ClinicalTeam = "clinical-team",
        /// The local community support team (14).
        CommunityTeam = "community-team",
        /// A commissioner (15).
        Commissioner = "commissioner",
    }
}
codes! {
    /// Whether the plan has a personal or integrated budget.
    PersonalBudget {
        /// One is part of the plan.
        Agreed = "agreed",
        /// One would fit, and is not part of the plan.
        NotAgreed = "not-agreed",
        /// Not appropriate here.
        NotAppropriate = "not-appropriate",
    }
}
codes! {
    /// What kind of action.
    ActionKind {
        /// Something to do.
        Task = "task",
        /// Something to pay for from a joint budget; it is decided by `resource-decided`.
        ResourceRequest = "resource-request",
    }
}
codes! {
    /// Why a referral was closed.
    ClosureReason {
        /// Admitted elsewhere (01).
        AdmittedElsewhere = "admitted-elsewhere",
        /// Treatment completed (02).
        Completed = "completed",
        /// Moved away (03).
        MovedAway = "moved-away",
        /// Nothing further appropriate (04).
        NothingFurther = "nothing-further",
        /// Did not attend (05).
        DidNotAttend = "did-not-attend",
        /// Died (06).
        Died = "died",
        /// Asked to leave (07).
        AskedToLeave = "asked-to-leave",
        /// Referred on (08).
        ReferredOn = "referred-on",
        /// Refused to be seen (09).
        Refused = "refused",
    }
}

payload! {
    /// The referral arrived (`time`).
    Received {
        /// What it asks for.
        service: CareService,
        /// How soon.
        priority: Priority,
        /// What set it off.
        trigger: Trigger,
        /// National code of the source, `01` (GP practice) to `23` (mental health).
        #[serde(default)]
        source_code: Option<Slug>,
        /// When a professional saw the need, where the clock starts there and not at the arrival.
        #[serde(default)]
        need_identified: Option<DateTime<Utc>>,
        /// The referral of the same person that was closed before, if within 90 days.
        #[serde(default)]
        previous: Option<EntityId>,
        /// Which people the person is one of, by the id of a population of the catalogue.
        #[serde(default)]
        population: Option<Slug>,
        /// The sector that the referral came from.
        #[serde(default)]
        sector: Option<Sector>,
    }
}
payload! {
    /// Triaged (`time`).
    Triaged {
        /// The priority set, if it was: from then on it stands in place of the one that the referral arrived with.
        #[serde(default)]
        priority: Option<Priority>,
    }
}
payload! {
    /// Not taken.
    Declined {
        /// Why the team did not take it on.
        reason: DeclineReason,
    }
}
payload! {
    /// Put on a meeting's list.
    Listed {
        /// The meeting's date.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        meeting: NaiveDate,
    }
}
payload! {
    /// First contact with the person (`time`).
    FirstContact {
        /// Face to face; only this stops the two-hour and two-day clocks.
        face_to_face: bool,
    }
}
payload! {
    /// Discussed in a team meeting (`time`).
    Discussed {
        /// Who was at the table.
        sectors: Vec<Sector>,
        /// The shared record was opened.
        shared_record: bool,
        /// What was decided.
        outcome: DiscussionOutcome,
    }
}
payload! {
    /// A care plan was agreed (`time`).
    PlanAgreed {
        /// Who agreed it.
        agreed_by: AgreedBy,
        /// Personal budget or not.
        personal_budget: PersonalBudget,
    }
}
payload! {
    /// An action was opened (`time`).
    ActionOpened {
        /// The action's code within the referral.
        action: Slug,
        /// Who has to act.
        owner: Sector,
        /// By when.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        due: NaiveDate,
        /// Whether it is a task or a request for resources.
        kind: ActionKind,
    }
}
payload! {
    /// An action was done or cancelled (`time`).
    ActionEnded {
        /// The action's code within the referral.
        action: Slug,
    }
}
payload! {
    /// A request for something from a joint budget was decided (`time`).
    ResourceDecided {
        /// The action's code within the referral.
        action: Slug,
        /// Granted or refused.
        granted: bool,
    }
}
payload! {
    /// Closed (`time`).
    Closed {
        /// Why it was closed.
        reason: ClosureReason,
    }
}

facts! {
    /// The facts about a referral.
    ReferralFact {
        /// Arrived.
        Received(Received) = "received" v 1,
        /// Triaged.
        Triaged(Triaged) = "triaged" v 1,
        /// Accepted.
        Accepted(Happened) = "accepted" v 1,
        /// Declined.
        Declined(Declined) = "declined" v 1,
        /// Sent on to another service.
        Redirected(Happened) = "redirected" v 1,
        /// On a meeting's list.
        Listed(Listed) = "listed" v 1,
        /// First contact.
        FirstContact(FirstContact) = "first-contact" v 1,
        /// Discussed.
        Discussed(Discussed) = "discussed" v 1,
        /// Plan agreed.
        PlanAgreed(PlanAgreed) = "plan-agreed" v 1,
        /// Action opened.
        ActionOpened(ActionOpened) = "action-opened" v 1,
        /// Action done.
        ActionDone(ActionEnded) = "action-done" v 1,
        /// Action cancelled.
        ActionCancelled(ActionEnded) = "action-cancelled" v 1,
        /// Joint-budget request decided.
        ResourceDecided(ResourceDecided) = "resource-decided" v 1,
        /// Closed.
        Closed(Closed) = "closed" v 1,
        /// Withdrawn.
        Withdrawn(Happened) = "withdrawn" v 1,
        /// The closure was entered in error.
        Reopened(Happened) = "reopened" v 1,
        /// An event about this referral is taken back.
        Retracted(Retracted) = "retracted" v 1,
    }
}
