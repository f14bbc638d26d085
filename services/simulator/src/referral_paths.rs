//! The three ways that a referral goes: through a team's meeting, through crisis response, into reablement.
//! Each gives the time of closure, if it was closed.

use super::dice::{hours, minutes};
use super::pen::{Pen, Subject, at_hour, happened, slug, taken_back};
use super::people::{population, sector};
use super::referrals::Meetings;
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_events::facts::Retracted;
use joinedup_events::referral::{
    ActionEnded, ActionKind, ActionOpened, AgreedBy, CareService, Closed, ClosureReason,
    DeclineReason, Declined, Discussed, DiscussionOutcome, FirstContact, Listed, PersonalBudget,
    PlanAgreed, Priority, Received, ReferralFact as F, ResourceDecided, Sector, Triaged, Trigger,
};
use joinedup_events::{EntityId, Fact, local};

type Instant = DateTime<Utc>;

fn say(pen: &mut Pen, about: &Subject, at: Instant, fact: F) -> String {
    pen.say(about, at, Fact::Referral(fact))
}

/// A referral to a neighbourhood team.
pub(super) fn team(
    pen: &mut Pen,
    about: &Subject,
    at: Instant,
    previous: Option<EntityId>,
    meetings: &Meetings,
) -> Option<Instant> {
    let trigger = pen.dice.weighted(&[
        (Trigger::Request, 0.38),
        (Trigger::CaseFinding, 0.22),
        (Trigger::Discharge, 0.2),
        (Trigger::RiskList, 0.12),
        (Trigger::Crisis, 0.08),
    ]);
    let priority = pen
        .dice
        .weighted(&[(Priority::Routine, 0.85), (Priority::Urgent, 0.15)]);
    let source = pen.dice.weighted(&[
        ("01", 0.45),
        ("06", 0.15),
        ("07", 0.15),
        ("11", 0.15),
        ("03", 0.05),
        ("20", 0.05),
    ]);
    let received = F::Received(Received {
        service: CareService::Mdt,
        priority,
        trigger,
        source_code: Some(slug(source)),
        need_identified: None,
        previous: previous.clone(),
        population: population(&about.entity),
        sector: Some(sector(&about.entity)),
    });
    let id = say(pen, about, at, received);
    if pen.dice.chance(0.006) {
        let found = at + hours(pen.dice.range(1.0, 40.0));
        let retracted = Retracted {
            previous,
            ..taken_back(id)
        };
        pen.say_recorded(about, found, found, Fact::Referral(F::Retracted(retracted)));
        return None;
    }
    let triaged = at + hours(pen.dice.lognormal(20.0, 0.6));
    say(
        pen,
        about,
        triaged,
        F::Triaged(Triaged {
            priority: Some(priority),
        }),
    );
    let taken = triaged + hours(pen.dice.range(0.2, 6.0));
    match pen
        .dice
        .weighted(&[(0_u8, 0.86), (1, 0.09), (2, 0.03), (3, 0.02)])
    {
        0 => {}
        1 => {
            let reason = *pen.dice.pick(DeclineReason::ALL);
            say(pen, about, taken, F::Declined(Declined { reason }));
            return None;
        }
        2 => {
            say(pen, about, taken, F::Redirected(happened()));
            return None;
        }
        _ => {
            say(pen, about, taken, F::Withdrawn(happened()));
            return None;
        }
    }
    say(pen, about, taken, F::Accepted(happened()));
    if priority == Priority::Urgent {
        let seen = taken + hours(pen.dice.range(4.0, 60.0));
        say(
            pen,
            about,
            seen,
            F::FirstContact(FirstContact { face_to_face: true }),
        );
    }
    let mut last = meeting(pen, about, taken, meetings);
    let mut outcome = discuss(pen, about, last);
    for _ in 0..2 {
        if outcome == DiscussionOutcome::MoreInformation {
            last = meeting(pen, about, last + TimeDelta::days(1), meetings);
            outcome = discuss(pen, about, last);
        }
    }
    if outcome != DiscussionOutcome::Plan {
        let at = last + hours(pen.dice.range(1.0, 30.0));
        return Some(close(pen, about, at, ClosureReason::ReferredOn));
    }
    let agreed = last + hours(pen.dice.exponential(80.0).min(500.0) + 0.5);
    plan(pen, about, agreed);
    let done = actions(pen, about, agreed);
    let end = done.max(agreed + TimeDelta::days(pen.dice.between(20, 110)));
    let reason = pen.dice.weighted(&[
        (ClosureReason::Completed, 0.66),
        (ClosureReason::NothingFurther, 0.14),
        (ClosureReason::AdmittedElsewhere, 0.07),
        (ClosureReason::Died, 0.05),
        (ClosureReason::Refused, 0.04),
        (ClosureReason::MovedAway, 0.04),
    ]);
    if pen.dice.chance(0.01) {
        let early = end - TimeDelta::days(3);
        close(pen, about, early, ClosureReason::NothingFurther);
        say(pen, about, early + hours(7.0), F::Reopened(happened()));
    }
    Some(close(pen, about, end, reason))
}

/// Puts the case on the list of the next meeting that it can reach, and gives the meeting's time.
fn meeting(pen: &mut Pen, about: &Subject, from: Instant, meetings: &Meetings) -> Instant {
    // The list closes the evening before.
    let date = meetings.next(local::date(from) + TimeDelta::days(1));
    let listed = from + minutes(pen.dice.range(5.0, 60.0));
    say(pen, about, listed, F::Listed(Listed { meeting: date }));
    at_hour(date, pen.dice.range(13.0, 15.5))
}

fn discuss(pen: &mut Pen, about: &Subject, at: Instant) -> DiscussionOutcome {
    let outcome = pen.dice.weighted(&[
        (DiscussionOutcome::Plan, 0.78),
        (DiscussionOutcome::MoreInformation, 0.14),
        (DiscussionOutcome::BackToReferrer, 0.08),
    ]);
    let mut sectors = vec![Sector::Health];
    for (sector, present) in [
        (Sector::SocialCare, 0.82),
        (Sector::MentalHealth, 0.4),
        (Sector::Housing, 0.2),
        (Sector::Voluntary, 0.45),
    ] {
        if pen.dice.chance(present) {
            sectors.push(sector);
        }
    }
    let shared_record = pen.dice.chance(0.63);
    say(
        pen,
        about,
        at,
        F::Discussed(Discussed {
            sectors,
            shared_record,
            outcome,
        }),
    );
    outcome
}

fn plan(pen: &mut Pen, about: &Subject, at: Instant) {
    let agreed_by = pen.dice.weighted(&[
        (AgreedBy::PersonOrProxy, 0.64),
        (AgreedBy::FamilyOrCarer, 0.14),
        (AgreedBy::ClinicalTeam, 0.14),
        (AgreedBy::CommunityTeam, 0.05),
        (AgreedBy::Advocate, 0.03),
    ]);
    let personal_budget = pen.dice.weighted(&[
        (PersonalBudget::NotAppropriate, 0.55),
        (PersonalBudget::NotAgreed, 0.3),
        (PersonalBudget::Agreed, 0.15),
    ]);
    say(
        pen,
        about,
        at,
        F::PlanAgreed(PlanAgreed {
            agreed_by,
            personal_budget,
        }),
    );
}

/// Opens the plan's actions and ends them; gives the time the last one ended.
fn actions(pen: &mut Pen, about: &Subject, agreed: Instant) -> Instant {
    let mut last = agreed;
    for number in 1..=pen.dice.between(1, 3) {
        let action = slug(&format!("a{number}"));
        let resource = pen.dice.chance(0.22);
        let kind = if resource {
            ActionKind::ResourceRequest
        } else {
            ActionKind::Task
        };
        let days = pen.dice.between(5, 28);
        let due = local::date(agreed) + TimeDelta::days(days);
        let owner = pen.dice.weighted(&[
            (Sector::Health, 0.42),
            (Sector::SocialCare, 0.33),
            (Sector::Voluntary, 0.13),
            (Sector::MentalHealth, 0.07),
            (Sector::Housing, 0.05),
        ]);
        say(
            pen,
            about,
            agreed,
            F::ActionOpened(ActionOpened {
                action: action.clone(),
                owner,
                due,
                kind,
            }),
        );
        if resource {
            let decided = agreed + hours(pen.dice.lognormal(60.0, 0.8));
            let granted = pen.dice.chance(0.74);
            say(
                pen,
                about,
                decided,
                F::ResourceDecided(ResourceDecided {
                    action: action.clone(),
                    granted,
                }),
            );
            last = last.max(decided);
        }
        let took = if pen.dice.chance(0.77) {
            pen.dice.between(1, days)
        } else {
            days + pen.dice.between(1, 14)
        };
        let ended = at_hour(
            local::date(agreed) + TimeDelta::days(took),
            pen.dice.range(9.0, 17.0),
        )
        .max(last);
        let ended_action = ActionEnded { action };
        let fact = if pen.dice.chance(0.06) {
            F::ActionCancelled(ended_action)
        } else {
            F::ActionDone(ended_action)
        };
        say(pen, about, ended, fact);
        last = last.max(ended);
    }
    last
}

fn close(pen: &mut Pen, about: &Subject, at: Instant, reason: ClosureReason) -> Instant {
    say(pen, about, at, F::Closed(Closed { reason }));
    at
}

/// A call to crisis response: somebody should be there within two hours.
pub(super) fn crisis(
    pen: &mut Pen,
    about: &Subject,
    at: Instant,
    previous: Option<EntityId>,
) -> Option<Instant> {
    let need = at - minutes(pen.dice.range(2.0, 15.0));
    let need_identified = pen.dice.chance(0.35).then_some(need);
    let source = pen.dice.weighted(&[
        ("01", 0.3),
        ("22", 0.25),
        ("19", 0.2),
        ("05", 0.1),
        ("13", 0.08),
        ("03", 0.07),
    ]);
    let received = F::Received(Received {
        service: CareService::CrisisResponse,
        priority: Priority::Urgent,
        trigger: Trigger::Crisis,
        source_code: Some(slug(source)),
        need_identified,
        previous,
        population: None,
        sector: None,
    });
    say(pen, about, at, received);
    if pen.dice.chance(0.04) {
        let at = at + minutes(pen.dice.range(5.0, 30.0));
        let reason = DeclineReason::Inappropriate;
        say(pen, about, at, F::Declined(Declined { reason }));
        return None;
    }
    let accepted = at + minutes(pen.dice.range(2.0, 12.0));
    say(pen, about, accepted, F::Accepted(happened()));
    let mut seen = at + minutes(pen.dice.lognormal(70.0, 0.52).clamp(15.0, 1500.0));
    seen = seen.max(accepted + minutes(1.0));
    if pen.dice.chance(0.15) {
        let rung = accepted + (seen - accepted) / 3;
        say(
            pen,
            about,
            rung,
            F::FirstContact(FirstContact {
                face_to_face: false,
            }),
        );
    }
    say(
        pen,
        about,
        seen,
        F::FirstContact(FirstContact { face_to_face: true }),
    );
    let end = seen + hours(pen.dice.range(10.0, 140.0));
    let reason = pen.dice.weighted(&[
        (ClosureReason::Completed, 0.62),
        (ClosureReason::ReferredOn, 0.22),
        (ClosureReason::AdmittedElsewhere, 0.13),
        (ClosureReason::Refused, 0.03),
    ]);
    Some(close(pen, about, end, reason))
}

/// A start of reablement: the first visit within two midnights of the need.
pub(super) fn reablement(
    pen: &mut Pen,
    about: &Subject,
    at: Instant,
    previous: Option<EntityId>,
) -> Option<Instant> {
    let need = at - hours(pen.dice.range(0.5, 20.0));
    let trigger = pen.dice.weighted(&[
        (Trigger::Discharge, 0.7),
        (Trigger::Request, 0.2),
        (Trigger::Crisis, 0.1),
    ]);
    let received = F::Received(Received {
        service: CareService::Reablement,
        priority: Priority::Urgent,
        trigger,
        source_code: Some(slug(pen.dice.weighted(&[
            ("06", 0.6),
            ("11", 0.25),
            ("07", 0.15),
        ]))),
        need_identified: Some(need),
        previous,
        population: None,
        sector: None,
    });
    say(pen, about, at, received);
    let accepted = at + hours(pen.dice.range(0.3, 5.0));
    say(pen, about, accepted, F::Accepted(happened()));
    let nights = pen.dice.weighted(&[
        (0, 0.08),
        (1, 0.36),
        (2, 0.32),
        (3, 0.12),
        (4, 0.06),
        (6, 0.04),
        (9, 0.02),
    ]);
    let visit = at_hour(
        local::date(need) + TimeDelta::days(nights),
        pen.dice.range(9.0, 17.5),
    );
    let seen = visit.max(accepted + minutes(30.0));
    say(
        pen,
        about,
        seen,
        F::FirstContact(FirstContact { face_to_face: true }),
    );
    let end = seen + TimeDelta::days(pen.dice.between(14, 42));
    let reason = pen.dice.weighted(&[
        (ClosureReason::Completed, 0.78),
        (ClosureReason::AdmittedElsewhere, 0.12),
        (ClosureReason::NothingFurther, 0.1),
    ]);
    Some(close(pen, about, end, reason))
}
