//! What is stated of a referral, and what of that is new against what is known of it.

use crate::stay::events::{Alone, Origin};
use crate::stay::{Change, Changes};
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_events::Fact;
use joinedup_events::facts::Happened;
use joinedup_events::referral::{ClosureReason, ReferralFact};
use joinedup_views::contribution::{SourceKey, StoredFact};
use joinedup_views::contributions::referral::{Case, Decision};
use joinedup_views::fact_set::standing;

/// What a resource says of a referral.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Hashes of what names it, by today's key and the one before.
    pub names: Vec<String>,
    /// Hashes of the id by which others may refer to it.
    pub ids: Vec<String>,
    /// When it was made.
    pub recorded: DateTime<Utc>,
    /// What happened, and when.
    pub facts: Vec<(DateTime<Utc>, ReferralFact)>,
    /// It is the referral itself that says so, and not what came of it.
    pub itself: bool,
    /// It is open: if it said before that it was closed, that was a mistake.
    pub open: bool,
    /// It was entered in error: there never was such a referral.
    pub mistaken: bool,
}

/// When two statements were made at the same time, as far as times are written.
const WITHIN: TimeDelta = TimeDelta::seconds(1);

/// What of a statement is new: it is held against what was known when it was made, so that one that comes again, or late,
/// undoes nothing.
#[must_use]
pub fn changes(statement: &Statement, known: &[StoredFact], origin: &Origin<'_>) -> Vec<Alone> {
    let until = statement.recorded + WITHIN;
    let own = known.iter().filter(|fact| fact.linked.is_none());
    let before = own.filter(|fact| fact.recorded_at < until).cloned();
    let stands = standing(before.collect());
    let case = Case::of(&stands);
    let reopened = stands.iter().filter_map(|stored| match stored.fact {
        Fact::Referral(ReferralFact::Reopened(_)) => Some(stored.occurred_at),
        _ => None,
    });
    let reopened = reopened.max();
    let stated = statement.facts.iter();
    let mut new: Vec<Alone> = stated
        .filter(|(at, fact)| is_new(&case, reopened, *at, fact))
        .map(|(at, fact)| alone(*at, Fact::Referral(fact.clone()), statement.itself))
        .collect();
    // Who asked leaves a referral open that others have brought to its end: that is not a word against theirs.
    let mut closures = stands
        .iter()
        .filter(|stored| is_closure(&stored.fact) && Some(stored.occurred_at) > reopened);
    let was_its_own = |stored: &StoredFact| {
        let own = alone(stored.occurred_at, stored.fact.clone(), true);
        stored.recorded_at < statement.recorded && origin.stored(&own, stored)
    };
    if statement.open && case.closed.is_some() && closures.all(was_its_own) {
        let reopened = Fact::Referral(ReferralFact::Reopened(Happened {}));
        new.push(alone(statement.recorded, reopened, false));
    }
    new
}

/// What of a referral that was entered in error is taken back: all that its source has said of it.
#[must_use]
pub fn taken_back(statement: &Statement, known: &[StoredFact], origin: &Origin<'_>) -> Changes {
    let source = SourceKey::of(&origin.source);
    let own = known
        .iter()
        .filter(|fact| fact.linked.is_none() && fact.source == source);
    let stands = standing(own.cloned().collect());
    let last = stands.iter().map(|stored| stored.recorded_at).max();
    let after_last = last.map(|last| last + TimeDelta::milliseconds(1));
    let change = Change {
        taken_back: stands.iter().map(|stored| stored.position).collect(),
        ..Change::new("entered-in-error")
    };
    Changes {
        changes: Vec::from_iter(change.says_something().then_some(change)),
        recorded: after_last.map_or(statement.recorded, |after| after.max(statement.recorded)),
        left_before_coming: None,
    }
}

fn is_closure(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Referral(ReferralFact::Closed(_) | ReferralFact::Withdrawn(_))
    )
}

fn alone(at: DateTime<Utc>, fact: Fact, itself: bool) -> Alone {
    Alone {
        written: at,
        at,
        by: (itself && is_closure(&fact)).then_some("itself"),
        fact,
    }
}

fn is_new(
    case: &Case<'_>,
    reopened: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
    fact: &ReferralFact,
) -> bool {
    // What opened it again undoes whatever closed it until then.
    let is_undone = reopened.is_some_and(|reopened| at <= reopened);
    match fact {
        ReferralFact::Withdrawn(_) | ReferralFact::Closed(_) if is_undone => false,
        ReferralFact::Received(fact) => case.received != Some((at, fact)),
        ReferralFact::Triaged(_) => case.triaged.is_none(),
        ReferralFact::Accepted(_) => {
            let was_refused_before = case.refused.is_some_and(|(refused, _)| refused < at);
            case.accepted.is_none() || was_refused_before
        }
        ReferralFact::Declined(fact) => {
            let declined = Decision::Declined(fact.reason.code());
            case.refused.map(|(_, decision)| decision) != Some(declined)
        }
        ReferralFact::Withdrawn(_) => !case.withdrawn,
        ReferralFact::Closed(_) => case.closed.is_none() || case.withdrawn,
        _ => true,
    }
}

/// The fact that a referral was closed, done.
pub(super) fn completed() -> ReferralFact {
    ReferralFact::Closed(joinedup_events::referral::Closed {
        reason: ClosureReason::Completed,
    })
}

/// The fact that a referral was withdrawn.
pub(super) fn withdrawn() -> ReferralFact {
    ReferralFact::Withdrawn(Happened {})
}
