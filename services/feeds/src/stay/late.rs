//! A statement that comes after what was recorded later: what that speaks of already, it does not change.

use super::{Change, Stay};
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_events::Fact;
use joinedup_events::transfer::{AdmissionMethod, Admitted, TransferFact};
use joinedup_views::contribution::StoredFact;
use joinedup_views::fact_set::standing;

/// What was recorded of a stay after a statement, and came before it.
pub(super) struct Since {
    /// All that stands now, in the order of recording.
    now: Vec<StoredFact>,
    /// The facts that were recorded later, those that were taken back again among them.
    stated: Vec<StoredFact>,
    /// The facts that stood when the statement was recorded, and were taken back later.
    taken_back: Vec<StoredFact>,
}

fn transfer(stored: &StoredFact) -> Option<(&StoredFact, &TransferFact)> {
    match &stored.fact {
        Fact::Transfer(fact) => Some((stored, fact)),
        _ => None,
    }
}

impl Since {
    /// Of all that is known of a stay, since an instant.
    pub(super) fn of(known: &[StoredFact], until: DateTime<Utc>) -> Self {
        let own = known.iter().filter(|fact| fact.linked.is_none()).cloned();
        let (mut stated, before): (Vec<_>, Vec<_>) = own
            .clone()
            .partition(|fact: &StoredFact| fact.recorded_at >= until);
        if stated.is_empty() {
            let (now, taken_back) = (Vec::new(), Vec::new());
            return Self {
                now,
                stated,
                taken_back,
            };
        }
        let now = standing(own.collect());
        let is_gone = |fact: &StoredFact| now.iter().all(|stands| stands.key != fact.key);
        let mut taken_back = standing(before);
        taken_back.retain(is_gone);
        stated.retain(|fact| fact.fact.retraction().is_none());
        stated.sort_by_key(|fact| (fact.recorded_at, fact.position));
        Self {
            now,
            stated,
            taken_back,
        }
    }

    fn stands(&self, fact: &StoredFact) -> bool {
        self.now.iter().any(|stands| stands.key == fact.key)
    }

    /// What was recorded later, and stands.
    fn standing(&self) -> impl Iterator<Item = (&StoredFact, &TransferFact)> {
        let stated = self.stated.iter().filter(|fact| self.stands(fact));
        stated.filter_map(transfer)
    }

    /// Whether facts of a kind were taken back later.
    pub(super) fn took_back(&self, is: impl Fn(&TransferFact) -> bool) -> bool {
        let later = self.stated.iter().filter(|fact| !self.stands(fact));
        let mut gone = self.taken_back.iter().chain(later).filter_map(transfer);
        gone.any(|(_, fact)| is(fact))
    }

    /// Whether what was recorded later corrects or takes back that somebody is ready, or is not.
    pub(super) fn speaks_of_readiness(&self, ready: bool, dated: bool) -> bool {
        let word = |stored: &StoredFact| match &stored.fact {
            Fact::Transfer(TransferFact::Ready(_)) => Some(true),
            Fact::Transfer(TransferFact::NotReady(_)) => Some(false),
            _ => None,
        };
        let mut taken_back = self.taken_back.iter();
        if taken_back.any(|stored| word(stored) == Some(ready)) {
            return true;
        }
        // Of two dates of the same the later corrects the other. A word that is said again has stood since it was said first.
        let next = self.stated.iter().find(|stored| word(stored).is_some());
        next.is_some_and(|next| word(next) == Some(ready) && (dated || !self.stands(next)))
    }
}

impl Stay<'_> {
    /// The stay as it stands now, where anything was recorded after the statement.
    pub(super) fn now(&self) -> Option<Self> {
        (!self.since.now.is_empty()).then(|| Self {
            statement: self.statement,
            stands: self.since.now.clone(),
            since: Since::of(&[], self.statement.recorded),
        })
    }

    /// Whether the admission was cancelled later.
    pub(super) fn is_cancelled_since(&self) -> bool {
        let mut later = self.since.standing();
        later.any(|(_, fact)| matches!(fact, TransferFact::Cancelled(_)))
    }

    /// Whether it was said later that somebody left, or has not left after all.
    pub(super) fn has_left_since(&self) -> bool {
        let later = self.since.stated.iter().chain(&self.since.taken_back);
        later.filter_map(transfer).any(|(_, fact)| {
            matches!(
                fact,
                TransferFact::Discharged(_) | TransferFact::DischargeReversed(_)
            )
        })
    }

    fn later_admissions(&self) -> impl Iterator<Item = (&StoredFact, &Admitted)> {
        self.since
            .standing()
            .filter_map(|(stored, fact)| match fact {
                TransferFact::Admitted(fact) => Some((stored, fact)),
                _ => None,
            })
    }

    /// What cancels an admission leaves out the one that was recorded later and began after it.
    pub(super) fn before_the_next_admission(
        &self,
        in_force: Option<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let began = self
            .later_admissions()
            .map(|(stored, _)| stored.occurred_at);
        let next = began.filter(|began| Some(*began) > in_force).min();
        next.map_or(at, |next| at.min(next - TimeDelta::milliseconds(1)))
    }

    /// What was recorded later knew less where it came first: a discharge that names an admission does not know how that was.
    /// The two are one admission then, as they would be had they come in their order.
    pub(super) fn completed(&self, mut change: Change) -> Change {
        let Some((_, TransferFact::Admitted(own))) = &change.stated else {
            return change;
        };
        let admits = self.statement.trigger.admits();
        let admissions: Vec<(&StoredFact, &Admitted)> = self.later_admissions().collect();
        let Some((last, known)) = admissions.last() else {
            return change;
        };
        let whole = admissions.iter().fold(own.clone(), |before, (_, fact)| {
            let fact = (*fact).clone();
            // Of an admission that knows no more the hospital is where somebody lay later.
            let is_guessed = fact.method == AdmissionMethod::Unknown && admits;
            let (first, second) = match is_guessed {
                true => (before.hospital, fact.hospital),
                false => (fact.hospital, before.hospital),
            };
            Admitted {
                hospital: first.or(second),
                method: match fact.method {
                    AdmissionMethod::Unknown => before.method,
                    method => method,
                },
                previous: fact.previous.or(before.previous),
                population: fact.population.or(before.population),
            }
        });
        if whole == **known {
            return Change::new(change.about);
        }
        let positions = admissions.iter().map(|(stored, _)| stored.position);
        change.taken_back.extend(positions);
        change.stated = Some((last.occurred_at, TransferFact::Admitted(whole)));
        change
    }
}
