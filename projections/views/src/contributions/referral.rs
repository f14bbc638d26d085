//! What a referral adds: how long each stage took, what was decided, who was at the table.

use super::{area_of, days, followed, in_time, is_before, minutes};
use crate::contribution::{Sink, StoredFact};
use crate::quantity::Quantity as Q;
use crate::tally::{Delta, OPEN};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};
use joinedup_events::referral::{
    ActionKind, ActionOpened, CareService, ClosureReason, Discussed, PlanAgreed, Priority,
    Received, ReferralFact, Sector,
};
use joinedup_events::{AreaId, Fact, Slug, local};
use std::collections::BTreeMap;

/// How long after a closure a new referral counts as referred again, in days.
pub const REREFERRAL_DAYS: i64 = 90;
/// The standard of urgent community response, in minutes.
pub const URGENT_MINUTES: i32 = 120;
/// The standard of reablement, in midnights.
pub const REABLEMENT_MIDNIGHTS: i64 = 2;
/// The standard of a plan after a team took the person on, in minutes.
pub const PLAN_MINUTES: i32 = 14 * 24 * 60;

/// How a referral was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Taken on.
    Accepted,
    /// Not taken, for a reason.
    Declined(&'static str),
    /// Sent on.
    Redirected,
}

/// An action of a plan.
#[derive(Clone, Debug, Default)]
pub struct Action<'a> {
    /// When it was opened last, and what it is.
    pub opened: Option<(DateTime<Utc>, &'a ActionOpened)>,
    /// It was opened more than once.
    pub is_reopened: bool,
    /// When it was done, as reported.
    pub done: Vec<DateTime<Utc>>,
    /// When it was cancelled.
    pub cancelled: Option<DateTime<Utc>>,
    /// When a joint-budget request was decided, and whether it was granted.
    pub decided: Option<(DateTime<Utc>, bool)>,
}

/// A referral as it follows from its facts that stand.
#[derive(Clone, Debug, Default)]
pub struct Case<'a> {
    /// Where the person lives.
    pub area: Option<&'a AreaId>,
    /// When it arrived, and what it asks for.
    pub received: Option<(DateTime<Utc>, &'a Received)>,
    /// When it was triaged first.
    pub triaged: Option<DateTime<Utc>>,
    /// Priorities that triage set, by time.
    pub triaged_as: Vec<(DateTime<Utc>, Priority)>,
    /// When it was taken on.
    pub accepted: Option<DateTime<Utc>>,
    /// When and how it was refused or sent on, after it was taken on where it was.
    pub refused: Option<(DateTime<Utc>, Decision)>,
    /// First face-to-face contact: not one before the need, unless there is no other.
    pub contact: Option<DateTime<Utc>>,
    /// Discussions by time.
    pub discussions: Vec<(DateTime<Utc>, &'a Discussed)>,
    /// Plans by time.
    pub plans: Vec<(DateTime<Utc>, &'a PlanAgreed)>,
    /// Actions by code.
    pub actions: BTreeMap<&'a Slug, Action<'a>>,
    /// When it was closed or withdrawn.
    pub closed: Option<DateTime<Utc>>,
    /// It was withdrawn.
    pub withdrawn: bool,
    /// It was closed because the person died.
    pub died: bool,
    /// When the person was referred again: before a closure that was undone, too.
    pub again: Vec<DateTime<Utc>>,
}

impl<'a> Case<'a> {
    /// Reads the facts that stand, in the order of recording. Opening a referral again undoes what had ended it up to and
    /// including its own time, a refusal as well as a closure, whenever either was recorded.
    #[must_use]
    pub fn of(facts: &'a [StoredFact]) -> Self {
        let mut case = Self {
            area: area_of(facts),
            again: followed(facts, |_| true),
            ..Self::default()
        };
        let mut closures: Vec<(DateTime<Utc>, Option<ClosureReason>)> = Vec::new();
        let mut decisions: Vec<(DateTime<Utc>, Decision)> = Vec::new();
        let mut reopened: Option<DateTime<Utc>> = None;
        let mut contacts: Vec<DateTime<Utc>> = Vec::new();
        for stored in facts {
            let at = stored.occurred_at;
            let Fact::Referral(fact) = &stored.fact else {
                continue;
            };
            match fact {
                _ if stored.linked.is_some() => {}
                ReferralFact::Received(f) => case.received = Some((at, f)),
                ReferralFact::Triaged(f) => {
                    // Triage may be repeated; what it was waited for is its first.
                    case.triaged = Some(case.triaged.map_or(at, |first| first.min(at)));
                    if let Some(priority) = f.priority {
                        case.triaged_as.push((at, priority));
                    }
                }
                ReferralFact::Accepted(_) => decisions.push((at, Decision::Accepted)),
                ReferralFact::Declined(f) => {
                    decisions.push((at, Decision::Declined(f.reason.code())));
                }
                ReferralFact::Redirected(_) => decisions.push((at, Decision::Redirected)),
                ReferralFact::FirstContact(f) if f.face_to_face => {
                    contacts.push(at);
                }
                ReferralFact::Discussed(f) => case.discussions.push((at, f)),
                ReferralFact::PlanAgreed(f) => case.plans.push((at, f)),
                ReferralFact::ActionOpened(f) => {
                    let action = case.actions.entry(&f.action).or_default();
                    action.is_reopened |= action.opened.replace((at, f)).is_some();
                }
                ReferralFact::ActionDone(f) => {
                    case.actions.entry(&f.action).or_default().done.push(at);
                }
                ReferralFact::ActionCancelled(f) => {
                    let action = case.actions.entry(&f.action).or_default();
                    action.cancelled = action.cancelled.max(Some(at));
                }
                ReferralFact::ResourceDecided(f) => {
                    case.actions.entry(&f.action).or_default().decided = Some((at, f.granted))
                }
                ReferralFact::Closed(f) => closures.push((at, Some(f.reason))),
                ReferralFact::Withdrawn(_) => closures.push((at, None)),
                ReferralFact::Reopened(_) => reopened = reopened.max(Some(at)),
                ReferralFact::Listed(_)
                | ReferralFact::FirstContact(_)
                | ReferralFact::Retracted(_) => {}
            }
        }
        let ends_it = |at: DateTime<Utc>| reopened.is_none_or(|again| at > again);
        closures.retain(|(at, _)| ends_it(*at));
        decisions.retain(|(at, decision)| *decision == Decision::Accepted || ends_it(*at));
        case.decide(decisions);
        if let Some((at, reason)) = closures.pop() {
            case.closed = Some(at);
            case.withdrawn = reason.is_none();
            case.died = reason == Some(ClosureReason::Died);
        }
        let before_need = |at: &DateTime<Utc>| (case.is_before_need(*at), *at);
        case.contact = contacts.into_iter().min_by_key(before_need);
        in_time(&mut case.triaged_as);
        in_time(&mut case.discussions);
        in_time(&mut case.plans);
        case
    }

    /// Sorts out decisions, in the order of recording. Taking somebody on and sending them on later are two steps, and one is no
    /// correction of the other: what happened later ended the case, whichever was recorded first.
    fn decide(&mut self, decisions: Vec<(DateTime<Utc>, Decision)>) {
        let decided = || {
            decisions
                .iter()
                .enumerate()
                .map(|(n, (at, how))| ((*at, n), *how))
        };
        let accepted = decided().rfind(|(_, how)| *how == Decision::Accepted);
        let accepted = accepted.map(|(when, _)| when);
        let refusals = decided().filter(|(when, how)| {
            *how != Decision::Accepted && accepted.is_none_or(|accepted| *when > accepted)
        });
        self.refused = refusals
            .max_by_key(|(when, _)| *when)
            .map(|((at, _), how)| (at, how));
        self.accepted = accepted.map(|(at, _)| at);
    }

    /// When and how it was decided: that a team took the person on stays so when it sends them on later.
    #[must_use]
    pub fn decision(&self) -> Option<(DateTime<Utc>, Decision)> {
        let accepted = self.accepted.map(|at| (at, Decision::Accepted));
        accepted.or(self.refused)
    }

    /// How soon: as triage set it last, or else as the referral arrived.
    #[must_use]
    pub fn priority(&self) -> Option<Priority> {
        let triaged = self.triaged_as.last().map(|(_, priority)| *priority);
        triaged.or(self.received.map(|(_, f)| f.priority))
    }

    /// Whether the two-hour standard holds: for crisis response that is urgent.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        let service = self.received.map(|(_, f)| f.service);
        service == Some(CareService::CrisisResponse) && self.priority() == Some(Priority::Urgent)
    }

    /// When the clock starts: the need was identified, or else the referral arrived. Where it did not arrive as urgent, the
    /// need of a response within two hours was identified by the first triage that found it so.
    #[must_use]
    pub fn clock_start(&self) -> Option<DateTime<Utc>> {
        let (at, how) = self.received?;
        let is_raised = self.is_urgent() && how.priority != Priority::Urgent;
        let mut triaged = self.triaged_as.iter().filter(|_| is_raised);
        let raised = triaged.find(|(_, priority)| *priority == Priority::Urgent);
        let start = raised.map_or(at, |(raised, _)| at.max(*raised));
        Some(how.need_identified.unwrap_or(start))
    }

    /// Whether a contact was so long before the need that one of the two dates is wrong: until it is put right, nobody knows
    /// how long the person waited.
    fn is_before_need(&self, contact: DateTime<Utc>) -> bool {
        let need = self.received.map(|(at, f)| f.need_identified.unwrap_or(at));
        need.is_some_and(|need| need - contact > TimeDelta::days(1))
    }

    /// When the referral left the open caseload.
    #[must_use]
    pub fn ended(&self) -> Option<DateTime<Utc>> {
        self.closed.or(self.refused.map(|(at, _)| at))
    }

    /// Declined, sent on or withdrawn: nothing more was to be done here.
    fn out_of_scope(&self) -> bool {
        self.withdrawn || self.refused.is_some()
    }

    /// Whether it ended without a contact while its standard could still be met: then it says nothing of the standard. One
    /// that ended later has missed it, however it ended.
    fn ended_in_time(&self, start: DateTime<Utc>, service: CareService) -> bool {
        let Some(end) = self.ended() else {
            return false;
        };
        match service {
            CareService::CrisisResponse if self.is_urgent() => {
                minutes(end - start) <= URGENT_MINUTES
            }
            CareService::Reablement => local::midnights(start, end) <= REABLEMENT_MIDNIGHTS,
            CareService::CrisisResponse | CareService::Mdt => self.out_of_scope(),
        }
    }
}

/// Adds what the referral adds. Returns whether it has come in and not ended.
pub fn contribute(facts: &[StoredFact], sink: &mut dyn Sink) -> bool {
    let case = Case::of(facts);
    let open = case.received.is_some() && case.ended().is_none();
    let Some(area) = case.area else { return open };
    let mut add = |quantity: Q, breakdown: &[(&str, &str)], date, delta| {
        sink.add(
            quantity.name(),
            area.as_str().into(),
            breakdown,
            date,
            delta,
        )
    };
    if let Some((at, how)) = case.received {
        arrival(&case, at, how, &mut add);
        stages(&case, at, how.service.code(), &mut add);
        contact(&case, at, how, &mut add);
    }
    meetings(&case, &mut add);
    actions(&case, &mut add);
    // Who died, and whom the team did not take on, cannot come back to it.
    if let Some(closed) = case.closed.filter(|_| !case.died && !case.out_of_scope()) {
        let date = local::date(closed);
        let again = case.again.iter().any(|at| {
            let days = (local::date(*at) - date).num_days();
            (0..=REREFERRAL_DAYS).contains(&days) && !is_before(*at, closed)
        });
        add(Q::Rereferred90, &[], date, Delta::case(again));
    }
    open
}

type Add<'a> = &'a mut dyn FnMut(Q, &[(&str, &str)], NaiveDate, Delta);

/// Monday to Friday, 08:00 to 18:00 local time, is `in`; all else is `out`.
fn hours(at: DateTime<Utc>) -> &'static str {
    let local = local::date_time(at);
    if local.weekday().num_days_from_monday() < 5 && (8..18).contains(&local.hour()) {
        "in"
    } else {
        "out"
    }
}

fn arrival(case: &Case<'_>, at: DateTime<Utc>, how: &Received, add: Add<'_>) {
    let (date, service) = (local::date(at), how.service.code());
    let breakdown = [
        ("hours", hours(at)),
        ("priority", case.priority().unwrap_or(how.priority).code()),
        ("service", service),
        ("trigger", how.trigger.code()),
    ];
    add(Q::Received, &breakdown, date, Delta::ONE);
    add(Q::Caseload, &[("service", service)], date, Delta::step(1));
    if let Some(ended) = case.ended() {
        // A case opened and closed on one date is at no day's end in the caseload.
        add(
            Q::Caseload,
            &[("service", service)],
            local::date(ended).max(date),
            Delta::step(-1),
        );
    }
}

fn stages(case: &Case<'_>, received: DateTime<Utc>, service: &str, add: Add<'_>) {
    let waited = |until: DateTime<Utc>| minutes((until - received).max(TimeDelta::zero()));
    if let Some(triaged) = case.triaged {
        add(
            Q::TriageMinutes,
            &[("service", service)],
            local::date(triaged),
            Delta::Value(waited(triaged)),
        );
    }
    let first = case.discussions.first().map(|(at, _)| *at);
    if let Some(discussed) = first {
        add(
            Q::DiscussionMinutes,
            &[("service", service)],
            local::date(discussed),
            Delta::Value(waited(discussed)),
        );
    }
    if first.is_some() || !case.out_of_scope() {
        let priority = case.priority().unwrap_or(Priority::Routine).code();
        let breakdown = [("priority", priority), ("service", service)];
        add(
            Q::ToDiscussionMinutes,
            &breakdown,
            local::date(received),
            Delta::Value(first.map_or(OPEN, waited)),
        );
    }
    if let Some(accepted) = case.accepted {
        let since = |at: DateTime<Utc>| minutes((at - accepted).max(TimeDelta::zero()));
        let plan = case.plans.first().map(|(at, _)| since(*at));
        // Without a plan, as long as there could still have been one in time.
        let ended_in_time = case.ended().is_some_and(|end| since(end) <= PLAN_MINUTES);
        if plan.is_some() || !ended_in_time {
            add(
                Q::ToPlanMinutes,
                &[("service", service)],
                local::date(accepted),
                Delta::Value(plan.unwrap_or(OPEN)),
            );
        }
    }
}

fn contact(case: &Case<'_>, received: DateTime<Utc>, how: &Received, add: Add<'_>) {
    let Some(start) = case.clock_start() else {
        return;
    };
    let is_left_out = match case.contact {
        Some(at) => case.is_before_need(at),
        None => case.ended_in_time(start, how.service),
    };
    if is_left_out {
        return;
    }
    let contact = case.contact.map(|at| at.max(start));
    let length = contact.map_or(OPEN, |at| minutes(at - start));
    let breakdown = [
        ("hours", hours(received)),
        ("priority", case.priority().unwrap_or(how.priority).code()),
        ("service", how.service.code()),
    ];
    add(
        Q::ToContactMinutes,
        &breakdown,
        local::date(start),
        Delta::Value(length),
    );
    let midnights = contact.map(|at| local::midnights(start, at));
    let met = match how.service {
        CareService::Mdt => return,
        CareService::CrisisResponse if !case.is_urgent() => return,
        CareService::CrisisResponse => length <= URGENT_MINUTES,
        CareService::Reablement => midnights.is_some_and(|m| m <= REABLEMENT_MIDNIGHTS),
    };
    if let (CareService::Reablement, Some(at), Some(midnights)) = (how.service, contact, midnights)
    {
        add(
            Q::ReablementMidnights,
            &[],
            local::date(at),
            Delta::Value(days(TimeDelta::days(midnights))),
        );
    }
    if hours(received) == "out" {
        add(
            Q::OutOfHoursMet,
            &[("service", how.service.code())],
            local::date(received),
            Delta::case(met),
        );
    }
}

fn meetings(case: &Case<'_>, add: Add<'_>) {
    if let Some((at, decision)) = case.decision() {
        let (outcome, reason) = match decision {
            Decision::Accepted => ("accepted", "none"),
            Decision::Declined(reason) => ("declined", reason),
            Decision::Redirected => ("redirected", "none"),
        };
        add(
            Q::Decisions,
            &[("outcome", outcome), ("reason", reason)],
            local::date(at),
            Delta::ONE,
        );
    }
    let yes = |b| if b { "yes" } else { "no" };
    for (at, held) in &case.discussions {
        let both =
            held.sectors.contains(&Sector::Health) && held.sectors.contains(&Sector::SocialCare);
        let breakdown = [
            ("both_sectors", yes(both)),
            ("outcome", held.outcome.code()),
            ("shared_record", yes(held.shared_record)),
        ];
        add(Q::Discussions, &breakdown, local::date(*at), Delta::ONE);
    }
    for (at, plan) in &case.plans {
        let breakdown = [
            ("agreed_by", plan.agreed_by.code()),
            ("personal_budget", plan.personal_budget.code()),
        ];
        add(Q::Plans, &breakdown, local::date(*at), Delta::ONE);
    }
}

fn actions(case: &Case<'_>, add: Add<'_>) {
    for action in case.actions.values() {
        // What was decided counts, also where nobody recorded that it was asked for.
        let is_request = action
            .opened
            .is_none_or(|(_, what)| what.kind == ActionKind::ResourceRequest);
        let decided = action.decided.filter(|_| is_request);
        if let Some((at, granted)) = decided {
            add(
                Q::ResourceGranted,
                &[],
                local::date(at),
                Delta::case(granted),
            );
        }
        let Some((opened, what)) = action.opened else {
            continue;
        };
        // An action opened again after it was cancelled is wanted again.
        if action.cancelled.is_none_or(|cancelled| opened > cancelled) {
            // The first time stands, since it was opened last: a wrong one is retracted.
            let is_since = |at: &&DateTime<Utc>| !is_before(**at, opened);
            let since_opened = action.done.iter().filter(is_since).min();
            // Of one that was opened once the times may be out of order; opened again, it is to be done again.
            let earlier = action.done.iter().filter(|_| !action.is_reopened).min();
            let done = since_opened.or(earlier);
            let in_time = done.is_some_and(|at| local::date(*at) <= what.due);
            add(
                Q::ActionsOnTime,
                &[("owner", what.owner.code())],
                what.due,
                Delta::case(in_time),
            );
        }
        if let Some((at, _)) = decided {
            let length = minutes((at - opened).max(TimeDelta::zero()));
            add(
                Q::ResourceMinutes,
                &[],
                local::date(at),
                Delta::Value(length),
            );
        }
    }
}
