//! What the data say against themselves, such as a discharge before the admission or a retraction of something that nobody
//! sent: counted by kind and source, so that somebody can have it put right where it comes from.
//!
//! Like every count it is a pure function of an entity's facts, kept in cells. A contradiction that a later fact resolves
//! is gone. It counts for the source of the fact that made it: of the facts concerned, the one that was recorded last.

mod listed;

use crate::cell::Place;
use crate::contribution::{FactKey, Sink, StoredFact};
use crate::contributions::transfer::stands;
use crate::contributions::{is_before, places};
use crate::quantity::CONTRADICTIONS;
use crate::tally::Delta;
use chrono::{DateTime, Utc};
use joinedup_events::change::ChangeFact;
use joinedup_events::referral::{Received, ReferralFact};
use joinedup_events::transfer::{DischargeMethod, Discharged, TransferFact};
use joinedup_events::{AreaId, EventKey, Fact, Slug, local};
pub use listed::{Listed, listed};
use std::collections::HashSet;

macro_rules! contradictions {
    ($( $(#[$doc:meta])* $kind:ident = $code:literal, $words:literal; )+) => {
        /// A kind of contradiction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Contradiction { $( $(#[$doc])* $kind ),+ }

        impl Contradiction {
            /// All kinds.
            pub const ALL: &'static [Self] = &[ $( Self::$kind ),+ ];

            /// The code, as in cells, labels and answers.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $( Self::$kind => $code ),+ } }

            /// What is wrong, for whoever looks into it.
            #[must_use]
            pub const fn words(self) -> &'static str { match self { $( Self::$kind => $words ),+ } }
        }
    };
}

contradictions! {
    /// Of the admission and the discharge that stand, the discharge was first.
    DischargedBeforeAdmission = "discharged-before-admission", "Discharged before being admitted";
    /// The person died, and left alive later.
    DischargedAfterDeath = "discharged-after-death", "Discharged after having died";
    /// No discharge happened up to its time.
    ReversalOfNothing = "reversal-of-nothing", "A reversed discharge that was not reported";
    /// The date of being ready is before that of the admission.
    ReadyBeforeAdmission = "ready-before-admission", "Ready to leave before being admitted";
    /// The date of being ready is after that of the discharge.
    ReadyAfterDischarge = "ready-after-discharge", "Ready to leave after having left";
    /// No discharge notice was given up to its time.
    WithdrawalOfNothing = "withdrawal-of-nothing", "A withdrawn discharge notice that was not reported";
    /// The needs assessment finished before any referral to social care.
    AssessedBeforeReferral = "assessed-before-referral", "Assessed before being referred to social care";
    /// Triaged, decided, discussed or closed before the referral was received.
    DealtWithBeforeReceived = "dealt-with-before-received", "A referral dealt with before it was received";
    /// First face-to-face contact before the need was identified.
    SeenBeforeNeed = "seen-before-need", "Seen before the need was identified";
    /// Done, cancelled or decided, and never opened.
    ActionNotOpened = "action-not-opened", "An action done or cancelled that was not opened";
    /// The admission, or the receipt of the referral, names another area than a later record of it.
    OfAnotherArea = "of-another-area", "A record that names another area than the admission or referral";
    /// An improvement change ended before it began.
    FinishedBeforeStart = "finished-before-start", "A change finished before it started";
    /// No event of that id is known of the entity.
    RetractionOfNothing = "retraction-of-nothing", "A retraction of something that was not reported";
}

impl Contradiction {
    /// The kind of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

/// Counts the contradictions among the facts of an entity, in the order of recording: all of them, and those that stand.
pub(crate) fn contribute(all: &[StoredFact], standing: &[StoredFact], sink: &mut dyn Sink) {
    let hospital = standing.iter().rev().find_map(|stored| match &stored.fact {
        Fact::Transfer(TransferFact::Admitted(f)) if stored.linked.is_none() => f.hospital.as_ref(),
        _ => None,
    });
    let mut count = |kind: Contradiction, by: &StoredFact| {
        let source = by.source.to_string();
        let breakdown = [("kind", kind.code()), ("source", source.as_str())];
        let date = local::date(by.recorded_at);
        let place = Place::new(by.area.as_str(), hospital.map(AreaId::as_str));
        sink.add(CONTRADICTIONS, place, &breakdown, date, Delta::ONE);
    };
    among(all, standing, &mut count);
}

/// Names the contradictions among the facts of an entity, each with the fact that makes it.
pub(crate) fn among(all: &[StoredFact], standing: &[StoredFact], count: Count<'_>) {
    retractions(all, count);
    another_area(standing, count);
    match standing.first().map(|stored| &stored.fact) {
        Some(Fact::Transfer(_)) => transfer(standing, count),
        Some(Fact::Referral(_)) => referral(standing, count),
        Some(Fact::Change(_)) => change(standing, count),
        _ => {}
    }
}

type Count<'c> = &'c mut dyn FnMut(Contradiction, &StoredFact);

fn retractions(all: &[StoredFact], count: Count<'_>) {
    let mut keys: Option<HashSet<FactKey>> = None;
    for stored in all.iter().filter(|stored| stored.linked.is_none()) {
        if let Some(retraction) = stored.fact.retraction().filter(|r| !r.is_tombstone()) {
            let source = retraction.retracts_source.as_deref().unwrap_or_default();
            let meant: FactKey = EventKey::of(source, &retraction.retracts).into();
            let keys = keys.get_or_insert_with(|| all.iter().map(|known| known.key).collect());
            if !keys.contains(&meant) {
                count(Contradiction::RetractionOfNothing, stored);
            }
        }
    }
}

/// What was recorded of a stay or a referral after what its area follows from, and names another one.
fn another_area(standing: &[StoredFact], count: Count<'_>) {
    let Some(stands) = places(standing) else {
        return;
    };
    let after = standing.iter().skip_while(|f| !std::ptr::eq(*f, stands));
    let other = after
        .filter(|f| f.linked.is_none() && f.fact.retraction().is_none() && f.area != stands.area)
        .last();
    if let Some(other) = other {
        count(Contradiction::OfAnotherArea, other);
    }
}

/// Of two facts the one that was recorded last. Facts are in one slice, in the order of recording.
fn later<'a>(a: &'a StoredFact, b: &'a StoredFact) -> &'a StoredFact {
    let order = |f: &StoredFact| (f.recorded_at, f.position, f.key);
    if order(a) > order(b) { a } else { b }
}

/// The facts of a transfer that stand, without those that a cancelled admission takes with it.
fn of_transfer(standing: &[StoredFact]) -> Vec<(&StoredFact, &TransferFact)> {
    let own = standing
        .iter()
        .filter(|stored| stored.linked.is_none())
        .filter_map(|stored| match &stored.fact {
            Fact::Transfer(fact) => Some((stored, fact)),
            _ => None,
        });
    let cancelled = own
        .clone()
        .filter(|(_, fact)| matches!(fact, TransferFact::Cancelled(_)))
        .map(|(stored, _)| stored.occurred_at)
        .max();
    own.filter(|(stored, _)| cancelled.is_none_or(|cancelled| stored.occurred_at > cancelled))
        .collect()
}

fn transfer(standing: &[StoredFact], count: Count<'_>) {
    use Contradiction as C;
    let facts = of_transfer(standing);
    let last = |is: fn(&TransferFact) -> bool| {
        let found = facts.iter().rfind(|(_, fact)| is(fact));
        found.map(|(stored, _)| *stored)
    };
    let mut discharges: Vec<(&StoredFact, &Discharged)> = facts
        .iter()
        .filter_map(|(stored, fact)| match fact {
            TransferFact::Discharged(how) => Some((*stored, how)),
            _ => None,
        })
        .collect();
    let mut reversals: Vec<&StoredFact> = Vec::new();
    let mut given: Option<DateTime<Utc>> = None;
    for (stored, fact) in &facts {
        match fact {
            TransferFact::DischargeReversed(_) => {
                reversals.push(stored);
                if discharges
                    .iter()
                    .all(|(out, _)| out.occurred_at > stored.occurred_at)
                {
                    count(C::ReversalOfNothing, stored);
                }
            }
            TransferFact::DischargeNoticeGiven(_) => {
                given = Some(given.map_or(stored.occurred_at, |at| at.min(stored.occurred_at)));
            }
            _ => {}
        }
    }
    for (stored, fact) in &facts {
        if matches!(fact, TransferFact::DischargeNoticeWithdrawn(_))
            && given.is_none_or(|given| given > stored.occurred_at)
        {
            count(C::WithdrawalOfNothing, stored);
        }
    }
    discharges.retain(|(out, how)| reversals.iter().all(|r| stands(out, how, r)));
    let died = |how: &Discharged| how.method == DischargeMethod::Died;
    let death = discharges.iter().rfind(|(_, how)| died(how));
    for (out, _) in discharges.iter().filter(|(_, how)| !died(how)) {
        if let Some((death, _)) =
            death.filter(|(death, _)| is_before(death.occurred_at, out.occurred_at))
        {
            count(C::DischargedAfterDeath, later(out, death));
        }
    }
    let out = discharges.last().map(|(out, _)| *out);
    let admitted = last(|f| matches!(f, TransferFact::Admitted(_)));
    if let (Some(out), Some(admitted)) = (out, admitted)
        && is_before(out.occurred_at, admitted.occurred_at)
    {
        count(C::DischargedBeforeAdmission, later(out, admitted));
    }
    // A ward that reports every day is counted once.
    let ready = facts.iter().filter_map(|(stored, fact)| match fact {
        TransferFact::Ready(ready) => Some((*stored, ready.date)),
        _ => None,
    });
    if let Some(admitted) = admitted
        && let came = local::date(admitted.occurred_at)
        && let Some((ready, _)) = ready.clone().rfind(|(_, date)| *date < came)
    {
        count(C::ReadyBeforeAdmission, later(ready, admitted));
    }
    if let Some(out) = out
        && let left = local::date(out.occurred_at)
        && let Some((ready, _)) = ready.clone().rfind(|(_, date)| *date > left)
    {
        count(C::ReadyAfterDischarge, later(ready, out));
    }
    // Either may happen again: only an assessment without any referral up to its time contradicts one.
    let of = |is: fn(&TransferFact) -> bool| {
        let found = facts.iter().filter(move |(_, fact)| is(fact));
        found.map(|(stored, _)| *stored)
    };
    let referred = of(|f| matches!(f, TransferFact::SocialCareReferred(_)))
        .min_by_key(|stored| stored.occurred_at);
    let assessed = of(|f| matches!(f, TransferFact::AssessmentFinished(_)))
        .max_by_key(|stored| stored.occurred_at);
    if let (Some(referred), Some(assessed)) = (referred, assessed)
        && is_before(assessed.occurred_at, referred.occurred_at)
    {
        count(C::AssessedBeforeReferral, later(referred, assessed));
    }
}

fn referral(standing: &[StoredFact], count: Count<'_>) {
    let facts: Vec<(&StoredFact, &ReferralFact)> = standing
        .iter()
        .filter(|stored| stored.linked.is_none())
        .filter_map(|stored| match &stored.fact {
            Fact::Referral(fact) => Some((stored, fact)),
            _ => None,
        })
        .collect();
    let received = facts.iter().rev().find_map(|(stored, fact)| match fact {
        ReferralFact::Received(how) => Some((*stored, how)),
        _ => None,
    });
    if let Some((received, how)) = received {
        before_received(&facts, received, how, count);
    }
    let mut unopened: Vec<&Slug> = Vec::new();
    for (stored, fact) in &facts {
        let action = match fact {
            ReferralFact::ActionDone(f) => &f.action,
            ReferralFact::ActionCancelled(f) => &f.action,
            ReferralFact::ResourceDecided(f) => &f.action,
            _ => continue,
        };
        let opens = |fact: &ReferralFact| matches!(fact, ReferralFact::ActionOpened(f) if f.action == *action);
        if !facts.iter().any(|(_, fact)| opens(fact)) && !unopened.contains(&action) {
            unopened.push(action);
            count(Contradiction::ActionNotOpened, stored);
        }
    }
}

fn before_received(
    facts: &[(&StoredFact, &ReferralFact)],
    received: &StoredFact,
    how: &Received,
    count: Count<'_>,
) {
    let dealt = facts.iter().rev().find(|(stored, fact)| {
        let is_after_receipt = !matches!(
            fact,
            ReferralFact::Received(_) | ReferralFact::FirstContact(_) | ReferralFact::Reopened(_)
        );
        is_after_receipt && is_before(stored.occurred_at, received.occurred_at)
    });
    if let Some((dealt, _)) = dealt {
        count(
            Contradiction::DealtWithBeforeReceived,
            later(dealt, received),
        );
    }
    let need = how.need_identified.unwrap_or(received.occurred_at);
    let seen = facts.iter().rev().find(|(stored, fact)| {
        matches!(fact, ReferralFact::FirstContact(f) if f.face_to_face)
            && is_before(stored.occurred_at, need)
    });
    if let Some((seen, _)) = seen {
        count(Contradiction::SeenBeforeNeed, later(seen, received));
    }
}

fn change(standing: &[StoredFact], count: Count<'_>) {
    let first_start = standing
        .iter()
        .filter(|stored| matches!(&stored.fact, Fact::Change(ChangeFact::Started(_))))
        .min_by_key(|stored| stored.occurred_at);
    let finish = standing
        .iter()
        .rfind(|stored| matches!(&stored.fact, Fact::Change(ChangeFact::Finished(_))));
    if let (Some(start), Some(finish)) = (first_start, finish)
        && local::date(finish.occurred_at) < local::date(start.occurred_at)
    {
        count(Contradiction::FinishedBeforeStart, later(start, finish));
    }
}

#[cfg(test)]
mod tests;
