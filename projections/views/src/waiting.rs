//! Who is waiting now: the operations board. Open transfers and referrals, longest first; nothing names a person.

use crate::contributions::referral::Case;
use crate::contributions::transfer::Spell;
use crate::view::View;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::referral::CareService;
use joinedup_events::{AreaId, EntityId, Family, Slug, local};
use serde::Serialize;
use std::collections::BTreeSet;

/// One person's wait in a bed after being ready to leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WaitingTransfer {
    /// The transfer's random id, by which its source knows the person.
    pub transfer: EntityId,
    /// Where the person lives.
    pub area: AreaId,
    /// The hospital.
    pub hospital: Option<AreaId>,
    /// The ward there, by its code.
    pub ward: Option<Slug>,
    /// Ready since this local date.
    pub since: NaiveDate,
    /// Nights waited, by local dates.
    pub days: i64,
    /// The pathway out, if it is decided.
    pub pathway: Option<&'static str>,
    /// The reason's code.
    pub reason: Option<&'static str>,
    /// The reason in words.
    pub reason_title: Option<&'static str>,
    /// Whose move it is: `nhs`, `social-care`, `both` or `unattributed`.
    pub responsible: &'static str,
    /// Further reasons that stand beside it, each with whose move it is.
    pub further_reasons: Vec<FurtherReason>,
    /// What has to happen next, in words.
    pub next_step: &'static str,
    /// The expected date last set.
    pub expected: Option<NaiveDate>,
}

/// A reason for a wait beside the principal one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FurtherReason {
    /// The reason's code.
    pub reason: &'static str,
    /// The reason in words.
    pub reason_title: &'static str,
    /// Whose move it is: `nhs`, `social-care`, `both` or `unattributed`.
    pub responsible: &'static str,
    /// It stands since this local date.
    pub since: NaiveDate,
    /// Nights of this wait for which it stands.
    pub days: i64,
}

/// A referral that waits for its first face-to-face contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WaitingReferral {
    /// The referral's random id.
    pub referral: EntityId,
    /// Where the person lives.
    pub area: AreaId,
    /// What was asked for.
    pub service: &'static str,
    /// How soon.
    pub priority: &'static str,
    /// The clock started.
    pub since: DateTime<Utc>,
    /// The contact is due by then; none where there is no standard.
    pub due: Option<DateTime<Utc>>,
    /// It is past due.
    pub over: bool,
}

/// The transfers waiting in the areas at `now`, longest first.
#[must_use]
pub fn transfers(
    view: &View,
    areas: &BTreeSet<AreaId>,
    now: DateTime<Utc>,
) -> Vec<WaitingTransfer> {
    let today = local::date(now);
    let mut rows: Vec<WaitingTransfer> = view
        .open(Family::Transfer)
        .filter_map(|entity| {
            let facts = entity.facts.standing();
            let spell = Spell::of(&facts)?;
            let wait = spell
                .waits
                .iter()
                .find(|w| w.until.is_none() && w.from <= today)?;
            let hospital = spell.admitted.and_then(|(_, f)| f.hospital.clone());
            let area = spell.area?;
            if !areas.contains(area) && !hospital.as_ref().is_some_and(|h| areas.contains(h)) {
                return None;
            }
            let reason = spell.reason(today);
            Some(WaitingTransfer {
                transfer: EntityId::new(&entity.id).ok()?,
                area: area.clone(),
                hospital,
                ward: spell.wards.last().map(|(_, ward)| (*ward).clone()),
                since: wait.from,
                days: (today - wait.from).num_days(),
                pathway: spell.pathway(today).map(|p| p.code()),
                reason: reason.map(|(r, _)| r.code()),
                reason_title: reason.map(|(r, _)| r.title()),
                responsible: reason.map_or("unattributed", |(_, b)| b.code()),
                further_reasons: further_reasons(&spell, wait.from, today),
                next_step: next_step(&spell, today),
                expected: spell.expected.last().map(|(_, date)| *date),
            })
        })
        .collect();
    rows.sort_by(|a, b| (a.since, &a.transfer).cmp(&(b.since, &b.transfer)));
    rows
}

fn further_reasons(
    spell: &Spell<'_>,
    waits_since: NaiveDate,
    today: NaiveDate,
) -> Vec<FurtherReason> {
    let reasons = spell.further(today).map(|f| FurtherReason {
        reason: f.reason.code(),
        reason_title: f.reason.title(),
        responsible: f.responsible.code(),
        since: f.from,
        days: (today - f.from.max(waits_since)).num_days(),
    });
    reasons.collect()
}

/// The first thing that has not happened yet, in the order in which a discharge with support is arranged.
fn next_step(spell: &Spell<'_>, today: NaiveDate) -> &'static str {
    let needs_support = spell.pathway(today).is_none_or(|p| p.code() != "0");
    match () {
        () if spell.pathway(today).is_none() => "Decide the pathway",
        () if !needs_support => "Ready to go home",
        () if spell.referred.is_empty() => "Refer to social care or the transfer hub",
        () if spell.assessment_started.is_none() && spell.assessed.is_empty() => {
            "Start the assessment"
        }
        () if spell.assessed.is_empty() => "Finish the assessment",
        () if spell.agreed.is_empty() => "Agree care package",
        () if spell
            .notices
            .last()
            .is_none_or(|(_, _, called_off)| *called_off) =>
        {
            "Send discharge notice"
        }
        () => "Discharge today",
    }
}

/// The referrals waiting for first contact in the areas at `now`: those past due first, then by due time and age.
#[must_use]
pub fn referrals(
    view: &View,
    areas: &BTreeSet<AreaId>,
    now: DateTime<Utc>,
) -> Vec<WaitingReferral> {
    let mut rows: Vec<WaitingReferral> = view
        .open(Family::Referral)
        .filter_map(|entity| {
            let facts = entity.facts.standing();
            let case = Case::of(&facts);
            let (_, how) = case.received?;
            let since = case.clock_start().filter(|at| *at <= now)?;
            let area = case.area.filter(|a| areas.contains(*a))?;
            // A plan is agreed with the person: who has one no longer waits to be seen.
            if case.contact.is_some() || !case.plans.is_empty() {
                return None;
            }
            let due = match how.service {
                CareService::Mdt => None,
                CareService::CrisisResponse if !case.is_urgent() => None,
                CareService::CrisisResponse => Some(
                    since
                        + chrono::TimeDelta::minutes(i64::from(
                            crate::contributions::referral::URGENT_MINUTES,
                        )),
                ),
                // Two midnights: the standard is met up to the end of the second day after.
                CareService::Reablement => {
                    Some(local::midnight(local::date(since) + chrono::Days::new(3)))
                }
            };
            Some(WaitingReferral {
                referral: EntityId::new(&entity.id).ok()?,
                area: area.clone(),
                service: how.service.code(),
                priority: case.priority().unwrap_or(how.priority).code(),
                since,
                due,
                over: due.is_some_and(|due| due < now),
            })
        })
        .collect();
    rows.sort_by(|a, b| {
        (!a.over, a.due.is_none(), a.due, a.since, &a.referral).cmp(&(
            !b.over,
            b.due.is_none(),
            b.due,
            b.since,
            &b.referral,
        ))
    });
    rows
}
